/*
 * load - casts made-up ballots into a cluster, measures, and checks the count.
 */
#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "bench/load/report.h"

enum {
    OPTION_CLUSTER = 256,
    OPTION_KEY,
    OPTION_CLIENTS,
    OPTION_RATE,
    OPTION_SECONDS,
    OPTION_WARM_UP,
    OPTION_BALLOTS,
    OPTION_REPLAYED,
    OPTION_DOUBLE,
    OPTION_SKEW,
    OPTION_ROWS,
    OPTION_BATCH,
    OPTION_INFLIGHT,
    OPTION_SEED,
    OPTION_JSON,
    OPTION_HTML,
    OPTION_QUIET,
    CLIENTS_MAX = 255, /* two hex digits of the voter ID */
    PATH_BYTES = 4096,
};

struct arguments {
    struct psp_load_options load;
    const char *json_path, *html_path;
};

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "folder of a local cluster; its processes are sampled", 0},
    {"cluster", OPTION_CLUSTER, "FILE", 0, "cluster.json, of a cluster elsewhere", 0},
    {"key", OPTION_KEY, "FILE", 0, "the station's key, with --cluster", 0},
    {"clients", OPTION_CLIENTS, "N", 0, "stations, a process each (default 1)", 0},
    {"rate", OPTION_RATE, "N", 0,
     "open loop: N ballots a second of all clients, whether or not the cluster keeps up; "
     "default: closed loop, as fast as verdicts come",
     0},
    {"seconds", OPTION_SECONDS, "S", 0, "how long (default 10)", 0},
    {"warm-up", OPTION_WARM_UP, "S", 0, "seconds at the start left out of the figures", 0},
    {"ballots", OPTION_BALLOTS, "N", 0, "first ballots in all, instead of --seconds", 0},
    {"replayed", OPTION_REPLAYED, "SHARE", 0, "extra ballots sent once more", 0},
    {"double-votes", OPTION_DOUBLE, "SHARE", 0, "extra second ballots of voters counted", 0},
    {"skew", OPTION_SKEW, "X", 0, "unit k weighs 1/k^X (default 0: all alike)", 0},
    {"rows", OPTION_ROWS, NULL, 0, "send rows instead of columns", 0},
    {"batch", OPTION_BATCH, "N", 0, "ballots a message, at most", 0},
    {"inflight", OPTION_INFLIGHT, "N", 0, "ballots of a client without a verdict, at most", 0},
    {"seed", OPTION_SEED, "N", 0, "of voters and votes (default: the clock)", 0},
    {"json", OPTION_JSON, "FILE", 0, "write the figures (- is stdout)", 0},
    {"html", OPTION_HTML, "FILE", 0, "write a report with plots", 0},
    {"quiet", OPTION_QUIET, NULL, 0, "no progress lines", 0},
    {0},
};

static double number(struct argp_state *state, const char *name, const char *text, double max)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= max))
        argp_error(state, "--%s: a number from 0 to %.0f, not \"%s\"", name, max, text);
    return value;
}

static error_t parse_more(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct psp_load_options *load = &arguments->load;
    switch (key) {
    case OPTION_REPLAYED:
        load->replayed = number(state, "replayed", value, 1);
        return 0;
    case OPTION_DOUBLE:
        load->double_votes = number(state, "double-votes", value, 1);
        return 0;
    case OPTION_SKEW:
        load->skew = number(state, "skew", value, 10);
        return 0;
    case OPTION_ROWS:
        load->rows = true;
        return 0;
    case OPTION_BATCH:
        load->batch_rows = (uint32_t)number(state, "batch", value, PSP_BATCH_ROWS_MAX);
        return 0;
    case OPTION_INFLIGHT:
        load->inflight_max = (uint32_t)number(state, "inflight", value, 1 << 24);
        return 0;
    case OPTION_SEED:
        load->seed = (uint64_t)number(state, "seed", value, 1e14);
        return 0;
    case OPTION_JSON:
        arguments->json_path = value;
        return 0;
    case OPTION_HTML:
        arguments->html_path = value;
        return 0;
    case OPTION_QUIET:
        load->quiet = true;
        return 0;
    case ARGP_KEY_END:
        if (!load->directory && !(load->cluster_path && load->key_path))
            argp_error(state, "--dir, or --cluster and --key, are missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct psp_load_options *load = &arguments->load;
    switch (key) {
    case 'd':
        load->directory = value;
        return 0;
    case OPTION_CLUSTER:
        load->cluster_path = value;
        return 0;
    case OPTION_KEY:
        load->key_path = value;
        return 0;
    case OPTION_CLIENTS:
        load->clients = (uint32_t)number(state, "clients", value, CLIENTS_MAX);
        if (load->clients == 0)
            argp_error(state, "--clients: at least 1");
        return 0;
    case OPTION_RATE:
        load->rate = number(state, "rate", value, 1e9);
        return 0;
    case OPTION_SECONDS:
        load->seconds = number(state, "seconds", value, 86400);
        return 0;
    case OPTION_WARM_UP:
        load->warm_up_s = number(state, "warm-up", value, 3600);
        return 0;
    case OPTION_BALLOTS:
        load->ballots = (uint64_t)number(state, "ballots", value, 2e9);
        return 0;
    default:
        return parse_more(key, value, state);
    }
}

static const struct argp argp = {
    options,
    parse,
    NULL,
    "Casts made-up ballots into a cluster, measures throughput and latency, and checks that what "
    "was promised is what was counted."
    "\vLatency runs from when a ballot was due (open loop) or submitted (closed loop) to its "
    "receipt. Nobody else may cast at the same time.\n\n"
    "Exit codes: 0 done and the count is right; 1 the count is wrong, or it failed; 2 usage.",
    NULL,
    NULL,
    NULL};

int main(int argc, char **argv)
{
    static struct psp_load_result result;
    static char cluster_path[PATH_BYTES], key_path[PATH_BYTES];
    struct psp_reason reason = {0};
    struct arguments arguments = {.load = {.clients = 1, .seconds = 10}};
    struct psp_load_options *load = &arguments.load;
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (load->directory) {
        snprintf(cluster_path, sizeof cluster_path, "%s/cluster.json", load->directory);
        snprintf(key_path, sizeof key_path, "%s/clients/local.key", load->directory);
        load->cluster_path = load->cluster_path ? load->cluster_path : cluster_path;
        load->key_path = load->key_path ? load->key_path : key_path;
    }
    if (load->seed == 0)
        load->seed = psp_clock_wall_ms();
    const enum psp_status status = psp_load_run(load, &result, &reason);
    if (status != PSP_OK)
        fprintf(stderr, "load: %s\n", psp_reason_text(&reason, status));
    else
        psp_report_print(load, &result, stderr);
    bool written = true;
    if (status == PSP_OK && arguments.json_path)
        written = psp_report_json(load, &result, arguments.json_path) == PSP_OK;
    if (status == PSP_OK && arguments.html_path)
        written = psp_report_html(load, &result, arguments.html_path) == PSP_OK && written;
    if (!written)
        fprintf(stderr, "load: a report could not be written\n");
    const bool right = status == PSP_OK && !*result.verdict;
    psp_load_result_free(&result);
    return right && written ? 0 : 1;
}
