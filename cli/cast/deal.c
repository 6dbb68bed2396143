/* A contest of a leaf is a line of runs, one a choice; a ballot's marks are where it
 * falls in each line. */
#include "cli/cast/deal.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cast/permutation.h"
#include "cli/say/memory.h"

enum { MARKS_MAX = 4096, GUIDE_BITS = 14 };

/* One contest of one leaf: its choices' runs of votes in the line. */
struct contest_line {
    uint32_t contest;
    uint32_t choice_n;
    uint32_t first;          /* in deal->choices and deal->ends */
    uint32_t style;          /* of the leaf's */
    uint64_t begin, ballots; /* of the group's, that have the contest */
    uint64_t overvoted;      /* of those, the last ones in the line's order */
    struct psp_permutation order;
};

struct psp_deal {
    const struct psp_definition *definition;
    struct psp_permutation order; /* of all ballots */
    uint64_t *group_end;          /* [groups]: ballots of the groups up to and with this one */
    uint32_t *guide;              /* [..]: the leaf of every 2^guide_shift-th ballot */
    unsigned guide_shift;
    uint64_t *style_ballots; /* psp_returns_style_at */
    uint32_t *line_first;    /* [groups + 1]: a group's contests in `lines` */
    struct contest_line *lines;
    uint32_t *choices; /* position within the contest */
    uint64_t *ends;    /* end of the choice's run in its line */
};

/* Ballots of all groups before this one. */
static uint64_t group_start(const struct psp_deal *deal, uint32_t group)
{
    return group ? deal->group_end[group - 1] : 0;
}

static uint32_t group_count(const struct psp_deal *deal)
{
    return deal->definition->leaf_count * deal->definition->method_count;
}

static uint64_t leaf_start(const struct psp_deal *deal, uint32_t leaf)
{
    return group_start(deal, leaf * deal->definition->method_count);
}

uint64_t psp_deal_leaf_ballots(const struct psp_deal *deal, uint32_t leaf)
{
    return leaf_start(deal, leaf + 1) - leaf_start(deal, leaf);
}

uint64_t psp_deal_ballots(const struct psp_deal *deal)
{
    return deal->group_end[group_count(deal) - 1];
}

/* The line's contest on the group's ballots. */
static const struct psp_style_contest *entry_of(const struct psp_deal *deal, uint32_t group,
                                                const struct contest_line *line)
{
    const uint32_t leaf = group / deal->definition->method_count;
    return psp_style_entry(psp_leaf_style(deal->definition, leaf, line->style), line->contest);
}

/* A group's ballots lie style by style. */
static uint64_t style_ballots(const struct psp_deal *deal, uint32_t group, uint32_t style)
{
    const uint32_t methods = deal->definition->method_count;
    return deal->style_ballots[psp_returns_style_at(deal->definition, group / methods, style,
                                                    group % methods)];
}

static struct contest_line make_line(const struct psp_deal *deal, uint32_t group,
                                     const struct psp_returns_place *place, uint32_t first,
                                     uint64_t seed)
{
    struct contest_line line = {.contest = place->contest, .first = first};
    if (place->style == PSP_NONE) {
        line.ballots = deal->group_end[group] - group_start(deal, group);
    } else {
        line.style = place->style;
        line.ballots = style_ballots(deal, group, place->style);
        for (uint32_t s = 0; s < place->style; s++)
            line.begin += style_ballots(deal, group, s);
    }
    psp_permutation_init(&line.order, line.ballots,
                         psp_mix(seed ^ psp_mix((uint64_t)group << 32 | place->contest)));
    return line;
}

/* Fills the lines of one group from its run of rows; returns the lines used. */
static uint32_t lay_out(struct psp_deal *deal, const struct psp_returns *returns,
                        const struct psp_returns_binding *binding, uint32_t group, uint64_t seed)
{
    uint32_t line_n = deal->line_first[group];
    struct contest_line *line = NULL;
    uint64_t end = 0, overvotes = 0;
    for (uint32_t at = binding->group_first[group]; at < binding->group_first[group + 1]; at++) {
        const uint32_t row = binding->order[at];
        const struct psp_returns_place *place = &binding->places[row];
        const enum psp_row_kind kind = (enum psp_row_kind)returns->rows[row].kind;
        if (!returns->rows[row].votes || (kind != PSP_ROW_LINE && kind != PSP_ROW_OVERVOTES))
            continue;
        if (!line || line->contest != place->contest) {
            line = &deal->lines[line_n++];
            *line = make_line(deal, group, place, at, seed);
            end = overvotes = 0;
        }
        if (kind == PSP_ROW_OVERVOTES) {
            overvotes += returns->rows[row].votes;
            line->overvoted = psp_returns_overvoted(entry_of(deal, group, line), overvotes);
            continue;
        }
        end += returns->rows[row].votes;
        const uint32_t last = line->first + line->choice_n;
        if (line->choice_n && deal->choices[last - 1] == place->choice) {
            deal->ends[last - 1] = end; /* another method of the file, one of the definition */
            continue;
        }
        deal->choices[last] = place->choice;
        deal->ends[last] = end;
        line->choice_n++;
    }
    return line_n;
}

/* A leaf's ballots lie side by side: from the guide it is a step or two. */
static void make_guide(struct psp_deal *deal)
{
    const uint64_t ballots = psp_deal_ballots(deal);
    while (ballots >> deal->guide_shift >> GUIDE_BITS)
        deal->guide_shift++;
    const uint64_t n = (ballots >> deal->guide_shift) + 1;
    deal->guide = psp_memory_array(n, sizeof *deal->guide);
    uint32_t leaf = 0;
    for (uint64_t i = 0; i < n; i++) {
        while (leaf + 1 < deal->definition->leaf_count &&
               leaf_start(deal, leaf + 1) <= i << deal->guide_shift)
            leaf++;
        deal->guide[i] = leaf;
    }
}

enum psp_status psp_deal_create(const struct psp_definition *definition,
                                const struct psp_returns *returns, uint64_t seed,
                                struct psp_deal **ret_deal, struct psp_reason *reterr_reason)
{
    struct psp_returns_binding *binding = NULL;
    const enum psp_status status = psp_returns_bind(returns, definition, &binding, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (!binding->ballots) {
        psp_reason_set(reterr_reason, "there is not one vote in this file");
        psp_returns_binding_destroy(&binding);
        return PSP_EINVAL;
    }
    struct psp_deal *deal = psp_memory_array(1, sizeof *deal);
    deal->definition = definition;
    const uint32_t groups = group_count(deal);
    deal->group_end = psp_memory_array(groups, sizeof *deal->group_end);
    const size_t styles =
        (size_t)definition->leaf_style_first[definition->leaf_count] * definition->method_count;
    deal->style_ballots = psp_memory_array(styles, sizeof *deal->style_ballots);
    memcpy(deal->style_ballots, binding->style_ballots, styles * sizeof *deal->style_ballots);
    deal->line_first = psp_memory_array(groups + 1, sizeof *deal->line_first);
    deal->lines = psp_memory_array(binding->n, sizeof *deal->lines);
    deal->choices = psp_memory_array(binding->n, sizeof *deal->choices);
    deal->ends = psp_memory_array(binding->n, sizeof *deal->ends);
    for (uint32_t group = 0; group < groups; group++) {
        deal->group_end[group] = group_start(deal, group) + binding->group_ballots[group];
        deal->line_first[group + 1] = lay_out(deal, returns, binding, group, seed);
    }
    make_guide(deal);
    psp_permutation_init(&deal->order, binding->ballots, psp_mix(seed));
    psp_returns_binding_destroy(&binding);
    *ret_deal = deal;
    return PSP_OK;
}

void psp_deal_destroy(struct psp_deal **deal)
{
    if (!*deal)
        return;
    free((*deal)->group_end);
    free((*deal)->style_ballots);
    free((*deal)->guide);
    free((*deal)->line_first);
    free((*deal)->lines);
    free((*deal)->choices);
    free((*deal)->ends);
    free(*deal);
    *deal = NULL;
}

/* First entry of ascending `ends` past `at`. */
static uint32_t run_of(const uint64_t *ends, uint32_t n, uint64_t at)
{
    uint32_t low = 0;
    while (n) {
        const uint32_t half = n / 2;
        if (ends[low + half] <= at) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

uint32_t psp_deal_leaf(const struct psp_deal *deal, uint64_t i, uint64_t *ret_place)
{
    const uint64_t at = psp_permutation_at(&deal->order, i);
    uint32_t leaf = deal->guide[at >> deal->guide_shift];
    while (leaf_start(deal, leaf + 1) <= at)
        leaf++;
    *ret_place = at - leaf_start(deal, leaf);
    return leaf;
}

/* The group of a leaf's ballot; *place becomes its number among the group's. */
static uint32_t group_of(const struct psp_deal *deal, uint32_t leaf, uint64_t *place)
{
    const uint64_t at = leaf_start(deal, leaf) + *place;
    uint32_t group = leaf * deal->definition->method_count;
    while (deal->group_end[group] <= at)
        group++;
    *place = at - group_start(deal, group);
    return group;
}

uint8_t psp_deal_method(const struct psp_deal *deal, uint32_t leaf, uint64_t place)
{
    return (uint8_t)(group_of(deal, leaf, &place) % deal->definition->method_count);
}

uint32_t psp_deal_style(const struct psp_deal *deal, uint32_t leaf, uint64_t place)
{
    const struct psp_definition *definition = deal->definition;
    if (psp_leaf_style_count(definition, leaf) == 1)
        return PSP_NONE;
    const uint32_t group = group_of(deal, leaf, &place);
    uint32_t style = 0;
    for (; place >= style_ballots(deal, group, style); style++)
        place -= style_ballots(deal, group, style);
    return definition->leaf_styles[definition->leaf_style_first[leaf] + style];
}

enum psp_status psp_deal_marks(const struct psp_deal *deal, uint32_t leaf, uint64_t place,
                               uint8_t ret_marks[PSP_MARKS_BYTES_MAX], size_t *ret_bytes)
{
    struct psp_mark marks[MARKS_MAX];
    size_t n = 0;
    const uint32_t group = group_of(deal, leaf, &place);
    for (uint32_t l = deal->line_first[group]; l < deal->line_first[group + 1]; l++) {
        const struct contest_line *line = &deal->lines[l];
        if (place < line->begin || place - line->begin >= line->ballots)
            continue; /* of another style */
        const uint64_t marked = line->ballots - line->overvoted;
        const uint64_t *ends = deal->ends + line->first;
        const uint64_t votes = line->choice_n ? ends[line->choice_n - 1] : 0;
        uint64_t at = psp_permutation_at(&line->order, place - line->begin);
        if (at >= marked) {
            const struct psp_style_contest *entry = entry_of(deal, group, line);
            for (uint32_t i = 0; i <= entry->votes_allowed && n < MARKS_MAX; i++)
                marks[n++] = (struct psp_mark){line->contest, entry->choices[i]};
            continue;
        }
        for (; at < votes; at += marked) {
            if (n == MARKS_MAX)
                return PSP_EINVAL;
            marks[n++] = (struct psp_mark){
                .contest = line->contest,
                .choice = deal->choices[line->first + run_of(ends, line->choice_n, at)]};
        }
    }
    return psp_marks_encode(marks, n, ret_marks, PSP_MARKS_BYTES_MAX, ret_bytes);
}
