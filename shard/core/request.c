#include <assert.h>
#include <string.h>

#include "shard/core/inner.h"

enum { ROW_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 4 + 1 }; /* without marks */

/* ---- answers ---- */

static struct psp_cluster_message *answer(struct psp_core *core, const struct psp_peer *peer,
                                          enum psp_cluster_type type, uint64_t id)
{
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_SEND);
    if (action == NULL)
        return NULL;
    action->send.peer = *peer;
    action->send.message.type = type;
    action->send.message.id = id;
    return &action->send.message;
}

static void refuse_batch(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                         enum psp_count_refusal code, const char *text)
{
    struct psp_cluster_message *message = answer(core, peer, PSP_CLUSTER_COUNT_REFUSAL, batch_id);
    if (message == NULL)
        return;
    message->count_refusal.code = code;
    message->count_refusal.leader = psp_core_leader(core);
    message->count_refusal.text = text;
}

static void answer_operator(struct psp_core *core, const struct psp_peer *peer, uint64_t request_id,
                            enum psp_operate_status status, uint64_t index, const char *text)
{
    struct psp_cluster_message *message = answer(core, peer, PSP_CLUSTER_OPERATED, request_id);
    if (message == NULL)
        return;
    message->operated.status = status;
    message->operated.index = index;
    message->operated.leader = psp_core_leader(core);
    message->operated.text = text;
}

static bool waits_here(const struct psp_core *core, uint64_t index, uint64_t term,
                       struct psp_waiting *ret_waiting)
{
    if (core->waiting_count == 0)
        return false;
    *ret_waiting = core->waiting[core->waiting_first];
    return ret_waiting->index == index && ret_waiting->term == term;
}

static void answer_batch(struct psp_core *core, const struct psp_waiting *waiting,
                         const struct psp_entry *entry, enum psp_apply_result result,
                         const char *refused_text)
{
    const uint32_t n = entry->ballots.columns.n;
    if (result != PSP_APPLIED) {
        refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_FENCE, refused_text);
        return;
    }
    uint8_t *verdicts = psp_core_scratch(core, n);
    if (verdicts == NULL)
        return;
    memcpy(verdicts, core->verdicts, n);
    for (uint32_t i = 0; i < n; i++)
        core->busy_rows += verdicts[i] == PSP_NOT_JUDGED;
    struct psp_cluster_message *message =
        answer(core, &waiting->peer, PSP_CLUSTER_COUNT_VERDICTS, waiting->id);
    if (message == NULL)
        return;
    message->count_verdicts.shard = core->genesis.shard;
    message->count_verdicts.index = waiting->index;
    message->count_verdicts.verdicts = verdicts;
    message->count_verdicts.n = n;
}

void psp_core_answer(struct psp_core *core, uint64_t index, uint64_t term,
                     const struct psp_entry *entry, enum psp_apply_result result,
                     const char *refused_text)
{
    struct psp_waiting waiting;
    if (!waits_here(core, index, term, &waiting))
        return;
    core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    core->waiting_count--;
    switch (waiting.kind) {
    case PSP_WAITING_NOBODY:
        return;
    case PSP_WAITING_BATCH:
        answer_batch(core, &waiting, entry, result, refused_text);
        return;
    case PSP_WAITING_OPERATOR: /* repeated: it is so already, which is fine */
        answer_operator(core, &waiting.peer, waiting.id, PSP_OPERATED, index, "");
        return;
    }
}

void psp_core_lose(struct psp_core *core)
{
    static const char text[] = "this replica no longer leads: the outcome is unknown, send again";
    for (; core->waiting_count > 0; core->waiting_count--) {
        const struct psp_waiting *waiting = &core->waiting[core->waiting_first];
        if (waiting->kind == PSP_WAITING_BATCH)
            refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_LOST, text);
        else if (waiting->kind == PSP_WAITING_OPERATOR)
            answer_operator(core, &waiting->peer, waiting->id, PSP_OPERATE_LOST, 0, text);
        core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    }
}

/* ---- requests ---- */

bool psp_core_has_room(const struct psp_core *core)
{
    return core->move_to == 0 && core->waiting_count < PSP_CORE_UNAPPLIED_MAX &&
           core->window.payload_bytes < PSP_CORE_UNAPPLIED_BYTES_MAX;
}

/* promise 4: the time is the leader's, written down, and never goes back */
bool psp_core_propose(struct psp_core *core, struct psp_entry *entry,
                      const struct psp_waiting *waiting)
{
    assert(core->waiting_count < PSP_CORE_UNAPPLIED_MAX);
    entry->time_ms = core->now.wall_ms;
    if (entry->time_ms < core->last_time_ms)
        entry->time_ms = core->last_time_ms;
    if (entry->time_ms < psp_count_time_ms(core->count))
        entry->time_ms = psp_count_time_ms(core->count);
    struct psp_window_bytes *bytes = psp_window_take(&core->window);
    if (bytes == NULL || psp_entry_encode(entry, &bytes->buffer) != PSP_OK) {
        psp_window_spare(&core->window, bytes);
        psp_core_stop(core, "out of memory for a log entry");
        return false;
    }
    struct psp_waiting *place =
        &core->waiting[(core->waiting_first + core->waiting_count) % PSP_CORE_UNAPPLIED_MAX];
    *place = *waiting;
    if (!psp_core_submit(core, bytes, &place->index, &place->term))
        return false;
    core->last_time_ms = entry->time_ms;
    core->waiting_count++;
    return true;
}

/* Which part of the fence differs; NULL: none. */
static const char *fence_difference(const struct psp_fence *own, const struct psp_fence *sent)
{
    static const char *const texts[PSP_FENCE_PARTS + 1] = {
#define X(NAME, field, bytes, text, place) "the router has another " text,
        PSP_FENCE(X)
#undef X
            NULL,
    };
    return texts[psp_fence_difference(own, sent)];
}

static void take_batch(struct psp_core *core, const struct psp_core_sender *sender,
                       const struct psp_cluster_message *message)
{
    const struct psp_count_columns *columns = &message->count_batch.columns;
    if (psp_consensus_state(core->consensus) != PSP_LEADER) {
        refuse_batch(core, &sender->peer, message->id, PSP_COUNT_NOT_LEADER,
                     "another replica leads this shard");
        return;
    }
    const char *difference = fence_difference(&core->genesis.fence, &message->count_batch.fence);
    if (difference != NULL) {
        refuse_batch(core, &sender->peer, message->id, PSP_COUNT_FENCE, difference);
        return;
    }
    if ((uint64_t)columns->n * ROW_BYTES + columns->marks_bytes > PSP_CORE_BATCH_BYTES_MAX) {
        refuse_batch(core, &sender->peer, message->id, PSP_COUNT_UNDECODABLE,
                     "the batch is too large for a log entry");
        return;
    }
    if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL ||
        !psp_core_has_room(core)) {
        core->busy_rows += columns->n;
        refuse_batch(core, &sender->peer, message->id, PSP_COUNT_BUSY,
                     !psp_core_serves(core) ? "the shard is still starting"
                     : core->move_to != 0   ? "the leadership is moving"
                                            : "too many batches are waiting");
        return;
    }
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS};
    entry.ballots.columns = *columns;
    memcpy(entry.ballots.fence_hash, core->fence_hash, PSP_HASH_BYTES);
    const struct psp_waiting waiting = {
        .kind = PSP_WAITING_BATCH, .peer = sender->peer, .id = message->id};
    if (!psp_core_propose(core, &entry, &waiting))
        refuse_batch(core, &sender->peer, message->id, PSP_COUNT_NOT_LEADER,
                     "this replica no longer leads");
}

static bool entry_of_operation(const struct psp_core *core,
                               const struct psp_cluster_message *message,
                               struct psp_entry *ret_entry)
{
    switch (message->operate.operation) {
    case PSP_OPERATE_OPEN:
        ret_entry->type = PSP_ENTRY_OPEN;
        return true;
    case PSP_OPERATE_CLOSE:
        ret_entry->type = PSP_ENTRY_CLOSE;
        return true;
    case PSP_OPERATE_UNIT_COMPLETE:
        ret_entry->type = PSP_ENTRY_UNIT_COMPLETE;
        ret_entry->unit = message->operate.unit;
        return message->operate.unit < core->definition->unit_count;
    case PSP_OPERATE_MOVE_LEADER: /* not entries */
    case PSP_OPERATE_REPLACE_REPLICA:
        break;
    }
    return false;
}

/* Moving the leadership and replacing a replica: answered when begun. */
static void take_order(struct psp_core *core, const struct psp_core_sender *sender,
                       const struct psp_cluster_message *message)
{
    const bool move = message->operate.operation == PSP_OPERATE_MOVE_LEADER;
    enum psp_operate_status status = PSP_OPERATED;
    const char *text = "";
    if (psp_consensus_state(core->consensus) != PSP_LEADER) {
        status = PSP_OPERATE_NOT_LEADER;
        text = "another replica leads this shard";
    } else {
        text = move ? psp_core_move(core, message->operate.replica)
                    : psp_core_replace(core, message->operate.raft_id);
        status = text == NULL ? PSP_OPERATED : PSP_OPERATE_UNKNOWN_REPLICA;
    }
    answer_operator(core, &sender->peer, message->id, status, 0, text == NULL ? "" : text);
}

static void take_operation(struct psp_core *core, const struct psp_core_sender *sender,
                           const struct psp_cluster_message *message)
{
    struct psp_entry entry = {.type = PSP_ENTRY_OPEN};
    enum psp_operate_status refusal = PSP_OPERATED;
    const char *text = "";
    if (psp_consensus_state(core->consensus) != PSP_LEADER) {
        refusal = PSP_OPERATE_NOT_LEADER;
        text = "another replica leads this shard";
    } else if (!entry_of_operation(core, message, &entry)) {
        refusal = PSP_OPERATE_UNKNOWN_UNIT;
        text = "the election has no such unit";
    } else if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL ||
               !psp_core_has_room(core)) {
        refusal = PSP_OPERATE_BUSY;
        text = "the shard is busy; ask again";
    } else {
        const struct psp_waiting waiting = {
            .kind = PSP_WAITING_OPERATOR, .peer = sender->peer, .id = message->id};
        if (psp_core_propose(core, &entry, &waiting))
            return;
        refusal = PSP_OPERATE_NOT_LEADER;
        text = "this replica no longer leads";
    }
    answer_operator(core, &sender->peer, message->id, refusal, 0, text);
}

static void tell_status(struct psp_core *core, const struct psp_core_sender *sender,
                        const struct psp_cluster_message *request)
{
    struct psp_cluster_message *message =
        answer(core, &sender->peer, PSP_CLUSTER_STATUS_REPLY, request->id);
    if (message == NULL)
        return;
    const uint32_t leader = psp_core_leader(core);
    message->status = (struct psp_status_reply){
        .role = "shard",
        .state = psp_core_role_name(psp_core_role(core)),
        .version = PSP_VERSION,
        .id = core->genesis.shard,
        .replica = core->replica,
        .pid = core->pid,
        .index = psp_count_index(core->count),
        .log_last = psp_consensus_last_index(core->consensus),
        .checkpoint_index = core->checkpoint_index,
        .term = psp_consensus_term(core->consensus),
        .epoch = core->genesis.epoch,
        .election_state = psp_count_election_state(core->count),
        .books = *psp_count_books(core->count),
        .inflight = core->waiting_count,
        .busy = core->busy_rows,
        .leader = leader == PSP_NONE ? 0 : (uint64_t)leader + 1,
    };
    psp_count_state_hash(core->count, message->status.state_hash);
}

void psp_core_request(struct psp_core *core, const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message)
{
    switch (message->type) {
    case PSP_CLUSTER_COUNT_BATCH:
        if (sender->role == PSP_ROLE_ROUTER)
            take_batch(core, sender, message);
        return;
    case PSP_CLUSTER_OPERATE:
        if (sender->role != PSP_ROLE_OPERATOR)
            return;
        if (message->operate.operation == PSP_OPERATE_MOVE_LEADER ||
            message->operate.operation == PSP_OPERATE_REPLACE_REPLICA)
            take_order(core, sender, message);
        else
            take_operation(core, sender, message);
        return;
    case PSP_CLUSTER_WATCH:
        if (sender->role == PSP_ROLE_COLLECTOR || sender->role == PSP_ROLE_OPERATOR)
            psp_core_watch(core, sender, message);
        return;
    case PSP_CLUSTER_STATUS_REQUEST:
        tell_status(core, sender, message);
        return;
    case PSP_CLUSTER_RAFT:            /* core.c */
    case PSP_CLUSTER_JOURNAL_REQUEST: /* shell.c */
    case PSP_CLUSTER_JOURNAL:
    case PSP_CLUSTER_COUNT_VERDICTS:
    case PSP_CLUSTER_COUNT_REFUSAL:
    case PSP_CLUSTER_PARTIAL:
    case PSP_CLUSTER_OPERATED:
    case PSP_CLUSTER_STATUS_REPLY:
        return; /* answers: nobody was asked */
    }
}

void psp_core_undecodable(struct psp_core *core, struct psp_core_time now,
                          const struct psp_core_sender *sender, uint64_t batch_id,
                          const char *reason)
{
    psp_core_begin(core, now);
    if (sender->role == PSP_ROLE_ROUTER && batch_id != 0)
        refuse_batch(core, &sender->peer, batch_id, PSP_COUNT_UNDECODABLE, reason);
}
