/*
 * psephos replica replace, new-id, begun - a replica whose disk is gone comes back under a new
 * ID, because under its old one it could vote a second time in the same term.
 *
 * The new ID is written to cluster.json, the old data folder (what is left of
 * it) moved aside, the process started on an empty one; then the shard's leader
 * is asked to make the new ID a member, again and again until it votes and is
 * level: whoever leads by then goes on from where the log says. So this may be
 * interrupted anywhere and called again.
 *
 * On a cluster of several hosts the first half is somebody else's: `new-id` writes
 * cluster.json, which is then brought to the host; `replace` does the rest.
 *
 * `begun` writes the markers (cli/operate/begun.h) that are then brought to the hosts.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes/number.h"
#include "cli/command.h"
#include "cli/folder/daemon.h"
#include "cli/folder/local.h"
#include "cli/operate/begun.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cluster/begun.h"
#include "cluster/raft_id.h"

#define LOOPBACK "tcp://127."

enum {
    ROUND_MS = 1000,
    GIVE_UP_MS = 3600000,
    STUCK_MS = 60000,
    GRACE_MS = 10000,
    ELECTION_MS = 10000,
    BEGUN_MS = 30000,
};

struct arguments {
    const char *directory, *action;
    uint32_t shard, replica; /* PSP_NONE: not given */
    bool json;
};

static const struct argp_option options[] = {
    {"replica", 'r', "R", 0, "number of the replica", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_dir, 0, NULL, 0},
                                             {&psp_option_shard, 0, NULL, 0},
                                             {&psp_option_json, 0, NULL, 0},
                                             {0}};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const char *action = arguments->action ? arguments->action : "";
    const bool all = strcmp(action, "begun") == 0;
    if (!all && strcmp(action, "replace") != 0 && strcmp(action, "new-id") != 0)
        argp_error(state, "say what: replace, new-id or begun");
    if (!all && (arguments->shard == PSP_NONE || arguments->replica == PSP_NONE))
        argp_error(state, "--shard and --replica are needed");
    if (all && (arguments->shard != PSP_NONE || arguments->replica != PSP_NONE))
        argp_error(state, "begun is of all replicas: without --shard and --replica");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->shard;
        state->child_inputs[2] = &arguments->json;
        return 0;
    case 'r':
        arguments->replica =
            (uint32_t)psp_number_argument(state, "--replica", value, 0, PSP_REPLICAS_MAX - 1);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->action)
            argp_error(state, "one argument too many: %s", value);
        arguments->action = value;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- what the shard's replicas say ---- */

struct standing {
    bool leads;        /* another replica */
    uint64_t furthest; /* index among the others */
    uint32_t others;   /* that answer and vote */
    bool answers, joining, votes;
    uint64_t index;
};

static struct standing look(struct psp_operate *operate, const struct arguments *arguments)
{
    struct standing standing = {0};
    psp_operate_ask_shard(operate, arguments->shard, ROUND_MS);
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_status_reply *status = psp_operate_status(operate, i);
        if (!status)
            continue;
        const bool leads = status->state == PSP_STATE_LEADER;
        const bool votes = leads || status->state == PSP_STATE_FOLLOWER;
        if (psp_operate_process(operate, i)->replica == arguments->replica) {
            standing.answers = true;
            standing.joining = status->state == PSP_STATE_JOINING;
            standing.votes = votes;
            standing.index = status->index;
            continue;
        }
        standing.others += votes;
        standing.leads = standing.leads || leads;
        if (status->index > standing.furthest)
            standing.furthest = status->index;
    }
    return standing;
}

/* ---- the new ID and the empty folder ---- */

/* So that whoever writes markers later knows that the new ID was not begun yet. */
static bool mark_old_id(const struct arguments *arguments, const struct psp_local *local)
{
    struct psp_begun begun;
    struct psp_reason reason = {0};
    enum psp_status status =
        psp_begun_load(local->cluster, arguments->shard, arguments->replica, &begun, &reason);
    if (status == PSP_ENOENT || (status == PSP_OK && begun.epoch < local->cluster->epoch))
        status = psp_begun_store(local->cluster, arguments->shard, arguments->replica, &reason);
    if (status != PSP_OK)
        psp_fault_say("psephos replica", &reason);
    return status == PSP_OK;
}

static bool write_new_id(const struct arguments *arguments, struct psp_local *local)
{
    if (!mark_old_id(arguments, local))
        return false;
    struct psp_cluster_shard *shard =
        (struct psp_cluster_shard *)(uintptr_t)&local->cluster->shards[arguments->shard];
    struct psp_cluster_replica *replica =
        (struct psp_cluster_replica *)(uintptr_t)&shard->replicas[arguments->replica];
    replica->raft_id = psp_raft_id_next(replica->raft_id);
    char *path = psp_local_path(local, "cluster.json");
    const enum psp_status status = psp_cluster_store(local->cluster, path);
    if (status != PSP_OK)
        fprintf(stderr, "psephos replica: %s: %s\n", path, psp_status_text(status));
    free(path);
    return status == PSP_OK;
}

/* Where what is left of the replica's predecessor goes; the caller frees. */
static char *aside(const struct arguments *arguments, const struct psp_local *local)
{
    return psp_local_path(
        local, "data/shard-%" PRIu32 "-%" PRIu32 ".replaced-by-%" PRIu64, arguments->shard,
        arguments->replica,
        local->cluster->shards[arguments->shard].replicas[arguments->replica].raft_id);
}

static void tell_json(const struct arguments *arguments, const struct psp_local *local, bool votes)
{
    char *old = aside(arguments, local);
    psp_json_print(json_pack(
        "{s:o, s:o, s:o, s:b, s:s?}", "shard", psp_json_count(arguments->shard), "replica",
        psp_json_count(arguments->replica), "raft_id",
        psp_json_count(
            local->cluster->shards[arguments->shard].replicas[arguments->replica].raft_id),
        "votes", votes, "old_data", access(old, F_OK) == 0 ? old : NULL));
    free(old);
}

static bool move_aside(const struct arguments *arguments, const struct psp_local *local)
{
    char *from = psp_local_path(local, "data/shard-%" PRIu32 "-%" PRIu32, arguments->shard,
                                arguments->replica);
    char *to = aside(arguments, local);
    const bool moved = rename(from, to) == 0;
    const bool fine = moved || errno == ENOENT;
    if (!fine)
        fprintf(stderr, "psephos replica: %s: %s\n", from, strerror(errno));
    if (moved && !arguments->json)
        printf("what is left of the old replica: %s (delete it when the new one votes)\n", to);
    free(to);
    free(from);
    return fine;
}

/* The process on its empty folder, under the new ID. */
static int begin_anew(const struct arguments *arguments, struct psp_local *local,
                      const struct psp_daemon *daemon)
{
    struct psp_reason reason = {0};
    uint32_t stopped = 0;
    psp_daemons_stop(daemon, 1, GRACE_MS, &stopped);
    if (psp_daemon_pid(daemon)) {
        fprintf(stderr, "psephos replica: %s does not end\n", daemon->name);
        return PSP_EXIT_NO;
    }
    if (!write_new_id(arguments, local) || !move_aside(arguments, local))
        return PSP_EXIT_NO;
    if (psp_daemon_start(daemon, &reason) != PSP_OK) {
        psp_fault_say("psephos replica", &reason);
        return PSP_EXIT_NO;
    }
    return PSP_EXIT_DONE;
}

static int make_member(const struct arguments *arguments, const struct psp_local *local,
                       struct psp_operate *operate)
{
    const uint64_t raft_id =
        local->cluster->shards[arguments->shard].replicas[arguments->replica].raft_id;
    const struct psp_cluster_message request = {
        .type = PSP_CLUSTER_OPERATE,
        .operate = {.operation = PSP_OPERATE_REPLACE_REPLICA, .raft_id = raft_id}};
    const uint64_t begun_ms = psp_progress_clock_ms();
    uint64_t moved_ms = begun_ms, index = 0;
    struct psp_reason reason = {0}, before = {0};
    struct psp_progress progress;
    psp_progress_start(&progress);
    int code = PSP_EXIT_UNREACHABLE;
    while (code == PSP_EXIT_UNREACHABLE && psp_progress_clock_ms() < begun_ms + GIVE_UP_MS &&
           psp_progress_clock_ms() < moved_ms + STUCK_MS) {
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        const enum psp_status status = psp_operate_shard(operate, arguments->shard, &request,
                                                         ROUND_MS, &answer, &process, &reason);
        if (status == PSP_EINVAL)
            code = PSP_EXIT_NO;
        else if (status == PSP_OK)
            reason.text[0] = 0;
        const struct standing now = look(operate, arguments);
        /* What it waits for goes on, too: a scrub of the others' logs says how far it is. */
        if (now.index > index || strcmp(reason.text, before.text) != 0)
            moved_ms = psp_progress_clock_ms();
        before = reason;
        index = now.index;
        psp_progress_step(&progress, "entries", now.index, now.furthest);
        if (now.votes)
            code = PSP_EXIT_DONE;
        poll(NULL, 0, ROUND_MS / 10);
    }
    psp_progress_end(&progress);
    if (code == PSP_EXIT_DONE &&
        psp_begun_store(local->cluster, arguments->shard, arguments->replica, &reason) != PSP_OK)
        code = PSP_EXIT_NO;
    if (code == PSP_EXIT_DONE && arguments->json)
        tell_json(arguments, local, true);
    else if (code == PSP_EXIT_DONE)
        printf("shard %" PRIu32 ": replica %" PRIu32 " votes again, as member %" PRIu64 "\n",
               arguments->shard, arguments->replica, raft_id);
    else if (code == PSP_EXIT_NO)
        fprintf(stderr, "psephos replica: shard %" PRIu32 ": %s\n", arguments->shard, reason.text);
    else
        fprintf(stderr,
                "psephos replica: replica %" PRIu32 " is not a member yet%s%s; see `psephos "
                "status`, then call this again: it goes on\n",
                arguments->replica, reason.text[0] ? ": " : "", reason.text);
    return code;
}

/* Another replica may just be elected, its leader lost with the disk: that is waited for. */
static struct standing look_until_led(struct psp_operate *operate,
                                      const struct arguments *arguments, uint32_t replicas)
{
    const uint64_t end_ms = psp_progress_clock_ms() + ELECTION_MS;
    struct standing now = look(operate, arguments);
    while ((!now.leads || now.others + 1 < replicas) && psp_progress_clock_ms() < end_ms) {
        poll(NULL, 0, ROUND_MS / 10);
        now = look(operate, arguments);
    }
    return now;
}

static int new_id(const struct arguments *arguments, struct psp_local *local)
{
    if (!write_new_id(arguments, local))
        return PSP_EXIT_NO;
    if (arguments->json)
        tell_json(arguments, local, false);
    return PSP_EXIT_DONE;
}

static int replace(const struct arguments *arguments, struct psp_local *local,
                   struct psp_operate *operate, const struct psp_daemon *daemon)
{
    const uint32_t replicas = local->cluster->shards[arguments->shard].replica_count;
    const struct standing before = look_until_led(operate, arguments, replicas);
    if (!before.leads || before.others + 1 < replicas) {
        fprintf(stderr,
                "psephos replica: replica %" PRIu32 " cannot be replaced now: %s. Its state comes "
                "from the other replicas; see `psephos status`\n",
                arguments->replica,
                before.leads ? "not all others are up" : "no other replica leads");
        return PSP_EXIT_NO;
    }
    if (!strcmp(arguments->action, "new-id"))
        return new_id(arguments, local);
    if (!before.joining && strncmp(daemon->address, LOOPBACK, sizeof LOOPBACK - 1) != 0) {
        fprintf(stderr,
                "psephos replica: %s runs on another host and does not wait to join. Call `psephos "
                "replica new-id`, bring cluster.json to that host, start the process there on an "
                "empty data folder, then call this again\n",
                daemon->name);
        return PSP_EXIT_NO;
    }
    if (!before.joining) {
        const int code = begin_anew(arguments, local, daemon);
        if (code != PSP_EXIT_DONE)
            return code;
    }
    return make_member(arguments, local, operate);
}

static int write_begun(const struct arguments *arguments, const struct psp_local *local,
                       struct psp_operate *operate)
{
    struct psp_reason reason = {0};
    struct psp_operate_begun begun = {.replicas = 0};
    const enum psp_status status = psp_operate_begun(local, operate, BEGUN_MS, &begun, &reason);
    if (status == PSP_OK && !arguments->json)
        printf("%s/begun says of %" PRIu32 " replicas that they were begun; %" PRIu32
               " written now\n",
               local->directory, begun.replicas, begun.written);
    if (status == PSP_OK && arguments->json)
        psp_json_print(json_pack("{s:o, s:o}", "replicas", psp_json_count(begun.replicas),
                                 "written", psp_json_count(begun.written)));
    if (status != PSP_OK)
        psp_fault_say("psephos replica", &reason);
    if (status == PSP_ETIMEDOUT)
        return PSP_EXIT_UNREACHABLE;
    return status == PSP_OK ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

/* False after a message. */
static bool sensible(const struct arguments *arguments, const struct psp_cluster *cluster)
{
    if (!strcmp(arguments->action, "begun"))
        return true;
    if (arguments->shard >= cluster->shard_count) {
        fprintf(stderr,
                "psephos replica: there is no shard %" PRIu32 "; they are 0 to %" PRIu32 "\n",
                arguments->shard, cluster->shard_count - 1);
        return false;
    }
    const uint32_t replicas = cluster->shards[arguments->shard].replica_count;
    if (replicas == 1) {
        fputs("psephos replica: this shard has one replica; there is nobody to take its state "
              "from\n",
              stderr);
        return false;
    }
    if (arguments->replica >= replicas) {
        fprintf(stderr,
                "psephos replica: there is no replica %" PRIu32 "; they are 0 to %" PRIu32 "\n",
                arguments->replica, replicas - 1);
        return false;
    }
    return true;
}

static int run(const struct arguments *arguments, struct psp_local *local)
{
    struct psp_reason reason = {0};
    struct psp_operate *operate = NULL;
    uint32_t n = 0, at = 0;
    int code = PSP_EXIT_NO;
    char *key = psp_local_path(local, "keys/operator.key");
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    while (at < n &&
           !(daemons[at].role == PSP_ROLE_SHARD && daemons[at].number == arguments->shard &&
             daemons[at].replica == arguments->replica))
        at++;
    if (psp_operate_create(local->cluster, key, &operate, &reason) != PSP_OK)
        psp_fault_say("psephos replica", &reason);
    else if (!strcmp(arguments->action, "begun"))
        code = write_begun(arguments, local, operate);
    else
        code = replace(arguments, local, operate, &daemons[at]);
    psp_operate_destroy(&operate);
    psp_daemons_free(&daemons, n);
    free(key);
    return code;
}

int psp_cmd_replica(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "replace|new-id|begun",
        "Replaces a replica whose disk is lost, or whose data its process refuses: it comes back "
        "empty under a new ID, takes the shard's log from the leader, and votes once it is level. "
        "What is left of its old data is moved aside. May be called again. `new-id` only writes "
        "the "
        "new ID to cluster.json, for a process on another host. `begun` writes, for every replica "
        "that votes, the marker in DIR/begun without which an empty data folder would be taken "
        "for a new one." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.shard = PSP_NONE, .replica = PSP_NONE};
    struct psp_local *local = NULL;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, &reason) != PSP_OK ||
        psp_local_lock(local, &reason) != PSP_OK)
        psp_fault_say(argv[0], &reason);
    else if (sensible(&arguments, local->cluster))
        code = run(&arguments, local);
    psp_local_close(&local);
    return code;
}
