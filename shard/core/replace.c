/* A replica that comes back under a new ID, because its disk is gone: it joins
 * without a vote, catches up, and takes its predecessor's place.
 *
 *     {1 2 3} -> {1 2 3 259-} -> level -> {1 2 259-} -> {1 2 259}     (-: no vote)
 *
 * One change at a time, each committed before the next, so that any two
 * majorities meet. The predecessor leaves before its successor votes: with its
 * disk gone it could only be counted as absent. Whoever leads goes on from what
 * the log says, when it is asked again; nothing of this is remembered elsewhere. */
#include <assert.h>

#include "shard/core/inner.h"

enum { LEVEL_WITHIN = PSP_CORE_UNAPPLIED_MAX };

/* The ID among the members that stands for the same replica; 0: none. */
static uint64_t predecessor_of(const struct psp_consensus_member *members, uint32_t n,
                               uint64_t raft_id)
{
    for (uint32_t i = 0; i < n; i++)
        if (members[i].raft_id != raft_id &&
            psp_raft_id_replica(members[i].raft_id) == psp_raft_id_replica(raft_id))
            return members[i].raft_id;
    return 0;
}

/* Why the ID can never be a member; NULL: it can, or is. */
static const char *senseless(const struct psp_core *core,
                             const struct psp_consensus_member *members, uint32_t n,
                             uint64_t raft_id)
{
    const uint32_t replica = raft_id == 0 ? PSP_NONE : psp_raft_id_replica(raft_id);
    if (core->member_count == 1)
        return "the shard has one replica: there is nobody to take its state from";
    if (replica >= core->member_count)
        return "the shard has no such replica";
    if (replica == core->replica && raft_id != core->raft_id)
        return "that replica leads the shard: move the leadership first";
    if (predecessor_of(members, n, raft_id) > raft_id)
        return "the replica was replaced again since";
    return NULL;
}

struct psp_core_outcome psp_core_replace(struct psp_core *core, uint64_t raft_id)
{
    struct psp_consensus_member members[PSP_MEMBERS_MAX];
    const uint32_t n = psp_consensus_members(core->consensus, members);
    const char *text = senseless(core, members, n, raft_id);
    const struct psp_core_outcome done = {.status = PSP_OPERATED, .text = ""};
    if (text != NULL)
        return psp_core_refused(text, false);
    if (raft_id == core->raft_id)
        return done;
    const uint32_t replica = psp_raft_id_replica(raft_id);
    bool another = core->joining != 0 && psp_raft_id_replica(core->joining) != replica;
    for (uint32_t i = 0; i < n; i++)
        another =
            another || (!members[i].voter && psp_raft_id_replica(members[i].raft_id) != replica);
    if (another)
        return psp_core_refused("another replica is being replaced", true);
    for (uint32_t r = 0; r < core->member_count; r++) {
        text = r == replica ? NULL : psp_core_not_relied_on(core, r);
        if (text != NULL)
            return psp_core_refused(text, true);
    }
    assert(core->joining == 0 || psp_raft_id_replica(core->joining) == replica);
    assert(replica != core->replica);
    core->joining = raft_id;
    return done;
}

static void without(struct psp_consensus_member *members, uint32_t *n, uint64_t raft_id)
{
    uint32_t kept = 0;
    assert(*n <= PSP_MEMBERS_MAX);
    for (uint32_t i = 0; i < *n; i++)
        if (members[i].raft_id != raft_id)
            members[kept++] = members[i];
    *n = kept;
}

/* Between the members that are and those that are to be, one ID comes, goes or votes. */
static bool one_change(const struct psp_core *core, const struct psp_consensus_member *members,
                       uint32_t n)
{
    struct psp_consensus_member now[PSP_MEMBERS_MAX];
    const uint32_t now_n = psp_consensus_members(core->consensus, now);
    uint32_t kept = 0, same = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < now_n; k++) {
            kept += members[i].raft_id == now[k].raft_id;
            same += members[i].raft_id == now[k].raft_id && members[i].voter == now[k].voter;
        }
    }
    return (n - kept) + (now_n - kept) + (kept - same) == 1;
}

void psp_core_replace_on(struct psp_core *core)
{
    if (core->joining == 0)
        return;
    if (!core->leading) { /* the next leader is asked in its turn */
        core->joining = 0;
        return;
    }
    if (core->move_to != 0 || !psp_core_serves(core) || psp_consensus_changing(core->consensus))
        return;
    struct psp_consensus_member members[PSP_MEMBERS_MAX];
    uint32_t n = psp_consensus_members(core->consensus, members), at = 0;
    const uint64_t predecessor = predecessor_of(members, n, core->joining);
    while (at < n && members[at].raft_id != core->joining)
        at++;
    if (at == n) {
        assert(n < PSP_MEMBERS_MAX);
        members[n++] = (struct psp_consensus_member){core->joining, false};
    } else if (!members[at].voter &&
               !psp_consensus_level(core->consensus, core->joining, LEVEL_WITHIN)) {
        return;
    } else if (predecessor != 0) {
        without(members, &n, predecessor);
    } else if (!members[at].voter) {
        members[at].voter = true;
    } else {
        core->joining = 0;
        return;
    }
    assert(n <= PSP_MEMBERS_MAX);
    assert(one_change(core, members, n)); /* so that any two majorities meet */
    psp_core_change(core, members, n);
}
