/*
 * schema - the tables and views of results in SQL, and the DDL that makes them.
 *
 * One definition for all dialects: SQLite for files, PostgreSQL for servers. Views are the
 * same text in each.
 *
 * Ownership: everything shown is static.   Threads: any; pure.
 */
#ifndef PSP_SQL_SCHEMA_H
#define PSP_SQL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text/text.h"
#include "sql/columns.h"

enum psp_sql_dialect { PSP_SQL_SQLITE, PSP_SQL_POSTGRESQL };

struct psp_sql_column {
    const char *name;
    enum psp_sql_type type;
    bool nullable;
    const char *about; /* "" when the name says it */
};

/* The same columns there, which are that table's key. */
struct psp_sql_reference {
    const char *columns; /* "contest, choice" */
    const char *table, *foreign;
};

enum { PSP_SQL_REFERENCES_MAX = 3, PSP_SQL_INDEXES_MAX = 2 };

struct psp_sql_table {
    const char *name, *about;
    const struct psp_sql_column *columns;
    uint32_t column_count;
    const char *key;                                             /* "contest, unit" */
    struct psp_sql_reference references[PSP_SQL_REFERENCES_MAX]; /* up to the first without */
    const char *indexes[PSP_SQL_INDEXES_MAX];                    /* likewise: column lists */
};

struct psp_sql_view {
    const char *name, *about, *select;
};

/* [PSP_SQL_TABLES_END], by enum psp_sql_table_id. */
extern const struct psp_sql_table psp_sql_tables[];
/* In an order in which they can be made; the one without a name ends them. */
extern const struct psp_sql_view psp_sql_views[];

/* Appends what makes all tables, and then indexes and views. A file is filled faster between
 * the two; PostgreSQL makes no index while references of rows wait for the transaction's end. */
void psp_sql_write_tables(enum psp_sql_dialect dialect, struct psp_text *text);
void psp_sql_write_rest(enum psp_sql_dialect dialect, struct psp_text *text);

/* Appends a column's name, in quotes where it is a word of SQL. */
void psp_sql_write_name(const char *name, struct psp_text *text);

#endif
