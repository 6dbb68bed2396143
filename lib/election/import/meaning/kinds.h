/*
 * kinds - what a line of a contest, or an office that is none, is called.
 *
 * Published returns have lines that are nobody's votes (blank, void, write-ins),
 * figures that are no lines at all (overvotes, totals) and offices that are
 * statistics (registered voters). One table has their words in English, Spanish,
 * French, German and Portuguese; --kinds FILE adds to it, and wins. Words are
 * compared as slugs: without case, accents and signs.
 *
 * Ownership: added words are held inside.   Threads: any, once all is added.
 */
#ifndef PSP_MEANING_KINDS_H
#define PSP_MEANING_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/reason.h"
#include "base/status.h"

enum psp_line_kind {
    PSP_LINE_CANDIDATE,
    PSP_LINE_YES,
    PSP_LINE_NO,
    PSP_LINE_BLANK,
    PSP_LINE_SPOILED,
    PSP_LINE_WRITE_IN,
    PSP_LINE_OTHER,
    PSP_LINE_OVERVOTES,
    PSP_LINE_UNDERVOTES,
    PSP_LINE_TOTAL,      /* of the other lines */
    PSP_LINE_REGISTERED, /* voters of the unit */
    PSP_LINE_BALLOTS,    /* cast in the unit */
    PSP_LINE_STATISTIC,  /* any other figure */
    PSP_LINE_KINDS_END,
};

enum { PSP_KINDS_ADDED_MAX = 256 };

struct psp_kinds { /* zero-initialise */
    unsigned n;
    struct psp_kinds_added {
        char word[96]; /* as written */
        enum psp_line_kind kind;
    } added[PSP_KINDS_ADDED_MAX];
};

const char *psp_line_kind_name(enum psp_line_kind kind); /* "candidate", "write_in", ... */

/* `kind` by its name. PSP_EINVAL: no such kind, or too many or too long words. */
enum psp_status psp_kinds_add(struct psp_kinds *kinds, const char *word, const char *kind,
                              struct psp_reason *reterr_reason);

/* By a text as published; `kinds` may be NULL. Memory is taken for a moment: PSP_ENOMEM. */
enum psp_status psp_kinds_of(const struct psp_kinds *kinds, const char *text,
                             enum psp_line_kind *ret_kind);

/* A unit of this name is the sum of others: "TOTAL", "Summary", "Ward 1 Total". PSP_ENOMEM. */
enum psp_status psp_kinds_unit_total(const char *name, bool *ret_total);

#endif
