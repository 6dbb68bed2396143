/*
 * psephos recount - replays the journal from the start and compares with the
 * live totals.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/offline.h"
#include "cli/audit/recount_shard.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cluster/election.h"

enum {
    OPTION_OFFLINE = 256,
    OPTION_BACKUP,
    OPTION_RESULTS,
};
enum { ANSWER_MS = 15000, WATCH_MS = 1000 };

struct arguments {
    const char *directory;
    uint32_t shard; /* or PSP_NONE: all */
    bool json, offline;
    const char *backup, *results; /* with offline; NULL: not given */
};

static const struct argp_option options[] = {
    {"offline", OPTION_OFFLINE, NULL, 0, "from the journals alone: no process is asked", 0},
    {"backup", OPTION_BACKUP, "FOLDER", 0, "with --offline: the journals of this backup", 0},
    {"results", OPTION_RESULTS, "FILE", 0,
     "with --offline: the votes of every unit and method as CSV, in the columns of "
     "/api/v1/results.csv",
     0},
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
    case OPTION_OFFLINE:
        arguments->offline = true;
        return 0;
    case OPTION_BACKUP:
        arguments->backup = value;
        return 0;
    case OPTION_RESULTS:
        arguments->results = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->offline && (arguments->backup || arguments->results))
            argp_error(state, "--backup and --results go with --offline");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *yes(bool agree)
{
    return agree ? "yes" : "NO";
}

static void add_line(struct psp_table *table, uint32_t shard,
                     const struct psp_recount_result *result)
{
    char name[16], index[PSP_COUNT_TEXT_BYTES], ballots[PSP_COUNT_TEXT_BYTES];
    snprintf(name, sizeof name, "%u", shard);
    const char *const cells[] = {name,
                                 psp_count_text(result->index, index),
                                 psp_count_text(result->ballots, ballots),
                                 yes(result->books_agree),
                                 yes(result->totals_agree),
                                 yes(result->units_agree),
                                 yes(result->hash_agrees),
                                 yes(result->balanced)};
    psp_table_add(table, cells);
}

static json_t *line_of(uint32_t shard, const struct psp_recount_result *result)
{
    return json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:s?}", "shard",
                     psp_json_count(shard), "index", psp_json_count(result->index), "counted",
                     psp_json_count(result->ballots), "books", result->books_agree, "totals",
                     result->totals_agree, "units", result->units_agree, "hash",
                     result->hash_agrees, "balanced", result->balanced, "difference",
                     result->first_difference[0] ? result->first_difference : NULL);
}

static int recount_shard(const struct psp_local *local, const struct psp_definition *definition,
                         struct psp_operate *operate, uint32_t shard, struct psp_table *table,
                         json_t *lines)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_WATCH,
                                                .watch.wait_ms = WATCH_MS};
    const struct psp_cluster_message *answer = NULL;
    struct psp_recount_result result;
    struct psp_reason reason = {0};
    uint32_t process = 0;
    if (psp_operate_shard(operate, shard, &request, ANSWER_MS, &answer, &process, &reason) !=
        PSP_OK) {
        fprintf(stderr, "psephos recount: shard %u: %s\n", shard, reason.text);
        return PSP_EXIT_UNREACHABLE;
    }
    if (psp_recount_compare(local, definition, shard,
                            psp_operate_process(operate, process)->replica, &answer->partial,
                            &result, &reason) != PSP_OK) {
        fprintf(stderr, "psephos recount: shard %u: %s\n", shard, reason.text);
        return PSP_EXIT_NO;
    }
    add_line(table, shard, &result);
    json_array_append_new(lines, line_of(shard, &result));
    if (result.first_difference[0])
        fprintf(stderr, "psephos recount: shard %u differs: %s\n", shard, result.first_difference);
    return result.books_agree && result.totals_agree && result.units_agree && result.hash_agrees &&
                   result.balanced
               ? PSP_EXIT_DONE
               : PSP_EXIT_NO;
}

static int recount(const struct arguments *arguments, const struct psp_local *local,
                   const struct psp_definition *definition, struct psp_operate *operate)
{
    static const char *const headings[] = {"shard",  "index", "counted", "books",
                                           "totals", "units", "hash",    "balanced"};
    struct psp_table *table = psp_table_create("lrrlllll", headings);
    json_t *lines = json_array();
    int code = PSP_EXIT_DONE;
    bool any = false;
    for (uint32_t s = 0; s < local->cluster->shard_count; s++) {
        const uint32_t shard = local->cluster->shards[s].shard;
        if (arguments->shard != PSP_NONE && arguments->shard != shard)
            continue;
        const int one = recount_shard(local, definition, operate, shard, table, lines);
        any = true;
        code = one > code ? one : code;
        if (one == PSP_EXIT_UNREACHABLE)
            break;
    }
    if (!any) {
        fprintf(stderr, "psephos recount: there is no shard %u\n", arguments->shard);
        code = PSP_EXIT_USAGE;
    } else if (arguments->json && code != PSP_EXIT_UNREACHABLE) {
        psp_json_print(json_pack("{s:b, s:s, s:O}", "agrees", code == PSP_EXIT_DONE, "mode",
                                 psp_mode_name(local->cluster->mode), "shards", lines));
    } else if (code != PSP_EXIT_UNREACHABLE) {
        psp_mode_say(local->cluster->mode == PSP_MODE_TEST, stdout);
        psp_table_print(table, stdout);
    }
    json_decref(lines);
    if (any && code == PSP_EXIT_DONE && !arguments->json)
        puts("the journal, replayed from the start, gives the live totals");
    psp_table_destroy(&table);
    return code;
}

static enum psp_exit recount_offline(const struct arguments *arguments,
                                     const struct psp_local *local,
                                     const struct psp_definition *definition)
{
    const struct psp_offline offline = {.backup = arguments->backup,
                                        .results_path = arguments->results,
                                        .shard = arguments->shard,
                                        .json = arguments->json};
    return psp_offline_recount(&offline, local, definition);
}

int psp_cmd_recount(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Replays every shard's journal, or one with --shard, from its first entry and compares "
        "books, totals and state "
        "hash with the running shard; exit code 1 on any difference. With --offline nothing needs "
        "to run: what a majority of the replicas' logs hold, or a backup, is counted by the rules "
        "that its first entry names; logs that differ are named, exit code 1." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.shard = PSP_NONE};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    int code = PSP_EXIT_NO;
    if ((arguments.offline ? psp_local_open_any : psp_local_open)(arguments.directory, &local,
                                                                  &reason) == PSP_OK) {
        char *key = psp_local_path(local, "keys/operator.key");
        psp_cluster_election_load(local->cluster, &definition, &reason);
        if (definition && arguments.offline)
            code = (int)recount_offline(&arguments, local, definition);
        else if (definition && psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = recount(&arguments, local, definition, operate);
        free(key);
    }
    if (!operate && !(arguments.offline && definition))
        psp_fault_say("psephos recount", &reason);
    psp_operate_destroy(&operate);
    if (definition)
        psp_definition_destroy(&definition);
    psp_local_close(&local);
    return code;
}
