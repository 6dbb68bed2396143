/*
 * psephos check - is this election.json fit to count with, this bridge.json fit to run?
 */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/prepare/check_bridge.h"
#include "cli/say/table.h"
#include "election/definition/definition.h"

struct arguments {
    const char *path;
    bool json;
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->path != NULL)
            argp_error(state, "only one file can be checked");
        arguments->path = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->path == NULL)
            argp_error(state, "election.json or bridge.json is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static void refuse(const struct arguments *arguments, const struct psp_reason *reason)
{
    if (arguments->json) {
        print_json(json_pack("{s:b, s:s, s:s, s:I, s:s}", "valid", 0, "file", arguments->path,
                             "pointer", reason->pointer, "line", (json_int_t)reason->line, "reason",
                             reason->text));
        return;
    }
    fprintf(stderr, "%s: ", arguments->path);
    if (reason->line > 0)
        fprintf(stderr, "line %" PRIu64 ": ", reason->line);
    if (reason->pointer[0] != '\0')
        fprintf(stderr, "%s: ", reason->pointer);
    fprintf(stderr, "%s\n", reason->text);
}

/* Of the leaves; PSP_UNSTATED unless every leaf says it. */
static uint64_t sum_of(const struct psp_definition *definition, bool registered)
{
    uint64_t sum = 0;
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++) {
        const struct psp_unit *unit = &definition->units[definition->leaves[leaf]];
        const uint64_t stated = registered ? unit->registered : unit->ballots_expected;
        if (stated == PSP_UNSTATED)
            return PSP_UNSTATED;
        sum += stated;
    }
    return sum;
}

static void hash_text(const struct psp_definition *definition, char ret_text[65])
{
    for (int i = 0; i < PSP_HASH_BYTES; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", definition->hash[i]);
}

struct line {
    const char *name, *label;
    uint64_t count;
};
enum { LINES = 10 };

static void list_counts(const struct psp_definition *definition, struct line ret_lines[LINES])
{
    const struct line lines[LINES] = {
        {"methods", "methods", definition->method_count},
        {"parties", "parties", definition->party_count},
        {"candidates", "candidates", definition->candidate_count},
        {"contests", "contests", definition->contest_count},
        {"choices", "choices", definition->choice_count},
        {"units", "units", definition->unit_count},
        {"leaves", "units with ballots", definition->leaf_count},
        {"ballot_styles", "ballot styles", definition->style_count},
        {"registered", "registered voters", sum_of(definition, true)},
        {"ballots_expected", "ballots expected", sum_of(definition, false)},
    };
    for (int i = 0; i < LINES; i++)
        ret_lines[i] = lines[i];
}

/* "immediate", or what is held back until when. */
static void publication_text(const struct psp_definition *definition, char *ret_text, size_t size)
{
    if (definition->publication == PSP_PUBLICATION_IMMEDIATE)
        snprintf(ret_text, size, "immediate: counts are shown as they come");
    else
        snprintf(ret_text, size,
                 "reports: nothing but %s is shown before a unit's report, and "
                 "a row anew by %" PRIu64 " ballots or more",
                 definition->turnout == PSP_PUBLICATION_REPORTS ? "the state" : "how many ballots",
                 definition->report_min);
}

static void accept_json(const struct arguments *arguments, const struct psp_definition *definition)
{
    char hash[65];
    struct line lines[LINES];
    hash_text(definition, hash);
    list_counts(definition, lines);
    json_t *json = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "valid", 1, "file",
                             arguments->path, "id", definition->id, "name", definition->name,
                             "date", definition->date, "definition_hash", hash, "publication",
                             psp_publication_name(definition->publication), "turnout",
                             psp_publication_name(definition->turnout), "report_min",
                             (json_int_t)definition->report_min);
    for (int i = 0; i < LINES; i++)
        json_object_set_new(json, lines[i].name,
                            lines[i].count == PSP_UNSTATED
                                ? json_null()
                                : json_integer((json_int_t)lines[i].count));
    print_json(json);
}

static void accept_text(const struct arguments *arguments, const struct psp_definition *definition)
{
    char hash[65], text[PSP_COUNT_TEXT_BYTES], publication[160];
    struct line lines[LINES];
    hash_text(definition, hash);
    list_counts(definition, lines);
    struct psp_table *table =
        psp_table_create("lr", (const char *[]){"in the definition", "count"});
    for (int i = 0; i < LINES; i++)
        psp_table_add(table,
                      (const char *[]){lines[i].label, lines[i].count == PSP_UNSTATED
                                                           ? "not stated"
                                                           : psp_count_text(lines[i].count, text)});
    printf("%s: %s, %s\n", arguments->path, definition->name, definition->date);
    psp_table_print(table, stdout);
    publication_text(definition, publication, sizeof publication);
    printf("publication %s\n", publication);
    printf("SHA-256 %s\n", hash);
    psp_table_destroy(&table);
}

int psp_cmd_check(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "election.json|bridge.json",
        "Checks an election definition, or the file of a bridge: what is wrong is told with line, "
        "JSON Pointer and reason, and the exit code is 1. man psephos-election.json and "
        "psephos-bridge have every member." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const bool is_bridge = psp_is_bridge_file(arguments.path);
    const enum psp_status status = is_bridge
                                       ? psp_check_bridge(arguments.path, arguments.json, &reason)
                                       : psp_definition_load(arguments.path, &definition, &reason);
    if (status != PSP_OK) {
        if (reason.text[0] == '\0')
            psp_reason_set(&reason, "%s", psp_status_text(status));
        refuse(&arguments, &reason);
        return PSP_EXIT_NO;
    }
    if (is_bridge)
        return PSP_EXIT_DONE;
    if (arguments.json)
        accept_json(&arguments, definition);
    else
        accept_text(&arguments, definition);
    psp_definition_destroy(&definition);
    return PSP_EXIT_DONE;
}
