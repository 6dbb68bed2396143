/* An entry's ballots: fence, then judge and add row by row, then the books of its station
 * run by run. Memory is asked for a few rows ahead. */
#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "count/inner.h"
#include "election/digest.h"
#include "election/runs.h"

/* Rows between asking for a voter's cache lines and reading them: long enough
 * for memory to answer, short enough not to lose the lines again. */
enum {
    PREFETCH_AHEAD = 12,
    PAGES_AHEAD = 32, /* further ahead than any of the above, */
    PAGES_GROUP = 16, /* and so many rows at a time */
};

/* ---- a row ---- */

/* On the roll, in this unit, and of this ballot style where the roll tells. */
static bool eligible(const struct psp_count *count, const struct psp_count_row *row,
                     const struct psp_index_place *place)
{
    if (!count->has_roll)
        return true;
    assert(!place->known || place->number < count->roll_n);
    if (!place->known || count->roll_units[place->number] != row->unit)
        return false;
    return count->roll_styles == NULL || count->roll_styles[place->number] == row->style;
}

/* promise 2: a retry is found by its tag, another ballot by its voter. Both are always
 * looked for: how long it takes must not tell whether somebody has voted. Nor, where the
 * roll decides nothing, who is on it. */
static void look(const struct psp_count *count, const struct psp_count_row *row, bool roll_decides,
                 struct psp_index_place *ret_place, struct psp_judge_known *ret_known)
{
    struct psp_judge_known known = {.valid = row->ballot.valid};
    psp_index_find(count->index, row->digest, ret_place);
    known.voter_counted = ret_place->known && ret_place->counted;
    const bool same = known.voter_counted && memcmp(ret_place->tag, row->tag, PSP_TAG_BYTES) == 0;
    const uint8_t refused = psp_refusals_find(count->refusals, row->digest, row->tag);
    known.first = same ? PSP_COUNTED : refused;
    known.eligible = roll_decides && eligible(count, row, ret_place);
    *ret_known = known;
}

uint8_t psp_count_known(const struct psp_count *count, const uint8_t digest[PSP_DIGEST_BYTES],
                        const uint8_t tag[PSP_TAG_BYTES])
{
    const struct psp_count_row row = {.digest = digest, .tag = tag, .unit = PSP_NONE};
    struct psp_index_place place;
    struct psp_judge_known known;
    look(count, &row, false, &place, &known);
    return known.first;
}

enum psp_disposition psp_count_would_be(const struct psp_count *count,
                                        const struct psp_count_row *row, bool accepting)
{
    struct psp_index_place place;
    struct psp_judge_known known;
    assert(psp_count_rules_2(count));
    look(count, row, accepting, &place, &known);
    return psp_verdict_disposition(psp_judge_rules_2(accepting, &known));
}

/* promise 3, of the ballot read last: what it adds in each contest is its votes allowed,
 * and nothing elsewhere. */
static bool adds_what_is_allowed(const struct psp_totals *totals,
                                 const struct psp_totals_ballot *ballot)
{
    const struct psp_style *style = psp_totals_row_style(totals, ballot->row);
    uint32_t at = 0;
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_style_contest *contest = &style->contests[i];
        const uint32_t end = contest->cell + contest->choice_count + 2;
        uint64_t votes = 0;
        for (; at < ballot->change_count && totals->changes[at].cell < end; at++) {
            if (totals->changes[at].cell < contest->cell)
                return false;
            votes += totals->changes[at].add;
        }
        if (votes != contest->votes_allowed)
            return false;
    }
    return at == ballot->change_count;
}

/* promise 3. Marks the voter as counted, then adds the ballot to the totals: two of the
 * places whose counters must agree. */
static enum psp_status count_ballot(struct psp_count *count, const struct psp_count_row *row,
                                    struct psp_index_place *place)
{
    const bool new_voter = !place->known;
    assert(count->election_state == PSP_ELECTION_OPEN);
    if (PSP_CHECKED)
        assert(adds_what_is_allowed(count->totals, &row->ballot));
    if (new_voter) {
        const uint64_t number = psp_index_voters(count->index);
        assert(number == count->books.voters_counted); /* as a store wants them numbered */
        if (number >= PSP_INDEX_VOTERS_MAX)
            return PSP_ENOMEM;
        const enum psp_status status =
            psp_index_insert(count->index, row->digest, (uint32_t)number, place);
        if (status != PSP_OK)
            return status;
    }
    psp_index_mark(count->index, place, row->tag);
    memcpy(count->last_voter, row->digest, PSP_DIGEST_BYTES);
    count->books.voters_counted++;
    psp_count_pending_counted(count, row, place->number, new_voter);

    psp_totals_add(count->totals, &row->ballot, count->last_index);
    count->books.added_ballots++;
    return PSP_OK;
}

/* Whether the refusal may be remembered; else the ballot is not judged. Under rules 2
 * only a closed one can be too many: for the others an older one is forgotten. */
static bool has_room(const struct psp_count *count, uint32_t station,
                     enum psp_disposition disposition)
{
    if (!psp_count_rules_2(count))
        return psp_refusals_room(count->refusals);
    return disposition != PSP_CLOSED || psp_refusals_closed_room(count->refusals, station);
}

/* promise 2: the first verdict, for when it comes again */
static enum psp_status remember(struct psp_count *count, const struct psp_count_row *row,
                                enum psp_disposition disposition)
{
    const struct psp_refusal refusal = {row->digest, row->tag, disposition, row->station};
    assert(disposition != PSP_COUNTED && disposition != PSP_REPLAYED);
    enum psp_status status = psp_count_pending_refused(count, &refusal);
    if (status == PSP_OK)
        status = psp_refusals_add(count->refusals, &refusal);
    if (status != PSP_OK || !psp_count_rules_2(count))
        return status;
    const uint32_t station = psp_refusals_excess(count->refusals, row->station);
    if (station == PSP_NONE)
        return PSP_OK;
    psp_refusals_forget(count->refusals, station);
    assert(psp_refusals_excess(count->refusals, row->station) == PSP_NONE); /* one in, one out */
    psp_ledger_book(count->stations, station, count->last_index,
                    &(struct psp_station_books){.forgotten = 1});
    return PSP_OK;
}

static enum psp_status apply_row(struct psp_count *count, const struct psp_count_row *row,
                                 uint8_t *ret_verdict)
{
    struct psp_index_place place;
    struct psp_judge_known known;
    const bool accepting = count->election_state == PSP_ELECTION_OPEN;
    const bool rules_2 = psp_count_rules_2(count);
    look(count, row, accepting || !rules_2, &place, &known);
    const uint8_t verdict =
        rules_2 ? psp_judge_rules_2(accepting, &known) : psp_judge_rules_1(accepting, &known);
    const enum psp_disposition disposition = psp_verdict_disposition(verdict);
    const bool refused = disposition != PSP_COUNTED && disposition != PSP_REPLAYED;
    assert((unsigned)disposition < PSP_DISPOSITIONS_END);
    if (refused && !has_room(count, row->station, disposition)) {
        *ret_verdict = PSP_NOT_JUDGED;
        return PSP_OK;
    }
    count->books.disposed[disposition]++;
    *ret_verdict = verdict;
    if (refused)
        return remember(count, row, disposition);
    return disposition == PSP_COUNTED ? count_ballot(count, row, &place) : PSP_OK;
}

/* ---- rows ---- */

/* Asks the memory for what judging a row will read: its voter, its leaf and its
 * cells. In a national election none of them stays in a cache. */
static void prefetch(const struct psp_count *count, const struct psp_count_columns *columns,
                     uint32_t i)
{
    const uint32_t slot = i + 3 * PREFETCH_AHEAD, table = i + 2 * PREFETCH_AHEAD;
    const uint32_t row = i + PREFETCH_AHEAD;
    if (slot < columns->n)
        psp_index_prefetch_slot(count->index, columns->digests + (size_t)slot * PSP_DIGEST_BYTES);
    if (table < columns->n)
        psp_index_prefetch_table(count->index, columns->digests + (size_t)table * PSP_DIGEST_BYTES);
    if (row >= columns->n)
        return;
    const uint8_t *digest = columns->digests + (size_t)row * PSP_DIGEST_BYTES;
    psp_index_prefetch(count->index, digest);
    psp_refusals_prefetch(count->refusals, digest, columns->tags + (size_t)row * PSP_TAG_BYTES);
    const struct psp_definition *definition = count->definition;
    const uint32_t unit = psp_get32(columns->units + (size_t)row * 4);
    const uint32_t method = columns->methods[row];
    if (unit >= definition->unit_count || method >= definition->method_count ||
        definition->leaf_of_unit[unit] == PSP_NONE)
        return;
    const struct psp_totals *totals = count->totals;
    /* Of the unit's first style, which nearly every unit has alone. */
    const uint32_t total_row = psp_totals_row(totals, definition->leaf_of_unit[unit], 0, method);
    __builtin_prefetch(&definition->units[unit].styles);
    __builtin_prefetch(&totals->cells[totals->row_first[total_row]], 1);
    __builtin_prefetch(&totals->row_index[total_row], 1);
}

static void prefetch_pages(const struct psp_count *count, const struct psp_count_columns *columns,
                           uint32_t first)
{
    for (uint32_t i = first; i < first + PAGES_GROUP && i < columns->n; i++)
        psp_index_prefetch_page(count->index, columns->digests + (size_t)i * PSP_DIGEST_BYTES);
}

/* Where the next row stands in columns that are no arrays. */
struct walk {
    const uint8_t *marks;
    struct psp_runs_cursor styles;
};

/* Rows first to end - 1, all of one station. */
static enum psp_status apply_run(struct psp_count *count, const struct psp_count_columns *columns,
                                 uint32_t station, uint32_t first, uint32_t end, struct walk *walk,
                                 uint8_t *ret_verdicts)
{
    enum psp_status status = PSP_OK;
    assert(first < end);
    assert(end <= columns->n);
    for (uint32_t i = first; i < end && status == PSP_OK; i++) {
        if (i % PAGES_GROUP == 0)
            prefetch_pages(count, columns, i + PAGES_AHEAD);
        prefetch(count, columns, i);
        const uint32_t unit = psp_get32(columns->units + (size_t)i * 4);
        const uint32_t style = psp_runs_next(&walk->styles);
        const struct psp_count_row row = {
            .digest = columns->digests + (size_t)i * PSP_DIGEST_BYTES,
            .tag = columns->tags + (size_t)i * PSP_TAG_BYTES,
            .unit = unit,
            .style = style,
            .station = station,
            .ballot = psp_totals_read(count->totals, unit, style, columns->methods[i], walk->marks),
        };
        walk->marks = row.ballot.end;
        status = apply_row(count, &row, &ret_verdicts[i]);
        count->books.received += ret_verdicts[i] != PSP_NOT_JUDGED;
    }
    return status;
}

/* promise 3: a station's books are made from the answers it gets */
static void book_run(struct psp_count *count, uint32_t station, const uint8_t *verdicts, uint32_t n)
{
    struct psp_station_books add = {0};
    uint32_t counted = 0; /* nearly always all: a loop that the compiler makes short */
    for (uint32_t i = 0; i < n; i++)
        counted += verdicts[i] == PSP_COUNTED;
    add.disposed[PSP_COUNTED] = counted;
    for (uint32_t i = 0; counted < n && i < n; i++)
        add.disposed[psp_verdict_disposition(verdicts[i])] += verdicts[i] != PSP_COUNTED;
    add.received = n - add.disposed[PSP_NOT_JUDGED];
    add.disposed[PSP_NOT_JUDGED] = 0;
    psp_ledger_book(count->stations, station, count->last_index, &add);
}

/* The station of the next rows, and of how many, at most `most`. */
static uint32_t take_run(struct psp_runs_cursor *runs, uint32_t most, uint32_t *ret_n)
{
    if (runs->left == 0)
        psp_runs_load(runs);
    *ret_n = runs->left < most ? runs->left : most;
    assert(*ret_n > 0); /* the rows go on */
    runs->left -= *ret_n;
    assert(runs->value <= PSP_STATIONS_MAX);
    return runs->value;
}

static enum psp_status apply_rows(struct psp_count *count, const struct psp_count_columns *columns,
                                  uint8_t *ret_verdicts)
{
    const bool with_stations = psp_count_rules_2(count);
    struct psp_runs_cursor runs = psp_runs_begin(columns->stations, 0);
    enum psp_status status = psp_count_pending_reserve(count, columns->n);
    struct walk walk = {columns->marks, psp_runs_begin(columns->styles, 1)};
    for (uint32_t first = 0, n; first < columns->n && status == PSP_OK; first += n) {
        const uint32_t station = take_run(&runs, columns->n - first, &n);
        if (with_stations)
            status = psp_ledger_reach(count->stations, station);
        if (status == PSP_OK)
            status = apply_run(count, columns, with_stations ? station : 0, first, first + n, &walk,
                               ret_verdicts);
        if (status == PSP_OK && with_stations)
            book_run(count, station, ret_verdicts + first, n);
    }
    assert(status != PSP_OK || columns->stations.length == 0 || runs.left == 0);
    assert(status != PSP_OK || columns->styles.length == 0 || walk.styles.left == 0);
    /* an entry of replays alone has no marks, and NULL no offset */
    assert(status != PSP_OK ||
           (columns->marks_bytes == 0 ? walk.marks == columns->marks
                                      : walk.marks == columns->marks + columns->marks_bytes));
    return status;
}

/* ---- replays ---- */

/* promise 3: what a leader answered from what it knew, in the books of whoever applies it.
 * The pairs are checked where an entry is decoded. */
static enum psp_status apply_replays(struct psp_count *count, struct psp_bytes replays)
{
    size_t at = 0;
    uint32_t last = 0;
    while (at < replays.length) {
        uint32_t station = 0, n = 0;
        at += psp_varint_read(replays.data + at, replays.length - at, &station);
        at += psp_varint_read(replays.data + at, replays.length - at, &n);
        assert(n > 0);
        assert(station > last);
        last = station;
        const enum psp_status status = psp_ledger_reach(count->stations, station);
        if (status != PSP_OK)
            return status;
        struct psp_station_books add = {.received = n};
        add.disposed[PSP_REPLAYED] = n;
        psp_ledger_book(count->stations, station, count->last_index, &add);
        count->books.received += n;
        count->books.disposed[PSP_REPLAYED] += n;
    }
    return PSP_OK;
}

/* ---- an entry ---- */

/* promise 2: another digest key or slot map would let a voter in at a second place.
 * NULL, or why the batch must not be judged at all. */
static const char *fence_fault(const struct psp_count *count, const struct psp_entry *entry)
{
    if (!count->has_genesis)
        return "this shard has no genesis yet";
    if (memcmp(entry->ballots.fence_hash, count->fence_hash, PSP_HASH_BYTES) != 0)
        return "cluster, definition, roll, slot map or digest key differ from this shard's";
    const struct psp_count_columns *columns = &entry->ballots.columns;
    for (uint32_t i = 0; i < columns->n; i++) {
        const uint32_t slot = psp_digest_slot(columns->digests + (size_t)i * PSP_DIGEST_BYTES);
        if (slot < count->genesis.slot_first || slot >= count->genesis.slot_end)
            return "a ballot belongs to a slot of another shard";
    }
    return NULL;
}

enum psp_status psp_count_apply_ballots(struct psp_count *count, const struct psp_entry *entry,
                                        enum psp_apply_result *ret_result, uint8_t *ret_verdicts,
                                        const char **ret_refused_text)
{
    const struct psp_count_columns *columns = &entry->ballots.columns;
    assert(columns->n <= PSP_BATCH_ROWS_MAX);
    /* They are the leader's word and other batches', which have been answered: a
     * fence against this batch is none against them. */
    if (psp_count_rules_2(count)) {
        const enum psp_status status = apply_replays(count, entry->ballots.replays);
        if (status != PSP_OK)
            return status;
    }
    const char *fault = fence_fault(count, entry);
    if (fault) {
        *ret_result = PSP_APPLY_FENCED;
        *ret_refused_text = fault;
        return PSP_OK;
    }
    *ret_result = PSP_APPLIED;
    return apply_rows(count, columns, ret_verdicts);
}
