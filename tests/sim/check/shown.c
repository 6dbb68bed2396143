/* The rule once more, leaf by leaf and row by row, whatever a merge has touched. */
#include "tests/sim/check/shown.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "collector/view/tally.h"
#include "tests/sim/world/world.h"

enum { TEXT_BYTES = 200 };

static uint32_t shard_count(const struct sim_world *world)
{
    return world->plan.election.shards;
}

/* The log that an epoch had. */
static const struct sim_judge *judge_of(const struct sim_world *world, uint32_t s, uint64_t epoch)
{
    const struct sim_shard *shard = &world->shards[s];
    const bool past = epoch < world->election.cluster.epoch && shard->past.entries != NULL;
    return past ? &shard->past.judge : &shard->judge;
}

/* What a shard had reported as of what is merged of it. */
static const struct sim_reported *reported_of(const struct sim_world *world,
                                              const struct sim_shown *shown, uint32_t s)
{
    const struct sim_judge *judge = judge_of(world, s, shown->shards[s].epoch);
    return sim_reports_at(&judge->reports, shown->shards[s].index);
}

/* ---- the rule ---- */

static void sum_row(const struct sim_world *world, const struct sim_shown *shown, struct sim_row at,
                    struct sim_cells *sum)
{
    for (uint32_t s = 0; s < shard_count(world); s++) {
        const struct sim_cells *cells = &reported_of(world, shown, s)->cells;
        sum->ballots[at.unit][at.style][at.method] += cells->ballots[at.unit][at.style][at.method];
        for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++)
            for (uint32_t choice = 0; choice < SIM_CHOICES_MAX + 2; choice++)
                sum->votes[at.unit][at.style][at.method][contest][choice] +=
                    cells->votes[at.unit][at.style][at.method][contest][choice];
    }
}

static void take_row(struct sim_world *world, struct sim_shown *shown, struct sim_row at)
{
    const struct sim_shown_leaf *leaf = &shown->leaves[at.unit];
    struct sim_cells sum = {0};
    sum_row(world, shown, at, &sum);
    uint64_t *ballots = &shown->cells.ballots[at.unit][at.style][at.method];
    const uint64_t now = sum.ballots[at.unit][at.style][at.method];
    const uint64_t moved = now > *ballots ? now - *ballots : *ballots - now;
    if (!leaf->final && moved > 0 && moved < world->election.publishing.report_min) {
        world->faults.counts[SIM_FAULT_ROW_KEPT]++;
        return;
    }
    *ballots = now;
    memcpy(shown->cells.votes[at.unit][at.style][at.method],
           sum.votes[at.unit][at.style][at.method],
           sizeof(sum.votes[at.unit][at.style][at.method]));
    shown->row_reports[at.unit][at.style][at.method] = leaf->number;
}

/* Under one number there is one report, whatever a restore took back. */
static void check_same(struct sim_world *world, const struct sim_shown *shown, uint64_t number)
{
    const struct sim_reported *one = NULL;
    for (uint32_t s = 0; s < shard_count(world); s++) {
        const struct sim_reports *reports = &judge_of(world, s, shown->shards[s].epoch)->reports;
        for (uint32_t i = 0; i < reports->count; i++) {
            const struct sim_reported *other = &reports->list[i];
            if (other->number != number)
                continue;
            if (one != NULL && (one->length != other->length ||
                                memcmp(one->bytes, other->bytes, one->length) != 0))
                sim_violation(world, "there are two reports %" PRIu64, number);
            one = other;
        }
    }
}

static void take_leaf(struct sim_world *world, struct sim_shown *shown, uint32_t unit)
{
    struct sim_shown_leaf *leaf = &shown->leaves[unit];
    const struct sim_leaf *first = &reported_of(world, shown, 0)->leaves[unit];
    world->faults.counts[SIM_FAULT_SHOWN]++;
    world->faults.counts[SIM_FAULT_SHOWN_BACK] += first->number < leaf->number;
    check_same(world, shown, first->number);
    leaf->number = first->number;
    leaf->at_ms = first->time_ms;
    leaf->final = true;
    for (uint32_t s = 0; s < shard_count(world); s++) {
        const struct sim_leaf *own = &reported_of(world, shown, s)->leaves[unit];
        leaf->final = leaf->final && own->final;
        leaf->epochs[s] = shown->shards[s].epoch;
        leaf->indexes[s] = own->index;
    }
    for (uint32_t row = 0; row < SIM_ROWS && sim_reports_hold(&world->election); row++)
        if (sim_cells_row(row).unit == unit)
            take_row(world, shown, sim_cells_row(row));
}

/* All shards have the same report of it last, and it is not the one that is shown. */
static void look_at_leaf(struct sim_world *world, struct sim_shown *shown, uint32_t unit)
{
    struct sim_shown_leaf *leaf = &shown->leaves[unit];
    uint64_t number = 0;
    bool any = false, same = true, is_shown = true;
    for (uint32_t s = 0; s < shard_count(world); s++) {
        const struct sim_leaf *own = &reported_of(world, shown, s)->leaves[unit];
        const bool present = shown->shards[s].present;
        if (s == 0)
            number = own->number;
        any = any || (present && own->number > 0);
        same = same && present && own->number == number;
        is_shown =
            is_shown && leaf->epochs[s] == shown->shards[s].epoch && leaf->indexes[s] == own->index;
    }
    leaf->under_way = any ? !same : same && leaf->number > 0;
    world->faults.counts[SIM_FAULT_UNDER_WAY] += leaf->under_way;
    if (same && number > 0 && !(is_shown && leaf->number == number))
        take_leaf(world, shown, unit);
}

/* ---- the board ---- */

static void check_leaf(struct sim_world *world, const char *name, const struct sim_shown_leaf *leaf,
                       const struct psp_board_shown *board, uint32_t position)
{
    const struct psp_shown_leaf *at = &board->leaves[position];
    const struct psp_shown_source *sources = board->sources + position * board->shard_count;
    if (at->number != leaf->number || at->at_ms != leaf->at_ms || at->final != leaf->final ||
        at->under_way != leaf->under_way)
        sim_violation(world,
                      "%s shows report %" PRIu64 " of leaf %u (final %d, another under way %d), "
                      "not %" PRIu64 " (%d, %d)",
                      name, at->number, position, at->final, at->under_way, leaf->number,
                      leaf->final, leaf->under_way);
    for (uint32_t s = 0; s < board->shard_count; s++)
        if (sources[s].epoch != leaf->epochs[s] || sources[s].index != leaf->indexes[s])
            sim_violation(world,
                          "%s shows leaf %u as of index %" PRIu64 " of shard %u in epoch %" PRIu64
                          ", not %" PRIu64 " in epoch %" PRIu64,
                          name, position, sources[s].index, s, sources[s].epoch, leaf->indexes[s],
                          leaf->epochs[s]);
}

static void check_rows(struct sim_world *world, const char *name, const struct sim_shown *shown,
                       const struct psp_totals *rows, const uint64_t *cells,
                       const uint64_t *row_reports)
{
    for (uint32_t row = 0; row < SIM_ROWS && !world->violated; row++) {
        char text[TEXT_BYTES] = "";
        const struct sim_row at = sim_cells_row(row);
        const uint64_t number = shown->row_reports[at.unit][at.style][at.method];
        if (!sim_cells_row_match(&shown->cells, at.unit, at.style, at.method,
                                 cells + rows->row_first[row], text, sizeof(text)))
            sim_violation(world, "%s shows what it may not: %s", name, text);
        if (row_reports[row] != number)
            sim_violation(world, "%s shows row %u as of report %" PRIu64 ", not %" PRIu64, name,
                          row, row_reports[row], number);
    }
}

static void check_board(struct sim_world *world, const struct sim_collector *collector)
{
    const struct sim_shown *shown = &collector->showing;
    const struct psp_board_shown *board =
        psp_board_shown(psp_collector_core_board(collector->core));
    const char *name = sim_actor_name(&collector->actor);
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
        check_leaf(world, name, &shown->leaves[unit], board, unit - 1);
    if ((board->rows != NULL) != sim_reports_hold(&world->election))
        sim_violation(world, "%s holds rows back, or does not", name);
    else if (board->rows != NULL)
        check_rows(world, name, shown, board->rows, board->rows->cells, board->row_reports);
}

/* promise 5 */
void sim_shown_merged(struct sim_world *world, struct sim_collector *collector, uint32_t s,
                      uint64_t epoch, uint64_t index)
{
    struct sim_shown *shown = &collector->showing;
    shown->shards[s].present = true;
    shown->shards[s].epoch = epoch;
    shown->shards[s].index = index;
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
        look_at_leaf(world, shown, unit);
    check_board(world, collector);
}

/* ---- the view ---- */

/* The leaves below a unit. */
static bool is_below(uint32_t unit, uint32_t leaf)
{
    return unit == 0 || unit == leaf;
}

static bool has_contest(struct sim_row at, uint32_t contest)
{
    return sim_choices[at.style][contest] != 0;
}

static void check_tally(struct sim_world *world, const struct sim_collector *collector,
                        const struct psp_view *view, uint32_t unit, uint32_t contest)
{
    const struct sim_shown *shown = &collector->showing;
    const struct psp_unit *place = &view->definition->units[unit];
    const char *name = sim_actor_name(&collector->actor);
    struct psp_tally tally;
    uint64_t ballots = 0, votes[SIM_CHOICES_MAX + 2] = {0};
    bool any = false, held = true;
    for (uint32_t row = 0; row < SIM_ROWS; row++) {
        const struct sim_row at = sim_cells_row(row);
        if (!is_below(unit, at.unit) || !has_contest(at, contest))
            continue;
        any = true;
        held = held && shown->row_reports[at.unit][at.style][at.method] == 0;
        ballots += shown->cells.ballots[at.unit][at.style][at.method];
        for (uint32_t choice = 0; choice < SIM_CHOICES_MAX + 2; choice++)
            votes[choice] += shown->cells.votes[at.unit][at.style][at.method][contest][choice];
    }
    psp_tally_run(view, contest, place->leaf_first, place->leaf_end, PSP_NONE, &tally);
    bool same = tally.ballots == ballots && tally.undervotes == votes[SIM_CHOICES_MAX] &&
                tally.overvotes == votes[SIM_CHOICES_MAX + 1];
    for (uint32_t choice = 0; choice < view->definition->contests[contest].choice_count; choice++)
        same = same && tally.votes[choice] == votes[choice];
    if (!same)
        sim_violation(world, "%s tells of contest %u in unit %u what it may not", name, contest,
                      unit);
    if (any && tally.held != held)
        sim_violation(world, "%s says that contest %u in unit %u is%s held", name, contest, unit,
                      tally.held ? "" : " not");
    if (view->counted_sum == NULL && tally.counted != PSP_UNSTATED)
        sim_violation(world, "%s tells how many voted in unit %u", name, unit);
}

/* With publication reports only; else what is shown is the sum of the shards' counts. */
static void check_view_rows(struct sim_world *world, const struct sim_collector *collector,
                            const struct psp_view *view)
{
    const struct sim_shown *shown = &collector->showing;
    uint64_t ballots = 0;
    check_rows(world, sim_actor_name(&collector->actor), shown, &view->totals, view->totals.cells,
               view->row_reports);
    for (uint32_t row = 0; row < SIM_ROWS; row++) {
        const struct sim_row at = sim_cells_row(row);
        ballots += shown->cells.ballots[at.unit][at.style][at.method];
    }
    if (view->shown_ballots != ballots)
        sim_violation(world, "%s says that it shows %" PRIu64 " ballots, not %" PRIu64,
                      sim_actor_name(&collector->actor), view->shown_ballots, ballots);
    for (uint32_t unit = 0; unit < SIM_UNITS; unit++)
        for (uint32_t contest = 0; contest < SIM_CONTESTS; contest++)
            check_tally(world, collector, view, unit, contest);
}

static void check_counted(struct sim_world *world, const struct sim_collector *collector,
                          const struct psp_view *view)
{
    const struct sim_shown *shown = &collector->showing;
    const bool told = world->election.publishing.turnout != PSP_PUBLICATION_REPORTS;
    if ((view->counted_sum != NULL) != told)
        sim_violation(world, "%s tells of turnout, or does not", sim_actor_name(&collector->actor));
    for (uint32_t unit = 1; unit < SIM_UNITS && view->counted_sum != NULL; unit++) {
        uint64_t counted = 0, changed;
        for (uint32_t s = 0; s < shard_count(world); s++)
            counted += sim_reports_counted(judge_of(world, s, shown->shards[s].epoch), unit,
                                           shown->shards[s].index, &changed);
        if (psp_view_counted(view, unit) != counted)
            sim_violation(world, "%s says that unit %u counted %" PRIu64 ", not %" PRIu64,
                          sim_actor_name(&collector->actor), unit, psp_view_counted(view, unit),
                          counted);
    }
}

static void check_reports(struct sim_world *world, const struct sim_collector *collector,
                          const struct psp_view *view)
{
    const struct sim_shown_leaf *leaves = collector->showing.leaves;
    uint32_t complete = 0, partial = 0;
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++) {
        const struct psp_view_report *report = &view->leaf_reports[unit - 1];
        complete += leaves[unit].final;
        partial += leaves[unit].number > 0 && !leaves[unit].final;
        if (report->number != leaves[unit].number || report->at_ms != leaves[unit].at_ms ||
            report->final != leaves[unit].final || report->under_way != leaves[unit].under_way)
            sim_violation(world, "%s tells of another report of unit %u",
                          sim_actor_name(&collector->actor), unit);
    }
    if (view->complete_sum[SIM_UNITS - 1] != complete ||
        view->partial_sum[SIM_UNITS - 1] != partial)
        sim_violation(world, "%s says that %u units are final and %u are not, not %u and %u",
                      sim_actor_name(&collector->actor), view->complete_sum[SIM_UNITS - 1],
                      view->partial_sum[SIM_UNITS - 1], complete, partial);
}

void sim_shown_published(struct sim_world *world, struct sim_collector *collector)
{
    static const struct psp_version_key key;
    struct psp_view *view = NULL;
    if (collector->catalog == NULL) {
        const enum psp_status made =
            psp_catalog_create(world->election.definition, &collector->catalog);
        assert(made == PSP_OK);
        (void)made;
    }
    check_board(world, collector);
    const enum psp_status status =
        psp_view_create(psp_collector_core_board(collector->core), collector->catalog, &key, &view);
    assert(status == PSP_OK);
    (void)status;
    if (!psp_view_balanced(view, PSP_NONE))
        sim_violation(world, "%s publishes what does not balance",
                      sim_actor_name(&collector->actor));
    check_reports(world, collector, view);
    check_counted(world, collector, view);
    if (sim_reports_hold(&world->election) && view->row_reports != NULL)
        check_view_rows(world, collector, view);
    else if (sim_reports_hold(&world->election) || view->row_reports != NULL)
        sim_violation(world, "%s holds rows back, or does not", sim_actor_name(&collector->actor));
    psp_view_release(&view);
}
