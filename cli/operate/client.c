/*
 * psephos client add|revoke - which stations may cast ballots.
 *
 * Only clients.json changes; routers read it anew within a second. With
 * --public-key no secret is made or seen here: the station made its own
 * (`psephos station keygen`).
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/folder/station_key.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "wire/socket/socket.h"

enum { NAME_BYTES_MAX = 63, OPTION_PUBLIC_KEY = 256 };

struct arguments {
    const char *directory, *action, *name;
    const char *public_key; /* KEY or FILE; NULL: a pair is made here */
    bool json;
};

static const struct argp_option options[] = {
    {"public-key", OPTION_PUBLIC_KEY, "KEY|FILE", 0,
     "with add: the public key that the station made itself (`psephos station keygen`), or a file "
     "that holds it",
     0},
    {0},
};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const char *name = arguments->name ? arguments->name : "";
    const char *action = arguments->action ? arguments->action : "";
    const size_t bytes = strlen(name);
    if (strcmp(action, "add") != 0 && strcmp(action, "revoke") != 0)
        argp_error(state, "add NAME or revoke NAME");
    if (arguments->public_key && strcmp(action, "add") != 0)
        argp_error(state, "--public-key goes with add");
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
    case OPTION_PUBLIC_KEY:
        arguments->public_key = value;
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

/* Who has this key in cluster.json; NULL: nobody. A router takes no list in which a
 * key stands twice. */
static const char *process_of(const struct psp_cluster *cluster, const char *public_key)
{
    for (uint32_t i = 0; i < cluster->router_count; i++)
        if (!strcmp(cluster->routers[i].public_key, public_key))
            return "a router";
    for (uint32_t i = 0; i < cluster->collector_count; i++)
        if (!strcmp(cluster->collectors[i].public_key, public_key))
            return "a collector";
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        if (!strcmp(cluster->operators[i].public_key, public_key))
            return "an operator";
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++)
            if (!strcmp(cluster->shards[s].replicas[r].public_key, public_key))
                return "a shard";
    return NULL;
}

/* The key made elsewhere. A secret here under the same name would be of another one. */
static enum psp_status brought_key(const struct arguments *arguments, const char *key_path,
                                   char ret_public[PSP_KEY_Z85_BYTES],
                                   struct psp_reason *reterr_reason)
{
    if (access(key_path, F_OK) == 0) {
        psp_reason_set(reterr_reason,
                       "%s is there, the secret of another key; delete it or choose another name",
                       key_path);
        return PSP_EEXIST;
    }
    return psp_station_key_public(arguments->public_key, ret_public, reterr_reason);
}

static enum psp_status station_key(const struct arguments *arguments, const struct psp_local *local,
                                   const char *key_path, const struct psp_station *stations,
                                   uint32_t n, char ret_public[PSP_KEY_Z85_BYTES],
                                   struct psp_reason *reterr_reason)
{
    const enum psp_status status = arguments->public_key
                                       ? brought_key(arguments, key_path, ret_public, reterr_reason)
                                       : psp_station_key_make(key_path, ret_public, reterr_reason);
    if (status != PSP_OK)
        return status;
    const char *process = process_of(local->cluster, ret_public);
    if (process)
        psp_reason_set(reterr_reason, "%s is the key of %s of this cluster", ret_public, process);
    for (uint32_t i = 0; !process && i < n; i++)
        if (!strcmp(stations[i].public_key, ret_public)) {
            process = stations[i].name;
            psp_reason_set(reterr_reason, "%s is the key of the station \"%s\" already", ret_public,
                           process);
        }
    return process ? PSP_EEXIST : PSP_OK;
}

static uint32_t find(const char *name, const struct psp_station *stations, uint32_t n)
{
    uint32_t at = 0;
    while (at < n && strcmp(stations[at].name, name) != 0)
        at++;
    return at;
}

/* Each changes the list in place; false after a message. */
static bool take_off(const struct arguments *arguments, struct psp_station *stations, uint32_t *n)
{
    const uint32_t at = find(arguments->name, stations, *n);
    if (at == *n) {
        fprintf(stderr, "psephos client: there is no station \"%s\"\n", arguments->name);
        return false;
    }
    memmove(stations + at, stations + at + 1, (*n - at - 1) * sizeof *stations);
    --*n;
    return true;
}

static bool put_on(const struct arguments *arguments, const struct psp_local *local,
                   const char *key_path, struct psp_station **stations, uint32_t *n)
{
    struct psp_reason reason = {0};
    if (find(arguments->name, *stations, *n) < *n) {
        fprintf(stderr, "psephos client: there is a station \"%s\" already\n", arguments->name);
        return false;
    }
    struct psp_station station = {0};
    memcpy(station.name, arguments->name, strlen(arguments->name));
    if (station_key(arguments, local, key_path, *stations, *n, station.public_key, &reason) !=
        PSP_OK) {
        psp_fault_say("psephos client", &reason);
        return false;
    }
    *stations = psp_memory_resize(*stations, *n + 1, sizeof **stations);
    (*stations)[(*n)++] = station;
    return true;
}

/* Both paths NULL where there is no such file here. */
static void tell(const struct arguments *arguments, const char *key_path, const char *ids_path)
{
    const bool may_cast = !strcmp(arguments->action, "add");
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:b, s:s?, s:s?}", "station", arguments->name, "may_cast",
                                 may_cast, "key", key_path, "ballot_ids", ids_path));
    else if (may_cast && !key_path)
        printf("%s may cast ballots, with the key that it made\n", arguments->name);
    else if (may_cast)
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
    char *ids_path = psp_station_ids_path(key_path);
    const bool adds = !strcmp(arguments->action, "add");
    struct psp_station *stations = NULL;
    struct psp_reason reason = {0};
    uint32_t n = 0;
    int code = PSP_EXIT_NO;
    enum psp_status status = psp_stations_load(path, &stations, &n, &reason);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos client: %s: %s %s\n", path, reason.pointer, reason.text);
    } else if (adds ? put_on(arguments, local, key_path, &stations, &n)
                    : take_off(arguments, stations, &n)) {
        status = psp_stations_store(path, stations, n);
        if (status != PSP_OK) {
            fprintf(stderr, "psephos client: %s: %s\n", path, psp_status_text(status));
        } else {
            /* The key file goes too: adding the name again makes a new key. What its
             * ballot IDs follow from stays: a file that was half cast can be cast again. */
            if (!adds)
                remove(key_path);
            tell(arguments, access(key_path, F_OK) == 0 ? key_path : NULL,
                 access(ids_path, F_OK) == 0 ? ids_path : NULL);
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
        options,
        parse,
        "add NAME\nrevoke NAME",
        "Lets a station cast ballots, or no longer. Works while the cluster runs, within a "
        "second or two. A station needs NAME.key and, beside it, NAME.key.ids: what its ballot "
        "IDs follow from; with --public-key it has made both itself." PSP_EXIT_HELP,
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
