/* What the core says of itself. */
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
