/* Leadership that moves on purpose: take nothing new, apply what is proposed,
 * then hand over. Nobody is left without an answer, and nothing is proposed that
 * the next leader may not have. */
#include "shard/core/inner.h"

/* The voter that stands for the replica; 0: none. */
static uint64_t voter_of(const struct psp_core *core, uint32_t replica)
{
    struct psp_consensus_member members[PSP_MEMBERS_MAX];
    const uint32_t n = psp_consensus_members(core->consensus, members);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].voter && psp_raft_id_replica(members[i].raft_id) == replica)
            return members[i].raft_id;
    return 0;
}

struct psp_core_outcome psp_core_move(struct psp_core *core, uint32_t replica)
{
    const uint64_t raft_id = voter_of(core, replica);
    const struct psp_core_outcome done = {.status = PSP_OPERATED, .text = ""};
    if (raft_id == 0)
        return psp_core_refused("the shard has no such replica that votes", false);
    if (replica == core->replica || core->move_to == raft_id)
        return done;
    psp_core_replays_on(core, true); /* nothing is proposed from here on */
    core->move_to = raft_id;
    core->move_until_ms = core->now.steady_ms + PSP_CORE_MOVE_MS;
    core->move_begun = false;
    return done;
}

void psp_core_move_on(struct psp_core *core)
{
    if (core->move_to == 0)
        return;
    if (!core->leading || core->now.steady_ms >= core->move_until_ms) {
        core->move_to = 0;
        return;
    }
    if (core->move_begun || core->waiting_count > 0 || core->stopped)
        return;
    core->move_begun = true;
    psp_core_transfer(core, core->move_to);
}
