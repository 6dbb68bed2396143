/* Who is a member, and who leads: changes on purpose. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "shard/consensus/inner.h"

bool psp_consensus_encode(const struct psp_consensus_member *members, uint32_t n,
                          struct raft_buffer *ret_buffer)
{
    struct raft_configuration configuration;
    raft_configuration_init(&configuration);
    bool good = true;
    for (uint32_t i = 0; i < n && good; i++) {
        char address[PSP_ADDRESS_BYTES]; /* routed by ID; addresses only have to differ */
        snprintf(address, sizeof(address), "%" PRIu64, members[i].raft_id);
        good = raft_configuration_add(&configuration, members[i].raft_id, address,
                                      members[i].voter ? RAFT_VOTER : RAFT_STANDBY) == 0;
    }
    good = good && raft_configuration_encode(&configuration, ret_buffer) == 0;
    raft_configuration_close(&configuration);
    return good;
}

uint32_t psp_consensus_members(const struct psp_consensus *consensus,
                               struct psp_consensus_member ret_members[PSP_MEMBERS_MAX])
{
    const struct raft_configuration *configuration = &consensus->raft.configuration;
    uint32_t n = 0;
    for (unsigned i = 0; i < configuration->n && n < PSP_MEMBERS_MAX; i++)
        ret_members[n++] = (struct psp_consensus_member){
            configuration->servers[i].id, configuration->servers[i].role == RAFT_VOTER};
    return n;
}

bool psp_consensus_votes(const struct psp_consensus *consensus, uint64_t raft_id)
{
    struct psp_consensus_member members[PSP_MEMBERS_MAX];
    const uint32_t n = psp_consensus_members(consensus, members);
    for (uint32_t i = 0; i < n; i++)
        if (members[i].raft_id == raft_id)
            return members[i].voter;
    return false;
}

bool psp_consensus_changing(const struct psp_consensus *consensus)
{
    return consensus->raft.configuration_uncommitted_index != 0;
}

bool psp_consensus_level(const struct psp_consensus *consensus, uint64_t raft_id, uint64_t within)
{
    raft_index match = 0;
    return raft_match_index(&consensus->raft, raft_id, &match) == 0 &&
           match + within >= consensus->last_index &&
           match >= consensus->raft.configuration_committed_index;
}

struct psp_bytes psp_consensus_configuration(const struct psp_consensus *consensus, uint64_t index,
                                             uint64_t *ret_index)
{
    const struct psp_configuration *found =
        psp_configurations_at(&consensus->configurations, index);
    *ret_index = found == NULL ? 0 : found->index;
    return found == NULL ? (struct psp_bytes){NULL, 0}
                         : (struct psp_bytes){found->bytes, found->length};
}

enum psp_status psp_consensus_change(struct psp_consensus *consensus, uint64_t now_ms,
                                     const struct psp_consensus_member *members, uint32_t n,
                                     struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    if (raft_state(&consensus->raft) != RAFT_LEADER || raft_transferee(&consensus->raft) != 0)
        return psp_consensus_finish(consensus, PSP_ENOTLEADER, ret_actions);
    if (psp_consensus_changing(consensus))
        return psp_consensus_finish(consensus, PSP_EINVAL, ret_actions);
    raft_free(consensus->proposed.base);
    consensus->proposed = (struct raft_buffer){0};
    void *token = raft_malloc(1); /* stands for the batch: the payload stays ours */
    if (token == NULL || !psp_consensus_encode(members, n, &consensus->proposed)) {
        raft_free(token);
        return PSP_ENOMEM;
    }
    struct raft_entry entry = {.term = raft_current_term(&consensus->raft),
                               .type = RAFT_CHANGE,
                               .buf = consensus->proposed,
                               .batch = token};
    struct raft_event event = {.type = RAFT_SUBMIT};
    event.submit.entries = &entry;
    event.submit.n = 1;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "other members", ret_actions);
    if (status != PSP_OK && ret_actions->append_index == 0)
        raft_free(token);
    return psp_consensus_finish(consensus, status, ret_actions);
}

enum psp_status psp_consensus_transfer(struct psp_consensus *consensus, uint64_t now_ms,
                                       uint64_t raft_id, struct psp_consensus_actions *ret_actions)
{
    psp_consensus_begin(consensus, now_ms, ret_actions);
    if (raft_state(&consensus->raft) != RAFT_LEADER)
        return psp_consensus_finish(consensus, PSP_ENOTLEADER, ret_actions);
    if (!psp_consensus_votes(consensus, raft_id) || raft_id == consensus->raft.id ||
        raft_transferee(&consensus->raft) != 0)
        return psp_consensus_finish(consensus, PSP_EINVAL, ret_actions);
    struct raft_event event = {.type = RAFT_TRANSFER};
    event.transfer.server_id = raft_id;
    const enum psp_status status =
        psp_consensus_step_once(consensus, &event, "a hand-over", ret_actions);
    return psp_consensus_finish(consensus, status, ret_actions);
}
