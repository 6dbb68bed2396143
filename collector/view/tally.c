/* Adds rows leaf by leaf into the cells of the contest's choices. */
#include "collector/view/tally.h"

#include <string.h>

static void clear(struct psp_tally *tally, uint32_t choice_count)
{
    tally->ballots = tally->undervotes = tally->overvotes = 0;
    tally->units_total = tally->units_reporting = tally->units_started = 0;
    memset(tally->votes, 0, choice_count * sizeof *tally->votes);
    memset(tally->present, 0, choice_count * sizeof *tally->present);
}

/* Returns the row's ballots. */
static uint64_t add_row(const struct psp_view *view, uint32_t leaf, uint32_t method,
                        const struct psp_style_contest *entry, struct psp_tally *tally)
{
    const uint64_t *cells =
        view->totals.cells + view->totals.row_first[psp_totals_row(&view->totals, leaf, method)];
    const uint64_t *votes = cells + entry->cell;
    for (uint32_t c = 0; c < entry->choice_count; c++)
        tally->votes[entry->choices[c]] += votes[c];
    tally->undervotes += votes[entry->choice_count];
    tally->overvotes += votes[entry->choice_count + 1];
    return cells[0];
}

void psp_tally_run(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                   uint32_t leaf_end, uint32_t method, struct psp_tally *ret_tally)
{
    const struct psp_catalog *catalog = view->catalog;
    const uint32_t *marked = NULL; /* choices already marked present: styles share them */
    const uint32_t method_first = method == PSP_NONE ? 0 : method;
    const uint32_t method_end = method == PSP_NONE ? view->definition->method_count : method + 1;
    uint32_t leaf = catalog->contest_leaf_first[contest];
    uint32_t end = catalog->contest_leaf_end[contest];
    leaf = leaf_first > leaf ? leaf_first : leaf;
    end = leaf_end < end ? leaf_end : end;
    clear(ret_tally, view->definition->contests[contest].choice_count);
    for (; leaf < end; leaf++) {
        const struct psp_style_contest *entry = psp_catalog_entry(catalog, leaf, contest);
        uint64_t ballots = 0;
        if (!entry)
            continue;
        if (!marked || entry->choices != marked) {
            for (uint32_t c = 0; c < entry->choice_count; c++)
                ret_tally->present[entry->choices[c]] = true;
            marked = entry->choices;
        }
        for (uint32_t m = method_first; m < method_end; m++)
            ballots += add_row(view, leaf, m, entry, ret_tally);
        ret_tally->ballots += ballots;
        ret_tally->units_total++;
        ret_tally->units_started += ballots > 0;
        ret_tally->units_reporting += view->complete_sum[leaf + 1] - view->complete_sum[leaf];
    }
}

/* Sum of one cell over the methods asked for. */
static uint64_t cell_of(const struct psp_view *view, uint32_t leaf, uint32_t method, uint64_t cell)
{
    const struct psp_totals *totals = &view->totals;
    const uint32_t methods = view->definition->method_count;
    const uint32_t first = leaf * methods + (method == PSP_NONE ? 0 : method);
    const uint32_t end = method == PSP_NONE ? (leaf + 1) * methods : first + 1;
    uint64_t sum = 0;
    for (uint32_t row = first; row < end; row++)
        sum += totals->cells[totals->row_first[row] + cell];
    return sum;
}

uint64_t psp_tally_ballots(const struct psp_view *view, uint32_t contest, uint32_t leaf_first,
                           uint32_t leaf_end, uint32_t method)
{
    uint64_t ballots = 0;
    for (uint32_t leaf = leaf_first; leaf < leaf_end; leaf++) {
        if (psp_catalog_entry(view->catalog, leaf, contest))
            ballots += cell_of(view, leaf, method, 0);
    }
    return ballots;
}

uint64_t psp_tally_votes(const struct psp_view *view, uint32_t contest, uint32_t choice,
                         uint32_t leaf_first, uint32_t leaf_end, uint32_t method)
{
    uint64_t votes = 0;
    for (uint32_t leaf = leaf_first; leaf < leaf_end; leaf++) {
        const struct psp_style_contest *entry = psp_catalog_entry(view->catalog, leaf, contest);
        if (entry && entry->slot_of_choice[choice] >= 0)
            votes +=
                cell_of(view, leaf, method, entry->cell + (uint64_t)entry->slot_of_choice[choice]);
    }
    return votes;
}
