/* A column that a later row brings first is null in the rows before it. */
#include "cli/publish/columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

json_t *psp_columns_create(void)
{
    return json_pack("{s:i, s:{}}", "rows", 0, "columns");
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

/* Fills up to `rows` values, so that the next one is that row's. */
static void pad(json_t *column, size_t rows)
{
    while (json_array_size(column) < rows)
        json_array_append_new(column, json_null());
}

static void append(json_t *columns, const char *name, json_t *value, size_t row)
{
    json_t *column = json_object_get(columns, name);
    if (!column) {
        column = json_array();
        json_object_set_new(columns, name, column);
    }
    pad(column, row);
    json_array_append(column, value);
}

static void append_progress(json_t *columns, json_t *progress, size_t row)
{
    const char *name;
    json_t *value;
    json_object_foreach(progress, name, value)
    {
        char *whole = psp_memory_print("progress.%s", name);
        append(columns, whole, value, row);
        free(whole);
    }
}

static void append_votes(json_t *table, const json_t *choices, size_t row)
{
    json_t *votes = json_object_get(table, "votes"), *one;
    size_t i;
    if (!votes) {
        votes = json_object();
        json_object_set_new(table, "votes", votes);
    }
    json_array_foreach(choices, i, one)
    {
        const char *choice = json_string_value(json_object_get(one, "choice"));
        if (choice)
            append(votes, choice, json_object_get(one, "votes"), row);
    }
}

void psp_columns_add(json_t *table, const json_t *row, json_int_t place,
                     const char *const *left_out)
{
    json_t *columns = json_object_get(table, "columns"), *value;
    const size_t at = (size_t)json_integer_value(json_object_get(table, "rows"));
    const char *name;
    json_t *unit = json_integer(place);
    append(columns, "unit", unit, at);
    json_decref(unit);
    json_object_foreach((json_t *)row, name, value)
    {
        if (is_one_of(name, left_out))
            continue;
        if (!strcmp(name, "choices"))
            append_votes(table, value, at);
        else if (!strcmp(name, "progress") && json_is_object(value))
            append_progress(columns, value, at);
        else
            append(columns, name, value, at);
    }
    json_object_set_new(table, "rows", json_integer((json_int_t)at + 1));
}

/* Whether every value is the first one. */
static bool is_uniform(const json_t *column)
{
    const json_t *first = json_array_get(column, 0), *value;
    size_t i;
    json_array_foreach(column, i, value)
    {
        if (!json_equal(value, first))
            return false;
    }
    return json_array_size(column) > 0;
}

static bool is_counting(const json_t *column)
{
    const json_t *value;
    size_t i;
    json_array_foreach(column, i, value)
    {
        if (json_integer_value(value) != (json_int_t)i)
            return false;
    }
    return true;
}

static void squeeze(json_t *columns, size_t rows)
{
    const char *name;
    json_t *column;
    void *next;
    json_object_foreach_safe(columns, next, name, column)
    {
        pad(column, rows);
        if (is_uniform(column))
            json_object_set_new(columns, name,
                                json_pack("{s:O}", "all", json_array_get(column, 0)));
    }
}

void psp_columns_close(json_t *table)
{
    json_t *columns = json_object_get(table, "columns");
    const size_t rows = (size_t)json_integer_value(json_object_get(table, "rows"));
    if (is_counting(json_object_get(columns, "unit")))
        json_object_del(columns, "unit");
    squeeze(columns, rows);
    squeeze(json_object_get(table, "votes"), rows);
}
