/* Who waits for which entry, and what they are told. */
#include <assert.h>
#include <string.h>

#include "shard/core/inner.h"

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

void psp_core_wait(struct psp_core *core, const struct psp_waiting *waiting)
{
    assert(core->waiting_count < PSP_CORE_UNAPPLIED_MAX);
    const size_t end = core->waiting_first + core->waiting_count;
    assert(core->waiting_count == 0 ||
           core->waiting[(end - 1) % PSP_CORE_UNAPPLIED_MAX].index < waiting->index);
    core->waiting[end % PSP_CORE_UNAPPLIED_MAX] = *waiting;
    core->waiting_count++;
}

static bool waits_here(const struct psp_core *core, uint64_t index, uint64_t term,
                       struct psp_waiting *ret_waiting)
{
    if (core->waiting_count == 0)
        return false;
    *ret_waiting = core->waiting[core->waiting_first];
    return ret_waiting->index == index && ret_waiting->term == term;
}

static void answer_batch(struct psp_core *core, const struct psp_waiting *waiting,
                         const struct psp_entry *entry, enum psp_apply_result result,
                         const char *refused_text)
{
    const uint32_t n = entry->ballots.columns.n;
    if (result != PSP_APPLIED) {
        psp_core_refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_FENCE, refused_text);
        return;
    }
    uint8_t *verdicts = psp_core_scratch(core, n);
    if (verdicts == NULL)
        return;
    memcpy(verdicts, core->verdicts, n);
    for (uint32_t i = 0; i < n; i++)
        core->busy_rows += verdicts[i] == PSP_NOT_JUDGED;
    struct psp_cluster_message *message =
        psp_core_send(core, &waiting->peer, PSP_CLUSTER_COUNT_VERDICTS, waiting->id);
    if (message == NULL)
        return;
    message->count_verdicts.shard = core->genesis.shard;
    message->count_verdicts.index = waiting->index;
    message->count_verdicts.verdicts = verdicts;
    message->count_verdicts.n = n;
}

void psp_core_answer(struct psp_core *core, uint64_t index, uint64_t term,
                     const struct psp_entry *entry, enum psp_apply_result result,
                     const char *refused_text)
{
    struct psp_waiting waiting;
    if (!waits_here(core, index, term, &waiting))
        return;
    core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    core->waiting_count--;
    switch (waiting.kind) {
    case PSP_WAITING_NOBODY:
        return;
    case PSP_WAITING_BATCH:
        answer_batch(core, &waiting, entry, result, refused_text);
        return;
    case PSP_WAITING_OPERATOR: /* repeated: it is so already, which is fine */
        psp_core_answer_operator(
            core, &waiting.peer, waiting.id,
            &(struct psp_core_outcome){PSP_OPERATED, false, index, refused_text});
        return;
    }
}

void psp_core_lose(struct psp_core *core)
{
    static const char text[] = "this replica no longer leads: the outcome is unknown, send again";
    for (; core->waiting_count > 0; core->waiting_count--) {
        const struct psp_waiting *waiting = &core->waiting[core->waiting_first];
        if (waiting->kind == PSP_WAITING_BATCH)
            psp_core_refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_LOST, text);
        else if (waiting->kind == PSP_WAITING_OPERATOR)
            psp_core_answer_operator(core, &waiting->peer, waiting->id,
                                     &(struct psp_core_outcome){PSP_OPERATE_LOST, false, 0, text});
        core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    }
}
