/*
 * shell - a router's sockets, files and time around its core.
 *
 *     stations, operators --> ingest --> queues by key --\
 *                                                        core --> one socket a shard's replica
 *     stations <------------ ingest --------------------/     <--
 *
 * One thread. What comes is put, undecoded, into its key's queue (core/budget.h), and
 * the queues are served for a bounded time each turn, so that neither a busy station nor
 * a busy shard can starve the others. Connections of a key that never heeds its budget
 * are shut down.
 *
 * Ownership: what the options point to stays the caller's.
 * Threads:   one.   Memory: the core's, and one message received.
 */
#ifndef PSP_ROUTER_SHELL_H
#define PSP_ROUTER_SHELL_H

#include "base/reason.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"
#include "election/digest.h"
#include "wire/socket/socket.h"

enum {
    PSP_ROUTER_CLIENT_MESSAGES_A_TURN = 256, /* put into queues */
    /* For what waits there, before shards are heard again: a long message may take longer. The
     * short one while stations cast whose ballots are not to wait. */
    PSP_ROUTER_CLIENT_SLICE_US = 2000,
    PSP_ROUTER_CLIENT_SHORT_SLICE_US = 500,
    PSP_ROUTER_SHARD_MESSAGES_A_TURN = 64, /* of each replica */
    PSP_ROUTER_PASSES_A_TURN = 8,
    PSP_ROUTER_TICK_MS = 10,
    PSP_ROUTER_CLIENTS_CHECK_MS = 1000, /* clients.json is looked at this often */
    PSP_ROUTER_ARENA_BYTES = 64 << 20,  /* of one decoded message */
};

struct psp_router_shell_options {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition;
    const struct psp_digest_key *digest_key;
    const struct psp_keypair *self;
    uint32_t router; /* position in the cluster */
};

struct psp_router_shell;

/* Listens and connects. PSP_EEXIST: the port is in use; PSP_ENOENT, PSP_EINVAL
 * and others with what to do in reterr_reason. */
enum psp_status psp_router_shell_create(const struct psp_router_shell_options *options,
                                        struct psp_router_shell **ret_shell,
                                        struct psp_reason *reterr_reason);
void psp_router_shell_destroy(struct psp_router_shell **shell);
/* Returns after SIGTERM or SIGINT. */
void psp_router_shell_run(struct psp_router_shell *shell);

#endif
