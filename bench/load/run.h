/*
 * run - one load run: starts the stations, watches them, checks the count.
 *
 * Ownership: owns its series.   Threads: one owner; stations are processes.
 */
#ifndef PSP_BENCH_RUN_H
#define PSP_BENCH_RUN_H

#include "base/reason.h"
#include "bench/load/books.h"
#include "bench/load/sampler.h"
#include "bench/load/station.h"
#include "bench/load/viewer.h"

struct psp_load_options {
    const char *directory; /* of a local cluster; NULL: nothing is sampled */
    const char *cluster_path, *key_path;
    uint32_t clients;
    bool rows;
    uint32_t batch_rows, inflight_max;
    double rate; /* of all clients; 0: closed loop */
    double replayed, double_votes, skew;
    uint64_t ballots; /* of all clients; 0: by time */
    double seconds, warm_up_s;
    uint64_t seed;
    bool quiet;
};

enum { PSP_LOAD_INTERVAL_MS = 500 };

struct psp_load_point { /* one interval */
    double at_s;        /* its end, from the start */
    double rate;        /* receipts a second */
    double p50_ms, p99_ms, max_ms;
};

struct psp_load_result {
    double seconds;          /* from the start to the last receipt */
    double measured_seconds; /* without warm-up, until the last send is answered */
    uint64_t measured_receipts;
    struct psp_histogram latency; /* of the measured part */
    struct psp_histogram visible; /* from receipt to an event that shows it */
    uint64_t sent, receipts, counted, replayed, double_votes, unintended, resent, busy;
    struct psp_sampler sampler;                                       /* its processes, */
    struct psp_usage before[PSP_SAMPLER_MAX], after[PSP_SAMPLER_MAX]; /* at start and end, */
    struct psp_load_point *points;                                    /* [point_n] */
    struct psp_usage *usages; /* and [point_n * sampler.n] along the way */
    uint32_t point_n, point_max;
    uint64_t disk_bytes_before, disk_bytes_after;
    struct psp_bench_books books_before, books_after;
    char verdict[512];              /* "" when the count is right, else what is not */
    double load_before, load_after; /* the machine's load average */
};

/* PSP_OK also when result.verdict says that the count is wrong. Else
 * The reason says what to do. */
enum psp_status psp_load_run(const struct psp_load_options *options,
                             struct psp_load_result *ret_result, struct psp_reason *reterr_reason);
void psp_load_result_free(struct psp_load_result *result);

/* Disposition and books agree with what the stations were promised; the reason
 * when not, into result->verdict. */
void psp_load_check(const struct psp_definition *definition, const uint64_t *votes_promised,
                    struct psp_load_result *result);

#endif
