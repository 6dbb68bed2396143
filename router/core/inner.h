/*
 * inner - what the router's core holds; for core.c and message.c only.
 *
 * Threads: one owner.
 */
#ifndef PSP_ROUTER_CORE_INNER_H
#define PSP_ROUTER_CORE_INNER_H

#include "base/reason.h"
#include "router/core/batch.h"
#include "router/core/core.h"
#include "router/core/quota.h"
#include "router/core/translate.h"

/* One shard, as the router sees it. */
struct psp_router_place {
    uint32_t replica; /* position of the replica believed to lead */
    uint32_t batches; /* on the way */
    uint64_t message; /* the station's message that the open batch's last span belongs to */
    struct psp_router_batch *open;
};

struct psp_router_core {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition;
    struct psp_digest_key key;
    struct psp_fence fence;
    struct psp_router_quota quota; /* rows open and on the way */
    uint64_t message;              /* stations' batches so far */
    uint64_t batch_id_next;
    struct psp_router_pool pool;
    struct psp_router_batch *oldest, *newest; /* on the way, in order of sending */
    struct psp_router_batch *retired;         /* actions may still point into these */
    struct psp_router_batch *table[PSP_ROUTER_INFLIGHT_BATCHES_MAX];
    struct psp_router_action *actions;
    size_t action_count, action_capacity;
    struct psp_translation translation;
    struct psp_reason reason;
    uint8_t busy_rows[2 * PSP_BATCH_ROWS_MAX];
    uint32_t busy_count;
    uint8_t verdicts[PSP_BATCH_ROWS_MAX]; /* of the batch answered last */
    struct psp_router_counters counters;
    struct psp_router_place places[PSP_SHARDS_MAX];
    uint8_t shard_of_slot[PSP_SLOT_COUNT];
};

_Static_assert(PSP_SHARDS_MAX <= 256, "shard_of_slot holds a byte");

#endif
