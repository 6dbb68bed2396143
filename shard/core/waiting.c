/* Who waits for which entry, and what they are told. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "count/foresee.h"
#include "shard/core/inner.h"

void psp_core_wait(struct psp_core *core, const struct psp_waiting *waiting)
{
    assert(core->waiting_count < PSP_CORE_UNAPPLIED_MAX);
    const size_t end = core->waiting_first + core->waiting_count;
    assert(core->waiting_count == 0 ||
           core->waiting[(end - 1) % PSP_CORE_UNAPPLIED_MAX].index < waiting->index);
    assert(waiting->index > psp_count_index(core->count));
    assert(waiting->known == NULL || waiting->kind == PSP_WAITING_BATCH);
    core->waiting[end % PSP_CORE_UNAPPLIED_MAX] = *waiting;
    core->waiting_count++;
}

const struct psp_waiting *psp_core_newest(const struct psp_core *core)
{
    assert(core->waiting_count > 0);
    const size_t at = core->waiting_first + core->waiting_count - 1;
    return &core->waiting[at % PSP_CORE_UNAPPLIED_MAX];
}

static bool waits_here(const struct psp_core *core, uint64_t index, uint64_t term,
                       struct psp_waiting *ret_waiting)
{
    if (core->waiting_count == 0)
        return false;
    *ret_waiting = core->waiting[core->waiting_first];
    return ret_waiting->index == index && ret_waiting->term == term;
}

/* The rows that were in the entry have its verdicts, the others what was known before. */
static void answer_batch(struct psp_core *core, struct psp_waiting *waiting,
                         enum psp_apply_result result, const char *refused_text,
                         const struct psp_entry *entry)
{
    const uint32_t in_entry = entry->ballots.columns.n;
    const uint8_t *verdicts = core->verdicts;
    if (result != PSP_APPLIED) {
        psp_core_refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_FENCE, refused_text);
        return;
    }
    if (waiting->known == NULL) {
        psp_core_tell_verdicts(core, &waiting->peer, waiting->id, waiting->index, verdicts,
                               in_entry);
        return;
    }
    uint32_t next = 0;
    for (uint32_t row = 0; row < waiting->n; row++) {
        uint8_t *known = &waiting->known[row];
        if (*known == PSP_FORESEEN_NOTHING) {
            assert(next < in_entry);
            *known = verdicts[next++];
        } else if (*known == PSP_FORESEEN_NOT_JUDGED) {
            *known = PSP_NOT_JUDGED;
        }
    }
    assert(next == in_entry);
    psp_core_tell_verdicts(core, &waiting->peer, waiting->id, waiting->index, waiting->known,
                           waiting->n);
}

static void answer_operator(struct psp_core *core, const struct psp_waiting *waiting,
                            enum psp_apply_result result, const char *refused_text)
{
    struct psp_core_outcome outcome = {PSP_OPERATED, false, waiting->index, refused_text};
    if (result == PSP_APPLY_REFUSED) {
        const size_t bytes = strlen(refused_text) + 1;
        char *text = psp_core_scratch(core, bytes); /* the count's lasts until the next entry */
        if (text == NULL)
            return;
        memcpy(text, refused_text, bytes);
        outcome.status = PSP_OPERATE_REFUSED;
        outcome.text = text;
    } /* else done, or, repeated: it is so already, which is fine */
    psp_core_answer_operator(core, &waiting->peer, waiting->id, &outcome);
}

void psp_core_answer(struct psp_core *core, uint64_t index, uint64_t term,
                     const struct psp_entry *entry, enum psp_apply_result result,
                     const char *refused_text)
{
    struct psp_waiting waiting;
    psp_core_parked_answer(core, index, term);
    if (!waits_here(core, index, term, &waiting))
        return;
    assert(core->leading);
    core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    core->waiting_count--;
    switch (waiting.kind) {
    case PSP_WAITING_NOBODY:
        return;
    case PSP_WAITING_BATCH:
        assert(entry->type == PSP_ENTRY_BALLOTS); /* what was proposed is what is applied */
        answer_batch(core, &waiting, result, refused_text, entry);
        free(waiting.known);
        return;
    case PSP_WAITING_OPERATOR:
        assert(entry->type != PSP_ENTRY_BALLOTS);
        answer_operator(core, &waiting, result, refused_text);
        return;
    }
}

void psp_core_lose(struct psp_core *core)
{
    static const char text[] = "this replica no longer leads: the outcome is unknown, send again";
    psp_core_parked_lose(core, text);
    for (; core->waiting_count > 0; core->waiting_count--) {
        struct psp_waiting *waiting = &core->waiting[core->waiting_first];
        free(waiting->known);
        if (waiting->kind == PSP_WAITING_BATCH)
            psp_core_refuse_batch(core, &waiting->peer, waiting->id, PSP_COUNT_LOST, text);
        else if (waiting->kind == PSP_WAITING_OPERATOR)
            psp_core_answer_operator(core, &waiting->peer, waiting->id,
                                     &(struct psp_core_outcome){PSP_OPERATE_LOST, false, 0, text});
        core->waiting_first = (core->waiting_first + 1) % PSP_CORE_UNAPPLIED_MAX;
    }
}
