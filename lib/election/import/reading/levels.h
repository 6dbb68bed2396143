/*
 * levels - a file that has rows of several levels counts everybody several times.
 *
 * `psephos export openelections` writes such a file, with a column `level`. The rows of the
 * lowest level are what is counted; those of the levels above are their sums, are left out
 * and told, with both figures where one is not the sum of what lies below.
 *
 * Ownership: points at the builder's texts.   Threads: one owner.
 * Memory:    a byte a row; about 200 bytes a row while totals are looked for.
 */
#ifndef PSP_READING_LEVELS_H
#define PSP_READING_LEVELS_H

#include <stdbool.h>

#include "election/import/report.h"
#include "election/returns/builder.h"

struct psp_levels { /* zero-initialise */
    uint32_t n;
    const char *names[PSP_LEVELS_MAX]; /* as files write them, in the order they come in */
    uint8_t *of_row;                   /* [capacity]: place in `names` + 1; 0: no level is told */
    size_t capacity;
};

/* The row that was added last is of the level of this name, a text of the builder. A name
 * beyond PSP_LEVELS_MAX is none. PSP_ENOMEM. */
enum psp_status psp_levels_add(struct psp_levels *levels, struct psp_returns_builder *builder,
                               const char *name);
/* Marks the rows that are sums of rows below and tells of them; `leave_out` is [rows].
 * PSP_ENOMEM. */
enum psp_status psp_levels_leave_out(const struct psp_levels *levels,
                                     struct psp_returns_builder *builder, struct psp_report *report,
                                     bool *leave_out);
void psp_levels_free(struct psp_levels *levels);

#endif
