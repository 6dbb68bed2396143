/* PostgreSQL takes 0 and 1 as booleans, and times as the API writes them. */
#include "bridge/postgres/copy.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void write_escaped(const char *value, struct psp_text *text)
{
    while (*value) {
        const size_t plain = strcspn(value, "\\\t\n\r");
        psp_text_bytes(text, value, plain);
        value += plain;
        if (!*value)
            return;
        const char letter = *value == '\t'   ? 't'
                            : *value == '\n' ? 'n'
                            : *value == '\r' ? 'r'
                                             : '\\';
        psp_text_bytes(text, "\\", 1);
        psp_text_bytes(text, &letter, 1);
        value++;
    }
}

void psp_pg_copy_row(enum psp_sql_table_id table, const struct psp_sql_value *values,
                     struct psp_text *text)
{
    assert(table < PSP_SQL_TABLES_END);
    for (uint32_t c = 0; c < psp_sql_tables[table].column_count; c++) {
        if (c)
            psp_text_bytes(text, "\t", 1);
        if (values[c].kind == PSP_SQL_IS_NULL)
            psp_text_bytes(text, "\\N", 2);
        else if (values[c].kind == PSP_SQL_IS_TEXT)
            write_escaped(values[c].text, text);
        else
            psp_text_format(text, "%" PRId64, values[c].number);
    }
    psp_text_bytes(text, "\n", 1);
}
