/* Both hear HTTP only. */
#include "cli/run/doors.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/exit.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cli/show/bridge.h"
#include "cli/show/gateway.h"

enum { READY_MS = 30000, PAUSE_MS = 20, LOG_LINES = 8, SETTLE_MS = 3000 };

static int not_ready(const struct psp_daemon *daemon, long log_from,
                     const struct psp_reason *reason)
{
    const bool runs = psp_daemon_pid(daemon) != 0;
    if (runs)
        fprintf(stderr, "psephos up: %s is not ready: %s; ", daemon->name, reason->text);
    else
        fprintf(stderr, "psephos up: %s ended; ", daemon->name);
    psp_daemon_log_tail(daemon, LOG_LINES, log_from, stderr);
    return runs ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
}

static int wait_gateway(const struct psp_daemon *daemon)
{
    const uint64_t end_ms = psp_progress_clock_ms() + READY_MS;
    const char *address = daemon->http_local ? daemon->http_local : daemon->address;
    struct psp_reason reason = {0};
    while (psp_gateway_ready(address, &reason) != PSP_OK) {
        if (psp_progress_clock_ms() >= end_ms || !psp_daemon_pid(daemon))
            return not_ready(daemon, 0, &reason);
        poll(NULL, 0, PAUSE_MS);
    }
    return PSP_EXIT_DONE;
}

/* It answers at once; what it makes of the other side is known a moment later. */
static int wait_bridge(const struct psp_daemon *daemon, long log_from)
{
    const uint64_t begun_ms = psp_progress_clock_ms();
    struct psp_bridge_shown shown = {0};
    struct psp_reason reason = {0};
    if (!psp_daemon_has_file(daemon)) {
        fprintf(stderr,
                "psephos up: %s was not started: its file is not in bridges/ of this folder; "
                "give it with --bridge FILE\n",
                daemon->name);
        return PSP_EXIT_DONE;
    }
    for (;;) {
        const enum psp_status status = psp_bridge_show(daemon->http_local, &shown, &reason);
        const uint64_t waited_ms = psp_progress_clock_ms() - begun_ms;
        if (!psp_daemon_pid(daemon) || (status != PSP_OK && waited_ms >= READY_MS))
            return not_ready(daemon, log_from, &reason);
        const bool is_ending = strcmp(shown.state, "ending") == 0; /* gone in a moment */
        if (status == PSP_OK && !is_ending &&
            (shown.ready || shown.trouble[0] || waited_ms >= SETTLE_MS))
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    if (shown.trouble[0])
        fprintf(stderr, "psephos up: %s: %s: %s%s\n", daemon->name, shown.state, shown.trouble,
                shown.ready ? "" : "; it goes on trying");
    return PSP_EXIT_DONE;
}

int psp_doors_gateways(const struct psp_daemon *daemons, uint32_t n)
{
    int code = PSP_EXIT_DONE;
    for (uint32_t i = 0; i < n && code == PSP_EXIT_DONE; i++)
        if (daemons[i].role == PSP_ROLE_GATEWAY)
            code = wait_gateway(&daemons[i]);
    return code;
}

int psp_doors_bridges(const struct psp_local *local, const struct psp_daemon *bridges, uint32_t n)
{
    int code = PSP_EXIT_DONE;
    long *log_from = psp_memory_array(n + 1, sizeof *log_from);
    int *codes = psp_memory_array(n + 1, sizeof *codes);
    for (uint32_t i = 0; i < n; i++) {
        struct psp_reason reason = {0};
        codes[i] = PSP_EXIT_DONE;
        log_from[i] = psp_daemon_pid(&bridges[i]) ? 0 : psp_daemon_log_bytes(&bridges[i]);
        if (psp_daemon_pid(&bridges[i]) || !psp_daemon_has_file(&bridges[i]))
            continue;
        if (psp_daemon_start(&bridges[i], &reason) != PSP_OK) {
            psp_fault_say("psephos up", &reason);
            codes[i] = PSP_EXIT_NO;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        const bool tried = codes[i] == PSP_EXIT_DONE;
        if (tried)
            codes[i] = wait_bridge(&bridges[i], log_from[i]);
        if (codes[i] == PSP_EXIT_DONE)
            continue;
        fprintf(stderr,
                "psephos up: %s does not run, and every `up` tries it again. To take "
                "it out: psephos down --dir %s; its line out of \"bridges\" in %s/cluster.json; "
                "rm %s/bridges/%s.json\n",
                bridges[i].name, local->directory, local->directory, local->directory,
                bridges[i].id);
        code = code == PSP_EXIT_DONE ? codes[i] : code;
    }
    free(codes);
    free(log_from);
    return code;
}
