/*
 * inner - what an open log is made of, for the files of this room. Each calls
 * those below it:
 *
 *     open.c      open, close
 *     mend.c      looking for damage, writing again what was damaged
 *     journal.c   append, sync, cut, read
 *     segments.c  the list of segments
 *
 * Threads: as journal.h says.
 */
#ifndef PSP_JOURNAL_INNER_H
#define PSP_JOURNAL_INNER_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "journal/disk.h"
#include "journal/journal.h"
#include "journal/scan.h"
#include "journal/vote.h"

enum { PSP_JOURNAL_NO_FILE = -1 };

struct psp_journal {
    const struct psp_disk *disk;
    char directory[PATH_MAX - 64];
    struct psp_segment_owner owner;
    uint64_t segment_bytes;
    bool read_only, mendable;
    char note[PATH_MAX + 128]; /* what was cut off at open; "" nothing */
    int lock;
    _Atomic int failed;      /* enum psp_status of the first failed write */
    _Atomic uint64_t synced; /* durable up to here */

    /* Files are read and cut by one at a time; taken before the other. Reading may take
     * long, so appending and what the loop asks does without it. */
    pthread_mutex_t files_mutex;
    int read_file; /* kept open: of the segment that starts at read_first */
    uint64_t read_first;

    pthread_mutex_t mutex; /* of what follows */
    struct psp_segment *segments;
    size_t segment_count, segment_capacity;

    /* the writer's */
    int file; /* of the last segment */
    uint8_t *headers;
    struct psp_disk_block *blocks;
    size_t scratch_records;

    pthread_mutex_t vote_mutex;
    struct psp_journal_vote_file vote;
};

/* ---- segments.c: calls neither of the other two. The mutex is the caller's. ---- */

/* DIR, the segment's name, and the suffix behind it. */
void psp_segments_path(const struct psp_journal *log, uint64_t first, const char *suffix,
                       char ret_path[PATH_MAX]);
/* NULL: there is none. */
struct psp_segment *psp_segments_newest(struct psp_journal *log);
/* Index after the segment's last record. */
uint64_t psp_segments_end(const struct psp_journal *log, size_t i);
/* The log's last index, 0 when it has no segment. */
uint64_t psp_segments_last(const struct psp_journal *log);
enum psp_status psp_segments_push(struct psp_journal *log, uint64_t first);
enum psp_status psp_segments_open(const struct psp_journal *log, const struct psp_segment *segment,
                                  enum psp_disk_mode mode, int *ret_file);
/* The segment that begins with the index; segment_count: there is none. */
size_t psp_segments_named(const struct psp_journal *log, uint64_t first);
/* First index of the segment behind it; 0: it is the newest. */
uint64_t psp_segments_next_first(const struct psp_journal *log, size_t i);
/* Reads a segment's file into *ret_segment, as the log is to be read. Only the newest may end
 * torn. PSP_ECORRUPT: the segment holds what stands before the damage. */
enum psp_status psp_segments_read(const struct psp_journal *log, uint64_t first,
                                  uint64_t next_first, struct psp_segment *ret_segment,
                                  enum psp_segment_end *ret_end);
/* The segment that holds `index`. PSP_ENOENT. */
enum psp_status psp_segments_place(const struct psp_journal *log, uint64_t index,
                                   size_t *ret_segment);

/* Asserts that the list hangs together; every segment in checked builds. */
void psp_segments_check(const struct psp_journal *log);

/* ---- mend.c ---- */

/* Writes headers again that were read and damaged: what they say is known. */
enum psp_status psp_journal_mend_headers(struct psp_journal *log);

/* ---- journal.c ---- */

/* The first failed write is final: it is what every later call returns. Returns `status`. */
enum psp_status psp_journal_fail(struct psp_journal *log, enum psp_status status);
/* Reads a segment anew and puts it in the place of what was known, unless that was cut
 * meanwhile. The mutex of the files is the caller's, the other is free. */
enum psp_status psp_journal_learn(struct psp_journal *log, uint64_t first);

#endif
