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
#include "base/text/utf8.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/prepare/people.h"
#include "cli/returns/load.h"
#include "cli/returns/record.h"
#include "cli/returns/report_say.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/table.h"
#include "election/import/guess.h"
#include "election/import/import.h"
#include "election/import/meaning/undervotes.h"
#include "election/returns/state_names.h"

#define MAP_BYTES_MAX ((size_t)64 << 20)

enum {
    KEY_ID = 256,
    KEY_NAME,
    KEY_DATE,
    KEY_MAP,
    KEY_MAP_OBJECT,
    KEY_FORCE,
    KEY_STRICT,
    KEY_DRY_RUN,
    KEY_CANDIDATES,
    KEY_VOTERS,
    KEY_POSTGRES
};

static const struct argp_option options_taken[] = {
    {"out", 'o', "DIR", 0, "folder for election.json; made when it is not there", 0},
    {"id", KEY_ID, "ID", 0, "of the election (default: from the file's name)", 0},
    {"name", KEY_NAME, "NAME", 0, "of the election (default: the file's name)", 0},
    {"date", KEY_DATE, "YYYY-MM-DD", 0,
     "of the election (default: election day of the year in the file's name)", 0},
    {"map", KEY_MAP, "FILE", 0, "TopoJSON of the units; copied into DIR", 0},
    {"map-object", KEY_MAP_OBJECT, "NAME", 0,
     "object of the map whose geometry IDs are the units' codes", 0},
    {"force", KEY_FORCE, NULL, 0, "overwrite an election.json that is there", 0},
    {"strict", KEY_STRICT, NULL, 0, "write nothing, and exit with 1, when there is a report", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "print the report only", 0},
    {"candidates", KEY_CANDIDATES, "FILE", 0,
     "in place of returns, with --voters: the candidates of the Kafka demos, as lines of JSON or "
     "their table as CSV",
     0},
    {"voters", KEY_VOTERS, "FILE", 0,
     "their voters, in the same forms: makes DIR/roll.csv, too, and a unit of each state", 0},
    {"postgres", KEY_POSTGRES, "CONNINFO", 0,
     "in place of both files: their tables candidates and voters, as in 'dbname=voting host=db1'",
     0},
    {0},
};

struct arguments {
    struct psp_import_call call;
    struct psp_people_from from; /* in place of returns */
    bool json;
};

static const struct argp_child children[] = {{&psp_option_publication, 0, NULL, 0},
                                             {&psp_option_json, 0, NULL, 0},
                                             {&psp_option_returns, 0, NULL, 0},
                                             {&psp_option_returns_made, 0, NULL, 0},
                                             {0}};

/* Of how returns are read, only what a line of people can have. */
static void check_people(const struct arguments *arguments, struct argp_state *state)
{
    struct psp_returns_how rest = arguments->call.how;
    rest.faulty = rest.root = NULL;
    if (!arguments->from.candidates != !arguments->from.voters)
        argp_error(state, "--candidates and --voters belong together");
    if (arguments->from.candidates && arguments->from.postgres)
        argp_error(state, "--postgres, or --candidates and --voters");
    if (arguments->call.returns_n > 0)
        argp_error(state, "RETURNS.csv, or --candidates and --voters, or --postgres");
    if (psp_returns_how_given(&rest) || arguments->call.map_file != NULL)
        argp_error(state, "with --candidates and --voters go --id, --name, --date, --root, "
                          "--faulty, and how counts are shown; with --postgres, too");
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const struct psp_import_call *call = &arguments->call;
    const bool people = arguments->from.candidates != NULL || arguments->from.voters != NULL ||
                        arguments->from.postgres != NULL;
    if (call->returns_n == 0 && !people)
        argp_error(state, "RETURNS.csv is missing");
    if (call->out == NULL && !call->dry_run)
        argp_error(state, "--out is missing");
    if ((call->map_file == NULL) != (call->map_object == NULL))
        argp_error(state, "--map and --map-object belong together");
    if (people)
        check_people(arguments, state);
}

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
        state->child_inputs[2] = state->child_inputs[3] = &call->how;
        return 0;
    case KEY_STRICT:
        call->strict = true;
        return 0;
    case KEY_CANDIDATES:
        arguments->from.candidates = value;
        return 0;
    case KEY_VOTERS:
        arguments->from.voters = value;
        return 0;
    case KEY_POSTGRES:
        arguments->from.postgres = value;
        return 0;
    case KEY_DRY_RUN:
        call->dry_run = true;
        return 0;
    case ARGP_KEY_ARGS:
        call->returns = (const char *const *)state->argv + state->next;
        call->returns_n = (size_t)(state->argc - state->next);
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
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

/* A primary with one ballot for voters of all parties: whoever comes first and second goes on. */
static bool one_for_all(const struct psp_file_facts *facts)
{
    static const struct {
        const char *state, *since;
    } states[] = {{"AK", "2021"}, {"CA", "2011"}, {"LA", "1975"}, {"WA", "2008"}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].state, facts->state) == 0)
            return strcmp(facts->date, states[i].since) >= 0;
    return false;
}

/* Equal texts have one address. */
static bool parties_differ(const struct psp_returns *returns)
{
    const char *first = NULL;
    for (size_t i = 0; i < returns->n; i++) {
        const char *party = returns->rows[i].text[PSP_COLUMN_PARTY];
        if (returns->rows[i].kind != PSP_ROW_LINE || party[0] == '\0' || party == first ||
            psp_import_guess_nonpartisan(party))
            continue;
        if (first != NULL)
            return true;
        first = party;
    }
    return false;
}

/* Unless it is told whether this is a primary, the files' names say it. */
static void find_primary(struct psp_returns_options *options, struct psp_import_done *done)
{
    const struct psp_returns *returns = done->returns;
    uint32_t named = 0, closed = 0;
    for (uint32_t i = 0; i < returns->file_count; i++) {
        const struct psp_file_facts facts = psp_file_facts(returns->files[i]);
        named += facts.primary;
        closed += facts.primary && !one_for_all(&facts);
    }
    if (options->primary_told || named == 0 || !parties_differ(returns))
        return;
    options->primary = closed == returns->file_count;
    for (uint32_t i = 0; i < returns->file_count; i++)
        if (psp_file_facts(returns->files[i]).primary)
            psp_report_add(&done->report,
                           options->primary ? PSP_REPORT_PRIMARY_PARTIES : PSP_REPORT_PRIMARY,
                           returns->files[i], 0, "%s", last_part(returns->files[i]));
}

/* Reads the files; what there is to say of them is in the report. */
static bool load(const struct psp_import_call *call, struct psp_returns_options *ret_options,
                 struct psp_import_done *done)
{
    struct psp_reason reason = {0};
    if (psp_returns_how_resolve(&call->how, NULL, ret_options, &reason) != PSP_OK) {
        psp_fault_say(call->command, &reason);
        return false;
    }
    const enum psp_status status = psp_returns_load(call->returns, call->returns_n, ret_options,
                                                    &done->report, &done->returns);
    if (status == PSP_ENOMEM)
        fprintf(stderr, "%s: %s\n", call->command, psp_status_text(status));
    if (status == PSP_OK)
        find_primary(ret_options, done);
    return status == PSP_OK;
}

static const char *date_of(const struct psp_import_call *call, const struct psp_returns *returns,
                           const struct psp_import_guess *guess)
{
    if (call->date != NULL)
        return call->date;
    if (returns->date[0] != '\0')
        return returns->date;
    if (!guess->year_known)
        fprintf(stderr, "%s: no year in the file's name: the date is %s; --date sets it\n",
                call->command, guess->date);
    return guess->date;
}

/* Constituencies of India do not lie in the United States. */
static void say_root(const struct psp_import_call *call, const struct psp_returns *returns)
{
    const char *first = NULL, *last = NULL;
    for (size_t i = 0; i < returns->n; i++) {
        const char *state = returns->rows[i].text[PSP_COLUMN_STATE];
        if (state[0] == '\0' || state == last)
            continue;
        if (psp_state_known(state))
            return;
        first = first != NULL ? first : state;
        last = state;
    }
    if (first == NULL)
        fprintf(stderr,
                "%s: no row has a state, and all lie in the United States: --root NAME names the "
                "unit that they lie in\n",
                call->command);
    else
        fprintf(stderr,
                "%s: no state is an American one (the first is \"%s\"), and all lie in the United "
                "States: --root NAME names the unit that they lie in\n",
                call->command, psp_shown(first, strlen(first)).text);
}

/* A limit that files reach when their units are not read. */
static const char *to_do_about(const struct psp_reason *reason)
{
    static const char styles[] = "/ballot_styles/", contests[] = "/contests";
    const size_t bytes = strlen(reason->pointer), end = sizeof contests - 1;
    return strncmp(reason->pointer, styles, sizeof styles - 1) == 0 && bytes > end &&
                   strcmp(reason->pointer + bytes - end, contests) == 0
               ? "; a unit has more contests than a ballot can: --columns precinct=THEIRS names "
                 "the "
                 "column of the units below it, and rows of contests that it does not vote in (all "
                 "votes 0) are best left out of the file"
               : "";
}

/* Makes the definition's text and reads it back, as every process will: what
 * breaks a limit is told now and not at `up`. */
static bool make_text(const struct psp_import_call *call, const struct psp_returns_options *options,
                      struct psp_import_done *done, char **ret_text, size_t *ret_bytes)
{
    size_t unknown = 0;
    const struct psp_import_guess guess = psp_import_guess(call->returns[0]);
    const struct psp_import_options about = {
        .id = call->id != NULL ? call->id : guess.id,
        .name = call->name != NULL ? call->name : guess.name,
        .date = date_of(call, done->returns, &guess),
        .map_file = call->map_file != NULL ? last_part(call->map_file) : NULL,
        .map_object = call->map_object,
        .publication = call->publication,
        .root = options->root[0] != '\0' ? options->root : NULL,
        .seats = options->seats,
        .primary = options->primary,
        .seats_n = options->seats_n,
    };
    struct psp_reason reason = {0};
    struct psp_reason csv_fault = {0};
    if (about.root == NULL)
        say_root(call, done->returns);
    enum psp_status status = psp_import(done->returns, &about, ret_text, ret_bytes, &unknown);
    if (status == PSP_EINVAL)
        psp_reason_set(&csv_fault, "--seats: there is no contest \"%s\"",
                       options->seats[unknown].contest);
    if (status == PSP_OK)
        status = psp_definition_parse(*ret_text, *ret_bytes, &done->definition, &reason);
    if (status == PSP_OK)
        status = psp_returns_bind(done->returns, done->definition, &done->binding, &csv_fault);
    if (status == PSP_OK) {
        if (!options->meaning.keep_all)
            psp_meaning_undervotes(done->returns, done->definition, done->binding, &done->report);
        return true;
    }
    if (reason.text[0] != '\0')
        fprintf(stderr, "%s: the election made of %s is refused: %s: %s%s\n", call->command,
                call->returns[0], reason.pointer, reason.text, to_do_about(&reason));
    else
        fprintf(stderr, "%s: %s: %s\n", call->command, call->returns[0],
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

/* The folder with all that belongs into it; election.json comes last. */
static bool write_folder(const struct psp_import_call *call,
                         const struct psp_returns_options *options,
                         const struct psp_import_done *done, const char *text, size_t bytes)
{
    if (psp_file_make_folder(call->out, 0755) != PSP_OK) {
        fprintf(stderr, "%s: cannot make the folder %s: %s\n", call->command, call->out,
                strerror(errno));
        return false;
    }
    char *path = path_in(call->out, "election.json"), *record = path_in(call->out, "import.json");
    struct psp_reason reason = {0};
    bool written = path != NULL && record != NULL && copy_map(call);
    if (written && psp_record_write(record, options, done->returns, &reason) != PSP_OK) {
        psp_fault_say(call->command, &reason);
        written = false;
    }
    written = written && write_file(call->command, path, text, bytes);
    free(path);
    free(record);
    return written;
}

bool psp_import_to_folder(const struct psp_import_call *call, struct psp_import_done *ret_done)
{
    static struct psp_returns_options options; /* large */
    char *path = call->dry_run ? NULL : path_in(call->out, "election.json"), *text = NULL;
    size_t bytes = 0;
    *ret_done = (struct psp_import_done){0};
    bool imported = (call->dry_run ||
                     (path != NULL && psp_import_may_write(call->command, path, call->force))) &&
                    load(call, &options, ret_done) &&
                    make_text(call, &options, ret_done, &text, &bytes);
    psp_report_say(call->command, &ret_done->report);
    if (imported && call->strict && !psp_report_empty(&ret_done->report)) {
        fprintf(stderr, "%s: refused: --strict\n", call->command);
        imported = false;
    }
    if (!call->dry_run)
        imported = imported && write_folder(call, &options, ret_done, text, bytes);
    free(text);
    free(path);
    return imported;
}

void psp_import_done_release(struct psp_import_done *done)
{
    psp_returns_binding_destroy(&done->binding);
    psp_definition_destroy(&done->definition);
    psp_returns_destroy(&done->returns);
    psp_report_free(&done->report);
}

static uint64_t votes_of(const struct psp_returns *returns)
{
    uint64_t votes = 0;
    for (size_t i = 0; i < returns->n; i++)
        votes += returns->rows[i].kind == PSP_ROW_LINE ? returns->rows[i].votes : 0;
    return votes;
}

/* A refused import has its report only. */
static void print_json(const struct arguments *arguments, const struct psp_import_done *done,
                       bool imported)
{
    const struct psp_definition *definition = done->definition;
    json_t *json = json_object();
    if (imported) {
        const struct {
            const char *name;
            uint64_t count;
        } counts[] = {{"rows", done->returns->n},
                      {"votes", votes_of(done->returns)},
                      {"units", definition->unit_count},
                      {"leaves", definition->leaf_count},
                      {"contests", definition->contest_count},
                      {"choices", definition->choice_count},
                      {"methods", definition->method_count},
                      {"ballot_styles", definition->style_count},
                      {"ballots", done->binding->ballots}};
        json_object_set_new(json, "election",
                            arguments->call.dry_run
                                ? json_null()
                                : json_sprintf("%s/election.json", arguments->call.out));
        json_object_set_new(json, "id", json_string(definition->id));
        json_object_set_new(json, "name", json_string(definition->name));
        json_object_set_new(json, "date", json_string(definition->date));
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            json_object_set_new(json, counts[i].name, psp_json_count(counts[i].count));
    }
    json_object_set_new(json, "imported", json_boolean(imported));
    json_object_set_new(json, "report", psp_report_json(&done->report));
    psp_json_print(json);
}

static void print_text(const struct arguments *arguments, const struct psp_import_done *done)
{
    const struct psp_definition *definition = done->definition;
    char counts[5][PSP_COUNT_TEXT_BYTES];
    if (!arguments->call.dry_run)
        printf("%s/election.json: ", arguments->call.out);
    printf("%s, %s\n", definition->name, definition->date);
    printf("%s rows, %s votes: %s contests in %s units, %s ballots\n",
           psp_count_text(done->returns->n, counts[0]),
           psp_count_text(votes_of(done->returns), counts[1]),
           psp_count_text(definition->contest_count, counts[2]),
           psp_count_text(definition->leaf_count, counts[3]),
           psp_count_text(done->binding->ballots, counts[4]));
}

static int import_people(const struct arguments *arguments)
{
    const struct psp_import_call *call = &arguments->call;
    static const char *const made[] = {"election.json", "roll.csv"};
    for (size_t i = 0; i < sizeof made / sizeof *made && !call->dry_run; i++) {
        char *path = path_in(call->out, made[i]);
        const bool may = path != NULL && psp_import_may_write(call->command, path, call->force);
        free(path);
        if (!may)
            return PSP_EXIT_NO;
    }
    return psp_people_import(&(struct psp_people_call){
        .command = call->command,
        .from = arguments->from,
        .out = call->out,
        .id = call->id,
        .name = call->name,
        .date = call->date,
        .root = call->how.root,
        .drop = call->how.faulty != NULL && strcmp(call->how.faulty, "drop") == 0,
        .strict = call->strict,
        .dry_run = call->dry_run,
        .json = arguments->json,
        .publication = call->publication});
}

int psp_cmd_import(int argc, char **argv)
{
    static const struct argp argp = {
        options_taken,
        parse,
        "RETURNS.csv|FOLDER...\n--candidates FILE --voters FILE\n--postgres CONNINFO",
        "Makes DIR/election.json from published returns: tables with a row for each unit, contest "
        "and choice, and columns state, county, county_fips, precinct, office, district, party, "
        "candidate, votes in any order. Columns of votes by method, as OpenElections have them, "
        "and MEDSL's columns are known, too; --columns names others. What a table does not have "
        "is taken from its file's name (YYYYMMDD__st__...), or left out. What cannot be read, and "
        "what was decided, is told in a report. Of candidates and voters of the Kafka demos it "
        "makes "
        "an election of one contest and its roll. man psephos-formats has the "
        "columns." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.call.command = "psephos import"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (arguments.from.candidates != NULL || arguments.from.postgres != NULL)
        return import_people(&arguments);
    struct psp_import_done done;
    const bool imported = psp_import_to_folder(&arguments.call, &done);
    if (arguments.json)
        print_json(&arguments, &done, imported);
    else if (imported)
        print_text(&arguments, &done);
    psp_import_done_release(&done);
    return fflush(stdout) == 0 && imported ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
