/* A row at a time into the batch of its shard; what goes there and comes back: shards.c. */
#include "router/core/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/limits.h"
#include "base/memory/grow.h"
#include "election/verdict.h"
#include "router/core/inner.h"

/* Close together, because each ballot looks its unit's up. */
static uint32_t *only_styles(const struct psp_definition *definition)
{
    uint32_t *styles = malloc(definition->unit_count * sizeof *styles);
    for (uint32_t u = 0; styles != NULL && u < definition->unit_count; u++) {
        const struct psp_unit *unit = &definition->units[u];
        styles[u] = unit->style_count == 1 ? unit->styles[0] : PSP_NONE;
    }
    return styles;
}

enum psp_status psp_router_core_create(const struct psp_router_options *options,
                                       struct psp_router_core **ret_core)
{
    const struct psp_cluster *cluster = options->cluster;
    assert(cluster->shard_count > 0 && cluster->shard_count <= PSP_SHARDS_MAX);
    struct psp_router_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return PSP_ENOMEM;
    core->only_style = only_styles(options->definition);
    core->watched = calloc(PSP_STATIONS_MAX + 1, sizeof *core->watched);
    core->rates = calloc(PSP_STATIONS_MAX + 1, sizeof *core->rates);
    if (core->only_style == NULL || core->watched == NULL || core->rates == NULL) {
        free(core->rates);
        free(core->watched);
        free(core->only_style);
        free(core);
        return PSP_ENOMEM;
    }
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

    uint32_t slot = 0;
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const struct psp_cluster_shard *shard = &cluster->shards[s];
        assert(shard->replica_count > 0 && shard->slot_end <= PSP_SLOT_COUNT);
        assert(shard->slot_first == slot); /* each slot is one shard's */
        core->places[s].shared_rows = PSP_ROUTER_SHARED_ROWS;
        for (; slot < shard->slot_end; slot++)
            core->shard_of_slot[slot] = (uint8_t)s;
    }
    assert(slot == PSP_SLOT_COUNT);
    psp_router_check(core);
    *ret_core = core;
    return PSP_OK;
}

static void give_unanswered(struct psp_router_core *core, struct psp_router_batch *batch)
{
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_RETIRED);
    psp_router_pool_give(&core->pool, batch);
}

void psp_router_core_destroy(struct psp_router_core **core_at)
{
    struct psp_router_core *core = *core_at;
    if (core == NULL)
        return;
    psp_router_drop_actions(core);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        for (int lane = 0; lane < PSP_ROUTER_LANES; lane++)
            if (core->places[s].lines[lane].open != NULL)
                give_unanswered(core, core->places[s].lines[lane].open);
    }
    while (core->oldest != NULL) {
        struct psp_router_batch *batch = core->oldest;
        core->oldest = batch->newer;
        give_unanswered(core, batch);
    }
    psp_router_pool_free(&core->pool);
    assert(core->pool.memory_bytes == 0);
    free(core->rates);
    free(core->watched);
    psp_translation_free(&core->translation);
    psp_router_quota_free(&core->quota);
    free(core->only_style);
    free(core->actions);
    free(core);
    *core_at = NULL;
}

static void refuse(struct psp_router_core *core, const struct psp_peer *peer, uint64_t batch_id,
                   enum psp_refusal_code code, const char *text)
{
    psp_router_act(core, &(struct psp_router_action){.type = PSP_ROUTER_REFUSE,
                                                     .peer = *peer,
                                                     .code = code,
                                                     .batch_id = batch_id,
                                                     .text = text});
}

/* ---- stations ---- */

/* One message of a station, while its rows find their batches; of a gateway: station,
 * its number in the span and `ended` are those of the row looked at last. */
struct submission {
    struct psp_router_span span;
    const struct psp_router_station *station; /* NULL, of a gateway: no such one */
    const struct psp_client_columns *columns;
    enum psp_router_lane lane; /* of the station's rows */
    bool ended;
    uint64_t now_ms, wall_ms;
    const struct psp_router_station *stations; /* of a gateway: those that it may name */
    uint32_t station_count;
};

static bool reserve(struct psp_router_core *core, struct psp_router_line *line, uint32_t shard,
                    enum psp_router_lane lane, size_t marks_bytes, uint64_t now_ms)
{
    if (line->open != NULL) {
        assert(line->open->state == PSP_ROUTER_BATCH_OPEN);
        if (psp_router_batch_has_room(line->open, marks_bytes))
            return true;
        const enum psp_status status =
            psp_router_batch_reserve(&core->pool, line->open, marks_bytes);
        if (status != PSP_EBUSY)
            return status == PSP_OK;
        if (!psp_router_flush_line(core, line, now_ms))
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
    batch->lane = lane;
    batch->since_ms = now_ms;
    line->open = batch;
    return true;
}

static void store_row(uint8_t *row_numbers, size_t i, uint32_t row)
{
    row_numbers[2 * i] = (uint8_t)row;
    row_numbers[2 * i + 1] = (uint8_t)(row >> 8);
}

/* The ballot style of a row: its place among the unit's, from 1, 0 none; and its
 * position. A unit of one style needs no name for it. */
static uint32_t resolve_style(const struct psp_router_core *core,
                              const struct psp_client_columns *columns, uint32_t row,
                              uint32_t *ret_position)
{
    const uint32_t unit = psp_get32(columns->units + (size_t)row * 4);
    const uint32_t named =
        columns->styles != NULL ? psp_get32(columns->styles + (size_t)row * 4) : PSP_NONE;
    *ret_position = PSP_NONE;
    if (unit >= core->definition->unit_count)
        return 0;
    const uint32_t only = core->only_style[unit];
    if (named == PSP_NONE) {
        *ret_position = only;
        return only != PSP_NONE;
    }
    const struct psp_unit *at = &core->definition->units[unit];
    for (uint32_t place = 0; place < at->style_count; place++)
        if (at->styles[place] == named) {
            *ret_position = named;
            return place + 1;
        }
    return 0;
}

static void append(struct psp_router_core *core, struct psp_router_line *line,
                   const struct submission *submission, uint32_t row,
                   const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t *marks)
{
    const struct psp_client_columns *columns = submission->columns;
    struct psp_router_batch *batch = line->open;
    const size_t n = batch->n, marks_bytes = columns->marks_lengths[row];
    uint32_t style = PSP_NONE;
    assert(n < batch->capacity && batch->span_count < batch->span_capacity); /* reserve */
    assert(batch->marks_bytes + marks_bytes <= batch->marks_capacity);
    if (line->message != core->message) {
        line->message = core->message;
        batch->spans[batch->span_count] = submission->span;
        batch->spans[batch->span_count++].first = batch->n;
    }
    psp_runs_add(&batch->stations, submission->span.station, 1);
    psp_runs_add(&batch->styles, resolve_style(core, columns, row, &style), 1);
    memcpy(batch->digests + n * PSP_DIGEST_BYTES, digest, PSP_DIGEST_BYTES);
    psp_digest_tag(&core->key, columns->ballot_ids + (size_t)row * PSP_BALLOT_ID_BYTES,
                   psp_get32(columns->units + (size_t)row * 4), columns->methods[row],
                   psp_get64(columns->cast_at_ms + (size_t)row * 8), style, marks, marks_bytes,
                   batch->tags + n * PSP_TAG_BYTES);
    memcpy(batch->units + n * 4, columns->units + (size_t)row * 4, 4);
    batch->methods[n] = columns->methods[row];
    store_row(batch->row_numbers, n, row);
    memcpy(batch->marks + batch->marks_bytes, marks, marks_bytes);
    batch->marks_bytes += marks_bytes;
    batch->n++;
    line->rows++;
    assert(line->rows >= batch->n);
}

static bool is_outside(const struct psp_router_core *core, const struct submission *submission,
                       uint32_t row)
{
    const struct psp_client_columns *columns = submission->columns;
    return submission->ended ||
           (psp_router_station_is_bounded(submission->station) &&
            !psp_router_station_may(submission->station, core->definition,
                                    psp_get32(columns->units + (size_t)row * 4),
                                    columns->methods[row]));
}

static bool was_sent(const struct psp_client_columns *columns, uint32_t row)
{
    return columns->resent != NULL && (columns->resent[row / 8] >> row % 8 & 1) != 0;
}

/* Counts these rows of the station, too. */
static enum psp_router_lane lane_of(struct psp_router_core *core,
                                    const struct submission *submission, uint32_t rows)
{
    const uint32_t station = submission->span.station;
    assert(station > 0 && station <= PSP_STATIONS_MAX);
    const uint32_t rate = psp_router_rate_add(&core->rates[station], rows, submission->now_ms);
    if (core->watched[station] > 0)
        return PSP_ROUTER_REPLAYS;
    if (rate > PSP_ROUTER_MODEST_ROWS)
        return PSP_ROUTER_JUDGE;
    core->modest_ms = submission->now_ms;
    return PSP_ROUTER_MODEST;
}

static bool too_many_replays(const struct psp_router_core *core, uint32_t shard,
                             enum psp_router_lane lane, uint64_t now_ms)
{
    return lane == PSP_ROUTER_REPLAYS && psp_router_core_is_shared(core, now_ms) &&
           core->places[shard].lines[lane].rows >= PSP_ROUTER_SHARED_REPLAYS;
}

static void forward_row(struct psp_router_core *core, const struct submission *submission,
                        uint32_t row, const uint8_t *voter, const uint8_t *marks)
{
    const struct psp_client_columns *columns = submission->columns;
    const uint32_t station = submission->span.station;
    enum psp_router_lane lane = submission->lane;
    if (is_outside(core, submission, row)) {
        if (!was_sent(columns, row)) {
            store_row(core->outside_rows, core->outside_count++, row);
            return;
        }
        lane = PSP_ROUTER_KNOWN;
    }
    uint8_t digest[PSP_DIGEST_BYTES];
    psp_digest_voter(&core->key, voter, columns->voter_lengths[row], digest);
    const uint32_t shard = core->shard_of_slot[psp_digest_slot(digest)];
    assert(shard < core->cluster->shard_count);
    if (too_many_replays(core, shard, lane, submission->now_ms) ||
        !psp_router_quota_admit(&core->quota, shard, station)) {
        store_row(core->busy_rows, core->busy_count++, row);
        return;
    }
    struct psp_router_line *line = &core->places[shard].lines[lane];
    if (reserve(core, line, shard, lane, columns->marks_lengths[row], submission->now_ms)) {
        append(core, line, submission, row, digest, marks);
    } else {
        psp_router_quota_release(&core->quota, shard, station, 1);
        store_row(core->busy_rows, core->busy_count++, row);
    }
}

/* A row of a gateway: the station that it names is looked up where another begins. */
static void forward_named_row(struct psp_router_core *core, struct submission *submission,
                              uint32_t row, const uint8_t *voter, const uint8_t *marks)
{
    assert(submission->stations != NULL && submission->columns->stations != NULL);
    const uint32_t number = psp_get32(submission->columns->stations + (size_t)row * 4);
    if (submission->station == NULL || submission->span.station != number) {
        submission->station =
            psp_router_station_find(submission->stations, submission->station_count, number);
        if (submission->station == NULL) {
            store_row(core->outside_rows, core->outside_count++, row);
            return;
        }
        if (psp_router_quota_know(&core->quota, number) != PSP_OK) {
            submission->station = NULL;
            store_row(core->busy_rows, core->busy_count++, row);
            return;
        }
        submission->span.station = number;
        submission->ended = psp_router_station_ended(submission->station, submission->wall_ms);
        core->message++; /* another span begins in every batch */
    }
    submission->lane = lane_of(core, submission, 1);
    forward_row(core, submission, row, voter, marks);
}

static void refuse_rows(struct psp_router_core *core, const struct psp_router_span *span,
                        enum psp_refusal_code code, const uint8_t *rows, uint32_t n,
                        const char *text)
{
    if (n > 0)
        psp_router_act(core, &(struct psp_router_action){.type = PSP_ROUTER_REFUSE,
                                                         .peer = span->peer,
                                                         .code = code,
                                                         .batch_id = span->client_batch_id,
                                                         .n = n,
                                                         .row_numbers = rows,
                                                         .text = text});
}

static void forward(struct psp_router_core *core, struct submission *submission)
{
    const struct psp_client_columns *columns = submission->columns;
    const struct psp_router_span *span = &submission->span;
    const uint8_t *voter = columns->voter_ids, *marks = columns->marks;
    const uint64_t rows_before = psp_router_quota_rows(&core->quota);
    assert(columns->n > 0 &&
           columns->n <= PSP_BATCH_ROWS_MAX); /* so many rows are refused at most */
    assert(submission->stations != NULL || submission->station->number == span->station);
    core->message++;
    core->busy_count = core->outside_count = 0;
    core->counters.decoded += columns->n;
    if (submission->stations == NULL)
        submission->lane = lane_of(core, submission, columns->n);
    for (uint32_t row = 0; row < columns->n; row++) {
        if (submission->stations == NULL)
            forward_row(core, submission, row, voter, marks);
        else
            forward_named_row(core, submission, row, voter, marks);
        voter += columns->voter_lengths[row];
        marks += columns->marks_lengths[row];
    }
    assert(voter == columns->voter_ids + columns->voter_bytes); /* the decoder has added up */
    assert(marks == columns->marks + columns->marks_bytes);
    assert(core->busy_count + core->outside_count <= columns->n);
    const uint32_t forwarded = columns->n - core->busy_count - core->outside_count;
    assert(psp_router_quota_rows(&core->quota) == rows_before + forwarded);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        for (int lane = 0; lane < PSP_ROUTER_LANES; lane++) {
            struct psp_router_line *line = &core->places[s].lines[lane];
            if (line->open != NULL && line->open->n == PSP_BATCH_ROWS_MAX)
                psp_router_flush_line(core, line, submission->now_ms);
        }
    core->counters.forwarded += forwarded;
    core->counters.busy += core->busy_count;
    core->counters.outside += core->outside_count;
    refuse_rows(core, span, PSP_REFUSAL_BUSY, core->busy_rows, core->busy_count,
                "too many ballots are on the way to their shard; send again later");
    refuse_rows(core, span, psp_router_outside_code(span->features), core->outside_rows,
                core->outside_count, PSP_ROUTER_OUTSIDE_TEXT);
}

static void refuse_undecodable(struct psp_router_core *core, const struct psp_peer *peer,
                               uint64_t batch_id, const char *text)
{
    core->counters.undecodable++;
    refuse(core, peer, batch_id, PSP_REFUSAL_UNDECODABLE, text);
}

static void refuse_not_allowed(struct psp_router_core *core, const struct psp_peer *peer,
                               uint64_t batch_id, const char *text)
{
    core->counters.not_allowed++;
    refuse(core, peer, batch_id, PSP_REFUSAL_NOT_ALLOWED, text);
}

static void refuse_without_memory(struct psp_router_core *core, const struct psp_router_span *from,
                                  uint32_t n)
{
    core->counters.decoded += n;
    core->counters.busy += n;
    refuse(core, &from->peer, from->client_batch_id, PSP_REFUSAL_BUSY,
           "out of memory; send again later");
}

/* Of a message of ballots: of this election, and not too many? Otherwise refused. */
static bool takes_batch(struct psp_router_core *core, const struct psp_peer *peer,
                        const struct psp_client_message *message)
{
    const bool rows = message->type == PSP_CLIENT_ROWS;
    const uint32_t n = rows ? message->row_count : message->columns.n;
    if (memcmp(message->definition_hash, core->definition->hash, PSP_HASH_BYTES) != 0) {
        core->counters.wrong_election++;
        refuse(core, peer, message->batch_id, PSP_REFUSAL_WRONG_ELECTION,
               "definition_hash is not of the election that is counted here; "
               "fetch its election.json");
        return false;
    }
    if (n == 0 || n > PSP_BATCH_ROWS_MAX) {
        refuse_undecodable(
            core, peer, message->batch_id,
            n == 0 ? "the batch holds no ballot"
                   : "the batch holds more than " PSP_TEXT(PSP_BATCH_ROWS_MAX) " ballots");
        return false;
    }
    return true;
}

static void submit(struct psp_router_core *core, const struct psp_peer *peer,
                   const struct psp_router_station *station,
                   const struct psp_client_message *message, uint64_t now_ms, uint64_t wall_ms)
{
    const bool rows = message->type == PSP_CLIENT_ROWS;
    const uint32_t n = rows ? message->row_count : message->columns.n;
    struct submission submission = {
        .span = {.peer = *peer,
                 .client_batch_id = message->batch_id,
                 .station = station->number,
                 .features = message->features},
        .station = station,
        .columns = &message->columns,
        .ended = psp_router_station_ended(station, wall_ms),
        .now_ms = now_ms,
        .wall_ms = wall_ms,
    };
    if (psp_router_quota_know(&core->quota, station->number) != PSP_OK) {
        refuse_without_memory(core, &submission.span, n);
        return;
    }
    struct psp_client_columns columns;
    enum psp_status status = PSP_OK;
    if (rows) {
        status = psp_translate_rows(&core->translation, core->definition, message->rows, n,
                                    &columns, &core->reason);
        submission.columns = &columns;
    }
    if (status == PSP_OK)
        forward(core, &submission);
    else if (status == PSP_EINVAL)
        refuse_undecodable(core, peer, message->batch_id, core->reason.text);
    else
        refuse_without_memory(core, &submission.span, n);
}

void psp_router_core_client(struct psp_router_core *core, const struct psp_peer *peer,
                            const struct psp_router_station *station,
                            const struct psp_client_message *message, uint64_t now_ms,
                            uint64_t wall_ms)
{
    psp_router_drop_actions(core);
    switch (message->type) {
    case PSP_CLIENT_HELLO:
        psp_router_act(core,
                       &(struct psp_router_action){.type = PSP_ROUTER_WELCOME, .peer = *peer});
        break;
    case PSP_CLIENT_ROWS:
    case PSP_CLIENT_COLUMNS:
        assert(station != NULL); /* a gateway casts by the function below */
        if (message->type == PSP_CLIENT_COLUMNS && message->columns.stations != NULL)
            refuse_not_allowed(core, peer, message->batch_id,
                               "a station's key casts for itself; only a gateway's names stations");
        else if (takes_batch(core, peer, message))
            submit(core, peer, station, message, now_ms, wall_ms);
        break;
    case PSP_CLIENT_WELCOME:
    case PSP_CLIENT_VERDICTS:
    case PSP_CLIENT_REFUSAL:
        refuse_undecodable(core, peer, message->batch_id, "this is an answer, not a request");
        break;
    }
    psp_router_check(core);
}

void psp_router_core_gateway(struct psp_router_core *core, const struct psp_peer *peer,
                             const struct psp_router_station *stations, uint32_t count,
                             const struct psp_client_message *message, uint64_t now_ms,
                             uint64_t wall_ms)
{
    if (message->type != PSP_CLIENT_ROWS && message->type != PSP_CLIENT_COLUMNS) {
        psp_router_core_client(core, peer, NULL, message, now_ms, wall_ms);
        return;
    }
    psp_router_drop_actions(core);
    assert(count == 0 || stations != NULL);
    assert(count <= PSP_STATIONS_MAX);
    if (message->type == PSP_CLIENT_ROWS || message->columns.stations == NULL) {
        refuse_not_allowed(core, peer, message->batch_id,
                           "a gateway's key casts for stations only, and names that of each "
                           "ballot: columns with stations are needed");
        psp_router_check(core);
        return;
    }
    static const struct psp_router_station nobody;
    struct submission submission = {
        .span = {.peer = *peer,
                 .client_batch_id = message->batch_id,
                 .features = message->features},
        .columns = &message->columns,
        .now_ms = now_ms,
        .wall_ms = wall_ms,
        .stations = count > 0 ? stations : &nobody,
        .station_count = count,
    };
    if (takes_batch(core, peer, message))
        forward(core, &submission);
    psp_router_check(core);
}

void psp_router_core_undecodable(struct psp_router_core *core, const struct psp_peer *peer,
                                 enum psp_status status, uint64_t batch_id, const char *reason)
{
    psp_router_drop_actions(core);
    if (status == PSP_EPERM) {
        refuse_not_allowed(core, peer, batch_id, reason);
    } else if (status == PSP_EVERSION) {
        core->counters.undecodable++;
        refuse(core, peer, batch_id, PSP_REFUSAL_UNSUPPORTED_PROTOCOL,
               "this router speaks protocol 1");
    } else {
        refuse_undecodable(core, peer, batch_id,
                           status == PSP_ENOMEM ? "the message holds too many fields" : reason);
    }
    psp_router_check(core);
}

void psp_router_core_over(struct psp_router_core *core, const struct psp_peer *peer,
                          uint64_t batch_id)
{
    psp_router_drop_actions(core);
    core->counters.over++;
    if (batch_id != 0)
        refuse(core, peer, batch_id, PSP_REFUSAL_BUSY,
               "this key sends more than its share; send again later");
    psp_router_check(core);
}

/* ---- time ---- */

void psp_router_core_flush(struct psp_router_core *core, uint64_t now_ms)
{
    psp_router_drop_actions(core);
    static const uint32_t windows[PSP_ROUTER_LANES] = {
        [PSP_ROUTER_MODEST] = PSP_ROUTER_WINDOW_BATCHES,
        [PSP_ROUTER_JUDGE] = PSP_ROUTER_WINDOW_BATCHES,
        [PSP_ROUTER_REPLAYS] = PSP_ROUTER_WINDOW_REPLAYS_BATCHES,
        [PSP_ROUTER_KNOWN] = PSP_ROUTER_WINDOW_KNOWN_BATCHES,
    };
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        for (int lane = 0; lane < PSP_ROUTER_LANES; lane++) {
            struct psp_router_line *line = &core->places[s].lines[lane];
            if (line->open != NULL && line->batches < windows[lane])
                psp_router_flush_line(core, line, now_ms);
        }
    psp_router_check(core);
}

static void expire(struct psp_router_core *core, struct psp_router_batch *batch)
{
    struct psp_router_place *place = &core->places[batch->shard];
    assert(batch == core->oldest && batch->older == NULL);
    if (batch->state == PSP_ROUTER_BATCH_WAITING) {
        psp_router_refuse_busy(core, batch, "no replica of the shard leads; send again later");
        return;
    }
    if (place->replica == batch->replica)
        place->replica = (batch->replica + 1) % core->cluster->shards[batch->shard].replica_count;
    core->counters.unknown += batch->n;
    psp_router_refuse_batch(core, batch, PSP_REFUSAL_UNKNOWN,
                            "the shard did not answer in time; send the same ballot IDs again");
}

void psp_router_core_tick(struct psp_router_core *core, uint64_t now_ms)
{
    psp_router_drop_actions(core);
    while (core->oldest != NULL &&
           now_ms - core->oldest->since_ms >= PSP_ROUTER_INFLIGHT_TIMEOUT_MS)
        expire(core, core->oldest);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        for (int lane = 0; lane < PSP_ROUTER_LANES; lane++) {
            struct psp_router_batch *open = core->places[s].lines[lane].open;
            if (open != NULL && now_ms - open->since_ms >= PSP_ROUTER_INFLIGHT_TIMEOUT_MS)
                psp_router_refuse_busy(core, open, "the shard does not keep up; send again later");
        }
    for (struct psp_router_batch *batch = core->oldest; batch != NULL; batch = batch->newer) {
        if (batch->state == PSP_ROUTER_BATCH_WAITING && now_ms >= batch->retry_ms) {
            core->counters.batches_resent++;
            psp_router_send(core, batch);
        }
    }
    psp_router_check(core);
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
