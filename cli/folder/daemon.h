/*
 * daemon - the processes of a local cluster: start, find again, stop.
 *
 * A daemon is found again by its pid file, and believed only when /proc says
 * that this process runs the very command line we would start: process numbers
 * are reused, and signalling a stranger is worse than starting nothing.
 *
 * Ownership: psp_daemons_free frees the array and all it shows.
 * Threads:   one owner.
 */
#ifndef PSP_DAEMON_H
#define PSP_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/folder/local.h"
#include "wire/socket/socket.h"

enum { PSP_DAEMON_ARGUMENTS_MAX = 12 };

struct psp_daemon {
    enum psp_role role; /* 0: a bridge, which has no key of its own */
    bool is_bridge;
    uint32_t number, replica; /* of a gateway or bridge: its position */
    const char *id;           /* of a gateway or bridge: its name; else NULL */
    const char *address;      /* of the cluster: where the operator reaches it */
    const char *http;         /* collectors: both HTTP addresses; else NULL */
    const char *http_local;
    char *name;                                /* "router-0", "shard-0-0", "collector-0" */
    char *program;                             /* beside our own executable */
    char *arguments[PSP_DAEMON_ARGUMENTS_MAX]; /* NULL-terminated */
    char *pid_path, *log_path;
};

/* Are all daemons' programs beside our own, that of a gateway or bridge when there is one? They
 * are packages of their own. PSP_ENOENT: the reason says which to install. */
enum psp_status psp_daemon_programs_check(bool gateway, bool bridge,
                                          struct psp_reason *reterr_reason);

/* The path of a program beside our own executable, where the daemons lie; the caller frees. */
char *psp_daemon_program(const char *name);

/* Every process of the cluster: shards, then collectors, routers, gateways, bridges, the
 * order in which to start them. The last two hear no operator: psp_operate knows the others. */
struct psp_daemon *psp_daemons_of(const struct psp_local *local, uint32_t *ret_n);
void psp_daemons_free(struct psp_daemon **daemons, uint32_t n);

/* False: a bridge whose file is not in this folder: it runs elsewhere, or the folder was
 * restored without it. */
bool psp_daemon_has_file(const struct psp_daemon *daemon);

/* Its process number when it runs, else 0. */
pid_t psp_daemon_pid(const struct psp_daemon *daemon);

/* PSP_EEXIST: a port is in use. PSP_ENOENT: no such program. PSP_EIO. */
enum psp_status psp_daemon_start(const struct psp_daemon *daemon, struct psp_reason *reterr_reason);

/* SIGTERM to all, SIGKILL to those still there after `grace_ms`. Returns how
 * many had to be killed; *ret_stopped counts all that ran. */
uint32_t psp_daemons_stop(const struct psp_daemon *daemons, uint32_t n, uint64_t grace_ms,
                          uint32_t *ret_stopped);

/* How long its log is by now. */
long psp_daemon_log_bytes(const struct psp_daemon *daemon);
/* The last lines of its log after the first `from` bytes, indented. */
void psp_daemon_log_tail(const struct psp_daemon *daemon, unsigned lines, long from, FILE *file);

#endif
