/*
 * freshness - when every shard last proved its state current.
 *
 * Staleness is a question of now, not of the view: a view stays right while
 * nothing changes, and becomes stale when the shards fall silent. So the loop
 * notes the answers here and the HTTP threads compare with the time of the
 * request.
 *
 * Threads: one writer, any number of readers; every field is atomic by itself.
 */
#ifndef PSP_FRESHNESS_H
#define PSP_FRESHNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

struct psp_replica_freshness {
    _Atomic uint64_t last_answer_ms; /* monotonic; 0: no answer since the start */
    _Atomic uint64_t epoch, index;   /* of its last answer */
    _Atomic uint32_t leader;         /* as it says: replica + 1; 0 not known */
    _Atomic uint32_t agreement;      /* enum psp_agreement_state (collector/agreement.h) */
    _Atomic int64_t clock_ahead_ms;  /* of the collector's, as of last_answer_ms */
    _Atomic uint64_t scrubbed_bytes, scrub_passed_ms, damaged, mended; /* of its log: psp_scrub */
    _Atomic uint32_t sync_ms;
};

struct psp_freshness {
    uint32_t shard_count;
    uint64_t stale_ms;                         /* stale when older than this */
    _Atomic uint64_t fresh_ms[PSP_SHARDS_MAX]; /* monotonic; 0: not since the start */
    struct psp_replica_freshness replicas[PSP_SHARDS_MAX][PSP_REPLICAS_MAX];
};

/* Nothing proved for longer than stale_ms. */
static inline bool psp_freshness_stale(const struct psp_freshness *freshness, uint32_t shard,
                                       uint64_t now_ms)
{
    const uint64_t fresh_ms = atomic_load(&freshness->fresh_ms[shard]);
    return fresh_ms == 0 || now_ms > fresh_ms + freshness->stale_ms;
}

/* The replica that leads, as the one says that answered last; PSP_NONE: nobody
 * knows, or nobody has answered for long. */
static inline uint32_t psp_freshness_leader(const struct psp_freshness *freshness, uint32_t shard,
                                            uint64_t now_ms)
{
    uint64_t newest_ms = 0;
    uint32_t leader = 0;
    for (uint32_t r = 0; r < PSP_REPLICAS_MAX; r++) {
        const struct psp_replica_freshness *replica = &freshness->replicas[shard][r];
        const uint64_t at_ms = atomic_load(&replica->last_answer_ms);
        const uint32_t told = atomic_load(&replica->leader);
        if (told == 0 || at_ms < newest_ms || now_ms > at_ms + freshness->stale_ms)
            continue;
        newest_ms = at_ms;
        leader = told;
    }
    return leader == 0 ? PSP_NONE : leader - 1;
}

/* Of all shards. */
static inline bool psp_freshness_any_stale(const struct psp_freshness *freshness, uint64_t now_ms)
{
    bool stale = false;
    for (uint32_t shard = 0; shard < freshness->shard_count; shard++)
        stale |= psp_freshness_stale(freshness, shard, now_ms);
    return stale;
}

#endif
