/*
 * psephos client add|revoke|list - which stations may cast which ballots.
 *
 * Only clients.json changes; routers read it anew within a second. `revoke` ends when
 * each of them has said that it no longer admits the station. With --public-key no
 * secret is made or seen here: the station made its own (`psephos station keygen`).
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "base/text/utf8.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/folder/station_key.h"
#include "cli/operate/admission.h"
#include "cli/operate/client_bounds.h"
#include "cli/operate/client_list.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cluster/election.h"
#include "cluster/stations.h"
#include "cluster/token.h"
#include "wire/socket/socket.h"

enum { OPTION_PUBLIC_KEY = 256, OPTION_HTTP, OPTION_UNITS, OPTION_METHODS, OPTION_UNTIL };

struct arguments {
    const char *directory, *action, *name;
    const char *public_key; /* KEY or FILE; NULL: a pair is made here */
    struct psp_client_bounds bounds;
    bool http; /* a token is made, for a gateway */
    bool json;
};

/* What a call works on. */
struct work {
    const struct arguments *arguments;
    const struct psp_local *local;
    struct psp_definition *definition;
    struct psp_stations stations;
    char *path, *key_path, *ids_path; /* of clients.json, and of the station's secrets here */
    char token[PSP_TOKEN_BYTES];      /* made here; "": none */
    struct psp_admission *routers;    /* asked after a station that is revoked */
    uint32_t router_count;
};

static const struct argp_option options[] = {
    {"public-key", OPTION_PUBLIC_KEY, "KEY|FILE", 0,
     "with add: the public key that the station made itself (`psephos station keygen`), or a file "
     "that holds it",
     0},
    {"http", OPTION_HTTP, NULL, 0,
     "with add: it casts through a gateway, by HTTP, with a token that is shown once and kept "
     "nowhere",
     0},
    {"units", OPTION_UNITS, "ID,...", 0,
     "with add: it may cast ballots of these units only, and of all below them", 0},
    {"methods", OPTION_METHODS, "ID,...", 0, "with add: it may cast by these methods only", 0},
    {"until", OPTION_UNTIL, "TIME", 0,
     "with add: it may cast until then (RFC 3339, with a zone: 2026-11-03T20:00:00-05:00)", 0},
    {0},
};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const struct psp_client_bounds *bounds = &arguments->bounds;
    const char *name = arguments->name ? arguments->name : "";
    const char *action = arguments->action ? arguments->action : "";
    const size_t bytes = strlen(name);
    const bool lists = !strcmp(action, "list");
    if (strcmp(action, "add") != 0 && strcmp(action, "revoke") != 0 && !lists)
        argp_error(state, "add NAME, revoke NAME or list");
    if ((arguments->public_key || arguments->http || bounds->units || bounds->methods ||
         bounds->until) &&
        strcmp(action, "add") != 0)
        argp_error(state, "--public-key, --http, --units, --methods and --until go with add");
    if (arguments->public_key && arguments->http)
        argp_error(state, "--public-key or --http: a station has a key or a token");
    if (lists && arguments->name)
        argp_error(state, "one argument too many: %s", name);
    const size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    size_t wrong = good < bytes; /* bytes of the character that is */
    while (good + wrong < bytes && ((unsigned char)name[good + wrong] & 0xC0) == 0x80)
        wrong++;
    if (!lists && good < bytes)
        argp_error(state, "NAME: 1 to %d of a-z 0-9 _ -; \"%s\" is none of them",
                   (int)PSP_STATION_NAME_BYTES_MAX, psp_shown(name + good, wrong).text);
    if (!lists && (!bytes || bytes > PSP_STATION_NAME_BYTES_MAX))
        argp_error(state, "NAME: 1 to %d of a-z 0-9 _ -", (int)PSP_STATION_NAME_BYTES_MAX);
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
    case OPTION_HTTP:
        arguments->http = true;
        return 0;
    case OPTION_UNITS:
        arguments->bounds.units = value;
        return 0;
    case OPTION_METHODS:
        arguments->bounds.methods = value;
        return 0;
    case OPTION_UNTIL:
        arguments->bounds.until = value;
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
    for (uint32_t i = 0; i < cluster->gateway_count; i++)
        if (!strcmp(cluster->gateways[i].public_key, public_key))
            return "a gateway";
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
    return psp_public_key_read(arguments->public_key, "station", ret_public, reterr_reason);
}

static enum psp_status station_key(const struct work *work, char ret_public[PSP_KEY_Z85_BYTES],
                                   struct psp_reason *reterr_reason)
{
    const struct arguments *arguments = work->arguments;
    const enum psp_status status =
        arguments->public_key ? brought_key(arguments, work->key_path, ret_public, reterr_reason)
                              : psp_station_key_make(work->key_path, ret_public, reterr_reason);
    if (status != PSP_OK)
        return status;
    const char *process = process_of(work->local->cluster, ret_public);
    const struct psp_station *station = psp_stations_with_key(&work->stations, ret_public);
    if (process)
        psp_reason_set(reterr_reason, "%s is the key of %s of this cluster", ret_public, process);
    else if (station)
        psp_reason_set(reterr_reason, "%s is the key of the station \"%s\" already", ret_public,
                       station->name);
    return process || station ? PSP_EEXIST : PSP_OK;
}

/* A key, or a token for the number that the station will have. */
static enum psp_status credential(struct work *work, struct psp_station *station,
                                  struct psp_reason *reterr_reason)
{
    if (!work->arguments->http)
        return station_key(work, station->public_key, reterr_reason);
    const uint32_t n = work->stations.count;
    const uint32_t number = n > 0 ? work->stations.list[n - 1].number + 1 : 1;
    station->has_token = true;
    const enum psp_status status = psp_token_make(number, work->token, station->token_hash);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "no random bytes for a token: %s", psp_status_text(status));
    return status;
}

/* The last one of that name that is revoked: its number, or 0. */
static uint32_t revoked_before(const struct work *work)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < work->stations.count; i++)
        if (!strcmp(work->stations.list[i].name, work->arguments->name))
            number = work->stations.list[i].number;
    return number;
}

/* Each changes the list; the number of the station, or 0 after a message. One that is
 * revoked already stays so, since the same moment. */
static uint32_t take_off(struct work *work)
{
    struct psp_station *station = psp_stations_named(&work->stations, work->arguments->name);
    const uint32_t number = station ? station->number : revoked_before(work);
    if (!number)
        fprintf(stderr, "psephos client: there is no station \"%s\"\n", work->arguments->name);
    if (station)
        station->revoked_ms = psp_clock_wall_ms();
    return number;
}

static uint32_t put_on(struct work *work)
{
    const struct arguments *arguments = work->arguments;
    struct psp_station station = {0};
    struct psp_reason reason = {0};
    if (psp_stations_named(&work->stations, arguments->name)) {
        fprintf(stderr, "psephos client: there is a station \"%s\" already\n", arguments->name);
        return 0;
    }
    memcpy(station.name, arguments->name, strlen(arguments->name));
    if (psp_client_bounds_read(&arguments->bounds, work->definition, psp_clock_wall_ms(), &station,
                               &reason) != PSP_OK ||
        credential(work, &station, &reason) != PSP_OK) {
        psp_fault_say("psephos client", &reason);
        free(station.units);
        return 0;
    }
    const uint32_t number = psp_stations_add(&work->stations, &station);
    free(station.units);
    if (!number)
        fputs("psephos client: number " PSP_TEXT(
                  PSP_STATIONS_MAX) " is given, and no number is given twice\n",
              stderr);
    return number;
}

static void tell_token(const struct work *work, uint32_t number)
{
    const char *name = work->arguments->name;
    if (work->arguments->json)
        psp_json_print(json_pack("{s:s, s:o, s:s}", "name", name, "number", psp_json_count(number),
                                 "token", work->token));
    else
        printf("%s may cast ballots through a gateway as station %" PRIu32
               ", with this token (keep it secret; it is shown only now):\n%s\n",
               name, number, work->token);
}

/* Both paths NULL where there is no such file here. */
static void tell(const struct work *work, uint32_t number)
{
    const char *name = work->arguments->name;
    if (work->token[0] != '\0') {
        tell_token(work, number);
        return;
    }
    const bool may_cast = !strcmp(work->arguments->action, "add");
    const char *key_path = access(work->key_path, F_OK) == 0 ? work->key_path : NULL;
    const char *ids_path = access(work->ids_path, F_OK) == 0 ? work->ids_path : NULL;
    if (work->arguments->json) {
        json_t *told = json_pack("{s:s, s:o, s:b, s:s?, s:s?}", "station", name, "number",
                                 psp_json_count(number), "may_cast", may_cast, "key", key_path,
                                 "ballot_ids", ids_path);
        if (!may_cast)
            json_object_set_new(told, "routers",
                                psp_admission_json(work->routers, work->router_count));
        psp_json_print(told);
    } else if (may_cast && !key_path)
        printf("%s may cast ballots as station %" PRIu32 ", with the key that it made\n", name,
               number);
    else if (may_cast)
        printf("%s may cast ballots as station %" PRIu32
               "; its key, and what its ballot IDs follow from (keep both secret, hand out "
               "both):\n%s\n%s\n",
               name, number, key_path, ids_path);
    else
        printf("%s (station %" PRIu32 ") may cast no more ballots%s\n", name, number,
               psp_admission_open(work->routers, work->router_count) > 0
                   ? " once every router knows"
                   : "");
}

/* The list is written; who must heed it says so. */
static int ask_routers(struct work *work, uint32_t number)
{
    struct psp_reason reason = {0};
    const enum psp_status status =
        psp_admission_ask(work->local, number, &work->routers, &work->router_count, &reason);
    if (status != PSP_OK) {
        fprintf(stderr,
                "psephos client: %s is revoked in %s, but no router can be asked whether it "
                "knows: %s\n",
                work->arguments->name, work->path, psp_reason_text(&reason, status));
        return PSP_EXIT_NO;
    }
    tell(work, number);
    fflush(stdout);
    psp_admission_say(work->local, work->routers, work->router_count, work->arguments->name);
    return psp_admission_open(work->routers, work->router_count) > 0 ? PSP_EXIT_NO : PSP_EXIT_DONE;
}

static int change(struct work *work)
{
    const bool adds = !strcmp(work->arguments->action, "add");
    const uint32_t number = adds ? put_on(work) : take_off(work);
    if (!number)
        return PSP_EXIT_NO;
    const enum psp_status status =
        psp_stations_store(work->path, work->definition, &work->stations);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos client: %s: %s\n", work->path, psp_status_text(status));
        return PSP_EXIT_NO;
    }
    /* The key file goes too: adding the name again makes a new key. What its ballot
     * IDs follow from stays: a file that was half cast can be cast again. */
    if (!adds) {
        remove(work->key_path);
        return ask_routers(work, number);
    }
    tell(work, number);
    return PSP_EXIT_DONE;
}

static int run(const struct arguments *arguments, const struct psp_local *local)
{
    struct work work = {.arguments = arguments, .local = local};
    struct psp_reason reason = {0};
    work.path = psp_local_path(local, "%s", local->cluster->clients_path);
    work.key_path = psp_local_path(local, "clients/%s.key", arguments->name ? arguments->name : "");
    work.ids_path = psp_station_ids_path(work.key_path);
    int code = PSP_EXIT_NO;
    enum psp_status status = psp_cluster_election_load(local->cluster, &work.definition, &reason);
    if (status == PSP_OK) {
        status = psp_stations_load(work.path, work.definition, &work.stations, &reason);
        if (status != PSP_OK)
            psp_reason_set_file(&reason, work.path, status);
    }
    if (status != PSP_OK) {
        psp_fault_say("psephos client", &reason);
    } else if (!strcmp(arguments->action, "list")) {
        psp_client_list_print(&work.stations, work.definition, arguments->json);
        code = PSP_EXIT_DONE;
    } else {
        code = change(&work);
    }
    explicit_bzero(work.token, sizeof work.token);
    free(work.routers);
    psp_stations_free(&work.stations);
    psp_definition_destroy(&work.definition);
    free(work.ids_path);
    free(work.key_path);
    free(work.path);
    return code;
}

int psp_cmd_client(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "add NAME\nrevoke NAME\nlist",
        "Lets a station cast ballots, or no longer, and lists them. Works while the cluster runs, "
        "within a second or two. A station needs NAME.key and, beside it, NAME.key.ids: what its "
        "ballot IDs follow from; with --public-key it has made both itself. With --http it casts "
        "through a gateway and needs its token only. It gets a number, "
        "which goes with its ballots and is never given to another: one that was revoked stays "
        "listed, and added again it is another station. revoke waits up to 5 s until every router "
        "has said that it no longer admits it, names those that did not, and then ends with exit "
        "code 1; called again it asks them again." PSP_EXIT_HELP,
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
        (!strcmp(arguments.action, "list") || psp_local_lock(local, &reason) == PSP_OK))
        code = run(&arguments, local);
    else
        psp_fault_say("psephos client", &reason);
    psp_local_close(&local);
    return code;
}
