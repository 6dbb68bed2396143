/* A primary at the command line: a unit's ballot styles added up in what is printed, and told
 * apart where that is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/audit/totals_csv.h"
#include "cli/cast/roll_source.h"
#include "cli/show/results_returns.h"
#include "client/line/ballot_line.h"
#include "election/ballot_id.h"
#include "election/returns/returns.h"
#include "election/totals.h"
#include "tests/unit/fixture/primary.h"
#include "tests/unit/import/read.h"

struct fixture {
    struct psp_definition *definition;
    struct psp_totals *totals;
    FILE *file;
    char *text;
    size_t bytes;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct psp_reason reason = {0};
    if (psp_definition_parse(primary_json, strlen(primary_json), &fixture->definition, &reason) !=
            PSP_OK ||
        psp_totals_create(fixture->definition, &fixture->totals) != PSP_OK)
        return -1;
    fixture->file = open_memstream(&fixture->text, &fixture->bytes);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fclose(fixture->file);
    free(fixture->text);
    psp_totals_destroy(&fixture->totals);
    psp_definition_destroy(&fixture->definition);
    free(fixture);
    return 0;
}

static void set_row(struct fixture *fixture, uint32_t row, const uint64_t *cells)
{
    struct psp_totals *totals = fixture->totals;
    const uint64_t n = totals->row_first[row + 1] - totals->row_first[row];
    memcpy(totals->cells + totals->row_first[row], cells, n * sizeof *cells);
}
#define CELLS(...) ((const uint64_t[PRIMARY_PARTY_CELLS]){__VA_ARGS__})

static void holds(struct fixture *fixture, const char *lines)
{
    fflush(fixture->file);
    if (strstr(fixture->text, lines) == NULL)
        print_error("%s\nwanted: %s\n", fixture->text, lines);
    assert_non_null(strstr(fixture->text, lines));
}

static void rows_of_totals_are_added_over_styles(void **state)
{
    struct fixture *fixture = *state;
    set_row(fixture, 0, CELLS(5, 3, 1, 1, 0, 2, 2, 1, 0)); /* x dem booth */
    set_row(fixture, 3, CELLS(4, 1, 2, 0, 1, 3, 1, 0, 0)); /* x rep mail */
    set_row(fixture, 5, CELLS(1, 1, 0, 0, 0));             /* x np mail */
    set_row(fixture, 8, CELLS(2, 0, 2, 0, 0, 1, 0, 0, 1)); /* y dem booth */
    psp_totals_csv_print(fixture->totals, NULL, false, fixture->file);
    holds(fixture, "gov-d,c,C,county,,ann,Ann,,3,7,1,0\ngov-d,c,C,county,,bob,Bob,,3,7,1,0\n"
                   "gov-d,x,X,precinct,,ann,Ann,,3,5,1,0\ngov-d,x,X,precinct,,bob,Bob,,1,5,1,0\n"
                   "gov-d,y,Y,precinct,,ann,Ann,,0,2,0,0\ngov-d,y,Y,precinct,,bob,Bob,,2,2,0,0\n"
                   "gov-d,c,C,county,booth,ann,Ann,,3,7,1,0\n");
    holds(fixture, "bridge,x,X,precinct,,yes,Yes,,6,10,1,0\nbridge,x,X,precinct,,no,No,,3,10,1,0\n"
                   "bridge,y,Y,precinct,,yes,Yes,,1,2,0,1\n");
    holds(fixture,
          "bridge,x,X,precinct,mail,yes,Yes,,4,5,0,0\nbridge,x,X,precinct,mail,no,No,,1,5,0,0\n");
    assert_null(strstr(fixture->text, "gov-d,z,"));
}

static json_t *result(const char *unit, const char *contest, const char *a, int votes_a,
                      const char *b, int votes_b)
{
    return json_pack("{s:s, s:s, s:[{s:s, s:i}, {s:s, s:i}]}", "unit", unit, "contest", contest,
                     "choices", "choice", a, "votes", votes_a, "choice", b, "votes", votes_b);
}

static void returns_have_a_choice_once_however_many_styles_have_it(void **state)
{
    struct fixture *fixture = *state;
    struct psp_reason reason = {0};
    json_t *results = json_pack(
        "[o, o, o, o, o, o, o]", result("x", "gov-d", "ann", 3, "bob", 1),
        result("y", "gov-d", "ann", 0, "bob", 2), result("x", "gov-r", "cy", 3, "di", 4),
        result("y", "gov-r", "cy", 5, "di", 6), result("x", "bridge", "yes", 7, "no", 8),
        result("y", "bridge", "yes", 9, "no", 10), result("z", "bridge", "yes", 11, "no", 12));
    assert_non_null(results);
    assert_int_equal(
        psp_results_returns_print(results, fixture->definition, false, fixture->file, &reason),
        PSP_OK);
    fflush(fixture->file);
    char expected[1024] =
        "state,county,county_fips,precinct,office,district,party,candidate,votes\n";
    static const char *const lines[] = {
        "X,Governor,,,Ann,3", "X,Governor,,,Bob,1", "X,Bridge,,,Yes,7",   "X,Bridge,,,No,8",
        "X,Governor,,,Cy,3",  "X,Governor,,,Di,4",  "Y,Governor,,,Cy,5",  "Y,Governor,,,Di,6",
        "Y,Bridge,,,Yes,9",   "Y,Bridge,,,No,10",   "Y,Governor,,,Ann,0", "Y,Governor,,,Bob,2",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        strcat(expected, "State,C,,");
        strcat(expected, lines[i]);
        strcat(expected, "\n");
    }
    strcat(expected, "State,,,Z,Bridge,,,Yes,11\nState,,,Z,Bridge,,,No,12\n");
    assert_string_equal(fixture->text, expected);
    json_decref(results);
}

/* How many ballots of each paper there were is not in returns: none can be made of them. */
static void returns_of_a_unit_with_several_styles_are_not_dealt(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] =
        "state,county,county_fips,precinct,office,district,party,candidate,votes\n"
        "State,C,,X,Bridge,,,Yes,5\n";
    struct psp_returns *returns = fixture_read(text, sizeof text - 1);
    struct psp_returns_binding *binding = NULL;
    struct psp_reason reason = {0};
    assert_non_null(returns);
    assert_int_equal(psp_returns_bind(returns, fixture->definition, &binding, &reason), PSP_EINVAL);
    assert_int_equal(reason.line, 2);
    if (strstr(reason.text, "unit \"x\" has 3 ballot styles") == NULL)
        fail_msg("%s", reason.text);
    psp_returns_destroy(&returns);
}

static enum psp_status read_line(const struct fixture *fixture, const char *text, bool votes_topic,
                                 struct psp_ballot *ret_ballot, struct psp_reason *reterr_reason)
{
    static const uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    static struct psp_ballot_line storage;
    const struct psp_ballot_lines lines = {
        .definition = fixture->definition, .secret = secret, .votes_topic = votes_topic};
    return psp_ballot_line_read(&lines, text, strlen(text), &storage, ret_ballot, reterr_reason);
}

static void a_line_names_the_paper(void **state)
{
    static const struct {
        const char *unit, *style;
        uint32_t expected;
    } lines[] = {
        {"x", ", \"style\": \"rep\"", PRIMARY_REP},
        {"x", ", \"style\": \"np\"", PRIMARY_NP},
        {"y", ", \"style\": \"rep\"", PRIMARY_REP},
        {"z", ", \"style\": \"np\"", PRIMARY_NP},
        {"x", "", PSP_NONE},
        {"x", ", \"style\": null", PSP_NONE},
        /* Not of this unit: a position that no style has, and not as if none were named. */
        {"y", ", \"style\": \"np\"", 3},
        {"x", ", \"style\": \"grn\"", 3},
        {"x", ", \"style\": \"\"", 3},
        {"c", ", \"style\": \"dem\"", 3},
        {"nowhere", ", \"style\": \"dem\"", 3},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[200];
        struct psp_ballot ballot;
        struct psp_reason reason = {0};
        snprintf(
            text, sizeof text,
            "{\"voter_id\": \"v\", \"unit\": \"%s\", \"method\": \"mail\", \"contests\": {}%s}",
            lines[i].unit, lines[i].style);
        assert_int_equal(read_line(*state, text, false, &ballot, &reason), PSP_OK);
        assert_int_equal(ballot.style, lines[i].expected);
    }
    struct psp_ballot ballot;
    struct psp_reason reason = {0};
    assert_int_equal(read_line(*state,
                               "{\"voter_id\": \"v\", \"unit\": \"x\", \"method\": \"mail\","
                               " \"style\": 1, \"contests\": {}}",
                               false, &ballot, &reason),
                     PSP_EINVAL);
    assert_non_null(strstr(reason.text, "style: "));
}

/* That its candidate stands on some paper does not make it that paper. */
static void a_vote_message_names_no_paper(void **state)
{
    struct psp_ballot ballot;
    struct psp_reason reason = {0};
    assert_int_equal(read_line(*state,
                               "{\"voter_id\": \"v\", \"candidate_id\": \"di\", \"style\": \"rep\","
                               " \"address\": {\"state\": \"x\"}}",
                               true, &ballot, &reason),
                     PSP_OK);
    assert_int_equal(ballot.style, PSP_NONE);
    const uint8_t marks[] = {1, PRIMARY_GOV_R, 1, 1};
    assert_int_equal(ballot.marks_bytes, sizeof marks);
    assert_memory_equal(ballot.marks, marks, sizeof marks);
}

/* Ballots made up of a roll: valid on the voter's own paper, whichever that is. */
static void cast_roll(const struct fixture *fixture, const char *text, uint32_t *ret_papers)
{
    static const uint8_t secret[PSP_BALLOT_SECRET_BYTES];
    char path[] = "/tmp/psp-styles-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct psp_roll_source *source = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(
        psp_roll_source_open(path, fixture->definition, 1.0, 7, secret, &source, &reason), PSP_OK);
    const struct psp_cast_source view = psp_roll_source_view(source);
    struct psp_ballot ballot;
    while (view.next(view.context, &ballot) == PSP_OK) {
        const struct psp_unit *unit = &fixture->definition->units[ballot.unit];
        uint32_t place = 0;
        while (ballot.style != PSP_NONE && unit->styles[place] != ballot.style)
            assert_true(++place < unit->style_count);
        assert_true(ballot.style != PSP_NONE || unit->style_count == 1);
        assert_true(
            psp_totals_read(fixture->totals, ballot.unit, place + 1, ballot.method, ballot.marks)
                .valid);
        ret_papers[psp_totals_row(fixture->totals, fixture->definition->leaf_of_unit[ballot.unit],
                                  place, 0)]++;
    }
    psp_roll_source_close(&source);
    unlink(path);
}

static void ballots_of_a_roll_are_on_the_voters_papers(void **state)
{
    uint32_t papers[PRIMARY_ROWS] = {0};
    cast_roll(*state,
              "voter_id,unit,style\na,x,rep\nb,x,rep\nc,x,np\nd,x,dem\ne,y,rep\nf,y,dem\ng,z,np\n",
              papers);
    const uint32_t expected[PRIMARY_ROWS] = {1, 0, 2, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    assert_memory_equal(papers, expected, sizeof expected);
    /* A roll that does not tell: any of the unit's, and each comes up. */
    char text[4000] = "voter_id,unit\n";
    for (int i = 0; i < 200; i++)
        sprintf(text + strlen(text), "v%d,x\n", i);
    uint32_t any[PRIMARY_ROWS] = {0};
    cast_roll(*state, text, any);
    assert_int_equal(any[0] + any[2] + any[4], 200);
    assert_true(any[0] > 30 && any[2] > 30 && any[4] > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_of_totals_are_added_over_styles),
        TEST(returns_have_a_choice_once_however_many_styles_have_it),
        TEST(returns_of_a_unit_with_several_styles_are_not_dealt),
        TEST(a_line_names_the_paper),
        TEST(a_vote_message_names_no_paper),
        TEST(ballots_of_a_roll_are_on_the_voters_papers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
