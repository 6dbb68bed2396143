/*
 * reports - what was reported: the last report, the newest one of every leaf, and
 * the leaves' rows as they were then.
 *
 * A report is an entry with the same bytes in every shard's log, under a number
 * greater than that of any before. It copies the rows of its leaves, so that what is
 * shown of an election that publishes reports is never newer than its report: these
 * copies are all that is told of choices there. With the publication immediate a
 * report says only whether a leaf is final, and nothing is copied.
 *
 * A copied row keeps the index of the report that last changed it: a row that a
 * report finds as the report before left it is not told again.
 *
 * Ownership: owns all of it; the definition outlives it.
 * Threads:   one owner.
 * Memory:    32 bytes a leaf from the first report on; with the publication reports
 *            once more what the totals take.
 */
#ifndef PSP_REPORTS_H
#define PSP_REPORTS_H

#include "count/count.h"

struct psp_reports;

/* PSP_ENOMEM. */
enum psp_status psp_reports_create(const struct psp_definition *definition,
                                   struct psp_reports **ret_reports);
/* Takes NULL, too. */
void psp_reports_destroy(struct psp_reports **reports);
/* From now on rows are copied: the publication is by reports. Once. PSP_ENOMEM. */
enum psp_status psp_reports_hold(struct psp_reports *reports);

/* An entry at an index. *ret_result: APPLIED; NOTHING: done already; REFUSED: not a
 * number greater than the last, or not this election's leaves. *ret_text: why, unless
 * APPLIED; it lasts until the next call. Its bytes can be asked for in any case.
 * PSP_ENOMEM: half done. */
enum psp_status psp_reports_take(struct psp_reports *reports, const struct psp_report *report,
                                 uint64_t index, uint64_t time_ms, const struct psp_totals *totals,
                                 enum psp_apply_result *ret_result, const char **ret_text);
/* The bytes of the report that psp_reports_take saw last, taken or not. */
struct psp_bytes psp_reports_seen(const struct psp_reports *reports);

/* ---- what is held ---- */

/* Of the last report; 0, and no bytes: there was none. */
uint64_t psp_reports_number(const struct psp_reports *reports);
/* Its bytes, and the index of its entry. */
struct psp_bytes psp_reports_bytes(const struct psp_reports *reports, uint64_t *ret_index);
/* The last report of a leaf; NULL: there was none. */
const struct psp_leaf_report *psp_reports_leaf(const struct psp_reports *reports, uint32_t leaf);
/* The rows as reported; NULL before psp_reports_hold. */
const struct psp_totals *psp_reports_rows(const struct psp_reports *reports);
/* As psp_count_leaf_reports_since. */
size_t psp_reports_since(const struct psp_reports *reports, uint64_t base, uint8_t *ret_bytes,
                         size_t size);

/* ---- checkpoint ---- */

/* Fills the delta's part of it: what was reported since the last settle. PSP_ENOMEM. */
enum psp_status psp_reports_copy(const struct psp_reports *reports, struct psp_count_delta *delta);
/* It is in a delta of this index, or came from a store that stands there. */
void psp_reports_settle(struct psp_reports *reports, uint64_t index);
/* A part of what a store holds. PSP_ECORRUPT, PSP_ENOMEM. */
enum psp_status psp_reports_restore(struct psp_reports *reports,
                                    const struct psp_count_delta *delta);
/* After all parts: whether report, leaves and rows fit each other and the totals, from
 * which they were copied. */
bool psp_reports_hold_together(const struct psp_reports *reports, const struct psp_totals *totals);

/* Asserts what must hold between two calls: in checked builds (base/checked.h) that all of
 * it holds together, too. */
void psp_reports_check(const struct psp_reports *reports, const struct psp_totals *totals);

/* Of leaves and reports, without the rows. */
uint64_t psp_reports_memory_bytes(const struct psp_reports *reports);

#endif
