/* Votes go into an array of all leaves' cells first: so a choice that the collector
 * named nowhere is found. The collector adds a unit's ballot styles up: a choice that
 * is on several has its place among the cells of the first. */
#include "cli/show/results_returns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"
#include "cli/folder/local.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/show/standing.h"
#include "election/returns/returns.h"

/* Votes of every (leaf, choice of any contest); UNSEEN where none was named, HELD where
 * the collector holds them back. */
#define UNSEEN UINT64_MAX
#define HELD (UINT64_MAX - 1)

struct out {
    FILE *file;
    bool test; /* the cluster is for trying */
};

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

/* Place of the choice among the leaf's cells, style after style; -1: it is on none. */
static int64_t cell_of(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                       uint32_t choice)
{
    int64_t first = 0;
    for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++) {
        const struct psp_style *style = psp_leaf_style(definition, leaf, s);
        const int64_t cell = psp_style_cell(style, contest, choice);
        if (cell >= 0)
            return first + cell;
        first += style->row_cells;
    }
    return -1;
}

/* Every choice of the contest in the leaf. `votes`: of the leaf's cells. */
static void hold(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                 uint64_t *votes)
{
    for (uint32_t c = 0; c < definition->contests[contest].choice_count; c++) {
        const int64_t cell = cell_of(definition, leaf, contest, c);
        if (cell >= 0)
            votes[cell] = HELD;
    }
}

/* Under- and overvotes, in their cells of the first style that has the contest. */
static void place_figures(const json_t *result, const struct psp_definition *definition,
                          uint32_t leaf, uint32_t contest, uint64_t *votes)
{
    uint32_t first = 0;
    for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++) {
        const struct psp_style *style = psp_leaf_style(definition, leaf, s);
        const struct psp_style_contest *entry = psp_style_entry(style, contest);
        if (entry) {
            uint64_t *cells = votes + first + entry->cell + entry->choice_count;
            const json_t *under = json_object_get(result, "undervotes");
            const json_t *over = json_object_get(result, "overvotes");
            cells[0] = json_is_integer(under) ? (uint64_t)json_integer_value(under) : HELD;
            cells[1] = json_is_integer(over) ? (uint64_t)json_integer_value(over) : HELD;
            return;
        }
        first += style->row_cells;
    }
}

static enum psp_status place(const json_t *result, const struct psp_definition *definition,
                             const uint64_t *leaf_first, uint64_t *votes,
                             struct psp_reason *reterr_reason)
{
    const char *unit_id = text(result, "unit"), *contest_id = text(result, "contest");
    const uint32_t unit = psp_definition_unit(definition, unit_id, strlen(unit_id));
    const uint32_t contest = psp_definition_contest(definition, contest_id, strlen(contest_id));
    const uint32_t leaf = unit == PSP_NONE ? PSP_NONE : definition->leaf_of_unit[unit];
    if (leaf == PSP_NONE || contest == PSP_NONE) {
        psp_reason_set(reterr_reason, "unexpected row: unit \"%s\", contest \"%s\"", unit_id,
                       contest_id);
        return PSP_EINVAL;
    }
    if (psp_standing_held(result))
        hold(definition, leaf, contest, votes + leaf_first[leaf]);
    const json_t *entry;
    size_t i;
    json_array_foreach(json_object_get(result, "choices"), i, entry)
    {
        const char *id = text(entry, "choice");
        const uint32_t choice = psp_definition_choice(definition, contest, id, strlen(id));
        const int64_t cell = cell_of(definition, leaf, contest, choice);
        if (cell < 0 || votes[leaf_first[leaf] + (uint64_t)cell] != UNSEEN) {
            psp_reason_set(reterr_reason, "unit \"%s\", contest \"%s\": choice \"%s\" is %s",
                           unit_id, contest_id, id, cell < 0 ? "not on its ballot" : "there twice");
            return PSP_EINVAL;
        }
        votes[leaf_first[leaf] + (uint64_t)cell] =
            (uint64_t)json_integer_value(json_object_get(entry, "votes"));
    }
    place_figures(result, definition, leaf, contest, votes + leaf_first[leaf]);
    return PSP_OK;
}

static enum psp_status print_row(const struct psp_returns_row *row, uint64_t votes,
                                 const struct out *out)
{
    struct psp_csv_field fields[PSP_RETURNS_COLUMNS];
    char number[24];
    for (int c = 0; c < PSP_RETURNS_TEXTS; c++)
        fields[c] = (struct psp_csv_field){row->text[c], strlen(row->text[c])};
    const int bytes = snprintf(number, sizeof number, "%" PRIu64, votes);
    fields[PSP_COLUMN_VOTES] = (struct psp_csv_field){number, (size_t)bytes};
    fputs(psp_mode_csv_field(out->test), out->file);
    return psp_csv_write(out->file, fields, PSP_RETURNS_COLUMNS);
}

/* Figures that are no choices, where the contest's returns had lines for them. */
static enum psp_status print_figures(const struct psp_definition *definition, uint32_t leaf,
                                     const struct psp_style_contest *entry, const uint64_t *votes,
                                     const struct out *out)
{
    enum psp_status status = PSP_OK;
    for (uint32_t over = 0; over < 2 && status == PSP_OK; over++) {
        struct psp_returns_row row;
        const uint64_t count = votes[entry->cell + entry->choice_count + over];
        if (count != UNSEEN && count != HELD &&
            psp_returns_printed(definition, leaf, entry->contest, over == 1, &row))
            status = print_row(&row, count, out);
    }
    return status;
}

/* Those of the style's choices that no style before it has. `first`: of its cells. */
static enum psp_status print_style(const struct psp_definition *definition, uint32_t leaf,
                                   const struct psp_style *style, uint32_t first,
                                   const uint64_t *votes, const struct out *out,
                                   struct psp_reason *reterr_reason)
{
    const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < style->contest_count && status == PSP_OK; c++) {
        const struct psp_style_contest *contest = &style->contests[c];
        for (uint32_t i = 0; i < contest->choice_count && status == PSP_OK; i++) {
            const uint64_t count = votes[first + contest->cell + i];
            if (count == HELD || cell_of(definition, leaf, contest->contest, contest->choices[i]) !=
                                     (int64_t)first + contest->cell + i)
                continue;
            if (count == UNSEEN) {
                psp_reason_set(reterr_reason,
                               "the collector names no votes for unit \"%s\", contest \"%s\"",
                               unit->id, definition->contests[contest->contest].id);
                return PSP_EINVAL;
            }
            struct psp_returns_row row;
            psp_returns_columns(definition, leaf, contest->contest, contest->choices[i], &row);
            status = print_row(&row, count, out);
        }
        if (status == PSP_OK)
            status = print_figures(definition, leaf, contest, votes + first, out);
    }
    return status;
}

static enum psp_status print_leaf(const struct psp_definition *definition, uint32_t leaf,
                                  const uint64_t *votes, const struct out *out,
                                  struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    uint32_t first = 0;
    for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf) && status == PSP_OK; s++) {
        const struct psp_style *style = psp_leaf_style(definition, leaf, s);
        status = print_style(definition, leaf, style, first, votes, out, reterr_reason);
        first += style->row_cells;
    }
    return status;
}

static void print_header(const struct out *out)
{
    fputs(psp_mode_csv_heading(out->test), out->file);
    for (int c = 0; c < PSP_RETURNS_COLUMNS; c++)
        fprintf(out->file, "%s%s", c ? "," : "",
                psp_returns_column_name((enum psp_returns_column)c));
    fputc('\n', out->file);
}

enum psp_status psp_results_returns_print(const json_t *results,
                                          const struct psp_definition *definition, bool test,
                                          FILE *file, struct psp_reason *reterr_reason)
{
    const struct out out = {file, test};
    uint64_t *leaf_first = psp_memory_array(definition->leaf_count + 1, sizeof *leaf_first);
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        leaf_first[leaf + 1] = leaf_first[leaf];
        for (uint32_t s = 0; s < psp_leaf_style_count(definition, leaf); s++)
            leaf_first[leaf + 1] += psp_leaf_style(definition, leaf, s)->row_cells;
    }
    const uint64_t cells = leaf_first[definition->leaf_count];
    uint64_t *votes = psp_memory_array(cells, sizeof *votes);
    for (uint64_t i = 0; i < cells; i++)
        votes[i] = UNSEEN;
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < json_array_size(results) && status == PSP_OK; i++)
        status = place(json_array_get(results, i), definition, leaf_first, votes, reterr_reason);
    if (status == PSP_OK)
        print_header(&out);
    for (uint32_t leaf = 0; leaf < definition->leaf_count && status == PSP_OK; leaf++)
        status = print_leaf(definition, leaf, votes + leaf_first[leaf], &out, reterr_reason);
    if (status == PSP_EIO)
        psp_reason_set(reterr_reason, "could not write the output");
    free(votes);
    free(leaf_first);
    return status;
}
