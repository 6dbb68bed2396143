/*
 * chunk - a range of a shard's records as a file that only auditors can read: its
 * range, its head, and what the shard signs of it.
 *
 *     head          whose records, which ones, for whom, and the data key for each of them
 *     parts         4 bytes of length, then so much ciphertext: part.h
 *
 * Ranges are fixed: a chunk begins behind a multiple of PSP_CHUNK_RECORDS and ends at the
 * next one, so that any replica makes the same ones; only the last of a log is open, and ends
 * before. Every part is bound to the head (additional data), and follows the one before
 * (libsodium's secretstream). The data key is a chunk's own, in a sealed box for each auditor.
 *
 * A sealed box says nothing of who made it: the shard signs the chunk (psp_chunk_statement). The
 * hash of the plain records is keyed with a secret of the shard's replicas: it tells them
 * whether a chunk is of their records, and tells nobody else anything.
 *
 * Ownership: the caller's.   Threads: any.   Memory: none.
 */
#ifndef PSP_CHUNK_H
#define PSP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

enum {
    PSP_CHUNK_RECORDS = 1024,
    PSP_CHUNK_FORMAT = 1,
    PSP_AUDITOR_KEY_BYTES = 32, /* X25519 */
    PSP_CHUNK_FIXED_BYTES = 64, /* of the head: before the stream's */
    PSP_CHUNK_STREAM_BYTES = 24,
    PSP_CHUNK_BOX_BYTES = PSP_AUDITOR_KEY_BYTES + 80, /* whose, and the sealed box */
    PSP_CHUNK_HEAD_BYTES_MAX =
        PSP_CHUNK_FIXED_BYTES + PSP_CHUNK_STREAM_BYTES + PSP_AUDITORS_MAX * PSP_CHUNK_BOX_BYTES,
    PSP_CHUNK_STATEMENT_BYTES = 16 + 4 + 8 + 8 + 8 + 2 * PSP_HASH_BYTES,
};

/* Under which the shard signs a chunk: cluster/sign.h. */
#define PSP_CHUNK_CONTEXT "psephos backup chunk 1"
/* Of the secret that the plain records are hashed under. */
#define PSP_CHUNK_HASH_CONTEXT "psephos backup hash 1"

struct psp_chunk_range {
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    uint64_t epoch, first, last;
};

/* The last index of the chunk that `index` is in. */
static inline uint64_t psp_chunk_end(uint64_t index)
{
    return (index - 1) / PSP_CHUNK_RECORDS * PSP_CHUNK_RECORDS + PSP_CHUNK_RECORDS;
}
/* Begins where a chunk does, and ends in the same one. */
static inline bool psp_chunk_range_good(uint64_t first, uint64_t last)
{
    return first % PSP_CHUNK_RECORDS == 1 && last >= first && last - first < PSP_CHUNK_RECORDS;
}

struct psp_chunk_head {
    struct psp_chunk_range range;
    uint32_t auditors;
    const uint8_t *stream; /* PSP_CHUNK_STREAM_BYTES */
    const uint8_t *boxes;  /* auditors * PSP_CHUNK_BOX_BYTES */
    size_t bytes;          /* of all of it */
};

/* The fixed bytes of a head. */
void psp_chunk_head_encode(const struct psp_chunk_range *range, uint32_t auditors,
                           uint8_t ret_fixed[PSP_CHUNK_FIXED_BYTES]);
/* Of the file's first bytes, at which it points. PSP_EINVAL: no head, or not whole;
 * PSP_EVERSION. */
enum psp_status psp_chunk_head_decode(const uint8_t *bytes, size_t length,
                                      struct psp_chunk_head *ret_head);
/* What every part is bound to. */
void psp_chunk_head_hash(const uint8_t *bytes, size_t length, uint8_t ret_hash[PSP_HASH_BYTES]);

/* What the shard signs: which records these are, their hash, and that of the file. */
void psp_chunk_statement(const struct psp_chunk_range *range,
                         const uint8_t records_hash[PSP_HASH_BYTES],
                         const uint8_t file_hash[PSP_HASH_BYTES],
                         uint8_t ret_statement[PSP_CHUNK_STATEMENT_BYTES]);

#endif
