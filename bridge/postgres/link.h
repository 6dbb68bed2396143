/*
 * link - one connection with PostgreSQL that is never waited for without end.
 *
 * libpq without blocking: whatever it waits for, it looks at `stop` several times a second.
 * A server that neither answers nor goes away is given up after PSP_PG_WAIT_MS. What fails
 * says what to do (words.h); after any failure the link is to be closed.
 *
 * Ownership: results are the caller's (PQclear).
 * Threads:   one owner; `stop` may be set by another.
 * Memory:    libpq's: results here are small.
 */
#ifndef PSP_PG_LINK_H
#define PSP_PG_LINK_H

#include <libpq-fe.h>

#include "base/reason.h"
#include "base/status.h"
#include "bridge/local/stop.h"

enum { PSP_PG_CONNECT_MS = 10000, PSP_PG_WAIT_MS = 900000 };

struct psp_pg_link;

struct psp_pg_settings {
    const char *conninfo, *schema;
    const char *application_name; /* as pg_stat_activity shows it */
    struct psp_bridge_stop *stop;
};

/* `settings` must stay. The statuses of words.h; PSP_EAGAIN: `stop` was set. PSP_EINVAL:
 * conninfo is none. PSP_EVERSION: a server before version 11, or one that does not keep
 * UTF-8. */
enum psp_status psp_pg_link_open(const struct psp_pg_settings *settings,
                                 struct psp_pg_link **ret_link, struct psp_reason *reterr_reason);
void psp_pg_link_close(struct psp_pg_link **link);

/* Several statements, one after the other. *ret_rows (unless NULL): what the last of them that
 * gives rows gave; NULL where none does. */
enum psp_status psp_pg_link_run(struct psp_pg_link *link, const char *sql, PGresult **ret_rows,
                                struct psp_reason *reterr_reason);

/* Copies lines of COPY's text format into the table. */
enum psp_status psp_pg_link_copy(struct psp_pg_link *link, const char *table, const char *lines,
                                 size_t bytes, struct psp_reason *reterr_reason);

/* Of the last failure; "" where the server said none. */
const char *psp_pg_link_sqlstate(const struct psp_pg_link *link);

#endif
