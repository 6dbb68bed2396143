/* psephos-shard: one replica of a shard; decides what counts and keeps it. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/log_line.h"
#include "process/notify.h"
#include "shard/shell.h"

enum { PATH_BYTES = 4096, REASON_BYTES = 2 * PATH_BYTES, EXIT_RUNTIME = 1, EXIT_USAGE = 2 };

const char *argp_program_version = "psephos-shard " PSP_VERSION;

struct arguments {
    const char *cluster_path, *keys_path, *data_path;
    unsigned long shard, replica;
    bool has_shard, has_replica;
};

static unsigned long parse_number(struct argp_state *state, const char *option, const char *value)
{
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || *value == '-')
        argp_error(state, "%s wants a number, not '%s'", option, value);
    return number;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->cluster_path = value;
        return 0;
    case 'k':
        arguments->keys_path = value;
        return 0;
    case 'd':
        arguments->data_path = value;
        return 0;
    case 's':
        arguments->shard = parse_number(state, "--shard", value);
        arguments->has_shard = true;
        return 0;
    case 'r':
        arguments->replica = parse_number(state, "--replica", value);
        arguments->has_replica = true;
        return 0;
    case ARGP_KEY_END:
        if (arguments->cluster_path == NULL || arguments->data_path == NULL ||
            !arguments->has_shard || !arguments->has_replica)
            argp_error(state, "--cluster, --shard, --replica and --data are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"cluster", 'c', "FILE", 0, "The cluster's cluster.json", 0},
    {"shard", 's', "N", 0, "Which of its shards this is", 0},
    {"replica", 'r', "R", 0, "Which replica of that shard", 0},
    {"data", 'd', "DIR", 0, "This replica's data folder (log/ and store/ in it)", 0},
    {"keys", 'k', "DIR", 0, "Folder of shard-N-R.key (keys/ beside cluster.json)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Decides which ballots of its voters count, adds them up, and keeps both safe.\v"
           "Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or go on, 2 usage.",
};

/* What the daemon holds from start to end. */
struct parts {
    struct psp_cluster *cluster;
    struct psp_definition *definition;
    struct psp_keypair self;
    struct psp_replica state;
    bool opened;
    struct psp_shard_shell *shell;
    uint32_t shard, replica; /* positions */
    char reason[REASON_BYTES];
};

static bool find_replica(struct parts *parts, const struct arguments *arguments)
{
    const struct psp_cluster *cluster = parts->cluster;
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++) {
            if (cluster->shards[s].shard == arguments->shard &&
                cluster->shards[s].replicas[r].replica == arguments->replica) {
                parts->shard = s;
                parts->replica = r;
                return true;
            }
        }
    }
    snprintf(parts->reason, REASON_BYTES, "%s has no replica %lu of shard %lu",
             arguments->cluster_path, arguments->replica, arguments->shard);
    return false;
}

static bool join(char ret_path[PATH_BYTES], const char *folder, const char *name)
{
    const int n = snprintf(ret_path, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static bool load_definition(struct parts *parts)
{
    char path[PATH_BYTES];
    struct psp_definition_fault fault = {0};
    if (!join(path, parts->cluster->directory, parts->cluster->election_path))
        return false;
    if (psp_definition_load(path, &parts->definition, &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", path, fault.pointer, fault.reason);
        return false;
    }
    if (memcmp(parts->definition->hash, parts->cluster->definition_hash, PSP_HASH_BYTES) == 0)
        return true;
    snprintf(parts->reason, REASON_BYTES,
             "%s is not the election that cluster.json names (definition_hash); restore the file "
             "the cluster was made with",
             path);
    return false;
}

static bool load_key(struct parts *parts, const struct arguments *arguments)
{
    char folder[PATH_BYTES], path[PATH_BYTES], name[64];
    snprintf(name, sizeof(name), "shard-%lu-%lu.key", arguments->shard, arguments->replica);
    if (arguments->keys_path == NULL && !join(folder, parts->cluster->directory, "keys"))
        return false;
    if (!join(path, arguments->keys_path == NULL ? folder : arguments->keys_path, name))
        return false;
    const enum psp_status status = psp_keypair_load(path, &parts->self);
    if (status != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s%s", path, psp_status_text(status),
                 status == PSP_EPERM ? "; a key file must have mode 0600" : "");
        return false;
    }
    const struct psp_cluster_replica *replica =
        &parts->cluster->shards[parts->shard].replicas[parts->replica];
    if (strcmp(parts->self.public_z85, replica->public_key) == 0)
        return true;
    snprintf(parts->reason, REASON_BYTES,
             "%s is not the key that cluster.json names for replica %lu of shard %lu", path,
             arguments->replica, arguments->shard);
    return false;
}

static void tell_ready(void *context)
{
    const struct parts *parts = context;
    const struct psp_cluster_shard *shard = &parts->cluster->shards[parts->shard];
    psp_log_line(PSP_LOG_INFO, "ready", "listening at %s; slots %" PRIu32 " to %" PRIu32,
                 shard->replicas[parts->replica].address, shard->slot_first, shard->slot_end - 1);
    psp_notify_ready();
}

static bool start(struct parts *parts, const struct arguments *arguments)
{
    struct psp_cluster_fault fault = {0};
    if (psp_cluster_load(arguments->cluster_path, &parts->cluster, &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", arguments->cluster_path, fault.pointer,
                 fault.reason);
        return false;
    }
    if (!find_replica(parts, arguments) || !load_definition(parts) || !load_key(parts, arguments))
        return false;
    const struct psp_replica_options state = {
        .cluster = parts->cluster,
        .definition = parts->definition,
        .shard = parts->shard,
        .replica = parts->replica,
        .data_path = arguments->data_path,
    };
    if (psp_replica_open(&state, &parts->state, parts->reason, REASON_BYTES) != PSP_OK)
        return false;
    parts->opened = true;
    if (parts->reason[0] != '\0')
        psp_log_line(PSP_LOG_WARNING, "torn_tail", "%s", parts->reason);
    psp_log_line(PSP_LOG_INFO, "opened",
                 "%s: store at index %" PRIu64 ", log %" PRIu64 " to %" PRIu64,
                 arguments->data_path, psp_count_index(parts->state.count),
                 psp_log_first(parts->state.log), psp_log_last(parts->state.log));
    const struct psp_shard_shell_options shell = {
        .cluster = parts->cluster,
        .state = &parts->state,
        .self = &parts->self,
        .shard = parts->shard,
        .replica = parts->replica,
        .ready = tell_ready,
        .context = parts,
    };
    return psp_shard_shell_create(&shell, &parts->shell, parts->reason, REASON_BYTES) == PSP_OK;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    char name[64];
    snprintf(name, sizeof(name), "shard-%lu-%lu", arguments.shard, arguments.replica);
    psp_log_name(name);
    static struct parts parts;
    snprintf(parts.reason, REASON_BYTES, "a path is too long");
    const bool started = start(&parts, &arguments);
    bool good = started;
    if (started) {
        good = psp_shard_shell_run(parts.shell);
        psp_notify_stopping();
        if (good)
            psp_log_line(PSP_LOG_INFO, "stopped", "ended by a signal");
    } else {
        psp_log_line(PSP_LOG_ERROR, "cannot_start", "%s", parts.reason);
    }
    psp_shard_shell_destroy(&parts.shell);
    if (parts.opened)
        psp_replica_close(&parts.state);
    explicit_bzero(&parts.self, sizeof(parts.self));
    psp_definition_destroy(&parts.definition);
    psp_cluster_destroy(&parts.cluster);
    return good ? EXIT_SUCCESS : EXIT_RUNTIME;
}
