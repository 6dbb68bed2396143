/* Adds rows leaf by leaf, style by style into the cells of the contest's choices. */
#include "collector/view/tally.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"

static void clear(struct psp_tally *tally, uint32_t choice_count)
{
    assert(choice_count <= PSP_CHOICES_MAX);
    tally->ballots = tally->counted = tally->undervotes = tally->overvotes = 0;
    tally->units_total = tally->units_reporting = tally->units_partial = tally->units_started = 0;
    tally->held = false;
    memset(tally->votes, 0, choice_count * sizeof *tally->votes);
    memset(tally->present, 0, choice_count * sizeof *tally->present);
}

struct look {
    bool any, shown;        /* a row was looked at; one that was ever shown */
    bool whole;             /* every row of the leaves with the contest: their ballots are its */
    const uint32_t *marked; /* choices already marked present: styles share them */
};

/* Returns the row's ballots. */
static uint64_t add_row(const struct psp_view *view, uint32_t row,
                        const struct psp_style_contest *entry, struct psp_tally *tally,
                        struct look *look)
{
    assert(row < view->totals.row_count);
    look->any = true;
    look->shown |= !view->row_reports || view->row_reports[row] > 0;
    const uint64_t *cells = view->totals.cells + view->totals.row_first[row];
    const uint64_t *votes = cells + entry->cell;
    assert(votes + entry->choice_count + 2 <= view->totals.cells + view->totals.row_first[row + 1]);
    assert(entry->choices != NULL);
    for (uint32_t c = 0; c < entry->choice_count; c++)
        tally->votes[entry->choices[c]] += votes[c];
    tally->undervotes += votes[entry->choice_count];
    tally->overvotes += votes[entry->choice_count + 1];
    return cells[0];
}

/* Which methods are asked for, as a range. */
struct methods {
    uint32_t first, end;
};

static struct methods methods_of(const struct psp_view *view, uint32_t method)
{
    if (method == PSP_NONE)
        return (struct methods){0, view->definition->method_count};
    assert(method < view->definition->method_count);
    return (struct methods){method, method + 1};
}

static void mark_present(struct psp_tally *tally, const struct psp_style_contest *entry)
{
    for (uint32_t c = 0; c < entry->choice_count; c++) {
        assert(entry->choices[c] < entry->slot_count);
        tally->present[entry->choices[c]] = true;
    }
}

/* Adds one leaf; false: the contest is not on a ballot there. */
static bool add_leaf(const struct psp_view *view, uint32_t contest, uint32_t leaf,
                     struct methods methods, struct psp_tally *tally, struct look *look)
{
    const uint32_t styles = psp_leaf_style_count(view->definition, leaf);
    uint64_t ballots = 0;
    uint32_t with = 0;
    for (uint32_t style = 0; style < styles; style++) {
        const struct psp_style_contest *entry =
            psp_catalog_entry(view->catalog, leaf, style, contest);
        if (!entry)
            continue;
        with++;
        if (entry->choices != look->marked)
            mark_present(tally, entry);
        look->marked = entry->choices;
        for (uint32_t m = methods.first; m < methods.end; m++)
            ballots +=
                add_row(view, psp_totals_row(&view->totals, leaf, style, m), entry, tally, look);
    }
    tally->ballots += ballots;
    tally->units_started += ballots > 0;
    assert(with <= styles && (with > 0 || ballots == 0));
    look->whole &= with == 0 || with == styles;
    return with > 0;
}

void psp_tally_run(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                   uint32_t leaf_end, uint32_t method, struct psp_tally *ret_tally)
{
    const struct psp_catalog *catalog = view->catalog;
    const struct methods methods = methods_of(view, method);
    const bool all_methods = methods.end - methods.first == view->definition->method_count;
    struct look look = {.whole = all_methods};
    uint64_t counted = 0;
    uint32_t leaf = catalog->contest_leaf_first[contest];
    uint32_t end = catalog->contest_leaf_end[contest];
    assert(leaf_first <= leaf_end && leaf_end <= view->definition->leaf_count);
    leaf = leaf_first > leaf ? leaf_first : leaf;
    end = leaf_end < end ? leaf_end : end;
    clear(ret_tally, view->definition->contests[contest].choice_count);
    for (; leaf < end; leaf++) {
        if (!add_leaf(view, contest, leaf, methods, ret_tally, &look))
            continue;
        ret_tally->units_total++;
        ret_tally->units_reporting += view->complete_sum[leaf + 1] - view->complete_sum[leaf];
        ret_tally->units_partial += view->partial_sum[leaf + 1] - view->partial_sum[leaf];
        if (view->counted_sum)
            counted += view->counted_sum[leaf + 1] - view->counted_sum[leaf];
    }
    ret_tally->held = look.any && !look.shown;
    assert(!ret_tally->held || view->row_reports);
    assert(ret_tally->units_started <= ret_tally->units_total);
    assert(ret_tally->units_reporting + ret_tally->units_partial <= ret_tally->units_total);
    /* Parts add up to the whole, also when what a shard tells wraps. */
    assert(!PSP_CHECKED ||
           ret_tally->ballots == psp_tally_ballots(view, contest, leaf_first, leaf_end, method));
    if (!view->row_reports)
        ret_tally->counted = ret_tally->ballots;
    else
        ret_tally->counted = view->counted_sum && look.whole ? counted : PSP_UNSTATED;
}

/* Sum of one cell over the methods asked for. */
static uint64_t cell_of(const struct psp_view *view, uint32_t leaf, uint32_t style, uint32_t method,
                        uint64_t cell)
{
    const struct psp_totals *totals = &view->totals;
    const struct methods methods = methods_of(view, method);
    uint64_t sum = 0;
    assert(leaf < view->definition->leaf_count);
    for (uint32_t m = methods.first; m < methods.end; m++) {
        const uint32_t row = psp_totals_row(totals, leaf, style, m);
        assert(cell < totals->row_first[row + 1] - totals->row_first[row]);
        sum += totals->cells[totals->row_first[row] + cell];
    }
    return sum;
}

uint64_t psp_tally_ballots(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                           uint32_t leaf_end, uint32_t method)
{
    uint64_t ballots = 0;
    for (uint32_t leaf = leaf_first; leaf < leaf_end; leaf++) {
        for (uint32_t style = 0; style < psp_leaf_style_count(view->definition, leaf); style++)
            if (psp_catalog_entry(view->catalog, leaf, style, contest))
                ballots += cell_of(view, leaf, style, method, 0);
    }
    return ballots;
}

uint64_t psp_tally_votes(const struct psp_view *view, uint32_t contest, uint32_t choice,
                         uint32_t leaf_first, uint32_t leaf_end, uint32_t method)
{
    uint64_t votes = 0;
    for (uint32_t leaf = leaf_first; leaf < leaf_end; leaf++) {
        for (uint32_t style = 0; style < psp_leaf_style_count(view->definition, leaf); style++) {
            const int64_t cell =
                psp_style_cell(psp_leaf_style(view->definition, leaf, style), contest, choice);
            if (cell >= 0)
                votes += cell_of(view, leaf, style, method, (uint64_t)cell);
        }
    }
    return votes;
}
