/*
 * scrubber - the thread that checks sealed segments, slowly.
 *
 * One segment a wish, read in pieces with pauses between, so that ballots do not
 * wait for the disk. What it finds is then known to the log (psp_journal_damage).
 *
 * Ownership: the log stays the caller's.
 * Threads: push and take from one thread; wake is called on its own.
 * Memory:  one piece, and the largest record.
 */
#ifndef PSP_JOURNAL_SCRUBBER_H
#define PSP_JOURNAL_SCRUBBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "journal/journal.h"

struct psp_journal_scrubber;

/* What became of a wish. */
struct psp_journal_scrubbed {
    struct psp_journal_checked checked;
    enum psp_status status;
};

/* `wake` is called whenever psp_journal_scrubber_take may have something. */
enum psp_status psp_journal_scrubber_create(struct psp_journal *log, void (*wake)(void *context),
                                            void *context,
                                            struct psp_journal_scrubber **ret_scrubber);
/* Ends a check under way. */
void psp_journal_scrubber_destroy(struct psp_journal_scrubber **scrubber);

/* Check the segment that holds the index, at so many bytes a second. One at a time. */
void psp_journal_scrubber_push(struct psp_journal_scrubber *scrubber, uint64_t index,
                               uint64_t bytes_a_second);
/* False: not done yet. */
bool psp_journal_scrubber_take(struct psp_journal_scrubber *scrubber,
                               struct psp_journal_scrubbed *ret_scrubbed);

#endif
