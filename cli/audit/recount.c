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
#include "cli/audit/published.h"
#include "cli/audit/recount_shard.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/divergence.h"
#include "cluster/election.h"
#include "wire/message/report.h"

enum {
    OPTION_OFFLINE = 256,
    OPTION_BACKUP,
    OPTION_AUDITOR_KEY,
    OPTION_RESULTS,
    OPTION_API,
};
enum { ANSWER_MS = 15000, STATUS_MS = 2000, WATCH_MS = 1000, TRIES = 3 };

struct arguments {
    const char *directory;
    uint32_t shard; /* or PSP_NONE: all */
    bool json, offline;
    const char *backup, *results, *auditor_key; /* with offline; NULL: not given */
    const char *api;                            /* of a collector; NULL: not given */
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0,
     "compare with what this collector publishes: every row, the books, turnout, whether it is "
     "closed",
     0},
    {"offline", OPTION_OFFLINE, NULL, 0, "from the journals alone: no process is asked", 0},
    {"backup", OPTION_BACKUP, "FOLDER", 0, "with --offline: the journals of this backup", 0},
    {"auditor-key", OPTION_AUDITOR_KEY, "FILE", 0,
     "with --backup: the secret key of an auditor, who alone can open it; default "
     "DIR/keys/auditor.key",
     0},
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
    case OPTION_AUDITOR_KEY:
        arguments->auditor_key = value;
        return 0;
    case OPTION_RESULTS:
        arguments->results = value;
        return 0;
    case OPTION_API:
        arguments->api = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->api && (arguments->offline || arguments->shard != PSP_NONE))
            argp_error(state, "--api is of all shards, and asks the collector: without --shard "
                              "and --offline");
        if (!arguments->offline && (arguments->backup || arguments->results))
            argp_error(state, "--backup and --results go with --offline");
        if (arguments->auditor_key && !arguments->backup)
            argp_error(state, "--auditor-key goes with --backup");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool agrees(const struct psp_recount_result *result)
{
    return result->books_agree && result->totals_agree && result->units_agree &&
           result->held_agrees && result->hash_agrees && result->balanced;
}

/* ---- what the shard says ---- */

/* Its last report, and its totals. Free the report. */
struct asked {
    uint8_t *report;
    struct psp_recount_live live;
};

/* The report's bytes are copied: the next question takes the answer's place. */
static enum psp_status ask_report(struct psp_operate *operate, uint32_t shard, struct asked *asked,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_REPORT_REQUEST};
    const struct psp_cluster_message *answer = NULL;
    uint32_t process = 0;
    const enum psp_status status =
        psp_operate_shard(operate, shard, &request, ANSWER_MS, &answer, &process, reterr_reason);
    if (status != PSP_OK)
        return status;
    const struct psp_bytes report = answer->report_reply.report;
    free(asked->report);
    asked->report = psp_memory_array(report.length + 1, 1);
    if (report.length > 0)
        memcpy(asked->report, report.data, report.length);
    asked->live.report = (struct psp_bytes){asked->report, report.length};
    asked->live.report_index = answer->report_reply.index;
    return PSP_OK;
}

static enum psp_status ask_totals(struct psp_operate *operate, uint32_t shard, bool held,
                                  struct asked *asked, struct psp_reason *reterr_reason)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_WATCH,
                                                .watch = {.wait_ms = WATCH_MS, .held = held}};
    const struct psp_cluster_message *answer = NULL;
    uint32_t process = 0;
    const enum psp_status status =
        psp_operate_shard(operate, shard, &request, ANSWER_MS, &answer, &process, reterr_reason);
    if (status != PSP_OK)
        return status;
    asked->live.partial = &answer->partial;
    asked->live.replica = psp_operate_process(operate, process)->replica;
    return PSP_OK;
}

/* Whether no report came between the two questions. */
static bool of_one_moment(const struct psp_definition *definition,
                          const struct psp_recount_live *live)
{
    struct psp_bytes left = live->partial->reports;
    struct psp_report last = {0};
    struct psp_leaf_report of_leaf;
    uint64_t newest = 0;
    for (uint32_t next = 0, leaf;
         psp_leaf_report_next(&left, &next, definition->leaf_count, &leaf, &of_leaf);)
        newest = of_leaf.number > newest ? of_leaf.number : newest;
    if (live->report.length > 0)
        psp_report_decode(live->report, &last); /* checked where the message was decoded */
    return last.number == newest;
}

/* Of what does not fit after some tries the comparison says how. */
static enum psp_status ask(struct psp_operate *operate, const struct psp_definition *definition,
                           uint32_t shard, struct asked *asked, struct psp_reason *reterr_reason)
{
    const bool held = definition->publication == PSP_PUBLICATION_REPORTS;
    enum psp_status status = PSP_OK;
    for (int tries = 0; status == PSP_OK && tries < TRIES; tries++) {
        status = ask_report(operate, shard, asked, reterr_reason);
        if (status == PSP_OK)
            status = ask_totals(operate, shard, held, asked, reterr_reason);
        if (status == PSP_OK && of_one_moment(definition, &asked->live))
            break;
    }
    return status;
}

/* ---- what is told ---- */

static const char *yes(bool agree)
{
    return agree ? "yes" : "NO";
}

static struct psp_table *create_table(enum psp_publication publication)
{
    static const char *const immediate[] = {"shard",  "index", "counted", "books",
                                            "totals", "units", "hash",    "balanced"};
    static const char *const reports[] = {"shard", "index", "counted",  "books", "reported",
                                          "units", "hash",  "balanced", "held"};
    return publication == PSP_PUBLICATION_REPORTS ? psp_table_create("lrrllllll", reports)
                                                  : psp_table_create("lrrlllll", immediate);
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
                                 yes(result->balanced),
                                 yes(result->held_agrees)};
    psp_table_add(table, cells);
}

static json_t *line_of(uint32_t shard, enum psp_publication publication,
                       const struct psp_recount_result *result)
{
    json_t *held =
        publication == PSP_PUBLICATION_REPORTS ? json_boolean(result->held_agrees) : json_null();
    return json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:b, s:b, s:s?}", "shard",
                     psp_json_count(shard), "index", psp_json_count(result->index), "counted",
                     psp_json_count(result->ballots), "books", result->books_agree, "totals",
                     result->totals_agree, "units", result->units_agree, "held", held, "hash",
                     result->hash_agrees, "balanced", result->balanced, "difference",
                     result->first_difference[0] ? result->first_difference : NULL);
}

static int recount_shard(const struct psp_local *local, const struct psp_definition *definition,
                         struct psp_operate *operate, uint32_t shard, struct psp_table *table,
                         json_t *lines)
{
    struct asked asked = {0};
    struct psp_recount_result result;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (ask(operate, definition, shard, &asked, &reason) != PSP_OK) {
        fprintf(stderr, "psephos recount: shard %u: %s\n", shard, reason.text);
        code = PSP_EXIT_UNREACHABLE;
    } else if (psp_recount_compare(local, definition, shard, &asked.live, &result, &reason) !=
               PSP_OK) {
        fprintf(stderr, "psephos recount: shard %u: %s\n", shard, reason.text);
    } else {
        add_line(table, shard, &result);
        json_array_append_new(lines, line_of(shard, definition->publication, &result));
        if (result.first_difference[0])
            fprintf(stderr, "psephos recount: shard %u differs: %s\n", shard,
                    result.first_difference);
        code = agrees(&result) ? PSP_EXIT_DONE : PSP_EXIT_NO;
    }
    free(asked.report);
    return code;
}

static void print(const struct psp_local *local, const struct psp_definition *definition,
                  const struct psp_table *table, bool agree)
{
    psp_mode_say(local->cluster->mode == PSP_MODE_TEST, stdout);
    psp_table_print(table, stdout);
    if (agree)
        puts(definition->publication == PSP_PUBLICATION_REPORTS
                 ? "the journal, replayed from the start, gives what was reported and the hash of "
                   "what is held"
                 : "the journal, replayed from the start, gives the live totals");
}

/* True: no process knows of replicas that disagree. One that leads may agree with its own
 * journal, and both be set back. */
static bool replicas_agree(const struct psp_local *local, struct psp_operate *operate)
{
    json_t *texts = psp_divergence_ask_all(operate, local->cluster, STATUS_MS);
    const bool agree = json_array_size(texts) == 0;
    psp_divergence_say("psephos recount", texts);
    json_decref(texts);
    return agree;
}

static int recount(const struct arguments *arguments, const struct psp_local *local,
                   const struct psp_definition *definition, struct psp_operate *operate)
{
    struct psp_table *table = create_table(definition->publication);
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
    if (any && !replicas_agree(local, operate) && code == PSP_EXIT_DONE)
        code = PSP_EXIT_NO;
    if (!any) {
        fprintf(stderr, "psephos recount: there is no shard %u\n", arguments->shard);
        code = PSP_EXIT_USAGE;
    } else if (arguments->json && code != PSP_EXIT_UNREACHABLE) {
        psp_json_print(json_pack("{s:b, s:s, s:s, s:O}", "agrees", code == PSP_EXIT_DONE, "mode",
                                 psp_mode_name(local->cluster->mode), "publication",
                                 psp_publication_name(definition->publication), "shards", lines));
    } else if (code != PSP_EXIT_UNREACHABLE) {
        print(local, definition, table, code == PSP_EXIT_DONE);
    }
    json_decref(lines);
    psp_table_destroy(&table);
    return code;
}

static enum psp_exit recount_offline(const struct arguments *arguments,
                                     const struct psp_local *local,
                                     const struct psp_definition *definition)
{
    const struct psp_offline offline = {.backup = arguments->backup,
                                        .auditor_key = arguments->auditor_key,
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
        "books, totals, reports and state "
        "hash with the running shard; exit code 1 on any difference. Rows that are not reported "
        "yet are compared by a hash, once a second at most. With --offline nothing needs "
        "to run: what a majority of the replicas' logs hold, or a backup, is counted by the rules "
        "that its first entry names; logs that differ are named, exit code 1. With --api the "
        "journals are compared with what a collector publishes, each difference is "
        "named." PSP_EXIT_HELP,
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
        if (definition && arguments.api)
            code = (int)psp_published_recount(arguments.api, arguments.json, local, definition);
        else if (definition && arguments.offline)
            code = (int)recount_offline(&arguments, local, definition);
        else if (definition && psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = recount(&arguments, local, definition, operate);
        free(key);
    }
    if (!operate && !((arguments.offline || arguments.api) && definition))
        psp_fault_say("psephos recount", &reason);
    psp_operate_destroy(&operate);
    if (definition)
        psp_definition_destroy(&definition);
    psp_local_close(&local);
    return code;
}
