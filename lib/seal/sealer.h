/*
 * sealer - makes a chunk's file, piece by piece: records in, bytes out.
 *
 *     psp_sealer_create      the head is the first piece
 *     psp_sealer_add         the record psp_sealer_next, until it says PSP_EBUSY or all are in
 *     psp_sealer_take        the piece that has gathered; again and again
 *     psp_sealer_end         after the final one: the hashes that the shard signs
 *
 * Ownership: what it takes out is its own until the next call.
 * Threads:   one owner.
 * Memory:    a part twice: about 2 MiB, 32 with the largest entry there may be.
 */
#ifndef PSP_SEALER_H
#define PSP_SEALER_H

#include "base/bytes/bytes.h"
#include "base/status.h"
#include "journal/journal.h"
#include "seal/chunk.h"

struct psp_sealer;

struct psp_sealer_options {
    struct psp_chunk_range range;
    const uint8_t (*auditors)[PSP_AUDITOR_KEY_BYTES];
    uint32_t auditor_count;  /* 1 to PSP_AUDITORS_MAX */
    const uint8_t *hash_key; /* PSP_HASH_BYTES */
};

/* PSP_ENOMEM; PSP_EINVAL: a key that is none; PSP_EIO: libsodium does not start. */
enum psp_status psp_sealer_create(const struct psp_sealer_options *options,
                                  struct psp_sealer **ret_sealer);
void psp_sealer_destroy(struct psp_sealer **sealer);

/* The index of the record that is wanted; one past the range's last: all are in. */
uint64_t psp_sealer_next(const struct psp_sealer *sealer);
/* PSP_EBUSY: take a piece first; the record was not taken. PSP_ENOMEM. */
enum psp_status psp_sealer_add(struct psp_sealer *sealer, const struct psp_record *record);
/* The next bytes of the file. *ret_final: there are no more. PSP_ENOMEM. */
enum psp_status psp_sealer_take(struct psp_sealer *sealer, struct psp_bytes *ret_piece,
                                bool *ret_final);
/* After the final piece. */
void psp_sealer_end(struct psp_sealer *sealer, uint8_t ret_records_hash[PSP_HASH_BYTES],
                    uint8_t ret_file_hash[PSP_HASH_BYTES]);

#endif
