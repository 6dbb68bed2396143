/*
 * psephos bridge reset FILE --from earliest - a bridge's topics are read again from their
 * beginning: what was cast is replayed, what was not is counted.
 * psephos bridge remove NAME - a local cluster's bridge ends, and is not started any more.
 *
 * Kafka's library is the bridge's, not this program's: psephos-bridge, which lies beside it,
 * does the first and says in one line of JSON what came of it.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/folder/bridges.h"
#include "cli/folder/daemon.h"
#include "cli/options.h"
#include "cli/say/exit.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"

enum { OPTION_FROM = 256, OPTION_CLUSTER, ANSWER_BYTES = 8192, GRACE_MS = 10000 };

struct arguments {
    const char *directory, *cluster_path, *from;
    const char *action, *file; /* of remove: the bridge's name */
    bool json;
};

static const struct argp_option options[] = {
    {"from", OPTION_FROM, "earliest", 0, "where its group begins again", 0},
    {"dir", 'd', "DIR", 0, "folder of the cluster", 0},
    {"cluster", OPTION_CLUSTER, "FILE", 0, "its cluster.json, in place of --dir", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static bool is_remove(const struct arguments *arguments)
{
    return arguments->action != NULL && strcmp(arguments->action, "remove") == 0;
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (!arguments->action || (strcmp(arguments->action, "reset") != 0 && !is_remove(arguments)))
        argp_error(state, "say what: reset or remove");
    if (is_remove(arguments)) {
        if (!arguments->file)
            argp_error(state, "name the bridge");
        if (!arguments->directory || arguments->cluster_path || arguments->from)
            argp_error(state, "remove wants --dir, the folder of a local cluster, and no more");
        return;
    }
    if (!arguments->file)
        argp_error(state, "name the bridge's file");
    if (!arguments->from || strcmp(arguments->from, "earliest") != 0)
        argp_error(state, "--from earliest is needed: it is the only place to begin again, for "
                          "what lies before another one would never be cast");
    if (!arguments->directory == !arguments->cluster_path)
        argp_error(state, "--dir or --cluster is needed, one of them");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case OPTION_FROM:
        arguments->from = value;
        return 0;
    case 'd':
        arguments->directory = value;
        return 0;
    case OPTION_CLUSTER:
        arguments->cluster_path = value;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->action)
            arguments->action = value;
        else if (!arguments->file)
            arguments->file = value;
        else
            argp_error(state, "one argument too many: %s", value);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* In the child. */
static void become(const char *program, const char *cluster, const char *file, int output)
{
    const char *const arguments[] = {"psephos-bridge", "--cluster", cluster, "--config", file,
                                     "--reset",        "earliest",  NULL};
    if (dup2(output, STDOUT_FILENO) >= 0)
        execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* All that it wrote; the exit code, or -1. */
static int run(const char *program, const char *cluster, const char *file,
               char ret_answer[ANSWER_BYTES])
{
    int pipes[2], status = 0;
    size_t length = 0;
    if (pipe(pipes) != 0)
        return -1;
    const pid_t pid = fork();
    if (pid == 0)
        become(program, cluster, file, pipes[1]);
    close(pipes[1]);
    for (ssize_t n = 1; pid > 0 && n > 0 && length < ANSWER_BYTES - 1;) {
        n = read(pipes[0], ret_answer + length, ANSWER_BYTES - 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    ret_answer[length] = '\0';
    close(pipes[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int tell(const struct arguments *arguments, int code, const char *answer)
{
    struct psp_reason reason = {0};
    json_t *told = json_loads(answer, 0, NULL);
    const char *refused = json_string_value(json_object_get(told, "refused"));
    if (code == 0 && json_is_object(told) && arguments->json) {
        psp_json_print(told);
        return PSP_EXIT_DONE;
    }
    if (code == 0 && json_is_object(told)) {
        printf("the group %s begins again with the earliest messages of %" JSON_INTEGER_FORMAT
               " partitions\n",
               json_string_value(json_object_get(told, "group")),
               json_integer_value(json_object_get(told, "partitions")));
    } else {
        psp_reason_set(&reason, "%s", refused ? refused : "psephos-bridge could not be run");
        psp_fault_say("psephos bridge reset", &reason);
        code = PSP_EXIT_NO;
    }
    json_decref(told);
    return code;
}

/* True: it ran. */
static bool stop_daemon(const struct psp_local *local, const char *name)
{
    uint32_t n = 0, stopped = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    for (uint32_t i = 0; i < n; i++)
        if (daemons[i].is_bridge && strcmp(daemons[i].id, name) == 0)
            psp_daemons_stop(&daemons[i], 1, GRACE_MS, &stopped);
    psp_daemons_free(&daemons, n);
    return stopped > 0;
}

static int remove_bridge(const struct arguments *arguments)
{
    struct psp_reason reason = {0};
    struct psp_local *local = NULL;
    bool stopped = false;
    enum psp_status status = psp_local_open(arguments->directory, &local, &reason);
    if (status == PSP_OK)
        status = psp_local_lock(local, &reason);
    if (status == PSP_OK)
        stopped = stop_daemon(local, arguments->file);
    if (status == PSP_OK)
        status = psp_bridges_remove(local, arguments->file, &reason);
    psp_local_close(&local);
    if (status != PSP_OK) {
        psp_fault_say("psephos bridge remove", &reason);
        return PSP_EXIT_NO;
    }
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:b}", "bridge", arguments->file, "stopped", stopped));
    else
        printf("bridge %s%s: what it wrote stays where it is, and so does its own file\n",
               arguments->file, stopped ? " has ended, and is not started any more" : " is out");
    return PSP_EXIT_DONE;
}

int psp_cmd_bridge(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "reset FILE --from earliest\nremove NAME --dir DIR",
        .children = children,
        .doc = "reset lets the bridges that read by FILE (a bridge.json with a source) begin again "
               "with the earliest messages of their topics. What was cast before is replayed and "
               "counts nothing twice. All bridges of its group must have ended. remove ends the "
               "bridge NAME of the cluster in DIR, and takes it out of cluster.json: `up` does not "
               "start it any more. What it wrote stays." PSP_EXIT_HELP,
    };
    struct arguments arguments = {0};
    struct psp_reason reason = {0};
    char answer[ANSWER_BYTES];
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (is_remove(&arguments))
        return remove_bridge(&arguments);
    if (psp_daemon_programs_check(false, true, &reason) != PSP_OK) {
        psp_fault_say("psephos bridge reset", &reason);
        return PSP_EXIT_NO;
    }
    char *cluster = arguments.directory ? psp_memory_print("%s/cluster.json", arguments.directory)
                                        : psp_memory_copy(arguments.cluster_path);
    char *program = psp_daemon_program("psephos-bridge");
    fflush(stdout);
    const int code = run(program, cluster, arguments.file, answer);
    free(program);
    free(cluster);
    return tell(&arguments, code, answer);
}
