/* A part is read, opened, and its records given one by one. */
#include "seal/opener.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/memory/grow.h"
#include "seal/part.h"

enum {
    LENGTH_BYTES = 4,
    SEALED_MORE = crypto_secretstream_xchacha20poly1305_ABYTES,
    KEY_BYTES = crypto_secretstream_xchacha20poly1305_KEYBYTES,
    READ_BYTES = 64 << 10,
};

struct psp_opener {
    FILE *file;
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t head_hash[PSP_HASH_BYTES];
    uint64_t next, last, term;
    bool final; /* the last part is the one that is read */
    uint8_t *sealed, *plain;
    size_t sealed_capacity, plain_capacity;
    struct psp_part_cursor cursor;
};

enum psp_status psp_opener_hash(FILE *file, uint8_t ret_hash[PSP_HASH_BYTES])
{
    uint8_t bytes[READ_BYTES];
    crypto_generichash_state state;
    size_t n;
    rewind(file);
    crypto_generichash_init(&state, NULL, 0, PSP_HASH_BYTES);
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        crypto_generichash_update(&state, bytes, n);
    if (ferror(file))
        return PSP_EIO;
    crypto_generichash_final(&state, ret_hash, PSP_HASH_BYTES);
    rewind(file);
    return PSP_OK;
}

static bool same_range(const struct psp_chunk_range *a, const struct psp_chunk_range *b)
{
    return memcmp(a->cluster_id, b->cluster_id, sizeof a->cluster_id) == 0 &&
           a->shard == b->shard && a->epoch == b->epoch && a->first == b->first &&
           a->last == b->last;
}

static enum psp_status find_key(const struct psp_chunk_head *head,
                                const struct psp_opener_options *options,
                                uint8_t ret_key[KEY_BYTES])
{
    for (uint32_t i = 0; i < head->auditors; i++) {
        const uint8_t *box = head->boxes + (size_t)i * PSP_CHUNK_BOX_BYTES;
        if (memcmp(box, options->public_key, PSP_AUDITOR_KEY_BYTES) != 0)
            continue;
        return crypto_box_seal_open(ret_key, box + PSP_AUDITOR_KEY_BYTES,
                                    PSP_CHUNK_BOX_BYTES - PSP_AUDITOR_KEY_BYTES,
                                    options->public_key, options->secret_key) == 0
                   ? PSP_OK
                   : PSP_ECORRUPT;
    }
    return PSP_EPERM;
}

static enum psp_status read_head(struct psp_opener *opener,
                                 const struct psp_opener_options *options)
{
    uint8_t bytes[PSP_CHUNK_HEAD_BYTES_MAX], key[KEY_BYTES];
    struct psp_chunk_head head;
    rewind(opener->file);
    const size_t n = fread(bytes, 1, sizeof bytes, opener->file);
    if (ferror(opener->file))
        return PSP_EIO;
    enum psp_status status = psp_chunk_head_decode(bytes, n, &head);
    if (status == PSP_OK && !same_range(&head.range, &options->range))
        status = PSP_EMISMATCH;
    if (status == PSP_OK)
        status = find_key(&head, options, key);
    if (status == PSP_OK &&
        crypto_secretstream_xchacha20poly1305_init_pull(&opener->stream, head.stream, key) != 0)
        status = PSP_ECORRUPT;
    sodium_memzero(key, sizeof key);
    if (status != PSP_OK)
        return status;
    psp_chunk_head_hash(bytes, head.bytes, opener->head_hash);
    return fseek(opener->file, (long)head.bytes, SEEK_SET) == 0 ? PSP_OK : PSP_EIO;
}

enum psp_status psp_opener_create(FILE *file, const struct psp_opener_options *options,
                                  struct psp_opener **ret_opener)
{
    if (sodium_init() < 0)
        return PSP_EIO;
    struct psp_opener *opener = calloc(1, sizeof *opener);
    if (opener == NULL)
        return PSP_ENOMEM;
    opener->file = file;
    opener->next = options->range.first;
    opener->last = options->range.last;
    const enum psp_status status = read_head(opener, options);
    if (status != PSP_OK)
        psp_opener_destroy(&opener);
    else
        *ret_opener = opener;
    return status;
}

void psp_opener_destroy(struct psp_opener **opener_at)
{
    struct psp_opener *opener = *opener_at;
    if (opener == NULL)
        return;
    if (opener->plain != NULL)
        sodium_memzero(opener->plain, opener->plain_capacity);
    free(opener->plain);
    free(opener->sealed);
    sodium_memzero(opener, sizeof *opener);
    free(opener);
    *opener_at = NULL;
}

/* So many bytes of the file. PSP_ECORRUPT: it ends before. */
static enum psp_status read_bytes(struct psp_opener *opener, uint8_t *bytes, size_t n)
{
    if (fread(bytes, 1, n, opener->file) == n)
        return PSP_OK;
    return ferror(opener->file) ? PSP_EIO : PSP_ECORRUPT;
}

static enum psp_status read_part(struct psp_opener *opener)
{
    uint8_t length[LENGTH_BYTES], tag = 0;
    enum psp_status status = read_bytes(opener, length, sizeof length);
    if (status != PSP_OK)
        return status;
    const size_t sealed = psp_get32(length);
    if (sealed <= SEALED_MORE || sealed - SEALED_MORE > PSP_PART_BYTES_MAX)
        return PSP_ECORRUPT;
    if (!PSP_GROW(opener->sealed, opener->sealed_capacity, sealed) ||
        !PSP_GROW(opener->plain, opener->plain_capacity, sealed))
        return PSP_ENOMEM;
    status = read_bytes(opener, opener->sealed, sealed);
    if (status != PSP_OK)
        return status;
    if (crypto_secretstream_xchacha20poly1305_pull(&opener->stream, opener->plain, NULL, &tag,
                                                   opener->sealed, sealed, opener->head_hash,
                                                   sizeof opener->head_hash) != 0)
        return PSP_ECORRUPT;
    opener->final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    opener->cursor = (struct psp_part_cursor){opener->plain, sealed - SEALED_MORE, 0};
    return PSP_OK;
}

/* Nothing may stand behind the last record, or it would be no whole chunk. */
static enum psp_status at_end(struct psp_opener *opener)
{
    if (opener->next <= opener->last || fgetc(opener->file) != EOF)
        return PSP_ECORRUPT;
    return ferror(opener->file) ? PSP_EIO : PSP_ENOENT;
}

enum psp_status psp_opener_next(struct psp_opener *opener, struct psp_record *ret_record)
{
    struct psp_record record;
    enum psp_status status = psp_part_next(&opener->cursor, &record);
    while (status == PSP_ENOENT) {
        if (opener->final)
            return at_end(opener);
        status = read_part(opener);
        if (status == PSP_OK)
            status = psp_part_next(&opener->cursor, &record);
        if (status == PSP_ENOENT) /* a part of nothing */
            return PSP_ECORRUPT;
    }
    if (status != PSP_OK)
        return status;
    if (opener->next > opener->last || record.term == 0 || record.term < opener->term)
        return PSP_ECORRUPT;
    record.index = opener->next++;
    opener->term = record.term;
    *ret_record = record;
    return PSP_OK;
}
