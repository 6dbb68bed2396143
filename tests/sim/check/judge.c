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
    judge->reports.election = election;
    judge->shard = shard;
}

void sim_judge_free(struct sim_judge *judge)
{
    free(judge->rows);
    free(judge->replays);
    free(judge->told);
    sim_reports_free(&judge->reports);
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

/* `style`: a position, or none. */
static bool valid(uint32_t unit, uint32_t style, uint8_t method, const struct psp_mark *pairs,
                  uint32_t n)
{
    if (unit == 0 || unit >= SIM_UNITS || style >= SIM_STYLES || method >= SIM_METHODS)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (pairs[i].contest >= SIM_CONTESTS || pairs[i].choice >= SIM_CHOICES_MAX ||
            (sim_choices[style][pairs[i].contest] & 1U << pairs[i].choice) == 0)
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

static bool is_of(const struct sim_judged *row, const uint8_t *digest, const uint8_t *tag)
{
    return memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 &&
           memcmp(row->tag, tag, PSP_TAG_BYTES) == 0;
}

/* It was judged then, and not found to be known already. */
static bool is_first(const struct sim_judged *row)
{
    return row->verdict != PSP_NOT_JUDGED && psp_verdict_disposition(row->verdict) != PSP_REPLAYED;
}

uint8_t sim_judge_known_from(const struct sim_judge *judge, const uint8_t *digest,
                             const uint8_t *tag, uint64_t from, uint64_t to)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (is_of(row, digest, tag) && is_first(row) && row->index <= from &&
            (row->forgotten == 0 || row->forgotten > to))
            return row->verdict;
    return 0;
}

bool sim_judge_forgot(const struct sim_judge *judge, const uint8_t *digest, const uint8_t *tag)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (is_of(row, digest, tag) && row->forgotten != 0)
            return true;
    return false;
}

static struct sim_replays *replays_at(struct sim_judge *judge, uint64_t index, uint32_t station)
{
    uint32_t low = 0, high = judge->replays_count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (judge->replays[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < judge->replays_count && judge->replays[low].index == index; low++)
        if (judge->replays[low].station == station)
            return &judge->replays[low];
    return NULL;
}

/* Whether somebody was told of this replay already; then it takes no further one. */
static bool told_before(struct sim_judge *judge, const struct sim_told *told)
{
    for (uint32_t i = 0; i < judge->told_count; i++) {
        const struct sim_told *other = &judge->told[i];
        if (other->index == told->index && other->station == told->station &&
            memcmp(other->digest, told->digest, PSP_DIGEST_BYTES) == 0 &&
            memcmp(other->tag, told->tag, PSP_TAG_BYTES) == 0)
            return true;
    }
    if (judge->told_count == judge->told_capacity) {
        judge->told_capacity = judge->told_capacity * 2 + 64;
        judge->told = realloc(judge->told, judge->told_capacity * sizeof(*judge->told));
        assert(judge->told != NULL);
    }
    judge->told[judge->told_count++] = *told;
    return false;
}

/* Whether a leader that has led since then can have looked the ballot up, before this index
 * was in its log, and found that disposition. */
static bool could_be_known(const struct sim_judge *judge, const uint8_t *digest, const uint8_t *tag,
                           uint8_t disposition, uint64_t since, uint64_t index)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (is_of(row, digest, tag) && is_first(row) && row->verdict == disposition &&
            row->index < index && (row->forgotten == 0 || row->forgotten >= since))
            return true;
    return false;
}

bool sim_judge_said(struct sim_judge *judge, uint64_t index, uint32_t station,
                    const uint8_t *digest, const uint8_t *tag, uint8_t verdict)
{
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        if (row->index == index && row->verdict == verdict && row->station == station &&
            is_of(row, digest, tag))
            return verdict != PSP_NOT_JUDGED;
    struct sim_replays *replays = replays_at(judge, index, station);
    if (replays == NULL || psp_verdict_disposition(verdict) != PSP_REPLAYED ||
        !could_be_known(judge, digest, tag, verdict >> 4, replays->since, index))
        return false;
    struct sim_told told = {.index = index, .station = station};
    memcpy(told.digest, digest, PSP_DIGEST_BYTES);
    memcpy(told.tag, tag, PSP_TAG_BYTES);
    return told_before(judge, &told) || ++replays->told <= replays->n;
}

uint32_t sim_judge_counted(const struct sim_judge *judge, const uint8_t *digest)
{
    uint32_t n = 0;
    for (const struct sim_judged *row = newest(judge, digest); row != NULL; row = older(judge, row))
        n += memcmp(row->digest, digest, PSP_DIGEST_BYTES) == 0 && row->verdict == PSP_COUNTED;
    return n;
}

/* The voter's unit and place of the ballot style, 0 and 0: not on the roll. */
static void on_roll(const struct sim_judge *judge, const uint8_t *digest, uint32_t *ret_unit,
                    uint32_t *ret_place)
{
    const uint8_t *digests = judge->election->rolls[judge->shard].digests;
    *ret_unit = *ret_place = 0;
    for (uint64_t i = 0; i < judge->election->rolls[judge->shard].n; i++)
        if (memcmp(digests + i * PSP_DIGEST_BYTES, digest, PSP_DIGEST_BYTES) == 0) {
            *ret_unit = psp_get32(judge->election->rolls[judge->shard].units + i * 4);
            *ret_place = psp_get16(judge->election->rolls[judge->shard].styles + i * 2);
        }
}

static bool eligible(struct sim_judge *judge, const uint8_t *digest, uint32_t unit, uint32_t place)
{
    uint32_t own_unit, own_place;
    if (!judge->election->roll)
        return true;
    on_roll(judge, digest, &own_unit, &own_place);
    if (own_unit != unit)
        return false;
    const bool right = !judge->election->roll_styles || own_place == place;
    judge->events.roll_style += !right;
    return right;
}

/* ---- stations ---- */

const struct sim_station *sim_judge_station(const struct sim_judge *judge, uint32_t number)
{
    for (uint32_t i = 0; i < judge->station_count; i++)
        if (judge->stations[i].number == number)
            return &judge->stations[i];
    return NULL;
}

/* Its books, made when it is the first time. */
static struct psp_station_books *books_of(struct sim_judge *judge, uint32_t number)
{
    for (uint32_t i = 0; i < judge->station_count; i++)
        if (judge->stations[i].number == number)
            return &judge->stations[i].books;
    assert(judge->station_count < SIM_JUDGE_STATIONS);
    struct sim_station *station = &judge->stations[judge->station_count++];
    *station = (struct sim_station){.number = number};
    return &station->books;
}

static bool is_remembered(const struct sim_judged *row)
{
    const uint8_t verdict = row->verdict;
    return row->forgotten == 0 &&
           (verdict == PSP_DOUBLE_VOTE || verdict == PSP_NOT_ELIGIBLE || verdict == PSP_INVALID);
}

/* How many are remembered of the station, or of all. */
static uint64_t remembered(const struct sim_judge *judge, uint32_t station, bool all)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < judge->row_count; i++)
        n += is_remembered(&judge->rows[i]) && (all || judge->rows[i].station == station);
    return n;
}

static void forget_oldest(struct sim_judge *judge, uint32_t station)
{
    for (uint32_t i = 0; i < judge->row_count; i++) {
        struct sim_judged *row = &judge->rows[i];
        if (!is_remembered(row) || row->station != station)
            continue;
        row->forgotten = judge->index;
        books_of(judge, station)->forgotten++;
        judge->events.forgotten++;
        return;
    }
    assert(!"a station with most has one");
}

/* After a refusal of the station was added. */
static void forget(struct sim_judge *judge, uint32_t station)
{
    const struct sim_limits *limits = &judge->election->limits;
    if (limits->refused_station != 0 && remembered(judge, station, false) > limits->refused_station)
        forget_oldest(judge, station);
    else if (limits->refused != 0 && remembered(judge, 0, true) > limits->refused) {
        uint32_t most = 0;
        uint64_t most_n = 0;
        for (uint32_t i = 0; i < judge->station_count; i++) {
            const uint32_t number = judge->stations[i].number;
            const uint64_t n = remembered(judge, number, false);
            if (n > most_n || (n == most_n && number < most)) {
                most = number;
                most_n = n;
            }
        }
        forget_oldest(judge, most);
    }
}

/* No `closed` is ever forgotten: so many as the books say. */
static bool has_closed_room(const struct sim_judge *judge, uint32_t number)
{
    const struct sim_limits *limits = &judge->election->limits;
    const struct sim_station *station = sim_judge_station(judge, number);
    const uint64_t own = station == NULL ? 0 : station->books.disposed[PSP_CLOSED];
    return (limits->closed_station == 0 || own < limits->closed_station) &&
           (limits->closed == 0 || judge->books.disposed[PSP_CLOSED] < limits->closed);
}

bool sim_judge_stuck(const struct sim_judge *judge, const struct sim_ballot *ballot,
                     uint32_t station)
{
    return judge->state != PSP_ELECTION_OPEN && !has_closed_room(judge, station) &&
           sim_judge_known(judge, ballot->digest, ballot->tag, judge->index) == 0 &&
           valid(ballot->unit, ballot->paper, ballot->method, ballot->pairs, ballot->pair_count);
}

/* ---- a verdict ---- */

struct row { /* as it stands in an entry */
    const uint8_t *digest, *tag;
    uint32_t unit, place, station;
    uint8_t method;
    struct psp_mark pairs[SIM_MARKS_MAX];
    uint32_t pair_count;
};

/* The position of the place that the row has among its unit's styles. */
static uint32_t style_of(const struct row *row)
{
    if (row->unit >= SIM_UNITS || row->place == 0 || row->place > sim_unit_styles[row->unit].n)
        return PSP_NONE;
    return sim_unit_styles[row->unit].styles[row->place - 1];
}

static uint8_t verdict_on(struct sim_judge *judge, const struct row *row)
{
    const uint8_t known = sim_judge_known(judge, row->digest, row->tag, judge->index);
    if (known != 0)
        return (uint8_t)(known << 4 | PSP_REPLAYED);
    if (!valid(row->unit, style_of(row), row->method, row->pairs, row->pair_count)) {
        judge->events.wrong_style += style_of(row) == PSP_NONE && row->unit != 0 &&
                                     row->unit < SIM_UNITS && row->method < SIM_METHODS;
        return PSP_INVALID;
    }
    if (judge->state != PSP_ELECTION_OPEN)
        return has_closed_room(judge, row->station) ? PSP_CLOSED : PSP_NOT_JUDGED;
    if (!eligible(judge, row->digest, row->unit, row->place))
        return PSP_NOT_ELIGIBLE;
    return sim_judge_counted(judge, row->digest) > 0 ? PSP_DOUBLE_VOTE : PSP_COUNTED;
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
    place->forgotten = 0;
    place->next = judge->chains[row->digest[15]];
    judge->chains[row->digest[15]] = judge->row_count;
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

/* Who stands in a column of runs, row by row. */
struct runs {
    const uint8_t *at;
    uint32_t left, value;
};

static uint32_t next_of(struct runs *runs)
{
    if (runs->left == 0) {
        runs->left = varint(&runs->at);
        runs->value = varint(&runs->at);
    }
    runs->left--;
    return runs->value;
}

static void take_replays(struct sim_judge *judge, struct psp_bytes replays, bool alone)
{
    judge->events.only_replays += alone && replays.length > 0;
    for (const uint8_t *at = replays.data; at < replays.data + replays.length;) {
        const uint32_t station = varint(&at);
        const uint64_t n = varint(&at);
        if (judge->replays_count == judge->replays_capacity) {
            judge->replays_capacity = judge->replays_capacity * 2 + 64;
            judge->replays =
                realloc(judge->replays, judge->replays_capacity * sizeof(*judge->replays));
            assert(judge->replays != NULL);
        }
        judge->replays[judge->replays_count++] = (struct sim_replays){
            .index = judge->index, .n = n, .station = station, .since = judge->term_first};
        struct psp_station_books *books = books_of(judge, station);
        books->received += n;
        books->disposed[PSP_REPLAYED] += n;
        judge->books.received += n;
        judge->books.disposed[PSP_REPLAYED] += n;
        judge->events.replays += n;
    }
}

static void take_row(struct sim_judge *judge, const struct row *row)
{
    struct sim_judged judged = {.index = judge->index, .station = row->station};
    struct psp_station_books *books = books_of(judge, row->station);
    memcpy(judged.digest, row->digest, PSP_DIGEST_BYTES);
    memcpy(judged.tag, row->tag, PSP_TAG_BYTES);
    judged.verdict = verdict_on(judge, row);
    const enum psp_disposition disposition = psp_verdict_disposition(judged.verdict);
    const bool again = is_first(&judged) && sim_judge_forgot(judge, row->digest, row->tag);
    judge->events.forgotten_again += again;
    if (again && disposition == PSP_COUNTED)
        snprintf(judge->fault, sizeof(judge->fault),
                 "a ballot that was refused is counted at index %" PRIu64, judge->index);
    add_row(judge, &judged);
    if (judged.verdict == PSP_NOT_JUDGED) {
        judge->events.unjudged++;
        return;
    }
    judge->books.received++;
    judge->books.disposed[disposition]++;
    books->received++;
    books->disposed[disposition]++;
    if (disposition == PSP_COUNTED) {
        judge->rows[judge->row_count - 1].unit = row->unit;
        memcpy(judge->last_voter, row->digest, PSP_DIGEST_BYTES);
        judge->books.added_ballots++;
        judge->books.voters_counted++;
        sim_cells_add(&judge->cells, row->unit, style_of(row), row->method, row->pairs,
                      row->pair_count);
    }
    if (is_remembered(&judge->rows[judge->row_count - 1]))
        forget(judge, row->station);
}

static void take_ballots(struct sim_judge *judge, const struct psp_count_columns *columns,
                         struct psp_bytes replays)
{
    if (!judge->genesis)
        return;
    take_replays(judge, replays, columns->n == 0); /* of others, and answered */
    if (!owns(judge, columns))
        return; /* fenced, outside the books */
    struct runs stations = {.at = columns->stations.data}, styles = {.at = columns->styles.data};
    const uint8_t *marks = columns->marks;
    for (uint32_t i = 0; i < columns->n; i++) {
        struct row row = {
            .digest = columns->digests + (size_t)i * PSP_DIGEST_BYTES,
            .tag = columns->tags + (size_t)i * PSP_TAG_BYTES,
            .unit = psp_get32(columns->units + (size_t)i * 4),
            .place = next_of(&styles),
            .station = next_of(&stations),
            .method = columns->methods[i],
        };
        marks = read_marks(marks, row.pairs, &row.pair_count);
        take_row(judge, &row);
    }
}

/* ---- entries ---- */

static void close_in_time(struct sim_judge *judge)
{
    if (judge->state != PSP_ELECTION_OPEN || judge->close_at_ms == 0 ||
        judge->time_ms < judge->close_at_ms)
        return;
    judge->state = PSP_ELECTION_CLOSED;
    judge->events.closed_in_time++;
}

static void take_close(struct sim_judge *judge, uint64_t at_ms)
{
    judge->events.closed_by_leader +=
        at_ms != 0 && at_ms == judge->close_at_ms && at_ms <= judge->time_ms;
    judge->events.other_time += judge->close_at_ms != 0 && at_ms != judge->close_at_ms;
    if (judge->state != PSP_ELECTION_OPEN || judge->close_at_ms != 0)
        return; /* it is closed, or will be, and that stands */
    judge->close_at_ms = at_ms;
    judge->events.closes_ahead += at_ms > judge->time_ms;
    if (at_ms <= judge->time_ms)
        judge->state = PSP_ELECTION_CLOSED;
}

static void take_open(struct sim_judge *judge)
{
    if (judge->state == PSP_ELECTION_OPEN)
        return;
    judge->events.reopened += judge->state == PSP_ELECTION_CLOSED;
    judge->state = PSP_ELECTION_OPEN;
    judge->close_at_ms = 0;
}

void sim_judge_entry(struct sim_judge *judge, uint64_t index, uint64_t term,
                     const struct psp_entry *entry)
{
    assert(index == judge->index + 1);
    judge->index = index;
    if (term != judge->term) {
        judge->term = term;
        judge->term_first = index;
    }
    if (entry == NULL)
        return;
    if (entry->time_ms < judge->time_ms && judge->fault[0] == 0)
        snprintf(judge->fault, sizeof(judge->fault), "time in the log goes back at index %" PRIu64,
                 index);
    judge->time_ms = entry->time_ms;
    close_in_time(judge);
    switch (entry->type) {
    case PSP_ENTRY_GENESIS:
        judge->genesis = true;
        return;
    case PSP_ENTRY_OPEN:
        take_open(judge);
        return;
    case PSP_ENTRY_CLOSE:
        take_close(judge, entry->close_at_ms);
        return;
    case PSP_ENTRY_UNIT_COMPLETE: /* only in logs of before there were reports */
        return;
    case PSP_ENTRY_REPORT: /* it changes no verdict and no count */
        sim_reports_take(&judge->reports, index, judge->time_ms, &entry->report, &judge->cells);
        return;
    case PSP_ENTRY_BALLOTS:
        take_ballots(judge, &entry->ballots.columns, entry->ballots.replays);
        return;
    }
}
