/* A series keeps the IDs around the last position: most are asked for one after another. */
#include "election/ballot_id.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes/bytes.h"

enum {
    STREAM_BLOCK_BYTES = 64,
    IDS_A_BLOCK = STREAM_BLOCK_BYTES / PSP_BALLOT_ID_BYTES,
    PERSONAL_BYTES = crypto_generichash_blake2b_PERSONALBYTES,
};

static_assert(PSP_BALLOT_SERIES_AHEAD % IDS_A_BLOCK == 0, "a series begins with a block");
static_assert(crypto_stream_chacha20_KEYBYTES == sizeof((struct psp_ballot_series *)0)->key,
              "a series' key is the stream's");
static_assert(PSP_BALLOT_SECRET_BYTES == crypto_generichash_blake2b_KEYBYTES,
              "the secret is a key of BLAKE2b");

/* sodium_init takes a lock, also when there is nothing to do: not for every ballot. */
static void have_sodium(void)
{
    static atomic_bool is_there;
    if (atomic_load_explicit(&is_there, memory_order_acquire))
        return;
    const int failed = sodium_init() < 0;
    assert(!failed);
    (void)failed;
    atomic_store_explicit(&is_there, true, memory_order_release);
}

static void personal_of(const char *purpose, uint8_t ret_personal[PERSONAL_BYTES])
{
    memset(ret_personal, 0, PERSONAL_BYTES);
    assert(strlen(purpose) <= PERSONAL_BYTES);
    for (size_t i = 0; purpose[i] != '\0'; i++)
        ret_personal[i] = (uint8_t)purpose[i];
}

static void hash(const char *purpose, const uint8_t secret[PSP_BALLOT_SECRET_BYTES],
                 const void *data, size_t data_bytes, uint8_t *ret_hash, size_t bytes)
{
    uint8_t personal[PERSONAL_BYTES];
    personal_of(purpose, personal);
    have_sodium();
    const int failed = crypto_generichash_blake2b_salt_personal(
        ret_hash, bytes, data, data_bytes, secret, PSP_BALLOT_SECRET_BYTES, NULL, personal);
    assert(!failed);
    (void)failed;
}

void psp_ballot_id_of_line(const uint8_t secret[PSP_BALLOT_SECRET_BYTES], const void *line,
                           size_t bytes, uint8_t ret_id[PSP_BALLOT_ID_BYTES])
{
    hash("psephos line", secret, line, bytes, ret_id, PSP_BALLOT_ID_BYTES);
}

void psp_ballot_id_of_message(const uint8_t secret[PSP_BALLOT_SECRET_BYTES], struct psp_bytes key,
                              struct psp_bytes value, uint8_t ret_id[PSP_BALLOT_ID_BYTES])
{
    uint8_t personal[PERSONAL_BYTES], length[8];
    crypto_generichash_blake2b_state state;
    personal_of("psephos message", personal);
    psp_put64(length, key.length);
    have_sodium();
    const int failed =
        crypto_generichash_blake2b_init_salt_personal(&state, secret, PSP_BALLOT_SECRET_BYTES,
                                                      PSP_BALLOT_ID_BYTES, NULL, personal) |
        crypto_generichash_blake2b_update(&state, length, sizeof length) |
        crypto_generichash_blake2b_update(&state, key.data, key.length) |
        crypto_generichash_blake2b_update(&state, value.data, value.length) |
        crypto_generichash_blake2b_final(&state, ret_id, PSP_BALLOT_ID_BYTES);
    assert(!failed);
    (void)failed;
}

void psp_ballot_series_init(struct psp_ballot_series *ret_series,
                            const uint8_t secret[PSP_BALLOT_SECRET_BYTES], uint64_t seed,
                            uint64_t kind)
{
    uint8_t data[16];
    psp_put64(data, seed);
    psp_put64(data + 8, kind);
    hash("psephos series", secret, data, sizeof data, ret_series->key, sizeof ret_series->key);
    ret_series->first = UINT64_MAX;
}

void psp_ballot_series_at(struct psp_ballot_series *series, uint64_t position,
                          uint8_t ret_id[PSP_BALLOT_ID_BYTES])
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    const uint64_t at = position % PSP_BALLOT_SERIES_AHEAD;
    if (position - at != series->first) {
        series->first = position - at;
        memset(series->ids, 0, sizeof series->ids);
        crypto_stream_chacha20_xor_ic(series->ids, series->ids, sizeof series->ids, nonce,
                                      series->first / IDS_A_BLOCK, series->key);
    }
    assert(series->first + at == position);
    memcpy(ret_id, series->ids + at * PSP_BALLOT_ID_BYTES, PSP_BALLOT_ID_BYTES);
}
