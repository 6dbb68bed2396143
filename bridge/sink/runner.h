/*
 * runner - drives one target: asks the collectors, and hands it what has changed.
 *
 * bridge/core/sink.h decides; here is what it takes to do so. Everything it meets is
 * told in the stats, and once in the log.
 *
 * Ownership: borrows its options until it returns.   Threads: the caller's, until stop.
 * Memory:    the spool's, and a row.
 */
#ifndef PSP_BRIDGE_RUNNER_H
#define PSP_BRIDGE_RUNNER_H

#include "bridge/feed/feed.h"
#include "bridge/local/stats.h"
#include "bridge/local/stop.h"
#include "bridge/sink/target.h"

struct psp_bridge_runner_options {
    struct psp_bridge_target *target;
    struct psp_bridge_feed *feed;
    uint32_t api_count;
    const char *cluster; /* hex, whose results the target may hold */
    const struct psp_definition *definition;
    struct psp_bridge_stats *stats;
    struct psp_bridge_stop *stop;
    uint64_t seed; /* not 0 */
};

/* Until stop: PSP_OK. Any other: it cannot go on, and why. */
enum psp_status psp_bridge_runner_run(const struct psp_bridge_runner_options *options,
                                      struct psp_reason *reterr_reason);

#endif
