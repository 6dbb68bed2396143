/* A primary's results: a unit's ballot styles are added up, a contest has only the ballots of
 * papers that have it. Every sum is worked out by hand below. */
#include "tests/unit/fixture/api.h"
#include "tests/unit/fixture/primary.h"

#include "collector/view/series.h"
#include "collector/view/tally.h"

/*                    ballots | the party's: 2 choices, under, over | bridge: yes, no, under, over
 * shard 0, index 5:
 *     x dem booth 0  5: 3 1 1 0 | 2 2 1 0
 *     x rep mail  3  4: 1 2 0 1 | 3 1 0 0
 *     y dem booth 8  2: 0 2 0 0 | 1 0 0 1
 * shard 1, index 7:
 *     x rep booth 2  3: 2 1 0 0 | 0 3 0 0
 *     x np mail   5  1:           1 0 0 0
 *     y rep booth 6  6: 4 1 1 0 | 5 1 0 0
 *     z np booth 10  2:           1 0 1 0
 */
static void fill(struct api *api)
{
    struct fixture_rows rows = {0};
    ROW(&rows, 0, 5, 3, 1, 1, 0, 2, 2, 1, 0);
    ROW(&rows, 3, 4, 1, 2, 0, 1, 3, 1, 0, 0);
    ROW(&rows, 8, 2, 0, 2, 0, 0, 1, 0, 0, 1);
    struct psp_partial partial = fixture_partial(0, 5, &rows);
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 11;
    partial.books.added_ballots = partial.books.voters_counted = 11;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    rows = (struct fixture_rows){0};
    ROW(&rows, 2, 3, 2, 1, 0, 0, 0, 3, 0, 0);
    ROW(&rows, 5, 1, 1, 0, 0, 0);
    ROW(&rows, 6, 6, 4, 1, 1, 0, 5, 1, 0, 0);
    ROW(&rows, 10, 2, 1, 0, 1, 0);
    partial = fixture_partial(1, 7, &rows);
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 12;
    partial.books.added_ballots = partial.books.voters_counted = 12;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
}

static int set_up(void **context)
{
    api_set_up_election(context, primary_json);
    fill(*context);
    api_show(*context);
    return 0;
}

#define CHOICES(a, votes_a, b, votes_b, under, over)                                               \
    "\"choices\":[{\"choice\":\"" a "\",\"votes\":" #votes_a "},{\"choice\":\"" b                  \
    "\",\"votes\":" #votes_b "}],\"undervotes\":" #under ",\"overvotes\":" #over

#define UNITS(started, total)                                                                      \
    ",\"units_reporting\":0,\"units_partial\":0,\"units_started\":" #started                       \
    ",\"units_total\":" #total ",\"report\":null}"

static void a_contest_has_the_ballots_of_the_papers_that_have_it(void **context)
{
    expect(*context, "/api/v1/results?contest=gov-d",
           "\"method\":null,\"ballots\":7,\"ballots_counted\":7," CHOICES("ann", 3, "bob", 3, 1,
                                                                          0) ",");
    expect(*context, "/api/v1/results?contest=gov-d", UNITS(2, 2));
    expect(*context, "/api/v1/results?contest=gov-r",
           "\"method\":null,\"ballots\":13,\"ballots_counted\":13," CHOICES("cy", 7, "di", 4, 1,
                                                                            1) ",");
    expect(*context, "/api/v1/results?contest=gov-r", UNITS(2, 2));
    expect(*context, "/api/v1/results?contest=bridge",
           "\"method\":null,\"ballots\":23,\"ballots_counted\":23," CHOICES("yes", 13, "no", 7, 2,
                                                                            1) ",");
    expect(*context, "/api/v1/results?contest=bridge", UNITS(3, 3));
}

static void a_unit_s_result_is_the_sum_over_its_styles(void **context)
{
    expect(*context, "/api/v1/results?contest=bridge&unit=x&level=leaf",
           "\"ballots\":13,\"ballots_counted\":13," CHOICES("yes", 6, "no", 6, 1, 0));
    expect(*context, "/api/v1/results?contest=bridge&unit=y&level=leaf",
           "\"ballots\":8,\"ballots_counted\":8," CHOICES("yes", 6, "no", 1, 0, 1));
    expect(*context, "/api/v1/results?contest=gov-r&unit=x&level=leaf",
           "\"ballots\":7,\"ballots_counted\":7," CHOICES("cy", 3, "di", 3, 0, 1));
    expect(*context, "/api/v1/results?contest=gov-d&unit=y&level=leaf",
           "\"ballots\":2,\"ballots_counted\":2," CHOICES("ann", 0, "bob", 2, 0, 0));
    expect(*context, "/api/v1/results?contest=gov-d&unit=z&level=leaf", "\"results\":[],");
}

static void methods_are_kept_apart_in_every_style(void **context)
{
    expect(*context, "/api/v1/results?contest=gov-r&unit=x&method=mail",
           "\"ballots\":4,\"ballots_counted\":4," CHOICES("cy", 1, "di", 2, 0, 1));
    expect(*context, "/api/v1/results?contest=bridge&unit=x&method=mail",
           "\"ballots\":5,\"ballots_counted\":5," CHOICES("yes", 4, "no", 1, 0, 0));
    expect(*context, "/api/v1/results?contest=bridge&method=booth",
           "\"ballots\":18,\"ballots_counted\":18," CHOICES("yes", 9, "no", 6, 2, 1));
}

static void csv_has_a_unit_once_whatever_its_styles(void **context)
{
    expect(*context, "/api/v1/results.csv?contest=bridge&level=leaf",
           "bridge,x,X,precinct,,yes,Yes,,6,13,1,0,0,0,1,,\nbridge,x,X,precinct,,no,No,,6,13,1,0,0,"
           "0,1,,\n"
           "bridge,y,Y,precinct,,yes,Yes,,6,8,0,1,0,0,1,,\nbridge,y,Y,precinct,,no,No,,1,8,0,1,0,0,"
           "1,,\n"
           "bridge,z,Z,precinct,,yes,Yes,,1,2,1,0,0,0,1,,\nbridge,z,Z,precinct,,no,No,,0,2,1,0,0,0,"
           "1,,\n");
}

static void units_and_books_count_every_paper(void **context)
{
    const struct psp_view *view = ((struct api *)*context)->view;
    assert_int_equal(psp_view_ballots(view, PRIMARY_ST), 23);
    assert_int_equal(psp_view_ballots(view, PRIMARY_X), 13);
    assert_int_equal(psp_view_ballots(view, PRIMARY_Y), 8);
    assert_true(psp_view_balanced(view, PSP_NONE));
}

static void a_candidate_s_votes_are_where_the_party_s_papers_are(void **context)
{
    expect(*context, "/api/v1/candidates/bob?level=precinct", "\"votes\":3,");
    expect(*context, "/api/v1/candidates/bob?level=precinct",
           "\"where\":[{\"unit\":\"x\",\"unit_name\":\"X\",\"level\":\"precinct\",\"votes\":1},"
           "{\"unit\":\"y\",\"unit_name\":\"Y\",\"level\":\"precinct\",\"votes\":2}]");
}

static void sorting_sees_the_same_numbers(void **context)
{
    const struct psp_view *view = ((struct api *)*context)->view;
    assert_int_equal(psp_tally_ballots(view, PRIMARY_GOV_D, 0, 3, PSP_NONE), 7);
    assert_int_equal(psp_tally_ballots(view, PRIMARY_GOV_R, 0, 1, PSP_NONE), 7);
    assert_int_equal(psp_tally_ballots(view, PRIMARY_GOV_R, 0, 1, 1), 4);
    assert_int_equal(psp_tally_ballots(view, PRIMARY_BRIDGE, 0, 3, 0), 18);
    assert_int_equal(psp_tally_votes(view, PRIMARY_GOV_R, 0, 0, 3, PSP_NONE), 7);
    assert_int_equal(psp_tally_votes(view, PRIMARY_BRIDGE, 0, 0, 2, PSP_NONE), 12);
}

/* gov-d is on a paper of every leaf of its unit, and still not on every paper. */
static void the_series_has_the_ballots_of_a_contest_s_papers(void **context)
{
    /* ann, bob, cy, di, yes, no; gov-d, gov-r, bridge */
    static const uint64_t expected[] = {3, 3, 7, 4, 13, 7, 7, 13, 23};
    struct api *api = *context;
    struct psp_series *series = NULL;
    assert_int_equal(psp_series_create(api->catalog, &series), PSP_OK);
    assert_true(psp_series_note(series, api->view));
    assert_int_equal(series->row_cells, 9);
    assert_memory_equal(series->cells, expected, sizeof expected);
    psp_series_destroy(&series);
}

/* promise 3: a ballot of one party counted as left out by it in the other's contest. */
static void an_undervote_in_the_other_party_s_row_is_seen(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 2, 3, 2, 1, 1, 0, 0, 3, 0, 0); /* one undervote too many */
    struct psp_partial partial = fixture_partial(1, 8, &rows);
    partial.base_index = 7;
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 12;
    partial.books.added_ballots = partial.books.voters_counted = 12;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    assert_false(psp_view_balanced(api->view, PSP_NONE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_contest_has_the_ballots_of_the_papers_that_have_it),
        TEST(a_unit_s_result_is_the_sum_over_its_styles),
        TEST(methods_are_kept_apart_in_every_style),
        TEST(csv_has_a_unit_once_whatever_its_styles),
        TEST(units_and_books_count_every_paper),
        TEST(a_candidate_s_votes_are_where_the_party_s_papers_are),
        TEST(sorting_sees_the_same_numbers),
        TEST(the_series_has_the_ballots_of_a_contest_s_papers),
        TEST(an_undervote_in_the_other_party_s_row_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
