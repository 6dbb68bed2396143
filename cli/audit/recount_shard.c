/* Replays entries into a count of its own, stops where the store stands, and compares
 * every number there. */
#include "cli/audit/recount_shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cli/audit/replay.h"
#include "election/totals.h"

static void differ(struct psp_recount_result *result, const char *what, uint64_t live,
                   uint64_t again)
{
    if (!result->first_difference[0])
        snprintf(result->first_difference, sizeof result->first_difference,
                 "%s: live %" PRIu64 ", recounted %" PRIu64, what, live, again);
}

static bool books_agree(const struct psp_books *live, const struct psp_books *again,
                        struct psp_recount_result *result)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        if (psp_books_get(live, i) != psp_books_get(again, i))
            differ(result, psp_books_name(i), psp_books_get(live, i), psp_books_get(again, i));
    return psp_books_same(live, again);
}

/* "unit north", and where it has several ballot styles which of them. */
static void name_row(const struct psp_totals *totals, uint32_t row, char *ret_text, size_t size)
{
    const struct psp_definition *definition = totals->definition;
    const struct psp_totals_place place = psp_totals_row_place(totals, row);
    const struct psp_unit *unit = &definition->units[definition->leaves[place.leaf]];
    const bool several = unit->style_count > 1;
    snprintf(ret_text, size, "unit %.60s%s%.40s", unit->id, several ? ", ballot style " : "",
             several ? psp_leaf_style(definition, place.leaf, place.style)->id : "");
}

/* Row by row; the live rows come as the shard sent them. */
static enum psp_status compare_totals(const struct psp_definition *definition,
                                      const struct psp_partial *partial,
                                      const struct psp_totals *again,
                                      struct psp_recount_result *result,
                                      struct psp_reason *reterr_reason)
{
    struct psp_totals *live = NULL;
    enum psp_status status = psp_totals_create(definition, &live);
    if (status == PSP_OK)
        status = psp_totals_replace(live, partial->rows.data, partial->rows.length, partial->index);
    for (uint32_t row = 0; status == PSP_OK && row < live->row_count; row++) {
        const uint64_t first = live->row_first[row], next = live->row_first[row + 1];
        if (!memcmp(live->cells + first, again->cells + first,
                    (next - first) * sizeof *live->cells))
            continue;
        char name[120], what[160];
        uint64_t cell = first;
        while (live->cells[cell] == again->cells[cell])
            cell++;
        name_row(live, row, name, sizeof name);
        snprintf(what, sizeof what, "%s, cell %" PRIu64, name, cell - first);
        differ(result, what, live->cells[cell], again->cells[cell]);
        result->rows_differing++;
    }
    result->totals_agree = result->rows_differing == 0;
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "the leader's totals: %s", psp_status_text(status));
    psp_totals_destroy(&live);
    return status;
}

static bool units_agree(const struct psp_partial *partial, const struct psp_count *count)
{
    uint32_t n = 0;
    const uint32_t *units = psp_count_units_complete(count, &n);
    if (partial->units_complete.length != (size_t)n * 4)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (psp_get32(partial->units_complete.data + 4 * (size_t)i) != units[i])
            return false;
    return true;
}

static enum psp_status compare(const struct psp_replay *replay,
                               const struct psp_definition *definition,
                               const struct psp_partial *partial, struct psp_recount_result *result)
{
    const struct psp_books *books = psp_count_books(replay->count);
    const struct psp_totals *totals = psp_count_totals(replay->count);
    uint8_t hash[PSP_HASH_BYTES];
    result->index = psp_count_index(replay->count);
    result->ballots = books->disposed[PSP_COUNTED];
    result->books_agree = books_agree(&partial->books, books, result);
    result->balanced = psp_books_balanced(books) && psp_totals_unbalanced_row(totals) == PSP_NONE;
    const enum psp_status status =
        compare_totals(definition, partial, totals, result, replay->reason);
    result->units_agree = units_agree(partial, replay->count);
    psp_count_state_hash(replay->count, hash);
    result->hash_agrees = !memcmp(hash, partial->state_hash, sizeof hash) &&
                          psp_count_election_state(replay->count) == partial->election_state;
    return status;
}

enum psp_status psp_recount_compare(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    uint32_t replica, const struct psp_partial *partial,
                                    struct psp_recount_result *ret_result,
                                    struct psp_reason *reterr_reason)
{
    struct psp_replay replay = {.reason = reterr_reason};
    struct psp_recount_result result = {0};
    char *path = psp_local_path(local, "data/shard-%u-%u/log", shard, replica);
    enum psp_status status =
        psp_replay_run(&replay, local, definition, shard, path, partial->index);
    if (status == PSP_OK)
        status = compare(&replay, definition, partial, &result);
    psp_replay_end(&replay);
    free(path);
    if (status == PSP_OK)
        *ret_result = result;
    return status;
}

enum psp_status psp_recount_journal(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const char *path, uint64_t index,
                                    struct psp_recount_state *ret_state,
                                    struct psp_reason *reterr_reason)
{
    struct psp_replay replay = {.reason = reterr_reason};
    const enum psp_status status = psp_replay_run(&replay, local, definition, shard, path, index);
    if (status == PSP_OK) {
        ret_state->books = *psp_count_books(replay.count);
        psp_count_state_hash(replay.count, ret_state->state_hash);
    }
    psp_replay_end(&replay);
    return status;
}
