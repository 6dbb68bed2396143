/* Every replica is asked, not the leader alone: finding out who leads takes a round, and
 * with a replica that is down that is a second of the two there are. */
#include "cli/operate/closing.h"

#include <poll.h>
#include <stdlib.h>

#include "cli/operate/answer.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum {
    ROUND_MS = 1000,
    PAUSE_MS = 50,
    TIME_ROUNDS = 2, /* for a shard of which nobody answers at first */
    LONE_ROUNDS = 5, /* when that is so of all */
};

/* Marks the replicas of the shards in this state; how many there are. */
static uint32_t choose(const struct psp_operate *operate, const struct psp_closing *shards,
                       enum psp_closing_state state, bool *ret_asked)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_operate_process *process = psp_operate_process(operate, i);
        ret_asked[i] = process->role == PSP_ROLE_SHARD && shards[process->number].state == state;
        n += ret_asked[i];
    }
    return n;
}

struct known { /* of a shard, by its furthest replica that answered */
    uint64_t index, at_ms;
    bool never_open;
};

static void take_time(const struct psp_status_reply *reply, struct known *known)
{
    if (reply->index >= known->index)
        *known = (struct known){.index = reply->index,
                                .at_ms = reply->close_at_ms,
                                .never_open = reply->election_state == PSP_ELECTION_NEW};
}

bool psp_closing_time(struct psp_operate *operate, uint32_t shard_count, uint64_t *ret_at_ms,
                      bool *ret_never_open)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    struct psp_closing *shards = psp_memory_array(shard_count, sizeof *shards);
    struct known *known = psp_memory_array(shard_count, sizeof *known);
    bool *asked = psp_memory_array(psp_operate_count(operate), sizeof *asked);
    uint64_t at_ms = 0;
    bool heard = false, never_open = true;
    for (int round = 0; round < (heard ? TIME_ROUNDS : LONE_ROUNDS); round++) {
        if (choose(operate, shards, PSP_CLOSING_UNHEARD, asked) == 0)
            break;
        psp_operate_ask(operate, asked, &request, ROUND_MS);
        for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
            const uint32_t shard = psp_operate_process(operate, i)->number;
            const struct psp_status_reply *reply = asked[i] ? psp_operate_status(operate, i) : NULL;
            if (!reply)
                continue;
            heard = true;
            take_time(reply, &known[shard]);
            shards[shard].state = PSP_CLOSING_TOLD;
        }
    }
    for (uint32_t s = 0; s < shard_count; s++) {
        at_ms = known[s].at_ms > at_ms ? known[s].at_ms : at_ms;
        never_open = never_open && known[s].never_open;
    }
    free(asked);
    free(known);
    free(shards);
    if (heard) {
        *ret_at_ms = at_ms;
        *ret_never_open = never_open;
    }
    return heard;
}

/* ---- telling ---- */

static void take_answer(const struct psp_operate *operate, uint32_t process,
                        struct psp_closing *shard)
{
    const struct psp_cluster_message *answer = psp_operate_answer(operate, process);
    uint32_t leader = PSP_NONE;
    struct psp_reason reason = {0};
    switch (psp_answer_judge(answer, psp_operate_process(operate, process)->replica, &leader,
                             &reason)) {
    case PSP_ANSWER_DONE:
        shard->state = PSP_CLOSING_TOLD;
        shard->index = answer->operated.index;
        psp_reason_set(&shard->said, "%s", answer->operated.text);
        return;
    case PSP_ANSWER_REFUSED:
        shard->state = PSP_CLOSING_REFUSED;
        shard->said = reason;
        return;
    case PSP_ANSWER_AGAIN: /* what a leader says is worth more than what followers say */
        if (answer->type == PSP_CLUSTER_OPERATED &&
            answer->operated.status != PSP_OPERATE_NOT_LEADER)
            shard->said = reason;
        return;
    }
}

/* What one round of all `asked` has brought. */
static void take_answers(const struct psp_operate *operate, const bool *asked, uint32_t shard_count,
                         struct psp_closing *shards)
{
    uint32_t *answers = psp_memory_array(shard_count, sizeof *answers);
    for (uint32_t s = 0; s < shard_count; s++) {
        if (shards[s].state == PSP_CLOSING_UNHEARD)
            shards[s].said = (struct psp_reason){0};
    }
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const uint32_t shard = psp_operate_process(operate, i)->number;
        if (!asked[i] || !psp_operate_answer(operate, i))
            continue;
        answers[shard]++;
        if (shards[shard].state == PSP_CLOSING_UNHEARD)
            take_answer(operate, i, &shards[shard]);
    }
    for (uint32_t s = 0; s < shard_count; s++) {
        if (shards[s].state != PSP_CLOSING_UNHEARD || shards[s].said.text[0])
            continue;
        if (answers[s] == 0)
            psp_reason_set(&shards[s].said, "no replica answers");
        else
            psp_reason_set(&shards[s].said, "no replica leads; %u answer", answers[s]);
    }
    free(answers);
}

void psp_closing_tell(struct psp_operate *operate, uint64_t at_ms, uint64_t timeout_ms,
                      uint32_t shard_count, struct psp_closing *shards)
{
    const struct psp_cluster_message request = {
        .type = PSP_CLUSTER_OPERATE,
        .operate = {.operation = PSP_OPERATE_CLOSE, .close_at_ms = at_ms}};
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    bool *asked = psp_memory_array(psp_operate_count(operate), sizeof *asked);
    while (choose(operate, shards, PSP_CLOSING_UNHEARD, asked) > 0) {
        psp_operate_ask(operate, asked, &request, ROUND_MS);
        take_answers(operate, asked, shard_count, shards);
        if (psp_progress_clock_ms() >= end_ms)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    free(asked);
}

/* ---- waiting ---- */

/* What is applied is committed, so that any replica's word is the shard's, once it is
 * past the entry that was answered. */
static void take_status(const struct psp_status_reply *reply, struct psp_closing *shard)
{
    if (reply->index < shard->index || shard->state != PSP_CLOSING_TOLD)
        return;
    switch (reply->election_state) {
    case PSP_ELECTION_CLOSED:
        shard->state = PSP_CLOSING_CLOSED;
        shard->seen_index = reply->index;
        return;
    case PSP_ELECTION_NEW:
        shard->state = PSP_CLOSING_NEVER_OPEN;
        shard->seen_index = reply->index;
        return;
    case PSP_ELECTION_OPEN:
        if (reply->state == PSP_STATE_LEADER)
            shard->to_come_ms =
                reply->close_at_ms > reply->wall_ms ? reply->close_at_ms - reply->wall_ms : 0;
        return;
    }
}

void psp_closing_wait(struct psp_operate *operate, uint64_t timeout_ms, struct psp_closing *shards)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    bool *asked = psp_memory_array(psp_operate_count(operate), sizeof *asked);
    while (choose(operate, shards, PSP_CLOSING_TOLD, asked) > 0) {
        psp_operate_ask(operate, asked, &request, ROUND_MS);
        for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
            const struct psp_status_reply *reply = asked[i] ? psp_operate_status(operate, i) : NULL;
            if (reply)
                take_status(reply, &shards[psp_operate_process(operate, i)->number]);
        }
        if (psp_progress_clock_ms() >= end_ms)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    free(asked);
}
