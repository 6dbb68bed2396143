/* Figures of contests against what a count of these rows will have. */
#include "election/import/meaning/undervotes.h"

#include <assert.h>
#include <inttypes.h>

struct contest {
    uint64_t votes, over, under;
    const struct psp_returns_row *over_row, *under_row; /* the first, or NULL */
};

static void add(struct contest *contest, const struct psp_returns_row *row)
{
    if (row->kind == PSP_ROW_LINE) {
        contest->votes += row->votes;
    } else if (row->kind == PSP_ROW_OVERVOTES) {
        contest->over += row->votes;
        contest->over_row = contest->over_row != NULL ? contest->over_row : row;
    } else {
        contest->under += row->votes;
        contest->under_row = contest->under_row != NULL ? contest->under_row : row;
    }
}

static void tell(const struct psp_returns *returns, struct psp_report *report,
                 const struct psp_returns_row *row, enum psp_report_kind kind, uint64_t published,
                 uint64_t counted)
{
    psp_report_add(report, kind, returns->files[row->file], row->line,
                   "%s, %s: %" PRIu64 " published, %" PRIu64 " counted",
                   row->text[PSP_COLUMN_PRECINCT], row->text[PSP_COLUMN_OFFICE], published,
                   counted);
}

static void compare(const struct psp_returns *returns, const struct psp_style_contest *entry,
                    const struct contest *contest, uint64_t ballots, struct psp_report *report)
{
    const uint64_t over = psp_returns_overvoted(entry, contest->over) * entry->votes_allowed;
    const uint64_t under = ballots * entry->votes_allowed - contest->votes - over;
    if (contest->over_row != NULL && over != contest->over)
        tell(returns, report, contest->over_row, PSP_REPORT_OVERVOTES_DIFFER, contest->over, over);
    if (contest->under_row != NULL && under != contest->under)
        tell(returns, report, contest->under_row, PSP_REPORT_UNDERVOTES_DIFFER, contest->under,
             under);
}

void psp_meaning_undervotes(const struct psp_returns *returns,
                            const struct psp_definition *definition,
                            const struct psp_returns_binding *binding, struct psp_report *report)
{
    const uint32_t groups = definition->leaf_count * definition->method_count;
    for (uint32_t group = 0; group < groups; group++) {
        const uint32_t group_end = binding->group_first[group + 1];
        for (uint32_t at = binding->group_first[group]; at < group_end;) {
            const struct psp_returns_place *place = &binding->places[binding->order[at]];
            struct contest contest = {0};
            const uint32_t position = place->contest;
            if (position == PSP_NONE)
                break;
            while (at < group_end && binding->places[binding->order[at]].contest == position)
                add(&contest, &returns->rows[binding->order[at++]]);
            const uint32_t style = place->style != PSP_NONE ? place->style : 0;
            const size_t of_style = psp_returns_style_at(definition, place->leaf, style,
                                                         group % definition->method_count);
            const struct psp_style_contest *entry =
                psp_style_entry(psp_leaf_style(definition, place->leaf, style), position);
            assert(entry != NULL);
            compare(returns, entry, &contest,
                    place->style != PSP_NONE ? binding->style_ballots[of_style]
                                             : binding->group_ballots[group],
                    report);
        }
    }
}
