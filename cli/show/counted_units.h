/*
 * counted_units - which units hold ballots, by what a collector shows.
 *
 * Where counts are held back until a unit's report, a unit may hold ballots of which
 * nothing is shown: it is taken for one that does.
 *
 * Threads: one owner.   Memory: one answer of /turnout.csv.
 */
#ifndef PSP_COUNTED_UNITS_H
#define PSP_COUNTED_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"

/* ret_leaves: [leaf_count]. Waits until a collector has the newest of every shard.
 * PSP_EUNREACHABLE, PSP_ETIMEDOUT: none has in `timeout_ms`; PSP_EINVAL: no answer that
 * is understood. Each with a reason. */
enum psp_status psp_counted_units(const struct psp_cluster *cluster,
                                  const struct psp_definition *definition, uint64_t timeout_ms,
                                  bool *ret_leaves, struct psp_reason *reterr_reason);

#endif
