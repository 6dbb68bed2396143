/*
 * routers - which keys went over their budget, and each router's clock, as the routers say,
 * for /metrics.
 *
 * A router keeps nothing on disk and shows nothing by itself: router_links.h asks, the
 * answers lie here.
 *
 * Ownership: copies what it keeps.
 * Threads: any; one lock.   Memory: the keys of a status a router.
 */
#ifndef PSP_ROUTERS_H
#define PSP_ROUTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/status.h"

enum { PSP_ROUTERS_SILENT_MS = 5000 };

struct psp_routers;

/* Nobody has said anything. PSP_ENOMEM. */
enum psp_status psp_routers_create(uint32_t count, struct psp_routers **ret_routers);
void psp_routers_destroy(struct psp_routers **routers);

/* What a router (its position) said: bytes of wire/message/key_counters.h; copied. And how far
 * its clock is ahead of ours. */
void psp_routers_take(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                      struct psp_bytes keys, int64_t clock_ahead_ms);
/* A copy of what it said last, to be freed; false: nothing for PSP_ROUTERS_SILENT_MS. */
bool psp_routers_keys(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                      struct psp_bytes *ret_keys);

/* Of its clock; false likewise. */
bool psp_routers_clock(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                       int64_t *ret_ahead_ms);

#endif
