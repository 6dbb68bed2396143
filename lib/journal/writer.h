/*
 * writer - the thread that writes the log: group commit.
 *
 * Appends queue up while the last fsync runs; the thread then writes all of
 * them and syncs once, so that a sync's price is shared by whatever arrived
 * meanwhile. What is done is asked for after the wake-up.
 *
 * A failed write ends it: nothing more is reported as durable.
 *
 * Ownership: copies the records, not their payloads: those must live until
 *            their number is done.
 * Threads:   push, done and failure from one thread; wake is called on its own.
 * Memory:    of the records that wait, and of those being written.
 */
#ifndef PSP_JOURNAL_WRITER_H
#define PSP_JOURNAL_WRITER_H

#include <stdint.h>

#include "base/status.h"
#include "journal/journal.h"

struct psp_journal_writer;

/* `wake` is called whenever psp_journal_writer_done or _failure may have changed. */
enum psp_status psp_journal_writer_create(struct psp_journal *log, void (*wake)(void *context),
                                          void *context, struct psp_journal_writer **ret_writer);
/* Waits for the write under way, drops what is queued. */
void psp_journal_writer_destroy(struct psp_journal_writer **writer);

/* Append number `number` (rising): cuts the log before records[0] if it is
 * longer. PSP_ENOMEM. */
enum psp_status psp_journal_writer_push(struct psp_journal_writer *writer, uint64_t number,
                                        const struct psp_record *records, uint32_t n);
/* The highest number that is durable. */
uint64_t psp_journal_writer_done(struct psp_journal_writer *writer);
enum { PSP_WRITER_TOOK_MAX = 64 };
/* How long writing and syncing took in ms, of each time since the last call; of more than fit the
 * first ones. Returns how many. */
uint32_t psp_journal_writer_took(struct psp_journal_writer *writer,
                                 uint32_t ret_ms[PSP_WRITER_TOOK_MAX]);
/* PSP_OK, or why it has ended. */
enum psp_status psp_journal_writer_failure(struct psp_journal_writer *writer);

#endif
