/* What the core says of itself, and how it answers who asked. */
#include <string.h>

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
