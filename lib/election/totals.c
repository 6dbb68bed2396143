/* A row keeps the log index that changed it last: what is new since an index is found by that. */
#include "election/totals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "election/ballot.h"
#include "election/rows.h"

struct psp_totals_place psp_totals_row_place(const struct psp_totals *totals, uint32_t row)
{
    const struct psp_definition *definition = totals->definition;
    assert(row < totals->row_count);
    const uint32_t at = row / definition->method_count;
    const uint32_t *first = definition->leaf_style_first;
    uint32_t low = 0, high = definition->leaf_count - 1; /* the last leaf that begins by `at` */
    while (low < high) {
        const uint32_t middle = high - (high - low) / 2;
        if (first[middle] <= at)
            low = middle;
        else
            high = middle - 1;
    }
    assert(first[low] <= at && at < first[low + 1]);
    return (struct psp_totals_place){
        .leaf = low, .style = at - first[low], .method = row % definition->method_count};
}

enum psp_status psp_totals_create(const struct psp_definition *definition,
                                  struct psp_totals **ret_totals)
{
    struct psp_totals *totals = calloc(1, sizeof *totals);
    if (totals == NULL)
        return PSP_ENOMEM;
    totals->definition = definition;
    totals->row_count =
        definition->leaf_style_first[definition->leaf_count] * definition->method_count;
    totals->row_first = calloc((size_t)totals->row_count + 1, sizeof *totals->row_first);
    totals->row_index = calloc(totals->row_count, sizeof *totals->row_index);
    if (totals->row_first == NULL || totals->row_index == NULL)
        goto no_memory;
    uint32_t row_cells_max = 1; /* no zero size, here and for the cells */
    for (uint32_t row = 0; row < totals->row_count; row++) {
        const uint32_t row_cells = psp_totals_row_style(totals, row)->row_cells;
        totals->row_first[row] = totals->cell_count;
        totals->cell_count += row_cells;
        row_cells_max = row_cells > row_cells_max ? row_cells : row_cells_max;
    }
    assert(totals->row_count == 0 || totals->cell_count >= totals->row_count); /* cell 0 of each */
    totals->row_first[totals->row_count] = totals->cell_count;
    totals->cells = calloc(totals->cell_count + 1, sizeof *totals->cells);
    totals->changes = malloc(row_cells_max * sizeof *totals->changes);
    if (totals->cells == NULL || totals->changes == NULL)
        goto no_memory;
    *ret_totals = totals;
    return PSP_OK;
no_memory:
    psp_totals_destroy(&totals);
    return PSP_ENOMEM;
}

void psp_totals_destroy(struct psp_totals **totals)
{
    if (*totals == NULL)
        return;
    free((*totals)->cells);
    free((*totals)->changes);
    free((*totals)->row_first);
    free((*totals)->row_index);
    free(*totals);
    *totals = NULL;
}

/* The row that a ballot would go to, PSP_NONE when none of this unit, style and method can
 * be valid. */
static uint32_t row_of_ballot(const struct psp_definition *definition, uint32_t unit,
                              uint32_t style, uint8_t method)
{
    if (unit >= definition->unit_count || method >= definition->method_count)
        return PSP_NONE;
    const struct psp_unit *at = &definition->units[unit];
    if (style == 0 || style > at->style_count)
        return PSP_NONE;
    const uint32_t first = (uint32_t)(at->styles - definition->leaf_styles);
    assert(first + style <= definition->leaf_style_first[definition->leaf_count]);
    return (first + style - 1) * definition->method_count + method;
}

static struct psp_totals_change *put_change(struct psp_totals_change *at, uint32_t cell,
                                            uint32_t add)
{
    *at = (struct psp_totals_change){cell, add};
    return at + 1;
}

static struct psp_totals_change *put_blank(struct psp_totals_change *at,
                                           const struct psp_style_contest *entry)
{
    return put_change(at, entry->cell + entry->choice_count, entry->votes_allowed);
}

/* The `n` choices marked in one contest of the style. */
static struct psp_totals_change *read_choices(struct psp_totals_change *at,
                                              const struct psp_style_contest *entry, uint32_t n,
                                              const uint8_t **marks, bool *valid)
{
    const bool over = n > entry->votes_allowed;
    uint32_t previous = PSP_NONE;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t choice = psp_marks_next(marks);
        if (choice == previous || choice >= entry->slot_count || entry->slot_of_choice[choice] < 0)
            *valid = false;
        else if (!over)
            at = put_change(at, entry->cell + (uint32_t)entry->slot_of_choice[choice], 1);
        previous = choice;
    }
    const uint32_t under = entry->cell + entry->choice_count;
    if (over)
        return put_change(at, under + 1, entry->votes_allowed);
    return n < entry->votes_allowed ? put_change(at, under, entry->votes_allowed - n) : at;
}

/* Marks and the style's contests are both ascending, so that one walk over the
 * two finds each contest, and a repeat stands next to the first. */
struct psp_totals_ballot psp_totals_read(struct psp_totals *totals, uint32_t unit, uint32_t style,
                                         uint8_t method, const uint8_t *marks)
{
    const struct psp_definition *definition = totals->definition;
    const uint32_t row = row_of_ballot(definition, unit, style, method);
    bool valid = row != PSP_NONE;
    const struct psp_style *paper =
        valid ? &definition->styles[definition->units[unit].styles[style - 1]] : NULL;
    const struct psp_style_contest *entry = valid ? paper->contests : NULL;
    const struct psp_style_contest *end = valid ? entry + paper->contest_count : NULL;
    struct psp_totals_change *at = totals->changes;
    for (uint32_t contests = psp_marks_next(&marks); contests > 0; contests--) {
        const uint32_t contest = psp_marks_next(&marks);
        const uint32_t n = psp_marks_next(&marks);
        for (; entry < end && entry->contest < contest; entry++)
            at = put_blank(at, entry);
        if (entry < end && entry->contest == contest) {
            at = read_choices(at, entry, n, &marks, &valid);
            entry++; /* a contest repeated finds its entry used up */
            continue;
        }
        valid = false;
        for (uint32_t i = 0; i < n; i++)
            psp_marks_next(&marks);
    }
    for (; entry < end; entry++)
        at = put_blank(at, entry);
    assert(!valid || at - totals->changes < paper->row_cells); /* room for the longest row */
    return (struct psp_totals_ballot){
        .end = marks,
        .valid = valid,
        .row = valid ? row : PSP_NONE,
        .change_count = (uint32_t)(at - totals->changes),
    };
}

void psp_totals_add(struct psp_totals *totals, const struct psp_totals_ballot *ballot,
                    uint64_t index)
{
    assert(ballot->valid);
    assert(ballot->row < totals->row_count);
    assert(index >= totals->row_index[ballot->row]);
    uint64_t *cells = totals->cells + totals->row_first[ballot->row];
    totals->row_index[ballot->row] = index;
    cells[0]++;
    for (uint32_t i = 0; i < ballot->change_count; i++)
        cells[totals->changes[i].cell] += totals->changes[i].add;
}

/* Writes what fits and counts what is needed. */
struct out {
    uint8_t *bytes;
    size_t size, length;
};

static void put(struct out *out, uint64_t value)
{
    uint8_t bytes[PSP_CELL_BYTES_MAX];
    const size_t n = (size_t)(psp_rows_put(bytes, value) - bytes);
    for (size_t i = 0; i < n; i++, out->length++) {
        if (out->length < out->size)
            out->bytes[out->length] = bytes[i];
    }
}

size_t psp_totals_encode_since(const struct psp_totals *totals, uint64_t base, uint8_t *ret_bytes,
                               size_t size)
{
    struct out out = {ret_bytes, size, 0};
    uint32_t unwritten = 0; /* first row after the last one written */
    for (uint32_t row = 0; row < totals->row_count; row++) {
        if (totals->row_index[row] <= base)
            continue;
        put(&out, row - unwritten);
        unwritten = row + 1;
        put(&out, 0); /* its revision: nothing corrects a count yet */
        for (uint64_t cell = totals->row_first[row]; cell < totals->row_first[row + 1]; cell++)
            put(&out, totals->cells[cell]);
    }
    return out.length;
}

/* One walk over the encoding: checks only, or (write) replaces as it goes. */
static bool walk(struct psp_totals *totals, const uint8_t *bytes, size_t length, uint64_t index,
                 bool write)
{
    struct psp_rows rows = {.at = bytes, .end = bytes + length};
    while (rows.at != rows.end) {
        uint32_t row, revision;
        if (!psp_rows_next(&rows, totals->row_count, &row) || !psp_rows_revision(&rows, &revision))
            return false;
        for (uint64_t cell = totals->row_first[row]; cell < totals->row_first[row + 1]; cell++) {
            uint64_t value;
            if (!psp_rows_cell(&rows, &value))
                return false;
            if (write)
                totals->cells[cell] = value;
        }
        if (write)
            totals->row_index[row] = index;
    }
    return true;
}

enum psp_status psp_totals_replace(struct psp_totals *totals, const uint8_t *bytes, size_t length,
                                   uint64_t index)
{
    if (!walk(totals, bytes, length, index, false))
        return PSP_EINVAL;
    const bool written = walk(totals, bytes, length, index, true);
    assert(written);
    return PSP_OK;
}

static bool row_balances(const struct psp_style *style, const uint64_t *cells)
{
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_style_contest *entry = &style->contests[i];
        uint64_t sum = 0;
        for (uint32_t j = 0; j < entry->choice_count + 2; j++)
            sum += cells[entry->cell + j];
        if (sum != entry->votes_allowed * cells[0])
            return false;
    }
    return true;
}

/* promise 3: what the ballots allowed is what was marked or left out */
uint32_t psp_totals_unbalanced_row(const struct psp_totals *totals)
{
    for (uint32_t row = 0; row < totals->row_count; row++)
        if (!row_balances(psp_totals_row_style(totals, row),
                          totals->cells + totals->row_first[row]))
            return row;
    return PSP_NONE;
}
