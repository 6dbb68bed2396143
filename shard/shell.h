/*
 * shell - a shard replica's sockets, threads and time around its core.
 *
 *     routers, collectors,              log writer thread   (write, fsync)
 *     operators, replicas --> loop: core
 *                                       checkpointer thread (LMDB)
 *                                       sealing thread      (what leaves the log)
 *                                       reader thread       (reads and mends the log)
 *                                       scrubber thread     (checks it, slowly)
 *
 * The loop's thread owns sockets, core and count. A bounded number of messages
 * is taken a turn; then one slice of committed entries is applied.
 *
 * Any failure of log or store ends the process: a failed fsync is final.
 *
 * Ownership: what the options point to stays the caller's.
 * Threads:   as drawn. The loop reads no file of the log; keeping.h has who does.
 * Memory:    the core's and the count's, and entries read for others.
 */
#ifndef PSP_SHARD_SHELL_H
#define PSP_SHARD_SHELL_H

#include <stdbool.h>

#include "base/reason.h"
#include "shard/replica.h"
#include "wire/socket/socket.h"

enum {
    PSP_SHARD_MESSAGES_A_TURN = 64,
    PSP_SHARD_ARENA_BYTES = 96 << 20, /* of one decoded message */
    PSP_SHARD_PROGRESS_MS = 2000,     /* between two lines about a long replay */
};

struct psp_shard_shell_options {
    const struct psp_cluster *cluster;
    struct psp_replica *state; /* opened, not started */
    const struct psp_keypair *self;
    const struct psp_sign_key *key; /* the shard's own, which every replica has */
    const char *log_path;
    uint32_t shard, replica;      /* positions in the cluster */
    void (*ready)(void *context); /* called once: this replica can take part */
    void *context;
};

struct psp_shard_shell;

/* Listens and starts the core. PSP_EEXIST: the port is in use; others with
 * what to do in reterr_reason. */
enum psp_status psp_shard_shell_create(const struct psp_shard_shell_options *options,
                                       struct psp_shard_shell **ret_shell,
                                       struct psp_reason *reterr_reason);
void psp_shard_shell_destroy(struct psp_shard_shell **shell);
/* Returns after SIGTERM or SIGINT (true), or after a failure that it has
 * logged (false). */
bool psp_shard_shell_run(struct psp_shard_shell *shell);

#endif
