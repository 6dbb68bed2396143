/*
 * psephos generate - a synthetic electorate: election.json and roll.csv, made
 * up from a seed or to fit published returns; or the tables and topic of the Kafka demos.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes/number.h"
#include "base/system/file.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/prepare/demos.h"
#include "cli/prepare/import.h"
#include "cli/say/progress.h"
#include "cli/say/table.h"
#include "election/synthetic/synthetic.h"

#define VOTERS_MAX UINT64_C(4000000000) /* the roll's lines are counted in 32 bits */

enum {
    KEY_ID = 256,
    KEY_NAME,
    KEY_DATE,
    KEY_RETURNS,
    KEY_SEED,
    KEY_FORCE,
    KEY_POSTGRES,
    KEY_KAFKA
};
enum { BUFFER_BYTES = 1 << 20, PROGRESS_EVERY = 4096 };

static const char command[] = "psephos generate";

static const struct argp_option options[] = {
    {"voters", 'n', "N", 0, "make up an election with N registered voters", 0},
    {"returns", KEY_RETURNS, "R.csv", 0,
     "import these returns, with as many voters in each unit as its largest contest needs", 0},
    {"out", 'o', "DIR", 0, "folder for election.json and roll.csv; made when it is not there", 0},
    {"seed", KEY_SEED, "S", 0, "another seed makes other people (default 1)", 0},
    {"id", KEY_ID, "ID", 0, "of the election, with --returns", 0},
    {"name", KEY_NAME, "NAME", 0, "of the election, with --returns", 0},
    {"date", KEY_DATE, "YYYY-MM-DD", 0, "of the election, with --returns", 0},
    {"force", KEY_FORCE, NULL, 0,
     "overwrite files that are there; of a database, remove the rows of others and all votes", 0},
    {"postgres", KEY_POSTGRES, "CONNINFO", 0,
     "in place of DIR: fill the tables candidates and voters of the Kafka demos, as their main.py "
     "does, with N voters (1,000); votes is made, empty",
     0},
    {"kafka", KEY_KAFKA, "BROKERS", 0,
     "the same voters as messages of their voters_topic; HOST:PORT[,HOST:PORT...]", 0},
    {0},
};

struct arguments {
    struct psp_import_call import; /* with --returns; `out` and `force` always */
    const char *returns;
    struct psp_demos_call demos;
    uint64_t voters, seed;
    bool made_up, json;
};

static void check_demos(const struct arguments *arguments, struct argp_state *state)
{
    const struct psp_import_call *import = &arguments->import;
    const struct psp_publication_plan *plan = &import->publication;
    if (arguments->returns != NULL || import->out != NULL || import->id != NULL ||
        import->name != NULL || import->date != NULL || psp_returns_how_given(&import->how) ||
        plan->choices != 0 || plan->turnout != 0 || plan->report_min != 0)
        argp_error(state, "with --postgres and --kafka go --voters, --seed and --force; "
                          "`psephos import --postgres` makes the election of the tables");
    if (arguments->voters > PSP_DEMO_VOTERS_MAX)
        argp_error(state, "--voters: at most %d with --postgres or --kafka", PSP_DEMO_VOTERS_MAX);
}

static bool asks_for_demos(const struct arguments *arguments)
{
    return arguments->demos.postgres != NULL || arguments->demos.brokers != NULL;
}

static void check_arguments(const struct arguments *arguments, struct argp_state *state)
{
    const bool returns = arguments->returns != NULL;
    if (asks_for_demos(arguments)) {
        check_demos(arguments, state);
        return;
    }
    if (arguments->made_up == returns)
        argp_error(state, "give either --voters or --returns, or --postgres or --kafka");
    if (arguments->import.out == NULL)
        argp_error(state, "--out is missing");
    if (!returns && (arguments->import.id != NULL || arguments->import.name != NULL ||
                     arguments->import.date != NULL))
        argp_error(state, "--id, --name and --date go with --returns");
    if (!returns && psp_returns_how_given(&arguments->import.how))
        argp_error(state, "how returns are read goes with --returns");
}

static const struct argp_child children[] = {{&psp_option_publication, 0, NULL, 0},
                                             {&psp_option_json, 0, NULL, 0},
                                             {&psp_option_returns, 0, NULL, 0},
                                             {&psp_option_returns_made, 0, NULL, 0},
                                             {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'n':
        arguments->voters = psp_number_argument(state, "--voters", value, 1, VOTERS_MAX);
        arguments->made_up = true;
        return 0;
    case 'o':
        arguments->import.out = value;
        return 0;
    case KEY_RETURNS:
        arguments->returns = value;
        return 0;
    case KEY_SEED:
        arguments->seed = psp_number_argument(state, "--seed", value, 0, UINT64_MAX);
        return 0;
    case KEY_ID:
        arguments->import.id = value;
        return 0;
    case KEY_NAME:
        arguments->import.name = value;
        return 0;
    case KEY_DATE:
        arguments->import.date = value;
        return 0;
    case KEY_POSTGRES:
        arguments->demos.postgres = value;
        return 0;
    case KEY_KAFKA:
        arguments->demos.brokers = value;
        return 0;
    case KEY_FORCE:
        arguments->import.force = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->import.publication;
        state->child_inputs[1] = &arguments->json;
        state->child_inputs[2] = state->child_inputs[3] = &arguments->import.how;
        return 0;
    case ARGP_KEY_END:
        check_arguments(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What both ways lead to: a definition in the folder, and voters a leaf. */
struct electorate {
    struct psp_import_done import; /* of --returns; else only the definition */
    uint64_t voters;
};

static uint64_t leaf_voters(const struct electorate *electorate, uint32_t leaf)
{
    const struct psp_definition *definition = electorate->import.definition;
    if (electorate->import.binding != NULL)
        return electorate->import.binding->leaf_ballots[leaf];
    return definition->units[definition->leaves[leaf]].registered;
}

static bool make_up_text(const struct arguments *arguments, struct electorate *ret_electorate,
                         char **ret_text, size_t *ret_bytes)
{
    struct psp_reason reason = {0};
    enum psp_status status = psp_synthetic_election(
        arguments->seed, arguments->voters, &arguments->import.publication, ret_text, ret_bytes);
    if (status == PSP_OK)
        status = psp_definition_parse(*ret_text, *ret_bytes, &ret_electorate->import.definition,
                                      &reason);
    if (status != PSP_OK)
        fprintf(stderr, "%s: the election made up is refused: %s: %s\n", command, reason.pointer,
                psp_reason_text(&reason, status));
    return status == PSP_OK;
}

static bool make_up_election(const struct arguments *arguments, struct electorate *ret_electorate)
{
    char *text = NULL, *path = NULL;
    size_t bytes = 0;
    const char *out = arguments->import.out;
    if (asprintf(&path, "%s/election.json", out) < 0)
        return false;
    bool made = psp_import_may_write(command, path, arguments->import.force) &&
                make_up_text(arguments, ret_electorate, &text, &bytes);
    if (made && psp_file_make_folder(out, 0755) != PSP_OK) {
        fprintf(stderr, "%s: cannot make the folder %s: %s\n", command, out, strerror(errno));
        made = false;
    }
    if (made) {
        const enum psp_status status = psp_file_write(path, text, bytes, 0644);
        made = status == PSP_OK;
        if (!made)
            fprintf(stderr, "%s: cannot write %s: %s\n", command, path, psp_status_text(status));
    }
    free(text);
    free(path);
    return made;
}

static bool write_voters(FILE *file, const struct arguments *arguments,
                         const struct electorate *electorate)
{
    const struct psp_definition *definition = electorate->import.definition;
    struct psp_csv_field header[PSP_ROLL_COLUMNS];
    for (int i = 0; i < PSP_ROLL_COLUMNS; i++)
        header[i] = (struct psp_csv_field){psp_roll_columns[i], strlen(psp_roll_columns[i])};
    bool written = psp_csv_write(file, header, PSP_ROLL_COLUMNS) == PSP_OK;
    struct psp_progress progress;
    psp_progress_start(&progress);
    struct psp_synthetic_voter voter = {0};
    uint64_t done = 0;
    for (uint32_t leaf = 0; written && leaf < definition->leaf_count; leaf++) {
        const struct psp_synthetic_place place = psp_synthetic_place(definition, leaf);
        const uint64_t end = done + leaf_voters(electorate, leaf);
        for (; written && done < end; done++) {
            psp_synthetic_voter(arguments->seed, done, &place, &voter);
            written = psp_csv_write(file, voter.fields, PSP_ROLL_COLUMNS) == PSP_OK;
            if (done % PROGRESS_EVERY == 0)
                psp_progress_step(&progress, "voters", done, electorate->voters);
        }
    }
    psp_progress_end(&progress);
    return written;
}

/* Written beside and renamed, so that an interrupted run leaves no half roll
 * that looks whole. */
static bool write_roll(const struct arguments *arguments, const struct electorate *electorate,
                       const char *path)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.new", path) < 0)
        return false;
    FILE *file = fopen(beside, "we");
    bool written = file != NULL;
    if (written) {
        setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
        written = write_voters(file, arguments, electorate) && fflush(file) == 0 &&
                  fsync(fileno(file)) == 0;
        const int error = errno;
        written = fclose(file) == 0 && written;
        errno = error;
    }
    if (written && rename(beside, path) != 0)
        written = false;
    if (!written) {
        fprintf(stderr, "%s: cannot write %s: %s\n", command, path, strerror(errno));
        unlink(beside);
    }
    free(beside);
    return written;
}

static void print_summary(const struct arguments *arguments, const struct electorate *electorate,
                          const char *roll)
{
    const struct psp_definition *definition = electorate->import.definition;
    if (arguments->json) {
        json_t *json = json_pack(
            "{s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "election",
            json_sprintf("%s/election.json", arguments->import.out), "roll", roll, "id",
            definition->id, "name", definition->name, "voters", (json_int_t)electorate->voters,
            "units", (json_int_t)definition->unit_count, "leaves",
            (json_int_t)definition->leaf_count, "contests", (json_int_t)definition->contest_count);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
        return;
    }
    char voters[PSP_COUNT_TEXT_BYTES], leaves[PSP_COUNT_TEXT_BYTES];
    printf("%s/election.json: %s, %s\n%s: %s voters in %s units\n", arguments->import.out,
           definition->name, definition->date, roll, psp_count_text(electorate->voters, voters),
           psp_count_text(definition->leaf_count, leaves));
}

static bool generate(const struct arguments *arguments, const char *roll)
{
    struct electorate electorate = {0};
    if (!psp_import_may_write(command, roll, arguments->import.force))
        return false;
    bool done = arguments->made_up ? make_up_election(arguments, &electorate)
                                   : psp_import_to_folder(&arguments->import, &electorate.import);
    for (uint32_t leaf = 0; done && leaf < electorate.import.definition->leaf_count; leaf++)
        electorate.voters += leaf_voters(&electorate, leaf);
    if (done && electorate.voters > VOTERS_MAX) {
        fprintf(stderr, "%s: %" PRIu64 " voters: at most %" PRIu64 " fit on a roll\n", command,
                electorate.voters, VOTERS_MAX);
        done = false;
    }
    done = done && write_roll(arguments, &electorate, roll);
    if (done)
        print_summary(arguments, &electorate, roll);
    psp_import_done_release(&electorate.import);
    return done;
}

int psp_cmd_generate(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "\n--postgres CONNINFO --kafka BROKERS",
        "Makes a synthetic electorate: DIR/election.json and DIR/roll.csv, with people who do not "
        "exist. The same seed makes the same files. man psephos-formats has every column of a "
        "roll." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {.import.command = command, .seed = 1};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (asks_for_demos(&arguments)) {
        arguments.demos.command = command;
        arguments.demos.seed = arguments.seed;
        arguments.demos.voters = arguments.made_up ? arguments.voters : PSP_DEMO_VOTERS;
        arguments.demos.force = arguments.import.force;
        arguments.demos.json = arguments.json;
        return psp_demos_generate(&arguments.demos);
    }
    arguments.import.returns = &arguments.returns;
    arguments.import.returns_n = 1;
    char *roll = NULL;
    if (asprintf(&roll, "%s/roll.csv", arguments.import.out) < 0)
        return PSP_EXIT_NO;
    const bool done = generate(&arguments, roll);
    free(roll);
    return done && fflush(stdout) == 0 ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
