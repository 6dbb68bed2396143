/*
 * sources - from what a user asks to be cast to a source of ballots.
 *
 * Ownership: what is opened owns all its parts; the target must outlive it.
 * Threads:   one owner.
 * Memory:    of the source that it is (one line, one ballot, or all returns).
 */
#ifndef PSP_CAST_SOURCES_H
#define PSP_CAST_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/cast/caster.h"
#include "cli/folder/target.h"
#include "cli/returns/how.h"

struct psp_cast_request {   /* exactly one of lines_path, postgres, returns_path, random */
    const char *lines_path; /* "-": standard input */
    bool votes_topic;       /* of the lines */
    const char *postgres, *query, *key_column; /* rows of a query; the key column may be NULL */
    const char *verdicts_path; /* of lines and rows: where what becomes of them is written; NULL */
    const char *returns_path, *roll_path;
    struct psp_returns_how how; /* the returns are read */
    bool again;                 /* also into units that another cast of returns has */
    bool random;                /* of roll_path */
    double turnout, strangers, replayed, double_votes;
    uint64_t seed;
};

struct psp_cast_opened;

/* The reason says what to do. Of returns their record is stored then: cli/cast/taken.h. */
enum psp_status psp_cast_open(const struct psp_cast_request *request,
                              const struct psp_target *target, struct psp_cast_opened **ret_opened,
                              struct psp_reason *reterr_reason);
/* False: what was asked for in verdicts_path is not whole. Takes NULL, too. */
bool psp_cast_close(struct psp_cast_opened **opened, struct psp_reason *reterr_reason);

/* The one that was opened, whichever it is. */
const struct psp_cast_source *psp_cast_source_of(const struct psp_cast_opened *opened);
/* Lines or rows that were not ballots; each of the first ones was reported on stderr. */
uint64_t psp_cast_unreadable(const struct psp_cast_opened *opened);
/* There was a file or query to read, and no line or row in it. */
bool psp_cast_empty(const struct psp_cast_opened *opened);
/* Why the source ended early, or "". */
const char *psp_cast_fault(const struct psp_cast_opened *opened);

#endif
