/* "Ward 1" beside "Ward 1 A" and "Ward 1 B": perhaps their sum, perhaps not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/utf8.h"
#include "election/import/meaning/inner.h"

static const char *name_of(const struct psp_meaning *meaning, uint32_t unit)
{
    return meaning->units[unit].text[PSP_COLUMN_PRECINCT];
}

static int compare_units(const void *left, const void *right, void *context)
{
    const struct psp_meaning *meaning = context;
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    if (meaning->units[a].parent != meaning->units[b].parent)
        return meaning->units[a].parent < meaning->units[b].parent ? -1 : 1;
    return strcmp(name_of(meaning, a), name_of(meaning, b));
}

/* Adds the unit's lines to the sums, or takes them off again. */
static uint64_t move(struct psp_meaning *meaning, uint32_t unit, bool add)
{
    uint64_t votes = 0;
    for (uint32_t at = meaning->units[unit].first; at < meaning->units[unit].end; at++) {
        const uint32_t row = meaning->order[at];
        if (!psp_meaning_has_votes(&meaning->rows[row]))
            continue;
        uint64_t *sum = &meaning->line_sums[meaning->places[row].line];
        *sum = add ? *sum + meaning->rows[row].votes : *sum - meaning->rows[row].votes;
        votes += meaning->rows[row].votes;
    }
    return votes;
}

/* True when nothing is left of any line's sum once the unit's are taken off. */
static bool all_gone(const struct psp_meaning *meaning, const uint32_t *units, uint32_t n)
{
    for (uint32_t u = 0; u < n; u++)
        for (uint32_t at = meaning->units[units[u]].first; at < meaning->units[units[u]].end; at++)
            if (psp_meaning_has_votes(&meaning->rows[meaning->order[at]]) &&
                meaning->line_sums[meaning->places[meaning->order[at]].line] != 0)
                return false;
    return true;
}

/* `units`: the unit, then those whose names begin with its own. */
static bool equals(struct psp_meaning *meaning, const uint32_t *units, uint32_t n)
{
    uint32_t with_votes = 0;
    uint64_t own = 0;
    for (uint32_t i = 1; i < n; i++)
        with_votes += move(meaning, units[i], true) > 0;
    own = move(meaning, units[0], false); /* below 0 wraps, and is not 0 then */
    const bool equal = own > 0 && with_votes >= 2 && all_gone(meaning, units, n);
    move(meaning, units[0], true);
    for (uint32_t i = 1; i < n; i++)
        move(meaning, units[i], false);
    return equal;
}

static bool begins(const struct psp_meaning *meaning, uint32_t unit, uint32_t with)
{
    const char *name = name_of(meaning, unit), *begin = name_of(meaning, with);
    const size_t bytes = strlen(begin);
    return meaning->units[unit].parent == meaning->units[with].parent &&
           strncmp(name, begin, bytes) == 0;
}

enum psp_status psp_meaning_prefixes(struct psp_meaning *meaning)
{
    uint32_t *units = calloc((size_t)meaning->unit_n + 1, sizeof *units), n = 0;
    if (units == NULL)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < meaning->unit_n; i++)
        if (meaning->units[i].end > 0 && meaning->units[i].total == PSP_UNIT_NO_TOTAL &&
            name_of(meaning, i)[0] != '\0')
            units[n++] = i;
    qsort_r(units, n, sizeof *units, compare_units, meaning);
    memset(meaning->line_sums, 0, meaning->line_n * sizeof *meaning->line_sums);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t end = i + 1;
        while (end < n && begins(meaning, units[end], units[i]))
            end++;
        if (end - i < 3 || !equals(meaning, units + i, end - i))
            continue;
        const struct psp_returns_row *row =
            &meaning->rows[meaning->order[meaning->units[units[i]].first]];
        PSP_MEANING_TELL(
            meaning, PSP_REPORT_PARTS, row, "%s: %" PRIu32 " others",
            psp_shown(name_of(meaning, units[i]), strlen(name_of(meaning, units[i]))).text,
            end - i - 1);
    }
    free(units);
    return PSP_OK;
}
