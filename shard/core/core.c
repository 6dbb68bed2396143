/* What the shell tells it: each event goes to the file of this room that decides about it. */
#include "shard/core/core.h"

#include <assert.h>
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

/* ---- create ---- */

static enum psp_status create_parts(struct psp_core *core, const struct psp_core_options *options)
{
    struct psp_consensus_member members[PSP_REPLICAS_MAX];
    for (uint32_t i = 0; i < core->member_count; i++)
        members[i] = (struct psp_consensus_member){psp_raft_id_of(PSP_RAFT_ID_START, i),
                                                   true}; /* before any was replaced */
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
    core->watched = calloc(PSP_STATIONS_MAX + 1, sizeof(*core->watched));
    core->hashes = calloc(PSP_CORE_HASHES, sizeof *core->hashes);
    if (core->actions == NULL || core->watched == NULL || core->hashes == NULL)
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
    assert(psp_raft_id_replica(options->raft_id) == options->replica);
    assert(options->signing_key != NULL);
    assert(options->definition != NULL && options->count != NULL);
    assert(options->genesis.slot_first < options->genesis.slot_end);
    assert(options->parts_max <= PSP_PARTIAL_PARTS_MAX);
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
    core->signing_key = options->signing_key;
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
    for (; core->waiting_count > 0; core->waiting_count--) {
        free(core->waiting[core->waiting_first].known);
        core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    }
    for (uint32_t i = 0; i < core->parked_count; i++)
        psp_core_parked_free(&core->parked[i]);
    psp_mending_begin(&core->care.mending, 0);
    free(core->watched);
    free(core->hashes);
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
    if (!psp_raft_id_is_original(core->raft_id))
        return false;
    *ret_record = psp_consensus_bootstrap(core->consensus);
    return true;
}

/* ---- events ---- */

void psp_core_start(struct psp_core *core, struct psp_core_time now,
                    const struct psp_core_start *start)
{
    psp_core_begin(core, now);
    assert(psp_count_index(core->count) == start->store_index);
    assert(!core->started);
    assert(start->first_index <= start->store_index + 1);
    assert(start->first_index + start->record_count > start->store_index); /* the log reaches it */
    assert((start->store_index == 0) == (start->store_term == 0));
    core->started = true;
    core->checkpoint_index = start->store_index;
    core->checkpoint_ms = now.steady_ms;
    core->applied_term = start->store_term;
    core->hashes_from = start->store_index;
    psp_core_remember_hash(core);
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
    psp_core_step_start(core, &consensus);
}

/* The number of another replica of this shard; PSP_NONE: it is none. */
static uint32_t replica_of(const struct psp_core *core, const struct psp_core_sender *sender)
{
    const uint32_t replica = psp_process_replica(sender->id);
    return sender->role == PSP_ROLE_SHARD && psp_process_shard(sender->id) == core->genesis.shard &&
                   replica < core->member_count && replica != core->replica
               ? replica
               : PSP_NONE;
}

static void take_raft(struct psp_core *core, const struct psp_core_sender *sender,
                      const struct psp_raft_message *message)
{
    const uint32_t replica = replica_of(core, sender);
    if (replica == PSP_NONE || message->shard != core->genesis.shard)
        return;
    if (message->from_id == 0 || psp_raft_id_replica(message->from_id) != replica ||
        message->to_id != core->raft_id)
        return;
    psp_clocks_hear(&core->clocks, replica, core->now.steady_ms, message->wall_ms);
    psp_core_step_message(core, message);
}

void psp_core_message(struct psp_core *core, struct psp_core_time now,
                      const struct psp_core_sender *sender,
                      const struct psp_cluster_message *message)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    if (sender->role == PSP_ROLE_SHARD && message->type != PSP_CLUSTER_RAFT &&
        message->type != PSP_CLUSTER_STATUS_REQUEST) {
        if (replica_of(core, sender) != PSP_NONE)
            psp_core_care_message(core, replica_of(core, sender), message);
        return;
    }
    if (!core->started && message->type != PSP_CLUSTER_STATUS_REQUEST)
        return; /* as if it was not there yet */
    if (message->type == PSP_CLUSTER_RAFT)
        take_raft(core, sender, &message->raft);
    else
        psp_core_request(core, sender, message);
}

void psp_core_undecodable(struct psp_core *core, struct psp_core_time now,
                          const struct psp_core_sender *sender, uint64_t batch_id,
                          const char *reason)
{
    psp_core_begin(core, now);
    if (sender->role == PSP_ROLE_ROUTER && batch_id != 0)
        psp_core_refuse_batch(core, &sender->peer, batch_id, PSP_COUNT_UNDECODABLE, reason);
}

void psp_core_persisted(struct psp_core *core, struct psp_core_time now, uint64_t append_number)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    psp_core_step_persisted(core, append_number);
}

void psp_core_synced(struct psp_core *core, struct psp_core_time now, uint64_t took_ms)
{
    psp_core_begin(core, now);
    psp_latency_add(&core->latency, now.steady_ms, took_ms);
}

void psp_core_loaded(struct psp_core *core, struct psp_core_time now,
                     const struct psp_record *records, size_t n)
{
    psp_core_begin(core, now);
    assert(core->loading || core->stopped);
    core->loading = false;
    for (size_t i = 0; i < n && psp_core_apply_pending(core) && !core->stopped; i++) {
        if (records[i].index != psp_count_index(core->count) + 1)
            return;
        psp_core_apply_record(core, records[i].index, records[i].term, records[i].type,
                              records[i].payload, records[i].payload_bytes);
    }
}

void psp_core_unreadable(struct psp_core *core, struct psp_core_time now)
{
    psp_core_begin(core, now);
    core->loading = false;
    core->unreadable = true;
}

void psp_core_read(struct psp_core *core, struct psp_core_time now, uint64_t number,
                   const struct psp_record *records, uint32_t n, enum psp_status status)
{
    assert(n == 0 || records != NULL);
    assert(n <= PSP_CORE_READ_RECORDS);
    struct psp_read read;
    psp_core_begin(core, now);
    if (core->stopped || !psp_reads_end(&core->reads, number, &read))
        return;
    switch (read.kind) {
    case PSP_READ_NOTHING:
        break;
    case PSP_READ_FOLLOWER:
        psp_core_send_read(core, &read, records, n);
        return;
    case PSP_READ_MEND:
        psp_core_answer_mend(core, &read, records, n, status);
        return;
    }
}

void psp_core_checkpointed(struct psp_core *core, struct psp_core_time now, uint64_t index,
                           uint64_t term)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    assert(core->checkpointing);
    assert(index > core->checkpoint_index);
    assert(index <= psp_count_index(core->count));
    core->checkpointing = false;
    core->checkpoint_index = index;
    psp_core_step_checkpointed(core, index, term);
}

void psp_core_tick(struct psp_core *core, struct psp_core_time now)
{
    psp_core_begin(core, now);
    if (core->stopped)
        return;
    psp_core_care_on(core);
    if (!core->started)
        return;
    psp_core_step_time(core);
    psp_core_apply(core);
    psp_core_propose_genesis(core);
    psp_core_close_on(core);
    psp_core_replays_on(core, false);
    psp_core_clock_on(core);
    psp_core_slow_on(core);
    psp_core_move_on(core);
    psp_core_replace_on(core);
    psp_core_answer_watchers(core);
    psp_core_take_checkpoint(core);
    core->warming = psp_count_warm(core->count);
    const size_t kept = core->member_count > 1 ? KEPT_ENTRIES : 0;
    psp_window_release(&core->window, psp_count_index(core->count), core->written_number, kept,
                       kept == 0 ? 0 : KEPT_BYTES);
}

const struct psp_core_action *psp_core_actions(const struct psp_core *core, size_t *ret_n)
{
    psp_core_check(core);
    *ret_n = core->action_count;
    return core->actions;
}

uint64_t psp_core_deadline(const struct psp_core *core)
{
    if (core->stopped)
        return UINT64_MAX;
    if (!core->started)
        return psp_core_care_deadline(core);
    if (psp_core_apply_pending(core) || psp_core_genesis_pending(core) || core->warming)
        return core->now.steady_ms;
    uint64_t deadline = psp_consensus_deadline(core->consensus);
    if (core->move_to != 0 && core->move_until_ms < deadline)
        deadline = core->move_until_ms;
    const uint64_t others[] = {psp_core_care_deadline(core), psp_core_watch_deadline(core),
                               psp_core_close_deadline(core),
                               psp_core_has_room(core) ? psp_core_parked_due(core) : UINT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] < deadline)
            deadline = others[i];
    const uint64_t checkpoint = core->checkpoint_ms + PSP_CORE_CHECKPOINT_MS;
    if (!core->checkpointing && psp_count_index(core->count) > core->checkpoint_index &&
        checkpoint < deadline)
        deadline = checkpoint;
    return deadline;
}
