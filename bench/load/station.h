/*
 * station - one client of a load run, a process of its own: casts through
 * libpsephos, keeps time and tallies what it was promised.
 *
 * Closed loop: as many ballots on the way as libpsephos takes; a ballot's time
 * runs from its submit. Open loop: ballot k is due at start + k / rate, whether
 * or not the cluster keeps up, and its time runs from when it was due. So a
 * stall is counted against every ballot that should have been sent during it
 * (no coordinated omission).
 *
 * Replays and double votes are extra ballots, sent after the first one's
 * receipt. Each verdict must be the intended one.
 *
 * Ownership: `shared` lies in memory shared with the parent, which only reads.
 */
#ifndef PSP_BENCH_STATION_H
#define PSP_BENCH_STATION_H

#include "bench/load/histogram.h"
#include "bench/load/papers.h"

struct psp_station_options {
    const char *cluster_path, *key_path;
    const struct psp_definition *definition;
    const struct psp_papers *papers;
    uint32_t client;
    bool rows;
    uint32_t batch_rows, inflight_max; /* of libpsephos */
    double rate;                       /* of this client; 0: closed loop */
    double replayed, double_votes;     /* extra, as shares of the first ballots */
    uint64_t ballots;                  /* first ballots of this client; 0: by time */
    double seconds;                    /* 0: by number */
    uint64_t start_us;                 /* psp_clock_us */
};

struct psp_station_shared {
    uint64_t sent, receipts;
    uint64_t counted, replayed, double_votes; /* intended verdicts */
    uint64_t unintended;
    uint64_t resent, busy;
    uint64_t index[PSP_SHARDS_MAX]; /* highest of the receipts */
    uint64_t counted_of[PSP_PAPERS_POOL];
    struct psp_histogram latency;
    enum psp_status status; /* valid when `done` */
    uint32_t done;
    char reason[512];
};

/* Runs until all is sent and answered, or nothing has come for 120 s. */
void psp_station_run(const struct psp_station_options *options, struct psp_station_shared *shared);

#endif
