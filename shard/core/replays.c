/* What the applied state knows of a batch before it is logged: a row that would change
 * nothing but a counter needs no place in the log. Only where it pays: for a station
 * whose rows were replays lately, or one that has no room for another late ballot; or where it
 * must: for one that had more ballots refused than its budget. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "count/foresee.h"
#include "election/probes.h"
#include "election/runs.h"
#include "shard/core/inner.h"

enum {
    WATCHED_BATCHES = 64, /* looked up without a replay, until a station is trusted again */
    KNOWN_ROW_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 4,
};

/* ---- which batches ---- */

/* Whether a look at the rows pays: calls the runs one by one. */
static bool pays(const struct psp_core *core, const struct psp_count_columns *columns)
{
    const bool late = !psp_count_accepts(core->count, psp_core_time_ms(core));
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    for (uint32_t row = 0; row < columns->n;) {
        const uint32_t station = psp_runs_next(&stations);
        if (core->watched[station] > 0 || psp_count_probes_over(core->count, station) ||
            (late && !psp_count_closed_room(core->count, station)))
            return true;
        row += 1 + stations.left;
        stations.left = 0;
    }
    return false;
}

/* How many ballots of stations past their budget may be refused by now. */
static uint32_t *probes(struct psp_core *core)
{
    const uint64_t each_ms = 1000 / PSP_PROBES_A_SECOND;
    assert(core->now.steady_ms >= core->probes_ms);
    const uint64_t more = (core->now.steady_ms - core->probes_ms) / each_ms;
    if (more > 0)
        core->probes_ms = core->now.steady_ms;
    core->probes += more < PSP_PROBES_A_SECOND ? (uint32_t)more : PSP_PROBES_A_SECOND;
    if (core->probes > PSP_PROBES_A_SECOND)
        core->probes = PSP_PROBES_A_SECOND;
    assert(core->probes <= PSP_PROBES_A_SECOND);
    return &core->probes;
}

/* A station without a replay in the batch comes nearer to being trusted. */
static void calm_down(struct psp_core *core, const struct psp_count_columns *columns,
                      const uint8_t *known)
{
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    for (uint32_t row = 0; row < columns->n;) {
        const uint32_t station = psp_runs_next(&stations), end = row + 1 + stations.left;
        bool replays = false;
        for (; row < end; row++)
            replays = replays || psp_verdict_disposition(known[row]) == PSP_REPLAYED;
        stations.left = 0;
        if (replays)
            core->watched[station] = WATCHED_BATCHES;
        else if (core->watched[station] > 0)
            core->watched[station]--;
    }
}

void psp_core_watch_stations(struct psp_core *core, const struct psp_count_columns *columns,
                             const uint8_t *verdicts)
{
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    for (uint32_t row = 0; row < columns->n; row++) {
        const uint32_t station = psp_runs_next(&stations);
        if (psp_verdict_disposition(verdicts[row]) == PSP_REPLAYED)
            core->watched[station] = WATCHED_BATCHES;
    }
}

/* ---- into the log ---- */

/* The replays of the rows known, a tally a run; how many. */
static uint32_t tally(const struct psp_count_columns *columns, const uint8_t *known,
                      struct psp_tally *tallies)
{
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    uint32_t n = 0;
    for (uint32_t row = 0; row < columns->n; row++) {
        const uint32_t station = psp_runs_next(&stations);
        if (psp_verdict_disposition(known[row]) != PSP_REPLAYED)
            continue;
        if (n == 0 || tallies[n - 1].station != station)
            tallies[n++] = (struct psp_tally){.station = station};
        tallies[n - 1].n++;
    }
    assert(n <= columns->n);
    return n;
}

/* The rows that are not known, in memory of this call. False: out of memory. */
static bool unknown_rows(struct psp_core *core, const struct psp_count_columns *all,
                         const uint8_t *known, struct psp_count_columns *ret_rest)
{
    const size_t n = all->n;
    uint8_t *digests = psp_core_scratch(core, n * PSP_DIGEST_BYTES);
    uint8_t *tags = psp_core_scratch(core, n * PSP_TAG_BYTES);
    uint8_t *units = psp_core_scratch(core, n * 4);
    uint8_t *methods = psp_core_scratch(core, n);
    uint8_t *marks = psp_core_scratch(core, all->marks_bytes);
    struct psp_runs_writer stations = {.bytes = psp_core_scratch(core, n * PSP_RUN_BYTES_MAX)};
    struct psp_runs_writer styles = {.bytes = psp_core_scratch(core, n * PSP_RUN_BYTES_MAX)};
    if (!digests || !tags || !units || !methods || !marks || !stations.bytes || !styles.bytes)
        return false;
    struct psp_runs_cursor station = psp_runs_begin(all->stations, 0);
    struct psp_runs_cursor style = psp_runs_begin(all->styles, 1);
    const uint8_t *from = all->marks;
    size_t marks_bytes = 0;
    uint32_t kept = 0;
    for (uint32_t row = 0; row < n; row++) {
        const size_t length =
            psp_marks_length(from, (size_t)(all->marks + all->marks_bytes - from));
        const uint32_t number = psp_runs_next(&station), of_unit = psp_runs_next(&style);
        if (known[row] == PSP_FORESEEN_NOTHING) {
            memcpy(digests + (size_t)kept * PSP_DIGEST_BYTES,
                   all->digests + (size_t)row * PSP_DIGEST_BYTES, PSP_DIGEST_BYTES);
            memcpy(tags + (size_t)kept * PSP_TAG_BYTES, all->tags + (size_t)row * PSP_TAG_BYTES,
                   PSP_TAG_BYTES);
            memcpy(units + (size_t)kept * 4, all->units + (size_t)row * 4, 4);
            methods[kept] = all->methods[row];
            memcpy(marks + marks_bytes, from, length);
            marks_bytes += length;
            psp_runs_add(&stations, number, 1);
            psp_runs_add(&styles, of_unit, 1);
            kept++;
        }
        from += length;
    }
    assert(from == all->marks + all->marks_bytes && kept < all->n);
    assert(marks_bytes <= all->marks_bytes);
    assert(kept > 0);
    *ret_rest = (struct psp_count_columns){.n = kept,
                                           .digests = digests,
                                           .tags = tags,
                                           .units = units,
                                           .methods = methods,
                                           .marks = marks,
                                           .marks_bytes = marks_bytes,
                                           .stations = psp_runs_end(&stations),
                                           .styles = psp_runs_end(&styles)};
    return true;
}

/* Tallies as an entry has them: this batch's own and those of who is parked. */
static bool collect(struct psp_core *core, const struct psp_tally *own, uint32_t n, size_t used,
                    struct psp_bytes *ret_replays)
{
    const size_t room = used < PSP_CORE_BATCH_BYTES_MAX ? PSP_CORE_BATCH_BYTES_MAX - used : 0;
    const size_t most = n + psp_core_parked_tallies(core);
    *ret_replays = (struct psp_bytes){0};
    if (most == 0)
        return true;
    struct psp_tally *tallies = psp_core_scratch(core, most * sizeof *tallies);
    uint8_t *bytes = psp_core_scratch(core, most * PSP_RUN_BYTES_MAX);
    if (tallies == NULL || bytes == NULL)
        return false;
    assert(n == 0 || own != NULL);
    if (n > 0)
        memcpy(tallies, own, n * sizeof *tallies);
    const uint32_t stations = psp_core_parked_collect(core, tallies, n, room);
    size_t length = 0;
    for (uint32_t i = 0; i < stations; i++) {
        length += psp_varint_write(bytes + length, tallies[i].station);
        length += psp_varint_write(bytes + length, tallies[i].n);
    }
    assert(stations <= most);
    assert(length <= most * PSP_RUN_BYTES_MAX);
    *ret_replays = (struct psp_bytes){bytes, length};
    return true;
}

static bool propose(struct psp_core *core, const struct psp_count_columns *columns,
                    const struct psp_tally *own, uint32_t n, const struct psp_waiting *waiting)
{
    struct psp_entry entry = {.type = PSP_ENTRY_BALLOTS};
    if (columns != NULL)
        entry.ballots.columns = *columns;
    assert(columns != NULL || n == 0);
    memcpy(entry.ballots.fence_hash, core->fence_hash, PSP_HASH_BYTES);
    const size_t used = columns == NULL ? 0 : psp_core_columns_bytes(columns);
    if (!collect(core, own, n, used, &entry.ballots.replays))
        return false;
    const bool proposed = psp_core_propose(core, &entry, waiting);
    const struct psp_waiting *newest = proposed ? psp_core_newest(core) : NULL;
    psp_core_parked_place(core, proposed ? newest->index : 0, proposed ? newest->term : 0);
    return proposed;
}

static void log_batch(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                      const struct psp_count_columns *all, uint8_t *known)
{
    struct psp_waiting waiting = {
        .kind = PSP_WAITING_BATCH, .peer = *peer, .id = batch_id, .known = known, .n = all->n};
    struct psp_count_columns rest;
    struct psp_tally *own = NULL;
    uint32_t own_n = 0;
    if (known != NULL) {
        own = psp_core_scratch(core, all->n * sizeof *own);
        if (own == NULL || !unknown_rows(core, all, known, &rest)) {
            free(known);
            return; /* the core has stopped */
        }
        own_n = tally(all, known, own);
    }
    if (propose(core, known != NULL ? &rest : all, own, own_n, &waiting))
        return;
    free(known);
    if (!core->stopped)
        psp_core_refuse_batch(core, peer, batch_id, PSP_COUNT_NOT_LEADER,
                              "this replica no longer leads");
}

/* ---- parked ---- */

static const char parked_text[] = "too many batches of replays are waiting";

/* All of it is known: its verdicts wait for the entry that counts them. */
static void park_replays(struct psp_core *core, struct psp_parked *parked,
                         const struct psp_count_columns *columns)
{
    parked->tallies = malloc((size_t)columns->n * sizeof *parked->tallies);
    if (parked->tallies == NULL) {
        psp_core_parked_free(parked);
        psp_core_stop(core, "out of memory for replays");
        return;
    }
    parked->tally_n = tally(columns, parked->verdicts, parked->tallies);
    assert(parked->wants == 0);
    parked->due_ms = core->now.steady_ms + PSP_CORE_PARKED_MS;
    if (psp_core_park(core, parked))
        return;
    core->busy_rows += parked->n;
    psp_core_refuse_batch(core, &parked->peer, parked->id, PSP_COUNT_BUSY, parked_text);
    psp_core_parked_free(parked);
}

void psp_core_take_ballots(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                           const struct psp_count_columns *columns)
{
    if (!pays(core, columns)) {
        log_batch(core, peer, batch_id, columns, NULL);
        return;
    }
    uint8_t *known = malloc(columns->n);
    if (known == NULL) {
        psp_core_stop(core, "out of memory for replays");
        return;
    }
    psp_count_foresee(core->count, psp_core_time_ms(core), columns, probes(core), known);
    calm_down(core, columns, known);
    uint32_t unknown = 0, replays = 0;
    for (uint32_t row = 0; row < columns->n; row++) {
        unknown += known[row] == PSP_FORESEEN_NOTHING;
        replays += psp_verdict_disposition(known[row]) == PSP_REPLAYED;
    }
    assert(unknown + replays <= columns->n);
    if (unknown == columns->n) {
        free(known);
        known = NULL;
    }
    if (unknown > 0) {
        log_batch(core, peer, batch_id, columns, known);
        return;
    }
    for (uint32_t row = 0; row < columns->n; row++)
        if (known[row] == PSP_FORESEEN_NOT_JUDGED)
            known[row] = PSP_NOT_JUDGED;
    struct psp_parked parked = {.peer = *peer, .id = batch_id, .n = columns->n, .verdicts = known};
    if (replays > 0) {
        park_replays(core, &parked, columns);
        return;
    }
    psp_core_tell_verdicts(core, peer, batch_id, psp_count_index(core->count), known, columns->n);
    psp_core_parked_free(&parked);
}

/* ---- only what is known ---- */

void psp_core_take_known(struct psp_core *core, const struct psp_peer *peer, uint64_t batch_id,
                         const struct psp_count_columns *columns)
{
    const size_t n = columns->n;
    struct psp_parked parked = {.peer = *peer,
                                .id = batch_id,
                                .n = columns->n,
                                .verdicts = malloc(n),
                                .due_ms = core->now.steady_ms + PSP_CORE_PARKED_MS,
                                .wants = psp_consensus_last_index(core->consensus),
                                .rows = malloc(n * KNOWN_ROW_BYTES)};
    if (parked.verdicts == NULL || parked.rows == NULL) {
        psp_core_parked_free(&parked);
        psp_core_stop(core, "out of memory for replays");
        return;
    }
    /* promise 2: another replica may lead by now, and what is not known here be counted
     * there. An entry proposed after the question is applied only if none does. */
    parked.wants += core->member_count > 1;
    memcpy(parked.rows, columns->digests, n * PSP_DIGEST_BYTES);
    memcpy(parked.rows + n * PSP_DIGEST_BYTES, columns->tags, n * PSP_TAG_BYTES);
    struct psp_runs_cursor stations = psp_runs_begin(columns->stations, 0);
    for (size_t row = 0; row < n; row++)
        psp_put32(parked.rows + n * (PSP_DIGEST_BYTES + PSP_TAG_BYTES) + row * 4,
                  psp_runs_next(&stations));
    if (psp_core_park(core, &parked)) {
        psp_core_replays_on(core, false);
        return;
    }
    core->busy_rows += parked.n;
    psp_core_refuse_batch(core, peer, batch_id, PSP_COUNT_BUSY, parked_text);
    psp_core_parked_free(&parked);
}

/* All that stood in the log when it came is applied, here and wherever this shard is led
 * from: now it can be said. */
static void say_known(struct psp_core *core, struct psp_parked *parked)
{
    const size_t n = parked->n;
    assert(parked->wants <= psp_count_index(core->count)); /* promise 2 */
    assert(psp_core_serves(core));
    const uint8_t *tags = parked->rows + n * PSP_DIGEST_BYTES;
    uint8_t *runs = psp_core_scratch(core, n * PSP_RUN_BYTES_MAX);
    if (runs == NULL) {
        psp_core_parked_free(parked);
        return;
    }
    struct psp_runs_writer stations = {.bytes = runs};
    bool some = false;
    for (size_t row = 0; row < n; row++) {
        const uint8_t first = psp_count_known(core->count, parked->rows + row * PSP_DIGEST_BYTES,
                                              tags + row * PSP_TAG_BYTES);
        parked->verdicts[row] =
            first == 0 ? (uint8_t)PSP_NOT_KNOWN : psp_verdict_replayed((enum psp_disposition)first);
        some = some || first != 0;
        psp_runs_add(&stations, psp_get32(tags + n * PSP_TAG_BYTES + row * 4), 1);
    }
    parked->wants = 0;
    if (some) {
        const struct psp_count_columns columns = {.n = parked->n,
                                                  .stations = psp_runs_end(&stations)};
        park_replays(core, parked, &columns);
        return;
    }
    psp_core_tell_verdicts(core, &parked->peer, parked->id, psp_count_index(core->count),
                           parked->verdicts, parked->n);
    psp_core_parked_free(parked);
}

void psp_core_replays_on(struct psp_core *core, bool now)
{
    struct psp_parked parked;
    while (!core->stopped && psp_core_serves(core) && psp_core_parked_ready(core, &parked))
        say_known(core, &parked);
    const uint64_t due = psp_core_parked_due(core);
    if (core->stopped || due == UINT64_MAX || (!now && core->now.steady_ms < due) ||
        !psp_core_serves(core) || !psp_core_has_room(core))
        return;
    propose(core, NULL, NULL, 0, &(struct psp_waiting){.kind = PSP_WAITING_NOBODY});
}
