/* Replays entries into a count of its own, stops where the store stands, and compares
 * every number there. */
#include "cli/audit/recount_shard.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cli/audit/replay.h"
#include "election/totals.h"
#include "wire/message/report.h"

__attribute__((format(printf, 2, 3))) static void differ(struct psp_recount_result *result,
                                                         const char *format, ...)
{
    va_list arguments;
    if (result->first_difference[0])
        return;
    va_start(arguments, format);
    vsnprintf(result->first_difference, sizeof result->first_difference, format, arguments);
    va_end(arguments);
}

static void differ_in(struct psp_recount_result *result, const char *what, uint64_t live,
                      uint64_t again)
{
    differ(result, "%s: live %" PRIu64 ", recounted %" PRIu64, what, live, again);
}

static bool books_agree(const struct psp_books *live, const struct psp_books *again,
                        struct psp_recount_result *result)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        if (psp_books_get(live, i) != psp_books_get(again, i))
            differ_in(result, psp_books_name(i), psp_books_get(live, i), psp_books_get(again, i));
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

/* promise 5: of an election published by reports a shard's row, also one that differs, may
 * hold what is not shown yet. Then only where it is, is said. */
static void differ_in_row(struct psp_recount_result *result, const struct psp_totals *live,
                          const struct psp_totals *again, uint32_t row, bool by_reports)
{
    char name[120], what[160];
    uint64_t cell = live->row_first[row];
    name_row(live, row, name, sizeof name);
    while (live->cells[cell] == again->cells[cell])
        cell++;
    snprintf(what, sizeof what, "%s, cell %" PRIu64, name, cell - live->row_first[row]);
    if (by_reports)
        differ(result, "%s, as reported", what);
    else
        differ_in(result, what, live->cells[cell], again->cells[cell]);
}

/* Row by row; the live rows come as the shard sent them. */
static enum psp_status compare_totals(const struct psp_definition *definition,
                                      const struct psp_partial *partial,
                                      const struct psp_count *count,
                                      struct psp_recount_result *result,
                                      struct psp_reason *reterr_reason)
{
    struct psp_totals *live = NULL;
    const struct psp_totals *reported = psp_count_reported(count);
    const struct psp_totals *again = reported ? reported : psp_count_totals(count);
    enum psp_status status = psp_totals_create(definition, &live);
    if (status == PSP_OK)
        status = psp_totals_replace(live, partial->rows.data, partial->rows.length, partial->index);
    for (uint32_t row = 0; status == PSP_OK && row < live->row_count; row++) {
        const uint64_t first = live->row_first[row], next = live->row_first[row + 1];
        if (!memcmp(live->cells + first, again->cells + first,
                    (next - first) * sizeof *live->cells))
            continue;
        differ_in_row(result, live, again, row, reported != NULL);
        result->rows_differing++;
    }
    result->totals_agree = result->rows_differing == 0;
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "the leader's totals: %s", psp_status_text(status));
    psp_totals_destroy(&live);
    return status;
}

/* ---- what is said of units ---- */

/* NULL stands for: never reported. */
static bool same_leaf_report(const char *unit, const struct psp_leaf_report *live,
                             const struct psp_leaf_report *again, struct psp_recount_result *result)
{
    static const struct psp_leaf_report none;
    char what[120];
    live = live ? live : &none;
    again = again ? again : &none;
    snprintf(what, sizeof what, "unit %.60s, number of its last report", unit);
    if (live->number != again->number)
        differ_in(result, what, live->number, again->number);
    else if (live->final != again->final)
        differ(result, "unit %.60s: live %s, recounted %s", unit, live->final ? "final" : "partial",
               again->final ? "final" : "partial");
    else if (live->index != again->index || live->time_ms != again->time_ms)
        differ(result, "unit %.60s: when it was last reported", unit);
    else
        return true;
    return false;
}

static bool leaf_reports_agree(const struct psp_definition *definition,
                               const struct psp_partial *partial, const struct psp_count *count,
                               struct psp_recount_result *result)
{
    struct psp_bytes left = partial->reports;
    struct psp_leaf_report live;
    uint32_t next = 0, told = PSP_NONE;
    bool more = psp_leaf_report_next(&left, &next, definition->leaf_count, &told, &live);
    bool agree = true;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        const bool is_told = more && told == leaf;
        agree &=
            same_leaf_report(definition->units[definition->leaves[leaf]].id, is_told ? &live : NULL,
                             psp_count_leaf_report(count, leaf), result);
        if (is_told)
            more = psp_leaf_report_next(&left, &next, definition->leaf_count, &told, &live);
    }
    if (left.length > 0)
        differ(result, "the reports of units are no list of them");
    return agree && left.length == 0;
}

static bool last_report_agrees(const struct psp_recount_live *live, const struct psp_count *count,
                               struct psp_recount_result *result)
{
    struct psp_report report = {0};
    uint64_t index = 0;
    const struct psp_bytes again = psp_count_report_bytes(count, &index);
    if (live->report.length > 0)
        psp_report_decode(live->report, &report); /* checked where the message was decoded */
    if (report.number != psp_count_report_number(count))
        differ_in(result, "number of the last report", report.number,
                  psp_count_report_number(count));
    else if (live->report.length != again.length ||
             (again.length > 0 && memcmp(live->report.data, again.data, again.length) != 0))
        differ(result, "the bytes of report %" PRIu64, report.number);
    else if (live->report_index != index)
        differ(result, "where in the log report %" PRIu64 " stands", report.number);
    else
        return true;
    return false;
}

static enum psp_status leaf_ballots_agree(const struct psp_partial *partial,
                                          const struct psp_count *count,
                                          struct psp_recount_result *result, bool *ret_agree)
{
    const struct psp_genesis *genesis = psp_count_genesis(count);
    const bool told =
        psp_count_reported(count) != NULL && genesis->turnout == PSP_PUBLICATION_IMMEDIATE;
    const size_t length = told ? psp_count_leaf_ballots_since(count, 0, NULL, 0) : 0;
    uint8_t *again = malloc(length + 1);
    if (!again)
        return PSP_ENOMEM;
    if (told)
        psp_count_leaf_ballots_since(count, 0, again, length);
    *ret_agree = partial->leaf_ballots.length == length &&
                 (length == 0 || memcmp(partial->leaf_ballots.data, again, length) == 0);
    free(again);
    if (!*ret_agree)
        differ(result, "the ballots counted by unit");
    return PSP_OK;
}

static enum psp_status compare_units(const struct psp_definition *definition,
                                     const struct psp_recount_live *live,
                                     const struct psp_count *count,
                                     struct psp_recount_result *result)
{
    bool ballots_agree = false;
    const enum psp_status status = leaf_ballots_agree(live->partial, count, result, &ballots_agree);
    result->units_agree = leaf_reports_agree(definition, live->partial, count, result);
    result->units_agree &= last_report_agrees(live, count, result) && ballots_agree;
    return status;
}

/* ---- all of it ---- */

static bool held_agrees(const struct psp_partial *partial, const struct psp_count *count,
                        struct psp_recount_result *result)
{
    uint8_t hash[PSP_HASH_BYTES];
    if (!psp_count_reported(count))
        return true;
    psp_count_held_hash(count, hash);
    if (partial->held_hash.length == sizeof hash &&
        memcmp(partial->held_hash.data, hash, sizeof hash) == 0)
        return true;
    differ(result, "held rows, or the ballot that was counted last");
    return false;
}

static bool hash_agrees(const struct psp_partial *partial, const struct psp_count *count,
                        struct psp_recount_result *result)
{
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(count, hash);
    const bool hashes = !memcmp(hash, partial->state_hash, sizeof hash);
    const bool states = psp_count_election_state(count) == partial->election_state;
    if (!hashes)
        differ(result, "the state hash");
    if (!states)
        differ(result, "the state of the election");
    return hashes && states;
}

static enum psp_status compare(const struct psp_replay *replay,
                               const struct psp_definition *definition,
                               const struct psp_recount_live *live,
                               struct psp_recount_result *result)
{
    const struct psp_count *count = replay->count;
    const struct psp_books *books = psp_count_books(count);
    const struct psp_totals *reported = psp_count_reported(count);
    result->index = psp_count_index(count);
    result->ballots = books->disposed[PSP_COUNTED];
    result->books_agree = books_agree(&live->partial->books, books, result);
    result->balanced = psp_books_balanced(books) &&
                       psp_totals_unbalanced_row(psp_count_totals(count)) == PSP_NONE &&
                       (!reported || psp_totals_unbalanced_row(reported) == PSP_NONE);
    enum psp_status status =
        compare_totals(definition, live->partial, count, result, replay->reason);
    if (status == PSP_OK)
        status = compare_units(definition, live, count, result);
    result->held_agrees = held_agrees(live->partial, count, result);
    result->hash_agrees = hash_agrees(live->partial, count, result);
    return status;
}

enum psp_status psp_recount_compare(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const struct psp_recount_live *live,
                                    struct psp_recount_result *ret_result,
                                    struct psp_reason *reterr_reason)
{
    struct psp_replay replay = {.reason = reterr_reason};
    struct psp_recount_result result = {0};
    char *path = psp_local_path(local, "data/shard-%u-%u/log", shard, live->replica);
    enum psp_status status =
        psp_replay_run(&replay, local, definition, shard, path, live->partial->index);
    if (status == PSP_OK && psp_count_genesis(replay.count) == NULL) {
        psp_reason_set(reterr_reason, "the journal holds no genesis up to index %" PRIu64,
                       live->partial->index);
        status = PSP_ENOENT;
    }
    if (status == PSP_OK)
        status = compare(&replay, definition, live, &result);
    psp_replay_end(&replay);
    free(path);
    if (status == PSP_OK)
        *ret_result = result;
    return status;
}

enum psp_status psp_recount_journal(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const struct psp_recount_from *from, uint64_t index,
                                    struct psp_recount_state *ret_state,
                                    struct psp_reason *reterr_reason)
{
    struct psp_replay replay = {.reason = reterr_reason, .sealed = from->sealed};
    const enum psp_status status =
        psp_replay_run(&replay, local, definition, shard, from->path, index);
    if (status == PSP_OK) {
        const struct psp_genesis *genesis = psp_count_genesis(replay.count);
        ret_state->mode = genesis ? genesis->mode : 0;
        ret_state->books = *psp_count_books(replay.count);
        psp_count_state_hash(replay.count, ret_state->state_hash);
        ret_state->report = psp_count_report_number(replay.count);
    }
    psp_replay_end(&replay);
    return status;
}
