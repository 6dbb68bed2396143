/* What goes to shards and what they answer: verdicts go back along the spans, refusals and
 * silence are met. */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "election/verdict.h"
#include "router/core/inner.h"

/* ---- rows on the way ---- */

static struct psp_router_batch **slot_of(struct psp_router_core *core, uint64_t id)
{
    return &core->table[id & (PSP_ROUTER_INFLIGHT_BATCHES_MAX - 1)];
}

static struct psp_router_batch *find(struct psp_router_core *core, uint64_t id)
{
    struct psp_router_batch *batch = *slot_of(core, id);
    return batch != NULL && batch->id == id ? batch : NULL;
}

void psp_router_send(struct psp_router_core *core, struct psp_router_batch *batch)
{
    const uint32_t replicas = core->cluster->shards[batch->shard].replica_count;
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_SENT);
    batch->replica = core->places[batch->shard].replica;
    batch->tries++;
    assert(batch->replica < replicas && batch->tries <= replicas);
    assert(*slot_of(core, batch->id) == batch);
    core->counters.batches_sent++;
    psp_router_act(core, &(struct psp_router_action){.type = PSP_ROUTER_COUNT,
                                                     .shard = batch->shard,
                                                     .replica = batch->replica,
                                                     .batch_id = batch->id,
                                                     .n = batch->n,
                                                     .batch = batch});
}

/* It has no batch to answer. */
static bool is_idle(const struct psp_router_place *place)
{
    uint32_t batches = 0;
    for (int lane = 0; lane < PSP_ROUTER_LANES; lane++)
        batches += place->lines[lane].batches;
    return batches == 0;
}

bool psp_router_flush_line(struct psp_router_core *core, struct psp_router_line *line,
                           uint64_t now_ms)
{
    struct psp_router_batch *batch = line->open;
    assert(batch != NULL && line == &core->places[batch->shard].lines[batch->lane]);
    uint32_t searched = 0;
    while (*slot_of(core, core->batch_id_next) != NULL) {
        core->batch_id_next++;
        if (++searched == PSP_ROUTER_INFLIGHT_BATCHES_MAX)
            return false;
    }
    batch->id = core->batch_id_next++;
    psp_router_batch_end(batch);
    *slot_of(core, batch->id) = batch;
    batch->since_ms = now_ms;
    struct psp_router_place *place = &core->places[batch->shard];
    if (is_idle(place))
        place->heard_ms = now_ms;
    batch->older = core->newest;
    batch->newer = NULL;
    assert((core->oldest == NULL) == (core->newest == NULL));
    if (core->newest != NULL)
        core->newest->newer = batch;
    else
        core->oldest = batch;
    core->newest = batch;
    line->open = NULL;
    line->message = 0;
    line->batches++;
    psp_router_send(core, batch);
    return true;
}

static void retire(struct psp_router_core *core, struct psp_router_batch *batch)
{
    struct psp_router_line *line = &core->places[batch->shard].lines[batch->lane];
    assert(line->rows >= batch->n);
    line->rows -= batch->n;
    uint32_t released = 0;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const uint32_t end = psp_router_span_end(batch, i);
        assert(batch->spans[i].first == released && end > released);
        psp_router_quota_release(&core->quota, batch->shard, batch->spans[i].station,
                                 end - released);
        released = end;
    }
    assert(released == batch->n);
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_RETIRED);
    if (batch == line->open) {
        line->open = NULL;
        line->message = 0;
    } else {
        assert(*slot_of(core, batch->id) == batch && line->batches > 0);
        *slot_of(core, batch->id) = NULL;
        if (batch->older != NULL)
            batch->older->newer = batch->newer;
        else
            core->oldest = batch->newer;
        if (batch->newer != NULL)
            batch->newer->older = batch->older;
        else
            core->newest = batch->older;
        line->batches--;
    }
    batch->newer = core->retired;
    core->retired = batch;
}

void psp_router_refuse_batch(struct psp_router_core *core, struct psp_router_batch *batch,
                             enum psp_refusal_code code, const char *text)
{
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct psp_router_span *span = &batch->spans[i];
        psp_router_act(core, &(struct psp_router_action){
                                 .type = PSP_ROUTER_REFUSE,
                                 .peer = span->peer,
                                 .code = code,
                                 .batch_id = span->client_batch_id,
                                 .n = psp_router_span_end(batch, i) - span->first,
                                 .row_numbers = batch->row_numbers + (size_t)span->first * 2,
                                 .text = text,
                             });
    }
    retire(core, batch);
}

void psp_router_refuse_busy(struct psp_router_core *core, struct psp_router_batch *batch,
                            const char *text)
{
    core->counters.busy += batch->n;
    psp_router_refuse_batch(core, batch, PSP_REFUSAL_BUSY, text);
}

/* ---- answers ---- */

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
    assert(at >= first && end <= batch->n);
    for (uint32_t row = first; row < end; row++) {
        if (fate_of(verdicts[row]) != fate)
            continue;
        memcpy(core->answer_rows + 2 * (size_t)(at + n), batch->row_numbers + 2 * (size_t)row, 2);
        core->verdicts[at + n++] = verdicts[row];
    }
    assert(at + n <= end); /* the rows of a span stay in its part of the answer */
    return n;
}

static void tell(struct psp_router_core *core, const struct psp_router_span *span,
                 struct psp_router_action *action, enum fate fate)
{
    assert(action->n > 0);
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
    assert(span->station <= PSP_STATIONS_MAX && span->first < end);
    uint8_t *watched = &core->watched[span->station];
    for (uint32_t row = span->first; row < end; row++)
        if (psp_verdict_disposition(verdicts[row]) == PSP_REPLAYED) {
            *watched = PSP_ROUTER_WATCHED_ANSWERS;
            return;
        }
    if (*watched > 0)
        --*watched;
}

bool psp_router_core_is_shared(const struct psp_router_core *core, uint64_t now_ms)
{
    return core->modest_ms != 0 && now_ms - core->modest_ms < PSP_ROUTER_SHARED_MS;
}

/* A shard that answers late has too much before it; at once less, and slowly more again. */
static void learn(struct psp_router_core *core, const struct psp_router_batch *batch,
                  uint64_t now_ms)
{
    struct psp_router_place *place = &core->places[batch->shard];
    place->heard_ms = now_ms;
    if (batch->lane != PSP_ROUTER_JUDGE || !psp_router_core_is_shared(core, now_ms))
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
    assert(place->shared_rows >= PSP_ROUTER_SHARED_ROWS / 8);
    assert(place->shared_rows < PSP_ROUTER_INFLIGHT_ROWS_MAX + PSP_BATCH_ROWS_MAX / 8);
}

/* A shard that does not answer holds up nobody. */
bool psp_router_core_bulk_waits(const struct psp_router_core *core, uint64_t now_ms)
{
    if (!psp_router_core_is_shared(core, now_ms))
        return false;
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        const struct psp_router_place *place = &core->places[s];
        if (place->lines[PSP_ROUTER_JUDGE].rows >= place->shared_rows &&
            now_ms - place->heard_ms < PSP_ROUTER_SILENT_MS)
            return true;
    }
    return false;
}

static void answer(struct psp_router_core *core, struct psp_router_batch *batch,
                   const struct psp_cluster_message *message)
{
    const uint8_t *verdicts = message->count_verdicts.verdicts;
    assert(message->count_verdicts.n == batch->n); /* who calls has looked */
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
        assert(at == end); /* each row has one fate */
    }
    retire(core, batch);
}

static void pause_batch(struct psp_router_batch *batch, uint64_t now_ms)
{
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_WAITING);
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
    assert(leader == PSP_NONE || leader < replicas);
    assert(place->replica < replicas && batch->replica < replicas);
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
    assert(shard < core->cluster->shard_count);
    assert(replica < core->cluster->shards[shard].replica_count);
    struct psp_router_batch *batch = find(core, message->id);
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
    psp_router_check(core);
}

void psp_router_core_unsent(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                            uint64_t batch_id, bool gone, uint64_t now_ms)
{
    psp_router_drop_actions(core);
    struct psp_router_batch *batch = find(core, batch_id);
    if (batch == NULL || batch->shard != shard || batch->replica != replica ||
        batch->state != PSP_ROUTER_BATCH_SENT)
        return;
    if (gone)
        ask_another(core, batch, PSP_NONE, now_ms);
    else
        pause_batch(batch, now_ms);
    psp_router_check(core);
}
