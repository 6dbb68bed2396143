/* psephos-bridge: one door between a cluster and a server that is there already. */
#include <argp.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/system/address.h"
#include "base/system/clock.h"
#include "bridge/config/config.h"
#include "bridge/feed/feed.h"
#include "bridge/kafka_in/group/group.h"
#include "bridge/kafka_in/source.h"
#include "bridge/kafka_out/kafka_out.h"
#include "bridge/local/http.h"
#include "bridge/local/stats.h"
#include "bridge/local/stop.h"
#include "bridge/opensearch/opensearch.h"
#include "bridge/postgres/postgres.h"
#include "bridge/sink/runner.h"
#include "cluster/identity.h"
#include "process/loop.h"
#include "process/main.h"
#include "process/notify.h"
#include "process/say.h"

enum { URL_BYTES = 320, OPTION_RESET = 256, LOOK_MS = 20, SETTLE_MS = 15000 };

const char *argp_program_version = "psephos-bridge " PSP_VERSION;

/* What the daemon holds from start to end. */
struct parts {
    struct psp_identity identity;
    const char *config_path;
    bool reset; /* not a daemon: for `psephos bridge reset` */
    struct psp_bridge_config *config;
    char cluster[PSP_BRIDGE_CLUSTER_BYTES];
    char urls[PSP_BRIDGE_API_MAX][URL_BYTES];
    const char *api[PSP_BRIDGE_API_MAX];
    uint32_t api_count;
    uint64_t seed;
    struct psp_bridge_stats stats;
    struct psp_bridge_stop stop;
    struct psp_bridge_feed *feed;
    struct psp_bridge_target door, *target; /* of a sink: the door's, or NULL */
    struct psp_bridge_postgres *postgres;
    struct psp_bridge_source *source;
    struct psp_bridge_http *http;
    struct psp_loop *loop;
    struct psp_loop_timer *ready_timer;
    uint32_t waited_ms; /* to be ready */
    pthread_t worker;
    bool has_failed; /* written by the worker before it stops the loop */
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parts *parts = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &parts->identity;
        return 0;
    case 'f':
        parts->config_path = value;
        return 0;
    case OPTION_RESET:
        if (strcmp(value, "earliest") != 0)
            argp_error(state, "--reset: earliest is the only place");
        parts->reset = true;
        return 0;
    case ARGP_KEY_END:
        if (!parts->config_path)
            argp_error(state, "--cluster and --config are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"config", 'f', "FILE", 0, "Its bridge.json", 0},
    {"reset", OPTION_RESET, "earliest", 0,
     "Only commit the earliest offsets for the group of a source, as `psephos bridge reset` asks "
     "it to, and end",
     0},
    {0},
};

static const struct argp_child children[] = {{&psp_identity_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .doc =
        "Writes what a cluster shows to a PostgreSQL, OpenSearch or Kafka, or casts what a Kafka "
        "topic has; `psephos check` says whether a bridge.json is well-formed."
        "\v" PSP_IDENTITY_HELP,
};

static bool load_config(struct parts *parts)
{
    const struct psp_bridge_places places = {.cluster = parts->identity.cluster->directory,
                                             .keys = parts->identity.keys_path};
    const enum psp_status status =
        psp_bridge_config_load(parts->config_path, places, &parts->config, &parts->identity.reason);
    if (status != PSP_OK) {
        psp_reason_set_file(&parts->identity.reason, parts->config_path, status);
        return false;
    }
    char name[sizeof "bridge-" + PSP_BRIDGE_NAME_BYTES_MAX];
    snprintf(name, sizeof name, "bridge-%s", parts->config->name);
    psp_say_name(name); /* until here the file's */
    return true;
}

/* One that listens everywhere is asked on this host. */
static void url_of(const char *http, char ret_url[URL_BYTES])
{
    struct psp_address parts;
    if (psp_address_split(http, &parts) &&
        (!strcmp(parts.host, "0.0.0.0") || !strcmp(parts.host, "::") || !strcmp(parts.host, "*")))
        snprintf(ret_url, URL_BYTES, "http://127.0.0.1:%.8s", parts.port);
    else
        snprintf(ret_url, URL_BYTES, "http://%.300s", http);
}

static bool find_api(struct parts *parts)
{
    const struct psp_cluster *cluster = parts->identity.cluster;
    const struct psp_bridge_config *config = parts->config;
    for (uint32_t i = 0; i < config->api_count; i++)
        parts->api[parts->api_count++] = config->api[i];
    for (uint32_t i = 0;
         config->api_count == 0 && i < cluster->collector_count && i < PSP_BRIDGE_API_MAX; i++) {
        url_of(cluster->collectors[i].http, parts->urls[i]);
        parts->api[parts->api_count++] = parts->urls[i];
    }
    if (parts->api_count == 0)
        psp_reason_set(&parts->identity.reason,
                       "cluster.json has no collector: name one as \"api\" in %s",
                       parts->config_path);
    return parts->api_count > 0;
}

static struct psp_bridge_collectors collectors_of(const struct parts *parts)
{
    return (struct psp_bridge_collectors){.urls = parts->api,
                                          .count = parts->api_count,
                                          .shards = parts->identity.cluster->shard_count};
}

static bool make_source(struct parts *parts)
{
    const struct psp_bridge_source_options source = {
        .config = &parts->config->kafka_in,
        .cluster_path = parts->identity.cluster_path,
        .cluster_id = parts->identity.cluster->cluster_id,
        .definition = parts->identity.definition,
        .collectors = collectors_of(parts),
        .stats = &parts->stats,
        .stop = &parts->stop,
        .seed = parts->seed,
    };
    return psp_bridge_source_create(&source, &parts->source, &parts->identity.reason) == PSP_OK;
}

static bool made(struct parts *parts, enum psp_status status)
{
    if (status != PSP_OK)
        psp_reason_set(&parts->identity.reason, "%s", psp_status_text(status));
    else
        parts->target = &parts->door;
    return status == PSP_OK;
}

/* What is behind the door; the reason when it cannot be made. */
static bool make_door(struct parts *parts)
{
    switch (parts->config->kind) {
    case PSP_BRIDGE_KAFKA_IN:
        return make_source(parts);
    case PSP_BRIDGE_POSTGRES:
        if (psp_bridge_postgres_create(parts->config, parts->feed, &parts->stop,
                                       &parts->postgres) != PSP_OK)
            return false;
        parts->door = psp_bridge_postgres_target(parts->postgres);
        parts->target = &parts->door;
        return true;
    case PSP_BRIDGE_OPENSEARCH:
        return made(
            parts, psp_opensearch_create(parts->config, &parts->stop, &parts->stats, &parts->door));
    case PSP_BRIDGE_KAFKA_OUT:
        return made(parts,
                    psp_kafka_out_create(parts->config, &parts->stop, &parts->stats, &parts->door));
    }
    psp_reason_set(&parts->identity.reason, "%s: this program was built without %s",
                   parts->config_path, psp_bridge_kind_name(parts->config->kind));
    return false;
}

static void end_door(struct parts *parts)
{
    psp_bridge_postgres_destroy(&parts->postgres);
    psp_bridge_source_destroy(&parts->source);
    if (!parts->target)
        return;
    if (parts->config->kind == PSP_BRIDGE_KAFKA_OUT)
        psp_kafka_out_destroy(parts->target);
    if (parts->config->kind == PSP_BRIDGE_OPENSEARCH)
        psp_opensearch_destroy(parts->target);
}

/* Until stop, or with words. */
static enum psp_status work(struct parts *parts, struct psp_reason *reterr_reason)
{
    const struct psp_bridge_runner_options runner = {
        .target = parts->target,
        .feed = parts->feed,
        .api_count = parts->api_count,
        .cluster = parts->cluster,
        .definition = parts->identity.definition,
        .stats = &parts->stats,
        .stop = &parts->stop,
        .seed = parts->seed,
    };
    if (parts->source)
        return psp_bridge_source_run(parts->source, reterr_reason);
    return psp_bridge_runner_run(&runner, reterr_reason);
}

static void *worker(void *context)
{
    struct parts *parts = context;
    struct psp_reason reason = {0};
    const enum psp_status status = work(parts, &reason);
    if (status != PSP_OK) {
        psp_bridge_tell(&parts->stats, PSP_BRIDGE_ENDING, "%s", psp_reason_text(&reason, status));
        psp_say(PSP_SAY_ERROR, "cannot_go_on", "%s", psp_reason_text(&reason, status));
        parts->has_failed = true;
        psp_loop_stop(parts->loop);
    }
    return NULL;
}

/* Ready once the other side is open, or is known to be tried; a worker that cannot go on stops
 * the loop, and says so itself. */
static void look_ready(void *context)
{
    struct parts *parts = context;
    const uint64_t state = psp_bridge_stat(&parts->stats.state);
    if (state == PSP_BRIDGE_ENDING)
        return;
    if (state == PSP_BRIDGE_STARTING && parts->waited_ms < SETTLE_MS) {
        parts->waited_ms += LOOK_MS;
        psp_loop_timer_set(parts->ready_timer, LOOK_MS);
        return;
    }
    psp_say(PSP_SAY_INFO, "ready", "%s %s; http://%s/metrics",
            psp_bridge_is_source(parts->config->kind) ? "takes from" : "writes to",
            psp_bridge_kind_name(parts->config->kind), parts->config->http_local);
    psp_notify_ready();
}

static bool start(void *context)
{
    struct parts *parts = context;
    struct psp_identity *identity = &parts->identity;
    psp_bridge_stats_start(&parts->stats);
    psp_bridge_stop_start(&parts->stop);
    if (!psp_identity_load_cluster(identity) || !load_config(parts) || !find_api(parts) ||
        !psp_identity_load_definition(identity))
        return false;
    for (int i = 0; i < PSP_CLUSTER_ID_BYTES; i++)
        snprintf(parts->cluster + 2 * i, 3, "%02x", identity->cluster->cluster_id[i]);
    if (getrandom(&parts->seed, sizeof parts->seed, 0) != (ssize_t)sizeof parts->seed)
        parts->seed = psp_clock_us();
    parts->seed |= 1;
    /* First: it ignores SIGPIPE, which the threads inherit. */
    if (psp_loop_create(&parts->loop) != PSP_OK ||
        psp_loop_timer_create(parts->loop, look_ready, parts, &parts->ready_timer) != PSP_OK ||
        psp_bridge_feed_create(parts->api, parts->api_count, &parts->stop, &parts->feed) !=
            PSP_OK) {
        psp_reason_set(&identity->reason, "out of memory");
        return false;
    }
    return make_door(parts) &&
           psp_bridge_http_start(parts->config->http_local,
                                 psp_bridge_is_source(parts->config->kind), &parts->stats,
                                 &parts->http, &identity->reason) == PSP_OK;
}

static void name(void *context, char *ret_name)
{
    const struct parts *parts = context;
    const char *slash = strrchr(parts->config_path, '/');
    const char *file = slash ? slash + 1 : parts->config_path;
    if (strncmp(file, "bridge-", 7) == 0)
        file += 7;
    const size_t bytes = strlen(file);
    const bool is_json = bytes > 5 && strcmp(file + bytes - 5, ".json") == 0;
    snprintf(ret_name, 64, "bridge-%.*s", (int)(is_json ? bytes - 5 : bytes), file);
}

static const char *why(void *context)
{
    const struct parts *parts = context;
    return psp_reason_text(&parts->identity.reason, PSP_ENOMEM);
}

static bool run(void *context)
{
    struct parts *parts = context;
    assert(parts->http != NULL); /* start was good */
    if (pthread_create(&parts->worker, NULL, worker, parts) != 0) {
        psp_say(PSP_SAY_ERROR, "cannot_go_on", "a thread cannot be started");
        return false;
    }
    look_ready(parts);
    psp_loop_run(parts->loop);
    psp_bridge_stop_ask(&parts->stop);
    pthread_join(parts->worker, NULL);
    return !parts->has_failed;
}

static void end(void *context)
{
    struct parts *parts = context;
    psp_bridge_http_stop(&parts->http);
    end_door(parts);
    psp_bridge_feed_destroy(&parts->feed);
    psp_loop_destroy(&parts->loop);
    psp_bridge_config_destroy(&parts->config);
    psp_bridge_stop_end(&parts->stop);
    psp_bridge_stats_end(&parts->stats);
    psp_identity_close(&parts->identity);
}

/* ---- reset ---- */

static enum psp_status reset(struct parts *parts, char ret_group[PSP_BRIDGE_GROUP_BYTES],
                             uint32_t *ret_partitions)
{
    struct psp_identity *identity = &parts->identity;
    if (!psp_identity_load_cluster(identity) || !load_config(parts) || !find_api(parts))
        return PSP_EINVAL;
    if (parts->config->kind != PSP_BRIDGE_KAFKA_IN) {
        psp_reason_set(&identity->reason, "%s has no source: there is nothing to be read again",
                       parts->config_path);
        return PSP_EINVAL;
    }
    struct psp_bridge_asked asked;
    const struct psp_bridge_collectors collectors = collectors_of(parts);
    psp_bridge_ask_now(&collectors, &parts->stop, &asked);
    if (!asked.is_answered) {
        psp_reason_set(&identity->reason,
                       "the group's name ends in the sum of the shards' epochs, which a collector "
                       "must tell: %s",
                       asked.reason.text);
        return PSP_EUNREACHABLE;
    }
    psp_bridge_group_name(&parts->config->kafka_in, identity->cluster->cluster_id, asked.epochs,
                          ret_group);
    return psp_bridge_group_reset(&parts->config->kafka_in, ret_group, ret_partitions,
                                  &identity->reason);
}

/* Says in one line of JSON what came of it, to the command that asked. */
static int reset_main(struct parts *parts)
{
    char group[PSP_BRIDGE_GROUP_BYTES];
    uint32_t partitions = 0;
    psp_bridge_stop_start(&parts->stop);
    const enum psp_status status = reset(parts, group, &partitions);
    json_t *told =
        status == PSP_OK
            ? json_pack("{s:s, s:I}", "group", group, "partitions", (json_int_t)partitions)
            : json_pack("{s:s}", "refused", psp_reason_text(&parts->identity.reason, status));
    json_dumpf(told, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(told);
    psp_bridge_config_destroy(&parts->config);
    psp_bridge_stop_end(&parts->stop);
    psp_identity_close(&parts->identity);
    return status == PSP_OK ? EXIT_SUCCESS : PSP_MAIN_EXIT_RUNTIME;
}

int main(int argc, char **argv)
{
    static struct parts parts;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--reset") == 0) {
            argp_parse(&argp, argc, argv, 0, NULL, &parts);
            return reset_main(&parts);
        }
    const struct psp_main daemon = {&argp, &parts, name, start, why, run, end};
    return psp_main_run(&daemon, argc, argv);
}
