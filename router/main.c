/* psephos-router: takes ballots from stations, hands them to the shards. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/log_line.h"
#include "process/notify.h"
#include "router/digest_key.h"
#include "router/shell.h"

enum { PATH_BYTES = 4096, REASON_BYTES = PATH_BYTES + 1024, EXIT_RUNTIME = 1, EXIT_USAGE = 2 };

const char *argp_program_version = "psephos-router " PSP_VERSION;

struct arguments {
    const char *cluster_path, *keys_path;
    unsigned long router;
    bool has_router;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    char *end = NULL;
    switch (key) {
    case 'c':
        arguments->cluster_path = value;
        return 0;
    case 'k':
        arguments->keys_path = value;
        return 0;
    case 'r':
        errno = 0;
        arguments->router = strtoul(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || *value == '-')
            argp_error(state, "--router wants a number, not '%s'", value);
        arguments->has_router = true;
        return 0;
    case ARGP_KEY_END:
        if (arguments->cluster_path == NULL || !arguments->has_router)
            argp_error(state, "--cluster and --router are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"cluster", 'c', "FILE", 0, "The cluster's cluster.json", 0},
    {"router", 'r', "N", 0, "Which of its routers this is", 0},
    {"keys", 'k', "DIR", 0, "Folder of router-N.key and digest.key (keys/ beside cluster.json)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Takes ballots from stations, hands them to the shards, answers with their verdicts.\v"
           "Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or go on, 2 usage.",
};

/* What the daemon holds from start to end. */
struct parts {
    struct psp_cluster *cluster;
    struct psp_definition *definition;
    struct psp_keypair self;
    struct psp_digest_key digest_key;
    struct psp_router_shell *shell;
    uint32_t position;
    char reason[REASON_BYTES];
};

static bool join(char ret_path[PATH_BYTES], const char *folder, const char *name)
{
    const int n = snprintf(ret_path, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static bool find_router(struct parts *parts, unsigned long router)
{
    for (uint32_t i = 0; i < parts->cluster->router_count; i++) {
        if (parts->cluster->routers[i].router == router) {
            parts->position = i;
            return true;
        }
    }
    snprintf(parts->reason, REASON_BYTES, "cluster.json has no router %lu", router);
    return false;
}

static bool load_definition(struct parts *parts)
{
    char path[PATH_BYTES];
    struct psp_definition_fault fault;
    if (!join(path, parts->cluster->directory, parts->cluster->election_path)) {
        snprintf(parts->reason, REASON_BYTES, "the path of election.json is too long");
        return false;
    }
    if (psp_definition_load(path, &parts->definition, &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", path, fault.pointer, fault.reason);
        return false;
    }
    if (memcmp(parts->definition->hash, parts->cluster->definition_hash, PSP_HASH_BYTES) != 0) {
        snprintf(parts->reason, REASON_BYTES,
                 "%s is not the election that cluster.json names (definition_hash); restore the "
                 "file the cluster was made with",
                 path);
        return false;
    }
    return true;
}

static bool load_keys(struct parts *parts, const struct arguments *arguments)
{
    char folder[PATH_BYTES], path[PATH_BYTES], name[64];
    snprintf(name, sizeof name, "router-%lu.key", arguments->router);
    if (arguments->keys_path != NULL
            ? snprintf(folder, sizeof folder, "%s", arguments->keys_path) >= PATH_BYTES
            : !join(folder, parts->cluster->directory, "keys")) {
        snprintf(parts->reason, REASON_BYTES, "the path of the keys' folder is too long");
        return false;
    }
    if (!join(path, folder, name))
        return false;
    const enum psp_status status = psp_keypair_load(path, &parts->self);
    if (status != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s%s", path, psp_status_text(status),
                 status == PSP_EPERM ? "; a key file must have mode 0600" : "");
        return false;
    }
    if (strcmp(parts->self.public_z85, parts->cluster->routers[parts->position].public_key) != 0) {
        snprintf(parts->reason, REASON_BYTES,
                 "%s is not the key that cluster.json names for router %lu", path,
                 arguments->router);
        return false;
    }
    return join(path, folder, "digest.key") &&
           psp_digest_key_load(path, parts->cluster->digest_key_hash, &parts->digest_key,
                               parts->reason, REASON_BYTES) == PSP_OK;
}

static bool start(struct parts *parts, const struct arguments *arguments)
{
    struct psp_cluster_fault fault;
    if (psp_cluster_load(arguments->cluster_path, &parts->cluster, &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", arguments->cluster_path, fault.pointer,
                 fault.reason);
        return false;
    }
    if (!find_router(parts, arguments->router) || !load_definition(parts) ||
        !load_keys(parts, arguments))
        return false;
    const struct psp_router_shell_options shell = {
        .cluster = parts->cluster,
        .definition = parts->definition,
        .digest_key = &parts->digest_key,
        .self = &parts->self,
        .router = parts->position,
    };
    return psp_router_shell_create(&shell, &parts->shell, parts->reason, REASON_BYTES) == PSP_OK;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    char name[64];
    snprintf(name, sizeof name, "router-%lu", arguments.router);
    psp_log_name(name);
    static struct parts parts;
    snprintf(parts.reason, REASON_BYTES, "a path is too long");
    const bool started = start(&parts, &arguments);
    if (started) {
        psp_log_line(PSP_LOG_INFO, "ready", "listening at %s; %u shards",
                     parts.cluster->routers[parts.position].address, parts.cluster->shard_count);
        psp_notify_ready();
        psp_router_shell_run(parts.shell);
        psp_notify_stopping();
        psp_log_line(PSP_LOG_INFO, "stopped", "ended by a signal");
    } else {
        psp_log_line(PSP_LOG_ERROR, "cannot_start", "%s", parts.reason);
    }
    psp_router_shell_destroy(&parts.shell);
    explicit_bzero(&parts.digest_key, sizeof parts.digest_key);
    explicit_bzero(&parts.self, sizeof parts.self);
    psp_definition_destroy(&parts.definition);
    psp_cluster_destroy(&parts.cluster);
    return started ? EXIT_SUCCESS : EXIT_RUNTIME;
}
