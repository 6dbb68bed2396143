/* W1, W3 ... are findings of docs/decisions/0001-raft-step.md. */
#include "shard/consensus/mend.h"

#include <assert.h>

static_assert(PSP_DOUBT_REFUSALS > 1, "one late refusal is none to go by");

/* ---- before the step ---- */

/* Of this follower, else one to be filled; NULL: there is none left. */
static struct psp_doubt *doubt_of(struct psp_doubts *doubts, uint64_t raft_id, uint64_t term)
{
    struct psp_doubt *free_one = NULL;
    assert(raft_id != 0); /* the mark of a free one */
    for (uint32_t i = 0; i < PSP_DOUBTS_MAX; i++) {
        struct psp_doubt *doubt = &doubts->items[i];
        if (doubt->raft_id == raft_id && doubt->term == term)
            return doubt;
        if (doubt->raft_id == 0 || doubt->term != term)
            free_one = doubt;
    }
    if (free_one != NULL)
        *free_one = (struct psp_doubt){.raft_id = raft_id, .term = term};
    return free_one;
}

/* Refused at or below what it has acknowledged. True: it goes on like this. */
static bool doubts_enough(struct psp_doubts *doubts, uint64_t raft_id, uint64_t term,
                          uint64_t now_ms, uint64_t long_ms)
{
    struct psp_doubt *doubt = doubt_of(doubts, raft_id, term);
    if (doubt == NULL)
        return false;
    if (doubt->refusals == 0)
        doubt->since_ms = now_ms;
    assert(now_ms >= doubt->since_ms);
    doubt->refusals++;
    return doubt->refusals >= PSP_DOUBT_REFUSALS && now_ms >= doubt->since_ms + long_ms;
}

static void mend_result(struct raft *raft, struct psp_doubts *doubts, uint64_t now_ms,
                        struct raft_message *message)
{
    struct raft_append_entries_result *result = &message->append_entries_result;
    const raft_term term = raft_current_term(raft);
    const raft_id id = message->server_id;
    raft_index match;
    if (raft_state(raft) != RAFT_LEADER || result->term != term ||
        raft_match_index(raft, id, &match) != 0)
        return;
    if (result->rejected == 0) {
        struct psp_doubt *doubt = doubt_of(doubts, id, term);
        if (doubt != NULL && result->last_log_index >= match) /* it has what it should */
            doubt->refusals = 0;
        return;
    }
    if (result->rejected > match)
        return;
    if (doubts_enough(doubts, id, term, now_ms, raft->election_timeout)) {
        result->term = term + 1; /* the leader steps down */
        return;
    }
    assert(result->rejected > 0 && result->rejected <= match);
    result->rejected = result->last_log_index = 0; /* W3: else `next` moves to or below `match` */
}

bool psp_mend_may_lead(struct raft *raft, const struct raft_message *message)
{
    const bool append = message->type == RAFT_APPEND_ENTRIES;
    if (raft_state(raft) != RAFT_LEADER || (!append && message->type != RAFT_INSTALL_SNAPSHOT))
        return true;
    /* W11: the library would take where its followers are for who leads it. */
    return raft_current_term(raft) !=
           (append ? message->append_entries.term : message->install_snapshot.term);
}

bool psp_mend_received(struct raft *raft, struct psp_doubts *doubts, uint64_t now_ms,
                       struct raft_message *message)
{
    if (message->type == RAFT_APPEND_ENTRIES_RESULT)
        mend_result(raft, doubts, now_ms, message);
    /* W9: else the library reads whether it asked from where another role's
     * state is: a pointer's bits decide whether it raises its term. */
    return message->type != RAFT_REQUEST_VOTE_RESULT || raft_state(raft) == RAFT_CANDIDATE;
}

/* ---- after the step ---- */

void psp_mend_replies(struct raft *raft, const struct raft_event *event, uint64_t term_before,
                      const struct raft_update *update)
{
    if (event->type != RAFT_RECEIVE || (update->flags & (RAFT_UPDATE_MESSAGES)) == 0)
        return;
    const struct raft_message *received = event->receive.message;
    const raft_term term = raft_current_term(raft);
    assert(term >= term_before);
    const bool stale =
        (received->type == RAFT_APPEND_ENTRIES && received->append_entries.term < term_before) ||
        (received->type == RAFT_INSTALL_SNAPSHOT && received->install_snapshot.term < term_before);
    const bool old_pre_vote = received->type == RAFT_REQUEST_VOTE &&
                              received->request_vote.pre_vote && received->request_vote.term < term;
    for (unsigned i = 0; i < update->messages.n; i++) {
        struct raft_message *reply = &update->messages.batch[i];
        if (stale && reply->type == RAFT_APPEND_ENTRIES_RESULT) /* W1 */
            reply->append_entries_result.rejected = reply->append_entries_result.last_log_index = 0;
        if (old_pre_vote && reply->type == RAFT_REQUEST_VOTE_RESULT) /* W4 */
            reply->request_vote_result.term = term;
    }
}
