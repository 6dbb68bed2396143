/*
 * sqlite - one version of the results as a SQLite file.
 *
 * The only file that includes sqlite3.h. Tables and views are those of sql/schema.h; rows go
 * straight into FILE.new, without a journal: it is no file before it is whole.
 *
 * Ownership: of a sink the writer owns all.   Threads: one owner.
 * Memory:    PSP_SQLITE_CACHE_KIB of pages, whatever the election's size.
 */
#ifndef PSP_EXPORT_SQLITE_H
#define PSP_EXPORT_SQLITE_H

#include "base/reason.h"
#include "base/status.h"
#include "sql/rows.h"

enum { PSP_SQLITE_CACHE_KIB = 65536 };

struct psp_sqlite;

/* PSP_EINVAL, PSP_EBUSY, PSP_ENOENT, PSP_ENOSPC, PSP_EIO, with a reason. What stands at
 * `path` is as it was. */
enum psp_status psp_sqlite_create(const char *path, struct psp_sqlite **ret_sqlite,
                                  struct psp_reason *reterr_reason);
/* What is not finished is gone. NULL is fine. */
void psp_sqlite_destroy(struct psp_sqlite **sqlite);

/* Takes rows; a reason for a row that is not taken: psp_sqlite_refused. */
struct psp_sql_sink psp_sqlite_sink(struct psp_sqlite *sqlite);
/* All rows go again: another version comes. */
enum psp_status psp_sqlite_clear(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason);
void psp_sqlite_refused(const struct psp_sqlite *sqlite, struct psp_reason *reterr_reason);

/* Indexes, views, a look at the foreign keys; the file has its name then. PSP_EINVAL: a row
 * refers to one that is not there. */
enum psp_status psp_sqlite_finish(struct psp_sqlite *sqlite, struct psp_reason *reterr_reason);

/* How many rows a table was given. */
uint64_t psp_sqlite_rows(const struct psp_sqlite *sqlite, enum psp_sql_table_id table);

#endif
