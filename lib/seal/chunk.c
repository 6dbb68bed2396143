/* Integers little-endian; the bytes stand in docs/storage.md. */
#include "seal/chunk.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes/bytes.h"

static const char magic[8] = "PSPSEAL1";

static_assert(PSP_AUDITOR_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "");
static_assert(PSP_CHUNK_BOX_BYTES == PSP_AUDITOR_KEY_BYTES + crypto_box_SEALBYTES +
                                         crypto_secretstream_xchacha20poly1305_KEYBYTES,
              "");
static_assert(PSP_CHUNK_STREAM_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "");

void psp_chunk_head_encode(const struct psp_chunk_range *range, uint32_t auditors,
                           uint8_t ret_fixed[PSP_CHUNK_FIXED_BYTES])
{
    memset(ret_fixed, 0, PSP_CHUNK_FIXED_BYTES);
    memcpy(ret_fixed, magic, sizeof magic);
    psp_put32(ret_fixed + 8, PSP_CHUNK_FORMAT);
    psp_put32(ret_fixed + 12, range->shard);
    memcpy(ret_fixed + 16, range->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put64(ret_fixed + 32, range->epoch);
    psp_put64(ret_fixed + 40, range->first);
    psp_put64(ret_fixed + 48, range->last);
    psp_put32(ret_fixed + 56, auditors);
}

enum psp_status psp_chunk_head_decode(const uint8_t *bytes, size_t length,
                                      struct psp_chunk_head *ret_head)
{
    if (length < PSP_CHUNK_FIXED_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        return PSP_EINVAL;
    if (psp_get32(bytes + 8) != PSP_CHUNK_FORMAT)
        return PSP_EVERSION;
    struct psp_chunk_head head = {
        .range.shard = psp_get32(bytes + 12),
        .range.epoch = psp_get64(bytes + 32),
        .range.first = psp_get64(bytes + 40),
        .range.last = psp_get64(bytes + 48),
        .auditors = psp_get32(bytes + 56),
        .stream = bytes + PSP_CHUNK_FIXED_BYTES,
        .boxes = bytes + PSP_CHUNK_FIXED_BYTES + PSP_CHUNK_STREAM_BYTES,
    };
    memcpy(head.range.cluster_id, bytes + 16, PSP_CLUSTER_ID_BYTES);
    if (!psp_chunk_range_good(head.range.first, head.range.last) || head.auditors == 0 ||
        head.auditors > PSP_AUDITORS_MAX || psp_get32(bytes + 60) != 0)
        return PSP_EINVAL;
    head.bytes = PSP_CHUNK_FIXED_BYTES + PSP_CHUNK_STREAM_BYTES +
                 (size_t)head.auditors * PSP_CHUNK_BOX_BYTES;
    if (length < head.bytes)
        return PSP_EINVAL;
    *ret_head = head;
    return PSP_OK;
}

void psp_chunk_head_hash(const uint8_t *bytes, size_t length, uint8_t ret_hash[PSP_HASH_BYTES])
{
    crypto_generichash(ret_hash, PSP_HASH_BYTES, bytes, length, NULL, 0);
}

void psp_chunk_statement(const struct psp_chunk_range *range,
                         const uint8_t records_hash[PSP_HASH_BYTES],
                         const uint8_t file_hash[PSP_HASH_BYTES],
                         uint8_t ret_statement[PSP_CHUNK_STATEMENT_BYTES])
{
    memcpy(ret_statement, range->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put32(ret_statement + 16, range->shard);
    psp_put64(ret_statement + 20, range->epoch);
    psp_put64(ret_statement + 28, range->first);
    psp_put64(ret_statement + 36, range->last);
    memcpy(ret_statement + 44, records_hash, PSP_HASH_BYTES);
    memcpy(ret_statement + 44 + PSP_HASH_BYTES, file_hash, PSP_HASH_BYTES);
}
