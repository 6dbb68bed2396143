/*
 * tables - what a version says of every unit, as files of columns.
 *
 * A table is one level of units: of a contest, of one contest by one method, of the units
 * themselves. Small tables share a file, so that a page needs one for what it shows first;
 * a large one (a thousand precincts) has its own, and nobody loads it who does not look
 * that far down.
 *
 * Ownership: the caller's.   Threads: one owner.
 * Memory:    the columns of one version.
 */
#ifndef PSP_TABLES_H
#define PSP_TABLES_H

#include "cli/publish/site.h"
#include "cli/publish/source.h"

enum { PSP_TABLES_FILE_ROWS = 1000 }; /* a file is closed when it has that many */

/* Of all units: what never changes, and what does. Fills
 *   *ret_units  [{"file": PATH, "levels": [LEVEL…]}…]  what they are called
 *   *ret_state  the same                               how far they are: turnout
 *   *ret_places unit -> its position in its level, which all tables speak of. */
enum psp_status psp_tables_units(struct psp_source *source, struct psp_site *site,
                                 const json_t *levels, json_t **ret_units, json_t **ret_state,
                                 json_t **ret_places, struct psp_reason *reterr_reason);

/* Of all contests: contest -> [{"file": PATH, "tables": ["LEVEL" or "LEVEL/METHOD"…]}…].
 * `methods`: each by itself, too, when there are several. */
enum psp_status psp_tables_results(struct psp_source *source, struct psp_site *site,
                                   const json_t *levels, const json_t *methods,
                                   const json_t *places, json_t **ret_contests,
                                   struct psp_reason *reterr_reason);

#endif
