/*
 * psephos open, unit-complete - what an operator tells every shard, one after the
 * other (`close` is close.c).
 *
 * Each is an entry in the shard's log and may be repeated: open when open does
 * nothing. `open` also writes that the replicas were begun: it is the last step of
 * a cluster that `up` does not start.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/begun.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/show/coverage.h"
#include "cluster/election.h"
#include "election/definition/definition.h"

enum { ANSWER_MS = 10000, SHOWN_MS = 5000, BEGUN_MS = 10000 };

struct arguments {
    const char *directory;
    char **units; /* of argv */
    int unit_n;
    bool wants_units, json;
    json_t *told; /* with --json: what is to be printed */
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
        if (!arguments->wants_units)
            argp_error(state, "one argument too many: %s", value);
        return ARGP_ERR_UNKNOWN; /* all of them together, below */
    case ARGP_KEY_ARGS:
        arguments->units = state->argv + state->next;
        arguments->unit_n = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (arguments->wants_units && !arguments->unit_n)
            argp_error(state, "UNIT is missing: an ID of election.json");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* `unit` NULL: of the election. The shard adds a text when there was nothing to do. */
static void tell_done(const struct arguments *arguments, const char *unit, uint32_t shard,
                      const struct psp_cluster_message *answer)
{
    const uint64_t index = answer->operated.index;
    const char *text = answer->operated.text;
    if (!arguments->json) {
        printf("shard %u: done at index %" PRIu64 "%s%s\n", shard, index, text[0] ? ": " : "",
               text);
        return;
    }
    json_t *done = json_pack("{s:o, s:o, s:s*}", "shard", psp_json_count(shard), "index",
                             psp_json_count(index), "text", text[0] ? text : NULL);
    if (unit)
        json_object_set_new(done, "unit", json_string(unit));
    json_array_append_new(arguments->told, done);
}

/* `ret_index`, by shard: where it stands in each log. */
static int tell_shards(const struct psp_local *local, struct psp_operate *operate, const char *name,
                       const struct arguments *arguments, const char *unit,
                       const struct psp_cluster_message *request, uint64_t *ret_index)
{
    int code = PSP_EXIT_DONE;
    for (uint32_t s = 0; s < local->cluster->shard_count; s++) {
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        struct psp_reason reason = {0};
        const enum psp_status status =
            psp_operate_shard(operate, s, request, ANSWER_MS, &answer, &process, &reason);
        if (status == PSP_OK) {
            tell_done(arguments, unit, s, answer);
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

/* The units' positions; false after a message. All are looked up before the
 * first shard hears of any. */
static bool find_units(const struct psp_local *local, const char *name,
                       const struct arguments *arguments, uint32_t *ret_units)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    char *path = psp_local_path(local, "%s", local->cluster->election_path);
    bool found = psp_cluster_election_load(local->cluster, &definition, &reason) == PSP_OK;
    if (!found)
        psp_fault_say(name, &reason);
    for (int i = 0; found && i < arguments->unit_n; i++) {
        const char *id = arguments->units[i];
        ret_units[i] = psp_definition_unit(definition, id, strlen(id));
        found = ret_units[i] != PSP_NONE;
        if (!found)
            fprintf(stderr, "%s: %s has no unit \"%s\"\n", name, path, id);
    }
    psp_definition_destroy(&definition);
    free(path);
    return found;
}

static int operate_all(const struct psp_local *local, struct psp_operate *operate, const char *name,
                       const struct arguments *arguments, struct psp_cluster_message *request,
                       uint64_t *ret_index)
{
    if (!arguments->wants_units)
        return tell_shards(local, operate, name, arguments, NULL, request, ret_index);
    uint32_t *units = psp_memory_array((size_t)arguments->unit_n, sizeof *units);
    int code = find_units(local, name, arguments, units) ? PSP_EXIT_DONE : PSP_EXIT_NO;
    for (int i = 0; code == PSP_EXIT_DONE && i < arguments->unit_n; i++) {
        request->operate.unit = units[i];
        code =
            tell_shards(local, operate, name, arguments, arguments->units[i], request, ret_index);
    }
    free(units);
    return code;
}

/* Done is done; what comes after deserves a word, no more. */
static void follow_up(const struct psp_local *local, struct psp_operate *operators,
                      enum psp_operation operation, const char *name, const uint64_t *index)
{
    struct psp_reason reason = {0};
    struct psp_operate_begun begun;
    if (psp_coverage_wait(local->cluster, index, SHOWN_MS, &reason) != PSP_OK)
        fprintf(stderr, "%s: done, but %s\n", name, reason.text);
    if (operation == PSP_OPERATE_OPEN &&
        psp_operate_begun(local, operators, BEGUN_MS, &begun, &reason) != PSP_OK)
        fprintf(stderr, "%s: done, but %s\n", name, reason.text);
}

static int operate(int argc, char **argv, enum psp_operation operation, const char *about)
{
    struct arguments arguments = {.wants_units = operation == PSP_OPERATE_UNIT_COMPLETE};
    const struct argp argp = {
        NULL, parse, arguments.wants_units ? "UNIT..." : NULL, about, children, NULL, NULL};
    struct psp_cluster_message request = {.type = PSP_CLUSTER_OPERATE,
                                          .operate.operation = operation};
    struct psp_local *local = NULL;
    struct psp_operate *operators = NULL;
    struct psp_reason reason = {0};
    uint64_t index[PSP_SHARDS_MAX] = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    arguments.told = json_array();
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operators, &reason) == PSP_OK)
            code = operate_all(local, operators, argv[0], &arguments, &request, index);
        free(key);
        if (code == PSP_EXIT_DONE)
            follow_up(local, operators, operation, argv[0], index);
    }
    if (arguments.json && operators)
        psp_json_print(json_pack("{s:O}", "done", arguments.told));
    json_decref(arguments.told);
    if (!operators)
        psp_fault_say(argv[0], &reason);
    psp_operate_destroy(&operators);
    psp_local_close(&local);
    return code;
}

int psp_cmd_open(int argc, char **argv)
{
    return operate(
        argc, argv, PSP_OPERATE_OPEN,
        "Opens the election in DIR: ballots are counted from here on. One that was closed is "
        "opened again; what was refused as closed meanwhile stays refused. Writes DIR/begun, as "
        "`replica begun` does." PSP_EXIT_HELP);
}

int psp_cmd_unit_complete(int argc, char **argv)
{
    return operate(argc, argv, PSP_OPERATE_UNIT_COMPLETE,
                   "Declares that each UNIT (its ID in election.json) has reported all its "
                   "ballots." PSP_EXIT_HELP);
}
