/*
 * progress - how much of a unit is counted, and how much can still come.
 *
 * Ballots are compared with what is expected unit by unit, and only then added up: a
 * precinct with more ballots than expected does not make up for one that has sent none.
 * What the definition says of a unit bounds the sum of those below it, too.
 *
 * The ceiling is how many ballots can still be shown at most: of registered voters who
 * are not among the ballots shown. Where they are not known, or are fewer than the
 * ballots, an estimate stands in (ballots expected), and the ceiling is called one.
 *
 * Ownership: plain data of the caller.   Threads: any; pure.
 */
#ifndef PSP_PROGRESS_H
#define PSP_PROGRESS_H

#include "collector/view/view.h"

enum { PSP_PROGRESS_OVER_MAX = 20 };

struct psp_progress {
    uint64_t shown;    /* ballots, of each unit at most those expected there */
    uint64_t counted;  /* the same of ballots counted, shown or not; PSP_UNSTATED: not told */
    uint64_t expected; /* PSP_UNSTATED: not known */
    uint64_t out;      /* expected, less counted or where that is not told shown; PSP_UNSTATED */
    uint64_t ceiling;  /* PSP_UNSTATED: not known */
    bool estimated;    /* the ceiling is */
    /* Units with more ballots than voters registered or ballots expected: leaves, or a unit
     * above when none below it is. The first of them, depth first. */
    uint32_t over[PSP_PROGRESS_OVER_MAX];
    uint32_t over_count; /* of all */
};

/* Looks at every unit below. */
void psp_progress_of(const struct psp_view *view, uint32_t unit, struct psp_progress *ret_progress);

/* More ballots (counted, or where that is not told shown) than voters registered; 0 voters
 * are unknown in a unit with ballots. */
bool psp_progress_over_registered(const struct psp_view *view, uint32_t unit);
/* More than expected. */
bool psp_progress_over_expected(const struct psp_view *view, uint32_t unit);

#endif
