/*
 * copy - a row of sql/rows.h as a line of COPY's text format.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PG_COPY_H
#define PSP_PG_COPY_H

#include "base/text/text.h"
#include "sql/rows.h"

/* Appends the line, its newline with it. */
void psp_pg_copy_row(enum psp_sql_table_id table, const struct psp_sql_value *values,
                     struct psp_text *text);

#endif
