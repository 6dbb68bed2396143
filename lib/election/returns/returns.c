/* Text is interned: a county's name stands once, however many rows have it. */
#include "election/returns/returns.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory/grow.h"
#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "base/text/utf8.h"
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

/* What psp_returns_read allocates; users see `shown`. */
struct whole {
    struct psp_returns shown;
    struct psp_pool pool;
    struct psp_returns_row *rows;
};

struct reading {
    struct whole *whole;
    size_t row_capacity;
    struct psp_id_index texts; /* equal texts are one pointer */
    const char **text_at;      /* position in the index -> text */
    size_t text_capacity;
    struct psp_id_index keys; /* the eight pointers of each row */
    uint64_t votes;           /* of all rows so far */
    struct psp_reason *reason;
};

static enum psp_status check_header(const struct psp_csv_record *record,
                                    struct psp_reason *reterr_reason)
{
    for (uint32_t i = 0; i < PSP_RETURNS_COLUMNS; i++) {
        const char *text = i < record->field_count ? record->fields[i].text : "";
        if (strcmp(text, column_names[i]) == 0)
            continue;
        psp_reason_set_line(reterr_reason, record->line, i + 1,
                            "wrong header: column %" PRIu32 " is \"%s\" and must be \"%s\"; the "
                            "header is state,county,county_fips,precinct,office,district,party,"
                            "candidate,votes",
                            i + 1, psp_shown(text, strlen(text)).text, column_names[i]);
        return PSP_EINVAL;
    }
    if (record->field_count == PSP_RETURNS_COLUMNS)
        return PSP_OK;
    psp_reason_set_line(reterr_reason, record->line, PSP_RETURNS_COLUMNS + 1,
                        "wrong header: %" PRIu32 " columns, and must have %d", record->field_count,
                        PSP_RETURNS_COLUMNS);
    return PSP_EINVAL;
}

static enum psp_status read_votes(const struct psp_csv_record *record, uint64_t *ret_votes,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_csv_field *field = &record->fields[PSP_COLUMN_VOTES];
    uint64_t votes = 0;
    const char *reason = NULL;
    if (field->bytes == 0)
        reason = "votes are missing";
    else if (field->text[0] == '-')
        reason = "votes must not be negative";
    for (size_t i = 0; reason == NULL && i < field->bytes; i++) {
        if (field->text[i] < '0' || field->text[i] > '9')
            reason = "votes must be a whole number";
        else if ((votes = 10 * votes + (uint64_t)(field->text[i] - '0')) > PSP_RETURNS_VOTES_MAX)
            reason = "votes are over the limit of " PSP_TEXT(PSP_RETURNS_VOTES_MAX);
    }
    if (reason == NULL) {
        *ret_votes = votes;
        return PSP_OK;
    }
    psp_reason_set_line(reterr_reason, record->line, PSP_COLUMN_VOTES + 1, "%s: \"%s\"", reason,
                        psp_shown(field->text, field->bytes).text);
    return PSP_EINVAL;
}

/* The one copy of a text. */
static const char *intern(struct reading *reading, const struct psp_csv_field *field)
{
    static const char empty[] = "";
    if (field->bytes == 0)
        return empty;
    const uint32_t known = psp_id_index_find(&reading->texts, 0, field->text, field->bytes);
    if (known != PSP_NONE) {
        assert(reading->text_at != NULL);
        return reading->text_at[known];
    }
    const uint32_t position = reading->texts.count;
    if (!PSP_GROW(reading->text_at, reading->text_capacity, (size_t)position + 1))
        return NULL;
    const char *text = psp_pool_string(&reading->whole->pool, field->text, field->bytes);
    uint32_t ignored;
    if (text == NULL ||
        psp_id_index_add(&reading->texts, 0, text, field->bytes, position, &ignored) != PSP_OK)
        return NULL;
    reading->text_at[position] = text;
    return text;
}

static enum psp_status read_row(struct reading *reading, const struct psp_csv_record *record)
{
    if (record->field_count != PSP_RETURNS_COLUMNS) {
        psp_reason_set_line(reading->reason, record->line, 0,
                            "%" PRIu32 " fields, and the header has %d columns",
                            record->field_count, PSP_RETURNS_COLUMNS);
        return PSP_EINVAL;
    }
    struct psp_returns_row row = {.line = record->line};
    enum psp_status status = read_votes(record, &row.votes, reading->reason);
    if (status != PSP_OK)
        return status;
    reading->votes += row.votes;
    if (reading->votes > PSP_RETURNS_TOTAL_MAX) {
        psp_reason_set_line(reading->reason, record->line, PSP_COLUMN_VOTES + 1,
                            "the votes of all rows together are over the limit");
        return PSP_EINVAL;
    }
    for (uint32_t i = 0; i < PSP_RETURNS_TEXTS; i++) {
        if (record->fields[i].bytes > PSP_NAME_BYTES_MAX) {
            psp_reason_set_line(reading->reason, record->line, i + 1,
                                "a text of %zu bytes: at most %d are allowed",
                                record->fields[i].bytes, PSP_NAME_BYTES_MAX);
            return PSP_EINVAL;
        }
        row.text[i] = intern(reading, &record->fields[i]);
        if (row.text[i] == NULL)
            return PSP_ENOMEM;
    }
    status = PSP_GROW(reading->whole->rows, reading->row_capacity, reading->whole->shown.n + 1)
                 ? PSP_OK
                 : PSP_ENOMEM;
    if (status != PSP_OK)
        return status;
    reading->whole->rows[reading->whole->shown.n++] = row;
    return PSP_OK;
}

/* All columns but votes are unique together: checked when the rows no longer
 * move, because the index keeps pointers into them. */
static enum psp_status check_unique(struct reading *reading)
{
    const struct whole *whole = reading->whole;
    for (size_t i = 0; i < whole->shown.n; i++) {
        const struct psp_returns_row *row = &whole->rows[i];
        uint32_t first;
        const enum psp_status status = psp_id_index_add(&reading->keys, 0, (const char *)row->text,
                                                        sizeof row->text, (uint32_t)i, &first);
        if (status == PSP_OK)
            continue;
        if (status == PSP_EEXIST)
            psp_reason_set_line(reading->reason, row->line, 0,
                                "the row of line %" PRIu64
                                " again: all columns but votes are equal",
                                whole->rows[first].line);
        return status == PSP_EEXIST ? PSP_EINVAL : status;
    }
    return PSP_OK;
}

static enum psp_status read_all(struct reading *reading, struct psp_csv *csv)
{
    struct psp_csv_record record;
    enum psp_status status = psp_csv_next(csv, &record, reading->reason);
    if (status == PSP_ENOENT) {
        psp_reason_set(reading->reason, "the file is empty, without even a header");
        return PSP_EINVAL;
    }
    if (status == PSP_OK)
        status = check_header(&record, reading->reason);
    while (status == PSP_OK && (status = psp_csv_next(csv, &record, reading->reason)) == PSP_OK)
        status = reading->whole->shown.n < UINT32_MAX - 1 ? read_row(reading, &record) : PSP_ENOMEM;
    if (status != PSP_ENOENT)
        return status;
    if (reading->whole->shown.n == 0) {
        psp_reason_set(reading->reason, "no rows follow the header");
        return PSP_EINVAL;
    }
    return check_unique(reading);
}

enum psp_status psp_returns_read(struct psp_csv *csv, struct psp_returns **ret_returns,
                                 struct psp_reason *reterr_reason)
{
    struct whole *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return PSP_ENOMEM;
    struct reading reading = {.whole = whole, .reason = reterr_reason};
    const enum psp_status status = read_all(&reading, csv);
    psp_id_index_free(&reading.texts);
    psp_id_index_free(&reading.keys);
    free(reading.text_at);
    whole->shown.rows = whole->rows;
    struct psp_returns *returns = &whole->shown;
    if (status == PSP_OK)
        *ret_returns = returns;
    else
        psp_returns_destroy(&returns);
    return status;
}

enum psp_status psp_returns_load(const char *path, struct psp_returns **ret_returns,
                                 struct psp_reason *reterr_reason)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        psp_reason_set(reterr_reason, "%s", strerror(errno));
        return errno == ENOENT ? PSP_ENOENT : PSP_EIO;
    }
    struct psp_csv *csv = NULL;
    enum psp_status status = psp_csv_open_file(file, &csv);
    if (status == PSP_OK)
        status = psp_returns_read(csv, ret_returns, reterr_reason);
    if (status == PSP_EIO)
        psp_reason_set(reterr_reason, "%s", strerror(errno));
    psp_csv_close(&csv);
    fclose(file);
    return status;
}

void psp_returns_destroy(struct psp_returns **returns)
{
    if (*returns == NULL)
        return;
    struct whole *whole = (struct whole *)*returns;
    psp_pool_free(&whole->pool);
    free(whole->rows);
    free(whole);
    *returns = NULL;
}

void psp_returns_unit_columns(const struct psp_definition *definition, uint32_t leaf,
                              struct psp_returns_row *ret_row)
{
    struct psp_returns_row row = {.text = {"", "", "", "", "", "", "", ""}};
    for (uint32_t at = definition->leaves[leaf]; at != PSP_NONE;
         at = definition->units[at].parent) {
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
        case PSP_OWN_LEVEL: /* no column but that of the leaf knows it */
            if (at == definition->leaves[leaf])
                row.text[PSP_COLUMN_PRECINCT] = unit->name;
            break;
        }
    }
    *ret_row = row;
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
    row.text[PSP_COLUMN_CANDIDATE] = line->name;
    *ret_row = row;
}
