/*
 * inner - what a shard's core is made of, for the files of this room. Each calls
 * those below it, and none calls back:
 *
 *     core.c     events
 *     request.c  batches, operator requests, status
 *     apply.c    committed entries into the count; genesis; checkpoints
 *     move.c     leadership that moves on purpose, or because of its clock
 *     replace.c  a replica that comes back under a new ID
 *     care.c     scrubbing and mending the log; how the other replicas do
 *     closing.c  the election closes when its time has come
 *     watch.c    partials to collectors
 *     replays.c  ballots that are known already and need no row in the log
 *     steps.c    the only one that steps consensus; proposals
 *     waiting.c  who waits for what
 *     parked.c   batches of nothing but replays, on their way into an entry
 *     state.c    what it says of itself; answers
 *     actions.c  what a call hands out
 *     window.c   entries in memory
 *
 * Ownership: as core.h says.   Threads: one owner.
 */
#ifndef PSP_SHARD_CORE_INNER_H
#define PSP_SHARD_CORE_INNER_H

#include "cluster/raft_id.h"
#include "shard/clocks/clocks.h"
#include "shard/core/core.h"
#include "shard/entries/latency.h"
#include "shard/entries/mending.h"
#include "shard/entries/reads.h"
#include "shard/entries/window.h"

enum psp_waiting_kind { PSP_WAITING_NOBODY, PSP_WAITING_BATCH, PSP_WAITING_OPERATOR };

/* Who is to be told when an index is applied. */
struct psp_waiting {
    uint64_t index, term;
    enum psp_waiting_kind kind;
    struct psp_peer peer;
    uint64_t id;    /* of the batch or request */
    uint8_t *known; /* of a batch: see struct psp_known; NULL: every row is in the entry */
    uint32_t n;     /* rows of the batch, with known */
};

/* Ballots of a station that the leader knew already. */
struct psp_tally {
    uint32_t station, n;
};

/* A batch of which no row is in an entry: it waits for an entry that carries its
 * replays, or, when it asks only for what is known, for one that shows that this replica
 * leads still. */
struct psp_parked {
    struct psp_peer peer;
    uint64_t id;
    uint32_t n;
    uint8_t *verdicts; /* n */
    struct psp_tally *tallies;
    uint32_t tally_n;
    uint64_t due_ms;      /* it waits no longer for an entry of others */
    uint64_t index, term; /* of the entry that carries the tallies; 0: none yet */
    uint64_t wants;       /* only known: answered when this index is applied; 0 otherwise */
    uint8_t *rows;        /* only known: digests 16 n, tags 8 n, stations 4 n */
};

struct psp_watcher {
    bool used, waiting, held; /* held: to be told held_hash */
    struct psp_peer peer;
    uint32_t collector;
    uint64_t watch_id, after_index, base_index, base_epoch;
    uint64_t due_ms, answered_ms;
    uint64_t head_from_ms, head_say_ms; /* when one past the log may be looked at, and told of */
};

/* The log's files: what is known of them, and what is done about it. */
struct psp_care {
    uint64_t damaged; /* records that are known to be */
    char place[512];  /* of the first one, for a person */
    struct psp_mending mending;
    uint64_t ask_ms; /* when the others are asked again */
    uint32_t differs;
    uint64_t mends; /* index of the record that is being written; 0: none */

    bool scrubbing;
    uint64_t scrub_next, scrub_ms;      /* the index to go on with, and when */
    uint64_t scrubbed_bytes, passed_ms; /* since the start; wall time of the last whole scrub */
    uint64_t found, mended;             /* records, since the start */
    uint32_t passes;

    uint64_t health_ms; /* when the others are told again */
    struct {
        uint64_t heard_ms; /* 0: never */
        struct psp_health health;
    } others[PSP_REPLICAS_MAX];
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
    struct psp_window_bytes *proposing;   /* the bytes being submitted right now */
    uint64_t written_number;              /* appends known durable */
    uint64_t appended_number, pending_ms; /* the last append, and since when one is not durable */
    uint64_t commit_index, applied_term;
    bool started;             /* consensus has begun: nothing is damaged that it needs */
    bool loading, unreadable; /* what is to be applied next waits to be mended */
    struct psp_reads reads;
    struct psp_care care;
    struct psp_latency latency;
    bool warming; /* the system has not handed out all memory of the expected voters */

    bool leading; /* as of the last call */
    uint64_t leading_term;
    uint64_t inherited_index; /* end of the log when it began to lead, barrier included */
    uint64_t genesis_term;    /* in which this replica proposed a genesis */
    uint64_t last_time_ms;    /* of the newest entry proposed */
    struct psp_waiting waiting[PSP_CORE_UNAPPLIED_MAX]; /* a queue by index */
    size_t waiting_first, waiting_count;
    struct psp_parked parked[PSP_CORE_PARKED_MAX]; /* in order of arrival */
    uint32_t parked_count;
    uint32_t probes; /* ballots that may be refused past a station's budget, as of probes_ms */
    uint64_t probes_ms;
    uint8_t *watched; /* by station: batches to look up until it is trusted again */
    uint64_t closing_term, closing_at_ms; /* in which, and of when, it proposed the close due */

    uint64_t move_to, move_until_ms;  /* the raft ID that is to lead, 0 none */
    uint64_t move_patience_ms;        /* so long it waits for what was proposed */
    bool move_begun;                  /* consensus knows */
    uint64_t slow_from_ms, slow_term; /* steady: it may hand over for its disk again; its term */
    struct psp_clocks clocks;
    uint64_t clock_from_ms; /* steady: it may be told and moved for its clock again */
    uint64_t joining;       /* the raft ID that is to become a member, 0 none */

    struct psp_watcher watchers[PSP_CORE_WATCHERS_MAX];
    uint64_t held_from_ms;             /* held_hash may be asked for again */
    uint8_t (*hashes)[PSP_HASH_BYTES]; /* [PSP_CORE_HASHES]: of the state at index i % that */
    uint64_t hashes_from;              /* the first index that was remembered */
    const struct psp_sign_key *signing_key;
    struct psp_head head; /* the last one signed */

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
/* A message to another replica, to be filled; NULL as above. */
struct psp_cluster_message *psp_core_tell(struct psp_core *core, uint32_t replica,
                                          enum psp_cluster_type type);
/* Entries are to be read from the log for what `kind` says: a place to be filled, NULL: none
 * is free, or as above. */
struct psp_read *psp_core_wish(struct psp_core *core, enum psp_read_kind kind, uint64_t first,
                               uint64_t last);
/* Records as entries of a message, in scratch; NULL as above. */
struct psp_raft_entry *psp_core_entries(struct psp_core *core, const struct psp_record *records,
                                        uint32_t n);
/* Memory until the next call; NULL: out of memory (the core has stopped). */
void *psp_core_scratch(struct psp_core *core, size_t bytes);

/* ---- state.c ---- */

/* Leads and has applied all that earlier leaders left: may propose. */
bool psp_core_serves(const struct psp_core *core);
/* The replica that leads, as far as known, or PSP_NONE. */
uint32_t psp_core_leader(const struct psp_core *core);

/* Answers to who sent a batch or asked for an operation. */
void psp_core_refuse_batch(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                           enum psp_count_refusal code, const char *text);
/* Verdicts of a whole batch, as of an index. */
void psp_core_tell_verdicts(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                            uint64_t index, const uint8_t *verdicts, uint32_t n);
/* What became of an operator's request. */
struct psp_core_outcome {
    enum psp_operate_status status;
    bool temporary; /* of REFUSED */
    uint64_t index;
    const char *text; /* static, or in scratch */
};
static inline struct psp_core_outcome psp_core_refused(const char *text, bool temporary)
{
    return (struct psp_core_outcome){PSP_OPERATE_REFUSED, temporary, 0, text};
}
void psp_core_answer_operator(struct psp_core *core, const struct psp_peer *peer,
                              uint64_t request_id, const struct psp_core_outcome *outcome);

/* ---- waiting.c ---- */

/* Somebody is to be told when the entry is applied; it is the newest one. */
void psp_core_wait(struct psp_core *core, const struct psp_waiting *waiting);
/* Who waits for the entry proposed last. */
const struct psp_waiting *psp_core_newest(const struct psp_core *core);
/* An entry was applied: tells who waits for it. */
void psp_core_answer(struct psp_core *core, uint64_t index, uint64_t term,
                     const struct psp_entry *entry, enum psp_apply_result result,
                     const char *refused_text);
/* Leadership is gone: whoever waits is told that the outcome is unknown. */
void psp_core_lose(struct psp_core *core);

/* ---- parked.c ---- */

/* Takes over what it points at. False: as many as may be are parked. */
bool psp_core_park(struct psp_core *core, const struct psp_parked *parked);
/* Tallies that no entry carries yet, as many as fit into `bytes`, added to `tallies` by
 * station, ascending; how many stations these are then. The batches get the mark
 * that the next two calls speak of. */
uint32_t psp_core_parked_collect(struct psp_core *core, struct psp_tally *tallies, uint32_t n,
                                 size_t bytes);
/* The entry that carries what was collected was proposed. */
void psp_core_parked_place(struct psp_core *core, uint64_t index, uint64_t term);
/* When the first one has waited long enough; UINT64_MAX: none waits. */
uint64_t psp_core_parked_due(const struct psp_core *core);
/* How many stations' tallies wait at most. */
size_t psp_core_parked_tallies(const struct psp_core *core);
/* An entry was applied: tells whose replays it carried. They are in the books then, whatever
 * became of the entry's own batch. */
void psp_core_parked_answer(struct psp_core *core, uint64_t index, uint64_t term);
void psp_core_parked_lose(struct psp_core *core, const char *text);
/* Takes out the first one that asks only for what is known and can be answered. */
bool psp_core_parked_ready(struct psp_core *core, struct psp_parked *ret_parked);
void psp_core_parked_free(struct psp_parked *parked);

/* ---- replays.c ---- */

/* What an entry needs for the columns, without framing. */
static inline size_t psp_core_columns_bytes(const struct psp_count_columns *columns)
{
    return (size_t)columns->n * (PSP_DIGEST_BYTES + PSP_TAG_BYTES + 4 + 1) + columns->marks_bytes +
           columns->stations.length + columns->styles.length;
}
/* A batch that may be proposed: looked up first where that pays, proposed, parked or
 * answered. */
void psp_core_take_ballots(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                           const struct psp_count_columns *columns);
/* The same of a batch whose rows are judged only if they were before. */
void psp_core_take_known(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                         const struct psp_count_columns *columns);
/* Verdicts of the rows of an applied entry: who sent replays is watched. */
void psp_core_watch_stations(struct psp_core *core, const struct psp_count_columns *columns,
                             const uint8_t *verdicts);
/* A turn's part of it; `now`: without waiting for an entry of others. */
void psp_core_replays_on(struct psp_core *core, bool now);

/* ---- closing.c ---- */

/* A turn's part of it: when the time of a close has come, an entry says so. */
void psp_core_close_on(struct psp_core *core);
/* Steady time of it; UINT64_MAX: nothing is to close. */
uint64_t psp_core_close_deadline(const struct psp_core *core);

/* ---- steps.c ---- */

/* Entries and bytes proposed and not applied are below their bounds. */
bool psp_core_has_room(const struct psp_core *core);
/* The time that an entry gets now. */
uint64_t psp_core_time_ms(const struct psp_core *core);
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

/* The entries of a follower's read are here. */
void psp_core_send_read(struct psp_core *core, const struct psp_read *read,
                        const struct psp_record *records, uint32_t n);

/* ---- care.c ---- */

/* A turn's part of it. */
void psp_core_care_on(struct psp_core *core);
uint64_t psp_core_care_deadline(const struct psp_core *core);
/* How long the disk takes: p99 of its fsyncs, or what the one under way has taken when that is
 * longer; 0: not known. */
uint32_t psp_core_sync_ms(const struct psp_core *core);
/* What another replica of the shard told of itself; NULL: nothing of late. */
const struct psp_health *psp_core_health_of(const struct psp_core *core, uint32_t replica);
/* What another replica of the shard asked, or answered. */
void psp_core_care_message(struct psp_core *core, uint32_t replica,
                           const struct psp_cluster_message *message);
/* The record that another replica asked for was read, or could not be. */
void psp_core_answer_mend(struct psp_core *core, const struct psp_read *read,
                          const struct psp_record *records, uint32_t n, enum psp_status status);
/* Why a replica's log is not to be relied on when another one is replaced; NULL: it is. */
const char *psp_core_not_relied_on(struct psp_core *core, uint32_t replica);

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
/* A turn's part: a leader whose disk is slow hands over. */
void psp_core_slow_on(struct psp_core *core);
/* A turn's part: a leader whose clock is far from the others' hands over. */
void psp_core_clock_on(struct psp_core *core);

/* ---- replace.c ---- */

/* Begins, or goes on, to make an ID a member in its predecessor's place. */
struct psp_core_outcome psp_core_replace(struct psp_core *core, uint64_t raft_id);
/* A turn's part of it. */
void psp_core_replace_on(struct psp_core *core);

/* ---- apply.c ---- */

/* Applies committed entries, a slice. */
void psp_core_apply(struct psp_core *core);
bool psp_core_apply_pending(const struct psp_core *core);
/* The state hash at an index, remembered until PSP_CORE_HASHES more were applied; NULL: not. */
const uint8_t *psp_core_hash_at(const struct psp_core *core, uint64_t index);
/* Of the state that the count is in now. */
void psp_core_remember_hash(struct psp_core *core);
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
