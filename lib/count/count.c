/* An entry at a time: fence, then judge and add row by row. Memory is asked for a few
 * rows ahead. */
#include "count/count.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/bytes/bytes.h"
#include "count/genesis.h"
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

/* ---- create ---- */

static enum psp_status roll_units(struct psp_count *count, const struct psp_roll_part *roll)
{
    const struct psp_definition *definition = count->definition;
    for (uint64_t voter = 0; voter < roll->n; voter++) {
        const uint32_t unit = psp_get32(roll->units + 4 * voter);
        const uint32_t leaf =
            unit < definition->unit_count ? definition->leaf_of_unit[unit] : PSP_NONE;
        if (leaf == PSP_NONE)
            return PSP_EINVAL;
        count->roll_units[voter] = unit;
        count->registered_leaves[leaf]++;
    }
    return PSP_OK;
}

static enum psp_status roll_index(struct psp_count *count)
{
    for (uint64_t voter = 0; voter < count->roll_n; voter++) {
        const enum psp_status status = psp_index_append(
            count->index, count->roll_digests + PSP_DIGEST_BYTES * voter, (uint32_t)voter, NULL);
        if (status != PSP_OK)
            return status;
    }
    const enum psp_status status = psp_index_order(count->index);
    return status == PSP_EEXIST ? PSP_EINVAL : status;
}

static enum psp_status load_roll(struct psp_count *count, const struct psp_roll_part *roll)
{
    if (roll->n > PSP_INDEX_VOTERS_MAX)
        return PSP_ENOMEM;
    count->has_roll = true;
    count->roll_n = roll->n;
    count->roll_units = malloc((roll->n + 1) * sizeof *count->roll_units);
    count->roll_digests = malloc((roll->n + 1) * PSP_DIGEST_BYTES);
    count->registered_leaves =
        calloc(count->definition->leaf_count, sizeof *count->registered_leaves);
    if (!count->roll_units || !count->roll_digests || !count->registered_leaves)
        return PSP_ENOMEM;
    if (roll->n > 0)
        memcpy(count->roll_digests, roll->digests, roll->n * PSP_DIGEST_BYTES);
    const enum psp_status status = roll_units(count, roll);
    return status == PSP_OK ? roll_index(count) : status;
}

enum psp_status psp_count_create(const struct psp_count_options *options,
                                 struct psp_count **ret_count)
{
    struct psp_count *count = calloc(1, sizeof *count);
    if (!count)
        return PSP_ENOMEM;
    count->definition = options->definition;
    count->voters_expected = options->voters_expected;
    enum psp_status status = psp_totals_create(options->definition, &count->totals);
    if (status == PSP_OK)
        status = psp_index_create(&count->index);
    if (status == PSP_OK)
        status = psp_refusals_create(options->refused_max, &count->refusals);
    if (status == PSP_OK)
        status = psp_count_pending_create(count);
    if (status == PSP_OK) {
        count->units_complete =
            malloc(options->definition->unit_count * sizeof *count->units_complete);
        status = count->units_complete ? PSP_OK : PSP_ENOMEM;
    }
    if (status == PSP_OK && options->roll)
        status = load_roll(count, options->roll);
    if (status != PSP_OK) {
        psp_count_destroy(&count);
        return status;
    }
    *ret_count = count;
    return PSP_OK;
}

void psp_count_destroy(struct psp_count **count)
{
    if (!*count)
        return;
    psp_count_restoring_destroy(*count);
    psp_count_pending_destroy(*count);
    free((*count)->registered_leaves);
    free((*count)->roll_digests);
    free((*count)->roll_units);
    free((*count)->units_complete);
    if ((*count)->refusals)
        psp_refusals_destroy(&(*count)->refusals);
    if ((*count)->index)
        psp_index_destroy(&(*count)->index);
    if ((*count)->totals)
        psp_totals_destroy(&(*count)->totals);
    free(*count);
    *count = NULL;
}

/* ---- state hash ---- */

static void absorb(struct psp_count *count, const uint8_t *bytes, size_t n)
{
    uint8_t key[PSP_STATE_HASH_BYTES];
    memcpy(key, count->state_hash, sizeof key);
    crypto_shorthash_siphashx24(count->state_hash, bytes, n, key);
}

static void absorb_ballots(struct psp_count *count, const struct psp_entry *entry,
                           enum psp_apply_result result, const uint8_t *verdicts)
{
    const struct psp_count_columns *columns = &entry->ballots.columns;
    absorb(count, entry->ballots.fence_hash, PSP_HASH_BYTES);
    absorb(count, columns->digests, (size_t)columns->n * PSP_DIGEST_BYTES);
    absorb(count, columns->tags, (size_t)columns->n * PSP_TAG_BYTES);
    absorb(count, columns->units, (size_t)columns->n * 4);
    absorb(count, columns->methods, columns->n);
    absorb(count, columns->marks, columns->marks_bytes);
    if (result == PSP_APPLIED)
        absorb(count, verdicts, columns->n);
}

/* promise 4: the chain by which replicas and recounts are compared */
static void absorb_entry(struct psp_count *count, const struct psp_entry *entry,
                         enum psp_apply_result result, const uint8_t *verdicts)
{
    uint8_t head[8 + 8 + 1 + 1 + 4];
    psp_put64(head, count->last_index);
    psp_put64(head + 8, count->time_ms);
    head[16] = (uint8_t)entry->type;
    head[17] = (uint8_t)result;
    psp_put32(head + 18, entry->type == PSP_ENTRY_BALLOTS ? entry->ballots.columns.n : 0);
    absorb(count, head, sizeof head);

    uint8_t bytes[PSP_GENESIS_BYTES];
    switch (entry->type) {
    case PSP_ENTRY_GENESIS:
        psp_genesis_pack(&entry->genesis, bytes);
        absorb(count, bytes, entry->genesis.rules == 1 ? PSP_GENESIS_1_BYTES : PSP_GENESIS_BYTES);
        break;
    case PSP_ENTRY_UNIT_COMPLETE:
        psp_put32(bytes, entry->unit);
        absorb(count, bytes, 4);
        break;
    case PSP_ENTRY_BALLOTS:
        absorb_ballots(count, entry, result, verdicts);
        break;
    case PSP_ENTRY_OPEN:
    case PSP_ENTRY_CLOSE:
        break;
    }
}

/* ---- ballots ---- */

/* promise 2: a retry is found by its tag, another ballot by its voter. */
static void look(const struct psp_count *count, const struct psp_count_row *row,
                 struct psp_index_place *ret_place, struct psp_judge_known *ret_known)
{
    struct psp_judge_known known = {.valid = row->ballot.valid};
    psp_index_find(count->index, row->digest, ret_place);
    known.voter_counted = ret_place->known && ret_place->counted;
    if (known.voter_counted && memcmp(ret_place->tag, row->tag, PSP_TAG_BYTES) == 0)
        known.first = PSP_COUNTED;
    else
        known.first = psp_refusals_find(count->refusals, row->digest, row->tag);
    known.eligible =
        !count->has_roll || (ret_place->known && count->roll_units[ret_place->number] == row->unit);
    *ret_known = known;
}

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

/* promise 3. Marks the voter as counted, then adds the ballot to the totals: two of the
 * places whose counters must agree. */
static enum psp_status count_ballot(struct psp_count *count, const struct psp_count_row *row,
                                    struct psp_index_place *place)
{
    const bool new_voter = !place->known;
    if (new_voter) {
        const uint64_t number = psp_index_voters(count->index);
        if (number >= PSP_INDEX_VOTERS_MAX)
            return PSP_ENOMEM;
        const enum psp_status status =
            psp_index_insert(count->index, row->digest, (uint32_t)number, place);
        if (status != PSP_OK)
            return status;
    }
    psp_index_mark(count->index, place, row->tag);
    count->books.voters_counted++;
    psp_count_pending_counted(count, row, place->number, new_voter);

    psp_totals_add(count->totals, &row->ballot, count->last_index);
    count->books.added_ballots++;
    return PSP_OK;
}

static enum psp_status apply_row(struct psp_count *count, const struct psp_count_row *row,
                                 uint8_t *ret_verdict)
{
    struct psp_index_place place;
    struct psp_judge_known known;
    look(count, row, &place, &known);
    const uint8_t verdict = psp_judge(count->election_state == PSP_ELECTION_OPEN, &known);
    const enum psp_disposition disposition = psp_verdict_disposition(verdict);
    if (disposition != PSP_COUNTED && disposition != PSP_REPLAYED &&
        psp_refusals_room(count->refusals) == 0) {
        *ret_verdict = PSP_NOT_JUDGED;
        return PSP_OK;
    }
    count->books.disposed[disposition]++;
    *ret_verdict = verdict;
    if (disposition == PSP_REPLAYED)
        return PSP_OK;
    if (disposition == PSP_COUNTED)
        return count_ballot(count, row, &place);
    return psp_refusals_add(count->refusals, row->digest, row->tag, disposition);
}

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
    psp_index_prefetch(count->index, columns->digests + (size_t)row * PSP_DIGEST_BYTES);
    const struct psp_definition *definition = count->definition;
    const uint32_t unit = psp_get32(columns->units + (size_t)row * 4);
    const uint32_t method = columns->methods[row];
    if (unit >= definition->unit_count || method >= definition->method_count ||
        definition->leaf_of_unit[unit] == PSP_NONE)
        return;
    const struct psp_totals *totals = count->totals;
    const uint32_t total_row = psp_totals_row(totals, definition->leaf_of_unit[unit], method);
    __builtin_prefetch(&definition->units[unit].style);
    __builtin_prefetch(&totals->cells[totals->row_first[total_row]], 1);
    __builtin_prefetch(&totals->row_index[total_row], 1);
}

static void prefetch_pages(const struct psp_count *count, const struct psp_count_columns *columns,
                           uint32_t first)
{
    for (uint32_t i = first; i < first + PAGES_GROUP && i < columns->n; i++)
        psp_index_prefetch_page(count->index, columns->digests + (size_t)i * PSP_DIGEST_BYTES);
}

static enum psp_status apply_rows(struct psp_count *count, const struct psp_count_columns *columns,
                                  uint8_t *ret_verdicts)
{
    enum psp_status status = psp_count_pending_reserve(count, columns->n);
    const uint8_t *marks = columns->marks;
    struct psp_runs_cursor styles = psp_runs_begin(columns->styles, 1);
    for (uint32_t i = 0; i < columns->n && status == PSP_OK; i++) {
        if (i % PAGES_GROUP == 0)
            prefetch_pages(count, columns, i + PAGES_AHEAD);
        prefetch(count, columns, i);
        const uint32_t unit = psp_get32(columns->units + (size_t)i * 4);
        struct psp_count_row row = {
            .digest = columns->digests + (size_t)i * PSP_DIGEST_BYTES,
            .tag = columns->tags + (size_t)i * PSP_TAG_BYTES,
            .unit = unit,
            .ballot = psp_totals_read(count->totals, unit, columns->methods[i], marks),
        };
        const uint32_t style = psp_runs_next(&styles);
        row.ballot.valid = row.ballot.valid && style == 1;
        marks = row.ballot.end;
        status = apply_row(count, &row, &ret_verdicts[i]);
        count->books.received += ret_verdicts[i] != PSP_NOT_JUDGED;
    }
    assert(status != PSP_OK || marks == columns->marks + columns->marks_bytes);
    return status;
}

static enum psp_status apply_ballots(struct psp_count *count, const struct psp_entry *entry,
                                     enum psp_apply_result *ret_result, uint8_t *ret_verdicts,
                                     const char **ret_refused_text)
{
    const struct psp_count_columns *columns = &entry->ballots.columns;
    assert(columns->n <= PSP_BATCH_ROWS_MAX);
    const char *fault = fence_fault(count, entry);
    if (fault) {
        *ret_result = PSP_APPLY_FENCED;
        *ret_refused_text = fault;
        return PSP_OK;
    }
    *ret_result = PSP_APPLIED;
    return apply_rows(count, columns, ret_verdicts);
}

/* ---- the other entries ---- */

static const char *set_unit_complete(struct psp_count *count, uint32_t unit)
{
    if (unit >= count->definition->unit_count)
        return "no such unit";
    uint32_t at = 0;
    while (at < count->units_complete_n && count->units_complete[at] < unit)
        at++;
    if (at < count->units_complete_n && count->units_complete[at] == unit)
        return "this unit is complete already";
    memmove(count->units_complete + at + 1, count->units_complete + at,
            (count->units_complete_n - at) * sizeof *count->units_complete);
    count->units_complete[at] = unit;
    count->units_complete_n++;
    return NULL;
}

static const char *set_state(struct psp_count *count, enum psp_election_state state)
{
    if (state == PSP_ELECTION_OPEN && count->election_state == PSP_ELECTION_OPEN)
        return "the election is open already";
    if (state == PSP_ELECTION_CLOSED && count->election_state != PSP_ELECTION_OPEN)
        return "the election is not open";
    count->election_state = state;
    return NULL;
}

static enum psp_status apply_genesis(struct psp_count *count, const struct psp_genesis *genesis,
                                     const char **ret_refused_text)
{
    if (count->has_genesis) {
        *ret_refused_text = "this shard has its genesis already";
        return PSP_OK;
    }
    enum psp_status status = psp_count_set_genesis(count, genesis);
    if (status == PSP_OK && !count->has_roll)
        status = psp_count_reserve(count, count->voters_expected);
    count->pending.genesis = true;
    return status;
}

/* promise 4: no clock, no random source, no order of addresses */
enum psp_status psp_count_apply(struct psp_count *count, uint64_t index,
                                const struct psp_entry *entry, enum psp_apply_result *ret_result,
                                uint8_t *ret_verdicts, const char **ret_refused_text)
{
    assert(index > count->last_index);
    assert(!count->restoring);
    count->last_index = index;
    if (entry->time_ms > count->time_ms)
        count->time_ms = entry->time_ms;

    enum psp_status status = PSP_OK;
    enum psp_apply_result result = PSP_APPLIED;
    const char *refused = NULL;
    switch (entry->type) {
    case PSP_ENTRY_GENESIS:
        status = apply_genesis(count, &entry->genesis, &refused);
        break;
    case PSP_ENTRY_BALLOTS:
        status = apply_ballots(count, entry, &result, ret_verdicts, &refused);
        break;
    case PSP_ENTRY_OPEN:
        refused = set_state(count, PSP_ELECTION_OPEN);
        break;
    case PSP_ENTRY_CLOSE:
        refused = set_state(count, PSP_ELECTION_CLOSED);
        break;
    case PSP_ENTRY_UNIT_COMPLETE:
        refused = set_unit_complete(count, entry->unit);
        break;
    }
    if (status != PSP_OK)
        return status;
    if (refused && result == PSP_APPLIED)
        result = PSP_APPLY_NOTHING;
    absorb_entry(count, entry, result, ret_verdicts);
    *ret_result = result;
    if (refused)
        *ret_refused_text = refused;
    return PSP_OK;
}

void psp_count_skip(struct psp_count *count, uint64_t index)
{
    assert(index > count->last_index);
    count->last_index = index;
}
