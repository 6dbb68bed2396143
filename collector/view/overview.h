/*
 * overview - the whole night on one screen: who leads in every contest, and of each group of
 * contests how many seats are led by whom.
 *
 * A seat is led by a candidate who would have it if the count ended now: of the first
 * `seats` of a contest those with a vote and with more than the first who has none. Equal
 * ones around that boundary lead nothing, nor does anybody in a contest that is held. How
 * votes for lists become several seats is the law's: such seats are led by nobody here. A
 * referendum has no seats.
 *
 * Made once a version, when first asked for: it looks at every ballot style of every leaf,
 * which is too much for each viewer.
 *
 * Ownership: the view's; it lives as long.   Threads: any; the first makes it, others wait.
 * Memory:    all when it is made.
 */
#ifndef PSP_OVERVIEW_H
#define PSP_OVERVIEW_H

#include <stddef.h>

#include "collector/view/standing.h"

enum { PSP_OVERVIEW_CLOSE_MAX = 10 }; /* contests of a group with the smallest margins */

struct psp_overview_contest { /* in its own unit, all methods */
    uint64_t ballots, valid;
    uint64_t margin; /* as psp_standing has it, as the next two */
    bool last_seat, tied;
    bool held;
    bool lists; /* several seats for lists: its margin makes it no close one */
    struct psp_standing_entry leader, second; /* the first two with a vote; first PSP_NONE: none */
    struct psp_standing_entry above, below;   /* whom the margin is between; PSP_NONE: none */
    uint32_t units_total, units_reporting, units_partial, units_started;
    uint32_t seats, seats_led; /* seats: 0 of a referendum */
};

struct psp_overview_line {
    uint32_t party; /* PSP_NONE: of none */
    uint32_t seats_led;
};

struct psp_overview_group {
    uint32_t contests_total, contests_started; /* started: with a ballot shown */
    /* leaves that vote on any of them */
    uint32_t units_total, units_reporting, units_partial, units_started;
    uint64_t seats_total, undecided; /* undecided: led by nobody */
    uint32_t line_first, line_end;   /* in `lines`: most seats first, then as defined, of no party
                                      last; none without a seat */
    uint32_t close_count;
    uint32_t close
        [PSP_OVERVIEW_CLOSE_MAX]; /* contests with a margin, smallest margin of valid votes first */
};

struct psp_overview {
    uint32_t head; /* contest: the first that is held in the root unit, else the first */
    struct psp_overview_contest *contests; /* [contest_count] */
    struct psp_overview_group *groups;     /* [catalog->group_count] */
    struct psp_overview_line *lines;
    uint32_t line_count;
    size_t line_capacity;
};

/* Of the view. NULL: no memory for it. */
const struct psp_overview *psp_overview_of(const struct psp_view *view);

/* Where a view keeps its overview. NULL: no memory. NULL is fine to destroy. */
struct psp_overview_place *psp_overview_place_create(void);
void psp_overview_place_destroy(struct psp_overview_place **place);

#endif
