/*
 * psephos leader move - hands a shard's leadership over before its machine is
 * taken away.
 *
 * The replica that is to lead is chosen here, not by the leader: a request that
 * is sent again then finds it leading, and moves nothing a second time.
 */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/number.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { ROUND_MS = 1000, MOVE_MS = 10000, POLL_MS = 50, OPTION_TO = 256 };

struct arguments {
    const char *directory, *action;
    uint32_t shard, to; /* PSP_NONE: not given */
    bool json;
};

static const struct argp_option options[] = {
    {"to", OPTION_TO, "REPLICA", 0, "who is to lead (default: the one that is furthest)", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_dir, 0, NULL, 0},
                                             {&psp_option_shard, 0, NULL, 0},
                                             {&psp_option_json, 0, NULL, 0},
                                             {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->shard;
        state->child_inputs[2] = &arguments->json;
        return 0;
    case OPTION_TO:
        arguments->to =
            (uint32_t)psp_number_argument(state, "--to", value, 0, PSP_REPLICAS_MAX - 1);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->action)
            argp_error(state, "one argument too many: %s", value);
        arguments->action = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->action || strcmp(arguments->action, "move") != 0)
            argp_error(state, "say what: move");
        if (arguments->shard == PSP_NONE)
            argp_error(state, "--shard is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Who leads the shard now, and who follows and is furthest; PSP_NONE: nobody. */
struct standing {
    uint32_t leader, furthest;
    uint64_t furthest_last;
    bool wanted_follows; /* the replica that was asked for */
};

static struct standing look(struct psp_operate *operate, const struct arguments *arguments)
{
    struct standing standing = {.leader = PSP_NONE, .furthest = PSP_NONE};
    psp_operate_ask_shard(operate, arguments->shard, ROUND_MS);
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_status_reply *status = psp_operate_status(operate, i);
        if (!status)
            continue;
        const uint32_t replica = psp_operate_process(operate, i)->replica;
        if (status->state == PSP_STATE_LEADER) {
            standing.leader = replica;
        } else if (status->state == PSP_STATE_FOLLOWER) {
            standing.wanted_follows = standing.wanted_follows || replica == arguments->to;
            if (standing.furthest == PSP_NONE || status->log_last > standing.furthest_last) {
                standing.furthest = replica;
                standing.furthest_last = status->log_last;
            }
        }
    }
    return standing;
}

static int tell(const struct arguments *arguments, uint32_t from, uint32_t to, bool moved)
{
    if (arguments->json)
        printf("{\"shard\": %" PRIu32 ", \"from\": %" PRIu32 ", \"to\": %" PRIu32
               ", \"moved\": %s}\n",
               arguments->shard, from, to, moved ? "true" : "false");
    else if (moved)
        printf("shard %" PRIu32 ": replica %" PRIu32 " leads; it was replica %" PRIu32 "\n",
               arguments->shard, to, from);
    else
        printf("shard %" PRIu32 ": replica %" PRIu32 " leads already\n", arguments->shard, to);
    return PSP_EXIT_DONE;
}

static int move(const struct arguments *arguments, struct psp_operate *operate)
{
    const uint64_t end_ms = psp_progress_clock_ms() + MOVE_MS;
    const struct standing before = look(operate, arguments);
    const uint32_t to = arguments->to != PSP_NONE ? arguments->to : before.furthest;
    if (before.leader == PSP_NONE) {
        fprintf(stderr,
                "psephos leader: shard %" PRIu32 " has no leader that answers; see `psephos "
                "status`\n",
                arguments->shard);
        return PSP_EXIT_UNREACHABLE;
    }
    if (before.leader == to)
        return tell(arguments, to, to, false);
    if (to == PSP_NONE || (arguments->to != PSP_NONE && !before.wanted_follows)) {
        fprintf(stderr, "psephos leader: %s; see `psephos status`\n",
                to == PSP_NONE ? "no other replica of the shard answers"
                               : "that replica does not answer, or does not follow");
        return PSP_EXIT_NO;
    }
    const struct psp_cluster_message request = {
        .type = PSP_CLUSTER_OPERATE,
        .operate = {.operation = PSP_OPERATE_MOVE_LEADER, .replica = to}};
    while (psp_progress_clock_ms() < end_ms) {
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        struct psp_reason reason = {0};
        if (psp_operate_shard(operate, arguments->shard, &request, ROUND_MS, &answer, &process,
                              &reason) == PSP_EINVAL) {
            fprintf(stderr, "psephos leader: shard %" PRIu32 ": %s\n", arguments->shard,
                    reason.text);
            return PSP_EXIT_NO;
        }
        if (look(operate, arguments).leader == to)
            return tell(arguments, before.leader, to, true);
        poll(NULL, 0, POLL_MS);
    }
    fprintf(stderr,
            "psephos leader: shard %" PRIu32 ": the leadership did not move to replica %" PRIu32
            " within %d s; is that replica level? see `psephos status`, then call again\n",
            arguments->shard, to, MOVE_MS / 1000);
    return PSP_EXIT_NO;
}

/* False after a message. */
static bool sensible(const struct arguments *arguments, const struct psp_cluster *cluster)
{
    if (arguments->shard >= cluster->shard_count) {
        fprintf(stderr,
                "psephos leader: there is no shard %" PRIu32 "; they are 0 to %" PRIu32 "\n",
                arguments->shard, cluster->shard_count - 1);
        return false;
    }
    const uint32_t replicas = cluster->shards[arguments->shard].replica_count;
    if (replicas == 1) {
        fputs("psephos leader: this shard has one replica; there is nobody to move to\n", stderr);
        return false;
    }
    if (arguments->to != PSP_NONE && arguments->to >= replicas) {
        fprintf(stderr,
                "psephos leader: there is no replica %" PRIu32 "; they are 0 to %" PRIu32 "\n",
                arguments->to, replicas - 1);
        return false;
    }
    return true;
}

int psp_cmd_leader(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "move",
        "Hands a shard's leadership over to another replica, before the "
        "leader's machine is taken away. Ballots on the way are counted "
        "first; stations notice a pause." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.shard = PSP_NONE, .to = PSP_NONE};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, &reason) != PSP_OK) {
        psp_fault_say(argv[0], &reason);
        return PSP_EXIT_NO;
    }
    if (sensible(&arguments, local->cluster)) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = move(&arguments, operate);
        else
            psp_fault_say(argv[0], &reason);
        free(key);
    }
    psp_operate_destroy(&operate);
    psp_local_close(&local);
    return code;
}
