/* READ COMMITTED: each statement sees what was committed before it began, so what is read after
 * the lock is what the last writer left. All bridges of a schema take the same advisory lock;
 * readers wait for nobody. */
#include "bridge/postgres/merge.h"

#include <assert.h>
#include <string.h>

/* A session says standard_conforming_strings: a backslash is one. */
void psp_pg_write_literal(const char *value, struct psp_text *text)
{
    psp_text_bytes(text, "'", 1);
    for (; *value; value++)
        psp_text_bytes(text, *value == '\'' ? "''" : value, *value == '\'' ? 2 : 1);
    psp_text_bytes(text, "'", 1);
}

static bool is_staged(unsigned table)
{
    return table != PSP_SQL_TABLE_CORRECTIONS; /* nothing makes one */
}

void psp_pg_write_staging(struct psp_text *text)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        if (is_staged(t))
            psp_text_format(text, "CREATE TEMPORARY TABLE in_%s (LIKE %s) ON COMMIT DELETE ROWS;\n",
                            psp_sql_tables[t].name, psp_sql_tables[t].name);
}

void psp_pg_write_lock(const char *schema, struct psp_text *text)
{
    psp_text_string(text, "SELECT pg_advisory_xact_lock(hashtextextended('psephos-bridge ' || ");
    psp_pg_write_literal(schema, text);
    psp_text_string(text, ", 0));\n");
}

void psp_pg_write_held(struct psp_text *text)
{
    psp_text_string(text,
                    "SELECT b.format, e.cluster, e.version_id, v.shard, v.epoch, v.log_index\n"
                    "FROM bridge b LEFT JOIN election e ON TRUE LEFT JOIN version v ON TRUE\n"
                    "ORDER BY v.shard;\n");
}

/* Between this and the end nobody may sleep with the lock: a bridge that is stopped there loses
 * its session. */
void psp_pg_write_guard(const char *schema, struct psp_text *text)
{
    psp_text_string(text, "SET LOCAL idle_in_transaction_session_timeout = '5s';\n");
    psp_pg_write_lock(schema, text);
    psp_pg_write_held(text);
}

/* ---- one table ---- */

static bool is_in_list(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (strncmp(at, name, length) == 0 && (at[length] == 0 || at[length] == ','))
            return true;
    }
    return false;
}

static bool is_key(const struct psp_sql_table *table, uint32_t column)
{
    return is_in_list(table->key, table->columns[column].name);
}

/* "a, b", of all columns or of those that are no key; each with `before`. */
static void write_columns(const struct psp_sql_table *table, bool keys, const char *before,
                          struct psp_text *text)
{
    bool first = true;
    for (uint32_t c = 0; c < table->column_count; c++) {
        if (!keys && is_key(table, c))
            continue;
        psp_text_string(text, first ? before : ", ");
        if (!first)
            psp_text_string(text, before);
        psp_sql_write_name(table->columns[c].name, text);
        first = false;
    }
    assert(!first);
}

static void write_same_key(const struct psp_sql_table *table, struct psp_text *text)
{
    bool first = true;
    for (uint32_t c = 0; c < table->column_count; c++) {
        if (!is_key(table, c))
            continue;
        psp_text_string(text, first ? "n." : " AND n.");
        psp_sql_write_name(table->columns[c].name, text);
        psp_text_string(text, " = o.");
        psp_sql_write_name(table->columns[c].name, text);
        first = false;
    }
    assert(!first);
}

static void write_upsert(unsigned id, bool whole, struct psp_text *text)
{
    const struct psp_sql_table *table = &psp_sql_tables[id];
    bool first = true;
    psp_text_format(text, "INSERT INTO %s AS o (", table->name);
    write_columns(table, true, "", text);
    psp_text_string(text, ") SELECT ");
    write_columns(table, true, "n.", text);
    psp_text_format(text, " FROM in_%s n%s\n", table->name,
                    id == PSP_SQL_TABLE_RESULTS ? " WHERE n.votes IS NOT NULL" : "");
    psp_text_format(text, "ON CONFLICT (%s) DO UPDATE SET ", table->key);
    for (uint32_t c = 0; c < table->column_count; c++) {
        if (is_key(table, c))
            continue;
        psp_text_string(text, first ? "" : ", ");
        psp_sql_write_name(table->columns[c].name, text);
        psp_text_string(text, " = excluded.");
        psp_sql_write_name(table->columns[c].name, text);
        first = false;
    }
    psp_text_string(text, "\nWHERE (");
    write_columns(table, false, "o.", text);
    psp_text_string(text, ") IS DISTINCT FROM (");
    write_columns(table, false, "excluded.", text);
    psp_text_string(text, ")");
    /* What is whole may be of a restored log, which has fewer corrections. */
    if (id == PSP_SQL_TABLE_RESULTS && !whole)
        psp_text_string(text, " AND excluded.revision >= o.revision");
    psp_text_string(text, ";\n");
}

static void write_remove_others(unsigned id, struct psp_text *text)
{
    const struct psp_sql_table *table = &psp_sql_tables[id];
    psp_text_format(text, "DELETE FROM %s o WHERE NOT EXISTS (SELECT 1 FROM in_%s n WHERE ",
                    table->name, table->name);
    write_same_key(table, text);
    psp_text_string(text, id == PSP_SQL_TABLE_RESULTS ? " AND n.votes IS NOT NULL);\n" : ");\n");
}

static void write_remove_held(struct psp_text *text)
{
    psp_text_string(text, "DELETE FROM results o USING in_results n WHERE n.votes IS NULL AND ");
    write_same_key(&psp_sql_tables[PSP_SQL_TABLE_RESULTS], text);
    psp_text_string(text, ";\n");
}

/* ---- all of them ---- */

/* Statistics of what was copied: without them the planner may compare each row with each. */
static void write_whole(struct psp_text *text)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        if (is_staged(t) && t != PSP_SQL_TABLE_SERIES)
            psp_text_format(text, "ANALYZE in_%s;\n", psp_sql_tables[t].name);
    psp_text_string(text, "DELETE FROM series o WHERE NOT EXISTS (SELECT 1 FROM in_choices n WHERE "
                          "n.contest = o.contest AND n.choice = o.choice);\n");
    for (unsigned t = PSP_SQL_TABLES_END; t-- > 0;)
        if (is_staged(t) && t != PSP_SQL_TABLE_SERIES)
            write_remove_others(t, text);
}

void psp_pg_write_merge(bool whole, uint32_t staged, struct psp_text *text)
{
    if (whole)
        write_whole(text);
    else if (staged & PSP_PG_TABLE(RESULTS))
        write_remove_held(text);
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        if (t != PSP_SQL_TABLE_SERIES && (staged & UINT32_C(1) << t))
            write_upsert(t, whole, text);
    if (whole)
        psp_text_string(text, "ANALYZE units, choices, results, turnout;\n");
}

void psp_pg_write_series(const char *contests, struct psp_text *text)
{
    psp_text_string(text, "ANALYZE in_series;\nDELETE FROM series o WHERE o.contest IN (");
    psp_text_string(text, contests);
    psp_text_string(text, ") AND NOT EXISTS (SELECT 1 FROM in_series n WHERE ");
    write_same_key(&psp_sql_tables[PSP_SQL_TABLE_SERIES], text);
    psp_text_string(text, ");\n");
    write_upsert(PSP_SQL_TABLE_SERIES, true, text);
}
