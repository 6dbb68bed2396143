/*
 * books - what a collector says was counted: the books and, of each contest in
 * its own unit, every choice's votes.
 *
 * Ownership: owns the votes.   Threads: one owner.
 */
#ifndef PSP_BENCH_BOOKS_H
#define PSP_BENCH_BOOKS_H

#include <stdbool.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"

struct psp_bench_books {
    uint64_t received, counted, replayed, double_vote;
    uint64_t other; /* not eligible, invalid, closed */
    bool balanced;
    uint64_t *votes; /* one per choice of the definition */
};

/* Waits until the board shows `index` (by shard), then reads. PSP_ETIMEDOUT,
 * PSP_EUNREACHABLE, PSP_EINVAL. */
enum psp_status psp_bench_books_read(const struct psp_cluster *cluster,
                                     const struct psp_definition *definition, const uint64_t *index,
                                     struct psp_bench_books *ret_books,
                                     struct psp_reason *reterr_reason);
void psp_bench_books_free(struct psp_bench_books *books);

#endif
