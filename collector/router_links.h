/*
 * router_links - asks each router for its status once a second, for routers.h.
 *
 * The collector's key may ask for that and no more. A router that does not answer is
 * left out, and delays nothing.
 *
 * Ownership: its sockets; wire, cluster and table stay the caller's.
 * Threads:   the loop's.   Memory: a message to send.
 */
#ifndef PSP_ROUTER_LINKS_H
#define PSP_ROUTER_LINKS_H

#include <stdint.h>

#include "base/memory/arena.h"
#include "base/reason.h"
#include "cluster/cluster.h"
#include "collector/routers.h"
#include "wire/socket/socket.h"

enum { PSP_ROUTER_LINKS_ASK_MS = 1000 };

struct psp_router_links;

/* Connects to each; `note` is told every descriptor to watch. PSP_ENOMEM, and the statuses
 * of psp_socket_connect and `note`. */
enum psp_status psp_router_links_create(const struct psp_cluster *cluster, struct psp_wire *wire,
                                        struct psp_routers *table,
                                        enum psp_status (*note)(void *context, int descriptor),
                                        void *context, struct psp_router_links **ret_links,
                                        struct psp_reason *reterr_reason);
void psp_router_links_destroy(struct psp_router_links **links);

/* Asks whoever was not asked for PSP_ROUTER_LINKS_ASK_MS. */
void psp_router_links_ask(struct psp_router_links *links, uint64_t now_ms);
/* Takes the answers that are there; how many. The arena is reset. */
uint32_t psp_router_links_receive(struct psp_router_links *links, struct psp_arena *arena,
                                  uint64_t now_ms);

#endif
