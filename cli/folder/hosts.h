/*
 * hosts - the machines of a cluster, and which process runs on which of them.
 *
 * A text file, one machine a line: a name, its IPv4 address, what may run there:
 *
 *     # name  address    roles
 *     east    10.0.0.11  router collector
 *     north   10.0.0.12  shard
 *
 * Addresses, not names of the DNS: each process listens at exactly the address
 * that the others connect to.
 *
 * Replicas are dealt out in turn over the machines with the role `shard`, in
 * the file's order, so that two replicas of a shard never share one. Ports are
 * fixed (7000 collector, 7001 its metrics, 8080 its page; 7100 and up routers;
 * 7200 and up shards, 7200 + the shard's number), so that a firewall can be
 * written before the cluster is.
 *
 * Ownership: owns its strings.   Threads: one owner.
 */
#ifndef PSP_HOSTS_H
#define PSP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"

enum {
    PSP_PORT_COLLECTOR = 7000,
    PSP_PORT_METRICS = 7001,
    PSP_PORT_GATEWAY_METRICS = 7002,
    PSP_PORT_ROUTERS = 7100,
    PSP_PORT_SHARDS = 7200,
    PSP_PORT_PAGE = 8080,
};

struct psp_hosts;

/* PSP_ENOENT, PSP_EIO. PSP_EINVAL: an unknown role, a line that is no host, a
 * name or an address that stands there twice. The reason says what to do. */
enum psp_status psp_hosts_load(const char *path, struct psp_hosts **ret_hosts,
                               struct psp_reason *reterr_reason);
void psp_hosts_destroy(struct psp_hosts **hosts);

/* The n-th machine of the file; false: there are no more. Its strings are the list's. */
struct psp_host {
    const char *name, *address;
};
bool psp_hosts_at(const struct psp_hosts *hosts, uint32_t n, struct psp_host *ret_host);
/* Whether it may run "router", "shard" or "collector". */
bool psp_hosts_has(const struct psp_hosts *hosts, uint32_t n, const char *role);

/* PSP_EINVAL: no machine for a router or the collector, or fewer machines for
 * shards than a shard has replicas: losing one would lose two of its copies. */
enum psp_status psp_hosts_check(const struct psp_hosts *hosts, uint32_t replicas,
                                struct psp_reason *reterr_reason);

/* Addresses of the machines; only after psp_hosts_check was content. */
const char *psp_hosts_router(const struct psp_hosts *hosts, uint32_t router);
const char *psp_hosts_collector(const struct psp_hosts *hosts);
const char *psp_hosts_replica(const struct psp_hosts *hosts, uint32_t shard, uint32_t replicas,
                              uint32_t replica);

#endif
