/*
 * tables - what a version says of every unit, as files of columns.
 *
 * A table is one level of units: of a contest, of one contest by one method, of the units
 * themselves. Small tables share a file, so that a page needs one for what it shows first;
 * a large one (a thousand precincts) has its own, and nobody loads it who does not look
 * that far down.
 *
 * A row is of a unit by its position in its level: so units are read first.
 *
 * Ownership: the caller's.   Threads: one owner.
 * Memory:    the columns of one version.
 */
#ifndef PSP_TABLES_H
#define PSP_TABLES_H

#include "cli/publish/site.h"
#include "cli/publish/source.h"

enum { PSP_TABLES_FILE_ROWS = 1000 }; /* a file is closed when it has that many */

struct psp_tables;

/* Reads all units; destroy what is returned. As source. */
enum psp_status psp_tables_units(struct psp_source *source, struct psp_tables **ret_tables,
                                 struct psp_reason *reterr_reason);
void psp_tables_destroy(struct psp_tables **tables);

/* Reads all results and turnouts; to be asked last of what is of the version (psp_source_rows).
 * `methods`: each by itself, too, when there are several. As source. */
enum psp_status psp_tables_rows(struct psp_tables *tables, struct psp_source *source,
                                const json_t *levels, const json_t *methods,
                                struct psp_reason *reterr_reason);

/* Makes files of what was read, once. Fills
 *   *ret_units    [{"file": PATH, "levels": [LEVEL…]}…]  what they are called: never changes
 *   *ret_state    the same                               how far they are: turnout
 *   *ret_contests contest -> [{"file": PATH, "tables": ["LEVEL" or "LEVEL/METHOD"…]}…]. */
enum psp_status psp_tables_write(struct psp_tables *tables, struct psp_site *site,
                                 const json_t *levels, json_t **ret_units, json_t **ret_state,
                                 json_t **ret_contests, struct psp_reason *reterr_reason);

#endif
