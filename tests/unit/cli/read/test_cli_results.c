/* Results as text: the published form again, and tables for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "cli/folder/local.h"
#include "cli/say/table.h"
#include "cli/show/results_returns.h"
#include "cli/show/results_table.h"
#include "cli/show/standing.h"
#include "tests/unit/fixture/cli.h"

/* As a collector lists them, in another order than published. */
#define COUNCIL                                                                                    \
    "{'unit': 'vt-addison-a', 'contest': 'vt-council-1', 'choices': ["                             \
    "{'choice': 'cid', 'votes': 3}, {'choice': 'ann', 'votes': 6}, {'choice': 'bob', 'votes': 4}"  \
    "]}"
#define PRESIDENT_A                                                                                \
    "{'unit': 'vt-addison-a', 'contest': 'president', 'choices': ["                                \
    "{'choice': 'democratic-joseph-biden', 'votes': 5}, {'choice': 'blanks', 'votes': 2}]}"
#define PRESIDENT_B                                                                                \
    "{'unit': 'vt-addison-b', 'contest': 'president', 'choices': ["                                \
    "{'choice': 'democratic-joseph-biden', 'votes': 0},"                                           \
    "{'choice': 'republican-donald-trump', 'votes': 3}]}"

/* JSON with single quotes, so that it can be read here. */
static json_t *json(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = json_loads(copy, 0, NULL);
    assert_non_null(value);
    free(copy);
    return value;
}

struct output {
    FILE *file;
    char *text;
    size_t bytes;
};

static void open_output(struct output *output)
{
    output->file = open_memstream(&output->text, &output->bytes);
    assert_non_null(output->file);
}

static enum psp_status print_returns(const char *results, char **ret_text,
                                     struct psp_reason *reterr_reason)
{
    struct psp_returns *returns = fixture_returns();
    struct psp_definition *definition = fixture_definition(returns);
    struct output output;
    json_t *list = json(results);
    open_output(&output);
    const enum psp_status status =
        psp_results_returns_print(list, definition, false, output.file, reterr_reason);
    fclose(output.file);
    *ret_text = output.text;
    json_decref(list);
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
    return status;
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The lines of a text, sorted. */
static size_t lines_of(char *text, char **ret_lines, size_t max)
{
    size_t n = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(n < max);
        ret_lines[n++] = line;
    }
    qsort(ret_lines, n, sizeof *ret_lines, compare_lines);
    return n;
}

static void returns_come_out_as_they_were_published(void **state)
{
    (void)state;
    enum { LINES_MAX = 16 };
    char *published = strdup(fixture_text), *printed = NULL;
    struct psp_reason reason = {0};
    char *wanted[LINES_MAX], *got[LINES_MAX];
    assert_int_equal(
        print_returns("[" COUNCIL "," PRESIDENT_B "," PRESIDENT_A "]", &printed, &reason), PSP_OK);
    const size_t n = lines_of(published, wanted, LINES_MAX);
    assert_int_equal(lines_of(printed, got, LINES_MAX), n);
    assert_int_equal(n, 8);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(got[i], wanted[i]);
    free(published);
    free(printed);
}

static void a_result_that_is_not_whole_is_not_printed_as_one(void **state)
{
    (void)state;
    static const struct {
        const char *results, *reason;
    } cases[] = {
        {"[" COUNCIL "," PRESIDENT_A "]", "names no votes for unit \"vt-addison-b\""},
        {"[" COUNCIL "," PRESIDENT_A "," PRESIDENT_B "," PRESIDENT_B "]", "there twice"},
        {"[{'unit': 'vt-addison', 'contest': 'president', 'choices': []}]", "unexpected row"},
        {"[{'unit': 'vt-addison-b', 'contest': 'president', 'choices':"
         " [{'choice': 'blanks', 'votes': 1}]}]",
         "not on its ballot"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        struct psp_reason reason = {0};
        assert_int_equal(print_returns(cases[i].results, &text, &reason), PSP_EINVAL);
        if (!strstr(reason.text, cases[i].reason))
            fail_msg("\"%s\" has no \"%s\"", reason.text, cases[i].reason);
        free(text);
    }
}

/* Bob has two lines, shorter ones than Ann; the write-ins are more than either. Shares are of
 * 160 valid votes: 52, 48, 60. */
#define FUSED                                                                                      \
    "[{'contest': 'c', 'unit_name': 'Town', 'ballots': 1234, 'ballots_counted': 1234,"             \
    " 'choices': [{'choice': 'a', 'votes': 48}, {'choice': 'b1', 'votes': 40},"                    \
    " {'choice': 'b2', 'votes': 12}, {'choice': 'w', 'votes': 60}, {'choice': 'x', 'votes': 40}]," \
    " 'candidates': [{'candidate': 'bob', 'name': 'Bob', 'party': 'blue', 'votes': 52,"            \
    " 'choices': ['b1', 'b2']}, {'candidate': 'ann', 'name': 'Ann', 'party': 'red',"               \
    " 'votes': 48, 'choices': ['a']}], 'valid': 160, 'margin': 4, 'margin_of': 'first',"           \
    " 'tied': false, 'undervotes': 3, 'overvotes': 0,"                                             \
    " 'units_reporting': 1, 'units_partial': 0, 'units_total': 2}]"

static char *table_of(const char *results_text, size_t lines_max)
{
    json_t *results = json(results_text), *parties = json("[{'id': 'blue', 'name': 'Blue'}]");
    json_t *contests =
        json("[{'id': 'c', 'name': 'Mayor', 'seats': 3, 'choices': ["
             "{'id': 'a', 'name': 'Ann', 'kind': 'candidate', 'party': 'red'},"
             "{'id': 'b1', 'name': 'Bob', 'kind': 'candidate', 'party': 'blue'},"
             "{'id': 'b2', 'name': 'Bob (Green)', 'kind': 'candidate', 'party': 'green'},"
             "{'id': 'w', 'name': 'Write-ins', 'kind': 'write_in'},"
             "{'id': 'x', 'name': 'Blanks', 'kind': 'blank'}]}]");
    struct output output;
    open_output(&output);
    psp_results_table_print(results, contests, parties, lines_max, output.file);
    psp_results_table_csv(results, contests, false, output.file);
    fclose(output.file);
    json_decref(results);
    json_decref(contests);
    json_decref(parties);
    return output.text;
}

static void a_table_has_candidates_as_they_stand(void **state)
{
    (void)state;
    char *text = table_of(FUSED, 0);
    assert_string_equal(text, "Mayor, Town: 1,234 ballots, 1 of 2 units reporting\n"
                              "choice         party  votes  of valid\n"
                              "Bob                      52   32.50 %\n"
                              "  Bob          Blue      40\n"
                              "  Bob (Green)  green     12\n"
                              "Ann            red       48   30.00 %\n"
                              "Write-ins                60   37.50 %\n"
                              "Blanks                   40\n"
                              "(undervotes)              3\n"
                              "margin 4\n"
                              "contest,unit,unit_name,level,method,choice,choice_name,party,votes,"
                              "ballots,undervotes,overvotes,units_reporting,units_partial,"
                              "units_total,report,final\n"
                              "c,,Town,,,a,Ann,red,48,1234,3,0,1,0,2,,\n"
                              "c,,Town,,,b1,Bob,blue,40,1234,3,0,1,0,2,,\n"
                              "c,,Town,,,b2,Bob (Green),green,12,1234,3,0,1,0,2,,\n"
                              "c,,Town,,,w,Write-ins,,60,1234,3,0,1,0,2,,\n"
                              "c,,Town,,,x,Blanks,,40,1234,3,0,1,0,2,,\n");
    free(text);
}

/* Of one contest in many units: in columns of one width, so that they read as one table. */
static void headings_stand_once_above_a_contest_s_units(void **state)
{
    (void)state;
    char *text = table_of("[{'contest': 'c', 'unit_name': 'Town', 'ballots': 9, 'choices': [],"
                          " 'candidates': [{'name': 'Maximilian', 'votes': 9, 'choices': ['1']}],"
                          " 'valid': 9, 'units_reporting': 0, 'units_total': 1},"
                          "{'contest': 'c', 'unit_name': 'Mill', 'ballots': 1234, 'choices': [],"
                          " 'candidates': [{'name': 'Ann', 'votes': 1234, 'choices': ['1']}],"
                          " 'valid': 1234, 'units_reporting': 0, 'units_total': 1},"
                          "{'contest': 'd', 'unit_name': 'Mill', 'ballots': 7, 'choices': [],"
                          " 'candidates': [{'name': 'Bo', 'votes': 7, 'choices': ['1']}],"
                          " 'valid': 7, 'units_reporting': 0, 'units_total': 1}]",
                          0);
    static const char expected[] = "Mayor, Town: 9 ballots, 0 of 1 units reporting\n"
                                   "choice      party  votes  of valid\n"
                                   "Maximilian             9  100.00 %\n"
                                   "\n"
                                   "Mayor, Mill: 1,234 ballots, 0 of 1 units reporting\n"
                                   "Ann                1,234  100.00 %\n"
                                   "\n"
                                   "d, Mill: 7 ballots, 0 of 1 units reporting\n"
                                   "choice  party  votes  of valid\n"
                                   "Bo                 7  100.00 %\n";
    text[sizeof expected - 1] = '\0'; /* CSV follows */
    assert_string_equal(text, expected);
    free(text);
}

static void a_table_fits_the_screen_and_says_a_tie(void **state)
{
    (void)state;
    char *text = table_of(
        "[{'contest': 'c', 'unit_name': 'Town', 'ballots': 9, 'ballots_counted': 9, 'choices': [],"
        " 'candidates': ["
        "{'name': 'A', 'votes': 5, 'choices': ['1']}, {'name': 'B', 'votes': 4, 'choices': ['2']},"
        "{'name': 'C', 'votes': 4, 'choices': ['3']}, {'name': 'D', 'votes': 4, 'choices': ['4']}],"
        " 'valid': 17, 'margin': 0, 'margin_of': 'last_seat', 'tied': true,"
        " 'units_reporting': 0, 'units_total': 1}]",
        8);
    assert_non_null(strstr(text, "A                      5   29.41 %\n"
                                 "B                      4   23.53 %\n"
                                 "(2 others)             8   47.06 %\n"
                                 "tied for the last of 3 seats\n"));
    free(text);
    text = table_of(FUSED, 10); /* four lines: Bob's with his two, and Ann's */
    assert_non_null(strstr(text, "\nAnn "));
    free(text);
    text = table_of(FUSED, 9);
    assert_non_null(strstr(text, "\n  Bob (Green) "));
    assert_non_null(strstr(text, "\n(1 other) "));
    assert_null(strstr(text, "\nAnn "));
    free(text);
}

static void what_is_held_has_no_votes_in_any_form(void **state)
{
    (void)state;
    json_t *results =
        json("[{'contest': 'c', 'unit_name': 'Town', 'ballots': 0, 'ballots_counted': 1234,"
             " 'choices': null, 'undervotes': null, 'overvotes': null,"
             " 'units_reporting': 0, 'units_partial': 0, 'units_total': 2},"
             " {'contest': 'c', 'unit_name': 'Mill', 'ballots': 0, 'ballots_counted': null,"
             " 'choices': null, 'undervotes': null, 'overvotes': null,"
             " 'units_reporting': 0, 'units_partial': 1, 'units_total': 1},"
             " {'contest': 'c', 'unit_name': 'Hill', 'ballots': 20, 'ballots_counted': 25,"
             " 'choices': [{'choice': 'a', 'votes': 20}], 'undervotes': 0, 'overvotes': 0,"
             " 'candidates': [{'name': 'a', 'votes': 20, 'choices': ['a']}], 'valid': 20,"
             " 'units_reporting': 1, 'units_partial': 2, 'units_total': 4}]");
    json_t *contests = json("[{'id': 'c', 'name': 'Mayor', 'choices': []}]"), *none = json("[]");
    struct output output;
    open_output(&output);
    psp_results_table_print(results, contests, none, 0, output.file);
    psp_results_table_csv(results, contests, false, output.file);
    psp_standing_say_held("call", results, output.file);
    psp_standing_say_held("call", none, output.file);
    fclose(output.file);
    assert_string_equal(
        output.text,
        "Mayor, Town: not reported yet, 1,234 ballots counted, 0 of 2 units reporting\n\n"
        "Mayor, Mill: reported, too few to show, 0 of 1 units reporting, 1 partial\n\n"
        "Mayor, Hill: 20 of 25 ballots shown, 1 of 4 units reporting, 2 partial\n"
        "choice  party  votes  of valid\n"
        "a                 20  100.00 %\n"
        "contest,unit,unit_name,level,method,choice,choice_name,party,votes,ballots,undervotes,"
        "overvotes,units_reporting,units_partial,units_total,report,final\n"
        "c,,Hill,,,a,,,20,20,0,0,1,2,4,,\n"
        "call: 2 of 3 results are held, and left out: not reported yet, or too few\n"
        "call: 2 of 3 results have places that are reported and not final\n");
    free(output.text);
    json_decref(results);
    json_decref(contests);
    json_decref(none);
}

static void returns_leave_out_what_is_held(void **state)
{
    (void)state;
    char *text = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(
        print_returns("[" COUNCIL "," PRESIDENT_B
                      ",{'unit': 'vt-addison-a', 'contest': 'president', 'choices': null}]",
                      &text, &reason),
        PSP_OK);
    assert_null(strstr(text, "A,President"));
    assert_non_null(strstr(text, "Council"));
    assert_non_null(strstr(text, "Trump"));
    free(text);
}

static void counts_have_separators(void **state)
{
    (void)state;
    char text[PSP_COUNT_TEXT_BYTES];
    assert_string_equal(psp_count_text(0, text), "0");
    assert_string_equal(psp_count_text(999, text), "999");
    assert_string_equal(psp_count_text(1000, text), "1,000");
    assert_string_equal(psp_count_text(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_come_out_as_they_were_published),
        cmocka_unit_test(a_result_that_is_not_whole_is_not_printed_as_one),
        cmocka_unit_test(a_table_has_candidates_as_they_stand),
        cmocka_unit_test(headings_stand_once_above_a_contest_s_units),
        cmocka_unit_test(a_table_fits_the_screen_and_says_a_tie),
        cmocka_unit_test(what_is_held_has_no_votes_in_any_form),
        cmocka_unit_test(returns_leave_out_what_is_held),
        cmocka_unit_test(counts_have_separators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
