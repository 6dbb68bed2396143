/*
 * psephos open, close, unit-complete - what an operator tells every shard.
 *
 * Each is an entry in the shard's log and may be repeated: open when open does
 * nothing.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/local.h"
#include "cli/memory.h"
#include "cli/operate.h"
#include "election/definition.h"

enum { ANSWER_MS = 10000 };

struct arguments {
    const char *directory;
    const char *unit;
    bool wants_unit;
};

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "folder of the cluster", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'd':
        arguments->directory = value;
        return 0;
    case ARGP_KEY_ARG:
        if (!arguments->wants_unit || arguments->unit)
            argp_error(state, "one argument too many: %s", value);
        arguments->unit = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->directory)
            argp_error(state, "--dir is missing");
        if (arguments->wants_unit && !arguments->unit)
            argp_error(state, "UNIT is missing: an ID of election.json");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int tell_shards(const struct psp_local *local, const char *name,
                       const struct psp_cluster_message *request)
{
    char reason[PSP_REASON_BYTES];
    struct psp_operate *operate = NULL;
    char *key = psp_local_path(local, "keys/operator.key");
    const enum psp_status created = psp_operate_create(local->cluster, key, &operate, reason);
    free(key);
    if (created != PSP_OK) {
        fprintf(stderr, "%s: %s\n", name, reason);
        return PSP_EXIT_NO;
    }
    int code = PSP_EXIT_DONE;
    for (uint32_t s = 0; s < local->cluster->shard_count; s++) {
        const struct psp_cluster_message *answer = NULL;
        uint32_t process = 0;
        const enum psp_status status =
            psp_operate_shard(operate, s, request, ANSWER_MS, &answer, &process);
        if (status == PSP_OK) {
            printf("shard %u: done at index %" PRIu64 "\n", s, answer->operated.index);
            continue;
        }
        fprintf(stderr, "%s: shard %u: %s; call again when `psephos status` shows a leader\n",
                name, s, psp_status_text(status));
        code = PSP_EXIT_UNREACHABLE;
    }
    psp_operate_destroy(&operate);
    return code;
}

/* The unit's position, PSP_NONE after a message. */
static uint32_t find_unit(const struct psp_local *local, const char *name, const char *id)
{
    struct psp_definition *definition = NULL;
    struct psp_definition_fault fault = {0};
    char *path = psp_local_path(local, "%s", local->cluster->election_path);
    uint32_t unit = PSP_NONE;
    if (psp_definition_load(path, &definition, &fault) == PSP_OK) {
        unit = psp_definition_unit(definition, id, strlen(id));
        psp_definition_destroy(&definition);
        if (unit == PSP_NONE)
            fprintf(stderr, "%s: %s has no unit \"%s\"\n", name, path, id);
    } else {
        fprintf(stderr, "%s: %s:%d: %s: %s\n", name, path, fault.line, fault.pointer,
                fault.reason);
    }
    free(path);
    return unit;
}

static int operate(int argc, char **argv, enum psp_operation operation, const char *about)
{
    struct arguments arguments = {.wants_unit = operation == PSP_OPERATE_UNIT_COMPLETE};
    const struct argp argp = {
        options, parse, arguments.wants_unit ? "UNIT" : NULL, about, NULL, NULL, NULL};
    struct psp_cluster_message request = {.type = PSP_CLUSTER_OPERATE,
                                          .operate.operation = operation};
    struct psp_local *local = NULL;
    char reason[PSP_REASON_BYTES];
    int code = PSP_EXIT_DONE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, reason) != PSP_OK) {
        fprintf(stderr, "%s: %s\n", argv[0], reason);
        return PSP_EXIT_NO;
    }
    if (arguments.wants_unit) {
        request.operate.unit = find_unit(local, argv[0], arguments.unit);
        if (request.operate.unit == PSP_NONE)
            code = PSP_EXIT_NO;
    }
    if (code == PSP_EXIT_DONE)
        code = tell_shards(local, argv[0], &request);
    psp_local_close(&local);
    return code;
}

int psp_cmd_open(int argc, char **argv)
{
    return operate(argc, argv, PSP_OPERATE_OPEN,
                   "Opens the election in DIR: ballots are counted from here on." PSP_EXIT_HELP);
}

int psp_cmd_close(int argc, char **argv)
{
    return operate(argc, argv, PSP_OPERATE_CLOSE,
                   "Closes the election in DIR: ballots that come later are refused as "
                   "closed; a retry of an earlier one gets its first verdict." PSP_EXIT_HELP);
}

int psp_cmd_unit_complete(int argc, char **argv)
{
    return operate(argc, argv, PSP_OPERATE_UNIT_COMPLETE,
                   "Declares that UNIT (its ID in election.json) has reported all its "
                   "ballots." PSP_EXIT_HELP);
}
