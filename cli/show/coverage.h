/*
 * coverage - does the board show what the receipts promise?
 *
 * A receipt names shard and log index; every answer of a collector names the
 * index of each shard it has merged.
 *
 * Threads: one owner.
 */
#ifndef PSP_COVERAGE_H
#define PSP_COVERAGE_H

#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"

struct psp_coverage_words {
    const char *done; /* before it waits: "every ballot has its verdict" */
    const char *what; /* is not shown yet: "all counted ballots" */
};

/* Waits until every collector's board has reached `index` (by shard, 0: nothing
 * there). PSP_ETIMEDOUT; PSP_EUNREACHABLE: no answer at all. */
enum psp_status psp_coverage_wait(const struct psp_cluster *cluster, const uint64_t *index,
                                  const struct psp_coverage_words *words, uint64_t timeout_ms,
                                  struct psp_reason *reterr_reason);

/* Waits until every collector says that what it shows is current. */
enum psp_status psp_coverage_ready(const struct psp_cluster *cluster, uint64_t timeout_ms,
                                   struct psp_reason *reterr_reason);

#endif
