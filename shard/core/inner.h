/*
 * inner - what a shard's core is made of, for the files of this room. Each calls
 * those below it, and none calls back:
 *
 *     core.c     events
 *     request.c  batches, operator requests, status
 *     apply.c    committed entries into the count; genesis; checkpoints
 *     move.c     leadership that moves on purpose
 *     replace.c  a replica that comes back under a new ID
 *     watch.c    partials to collectors
 *     steps.c    the only one that steps consensus; proposals
 *     waiting.c  who waits for what
 *     state.c    what it says of itself
 *     actions.c  what a call hands out
 *     window.c   entries in memory
 *
 * Ownership: as core.h says.   Threads: one owner.
 */
#ifndef PSP_SHARD_CORE_INNER_H
#define PSP_SHARD_CORE_INNER_H

#include "cluster/raft_id.h"
#include "shard/core/core.h"
#include "shard/core/window.h"

enum psp_waiting_kind { PSP_WAITING_NOBODY, PSP_WAITING_BATCH, PSP_WAITING_OPERATOR };

/* Who is to be told when an index is applied. */
struct psp_waiting {
    uint64_t index, term;
    enum psp_waiting_kind kind;
    struct psp_peer peer;
    uint64_t id; /* of the batch or request */
};

struct psp_watcher {
    bool used, waiting;
    struct psp_peer peer;
    uint32_t collector;
    uint64_t watch_id, after_index, base_index, base_epoch;
    uint64_t due_ms, answered_ms;
};

struct psp_core {
    struct psp_genesis genesis;
    uint8_t fence_hash[PSP_HASH_BYTES];
    uint32_t replica, member_count;
    uint64_t raft_id;
    const struct psp_definition *definition;
    struct psp_count *count;
    struct psp_consensus *consensus;
    uint64_t pid;
    size_t part_bytes;
    uint32_t parts_max;
    struct psp_core_time now;
    bool stopped;
    char stop_text[512];

    struct psp_core_action *actions;
    size_t action_count, action_capacity;
    struct psp_arena *scratch; /* of the actions of one call */
    struct psp_arena *decode;  /* of the entry being applied */
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];

    struct psp_window window;
    struct psp_window_bytes *proposing; /* the bytes being submitted right now */
    uint64_t written_number;            /* appends known durable */
    uint64_t commit_index, applied_term;
    bool loading;
    bool warming; /* the system has not handed out all memory of the expected voters */

    bool leading; /* as of the last call */
    uint64_t leading_term;
    uint64_t inherited_index; /* end of the log when it began to lead, barrier included */
    uint64_t genesis_term;    /* in which this replica proposed a genesis */
    uint64_t last_time_ms;    /* of the newest entry proposed */
    struct psp_waiting waiting[PSP_CORE_UNAPPLIED_MAX]; /* a queue by index */
    size_t waiting_first, waiting_count;

    uint64_t move_to, move_until_ms; /* the raft ID that is to lead, 0 none */
    bool move_begun;                 /* consensus knows */
    uint64_t joining;                /* the raft ID that is to become a member, 0 none */

    struct psp_watcher watchers[PSP_CORE_WATCHERS_MAX];

    bool checkpointing;
    uint64_t checkpoint_index, checkpoint_ms;
    uint64_t busy_rows;
};

/* ---- actions.c ---- */

/* Of every event: the time, and no actions yet. */
void psp_core_begin(struct psp_core *core, struct psp_core_time now);
/* Adds an action of the type; NULL: out of memory (the core has stopped). */
struct psp_core_action *psp_core_act(struct psp_core *core, enum psp_core_action_type type);
/* Adds a message to a peer, to be filled; NULL as above. */
struct psp_cluster_message *psp_core_send(struct psp_core *core, const struct psp_peer *peer,
                                          enum psp_cluster_type type, uint64_t id);
void psp_core_stop(struct psp_core *core, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Memory until the next call; NULL: out of memory (the core has stopped). */
void *psp_core_scratch(struct psp_core *core, size_t bytes);

/* ---- state.c ---- */

/* Leads and has applied all that earlier leaders left: may propose. */
bool psp_core_serves(const struct psp_core *core);
/* The replica that leads, as far as known, or PSP_NONE. */
uint32_t psp_core_leader(const struct psp_core *core);

/* ---- waiting.c ---- */

/* Somebody is to be told when the entry is applied; it is the newest one. */
void psp_core_wait(struct psp_core *core, const struct psp_waiting *waiting);
/* An entry was applied: tells who waits for it. */
void psp_core_answer(struct psp_core *core, uint64_t index, uint64_t term,
                     const struct psp_entry *entry, enum psp_apply_result result,
                     const char *refused_text);
/* Leadership is gone: whoever waits is told that the outcome is unknown. */
void psp_core_lose(struct psp_core *core);
void psp_core_refuse_batch(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                           enum psp_count_refusal code, const char *text);
/* What became of an operator's request. */
struct psp_core_outcome {
    enum psp_operate_status status;
    bool temporary; /* of REFUSED */
    uint64_t index;
    const char *text; /* static */
};
static inline struct psp_core_outcome psp_core_refused(const char *text, bool temporary)
{
    return (struct psp_core_outcome){PSP_OPERATE_REFUSED, temporary, 0, text};
}
void psp_core_answer_operator(struct psp_core *core, const struct psp_peer *peer,
                              uint64_t request_id, const struct psp_core_outcome *outcome);

/* ---- steps.c ---- */

/* Entries and bytes proposed and not applied are below their bounds. */
bool psp_core_has_room(const struct psp_core *core);
/* Proposes an entry at the leader's time; false: not proposed (not leading).
 * Somebody may wait for it. */
bool psp_core_propose(struct psp_core *core, struct psp_entry *entry,
                      const struct psp_waiting *waiting);
/* Tells consensus to hand over. */
void psp_core_transfer(struct psp_core *core, uint64_t raft_id);
/* Proposes other members. */
void psp_core_change(struct psp_core *core, const struct psp_consensus_member *members, uint32_t n);
void psp_core_step_start(struct psp_core *core, const struct psp_consensus_start *start);
/* Of another replica. */
void psp_core_step_message(struct psp_core *core, const struct psp_raft_message *message);
void psp_core_step_persisted(struct psp_core *core, uint64_t append_number);
void psp_core_step_checkpointed(struct psp_core *core, uint64_t index, uint64_t term);
/* Tells consensus the time when it waits for that. */
void psp_core_step_time(struct psp_core *core);

/* ---- request.c ---- */

/* A message of a router, collector or operator. */
void psp_core_request(struct psp_core *core, const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message);

/* ---- move.c ---- */

/* Begins to move the leadership. Nothing is proposed until it has moved or
 * PSP_CORE_MOVE_MS are over. */
struct psp_core_outcome psp_core_move(struct psp_core *core, uint32_t replica);
/* A turn's part of it. */
void psp_core_move_on(struct psp_core *core);

/* ---- replace.c ---- */

/* Begins, or goes on, to make an ID a member in its predecessor's place. */
struct psp_core_outcome psp_core_replace(struct psp_core *core, uint64_t raft_id);
/* A turn's part of it. */
void psp_core_replace_on(struct psp_core *core);

/* ---- apply.c ---- */

/* Applies committed entries, a slice. */
void psp_core_apply(struct psp_core *core);
bool psp_core_apply_pending(const struct psp_core *core);
void psp_core_check_genesis(struct psp_core *core);
bool psp_core_genesis_pending(const struct psp_core *core);
void psp_core_propose_genesis(struct psp_core *core);
void psp_core_take_checkpoint(struct psp_core *core);
bool psp_core_apply_record(struct psp_core *core, uint64_t index, uint64_t term,
                           enum psp_record_type type, const uint8_t *payload, size_t bytes);

/* ---- watch.c ---- */

/* A collector waits for more than it has. */
void psp_core_watch(struct psp_core *core, const struct psp_core_sender *sender,
                    const struct psp_cluster_message *message);
/* Answers those whose time has come; of the others, when the first one's does. */
void psp_core_answer_watchers(struct psp_core *core);
uint64_t psp_core_watch_deadline(const struct psp_core *core);

#endif
