/* Comments go where each dialect keeps them: into SQLite's own text of a table, as .schema
 * shows it; of PostgreSQL with COMMENT ON. */
#include "sql/schema.h"

#include <assert.h>
#include <string.h>

#define NEVER false
#define NULLABLE true
#define COLUMN(NAME, name, type, null, about) {#name, PSP_SQL_##type, null, about},
#define COLUMNS(NAME)                                                                              \
    .columns = (const struct psp_sql_column[]){PSP_SQL_##NAME(COLUMN)},                            \
    .column_count = PSP_OF_##NAME##_END
#define X(NAME)                                                                                    \
    static_assert((int)PSP_OF_##NAME##_END <= PSP_SQL_COLUMNS_MAX, "room for a row's values");
PSP_SQL_TABLES(X)
#undef X

const struct psp_sql_table psp_sql_tables[] = {
    [PSP_SQL_TABLE_PARTIES] = {"parties", "the parties", COLUMNS(PARTIES), .key = "party"},
    [PSP_SQL_TABLE_METHODS] = {"methods", "how ballots are cast", COLUMNS(METHODS),
                               .key = "method"},
    [PSP_SQL_TABLE_UNITS] = {"units", "places, from the root down to where ballots belong to",
                             COLUMNS(UNITS), .key = "unit",
                             .references = {{"parent", "units", "unit"}},
                             .indexes = {"level", "parent"}},
    [PSP_SQL_TABLE_ELECTION] = {"election",
                                "one row: what is counted, and which version of the count this is",
                                COLUMNS(ELECTION), .key = "id",
                                .references = {{"root", "units", "unit"}}},
    [PSP_SQL_TABLE_CANDIDATES] = {"candidates", "who stands", COLUMNS(CANDIDATES),
                                  .key = "candidate",
                                  .references = {{"party", "parties", "party"}}},
    [PSP_SQL_TABLE_CONTESTS] = {"contests", "what is voted on", COLUMNS(CONTESTS), .key = "contest",
                                .references = {{"unit", "units", "unit"},
                                               {"party", "parties", "party"}},
                                .indexes = {"unit"}},
    [PSP_SQL_TABLE_CHOICES] = {"choices", "the lines of each contest", COLUMNS(CHOICES),
                               .key = "contest, choice",
                               .references = {{"contest", "contests", "contest"},
                                              {"candidate", "candidates", "candidate"},
                                              {"party", "parties", "party"}},
                               .indexes = {"candidate", "party"}},
    [PSP_SQL_TABLE_RESULTS] = {"results", "votes by contest, unit of every level, method and line",
                               COLUMNS(RESULTS), .key = "contest, unit, method, choice",
                               .references = {{"contest, choice", "choices", "contest, choice"},
                                              {"unit", "units", "unit"},
                                              {"method", "methods", "method"}},
                               .indexes = {"unit, contest"}},
    [PSP_SQL_TABLE_TURNOUT] = {"turnout", "ballots by unit of every level", COLUMNS(TURNOUT),
                               .key = "unit", .references = {{"unit", "units", "unit"}}},
    [PSP_SQL_TABLE_ACCOUNTING] = {"accounting", "the books: what became of every ballot received",
                                  COLUMNS(ACCOUNTING), .key = "shard"},
    [PSP_SQL_TABLE_CORRECTIONS] = {"corrections", "empty: nothing in this version makes one",
                                   COLUMNS(CORRECTIONS), .key = "number",
                                   .references = {{"contest, choice", "choices", "contest, choice"},
                                                  {"unit", "units", "unit"},
                                                  {"method", "methods", "method"}}},
    [PSP_SQL_TABLE_SERIES] = {"series", "how each contest was counted over time", COLUMNS(SERIES),
                              .key = "contest, point, choice",
                              .references = {{"contest, choice", "choices", "contest, choice"}}},
    [PSP_SQL_TABLE_VERSION] = {"version", "how far each shard's log is in this", COLUMNS(VERSION),
                               .key = "shard"},
};

/* The word has a meaning of its own in SQL. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "group") == 0;
}

void psp_sql_write_name(const char *name, struct psp_text *text)
{
    assert(name[0] != 0 && strchr(name, '"') == NULL);
    psp_text_format(text, is_reserved(name) ? "\"%s\"" : "%s", name);
}

static const char *type_of(enum psp_sql_dialect dialect, enum psp_sql_type type)
{
    static const char *const names[][2] = {
        [PSP_SQL_TEXT] = {"TEXT", "TEXT"},
        [PSP_SQL_INTEGER] = {"INTEGER", "BIGINT"},
        [PSP_SQL_BOOLEAN] = {"INTEGER", "BOOLEAN"},
        [PSP_SQL_TIME] = {"TEXT", "TIMESTAMPTZ"},
    };
    return names[type][dialect];
}

static void write_column(enum psp_sql_dialect dialect, const struct psp_sql_column *column,
                         struct psp_text *text)
{
    psp_text_string(text, "    ");
    psp_sql_write_name(column->name, text);
    psp_text_format(text, " %s%s", type_of(dialect, column->type),
                    column->nullable ? "" : " NOT NULL");
    if (dialect == PSP_SQL_SQLITE && column->type == PSP_SQL_BOOLEAN)
        psp_text_format(text, " CHECK (%s IN (0, 1))", column->name);
    psp_text_string(text, ",");
    if (dialect == PSP_SQL_SQLITE && column->about[0] != 0)
        psp_text_format(text, " -- %s", column->about);
    psp_text_string(text, "\n");
}

/* A text as SQL has it: a quote stands twice. */
static void write_literal(const char *literal, struct psp_text *text)
{
    psp_text_string(text, "'");
    for (; *literal != 0; literal++)
        psp_text_bytes(text, *literal == '\'' ? "''" : literal, *literal == '\'' ? 2 : 1);
    psp_text_string(text, "'");
}

static void write_comment(const char *what, const char *of, const char *column, const char *about,
                          struct psp_text *text)
{
    if (about[0] == 0)
        return;
    psp_text_format(text, "COMMENT ON %s %s", what, of);
    if (column != NULL) {
        psp_text_string(text, ".");
        psp_sql_write_name(column, text);
    }
    psp_text_string(text, " IS ");
    write_literal(about, text);
    psp_text_string(text, ";\n");
}

static void write_table(enum psp_sql_dialect dialect, const struct psp_sql_table *table,
                        struct psp_text *text)
{
    psp_text_format(text, "CREATE TABLE %s (", table->name);
    psp_text_format(text, dialect == PSP_SQL_SQLITE ? " -- %s\n" : "\n", table->about);
    for (uint32_t c = 0; c < table->column_count; c++)
        write_column(dialect, &table->columns[c], text);
    for (uint32_t r = 0; r < PSP_SQL_REFERENCES_MAX && table->references[r].columns; r++)
        psp_text_format(
            text, "    FOREIGN KEY (%s) REFERENCES %s (%s) DEFERRABLE INITIALLY DEFERRED,\n",
            table->references[r].columns, table->references[r].table, table->references[r].foreign);
    psp_text_format(text, "    PRIMARY KEY (%s)\n)%s;\n", table->key,
                    dialect == PSP_SQL_SQLITE ? " STRICT, WITHOUT ROWID" : "");
    if (dialect == PSP_SQL_SQLITE)
        return;
    write_comment("TABLE", table->name, NULL, table->about, text);
    for (uint32_t c = 0; c < table->column_count; c++)
        write_comment("COLUMN", table->name, table->columns[c].name, table->columns[c].about, text);
}

static void write_indexes(const struct psp_sql_table *table, struct psp_text *text)
{
    for (uint32_t i = 0; i < PSP_SQL_INDEXES_MAX && table->indexes[i]; i++)
        psp_text_format(text, "CREATE INDEX %s_%u ON %s (%s);\n", table->name, i + 1, table->name,
                        table->indexes[i]);
}

static void write_view(enum psp_sql_dialect dialect, const struct psp_sql_view *view,
                       struct psp_text *text)
{
    psp_text_format(text, "CREATE VIEW %s AS", view->name);
    psp_text_format(text, dialect == PSP_SQL_SQLITE ? " -- %s\n" : "\n", view->about);
    psp_text_string(text, view->select);
    psp_text_string(text, ";\n");
    if (dialect == PSP_SQL_POSTGRESQL)
        write_comment("VIEW", view->name, NULL, view->about, text);
}

void psp_sql_write_tables(enum psp_sql_dialect dialect, struct psp_text *text)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        write_table(dialect, &psp_sql_tables[t], text);
}

void psp_sql_write_rest(enum psp_sql_dialect dialect, struct psp_text *text)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        write_indexes(&psp_sql_tables[t], text);
    for (const struct psp_sql_view *view = psp_sql_views; view->name != NULL; view++)
        write_view(dialect, view, text);
}
