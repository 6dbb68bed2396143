/* Which lines are one entry's is the catalog's, so a row costs one look at each choice. */
#include "collector/view/standing.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"

/* Adds up the lines; false: none of them is on a ballot here. */
static bool add_lines(const struct psp_catalog *catalog, const struct psp_contest *contest,
                      uint32_t first, const struct psp_tally *tally, uint64_t *ret_votes)
{
    const uint32_t *next = catalog->line_next + contest->choice_first;
    bool present = false;
    *ret_votes = 0;
    for (uint32_t line = first; line != PSP_NONE; line = next[line]) {
        assert(line < contest->choice_count && (next[line] == PSP_NONE || next[line] > line));
        present |= tally->present[line];
        *ret_votes += tally->present[line] ? tally->votes[line] : 0;
    }
    return present;
}

static int most_votes_first(const void *left, const void *right)
{
    const struct psp_standing_entry *a = left, *b = right;
    if (a->votes != b->votes)
        return a->votes < b->votes ? 1 : -1;
    return (a->first > b->first) - (a->first < b->first);
}

static void measure(struct psp_standing *standing, uint32_t seats)
{
    const struct psp_standing_entry *entries = standing->entries;
    assert(seats > 0);
    standing->last_seat = seats > 1;
    standing->margin = PSP_UNSTATED;
    standing->tied = false;
    if (standing->count <= seats || entries[0].votes == 0)
        return;
    assert(entries[seats - 1].votes >= entries[seats].votes);
    standing->margin = entries[seats - 1].votes - entries[seats].votes;
    standing->tied = standing->margin == 0 && entries[seats].votes > 0;
}

void psp_standing_rank(const struct psp_catalog *catalog, uint32_t contest,
                       const struct psp_tally *tally, struct psp_standing *ret_standing)
{
    const struct psp_contest *of = &catalog->definition->contests[contest];
    const uint32_t *first = catalog->line_first + of->choice_first;
    ret_standing->valid = 0;
    ret_standing->count = 0;
    for (uint32_t c = 0; !tally->held && c < of->choice_count; c++) {
        struct psp_standing_entry entry = {.first = c};
        const enum psp_choice_kind kind = of->choices[c].kind;
        if (tally->present[c] && kind != PSP_CHOICE_BLANK && kind != PSP_CHOICE_SPOILED)
            ret_standing->valid += tally->votes[c];
        if (first[c] == c && add_lines(catalog, of, c, tally, &entry.votes))
            ret_standing->entries[ret_standing->count++] = entry;
    }
    assert(ret_standing->count <= of->choice_count && of->choice_count <= PSP_CHOICES_MAX);
    qsort(ret_standing->entries, ret_standing->count, sizeof *ret_standing->entries,
          most_votes_first);
    for (uint32_t i = 1; PSP_CHECKED && i < ret_standing->count; i++)
        assert(most_votes_first(&ret_standing->entries[i - 1], &ret_standing->entries[i]) < 0);
    measure(ret_standing, of->seats);
    assert(ret_standing->margin == PSP_UNSTATED || of->seats < ret_standing->count);
}

uint32_t psp_standing_party(const struct psp_definition *definition, const struct psp_choice *line)
{
    assert(line->candidate == PSP_NONE || line->candidate < definition->candidate_count);
    if (line->candidate == PSP_NONE || definition->candidates[line->candidate].party == PSP_NONE)
        return line->party;
    return definition->candidates[line->candidate].party;
}

uint64_t psp_standing_votes(const struct psp_catalog *catalog, uint32_t contest, uint32_t choice,
                            const struct psp_tally *tally)
{
    const struct psp_contest *of = &catalog->definition->contests[contest];
    assert(choice < of->choice_count);
    const uint32_t first = catalog->line_first[of->choice_first + choice];
    assert(first == PSP_NONE || first <= choice);
    uint64_t votes;
    if (first == PSP_NONE)
        return tally->votes[choice];
    add_lines(catalog, of, first, tally, &votes);
    return votes;
}
