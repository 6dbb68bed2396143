/* A row at a time into the batch of its shard; an answer goes back along the spans. */
#include "router/core/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/limits.h"
#include "base/memory/grow.h"
#include "election/verdict.h"
#include "router/core/inner.h"

enum psp_status psp_router_core_create(const struct psp_router_options *options,
                                       struct psp_router_core **ret_core)
{
    const struct psp_cluster *cluster = options->cluster;
    assert(cluster->shard_count > 0 && cluster->shard_count <= PSP_SHARDS_MAX);
    struct psp_router_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return PSP_ENOMEM;
    core->cluster = cluster;
    core->definition = options->definition;
    core->key = *options->key;
    psp_cluster_fence(cluster, &core->fence);
    /* What is used, whatever cluster.json says of it. */
    memcpy(core->fence.parts[PSP_FENCE_DEFINITION], options->definition->hash, PSP_HASH_BYTES);
    memcpy(core->fence.parts[PSP_FENCE_DIGEST_KEY], options->key->hash, PSP_HASH_BYTES);

    psp_router_quota_init(&core->quota, cluster->shard_count,
                          options->inflight_rows_max != 0 ? options->inflight_rows_max
                                                          : PSP_ROUTER_INFLIGHT_ROWS_MAX);
    core->pool.memory_max = options->memory_max != 0 ? options->memory_max : PSP_ROUTER_MEMORY_MAX;
    core->batch_id_next = options->batch_id_first != 0 ? options->batch_id_first : 1;

    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        for (uint32_t slot = cluster->shards[s].slot_first; slot < cluster->shards[s].slot_end;
             slot++)
            core->shard_of_slot[slot] = (uint8_t)s;
    }
    *ret_core = core;
    return PSP_OK;
}

static void drop_actions(struct psp_router_core *core)
{
    core->action_count = 0;
    while (core->retired != NULL) {
        struct psp_router_batch *batch = core->retired;
        core->retired = batch->newer;
        psp_router_pool_give(&core->pool, batch);
    }
}

void psp_router_core_destroy(struct psp_router_core **core_at)
{
    struct psp_router_core *core = *core_at;
    if (core == NULL)
        return;
    drop_actions(core);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        if (core->places[s].open != NULL)
            psp_router_pool_give(&core->pool, core->places[s].open);
    }
    while (core->oldest != NULL) {
        struct psp_router_batch *batch = core->oldest;
        core->oldest = batch->newer;
        psp_router_pool_give(&core->pool, batch);
    }
    psp_router_pool_free(&core->pool);
    assert(core->pool.memory_bytes == 0);
    psp_translation_free(&core->translation);
    psp_router_quota_free(&core->quota);
    free(core->actions);
    free(core);
    *core_at = NULL;
}

/* An action without memory is dropped, which is what the network may do, too:
 * the station's timeout covers it. */
static void act(struct psp_router_core *core, const struct psp_router_action *action)
{
    if (!PSP_GROW(core->actions, core->action_capacity, core->action_count + 1))
        return;
    core->actions[core->action_count++] = *action;
}

static void refuse(struct psp_router_core *core, const struct psp_peer *peer, uint64_t batch_id,
                   enum psp_refusal_code code, const char *text)
{
    act(core, &(struct psp_router_action){.type = PSP_ROUTER_REFUSE,
                                          .peer = *peer,
                                          .code = code,
                                          .batch_id = batch_id,
                                          .text = text});
}

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

static void send_batch(struct psp_router_core *core, struct psp_router_batch *batch)
{
    batch->state = PSP_ROUTER_BATCH_SENT;
    batch->replica = core->places[batch->shard].replica;
    batch->tries++;
    core->counters.batches_sent++;
    act(core, &(struct psp_router_action){.type = PSP_ROUTER_COUNT,
                                          .shard = batch->shard,
                                          .replica = batch->replica,
                                          .batch_id = batch->id,
                                          .n = batch->n,
                                          .batch = batch});
}

/* False: the table is full, the batch stays open. */
static bool flush_place(struct psp_router_core *core, uint32_t shard, uint64_t now_ms)
{
    struct psp_router_place *place = &core->places[shard];
    struct psp_router_batch *batch = place->open;
    assert(batch != NULL && batch->n > 0);
    uint32_t searched = 0;
    while (*slot_of(core, core->batch_id_next) != NULL) {
        core->batch_id_next++;
        if (++searched == PSP_ROUTER_INFLIGHT_BATCHES_MAX)
            return false;
    }
    batch->id = core->batch_id_next++;
    psp_runs_end(&batch->stations);
    psp_runs_end(&batch->styles);
    *slot_of(core, batch->id) = batch;
    batch->since_ms = now_ms;
    batch->older = core->newest;
    batch->newer = NULL;
    if (core->newest != NULL)
        core->newest->newer = batch;
    else
        core->oldest = batch;
    core->newest = batch;
    place->open = NULL;
    place->message = 0;
    place->batches++;
    send_batch(core, batch);
    return true;
}

static void retire(struct psp_router_core *core, struct psp_router_batch *batch)
{
    struct psp_router_place *place = &core->places[batch->shard];
    for (uint32_t i = 0; i < batch->span_count; i++)
        psp_router_quota_release(&core->quota, batch->shard, batch->spans[i].station,
                                 psp_router_span_end(batch, i) - batch->spans[i].first);
    if (batch == place->open) {
        place->open = NULL;
        place->message = 0;
    } else {
        *slot_of(core, batch->id) = NULL;
        if (batch->older != NULL)
            batch->older->newer = batch->newer;
        else
            core->oldest = batch->newer;
        if (batch->newer != NULL)
            batch->newer->older = batch->older;
        else
            core->newest = batch->older;
        place->batches--;
    }
    batch->newer = core->retired;
    core->retired = batch;
}

static void refuse_batch(struct psp_router_core *core, struct psp_router_batch *batch,
                         enum psp_refusal_code code, const char *text)
{
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct psp_router_span *span = &batch->spans[i];
        act(core, &(struct psp_router_action){
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

static void refuse_busy(struct psp_router_core *core, struct psp_router_batch *batch,
                        const char *text)
{
    core->counters.busy += batch->n;
    refuse_batch(core, batch, PSP_REFUSAL_BUSY, text);
}

/* ---- stations ---- */

static bool reserve(struct psp_router_core *core, uint32_t shard, size_t marks_bytes,
                    uint64_t now_ms)
{
    struct psp_router_place *place = &core->places[shard];
    if (place->open != NULL) {
        const enum psp_status status =
            psp_router_batch_reserve(&core->pool, place->open, marks_bytes);
        if (status != PSP_EBUSY)
            return status == PSP_OK;
        if (!flush_place(core, shard, now_ms))
            return false;
    }
    struct psp_router_batch *batch = NULL;
    if (psp_router_pool_take(&core->pool, &batch) != PSP_OK)
        return false;
    if (psp_router_batch_reserve(&core->pool, batch, marks_bytes) != PSP_OK) {
        psp_router_pool_give(&core->pool, batch);
        return false;
    }
    batch->shard = shard;
    batch->since_ms = now_ms;
    place->open = batch;
    return true;
}

static void store_row(uint8_t *row_numbers, size_t i, uint32_t row)
{
    row_numbers[2 * i] = (uint8_t)row;
    row_numbers[2 * i + 1] = (uint8_t)(row >> 8);
}

static void append(struct psp_router_core *core, struct psp_router_place *place,
                   const struct psp_router_span *span, const struct psp_client_columns *columns,
                   uint32_t row, const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t *marks,
                   size_t marks_bytes)
{
    struct psp_router_batch *batch = place->open;
    const size_t n = batch->n;
    if (place->message != core->message) {
        place->message = core->message;
        batch->spans[batch->span_count] = *span;
        batch->spans[batch->span_count++].first = batch->n;
    }
    memcpy(batch->digests + n * PSP_DIGEST_BYTES, digest, PSP_DIGEST_BYTES);
    psp_digest_tag(&core->key, columns->ballot_ids + (size_t)row * PSP_BALLOT_ID_BYTES,
                   psp_get32(columns->units + (size_t)row * 4), columns->methods[row],
                   psp_get64(columns->cast_at_ms + (size_t)row * 8), marks, marks_bytes,
                   batch->tags + n * PSP_TAG_BYTES);
    memcpy(batch->units + n * 4, columns->units + (size_t)row * 4, 4);
    batch->methods[n] = columns->methods[row];
    psp_runs_add(&batch->stations, span->number, 1);
    psp_runs_add(&batch->styles, 1, 1);
    store_row(batch->row_numbers, n, row);
    memcpy(batch->marks + batch->marks_bytes, marks, marks_bytes);
    batch->marks_bytes += marks_bytes;
    batch->n++;
}

static void forward(struct psp_router_core *core, const struct psp_router_span *from,
                    const struct psp_client_columns *columns, uint64_t now_ms)
{
    const uint8_t *voter = columns->voter_ids, *marks = columns->marks;
    core->message++;
    core->busy_count = 0;
    core->counters.decoded += columns->n;
    for (uint32_t row = 0; row < columns->n; row++) {
        uint8_t digest[PSP_DIGEST_BYTES];
        psp_digest_voter(&core->key, voter, columns->voter_lengths[row], digest);
        voter += columns->voter_lengths[row];
        const size_t marks_bytes = columns->marks_lengths[row];
        const uint32_t shard = core->shard_of_slot[psp_digest_slot(digest)];
        struct psp_router_place *place = &core->places[shard];
        if (!psp_router_quota_admit(&core->quota, shard, from->station)) {
            store_row(core->busy_rows, core->busy_count++, row);
        } else if (!reserve(core, shard, marks_bytes, now_ms)) {
            psp_router_quota_release(&core->quota, shard, from->station, 1);
            store_row(core->busy_rows, core->busy_count++, row);
        } else {
            append(core, place, from, columns, row, digest, marks, marks_bytes);
        }
        marks += marks_bytes;
    }
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        const struct psp_router_batch *open = core->places[s].open;
        if (open != NULL && open->n == PSP_BATCH_ROWS_MAX)
            flush_place(core, s, now_ms);
    }
    core->counters.forwarded += columns->n - core->busy_count;
    core->counters.busy += core->busy_count;
    if (core->busy_count > 0)
        act(core, &(struct psp_router_action){
                      .type = PSP_ROUTER_REFUSE,
                      .peer = from->peer,
                      .code = PSP_REFUSAL_BUSY,
                      .batch_id = from->client_batch_id,
                      .n = core->busy_count,
                      .row_numbers = core->busy_rows,
                      .text = "too many ballots are on the way to their shard; send again later"});
}

static void refuse_undecodable(struct psp_router_core *core, const struct psp_peer *peer,
                               uint64_t batch_id, const char *text)
{
    core->counters.undecodable++;
    refuse(core, peer, batch_id, PSP_REFUSAL_UNDECODABLE, text);
}

static void refuse_without_memory(struct psp_router_core *core, const struct psp_router_span *from,
                                  uint32_t n)
{
    core->counters.decoded += n;
    core->counters.busy += n;
    refuse(core, &from->peer, from->client_batch_id, PSP_REFUSAL_BUSY,
           "out of memory; send again later");
}

static void submit(struct psp_router_core *core, const struct psp_peer *peer, uint32_t station,
                   const struct psp_client_message *message, uint64_t now_ms)
{
    const bool rows = message->type == PSP_CLIENT_ROWS;
    const uint32_t n = rows ? message->row_count : message->columns.n;
    if (memcmp(message->definition_hash, core->definition->hash, PSP_HASH_BYTES) != 0) {
        core->counters.wrong_election++;
        refuse(core, peer, message->batch_id, PSP_REFUSAL_WRONG_ELECTION,
               "definition_hash is not of the election that is counted here; "
               "fetch its election.json");
        return;
    }
    if (n == 0 || n > PSP_BATCH_ROWS_MAX) {
        refuse_undecodable(
            core, peer, message->batch_id,
            n == 0 ? "the batch holds no ballot"
                   : "the batch holds more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots");
        return;
    }
    const struct psp_router_span from = {.peer = *peer,
                                         .client_batch_id = message->batch_id,
                                         .station = station,
                                         .number = station + 1};
    if (psp_router_quota_know(&core->quota, station) != PSP_OK) {
        refuse_without_memory(core, &from, n);
        return;
    }
    if (!rows) {
        forward(core, &from, &message->columns, now_ms);
        return;
    }
    struct psp_client_columns columns;
    const enum psp_status status = psp_translate_rows(&core->translation, core->definition,
                                                      message->rows, n, &columns, &core->reason);
    if (status == PSP_OK)
        forward(core, &from, &columns, now_ms);
    else if (status == PSP_EINVAL)
        refuse_undecodable(core, peer, message->batch_id, core->reason.text);
    else
        refuse_without_memory(core, &from, n);
}

void psp_router_core_client(struct psp_router_core *core, const struct psp_peer *peer,
                            uint32_t station, const struct psp_client_message *message,
                            uint64_t now_ms)
{
    drop_actions(core);
    switch (message->type) {
    case PSP_CLIENT_HELLO:
        act(core, &(struct psp_router_action){.type = PSP_ROUTER_WELCOME, .peer = *peer});
        break;
    case PSP_CLIENT_ROWS:
    case PSP_CLIENT_COLUMNS:
        submit(core, peer, station, message, now_ms);
        break;
    case PSP_CLIENT_WELCOME:
    case PSP_CLIENT_VERDICTS:
    case PSP_CLIENT_REFUSAL:
        refuse_undecodable(core, peer, message->batch_id, "this is an answer, not a request");
        break;
    }
}

void psp_router_core_undecodable(struct psp_router_core *core, const struct psp_peer *peer,
                                 enum psp_status status, uint64_t batch_id, const char *reason)
{
    drop_actions(core);
    if (status == PSP_EPERM) {
        core->counters.not_allowed++;
        refuse(core, peer, batch_id, PSP_REFUSAL_NOT_ALLOWED, reason);
    } else if (status == PSP_EVERSION) {
        core->counters.undecodable++;
        refuse(core, peer, batch_id, PSP_REFUSAL_UNSUPPORTED_PROTOCOL,
               "this router speaks protocol 1");
    } else {
        refuse_undecodable(core, peer, batch_id,
                           status == PSP_ENOMEM ? "the message holds too many fields" : reason);
    }
}

/* ---- shards ---- */

/* Moves the span's rows that were judged to its front; how many they are. The
 * verdicts go where the core keeps them, in the rows' new order. */
static uint32_t judged_first(struct psp_router_core *core, struct psp_router_batch *batch,
                             uint32_t first, uint32_t end, const uint8_t *verdicts)
{
    uint32_t judged = first;
    for (uint32_t row = first; row < end; row++) {
        if (verdicts[row] == PSP_NOT_JUDGED)
            continue;
        uint8_t moved[2], *from = batch->row_numbers + 2 * (size_t)row,
                          *to = batch->row_numbers + 2 * (size_t)judged;
        memcpy(moved, from, sizeof moved);
        memcpy(from, to, sizeof moved);
        memcpy(to, moved, sizeof moved);
        core->verdicts[judged++] = verdicts[row];
    }
    return judged - first;
}

static void answer(struct psp_router_core *core, struct psp_router_batch *batch,
                   const struct psp_cluster_message *message)
{
    for (uint32_t i = 0; i < batch->span_count; i++) {
        const struct psp_router_span *span = &batch->spans[i];
        const uint32_t end = psp_router_span_end(batch, i);
        const uint32_t n =
            judged_first(core, batch, span->first, end, message->count_verdicts.verdicts);
        struct psp_router_action action = {
            .type = PSP_ROUTER_VERDICTS,
            .peer = span->peer,
            .batch_id = span->client_batch_id,
            .shard = core->cluster->shards[batch->shard].shard,
            .index = message->count_verdicts.index,
            .n = n,
            .row_numbers = batch->row_numbers + (size_t)span->first * 2,
            .verdicts = core->verdicts + span->first,
        };
        if (n > 0)
            act(core, &action);
        core->counters.judged += n;
        if (span->first + n == end)
            continue;
        action.type = PSP_ROUTER_REFUSE;
        action.code = PSP_REFUSAL_BUSY;
        action.n = end - span->first - n;
        action.row_numbers += (size_t)n * 2;
        action.verdicts = NULL;
        action.text = "the shard keeps as many refused ballots as it may";
        act(core, &action);
        core->counters.busy += action.n;
    }
    retire(core, batch);
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
        send_batch(core, batch);
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
        refuse_busy(core, batch,
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
        refuse_batch(core, batch, PSP_REFUSAL_UNKNOWN,
                     "the shard lost its leader; send the same ballot IDs again");
        return;
    case PSP_COUNT_FENCE:
        core->counters.configuration += batch->n;
        refuse_batch(core, batch, PSP_REFUSAL_CONFIGURATION,
                     words_of(message, "router and shard disagree on cluster, election, roll, "
                                       "slot map or digest key; an operator must act"));
        return;
    case PSP_COUNT_UNDECODABLE:
        core->counters.configuration += batch->n;
        refuse_batch(core, batch, PSP_REFUSAL_CONFIGURATION,
                     words_of(message, "the shard cannot read the router's messages: are they of "
                                       "one version? an operator must act"));
        return;
    }
}

void psp_router_core_shard(struct psp_router_core *core, uint32_t shard, uint32_t replica,
                           const struct psp_cluster_message *message, uint64_t now_ms)
{
    drop_actions(core);
    struct psp_router_batch *batch = find(core, message->id);
    if (batch == NULL || batch->shard != shard) {
        core->counters.late++;
        return;
    }
    if (message->type == PSP_CLUSTER_COUNT_VERDICTS && message->count_verdicts.n == batch->n) {
        core->places[shard].replica = replica;
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
    drop_actions(core);
    struct psp_router_batch *batch = find(core, batch_id);
    if (batch == NULL || batch->shard != shard || batch->replica != replica ||
        batch->state != PSP_ROUTER_BATCH_SENT)
        return;
    if (gone)
        ask_another(core, batch, PSP_NONE, now_ms);
    else
        pause_batch(batch, now_ms);
}

/* ---- time ---- */

void psp_router_core_flush(struct psp_router_core *core, uint64_t now_ms)
{
    drop_actions(core);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        const struct psp_router_place *place = &core->places[s];
        if (place->open != NULL && place->batches < PSP_ROUTER_WINDOW_BATCHES)
            flush_place(core, s, now_ms);
    }
}

static void expire(struct psp_router_core *core, struct psp_router_batch *batch)
{
    struct psp_router_place *place = &core->places[batch->shard];
    if (batch->state == PSP_ROUTER_BATCH_WAITING) {
        refuse_busy(core, batch, "no replica of the shard leads; send again later");
        return;
    }
    if (place->replica == batch->replica)
        place->replica = (batch->replica + 1) % core->cluster->shards[batch->shard].replica_count;
    core->counters.unknown += batch->n;
    refuse_batch(core, batch, PSP_REFUSAL_UNKNOWN,
                 "the shard did not answer in time; send the same ballot IDs again");
}

void psp_router_core_tick(struct psp_router_core *core, uint64_t now_ms)
{
    drop_actions(core);
    while (core->oldest != NULL &&
           now_ms - core->oldest->since_ms >= PSP_ROUTER_INFLIGHT_TIMEOUT_MS)
        expire(core, core->oldest);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        struct psp_router_batch *open = core->places[s].open;
        if (open != NULL && now_ms - open->since_ms >= PSP_ROUTER_INFLIGHT_TIMEOUT_MS)
            refuse_busy(core, open, "the shard does not keep up; send again later");
    }
    for (struct psp_router_batch *batch = core->oldest; batch != NULL; batch = batch->newer) {
        if (batch->state == PSP_ROUTER_BATCH_WAITING && now_ms >= batch->retry_ms) {
            core->counters.batches_resent++;
            send_batch(core, batch);
        }
    }
}

/* ---- what came out ---- */

const struct psp_router_action *psp_router_core_actions(const struct psp_router_core *core,
                                                        size_t *ret_n)
{
    *ret_n = core->action_count;
    return core->actions;
}

void psp_router_core_counters(const struct psp_router_core *core,
                              struct psp_router_counters *ret_counters)
{
    *ret_counters = core->counters;
}

uint64_t psp_router_core_inflight(const struct psp_router_core *core)
{
    return psp_router_quota_rows(&core->quota);
}
