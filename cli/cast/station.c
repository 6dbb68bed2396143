/*
 * psephos station keygen - a station's key, made on the station's own machine.
 *
 * Only the public half leaves it: `psephos client add NAME --public-key` takes it,
 * and whoever runs the cluster never has a secret of a station.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/folder/station_key.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"

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

static enum psp_status make(const char *path, char ret_public[PSP_KEY_Z85_BYTES],
                            struct psp_reason *reterr_reason)
{
    if (access(path, F_OK) == 0) {
        psp_reason_set(reterr_reason, "%s is there already; it is never overwritten", path);
        return PSP_EEXIST;
    }
    const enum psp_status status = psp_station_key_make(path, ret_public, reterr_reason);
    return status == PSP_OK ? psp_public_key_store(path, ret_public, reterr_reason) : status;
}

static void tell(const struct arguments *arguments, const char *public_path, const char *ids_path,
                 const char *public_key)
{
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:s, s:s, s:s}", "public_key", public_key, "key",
                                 arguments->path, "public_key_file", public_path, "ballot_ids",
                                 ids_path));
    else
        printf("%s\n", public_key);
}

int psp_cmd_station(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "keygen FILE",
        "Makes a station's key on its own machine and prints the public half, which alone goes to "
        "whoever runs the cluster (`psephos client add NAME --public-key`). FILE is the secret, "
        "FILE.ids what the station's ballot IDs follow from: both stay here. FILE.pub is the "
        "public half." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_reason reason = {0};
    char public_key[PSP_KEY_Z85_BYTES];
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    char *public_path = psp_station_public_path(arguments.path);
    char *ids_path = psp_station_ids_path(arguments.path);
    const enum psp_status status = make(arguments.path, public_key, &reason);
    if (status == PSP_OK)
        tell(&arguments, public_path, ids_path, public_key);
    else
        psp_fault_say("psephos station", &reason);
    free(ids_path);
    free(public_path);
    return status == PSP_OK ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
