/*
 * viewer - somebody who looks at the page during a load run: how long from a
 * receipt until an event shows what it counts.
 *
 * A process of its own. Notes every millisecond which log index of each shard
 * the stations hold receipts for; when an event of the collector's stream
 * covers it, the time between is a sample.
 */
#ifndef PSP_BENCH_VIEWER_H
#define PSP_BENCH_VIEWER_H

#include "bench/load/station.h"
#include "cluster/cluster.h"

struct psp_viewer_shared {
    struct psp_histogram visible;
    uint32_t end; /* set by the parent */
};

/* `stations`: [clients]. Returns at `end`, or when the stream ends. */
void psp_viewer_run(const struct psp_cluster *cluster, const struct psp_station_shared *stations,
                    uint32_t clients, struct psp_viewer_shared *shared);

#endif
