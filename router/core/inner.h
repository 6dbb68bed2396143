/*
 * inner - what the router's core holds; for the files of this room only.
 *
 * Threads: one owner.
 */
#ifndef PSP_ROUTER_CORE_INNER_H
#define PSP_ROUTER_CORE_INNER_H

#include <assert.h>

#include "base/reason.h"
#include "router/core/batch.h"
#include "router/core/core.h"
#include "router/core/quota.h"
#include "router/core/translate.h"

/* To clients that know no code of rows, the code says that the key is not allowed. */
static inline enum psp_refusal_code psp_router_outside_code(uint32_t features)
{
    return features & PSP_FEATURE_NOT_ALLOWED_ROWS ? PSP_REFUSAL_NOT_ALLOWED_ROWS
                                                   : PSP_REFUSAL_NOT_ALLOWED;
}
#define PSP_ROUTER_OUTSIDE_TEXT                                                                    \
    "outside the units, methods or time that this key may cast for; ask the operator"

/* One shard, as the router sees it. */
struct psp_router_place {
    uint32_t replica;     /* position of the replica believed to lead */
    uint32_t shared_rows; /* of stations that cast much, on the way while others cast, too */
    uint64_t lowered_ms;
    uint64_t heard_ms; /* its last verdicts, or since when it has something to answer */
    struct psp_router_line {
        uint32_t batches; /* on the way */
        uint32_t rows;    /* of them and of the open one */
        uint64_t message; /* the station's message that the open batch's last span belongs to */
        struct psp_router_batch *open;
    } lines[PSP_ROUTER_LANES];
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
    uint8_t busy_rows[2 * PSP_BATCH_ROWS_MAX], outside_rows[2 * PSP_BATCH_ROWS_MAX];
    uint32_t busy_count, outside_count;
    uint8_t answer_rows[2 * PSP_BATCH_ROWS_MAX]; /* of the batch answered last */
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    uint8_t *watched; /* by station's number: answers to come until it is trusted again */
    struct psp_router_rate *rates; /* likewise */
    uint64_t modest_ms;            /* of the last row of a modest station; 0: none */
    uint32_t *only_style;          /* unit -> its style, PSP_NONE: it has none, or several */
    struct psp_router_counters counters;
    struct psp_router_place places[PSP_SHARDS_MAX];
    uint8_t shard_of_slot[PSP_SLOT_COUNT];
};

/* One more action of this event. Without memory it is dropped, which is what the
 * network may do, too: the station's timeout covers it. */
void psp_router_act(struct psp_router_core *core, const struct psp_router_action *action);
/* Another event begins: what the actions pointed to is given back. */
void psp_router_drop_actions(struct psp_router_core *core);

/* The line's open batch goes out. False: the table is full, it stays open. */
bool psp_router_flush_line(struct psp_router_core *core, struct psp_router_line *line,
                           uint64_t now_ms);
/* To the replica that is believed to lead. */
void psp_router_send(struct psp_router_core *core, struct psp_router_batch *batch);
/* Refuses every span, and retires it. */
void psp_router_refuse_batch(struct psp_router_core *core, struct psp_router_batch *batch,
                             enum psp_refusal_code code, const char *text);
void psp_router_refuse_busy(struct psp_router_core *core, struct psp_router_batch *batch,
                            const char *text);

/* Asserts what is so after every event: each row that was decoded is answered or on the way,
 * lists, lines and quota speak of the same ones. O(1); in checked builds of all batches. */
void psp_router_check(const struct psp_router_core *core);

static_assert(PSP_SHARDS_MAX <= 256, "shard_of_slot holds a byte");
static_assert(PSP_ROUTER_WATCHED_ANSWERS <= UINT8_MAX, "so does watched");
static_assert((PSP_ROUTER_INFLIGHT_BATCHES_MAX & (PSP_ROUTER_INFLIGHT_BATCHES_MAX - 1)) == 0,
              "a batch's place in the table is the end of its number");
static_assert(PSP_ROUTER_WINDOW_KNOWN_BATCHES <= PSP_ROUTER_WINDOW_REPLAYS_BATCHES &&
                  PSP_ROUTER_WINDOW_REPLAYS_BATCHES < PSP_ROUTER_WINDOW_BATCHES,
              "what was judged before takes no other's place");
static_assert(PSP_ROUTER_RETRY_PAUSE_MS < PSP_ROUTER_INFLIGHT_TIMEOUT_MS,
              "a batch that no replica took goes again before it is BUSY");
static_assert(PSP_ROUTER_SHARED_WAIT_MS < PSP_ROUTER_SILENT_MS &&
                  PSP_ROUTER_SILENT_MS < PSP_ROUTER_INFLIGHT_TIMEOUT_MS,
              "late is before silent, and that before given up");
static_assert(PSP_ROUTER_SHARED_ROWS / 8 > 0 &&
                  PSP_ROUTER_SHARED_ROWS <= PSP_ROUTER_INFLIGHT_ROWS_MAX,
              "some rows may always be on the way, never more than all");
static_assert(PSP_ROUTER_INFLIGHT_ROWS_MAX / 2 / PSP_SHARDS_MAX > 0, "each shard has a share");

#endif
