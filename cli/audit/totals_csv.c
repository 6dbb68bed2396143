/* Adds leaves up into the units above them, one contest at a time: a nation's
 * precincts times all its contests would not fit into memory at once. */
#include "cli/audit/totals_csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"

struct figures { /* of the contest in a unit */
    uint64_t ballots, undervotes, overvotes;
};

struct sums {
    const struct psp_totals *totals;
    const bool *left_out;
    const struct psp_contest *contest;
    uint32_t contest_position;
    uint64_t *votes;         /* [unit_count * choice_count] */
    uint8_t *present;        /* the same: the choice stands on a ballot there */
    struct figures *figures; /* [unit_count] */
};

static void add_up(struct sums *sums, uint32_t leaf, uint32_t choice, uint64_t votes)
{
    const struct psp_definition *definition = sums->totals->definition;
    for (uint32_t unit = definition->leaves[leaf]; unit != PSP_NONE;
         unit = definition->units[unit].parent) {
        const size_t place = (size_t)unit * sums->contest->choice_count + choice;
        sums->votes[place] += votes;
        sums->present[place] = 1;
        if (unit == sums->contest->unit)
            return;
    }
}

/* Ballots of one row, where the contest is on them. */
static void add_figures(struct sums *sums, uint32_t leaf, const struct psp_style_contest *entry,
                        const uint64_t *cells)
{
    const struct psp_definition *definition = sums->totals->definition;
    const uint64_t *left = cells + entry->cell + entry->choice_count;
    for (uint32_t unit = definition->leaves[leaf]; unit != PSP_NONE;
         unit = definition->units[unit].parent) {
        sums->figures[unit].ballots += cells[0];
        sums->figures[unit].undervotes += left[0];
        sums->figures[unit].overvotes += left[1];
        if (unit == sums->contest->unit)
            return;
    }
}

/* What the leaf's ballots of one style add. */
static void fill_style(struct sums *sums, uint32_t leaf, uint32_t style, uint32_t method)
{
    const struct psp_totals *totals = sums->totals;
    const struct psp_definition *definition = totals->definition;
    const struct psp_style_contest *entry =
        psp_style_entry(psp_leaf_style(definition, leaf, style), sums->contest_position);
    for (uint32_t m = 0; entry && m < definition->method_count; m++)
        if (method == PSP_NONE || method == m)
            add_figures(sums, leaf, entry,
                        totals->cells + totals->row_first[psp_totals_row(totals, leaf, style, m)]);
    for (uint32_t c = 0; c < sums->contest->choice_count; c++) {
        const int64_t cell =
            psp_style_cell(psp_leaf_style(definition, leaf, style), sums->contest_position, c);
        uint64_t votes = 0;
        if (cell < 0)
            continue;
        for (uint32_t m = 0; m < definition->method_count; m++) {
            const uint32_t row = psp_totals_row(totals, leaf, style, m);
            if (method == PSP_NONE || method == m)
                votes += totals->cells[totals->row_first[row] + (uint64_t)cell];
        }
        add_up(sums, leaf, c, votes);
    }
}

/* `method` PSP_NONE: all of them. */
static void fill(struct sums *sums, uint32_t method)
{
    const struct psp_definition *definition = sums->totals->definition;
    const size_t cells = (size_t)definition->unit_count * sums->contest->choice_count;
    memset(sums->votes, 0, cells * sizeof *sums->votes);
    memset(sums->figures, 0, definition->unit_count * sizeof *sums->figures);
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        for (uint32_t style = 0; style < psp_leaf_style_count(definition, leaf); style++)
            fill_style(sums, leaf, style, method);
}

static void put_field(FILE *file, const char *text)
{
    const size_t bytes = strlen(text), room = 2 * bytes + 3;
    char *quoted = psp_memory_array(room, 1);
    fwrite(quoted, 1, psp_csv_quote(text, bytes, quoted, room), file);
    putc(',', file);
    free(quoted);
}

static void print(const struct sums *sums, uint32_t method, bool test, FILE *file)
{
    const struct psp_definition *definition = sums->totals->definition;
    for (uint32_t u = 0; u < definition->unit_count; u++) {
        const struct psp_unit *unit = &definition->units[u];
        for (uint32_t c = 0; c < sums->contest->choice_count; c++) {
            const size_t place = (size_t)u * sums->contest->choice_count + c;
            const struct psp_choice *choice = &sums->contest->choices[c];
            if (!sums->present[place] || (sums->left_out && sums->left_out[u]))
                continue;
            fputs(psp_mode_csv_field(test), file);
            put_field(file, sums->contest->id);
            put_field(file, unit->id);
            put_field(file, unit->name);
            put_field(file, definition->levels[unit->level].id);
            put_field(file, method == PSP_NONE ? "" : definition->methods[method].id);
            put_field(file, choice->id);
            put_field(file, choice->name);
            put_field(file, choice->party == PSP_NONE ? "" : definition->parties[choice->party].id);
            fprintf(file, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", sums->votes[place],
                    sums->figures[u].ballots, sums->figures[u].undervotes,
                    sums->figures[u].overvotes);
        }
    }
}

void psp_totals_csv_print(const struct psp_totals *totals, const bool *left_out, bool test,
                          FILE *file)
{
    const struct psp_definition *definition = totals->definition;
    fprintf(file,
            "%scontest,unit,unit_name,level,method,choice,choice_name,party,votes,ballots,"
            "undervotes,overvotes\n",
            psp_mode_csv_heading(test));
    for (uint32_t c = 0; c < definition->contest_count; c++) {
        struct sums sums = {.totals = totals,
                            .left_out = left_out,
                            .contest = &definition->contests[c],
                            .contest_position = c};
        const size_t cells = (size_t)definition->unit_count * sums.contest->choice_count;
        sums.votes = psp_memory_array(cells, sizeof *sums.votes);
        sums.present = psp_memory_array(cells, sizeof *sums.present);
        sums.figures = psp_memory_array(definition->unit_count, sizeof *sums.figures);
        for (uint32_t m = 0; m <= definition->method_count; m++) {
            fill(&sums, m == 0 ? PSP_NONE : m - 1);
            print(&sums, m == 0 ? PSP_NONE : m - 1, test, file);
        }
        free(sums.votes);
        free(sums.present);
        free(sums.figures);
    }
}
