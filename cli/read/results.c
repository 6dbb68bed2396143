/*
 * psephos results - who has how many votes.
 */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/when.h"
#include "cli/show/rest.h"
#include "cli/show/results_returns.h"
#include "cli/show/results_table.h"
#include "cli/show/standing.h"

enum {
    OPTION_API = 256,
    OPTION_CONTEST,
    OPTION_LEVEL,
    OPTION_METHOD,
    OPTION_BY_METHOD,
    OPTION_LANG,
    OPTION_FORMAT,
    OPTION_WATCH,
    OPTION_JSON
};
enum { WATCH_MS = 500, ETAG_BYTES = 256, MISSES_MAX = 20 };

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_OPENELECTIONS };
static const char *const formats[] = {"table", "json", "csv", "openelections"};

struct arguments {
    const char *api, *directory, *contest, *level, *method, *language;
    enum format format;
    bool watch, by_method;
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0, "of a collector, as `psephos up` prints it", 0},
    {"dir", 'd', "DIR", 0, "or the folder of a local cluster", 0},
    {"contest", OPTION_CONTEST, "ID", 0, "one contest only", 0},
    {"level", OPTION_LEVEL, "LEVEL", 0,
     "by the units of this level (nation, state, county, precinct, or as the election has "
     "them), or leaf; default: the unit of each contest",
     0},
    {"method", OPTION_METHOD, "ID", 0, "only ballots cast so", 0},
    {"by-method", OPTION_BY_METHOD, NULL, 0, "every method by itself", 0},
    {"lang", OPTION_LANG, "TAG", 0, "names in this language of the election; default: its first",
     0},
    {"format", OPTION_FORMAT, "table|json|csv|openelections", 0,
     "openelections: every contest of every leaf unit, as published returns", 0},
    {"json", OPTION_JSON, NULL, 0, "the same as --format json", 0},
    {"watch", OPTION_WATCH, NULL, 0, "print again whenever the board moves, until Ctrl-C", 0},
    {0},
};

static int one_of(const char *value, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(value, names[i]))
            return (int)i;
    return -1;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'd':
        arguments->directory = value;
        return 0;
    case OPTION_API:
        arguments->api = value;
        return 0;
    case OPTION_CONTEST:
        arguments->contest = value;
        return 0;
    case OPTION_LEVEL:
        arguments->level = value;
        return 0;
    case OPTION_METHOD:
        arguments->method = value;
        return 0;
    case OPTION_BY_METHOD:
        arguments->by_method = true;
        return 0;
    case OPTION_LANG:
        arguments->language = value;
        return 0;
    case OPTION_FORMAT: {
        const int format = one_of(value, formats, 4);
        if (format < 0)
            argp_error(state, "--format: table, json, csv or openelections");
        arguments->format = (enum format)format;
        return 0;
    }
    case OPTION_JSON:
        arguments->format = FORMAT_JSON;
        return 0;
    case OPTION_WATCH:
        arguments->watch = true;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->api == !arguments->directory)
            argp_error(state, "either --api URL or --dir DIR");
        if (arguments->format == FORMAT_OPENELECTIONS &&
            (arguments->contest || arguments->level || arguments->method || arguments->by_method ||
             arguments->language || arguments->watch))
            argp_error(state, "--format openelections is always the whole result, once: without "
                              "--contest, --level, --method, --by-method, --lang and "
                              "--watch");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int failed(struct psp_rest *rest, enum psp_status status)
{
    fprintf(stderr, "psephos results: %s\n", psp_rest_error(rest));
    return status == PSP_EUNREACHABLE ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
}

static int print_returns(struct psp_rest *rest)
{
    struct psp_definition *definition = NULL;
    struct psp_reason fault = {0};
    const char *bytes = NULL;
    size_t n = 0;
    json_t *root = NULL;
    struct psp_reason reason = {0};
    enum psp_status status = psp_rest_text(rest, "/api/v1/election/definition", &bytes, &n);
    if (status != PSP_OK)
        return failed(rest, status);
    if (psp_definition_parse(bytes, n, &definition, &fault) != PSP_OK) {
        fprintf(stderr, "psephos results: the collector's election.json: %s: %s\n", fault.pointer,
                fault.text);
        return PSP_EXIT_NO;
    }
    status = psp_rest_list(rest, "/api/v1/results?level=leaf", "results", &root);
    int code = PSP_EXIT_DONE;
    if (status != PSP_OK) {
        code = failed(rest, status);
    } else if (psp_results_returns_print(json_object_get(root, "results"), definition,
                                         psp_mode_is_test(root), stdout, &reason) != PSP_OK) {
        psp_fault_say("psephos results", &reason);
        code = PSP_EXIT_NO;
    } else {
        psp_standing_say_held("psephos results", json_object_get(root, "results"), stderr);
    }
    json_decref(root);
    psp_definition_destroy(&definition);
    return code;
}

/* Lines of the terminal that the live table has for itself; 0: no terminal. */
static size_t live_lines(const struct arguments *arguments)
{
    enum { LINES_BELOW = 6, LINES_UNKNOWN = 24 };
    struct winsize size = {0};
    if (!arguments->watch || !isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row <= LINES_BELOW)
        return LINES_UNKNOWN - LINES_BELOW;
    return size.ws_row - LINES_BELOW;
}

/* What is true of all tables. */
static void print_foot(const json_t *root, const json_t *election)
{
    const char *as_of = json_string_value(json_object_get(root, "as_of"));
    const char *publication = json_string_value(json_object_get(root, "publication"));
    char when[PSP_WHEN_BYTES];
    psp_when_zone(
        json_string_value(json_object_get(json_object_get(election, "election"), "time_zone")));
    printf("\n%s; unofficial, %s%s\n", psp_standing_of(election),
           as_of ? "as of " : "nothing counted yet", as_of ? psp_when_text(as_of, when) : "");
    if (publication && !strcmp(publication, "reports"))
        puts("votes are shown as of each unit's last report");
    if (json_is_true(json_object_get(root, "stale")))
        puts("stale: not every shard has answered of late");
}

static void print(const struct psp_rest *rest, const struct arguments *arguments,
                  const json_t *root, const json_t *election, const json_t *contests)
{
    const json_t *parties = json_object_get(json_object_get(election, "election"), "parties");
    const json_t *results = json_object_get(root, "results");
    const size_t lines = live_lines(arguments);
    const bool test = psp_mode_is_test(root);
    switch (arguments->format) {
    case FORMAT_TABLE:
        if (lines)
            fputs("\033[H\033[J", stdout);
        psp_mode_say(test, stdout);
        if (json_array_size(results) == 0 && arguments->level)
            printf("this election has no unit of level %s\n", arguments->level);
        psp_results_table_print(results, contests, parties, lines > 0 && test ? lines - 1 : lines,
                                stdout);
        if (lines)
            printf("\npage %s/", psp_rest_address(rest));
        print_foot(root, election);
        return;
    case FORMAT_JSON:
        json_dumpf(root, stdout, arguments->watch ? JSON_COMPACT : JSON_INDENT(2));
        putchar('\n');
        return;
    case FORMAT_CSV:
        psp_results_table_csv(results, contests, test, stdout);
        psp_standing_say_held("psephos results", results, stderr);
        return;
    case FORMAT_OPENELECTIONS:
        return;
    }
}

/* The path with what was asked for, "?name=value&...", escaped. */
static char *path_of(const char *path, const char *const names[], const char *const values[],
                     size_t n)
{
    char *whole = psp_memory_print("%s", path), mark = '?';
    for (size_t i = 0; i < n; i++) {
        if (!values[i])
            continue;
        char *value = psp_http_client_escape(values[i]);
        char *longer = psp_memory_print("%s%c%s=%s", whole, mark, names[i], value);
        free(value);
        free(whole);
        whole = longer;
        mark = '&';
    }
    return whole;
}

static char *named_path(const struct arguments *arguments, const char *path)
{
    return path_of(path, (const char *const[]){"lang"}, (const char *const[]){arguments->language},
                   1);
}

static char *results_path(const struct arguments *arguments)
{
    static const char *const names[] = {"contest", "level", "method", "by", "lang"};
    const char *const values[] = {arguments->contest, arguments->level, arguments->method,
                                  arguments->by_method ? "method" : NULL, arguments->language};
    return path_of("/api/v1/results", names, values, sizeof names / sizeof *names);
}

/* Waits until the board's version is another one than `etag` says. */
static enum psp_status wait_newer(struct psp_rest *rest, char *etag)
{
    int misses = 0;
    for (;;) {
        json_t *root = NULL;
        const enum psp_status status = psp_rest_get_newer(rest, "/api/v1/accounting", etag, &root);
        json_decref(root);
        if (status == PSP_OK)
            return PSP_OK;
        /* A collector that restarts is worth waiting for. */
        if (status != PSP_STALE && ++misses > MISSES_MAX)
            return status;
        usleep(WATCH_MS * 1000);
    }
}

/* Prints once, or again and again with --watch. */
static int print_all(struct psp_rest *rest, const struct arguments *arguments,
                     const json_t *contests)
{
    char *path = results_path(arguments), *about = named_path(arguments, "/api/v1/election");
    char etag[ETAG_BYTES] = "";
    enum psp_status status = PSP_OK;
    int code = PSP_EXIT_DONE;
    for (bool again = true; again && code == PSP_EXIT_DONE;) {
        json_t *root = NULL, *election = NULL;
        again = arguments->watch && !ferror(stdout);
        if (again)
            status = wait_newer(rest, etag);
        if (status == PSP_OK)
            status = psp_rest_list(rest, path, "results", &root);
        if (status == PSP_OK)
            status = psp_rest_get(rest, about, &election);
        if (status == PSP_OK)
            print(rest, arguments, root, election, contests);
        else
            code = failed(rest, status);
        fflush(stdout);
        json_decref(election);
        json_decref(root);
        if (again && code == PSP_EXIT_DONE)
            usleep(WATCH_MS * 1000);
    }
    free(about);
    free(path);
    return code;
}

static int show(struct psp_rest *rest, const struct arguments *arguments)
{
    if (arguments->format == FORMAT_OPENELECTIONS)
        return print_returns(rest);
    json_t *contests = NULL;
    char *path = named_path(arguments, "/api/v1/contests");
    const enum psp_status status = psp_rest_list(rest, path, "contests", &contests);
    const int code = status == PSP_OK
                         ? print_all(rest, arguments, json_object_get(contests, "contests"))
                         : failed(rest, status);
    json_decref(contests);
    free(path);
    return code;
}

int psp_cmd_results(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Shows who has how many votes, true as of one version of the board. Unofficial, like "
        "every count before it is certified. man psephos-formats has the columns of "
        "--format openelections." PSP_EXIT_HELP,
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_rest *rest = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (!psp_rest_open(argv[0], arguments.api, arguments.directory, &rest))
        return PSP_EXIT_NO;
    const int code = show(rest, &arguments);
    psp_rest_destroy(&rest);
    return code;
}
