/* An entry at a time, what the state hash takes of it, and the hash of what is held. */
#include "count/count.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/bytes/bytes.h"
#include "count/genesis.h"
#include "count/inner.h"

static_assert(PSP_STATE_HASH_BYTES == crypto_shorthash_siphashx24_BYTES, "the chain's hash");
static_assert(PSP_STATE_HASH_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "is its next key");
static_assert(PSP_STATE_HASH_BYTES <= PSP_HASH_BYTES, "and fits where it is shown");
static_assert(PSP_DIGEST_BYTES >= crypto_generichash_KEYBYTES_MIN, "a digest is a key, too");
static_assert(PSP_DIGEST_BYTES <= crypto_generichash_KEYBYTES_MAX, "");
static_assert(PSP_REFUSED_MAX + PSP_CLOSED_MAX < UINT64_C(1) << 31, "psp_refusals_create");

/* The chain has these numbers: none may ever change. */
static_assert(PSP_ENTRY_GENESIS == 0, "");
static_assert(PSP_ENTRY_BALLOTS == 1, "");
static_assert(PSP_ENTRY_OPEN == 2, "");
static_assert(PSP_ENTRY_CLOSE == 3, "");
static_assert(PSP_ENTRY_UNIT_COMPLETE == 4, "");
static_assert(PSP_ENTRY_REPORT == 5, "");
static_assert(PSP_APPLIED == 0, "");
static_assert(PSP_APPLY_FENCED == 1, "");
static_assert(PSP_APPLY_NOTHING == 2, "");
static_assert(PSP_APPLY_REFUSED == 3, "");

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

static enum psp_status roll_styles(struct psp_count *count, const struct psp_roll_part *roll)
{
    count->roll_styles = malloc((roll->n + 1) * sizeof *count->roll_styles);
    if (!count->roll_styles)
        return PSP_ENOMEM;
    for (uint64_t voter = 0; voter < roll->n; voter++) {
        const uint16_t style = psp_get16(roll->styles + 2 * voter);
        if (style == 0 || style > count->definition->units[count->roll_units[voter]].style_count)
            return PSP_EINVAL;
        count->roll_styles[voter] = style;
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
    assert(psp_index_voters(count->index) == count->roll_n || status != PSP_OK);
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
    enum psp_status status = roll_units(count, roll);
    if (status == PSP_OK && roll->styles != NULL)
        status = roll_styles(count, roll);
    return status == PSP_OK ? roll_index(count) : status;
}

static uint64_t or_else(uint64_t given, uint64_t standard)
{
    return given != 0 ? given : standard;
}

static enum psp_status create_refusals(const struct psp_count_options *options,
                                       struct psp_count *count)
{
    const struct psp_refusals_limits limits = {
        .max = or_else(options->refused_max, PSP_REFUSED_MAX),
        .station_max = or_else(options->refused_station_max, PSP_REFUSED_STATION_MAX),
        .closed_max = or_else(options->closed_max, PSP_CLOSED_MAX),
        .closed_station_max = or_else(options->closed_station_max, PSP_CLOSED_STATION_MAX),
    };
    return psp_refusals_create(&limits, &count->refusals);
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
        status = create_refusals(options, count);
    if (status == PSP_OK)
        status = psp_ledger_create(&count->stations);
    if (status == PSP_OK)
        status = psp_reports_create(options->definition, &count->reports);
    if (status == PSP_OK)
        status = psp_count_pending_create(count);
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
    free((*count)->roll_styles);
    free((*count)->units_complete);
    psp_reports_destroy(&(*count)->reports);
    if ((*count)->stations)
        psp_ledger_destroy(&(*count)->stations);
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
    if (psp_count_rules_2(count)) {
        absorb(count, columns->stations.data, columns->stations.length);
        absorb(count, columns->styles.data, columns->styles.length);
        absorb(count, entry->ballots.replays.data, entry->ballots.replays.length);
    }
    if (result == PSP_APPLIED)
        absorb(count, verdicts, columns->n);
}

/* promise 4: the chain by which replicas and recounts are compared */
static void absorb_entry(struct psp_count *count, const struct psp_entry *entry,
                         enum psp_apply_result result, const uint8_t *verdicts)
{
    uint8_t head[8 + 8 + 1 + 1 + 4];
    static_assert(sizeof head == 22, "count.h");
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
        absorb(count, bytes, psp_count_rules_2(count) ? PSP_GENESIS_BYTES : PSP_GENESIS_1_BYTES);
        break;
    case PSP_ENTRY_UNIT_COMPLETE:
        psp_put32(bytes, entry->unit);
        absorb(count, bytes, 4);
        break;
    case PSP_ENTRY_BALLOTS:
        absorb_ballots(count, entry, result, verdicts);
        break;
    case PSP_ENTRY_CLOSE:
        psp_put64(bytes, entry->close_at_ms);
        if (psp_count_rules_2(count))
            absorb(count, bytes, 8);
        break;
    case PSP_ENTRY_REPORT:
        absorb(count, psp_reports_seen(count->reports).data,
               psp_reports_seen(count->reports).length);
        break;
    case PSP_ENTRY_OPEN:
        break;
    }
}

/* ---- the other entries ---- */

/* Rules 1 only: since then a report says who is final. */
static enum psp_status set_unit_complete(struct psp_count *count, uint32_t unit,
                                         const char **ret_refused)
{
    if (psp_count_rules_2(count))
        *ret_refused = "units are reported, not declared complete";
    else if (unit >= count->definition->unit_count)
        *ret_refused = "no such unit";
    if (*ret_refused)
        return PSP_OK;
    if (!count->units_complete)
        count->units_complete =
            calloc(count->definition->unit_count, sizeof *count->units_complete);
    if (!count->units_complete)
        return PSP_ENOMEM;
    if (count->units_complete[unit])
        *ret_refused = "this unit is complete already";
    count->units_complete[unit] = true;
    return PSP_OK;
}

static const char *open_election(struct psp_count *count)
{
    if (count->election_state == PSP_ELECTION_OPEN)
        return count->close_at_ms == 0
                   ? "the election is open already"
                   : "the election is open already and closes at the time it was told; open it "
                     "again when it has closed";
    count->election_state = PSP_ELECTION_OPEN;
    count->close_at_ms = 0;
    return NULL;
}

/* Rules 2: before the first entry of that time, whatever it is, the election is closed. */
static void close_in_time(struct psp_count *count)
{
    if (count->election_state == PSP_ELECTION_OPEN && count->close_at_ms != 0 &&
        count->time_ms >= count->close_at_ms)
        count->election_state = PSP_ELECTION_CLOSED;
}

static const char *close_election(struct psp_count *count, uint64_t close_at_ms)
{
    const uint64_t at_ms = psp_count_rules_2(count) ? close_at_ms : 0;
    if (at_ms != 0 && at_ms == count->close_at_ms)
        return NULL; /* said again, so that it closes without a ballot */
    if (count->election_state != PSP_ELECTION_OPEN)
        return "the election is not open";
    if (count->close_at_ms != 0)
        return "the election closes at another time already";
    count->close_at_ms = at_ms;
    if (at_ms <= count->time_ms)
        count->election_state = PSP_ELECTION_CLOSED;
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

/* promise 3: what an entry may do to the books */
static void check_step(const struct psp_count *count, const struct psp_entry *entry,
                       const struct psp_books *before, enum psp_apply_result result)
{
    const struct psp_books *now = &count->books;
    assert(count->time_ms >= entry->time_ms);
    assert(!psp_books_went_down(before, now));
    if (entry->type != PSP_ENTRY_BALLOTS)
        assert(psp_books_same(before, now));
    else if (result != PSP_APPLIED)
        assert(now->received - before->received ==
               now->disposed[PSP_REPLAYED] - before->disposed[PSP_REPLAYED]);
    if (count->election_state != PSP_ELECTION_OPEN)
        assert(now->disposed[PSP_COUNTED] == before->disposed[PSP_COUNTED]);
}

/* promise 4: no clock, no random source, no order of addresses */
enum psp_status psp_count_apply(struct psp_count *count, uint64_t index,
                                const struct psp_entry *entry, enum psp_apply_result *ret_result,
                                uint8_t *ret_verdicts, const char **ret_refused_text)
{
    assert(index > count->last_index);
    assert(!count->restoring);
    const struct psp_books before = count->books;
    count->last_index = index;
    if (entry->time_ms > count->time_ms)
        count->time_ms = entry->time_ms;
    close_in_time(count);

    enum psp_status status = PSP_OK;
    enum psp_apply_result result = PSP_APPLIED;
    const char *refused = NULL;
    switch (entry->type) {
    case PSP_ENTRY_GENESIS:
        status = apply_genesis(count, &entry->genesis, &refused);
        break;
    case PSP_ENTRY_BALLOTS:
        status = psp_count_apply_ballots(count, entry, &result, ret_verdicts, &refused);
        break;
    case PSP_ENTRY_OPEN:
        refused = open_election(count);
        break;
    case PSP_ENTRY_CLOSE:
        refused = close_election(count, entry->close_at_ms);
        break;
    case PSP_ENTRY_UNIT_COMPLETE:
        status = set_unit_complete(count, entry->unit, &refused);
        break;
    case PSP_ENTRY_REPORT:
        status = psp_reports_take(count->reports, &entry->report, index, count->time_ms,
                                  count->totals, &result, &refused);
        break;
    }
    if (status != PSP_OK)
        return status;
    if (refused && result == PSP_APPLIED)
        result = PSP_APPLY_NOTHING;
    assert((result == PSP_APPLIED) == (refused == NULL));
    check_step(count, entry, &before, result);
    psp_count_check(count);
    absorb_entry(count, entry, result, ret_verdicts);
    *ret_result = result;
    if (refused)
        *ret_refused_text = refused;
    return PSP_OK;
}

void psp_count_skip(struct psp_count *count, uint64_t index)
{
    assert(index > count->last_index);
    assert(!count->restoring);
    count->last_index = index;
}

void psp_count_held_hash(const struct psp_count *count, uint8_t ret_hash[PSP_HASH_BYTES])
{
    enum { CELLS = 512 }; /* put into bytes at a time */
    const struct psp_totals *totals = count->totals;
    crypto_generichash_state state;
    uint8_t bytes[CELLS * 8];
    int failed =
        crypto_generichash_init(&state, count->last_voter, PSP_DIGEST_BYTES, PSP_HASH_BYTES);
    for (uint64_t first = 0; first < totals->cell_count; first += CELLS) {
        const uint64_t left = totals->cell_count - first, n = left < CELLS ? left : CELLS;
        for (uint64_t i = 0; i < n; i++)
            psp_put64(bytes + 8 * i, totals->cells[first + i]);
        failed |= crypto_generichash_update(&state, bytes, 8 * n);
    }
    failed |= crypto_generichash_final(&state, ret_hash, PSP_HASH_BYTES);
    assert(!failed);
}
