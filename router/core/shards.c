/* What shards answer: verdicts go back along the spans, refusals and silence are met. */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "election/verdict.h"
#include "router/core/inner.h"

/* What became of a row; the numbers are the order in which they are told. */
enum fate { JUDGED, NOT_JUDGED, NOT_KNOWN, FATES };

static enum fate fate_of(uint8_t verdict)
{
    if (verdict == PSP_NOT_JUDGED)
        return NOT_JUDGED;
    return verdict == PSP_NOT_KNOWN ? NOT_KNOWN : JUDGED;
}

/* The span's rows of this fate, to where the core keeps rows and verdicts of an answer;
 * how many they are. */
static uint32_t gather(struct psp_router_core *core, const struct psp_router_batch *batch,
                       uint32_t first, uint32_t end, const uint8_t *verdicts, enum fate fate,
                       uint32_t at)
{
    uint32_t n = 0;
    for (uint32_t row = first; row < end; row++) {
        if (fate_of(verdicts[row]) != fate)
            continue;
        memcpy(core->answer_rows + 2 * (size_t)(at + n), batch->row_numbers + 2 * (size_t)row, 2);
        core->verdicts[at + n++] = verdicts[row];
    }
    return n;
}

static void tell(struct psp_router_core *core, const struct psp_router_span *span,
                 struct psp_router_action *action, enum fate fate)
{
    action->type = fate == JUDGED ? PSP_ROUTER_VERDICTS : PSP_ROUTER_REFUSE;
    switch (fate) {
    case JUDGED:
        core->counters.judged += action->n;
        break;
    case NOT_JUDGED:
        core->counters.busy += action->n;
        action->code = PSP_REFUSAL_BUSY;
        action->text = "the shard keeps as many refused ballots as it may";
        break;
    case NOT_KNOWN:
        core->counters.outside += action->n;
        action->code = psp_router_outside_code(span->features);
        action->text = PSP_ROUTER_OUTSIDE_TEXT;
        break;
    case FATES:
        break;
    }
    psp_router_act(core, action);
}

/* Who sent replays is kept apart from the others for a while. */
static void watch(struct psp_router_core *core, const struct psp_router_span *span, uint32_t end,
                  const uint8_t *verdicts)
{
    uint8_t *watched = &core->watched[span->station];
    for (uint32_t row = span->first; row < end; row++)
        if (psp_verdict_disposition(verdicts[row]) == PSP_REPLAYED) {
            *watched = PSP_ROUTER_WATCHED_ANSWERS;
            return;
        }
    if (*watched > 0)
        --*watched;
}

static bool is_shared(const struct psp_router_core *core, uint64_t now_ms)
{
    return core->modest_ms != 0 && now_ms - core->modest_ms < PSP_ROUTER_SHARED_MS;
}

/* A shard that answers late has too much before it; at once less, and slowly more again. */
static void learn(struct psp_router_core *core, const struct psp_router_batch *batch,
                  uint64_t now_ms)
{
    struct psp_router_place *place = &core->places[batch->shard];
    if (batch->lane != PSP_ROUTER_JUDGE || !is_shared(core, now_ms))
        return;
    const bool late = now_ms - batch->since_ms > PSP_ROUTER_SHARED_WAIT_MS;
    if (late && now_ms - place->lowered_ms > PSP_ROUTER_SHARED_WAIT_MS) {
        place->lowered_ms = now_ms;
        place->shared_rows -= place->shared_rows / 4;
        if (place->shared_rows < PSP_ROUTER_SHARED_ROWS / 8)
            place->shared_rows = PSP_ROUTER_SHARED_ROWS / 8;
    } else if (!late && place->shared_rows < PSP_ROUTER_INFLIGHT_ROWS_MAX) {
        place->shared_rows += batch->n / 8;
    }
}

/* When some shard has room the others' rows may have to wait there: one that does not
 * answer holds up nobody. */
bool psp_router_core_bulk_waits(const struct psp_router_core *core, uint64_t now_ms)
{
    if (!is_shared(core, now_ms))
        return false;
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        if (core->places[s].lines[PSP_ROUTER_JUDGE].rows < core->places[s].shared_rows)
            return false;
    return true;
}

static void answer(struct psp_router_core *core, struct psp_router_batch *batch,
                   const struct psp_cluster_message *message)
{
    const uint8_t *verdicts = message->count_verdicts.verdicts;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct psp_router_span *span = &batch->spans[i];
        const uint32_t end = psp_router_span_end(batch, i);
        uint32_t at = span->first;
        watch(core, span, end, verdicts);
        for (unsigned fate = JUDGED; fate < FATES && at < end; fate++) {
            const uint32_t n = gather(core, batch, span->first, end, verdicts, (enum fate)fate, at);
            struct psp_router_action action = {
                .peer = span->peer,
                .batch_id = span->client_batch_id,
                .shard = core->cluster->shards[batch->shard].shard,
                .index = message->count_verdicts.index,
                .n = n,
                .row_numbers = core->answer_rows + (size_t)at * 2,
                .verdicts = core->verdicts + at,
            };
            if (n > 0)
                tell(core, span, &action, (enum fate)fate);
            at += n;
        }
    }
    psp_router_retire(core, batch);
}

static void pause_batch(struct psp_router_batch *batch, uint64_t now_ms)
{
    batch->state = PSP_ROUTER_BATCH_WAITING;
    batch->retry_ms = now_ms + PSP_ROUTER_RETRY_PAUSE_MS;
    batch->tries = 0;
}

/* The replica it was sent to definitely has not proposed it. `leader`: position of
 * the replica to ask instead, PSP_NONE: the next one. */
static void ask_another(struct psp_router_core *core, struct psp_router_batch *batch,
                        uint32_t leader, uint64_t now_ms)
{
    struct psp_router_place *place = &core->places[batch->shard];
    const uint32_t replicas = core->cluster->shards[batch->shard].replica_count;
    /* Another answer may have moved the place on already. */
    if (place->replica == batch->replica)
        place->replica = leader != PSP_NONE ? leader : (batch->replica + 1) % replicas;
    if (batch->tries >= replicas || place->replica == batch->replica) {
        pause_batch(batch, now_ms);
    } else {
        core->counters.batches_resent++;
        psp_router_send(core, batch);
    }
}

static uint32_t replica_position(const struct psp_cluster_shard *shard, uint32_t replica)
{
    for (uint32_t i = 0; i < shard->replica_count; i++) {
        if (shard->replicas[i].replica == replica)
            return i;
    }
    return PSP_NONE;
}

/* The replica knows best why; some say nothing. */
static const char *words_of(const struct psp_cluster_message *message, const char *otherwise)
{
    const char *text = message->count_refusal.text;
    return text != NULL && text[0] != 0 ? text : otherwise;
}

static void refused(struct psp_router_core *core, struct psp_router_batch *batch,
                    const struct psp_cluster_message *message, uint64_t now_ms)
{
    switch (message->count_refusal.code) {
    case PSP_COUNT_BUSY:
        psp_router_refuse_busy(core, batch,
                               words_of(message, "the shard has too much to do; send again later"));
        return;
    case PSP_COUNT_NOT_LEADER:
        ask_another(
            core, batch,
            replica_position(&core->cluster->shards[batch->shard], message->count_refusal.leader),
            now_ms);
        return;
    case PSP_COUNT_LOST:
        core->counters.unknown += batch->n;
        psp_router_refuse_batch(core, batch, PSP_REFUSAL_UNKNOWN,
                                "the shard lost its leader; send the same ballot IDs again");
        return;
    case PSP_COUNT_FENCE:
        core->counters.configuration += batch->n;
        psp_router_refuse_batch(core, batch, PSP_REFUSAL_CONFIGURATION,
                                words_of(message,
                                         "router and shard disagree on cluster, election, roll, "
                                         "slot map or digest key; an operator must act"));
        return;
    case PSP_COUNT_UNDECODABLE:
        core->counters.configuration += batch->n;
        psp_router_refuse_batch(core, batch, PSP_REFUSAL_CONFIGURATION,
                                words_of(message,
                                         "the shard cannot read the router's messages: are they of "
                                         "one version? an operator must act"));
        return;
    }
}

void psp_router_core_shard(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                           const struct psp_cluster_message *message, uint64_t now_ms)
{
    psp_router_drop_actions(core);
    struct psp_router_batch *batch = psp_router_find(core, message->id);
    if (batch == NULL || batch->shard != shard) {
        core->counters.late++;
        return;
    }
    if (message->type == PSP_CLUSTER_COUNT_VERDICTS && message->count_verdicts.n == batch->n) {
        core->places[shard].replica = replica;
        learn(core, batch, now_ms);
        answer(core, batch, message);
    } else if (message->type == PSP_CLUSTER_COUNT_REFUSAL &&
               batch->state == PSP_ROUTER_BATCH_SENT && batch->replica == replica) {
        refused(core, batch, message, now_ms);
    } else {
        core->counters.late++;
    }
}

void psp_router_core_unsent(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                            uint64_t batch_id, bool gone, uint64_t now_ms)
{
    psp_router_drop_actions(core);
    struct psp_router_batch *batch = psp_router_find(core, batch_id);
    if (batch == NULL || batch->shard != shard || batch->replica != replica ||
        batch->state != PSP_ROUTER_BATCH_SENT)
        return;
    if (gone)
        ask_another(core, batch, PSP_NONE, now_ms);
    else
        pause_batch(batch, now_ms);
}
