/* The table of columns: every name that keys, references and indexes say is one of its. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "election/books.h"
#include "sql/schema.h"

static const struct psp_sql_table *table_of(const char *name)
{
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++)
        if (strcmp(psp_sql_tables[t].name, name) == 0)
            return &psp_sql_tables[t];
    fail_msg("no table %s", name);
    return NULL;
}

static bool has_column(const struct psp_sql_table *table, const char *name)
{
    for (uint32_t c = 0; c < table->column_count; c++)
        if (strcmp(table->columns[c].name, name) == 0)
            return true;
    return false;
}

/* How many of a list "a, b" the table has; fails when it lacks one. */
static int assert_columns(const struct psp_sql_table *table, const char *list)
{
    char copy[128], *rest = NULL;
    int n = 0;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *name = strtok_r(copy, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest), n++)
        if (!has_column(table, name))
            fail_msg("%s has no column %s", table->name, name);
    return n;
}

static void keys_references_and_indexes_name_columns(void **state)
{
    (void)state;
    for (unsigned t = 0; t < PSP_SQL_TABLES_END; t++) {
        const struct psp_sql_table *table = &psp_sql_tables[t];
        assert_true(assert_columns(table, table->key) > 0);
        for (int i = 0; i < PSP_SQL_INDEXES_MAX && table->indexes[i]; i++)
            assert_columns(table, table->indexes[i]);
        for (int r = 0; r < PSP_SQL_REFERENCES_MAX && table->references[r].columns; r++) {
            const struct psp_sql_reference *reference = &table->references[r];
            const struct psp_sql_table *other = table_of(reference->table);
            assert_int_equal(assert_columns(table, reference->columns),
                             assert_columns(other, reference->foreign));
            assert_string_equal(reference->foreign, other->key);
            assert_true(other <= table); /* rows of it can be written before */
        }
    }
}

static void the_books_have_a_column_for_each_counter(void **state)
{
    (void)state;
    const struct psp_sql_column *columns = psp_sql_tables[PSP_SQL_TABLE_ACCOUNTING].columns;
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        assert_string_equal(columns[PSP_OF_ACCOUNTING_RECEIVED + i].name, psp_books_name(i));
}

static char *ddl(enum psp_sql_dialect dialect)
{
    struct psp_text text = {0};
    psp_sql_write_tables(dialect, &text);
    psp_sql_write_rest(dialect, &text);
    psp_text_bytes(&text, "", 1);
    assert_false(text.failed);
    return text.data;
}

static void assert_says(enum psp_sql_dialect dialect, const char *wanted)
{
    char *text = ddl(dialect);
    if (!strstr(text, wanted))
        fail_msg("not in the DDL: %s", wanted);
    free(text);
}

static void each_dialect_has_its_types(void **state)
{
    (void)state;
    assert_says(PSP_SQL_SQLITE, "    stale INTEGER NOT NULL CHECK (stale IN (0, 1)),");
    assert_says(PSP_SQL_SQLITE, ") STRICT, WITHOUT ROWID;");
    assert_says(PSP_SQL_SQLITE, "    votes INTEGER, -- NULL: held, not told yet; that is not 0\n");
    assert_says(PSP_SQL_POSTGRESQL, "    stale BOOLEAN NOT NULL,\n");
    assert_says(PSP_SQL_POSTGRESQL, "    as_of TIMESTAMPTZ,\n");
    assert_says(PSP_SQL_POSTGRESQL, "    votes BIGINT,\n");
    assert_says(PSP_SQL_POSTGRESQL,
                "COMMENT ON COLUMN results.votes IS 'NULL: held, not told yet; that is not 0';");
}

static void a_word_of_sql_is_quoted_and_a_quote_doubled(void **state)
{
    (void)state;
    assert_says(PSP_SQL_SQLITE, "    \"group\" TEXT NOT NULL,");
    assert_says(PSP_SQL_POSTGRESQL, "COMMENT ON COLUMN contests.\"group\" IS");
    assert_says(PSP_SQL_POSTGRESQL,
                "COMMENT ON COLUMN methods.method IS 'its ID; '''' stands for all methods';");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_references_and_indexes_name_columns),
        cmocka_unit_test(the_books_have_a_column_for_each_counter),
        cmocka_unit_test(each_dialect_has_its_types),
        cmocka_unit_test(a_word_of_sql_is_quoted_and_a_quote_doubled),
    };
    /* For tests on a real server: the DDL of PostgreSQL. */
    if (argc == 2 && strcmp(argv[1], "--postgresql") == 0) {
        char *text = ddl(PSP_SQL_POSTGRESQL);
        fputs(text, stdout);
        free(text);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
