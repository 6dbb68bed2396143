/*
 * meaning - rows as files say them become lines, figures and nothing.
 *
 * A statistic is no vote, a total is counted in its parts, overvotes are no choice:
 * each row gets its kind (returns.h), and rows that say nothing of their own are left
 * out. What was decided is in the report, with file and line. With keep_all every
 * row is a line, as it stands.
 *
 *     names.c, districts.c, places.c
 *                names that may be one, and one that may be two
 *     lines.c    the kind of a row, by the words of its office and candidate
 *     methods.c  totals beside the methods
 *     units.c    units that are the sum of others
 *     prefixes.c units that may be the sum of their parts
 *     figures.c  totals among the lines, and figures without votes beside them
 *
 * Ownership: works on the builder's rows.   Threads: one owner.
 * Memory:    about 60 bytes a row while it works.
 */
#ifndef PSP_MEANING_H
#define PSP_MEANING_H

#include "election/import/meaning/kinds.h"
#include "election/import/report.h"
#include "election/returns/builder.h"

struct psp_meaning_options { /* zero-initialise */
    bool keep_all;
    bool merge_names; /* near-identical names become one */
    struct psp_kinds kinds;
};

/* PSP_EINVAL: not a row is left, as the report says. PSP_ENOMEM. */
enum psp_status psp_meaning_apply(struct psp_returns_builder *builder,
                                  const struct psp_meaning_options *options,
                                  struct psp_report *report);

#endif
