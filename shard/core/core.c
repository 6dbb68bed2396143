#include "shard/core/core.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "shard/core/inner.h"

enum {
    SCRATCH_BYTES = 512 << 20, /* at most: verdicts of a slice, partials */
    DECODE_BYTES = 64 << 20,
    KEPT_ENTRIES = 256, /* applied ones kept for followers */
    KEPT_BYTES = 32 << 20,
};

/* ---- actions ---- */

void psp_core_begin(struct psp_core *core, struct psp_core_time now)
{
    core->now = now;
    core->action_count = 0;
    psp_arena_reset(core->scratch);
}

void psp_core_stop(struct psp_core *core, const char *format, ...)
{
    if (core->stopped)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(core->stop_text, sizeof(core->stop_text), format, arguments);
    va_end(arguments);
    if (core->action_count < core->action_capacity)
        core->actions[core->action_count++] =
            (struct psp_core_action){.type = PSP_CORE_STOP, .stop = core->stop_text};
    core->stopped = true;
}

struct psp_core_action *psp_core_act(struct psp_core *core, enum psp_core_action_type type)
{
    if (core->stopped)
        return NULL;
    if (core->action_count + 1 >= core->action_capacity) { /* one stays free for a stop */
        const size_t capacity = core->action_capacity * 2;
        struct psp_core_action *actions = realloc(core->actions, capacity * sizeof(*actions));
        if (actions == NULL) {
            psp_core_stop(core, "out of memory for actions");
            return NULL;
        }
        core->actions = actions;
        core->action_capacity = capacity;
    }
    struct psp_core_action *action = &core->actions[core->action_count++];
    memset(action, 0, sizeof(*action));
    action->type = type;
    return action;
}

void *psp_core_scratch(struct psp_core *core, size_t bytes)
{
    void *memory = psp_arena_alloc(core->scratch, bytes);
    if (memory == NULL)
        psp_core_stop(core, "out of memory for answers");
    return memory;
}

const struct psp_core_action *psp_core_actions(const struct psp_core *core, size_t *ret_n)
{
    *ret_n = core->action_count;
    return core->actions;
}

/* ---- create ---- */

static enum psp_status create_parts(struct psp_core *core, const struct psp_core_options *options)
{
    struct psp_consensus_member members[PSP_REPLICAS_MAX];
    for (uint32_t i = 0; i < core->member_count; i++)
        members[i] = (struct psp_consensus_member){i + 1, true}; /* before any was replaced */
    const struct psp_consensus_options consensus = {
        .raft_id = core->raft_id,
        .members = members,
        .member_count = core->member_count,
        .election_timeout_ms = PSP_CORE_ELECTION_MS,
        .heartbeat_ms = PSP_CORE_HEARTBEAT_MS,
        .seed = options->seed,
    };
    core->action_capacity = 64;
    core->actions = calloc(core->action_capacity, sizeof(*core->actions));
    if (core->actions == NULL)
        return PSP_ENOMEM;
    enum psp_status status = psp_arena_create(SCRATCH_BYTES, &core->scratch);
    if (status == PSP_OK)
        status = psp_arena_create(DECODE_BYTES, &core->decode);
    if (status == PSP_OK)
        status = psp_consensus_create(&consensus, &core->consensus);
    return status;
}

enum psp_status psp_core_create(const struct psp_core_options *options, struct psp_core **ret_core)
{
    assert(options->member_count >= 1 && options->member_count <= PSP_REPLICAS_MAX);
    assert(psp_raft_replica(options->raft_id) == options->replica);
    struct psp_core *core = calloc(1, sizeof(*core));
    if (core == NULL)
        return PSP_ENOMEM;
    core->genesis = options->genesis;
    psp_fence_hash(&core->genesis.fence, core->fence_hash);
    core->replica = options->replica;
    core->member_count = options->member_count;
    core->raft_id = options->raft_id;
    core->definition = options->definition;
    core->count = options->count;
    core->pid = options->pid;
    core->part_bytes = options->part_bytes > 0 ? options->part_bytes : PSP_CORE_PART_BYTES;
    core->parts_max = options->parts_max > 0 ? options->parts_max : PSP_PARTIAL_PARTS_MAX;
    const enum psp_status status = create_parts(core, options);
    if (status != PSP_OK) {
        psp_core_destroy(&core);
        return status;
    }
    *ret_core = core;
    return PSP_OK;
}

void psp_core_destroy(struct psp_core **core_at)
{
    struct psp_core *core = *core_at;
    if (core == NULL)
        return;
    psp_consensus_destroy(&core->consensus);
    psp_arena_destroy(&core->scratch);
    psp_arena_destroy(&core->decode);
    psp_window_free(&core->window);
    free(core->actions);
    free(core);
    *core_at = NULL;
}

bool psp_core_bootstrap(struct psp_core *core, struct psp_record *ret_record)
{
    if (core->raft_id > PSP_RAFT_GENERATION)
        return false;
    *ret_record = psp_consensus_bootstrap(core->consensus);
    return true;
}

/* ---- what consensus wants ---- */

/* The memory of an entry to append: what was just submitted, else a copy. */
static struct psp_window_bytes *bytes_of(struct psp_core *core, const struct psp_record *record)
{
    struct psp_window_bytes *bytes = core->proposing;
    if (bytes != NULL && record->payload == bytes->buffer.data) {
        core->proposing = NULL;
        return bytes;
    }
    bytes = psp_window_take(&core->window);
    if (bytes == NULL)
        return NULL;
    if (bytes->buffer.capacity < record->payload_bytes) {
        uint8_t *data = realloc(bytes->buffer.data, record->payload_bytes);
        if (data == NULL) {
            psp_window_spare(&core->window, bytes);
            return NULL;
        }
        bytes->buffer.data = data;
        bytes->buffer.capacity = record->payload_bytes;
    }
    memcpy(bytes->buffer.data, record->payload, record->payload_bytes);
    bytes->buffer.length = record->payload_bytes;
    return bytes;
}

static void append(struct psp_core *core, const struct psp_consensus_actions *actions)
{
    psp_window_cut(&core->window, actions->append_index);
    struct psp_record *records = psp_core_scratch(core, actions->append_count * sizeof(*records));
    if (records == NULL)
        return;
    for (uint32_t i = 0; i < actions->append_count; i++) {
        records[i] = actions->append[i];
        struct psp_window_bytes *bytes = NULL;
        if (records[i].payload_bytes > 0) {
            bytes = bytes_of(core, &records[i]);
            if (bytes == NULL) {
                psp_core_stop(core, "out of memory for a log entry");
                return;
            }
            bytes->append_number = actions->append_number;
            records[i].payload = bytes->buffer.data;
        }
        if (psp_window_push(&core->window, records[i].term, records[i].type, bytes) != PSP_OK) {
            psp_core_stop(core, "out of memory for a log entry");
            return;
        }
    }
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_APPEND);
    if (action == NULL)
        return;
    action->append.number = actions->append_number;
    action->append.records = records;
    action->append.n = actions->append_count;
}

/* Fills in the entries that are in memory; older ones are left to the caller. */
static void send_raft(struct psp_core *core, uint64_t raft_id,
                      const struct psp_raft_message *message)
{
    const uint32_t replica = psp_raft_replica(raft_id);
    if (replica >= core->member_count || replica == core->replica)
        return;
    uint64_t first = 0;
    const uint32_t n = psp_consensus_entries_of(message, &first);
    struct psp_raft_entry *entries = psp_core_scratch(core, (n + 1) * sizeof(*entries));
    uint64_t *fields = psp_core_scratch(core, (message->field_count + 1) * sizeof(*fields));
    if (entries == NULL || fields == NULL)
        return;
    memcpy(fields, message->fields, message->field_count * sizeof(*fields));
    uint32_t from_log = 0, filled = 0;
    size_t bytes = 0;
    for (uint32_t i = 0; i < n && (bytes <= PSP_CORE_RAFT_BYTES || i == 0); i++) {
        filled = i + 1;
        const struct psp_window_entry *entry = psp_window_at(&core->window, first + i);
        entries[i] = (struct psp_raft_entry){0};
        if (entry == NULL) {
            from_log = i + 1;
            continue;
        }
        entries[i].term = entry->term;
        entries[i].type = (uint32_t)entry->type;
        if (entry->bytes != NULL)
            entries[i].payload =
                (struct psp_bytes){entry->bytes->buffer.data, entry->bytes->buffer.length};
        bytes += entries[i].payload.length;
    }
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_RAFT);
    if (action == NULL)
        return;
    action->raft.replica = replica;
    action->raft.entries = entries;
    action->raft.first = first;
    action->raft.from_log = from_log;
    action->raft.message.type = PSP_CLUSTER_RAFT;
    action->raft.message.raft = *message;
    action->raft.message.raft.shard = core->genesis.shard;
    action->raft.message.raft.from_id = core->raft_id;
    action->raft.message.raft.to_id = raft_id;
    action->raft.message.raft.fields = fields;
    action->raft.message.raft.entries = entries;
    action->raft.message.raft.entry_count = filled; /* the rest follows when these have arrived */
}

static void check_status(struct psp_core *core, enum psp_status status)
{
    if (status == PSP_OK || status == PSP_ENOTLEADER || status == PSP_EINVAL)
        return;
    const char *error = psp_consensus_error(core->consensus);
    psp_core_stop(core, "consensus cannot go on: %s%s%s", psp_status_text(status),
                  error[0] == 0 ? "" : ": ", error);
}

static void carry(struct psp_core *core, enum psp_status status,
                  const struct psp_consensus_actions *actions)
{
    check_status(core, status);
    if (!core->stopped && actions->too_old)
        psp_core_stop(core, "this replica's log is too old for the leader to complete it; replace "
                            "the replica");
    if (core->stopped)
        return;
    if (actions->vote) {
        struct psp_core_action *action = psp_core_act(core, PSP_CORE_VOTE);
        if (action == NULL)
            return;
        action->vote.term = actions->term;
        action->vote.voted_for = actions->voted_for;
    }
    if (actions->append_index != 0)
        append(core, actions);
    for (uint32_t i = 0; i < actions->message_count && !core->stopped; i++)
        send_raft(core, actions->message_to[i], &actions->messages[i]);
    core->commit_index = actions->commit_index;
    const bool leading = psp_consensus_state(core->consensus) == PSP_LEADER;
    const uint64_t term = psp_consensus_term(core->consensus);
    if (core->leading && !(leading && term == core->leading_term))
        psp_core_lose(core);
    if (leading && !(core->leading && term == core->leading_term))
        core->inherited_index = psp_consensus_last_index(core->consensus);
    core->leading = leading;
    core->leading_term = term;
}

bool psp_core_submit(struct psp_core *core, struct psp_window_bytes *bytes, uint64_t *ret_index,
                     uint64_t *ret_term)
{
    const struct psp_bytes payload = {bytes->buffer.data, bytes->buffer.length};
    struct psp_consensus_actions actions;
    core->proposing = bytes;
    const enum psp_status status =
        psp_consensus_submit(core->consensus, core->now.steady_ms, &payload, 1, &actions);
    const bool proposed = status == PSP_OK && actions.append_index != 0;
    if (proposed) {
        *ret_index = actions.append_index;
        *ret_term = actions.append[0].term;
    }
    carry(core, status, &actions);
    psp_window_spare(&core->window, core->proposing);
    core->proposing = NULL;
    return proposed;
}

void psp_core_transfer(struct psp_core *core, uint64_t raft_id)
{
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_transfer(core->consensus, core->now.steady_ms, raft_id, &actions);
    carry(core, status, &actions);
}

void psp_core_change(struct psp_core *core, const struct psp_consensus_member *members, uint32_t n)
{
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_change(core->consensus, core->now.steady_ms, members, n, &actions);
    carry(core, status, &actions);
}

/* ---- events ---- */

void psp_core_start(struct psp_core *core, struct psp_core_time now,
                    const struct psp_core_start *start)
{
    psp_core_begin(core, now);
    assert(psp_count_index(core->count) == start->store_index);
    core->checkpoint_index = start->store_index;
    core->checkpoint_ms = now.steady_ms;
    core->applied_term = start->store_term;
    psp_core_check_genesis(core);
    if (core->stopped)
        return;
    const struct psp_consensus_start consensus = {
        .term = start->term,
        .voted_for = start->voted_for,
        .snapshot_index = start->store_index,
        .snapshot_term = start->store_term,
        .snapshot_configuration = start->configuration,
        .snapshot_configuration_index = start->configuration_index,
        .first_index = start->first_index,
        .records = start->records,
        .record_count = start->record_count,
    };
    psp_window_cut(&core->window, start->first_index + start->record_count);
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_start(core->consensus, now.steady_ms, &consensus, &actions);
    carry(core, status, &actions);
}

static void take_raft(struct psp_core *core, const struct psp_core_sender *sender,
                      const struct psp_raft_message *message)
{
    const uint32_t replica = sender->id & 0xFF;
    if (sender->role != PSP_ROLE_SHARD || sender->id >> 8 != core->genesis.shard ||
        message->shard != core->genesis.shard || replica >= core->member_count)
        return;
    if (message->from_id == 0 || psp_raft_replica(message->from_id) != replica ||
        message->to_id != core->raft_id)
        return;
    /* As if lost on the way: the leader sends them again. */
    if (message->entry_count > 0 && psp_window_is_full(&core->window))
        return;
    struct psp_consensus_actions actions;
    const enum psp_status status = psp_consensus_receive(core->consensus, core->now.steady_ms,
                                                         message->from_id, message, &actions);
    carry(core, status, &actions);
}

void psp_core_message(struct psp_core *core, struct psp_core_time now,
                      const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    if (message->type == PSP_CLUSTER_RAFT)
        take_raft(core, sender, &message->raft);
    else
        psp_core_request(core, sender, message);
}

void psp_core_persisted(struct psp_core *core, struct psp_core_time now, uint64_t append_number)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    core->written_number = append_number;
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_persisted(core->consensus, now.steady_ms, append_number, &actions);
    carry(core, status, &actions);
}

void psp_core_loaded(struct psp_core *core, struct psp_core_time now,
                     const struct psp_record *records, size_t n)
{
    psp_core_begin(core, now);
    core->loading = false;
    for (size_t i = 0; i < n && psp_core_apply_pending(core) && !core->stopped; i++) {
        if (records[i].index != psp_count_index(core->count) + 1)
            return;
        psp_core_apply_record(core, records[i].index, records[i].term, records[i].type,
                              records[i].payload, records[i].payload_bytes);
    }
}

void psp_core_checkpointed(struct psp_core *core, struct psp_core_time now, uint64_t index,
                           uint64_t term)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    core->checkpointing = false;
    core->checkpoint_index = index;
    struct psp_consensus_actions actions;
    const enum psp_status status =
        psp_consensus_checkpointed(core->consensus, now.steady_ms, index, term, &actions);
    carry(core, status, &actions);
}

void psp_core_tick(struct psp_core *core, struct psp_core_time now)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    if (now.steady_ms >= psp_consensus_deadline(core->consensus)) {
        struct psp_consensus_actions actions;
        const enum psp_status status =
            psp_consensus_timeout(core->consensus, now.steady_ms, &actions);
        carry(core, status, &actions);
    }
    psp_core_apply(core);
    psp_core_propose_genesis(core);
    psp_core_move_on(core);
    psp_core_replace_on(core);
    psp_core_answer_watchers(core);
    psp_core_take_checkpoint(core);
    core->warming = psp_count_warm(core->count);
    const size_t kept = core->member_count > 1 ? KEPT_ENTRIES : 0;
    psp_window_release(&core->window, psp_count_index(core->count), core->written_number, kept,
                       kept == 0 ? 0 : KEPT_BYTES);
}

uint64_t psp_core_deadline(const struct psp_core *core)
{
    if (core->stopped)
        return UINT64_MAX;
    if (psp_core_apply_pending(core) || psp_core_genesis_pending(core) || core->warming)
        return core->now.steady_ms;
    uint64_t deadline = psp_consensus_deadline(core->consensus);
    if (core->move_to != 0 && core->move_until_ms < deadline)
        deadline = core->move_until_ms;
    const uint64_t watch = psp_core_watch_deadline(core);
    if (watch < deadline)
        deadline = watch;
    const uint64_t checkpoint = core->checkpoint_ms + PSP_CORE_CHECKPOINT_MS;
    if (!core->checkpointing && psp_count_index(core->count) > core->checkpoint_index &&
        checkpoint < deadline)
        deadline = checkpoint;
    return deadline;
}

/* ---- state ---- */

bool psp_core_serves(const struct psp_core *core)
{
    return core->leading && psp_count_index(core->count) >= core->inherited_index;
}

uint32_t psp_core_leader(const struct psp_core *core)
{
    if (psp_consensus_state(core->consensus) == PSP_LEADER)
        return core->replica;
    const uint64_t raft_id = psp_consensus_leader(core->consensus);
    return raft_id == 0 ? PSP_NONE : psp_raft_replica(raft_id);
}

enum psp_core_role psp_core_role(const struct psp_core *core)
{
    switch (psp_consensus_state(core->consensus)) {
    case PSP_LEADER:
        return psp_core_serves(core) && psp_count_genesis(core->count) != NULL && !core->warming
                   ? PSP_CORE_LEADER
                   : PSP_CORE_STARTING;
    case PSP_CANDIDATE:
        return PSP_CORE_CANDIDATE;
    case PSP_FOLLOWER:
    case PSP_UNAVAILABLE:
        break;
    }
    return psp_consensus_votes(core->consensus, core->raft_id) ? PSP_CORE_FOLLOWER
                                                               : PSP_CORE_JOINING;
}

const char *psp_core_role_name(enum psp_core_role role)
{
    switch (role) {
    case PSP_CORE_JOINING:
        return "joining";
    case PSP_CORE_STARTING:
        return "starting";
    case PSP_CORE_LEADER:
        return "leader";
    case PSP_CORE_FOLLOWER:
        return "follower";
    case PSP_CORE_CANDIDATE:
        return "candidate";
    }
    return "";
}

uint64_t psp_core_applied(const struct psp_core *core)
{
    return psp_count_index(core->count);
}

uint64_t psp_core_last(const struct psp_core *core)
{
    return psp_consensus_last_index(core->consensus);
}

uint64_t psp_core_term(const struct psp_core *core)
{
    return psp_consensus_term(core->consensus);
}
