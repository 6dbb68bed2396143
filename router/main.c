/* psephos-router: takes ballots from stations, hands them to the shards. */
#include <argp.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/number.h"
#include "cluster/identity.h"
#include "process/main.h"
#include "process/notify.h"
#include "process/say.h"
#include "router/digest_key.h"
#include "router/shell.h"

const char *argp_program_version = "psephos-router " PSP_VERSION;

/* What the daemon holds from start to end. */
struct parts {
    struct psp_identity identity;
    unsigned long router;
    bool has_router;
    struct psp_digest_key digest_key;
    struct psp_router_shell *shell;
    uint32_t position;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parts *parts = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &parts->identity;
        return 0;
    case 'r':
        parts->router = psp_number_argument(state, "--router", value, 0, UINT32_MAX);
        parts->has_router = true;
        return 0;
    case ARGP_KEY_END:
        if (!parts->has_router)
            argp_error(state, "--cluster and --router are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"router", 'r', "N", 0, "Which of its routers this is", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_identity_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .doc = "Takes ballots from stations, hands them to the shards, answers with their verdicts."
           "\v" PSP_IDENTITY_HELP,
};

static bool find_router(struct parts *parts)
{
    const struct psp_cluster *cluster = parts->identity.cluster;
    for (uint32_t i = 0; i < cluster->router_count; i++) {
        if (cluster->routers[i].router == parts->router) {
            parts->position = i;
            return true;
        }
    }
    psp_reason_set(&parts->identity.reason, "cluster.json has no router %lu", parts->router);
    return false;
}

static bool load_keys(struct parts *parts)
{
    struct psp_identity *identity = &parts->identity;
    char path[PSP_IDENTITY_PATH_BYTES], name[64], whom[64];
    snprintf(name, sizeof name, "router-%lu", parts->router);
    snprintf(whom, sizeof whom, "router %lu", parts->router);
    return psp_identity_load_key(identity, name,
                                 identity->cluster->routers[parts->position].public_key, whom) &&
           psp_identity_key_path(identity, "digest.key", path) &&
           psp_digest_key_load(path, identity->cluster->digest_key_hash, &parts->digest_key,
                               &identity->reason) == PSP_OK;
}

static bool start(void *context)
{
    struct parts *parts = context;
    struct psp_identity *identity = &parts->identity;
    if (!psp_identity_load_cluster(identity) || !find_router(parts) ||
        !psp_identity_load_definition(identity) || !load_keys(parts))
        return false;
    const struct psp_router_shell_options shell = {
        .cluster = identity->cluster,
        .definition = identity->definition,
        .digest_key = &parts->digest_key,
        .self = &identity->self,
        .router = parts->position,
    };
    return psp_router_shell_create(&shell, &parts->shell, &identity->reason) == PSP_OK;
}

static void name(void *context, char *ret_name)
{
    const struct parts *parts = context;
    sprintf(ret_name, "router-%lu", parts->router);
}

static const char *why(void *context)
{
    const struct parts *parts = context;
    return psp_reason_text(&parts->identity.reason, PSP_ENOMEM);
}

static bool run(void *context)
{
    const struct parts *parts = context;
    assert(parts->shell != NULL); /* start was good */
    const struct psp_cluster *cluster = parts->identity.cluster;
    psp_say(PSP_SAY_INFO, "ready", "listening at %s; %u shards",
            cluster->routers[parts->position].address, cluster->shard_count);
    psp_notify_ready();
    psp_router_shell_run(parts->shell);
    return true;
}

static void end(void *context)
{
    struct parts *parts = context;
    psp_router_shell_destroy(&parts->shell);
    explicit_bzero(&parts->digest_key, sizeof parts->digest_key);
    psp_identity_close(&parts->identity);
}

int main(int argc, char **argv)
{
    static struct parts parts;
    const struct psp_main daemon = {&argp, &parts, name, start, why, run, end};
    return psp_main_run(&daemon, argc, argv);
}
