/*
 * foresee - what the applied state says of ballots that are not in the log yet.
 *
 * For a leader, which may leave out what an entry would not change: an exact retry
 * has its first verdict already, and a late ballot for which there is no room would
 * stay unjudged. And what it does not want there: a ballot that would be refused, of a
 * station that had too many refused (election/probes.h). A ballot whose first copy is in
 * the log and not applied is not known: it is logged as ever.
 *
 * Threads: one owner, the count's.
 */
#ifndef PSP_FORESEE_H
#define PSP_FORESEE_H

#include <stdint.h>

#include "count/count.h"

enum {
    PSP_FORESEEN_NOTHING = 0,       /* an entry must judge it */
    PSP_FORESEEN_NOT_JUDGED = 0xFF, /* it would be PSP_NOT_JUDGED, or must be for now */
};

/* ret_known: n bytes, one of the above or the verdict of a replay. `time_ms`: of the
 * entry that would be. *probes: how many ballots of stations past their budget may be refused
 * now; less those that will be. */
void psp_count_foresee(struct psp_count *count, uint64_t time_ms,
                       const struct psp_count_columns *columns, uint32_t *probes,
                       uint8_t *ret_known);

#endif
