/*
 * stats - what the collector counts about itself, for /metrics.
 *
 * Threads: every field is atomic by itself; any thread counts.
 */
#ifndef PSP_STATS_H
#define PSP_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum { PSP_STATS_CODES = 600, PSP_STATS_BUCKETS = 12 };

struct psp_stats {
    _Atomic uint64_t publishes;
    _Atomic uint64_t partials[5];               /* by enum psp_stats_partial */
    _Atomic uint64_t requests[PSP_STATS_CODES]; /* by HTTP status code */
    _Atomic uint64_t connections, connections_cut, connections_refused, connections_pushed_out;
    _Atomic uint64_t stream_viewers, stream_events;
    _Atomic uint64_t changes_waiting, changes_answers;
    _Atomic uint64_t commit_bucket[PSP_STATS_BUCKETS + 1]; /* not cumulative; the last: over */
    _Atomic uint64_t commit_us_sum, commit_count;
};

enum psp_stats_partial {
    PSP_PARTIAL_MERGED,
    PSP_PARTIAL_STALE,
    PSP_PARTIAL_DIVERGED,
    PSP_PARTIAL_GAP,
    PSP_PARTIAL_REFUSED, /* undecodable, or of another cluster */
};

/* Upper bounds of the commit histogram, microseconds, ascending. */
extern const uint32_t psp_stats_commit_bounds_us[PSP_STATS_BUCKETS];

/* One commit took so long. */
void psp_stats_commit(struct psp_stats *stats, uint64_t us);

/* Relaxed: counters say nothing of one another. */
static inline void psp_stats_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
static inline uint64_t psp_stats_read(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
