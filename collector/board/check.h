/*
 * check - that a sum is the sum of its parts.
 *
 * A board's sum follows by differences; these add it up again, built with ASan. Elsewhere they
 * do nothing: they read every cell there is.
 *
 * Threads: of the board's owner.
 */
#ifndef PSP_BOARD_CHECK_H
#define PSP_BOARD_CHECK_H

#include "collector/board/stations.h"
#include "election/totals.h"

/* Asserts that cell c of `merged` is Σ shards[s]->cells[c], modulo 2^64. */
void psp_board_check_cells(const struct psp_totals *merged, const struct psp_totals *const *shards,
                           uint32_t shard_count);
/* Likewise of books by station. */
void psp_board_check_stations(const struct psp_board_stations *sum,
                              const struct psp_board_stations *const *shards, uint32_t shard_count);

#endif
