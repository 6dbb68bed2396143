/* Plain text gathers in one buffer, the piece stands in the other. */
#include "seal/sealer.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "seal/part.h"

enum { LENGTH_BYTES = 4 };

struct psp_sealer {
    crypto_generichash_state file;
    struct psp_records_hash records;
    crypto_secretstream_xchacha20poly1305_state stream;
    struct psp_chunk_range range;
    uint64_t next;
    bool has_head, final; /* the piece is the head still; the last one was taken */
    uint8_t head_hash[PSP_HASH_BYTES];
    uint8_t *plain, *piece;
    size_t plain_bytes, plain_capacity, piece_bytes, piece_capacity;
};

/* The data key in a box for each auditor; it stays nowhere else but in the stream. */
static enum psp_status make_head(struct psp_sealer *sealer,
                                 const struct psp_sealer_options *options)
{
    const size_t bytes = PSP_CHUNK_FIXED_BYTES + PSP_CHUNK_STREAM_BYTES +
                         (size_t)options->auditor_count * PSP_CHUNK_BOX_BYTES;
    uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    if (!PSP_GROW(sealer->piece, sealer->piece_capacity, bytes))
        return PSP_ENOMEM;
    uint8_t *at = sealer->piece + PSP_CHUNK_FIXED_BYTES;
    psp_chunk_head_encode(&options->range, options->auditor_count, sealer->piece);
    crypto_secretstream_xchacha20poly1305_keygen(key);
    crypto_secretstream_xchacha20poly1305_init_push(&sealer->stream, at, key);
    at += PSP_CHUNK_STREAM_BYTES;
    int failed = 0;
    for (uint32_t i = 0; i < options->auditor_count; i++, at += PSP_CHUNK_BOX_BYTES) {
        memcpy(at, options->auditors[i], PSP_AUDITOR_KEY_BYTES);
        failed |=
            crypto_box_seal(at + PSP_AUDITOR_KEY_BYTES, key, sizeof key, options->auditors[i]);
    }
    sodium_memzero(key, sizeof key);
    sealer->piece_bytes = bytes;
    psp_chunk_head_hash(sealer->piece, bytes, sealer->head_hash);
    return failed ? PSP_EINVAL : PSP_OK;
}

enum psp_status psp_sealer_create(const struct psp_sealer_options *options,
                                  struct psp_sealer **ret_sealer)
{
    assert(psp_chunk_range_good(options->range.first, options->range.last));
    assert(options->auditor_count > 0 && options->auditor_count <= PSP_AUDITORS_MAX);
    if (sodium_init() < 0)
        return PSP_EIO;
    void *memory = NULL;
    if (posix_memalign(&memory, 64, sizeof(struct psp_sealer)) != 0)
        return PSP_ENOMEM;
    struct psp_sealer *sealer = memory;
    memset(sealer, 0, sizeof *sealer);
    sealer->range = options->range;
    sealer->next = options->range.first;
    sealer->has_head = true;
    crypto_generichash_init(&sealer->file, NULL, 0, PSP_HASH_BYTES);
    psp_records_hash_begin(&sealer->records, &options->range, options->hash_key);
    const enum psp_status status = make_head(sealer, options);
    if (status != PSP_OK)
        psp_sealer_destroy(&sealer);
    else
        *ret_sealer = sealer;
    return status;
}

void psp_sealer_destroy(struct psp_sealer **sealer_at)
{
    struct psp_sealer *sealer = *sealer_at;
    if (sealer == NULL)
        return;
    if (sealer->plain != NULL)
        sodium_memzero(sealer->plain, sealer->plain_capacity);
    free(sealer->plain);
    free(sealer->piece);
    sodium_memzero(sealer, sizeof *sealer);
    free(sealer);
    *sealer_at = NULL;
}

enum psp_status psp_sealer_add(struct psp_sealer *sealer, const struct psp_record *record)
{
    assert(record->index == sealer->next && record->index <= sealer->range.last);
    assert(record->payload_bytes <= PSP_RECORD_PAYLOAD_MAX);
    const size_t bytes = PSP_PART_RECORD_BYTES + record->payload_bytes;
    if (sealer->plain_bytes > 0 && sealer->plain_bytes + bytes > PSP_PART_BYTES)
        return PSP_EBUSY; /* a large one is alone in a part: a piece must fit a message */
    if (!PSP_GROW(sealer->plain, sealer->plain_capacity,
                  sealer->plain_bytes + bytes + PSP_PART_PADDING))
        return PSP_ENOMEM;
    uint8_t *at = sealer->plain + sealer->plain_bytes;
    psp_part_record_encode(record, at);
    if (record->payload_bytes > 0)
        memcpy(at + PSP_PART_RECORD_BYTES, record->payload, record->payload_bytes);
    sealer->plain_bytes += bytes;
    sealer->next++;
    psp_records_hash_add(&sealer->records, record);
    return PSP_OK;
}

uint64_t psp_sealer_next(const struct psp_sealer *sealer)
{
    return sealer->next;
}

static size_t padding_of(size_t bytes)
{
    return (PSP_PART_PADDING - bytes % PSP_PART_PADDING) % PSP_PART_PADDING;
}

/* What has gathered, sealed, behind the head when that has not gone yet. */
enum psp_status psp_sealer_take(struct psp_sealer *sealer, struct psp_bytes *ret_piece,
                                bool *ret_final)
{
    assert(sealer->plain_bytes > 0);
    assert(!sealer->final);
    const bool final = sealer->next > sealer->range.last;
    const size_t padding = padding_of(sealer->plain_bytes);
    const size_t plain = sealer->plain_bytes + padding;
    const size_t sealed = plain + crypto_secretstream_xchacha20poly1305_ABYTES;
    const size_t at = sealer->has_head ? sealer->piece_bytes : 0;
    if (!PSP_GROW(sealer->piece, sealer->piece_capacity, at + LENGTH_BYTES + sealed))
        return PSP_ENOMEM;
    if (padding > 0)
        memset(sealer->plain + sealer->plain_bytes, 0, padding);
    psp_put32(sealer->piece + at, (uint32_t)sealed);
    crypto_secretstream_xchacha20poly1305_push(
        &sealer->stream, sealer->piece + at + LENGTH_BYTES, NULL, sealer->plain, plain,
        sealer->head_hash, sizeof sealer->head_hash,
        final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    sealer->plain_bytes = 0;
    sealer->piece_bytes = at + LENGTH_BYTES + sealed;
    sealer->has_head = false;
    sealer->final = final;
    crypto_generichash_update(&sealer->file, sealer->piece, sealer->piece_bytes);
    *ret_piece = (struct psp_bytes){sealer->piece, sealer->piece_bytes};
    *ret_final = final;
    return PSP_OK;
}

void psp_sealer_end(struct psp_sealer *sealer, uint8_t ret_records_hash[PSP_HASH_BYTES],
                    uint8_t ret_file_hash[PSP_HASH_BYTES])
{
    assert(sealer->final);
    psp_records_hash_end(&sealer->records, ret_records_hash);
    crypto_generichash_final(&sealer->file, ret_file_hash, PSP_HASH_BYTES);
}
