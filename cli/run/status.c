/*
 * psephos status - health, leader, index and lag of every process.
 */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/address.h"
#include "base/text/moment.h"
#include "cli/command.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/run/phase.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/bridge.h"
#include "cli/show/divergence.h"
#include "cli/show/gateway.h"
#include "wire/message/key_counters.h"

enum { ANSWER_MS = 2000 };

struct arguments {
    const char *directory;
    bool json;
};

/* One process as shown. */
struct line {
    const struct psp_daemon *daemon;
    bool answered;
    int64_t pid;                             /* 0: none */
    const char *state, *version;             /* version NULL: not known */
    char state_hash[2 * PSP_HASH_BYTES + 1]; /* of a shard's replica, at its index */
    uint64_t close_at_ms;                    /* of a shard's replica; 0 none */
    enum psp_election_state election;        /* likewise */
    struct psp_bytes keys;                   /* of a router: key_counters.h */
    uint32_t probing;                        /* of a shard's replica */
    uint64_t index, lag; /* lag: behind the shard's furthest replica; a collector: behind all; a
                          * bridge: what its target lacks of what a collector shows */
    bool has_shown;      /* a bridge that answers */
    bool is_away;        /* a bridge or gateway of another host: only there can it be asked */
    struct psp_bridge_shown shown;
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

static const char *role_name(const struct psp_daemon *daemon)
{
    if (daemon->is_bridge)
        return "bridge";
    switch (daemon->role) {
    case PSP_ROLE_ROUTER:
        return "router";
    case PSP_ROLE_SHARD:
        return "shard";
    case PSP_ROLE_COLLECTOR:
        return "collector";
    case PSP_ROLE_GATEWAY:
        return "gateway";
    case PSP_ROLE_STATION:
    case PSP_ROLE_OPERATOR:
        break;
    }
    return "";
}

static uint64_t furthest(const struct line *lines, uint32_t n, uint32_t shard)
{
    uint64_t index = 0;
    for (uint32_t i = 0; i < n; i++)
        if (lines[i].daemon->role == PSP_ROLE_SHARD && lines[i].daemon->number == shard &&
            lines[i].index > index)
            index = lines[i].index;
    return index;
}

static void find_lag(const struct psp_cluster *cluster, struct line *lines, uint32_t n)
{
    uint64_t all = 0;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        all += furthest(lines, n, cluster->shards[s].shard);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t target = 0;
        if (lines[i].daemon->is_bridge)
            continue;
        if (lines[i].daemon->role == PSP_ROLE_SHARD)
            target = furthest(lines, n, lines[i].daemon->number);
        else if (lines[i].daemon->role == PSP_ROLE_COLLECTOR)
            target = all;
        lines[i].lag = lines[i].answered && target > lines[i].index ? target - lines[i].index : 0;
    }
}

/* Of each shard its furthest replica is believed. */
static void find_phase(const struct psp_cluster *cluster, const struct line *lines, uint32_t n,
                       struct psp_phase *ret_phase)
{
    *ret_phase = (struct psp_phase){.shard_count = cluster->shard_count};
    for (uint32_t i = 0; i < n; i++) {
        if (lines[i].daemon->role == PSP_ROLE_SHARD && lines[i].answered)
            psp_phase_take(ret_phase, lines[i].daemon->number, lines[i].index, lines[i].election);
    }
}

/* When it closes or closed; null: no such time, or none that is known. */
static json_t *close_at(const struct line *line)
{
    char text[PSP_MOMENT_BYTES];
    return line->close_at_ms ? json_string(psp_moment_write(line->close_at_ms, text)) : json_null();
}

static void add_bridge(json_t *process, const struct line *line)
{
    const struct psp_bridge_shown *shown = line->has_shown ? &line->shown : NULL;
    json_object_set_new(process, "name", json_string(line->daemon->id));
    json_object_set_new(process, "lag_seconds",
                        shown ? json_real(shown->lag_seconds) : json_null());
    json_object_set_new(process, "trouble",
                        shown && shown->trouble[0] ? json_string(shown->trouble) : json_null());
}

/* Those that a router refused for their budget. */
static json_t *keys_json(struct psp_bytes keys)
{
    json_t *list = json_array();
    for (struct psp_key_counters key; psp_key_counters_decode(&keys, &key);)
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:f, s:I, s:I, s:I}", "role",
                            psp_key_role_name(key.role), "number", (json_int_t)key.id, "messages",
                            (json_int_t)key.messages, "bytes", (json_int_t)key.bytes, "seconds",
                            (double)key.time_us / 1e6, "over", (json_int_t)key.over, "refused",
                            (json_int_t)key.refused, "ended", (json_int_t)key.ended));
    return list;
}

static void print_keys(const struct line *line)
{
    struct psp_bytes keys = line->keys;
    for (struct psp_key_counters key; psp_key_counters_decode(&keys, &key);)
        printf("%s: %s %" PRIu32 " was over its budget with %" PRIu64 " messages, %" PRIu64
               " were refused as a whole, its connections were ended %" PRIu64 " times\n",
               line->daemon->name, psp_key_role_name(key.role), key.id, key.over, key.refused,
               key.ended);
}

static void print_probing(const struct line *line)
{
    if (line->probing > 0)
        printf("%s: %" PRIu32 " station%s had too many ballots refused, and %s held back: psephos "
               "stations says which\n",
               line->daemon->name, line->probing, line->probing == 1 ? "" : "s",
               line->probing == 1 ? "is" : "are");
}

static void print_json(const struct psp_cluster *cluster, const struct line *lines, uint32_t n,
                       bool healthy, const struct psp_phase *phase, json_t *divergences)
{
    json_t *processes = json_array();
    for (uint32_t i = 0; i < n; i++) {
        const struct line *line = &lines[i];
        json_t *process =
            json_pack("{s:s, s:I, s:s, s:I, s:I, s:s}", "role", role_name(line->daemon), "number",
                      (json_int_t)line->daemon->number, "state", line->state, "index",
                      (json_int_t)line->index, "lag", (json_int_t)line->lag, "address",
                      line->daemon->address);
        json_object_set_new(process, "pid",
                            line->pid ? json_integer((json_int_t)line->pid) : json_null());
        json_object_set_new(process, "version",
                            line->version ? json_string(line->version) : json_null());
        if (line->daemon->role == PSP_ROLE_SHARD) {
            json_object_set_new(process, "shard", json_integer(line->daemon->number));
            json_object_set_new(process, "replica", json_integer(line->daemon->replica));
            json_object_set_new(process, "state_hash",
                                line->answered ? json_string(line->state_hash) : json_null());
            json_object_set_new(process, "close_at", close_at(line));
            json_object_set_new(process, "probing", json_integer(line->probing));
        }
        if (line->daemon->is_bridge)
            add_bridge(process, line);
        if (line->daemon->role == PSP_ROLE_ROUTER)
            json_object_set_new(process, "keys", keys_json(line->keys));
        json_array_append_new(processes, process);
    }
    json_t *root =
        json_pack("{s:b, s:s, s:s?, s:O, s:o}", "healthy", healthy, "mode",
                  psp_mode_name(cluster->mode), "election", psp_phase_name(psp_phase_of(phase)),
                  "divergences", divergences, "processes", processes);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static void print_table(const struct psp_local *local, const struct line *lines, uint32_t n,
                        const struct psp_phase *phase)
{
    static const char *const headings[] = {"process", "pid", "state", "index", "lag", "address"};
    struct psp_table *table = psp_table_create("lrlrrl", headings);
    for (uint32_t i = 0; i < n; i++) {
        char pid[24] = "-", index[PSP_COUNT_TEXT_BYTES], lag[PSP_COUNT_TEXT_BYTES];
        if (lines[i].pid)
            snprintf(pid, sizeof pid, "%" PRId64, lines[i].pid);
        const char *const cells[] = {
            lines[i].daemon->name,
            pid,
            lines[i].state,
            lines[i].answered && !lines[i].daemon->is_bridge ? psp_count_text(lines[i].index, index)
                                                             : "-",
            lines[i].has_shown || (lines[i].answered && !lines[i].daemon->is_bridge)
                ? psp_count_text(lines[i].lag, lag)
                : "-",
            lines[i].daemon->http ? lines[i].daemon->http : lines[i].daemon->address};
        psp_table_add(table, cells);
    }
    psp_mode_say(local->cluster->mode == PSP_MODE_TEST, stdout);
    psp_table_print(table, stdout);
    for (uint32_t i = 0; i < n; i++)
        print_keys(&lines[i]), print_probing(&lines[i]);
    char *text = psp_phase_text(phase, local->directory);
    if (text)
        puts(text);
    free(text);
    for (uint32_t i = 0; i < n; i++)
        if (lines[i].has_shown && lines[i].shown.trouble[0])
            printf("%s: %s\n", lines[i].daemon->name, lines[i].shown.trouble);
    psp_table_destroy(&table);
}

/* A gateway hears HTTP only. */
static void look_at_gateway(struct line *line, bool asked, bool is_here)
{
    struct psp_reason reason = {0};
    const char *local = line->daemon->http_local;
    const enum psp_status status =
        asked ? psp_gateway_ready(local ? local : line->daemon->address, &reason)
              : PSP_EUNREACHABLE;
    line->answered = status == PSP_OK;
    line->is_away = !is_here && status != PSP_OK && status != PSP_EAGAIN && local &&
                    psp_address_is_loopback(local);
    line->state = status == PSP_OK        ? "ready"
                  : status == PSP_EAGAIN  ? "not ready"
                  : line->is_away         ? "not asked"
                  : line->pid || !is_here ? "not answering"
                                          : "down";
}

/* `line` of one that answers shows what it says of itself. */
static void look_at_bridge(struct line *line, bool asked, bool is_here)
{
    struct psp_reason reason = {0};
    line->has_shown =
        asked && psp_bridge_show(line->daemon->http_local, &line->shown, &reason) == PSP_OK;
    line->is_away =
        !is_here && !line->has_shown && psp_address_is_loopback(line->daemon->http_local);
    line->answered = line->has_shown && line->shown.ready;
    line->state = line->has_shown ? line->shown.state
                  : line->is_away ? "not asked"
                  : line->pid     ? "not answering"
                                  : "down";
    line->lag = line->has_shown ? line->shown.lag_versions : 0;
}

static int show(const struct arguments *arguments, const struct psp_local *local,
                struct psp_operate *operate)
{
    uint32_t n = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    struct line *lines = psp_memory_array(n, sizeof *lines);
    bool *asked = psp_memory_array(n, sizeof *asked);
    uint32_t answered = 0, here = 0;
    for (uint32_t i = 0; i < n; i++) {
        lines[i].daemon = &daemons[i];
        lines[i].pid = psp_daemon_pid(&daemons[i]);
        here += lines[i].pid != 0;
    }
    /* No need to wait for one that is down; but a cluster of which nothing runs
     * from this folder may run elsewhere. */
    for (uint32_t i = 0; i < n; i++)
        asked[i] = !here || lines[i].pid;
    json_t *divergences = psp_divergence_ask(operate, local->cluster, asked, ANSWER_MS);
    for (uint32_t i = psp_operate_count(operate); i < n; i++)
        (lines[i].daemon->is_bridge ? look_at_bridge : look_at_gateway)(&lines[i], asked[i],
                                                                        here > 0);
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_cluster_message *answer = asked[i] ? psp_operate_answer(operate, i) : NULL;
        lines[i].answered = answer && answer->type == PSP_CLUSTER_STATUS_REPLY;
        lines[i].state = lines[i].pid || !here ? "not answering" : "down";
        if (lines[i].answered) {
            lines[i].state = psp_process_state_name(answer->status.state);
            lines[i].version = answer->status.version;
            lines[i].index = answer->status.index;
            lines[i].close_at_ms = answer->status.close_at_ms;
            lines[i].election = answer->status.election_state;
            lines[i].pid = (int64_t)answer->status.pid;
            lines[i].keys = answer->status.keys;
            lines[i].probing = answer->status.probing;
            for (size_t b = 0; b < PSP_HASH_BYTES; b++)
                snprintf(lines[i].state_hash + 2 * b, 3, "%02x", answer->status.state_hash[b]);
        }
    }
    for (uint32_t i = 0; i < n; i++)
        answered += lines[i].answered;
    for (uint32_t i = 0; i < n && answered; i++)
        answered += lines[i].is_away;
    for (uint32_t i = 0; i < n && !answered; i++)
        lines[i].state = lines[i].pid ? "not answering" : "down";
    find_lag(local->cluster, lines, n);
    struct psp_phase phase;
    find_phase(local->cluster, lines, n, &phase);
    const bool agree = json_array_size(divergences) == 0;
    if (arguments->json)
        print_json(local->cluster, lines, n, answered == n && agree, &phase, divergences);
    else
        print_table(local, lines, n, &phase);
    psp_divergence_say("psephos status", divergences);
    json_decref(divergences);
    free(asked);
    free(lines);
    psp_daemons_free(&daemons, n);
    if (answered == n && agree && !psp_phase_is_partial(psp_phase_of(&phase)))
        return PSP_EXIT_DONE;
    return answered ? PSP_EXIT_NO : PSP_EXIT_UNREACHABLE;
}

int psp_cmd_status(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        NULL,
        "Shows every process of the cluster in DIR, and whether the election is open; exit code 1 "
        "when a process is down or does not answer, replicas are known to disagree, or the "
        "election is open, or closed, in some shards only; 3 when none answers." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_reason reason = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    int code = PSP_EXIT_NO;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = show(&arguments, local, operate);
        free(key);
    }
    if (!operate)
        psp_fault_say("psephos status", &reason);
    psp_operate_destroy(&operate);
    psp_local_close(&local);
    return code;
}
