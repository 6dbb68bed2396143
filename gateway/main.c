/* psephos-gateway: takes ballots over HTTP, for stations that have a token instead of a key. */
#include <argp.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/address.h"
#include "base/system/clock.h"
#include "cluster/identity.h"
#include "gateway/desk/desk.h"
#include "gateway/desk/tokens.h"
#include "gateway/http/http.h"
#include "process/loop.h"
#include "process/main.h"
#include "process/notify.h"
#include "process/say.h"

enum { SWEEP_MS = 200, OPTION_PLAIN = 256, OPTION_ORIGIN, OPTION_CERTIFICATE, OPTION_KEY };

const char *argp_program_version = "psephos-gateway " PSP_VERSION;

/* What the daemon holds from start to end. */
struct parts {
    struct psp_identity identity;
    const char *gateway, *allow_origin, *certificate_path, *key_path;
    bool plain;
    const struct psp_cluster_gateway *self;
    struct psp_gateway_stats stats;
    struct psp_gateway_tokens *tokens;
    struct psp_gateway_tls *tls;
    struct psp_gateway_desk *desk;
    struct psp_gateway_http *http, *local;
    struct psp_loop *loop;
    struct psp_loop_timer *ticker;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parts *parts = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &parts->identity;
        return 0;
    case 'g':
        parts->gateway = value;
        return 0;
    case OPTION_PLAIN:
        parts->plain = true;
        return 0;
    case OPTION_CERTIFICATE:
        parts->certificate_path = value;
        return 0;
    case OPTION_KEY:
        parts->key_path = value;
        return 0;
    case OPTION_ORIGIN:
        parts->allow_origin = value;
        return 0;
    case ARGP_KEY_END:
        if (!parts->gateway)
            argp_error(state, "--cluster and --gateway are needed");
        if (!parts->certificate_path != !parts->key_path)
            argp_error(state, "--tls-certificate and --tls-key go together");
        if (parts->plain && parts->key_path)
            argp_error(state, "--plain or --tls-key: one of them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"gateway", 'g', "NAME", 0, "Which of its gateways this is", 0},
    {"tls-certificate", OPTION_CERTIFICATE, "FILE", 0,
     "Speak TLS with this certificate and its chain (PEM); read again when the file changes", 0},
    {"tls-key", OPTION_KEY, "FILE", 0, "Its key (PEM)", 0},
    {"plain", OPTION_PLAIN, NULL, 0,
     "Take ballots without TLS from other machines, too: a proxy on the way does TLS", 0},
    {"allow-origin", OPTION_ORIGIN, "ORIGIN", 0,
     "Pages of this origin (https://vote.example.org), or of every one (*), may cast from a "
     "browser (CORS)",
     0},
    {0},
};

static const struct argp_child children[] = {{&psp_identity_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .doc = "Takes ballots over HTTP from stations that have a token (`psephos client add NAME "
           "--http`), casts them at the routers, and answers with their verdicts."
           "\v" PSP_IDENTITY_HELP,
};

static bool find_gateway(struct parts *parts)
{
    const struct psp_cluster *cluster = parts->identity.cluster;
    for (uint32_t i = 0; i < cluster->gateway_count; i++)
        if (!strcmp(cluster->gateways[i].name, parts->gateway))
            parts->self = &cluster->gateways[i];
    if (!parts->self)
        psp_reason_set(&parts->identity.reason, "cluster.json has no gateway \"%.40s\"",
                       parts->gateway);
    return parts->self != NULL;
}

/* A token, and who voted how, would be read by whoever is on the way. */
static bool load_tls(struct parts *parts)
{
    if (parts->key_path)
        return psp_gateway_tls_create(parts->certificate_path, parts->key_path, &parts->tls,
                                      &parts->identity.reason) == PSP_OK;
    if (parts->plain || psp_address_is_loopback(parts->self->http))
        return true;
    psp_reason_set(
        &parts->identity.reason,
        "%s is no loopback address, and without TLS tokens and ballots would be read on "
        "the way: give --tls-certificate and --tls-key, or --plain when a proxy in front "
        "does TLS",
        parts->self->http);
    return false;
}

static bool start_desk(struct parts *parts)
{
    struct psp_identity *identity = &parts->identity;
    char name[64], whom[64], key_path[PSP_IDENTITY_PATH_BYTES];
    snprintf(name, sizeof name, "gateway-%s", parts->self->name);
    snprintf(whom, sizeof whom, "gateway %s", parts->self->name);
    if (!psp_identity_load_key(identity, name, parts->self->public_key, whom))
        return false;
    snprintf(name, sizeof name, "gateway-%s.key", parts->self->name);
    if (!psp_identity_key_path(identity, name, key_path) ||
        psp_gateway_tokens_create(identity->cluster, identity->definition, &parts->tokens,
                                  &identity->reason) != PSP_OK)
        return false;
    const struct psp_gateway_desk_options desk = {
        .cluster_path = identity->cluster_path,
        .key_path = key_path,
        .definition = identity->definition,
        .stats = &parts->stats,
        .done = psp_gateway_http_done,
    };
    return psp_gateway_desk_create(&desk, &parts->desk, &identity->reason) == PSP_OK;
}

static bool start_http(struct parts *parts)
{
    struct psp_gateway_http_options http = {
        .address = parts->self->http,
        .definition = parts->identity.definition,
        .tokens = parts->tokens,
        .stats = &parts->stats,
        .desk = parts->desk,
        .allow_origin = parts->allow_origin,
        .tls = parts->tls,
    };
    if (psp_gateway_http_start(&http, &parts->http, &parts->identity.reason) != PSP_OK)
        return false;
    http.address = parts->self->http_local;
    http.local = true;
    http.tls = NULL;
    return http.address == NULL ||
           psp_gateway_http_start(&http, &parts->local, &parts->identity.reason) == PSP_OK;
}

static void tick(void *context)
{
    struct parts *parts = context;
    const uint64_t now_ms = psp_clock_ms();
    psp_gateway_http_sweep(parts->http, now_ms);
    if (parts->local)
        psp_gateway_http_sweep(parts->local, now_ms);
    psp_loop_timer_set(parts->ticker, SWEEP_MS);
}

static bool start(void *context)
{
    struct parts *parts = context;
    struct psp_identity *identity = &parts->identity;
    if (!psp_identity_load_cluster(identity) || !find_gateway(parts) || !load_tls(parts) ||
        !psp_identity_load_definition(identity))
        return false;
    /* First: it ignores SIGPIPE, which the threads inherit. */
    if (psp_loop_create(&parts->loop) != PSP_OK ||
        psp_loop_timer_create(parts->loop, tick, parts, &parts->ticker) != PSP_OK) {
        psp_reason_set(&identity->reason, "out of memory");
        return false;
    }
    return start_desk(parts) && start_http(parts);
}

static void name(void *context, char *ret_name)
{
    const struct parts *parts = context;
    snprintf(ret_name, 64, "gateway-%s", parts->gateway);
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
    psp_say(PSP_SAY_INFO, "ready", "%s://%s/api/v1/ballots takes ballots; %u routers",
            parts->tls ? "https" : "http", parts->self->http,
            parts->identity.cluster->router_count);
    psp_notify_ready();
    psp_loop_timer_set(parts->ticker, SWEEP_MS);
    psp_loop_run(parts->loop);
    return true;
}

/* The desk first: it gives back every order, or HTTP would wait for it. */
static void end(void *context)
{
    struct parts *parts = context;
    if (parts->desk)
        psp_gateway_desk_stop(parts->desk);
    psp_gateway_http_stop(&parts->http);
    psp_gateway_http_stop(&parts->local);
    psp_gateway_desk_destroy(&parts->desk);
    psp_gateway_tokens_destroy(&parts->tokens);
    psp_gateway_tls_destroy(&parts->tls);
    psp_loop_destroy(&parts->loop);
    psp_identity_close(&parts->identity);
}

int main(int argc, char **argv)
{
    static struct parts parts;
    const struct psp_main daemon = {&argp, &parts, name, start, why, run, end};
    return psp_main_run(&daemon, argc, argv);
}
