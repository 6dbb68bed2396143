/*
 * series - how the count grew: votes and ballots of every contest over time.
 *
 * A point is the newest count of a bucket of time; time is the leaders' (as_of
 * of a view), so a restarted collector goes on where the count is. When the
 * points are all used, buckets become twice as wide and every second point is
 * dropped: a demo of a minute and a night of twelve hours both have between
 * half and all of the points.
 *
 *     row of a point: votes of every choice of the definition, then the ballots
 *     of every contest (in its unit, where it is on the ballot)
 *
 * Ownership: borrows the catalog.
 * Threads:   one writer; readers take the lock.
 * Memory:    all at create, at most PSP_SERIES_BYTES_MAX.
 */
#ifndef PSP_SERIES_H
#define PSP_SERIES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/view/view.h"

enum {
    PSP_SERIES_WIDTH_MS = 1000, /* of a bucket at first */
    PSP_SERIES_POINTS_MAX = 480,
    PSP_SERIES_POINTS_MIN = 32,     /* also when rows are so wide that … */
    PSP_SERIES_BYTES_MAX = 64 << 20 /* … this would be passed */
};

struct psp_series {
    const struct psp_catalog *catalog;
    pthread_mutex_t lock; /* for the rest */
    uint32_t row_cells, points_max;
    uint32_t count;
    uint64_t width_ms;
    uint64_t *times_ms;    /* [count]: as_of of the point, ascending */
    uint64_t *cells;       /* [count * row_cells] */
    uint8_t *everywhere;   /* [contest_count]: on every ballot of its unit */
    uint64_t noted_tag;    /* of the last view noted */
    bool thinned;          /* since psp_series_saved: every point must be written anew */
    uint32_t unsaved_from; /* points from here on are not in the store */
};

/* PSP_ENOMEM. */
enum psp_status psp_series_create(const struct psp_catalog *catalog,
                                  struct psp_series **ret_series);
void psp_series_destroy(struct psp_series **series);

/* Takes the view's counts as the newest of their bucket. False: nothing new. */
bool psp_series_note(struct psp_series *series, const struct psp_view *view);

/* A point from the store, in order of time; false: it does not fit there. */
bool psp_series_restore(struct psp_series *series, uint64_t time_ms, const uint64_t *cells);

/* Everything is in the store. */
void psp_series_saved(struct psp_series *series);

#endif
