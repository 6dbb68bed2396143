/*
 * reader - the thread that reads the log for others: followers that lag, newcomers,
 * replicas whose record is damaged, and what is applied from disk. It mends, too.
 *
 * The first touch of an old segment reads and checksums 64 MiB; whoever leads must
 * not wait for that. Wishes are done in the order they came.
 *
 * Ownership: a result and its records are the caller's until released; of a record
 *            to be mended the payload is copied.
 * Threads:   push and take from one thread; wake is called on its own.
 * Memory:    what is wished for, PSP_READER_WISHES_MAX at a time.
 */
#ifndef PSP_JOURNAL_READER_H
#define PSP_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "journal/journal.h"

enum {
    PSP_READER_WISHES_MAX = 64, /* then push returns PSP_EBUSY */
    PSP_READER_RECORDS_MAX = 1024,
};

struct psp_journal_reader;

struct psp_journal_wish {
    uint64_t number; /* comes back with the result */
    uint64_t first, last;
    uint32_t records_max;          /* at most PSP_READER_RECORDS_MAX */
    size_t bytes_max;              /* of payloads, if more than one */
    const struct psp_record *mend; /* NULL: read; else written in its place, and nothing is read */
    bool may_cut; /* where another one stood, the log is cut: nobody else may be writing it */
};

struct psp_journal_result {
    uint64_t number;
    bool mended;                /* it was to be mended */
    struct psp_record *records; /* [n]: from first on, without a hole */
    uint32_t n;
    enum psp_status status; /* of the mending, or of the record behind the last one; PSP_OK: it
                               was not looked for */
    bool damage_known;      /* that record is damaged, and psp_journal_damage tells of it */
    uint8_t *bytes;         /* of the payloads */
};

/* `wake` is called whenever psp_journal_reader_take may have something. */
enum psp_status psp_journal_reader_create(struct psp_journal *log, void (*wake)(void *context),
                                          void *context, struct psp_journal_reader **ret_reader);
void psp_journal_reader_destroy(struct psp_journal_reader **reader);

/* PSP_EBUSY; PSP_ENOMEM. */
enum psp_status psp_journal_reader_push(struct psp_journal_reader *reader,
                                        const struct psp_journal_wish *wish);
/* False: nothing is done yet. */
bool psp_journal_reader_take(struct psp_journal_reader *reader,
                             struct psp_journal_result *ret_result);
void psp_journal_result_release(struct psp_journal_result *result);

#endif
