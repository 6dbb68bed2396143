/* Sums of every line over the units of one parent; what equals them is a total. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "base/text/utf8.h"
#include "election/import/meaning/inner.h"

enum { UNIT_TEXTS = PSP_COLUMN_PRECINCT + 1 };

/* Position of what has this key; *ret_new: it has been added. PSP_NONE: no memory. */
static uint32_t find_or_add(struct psp_meaning *meaning, struct psp_id_index *index,
                            const void *key, size_t bytes, bool *ret_new)
{
    const uint32_t known = psp_id_index_find(index, 0, key, bytes);
    *ret_new = known == PSP_NONE;
    if (known != PSP_NONE)
        return known;
    const uint32_t position = index->count;
    const char *kept = psp_pool_string(&meaning->pool, key, bytes);
    uint32_t ignored;
    if (kept == NULL || psp_id_index_add(index, 0, kept, bytes, position, &ignored) != PSP_OK)
        return PSP_NONE;
    return position;
}

/* The unit of these columns, `n` of which are told: 4 a precinct, 3 a county, 1 a
 * state, 0 all of it. Its parents come with it. */
static uint32_t unit_of(struct psp_meaning *meaning, const char *const *text, unsigned n)
{
    const char *key[UNIT_TEXTS] = {"", "", "", ""};
    for (unsigned i = 0; i < n; i++)
        key[i] = text[i];
    bool is_new;
    const uint32_t unit =
        find_or_add(meaning, &meaning->unit_index, (const char *)key, sizeof key, &is_new);
    if (unit == PSP_NONE || !is_new)
        return unit;
    if (!PSP_GROW(meaning->units, meaning->unit_capacity, (size_t)unit + 1))
        return PSP_NONE;
    meaning->unit_n = unit + 1;
    struct psp_meaning_unit made = {.parent = PSP_NONE};
    memcpy(made.text, key, sizeof key);
    meaning->units[unit] = made;
    if (n > 0) {
        const bool county =
            key[PSP_COLUMN_COUNTY][0] != '\0' || key[PSP_COLUMN_COUNTY_FIPS][0] != '\0';
        const unsigned above = n == UNIT_TEXTS && county ? UNIT_TEXTS - 1 : n > 1 ? 1 : 0;
        const uint32_t parent = unit_of(meaning, text, above);
        if (parent == PSP_NONE)
            return PSP_NONE;
        meaning->units[unit].parent = parent;
        meaning->units[parent].has_units = true;
    }
    return unit;
}

static uint32_t unit_of_row(struct psp_meaning *meaning, const struct psp_returns_row *row)
{
    const char *const *text = row->text;
    unsigned n = text[PSP_COLUMN_STATE][0] != '\0' ? 1 : 0;
    if (text[PSP_COLUMN_COUNTY][0] != '\0' || text[PSP_COLUMN_COUNTY_FIPS][0] != '\0')
        n = UNIT_TEXTS - 1;
    if (text[PSP_COLUMN_PRECINCT][0] != '\0')
        n = UNIT_TEXTS;
    return unit_of(meaning, text, n);
}

/* The contest and the line of a row among the units of `parent`. */
static enum psp_status line_of(struct psp_meaning *meaning, const struct psp_returns_row *row,
                               uint32_t parent, struct psp_meaning_place *place)
{
    const struct {
        uint64_t parent;
        const char *office, *district;
    } contest = {parent, row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_DISTRICT]};
    bool is_new;
    place->contest =
        find_or_add(meaning, &meaning->contest_index, &contest, sizeof contest, &is_new);
    if (place->contest == PSP_NONE ||
        !PSP_GROW(meaning->contests, meaning->contest_capacity, (size_t)place->contest + 1))
        return PSP_ENOMEM;
    if (is_new)
        meaning->contests[meaning->contest_n++] = (struct psp_meaning_contest){0};
    const struct {
        uint64_t contest;
        const char *party, *candidate;
    } line = {place->contest, row->text[PSP_COLUMN_PARTY], row->text[PSP_COLUMN_CANDIDATE]};
    place->line = find_or_add(meaning, &meaning->line_index, &line, sizeof line, &is_new);
    if (place->line == PSP_NONE ||
        !PSP_GROW(meaning->line_sums, meaning->line_capacity, (size_t)place->line + 1))
        return PSP_ENOMEM;
    if (is_new)
        meaning->line_sums[meaning->line_n++] = 0;
    return PSP_OK;
}

static int compare_rows(const void *left, const void *right, void *context)
{
    const struct psp_meaning_place *places = context;
    const struct psp_meaning_place *a = &places[*(const uint32_t *)left];
    const struct psp_meaning_place *b = &places[*(const uint32_t *)right];
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    if (a->contest != b->contest)
        return a->contest < b->contest ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (left > right) - (left < right);
}

/* Rows by unit. A unit with units in it is compared with them, so its rows have
 * their contests there; who has units in it is known only at the end. */
static enum psp_status place_rows(struct psp_meaning *meaning)
{
    for (size_t i = 0; i < meaning->n; i++) {
        meaning->places[i].unit = unit_of_row(meaning, &meaning->rows[i]);
        if (meaning->places[i].unit == PSP_NONE)
            return PSP_ENOMEM;
    }
    for (size_t i = 0; i < meaning->n; i++) {
        const uint32_t unit = meaning->places[i].unit;
        const uint32_t parent = meaning->units[unit].has_units ? unit : meaning->units[unit].parent;
        if (line_of(meaning, &meaning->rows[i], parent, &meaning->places[i]) != PSP_OK)
            return PSP_ENOMEM;
        meaning->order[i] = (uint32_t)i;
    }
    qsort_r(meaning->order, meaning->n, sizeof *meaning->order, compare_rows, meaning->places);
    for (uint32_t i = 0; i < meaning->n; i++) {
        struct psp_meaning_unit *unit = &meaning->units[meaning->places[meaning->order[i]].unit];
        unit->first = unit->end == 0 ? i : unit->first;
        unit->end = i + 1;
    }
    return PSP_OK;
}

/* The next run of rows of one line, or of one contest, that are votes. */
struct run {
    uint32_t begin, end;
    uint64_t votes;
};

static bool next_line(const struct psp_meaning *meaning, uint32_t *at, uint32_t end,
                      struct run *ret_run)
{
    while (*at < end && !psp_meaning_has_votes(&meaning->rows[meaning->order[*at]]))
        ++*at;
    if (*at == end)
        return false;
    *ret_run = (struct run){.begin = *at};
    const uint32_t line = meaning->places[meaning->order[*at]].line;
    for (; *at < end && meaning->places[meaning->order[*at]].line == line; ++*at)
        ret_run->votes += meaning->rows[meaning->order[*at]].votes;
    ret_run->end = *at;
    return true;
}

/* Adds a unit's lines to the sums of its parent's. */
static void add_unit(struct psp_meaning *meaning, const struct psp_meaning_unit *unit)
{
    struct run run;
    uint32_t contest = PSP_NONE;
    bool counted = false;
    for (uint32_t at = unit->first; next_line(meaning, &at, unit->end, &run);) {
        const struct psp_meaning_place *place = &meaning->places[meaning->order[run.begin]];
        counted = counted && place->contest == contest;
        contest = place->contest;
        meaning->line_sums[place->line] += run.votes;
        if (run.votes > 0 && !counted) {
            meaning->contests[contest].units_with_votes++;
            counted = true;
        }
    }
}

static const struct psp_returns_row *row_at(const struct psp_meaning *meaning, uint32_t at)
{
    return &meaning->rows[meaning->order[at]];
}

struct unit_name {
    char text[2 * sizeof(struct psp_shown) + 2];
};

/* "Alpha, One". */
static struct unit_name name_of(const struct psp_meaning_unit *unit)
{
    struct unit_name name;
    const char *precinct = unit->text[PSP_COLUMN_PRECINCT];
    const char *within = unit->text[PSP_COLUMN_COUNTY][0] != '\0' ? unit->text[PSP_COLUMN_COUNTY]
                                                                  : unit->text[PSP_COLUMN_STATE];
    snprintf(name.text, sizeof name.text, "%s%s%s", psp_shown(within, strlen(within)).text,
             precinct[0] != '\0' ? ", " : "", psp_shown(precinct, strlen(precinct)).text);
    return name;
}

/* How a unit compares with the sum of its siblings, or of the units in it. */
struct fit {
    uint32_t fitting, contests; /* contests with votes, and how many of them fit */
    bool all_lines;             /* every line of every contest fits */
    uint32_t differs;           /* a row of the first line that does not, or PSP_NONE */
    uint64_t votes, others;     /* of that line */
};

/* `of_itself`: the unit's own votes are in the sums. */
static struct fit fit_of(const struct psp_meaning *meaning, const struct psp_meaning_unit *unit,
                         bool of_itself)
{
    struct fit fit = {.all_lines = true, .differs = PSP_NONE};
    struct run run;
    for (uint32_t at = unit->first, begin = at; begin < unit->end; begin = at) {
        const uint32_t contest = meaning->places[meaning->order[begin]].contest;
        uint32_t end = begin;
        while (end < unit->end && meaning->places[meaning->order[end]].contest == contest)
            end++;
        bool fits = true, votes = false;
        if (!of_itself && meaning->contests[contest].units_with_votes == 0) {
            at = end; /* nobody else counts it */
            continue;
        }
        for (at = begin; next_line(meaning, &at, end, &run);) {
            const uint64_t sum =
                meaning->line_sums[meaning->places[meaning->order[run.begin]].line];
            const uint64_t others = sum - (of_itself ? run.votes : 0);
            votes |= run.votes > 0;
            if (others == run.votes)
                continue;
            fits = false;
            if (fit.differs == PSP_NONE) {
                fit.differs = run.begin;
                fit.votes = run.votes;
                fit.others = others;
            }
        }
        at = end;
        const uint32_t others =
            meaning->contests[contest].units_with_votes - (of_itself && votes ? 1 : 0);
        fit.all_lines &= fits && (!votes || !of_itself || others >= 2);
        fit.contests += votes;
        fit.fitting += votes && fits && (!of_itself || others >= 2);
    }
    return fit;
}

/* Rows of a county whose precincts have the same contest; without one, nobody else
 * counts what they say. Returns how many are left out. */
static uint32_t leave_unit(struct psp_meaning *meaning, const struct psp_meaning_unit *unit)
{
    uint32_t n = 0;
    for (uint32_t at = unit->first; at < unit->end; at++) {
        const uint32_t contest = meaning->places[meaning->order[at]].contest;
        const bool there = meaning->contests[contest].units_with_votes > 0 ||
                           !psp_meaning_has_votes(row_at(meaning, at));
        if (there || !unit->has_units) {
            meaning->leave_out[meaning->order[at]] = true;
            n++;
        } else {
            PSP_MEANING_TELL(meaning, PSP_REPORT_COUNTY_ONLY, row_at(meaning, at), "%s: %s",
                             name_of(unit).text, row_at(meaning, at)->text[PSP_COLUMN_OFFICE]);
        }
    }
    return n;
}

/* Leaves the unit's rows out, and says so. */
static void leave_total(struct psp_meaning *meaning, const struct psp_meaning_unit *unit,
                        const struct fit *fit)
{
    const struct psp_returns_row *first = row_at(meaning, unit->first);
    const uint32_t rows = leave_unit(meaning, unit);
    if (rows == 0)
        return;
    if (fit->differs == PSP_NONE) {
        PSP_MEANING_TELL(meaning, PSP_REPORT_TOTAL_UNIT, first, "%s: %" PRIu32 " rows",
                         name_of(unit).text, rows);
        return;
    }
    const struct psp_returns_row *row = row_at(meaning, fit->differs);
    PSP_MEANING_TELL(meaning, PSP_REPORT_TOTAL_UNIT_DIFFERS, row,
                     "%s: %" PRIu32 " rows; %s, %s: %" PRIu64 ", its parts have %" PRIu64,
                     name_of(unit).text, rows, row->text[PSP_COLUMN_OFFICE],
                     row->text[PSP_COLUMN_CANDIDATE], fit->votes, fit->others);
}

static enum psp_status find_named(struct psp_meaning *meaning)
{
    for (uint32_t i = 0; i < meaning->unit_n; i++) {
        struct psp_meaning_unit *unit = &meaning->units[i];
        const char *name = unit->text[PSP_COLUMN_PRECINCT][0] != '\0'
                               ? unit->text[PSP_COLUMN_PRECINCT]
                               : unit->text[PSP_COLUMN_COUNTY];
        bool total = false;
        if (unit->end > 0 && name[0] != '\0' && psp_kinds_unit_total(name, &total) != PSP_OK)
            return PSP_ENOMEM;
        const bool county = unit->text[PSP_COLUMN_COUNTY][0] != '\0' ||
                            unit->text[PSP_COLUMN_COUNTY_FIPS][0] != '\0';
        if (total || (unit->has_units && county && unit->end > 0))
            unit->total = PSP_UNIT_TOTAL_BY_NAME;
        else if (unit->end > 0 && !unit->has_units)
            add_unit(meaning, unit);
    }
    return PSP_OK;
}

/* A unit alone named "Total" is all there is. */
static bool has_siblings(const struct psp_meaning *meaning, const struct psp_meaning_unit *unit)
{
    for (uint32_t at = unit->first; at < unit->end; at++)
        if (meaning->contests[meaning->places[meaning->order[at]].contest].units_with_votes > 0)
            return true;
    return false;
}

static void judge_named(struct psp_meaning *meaning)
{
    for (uint32_t i = 0; i < meaning->unit_n; i++) {
        struct psp_meaning_unit *unit = &meaning->units[i];
        if (unit->total != PSP_UNIT_TOTAL_BY_NAME)
            continue;
        if (!unit->has_units && !has_siblings(meaning, unit)) {
            unit->total = PSP_UNIT_NO_TOTAL;
            continue;
        }
        const struct fit fit = fit_of(meaning, unit, false);
        leave_total(meaning, unit, &fit);
    }
}

/* Of the rest: the sum of all its siblings, in every line that it has. */
static void judge_others(struct psp_meaning *meaning)
{
    for (uint32_t i = 0; i < meaning->unit_n; i++) {
        struct psp_meaning_unit *unit = &meaning->units[i];
        if (unit->total != PSP_UNIT_NO_TOTAL || unit->end == 0)
            continue;
        const struct fit fit = fit_of(meaning, unit, !unit->has_units);
        if (fit.contests > 0 && fit.all_lines) {
            unit->total = PSP_UNIT_TOTAL_BY_SUM;
            leave_total(meaning, unit, &fit);
        } else if (fit.fitting > 0) {
            PSP_MEANING_TELL(meaning, PSP_REPORT_FITS_PARTLY, row_at(meaning, unit->first),
                             "%s: in %" PRIu32 " of %" PRIu32 " contests", name_of(unit).text,
                             fit.fitting, fit.contests);
        }
    }
}

enum psp_status psp_meaning_units(struct psp_meaning *meaning)
{
    enum psp_status status = place_rows(meaning);
    if (status != PSP_OK || meaning->options->keep_all)
        return status;
    status = find_named(meaning);
    if (status != PSP_OK)
        return status;
    judge_named(meaning);
    judge_others(meaning);
    return psp_meaning_prefixes(meaning);
}
