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

#include "election/limits.h"

struct psp_replica_freshness {
    _Atomic uint64_t last_answer_ms; /* monotonic; 0: no answer since the start */
    _Atomic uint64_t epoch, index;   /* of its last answer */
};

struct psp_freshness {
    uint32_t shard_count;
    uint64_t stale_ms;                         /* stale when older than this */
    _Atomic uint64_t fresh_ms[PSP_SHARDS_MAX]; /* monotonic; 0: not since the start */
    struct psp_replica_freshness replicas[PSP_SHARDS_MAX][PSP_REPLICAS_MAX];
};

static inline bool psp_freshness_stale(const struct psp_freshness *freshness, uint32_t shard,
                                       uint64_t now_ms)
{
    const uint64_t fresh_ms = atomic_load(&freshness->fresh_ms[shard]);
    return fresh_ms == 0 || now_ms > fresh_ms + freshness->stale_ms;
}

static inline bool psp_freshness_any_stale(const struct psp_freshness *freshness, uint64_t now_ms)
{
    bool stale = false;
    for (uint32_t shard = 0; shard < freshness->shard_count; shard++)
        stale |= psp_freshness_stale(freshness, shard, now_ms);
    return stale;
}

#endif
