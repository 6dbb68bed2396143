/* What comes out of a part was authenticated, and is checked all the same: it goes to a log. */
#include "seal/part.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "seal/chunk.h"

static_assert(sizeof(crypto_generichash_state) <= PSP_RECORDS_HASH_STATE_BYTES, "");
static_assert(_Alignof(crypto_generichash_state) <= 64, "");

void psp_part_record_encode(const struct psp_record *record,
                            uint8_t ret_bytes[PSP_PART_RECORD_BYTES])
{
    psp_put32(ret_bytes, (uint32_t)record->type);
    psp_put32(ret_bytes + 4, record->payload_bytes);
    psp_put64(ret_bytes + 8, record->term);
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] == 0)
        n--;
    return n == 0;
}

enum psp_status psp_part_next(struct psp_part_cursor *cursor, struct psp_record *ret_record)
{
    assert(cursor->at <= cursor->length);
    if (cursor->at == cursor->length)
        return PSP_ENOENT;
    const uint8_t *bytes = cursor->bytes + cursor->at;
    const size_t left = cursor->length - cursor->at;
    if (left < PSP_PART_RECORD_BYTES || psp_get32(bytes) == 0)
        return all_zero(bytes, left) ? PSP_ENOENT : PSP_ECORRUPT;
    const uint32_t type = psp_get32(bytes), length = psp_get32(bytes + 4);
    if (type < PSP_RECORD_COMMAND || type > PSP_RECORD_CONFIGURATION ||
        length > PSP_RECORD_PAYLOAD_MAX || length > left - PSP_PART_RECORD_BYTES)
        return PSP_ECORRUPT;
    *ret_record = (struct psp_record){.term = psp_get64(bytes + 8),
                                      .type = (enum psp_record_type)type,
                                      .payload = bytes + PSP_PART_RECORD_BYTES,
                                      .payload_bytes = length};
    cursor->at += PSP_PART_RECORD_BYTES + length;
    return PSP_OK;
}

static crypto_generichash_state *state_of(struct psp_records_hash *hash)
{
    return (crypto_generichash_state *)(void *)hash->state;
}

void psp_records_hash_begin(struct psp_records_hash *hash, const struct psp_chunk_range *range,
                            const uint8_t key[PSP_HASH_BYTES])
{
    uint8_t fixed[PSP_CHUNK_FIXED_BYTES];
    psp_chunk_head_encode(range, 0, fixed);
    crypto_generichash_init(state_of(hash), key, PSP_HASH_BYTES, PSP_HASH_BYTES);
    crypto_generichash_update(state_of(hash), fixed, sizeof fixed);
}

void psp_records_hash_add(struct psp_records_hash *hash, const struct psp_record *record)
{
    uint8_t head[PSP_PART_RECORD_BYTES];
    psp_part_record_encode(record, head);
    crypto_generichash_update(state_of(hash), head, sizeof head);
    crypto_generichash_update(state_of(hash), record->payload, record->payload_bytes);
}

void psp_records_hash_end(struct psp_records_hash *hash, uint8_t ret_hash[PSP_HASH_BYTES])
{
    crypto_generichash_final(state_of(hash), ret_hash, PSP_HASH_BYTES);
}
