/*
 * psephos up - makes a local cluster, starts what is not running, waits until
 * every process takes part (cli/run/readiness.h), opens the election the first time, and
 * writes that each replica was begun.
 */
#include <argp.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes/number.h"
#include "base/system/address.h"
#include "cli/command.h"
#include "cli/folder/auditor_key.h"
#include "cli/folder/bridges.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/operate/begun.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/run/doors.h"
#include "cli/run/phase.h"
#include "cli/run/readiness.h"
#include "cli/run/up_tell.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cli/say/table.h"
#include "cli/show/coverage.h"
#include "cluster/begun.h"

#define BRIDGES_MAX 16 /* of one call */

enum {
    READY_MS = 30000,
    ROUND_MS = 500,
    PAUSE_MS = 20,
    OPEN_MS = 10000,
    BEGUN_MS = 10000,
    LOG_LINES = 8,
    ROUTERS_MAX = 64,
};

enum {
    OPTION_ROLL = 256,
    OPTION_REPLICAS,
    OPTION_ROUTERS,
    OPTION_HTTP,
    OPTION_EMBED_ORIGINS,
    OPTION_TRUSTED_PROXY,
    OPTION_GATEWAY,
    OPTION_BRIDGE,
    OPTION_AUDITOR_KEY,
    OPTION_HOSTS,
    OPTION_CLOSED,
    OPTION_TEST
};

struct arguments {
    struct psp_local_plan plan; /* 0 or NULL: not given */
    const char *hosts_path;     /* NULL: this machine */
    struct psp_auditor_list auditors;
    const char *bridges[BRIDGES_MAX];
    uint32_t bridge_count;
    bool closed, json;
};

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "folder of the cluster; made when it is not there", 0},
    {"election", 'e', "FILE", 0, "election.json (needed the first time)", 0},
    {"roll", OPTION_ROLL, "FILE", 0,
     "who may vote, and where: CSV with the columns voter_id,unit and, where voters of a unit get "
     "different papers, style",
     0},
    {"shards", 's', "N", 0, "shards, default 1", 0},
    {"replicas", OPTION_REPLICAS, "1|3", 0, "copies of each shard, default 1", 0},
    {"routers", OPTION_ROUTERS, "N", 0, "routers, default 1", 0},
    {"http", OPTION_HTTP, "ADDR:PORT", 0, "where results are served, default a free port", 0},
    {"embed-origins", OPTION_EMBED_ORIGINS, "ORIGIN,...", 0,
     "whose web pages may show the page in a frame: https://news.example; * for any; default none",
     0},
    {"trusted-proxy", OPTION_TRUSTED_PROXY, "ADDRESS,...", 0,
     "proxies before the page whose X-Forwarded-For is believed: addresses or networks "
     "(192.0.2.0/24); default none",
     0},
    {"gateway", OPTION_GATEWAY, "HOST:PORT", 0,
     "where a gateway takes ballots by HTTP (a loopback address: it has no TLS), from stations "
     "that `client add NAME --http` made; "
     "default none",
     0},
    {"bridge", OPTION_BRIDGE, "FILE", 0,
     "also run the bridge of this bridge.json (man psephos-bridge); it is part of the cluster from "
     "then on. May be given again",
     0},
    {"auditor-key", OPTION_AUDITOR_KEY, "[NAME=]PUB", 0,
     "whom backups are sealed for: a public key, or the file FILE.pub that `psephos auditor keygen "
     "FILE` wrote; may be given again. Default: keys/auditor.key is made here, which whoever has "
     "this folder can open backups with",
     0},
    {"hosts", OPTION_HOSTS, "FILE", 0,
     "only lay the cluster out over the machines in FILE, and start nothing. A line each: name, "
     "IPv4 address, roles (router, shard, collector)",
     0},
    {"closed", OPTION_CLOSED, NULL, 0, "do not open the election", 0},
    {"test", OPTION_TEST, NULL, 0, "the cluster is for trying: its mode is test, for ever", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

/* Checked before anything is made: a folder that never starts would be left. */
static const char *take_address(const struct argp_state *state, const char *option,
                                const char *value)
{
    if (!psp_address_good(value, 1))
        argp_error(state, "%s: HOST:PORT, for example 127.0.0.1:8080", option);
    return value;
}

static void take_auditor(const struct argp_state *state, struct psp_auditor_list *list,
                         const char *value)
{
    struct psp_reason reason = {0};
    if (psp_auditor_list_add(list, value, &reason) != PSP_OK)
        argp_error(state, "--auditor-key: %s", reason.text);
}

static void take_bridge(const struct argp_state *state, struct arguments *arguments,
                        const char *value)
{
    if (arguments->bridge_count == BRIDGES_MAX)
        argp_error(state, "--bridge: at most " PSP_TEXT(BRIDGES_MAX) " in one call");
    arguments->bridges[arguments->bridge_count++] = value;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'd':
        arguments->plan.directory = value;
        return 0;
    case 'e':
        arguments->plan.election_path = value;
        return 0;
    case 's':
        arguments->plan.shards =
            (uint32_t)psp_number_argument(state, "--shards", value, 1, PSP_SHARDS_MAX);
        return 0;
    case OPTION_ROLL:
        arguments->plan.roll_path = value;
        return 0;
    case OPTION_REPLICAS:
        arguments->plan.replicas = (uint32_t)psp_number_argument(state, "--replicas", value, 1, 3);
        if (arguments->plan.replicas == 2)
            argp_error(state, "--replicas: 1 or 3; two survive no more than one does");
        return 0;
    case OPTION_ROUTERS:
        arguments->plan.routers =
            (uint32_t)psp_number_argument(state, "--routers", value, 1, ROUTERS_MAX);
        return 0;
    case OPTION_HTTP:
        arguments->plan.http = take_address(state, "--http", value);
        return 0;
    case OPTION_EMBED_ORIGINS:
        arguments->plan.embed_origins = psp_option_list(
            state, "--embed-origins", arguments->plan.embed_origins, value, psp_cluster_origin_good,
            "an origin; for example https://news.example: scheme and host, no path");
        return 0;
    case OPTION_TRUSTED_PROXY:
        arguments->plan.trusted_proxies =
            psp_option_list(state, "--trusted-proxy", arguments->plan.trusted_proxies, value,
                            psp_cluster_proxy_good,
                            "an address or a network; for example 192.0.2.7 or 2001:db8::/32");
        return 0;
    case OPTION_GATEWAY:
        arguments->plan.gateway = take_address(state, "--gateway", value);
        return 0;
    case OPTION_BRIDGE:
        take_bridge(state, arguments, value);
        return 0;
    case OPTION_AUDITOR_KEY:
        take_auditor(state, &arguments->auditors, value);
        return 0;
    case OPTION_HOSTS:
        arguments->hosts_path = value;
        return 0;
    case OPTION_CLOSED:
        arguments->closed = true;
        return 0;
    case OPTION_TEST:
        arguments->plan.mode = PSP_MODE_TEST;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->plan.directory)
            argp_error(state, "--dir is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A replica that was begun and has no log: named, with what to do. */
static bool lost(const struct psp_local *local, const struct psp_daemon *daemon)
{
    if (daemon->role != PSP_ROLE_SHARD)
        return false;
    struct psp_reason reason = {0};
    char *data = psp_local_path(local, "data/%s", daemon->name);
    const bool is_lost = !psp_begun_has_log(data) &&
                         psp_begun_may_be_empty(local->cluster, daemon->number, daemon->replica,
                                                data, &reason) != PSP_OK;
    if (is_lost)
        fprintf(stderr, "psephos up: %s: %s\n", daemon->name, reason.text);
    free(data);
    return is_lost;
}

/* DIR/data itself may be a disk that is not mounted: it is not made then, and
 * nothing started that would make it. */
static bool data_there(const struct psp_local *local)
{
    uint32_t n = 0, gone = 0;
    char *data = psp_local_path(local, "data");
    const bool there = access(data, F_OK) == 0;
    struct psp_daemon *daemons = there ? NULL : psp_daemons_of(local, &n);
    for (uint32_t i = 0; i < n; i++)
        gone += lost(local, &daemons[i]);
    psp_daemons_free(&daemons, n);
    free(data);
    return gone == 0;
}

/* Refused before anything is made: the gateway would not start, and the cluster stays as made. */
#define GATEWAY_AWAY                                                                               \
    "psephos up: --gateway %s is no loopback address, and a gateway that `up` starts has no TLS: " \
    "tokens and ballots would be read on the way. Give a loopback address (127.0.0.1:7900) and "   \
    "put a proxy that does TLS before it (deploy/nginx/psephos-gateway.conf), or lay the cluster " \
    "out with --hosts and start psephos-gateway by hand with --tls-certificate and --tls-key "     \
    "(docs/operations.md, A gateway)\n"

/* What is made here can be read here. */
#define OWN_AUDITOR                                                                                \
    "psephos up: no --auditor-key was given, so %s/keys/auditor.key was made: whoever has it can " \
    "read every ballot in a backup. For an election make the key where backups are opened "        \
    "(psephos auditor keygen FILE) and give FILE.pub here\n"

/* The folder, made if need be. */
static int prepare(const struct arguments *arguments, struct psp_local **ret_local)
{
    struct psp_reason reason = {0};
    struct psp_local_plan plan = arguments->plan;
    if ((!plan.hosts && psp_daemon_programs_check(plan.gateway != NULL, arguments->bridge_count > 0,
                                                  &reason) != PSP_OK) ||
        psp_bridges_check(arguments->bridges, arguments->bridge_count, &reason) != PSP_OK) {
        psp_fault_say("psephos up", &reason);
        return PSP_EXIT_NO;
    }
    if (!psp_local_exists(plan.directory)) {
        if (!plan.election_path) {
            fprintf(stderr, "psephos up: %s holds no cluster yet: --election FILE is needed\n",
                    plan.directory);
            return PSP_EXIT_USAGE;
        }
        if (plan.gateway && !plan.hosts && !psp_address_is_loopback(plan.gateway)) {
            fprintf(stderr, GATEWAY_AWAY, plan.gateway);
            return PSP_EXIT_USAGE;
        }
        plan.shards = plan.shards ? plan.shards : 1;
        plan.replicas = plan.replicas ? plan.replicas : 1;
        plan.routers = plan.routers ? plan.routers : 1;
        if ((plan.hosts && psp_hosts_check(plan.hosts, plan.replicas, &reason) != PSP_OK) ||
            psp_local_make(&plan, &reason) != PSP_OK) {
            psp_fault_say("psephos up", &reason);
            return PSP_EXIT_NO;
        }
        if (plan.auditor_count == 0)
            fprintf(stderr, OWN_AUDITOR, plan.directory);
    }
    if (psp_local_open(plan.directory, ret_local, &reason) == PSP_OK &&
        (plan.hosts || data_there(*ret_local)) &&
        psp_local_make_folders(plan.directory, &reason) == PSP_OK &&
        psp_local_lock(*ret_local, &reason) == PSP_OK &&
        psp_local_compare(*ret_local, &arguments->plan, &reason) == PSP_OK &&
        psp_bridges_add(*ret_local, arguments->bridges, arguments->bridge_count, !plan.hosts,
                        &reason) == PSP_OK)
        return PSP_EXIT_DONE;
    if (reason.text[0])
        psp_fault_say("psephos up", &reason);
    return PSP_EXIT_NO;
}

/* Others run without it: a lost replica is replaced from them. */
static int start(const struct psp_local *local, const struct psp_daemon *daemons, uint32_t n)
{
    struct psp_reason reason = {0};
    int code = PSP_EXIT_DONE;
    for (uint32_t i = 0; i < n; i++) {
        if (psp_daemon_pid(&daemons[i]) || !psp_daemon_has_file(&daemons[i]))
            continue;
        if (lost(local, &daemons[i])) {
            code = PSP_EXIT_NO;
        } else if (psp_daemon_start(&daemons[i], &reason) != PSP_OK) {
            psp_fault_say("psephos up", &reason);
            return PSP_EXIT_NO;
        }
    }
    return code;
}

/* Says which process is not ready, and why as far as its log tells. */
static int not_ready(const struct psp_daemon *daemon, const struct psp_status_reply *reply,
                     uint64_t waited_ms)
{
    const bool runs = psp_daemon_pid(daemon) != 0;
    const unsigned waited_s = (unsigned)(waited_ms / 1000);
    if (!runs)
        fprintf(stderr, "psephos up: %s ended; ", daemon->name);
    else if (reply)
        fprintf(stderr, "psephos up: %s is still %s after %u s; ", daemon->name,
                psp_process_state_name(reply->state), waited_s);
    else
        fprintf(stderr, "psephos up: %s does not answer at %s after %u s; ", daemon->name,
                daemon->address, waited_s);
    psp_daemon_log_tail(daemon, LOG_LINES, 0, stderr);
    return runs ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
}

/* What to call for each replica that waits; the cluster runs on meanwhile. */
static int tell_waiting(const struct psp_local *local, const struct psp_daemon *daemons,
                        const struct psp_readiness *readiness, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (psp_readiness_of(readiness, i) == PSP_READINESS_WAITING)
            fprintf(stderr,
                    "psephos up: %s waits to be made a member of its shard; call: psephos replica "
                    "replace --dir %s --shard %" PRIu32 " --replica %" PRIu32 "\n",
                    daemons[i].name, local->directory, daemons[i].number, daemons[i].replica);
    return PSP_EXIT_NO;
}

/* One round of questions; counts who takes part, who waits, and finds one that
 * ended and one that is still to come (n: none). */
struct round {
    uint32_t ready, waiting, gone, coming;
};

static struct round look(struct psp_operate *operate, struct psp_readiness *readiness,
                         const struct psp_daemon *daemons, uint32_t n)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    struct round round = {.gone = n, .coming = n};
    bool *asked = psp_memory_array(n, sizeof *asked);
    const struct psp_status_reply **replies = psp_memory_array(n, sizeof *replies);
    memset(asked, true, n * sizeof *asked);
    psp_operate_ask(operate, asked, &request, ROUND_MS);
    for (uint32_t i = 0; i < n; i++)
        replies[i] = psp_operate_status(operate, i);
    psp_readiness_look(readiness, psp_progress_clock_ms(), replies);
    for (uint32_t i = n; i-- > 0;) {
        const enum psp_readiness_state state = psp_readiness_of(readiness, i);
        round.ready += state == PSP_READINESS_READY;
        round.waiting += state == PSP_READINESS_WAITING;
        if (state == PSP_READINESS_COMING)
            round.coming = i;
        if (!psp_daemon_pid(&daemons[i]))
            round.gone = i;
    }
    free(replies);
    free(asked);
    return round;
}

/* Until all take part, or what does not needs a person. A replica that catches
 * up may take as long as it gets on. */
static int wait_ready(const struct psp_local *local, struct psp_operate *operate,
                      const struct psp_daemon *daemons, uint32_t n)
{
    const uint64_t begun_ms = psp_progress_clock_ms();
    struct psp_readiness *readiness = psp_readiness_create(n);
    struct psp_progress progress;
    struct round round;
    bool late;
    psp_progress_start(&progress);
    do {
        round = look(operate, readiness, daemons, n);
        const uint64_t moved_ms = psp_readiness_moved_ms(readiness);
        late = psp_progress_clock_ms() >= (moved_ms ? moved_ms : begun_ms) + READY_MS;
        psp_progress_step(&progress, "processes ready", round.ready, n);
        if (round.ready + round.waiting < n)
            poll(NULL, 0, PAUSE_MS);
    } while (round.gone == n && round.coming < n && !late);
    psp_progress_end(&progress);
    const uint32_t at = round.gone < n ? round.gone : round.coming;
    int code = PSP_EXIT_DONE;
    if (round.waiting > 0)
        code = tell_waiting(local, daemons, readiness, n);
    if (at < n)
        code = not_ready(&daemons[at], psp_operate_status(operate, at),
                         psp_progress_clock_ms() - begun_ms);
    psp_readiness_destroy(&readiness);
    return code;
}

static void find_phase(const struct psp_operate *operate, const struct psp_cluster *cluster,
                       struct psp_phase *ret_phase)
{
    *ret_phase = (struct psp_phase){.shard_count = cluster->shard_count};
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_operate_process *process = psp_operate_process(operate, i);
        const struct psp_status_reply *reply = psp_operate_status(operate, i);
        if (process->role == PSP_ROLE_SHARD && reply)
            psp_phase_take(ret_phase, process->number, reply->index, reply->election_state);
    }
}

static bool is_closed_somewhere(const struct psp_phase *phase)
{
    for (uint32_t s = 0; s < phase->shard_count; s++)
        if (phase->shards[s].known && phase->shards[s].state == PSP_ELECTION_CLOSED)
            return true;
    return false;
}

/* The first time only: whoever closed an election does not want a restart to
 * open it again, and not a shard that was never opened either. */
static int open_new(struct psp_operate *operate, struct psp_phase *phase)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_OPERATE,
                                                .operate.operation = PSP_OPERATE_OPEN};
    if (is_closed_somewhere(phase))
        return PSP_EXIT_DONE;
    for (uint32_t s = 0; s < phase->shard_count; s++) {
        struct psp_phase_shard *shard = &phase->shards[s];
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        struct psp_reason reason = {0};
        if (!shard->known || shard->state != PSP_ELECTION_NEW)
            continue;
        if (psp_operate_shard(operate, s, &request, OPEN_MS, &answer, &process, &reason) !=
            PSP_OK) {
            fprintf(stderr, "psephos up: shard %u could not be opened: %s\n", s, reason.text);
            return PSP_EXIT_UNREACHABLE;
        }
        shard->state = PSP_ELECTION_OPEN;
    }
    return PSP_EXIT_DONE;
}

/* All but the bridges. *ret_phase: as the shards tell it, and after what was opened here. */
static int bring_up(const struct arguments *arguments, const struct psp_local *local,
                    const struct psp_daemon *daemons, uint32_t n, struct psp_phase *ret_phase)
{
    struct psp_reason reason = {0};
    struct psp_operate *operate = NULL;
    struct psp_operate_begun begun;
    int code = start(local, daemons, n);
    if (code != PSP_EXIT_DONE)
        return code;
    char *key = psp_local_path(local, "keys/operator.key");
    if (psp_operate_create(local->cluster, key, &operate, &reason) != PSP_OK) {
        psp_fault_say("psephos up", &reason);
        code = PSP_EXIT_NO;
    }
    free(key);
    if (code == PSP_EXIT_DONE)
        code = wait_ready(local, operate, daemons, psp_operate_count(operate));
    if (code == PSP_EXIT_DONE)
        find_phase(operate, local->cluster, ret_phase);
    if (code == PSP_EXIT_DONE && !arguments->closed)
        code = open_new(operate, ret_phase);
    if (code == PSP_EXIT_DONE &&
        psp_operate_begun(local, operate, BEGUN_MS, &begun, &reason) != PSP_OK) {
        psp_fault_say("psephos up", &reason);
        code = PSP_EXIT_NO;
    }
    psp_operate_destroy(&operate);
    if (code == PSP_EXIT_DONE && psp_coverage_ready(local->cluster, READY_MS, &reason) != PSP_OK) {
        fprintf(stderr, "psephos up: the collector is not ready: %s\n", reason.text);
        code = PSP_EXIT_UNREACHABLE;
    }
    return code == PSP_EXIT_DONE ? psp_doors_gateways(daemons, n) : code;
}

static int load_hosts(const struct arguments *arguments, struct psp_hosts **ret_hosts)
{
    struct psp_reason reason = {0};
    if (!arguments->hosts_path ||
        psp_hosts_load(arguments->hosts_path, ret_hosts, &reason) == PSP_OK)
        return PSP_EXIT_DONE;
    psp_fault_say("psephos up", &reason);
    return PSP_EXIT_NO;
}

int psp_cmd_up(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Makes a cluster in DIR, starts it on this machine and opens the election. Called again, "
        "it starts what is not running. Keys are made once. Done when every replica takes part; "
        "one that waits to be made a member of its shard is named with what to call, and what "
        "runs stays up. A replica that has counted and has no data any more is not started, and "
        "named. man psephos-election.json has every member of the definition, man psephos-formats "
        "every column of a roll." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_hosts *hosts = NULL;
    struct psp_daemon *daemons = NULL;
    uint32_t n = 0;
    static struct psp_phase phase;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    int code = load_hosts(&arguments, &hosts);
    arguments.plan.hosts = hosts;
    arguments.plan.auditors = arguments.auditors.list;
    arguments.plan.auditor_count = arguments.auditors.n;
    if (code == PSP_EXIT_DONE)
        code = prepare(&arguments, &local);
    if (code == PSP_EXIT_DONE && hosts) {
        code = psp_up_tell_layout(local, arguments.json);
    } else if (code == PSP_EXIT_DONE) {
        daemons = psp_daemons_of(local, &n);
        const uint32_t doors = local->cluster->bridge_count;
        code = bring_up(&arguments, local, daemons, n - doors, &phase);
        if (code == PSP_EXIT_DONE)
            code = psp_up_tell_ready(local, arguments.json, &phase);
        fflush(stdout);
        const int of_bridges = psp_doors_bridges(local, daemons + n - doors, doors);
        code = code == PSP_EXIT_DONE ? of_bridges : code;
    }
    psp_daemons_free(&daemons, n);
    psp_local_close(&local);
    psp_hosts_destroy(&hosts);
    psp_auditor_list_free(&arguments.auditors);
    return code;
}
