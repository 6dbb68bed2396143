/*
 * psephos export - one version of the results as a file for other programs.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/export/export.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/say/when.h"

enum { OPTION_API = 256 };

static const struct format {
    const char *name;
    enum psp_status (*write)(const struct psp_export *export, struct psp_export_done *ret_done,
                             struct psp_reason *reterr_reason);
} formats[] = {
    {"sqlite", psp_export_sqlite},
    {"openelections", psp_export_openelections},
};

struct arguments {
    const char *api, *directory, *file;
    const struct format *format;
    bool json;
};

static const struct argp_option options[] = {
    {"api", OPTION_API, "URL", 0, "of a collector, as `psephos up` prints it", 0},
    {"dir", 'd', "DIR", 0, "or the folder of a local cluster", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static const struct format *format_of(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
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
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "one FILE; \"%s\" is too much", value);
        if (state->arg_num == 1)
            arguments->file = value;
        else if (!(arguments->format = format_of(value)))
            argp_error(state, "no format is called \"%s\"; there are: sqlite, openelections",
                       value);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->file)
            argp_error(state, "a format and a FILE to write, such as: sqlite results.db");
        if (!arguments->api == !arguments->directory)
            argp_error(state, "either --api URL or --dir DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static json_t *json_of(const struct arguments *arguments, const struct psp_export_done *done)
{
    const json_t *version = json_object_get(done->election, "version");
    json_t *rows = json_object();
    for (size_t i = 0; i < done->table_count; i++)
        json_object_set_new(rows, done->tables[i].name, psp_json_count(done->tables[i].rows));
    return json_pack("{s:s, s:s, s:O, s:O?, s:O?, s:O?, s:o, s:I}", "file", arguments->file,
                     "format", arguments->format->name, "version", version, "as_of",
                     json_object_get(done->election, "as_of"), "stale",
                     json_object_get(done->election, "stale"), "mode",
                     json_object_get(done->election, "mode"), "rows", rows, "held",
                     (json_int_t)done->held);
}

static void say(const struct arguments *arguments, const struct psp_export_done *done)
{
    const char *as_of = json_string_value(json_object_get(done->election, "as_of"));
    char count[PSP_COUNT_TEXT_BYTES], when[PSP_WHEN_BYTES];
    psp_mode_say(psp_mode_is_test(done->election), stdout);
    for (size_t i = 0; i < done->table_count; i++)
        printf("%-12s %12s\n", done->tables[i].name, psp_count_text(done->tables[i].rows, count));
    if (done->held > 0)
        printf("results that are held, and have no votes here: %s\n",
               psp_count_text(done->held, count));
    printf("%s: one version, unofficial, %s%s\n", arguments->file,
           as_of ? "as of " : "nothing counted yet", as_of ? psp_when_text(as_of, when) : "");
    if (json_is_true(json_object_get(done->election, "stale")))
        puts("stale: not every shard had answered of late");
}

static int write_file(const struct psp_export *export, const struct arguments *arguments)
{
    struct psp_export_done done = {0};
    struct psp_reason reason = {0};
    const enum psp_status status = arguments->format->write(export, &done, &reason);
    if (status != PSP_OK) {
        if (!reason.text[0])
            psp_reason_set_status(&reason, arguments->file, status);
        psp_fault_say("psephos export", &reason);
    } else if (arguments->json) {
        psp_json_print(json_of(arguments, &done));
    } else {
        say(arguments, &done);
    }
    json_decref(done.election);
    return status == PSP_OK             ? PSP_EXIT_DONE
           : status == PSP_EUNREACHABLE ? PSP_EXIT_UNREACHABLE
                                        : PSP_EXIT_NO;
}

int psp_cmd_export(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "sqlite FILE\nopenelections FILE",
        "Writes one version of the results, every level and method, into FILE. What stood there "
        "is replaced when the new file is whole, and not before.\n\n"
        "sqlite: tables and views as docs/sql.md has them, for sqlite3, pandas, R, DuckDB or "
        "a spreadsheet.\n"
        "openelections: CSV as OpenElections' files, a column for each method, and where it is "
        "from in FILE.source.json; man psephos-formats has the columns." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_export export = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    export.path = arguments.file;
    if (!psp_rest_open(argv[0], arguments.api, arguments.directory, &export.rest))
        return PSP_EXIT_NO;
    const int code = write_file(&export, &arguments);
    psp_rest_destroy(&export.rest);
    return code;
}
