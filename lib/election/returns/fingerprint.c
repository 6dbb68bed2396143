/* A length behind each part: nothing but the bytes is known when a pipe begins. */
#include "election/returns/fingerprint.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/bytes/bytes.h"

enum { PIECE_BYTES = 65536, LENGTH_BYTES = 8 };

struct psp_fingerprint {
    crypto_generichash_state state;
};

static void update(struct psp_fingerprint *fingerprint, const void *bytes, size_t length)
{
    const int failed = crypto_generichash_update(&fingerprint->state, bytes, length);
    assert(failed == 0);
    (void)failed;
}

static void end_part(struct psp_fingerprint *fingerprint, uint64_t length)
{
    uint8_t bytes[LENGTH_BYTES];
    psp_put64(bytes, length);
    update(fingerprint, bytes, sizeof bytes);
}

struct psp_fingerprint *psp_fingerprint_begin(void)
{
    struct psp_fingerprint *fingerprint = NULL;
    const size_t alignment = _Alignof(struct psp_fingerprint);
    if (posix_memalign((void **)&fingerprint, alignment, sizeof *fingerprint) != 0)
        return NULL;
    const int failed = crypto_generichash_init(&fingerprint->state, NULL, 0, PSP_HASH_BYTES);
    assert(failed == 0);
    (void)failed;
    return fingerprint;
}

void psp_fingerprint_add(struct psp_fingerprint *fingerprint, const void *bytes, size_t length)
{
    update(fingerprint, bytes, length);
    end_part(fingerprint, length);
}

enum psp_status psp_fingerprint_add_file(struct psp_fingerprint *fingerprint, FILE *file)
{
    uint8_t piece[PIECE_BYTES];
    uint64_t length = 0;
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        update(fingerprint, piece, n);
        length += n;
    }
    end_part(fingerprint, length);
    return ferror(file) ? PSP_EIO : PSP_OK;
}

void psp_fingerprint_end(struct psp_fingerprint **fingerprint, uint8_t ret_hash[PSP_HASH_BYTES])
{
    if (*fingerprint == NULL)
        return;
    uint8_t hash[PSP_HASH_BYTES];
    const int failed = crypto_generichash_final(&(*fingerprint)->state, hash, sizeof hash);
    assert(failed == 0);
    (void)failed;
    for (size_t i = 0; ret_hash != NULL && i < sizeof hash; i++)
        ret_hash[i] = hash[i];
    free(*fingerprint);
    *fingerprint = NULL;
}
