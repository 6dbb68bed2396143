/*
 * psephos down - stops a local cluster. Nothing counted is lost: it is in the
 * logs before anyone has a receipt.
 */
#include <argp.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/say/fault.h"

enum { GRACE_MS = 10000 };

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "folder of the cluster", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    const char **directory = state->input;
    switch (key) {
    case 'd':
        *directory = value;
        return 0;
    case ARGP_KEY_END:
        if (!*directory)
            argp_error(state, "--dir is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int psp_cmd_down(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Stops every process of the cluster in DIR. `psephos up --dir DIR` goes on "
        "counting where it stopped." PSP_EXIT_HELP,
        NULL,
        NULL,
        NULL};
    const char *directory = NULL;
    struct psp_reason reason = {0};
    struct psp_local *local = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &directory) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(directory, &local, &reason) != PSP_OK ||
        psp_local_lock(local, &reason) != PSP_OK) {
        psp_fault_say("psephos down", &reason);
        psp_local_close(&local);
        return PSP_EXIT_NO;
    }
    uint32_t n = 0, stopped = 0, left = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    const uint32_t killed = psp_daemons_stop(daemons, n, GRACE_MS, &stopped);
    for (uint32_t i = 0; i < n; i++)
        left += psp_daemon_pid(&daemons[i]) != 0;
    printf("%u process%s stopped\n", stopped - left, stopped - left == 1 ? "" : "es");
    if (killed)
        fprintf(stderr, "psephos down: %u did not end within %d s and were killed\n", killed,
                GRACE_MS / 1000);
    if (left)
        fprintf(stderr, "psephos down: %u could not be stopped\n", left);
    psp_daemons_free(&daemons, n);
    psp_local_close(&local);
    return left ? PSP_EXIT_NO : PSP_EXIT_DONE;
}
