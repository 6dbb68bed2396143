/*
 * psephos stations - the books by station: who sent how many ballots, and what became
 * of them.
 *
 * Who sends what is for operators: a collector tells it on their address only.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/rest.h"
#include "election/station_books.h"

enum { OPTION_API = 256, COLUMNS = 3 + PSP_STATION_COUNTERS /* number, name, units */ };

struct arguments {
    const char *api, *directory;
    bool json;
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0, "of a collector's address for operators", 0},
    {"dir", 'd', "DIR", 0, "or the folder of a local cluster", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

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
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->api == !arguments->directory)
            argp_error(state, "either --api URL or --dir DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The words of the API, with spaces. */
static struct psp_table *create_table(void)
{
    char alignment[COLUMNS + 1] = "rll", words[PSP_STATION_COUNTERS][32];
    const char *headings[COLUMNS] = {"number", "name", "units"};
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++) {
        snprintf(words[i], sizeof words[i], "%s", psp_station_books_name(i));
        for (char *at = words[i]; (at = strchr(at, '_')) != NULL;)
            *at = ' ';
        headings[3 + i] = words[i];
        alignment[3 + i] = 'r';
    }
    return psp_table_create(alignment, headings);
}

/* "all", the IDs of a few, or how many; the caller frees. */
static char *units_text(const json_t *station)
{
    const json_t *units = json_object_get(station, "units"), *name;
    const size_t n = json_array_size(units);
    size_t i;
    if (!json_is_array(units))
        return psp_memory_copy(json_is_null(json_object_get(station, "name")) ? "" : "all");
    if (n > 3)
        return psp_memory_print("%zu units", n);
    char *text = psp_memory_copy("");
    json_array_foreach(units, i, name)
    {
        char *longer = psp_memory_print("%s%s%s", text, i > 0 ? ", " : "", json_string_value(name));
        free(text);
        text = longer;
    }
    return text;
}

static struct psp_station_books books_of(const json_t *station)
{
    struct psp_station_books books = {0};
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        psp_station_books_set(
            &books, i,
            (uint64_t)json_integer_value(json_object_get(station, psp_station_books_name(i))));
    return books;
}

static void add_line(struct psp_table *table, const char *number, const char *name,
                     const char *units, const struct psp_station_books *books)
{
    char text[PSP_STATION_COUNTERS][PSP_COUNT_TEXT_BYTES];
    const char *cells[COLUMNS] = {number, name, units};
    for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++)
        cells[3 + i] = psp_count_text(psp_station_books_get(books, i), text[i]);
    psp_table_add(table, cells);
}

static void print_table(const json_t *root)
{
    struct psp_table *table = create_table();
    struct psp_station_books sum = {0};
    const json_t *station;
    size_t i;
    json_array_foreach(json_object_get(root, "stations"), i, station)
    {
        const struct psp_station_books books = books_of(station);
        const char *name = json_string_value(json_object_get(station, "name"));
        char number[32], *units = units_text(station);
        snprintf(number, sizeof number, "%" PRId64,
                 (int64_t)json_integer_value(json_object_get(station, "number")));
        add_line(table, number, name ? name : "", units, &books);
        psp_station_books_add(&sum, &books);
        free(units);
    }
    add_line(table, "total", "", "", &sum);
    psp_mode_say(psp_mode_is_test(root), stdout);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    if (json_is_true(json_object_get(root, "stale")))
        puts("stale: not every shard has answered of late");
}

static int show(struct psp_rest *api, bool json)
{
    json_t *root = NULL;
    const enum psp_status status = psp_rest_get(api, "/stations", &root);
    if (status != PSP_OK) {
        fprintf(
            stderr, "psephos stations: %s%s\n", psp_rest_error(api),
            strstr(psp_rest_error(api), "HTTP 404")
                ? "; it is on a collector's address for operators (`http_local` of cluster.json)"
                : "");
        return status == PSP_EUNREACHABLE ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
    }
    if (json) {
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_table(root);
    }
    const bool good = !json_is_false(json_object_get(root, "balanced"));
    if (!good)
        fputs("psephos stations: the books by station do not add up to the books\n", stderr);
    json_decref(root);
    return good ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

int psp_cmd_stations(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Shows how many ballots each station has sent and what became of them. Stations that have "
        "sent none are left out (`psephos client list` has all); exit code 1 when they do not add "
        "up "
        "to the books. forgotten: refused ballots whose "
        "verdict is not remembered any more; sent again, they are refused anew, not "
        "replayed." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_rest *api = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (!psp_rest_open_local(argv[0], arguments.api, arguments.directory, &api))
        return PSP_EXIT_NO;
    const int code = show(api, arguments.json);
    psp_rest_destroy(&api);
    return code;
}
