/*
 * psephos down - stops a local cluster. Nothing counted is lost: it is in the
 * logs before anyone has a receipt.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/folder/strays.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"

enum { GRACE_MS = 10000 };

struct arguments {
    const char *directory;
    bool json;
};

struct outcome {
    uint32_t stopped, killed, left;
    uint32_t strays; /* of which the folder knows nothing */
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    (void)value;
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void count_strays(const char *directory, struct outcome *outcome)
{
    const struct psp_strays strays = psp_strays_stop(directory, GRACE_MS);
    outcome->stopped += strays.found - strays.left;
    outcome->killed += strays.killed;
    outcome->left += strays.left;
    outcome->strays = strays.found;
}

static void stop(const struct psp_local *local, struct outcome *outcome)
{
    uint32_t n = 0, ran = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    outcome->killed = psp_daemons_stop(daemons, n, GRACE_MS, &ran);
    for (uint32_t i = 0; i < n; i++)
        outcome->left += psp_daemon_pid(&daemons[i]) != 0;
    outcome->stopped = ran - outcome->left;
    psp_daemons_free(&daemons, n);
}

static void tell_stopped(const struct outcome *outcome)
{
    printf("%u process%s stopped", outcome->stopped, outcome->stopped == 1 ? "" : "es");
    if (outcome->strays)
        printf("; of %u the folder had been removed", outcome->strays);
    putchar('\n');
}

static int tell(const struct outcome *outcome, bool json)
{
    if (json)
        psp_json_print(
            json_pack("{s:o, s:o, s:o, s:o}", "stopped", psp_json_count(outcome->stopped), "killed",
                      psp_json_count(outcome->killed), "left", psp_json_count(outcome->left),
                      "strays", psp_json_count(outcome->strays)));
    else
        tell_stopped(outcome);
    if (outcome->killed)
        fprintf(stderr, "psephos down: %u did not end within %d s and were killed\n",
                outcome->killed, GRACE_MS / 1000);
    if (outcome->left)
        fprintf(stderr, "psephos down: %u could not be stopped\n", outcome->left);
    return outcome->left ? PSP_EXIT_NO : PSP_EXIT_DONE;
}

int psp_cmd_down(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        NULL,
        "Stops every process of the cluster in DIR, also of one whose folder has been removed "
        "meanwhile. `psephos up --dir DIR` goes on counting where it stopped." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_reason reason = {0};
    struct psp_local *local = NULL;
    struct outcome outcome = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    const char *directory = arguments.directory;
    const bool there = psp_local_exists(directory);
    if (there && (psp_local_open(directory, &local, &reason) != PSP_OK ||
                  psp_local_lock(local, &reason) != PSP_OK)) {
        psp_fault_say("psephos down", &reason);
        psp_local_close(&local);
        return PSP_EXIT_NO;
    }
    if (there)
        stop(local, &outcome);
    count_strays(directory, &outcome);
    if (!there && !outcome.strays && psp_local_open(directory, &local, &reason) != PSP_OK) {
        psp_fault_say("psephos down", &reason);
        return PSP_EXIT_NO;
    }
    psp_local_close(&local);
    return tell(&outcome, arguments.json);
}
