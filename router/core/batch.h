/*
 * batch - ballots of many stations on their way to one shard.
 *
 * Rows are appended as columns. A span remembers which station sent a run of
 * rows, under which batch ID, and so where the verdicts go; the row numbers
 * stand beside the rows as the bytes that an answer needs. A batch keeps its
 * columns until it is answered, so that it can go to another replica when one
 * says it does not lead.
 *
 * The pool reuses batches and bounds their memory: over the bound a row is not
 * taken, and the station is told BUSY.
 *
 * Ownership: the pool owns every batch it gave out.   Threads: one owner.
 * Memory:    at most `memory_max` bytes in all batches.
 */
#ifndef PSP_ROUTER_BATCH_H
#define PSP_ROUTER_BATCH_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "election/ballot.h"
#include "election/runs.h"
#include "wire/socket/socket.h"

enum {
    PSP_ROUTER_BATCH_MARKS_MAX = 4 << 20, /* bytes of marks in one batch: the message stays small */
    PSP_ROUTER_BATCHES_SPARE_MAX = 64,    /* kept for reuse; more are freed */
};

struct psp_router_span {
    struct psp_peer peer;
    uint64_t client_batch_id;
    uint32_t first;    /* row in the batch; it ends where the next one begins */
    uint32_t station;  /* its number: of its rows in the log, and whose quota they take */
    uint32_t features; /* of the client that sent them */
};

/* Rows of two lanes never share a batch, and each lane has its window. */
enum psp_router_lane {
    PSP_ROUTER_MODEST,  /* of stations that cast no more than PSP_ROUTER_MODEST_ROWS a second */
    PSP_ROUTER_JUDGE,   /* of the others: theirs do not wait in the same queues */
    PSP_ROUTER_REPLAYS, /* the same, of stations whose rows were replays lately: a shard may hold
                         * an answer to nothing but replays back for a while */
    PSP_ROUTER_KNOWN,   /* only the first verdicts of rows that were judged before */
    PSP_ROUTER_LANES,
};

/*
 *     SPARE --> OPEN --> SENT <--> WAITING
 *       ^        |        |           |
 *       |        v        v           |
 *       +----- RETIRED <--+-----------+
 */
enum psp_router_batch_state {
    PSP_ROUTER_BATCH_SPARE,   /* the pool's */
    PSP_ROUTER_BATCH_OPEN,    /* being filled; without a row it may go back to the pool */
    PSP_ROUTER_BATCH_SENT,    /* a replica may have it */
    PSP_ROUTER_BATCH_WAITING, /* no replica has it: it will be sent again */
    PSP_ROUTER_BATCH_RETIRED, /* answered; actions may still point into it */
    PSP_ROUTER_BATCH_STATES,
};

struct psp_router_batch {
    uint64_t id;
    enum psp_router_batch_state state;
    enum psp_router_lane lane;
    uint32_t shard, replica; /* positions in the cluster */
    uint32_t tries;          /* replicas asked since the last pause */
    uint64_t since_ms;       /* opened, then: flushed */
    uint64_t retry_ms;       /* WAITING: not before */
    uint32_t n, capacity;
    uint8_t *block; /* the columns below, one allocation */
    uint8_t *digests, *tags, *units, *row_numbers, *methods;
    struct psp_runs_writer stations, styles; /* ended when the batch is flushed */
    uint8_t *marks;
    size_t marks_bytes, marks_capacity;
    struct psp_router_span *spans;
    uint32_t span_count, span_capacity;
    struct psp_router_batch *older, *newer; /* the owner's list */
};

struct psp_router_pool {
    size_t memory_max, memory_bytes;
    uint32_t spare_count;
    struct psp_router_batch *spare;
};

/* An empty OPEN batch. PSP_ENOMEM: over the bound. */
enum psp_status psp_router_pool_take(struct psp_router_pool *pool,
                                     struct psp_router_batch **ret_batch);
void psp_router_pool_give(struct psp_router_pool *pool, struct psp_router_batch *batch);
void psp_router_pool_free(struct psp_router_pool *pool);

/* Asserts that the batch may go from its state to this one. */
void psp_router_batch_move(struct psp_router_batch *batch, enum psp_router_batch_state to);

/* Makes room for one more row with `marks_bytes` and one more span.
 * PSP_EBUSY: the batch is full. PSP_ENOMEM: over the pool's bound. */
enum psp_status psp_router_batch_reserve(struct psp_router_pool *pool,
                                         struct psp_router_batch *batch, size_t marks_bytes);
/* Whether one more such row has its place without that. */
static inline bool psp_router_batch_has_room(const struct psp_router_batch *batch,
                                             size_t marks_bytes)
{
    return batch->n < batch->capacity && batch->span_count < batch->span_capacity &&
           batch->marks_bytes + marks_bytes <= batch->marks_capacity;
}
/* No row follows: its runs are whole. */
void psp_router_batch_end(struct psp_router_batch *batch);

/* The end of span `i`. */
static inline uint32_t psp_router_span_end(const struct psp_router_batch *batch, uint32_t i)
{
    assert(i < batch->span_count);
    return i + 1 < batch->span_count ? batch->spans[i + 1].first : batch->n;
}

#endif
