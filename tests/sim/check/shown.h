/*
 * shown - what a collector may show, told from what it has merged.
 *
 * Written from the rule, over plain tables: a leaf shows a report once every shard has it as
 * its newest of the leaf; of a report that is taken a row is shown when it moved by no ballots,
 * or by report_min at least, or when the leaf is final; else it keeps what it showed. What a
 * shard had reported at an index is the judge's (reports.h).
 *
 * Compared after every partial that is merged, and with all that is published: rows, their
 * reports, where these stand in the shards' logs, what is under way; and in the view that the
 * API answers from the same, its sums, and what is held of every contest of every unit.
 */
#ifndef SIM_SHOWN_H
#define SIM_SHOWN_H

#include "tests/sim/check/cells.h"

struct sim_world;
struct sim_collector;

struct sim_shown_leaf { /* number 0: no report yet */
    uint64_t number, at_ms;
    bool final, under_way;
    uint64_t epochs[SIM_SHARDS_MAX], indexes[SIM_SHARDS_MAX]; /* of the report, in each shard */
};

struct sim_shown {
    struct {
        bool present;
        uint64_t epoch, index;
    } shards[SIM_SHARDS_MAX]; /* merged last */
    struct sim_shown_leaf leaves[SIM_UNITS];
    struct sim_cells cells;                                   /* with publication reports */
    uint64_t row_reports[SIM_UNITS][SIM_STYLES][SIM_METHODS]; /* 0: never shown */
};

/* The collector has merged a shard's partial. */
void sim_shown_merged(struct sim_world *world, struct sim_collector *collector, uint32_t shard,
                      uint64_t epoch, uint64_t index);
/* It publishes. */
void sim_shown_published(struct sim_world *world, struct sim_collector *collector);

#endif
