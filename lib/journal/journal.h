/*
 * journal - one replica's ordered, durable list of records, in segment files.
 *
 * Folder DIR/log: segments `<first index, 16 hex digits>.log`, and `vote` (term
 * and vote, two checksummed copies). A segment starts with a header (magic,
 * format, cluster, shard, first index, CRC32C); each record carries CRC32C,
 * length, index, term and type. docs/storage.md has the bytes.
 *
 * Writing is append-only; a record is durable when psp_journal_sync has returned.
 * Sealed segments are kept: they are the journal that a recount replays.
 *
 * At open a torn tail (a bad record, after which nothing shows that it had
 * been durable) is cut off with a note; a bad record followed by one written
 * after its sync is corruption: PSP_ECORRUPT. So is a log that ends before the
 * index that the vote file saw (written at every vote and at a clean close).
 *
 * A log of which others have copies (mendable) opens in spite of that, and what
 * is damaged is told by psp_journal_damage and written again by psp_journal_mend.
 *
 * A failed write or fsync is final: every later call returns PSP_EIO (or
 * PSP_ENOSPC), and the process must end.
 *
 * Threads: append/truncate/sync on one thread at a time (the log writer);
 *          psp_journal_set_vote and psp_journal_mend each on one at a time; the rest
 *          from any thread, psp_journal_read for indexes already appended. Reading a
 *          record, its term or type reads files; appending waits for none of that.
 * Ownership: owns its files; records are read into the caller's buffer.
 * Memory:    4 bytes a record of the segments that were scanned (segment.h).
 *
 * All file access goes through struct psp_disk so that the simulator can lose,
 * tear and corrupt writes.
 */
#ifndef PSP_JOURNAL_H
#define PSP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"

struct psp_disk;

enum { PSP_JOURNAL_PATH_BYTES = 4096 };

enum psp_record_type {                               /* on disk; never renumber */
                       PSP_RECORD_COMMAND = 1,       /* payload: LogEntry, proto/log.proto */
                       PSP_RECORD_BARRIER = 2,       /* raft's own; empty payload */
                       PSP_RECORD_CONFIGURATION = 3, /* raft's own; payload: libraft's encoding */
};

struct psp_record {
    uint64_t index, term;
    enum psp_record_type type;
    const uint8_t *payload;
    uint32_t payload_bytes;
};

/* What to do with a log of another format. */
#define PSP_JOURNAL_OTHER_FORMAT                                                                   \
    "has another format than this version writes: a folder of Psephos 0.1.0 is read by `psephos "  \
    "recount --offline` alone and counted on by 0.1.0 (docs/upgrading.md)"

struct psp_journal;

struct psp_journal_options {
    const char *directory;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    uint64_t segment_bytes; /* a segment is sealed when it passes this; 64 MiB when 0 */
    bool read_only;         /* recount: no lock, no cut, tail errors end the log */
    /* A bad record that had been durable is no end but a gap, to be mended: it reads as
     * PSP_ECORRUPT, and what stands around it reads. */
    bool mendable;
    bool format_1_too; /* with read_only: logs of 0.1.0 are read, too */
    /* The store holds everything up to here: segments that end at or before it
     * are not read at open, only when something asks for them. 0: read all. */
    uint64_t checkpoint_index;
    const struct psp_disk *disk; /* NULL: the real one */
};

/* Locks the folder (PSP_EBUSY: another process has it). PSP_EMISMATCH: of
 * another cluster or shard; PSP_EVERSION; PSP_ECORRUPT; PSP_EIO; PSP_ENOSPC.
 * The reason says what, where and what to do. What PSP_OK shows is durable. */
enum psp_status psp_journal_open(const struct psp_journal_options *options,
                                 struct psp_journal **ret_log, struct psp_reason *reterr_reason);
void psp_journal_close(struct psp_journal **log);

/* For a person: the torn tail that was cut off at open; "" when there was none. */
const char *psp_journal_note(const struct psp_journal *log);

/* What it holds, records [first, last]. */
uint64_t psp_journal_first(const struct psp_journal *log); /* 1 unless cut; last + 1 when empty */
uint64_t psp_journal_last(const struct psp_journal *log);  /* first - 1 when empty */

/* Term and vote as last made durable; 0 when never set. */
void psp_journal_vote(const struct psp_journal *log, uint64_t *ret_term, uint64_t *ret_voted_for);
/* Durable when it returns PSP_OK. */
enum psp_status psp_journal_set_vote(struct psp_journal *log, uint64_t term, uint64_t voted_for);

/* Indexes must follow on: records[0].index = last + 1. Not durable yet. */
enum psp_status psp_journal_append(struct psp_journal *log, const struct psp_record *records,
                                   size_t n);
enum psp_status psp_journal_sync(struct psp_journal *log);
/* Drops `from` and all that follows; durable when it returns. */
enum psp_status psp_journal_truncate(struct psp_journal *log, uint64_t from);

/* Reads one record; the payload is copied into *buffer (grown by realloc,
 * *size its capacity). PSP_ENOENT: not in the log; PSP_ECORRUPT; PSP_EIO. */
enum psp_status psp_journal_read(const struct psp_journal *log, uint64_t index, uint8_t **buffer,
                                 size_t *size, struct psp_record *ret_record);
/* The term alone; of a segment not read yet usually from its ends. PSP_ENOENT;
 * PSP_ECORRUPT: damaged, and not known from what stands around. */
enum psp_status psp_journal_term(const struct psp_journal *log, uint64_t index, uint64_t *ret_term);
/* Term and type alone. PSP_ENOENT; PSP_ECORRUPT: damaged. */
enum psp_status psp_journal_peek(const struct psp_journal *log, uint64_t index, uint64_t *ret_term,
                                 enum psp_record_type *ret_type);

/* ---- damage ---- */

/* A record that is known to be damaged. */
struct psp_journal_damage {
    uint64_t index;
    uint64_t known;  /* how many are, in all */
    uint64_t offset; /* in the file */
    char path[PSP_JOURNAL_PATH_BYTES];
};
/* The first one known. False: none. */
bool psp_journal_damage(const struct psp_journal *log, struct psp_journal_damage *ret_damage);
/* Reads again what stands around the index, which could not be read: is it damage?
 * Unless PSP_OK, it is of another kind than can be mended. */
enum psp_status psp_journal_examine(struct psp_journal *log, uint64_t index);
/* Writes the record in the place of the first damaged one; durable when it returns PSP_OK. A
 * crash in the middle leaves it damaged. PSP_EINVAL: another record was there. A failed
 * write is final. */
enum psp_status psp_journal_mend(struct psp_journal *log, const struct psp_record *record);

/* What a check of a sealed segment found. */
struct psp_journal_checked {
    uint64_t next;  /* index behind the segment; 0: the index is in the newest one, which is
                       being written: nothing was checked */
    uint64_t bytes; /* read */
    bool damaged;   /* now known to psp_journal_damage */
};
/* Reads the sealed segment that holds the index and compares all checksums, piece by
 * piece; `pause` is told the bytes of each piece and may take its time, false ends the check
 * (PSP_EAGAIN). Of a log that begins behind the index the first one is read. PSP_ENOENT: the
 * log ends before the index; PSP_ECORRUPT: the file is gone, damaged so that no record can be told
 * from another, or with a log that is not mendable; PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_journal_check(struct psp_journal *log, uint64_t index,
                                  bool (*pause)(void *context, size_t bytes), void *context,
                                  struct psp_journal_checked *ret_checked);

#endif
