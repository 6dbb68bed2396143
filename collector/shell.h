/*
 * shell - a collector's sockets, store, HTTP and time around its core.
 *
 *     shards ◀─ Watch ──  core ── changed ─▶ store: commit ─▶ view ─▶ HTTP threads
 *            ── Partial ─▶
 *
 * One thread of its own: nothing is published that was not committed before.
 * A store that cannot commit ends the process: what it would show could not be
 * shown again after a restart.
 *
 * Ownership: what the options point to stays the caller's.
 * Threads:   its loop; libmicrohttpd has its own.
 * Memory:    the core's board, and the views that requests still hold.
 */
#ifndef PSP_COLLECTOR_SHELL_H
#define PSP_COLLECTOR_SHELL_H

#include <stddef.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "collector/page/page.h"
#include "election/definition/definition.h"
#include "wire/socket/socket.h"

enum {
    PSP_COLLECTOR_MESSAGES_A_TURN = 16, /* of each socket */
    PSP_COLLECTOR_PASSES_A_TURN = 8,
    PSP_COLLECTOR_SWEEP_MS = 200,         /* of connections */
    PSP_COLLECTOR_TICK_MS = 1000,         /* of all else that time brings */
    PSP_COLLECTOR_ARENA_BYTES = 96 << 20, /* of one decoded message */
    PSP_COLLECTOR_PATH_BYTES = 4096,
};

struct psp_collector_shell;

struct psp_collector_shell_options {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition;
    const char *definition_text; /* the file's bytes */
    size_t definition_bytes;
    const struct psp_keypair *self;
    const struct psp_page *page; /* NULL: none */
    const char *data_directory;
    uint32_t collector; /* position in the cluster */
};

/* Opens the store, shows what it holds, listens and connects. Statuses of its
 * parts; reterr_reason says what to do. */
enum psp_status psp_collector_shell_create(const struct psp_collector_shell_options *options,
                                           struct psp_collector_shell **ret_shell,
                                           struct psp_reason *reterr_reason);
void psp_collector_shell_destroy(struct psp_collector_shell **shell);

/* Returns PSP_OK after SIGTERM or SIGINT; PSP_EIO, PSP_ENOSPC, PSP_ENOMEM when
 * a version could not be committed. */
enum psp_status psp_collector_shell_run(struct psp_collector_shell *shell);

#endif
