/*
 * psephos open - told to every shard, one after the other (`close` is close.c).
 *
 * An entry in each shard's log, and it may be repeated: open when open does nothing.
 * Also writes that the replicas were begun: it is the last step of a cluster that `up`
 * does not start.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/begun.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/show/coverage.h"

enum { ANSWER_MS = 10000, SHOWN_MS = 5000, BEGUN_MS = 10000 };

struct arguments {
    const char *directory;
    bool json;
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "one argument too many: %s", value);
        return ARGP_ERR_UNKNOWN;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The shard adds a text when there was nothing to do. */
static void tell_done(uint32_t shard, const struct psp_cluster_message *answer, json_t *told)
{
    const uint64_t index = answer->operated.index;
    const char *text = answer->operated.text;
    if (told)
        json_array_append_new(told,
                              json_pack("{s:o, s:o, s:s*}", "shard", psp_json_count(shard), "index",
                                        psp_json_count(index), "text", text[0] ? text : NULL));
    else
        printf("shard %u: done at index %" PRIu64 "%s%s\n", shard, index, text[0] ? ": " : "",
               text);
}

/* `ret_index`, by shard: where it stands in each log. */
static int tell_shards(const struct psp_local *local, struct psp_operate *operate, const char *name,
                       json_t *told, uint64_t *ret_index)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_OPERATE,
                                                .operate.operation = PSP_OPERATE_OPEN};
    int code = PSP_EXIT_DONE;
    for (uint32_t s = 0; s < local->cluster->shard_count; s++) {
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        struct psp_reason reason = {0};
        const enum psp_status status =
            psp_operate_shard(operate, s, &request, ANSWER_MS, &answer, &process, &reason);
        if (status == PSP_OK) {
            tell_done(s, answer, told);
            ret_index[s] = answer->operated.index;
            continue;
        }
        const bool refused = status == PSP_EINVAL;
        fprintf(stderr, "%s: shard %u: %s%s\n", name, s, psp_reason_text(&reason, status),
                refused ? "" : "; call again when `psephos status` shows a leader");
        if (refused || code == PSP_EXIT_DONE)
            code = refused ? PSP_EXIT_NO : PSP_EXIT_UNREACHABLE;
    }
    return code;
}

/* Done is done; what comes after deserves a word, no more. */
static void follow_up(const struct psp_local *local, struct psp_operate *operate, const char *name,
                      const uint64_t *index)
{
    const struct psp_coverage_words words = {"every shard is open", "the opening"};
    struct psp_reason reason = {0};
    struct psp_operate_begun begun;
    if (psp_coverage_wait(local->cluster, index, &words, SHOWN_MS, &reason) != PSP_OK)
        fprintf(stderr, "%s: done, but %s\n", name, reason.text);
    if (psp_operate_begun(local, operate, BEGUN_MS, &begun, &reason) != PSP_OK)
        fprintf(stderr, "%s: done, but %s\n", name, reason.text);
}

int psp_cmd_open(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        NULL,
        "Opens the election in DIR: ballots are counted from here on. One that was closed is "
        "opened again; what was refused as closed meanwhile stays refused. Writes DIR/begun, as "
        "`replica begun` does." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_reason reason = {0};
    uint64_t index[PSP_SHARDS_MAX] = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    json_t *told = arguments.json ? json_array() : NULL;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = tell_shards(local, operate, argv[0], told, index);
        free(key);
        if (code == PSP_EXIT_DONE)
            follow_up(local, operate, argv[0], index);
    }
    if (!operate)
        psp_fault_say(argv[0], &reason);
    else if (told)
        psp_json_print(json_pack("{s:O}", "done", told));
    json_decref(told);
    psp_operate_destroy(&operate);
    psp_local_close(&local);
    return code;
}
