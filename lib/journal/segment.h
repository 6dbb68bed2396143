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
};

struct psp_segment_run { /* records from `first` on have `term` */
    uint64_t first, term;
};

struct psp_segment {
    uint64_t first;
    uint64_t bytes;      /* header and good records */
    uint64_t first_term; /* of a segment that was not read at open; 0 unknown */
    bool scanned;        /* the rest is filled */
    uint32_t count;
    size_t capacity;
    uint32_t *places; /* [count]: offset / 8 << 2 | type */
    struct psp_segment_run *runs;
    uint32_t run_count;
    size_t run_capacity;
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

/* 16 hex digits and ".log". */
void psp_segment_name(uint64_t first, char ret_name[PSP_SEGMENT_NAME_BYTES]);
/* The first index, 0 when it is no segment's name. */
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

/* What follows the last good record of a segment. */
enum psp_segment_end {
    PSP_SEGMENT_CLEAN,   /* nothing */
    PSP_SEGMENT_TORN,    /* the remains of a write that was never acknowledged */
    PSP_SEGMENT_DAMAGED, /* a bad record that had been durable */
};

/* Reads the file and fills the segment up to the last good record.
 * PSP_ECORRUPT etc. of the header, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_segment_scan(struct psp_segment *segment, const struct psp_disk *disk, int file,
                                 const struct psp_segment_owner *owner,
                                 enum psp_segment_end *ret_end);
/* Adds a record at the end. PSP_ENOMEM. */
enum psp_status psp_segment_add(struct psp_segment *segment, const struct psp_record *record);
/* Forgets the records from `from` on. */
void psp_segment_cut(struct psp_segment *segment, uint64_t from);
void psp_segment_free(struct psp_segment *segment);

/* Of a record that the segment holds, which was scanned. */
uint64_t psp_segment_offset(const struct psp_segment *segment, uint64_t index);
enum psp_record_type psp_segment_type(const struct psp_segment *segment, uint64_t index);
uint64_t psp_segment_term(const struct psp_segment *segment, uint64_t index);

#endif
