/*
 * postgres - one connection to a PostgreSQL server: statements, rows of a query, COPY.
 *
 * Rows come through a cursor of the server, in blocks of PSP_POSTGRES_ROWS, of which the
 * next is on its way while one is handed out: a table of any size needs two blocks of
 * memory. Text of both sides is UTF-8, times are UTC in ISO 8601, whatever the server's
 * settings say.
 *
 * A conninfo is libpq's: "dbname=voting host=db1", or a URI. Passwords belong into
 * ~/.pgpass or a passfile: who runs a command sees its arguments in the list of processes,
 * and so do others. No message repeats the conninfo.
 *
 * Ownership: cells are the connection's, valid until the next row.
 * Threads:   one owner.
 * Memory:    two blocks of rows; of COPY, PSP_POSTGRES_COPY_BYTES and a row.
 */
#ifndef PSP_PREPARE_SERVERS_POSTGRES_H
#define PSP_PREPARE_SERVERS_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"

#define PSP_POSTGRES_ROWS 1000
#define PSP_POSTGRES_COPY_BYTES 65536

struct psp_postgres;

/* Does libpq know it, and does a password stand in it? PSP_EINVAL, with one line that quotes
 * no password; nothing is connected. */
enum psp_status psp_postgres_conninfo(const char *conninfo, bool *ret_has_password,
                                      struct psp_reason *reterr_reason);

/* Waits for the server, 10 s a host unless the conninfo says otherwise. PSP_EINVAL: no such
 * conninfo; PSP_EIO: no connection, or a database whose text is of no encoding. */
enum psp_status psp_postgres_open(const char *conninfo, struct psp_postgres **ret_server,
                                  struct psp_reason *reterr_reason);
/* What was not committed is undone. Takes NULL, too. */
void psp_postgres_close(struct psp_postgres **server);

/* One statement, waited for. PSP_EINVAL: the server refuses it, in its words; PSP_EIO: the
 * connection is lost. */
enum psp_status psp_postgres_run(struct psp_postgres *server, const char *sql,
                                 struct psp_reason *reterr_reason);
/* A statement whose answer is one number. As psp_postgres_run. */
enum psp_status psp_postgres_number(struct psp_postgres *server, const char *sql,
                                    uint64_t *ret_number, struct psp_reason *reterr_reason);

/* ---- rows; between BEGIN and COMMIT, one query at a time ---- */

/* `sql`: one query. Its columns are known then. As psp_postgres_run. */
enum psp_status psp_postgres_query(struct psp_postgres *server, const char *sql,
                                   struct psp_reason *reterr_reason);
/* The query is over; another may begin. Waits for the block that is on its way. */
void psp_postgres_query_end(struct psp_postgres *server);

/* PSP_NONE: none of that name. PSP_EEXIST in *ret_status: several. */
uint32_t psp_postgres_column(const struct psp_postgres *server, const char *name,
                             enum psp_status *ret_status);

/* The next row. `wait` false: PSP_EAGAIN when it is not here within 2 ms. PSP_ENOENT: no more.
 * PSP_EINVAL, PSP_EIO as psp_postgres_run; the query is over then. */
enum psp_status psp_postgres_row(struct psp_postgres *server, bool wait,
                                 struct psp_reason *reterr_reason);
/* Of the row handed out last; NULL where SQL says NULL. */
const char *psp_postgres_cell(const struct psp_postgres *server, uint32_t column,
                              size_t *ret_bytes);

/* ---- COPY ---- */

/* "COPY ... FROM STDIN", in COPY's text form. As psp_postgres_run, all three. */
enum psp_status psp_postgres_copy(struct psp_postgres *server, const char *sql,
                                  struct psp_reason *reterr_reason);
/* texts: [n], NULL for SQL's NULL. */
enum psp_status psp_postgres_copy_row(struct psp_postgres *server, const char *const *texts,
                                      size_t n, struct psp_reason *reterr_reason);
enum psp_status psp_postgres_copy_end(struct psp_postgres *server,
                                      struct psp_reason *reterr_reason);

#endif
