/* Rows become columns page by page: a whole list of them is never held. */
#include "cli/publish/tables.h"

#include <stdlib.h>
#include <string.h>

#include "cli/publish/columns.h"
#include "cli/say/memory.h"

/* ---- files of several tables ---- */

struct packing {
    struct psp_site *site;
    const char *about; /* member beside "tables", with its value; NULL: none */
    const char *value;
    const char *names; /* member of the list that names the tables */
    json_t *tables, *named, *list;
    json_int_t rows;
};

static enum psp_status pack_close(struct packing *packing, struct psp_reason *reterr_reason)
{
    char path[PSP_SITE_PATH_BYTES];
    if (json_array_size(packing->tables) == 0)
        return PSP_OK;
    json_t *file = json_object();
    if (packing->about)
        json_object_set_new(file, packing->about, json_string(packing->value));
    json_object_set(file, "tables", packing->tables);
    const enum psp_status status = psp_site_put_json(packing->site, file, path, reterr_reason);
    json_decref(file);
    json_array_append_new(packing->list,
                          json_pack("{s:s, s:O}", "file", path, packing->names, packing->named));
    json_decref(packing->tables);
    json_decref(packing->named);
    packing->tables = json_array();
    packing->named = json_array();
    packing->rows = 0;
    return status;
}

static void pack_start(struct packing *packing)
{
    packing->tables = json_array();
    packing->named = json_array();
    packing->list = json_array();
    packing->rows = 0;
}

/* Takes the table. */
static enum psp_status pack_add(struct packing *packing, const char *name, json_int_t rows,
                                json_t *table, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    if (packing->rows > 0 && packing->rows + rows > PSP_TABLES_FILE_ROWS)
        status = pack_close(packing, reterr_reason);
    json_array_append_new(packing->tables, table);
    json_array_append_new(packing->named, json_string(name));
    packing->rows += rows;
    return status;
}

/* The list, when all went well. */
static enum psp_status pack_end(struct packing *packing, enum psp_status status, json_t **ret_list,
                                struct psp_reason *reterr_reason)
{
    if (status == PSP_OK)
        status = pack_close(packing, reterr_reason);
    json_decref(packing->tables);
    json_decref(packing->named);
    if (status == PSP_OK)
        *ret_list = packing->list;
    else
        json_decref(packing->list);
    return status;
}

static json_int_t rows_of(const json_t *table)
{
    return json_integer_value(json_object_get(table, "rows"));
}

/* The table of that name, made when it is not there. */
static json_t *table_in(json_t *tables, const char *name)
{
    json_t *table = json_object_get(tables, name);
    if (!table) {
        table = psp_columns_create();
        json_object_set_new(tables, name, table);
    }
    return table;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- units ---- */

struct units {
    json_t *fixed, *moving, *turnout; /* level -> table */
    json_t *places;
    json_int_t count;
};

static const char *const fixed_members[] = {"id",     "name", "names",    "code",   "level",
                                            "parent", "leaf", "children", "leaves", NULL};
/* What the turnout says as well, and what the table's name says. */
static const char *const told_twice[] = {"id",
                                         "name",
                                         "names",
                                         "code",
                                         "level",
                                         "parent",
                                         "leaf",
                                         "children",
                                         "leaves",
                                         "ballots",
                                         "ballots_counted",
                                         "registered",
                                         "ballots_expected",
                                         "complete",
                                         "report",
                                         "report_under_way",
                                         "units_partial",
                                         NULL};
static const char *const of_turnout[] = {"kind", "unit", "unit_name", "level", NULL};

static void take_unit(void *context, json_t *unit)
{
    struct units *units = context;
    const char *level = text_of(unit, "level");
    json_t *table = table_in(units->fixed, level), *fixed = json_object();
    const json_int_t place = rows_of(table);
    static const char *const by_name[] = {"level", NULL};
    for (const char *const *name = fixed_members; *name; name++)
        if (json_object_get(unit, *name))
            json_object_set(fixed, *name, json_object_get(unit, *name));
    json_object_set_new(fixed, "order", json_integer(units->count++));
    psp_columns_add(table, fixed, place, by_name);
    json_decref(fixed);
    psp_columns_add(table_in(units->moving, level), unit, place, told_twice);
    json_object_set_new(units->places, text_of(unit, "id"), json_integer(place));
}

static void take_turnout(void *context, json_t *row)
{
    struct units *units = context;
    const json_int_t place =
        json_integer_value(json_object_get(units->places, text_of(row, "unit")));
    psp_columns_add(table_in(units->turnout, text_of(row, "level")), row, place, of_turnout);
}

/* Page by page, of a collector that does not tell all rows in one answer. */
static enum psp_status read_turnout(struct psp_source *source, const json_t *levels,
                                    struct units *units)
{
    const json_t *level;
    size_t i;
    enum psp_status status = PSP_OK;
    json_array_foreach(levels, i, level)
    {
        char *path = psp_memory_print("/api/v1/turnout?level=%s", text_of(level, "level"));
        if (status == PSP_OK && json_object_get(units->fixed, text_of(level, "level")))
            status = psp_source_each(source, path, "turnout", true, take_turnout, units);
        free(path);
    }
    return status;
}

static enum psp_status write_units(const struct units *units, struct psp_site *site,
                                   const json_t *levels, json_t **ret_units, json_t **ret_state,
                                   struct psp_reason *reterr_reason)
{
    struct packing fixed = {.site = site, .names = "levels"};
    struct packing state = {.site = site, .names = "levels"};
    enum psp_status status = PSP_OK;
    const json_t *level;
    size_t i;
    pack_start(&fixed);
    pack_start(&state);
    json_array_foreach(levels, i, level)
    {
        const char *name = text_of(level, "level");
        json_t *table = json_object_get(units->fixed, name);
        if (!table || status != PSP_OK)
            continue;
        json_t *moving = json_object_get(units->moving, name);
        json_t *turnout = table_in(units->turnout, name);
        psp_columns_close(table);
        psp_columns_close(moving);
        psp_columns_close(turnout);
        status = pack_add(&fixed, name, rows_of(table),
                          json_pack("{s:s, s:O}", "level", name, "units", table), reterr_reason);
        if (status == PSP_OK)
            status = pack_add(
                &state, name, rows_of(table),
                json_pack("{s:s, s:O, s:O}", "level", name, "units", moving, "turnout", turnout),
                reterr_reason);
    }
    status = pack_end(&fixed, status, ret_units, reterr_reason);
    return pack_end(&state, status, ret_state, reterr_reason);
}

/* ---- results ---- */

struct psp_tables {
    struct units units;
    json_t *contests; /* contest -> "LEVEL" or "LEVEL/METHOD" -> table */
};

/* What the contest and the choices say: names, sums, shares and order. */
static const char *const derived[] = {"kind",   "contest", "unit",       "unit_name", "level",
                                      "method", "valid",   "candidates", "revision",  NULL};

static void take_result(void *context, json_t *row)
{
    struct psp_tables *all = context;
    const char *contest = text_of(row, "contest"), *method = text_of(row, "method");
    json_t *tables = json_object_get(all->contests, contest);
    if (!tables) {
        tables = json_object();
        json_object_set_new(all->contests, contest, tables);
    }
    char *name = psp_memory_print("%s%s%s", text_of(row, "level"), *method ? "/" : "", method);
    const json_int_t place =
        json_integer_value(json_object_get(all->units.places, text_of(row, "unit")));
    psp_columns_add(table_in(tables, name), row, place, derived);
    free(name);
}

static void take_row(void *context, json_t *row)
{
    struct psp_tables *all = context;
    const char *kind = text_of(row, "kind");
    if (!strcmp(kind, "result"))
        take_result(all, row);
    else if (!strcmp(kind, "turnout"))
        take_turnout(&all->units, row);
}

static enum psp_status read_results(struct psp_source *source, const json_t *levels, bool by_method,
                                    struct psp_tables *all)
{
    const json_t *level;
    size_t i;
    enum psp_status status = PSP_OK;
    json_array_foreach(levels, i, level)
    {
        for (int by = 0; by <= (by_method ? 1 : 0) && status == PSP_OK; by++) {
            char *path = psp_memory_print("/api/v1/results?level=%s%s", text_of(level, "level"),
                                          by ? "&by=method" : "");
            status = psp_source_each(source, path, "results", true, take_result, all);
            free(path);
        }
    }
    return status;
}

/* A table names its level and method in itself, too: a file says what it is. */
static json_t *labelled(const char *name, json_t *table)
{
    const char *slash = strchr(name, '/');
    json_t *whole = json_object();
    json_object_set_new(whole, "level",
                        json_stringn(name, slash ? (size_t)(slash - name) : strlen(name)));
    json_object_set_new(whole, "method", slash ? json_string(slash + 1) : json_null());
    psp_columns_close(table);
    json_object_update(whole, table);
    return whole;
}

static enum psp_status write_contest(struct psp_site *site, const char *contest, json_t *tables,
                                     json_t *contests, struct psp_reason *reterr_reason)
{
    struct packing packing = {
        .site = site, .about = "contest", .value = contest, .names = "tables"};
    enum psp_status status = PSP_OK;
    const char *name;
    json_t *table, *list = NULL;
    pack_start(&packing);
    json_object_foreach(tables, name, table)
    {
        if (status == PSP_OK)
            status = pack_add(&packing, name, rows_of(table), labelled(name, table), reterr_reason);
    }
    status = pack_end(&packing, status, &list, reterr_reason);
    if (status == PSP_OK)
        json_object_set_new(contests, contest, list);
    return status;
}

enum psp_status psp_tables_units(struct psp_source *source, struct psp_tables **ret_tables,
                                 struct psp_reason *reterr_reason)
{
    struct psp_tables *tables = psp_memory_array(1, sizeof *tables);
    tables->units = (struct units){json_object(), json_object(), json_object(), json_object(), 0};
    tables->contests = json_object();
    const enum psp_status status =
        psp_source_each(source, "/api/v1/units", "units", true, take_unit, &tables->units);
    if (status == PSP_OK)
        *ret_tables = tables;
    else
        psp_tables_destroy(&tables);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s", psp_source_error(source));
    return status;
}

void psp_tables_destroy(struct psp_tables **tables)
{
    if (!*tables)
        return;
    json_decref((*tables)->units.fixed);
    json_decref((*tables)->units.moving);
    json_decref((*tables)->units.turnout);
    json_decref((*tables)->units.places);
    json_decref((*tables)->contests);
    free(*tables);
    *tables = NULL;
}

enum psp_status psp_tables_rows(struct psp_tables *tables, struct psp_source *source,
                                const json_t *levels, const json_t *methods,
                                struct psp_reason *reterr_reason)
{
    enum psp_status status = psp_source_rows(source, take_row, tables);
    if (status == PSP_ENOENT) {
        status = read_turnout(source, levels, &tables->units);
        if (status == PSP_OK)
            status = read_results(source, levels, json_array_size(methods) > 1, tables);
    }
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s", psp_source_error(source));
    return status;
}

enum psp_status psp_tables_write(struct psp_tables *tables, struct psp_site *site,
                                 const json_t *levels, json_t **ret_units, json_t **ret_state,
                                 json_t **ret_contests, struct psp_reason *reterr_reason)
{
    json_t *contests = json_object(), *of_contest;
    const char *contest;
    enum psp_status status =
        write_units(&tables->units, site, levels, ret_units, ret_state, reterr_reason);
    json_object_foreach(tables->contests, contest, of_contest)
    {
        if (status == PSP_OK)
            status = write_contest(site, contest, of_contest, contests, reterr_reason);
    }
    if (status == PSP_OK)
        *ret_contests = contests;
    else
        json_decref(contests);
    return status;
}
