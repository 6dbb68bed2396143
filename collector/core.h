/*
 * core - what a collector decides: whom to ask, what is stale, when to publish.
 *
 * Every shard replica has at most one Watch outstanding. An answer is merged
 * into the board and the next Watch follows at once; silence is asked again.
 * The first Watch, and one after silence, does not wait for news: what counts
 * then is to know at once that the replica is there.
 * A replica that answers nonsense is asked again after a pause, so that it
 * cannot keep the collector busy.
 *
 *     asking ──answer──▶ due now ──sent──▶ asking
 *       │                   ▲
 *       └─silent 2 s────────┘      fault: due after 1 s
 *
 * What was published of a shard goes back to it with every Watch, as a head that the shard
 * signed (cluster/head.h): by it a lone replica finds out that it lost the end of its log.
 * A signature costs as much as a third of a merge: one a shard is checked a publication.
 *
 * A shard is stale when no replica has answered, since this collector started
 * or for PSP_STALE_MS, with the index the board holds or a later one: a replica
 * that lags behind does not make the shard fresh. Nor does the first answer since
 * the start before it is published: who reads "fresh" takes what is shown for it.
 *
 * No socket, file, clock or thread: the time comes in, requests go out.
 *
 * Ownership: owns the board.   Threads: one owner.
 * Memory:    all at create.
 */
#ifndef PSP_COLLECTOR_CORE_H
#define PSP_COLLECTOR_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "collector/agreement.h"
#include "collector/board/board.h"

enum {
    PSP_STALE_MS = 3000,
    PSP_WATCH_WAIT_MS = 1000,        /* then the shard answers, changed or not */
    PSP_WATCH_SILENCE_MS = 2000,     /* then ask again */
    PSP_WATCH_FAULT_PAUSE_MS = 1000, /* after an answer that cannot be used */
    PSP_WATCH_UNSENT_PAUSE_MS = 100, /* when the socket would not take it */
    PSP_PUBLISH_INTERVAL_MS = 100,
    PSP_PUBLISH_SHARE = 4, /* publishing takes at most 1 in 4 + 1 of a core */
};

struct psp_collector_core;

/* A Watch to send. */
struct psp_collector_watch {
    uint32_t shard, replica_at; /* replica_at: position in the shard's list in cluster.json */
    uint64_t watch_id, after_index, base_index, base_epoch;
    uint32_t wait_ms;
    struct psp_head head; /* the newest one published that the shard signed; index 0: none */
};

struct psp_collector_replica { /* what is known of one replica */
    bool answered;
    uint64_t last_answer_ms, epoch, index;
    uint32_t leader; /* of the shard, as it says: replica + 1; 0 not known */
};

/* PSP_ENOMEM. Neither is owned. */
enum psp_status psp_collector_core_create(const struct psp_definition *definition,
                                          const struct psp_cluster *cluster,
                                          struct psp_collector_core **ret_core);
void psp_collector_core_destroy(struct psp_collector_core **core);

/* For reading, and for merging what the store held before the first Watch. */
struct psp_board *psp_collector_core_board(struct psp_collector_core *core);

/* The next Watch that is due; call until it returns false. */
bool psp_collector_core_next_watch(struct psp_collector_core *core, uint64_t now_ms,
                                   struct psp_collector_watch *ret_watch);

/* The socket did not take the Watch. */
void psp_collector_core_unsent(struct psp_collector_core *core, uint64_t now_ms,
                               const struct psp_collector_watch *watch);

/* A partial came over the connection to (shard, replica_at). Returns what
 * psp_board_merge says, or PSP_EDIVERGED of another history (agreement.h); PSP_EMISMATCH as
 * well when it speaks of another shard than the one that was asked; PSP_EAGAIN when it is a
 * part and more will come,
 * PSP_EINVAL when a part is missing, PSP_ENOMEM when there is no room for it. */
enum psp_status psp_collector_core_partial(struct psp_collector_core *core, uint64_t now_ms,
                                           uint32_t shard, uint32_t replica_at, uint64_t watch_id,
                                           const struct psp_partial *partial);

/* The board changed and the last publication is long enough ago. */
bool psp_collector_core_publish_due(const struct psp_collector_core *core, uint64_t now_ms);
/* The board as it is now was committed and published in [start, end], of which
 * `cpu_ms` were work. The rest was waiting, for the disk or for a core: that
 * long again is left to others, not four times as long, or a slow disk would
 * delay what is shown for its own sake. */
void psp_collector_core_published(struct psp_collector_core *core, uint64_t start_ms,
                                  uint64_t end_ms, uint64_t cpu_ms);

/* What was published of the shard last has no signature of the shard. */
bool psp_collector_core_unsigned(const struct psp_collector_core *core, uint32_t shard);

/* When something will be due, at the latest; never before now. */
uint64_t psp_collector_core_wake_ms(const struct psp_collector_core *core, uint64_t now_ms);

/* Not proved current for PSP_STALE_MS, or not since the start. */
bool psp_collector_core_stale(const struct psp_collector_core *core, uint32_t shard,
                              uint64_t now_ms);
/* When the shard last proved its state current; 0: not since the start, or what it
 * proved then is not published yet. */
uint64_t psp_collector_core_fresh_ms(const struct psp_collector_core *core, uint32_t shard);
const struct psp_collector_replica *psp_collector_core_replica(
    const struct psp_collector_core *core, uint32_t shard, uint32_t replica_at);

/* Whether the replica has what is shown. */
enum psp_agreement_state psp_collector_core_agreement(const struct psp_collector_core *core,
                                                      uint32_t shard, uint32_t replica_at);
/* While a replica of the shard contradicts what is held: which to trust. */
void psp_collector_core_trust(const struct psp_collector_core *core, uint32_t shard,
                              char ret_text[PSP_TRUST_BYTES]);

#endif
