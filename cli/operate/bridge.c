/*
 * psephos bridge reset FILE --from earliest - a bridge's topics are read again from their
 * beginning: what was cast is replayed, what was not is counted.
 *
 * Kafka's library is the bridge's, not this program's: psephos-bridge, which lies beside it,
 * does it and says in one line of JSON what came of it.
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
#include "cli/folder/daemon.h"
#include "cli/options.h"
#include "cli/say/exit.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"

enum { OPTION_FROM = 256, OPTION_CLUSTER, ANSWER_BYTES = 8192 };

struct arguments {
    const char *directory, *cluster_path, *from;
    const char *action, *file;
    bool json;
};

static const struct argp_option options[] = {
    {"from", OPTION_FROM, "earliest", 0, "where its group begins again", 0},
    {"dir", 'd', "DIR", 0, "folder of the cluster", 0},
    {"cluster", OPTION_CLUSTER, "FILE", 0, "its cluster.json, in place of --dir", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (!arguments->action || strcmp(arguments->action, "reset") != 0)
        argp_error(state, "say what: reset");
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

int psp_cmd_bridge(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "reset FILE --from earliest",
        .children = children,
        .doc = "Lets the bridges that read by FILE (a bridge.json with a source) begin again with "
               "the earliest messages of their topics. What was cast before is replayed and "
               "counts nothing twice. All bridges of its group must have ended." PSP_EXIT_HELP,
    };
    struct arguments arguments = {0};
    struct psp_reason reason = {0};
    char answer[ANSWER_BYTES];
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
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
