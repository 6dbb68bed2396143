/* What lies in a place is found by its texts: they are interned, so keys are pointers. */
#include "election/import/reading/levels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "base/text/utf8.h"
#include "election/definition/definition.h"

enum { PLACE_TEXTS = PSP_COLUMN_PRECINCT + 1 };
enum { KEY_TEXTS = PSP_RETURNS_TEXTS + 1 };

struct key {
    const char *text[KEY_TEXTS]; /* a row's, and the level of totals */
};

struct total { /* a unit's, of a level above */
    size_t row;
    uint32_t rows;
    size_t differs; /* a row whose line is not the sum, or SIZE_MAX */
    uint64_t said, sum;
};

struct looking {
    const struct psp_levels *levels;
    const struct psp_returns_row *rows;
    size_t n;
    struct psp_pool pool;
    struct psp_id_index lows, sums, said, units;
    uint8_t *lowest; /* by position in `lows`: order of the lowest level that is there */
    uint64_t *sum_of, *said_of;
    struct total *totals;
    size_t *first_of; /* by position in `said`: its first row */
    size_t low_capacity, sum_capacity, said_capacity, total_capacity, first_capacity;
    uint8_t order[PSP_LEVELS_MAX + 1]; /* from the top; [0] is of rows without a level */
    bool own[PSP_LEVELS_MAX + 1];
};

void psp_levels_free(struct psp_levels *levels)
{
    free(levels->of_row);
    *levels = (struct psp_levels){0};
}

enum psp_status psp_levels_add(struct psp_levels *levels, struct psp_returns_builder *builder,
                               const char *name)
{
    size_t n;
    psp_returns_builder_rows(builder, &n);
    const size_t before = levels->capacity;
    if (!PSP_GROW(levels->of_row, levels->capacity, n))
        return PSP_ENOMEM;
    memset(levels->of_row + before, 0, levels->capacity - before);
    uint32_t at = 0;
    while (at < levels->n && levels->names[at] != name)
        at++;
    if (name[0] == '\0' || at == PSP_LEVELS_MAX)
        return PSP_OK;
    if (at == levels->n)
        levels->names[levels->n++] = name;
    levels->of_row[n - 1] = (uint8_t)(at + 1);
    return PSP_OK;
}

/* Levels that Psephos knows have their order; with others among them, that of the file. */
static void order_levels(struct looking *looking)
{
    const struct psp_levels *levels = looking->levels;
    bool all_known = true;
    for (uint32_t i = 0; i < levels->n; i++) {
        looking->order[i + 1] = PSP_OWN_LEVEL;
        for (int known = PSP_NATION; known < PSP_OWN_LEVEL; known++)
            if (strcmp(levels->names[i], psp_known_level_id((enum psp_known_level)known)) == 0)
                looking->order[i + 1] = (uint8_t)known;
        looking->own[i + 1] = looking->order[i + 1] == PSP_OWN_LEVEL;
        all_known &= !looking->own[i + 1];
    }
    for (uint32_t i = 0; i < levels->n; i++)
        looking->order[i + 1] = (uint8_t)((all_known ? looking->order[i + 1] : i) + 1);
}

static uint8_t level_of(const struct looking *looking, size_t row)
{
    return row < looking->levels->capacity ? looking->levels->of_row[row] : 0;
}

/* The place around: a precinct's county, a county's state, the nation. False: none is. */
static bool leave_place(const char *none, struct key *key)
{
    int last = PSP_COLUMN_PRECINCT;
    while (last >= 0 && key->text[last] == none)
        last--;
    if (last < 0)
        return false;
    key->text[last] = none;
    if (last == PSP_COLUMN_COUNTY_FIPS)
        key->text[PSP_COLUMN_COUNTY] = none;
    return true;
}

static struct key key_of(const struct psp_returns_row *row, int texts)
{
    struct key key = {{0}};
    for (int i = 0; i < texts; i++)
        key.text[i] = row->text[i];
    return key;
}

/* *ret_at: its position, which is the next one when it is new. */
static enum psp_status add_key(struct looking *looking, struct psp_id_index *index,
                               const struct key *key, uint32_t *ret_at)
{
    *ret_at = psp_id_index_find(index, 0, (const char *)key, sizeof *key);
    if (*ret_at != PSP_NONE)
        return PSP_OK;
    struct key *kept = psp_pool_alloc(&looking->pool, 1, sizeof *kept);
    if (kept == NULL)
        return PSP_ENOMEM;
    *kept = *key;
    *ret_at = index->count;
    uint32_t ignored;
    return psp_id_index_add(index, 0, (const char *)kept, sizeof *kept, *ret_at, &ignored);
}

static enum psp_status lower(struct looking *looking, const struct key *key, uint8_t order)
{
    uint32_t at;
    const uint32_t n = looking->lows.count;
    enum psp_status status = add_key(looking, &looking->lows, key, &at);
    if (status == PSP_OK && !PSP_GROW(looking->lowest, looking->low_capacity, (size_t)at + 1))
        status = PSP_ENOMEM;
    if (status == PSP_OK && (at == n || looking->lowest[at] < order))
        looking->lowest[at] = order;
    return status;
}

/* The key of the contest anywhere has no place, not even an empty one. */
static struct key anywhere(struct key key)
{
    for (int i = 0; i < PLACE_TEXTS; i++)
        key.text[i] = NULL;
    return key;
}

static enum psp_status find_lowest(struct looking *looking, const char *none)
{
    enum psp_status status = PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < looking->n; i++) {
        const uint8_t order = looking->order[level_of(looking, i)];
        struct key key = key_of(&looking->rows[i], PSP_COLUMN_DISTRICT + 1);
        const struct key contest = anywhere(key);
        if (order == 0)
            continue;
        status = lower(looking, &contest, order);
        do
            status = status == PSP_OK ? lower(looking, &key, order) : status;
        while (leave_place(none, &key));
    }
    return status;
}

/* There are rows of the contest in it, of a lower level. No column but its own knows a level
 * that Psephos does not: of such a one, rows of a lower level anywhere. */
static bool is_total(const struct looking *looking, size_t row)
{
    const uint8_t level = level_of(looking, row);
    struct key key = key_of(&looking->rows[row], PSP_COLUMN_DISTRICT + 1);
    if (level == 0)
        return false;
    if (looking->own[level])
        key = anywhere(key);
    const uint32_t at = psp_id_index_find(&looking->lows, 0, (const char *)&key, sizeof key);
    return at != PSP_NONE && looking->lowest[at] > looking->order[level];
}

static enum psp_status add_sums(struct looking *looking, size_t row, const char *none)
{
    struct key key = key_of(&looking->rows[row], PSP_RETURNS_TEXTS);
    enum psp_status status = PSP_OK;
    do {
        uint32_t at;
        const uint32_t n = looking->sums.count;
        status = add_key(looking, &looking->sums, &key, &at);
        if (status == PSP_OK && !PSP_GROW(looking->sum_of, looking->sum_capacity, (size_t)at + 1))
            status = PSP_ENOMEM;
        if (status == PSP_OK)
            looking->sum_of[at] = (at == n ? 0 : looking->sum_of[at]) + looking->rows[row].votes;
    } while (status == PSP_OK && leave_place(none, &key));
    return status;
}

/* The unit of a total, which is of a place and a level. */
static enum psp_status unit_of(struct looking *looking, size_t row, uint32_t *ret_unit)
{
    struct key key = key_of(&looking->rows[row], PLACE_TEXTS);
    key.text[PSP_RETURNS_TEXTS] = looking->levels->names[level_of(looking, row) - 1];
    const uint32_t n = looking->units.count;
    enum psp_status status = add_key(looking, &looking->units, &key, ret_unit);
    if (status == PSP_OK &&
        !PSP_GROW(looking->totals, looking->total_capacity, (size_t)*ret_unit + 1))
        status = PSP_ENOMEM;
    if (status == PSP_OK && *ret_unit == n)
        looking->totals[n] = (struct total){.row = row, .differs = SIZE_MAX};
    return status;
}

/* Methods are rows of their own: the line's votes are of all. */
static enum psp_status add_total(struct looking *looking, size_t row)
{
    uint32_t unit, at;
    enum psp_status status = unit_of(looking, row, &unit);
    if (status != PSP_OK)
        return status;
    looking->totals[unit].rows++;
    struct key key = key_of(&looking->rows[row], PSP_RETURNS_TEXTS);
    key.text[PSP_RETURNS_TEXTS] = looking->levels->names[level_of(looking, row) - 1];
    const uint32_t n = looking->said.count;
    status = add_key(looking, &looking->said, &key, &at);
    if (status == PSP_OK && (!PSP_GROW(looking->said_of, looking->said_capacity, (size_t)at + 1) ||
                             !PSP_GROW(looking->first_of, looking->first_capacity, (size_t)at + 1)))
        status = PSP_ENOMEM;
    if (status != PSP_OK)
        return status;
    if (at == n) {
        looking->first_of[at] = row;
        looking->said_of[at] = 0;
    }
    looking->said_of[at] += looking->rows[row].votes;
    return PSP_OK;
}

static enum psp_status compare(struct looking *looking)
{
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; status == PSP_OK && i < looking->said.count; i++) {
        const size_t row = looking->first_of[i];
        const struct key key = key_of(&looking->rows[row], PSP_RETURNS_TEXTS);
        const uint32_t at = psp_id_index_find(&looking->sums, 0, (const char *)&key, sizeof key);
        const uint64_t sum = at != PSP_NONE ? looking->sum_of[at] : 0;
        uint32_t unit;
        if (sum == looking->said_of[i] || looking->own[level_of(looking, row)])
            continue;
        status = unit_of(looking, row, &unit);
        if (status != PSP_OK || looking->totals[unit].differs != SIZE_MAX)
            continue;
        looking->totals[unit].differs = row;
        looking->totals[unit].said = looking->said_of[i];
        looking->totals[unit].sum = sum;
    }
    return status;
}

/* "county Addison" */
static void name_unit(const struct looking *looking, size_t row, char *ret_text, size_t size)
{
    const struct psp_returns_row *first = &looking->rows[row];
    const char *name = "";
    for (int i = 0; i < PLACE_TEXTS; i++)
        if (first->text[i][0] != '\0' && i != PSP_COLUMN_COUNTY_FIPS)
            name = first->text[i];
    snprintf(ret_text, size, "%s%s%s", looking->levels->names[level_of(looking, row) - 1],
             name[0] != '\0' ? " " : "", name);
    ret_text[psp_utf8_cut(ret_text, strlen(ret_text), size - 1)] = '\0';
}

static void tell(const struct looking *looking, const struct psp_returns *view,
                 struct psp_report *report)
{
    for (uint32_t i = 0; i < looking->units.count; i++) {
        const struct total *total = &looking->totals[i];
        const struct psp_returns_row *first = &looking->rows[total->row];
        char name[96];
        name_unit(looking, total->row, name, sizeof name);
        if (total->differs == SIZE_MAX) {
            psp_report_add(report, PSP_REPORT_TOTAL_UNIT, view->files[first->file], first->line,
                           "%s: %" PRIu32 " rows", name, total->rows);
            continue;
        }
        const struct psp_returns_row *row = &looking->rows[total->differs];
        psp_report_add(report, PSP_REPORT_TOTAL_UNIT_DIFFERS, view->files[row->file], row->line,
                       "%s: %" PRIu32 " rows; %s, %s: %" PRIu64 ", its parts have %" PRIu64, name,
                       total->rows, row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_CANDIDATE],
                       total->said, total->sum);
    }
}

static void release(struct looking *looking)
{
    psp_id_index_free(&looking->lows);
    psp_id_index_free(&looking->sums);
    psp_id_index_free(&looking->said);
    psp_id_index_free(&looking->units);
    psp_pool_free(&looking->pool);
    free(looking->lowest);
    free(looking->sum_of);
    free(looking->said_of);
    free(looking->totals);
    free(looking->first_of);
}

enum psp_status psp_levels_leave_out(const struct psp_levels *levels,
                                     struct psp_returns_builder *builder, struct psp_report *report,
                                     bool *leave_out)
{
    if (levels->n < 2)
        return PSP_OK;
    struct looking looking = {.levels = levels};
    looking.rows = psp_returns_builder_rows(builder, &looking.n);
    const char *none = psp_returns_builder_text(builder, "", 0);
    order_levels(&looking);
    enum psp_status status = none != NULL ? find_lowest(&looking, none) : PSP_ENOMEM;
    for (size_t i = 0; status == PSP_OK && i < looking.n; i++) {
        leave_out[i] = is_total(&looking, i);
        if (leave_out[i])
            status = add_total(&looking, i);
        else if (level_of(&looking, i) > 0)
            status = add_sums(&looking, i, none);
    }
    if (status == PSP_OK)
        status = compare(&looking);
    if (status == PSP_OK)
        tell(&looking, psp_returns_builder_view(builder), report);
    release(&looking);
    return status;
}
