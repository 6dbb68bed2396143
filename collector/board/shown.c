/* The hash is a sum (exclusive or) over leaves and rows, each under its number, so that it
 * follows by differences, and what shows nothing adds nothing. */
#include "collector/board/shown.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"

enum psp_status psp_board_shown_create(const struct psp_definition *definition,
                                       uint32_t shard_count, struct psp_board_shown **ret_shown)
{
    assert(shard_count > 0);
    const size_t leaves = (size_t)definition->leaf_count + 1; /* no zero size */
    enum psp_status status = PSP_ENOMEM;
    struct psp_board_shown *shown = calloc(1, sizeof *shown);
    if (!shown)
        return PSP_ENOMEM;
    shown->definition = definition;
    shown->shard_count = shard_count;
    shown->leaves = calloc(leaves, sizeof *shown->leaves);
    shown->sources = calloc(leaves * shard_count + 1, sizeof *shown->sources);
    if (shown->leaves && shown->sources)
        status = PSP_OK;
    if (status == PSP_OK && definition->publication == PSP_PUBLICATION_REPORTS) {
        status = psp_totals_create(definition, &shown->rows);
        if (status == PSP_OK)
            shown->row_reports =
                calloc((size_t)shown->rows->row_count + 1, sizeof *shown->row_reports);
        if (status == PSP_OK && !shown->row_reports)
            status = PSP_ENOMEM;
        if (status == PSP_OK)
            status = psp_board_corrected_create(shown->rows->row_count, &shown->corrected);
    }
    if (status != PSP_OK) {
        psp_board_shown_destroy(&shown);
        return status;
    }
    *ret_shown = shown;
    return PSP_OK;
}

void psp_board_shown_destroy(struct psp_board_shown **shown)
{
    if (!*shown)
        return;
    free((*shown)->leaves);
    free((*shown)->sources);
    psp_totals_destroy(&(*shown)->rows);
    free((*shown)->row_reports);
    psp_board_corrected_free(&(*shown)->corrected);
    free(*shown);
    *shown = NULL;
}

/* ---- the hash ---- */

static uint64_t hash64(uint64_t hash, uint64_t value)
{
    return psp_fnv64(hash, &value, sizeof value);
}

static struct psp_shown_source *sources_of(const struct psp_board_shown *shown, uint32_t leaf)
{
    assert(leaf < shown->definition->leaf_count);
    return shown->sources + (size_t)leaf * shown->shard_count;
}

static uint64_t leaf_hash(const struct psp_board_shown *shown, uint32_t leaf)
{
    const struct psp_shown_leaf *at = &shown->leaves[leaf];
    if (at->number == 0 && !at->under_way)
        return 0;
    uint64_t hash = hash64(PSP_FNV64_START, (uint64_t)leaf << 32);
    hash = hash64(hash, at->number);
    hash = hash64(hash, at->at_ms);
    hash = hash64(hash, (uint64_t)(at->final | at->under_way << 1));
    return psp_fnv64(hash, sources_of(shown, leaf),
                     shown->shard_count * sizeof(struct psp_shown_source));
}

static uint64_t row_hash(const struct psp_board_shown *shown, uint32_t row)
{
    const struct psp_totals *rows = shown->rows;
    assert(row < rows->row_count);
    if (shown->row_reports[row] == 0)
        return 0;
    const uint64_t first = rows->row_first[row];
    const uint64_t hash = hash64(hash64(PSP_FNV64_START, row), shown->row_reports[row]);
    return psp_fnv64(hash, rows->cells + first,
                     (rows->row_first[row + 1] - first) * sizeof *rows->cells);
}

/* ---- what the shards agree on ---- */

/* The number of the report that all of them have as the newest of the leaf; 0: none.
 * *ret_under_way: some lack one; or, after a restore, all of them lack the one that is shown. */
static uint64_t agreed_number(const struct psp_board_shown *shown, uint32_t leaf,
                              const struct psp_shown_shard *shards, bool *ret_under_way)
{
    const uint64_t first = shards[0].present ? shards[0].reports[leaf].number : 0;
    bool any = false, same = true;
    assert(leaf < shown->definition->leaf_count && shown->shard_count > 0);
    for (uint32_t s = 0; s < shown->shard_count && (same || !any); s++) {
        const uint64_t number = shards[s].present ? shards[s].reports[leaf].number : 0;
        any |= number > 0;
        same &= shards[s].present && number == first;
    }
    *ret_under_way = any ? !same : same && shown->leaves[leaf].number > 0;
    return same ? first : 0;
}

static bool is_shown(const struct psp_board_shown *shown, uint32_t leaf, uint64_t number,
                     const struct psp_shown_shard *shards)
{
    const struct psp_shown_source *sources = sources_of(shown, leaf);
    bool same = shown->leaves[leaf].number == number;
    for (uint32_t s = 0; s < shown->shard_count && same; s++)
        same = sources[s].epoch == shards[s].epoch &&
               sources[s].index == shards[s].reports[leaf].index;
    return same;
}

/* ---- taking a report ---- */

static void take_leaf(struct psp_board_shown *shown, uint32_t leaf,
                      const struct psp_shown_shard *shards, uint64_t change)
{
    struct psp_shown_leaf *at = &shown->leaves[leaf];
    struct psp_shown_source *sources = sources_of(shown, leaf);
    assert(change >= shown->newest);
    at->number = shards[0].reports[leaf].number;
    at->at_ms = shards[0].reports[leaf].time_ms;
    at->final = true;
    at->change = shown->newest = change;
    at->told = shown->told_newest = change;
    for (uint32_t s = 0; s < shown->shard_count; s++) {
        const struct psp_leaf_report *report = &shards[s].reports[leaf];
        assert(shards[s].present);
        assert(report->number == at->number);
        at->final &= report->final;
        sources[s] = (struct psp_shown_source){shards[s].epoch, report->index};
    }
}

/* Whether a row shows what was reported, not what it showed before. */
static bool moved(const struct psp_board_shown *shown, uint32_t row,
                  const struct psp_totals *merged, bool final)
{
    const uint64_t first = merged->row_first[row];
    assert(row < merged->row_count);
    const uint64_t now = merged->cells[first], before = shown->rows->cells[first];
    const uint64_t by = now > before ? now - before : before - now;
    return final || by == 0 || by >= shown->definition->report_min;
}

/* Whether a count of the row is lower than what it shows. */
static bool goes_down(const struct psp_totals *rows, const struct psp_totals *merged, uint32_t row)
{
    bool lower = false;
    for (uint64_t c = rows->row_first[row]; c < rows->row_first[row + 1]; c++)
        lower |= merged->cells[c] < rows->cells[c];
    return lower;
}

static void take_rows(struct psp_board_shown *shown, uint32_t leaf,
                      const struct psp_shown_counts *counts, uint64_t change)
{
    const struct psp_totals *merged = counts->merged;
    const struct psp_shown_leaf *at = &shown->leaves[leaf];
    struct psp_totals *rows = shown->rows;
    assert(at->number > 0);
    assert(merged->row_count == rows->row_count);
    const uint32_t end = psp_totals_row(rows, leaf + 1, 0, 0);
    for (uint32_t row = psp_totals_row(rows, leaf, 0, 0); row < end; row++) {
        if (!moved(shown, row, merged, at->final))
            continue;
        const uint64_t first = rows->row_first[row];
        if (goes_down(rows, merged, row))
            psp_board_corrected_lower(&shown->corrected, row, change);
        psp_board_corrected_revise(&shown->corrected, row, counts->revisions[row], change);
        shown->hash ^= row_hash(shown, row);
        memcpy(rows->cells + first, merged->cells + first,
               (rows->row_first[row + 1] - first) * sizeof *rows->cells);
        shown->row_reports[row] = at->number;
        rows->row_index[row] = change;
        shown->hash ^= row_hash(shown, row);
    }
}

/* promise 5: what a leaf shows is one report, the same in every shard */
void psp_board_shown_review(struct psp_board_shown *shown, uint32_t leaf,
                            const struct psp_shown_shard *shards,
                            const struct psp_shown_counts *counts, uint64_t change)
{
    bool under_way;
    assert(change >= shown->newest);
    assert(leaf < shown->definition->leaf_count);
    const uint64_t number = agreed_number(shown, leaf, shards, &under_way);
    shown->hash ^= leaf_hash(shown, leaf);
    if (under_way != shown->leaves[leaf].under_way)
        shown->leaves[leaf].told = shown->told_newest = change;
    shown->leaves[leaf].under_way = under_way;
    if (number > 0 && !is_shown(shown, leaf, number, shards)) {
        take_leaf(shown, leaf, shards, change);
        if (shown->rows)
            take_rows(shown, leaf, counts, change);
    }
    shown->hash ^= leaf_hash(shown, leaf);
}

/* ---- restoring ---- */

static bool is_empty(const struct psp_totals *rows, uint32_t row)
{
    uint64_t any = 0;
    for (uint64_t c = rows->row_first[row]; c < rows->row_first[row + 1]; c++)
        any |= rows->cells[c];
    return any == 0;
}

/* A row shows nothing before its leaf does; of a final leaf, its last report. */
static bool settle_rows(struct psp_board_shown *shown, uint32_t leaf, const uint64_t *revisions,
                        uint64_t change)
{
    const struct psp_shown_leaf *at = &shown->leaves[leaf];
    struct psp_totals *rows = shown->rows;
    const uint32_t end = psp_totals_row(rows, leaf + 1, 0, 0);
    assert(end <= rows->row_count);
    for (uint32_t row = psp_totals_row(rows, leaf, 0, 0); row < end; row++) {
        const uint64_t number = shown->row_reports[row];
        if (at->final && number != at->number)
            return false;
        if (number == 0 ? !is_empty(rows, row) : at->number == 0)
            return false;
        if (number == 0)
            continue;
        rows->row_index[row] = change;
        psp_board_corrected_revise(&shown->corrected, row, revisions[row], change);
        shown->hash ^= row_hash(shown, row);
    }
    return true;
}

bool psp_board_shown_settle(struct psp_board_shown *shown, const uint64_t *revisions,
                            uint64_t change)
{
    assert(shown->newest == 0);
    assert(shown->hash == 0);
    for (uint32_t leaf = 0; leaf < shown->definition->leaf_count; leaf++) {
        struct psp_shown_leaf *at = &shown->leaves[leaf];
        if (at->number > 0)
            at->change = at->told = shown->told_newest = change;
        if (at->final && at->number == 0)
            return false;
        if (shown->rows && !settle_rows(shown, leaf, revisions, change))
            return false;
        shown->hash ^= leaf_hash(shown, leaf);
    }
    return true;
}
