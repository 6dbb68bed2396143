/*
 * metrics - a bridge's numbers for Prometheus (text format 0.0.4), and whether it is ready.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_METRICS_H
#define PSP_BRIDGE_METRICS_H

#include "base/text/text.h"
#include "bridge/local/stats.h"

/* Appends all of them. `now_ms` of psp_clock_ms. */
void psp_bridge_metrics(const struct psp_bridge_stats *stats, bool is_source, uint64_t now_ms,
                        struct psp_text *text);

/* {"state", "ready", "lag_versions", "lag_seconds", "trouble"}: what /readyz answers. Returns
 * whether it is ready: it follows, or takes. */
bool psp_bridge_readiness(struct psp_bridge_stats *stats, uint64_t now_ms, struct psp_text *text);

#endif
