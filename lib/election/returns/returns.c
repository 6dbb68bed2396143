/* The columns by name, and the columns of a place in a definition. */
#include "election/returns/returns.h"

#include <stdlib.h>
#include <string.h>

#include "election/returns/inner.h"
#include "election/returns/state_names.h"

static const char *const column_names[PSP_RETURNS_COLUMNS] = {
    [PSP_COLUMN_STATE] = "state",
    [PSP_COLUMN_COUNTY] = "county",
    [PSP_COLUMN_COUNTY_FIPS] = "county_fips",
    [PSP_COLUMN_PRECINCT] = "precinct",
    [PSP_COLUMN_OFFICE] = "office",
    [PSP_COLUMN_DISTRICT] = "district",
    [PSP_COLUMN_PARTY] = "party",
    [PSP_COLUMN_CANDIDATE] = "candidate",
    [PSP_COLUMN_VOTES] = "votes",
};

const char *psp_returns_column_name(enum psp_returns_column column)
{
    return column_names[column];
}

/* Texts of one file are one pointer each; contests of several seats are few. */
uint32_t psp_returns_seats_of(const struct psp_returns *returns, const struct psp_returns_row *row)
{
    for (uint32_t i = 0; i < returns->seats_n; i++)
        if (returns->seats[i].office == row->text[PSP_COLUMN_OFFICE] &&
            returns->seats[i].district == row->text[PSP_COLUMN_DISTRICT] &&
            returns->seats[i].state == row->text[PSP_COLUMN_STATE])
            return returns->seats[i].n;
    return 1;
}

void psp_returns_destroy(struct psp_returns **returns)
{
    if (*returns == NULL)
        return;
    struct psp_returns_whole *whole = (struct psp_returns_whole *)*returns;
    psp_pool_free(&whole->pool);
    free(whole->rows);
    free(whole->files);
    free(whole->seats);
    free(whole);
    *returns = NULL;
}

void psp_returns_place_columns(const struct psp_definition *definition, uint32_t position,
                               struct psp_returns_row *ret_row)
{
    struct psp_returns_row row = {.text = {"", "", "", "", "", "", "", ""}};
    for (uint32_t at = position; at != PSP_NONE; at = definition->units[at].parent) {
        const struct psp_unit *unit = &definition->units[at];
        switch (definition->levels[unit->level].known) {
        case PSP_NATION:
            break;
        case PSP_STATE:
            row.text[PSP_COLUMN_STATE] = psp_state_name(unit->code) ? unit->code : unit->name;
            break;
        case PSP_COUNTY:
            row.text[PSP_COLUMN_COUNTY] = unit->name;
            row.text[PSP_COLUMN_COUNTY_FIPS] = unit->code;
            break;
        case PSP_PRECINCT:
            row.text[PSP_COLUMN_PRECINCT] = unit->name;
            break;
        case PSP_OWN_LEVEL: /* no column but that of the unit itself knows it */
            if (at == position)
                row.text[PSP_COLUMN_PRECINCT] = unit->name;
            break;
        }
    }
    *ret_row = row;
}

void psp_returns_unit_columns(const struct psp_definition *definition, uint32_t leaf,
                              struct psp_returns_row *ret_row)
{
    psp_returns_place_columns(definition, definition->leaves[leaf], ret_row);
}

const char *psp_returns_candidate(const struct psp_definition *definition,
                                  const struct psp_choice *choice)
{
    const bool list = choice->kind == PSP_CHOICE_CANDIDATE && choice->candidate == PSP_NONE &&
                      choice->party != PSP_NONE;
    return list && strcmp(choice->name, definition->parties[choice->party].name) == 0
               ? ""
               : choice->name;
}

bool psp_returns_printed(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                         bool overvotes, struct psp_returns_row *ret_row)
{
    const struct psp_contest *about = &definition->contests[contest];
    const struct psp_printed *printed = overvotes ? &about->overvotes : &about->undervotes;
    if (printed->name == NULL)
        return false;
    psp_returns_unit_columns(definition, leaf, ret_row);
    ret_row->text[PSP_COLUMN_OFFICE] = about->office;
    ret_row->text[PSP_COLUMN_DISTRICT] = about->district;
    ret_row->text[PSP_COLUMN_PARTY] = printed->party;
    ret_row->text[PSP_COLUMN_CANDIDATE] = printed->name;
    return true;
}

void psp_returns_columns(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                         uint32_t choice, struct psp_returns_row *ret_row)
{
    struct psp_returns_row row;
    psp_returns_unit_columns(definition, leaf, &row);
    const struct psp_contest *about = &definition->contests[contest];
    row.text[PSP_COLUMN_OFFICE] = about->office;
    row.text[PSP_COLUMN_DISTRICT] = about->district;
    const struct psp_choice *line = &about->choices[choice];
    if (line->party != PSP_NONE)
        row.text[PSP_COLUMN_PARTY] = definition->parties[line->party].name;
    row.text[PSP_COLUMN_CANDIDATE] = psp_returns_candidate(definition, line);
    *ret_row = row;
}
