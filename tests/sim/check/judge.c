/* Plain lists, slow on purpose: nothing of lib/count is used. */
#include "tests/sim/check/judge.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

void sim_judge_init(struct sim_judge *judge, const struct sim_election *election, uint32_t shard)
{
    memset(judge, 0, sizeof(*judge));
    judge->election = election;
    judge->shard = shard;
}

void sim_judge_free(struct sim_judge *judge)
{
    free(judge->rows);
    free(judge->replays);
    free(judge->told);
    judge->rows = NULL;
    judge->replays = NULL;
    judge->told = NULL;
}

/* ---- reading marks ---- */

static uint32_t varint(const uint8_t **at)
{
    uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const uint8_t byte = *(*at)++;
        value |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
}

/* Marks as pairs; a contest without choices gives none. */
static const uint8_t *read_marks(const uint8_t *at, struct psp_mark *pairs, uint32_t *ret_n)
{
    *ret_n = 0;
    for (uint32_t contests = varint(&at); contests > 0; contests--) {
        const uint32_t contest = varint(&at);
        for (uint32_t n = varint(&at); n > 0; n--) {
            assert(*ret_n < SIM_MARKS_MAX);
            pairs[(*ret_n)++] = (struct psp_mark){contest, varint(&at)};
        }
    }
    return at;
}

static bool valid(uint32_t unit, uint8_t method, const struct psp_mark *pairs, uint32_t n)
{
    if (unit == 0 || unit >= SIM_UNITS || method >= SIM_METHODS)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (pairs[i].contest >= SIM_CONTESTS || pairs[i].choice >= SIM_CHOICES_MAX ||
            (sim_choices[unit][pairs[i].contest] & 1U << pairs[i].choice) == 0)
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (pairs[k].contest == pairs[i].contest && pairs[k].choice == pairs[i].choice)
                return false;
    }
    return true;
}

/* ---- rows ---- */

static const struct sim_judged *newest(const struct sim_judge *judge, const uint8_t *digest)
{
    const uint32_t at = judge->chains[digest[15]];
    return at == 0 ? NULL : &judge->rows[at - 1];
}

static const struct sim_judged *older(const struct sim_judge *judge, const struct sim_judged *row)
{
    return row->next == 0 ? NULL : &judge->rows[row->next - 1];
}

const struct sim_judged *sim_judge_first(const struct sim_judge *judge, const uint8_t *digest,
                                         const uint8_t *tag)
{
    const struct sim_judged *found = NULL;
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(row->tag, tag, PSP_TAG_BYTES) == 0)
            found = row;
    return found;
}

static bool same_ballot(const struct sim_judged *row, const uint8_t *digest, const uint8_t *tag)
{
    return memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 &&
           memcmp(row->tag, tag, PSP_TAG_BYTES) == 0;
}

/* The verdict that is given again, 0: none. */
static uint8_t remembered(const struct sim_judge *judge, const uint8_t *digest, const uint8_t *tag)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (same_ballot(row, digest, tag) && (row->verdict & 15) != PSP_REPLAYED && !row->forgotten)
            return row->verdict;
    return 0;
}

/* Whether that was its verdict before the index, forgotten since or not. */
static bool judged_before(const struct sim_judge *judge, uint64_t index, const uint8_t *digest,
                          const uint8_t *tag, uint8_t verdict)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (same_ballot(row, digest, tag) && row->index < index && row->verdict == verdict)
            return true;
    return false;
}

static struct sim_replays *replays_at(struct sim_judge *judge, uint64_t index)
{
    uint32_t low = 0, high = judge->replays_count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (judge->replays[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < judge->replays_count && judge->replays[low].index == index ? &judge->replays[low]
                                                                            : NULL;
}

/* Whether somebody was told of this replay already; then it takes no further one. */
static bool told_before(struct sim_judge *judge, uint64_t index, const uint8_t *digest,
                        const uint8_t *tag)
{
    for (uint32_t i = 0; i < judge->told_count; i++)
        if (judge->told[i].index == index &&
            memcmp(judge->told[i].digest, digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(judge->told[i].tag, tag, PSP_TAG_BYTES) == 0)
            return true;
    if (judge->told_count == judge->told_capacity) {
        judge->told_capacity = judge->told_capacity * 2 + 64;
        judge->told = realloc(judge->told, judge->told_capacity * sizeof(*judge->told));
        assert(judge->told != NULL);
    }
    struct sim_told *told = &judge->told[judge->told_count++];
    told->index = index;
    memcpy(told->digest, digest, PSP_DIGEST_BYTES);
    memcpy(told->tag, tag, PSP_TAG_BYTES);
    return false;
}

bool sim_judge_said(struct sim_judge *judge, uint64_t index, const uint8_t *digest,
                    const uint8_t *tag, uint8_t verdict)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (row->index == index && row->verdict == verdict &&
            memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(row->tag, tag, PSP_TAG_BYTES) == 0)
            return true;
    struct sim_replays *replays = replays_at(judge, index);
    return replays != NULL && (verdict & 15) == PSP_REPLAYED &&
           judged_before(judge, index, digest, tag, verdict >> 4) &&
           (told_before(judge, index, digest, tag) || ++replays->told <= replays->n);
}

uint32_t sim_judge_counted(const struct sim_judge *judge, const uint8_t *digest)
{
    uint32_t n = 0;
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        n += memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 && row->verdict == PSP_COUNTED;
    return n;
}

static uint32_t unit_on_roll(const struct sim_judge *judge, const uint8_t *digest)
{
    const uint8_t *digests = judge->election->rolls[judge->shard].digests;
    for (uint64_t i = 0; i < judge->election->rolls[judge->shard].n; i++)
        if (memcmp(digests + i * PSP_DIGEST_BYTES, digest, PSP_DIGEST_BYTES) == 0)
            return psp_get32(judge->election->rolls[judge->shard].units + i * 4);
    return 0;
}

static uint8_t verdict_on(const struct sim_judge *judge, const uint8_t *digest, const uint8_t *tag,
                          bool is_valid, uint32_t unit)
{
    const uint8_t first = remembered(judge, digest, tag);
    if (first != 0)
        return (uint8_t)(first << 4 | PSP_REPLAYED);
    if (!is_valid)
        return PSP_INVALID;
    if (judge->state != PSP_ELECTION_OPEN)
        return PSP_CLOSED;
    if (judge->election->roll && unit_on_roll(judge, digest) != unit)
        return PSP_NOT_ELIGIBLE;
    return sim_judge_counted(judge, digest) > 0 ? PSP_DOUBLE_VOTE : PSP_COUNTED;
}

static void add_row(struct sim_judge *judge, const struct sim_judged *row)
{
    if (judge->row_count == judge->row_capacity) {
        judge->row_capacity = judge->row_capacity * 2 + 64;
        judge->rows = realloc(judge->rows, judge->row_capacity * sizeof(*judge->rows));
        assert(judge->rows != NULL);
    }
    struct sim_judged *place = &judge->rows[judge->row_count++];
    *place = *row;
    place->next = judge->chains[row->digest[15]];
    judge->chains[row->digest[15]] = judge->row_count;
}

static bool may_be_forgotten(const struct sim_judged *row)
{
    return !row->forgotten && (row->verdict == PSP_INVALID || row->verdict == PSP_NOT_ELIGIBLE ||
                               row->verdict == PSP_DOUBLE_VOTE);
}

/* After a refusal of `station`, counted anew from all rows there are. */
static void forget(struct sim_judge *judge, uint32_t station)
{
    uint32_t numbers[SIM_STATIONS] = {0}, total = 0, most = 0;
    for (uint32_t i = 0; i < judge->row_count; i++) {
        numbers[judge->rows[i].station] += may_be_forgotten(&judge->rows[i]);
        total += may_be_forgotten(&judge->rows[i]);
    }
    for (uint32_t number = 1; number < SIM_STATIONS; number++)
        if (numbers[number] > numbers[most])
            most = number;
    if (numbers[station] > SIM_REFUSED_STATION_MAX)
        most = station;
    else if (total <= SIM_REFUSED_MAX)
        return;
    uint32_t oldest = 0;
    while (judge->rows[oldest].station != most || !may_be_forgotten(&judge->rows[oldest]))
        oldest++;
    judge->rows[oldest].forgotten = true;
    judge->stations[most].forgotten++;
}

static bool owns(const struct sim_judge *judge, const struct psp_count_columns *columns)
{
    const struct psp_cluster_shard *shard = &judge->election->shards[judge->shard];
    for (uint32_t i = 0; i < columns->n; i++) {
        const uint8_t *digest = columns->digests + (size_t)i * PSP_DIGEST_BYTES;
        const uint32_t slot = (uint32_t)digest[0] << 4 | digest[1] >> 4;
        if (slot < shard->slot_first || slot >= shard->slot_end)
            return false;
    }
    return true;
}

static void take_replays(struct sim_judge *judge, struct psp_bytes replays)
{
    uint64_t n = 0;
    for (const uint8_t *at = replays.data; at < replays.data + replays.length;) {
        const uint32_t station = varint(&at), number = varint(&at);
        assert(station < SIM_STATIONS);
        judge->stations[station].received += number;
        judge->stations[station].disposed[PSP_REPLAYED] += number;
        n += number;
    }
    if (n == 0)
        return;
    judge->books.received += n;
    judge->books.disposed[PSP_REPLAYED] += n;
    if (judge->replays_count == judge->replays_capacity) {
        judge->replays_capacity = judge->replays_capacity * 2 + 64;
        judge->replays = realloc(judge->replays, judge->replays_capacity * sizeof(*judge->replays));
        assert(judge->replays != NULL);
    }
    judge->replays[judge->replays_count++] = (struct sim_replays){.index = judge->index, .n = n};
}

static void take_ballots(struct sim_judge *judge, const struct psp_count_columns *columns,
                         struct psp_bytes replays)
{
    if (!judge->genesis)
        return;
    take_replays(judge, replays);
    if (!owns(judge, columns))
        return; /* fenced, outside the books */
    const uint8_t *marks = columns->marks, *runs = columns->stations.data;
    uint32_t run = 0, station = 0;
    for (uint32_t i = 0; i < columns->n; i++) {
        struct sim_judged row = {.index = judge->index};
        memcpy(row.digest, columns->digests + (size_t)i * PSP_DIGEST_BYTES, PSP_DIGEST_BYTES);
        memcpy(row.tag, columns->tags + (size_t)i * PSP_TAG_BYTES, PSP_TAG_BYTES);
        const uint32_t unit = psp_get32(columns->units + (size_t)i * 4);
        struct psp_mark pairs[SIM_MARKS_MAX];
        uint32_t n;
        marks = read_marks(marks, pairs, &n);
        row.verdict = verdict_on(judge, row.digest, row.tag,
                                 valid(unit, columns->methods[i], pairs, n), unit);
        if (run == 0) {
            run = varint(&runs);
            station = varint(&runs);
            assert(station < SIM_STATIONS);
        }
        run--;
        row.station = station;
        judge->books.received++;
        judge->books.disposed[row.verdict & 15]++;
        judge->stations[station].received++;
        judge->stations[station].disposed[row.verdict & 15]++;
        if (row.verdict == PSP_COUNTED) {
            judge->books.added_ballots++;
            judge->books.voters_counted++;
            sim_cells_add(&judge->cells, unit, columns->methods[i], pairs, n);
        }
        add_row(judge, &row);
        if (may_be_forgotten(&row))
            forget(judge, station);
    }
}

void sim_judge_entry(struct sim_judge *judge, uint64_t index, const struct psp_entry *entry)
{
    assert(index == judge->index + 1);
    judge->index = index;
    if (entry == NULL)
        return;
    if (entry->time_ms < judge->time_ms && judge->fault[0] == 0)
        snprintf(judge->fault, sizeof(judge->fault), "time in the log goes back at index %" PRIu64,
                 index);
    judge->time_ms = entry->time_ms;
    if (judge->state == PSP_ELECTION_OPEN && judge->close_at_ms != 0 &&
        judge->time_ms >= judge->close_at_ms)
        judge->state = PSP_ELECTION_CLOSED;
    switch (entry->type) {
    case PSP_ENTRY_GENESIS:
        judge->genesis = true;
        return;
    case PSP_ENTRY_OPEN:
        if (judge->state != PSP_ELECTION_OPEN)
            judge->close_at_ms = 0;
        judge->state = PSP_ELECTION_OPEN;
        return;
    case PSP_ENTRY_CLOSE:
        if (judge->state != PSP_ELECTION_OPEN || judge->close_at_ms != 0)
            return; /* closed, or to be closed at the time told first */
        judge->close_at_ms = entry->close_at_ms;
        if (entry->close_at_ms <= judge->time_ms)
            judge->state = PSP_ELECTION_CLOSED;
        return;
    case PSP_ENTRY_UNIT_COMPLETE:
        if (entry->unit < SIM_UNITS)
            judge->complete[entry->unit] = true;
        return;
    case PSP_ENTRY_REPORT: /* it changes no verdict and no count */
        return;
    case PSP_ENTRY_BALLOTS:
        take_ballots(judge, &entry->ballots.columns, entry->ballots.replays);
        return;
    }
}

/* ---- cells ---- */

void sim_cells_add(struct sim_cells *cells, uint32_t unit, uint32_t method,
                   const struct psp_mark *pairs, uint32_t n)
{
    cells->ballots[unit][method]++;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        if (sim_choices[unit][contest] == 0)
            continue;
        uint64_t *votes = cells->votes[unit][method][contest];
        const uint32_t allowed = sim_votes_allowed[contest];
        uint32_t marked = 0;
        for (uint32_t i = 0; i < n; i++)
            marked += pairs[i].contest == contest;
        if (marked > allowed) {
            votes[SIM_CHOICES_MAX + 1] += allowed;
            continue;
        }
        votes[SIM_CHOICES_MAX] += allowed - marked;
        for (uint32_t i = 0; i < n; i++)
            if (pairs[i].contest == contest)
                votes[pairs[i].choice]++;
    }
}

static bool row_matches(const struct sim_cells *cells, const struct psp_totals *totals,
                        uint32_t unit, uint32_t method, char *ret_text, size_t size)
{
    const struct psp_definition *definition = totals->definition;
    const uint32_t row = psp_totals_row(totals, definition->leaf_of_unit[unit], 0, method);
    const uint64_t *at = totals->cells + totals->row_first[row];
    if (*at != cells->ballots[unit][method]) {
        snprintf(ret_text, size, "unit %u method %u: %" PRIu64 " ballots, the judge has %" PRIu64,
                 unit, method, *at, cells->ballots[unit][method]);
        return false;
    }
    at++;
    for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++) {
        if (sim_choices[unit][contest] == 0)
            continue;
        for (uint32_t choice = 0; choice < SIM_CHOICES_MAX + 2; choice++) {
            if (choice < SIM_CHOICES_MAX && (sim_choices[unit][contest] & 1U << choice) == 0)
                continue;
            const uint64_t votes = cells->votes[unit][method][contest][choice];
            if (*at++ == votes)
                continue;
            snprintf(ret_text, size,
                     "unit %u method %u contest %u choice %u: %" PRIu64 ", the judge has %" PRIu64,
                     unit, method, contest, choice, at[-1], votes);
            return false;
        }
    }
    return true;
}

bool sim_cells_match(const struct sim_cells *cells, const struct psp_totals *totals, char *ret_text,
                     size_t size)
{
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
        for (uint32_t method = 0; method < SIM_METHODS; method++)
            if (!row_matches(cells, totals, unit, method, ret_text, size))
                return false;
    return true;
}
