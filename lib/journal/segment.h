/*
 * segment - one file of the log: a header, then records.
 *
 * Little-endian; a record starts at a multiple of 8.
 *
 *     header (64 bytes)               record
 *      0  magic "PSPLOG1\n"            0  CRC32C of all that follows, padding included (4)
 *      8  format (4), shard (4)        4  payload length (4)
 *     16  cluster (16)                 8  index (8)
 *     32  first index (8)             16  term (8)
 *     40  zeros (20)                  24  synced (8)
 *     60  CRC32C of the first 60      32  type (4), zero (4)
 *                                     40  payload, zeros up to a multiple of 8
 *
 * `synced` is an index known to be durable when the record was written. It
 * tells a torn write from corruption: several records reach the disk in one
 * write, in any order. A bad record is part of a torn write unless a good one
 * after it says that the bad one had been durable before.
 *
 * Ownership: owns its runs and offsets.
 * Memory: 4 bytes a record, and a few more where the term changes.
 * Threads: one at a time.
 */
#ifndef PSP_JOURNAL_SEGMENT_H
#define PSP_JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "journal/disk.h"
#include "journal/journal.h"

enum {
    PSP_SEGMENT_FORMAT = 2,
    PSP_SEGMENT_HEADER_BYTES = 64,
    PSP_SEGMENT_RECORD_BYTES = 40,
    PSP_SEGMENT_NAME_BYTES = 21, /* 16 digits, ".log", NUL */
    /* A command holds one batch, which came in one message. */
    PSP_RECORD_PAYLOAD_MAX = PSP_MESSAGE_BYTES_MAX + 4096,
    PSP_SEGMENT_RECORD_BYTES_MAX = PSP_SEGMENT_RECORD_BYTES + PSP_RECORD_PAYLOAD_MAX + 8,
};

struct psp_segment_run { /* records from `first` on have `term` */
    uint64_t first, term;
};

/* Records that were there and are damaged. */
struct psp_segment_gap {
    uint64_t first, last;   /* indexes */
    uint64_t offset, bytes; /* of the file; they may end past its end */
};

struct psp_segment {
    uint64_t first;
    uint64_t bytes;      /* header, records and gaps */
    uint64_t first_term; /* of a segment that was not read at open; 0 unknown */
    bool scanned;        /* the rest is filled */
    uint32_t count;
    size_t capacity;
    uint32_t *places; /* [count]: offset / 8 << 2 | type; type 0: in a gap */
    struct psp_segment_run *runs;
    uint32_t run_count;
    size_t run_capacity;
    struct psp_segment_gap *gaps; /* ascending */
    uint32_t gap_count;
    size_t gap_capacity;
    bool bad_header; /* with gaps only: else that is PSP_ECORRUPT */
};

/* Which log it belongs to. */
struct psp_segment_owner {
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    bool format_1_too; /* a segment of 0.1.0 is read, too */
};

/* Zeros after the payload. */
static inline uint32_t psp_segment_padding(uint32_t payload_bytes)
{
    return (8 - payload_bytes % 8) % 8;
}

/* What a record takes in the file. */
static inline uint64_t psp_segment_record_bytes(uint32_t payload_bytes)
{
    return (uint64_t)PSP_SEGMENT_RECORD_BYTES + payload_bytes + psp_segment_padding(payload_bytes);
}

/* 16 hex digits and ".log". */
void psp_segment_name(uint64_t first, char ret_name[PSP_SEGMENT_NAME_BYTES]);
/* The first index, 0 when it is no segment's name: no log gets to an index of 2^63. */
uint64_t psp_segment_name_first(const char *name);

/* The bytes above. */
void psp_segment_header_encode(const struct psp_segment_owner *owner, uint64_t first,
                               uint8_t ret_header[PSP_SEGMENT_HEADER_BYTES]);

struct psp_segment_head {
    uint32_t format, shard;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint64_t first;
};
/* False: no good header; `available` may be less than one. */
bool psp_segment_header_decode(const uint8_t *bytes, size_t available,
                               struct psp_segment_head *ret_head);

/* Checksum included: the payload is read for it. */
void psp_segment_record_encode(const struct psp_record *record, uint64_t synced,
                               uint8_t ret_header[PSP_SEGMENT_RECORD_BYTES]);
/* A whole good record at `bytes`? Its length in the file, 0 when not. */
size_t psp_segment_record_decode(const uint8_t *bytes, size_t available,
                                 struct psp_record *ret_record, uint64_t *ret_synced);

/* Adds a record at the end. PSP_ENOMEM. */
enum psp_status psp_segment_add(struct psp_segment *segment, const struct psp_record *record);
/* Records up to `last` that are damaged, in so many bytes: each stands where the gap begins, until
 * it is mended. PSP_ENOMEM; PSP_ECORRUPT: no segment has so many. */
enum psp_status psp_segment_add_gap(struct psp_segment *segment, uint64_t last, uint64_t bytes);
/* Forgets the records from `from` on. */
void psp_segment_cut(struct psp_segment *segment, uint64_t from);
void psp_segment_free(struct psp_segment *segment);

/* Of an index that the segment holds, which was scanned. */
uint64_t psp_segment_offset(const struct psp_segment *segment, uint64_t index);
/* PSP_ECORRUPT: in a gap. */
enum psp_status psp_segment_type(const struct psp_segment *segment, uint64_t index,
                                 enum psp_record_type *ret_type);
/* Of an index in a gap it is known where the records around have the same one: terms
 * never fall. Else PSP_ECORRUPT. */
enum psp_status psp_segment_term(const struct psp_segment *segment, uint64_t index,
                                 uint64_t *ret_term);

/* Whether the record can be the one that stood at the begin of a gap, and how many bytes it
 * takes there; 0: it cannot. */
uint64_t psp_segment_mend_fits(const struct psp_segment *segment, const struct psp_record *record);
/* It was written there. PSP_ENOMEM. */
enum psp_status psp_segment_mended(struct psp_segment *segment, const struct psp_record *record);

/* Asserts that it hangs together; place by place in checked builds (base/checked.h). */
void psp_segment_check(const struct psp_segment *segment);

#endif
