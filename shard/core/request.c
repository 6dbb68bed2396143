/* What routers and operators ask: batches become entries, operations become entries or
 * answers. */
#include <assert.h>
#include <string.h>

#include "seal/chunk.h"
#include "shard/core/inner.h"

/* Which part of the fence differs; NULL: none. */
static const char *fence_difference(const struct psp_fence *own, const struct psp_fence *sent)
{
    static const char *const texts[PSP_FENCE_PARTS + 1] = {
#define X(NAME, field, bytes, text, place) "the router has another " text "; an operator must act",
        PSP_FENCE(X)
#undef X
            NULL,
    };
    return texts[psp_fence_difference(own, sent)];
}

/* Why the leader proposes nothing now. */
static const char *busy_text(const struct psp_core *core)
{
    if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL)
        return "the shard is still starting";
    assert(!psp_core_has_room(core));
    return core->move_to != 0 ? "the leadership is moving" : "too many batches are waiting";
}

static void take_batch(struct psp_core *core, const struct psp_core_sender *sender,
                       const struct psp_cluster_message *message)
{
    const struct psp_count_columns *columns = &message->count_batch.columns;
    if (psp_consensus_state(core->consensus) != PSP_LEADER) {
        psp_core_refuse_batch(core, &sender->peer, message->id, PSP_COUNT_NOT_LEADER,
                              "another replica leads this shard");
        return;
    }
    const char *difference = fence_difference(&core->genesis.fence, &message->count_batch.fence);
    if (difference != NULL) {
        psp_core_refuse_batch(core, &sender->peer, message->id, PSP_COUNT_FENCE, difference);
        return;
    }
    if (psp_core_columns_bytes(columns) > PSP_CORE_BATCH_BYTES_MAX) {
        psp_core_refuse_batch(core, &sender->peer, message->id, PSP_COUNT_UNDECODABLE,
                              "the batch is too large for a log entry");
        return;
    }
    if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL ||
        !psp_core_has_room(core)) {
        core->busy_rows += columns->n;
        psp_core_refuse_batch(core, &sender->peer, message->id, PSP_COUNT_BUSY, busy_text(core));
        return;
    }
    if (message->count_batch.only_known)
        psp_core_take_known(core, &sender->peer, message->id, columns);
    else
        psp_core_take_ballots(core, &sender->peer, message->id, columns);
}

/* The text of a refusal, NULL: it is an entry. */
static const char *entry_of_operation(const struct psp_core *core,
                                      const struct psp_cluster_message *message,
                                      struct psp_entry *ret_entry)
{
    const struct psp_definition *definition = core->definition;
    const char *fault;
    switch (message->operate.operation) {
    case PSP_OPERATE_OPEN:
        ret_entry->type = PSP_ENTRY_OPEN;
        return NULL;
    case PSP_OPERATE_CLOSE:
        ret_entry->type = PSP_ENTRY_CLOSE;
        ret_entry->close_at_ms = message->operate.close_at_ms;
        return NULL;
    case PSP_OPERATE_REPORT:
        ret_entry->type = PSP_ENTRY_REPORT;
        fault = psp_report_decode(message->operate.report, &ret_entry->report);
        return fault ? fault : psp_report_fault(&ret_entry->report, definition->leaf_count);
    case PSP_OPERATE_MOVE_LEADER: /* not entries */
    case PSP_OPERATE_REPLACE_REPLICA:
        break;
    }
    return "not an operation of the log";
}

static const struct psp_core_outcome not_leader = {.status = PSP_OPERATE_NOT_LEADER,
                                                   .text = "another replica leads this shard"};

/* Moving the leadership and replacing a replica: answered when begun. */
static void take_order(struct psp_core *core, const struct psp_core_sender *sender,
                       const struct psp_cluster_message *message)
{
    struct psp_core_outcome outcome = not_leader;
    if (psp_consensus_state(core->consensus) == PSP_LEADER)
        outcome = message->operate.operation == PSP_OPERATE_MOVE_LEADER
                      ? psp_core_move(core, message->operate.replica)
                      : psp_core_replace(core, message->operate.raft_id);
    psp_core_answer_operator(core, &sender->peer, message->id, &outcome);
}

static void take_operation(struct psp_core *core, const struct psp_core_sender *sender,
                           const struct psp_cluster_message *message)
{
    struct psp_entry entry = {.type = PSP_ENTRY_OPEN};
    struct psp_core_outcome outcome = not_leader;
    const char *refused = entry_of_operation(core, message, &entry);
    if (psp_consensus_state(core->consensus) != PSP_LEADER) {
        /* said already */
    } else if (refused != NULL) {
        outcome = psp_core_refused(refused, false);
    } else if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL ||
               !psp_core_has_room(core)) {
        outcome = psp_core_refused(busy_text(core), true);
    } else {
        const struct psp_waiting waiting = {
            .kind = PSP_WAITING_OPERATOR, .peer = sender->peer, .id = message->id};
        if (psp_core_propose(core, &entry, &waiting))
            return;
        outcome.text = "this replica no longer leads";
    }
    psp_core_answer_operator(core, &sender->peer, message->id, &outcome);
}

/* What an operator who begins a report must know: the last one that is in the log, so
 * only a leader that has applied what earlier ones left can tell. */
static void tell_report(struct psp_core *core, const struct psp_core_sender *sender,
                        const struct psp_cluster_message *request)
{
    if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL) {
        const struct psp_core_outcome outcome = psp_consensus_state(core->consensus) == PSP_LEADER
                                                    ? psp_core_refused(busy_text(core), true)
                                                    : not_leader;
        psp_core_answer_operator(core, &sender->peer, request->id, &outcome);
        return;
    }
    uint64_t index = 0;
    const struct psp_bytes held = psp_count_report_bytes(core->count, &index);
    assert((held.length == 0) == (index == 0));
    assert(index <= psp_count_index(core->count));
    uint8_t *bytes = psp_core_scratch(core, held.length + 1);
    if (bytes == NULL)
        return;
    if (held.length > 0)
        memcpy(bytes, held.data, held.length);
    struct psp_cluster_message *message =
        psp_core_send(core, &sender->peer, PSP_CLUSTER_REPORT_REPLY, request->id);
    if (message == NULL)
        return;
    message->report_reply.report = (struct psp_bytes){bytes, held.length};
    message->report_reply.index = index;
    message->report_reply.epoch = core->genesis.epoch;
}

static void tell_status(struct psp_core *core, const struct psp_core_sender *sender,
                        const struct psp_cluster_message *request)
{
    struct psp_cluster_message *message =
        psp_core_send(core, &sender->peer, PSP_CLUSTER_STATUS_REPLY, request->id);
    if (message == NULL)
        return;
    const uint32_t leader = psp_core_leader(core);
    assert(leader != core->replica || core->leading || !core->started);
    message->status = (struct psp_status_reply){
        .role = PSP_PROCESS_SHARD,
        .state = psp_core_state(core),
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
        .leader = leader == PSP_NONE ? 0 : leader + 1,
        .wall_ms = core->now.wall_ms,
        .clock_ahead_ms = psp_clocks_ahead(&core->clocks, core->now.steady_ms, core->now.wall_ms),
        .close_at_ms = psp_count_close_at_ms(core->count),
        .probing = psp_count_probing(core->count),
    };
    psp_count_state_hash(core->count, message->status.state_hash);
}

/* Why what is held is not compared now. */
static struct psp_core_outcome held_refusal(const struct psp_core *core)
{
    if (psp_consensus_state(core->consensus) != PSP_LEADER)
        return not_leader;
    if (!psp_core_serves(core) || psp_count_genesis(core->count) == NULL)
        return psp_core_refused(busy_text(core), true);
    if (psp_count_reported(core->count) == NULL)
        return psp_core_refused("the publication is immediate: nothing is held", false);
    if (core->now.steady_ms < core->held_from_ms)
        return psp_core_refused("held rows are compared once a second; ask again", true);
    return (struct psp_core_outcome){.status = PSP_OPERATED};
}

/* promise 5: the hash of what is held is for the operator alone, and asked for so seldom that
 * it tells nothing of a ballot by itself; of one replica, or they would answer three times. */
static void take_watch(struct psp_core *core, const struct psp_core_sender *sender,
                       const struct psp_cluster_message *message)
{
    if (message->watch.held) {
        if (sender->role != PSP_ROLE_OPERATOR)
            return;
        const struct psp_core_outcome refusal = held_refusal(core);
        if (refusal.status != PSP_OPERATED) {
            psp_core_answer_operator(core, &sender->peer, message->id, &refusal);
            return;
        }
        assert(core->now.steady_ms >= core->held_from_ms);
        core->held_from_ms = core->now.steady_ms + PSP_CORE_HELD_GAP_MS;
    }
    psp_core_watch(core, sender, message);
}

/* promise 1: what is applied is committed, and no other entry will stand in its place. */
static void take_seal(struct psp_core *core, const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message)
{
    const struct psp_seal_request *request = &message->seal_request;
    const uint64_t applied = psp_count_index(core->count);
    struct psp_core_outcome outcome = {.status = PSP_OPERATED};
    if (psp_count_genesis(core->count) == NULL)
        outcome = psp_core_refused("the shard is still starting", true);
    else if (request->first != 0 && !psp_chunk_range_good(request->first, request->last))
        outcome = psp_core_refused("these entries are no chunk of a log", false);
    else if (request->last > applied)
        outcome = psp_core_refused("the last of these entries is not applied here yet", true);
    if (outcome.status != PSP_OPERATED) {
        psp_core_answer_operator(core, &sender->peer, message->id, &outcome);
        return;
    }
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_SEAL);
    if (action == NULL)
        return;
    const struct psp_books *books = psp_count_books(core->count);
    assert(request->last <= core->commit_index); /* nothing leaves that may be replaced */
    assert(core->applied_term > 0);
    action->seal = (struct psp_core_seal){
        .peer = sender->peer,
        .id = message->id,
        .request = *request,
        .position = {.epoch = core->genesis.epoch,
                     .index = applied,
                     .term = core->applied_term,
                     .received = books->received,
                     .counted = books->disposed[PSP_COUNTED],
                     .mode = core->genesis.mode},
    };
    psp_count_state_hash(core->count, action->seal.position.state_hash);
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
            take_watch(core, sender, message);
        return;
    case PSP_CLUSTER_STATUS_REQUEST:
        tell_status(core, sender, message);
        return;
    case PSP_CLUSTER_REPORT_REQUEST:
        if (sender->role == PSP_ROLE_OPERATOR)
            tell_report(core, sender, message);
        return;
    case PSP_CLUSTER_SEAL_REQUEST:
        if (sender->role == PSP_ROLE_OPERATOR)
            take_seal(core, sender, message);
        return;
    case PSP_CLUSTER_RAFT:            /* core.c */
    case PSP_CLUSTER_JOURNAL_REQUEST: /* these of replicas: care.c */
    case PSP_CLUSTER_HEALTH:
    case PSP_CLUSTER_JOURNAL:
    case PSP_CLUSTER_COUNT_VERDICTS:
    case PSP_CLUSTER_COUNT_REFUSAL:
    case PSP_CLUSTER_PARTIAL:
    case PSP_CLUSTER_OPERATED:
    case PSP_CLUSTER_STATUS_REPLY:
    case PSP_CLUSTER_REPORT_REPLY:
    case PSP_CLUSTER_SEALED:
        return; /* answers: nobody was asked */
    }
}
