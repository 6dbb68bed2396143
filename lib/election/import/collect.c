/* Rows become units, contests, choices and styles, each found again by its key. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory/grow.h"

#include "election/import/guess.h"
#include "election/import/inner.h"

/* Distinct things are found by the pointers of their texts: within one file,
 * equal texts are one pointer (returns.h). */

static enum psp_status append(struct psp_import_list *list, const void *item, size_t size)
{
    if (!psp_grow_bytes(&list->items, &list->capacity, (size_t)list->n + 1, size))
        return PSP_ENOMEM;
    memcpy((char *)list->items + list->n * size, item, size);
    list->n++;
    return PSP_OK;
}

/* The position of the thing with this key; PSP_EAGAIN when it is new: it then
 * has the position `next`, and the caller appends it. */
static enum psp_status find_or_add(struct psp_import *import, struct psp_id_index *index,
                                   const void *key, size_t bytes, uint32_t next,
                                   uint32_t *ret_position)
{
    *ret_position = psp_id_index_find(index, 0, key, bytes);
    if (*ret_position != PSP_NONE)
        return PSP_OK;
    const char *kept = psp_pool_string(&import->pool, key, bytes);
    uint32_t ignored;
    if (kept == NULL || psp_id_index_add(index, 0, kept, bytes, next, &ignored) != PSP_OK)
        return PSP_ENOMEM;
    *ret_position = next;
    return PSP_EAGAIN;
}

static enum psp_status add_unit(struct psp_import *import, uint32_t parent,
                                enum psp_known_level level, const char *name, const char *code,
                                uint32_t *ret_unit)
{
    const struct {
        uint64_t parent, level;
        const char *name, *code;
    } key = {parent, level, name, code};
    enum psp_status status =
        find_or_add(import, &import->unit_index, &key, sizeof key, import->units.n, ret_unit);
    if (status != PSP_EAGAIN)
        return status;
    const struct psp_import_unit unit = {.level = level,
                                         .name = name,
                                         .code = code,
                                         .parent = parent,
                                         .registered = PSP_UNSTATED,
                                         .at_large = PSP_NONE};
    status = append(&import->units, &unit, sizeof unit);
    if (status == PSP_OK && parent != PSP_NONE)
        psp_import_units(import)[parent].has_units = true;
    return status;
}

/* The unit a row names; `ret_state` is the one its contest is held in. */
static enum psp_status unit_of_row(struct psp_import *import, const struct psp_returns_row *row,
                                   uint32_t *ret_unit, uint32_t *ret_state)
{
    const char *const *text = row->text;
    uint32_t unit = 0;
    enum psp_status status = PSP_OK;
    if (text[PSP_COLUMN_STATE][0] != '\0')
        status = add_unit(import, unit, PSP_STATE, text[PSP_COLUMN_STATE], "", &unit);
    *ret_state = unit;
    const bool county =
        text[PSP_COLUMN_COUNTY][0] != '\0' || text[PSP_COLUMN_COUNTY_FIPS][0] != '\0';
    if (status == PSP_OK && county)
        status = add_unit(import, unit, PSP_COUNTY, text[PSP_COLUMN_COUNTY],
                          text[PSP_COLUMN_COUNTY_FIPS], &unit);
    if (status == PSP_OK && text[PSP_COLUMN_PRECINCT][0] != '\0')
        status = add_unit(import, unit, PSP_PRECINCT, text[PSP_COLUMN_PRECINCT], "", &unit);
    if (status == PSP_OK)
        psp_import_units(import)[unit].has_rows = true;
    *ret_unit = unit;
    return status;
}

static enum psp_status party_of_row(struct psp_import *import, const struct psp_returns_row *row,
                                    uint32_t *ret_party)
{
    const char *name = row->text[PSP_COLUMN_PARTY];
    *ret_party = PSP_NONE;
    if (name[0] == '\0')
        return PSP_OK;
    const enum psp_status status =
        find_or_add(import, &import->party_index, &name, sizeof name, import->parties.n, ret_party);
    return status == PSP_EAGAIN ? append(&import->parties, &name, sizeof name) : status;
}

/* What a contest is found by. */
struct contest_key {
    uint32_t unit, party;
    const char *office, *district;
};

/* Rows come in runs, and equal texts have one address. */
static bool is_national(struct psp_import *import, const struct psp_returns_row *row)
{
    if (row->text[PSP_COLUMN_OFFICE] != import->last_office) {
        import->last_office = row->text[PSP_COLUMN_OFFICE];
        import->last_national = psp_import_guess_national(import->last_office);
    }
    return import->last_national;
}

static struct contest_key contest_key_of(struct psp_import *import,
                                         const struct psp_returns_row *row, uint32_t state,
                                         uint32_t party)
{
    return (struct contest_key){is_national(import, row) ? 0 : state, party,
                                row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_DISTRICT]};
}

static enum psp_status contest_of_row(struct psp_import *import, const struct psp_returns_row *row,
                                      uint32_t state, uint32_t *ret_contest)
{
    uint32_t party = PSP_NONE;
    const bool of_party =
        import->primary && !psp_import_guess_nonpartisan(row->text[PSP_COLUMN_PARTY]);
    const enum psp_status named = of_party ? party_of_row(import, row, &party) : PSP_OK;
    if (named != PSP_OK)
        return named;
    const bool national = is_national(import, row);
    struct psp_import_contest contest = {
        .state = national ? "" : row->text[PSP_COLUMN_STATE],
        .office = row->text[PSP_COLUMN_OFFICE],
        .district = row->text[PSP_COLUMN_DISTRICT],
        .unit = national ? 0 : state,
        .party = party,
        .seats = psp_import_guess_votes(row->text[PSP_COLUMN_OFFICE]),
    };
    const struct contest_key key = contest_key_of(import, row, state, party);
    const enum psp_status status = find_or_add(import, &import->contest_index, &key, sizeof key,
                                               import->contests.n, ret_contest);
    if (status != PSP_EAGAIN)
        return status;
    const uint32_t seats = psp_returns_seats_of(import->returns, row);
    if (seats > contest.seats)
        contest.seats = seats;
    return append(&import->contests, &contest, sizeof contest);
}

static enum psp_status candidate_of(struct psp_import *import, uint32_t contest, const char *name,
                                    uint32_t *ret_candidate)
{
    const struct {
        uint64_t contest;
        const char *name;
    } key = {contest, name};
    const struct psp_import_candidate candidate = {contest, name, PSP_NONE, 0};
    const enum psp_status status = find_or_add(import, &import->candidate_index, &key, sizeof key,
                                               import->candidates.n, ret_candidate);
    return status == PSP_EAGAIN ? append(&import->candidates, &candidate, sizeof candidate)
                                : status;
}

static enum psp_status choice_of_row(struct psp_import *import, const struct psp_returns_row *row,
                                     uint32_t contest, uint32_t *ret_choice)
{
    const struct {
        uint64_t contest;
        const char *party, *candidate;
    } key = {contest, row->text[PSP_COLUMN_PARTY], row->text[PSP_COLUMN_CANDIDATE]};
    enum psp_status status =
        find_or_add(import, &import->choice_index, &key, sizeof key, import->choices.n, ret_choice);
    if (status == PSP_EAGAIN) {
        struct psp_import_choice choice = {
            .contest = contest,
            .position = psp_import_contests(import)[contest].choice_count++,
            .candidate = PSP_NONE,
            .name = key.candidate,
            .kind = (enum psp_choice_kind)row->choice_kind,
        };
        status = party_of_row(import, row, &choice.party);
        const bool list = choice.party != PSP_NONE && choice.name[0] == '\0';
        if (status == PSP_OK && choice.kind == PSP_CHOICE_CANDIDATE && !list)
            status = candidate_of(import, contest, choice.name, &choice.candidate);
        if (status == PSP_OK)
            status = append(&import->choices, &choice, sizeof choice);
    }
    if (status == PSP_OK)
        psp_import_choices(import)[*ret_choice].votes += row->votes;
    return status;
}

/* The figure of a contest; its words are the first row's. */
static void note_figure(struct psp_import_contest *contest, const struct psp_returns_row *row)
{
    const struct psp_returns_row **figure =
        row->kind == PSP_ROW_OVERVOTES ? &contest->overvotes : &contest->undervotes;
    if (*figure == NULL)
        *figure = row;
}

static enum psp_status collect_row(struct psp_import *import, size_t i)
{
    const struct psp_returns_row *row = &import->returns->rows[i];
    struct psp_import_row *place = &import->rows[i];
    uint32_t state;
    place->contest = place->choice = PSP_NONE;
    enum psp_status status = unit_of_row(import, row, &place->unit, &state);
    if (status != PSP_OK || row->kind > PSP_ROW_UNDERVOTES)
        return status;
    import->method_has_votes[row->method] = true;
    if (row->kind != PSP_ROW_LINE)
        return PSP_OK;
    status = contest_of_row(import, row, state, &place->contest);
    return status == PSP_OK ? choice_of_row(import, row, place->contest, &place->choice) : status;
}

/* A figure belongs to the contest of its lines, in a primary to its party's or to that of
 * none. Without them it is nobody's: the party may have stood elsewhere. */
static enum psp_status settle_figure(struct psp_import *import, size_t i)
{
    const struct psp_returns_row *row = &import->returns->rows[i];
    const char *name = row->text[PSP_COLUMN_PARTY];
    uint32_t unit, state, party = PSP_NONE;
    if (row->kind != PSP_ROW_OVERVOTES && row->kind != PSP_ROW_UNDERVOTES)
        return PSP_OK;
    const enum psp_status status = unit_of_row(import, row, &unit, &state);
    if (status != PSP_OK)
        return status;
    if (import->primary && name[0] != '\0')
        party = psp_id_index_find(&import->party_index, 0, (const char *)&name, sizeof name);
    const struct contest_key of_party = contest_key_of(import, row, state, party),
                             of_none = contest_key_of(import, row, state, PSP_NONE);
    uint32_t contest =
        psp_id_index_find(&import->contest_index, 0, (const char *)&of_party, sizeof of_party);
    if (contest == PSP_NONE)
        contest =
            psp_id_index_find(&import->contest_index, 0, (const char *)&of_none, sizeof of_none);
    if (contest == PSP_NONE)
        return PSP_OK;
    import->rows[i].contest = contest;
    note_figure(&psp_import_contests(import)[contest], row);
    return PSP_OK;
}

static enum psp_status collect_rows(struct psp_import *import)
{
    enum psp_status status = PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < import->returns->n; i++)
        status = collect_row(import, i);
    for (size_t i = 0; status == PSP_OK && i < import->returns->n; i++)
        status = settle_figure(import, i);
    return status;
}

/* Ballots belong to leaves: rows of a unit that has units in it move to a
 * precinct without a name. */
static enum psp_status move_rows_to_leaves(struct psp_import *import)
{
    const uint32_t n = import->units.n;
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_import_unit unit = psp_import_units(import)[i];
        if (!unit.has_rows || !unit.has_units)
            continue;
        uint32_t at_large;
        const enum psp_status status = add_unit(import, i, PSP_PRECINCT, "", "", &at_large);
        if (status != PSP_OK)
            return status;
        psp_import_units(import)[i].at_large = at_large;
        psp_import_units(import)[at_large].has_rows = true;
    }
    const struct psp_import_unit *units = psp_import_units(import);
    for (size_t i = 0; i < import->returns->n; i++) {
        struct psp_import_row *row = &import->rows[i];
        if (units[row->unit].at_large != PSP_NONE)
            row->unit = units[row->unit].at_large;
    }
    return PSP_OK;
}

/* A candidate on several lines belongs to the party that brought most votes;
 * with equal votes to the name that sorts first, not to the line that does. */
static void find_main_parties(struct psp_import *import)
{
    for (uint32_t i = 0; i < import->choices.n; i++) {
        const struct psp_import_choice *choice = &psp_import_choices(import)[i];
        if (choice->candidate == PSP_NONE || choice->party == PSP_NONE)
            continue;
        struct psp_import_candidate *candidate = &psp_import_candidates(import)[choice->candidate];
        const char **names = psp_import_parties(import);
        if (candidate->party == PSP_NONE || choice->votes > candidate->party_votes ||
            (choice->votes == candidate->party_votes &&
             strcmp(names[choice->party], names[candidate->party]) < 0)) {
            candidate->party = choice->party;
            candidate->party_votes = choice->votes;
        }
    }
}

struct sorting {
    const struct psp_import *import;
    const struct psp_import_row *rows;
};

static int compare_rows(const void *left, const void *right, void *context)
{
    const struct sorting *sorting = context;
    const struct psp_import_row *a = &sorting->rows[*(const uint32_t *)left];
    const struct psp_import_row *b = &sorting->rows[*(const uint32_t *)right];
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    if (a->contest != b->contest)
        return a->contest < b->contest ? -1 : 1;
    if (a->choice == PSP_NONE || b->choice == PSP_NONE)
        return (a->choice == PSP_NONE) - (b->choice == PSP_NONE);
    const struct psp_import_choice *choices = psp_import_choices(sorting->import);
    const uint32_t c = choices[a->choice].position, d = choices[b->choice].position;
    return (c > d) - (c < d);
}

/* Ballots of a unit, by method: what its contests need, and what is told. */
struct ballots {
    uint64_t needed[PSP_METHODS_MAX], told[PSP_METHODS_MAX];
};

/* What one contest of a unit needs of one method, so far. */
struct needs {
    uint64_t sum, largest, of_choice;
    uint32_t choice;
};

/* Adds a row; returns the ballots that are needed then (returns.h: bind). */
static uint64_t add_need(struct needs *needs, const struct psp_returns_row *row, uint32_t choice,
                         uint32_t seats)
{
    needs->of_choice = needs->choice == choice ? needs->of_choice : 0;
    needs->choice = choice;
    needs->of_choice += row->votes;
    needs->sum += row->votes;
    if (row->kind == PSP_ROW_LINE && needs->of_choice > needs->largest)
        needs->largest = needs->of_choice;
    const uint64_t papers = (needs->sum + seats - 1) / seats;
    return papers > needs->largest ? papers : needs->largest;
}

static void set_ballots(const struct psp_import *import, const struct ballots *ballots,
                        struct psp_import_unit *unit)
{
    uint64_t told = 0;
    for (uint32_t m = 0; m < import->returns->method_count; m++) {
        const uint64_t needed = ballots->needed[m];
        if (import->method_has_votes[m])
            unit->ballots_expected += needed > ballots->told[m] ? needed : ballots->told[m];
        else if (ballots->told[m] > told)
            told = ballots->told[m];
    }
    if (told > unit->ballots_expected)
        unit->ballots_expected = told;
}

static void add_figure(struct psp_import_unit *unit, const struct psp_returns_row *row,
                       struct ballots *ballots)
{
    uint64_t *told = &ballots->told[row->method];
    if (row->kind == PSP_ROW_BALLOTS && row->votes > *told)
        *told = row->votes;
    if (row->kind == PSP_ROW_REGISTERED &&
        (unit->registered == PSP_UNSTATED || row->votes > unit->registered))
        unit->registered = row->votes;
}

/* A run of one unit's rows in `order`, by contest and position. */
struct unit_rows {
    const uint32_t *order;
    uint32_t n;
};

static uint32_t party_at(const struct psp_import *import, const struct unit_rows *rows, uint32_t i)
{
    const uint32_t contest = import->rows[rows->order[i]].contest;
    return contest != PSP_NONE ? psp_import_contests(import)[contest].party : PSP_NONE;
}

/* What the contests of one party need, by method. */
static void add_needs(const struct psp_import *import, const struct unit_rows *rows, uint32_t party,
                      uint64_t needed[PSP_METHODS_MAX])
{
    struct needs needs[PSP_METHODS_MAX]; /* of the returns' methods: all are a kibibyte a contest */
    uint64_t most[PSP_METHODS_MAX] = {0};
    uint32_t contest = PSP_NONE;
    bool lines = false; /* of the contest */
    for (uint32_t i = 0; i < rows->n; i++) {
        const struct psp_returns_row *row = &import->returns->rows[rows->order[i]];
        const struct psp_import_row *place = &import->rows[rows->order[i]];
        if (place->contest == PSP_NONE || party_at(import, rows, i) != party)
            continue;
        if (place->contest != contest) {
            memset(needs, 0, import->returns->method_count * sizeof *needs);
            lines = place->choice != PSP_NONE; /* they come first */
        }
        contest = place->contest;
        if (!lines)
            continue;
        const uint64_t need = add_need(&needs[row->method], row, place->choice,
                                       psp_import_contests(import)[contest].seats);
        most[row->method] = need > most[row->method] ? need : most[row->method];
    }
    for (uint32_t m = 0; m < import->returns->method_count; m++)
        needed[m] += most[m];
}

/* The style with the unit's contests of a party, and of none. */
static enum psp_status add_style(struct psp_import *import, const struct unit_rows *rows,
                                 uint32_t party, uint32_t *ret_style)
{
    uint32_t *choices = psp_pool_alloc(&import->pool, rows->n, sizeof *choices), n = 0;
    if (choices == NULL)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < rows->n; i++) {
        const uint32_t of = party_at(import, rows, i);
        const uint32_t choice = import->rows[rows->order[i]].choice;
        const bool here = choice != PSP_NONE && (of == party || of == PSP_NONE);
        if (here && (n == 0 || choices[n - 1] != choice)) /* else another method of it */
            choices[n++] = choice;
    }
    const struct psp_import_style style = {n, choices};
    const enum psp_status status = find_or_add(import, &import->style_index, choices,
                                               n * sizeof *choices, import->styles.n, ret_style);
    return status == PSP_EAGAIN ? append(&import->styles, &style, sizeof style) : status;
}

/* The parties that have contests there; one of none is one style, too. */
static uint32_t parties_of(const struct psp_import *import, const struct unit_rows *rows,
                           uint32_t parties[PSP_UNIT_STYLES_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        const bool line = import->rows[rows->order[i]].choice != PSP_NONE;
        const uint32_t party = line ? party_at(import, rows, i) : PSP_NONE;
        uint32_t at = 0;
        while (at < n && parties[at] != party)
            at++;
        if (party != PSP_NONE && at == n && n < PSP_UNIT_STYLES_MAX)
            parties[n++] = party;
    }
    if (n == 0)
        parties[n++] = PSP_NONE;
    return n;
}

static enum psp_status style_unit(struct psp_import *import, const struct unit_rows *rows)
{
    uint32_t parties[PSP_UNIT_STYLES_MAX];
    struct psp_import_unit *unit = &psp_import_units(import)[import->rows[rows->order[0]].unit];
    struct ballots ballots = {0};
    uint64_t common[PSP_METHODS_MAX] = {0};
    unit->style_n = parties_of(import, rows, parties);
    unit->styles = psp_pool_alloc(&import->pool, unit->style_n, sizeof *unit->styles);
    enum psp_status status = unit->styles != NULL ? PSP_OK : PSP_ENOMEM;
    for (uint32_t p = 0; status == PSP_OK && p < unit->style_n; p++) {
        status = add_style(import, rows, parties[p], &unit->styles[p]);
        if (parties[p] != PSP_NONE)
            add_needs(import, rows, parties[p], ballots.needed);
    }
    add_needs(import, rows, PSP_NONE, common);
    for (uint32_t m = 0; m < import->returns->method_count; m++)
        if (common[m] > ballots.needed[m])
            ballots.needed[m] = common[m];
    for (uint32_t i = 0; i < rows->n; i++)
        add_figure(unit, &import->returns->rows[rows->order[i]], &ballots);
    set_ballots(import, &ballots, unit);
    return status;
}

enum psp_status psp_import_collect_styles(struct psp_import *import)
{
    const size_t n = import->returns->n;
    uint32_t *order = malloc(n * sizeof *order);
    if (order == NULL)
        return PSP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    struct sorting sorting = {import, import->rows};
    qsort_r(order, n, sizeof *order, compare_rows, &sorting);
    enum psp_status status = PSP_OK;
    for (size_t begin = 0, end = 0; status == PSP_OK && begin < n; begin = end) {
        while (end < n && import->rows[order[end]].unit == import->rows[order[begin]].unit)
            end++;
        status = style_unit(import, &(struct unit_rows){order + begin, (uint32_t)(end - begin)});
    }
    free(order);
    return status;
}

enum psp_status psp_import_collect(struct psp_import *import, const struct psp_returns *returns,
                                   const char *root)
{
    import->returns = returns;
    import->rows = calloc(returns->n, sizeof *import->rows);
    uint32_t unit;
    enum psp_status status = import->rows != NULL ? PSP_OK : PSP_ENOMEM;
    if (status == PSP_OK)
        status = add_unit(import, PSP_NONE, PSP_NATION, root, "", &unit);
    if (status == PSP_OK)
        status = collect_rows(import);
    if (status == PSP_OK)
        status = move_rows_to_leaves(import);
    if (status == PSP_OK)
        find_main_parties(import);
    return status;
}

void psp_import_free(struct psp_import *import)
{
    struct psp_id_index *const indexes[] = {
        &import->unit_index,      &import->contest_index, &import->choice_index,
        &import->candidate_index, &import->party_index,   &import->style_index,
    };
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        psp_id_index_free(indexes[i]);
    struct psp_import_list *const lists[] = {
        &import->units,      &import->contests, &import->choices,
        &import->candidates, &import->parties,  &import->styles,
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]->items);
    free(import->rows);
    psp_pool_free(&import->pool);
}
