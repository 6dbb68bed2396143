/* Leadership that moves on purpose, or because its disk is slow or its clock far from the
 * others': take nothing new, apply what is proposed, then hand over. Nobody is left without an
 * answer, and nothing is proposed that the next leader may not have. */
#include <assert.h>

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
    assert(raft_id != core->raft_id);
    psp_core_replays_on(core, true); /* nothing is proposed from here on */
    core->move_to = raft_id;
    core->move_until_ms = core->move_patience_ms = core->now.steady_ms + PSP_CORE_MOVE_MS;
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
    const bool waits = core->waiting_count > 0 && core->now.steady_ms < core->move_patience_ms;
    if (core->move_begun || waits || core->stopped)
        return;
    assert(core->leading);
    core->move_begun = true;
    psp_core_transfer(core, core->move_to);
}

/* ---- because of the disk ---- */

/* The replica that votes and has the fastest disk, if that is not slow. Of one that says
 * nothing of late, or has written nothing, that is not known. */
static uint32_t better_disk(const struct psp_core *core)
{
    uint32_t least_ms = PSP_CORE_SLOW_MS + 1, better = PSP_NONE;
    for (uint32_t r = 0; r < core->member_count; r++) {
        const struct psp_health *health = r == core->replica ? NULL : psp_core_health_of(core, r);
        if (health == NULL || health->sync_ms == 0 || health->sync_ms >= least_ms ||
            voter_of(core, r) != health->raft_id)
            continue;
        least_ms = health->sync_ms;
        better = r;
    }
    return better;
}

/* A new leader is given time: what its disk took for others' entries may say little. */
static void begin_to_lead(struct psp_core *core)
{
    const uint64_t from_ms = core->now.steady_ms + PSP_CORE_SLOW_LED_MS;
    if (!core->leading || core->slow_term == core->leading_term)
        return;
    core->slow_term = core->leading_term;
    if (core->slow_from_ms < from_ms)
        core->slow_from_ms = from_ms;
}

void psp_core_slow_on(struct psp_core *core)
{
    begin_to_lead(core);
    const uint32_t sync_ms = psp_core_sync_ms(core);
    if (core->stopped || !core->leading || core->member_count == 1 || sync_ms <= PSP_CORE_SLOW_MS ||
        core->move_to != 0 || core->now.steady_ms < core->slow_from_ms)
        return;
    const uint32_t better = better_disk(core);
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_SLOW_DISK);
    if (action == NULL)
        return;
    assert(better != core->replica);
    action->slow_disk.sync_ms = sync_ms;
    action->slow_disk.to = better;
    core->slow_from_ms = core->now.steady_ms + PSP_CORE_SLOW_GAP_MS;
    if (better == PSP_NONE || psp_core_move(core, better).status != PSP_OPERATED)
        return;
    assert(core->move_to != 0);
    core->move_until_ms = core->now.steady_ms + PSP_CORE_SLOW_MOVE_MS;
    core->move_patience_ms = core->now.steady_ms + PSP_CORE_SLOW_PATIENCE_MS;
}

/* ---- because of the clock ---- */

static uint64_t size_of(int64_t ahead_ms)
{
    return (uint64_t)(ahead_ms < 0 ? -ahead_ms : ahead_ms);
}

/* The replica that votes and whose clock is nearest to the median, and near enough: of two
 * clocks that are far apart none is. */
static uint32_t better_clock(const struct psp_core *core)
{
    uint64_t least_ms = PSP_CORE_CLOCK_MAX_MS + 1;
    uint32_t better = PSP_NONE;
    for (uint32_t r = 0; r < core->member_count; r++) {
        int64_t ahead_ms;
        if (r == core->replica || voter_of(core, r) == 0 ||
            !psp_clocks_ahead_of(&core->clocks, r, core->now.steady_ms, core->now.wall_ms,
                                 &ahead_ms) ||
            size_of(ahead_ms) >= least_ms)
            continue;
        least_ms = size_of(ahead_ms);
        better = r;
    }
    return better;
}

void psp_core_clock_on(struct psp_core *core)
{
    const int64_t ahead_ms =
        psp_clocks_ahead(&core->clocks, core->now.steady_ms, core->now.wall_ms);
    if (core->stopped || !core->leading || size_of(ahead_ms) <= PSP_CORE_CLOCK_MAX_MS ||
        core->move_to != 0 || core->now.steady_ms < core->clock_from_ms)
        return;
    const uint32_t better = better_clock(core);
    assert(better != core->replica);
    assert(better == PSP_NONE || better < core->member_count);
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_CLOCK_OFF);
    if (action == NULL)
        return;
    action->clock_off.ahead_ms = ahead_ms;
    action->clock_off.to = better;
    core->clock_from_ms = core->now.steady_ms + PSP_CORE_CLOCK_GAP_MS;
    if (better != PSP_NONE)
        psp_core_move(core, better);
}
