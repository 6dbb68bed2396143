/*
 * psephos cast - sends ballots and waits until each has its verdict.
 *
 * Four sources: lines of JSON, rows of a query, published returns dealt vote by
 * vote, random ballots of a roll. What they share, pace, receipts, summary, is here.
 */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/number.h"
#include "cli/cast/caster.h"
#include "cli/cast/sources.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/folder/target.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/coverage.h"

enum {
    OPTION_CLUSTER = 256,
    OPTION_KEY,
    OPTION_FORMAT,
    OPTION_RETURNS,
    OPTION_ROLL,
    OPTION_RANDOM,
    OPTION_TURNOUT,
    OPTION_STRANGERS,
    OPTION_REPLAYED,
    OPTION_DOUBLE_VOTES,
    OPTION_RATE,
    OPTION_SEED,
    OPTION_GIVE_UP,
    OPTION_ROWS,
    OPTION_POOL,
    OPTION_POOL_WAIT,
    OPTION_ALLOW_REFUSED,
    OPTION_VERDICTS,
    OPTION_AGAIN,
    OPTION_POSTGRES,
    OPTION_QUERY,
    OPTION_KEY_COLUMN,
};

enum { POOL_OF_A_STATION = 50, POOL_MAX = 8192, POOL_WAIT_MS = 2000, POOL_WAIT_MAX_S = 600 };

struct arguments {
    const char *directory, *cluster, *key;
    struct psp_cast_request request;
    struct psp_caster_options caster;
    bool allow_refused, json;
};

static const struct argp_option options[] = {
    {"dir", 'd', "DIR", 0, "folder of a local cluster", 0},
    {"cluster", OPTION_CLUSTER, "FILE", 0,
     "cluster.json of another machine, election.json beside it", 0},
    {"key", OPTION_KEY, "FILE", 0, "the station's key, with --cluster; KEYFILE.ids beside it", 0},
    {"format", OPTION_FORMAT, "ndjson|votes-topic", 0,
     "of FILE: our lines, or the vote messages of the Kafka demos", 0},
    {"postgres", OPTION_POSTGRES, "CONNINFO", 0,
     "cast the rows of --query from this PostgreSQL database, as in 'dbname=voting host=db1'", 0},
    {"query", OPTION_QUERY, "SQL", 0,
     "with --postgres: a SELECT of voter_id, unit or state, candidate_id, or of one column ballot",
     0},
    {"key-column", OPTION_KEY_COLUMN, "NAME", 0,
     "with --query: the column that tells rows apart; without it rows that say the same are one "
     "ballot",
     0},
    {"returns", OPTION_RETURNS, "R.csv", 0, "cast published returns, every row exact", 0},
    {"roll", OPTION_ROLL, "ROLL.csv", 0, "by the voters of this roll, in their units", 0},
    {"random", OPTION_RANDOM, NULL, 0, "random ballots of the voters in --roll", 0},
    {"turnout", OPTION_TURNOUT, "SHARE", 0, "with --random: share that votes, default 1", 0},
    {"strangers", OPTION_STRANGERS, "SHARE", 0,
     "with --returns and --roll: extra ballots of voters on no roll", 0},
    {"replayed", OPTION_REPLAYED, "SHARE", 0, "with --returns: extra ballots sent once more", 0},
    {"double-votes", OPTION_DOUBLE_VOTES, "SHARE", 0,
     "with --returns: extra second ballots of voters already counted", 0},
    {"rate", OPTION_RATE, "N", 0, "ballots a second, default as fast as possible", 0},
    {"seed", OPTION_SEED, "S", 0, "of everything random, default 1", 0},
    {"give-up-after", OPTION_GIVE_UP, "S", 0, "seconds without any verdict, default 120", 0},
    {"pool", OPTION_POOL, "N", 0,
     "shuffle every N ballots before they leave; default 50 with --key where the mode is live, "
     "else 1: not at all",
     0},
    {"pool-wait", OPTION_POOL_WAIT, "S", 0,
     "seconds after which fewer than N leave, too, default 2", 0},
    {"allow-refused", OPTION_ALLOW_REFUSED, NULL, 0,
     "exit with 0 also when ballots were refused: they are meant to be", 0},
    {"verdicts", OPTION_VERDICTS, "OUT", 0,
     "of FILE or --query: write what became of each line or row to OUT, one JSON object a line", 0},
    {"again", OPTION_AGAIN, NULL, 0,
     "with --returns: also into units where other returns were cast; they count on top", 0},
    {"rows", OPTION_ROWS, NULL, 0, "send rows (IDs as text) instead of columns", 0},
    {0},
};

static double number(const char *text, double max, struct argp_state *state, const char *what)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0) || value > max)
        argp_error(state, "%s: a number from 0 to %g, not \"%s\"", what, max, text);
    return value;
}

static const struct argp_child children[] = {
    {&psp_option_json, 0, NULL, 0}, {&psp_option_returns, 0, "How returns are read:", 0}, {0}};

static error_t parse_request(int key, char *value, struct argp_state *state)
{
    struct psp_cast_request *request = &((struct arguments *)state->input)->request;
    switch (key) {
    case OPTION_FORMAT:
        if (strcmp(value, "ndjson") != 0 && strcmp(value, "votes-topic") != 0)
            argp_error(state, "--format: ndjson or votes-topic, not \"%s\"", value);
        request->votes_topic = !strcmp(value, "votes-topic");
        return 0;
    case OPTION_RETURNS:
        request->returns_path = value;
        return 0;
    case OPTION_POSTGRES:
        request->postgres = value;
        return 0;
    case OPTION_QUERY:
        request->query = value;
        return 0;
    case OPTION_KEY_COLUMN:
        request->key_column = value;
        return 0;
    case OPTION_AGAIN:
        request->again = true;
        return 0;
    case OPTION_VERDICTS:
        if (!strcmp(value, "-"))
            argp_error(state, "--verdicts: the name of a file, standard output is the summary's");
        request->verdicts_path = value;
        return 0;
    case OPTION_ROLL:
        request->roll_path = value;
        return 0;
    case OPTION_RANDOM:
        request->random = true;
        return 0;
    case OPTION_TURNOUT:
        request->turnout = number(value, 1, state, "--turnout");
        return 0;
    case OPTION_STRANGERS:
        request->strangers = number(value, 1, state, "--strangers");
        return 0;
    case OPTION_REPLAYED:
        request->replayed = number(value, 1, state, "--replayed");
        return 0;
    case OPTION_DOUBLE_VOTES:
        request->double_votes = number(value, 1, state, "--double-votes");
        return 0;
    case OPTION_SEED:
        request->seed = psp_number_argument(state, "--seed", value, 0, UINT64_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (request->lines_path)
            argp_error(state, "one FILE only");
        request->lines_path = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
    const struct psp_cast_request *request = &arguments->request;
    const bool elsewhere = arguments->cluster && arguments->key;
    if (!arguments->directory == !elsewhere || (!arguments->cluster != !arguments->key))
        argp_error(state, "either --dir DIR, or --cluster FILE and --key FILE");
    if ((request->lines_path != NULL) + (request->returns_path != NULL) +
            (request->postgres != NULL) + request->random !=
        1)
        argp_error(state, "one of FILE (or -), --postgres CONNINFO --query SQL, --returns R.csv, "
                          "--roll ROLL.csv --random");
    if (!request->postgres != !request->query)
        argp_error(state, "--postgres and --query belong together");
    if (request->key_column && !request->query)
        argp_error(state, "--key-column goes with --query");
    if (request->random && !request->roll_path)
        argp_error(state, "--random needs --roll ROLL.csv");
    if ((request->lines_path || request->postgres) && request->roll_path)
        argp_error(state, "--roll goes with --returns or --random");
    if (!request->returns_path &&
        (request->replayed > 0 || request->double_votes > 0 || request->strangers > 0))
        argp_error(state, "--replayed, --double-votes and --strangers go with --returns");
    if (request->strangers > 0 && !request->roll_path)
        argp_error(state, "--strangers needs --roll: without a roll nobody is a stranger");
    if (!request->returns_path && request->again)
        argp_error(state, "--again goes with --returns");
    if (!request->returns_path && psp_returns_how_given(&request->how))
        argp_error(state, "how returns are read goes with --returns");
    if (request->votes_topic && !request->lines_path)
        argp_error(state, "--format goes with FILE or -");
    if (request->verdicts_path && !request->lines_path && !request->postgres)
        argp_error(state, "--verdicts goes with FILE, - or --query");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'd':
        arguments->directory = value;
        return 0;
    case OPTION_CLUSTER:
        arguments->cluster = value;
        return 0;
    case OPTION_KEY:
        arguments->key = value;
        return 0;
    case OPTION_RATE:
        arguments->caster.rate = number(value, 1e9, state, "--rate");
        return 0;
    case OPTION_GIVE_UP:
        arguments->caster.give_up_after_ms =
            (uint64_t)(number(value, 1e6, state, "--give-up-after") * 1000);
        return 0;
    case OPTION_POOL:
        arguments->caster.pool = (uint32_t)psp_number_argument(state, "--pool", value, 1, POOL_MAX);
        return 0;
    case OPTION_POOL_WAIT:
        arguments->caster.pool_wait_ms =
            (uint32_t)(number(value, POOL_WAIT_MAX_S, state, "--pool-wait") * 1000);
        return 0;
    case OPTION_ALLOW_REFUSED:
        arguments->allow_refused = true;
        return 0;
    case OPTION_ROWS:
        arguments->caster.rows = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        state->child_inputs[1] = &arguments->request.how;
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return parse_request(key, value, state);
    }
}

static void print_json(const struct psp_cast_summary *summary, enum psp_mode mode)
{
    const struct psp_cast_tally *tally = &summary->tally;
    json_t *root =
        json_pack("{s:s, s:I}", "mode", psp_mode_name(mode), "cast", (json_int_t)tally->cast);
    for (int d = 1; d < PSP_DISPOSITIONS_END; d++)
        json_object_set_new(root, psp_disposition_name((enum psp_disposition)d),
                            json_integer((json_int_t)tally->disposed[d]));
    json_object_set_new(root, "not_allowed", json_integer((json_int_t)tally->not_allowed));
    json_object_set_new(root, "resent", json_integer((json_int_t)summary->resent));
    json_object_set_new(root, "seconds", json_real(summary->seconds));
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(root);
}

static void add_row(struct psp_table *table, const char *what, uint64_t ballots)
{
    char text[PSP_COUNT_TEXT_BYTES];
    const char *cells[2] = {what, psp_count_text(ballots, text)};
    psp_table_add(table, cells);
}

static void print_table(const struct psp_cast_summary *summary, enum psp_mode mode)
{
    static const char *const headings[] = {"", "ballots"};
    const struct psp_cast_tally *tally = &summary->tally;
    psp_mode_say(mode == PSP_MODE_TEST, stdout);
    struct psp_table *table = psp_table_create("lr", headings);
    add_row(table, "cast", tally->cast);
    for (int d = 1; d < PSP_DISPOSITIONS_END; d++)
        add_row(table, psp_disposition_name((enum psp_disposition)d), tally->disposed[d]);
    add_row(table, "not_allowed", tally->not_allowed);
    add_row(table, "resent", summary->resent);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    char text[PSP_COUNT_TEXT_BYTES];
    const double rate = summary->seconds > 0 ? (double)tally->cast / summary->seconds : 0;
    printf("%.1f s, %s ballots/s\n", summary->seconds, psp_count_text((uint64_t)rate, text));
}

static int exit_of(enum psp_status status)
{
    return status == PSP_ETIMEDOUT || status == PSP_EUNREACHABLE ? PSP_EXIT_UNREACHABLE
                                                                 : PSP_EXIT_NO;
}

/* "tcp://10.0.0.11:7100 and 1 more"; the caller frees. */
static char *routers_of(const struct psp_cluster *cluster)
{
    const uint32_t n = cluster->router_count;
    if (n == 0)
        return psp_memory_copy("no router: cluster.json names none");
    return n == 1 ? psp_memory_copy(cluster->routers[0].address)
                  : psp_memory_print("%s and %" PRIu32 " more", cluster->routers[0].address, n - 1);
}

static void say(uint64_t n, const char *of_one, const char *of_many, const char *more)
{
    if (n > 0)
        fprintf(stderr, "psephos cast: %" PRIu64 " %s%s\n", n, n == 1 ? of_one : of_many, more);
}

/* Says what did not go as it should, and whether that is a failure. */
static bool went_well(const struct arguments *arguments, const struct psp_cast_tally *tally,
                      uint64_t unreadable)
{
    const uint64_t refused = arguments->allow_refused ? 0 : tally->refused;
    say(tally->unintended, "injected ballot has", "injected ballots have",
        " another verdict than intended");
    say(tally->not_allowed, "ballot was", "ballots were",
        " not submitted: outside the units, methods or time of this key");
    say(refused, "ballot was", "ballots were",
        " refused in all; --allow-refused when that is as it should be");
    const bool rows = arguments->request.postgres != NULL;
    say(unreadable, rows ? "row" : "line", rows ? "rows" : "lines", " could not be read");
    return !tally->unintended && !refused && !unreadable;
}

/* A pipe may have nothing to say today; a file without a ballot is a mistake. */
static bool empty_file(const struct arguments *arguments, const struct psp_cast_opened *opened)
{
    const bool pipe = arguments->request.lines_path && !strcmp(arguments->request.lines_path, "-");
    if (!psp_cast_empty(opened))
        return false;
    if (arguments->request.postgres) {
        fputs("psephos cast: the query gave no row\n", stderr);
        return true;
    }
    fprintf(stderr, "psephos cast: %s: empty, not one ballot was in it\n",
            pipe ? "standard input" : arguments->request.lines_path);
    return !pipe;
}

/* About routers that do not answer. */
static char *what_to_do(const char *directory)
{
    return directory ? psp_memory_print("; `psephos up --dir %s` starts what is down, `psephos "
                                        "status --dir %s` shows it",
                                        directory, directory)
                     : psp_memory_copy("");
}

static int run(const struct arguments *arguments, const struct psp_target *target)
{
    struct psp_reason reason = {0}, untold = {0};
    struct psp_cast_opened *opened = NULL;
    struct psp_caster_options caster = arguments->caster;
    struct psp_cast_summary summary;
    enum psp_status status = psp_cast_open(&arguments->request, target, &opened, &reason);
    if (status != PSP_OK) {
        psp_fault_say("psephos cast", &reason);
        return exit_of(status);
    }
    char *where = routers_of(target->cluster);
    caster.where = where;
    char *to_do = what_to_do(arguments->directory);
    caster.to_do = to_do;
    caster.cluster_path = target->cluster_path;
    caster.definition = target->definition;
    caster.key_path = target->key_path;
    caster.seed = arguments->request.seed;
    if (caster.pool == 0)
        caster.pool =
            arguments->key && target->cluster->mode == PSP_MODE_LIVE ? POOL_OF_A_STATION : 1;
    if (caster.pool_wait_ms == 0)
        caster.pool_wait_ms = 1;
    status = psp_caster_run(&caster, psp_cast_source_of(opened), &summary, &reason);
    free(where);
    free(to_do);
    if (status == PSP_OK)
        status = psp_coverage_wait(
            target->cluster, summary.tally.index,
            &(struct psp_coverage_words){"every ballot has its verdict", "all counted ballots"},
            caster.give_up_after_ms, &reason);
    const uint64_t unreadable = psp_cast_unreadable(opened);
    bool cut_short = *psp_cast_fault(opened) != '\0';
    if (cut_short)
        fprintf(stderr, "psephos cast: %s\n", psp_cast_fault(opened));
    cut_short |= empty_file(arguments, opened);
    const bool told = psp_cast_close(&opened, &untold);
    if (arguments->json)
        print_json(&summary, target->cluster->mode);
    else
        print_table(&summary, target->cluster->mode);
    if (status != PSP_OK) {
        psp_fault_say("psephos cast", &reason);
        return exit_of(status);
    }
    if (!told)
        psp_fault_say("psephos cast", &untold);
    return went_well(arguments, &summary.tally, unreadable) && !cut_short && told ? PSP_EXIT_DONE
                                                                                  : PSP_EXIT_NO;
}

int psp_cmd_cast(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "[FILE|-]\n--postgres CONNINFO --query SQL",
        "Sends ballots and waits until each has its verdict and the board shows them. Cast the "
        "same again after an interruption: nothing counts twice. A ballot that is refused makes "
        "the exit code 1. Returns that are not those cast before into their units are refused "
        "before "
        "the first ballot.\n\nFILE holds one JSON object a line: voter_id, ballot_id (optional), "
        "unit, style, method, cast_at (optional), contests {\"contest\": [\"choice\"]}; unit and "
        "method may be left out where there is one only, style (the ballot style) where the unit "
        "has one only. With --format votes-topic: voter_id, candidate_id, address.state, "
        "voting_time. --query gives a ballot a row: the columns voter_id, candidate_id, and unit "
        "or "
        "state (ID, name or code), cast_at and ballot_id if there are any; or one column ballot, "
        "an object as above.\n\nVerdicts: counted; replayed (cast before: its verdict stands); "
        "double_vote (another ballot of this voter counted); not_eligible (not on the roll, or of "
        "another unit or style); invalid (a unit, style, method, contest or choice that is not on "
        "the ballot); closed. Without a verdict: not_allowed (outside the units, methods or time "
        "of this key). man psephos-formats has every field." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {
        .request = {.seed = 1, .turnout = 1},
        .caster = {.give_up_after_ms = 120000, .pool_wait_ms = POOL_WAIT_MS}};
    struct psp_target target = {0};
    struct psp_reason reason = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_target_open(arguments.directory, arguments.cluster, arguments.key, &target, &reason) !=
        PSP_OK) {
        psp_fault_say("psephos cast", &reason);
        return PSP_EXIT_NO;
    }
    const int code = run(&arguments, &target);
    psp_target_close(&target);
    return code;
}
