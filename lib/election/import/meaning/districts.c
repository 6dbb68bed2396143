/* A district that only some rows of an office have, with the office's own candidates, is
 * none: "President", district "1.0". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "election/import/meaning/inner.h"

enum { WITHOUT = 1, WITH = 2 };

struct office {
    uint64_t with, without; /* rows */
    uint32_t candidates;    /* of rows with a district that rows without have, too */
    bool own;               /* a candidate stands in a district only */
    size_t first;           /* row with a district */
};

struct line {
    uint32_t office;
    uint8_t seen; /* WITHOUT, WITH */
};

struct districts {
    struct psp_meaning *meaning;
    struct psp_pool pool;
    struct psp_id_index office_index, line_index;
    struct office *offices;
    struct line *lines;
    size_t office_capacity, line_capacity;
};

/* Position of these pointers; PSP_NONE: no memory. */
static uint32_t find_or_add(struct districts *districts, struct psp_id_index *index,
                            const char *const *key, size_t n, bool *ret_new)
{
    const size_t bytes = n * sizeof *key;
    const uint32_t known = psp_id_index_find(index, 0, (const char *)key, bytes);
    *ret_new = known == PSP_NONE;
    if (known != PSP_NONE)
        return known;
    const uint32_t position = index->count;
    const char *kept = psp_pool_string(&districts->pool, (const char *)key, bytes);
    uint32_t ignored;
    if (kept == NULL || psp_id_index_add(index, 0, kept, bytes, position, &ignored) != PSP_OK)
        return PSP_NONE;
    return position;
}

static enum psp_status add_row(struct districts *districts, size_t i)
{
    const struct psp_returns_row *row = &districts->meaning->rows[i];
    const char *const key[] = {row->text[PSP_COLUMN_OFFICE], row->text[PSP_COLUMN_STATE],
                               row->text[PSP_COLUMN_CANDIDATE]};
    const bool with = row->text[PSP_COLUMN_DISTRICT][0] != '\0';
    bool is_new;
    const uint32_t at = find_or_add(districts, &districts->office_index, key, 2, &is_new);
    if (at == PSP_NONE || !PSP_GROW(districts->offices, districts->office_capacity, (size_t)at + 1))
        return PSP_ENOMEM;
    struct office *office = &districts->offices[at];
    if (is_new)
        *office = (struct office){0};
    if (with && office->with == 0)
        office->first = i;
    office->with += with;
    office->without += !with;
    if (row->kind != PSP_ROW_LINE || row->choice_kind != PSP_CHOICE_CANDIDATE)
        return PSP_OK;
    const uint32_t line = find_or_add(districts, &districts->line_index, key, 3, &is_new);
    if (line == PSP_NONE || !PSP_GROW(districts->lines, districts->line_capacity, (size_t)line + 1))
        return PSP_ENOMEM;
    if (is_new)
        districts->lines[line] = (struct line){.office = at};
    districts->lines[line].seen |= with ? WITH : WITHOUT;
    return PSP_OK;
}

static bool is_stray(const struct office *office)
{
    return office->with > 0 && office->without > office->with && office->candidates > 0 &&
           !office->own;
}

static void take_off(struct districts *districts)
{
    struct psp_meaning *meaning = districts->meaning;
    for (size_t i = 0; i < meaning->n; i++) {
        const char *const key[] = {meaning->rows[i].text[PSP_COLUMN_OFFICE],
                                   meaning->rows[i].text[PSP_COLUMN_STATE]};
        bool is_new;
        const uint32_t at = find_or_add(districts, &districts->office_index, key, 2, &is_new);
        if (is_stray(&districts->offices[at]))
            meaning->rows[i].text[PSP_COLUMN_DISTRICT] =
                psp_returns_builder_text(meaning->builder, "", 0);
    }
}

static void tell(const struct districts *districts)
{
    const struct psp_meaning *meaning = districts->meaning;
    const enum psp_report_kind kind =
        meaning->options->merge_names ? PSP_REPORT_MERGED : PSP_REPORT_NAMES;
    for (uint32_t i = 0; i < districts->office_index.count; i++) {
        const struct office *office = &districts->offices[i];
        const struct psp_returns_row *row = &meaning->rows[office->first];
        if (is_stray(office))
            PSP_MEANING_TELL(meaning, kind, row,
                             "district \"%s\" of %s (%" PRIu64 "), none (%" PRIu64 ")",
                             row->text[PSP_COLUMN_DISTRICT], row->text[PSP_COLUMN_OFFICE],
                             office->with, office->without);
    }
}

enum psp_status psp_meaning_districts(struct psp_meaning *meaning)
{
    struct districts districts = {.meaning = meaning};
    enum psp_status status = PSP_OK;
    for (size_t i = 0; status == PSP_OK && i < meaning->n; i++)
        status = add_row(&districts, i);
    for (uint32_t i = 0; status == PSP_OK && i < districts.line_index.count; i++) {
        struct office *office = &districts.offices[districts.lines[i].office];
        office->candidates += districts.lines[i].seen == (WITH | WITHOUT);
        office->own |= districts.lines[i].seen == WITH;
    }
    if (status == PSP_OK) {
        tell(&districts);
        if (meaning->options->merge_names)
            take_off(&districts);
    }
    psp_id_index_free(&districts.office_index);
    psp_id_index_free(&districts.line_index);
    psp_pool_free(&districts.pool);
    free(districts.offices);
    free(districts.lines);
    return status;
}
