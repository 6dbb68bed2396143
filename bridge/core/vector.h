/*
 * vector - what state of a cluster something is true as of: the place of every shard's log.
 *
 * The `version` of the API's answers, compared shard by shard: a number that adds the
 * shards up would call two states comparable of which each is newer in one shard.
 * A place is (epoch, index): a restore raises the epoch, so it is newer than all before.
 *
 * Ownership: plain values.   Threads: none.
 */
#ifndef PSP_BRIDGE_VECTOR_H
#define PSP_BRIDGE_VECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

enum { PSP_BRIDGE_CLUSTER_BYTES = 2 * PSP_CLUSTER_ID_BYTES + 1 };

struct psp_bridge_place {
    uint32_t shard;
    uint64_t epoch, index;
};

struct psp_bridge_vector {                  /* zero-initialised: empty, of nothing at all */
    char cluster[PSP_BRIDGE_CLUSTER_BYTES]; /* lower-case hex, as in the API */
    uint32_t count;
    struct psp_bridge_place places[PSP_SHARDS_MAX]; /* by shard, ascending */
};

/* `EQUAL` says nothing of reports that are shown between two log entries: an answer that is
 * EQUAL is written, too. */
enum psp_bridge_order {
    PSP_BRIDGE_OLDER = 1, /* than the other, in some shard, and in none newer */
    PSP_BRIDGE_EQUAL,
    PSP_BRIDGE_NEWER,
    PSP_BRIDGE_APART, /* newer in one shard and older in another, or not of the same shards */
};

/* How `a` is to `b`. An empty one is older than all others. */
enum psp_bridge_order psp_bridge_vector_compare(const struct psp_bridge_vector *a,
                                                const struct psp_bridge_vector *b);

/* Log entries that `behind` lacks of `ahead`; of a shard that was restored, all of the new
 * epoch. 0 where it is not behind. */
uint64_t psp_bridge_vector_lag(const struct psp_bridge_vector *behind,
                               const struct psp_bridge_vector *ahead);

/* Of a `version` object of the API, of which `cluster` and `shards` are enough: what a target
 * keeps. False: it is none, *ret_vector as it was. */
bool psp_bridge_vector_read(const json_t *version, struct psp_bridge_vector *ret_vector);

#endif
