/* Texts by column, then by what they are part of: a candidate of an office, a precinct
 * of a county. Only texts that have a second spelling anywhere are looked at again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "base/text/utf8.h"
#include "election/import/meaning/inner.h"
#include "election/import/meaning/normal.h"

/* A text of a column, and its normal form. */
struct text {
    const char *text;
    uint32_t normal;
};

/* Spellings of one thing: those of a normal form within one county, office, ... */
struct group {
    uint32_t first, n; /* spellings, linked */
    int column;
    size_t row; /* that has the second one */
};

struct spelling {
    const char *text;
    uint32_t next;
    uint64_t rows;
};

struct names {
    struct psp_meaning *meaning;
    struct psp_pool pool;
    struct psp_id_index text_index, normal_index, group_index, spelling_index;
    struct text *texts;
    uint32_t *spellings_of; /* [normal]: distinct texts */
    struct group *groups;
    struct spelling *spellings;
    size_t text_capacity, normal_capacity, group_capacity, spelling_capacity;
    struct {
        const char *text;
        uint32_t position;
    } last[PSP_RETURNS_TEXTS]; /* rows come in runs */
};

static uint32_t find_or_add(struct names *names, struct psp_id_index *index, uint32_t scope,
                            const void *key, size_t bytes, bool *ret_new)
{
    const uint32_t known = psp_id_index_find(index, scope, key, bytes);
    *ret_new = known == PSP_NONE;
    if (known != PSP_NONE)
        return known;
    const uint32_t position = index->count;
    const char *kept = psp_pool_string(&names->pool, key, bytes);
    uint32_t ignored;
    if (kept == NULL || psp_id_index_add(index, scope, kept, bytes, position, &ignored) != PSP_OK)
        return PSP_NONE;
    return position;
}

/* Position of a column's text; PSP_NONE: no memory. */
static uint32_t text_of(struct names *names, int column, const char *text)
{
    if (names->last[column].text == text)
        return names->last[column].position;
    bool is_new;
    const uint32_t position =
        find_or_add(names, &names->text_index, (uint32_t)column, &text, sizeof text, &is_new);
    if (position == PSP_NONE || !PSP_GROW(names->texts, names->text_capacity, (size_t)position + 1))
        return PSP_NONE;
    if (is_new) {
        char normal[PSP_NORMAL_BYTES];
        const size_t bytes = psp_normal_of((enum psp_returns_column)column, text, normal);
        bool first;
        const uint32_t of =
            find_or_add(names, &names->normal_index, (uint32_t)column, normal, bytes, &first);
        if (of == PSP_NONE ||
            !PSP_GROW(names->spellings_of, names->normal_capacity, (size_t)of + 1))
            return PSP_NONE;
        names->texts[position] = (struct text){text, of};
        names->spellings_of[of] = first ? 1 : names->spellings_of[of] + 1;
    }
    names->last[column].text = text;
    names->last[column].position = position;
    return position;
}

static enum psp_status collect_texts(struct names *names)
{
    for (size_t i = 0; i < names->meaning->n; i++)
        for (int column = 0; column < PSP_RETURNS_TEXTS; column++)
            if (text_of(names, column, names->meaning->rows[i].text[column]) == PSP_NONE)
                return PSP_ENOMEM;
    return PSP_OK;
}

static uint32_t normal_of(struct names *names, const struct psp_returns_row *row, int column)
{
    return names->texts[text_of(names, column, row->text[column])].normal;
}

/* Within what a column's names must differ. */
static const int scopes[PSP_RETURNS_TEXTS][3] = {
    [PSP_COLUMN_STATE] = {-1, -1, -1},
    [PSP_COLUMN_COUNTY] = {PSP_COLUMN_STATE, -1, -1},
    [PSP_COLUMN_COUNTY_FIPS] = {-1, -1, -1},
    [PSP_COLUMN_PRECINCT] = {PSP_COLUMN_STATE, PSP_COLUMN_COUNTY, PSP_COLUMN_COUNTY_FIPS},
    [PSP_COLUMN_OFFICE] = {-1, -1, -1},
    [PSP_COLUMN_DISTRICT] = {PSP_COLUMN_OFFICE, -1, -1},
    [PSP_COLUMN_PARTY] = {-1, -1, -1},
    [PSP_COLUMN_CANDIDATE] = {PSP_COLUMN_OFFICE, -1, -1},
};

/* The group of a row's text; PSP_NONE: no memory. */
static uint32_t group_of(struct names *names, const struct psp_returns_row *row, int column,
                         bool *ret_new)
{
    struct {
        uint32_t normal, scope[3];
    } key = {normal_of(names, row, column), {0, 0, 0}};
    for (int s = 0; s < 3 && scopes[column][s] >= 0; s++)
        key.scope[s] = normal_of(names, row, scopes[column][s]);
    return find_or_add(names, &names->group_index, (uint32_t)column, &key, sizeof key, ret_new);
}

static enum psp_status add_spelling(struct names *names, size_t i, int column)
{
    const struct psp_returns_row *row = &names->meaning->rows[i];
    bool is_new;
    const uint32_t position = group_of(names, row, column, &is_new);
    if (position == PSP_NONE ||
        !PSP_GROW(names->groups, names->group_capacity, (size_t)position + 1))
        return PSP_ENOMEM;
    struct group *group = &names->groups[position];
    if (is_new)
        *group = (struct group){.first = PSP_NONE, .column = column};
    const struct {
        uint64_t group;
        const char *text;
    } key = {position, row->text[column]};
    const uint32_t spelling =
        find_or_add(names, &names->spelling_index, 0, &key, sizeof key, &is_new);
    if (spelling == PSP_NONE ||
        !PSP_GROW(names->spellings, names->spelling_capacity, (size_t)spelling + 1))
        return PSP_ENOMEM;
    if (is_new) {
        names->spellings[spelling] = (struct spelling){key.text, group->first, 0};
        group->first = spelling;
        group->row = ++group->n == 2 ? i : group->row;
    }
    names->spellings[spelling].rows++;
    return PSP_OK;
}

static bool has_more(struct names *names, const struct psp_returns_row *row, int column)
{
    return names->spellings_of[normal_of(names, row, column)] > 1;
}

static enum psp_status collect_groups(struct names *names)
{
    for (size_t i = 0; i < names->meaning->n; i++)
        for (int column = 0; column < PSP_RETURNS_TEXTS; column++)
            if (has_more(names, &names->meaning->rows[i], column) &&
                add_spelling(names, i, column) != PSP_OK)
                return PSP_ENOMEM;
    return PSP_OK;
}

/* The spelling of most rows; of equal ones the one that comes first in the files. */
static const char *best_of(const struct names *names, const struct group *group)
{
    uint32_t best = group->first; /* the newest; the list goes back to the oldest */
    for (uint32_t at = group->first; at != PSP_NONE; at = names->spellings[at].next)
        if (names->spellings[at].rows >= names->spellings[best].rows)
            best = at;
    return names->spellings[best].text;
}

static void tell_group(const struct names *names, const struct group *group)
{
    char list[200] = "";
    size_t at = 0;
    for (uint32_t s = group->first; s != PSP_NONE && at < sizeof list; s = names->spellings[s].next)
        at += (size_t)snprintf(
            list + at, sizeof list - at, "%s\"%s\" (%" PRIu64 ")", at > 0 ? ", " : "",
            psp_shown(names->spellings[s].text, strlen(names->spellings[s].text)).text,
            names->spellings[s].rows);
    const struct psp_returns_row *row = &names->meaning->rows[group->row];
    PSP_MEANING_TELL(
        names->meaning, names->meaning->options->merge_names ? PSP_REPORT_MERGED : PSP_REPORT_NAMES,
        row, "%s %s", psp_returns_column_name((enum psp_returns_column)group->column), list);
}

static void merge(struct names *names)
{
    /* Groups are found by the texts as they stand: all at once, at the end of a row. */
    for (size_t i = 0; i < names->meaning->n; i++) {
        struct psp_returns_row *row = &names->meaning->rows[i];
        struct psp_returns_row merged = *row;
        for (int column = 0; column < PSP_RETURNS_TEXTS; column++)
            if (has_more(names, row, column)) {
                bool is_new;
                const uint32_t group = group_of(names, row, column, &is_new);
                merged.text[column] = best_of(names, &names->groups[group]);
            }
        *row = merged;
    }
}

enum psp_status psp_meaning_names(struct psp_meaning *meaning)
{
    struct names names = {.meaning = meaning};
    enum psp_status status = collect_texts(&names);
    if (status == PSP_OK)
        status = collect_groups(&names);
    for (uint32_t g = 0; status == PSP_OK && g < names.group_index.count; g++)
        if (names.groups[g].n > 1)
            tell_group(&names, &names.groups[g]);
    if (status == PSP_OK && meaning->options->merge_names)
        merge(&names);
    struct psp_id_index *const indexes[] = {&names.text_index, &names.normal_index,
                                            &names.group_index, &names.spelling_index};
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        psp_id_index_free(indexes[i]);
    psp_pool_free(&names.pool);
    free(names.texts);
    free(names.spellings_of);
    free(names.groups);
    free(names.spellings);
    return status;
}
