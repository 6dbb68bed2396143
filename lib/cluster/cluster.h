/*
 * cluster - cluster.json, the one description of a cluster that every process
 * reads.
 *
 * `psephos up`, compose and Ansible all make the same file. It holds public
 * keys only; secrets are separate files (keys/ beside it).
 *
 * Ownership: owns all strings.   Threads: immutable after load.
 */
#ifndef PSP_CLUSTER_H
#define PSP_CLUSTER_H

#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"
#include "wire/message/codes.h"
#include "wire/message/fence.h"

enum { PSP_CLUSTER_FORMAT = 2 };

struct psp_cluster_replica {
    uint32_t replica;       /* number within the shard, from 0 */
    uint64_t raft_id;       /* cluster/raft_id.h */
    const char *address;    /* tcp://host:port: routers, collectors, operators, other replicas */
    const char *public_key; /* Z85 */
};
struct psp_cluster_shard {
    uint32_t shard, slot_first, slot_end;       /* [first, end) */
    uint8_t roll_hash[PSP_HASH_BYTES];          /* SHA-256 of its roll file; zeros without a roll */
    uint8_t signing_key[PSP_SIGN_PUBLIC_BYTES]; /* cluster/sign.h; of format 1, which has none: 0 */
    uint32_t replica_count;
    const struct psp_cluster_replica *replicas;
};
struct psp_cluster_router {
    uint32_t router;
    const char *address; /* tcp://host:port: stations, operators */
    const char *public_key;
};
struct psp_cluster_collector {
    uint32_t collector;
    const char *http;       /* host:port of the public API */
    const char *http_local; /* host:port of /metrics and /cluster: loopback */
    const char *address;    /* tcp://host:port: operators */
    const char *public_key;
    /* Origins, a space between, whose pages may show the page in a frame; NULL: none. */
    const char *embed_origins;
    /* Proxies, addresses or networks, a space between, whose X-Forwarded-For is believed. */
    const char *trusted_proxies;
};
struct psp_cluster_operator {
    const char *name, *public_key;
};
/* Whom what leaves a shard is sealed for; the key is no key of a connection. */
struct psp_cluster_auditor {
    const char *name;
    const char *public_key; /* Z85: X25519 */
};
struct psp_cluster_gateway {
    const char *name;       /* of its key file, gateway-NAME.key */
    const char *http;       /* host:port where it takes ballots */
    const char *http_local; /* host:port of /metrics: loopback; NULL: none */
    const char *public_key;
};

struct psp_cluster_bridge { /* has no key of its own, and a file that says the rest */
    const char *name;
    const char *http_local; /* host:port of /metrics and /readyz: loopback */
};

struct psp_cluster {
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    enum psp_mode mode;        /* of format 1, which has none: live */
    uint64_t epoch;            /* 1; raised by a restore from backup only */
    const char *directory;     /* of cluster.json; relative paths start here */
    const char *election_path; /* "election.json" */
    const char *clients_path;  /* "clients.json": stations' public keys, reread when it changes */
    uint8_t definition_hash[PSP_HASH_BYTES];
    uint8_t roll_hash[PSP_HASH_BYTES]; /* of all shards' roll hashes, in order; zeros: none */
    uint8_t digest_key_hash[PSP_HASH_BYTES];
    uint8_t slot_map_hash[PSP_HASH_BYTES]; /* computed: BLAKE2b-256 of (shard, first, end)* LE32 */
    uint32_t shard_count, router_count, collector_count, operator_count, gateway_count;
    uint32_t bridge_count, auditor_count;
    const struct psp_cluster_shard *shards;
    const struct psp_cluster_router *routers;
    const struct psp_cluster_collector *collectors;
    const struct psp_cluster_operator *operators;
    const struct psp_cluster_gateway *gateways;
    const struct psp_cluster_bridge *bridges;
    const struct psp_cluster_auditor *auditors;
};

/* PSP_ENOENT, PSP_EIO, PSP_EINVAL, PSP_EVERSION (format), each with a reason. */
enum psp_status psp_cluster_load(const char *path, struct psp_cluster **ret_cluster,
                                 struct psp_reason *reterr_reason);
/* Also of format 1, for who only reads what a cluster of 0.1.0 has counted. */
enum psp_status psp_cluster_load_any(const char *path, struct psp_cluster **ret_cluster,
                                     struct psp_reason *reterr_reason);
void psp_cluster_destroy(struct psp_cluster **cluster);

/* One origin as a browser names it: http:// or https://, a host ("*." before it: any below it)
 * and, where it is not the scheme's own, a port; no path. Or "*": any. */
bool psp_cluster_origin_good(const char *origin, size_t length);

/* An address, or a network as "192.0.2.0/24" and "2001:db8::/32". */
bool psp_cluster_proxy_good(const char *proxy, size_t length);

/* Writes beside and renames, fsync of file and folder. */
enum psp_status psp_cluster_store(const struct psp_cluster *cluster, const char *path);

/* What a router or shard of this cluster has to agree with the other on. */
void psp_cluster_fence(const struct psp_cluster *cluster, struct psp_fence *ret_fence);

/* The cluster's roll hash: SHA-256 of its shards' roll hashes, in order. */
void psp_cluster_hash_rolls(const struct psp_cluster_shard *shards, uint32_t count,
                            uint8_t ret_hash[PSP_HASH_BYTES]);

#endif
