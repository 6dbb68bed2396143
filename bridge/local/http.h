/*
 * http - /metrics, /healthz and /readyz of a bridge, at its http_local.
 *
 * A few connections of operators and Prometheus on the loopback interface: one thread of
 * libmicrohttpd, bounded in number and by its timeout.
 *
 * Ownership: borrows stats until stop.   Threads: its own; start and stop from one other.
 */
#ifndef PSP_BRIDGE_HTTP_H
#define PSP_BRIDGE_HTTP_H

#include <stdbool.h>

#include "base/reason.h"
#include "bridge/local/stats.h"

enum { PSP_BRIDGE_HTTP_CONNECTIONS_MAX = 32, PSP_BRIDGE_HTTP_SILENCE_S = 10 };

struct psp_bridge_http;

/* `address`: host:port. PSP_EINVAL: not one; PSP_EEXIST: in use; PSP_EIO, PSP_EPERM,
 * PSP_ENOMEM. */
enum psp_status psp_bridge_http_start(const char *address, bool is_source,
                                      struct psp_bridge_stats *stats,
                                      struct psp_bridge_http **ret_http,
                                      struct psp_reason *reterr_reason);
void psp_bridge_http_stop(struct psp_bridge_http **http);

#endif
