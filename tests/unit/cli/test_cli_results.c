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

static void a_table_is_sorted_by_votes_and_fits_the_screen(void **state)
{
    (void)state;
    json_t *results = json("[{'contest': 'c', 'unit_name': 'Town', 'ballots': 1234, 'choices':"
                           " [{'choice': 'a', 'votes': 1}, {'choice': 'b', 'votes': 1200},"
                           " {'choice': 'd', 'votes': 20}, {'choice': 'e', 'votes': 10}],"
                           " 'undervotes': 3, 'overvotes': 0,"
                           " 'units_reporting': 1, 'units_total': 2}]");
    json_t *contests = json("[{'id': 'c', 'name': 'Mayor', 'choices':"
                            " [{'id': 'b', 'name': 'Zo\xc3\xab', 'party': 'p'}]}]");
    json_t *parties = json("[{'id': 'p', 'name': 'Party'}]");
    struct output output;
    open_output(&output);
    psp_results_table_print(results, contests, parties, 1, output.file);
    fclose(output.file);
    assert_string_equal(output.text, "Mayor, Town: 1,234 ballots, 1 of 2 units reporting\n"
                                     "choice        party  votes    share\n"
                                     "Zo\xc3\xab           Party  1,200  97.24 %\n"
                                     "d                       20   1.62 %\n"
                                     "(2 others)              11   0.89 %\n"
                                     "(undervotes)             3   0.24 %\n");
    free(output.text);
    json_decref(results);
    json_decref(contests);
    json_decref(parties);
}

/* What a collector says of places that have reported, in part and not at all. */
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
        "Mayor, Mill: not reported yet, 0 of 1 units reporting, 1 partial\n\n"
        "Mayor, Hill: 20 of 25 ballots shown, 1 of 4 units reporting, 2 partial\n"
        "choice  party  votes     share\n"
        "a                 20  100.00 %\n"
        "contest,unit,unit_name,level,method,choice,choice_name,party,votes\n"
        "c,,Hill,,,a,,,20\n"
        "call: 2 of 3 results are not reported yet: they are held, and left out\n");
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
        cmocka_unit_test(a_table_is_sorted_by_votes_and_fits_the_screen),
        cmocka_unit_test(what_is_held_has_no_votes_in_any_form),
        cmocka_unit_test(returns_leave_out_what_is_held),
        cmocka_unit_test(counts_have_separators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
