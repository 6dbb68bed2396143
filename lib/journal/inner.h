/*
 * inner - what an open log is made of, for the files of this room. Each calls
 * those below it:
 *
 *     open.c      open, close
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
#include "journal/segment.h"
#include "journal/vote.h"

enum { PSP_JOURNAL_NO_FILE = -1 };

struct psp_journal {
    const struct psp_disk *disk;
    char directory[PATH_MAX - 64];
    struct psp_segment_owner owner;
    uint64_t segment_bytes;
    bool read_only;
    char note[PATH_MAX + 128]; /* what was cut off at open; "" nothing */
    int lock;
    _Atomic int failed;      /* enum psp_status of the first failed write */
    _Atomic uint64_t synced; /* durable up to here */

    pthread_mutex_t mutex; /* of what follows */
    struct psp_segment *segments;
    size_t segment_count, segment_capacity;
    int read_file; /* kept open: of the segment that starts at read_first */
    uint64_t read_first;

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
/* Fills a segment from its file; only the last one may end torn. PSP_ECORRUPT. */
enum psp_status psp_segments_load(struct psp_journal *log, size_t i, enum psp_segment_end *ret_end);
/* The same, of a segment that was not read at open. */
enum psp_status psp_segments_scan(struct psp_journal *log, size_t i);
/* The segment that holds `index`. PSP_ENOENT. */
enum psp_status psp_segments_place(const struct psp_journal *log, uint64_t index,
                                   size_t *ret_segment);

#endif
