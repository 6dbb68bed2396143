/* Whoever answers for a shard is taken at its word: a replica that leads no more is
 * told apart by reporting.h, from what the others say. */
#include "cli/operate/reporter.h"

#include <poll.h>
#include <stdlib.h>

#include "cli/operate/answer.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { ROUND_MS = 1000, PAUSE_MS = 50 };

struct carrier {
    struct psp_operate *operate;
    struct psp_reporting *reporting;
    uint32_t shard_count;
    uint32_t *leaders;       /* [shard_count]: process that answered last, PSP_NONE: not known */
    struct psp_reason *said; /* [shard_count]: why there is no answer, as far as known */
    bool *due;               /* [shard_count]: of this round */
    bool *asked;             /* [processes] */
};

/* Which shards are due, and what with; all are due the same. False: none. */
static bool fill(struct carrier *carrier, struct psp_cluster_message *ret_request)
{
    bool any = false;
    for (uint32_t s = 0; s < carrier->shard_count; s++) {
        struct psp_bytes report = {0};
        const enum psp_reporting_step step = psp_reporting_step(carrier->reporting, s, &report);
        carrier->due[s] = step != PSP_REPORTING_WAIT;
        if (step == PSP_REPORTING_ASK)
            *ret_request = (struct psp_cluster_message){.type = PSP_CLUSTER_REPORT_REQUEST};
        else if (step == PSP_REPORTING_TELL)
            *ret_request = (struct psp_cluster_message){
                .type = PSP_CLUSTER_OPERATE,
                .operate = {.operation = PSP_OPERATE_REPORT, .report = report}};
        any = any || carrier->due[s];
    }
    return any;
}

static void choose(struct carrier *carrier)
{
    for (uint32_t i = 0; i < psp_operate_count(carrier->operate); i++) {
        const struct psp_operate_process *process = psp_operate_process(carrier->operate, i);
        carrier->asked[i] = process->role == PSP_ROLE_SHARD && carrier->due[process->number] &&
                            (carrier->leaders[process->number] == PSP_NONE ||
                             carrier->leaders[process->number] == i);
    }
}

/* Of two that answer for a shard, the one further on leads. */
static uint64_t weight(const struct psp_cluster_message *answer)
{
    return answer->type == PSP_CLUSTER_REPORT_REPLY ? answer->report_reply.index
                                                    : answer->operated.index;
}

/* The process with the shard's answer; PSP_NONE: none has one, and `said` tells why. */
static uint32_t judge(struct carrier *carrier, uint32_t shard)
{
    uint32_t best = PSP_NONE, answers = 0, leader;
    struct psp_reason reason = {0}, of_leader = {0};
    for (uint32_t i = 0; i < psp_operate_count(carrier->operate); i++) {
        const struct psp_operate_process *process = psp_operate_process(carrier->operate, i);
        const struct psp_cluster_message *answer = carrier->asked[i] && process->number == shard
                                                       ? psp_operate_answer(carrier->operate, i)
                                                       : NULL;
        if (!answer)
            continue;
        answers++;
        if (psp_answer_judge(answer, process->replica, &leader, &reason) == PSP_ANSWER_AGAIN) {
            if (answer->type == PSP_CLUSTER_OPERATED &&
                answer->operated.status != PSP_OPERATE_NOT_LEADER)
                of_leader = reason;
        } else if (best == PSP_NONE ||
                   weight(answer) > weight(psp_operate_answer(carrier->operate, best))) {
            best = i;
        }
    }
    if (answers == 0)
        psp_reason_set(&carrier->said[shard], "no replica answers");
    else if (of_leader.text[0])
        carrier->said[shard] = of_leader;
    else
        psp_reason_set(&carrier->said[shard], "no replica leads; %u answer", answers);
    return best;
}

static void take(struct carrier *carrier, uint32_t shard, uint32_t process)
{
    const struct psp_cluster_message *answer = psp_operate_answer(carrier->operate, process);
    struct psp_reason reason = {0};
    uint32_t leader;
    if (answer->type == PSP_CLUSTER_REPORT_REPLY) {
        psp_reporting_take_held(carrier->reporting, shard, answer->report_reply.report,
                                answer->report_reply.index, answer->report_reply.epoch);
        return;
    }
    switch (psp_answer_judge(answer, psp_operate_process(carrier->operate, process)->replica,
                             &leader, &reason)) {
    case PSP_ANSWER_DONE:
        psp_reporting_take_done(carrier->reporting, shard, answer->operated.index,
                                answer->operated.text);
        return;
    case PSP_ANSWER_REFUSED:
    case PSP_ANSWER_AGAIN:
        psp_reporting_take_refused(carrier->reporting, shard, reason.text);
        return;
    }
}

/* One question to all that are due. What an answer makes due is for the next round. */
static bool carry_round(struct carrier *carrier)
{
    struct psp_cluster_message request;
    bool all = true;
    if (!fill(carrier, &request))
        return true;
    choose(carrier);
    psp_operate_ask(carrier->operate, carrier->asked, &request, ROUND_MS);
    for (uint32_t s = 0; s < carrier->shard_count; s++) {
        if (!carrier->due[s])
            continue;
        carrier->leaders[s] = judge(carrier, s);
        carrier->due[s] = carrier->leaders[s] == PSP_NONE;
        all = all && !carrier->due[s];
        if (carrier->leaders[s] != PSP_NONE)
            take(carrier, s, carrier->leaders[s]);
    }
    return all;
}

/* Until none is due any more of those that are now, or the time is over. */
static void carry_phase(struct carrier *carrier, uint64_t timeout_ms)
{
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    while (!carry_round(carrier)) {
        if (psp_progress_clock_ms() < end_ms) {
            poll(NULL, 0, PAUSE_MS);
            continue;
        }
        for (uint32_t s = 0; s < carrier->shard_count; s++)
            if (carrier->due[s])
                psp_reporting_take_silent(carrier->reporting, s, carrier->said[s].text);
        return;
    }
}

void psp_reporter_carry(struct psp_operate *operate, uint32_t shard_count, uint64_t timeout_ms,
                        struct psp_reporting *reporting)
{
    struct carrier carrier = {
        .operate = operate,
        .reporting = reporting,
        .shard_count = shard_count,
        .leaders = psp_memory_array(shard_count, sizeof *carrier.leaders),
        .said = psp_memory_array(shard_count, sizeof *carrier.said),
        .due = psp_memory_array(shard_count, sizeof *carrier.due),
        .asked = psp_memory_array(psp_operate_count(operate), sizeof *carrier.asked),
    };
    for (uint32_t s = 0; s < shard_count; s++)
        carrier.leaders[s] = PSP_NONE;
    while (psp_reporting_end(reporting) == PSP_REPORTING_UNDER_WAY)
        carry_phase(&carrier, timeout_ms);
    free(carrier.asked);
    free(carrier.due);
    free(carrier.said);
    free(carrier.leaders);
}
