/*
 * part - records one after another, as plain text of one message of a chunk's stream, and
 * their hash.
 *
 *     type (4), payload length (4), term (8), payload; again and again
 *     zeros to a multiple of PSP_PART_PADDING: lengths tell less of what is inside
 *
 * Indexes are not there: records follow on. A part holds whole records, as many as make
 * PSP_PART_BYTES, or one that is larger.
 *
 * Ownership: a record that is read points into the part.   Threads: any.
 */
#ifndef PSP_PART_H
#define PSP_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "journal/journal.h"
#include "journal/segment.h"

enum {
    PSP_PART_BYTES = 1 << 20,
    PSP_PART_PADDING = 4096,
    PSP_PART_RECORD_BYTES = 16, /* before the payload */
    PSP_PART_BYTES_MAX = PSP_RECORD_PAYLOAD_MAX + PSP_PART_RECORD_BYTES + PSP_PART_PADDING,
};

/* What stands before the payload. */
void psp_part_record_encode(const struct psp_record *record,
                            uint8_t ret_bytes[PSP_PART_RECORD_BYTES]);

struct psp_part_cursor { /* bytes, length: the part's */
    const uint8_t *bytes;
    size_t length, at;
};
/* The next record, all but its index. PSP_ENOENT: there is none more. PSP_ECORRUPT. */
enum psp_status psp_part_next(struct psp_part_cursor *cursor, struct psp_record *ret_record);

/* The hash of a range's records: keyed BLAKE2b-256 of the fixed bytes of their chunk's head
 * (for no auditor), then of each record as above. */
enum { PSP_RECORDS_HASH_STATE_BYTES = 384 };
struct psp_records_hash {
    _Alignas(64) uint8_t state[PSP_RECORDS_HASH_STATE_BYTES];
};
struct psp_chunk_range;
void psp_records_hash_begin(struct psp_records_hash *hash, const struct psp_chunk_range *range,
                            const uint8_t key[PSP_HASH_BYTES]);
void psp_records_hash_add(struct psp_records_hash *hash, const struct psp_record *record);
void psp_records_hash_end(struct psp_records_hash *hash, uint8_t ret_hash[PSP_HASH_BYTES]);

#endif
