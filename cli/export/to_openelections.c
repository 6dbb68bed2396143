/*
 * One file of all levels, as OpenElections' have one of each: a row a line of a contest in a
 * unit, methods as columns. What the collector tells comes level by level and method by
 * method, so it is put in order first.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "base/system/file.h"
#include "base/system/lock.h"
#include "base/text/csv.h"
#include "cli/export/beside.h"
#include "cli/export/export.h"
#include "cli/export/source.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/show/standing.h"
#include "election/returns/returns.h"

/* In place of a choice: figures of a contest, where its returns printed them. */
enum { OVERVOTES = UINT16_MAX - 1, UNDERVOTES = UINT16_MAX };

struct cell {
    uint32_t order; /* of the unit: levels from the top, each from its first leaf to its last */
    uint32_t unit;
    uint32_t contest;
    uint16_t choice;
    uint16_t method; /* 0: all; else its position + 1 */
    uint64_t votes;
};

static_assert((int)PSP_CHOICES_MAX < (int)OVERVOTES, "a choice and a figure are told apart");

struct collecting {
    const struct psp_definition *definition;
    uint32_t *order; /* [unit_count] */
    struct cell *cells;
    size_t count, capacity;
    uint64_t held;
};

static enum psp_status add(struct collecting *collecting, struct cell cell, const json_t *votes)
{
    cell.order = collecting->order[cell.unit];
    cell.votes = (uint64_t)json_integer_value(votes);
    if (!PSP_GROW(collecting->cells, collecting->capacity, collecting->count + 1))
        return PSP_ENOMEM;
    collecting->cells[collecting->count++] = cell;
    return PSP_OK;
}

/* Where the contest's returns had lines for them. */
static enum psp_status add_figures(struct collecting *collecting, struct cell cell,
                                   const json_t *result)
{
    const struct psp_contest *contest = &collecting->definition->contests[cell.contest];
    enum psp_status status = PSP_OK;
    cell.choice = OVERVOTES;
    if (contest->overvotes.name)
        status = add(collecting, cell, json_object_get(result, "overvotes"));
    cell.choice = UNDERVOTES;
    if (contest->undervotes.name && status == PSP_OK)
        status = add(collecting, cell, json_object_get(result, "undervotes"));
    return status;
}

static uint32_t position(const json_t *object, const char *name,
                         const struct psp_definition *definition,
                         uint32_t (*find)(const struct psp_definition *, const char *, size_t))
{
    const char *id = json_string_value(json_object_get(object, name));
    return id ? find(definition, id, strlen(id)) : PSP_NONE;
}

static enum psp_status take_result(void *context, const json_t *result,
                                   struct psp_reason *reterr_reason)
{
    struct collecting *collecting = context;
    const struct psp_definition *definition = collecting->definition;
    const bool by_method = json_is_string(json_object_get(result, "method"));
    const uint32_t method =
        by_method ? position(result, "method", definition, psp_definition_method) : 0;
    struct cell cell = {
        .unit = position(result, "unit", definition, psp_definition_unit),
        .contest = position(result, "contest", definition, psp_definition_contest),
        .method = (uint16_t)(by_method ? method + 1 : 0),
    };
    if (cell.unit == PSP_NONE || cell.contest == PSP_NONE || method == PSP_NONE) {
        psp_reason_set(reterr_reason, "the collector tells of what its definition does not have");
        return PSP_EINVAL;
    }
    if (psp_standing_held(result)) {
        collecting->held++;
        return PSP_OK;
    }
    const json_t *line;
    size_t i;
    enum psp_status status = PSP_OK;
    json_array_foreach(json_object_get(result, "choices"), i, line)
    {
        const char *id = json_string_value(json_object_get(line, "choice"));
        const uint32_t choice =
            id ? psp_definition_choice(definition, cell.contest, id, strlen(id)) : PSP_NONE;
        if (choice == PSP_NONE) {
            psp_reason_set(reterr_reason, "the collector tells of a choice that its definition "
                                          "does not have");
            return PSP_EINVAL;
        }
        cell.choice = (uint16_t)choice;
        if (status == PSP_OK)
            status = add(collecting, cell, json_object_get(line, "votes"));
    }
    return status == PSP_OK ? add_figures(collecting, cell, result) : status;
}

static enum psp_status begin(void *context, struct psp_reason *reterr_reason)
{
    struct collecting *collecting = context;
    (void)reterr_reason;
    collecting->count = 0;
    collecting->held = 0;
    return PSP_OK;
}

/* ---- in order ---- */

static const struct psp_definition *ordering;

static int by_place(const void *left, const void *right)
{
    const struct psp_unit *a = &ordering->units[*(const uint32_t *)left];
    const struct psp_unit *b = &ordering->units[*(const uint32_t *)right];
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    return (a->leaf_first > b->leaf_first) - (a->leaf_first < b->leaf_first);
}

static uint32_t *order_units(const struct psp_definition *definition)
{
    uint32_t *units = psp_memory_array(definition->unit_count, sizeof *units);
    uint32_t *order = psp_memory_array(definition->unit_count, sizeof *order);
    for (uint32_t u = 0; u < definition->unit_count; u++)
        units[u] = u;
    ordering = definition;
    qsort(units, definition->unit_count, sizeof *units, by_place);
    for (uint32_t i = 0; i < definition->unit_count; i++)
        order[units[i]] = i;
    free(units);
    return order;
}

static int in_order(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->contest != b->contest)
        return a->contest < b->contest ? -1 : 1;
    if (a->choice != b->choice)
        return a->choice < b->choice ? -1 : 1;
    return (a->method > b->method) - (a->method < b->method);
}

/* ---- the file ---- */

static bool is_same_row(const struct cell *a, const struct cell *b)
{
    return a->order == b->order && a->contest == b->contest && a->choice == b->choice;
}

static void columns_of(const struct psp_definition *definition, const struct cell *cell,
                       struct psp_returns_row *ret_row)
{
    const struct psp_contest *contest = &definition->contests[cell->contest];
    psp_returns_place_columns(definition, cell->unit, ret_row);
    ret_row->text[PSP_COLUMN_OFFICE] = contest->office;
    ret_row->text[PSP_COLUMN_DISTRICT] = contest->district;
    if (cell->choice == OVERVOTES || cell->choice == UNDERVOTES) {
        const struct psp_printed *printed =
            cell->choice == OVERVOTES ? &contest->overvotes : &contest->undervotes;
        ret_row->text[PSP_COLUMN_PARTY] = printed->party;
        ret_row->text[PSP_COLUMN_CANDIDATE] = printed->name;
        return;
    }
    const struct psp_choice *line = &contest->choices[cell->choice];
    if (line->party != PSP_NONE)
        ret_row->text[PSP_COLUMN_PARTY] = definition->parties[line->party].name;
    ret_row->text[PSP_COLUMN_CANDIDATE] = psp_returns_candidate(definition, line);
}

static struct psp_csv_field field_of(const char *text)
{
    return (struct psp_csv_field){text, strlen(text)};
}

/* The row that begins at `at`, where all methods are. A method without a cell is held. */
static enum psp_status print_row(const struct collecting *collecting, size_t at, bool test,
                                 FILE *file)
{
    enum { NUMBER_BYTES = 24, FIRST = 1 + PSP_RETURNS_COLUMNS };
    const struct psp_definition *definition = collecting->definition;
    const struct cell *cells = collecting->cells;
    const size_t end = collecting->count;
    struct psp_returns_row row = {0};
    struct psp_csv_field fields[FIRST + PSP_METHODS_MAX];
    char numbers[1 + PSP_METHODS_MAX][NUMBER_BYTES] = {{0}};
    columns_of(definition, &cells[at], &row);
    fields[0] = field_of(psp_unit_level_id(definition, cells[at].unit));
    for (int c = 0; c < PSP_RETURNS_TEXTS; c++)
        fields[1 + c] = field_of(row.text[c]);
    for (size_t i = at; i < end && is_same_row(&cells[at], &cells[i]); i++)
        snprintf(numbers[cells[i].method], NUMBER_BYTES, "%" PRIu64, cells[i].votes);
    const uint32_t methods = definition->method_count > 1 ? definition->method_count : 0;
    for (uint32_t m = 0; m <= methods; m++)
        fields[PSP_RETURNS_COLUMNS + m] = field_of(numbers[m]);
    fputs(psp_mode_csv_field(test), file);
    return psp_csv_write(file, fields, FIRST + methods);
}

static void print_header(const struct psp_definition *definition, bool test, FILE *file)
{
    fprintf(file, "%slevel", psp_mode_csv_heading(test));
    for (int c = 0; c < PSP_RETURNS_COLUMNS; c++)
        fprintf(file, ",%s", psp_returns_column_name((enum psp_returns_column)c));
    for (uint32_t m = 0; m < definition->method_count && definition->method_count > 1; m++)
        fprintf(file, ",%s", definition->methods[m].id);
    fputc('\n', file);
}

static enum psp_status print_all(struct collecting *collecting, bool test, FILE *file,
                                 uint64_t *ret_rows)
{
    enum psp_status status = PSP_OK;
    uint64_t rows = 0;
    if (collecting->count > 0)
        qsort(collecting->cells, collecting->count, sizeof *collecting->cells, in_order);
    print_header(collecting->definition, test, file);
    for (size_t i = 0; i < collecting->count && status == PSP_OK; i++) {
        if (collecting->cells[i].method != 0)
            continue;
        status = print_row(collecting, i, test, file);
        rows++;
    }
    *ret_rows = rows;
    return status == PSP_OK && fflush(file) == 0 && !ferror(file) ? PSP_OK : PSP_EIO;
}

/* ---- what the file is of ---- */

/* FILE.source.json: whose figures these are, and which version of them. */
static enum psp_status write_source(const struct psp_export *export, const json_t *election,
                                    struct psp_reason *reterr_reason)
{
    static const char *const copied[] = {"id",     "name",    "date",  "time_zone",
                                         "source", "licence", "state", "definition_hash"};
    static const char *const heads[] = {"version", "as_of", "stale",
                                        "status",  "mode",  "publication"};
    const json_t *about = json_object_get(election, "election");
    json_t *source = json_object();
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(source, copied[i], json_object_get(about, copied[i]));
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        json_object_set(source, heads[i], json_object_get(election, heads[i]));
    char *text = json_dumps(source, JSON_INDENT(2));
    char *path = psp_memory_print("%s.source.json", export->path);
    char *whole = psp_memory_print("%s\n", text ? text : "");
    const enum psp_status status = psp_file_write(path, whole, strlen(whole), 0644);
    if (status != PSP_OK)
        psp_beside_refuse(path, errno, reterr_reason);
    free(whole);
    free(path);
    free(text);
    json_decref(source);
    return status;
}

static enum psp_status write_rows(struct collecting *collecting, const json_t *election,
                                  const struct psp_beside *beside, uint64_t *ret_rows,
                                  struct psp_reason *reterr_reason)
{
    FILE *file = fopen(beside->name, "w");
    enum psp_status status = PSP_EIO;
    errno = 0;
    if (file)
        status = print_all(collecting, psp_mode_is_test(election), file, ret_rows);
    const int error = errno;
    if (file && fclose(file) != 0 && status == PSP_OK)
        status = PSP_EIO;
    if (status != PSP_OK)
        psp_beside_refuse(beside->path, error ? error : errno, reterr_reason);
    return status;
}

enum psp_status psp_export_openelections(const struct psp_export *export,
                                         struct psp_export_done *ret_done,
                                         struct psp_reason *reterr_reason)
{
    struct collecting collecting = {0};
    struct psp_definition *definition = NULL;
    struct psp_beside beside = {.lock = PSP_LOCK_NONE};
    const struct psp_source_taker taker = {
        .begin = begin, .result = take_result, .context = &collecting};
    enum psp_status status = psp_beside_open(export->path, &beside, reterr_reason);
    if (status == PSP_OK)
        status = psp_source_definition(export->rest, &definition, reterr_reason);
    if (status == PSP_OK) {
        collecting.definition = definition;
        collecting.order = order_units(definition);
        status =
            psp_source_read(export->rest, definition, &taker, &ret_done->election, reterr_reason);
    }
    ret_done->table_count = 1;
    ret_done->tables[0].name = "rows";
    if (status == PSP_OK)
        status = write_rows(&collecting, ret_done->election, &beside, &ret_done->tables[0].rows,
                            reterr_reason);
    if (status == PSP_OK)
        status = write_source(export, ret_done->election, reterr_reason);
    if (status == PSP_OK)
        status = psp_beside_finish(&beside, reterr_reason);
    ret_done->held = collecting.held;
    psp_beside_close(&beside);
    psp_definition_destroy(&definition);
    free(collecting.cells);
    free(collecting.order);
    return status;
}
