/* What the core says of itself, and how it answers who asked. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/checked.h"
#include "election/probes.h"
#include "shard/core/inner.h"

bool psp_core_serves(const struct psp_core *core)
{
    return core->leading && psp_count_index(core->count) >= core->inherited_index;
}

uint32_t psp_core_leader(const struct psp_core *core)
{
    if (psp_consensus_state(core->consensus) == PSP_LEADER)
        return core->replica;
    const uint64_t raft_id = psp_consensus_leader(core->consensus);
    return raft_id == 0 ? PSP_NONE : psp_raft_id_replica(raft_id);
}

enum psp_process_state psp_core_state(const struct psp_core *core)
{
    if (!core->started)
        return PSP_STATE_STARTING;
    switch (psp_consensus_state(core->consensus)) {
    case PSP_LEADER:
        return psp_core_serves(core) && psp_count_genesis(core->count) != NULL && !core->warming
                   ? PSP_STATE_LEADER
                   : PSP_STATE_STARTING;
    case PSP_CANDIDATE:
        return PSP_STATE_CANDIDATE;
    case PSP_FOLLOWER:
    case PSP_UNAVAILABLE:
        break;
    }
    return psp_consensus_votes(core->consensus, core->raft_id) ? PSP_STATE_FOLLOWER
                                                               : PSP_STATE_JOINING;
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

/* ---- answers ---- */

void psp_core_refuse_batch(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                           enum psp_count_refusal code, const char *text)
{
    assert(text != NULL);
    struct psp_cluster_message *message =
        psp_core_send(core, peer, PSP_CLUSTER_COUNT_REFUSAL, batch_id);
    if (message == NULL)
        return;
    message->count_refusal.code = code;
    message->count_refusal.leader = psp_core_leader(core);
    message->count_refusal.text = text;
}

void psp_core_answer_operator(struct psp_core *core, const struct psp_peer *peer,
                              uint64_t request_id, const struct psp_core_outcome *outcome)
{
    assert(outcome->text != NULL);
    assert(!outcome->temporary || outcome->status == PSP_OPERATE_REFUSED);
    struct psp_cluster_message *message =
        psp_core_send(core, peer, PSP_CLUSTER_OPERATED, request_id);
    if (message == NULL)
        return;
    message->operated.status = outcome->status;
    message->operated.temporary = outcome->temporary;
    message->operated.index = outcome->index;
    message->operated.leader = psp_core_leader(core);
    message->operated.text = outcome->text;
}

void psp_core_tell_verdicts(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                            uint64_t index, const uint8_t *verdicts, uint32_t n)
{
    assert(n <= PSP_BATCH_ROWS_MAX);
    assert(index <= psp_count_index(core->count)); /* promise 1: said when it is applied */
    uint8_t *copy = psp_core_scratch(core, n);
    if (copy == NULL)
        return;
    memcpy(copy, verdicts, n);
    for (uint32_t i = 0; i < n; i++)
        core->busy_rows += verdicts[i] == PSP_NOT_JUDGED;
    struct psp_cluster_message *message =
        psp_core_send(core, peer, PSP_CLUSTER_COUNT_VERDICTS, batch_id);
    if (message == NULL)
        return;
    message->count_verdicts.shard = core->genesis.shard;
    message->count_verdicts.index = index;
    message->count_verdicts.verdicts = copy;
    message->count_verdicts.n = n;
}

/* ---- what must hold ---- */

/* promise 1: the store is never ahead of what is applied, nor that of what is committed and
 * durable here. */
static void check_log(const struct psp_core *core)
{
    const uint64_t applied = psp_count_index(core->count);
    const uint64_t last = psp_consensus_last_index(core->consensus);
    const uint64_t persisted = psp_consensus_persisted_index(core->consensus);
    assert(core->checkpoint_index <= applied);
    assert(applied <= core->commit_index);
    assert(applied <= persisted);
    assert(persisted <= last);
    assert(core->commit_index <= last);
    assert(core->hashes_from <= applied);
    assert(core->window.first + core->window.count == last + 1);
    assert(core->proposing == NULL); /* only within a call */
    psp_window_check(&core->window);
}

static const struct psp_waiting *waiting_at(const struct psp_core *core, size_t i)
{
    assert(i < core->waiting_count);
    return &core->waiting[(core->waiting_first + i) % PSP_CORE_UNAPPLIED_MAX];
}

/* Who waits is answered when the entry is applied, or when the leadership ends: nobody is
 * forgotten between. */
static void check_waiting(const struct psp_core *core)
{
    assert(core->waiting_first < PSP_CORE_UNAPPLIED_MAX);
    assert(core->waiting_count <= PSP_CORE_UNAPPLIED_MAX);
    assert(core->parked_count <= PSP_CORE_PARKED_MAX);
    assert(core->leading || core->waiting_count == 0);
    assert(core->leading || core->parked_count == 0);
    if (core->waiting_count > 0) {
        const struct psp_waiting *oldest = waiting_at(core, 0),
                                 *newest = waiting_at(core, core->waiting_count - 1);
        assert(oldest->index > psp_count_index(core->count));
        assert(newest->index <= psp_consensus_last_index(core->consensus));
        assert(oldest->term == core->leading_term);
        assert(newest->term == core->leading_term);
    }
    if (!PSP_CHECKED)
        return;
    for (size_t i = 1; i < core->waiting_count; i++)
        assert(waiting_at(core, i - 1)->index < waiting_at(core, i)->index);
    for (uint32_t i = 0; i < core->parked_count; i++) {
        const struct psp_parked *parked = &core->parked[i];
        assert(parked->index != UINT64_MAX); /* the mark of psp_core_parked_collect */
        assert(parked->wants == 0 || parked->rows != NULL);
        assert(parked->verdicts != NULL);
    }
}

static void check_leading(const struct psp_core *core)
{
    const uint64_t term = psp_consensus_term(core->consensus);
    assert(core->leading == (psp_consensus_state(core->consensus) == PSP_LEADER));
    assert(core->leading_term == term);
    assert(core->genesis_term <= term);
    assert(core->closing_term <= term);
    assert(core->move_to != core->raft_id);
    if (core->leading)
        assert(core->inherited_index <= psp_consensus_last_index(core->consensus));
}

static void check_care(const struct psp_core *core)
{
    const struct psp_care *care = &core->care;
    assert(care->mending.index == 0 || care->damaged > 0);
    assert(care->damaged <= care->found);
    assert(care->others[core->replica].heard_ms == 0); /* it does not tell itself */
    assert(core->started || !care->scrubbing);
}

void psp_core_check(const struct psp_core *core)
{
    assert(core->action_count <= core->action_capacity);
    assert(core->replica < core->member_count);
    if (core->stopped)
        return; /* where it was, whatever is done with that */
    assert(core->action_count < core->action_capacity); /* one is free for a stop */
    assert(core->probes <= PSP_PROBES_A_SECOND);
    check_care(core);
    if (!core->started)
        return;
    check_log(core);
    check_waiting(core);
    check_leading(core);
}

/* ---- when something did not ---- */

static const char *role_name(const struct psp_core *core)
{
    switch (psp_consensus_state(core->consensus)) {
    case PSP_LEADER:
        return "leader";
    case PSP_CANDIDATE:
        return "candidate";
    case PSP_FOLLOWER:
        return "follower";
    case PSP_UNAVAILABLE:
        break;
    }
    return "not started";
}

void psp_core_describe(const struct psp_core *core, char *ret_text, size_t size)
{
    const struct psp_books *books = psp_count_books(core->count);
    const struct psp_care *care = &core->care;
    const size_t waiting = core->waiting_count <= PSP_CORE_UNAPPLIED_MAX ? core->waiting_count : 0;
    const uint64_t oldest = waiting > 0 ? waiting_at(core, 0)->index : 0;
    const uint64_t newest = waiting > 0 ? waiting_at(core, waiting - 1)->index : 0;
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(core->count, hash);
    snprintf(
        ret_text, size,
        "  shard %" PRIu32 " replica %" PRIu32 " of %" PRIu32 ", raft ID %" PRIu64
        ", epoch %" PRIu64 "\n"
        "  %s in term %" PRIu64 ", last known to lead: %d in term %" PRIu64
        ", inherited up to %" PRIu64 "\n"
        "  started %d, stopped %d %s\n"
        "  log: last %" PRIu64 ", persisted %" PRIu64 ", committed %" PRIu64 ", append %" PRIu64
        " durable\n"
        "  applied %" PRIu64 " of term %" PRIu64 ", checkpoint %" PRIu64
        ", checkpointing %d, loading %d, unreadable %d\n"
        "  window: %zu entries from %" PRIu64 ", %" PRIu64 " bytes\n"
        "  waiting: %zu, indexes %" PRIu64 " to %" PRIu64 "; parked %" PRIu32 "; actions %zu\n"
        "  books: received %" PRIu64 ", counted %" PRIu64 ", voters %" PRIu64 ", added %" PRIu64
        "\n"
        "  election state %d, time %" PRIu64 ", closes at %" PRIu64 "; state hash %016" PRIx64
        "...\n"
        "  care: damaged %" PRIu64 ", mending %" PRIu64 ", writing %" PRIu64
        ", scrubbing %d from %" PRIu64 "\n"
        "  moves to %" PRIu64 ", joining %" PRIu64 "; clocks: steady %" PRIu64 ", wall %" PRIu64
        "\n",
        core->genesis.shard, core->replica, core->member_count, core->raft_id, core->genesis.epoch,
        role_name(core), psp_consensus_term(core->consensus), core->leading, core->leading_term,
        core->inherited_index, core->started, core->stopped, core->stop_text,
        psp_consensus_last_index(core->consensus), psp_consensus_persisted_index(core->consensus),
        core->commit_index, core->written_number, psp_count_index(core->count), core->applied_term,
        core->checkpoint_index, core->checkpointing, core->loading, core->unreadable,
        core->window.count, core->window.first, core->window.payload_bytes, waiting, oldest, newest,
        core->parked_count, core->action_count, books->received, books->disposed[PSP_COUNTED],
        books->voters_counted, books->added_ballots, (int)psp_count_election_state(core->count),
        psp_count_time_ms(core->count), psp_count_close_at_ms(core->count), psp_get64(hash),
        care->damaged, care->mending.index, care->mends, care->scrubbing, care->scrub_next,
        core->move_to, core->joining, core->now.steady_ms, core->now.wall_ms);
}
