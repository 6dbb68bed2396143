/*
 * metrics - a gateway's numbers for Prometheus (text format 0.0.4).
 *
 * Threads: any.
 */
#ifndef PSP_GATEWAY_METRICS_H
#define PSP_GATEWAY_METRICS_H

#include "base/text/text.h"
#include "gateway/desk/stats.h"

/* Appends all of them. */
void psp_gateway_metrics(const struct psp_gateway_stats *stats, struct psp_text *text);

#endif
