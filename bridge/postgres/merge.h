/*
 * merge - the SQL that brings an answer of /changes into the tables.
 *
 * Rows are copied into temporary tables, in_results and so on, which are empty again after
 * each transaction. Then one statement a table brings them in: only what is otherwise, and no
 * result under a revision that is older. Who may do that at all is decided before, under a lock
 * (psp_pg_write_guard): what is there already must lie between where the answer begins and
 * where it ends.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PG_MERGE_H
#define PSP_PG_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text/text.h"
#include "sql/schema.h"

/* A table's bit in a set of them. */
#define PSP_PG_TABLE(NAME) (UINT32_C(1) << PSP_SQL_TABLE_##NAME)

/* The temporary tables; the schema is the first in search_path. */
void psp_pg_write_staging(struct psp_text *text);

/* Waits for whoever writes, for as long as lock_timeout says, and then asks for what is there:
 * rows of format, cluster, version_id, shard, epoch, log_index, of which all but the first are
 * NULL when nothing is. */
void psp_pg_write_guard(const char *schema, struct psp_text *text);
void psp_pg_write_lock(const char *schema, struct psp_text *text);
void psp_pg_write_held(struct psp_text *text);

/* What is in the temporary tables of the set `staged` into the tables. Whole: what is not in
 * them is removed, but of `series`. Results without votes are held: they are removed. */
void psp_pg_write_merge(bool whole, uint32_t staged, struct psp_text *text);

/* `contests`: a list of literals, whose series are in the temporary table anew. */
void psp_pg_write_series(const char *contests, struct psp_text *text);

/* A text as SQL has it, in quotes. */
void psp_pg_write_literal(const char *value, struct psp_text *text);

#endif
