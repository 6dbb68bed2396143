/*
 * psephos auditor keygen - the key that backups are sealed for, made on the auditor's own
 * machine.
 *
 * Only the public half leaves it: `psephos up --auditor-key` takes it. Whoever runs the
 * cluster and its backups then cannot read a ballot in them.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/folder/station_key.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "wire/socket/socket.h"

struct arguments {
    const char *action, *path;
    bool json;
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->action)
            arguments->action = value;
        else if (!arguments->path)
            arguments->path = value;
        else
            argp_error(state, "one argument too many: %s", value);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->action || strcmp(arguments->action, "keygen") != 0 || !arguments->path)
            argp_error(state, "keygen FILE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum psp_status make(const char *path, struct psp_keypair *pair,
                            struct psp_reason *reterr_reason)
{
    enum psp_status status = psp_keypair_generate(pair);
    if (status == PSP_OK)
        status = psp_keypair_store(path, pair);
    if (status == PSP_EEXIST)
        psp_reason_set(reterr_reason, "%s is there already; it is never overwritten", path);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    return status == PSP_OK ? psp_public_key_store(path, pair->public_z85, reterr_reason) : status;
}

static void tell(const struct arguments *arguments, const char *public_key)
{
    char *public_path = psp_station_public_path(arguments->path);
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:s, s:s}", "public_key", public_key, "key",
                                 arguments->path, "public_key_file", public_path));
    else
        printf("%s\n", public_key);
    free(public_path);
}

int psp_cmd_auditor(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "keygen FILE",
        "Makes an auditor's key on the auditor's own machine and prints the public half, which "
        "alone goes to whoever runs the cluster (`psephos up --auditor-key`). FILE is the secret "
        "that opens backups and stays here, FILE.pub the public half." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_reason reason = {0};
    struct psp_keypair pair = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    const enum psp_status status = make(arguments.path, &pair, &reason);
    if (status == PSP_OK)
        tell(&arguments, pair.public_z85);
    else
        psp_fault_say("psephos auditor", &reason);
    explicit_bzero(&pair, sizeof pair);
    return status == PSP_OK ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
