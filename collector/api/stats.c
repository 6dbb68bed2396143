/* The histogram of commits: 0.5 ms to 5 s. */
#include "collector/api/stats.h"

const uint32_t psp_stats_commit_bounds_us[PSP_STATS_BUCKETS] = {
    500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 5000000,
};

void psp_stats_commit(struct psp_stats *stats, uint64_t us)
{
    uint32_t bucket = 0;
    while (bucket < PSP_STATS_BUCKETS && us > psp_stats_commit_bounds_us[bucket])
        bucket++;
    psp_stats_count(&stats->commit_bucket[bucket]);
    psp_stats_count(&stats->commit_count);
    atomic_fetch_add_explicit(&stats->commit_us_sum, us, memory_order_relaxed);
}
