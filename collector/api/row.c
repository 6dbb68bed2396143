/* Written in one place, so that lists and events cannot differ. */
#include "collector/api/row.h"

#include "collector/api/answer.h"
#include "collector/api/leading.h"
#include "collector/api/reported.h"
#include "collector/view/progress.h"
#include "collector/view/standing.h"

/* null while they are held: no votes that are told is not none. */
void psp_row_write_votes(struct psp_writer *json, const struct psp_contest *contest,
                         const struct psp_tally *tally)
{
    if (tally->held) {
        psp_writer_null(json, "choices");
        psp_writer_null(json, "undervotes");
        psp_writer_null(json, "overvotes");
        return;
    }
    psp_writer_begin_array(json, "choices");
    for (uint32_t c = 0; c < contest->choice_count; c++) {
        if (!tally->present[c])
            continue;
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "choice", contest->choices[c].id);
        psp_writer_number(json, "votes", tally->votes[c]);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
    psp_writer_number(json, "undervotes", tally->undervotes);
    psp_writer_number(json, "overvotes", tally->overvotes);
}

static void write_entry(struct psp_writer *json, const struct psp_view *view,
                        const struct psp_row_result *row, const struct psp_tally *tally,
                        const struct psp_standing *standing, uint32_t place)
{
    const struct psp_definition *definition = view->definition;
    const struct psp_contest *contest = &definition->contests[row->contest];
    const struct psp_standing_entry *entry = &standing->entries[place];
    const struct psp_choice *line = &contest->choices[entry->first];
    const uint32_t *next = view->catalog->line_next + contest->choice_first;
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "candidate", psp_answer_candidate(definition, line->candidate));
    psp_writer_string(json, "name", psp_leading_name(definition, line, row->language));
    psp_writer_string(json, "party",
                      psp_answer_party(definition, psp_standing_party(definition, line)));
    psp_writer_number(json, "votes", entry->votes);
    if (standing->valid > 0)
        psp_writer_real(json, "share", (double)entry->votes / (double)standing->valid);
    else
        psp_writer_null(json, "share");
    psp_writer_begin_array(json, "choices");
    for (uint32_t c = entry->first; c != PSP_NONE; c = next[c])
        if (tally->present[c])
            psp_writer_string(json, NULL, contest->choices[c].id);
    psp_writer_end_array(json);
    psp_writer_end_object(json);
}

/* null while it is held. */
static void write_margin(struct psp_writer *json, const struct psp_tally *tally,
                         const struct psp_standing *standing)
{
    if (tally->held)
        psp_writer_null(json, "margin");
    else
        psp_writer_stated(json, "margin", standing->margin);
    psp_writer_string(json, "margin_of", standing->last_seat ? "last_seat" : "first");
    if (tally->held)
        psp_writer_null(json, "tied");
    else
        psp_writer_bool(json, "tied", standing->tied);
}

static void write_units(struct psp_writer *json, const struct psp_view *view,
                        const struct psp_row_result *row, const struct psp_tally *tally)
{
    psp_writer_number(json, "units_reporting", tally->units_reporting);
    psp_writer_number(json, "units_partial", tally->units_partial);
    psp_writer_number(json, "units_started", tally->units_started);
    psp_writer_number(json, "units_total", tally->units_total);
    psp_reported_write_row(json, view, row->unit, row->contest, row->method);
}

/* Who stands where; null while it is held. */
static void write_entries(struct psp_writer *json, const struct psp_view *view,
                          const struct psp_row_result *row, const struct psp_tally *tally,
                          const struct psp_standing *standing)
{
    if (tally->held) {
        psp_writer_null(json, "valid");
        psp_writer_null(json, "candidates");
        return;
    }
    psp_writer_number(json, "valid", standing->valid);
    psp_writer_begin_array(json, "candidates");
    for (uint32_t i = 0; i < standing->count; i++)
        write_entry(json, view, row, tally, standing, i);
    psp_writer_end_array(json);
}

void psp_row_write_standing(struct psp_writer *json, const struct psp_view *view,
                            const struct psp_row_result *row, const struct psp_tally *tally)
{
    struct psp_standing standing;
    psp_standing_rank(view->catalog, row->contest, tally, &standing);
    psp_writer_string(json, "level", psp_unit_level_id(view->definition, row->unit));
    psp_writer_stated(json, "ballots_counted", tally->counted);
    write_margin(json, tally, &standing);
    write_units(json, view, row, tally);
}

void psp_row_write_result(struct psp_writer *json, const char *key, const struct psp_view *view,
                          const struct psp_row_result *row)
{
    const struct psp_definition *definition = view->definition;
    const struct psp_contest *contest = &definition->contests[row->contest];
    const struct psp_unit *unit = &definition->units[row->unit];
    struct psp_tally tally;
    struct psp_standing standing;
    psp_tally_run(view, row->contest, row->leaf_first, row->leaf_end, row->method, &tally);
    psp_standing_rank(view->catalog, row->contest, &tally, &standing);
    psp_writer_begin_object(json, key);
    psp_writer_string(json, "contest", contest->id);
    psp_writer_string(json, "unit", unit->id);
    psp_writer_string(json, "unit_name", psp_answer_name(unit->name, unit->names, row->language));
    psp_writer_string(json, "level", psp_unit_level_id(definition, row->unit));
    psp_writer_string(json, "method",
                      row->method == PSP_NONE ? NULL : definition->methods[row->method].id);
    psp_writer_number(json, "ballots", tally.ballots);
    psp_writer_stated(json, "ballots_counted", tally.counted);
    psp_row_write_votes(json, contest, &tally);
    write_entries(json, view, row, &tally, &standing);
    write_margin(json, &tally, &standing);
    write_units(json, view, row, &tally);
    psp_writer_end_object(json);
}

bool psp_row_turnout(const struct psp_view *view, uint32_t unit, double *ret_share)
{
    const uint64_t registered = psp_view_registered(view, unit);
    const uint64_t counted = psp_view_counted(view, unit);
    struct psp_view_report report;
    uint32_t leaf;
    if (registered == PSP_UNSTATED || registered == 0 ||
        (counted == PSP_UNSTATED && !psp_view_report_of(view, unit, &report, &leaf)))
        return false;
    const uint64_t ballots = counted != PSP_UNSTATED ? counted : psp_view_ballots(view, unit);
    *ret_share = (double)ballots / (double)registered;
    return true;
}

static void write_progress(struct psp_writer *json, const struct psp_view *view, uint32_t unit)
{
    struct psp_progress progress;
    psp_progress_of(view, unit, &progress);
    psp_writer_begin_object(json, "progress");
    psp_writer_stated(json, "counted", progress.counted);
    psp_writer_number(json, "shown", progress.shown);
    psp_writer_stated(json, "expected", progress.expected);
    psp_writer_stated(json, "out", progress.out);
    psp_writer_stated(json, "ceiling", progress.ceiling);
    psp_writer_string(json, "ceiling_of",
                      progress.ceiling == PSP_UNSTATED ? NULL
                      : progress.estimated             ? "estimate"
                                                       : "registered");
    psp_writer_begin_array(json, "over");
    for (uint32_t i = 0; i < progress.over_count && i < PSP_PROGRESS_OVER_MAX; i++)
        psp_writer_string(json, NULL, view->definition->units[progress.over[i]].id);
    psp_writer_end_array(json);
    psp_writer_number(json, "units_over", progress.over_count);
    psp_writer_end_object(json);
}

void psp_row_write_turnout_members(struct psp_writer *json, const struct psp_view *view,
                                   uint32_t unit, uint32_t language)
{
    const struct psp_unit *at = &view->definition->units[unit];
    const uint64_t registered = psp_view_registered(view, unit);
    double share;
    psp_writer_string(json, "unit", at->id);
    psp_writer_string(json, "unit_name", psp_answer_name(at->name, at->names, language));
    psp_writer_string(json, "level", psp_unit_level_id(view->definition, unit));
    psp_writer_number(json, "ballots", psp_view_ballots(view, unit));
    psp_writer_stated(json, "ballots_counted", psp_view_counted(view, unit));
    psp_writer_stated(json, "registered", registered);
    psp_writer_stated(json, "ballots_expected", psp_catalog_expected(view->catalog, unit));
    if (psp_row_turnout(view, unit, &share))
        psp_writer_real(json, "share", share);
    else
        psp_writer_null(json, "share");
    psp_writer_bool(json, "complete", view->unit_complete[unit]);
    psp_writer_number(json, "units_partial", psp_view_partial(view, unit));
    psp_reported_write_unit(json, view, unit);
    psp_writer_bool(json, "over_registered", psp_progress_over_registered(view, unit));
    psp_writer_bool(json, "over_expected", psp_progress_over_expected(view, unit));
    write_progress(json, view, unit);
}

void psp_row_write_turnout(struct psp_writer *json, const char *key, const struct psp_view *view,
                           uint32_t unit, uint32_t language)
{
    psp_writer_begin_object(json, key);
    psp_row_write_turnout_members(json, view, unit, language);
    psp_writer_end_object(json);
}

static void write_shown(struct psp_writer *json, const struct psp_view *view)
{
    const uint64_t counted = view->books.disposed[PSP_COUNTED];
    psp_writer_number(json, "shown", view->shown_ballots);
    /* After a restore rows may show more than is counted, until they are reported anew. */
    psp_writer_number(json, "held",
                      counted > view->shown_ballots ? counted - view->shown_ballots : 0);
    psp_writer_number(json, "forgotten", view->forgotten);
}

void psp_row_write_books(struct psp_writer *json, const struct psp_view *view, uint32_t shard)
{
    const struct psp_books *books = shard == PSP_NONE ? &view->books : &view->shards[shard].books;
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_writer_number(json, psp_books_name(i), psp_books_get(books, i));
    if (shard == PSP_NONE)
        write_shown(json, view);
    psp_writer_bool(json, "balanced", psp_view_balanced(view, shard));
}

/* How many log entries the shown index is behind the newest that any replica
 * said it has. */
static uint64_t behind(const struct psp_api_request *request, uint32_t shard)
{
    const struct psp_cluster_shard *known = &request->site->cluster->shards[shard];
    const struct psp_board_shard *shown = &request->view->shards[shard];
    uint64_t newest = shown->index;
    for (uint32_t r = 0; r < known->replica_count && r < PSP_REPLICAS_MAX; r++) {
        const struct psp_replica_freshness *seen = &request->site->freshness->replicas[shard][r];
        const uint64_t index = atomic_load(&seen->index);
        if (atomic_load(&seen->epoch) == shown->epoch && index > newest)
            newest = index;
    }
    return newest - shown->index;
}

void psp_row_write_shards(struct psp_writer *json, const struct psp_api_request *request)
{
    const struct psp_freshness *freshness = request->site->freshness;
    psp_writer_begin_array(json, "shards");
    for (uint32_t s = 0; s < request->view->shard_count; s++) {
        const struct psp_board_shard *shard = &request->view->shards[s];
        const uint64_t fresh_ms = atomic_load(&freshness->fresh_ms[s]);
        psp_writer_begin_object(json, NULL);
        psp_writer_number(json, "shard", s);
        psp_writer_number(json, "epoch", shard->epoch);
        psp_writer_number(json, "index", shard->index);
        psp_writer_number(json, "replica", shard->replica);
        const uint32_t leader = psp_freshness_leader(freshness, s, request->now_ms);
        if (leader == PSP_NONE)
            psp_writer_null(json, "leader");
        else
            psp_writer_number(json, "leader", leader);
        psp_writer_number(json, "behind", behind(request, s));
        psp_writer_number(json, "ballots", shard->books.added_ballots);
        if (fresh_ms == 0)
            psp_writer_null(json, "age_ms");
        else
            psp_writer_number(json, "age_ms",
                              request->now_ms > fresh_ms ? request->now_ms - fresh_ms : 0);
        psp_writer_bool(json, "stale", psp_freshness_stale(freshness, s, request->now_ms));
        psp_writer_bool(json, "diverged", shard->divergence.standing);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}
