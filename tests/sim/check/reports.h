/*
 * reports - what was reported of a shard, told from its log alone, and what may leave it.
 *
 * The judge's part about reports, and what is compared with it. What stood after every report
 * is kept: so it says what a replica holds, and may tell, at any index of the past.
 *
 * Of every replica, at every index that it has applied, and after every load: the last report,
 * its bytes, the newest one of every leaf, and the rows as reported with the index of the report
 * that changed them.
 *
 * Of every partial that leaves a replica, whoever asked: just the rows as reported that changed
 * since its base, in an election that publishes by reports; just the leaves reported since; of
 * ballots by leaf what is counted there, and none when turnout is held back, too.
 *
 * The hash of what is held goes to an operator who asks for it, once a second, and to nobody
 * else; it is that of the judge's counts.
 *
 * Of every report that a log takes: no two of one number, also if a restore took one back, and
 * every shard has the last one before shard 0 takes the next. They come in one order everywhere.
 */
#ifndef SIM_REPORTS_H
#define SIM_REPORTS_H

#include <stddef.h>

#include "tests/sim/check/cells.h"
#include "wire/message/message.h"

enum { SIM_REPORT_BYTES_MAX = 32, SIM_GATHER_BYTES_MAX = 1024 };

struct sim_world;
struct sim_actor;
struct sim_shard;
struct sim_replica;
struct sim_judge;
struct sim_entry;

struct sim_leaf { /* by its unit; number 0: no report yet */
    uint64_t number, index, time_ms;
    bool final;
};

struct sim_reported { /* what stands from one report on */
    uint64_t index, number;
    uint8_t bytes[SIM_REPORT_BYTES_MAX];
    size_t length;
    struct sim_leaf leaves[SIM_UNITS];
    struct sim_cells cells;                               /* of reported leaves, as they were */
    uint64_t changed[SIM_UNITS][SIM_STYLES][SIM_METHODS]; /* by which entry, 0: never */
};

struct sim_reports {
    const struct sim_election *election;
    struct sim_reported *list; /* in order of index */
    uint32_t count, capacity;
    uint64_t done, refused; /* entries that changed nothing: done before; refused */
};

/* A partial that leaves in parts. */
struct sim_gather {
    uint32_t parts;
    uint8_t rows[SIM_GATHER_BYTES_MAX], reports[SIM_GATHER_BYTES_MAX],
        ballots[SIM_GATHER_BYTES_MAX];
    size_t rows_length, reports_length, ballots_length;
};

void sim_reports_take(struct sim_reports *reports, uint64_t index, uint64_t time_ms,
                      const struct psp_report *report, const struct sim_cells *cells);
void sim_reports_free(struct sim_reports *reports);
/* What stood at an index; zeros: nothing was reported. */
const struct sim_reported *sim_reports_at(const struct sim_reports *reports, uint64_t index);
/* Ballots counted in a unit at an index; the index at which that last changed. */
uint64_t sim_reports_counted(const struct sim_judge *judge, uint32_t unit, uint64_t index,
                             uint64_t *ret_changed);
/* Whether no row leaves but as reported. */
bool sim_reports_hold(const struct sim_election *election);

/* An entry was committed, and the judge has it; also one that a restore took over. */
void sim_reports_hashed(const struct sim_shard *shard, struct sim_entry *entry);
/* An entry was committed anew. */
void sim_reports_committed(struct sim_world *world, struct sim_shard *shard);
/* What a replica holds, against the judge at its index. */
void sim_reports_held(struct sim_world *world, const struct sim_replica *replica);
/* A partial, or a part of it, leaves a replica for another actor. */
void sim_reports_sent(struct sim_world *world, struct sim_replica *replica,
                      const struct sim_actor *to, const struct psp_partial *partial);

#endif
