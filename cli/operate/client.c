/*
 * psephos client add|revoke - which stations may cast ballots.
 *
 * Only clients.json changes; routers read it anew within a second.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/folder/secret.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "election/ballot_id.h"
#include "wire/socket/socket.h"

enum { NAME_BYTES_MAX = 63 };

struct arguments {
    const char *directory, *action, *name;
    bool json;
};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const char *name = arguments->name ? arguments->name : "";
    const char *action = arguments->action ? arguments->action : "";
    const size_t bytes = strlen(name);
    if (strcmp(action, "add") != 0 && strcmp(action, "revoke") != 0)
        argp_error(state, "add NAME or revoke NAME");
    if (!bytes || bytes > NAME_BYTES_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != bytes)
        argp_error(state, "NAME: 1 to %d of a-z 0-9 _ -", NAME_BYTES_MAX);
}

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->action)
            arguments->action = value;
        else if (!arguments->name)
            arguments->name = value;
        else
            argp_error(state, "one argument too many: %s", value);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A new key pair, or the one whose `add` was interrupted, and beside it the secret of
 * the station's ballot IDs, which outlives a revoked key: cast again under the new
 * key, the same lines are the same ballots. */
static enum psp_status station_key(const char *path, const char *ids_path,
                                   struct psp_station *station)
{
    struct psp_keypair pair = {0};
    uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    enum psp_status status = psp_secret_make(ids_path, secret, sizeof secret);
    explicit_bzero(secret, sizeof secret);
    if (status != PSP_OK)
        return status;
    status = psp_keypair_load(path, &pair);
    if (status == PSP_ENOENT) {
        status = psp_keypair_generate(&pair);
        if (status == PSP_OK)
            status = psp_keypair_store(path, &pair);
    }
    memcpy(station->public_key, pair.public_z85, sizeof station->public_key);
    explicit_bzero(&pair, sizeof pair);
    return status;
}

/* Changes the list in place; false after a message. */
static bool change(const struct arguments *arguments, const char *key_path, const char *ids_path,
                   struct psp_station **stations, uint32_t *n)
{
    uint32_t at = 0;
    while (at < *n && strcmp((*stations)[at].name, arguments->name) != 0)
        at++;
    if (!strcmp(arguments->action, "revoke")) {
        if (at == *n) {
            fprintf(stderr, "psephos client: there is no station \"%s\"\n", arguments->name);
            return false;
        }
        memmove(*stations + at, *stations + at + 1, (*n - at - 1) * sizeof **stations);
        --*n;
        return true;
    }
    if (at < *n) {
        fprintf(stderr, "psephos client: there is a station \"%s\" already\n", arguments->name);
        return false;
    }
    *stations = psp_memory_resize(*stations, *n + 1, sizeof **stations);
    struct psp_station *station = &(*stations)[*n];
    *station = (struct psp_station){0};
    memcpy(station->name, arguments->name, strlen(arguments->name));
    const enum psp_status status = station_key(key_path, ids_path, station);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos client: %s: %s\n", key_path, psp_status_text(status));
        return false;
    }
    ++*n;
    return true;
}

/* `key_path` NULL: there is none any more. */
static void tell(const struct arguments *arguments, const char *key_path, const char *ids_path)
{
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:b, s:s?, s:s}", "station", arguments->name, "may_cast",
                                 key_path != NULL, "key", key_path, "ballot_ids", ids_path));
    else if (key_path)
        printf("%s may cast ballots; its key, and what its ballot IDs follow from (keep both "
               "secret, hand out both):\n%s\n%s\n",
               arguments->name, key_path, ids_path);
    else
        printf("%s may cast no more ballots\n", arguments->name);
}

static int run(const struct arguments *arguments, const struct psp_local *local)
{
    char *path = psp_local_path(local, "%s", local->cluster->clients_path);
    char *key_path = psp_local_path(local, "clients/%s.key", arguments->name);
    char *ids_path = psp_memory_print("%s.ids", key_path);
    struct psp_station *stations = NULL;
    struct psp_reason reason = {0};
    uint32_t n = 0;
    int code = PSP_EXIT_NO;
    enum psp_status status = psp_stations_load(path, &stations, &n, &reason);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos client: %s: %s %s\n", path, reason.pointer, reason.text);
    } else if (change(arguments, key_path, ids_path, &stations, &n)) {
        status = psp_stations_store(path, stations, n);
        if (status != PSP_OK) {
            fprintf(stderr, "psephos client: %s: %s\n", path, psp_status_text(status));
        } else if (!strcmp(arguments->action, "add")) {
            tell(arguments, key_path, ids_path);
            code = PSP_EXIT_DONE;
        } else {
            /* The key file goes too: adding the name again makes a new key. What its
             * ballot IDs follow from stays: a file that was half cast can be cast again. */
            remove(key_path);
            tell(arguments, NULL, ids_path);
            code = PSP_EXIT_DONE;
        }
    }
    free(stations);
    free(ids_path);
    free(key_path);
    free(path);
    return code;
}

int psp_cmd_client(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "add NAME\nrevoke NAME",
        "Lets a station cast ballots, or no longer. Works while the cluster runs, within a "
        "second or two. A station needs NAME.key and, beside it, NAME.key.ids: what its ballot "
        "IDs follow from." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    /* Two changes at once would lose one of them, hence the lock. */
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK &&
        psp_local_lock(local, &reason) == PSP_OK)
        code = run(&arguments, local);
    else
        psp_fault_say("psephos client", &reason);
    psp_local_close(&local);
    return code;
}
