/*
 * reported - what an answer says of reports: the last one of a unit, and the one that
 * a row shows.
 *
 * A row may show an older report than its unit has: it has moved by less than
 * report_min ballots since. When that one was, and where it stands in the shards' logs,
 * is not kept; its number is.
 *
 * Threads: any; pure.
 */
#ifndef PSP_REPORTED_H
#define PSP_REPORTED_H

#include "base/json/writer.h"
#include "collector/view/view.h"

/* "report" (of several leaves the newest, or null) and "report_under_way". */
void psp_reported_write_unit(struct psp_writer *json, const struct psp_view *view, uint32_t unit);

/* "report_under_way": some shards have a newer report of a leaf, and not yet all, or none has
 * one any more. */
void psp_reported_write_under_way(struct psp_writer *json, const struct psp_view *view,
                                  uint32_t unit);

/* "report" of a contest's row of a unit: null above leaves, and while it is held.
 * `method`: PSP_NONE for all. */
void psp_reported_write_row(struct psp_writer *json, const struct psp_view *view, uint32_t unit,
                            uint32_t contest, uint32_t method);

/* The same for a line of CSV: its number, and whether it is final. False: there is none. */
bool psp_reported_row(const struct psp_view *view, uint32_t unit, uint32_t contest, uint32_t method,
                      uint64_t *ret_number, bool *ret_final);
/* The value of "report_under_way". */
bool psp_reported_under_way(const struct psp_view *view, uint32_t unit);

#endif
