/*
 * corrected - the rows that corrections went through: their revisions, and when a count of
 * one went down.
 *
 * Ownership: owns its arrays.   Threads: one owner.
 * Memory:    all at create, 16 bytes a row; no page is touched before the first correction.
 */
#ifndef PSP_BOARD_CORRECTED_H
#define PSP_BOARD_CORRECTED_H

#include <stdint.h>

#include "base/status.h"

struct psp_board_corrected {
    uint64_t *revisions; /* [row_count]: of all shards, added up */
    uint64_t *lowered;   /* [row_count]: change at which a count went down last; 0: never */
    uint64_t newest;     /* change of the last of either; 0: both are all 0 */
};

/* PSP_ENOMEM. */
enum psp_status psp_board_corrected_create(uint32_t row_count,
                                           struct psp_board_corrected *ret_corrected);
void psp_board_corrected_free(struct psp_board_corrected *corrected);

/* A row has this revision now. */
static inline void psp_board_corrected_revise(struct psp_board_corrected *corrected, uint32_t row,
                                              uint64_t revision, uint64_t change)
{
    if (corrected->revisions[row] == revision)
        return;
    corrected->revisions[row] = revision;
    corrected->newest = change;
}

/* A count of the row went down. */
static inline void psp_board_corrected_lower(struct psp_board_corrected *corrected, uint32_t row,
                                             uint64_t change)
{
    corrected->lowered[row] = corrected->newest = change;
}

#endif
