/* psephos-shard: one replica of a shard; decides what counts and keeps it. */
#include <argp.h>
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/number.h"
#include "cluster/identity.h"
#include "process/main.h"
#include "process/notify.h"
#include "process/say.h"
#include "shard/shell.h"

const char *argp_program_version = "psephos-shard " PSP_VERSION;

/* What the daemon holds from start to end. */
struct parts {
    struct psp_identity identity;
    const char *data_path;
    char log_path[PATH_MAX];
    unsigned long shard_number, replica_number;
    bool has_shard, has_replica;
    struct psp_replica state;
    bool opened;
    struct psp_shard_shell *shell;
    uint32_t shard, replica; /* positions */
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parts *parts = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &parts->identity;
        return 0;
    case 'd':
        parts->data_path = value;
        return 0;
    case 's':
        parts->shard_number = psp_number_argument(state, "--shard", value, 0, UINT32_MAX);
        parts->has_shard = true;
        return 0;
    case 'r':
        parts->replica_number = psp_number_argument(state, "--replica", value, 0, UINT32_MAX);
        parts->has_replica = true;
        return 0;
    case ARGP_KEY_END:
        if (parts->data_path == NULL || !parts->has_shard || !parts->has_replica)
            argp_error(state, "--cluster, --shard, --replica and --data are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"shard", 's', "N", 0, "Which of its shards this is", 0},
    {"replica", 'r', "R", 0, "Which replica of that shard", 0},
    {"data", 'd', "DIR", 0, "This replica's data folder (log/ and store/ in it)", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_identity_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .doc = "Decides which ballots of its voters count, adds them up, and keeps both safe."
           "\v" PSP_IDENTITY_HELP,
};

static bool find_replica(struct parts *parts)
{
    const struct psp_cluster *cluster = parts->identity.cluster;
    assert(parts->has_shard && parts->has_replica); /* else argp had ended it */
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++) {
            if (cluster->shards[s].shard == parts->shard_number &&
                cluster->shards[s].replicas[r].replica == parts->replica_number) {
                parts->shard = s;
                parts->replica = r;
                return true;
            }
        }
    }
    psp_reason_set(&parts->identity.reason, "%s has no replica %lu of shard %lu",
                   parts->identity.cluster_path, parts->replica_number, parts->shard_number);
    return false;
}

static bool load_key(struct parts *parts)
{
    struct psp_identity *identity = &parts->identity;
    assert(parts->shard < identity->cluster->shard_count);
    char name[64], whom[64];
    snprintf(name, sizeof(name), "shard-%lu-%lu", parts->shard_number, parts->replica_number);
    snprintf(whom, sizeof(whom), "replica %lu of shard %lu", parts->replica_number,
             parts->shard_number);
    return psp_identity_load_key(
        identity, name, identity->cluster->shards[parts->shard].replicas[parts->replica].public_key,
        whom);
}

static void tell_ready(void *context)
{
    const struct parts *parts = context;
    const struct psp_cluster_shard *shard = &parts->identity.cluster->shards[parts->shard];
    assert(parts->opened);
    assert(parts->replica < shard->replica_count);
    psp_say(PSP_SAY_INFO, "ready", "listening at %s; slots %" PRIu32 " to %" PRIu32,
            shard->replicas[parts->replica].address, shard->slot_first, shard->slot_end - 1);
    psp_notify_ready();
}

static bool start(void *context)
{
    struct parts *parts = context;
    struct psp_identity *identity = &parts->identity;
    if (!psp_identity_load_cluster(identity) || !find_replica(parts) ||
        !psp_identity_load_definition(identity) || !load_key(parts) ||
        !psp_identity_load_signing_key(identity, &identity->cluster->shards[parts->shard]))
        return false;
    snprintf(parts->log_path, sizeof parts->log_path, "%s/log", parts->data_path);
    const struct psp_replica_options state = {
        .cluster = identity->cluster,
        .definition = identity->definition,
        .shard = parts->shard,
        .replica = parts->replica,
        .data_path = parts->data_path,
        .signing_key = &identity->signing,
    };
    if (psp_replica_open(&state, &parts->state, &identity->reason) != PSP_OK)
        return false;
    assert(!parts->opened && parts->shell == NULL);
    parts->opened = true;
    if (psp_journal_note(parts->state.log)[0] != '\0')
        psp_say(PSP_SAY_WARNING, "torn_tail", "%s", psp_journal_note(parts->state.log));
    psp_say(PSP_SAY_INFO, "opened", "%s: store at index %" PRIu64 ", log %" PRIu64 " to %" PRIu64,
            parts->data_path, psp_count_index(parts->state.count),
            psp_journal_first(parts->state.log), psp_journal_last(parts->state.log));
    const struct psp_shard_shell_options shell = {
        .cluster = identity->cluster,
        .state = &parts->state,
        .self = &identity->self,
        .key = &identity->signing,
        .log_path = parts->log_path,
        .shard = parts->shard,
        .replica = parts->replica,
        .ready = tell_ready,
        .context = parts,
    };
    return psp_shard_shell_create(&shell, &parts->shell, &identity->reason) == PSP_OK;
}

static void name(void *context, char *ret_name)
{
    const struct parts *parts = context;
    sprintf(ret_name, "shard-%lu-%lu", parts->shard_number, parts->replica_number);
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
    return psp_shard_shell_run(parts->shell);
}

static void end(void *context)
{
    struct parts *parts = context;
    psp_shard_shell_destroy(&parts->shell);
    if (parts->opened)
        psp_replica_close(&parts->state);
    psp_identity_close(&parts->identity);
}

int main(int argc, char **argv)
{
    static struct parts parts;
    const struct psp_main daemon = {&argp, &parts, name, start, why, run, end};
    return psp_main_run(&daemon, argc, argv);
}
