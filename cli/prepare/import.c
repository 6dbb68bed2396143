/*
 * psephos import - published returns (CSV) into an election definition.
 */
#include "cli/prepare/import.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/file.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/say/table.h"
#include "election/import/guess.h"
#include "election/import/import.h"

#define MAP_BYTES_MAX ((size_t)64 << 20)

enum { KEY_ID = 256, KEY_NAME, KEY_DATE, KEY_MAP, KEY_MAP_OBJECT, KEY_FORCE };

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0, "folder for election.json; made when it is not there", 0},
    {"id", KEY_ID, "ID", 0, "of the election (default: from the file's name)", 0},
    {"name", KEY_NAME, "NAME", 0, "of the election (default: the file's name)", 0},
    {"date", KEY_DATE, "YYYY-MM-DD", 0,
     "of the election (default: election day of the year in the file's name)", 0},
    {"map", KEY_MAP, "FILE", 0, "TopoJSON of the units; copied into DIR", 0},
    {"map-object", KEY_MAP_OBJECT, "NAME", 0,
     "object of the map whose geometry IDs are the units' codes", 0},
    {"force", KEY_FORCE, NULL, 0, "overwrite an election.json that is there", 0},
    {0},
};

struct arguments {
    struct psp_import_call call;
    bool json;
};

static const struct argp_child children[] = {
    {&psp_option_publication, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct psp_import_call *call = &arguments->call;
    switch (key) {
    case 'o':
        call->out = value;
        return 0;
    case KEY_ID:
        call->id = value;
        return 0;
    case KEY_NAME:
        call->name = value;
        return 0;
    case KEY_DATE:
        call->date = value;
        return 0;
    case KEY_MAP:
        call->map_file = value;
        return 0;
    case KEY_MAP_OBJECT:
        call->map_object = value;
        return 0;
    case KEY_FORCE:
        call->force = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &call->publication;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case ARGP_KEY_ARG:
        if (call->returns != NULL)
            argp_error(state, "only one RETURNS.csv can be imported");
        call->returns = value;
        return 0;
    case ARGP_KEY_END:
        if (call->returns == NULL)
            argp_error(state, "RETURNS.csv is missing");
        if (call->out == NULL)
            argp_error(state, "--out is missing");
        if ((call->map_file == NULL) != (call->map_object == NULL))
            argp_error(state, "--map and --map-object belong together");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

bool psp_import_may_write(const char *command, const char *path, bool force)
{
    if (force || access(path, F_OK) != 0)
        return true;
    fprintf(stderr, "%s: %s is there already; --force overwrites it\n", command, path);
    return false;
}

static char *path_in(const char *folder, const char *file)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, file) < 0 ? NULL : path;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool load(const struct psp_import_call *call, struct psp_returns **ret_returns)
{
    struct psp_reason reason = {0};
    const enum psp_status status = psp_returns_load(call->returns, ret_returns, &reason);
    if (status == PSP_OK)
        return true;
    if (status == PSP_ENOMEM)
        psp_reason_set(&reason, "%s", psp_status_text(status));
    if (reason.line > 0 && reason.column > 0)
        fprintf(stderr, "%s: %s: line %" PRIu64 ", column %" PRIu32 ": %s\n", call->command,
                call->returns, reason.line, reason.column, reason.text);
    else if (reason.line > 0)
        fprintf(stderr, "%s: %s: line %" PRIu64 ": %s\n", call->command, call->returns, reason.line,
                reason.text);
    else
        fprintf(stderr, "%s: %s: %s\n", call->command, call->returns, reason.text);
    return false;
}

/* Makes the definition's text and reads it back, as every process will: what
 * breaks a limit is told now and not at `up`. */
static bool make_text(const struct psp_import_call *call, struct psp_import_done *done,
                      char **ret_text, size_t *ret_bytes)
{
    const struct psp_import_guess guess = psp_import_guess(call->returns);
    const struct psp_import_options about = {
        .id = call->id != NULL ? call->id : guess.id,
        .name = call->name != NULL ? call->name : guess.name,
        .date = call->date != NULL ? call->date : guess.date,
        .map_file = call->map_file != NULL ? last_part(call->map_file) : NULL,
        .map_object = call->map_object,
        .publication = call->publication,
    };
    if (call->date == NULL && !guess.year_known)
        fprintf(stderr, "%s: no year in the file's name: the date is %s; --date sets it\n",
                call->command, guess.date);
    struct psp_reason reason = {0};
    struct psp_reason csv_fault = {0};
    enum psp_status status = psp_import(done->returns, &about, ret_text, ret_bytes);
    if (status == PSP_OK)
        status = psp_definition_parse(*ret_text, *ret_bytes, &done->definition, &reason);
    if (status == PSP_OK)
        status = psp_returns_bind(done->returns, done->definition, &done->binding, &csv_fault);
    if (status == PSP_OK)
        return true;
    if (reason.text[0] != '\0')
        fprintf(stderr, "%s: the election made of %s is refused: %s: %s\n", call->command,
                call->returns, reason.pointer, reason.text);
    else
        fprintf(stderr, "%s: %s: %s\n", call->command, call->returns,
                csv_fault.text[0] != '\0' ? csv_fault.text : psp_status_text(status));
    return false;
}

static bool write_file(const char *command, const char *path, const void *data, size_t bytes)
{
    const enum psp_status status = psp_file_write(path, data, bytes, 0644);
    if (status != PSP_OK)
        fprintf(stderr, "%s: cannot write %s: %s\n", command, path, psp_status_text(status));
    return status == PSP_OK;
}

static bool copy_map(const struct psp_import_call *call)
{
    if (call->map_file == NULL)
        return true;
    char *data = NULL, *path = path_in(call->out, last_part(call->map_file));
    size_t bytes;
    const enum psp_status status = psp_file_read(call->map_file, MAP_BYTES_MAX, &data, &bytes);
    bool copied = false;
    if (status != PSP_OK)
        fprintf(stderr, "%s: cannot read %s: %s\n", call->command, call->map_file,
                psp_status_text(status));
    else
        copied = path != NULL && write_file(call->command, path, data, bytes);
    free(data);
    free(path);
    return copied;
}

bool psp_import_to_folder(const struct psp_import_call *call, struct psp_import_done *ret_done)
{
    struct psp_import_done done = {0};
    char *path = path_in(call->out, "election.json"), *text = NULL;
    size_t bytes = 0;
    bool imported = path != NULL && psp_import_may_write(call->command, path, call->force) &&
                    load(call, &done.returns) && make_text(call, &done, &text, &bytes);
    if (imported && psp_file_make_folder(call->out, 0755) != PSP_OK) {
        fprintf(stderr, "%s: cannot make the folder %s: %s\n", call->command, call->out,
                strerror(errno));
        imported = false;
    }
    imported = imported && copy_map(call) && write_file(call->command, path, text, bytes);
    free(text);
    free(path);
    if (imported)
        *ret_done = done;
    else
        psp_import_done_release(&done);
    return imported;
}

void psp_import_done_release(struct psp_import_done *done)
{
    psp_returns_binding_destroy(&done->binding);
    psp_definition_destroy(&done->definition);
    psp_returns_destroy(&done->returns);
}

static uint64_t votes_of(const struct psp_returns *returns)
{
    uint64_t votes = 0;
    for (size_t i = 0; i < returns->n; i++)
        votes += returns->rows[i].votes;
    return votes;
}

static void print_json(const struct arguments *arguments, const struct psp_import_done *done)
{
    const struct psp_definition *definition = done->definition;
    json_t *json = json_pack(
        "{s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "election",
        json_sprintf("%s/election.json", arguments->call.out), "id", definition->id, "name",
        definition->name, "date", definition->date, "rows", (json_int_t)done->returns->n, "votes",
        (json_int_t)votes_of(done->returns), "units", (json_int_t)definition->unit_count, "leaves",
        (json_int_t)definition->leaf_count, "contests", (json_int_t)definition->contest_count,
        "choices", (json_int_t)definition->choice_count, "ballot_styles",
        (json_int_t)definition->style_count, "ballots", (json_int_t)done->binding->ballots);
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}

static void print_text(const struct arguments *arguments, const struct psp_import_done *done)
{
    const struct psp_definition *definition = done->definition;
    char counts[5][PSP_COUNT_TEXT_BYTES];
    printf("%s/election.json: %s, %s\n", arguments->call.out, definition->name, definition->date);
    printf("%s rows, %s votes: %s contests in %s units, %s ballots\n",
           psp_count_text(done->returns->n, counts[0]),
           psp_count_text(votes_of(done->returns), counts[1]),
           psp_count_text(definition->contest_count, counts[2]),
           psp_count_text(definition->leaf_count, counts[3]),
           psp_count_text(done->binding->ballots, counts[4]));
}

int psp_cmd_import(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "RETURNS.csv",
        "Makes DIR/election.json from published returns: CSV with the header "
        "state,county,county_fips,precinct,office,district,party,candidate,votes; a row for each "
        "unit, contest and choice, and what is empty of the unit's columns is left out of the "
        "tree. man psephos-formats has every column." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.call.command = "psephos import"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    struct psp_import_done done;
    if (!psp_import_to_folder(&arguments.call, &done))
        return PSP_EXIT_NO;
    if (arguments.json)
        print_json(&arguments, &done);
    else
        print_text(&arguments, &done);
    psp_import_done_release(&done);
    return fflush(stdout) == 0 ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
