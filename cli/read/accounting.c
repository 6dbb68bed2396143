/*
 * psephos accounting - the books, per shard and in all, and whether they
 * balance.
 *
 * The collector's word "balanced" is not taken: the sums are made here again.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/rest.h"
#include "cli/show/standing.h"
#include "election/books.h"

enum { OPTION_API = 256 };

struct arguments {
    const char *api, *directory;
    bool json;
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0, "of a collector, as `psephos up` prints it", 0},
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

static uint64_t count_of(const json_t *books, const char *name)
{
    const json_t *value = json_object_get(books, name);
    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : UINT64_MAX;
}

static struct psp_books books_of(const json_t *value)
{
    struct psp_books books = {0};
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_books_set(&books, i, count_of(value, psp_books_name(i)));
    return books;
}

enum { COLUMNS = PSP_DISPOSITIONS_END + 2 }; /* shard, received, dispositions, balanced */

/* The words of the API, with spaces. */
static struct psp_table *create_table(void)
{
    char alignment[COLUMNS + 1] = "lr", words[PSP_DISPOSITIONS_END][32];
    const char *headings[COLUMNS] = {"shard", "received"};
    for (int d = 1; d < PSP_DISPOSITIONS_END; d++) {
        snprintf(words[d], sizeof words[d], "%s", psp_disposition_name((enum psp_disposition)d));
        for (char *at = words[d]; (at = strchr(at, '_')) != NULL;)
            *at = ' ';
        headings[d + 1] = words[d];
        alignment[d + 1] = 'r';
    }
    headings[COLUMNS - 1] = "balanced";
    alignment[COLUMNS - 1] = 'l';
    return psp_table_create(alignment, headings);
}

static void add_line(struct psp_table *table, const char *name, const json_t *value)
{
    char text[PSP_DISPOSITIONS_END][PSP_COUNT_TEXT_BYTES];
    const struct psp_books books = books_of(value);
    const char *cells[COLUMNS] = {name, psp_count_text(books.received, text[0])};
    for (int d = 1; d < PSP_DISPOSITIONS_END; d++)
        cells[d + 1] = psp_count_text(books.disposed[d], text[d]);
    cells[COLUMNS - 1] = psp_books_balanced(&books) ? "yes" : "NO";
    psp_table_add(table, cells);
}

/* What is counted is not always shown yet. */
static void print_foot(const json_t *root, const json_t *election)
{
    const json_t *total = json_object_get(root, "total");
    const uint64_t held = count_of(total, "held"), forgotten = count_of(total, "forgotten");
    char text[PSP_COUNT_TEXT_BYTES];
    puts(psp_standing_of(election));
    printf("ballots shown: %s", psp_count_text(count_of(total, "shown"), text));
    if (held > 0)
        printf(", held until they are reported: %s", psp_count_text(held, text));
    putchar('\n');
    if (forgotten > 0)
        printf("refused, and the verdict not remembered any more: %s\n",
               psp_count_text(forgotten, text));
    if (json_is_true(json_object_get(root, "stale")))
        puts("stale: not every shard has answered of late");
}

static void print_table(const json_t *root, const json_t *election)
{
    struct psp_table *table = create_table();
    const json_t *shard;
    size_t i;
    json_array_foreach(json_object_get(root, "shards"), i, shard)
    {
        char name[32];
        snprintf(name, sizeof name, "%" PRId64,
                 (int64_t)json_integer_value(json_object_get(shard, "shard")));
        add_line(table, name, shard);
    }
    add_line(table, "total", json_object_get(root, "total"));
    psp_mode_say(psp_mode_is_test(root), stdout);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    print_foot(root, election);
}

/* Every shard balances, and the shards' sums are the total. */
static bool balanced(const json_t *root)
{
    struct psp_books sum = {0};
    const struct psp_books total = books_of(json_object_get(root, "total"));
    const json_t *shard;
    size_t i;
    bool good = psp_books_balanced(&total);
    json_array_foreach(json_object_get(root, "shards"), i, shard)
    {
        const struct psp_books books = books_of(shard);
        good = good && psp_books_balanced(&books);
        psp_books_add(&sum, &books);
    }
    return good && psp_books_same(&sum, &total);
}

/* Books of counts that some replica contradicts balance, too. */
static bool agree(struct psp_rest *api)
{
    json_t *root = NULL;
    const json_t *shard;
    size_t i;
    bool all = psp_rest_get(api, "/api/v1/shards", &root) == PSP_OK;
    if (!all)
        fprintf(stderr, "psephos accounting: %s\n", psp_rest_error(api));
    json_array_foreach(json_object_get(root, "shards"), i, shard)
    {
        if (!json_is_true(json_object_get(shard, "diverged")))
            continue;
        fprintf(stderr,
                "psephos accounting: replicas of shard %zu disagree; psephos status says which to "
                "trust\n",
                i);
        all = false;
    }
    json_decref(root);
    return all;
}

static int show(struct psp_rest *api, bool json)
{
    json_t *root = NULL, *election = NULL;
    enum psp_status status = psp_rest_get(api, "/api/v1/accounting", &root);
    if (status == PSP_OK)
        status = psp_rest_get(api, "/api/v1/election", &election);
    if (status != PSP_OK) {
        json_decref(root);
        fprintf(stderr, "psephos accounting: %s\n", psp_rest_error(api));
        return status == PSP_EUNREACHABLE ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
    }
    const bool good = balanced(root);
    if (json) {
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_table(root, election);
    }
    if (!good)
        fputs("psephos accounting: the books do not balance\n", stderr);
    json_decref(election);
    json_decref(root);
    const bool agreed = agree(api);
    return good && agreed ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

int psp_cmd_accounting(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Shows how many ballots came in and what became of them; exit code 1 when the books "
        "do not balance, or the collector knows of replicas that disagree." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_rest *api = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (!psp_rest_open(argv[0], arguments.api, arguments.directory, &api))
        return PSP_EXIT_NO;
    const int code = show(api, arguments.json);
    psp_rest_destroy(&api);
    return code;
}
