/*
 * psephos report, unit-complete - what the units' counts are now, told to every shard
 * under one number (cli/operate/reporting.h). With the publication "reports" it is what
 * shows them; with any it says whether a unit is final.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/operate/report_leaves.h"
#include "cli/operate/reporter.h"
#include "cli/operate/reporting.h"
#include "cli/options.h"
#include "cli/run/report_units.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/show/coverage.h"
#include "cluster/election.h"
#include "election/definition/definition.h"

enum { ANSWER_MS = 10000, SHOWN_MS = 5000 };

enum { OPTION_FINAL = 256, OPTION_NOT_FINAL, OPTION_ALL, OPTION_AGAIN };

struct arguments {
    const char *directory;
    char **units; /* of argv */
    int unit_n;
    bool is_final, not_final, all, again, json;
};

struct call {
    const char *name;
    const struct arguments *arguments;
    const struct psp_local *local;
    struct psp_operate *operate;
    struct psp_definition *definition;
    uint32_t *units; /* as they were given; of --all the root, of --again none */
    uint32_t unit_n;
    bool *marks;                   /* [leaf_count]: what is reported */
    struct psp_report_leaf *known; /* [leaf_count]: what was; NULL: not asked */
    uint32_t leaves;
};

static const struct argp_option options[] = {
    {"final", OPTION_FINAL, NULL, 0, "all ballots of these units are counted", 0},
    {"not-final", OPTION_NOT_FINAL, NULL, 0,
     "take --final back, and nothing else: what was shown stays shown, and what is counted now is "
     "shown, too. Units that were never reported are refused",
     0},
    {"all", OPTION_ALL, NULL, 0,
     "all units of the election, also those never reported: shows "
     "everything that is counted",
     0},
    {"again", OPTION_AGAIN, NULL, 0,
     "every unit that was ever reported, as final as it is: after a restore, when shards may hold "
     "different reports",
     0},
    {0},
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static void check(const struct arguments *arguments, struct argp_state *state)
{
    if (arguments->is_final && arguments->not_final)
        argp_error(state, "either --final or --not-final");
    if (arguments->again &&
        (arguments->unit_n > 0 || arguments->all || arguments->is_final || arguments->not_final))
        argp_error(state, "--again goes with nothing else: it reports all that was reported");
    if (arguments->all && arguments->unit_n > 0)
        argp_error(state, "either --all or UNIT");
    if (!arguments->all && !arguments->again && arguments->unit_n == 0)
        argp_error(state, "UNIT is missing: an ID of election.json");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    (void)value;
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case OPTION_FINAL:
        arguments->is_final = true;
        return 0;
    case OPTION_NOT_FINAL:
        arguments->not_final = true;
        return 0;
    case OPTION_ALL:
        arguments->all = true;
        return 0;
    case OPTION_AGAIN:
        arguments->again = true;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->units = state->argv + state->next;
        arguments->unit_n = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- which leaves ---- */

static void tell_no_unit(const struct call *call, const char *id)
{
    const struct psp_definition *definition = call->definition;
    char *path = psp_local_path(call->local, "%s", call->local->cluster->election_path);
    fprintf(stderr, "%s: %s has no unit \"%s\"", call->name, path, id);
    for (uint32_t unit = 0; unit < definition->unit_count; unit++) {
        if (!strcasecmp(definition->units[unit].id, id) ||
            !strcasecmp(definition->units[unit].name, id)) {
            fprintf(stderr, ": did you mean %s?", definition->units[unit].id);
            break;
        }
    }
    fputs("; the IDs stand under \"units\" there, and in /api/v1/units\n", stderr);
    free(path);
}

/* All units are looked up before any shard hears of one. */
static int mark_units(struct call *call)
{
    const struct arguments *arguments = call->arguments;
    const struct psp_definition *definition = call->definition;
    if (arguments->all)
        call->units[call->unit_n++] = definition->root;
    for (int i = 0; i < arguments->unit_n; i++) {
        const char *id = arguments->units[i];
        const uint32_t unit = psp_definition_unit(definition, id, strlen(id));
        if (unit == PSP_NONE) {
            tell_no_unit(call, id);
            return PSP_EXIT_NO;
        }
        call->units[call->unit_n++] = unit;
    }
    for (uint32_t i = 0; i < call->unit_n; i++)
        psp_report_leaves_of_unit(definition, call->units[i], call->marks);
    return PSP_EXIT_DONE;
}

/* What all shards have of each leaf. */
static int ask_reported(struct call *call)
{
    call->known = psp_memory_array(call->definition->leaf_count, sizeof *call->known);
    for (uint32_t s = 0; s < call->local->cluster->shard_count; s++) {
        struct psp_reason reason = {0};
        const enum psp_status status = psp_report_leaves_of_shard(
            call->operate, s, ANSWER_MS, call->definition->leaf_count, call->known, &reason);
        if (status == PSP_OK)
            continue;
        fprintf(stderr, "%s: shard %u: %s; nothing was reported\n", call->name, s,
                psp_reason_text(&reason, status));
        return status == PSP_ETIMEDOUT && s == 0 ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
    }
    return PSP_EXIT_DONE;
}

static void mark_reported(struct call *call)
{
    for (uint32_t leaf = 0; leaf < call->definition->leaf_count; leaf++)
        call->marks[leaf] = call->known[leaf].reported > 0;
}

/* A report of a unit is what shows it, and only finality can be taken back. */
static int refuse_unreported(const struct call *call)
{
    const struct psp_definition *definition = call->definition;
    struct psp_report_names names = {.what = "never reported: there is nothing to take back, and a "
                                             "report would show what is counted there"};
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        if (call->marks[leaf] && call->known[leaf].reported == 0)
            psp_report_names_add(&names, definition->units[definition->leaves[leaf]].id);
    const bool refused = names.n > 0;
    psp_report_names_say(&names, call->name);
    if (refused)
        fprintf(stderr, "%s: nothing was reported\n", call->name);
    return refused ? PSP_EXIT_NO : PSP_EXIT_DONE;
}

/* A unit is final when it is in every shard: after a restore of different moments some
 * shards have what others lost, and a report makes all the same. */
static void warn_lost_final(const struct call *call)
{
    const struct psp_definition *definition = call->definition;
    struct psp_report_names names = {.what =
                                         "final in some shards only, and therefore not final now; "
                                         "report it with --final"};
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        const struct psp_report_leaf *known = &call->known[leaf];
        if (known->final > 0 && known->final < call->local->cluster->shard_count)
            psp_report_names_add(&names, definition->units[definition->leaves[leaf]].id);
    }
    psp_report_names_say(&names, call->name);
}

static int mark(struct call *call)
{
    int code = call->arguments->again ? PSP_EXIT_DONE : mark_units(call);
    if (code != PSP_EXIT_DONE || !(call->arguments->again || call->arguments->not_final))
        return code;
    code = ask_reported(call);
    if (code != PSP_EXIT_DONE)
        return code;
    if (!call->arguments->again)
        return refuse_unreported(call);
    mark_reported(call);
    return PSP_EXIT_DONE;
}

/* ---- what came of it ---- */

static const char *final_word(const struct arguments *arguments)
{
    return arguments->is_final ? "yes" : arguments->not_final ? "no" : "unchanged";
}

static json_t *number_or_null(uint64_t number)
{
    return number > 0 ? psp_json_count(number) : json_null();
}

static void tell_json(const struct call *call, const struct psp_reporting *reporting,
                      const struct psp_report_units *units)
{
    json_t *shards = json_array();
    for (uint32_t s = 0; s < call->local->cluster->shard_count; s++) {
        const struct psp_reporting_shard *shard = psp_reporting_shard(reporting, s);
        const char *text = shard->said.text;
        json_array_append_new(shards, json_pack("{s:o, s:o, s:b, s:s?}", "shard", psp_json_count(s),
                                                "index", number_or_null(shard->index), "done",
                                                shard->state == PSP_REPORTING_HAS, "text",
                                                text[0] ? text : NULL));
    }
    psp_json_print(json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "number",
                             number_or_null(psp_reporting_number(reporting)), "leaves",
                             psp_json_count(call->leaves), "final", final_word(call->arguments),
                             "again", call->arguments->again, "finished",
                             number_or_null(psp_reporting_finished(reporting)), "units",
                             units ? psp_report_units_json(units) : json_null(), "shards", shards));
}

static void tell(const struct call *call, const struct psp_reporting *reporting,
                 const struct psp_report_units *units)
{
    const struct arguments *arguments = call->arguments;
    const char *what = arguments->is_final    ? ", final"
                       : arguments->not_final ? ", not final"
                       : arguments->again     ? ", again"
                                              : "";
    const uint64_t finished = psp_reporting_finished(reporting);
    const uint64_t number = psp_reporting_number(reporting);
    if (finished > 0)
        printf("report %" PRIu64 " was not in all shards yet: finished first\n", finished);
    if (number > 0)
        printf("report %" PRIu64 ": %" PRIu32 " unit%s%s\n", number, call->leaves,
               call->leaves == 1 ? "" : "s", what);
    for (uint32_t s = 0; s < call->local->cluster->shard_count; s++) {
        const struct psp_reporting_shard *shard = psp_reporting_shard(reporting, s);
        const char *text = shard->said.text;
        if (shard->state == PSP_REPORTING_HAS)
            printf("shard %u: done at index %" PRIu64 "%s%s\n", s, shard->index,
                   text[0] ? ": " : "", text);
    }
    if (units)
        psp_report_units_print(units, stdout);
}

/* What is to be done about each shard that has it not, on stderr. */
static void tell_faults(const struct call *call, const struct psp_reporting *reporting)
{
    const uint64_t number = psp_reporting_number(reporting);
    for (uint32_t s = 0; s < call->local->cluster->shard_count; s++) {
        const struct psp_reporting_shard *shard = psp_reporting_shard(reporting, s);
        if (shard->state == PSP_REPORTING_SILENT)
            fprintf(stderr, "%s: shard %u: %s; call again when `psephos status` shows a leader\n",
                    call->name, s, shard->said.text);
        if (shard->state == PSP_REPORTING_REFUSED)
            fprintf(stderr, "%s: shard %u: %s\n", call->name, s, shard->said.text);
        if (psp_reporting_other(reporting, s) > 0)
            fprintf(stderr,
                    "%s: shard %u: holds another report %" PRIu64 " than shard 0: somebody with "
                    "the operator's key told each something else; report all units anew\n",
                    call->name, s, psp_reporting_other(reporting, s));
    }
    switch (psp_reporting_end(reporting)) {
    case PSP_REPORTING_UNDER_WAY:
    case PSP_REPORTING_DONE:
        break;
    case PSP_REPORTING_NOT_BEGUN:
        fprintf(stderr, "%s: nothing was reported\n", call->name);
        break;
    case PSP_REPORTING_UNKNOWN:
        fprintf(stderr, "%s: it is not known whether report %" PRIu64 " has begun\n", call->name,
                number);
        break;
    case PSP_REPORTING_UNFINISHED:
        fprintf(stderr,
                "%s: report %" PRIu64 " is not in all shards: nothing of it is shown until the "
                "next `psephos report`, which finishes it first\n",
                call->name, number);
        break;
    }
}

static int exit_code(const struct psp_reporting *reporting)
{
    switch (psp_reporting_end(reporting)) {
    case PSP_REPORTING_DONE:
        return PSP_EXIT_DONE;
    case PSP_REPORTING_NOT_BEGUN:
        return psp_reporting_shard(reporting, 0)->state == PSP_REPORTING_SILENT
                   ? PSP_EXIT_UNREACHABLE
                   : PSP_EXIT_NO;
    case PSP_REPORTING_UNDER_WAY:
    case PSP_REPORTING_UNKNOWN:
    case PSP_REPORTING_UNFINISHED:
        break;
    }
    return PSP_EXIT_NO;
}

/* False: no collector shows it, so there are no figures to tell. */
static bool wait_shown(const struct call *call, const struct psp_reporting *reporting)
{
    const struct psp_coverage_words words = {"the report is in all shards", "it"};
    uint64_t index[PSP_SHARDS_MAX] = {0};
    struct psp_reason reason = {0};
    for (uint32_t s = 0; s < call->local->cluster->shard_count; s++)
        index[s] = psp_reporting_shard(reporting, s)->index;
    if (psp_coverage_wait(call->local->cluster, index, &words, SHOWN_MS, &reason) == PSP_OK)
        return true;
    fprintf(stderr, "%s: %s; %s\n", call->name, words.done, reason.text);
    return false;
}

static struct psp_report_units *find_units(const struct call *call,
                                           const struct psp_reporting *reporting)
{
    struct psp_reason reason = {0};
    struct psp_report_units *units = NULL;
    if (!wait_shown(call, reporting))
        return NULL;
    if (psp_report_units_find(call->local->cluster, call->definition, call->units, call->unit_n,
                              call->marks, &units, &reason) != PSP_OK)
        fprintf(stderr, "%s: the report is in all shards; what is shown now is not known: %s\n",
                call->name, reason.text);
    return units;
}

/* ---- the call ---- */

static int report(struct call *call)
{
    const struct arguments *arguments = call->arguments;
    const uint32_t shards = call->local->cluster->shard_count;
    struct psp_report wish = {.final = arguments->is_final    ? PSP_FINAL_YES
                                       : arguments->not_final ? PSP_FINAL_NO
                                                              : PSP_FINAL_UNCHANGED,
                              .again = arguments->again};
    size_t length = 0;
    uint8_t *leaves =
        psp_report_leaves_bytes(call->marks, call->definition->leaf_count, &length, &call->leaves);
    struct psp_report_units *units = NULL;
    int code = PSP_EXIT_NO;
    if (call->leaves == 0) {
        fprintf(stderr, "%s: no unit was ever reported\n", call->name);
    } else {
        wish.leaves = (struct psp_bytes){leaves, length};
        struct psp_reporting *reporting = psp_reporting_create(shards, &wish);
        psp_reporter_carry(call->operate, shards, ANSWER_MS, reporting);
        code = exit_code(reporting);
        if (code == PSP_EXIT_DONE)
            units = find_units(call, reporting);
        (arguments->json ? tell_json : tell)(call, reporting, units);
        tell_faults(call, reporting);
        if (code == PSP_EXIT_DONE && arguments->again)
            warn_lost_final(call);
        if (units)
            psp_report_units_warn(units, arguments->is_final, call->name);
        psp_report_units_destroy(&units);
        psp_reporting_destroy(&reporting);
    }
    free(leaves);
    return code;
}

static int run(struct call *call, struct psp_reason *reterr_reason)
{
    int code = PSP_EXIT_NO;
    char *key = psp_local_path(call->local, "keys/operator.key");
    if (psp_cluster_election_load(call->local->cluster, &call->definition, reterr_reason) ==
            PSP_OK &&
        psp_operate_create(call->local->cluster, key, &call->operate, reterr_reason) == PSP_OK) {
        call->marks = psp_memory_array(call->definition->leaf_count, sizeof *call->marks);
        call->units = psp_memory_array((size_t)call->arguments->unit_n + 1, sizeof *call->units);
        code = mark(call);
        if (code == PSP_EXIT_DONE)
            code = report(call);
    }
    free(key);
    free(call->marks);
    free(call->units);
    free(call->known);
    psp_operate_destroy(&call->operate);
    psp_definition_destroy(&call->definition);
    return code;
}

static int begin(int argc, char **argv, const struct argp *argp, struct arguments *arguments)
{
    struct psp_local *local = NULL;
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    if (argp_parse(argp, argc, argv, 0, NULL, arguments) != 0)
        return PSP_EXIT_USAGE;
    struct call call = {.name = argv[0], .arguments = arguments};
    if (psp_local_open(arguments->directory, &local, &reason) == PSP_OK) {
        call.local = local;
        code = run(&call, &reason);
    }
    if (reason.text[0])
        psp_fault_say(argv[0], &reason);
    psp_local_close(&local);
    return code;
}

int psp_cmd_report(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "UNIT...\n--all\n--again",
        "Reports each UNIT (its ID in election.json, of any level: all below it) as it is counted "
        "now, in every shard under one number. Where the election is published by reports, only "
        "this shows its counts; a report cannot be taken back. What an earlier call left "
        "unfinished is finished first; a shard "
        "that does not answer is named, and the call is made again." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    return begin(argc, argv, &argp, &arguments);
}

int psp_cmd_unit_complete(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "UNIT...",
        "Declares that each UNIT (its ID in election.json) has reported all its ballots: the same "
        "as `psephos report --final`." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.is_final = true};
    return begin(argc, argv, &argp, &arguments);
}
