/*
 * cell - a number of votes, as files write it.
 *
 * "1176", "1,176", "10.0" and blanks around them are numbers; "*", "-", "N/A" and
 * the like stand for one that the file keeps back; the rest is none.
 *
 * Ownership: keeps nothing.   Threads: any; pure.
 */
#ifndef PSP_READING_CELL_H
#define PSP_READING_CELL_H

#include <stdint.h>

#include "base/text/csv.h"

enum psp_cell { PSP_CELL_VOTES, PSP_CELL_EMPTY, PSP_CELL_SUPPRESSED, PSP_CELL_NONE };

/* *ret_why: what is wrong, of PSP_CELL_NONE. */
enum psp_cell psp_cell_read(const struct psp_csv_field *field, uint64_t *ret_votes,
                            const char **ret_why);

#endif
