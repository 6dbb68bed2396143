/*
 * schema - makes the tables and views of results in a database, and brings them to this version.
 *
 * Table `bridge` says of which format they are (PSP_SQL_FORMAT). Older ones are made anew, in
 * one transaction: all that is in them comes from the collector. A newer one is refused.
 *
 * Threads: one owner.
 */
#ifndef PSP_PG_SCHEMA_H
#define PSP_PG_SCHEMA_H

#include "base/text/text.h"
#include "bridge/postgres/link.h"

/* PSP_EVERSION: of a newer Psephos. Else as psp_pg_link_run. */
enum psp_status psp_pg_schema_prepare(struct psp_pg_link *link, const char *schema,
                                      struct psp_reason *reterr_reason);

/* Lets the role read all of it; makes the role where it may. False, and words: somebody else
 * has to, and the bridge can go on. */
bool psp_pg_schema_grant(struct psp_pg_link *link, const char *schema, const char *reader,
                         struct psp_reason *reterr_reason);

/* The statements that make all of it, of a format that was there before or of none (-1); pure. */
void psp_pg_schema_write(const char *schema, bool schema_there, int format, struct psp_text *text);

#endif
