/* Answers where votes are shown by report: what is held is told by none, and what is shown
 * says which report it is of. report_min is 3.
 *
 *     p1 booth 4: 2 1 1 0 / 3 1    shard 0        p3 booth 3: 1 1 (1 under)   shard 0
 *     p1 mail  2: 0 0 2 0 / 1 0    shard 1        cd booth 5                  shard 1
 *     p2 booth 1                   shard 1
 *
 * First nothing is reported; then p1 and p3 in shard 0 alone; then in both. */
#include "tests/unit/fixture/api.h"

#include "collector/http/stream_event.h"
#include "collector/view/series.h"

enum { LEAF_P1, LEAF_P2, LEAF_P3, LEAF_CD };
#define T0 1700000000000

static void merge(struct api *api, struct psp_partial *partial, const struct fixture_rows *reports,
                  const struct fixture_rows *ballots)
{
    partial->reports = fixture_list(reports);
    if (api->definition->turnout == PSP_PUBLICATION_IMMEDIATE)
        partial->leaf_ballots = fixture_list(ballots);
    assert_int_equal(psp_board_merge(api->board, partial), PSP_OK);
    api_show(api);
}

/* Every ballot is counted, and none reported. */
static int set_up_held(void **context, enum psp_publication turnout)
{
    api_set_up_empty(context);
    struct api *api = *context;
    psp_board_destroy(&api->board);
    api->definition->publication = PSP_PUBLICATION_REPORTS;
    api->definition->turnout = turnout;
    api->definition->report_min = 3;
    api->board = fixture_board(api->definition);
    const struct fixture_rows none = {0};
    struct fixture_rows ballots = {0};
    fixture_leaf_ballots(&ballots, LEAF_P1, 4);
    fixture_leaf_ballots(&ballots, LEAF_P3, 3);
    struct psp_partial partial = fixture_partial_0(&none);
    merge(api, &partial, &none, &ballots);
    ballots = (struct fixture_rows){0};
    fixture_leaf_ballots(&ballots, LEAF_P1, 2);
    fixture_leaf_ballots(&ballots, LEAF_P2, 1);
    fixture_leaf_ballots(&ballots, LEAF_CD, 5);
    partial = fixture_partial_1(&none);
    merge(api, &partial, &none, &ballots);
    return 0;
}

static int set_up(void **context)
{
    return set_up_held(context, PSP_PUBLICATION_IMMEDIATE);
}

static int set_up_untold(void **context)
{
    return set_up_held(context, PSP_PUBLICATION_REPORTS);
}

/* Shard 0 has report `number` of p1, and for the first of p3, at index 7 + number. */
static void report_in_shard_0(struct api *api, uint64_t number, bool final)
{
    const struct fixture_rows none = {0};
    struct fixture_rows rows = {0}, reports = {0};
    fixture_report(&reports, LEAF_P1, number, 7 + number, T0 + 7 + number, final);
    if (number == 1) {
        fixture_rows_0(&rows);
        fixture_report(&reports, LEAF_P3, 1, 8, T0 + 8, false);
    }
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.base_index = psp_board_shard(api->board, 0)->index;
    partial.index = 7 + number;
    merge(api, &partial, &reports, &none);
}

/* Shard 1 at index 20 + number. */
static void report_in_shard_1(struct api *api, uint64_t number, bool final)
{
    const struct fixture_rows none = {0};
    struct fixture_rows rows = {0}, reports = {0};
    fixture_report(&reports, LEAF_P1, number, 20 + number, T0 + 500, final);
    if (number == 1) {
        ROW(&rows, 1, 2, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0);
        fixture_report(&reports, LEAF_P3, 1, 21, T0 + 500, false);
    }
    struct psp_partial partial = fixture_partial_1(&rows);
    partial.base_index = psp_board_shard(api->board, 1)->index;
    partial.index = 20 + number;
    merge(api, &partial, &reports, &none);
}

static void report(struct api *api, uint64_t number, bool final)
{
    report_in_shard_0(api, number, final);
    report_in_shard_1(api, number, final);
}

static void expect_all_held(struct api *api)
{
    expect(api, "/api/v1/results?contest=pres",
           "\"ballots\":0,\"ballots_counted\":15,\"choices\":null,\"undervotes\":null,"
           "\"overvotes\":null,\"valid\":null,\"candidates\":null,\"margin\":null,\"margin_of\":"
           "\"first\",\"tied\":null,\"units_reporting\":0,\"units_partial\":0,\"units_started\":0,"
           "\"units_total\":4,\"report\":null}");
    expect(api, "/api/v1/results?contest=pres&unit=p1&by=method",
           "\"method\":\"booth\",\"ballots\":0,\"ballots_counted\":null,\"choices\":null,");
    expect(
        api, "/api/v1/leaders?contest=pres&unit=vt&level=county&choice=ann-red",
        "\"leader\":[null,null,null],\"leader_votes\":[null,null,null],\"second\":[null,null,null],"
        "\"second_votes\":[null,null,null],\"valid\":[null,null,null],\"ballots\":[0,0,0],"
        "\"ballots_counted\":[7,3,5],\"units_reporting\":[0,0,0],\"units_partial\":[0,0,0],"
        "\"units_total\":[2,1,1],\"shown\":[0,0,0],\"expected\":[null,null,null],\"units_over\":[0,"
        "0,0],\"choice_votes\":[null,null,null]}");
    expect(api, "/api/v1/candidates",
           "\"votes\":null,\"choices\":[{\"contest\":\"pres\",\"choice\":\"ann-red\","
           "\"party\":\"red\",\"votes\":null},");
    expect(
        api, "/api/v1/candidates/bob",
        "\"where\":[{\"unit\":\"ca\",\"unit_name\":\"Zeta\",\"level\":\"county\",\"votes\":null}");
    expect(api, "/api/v1/election", "\"ballots\":0,\"ballots_counted\":15,");
    expect(api, "/api/v1/turnout?unit=ca",
           "\"ballots\":0,\"ballots_counted\":7,\"registered\":14,\"ballots_expected\":null,"
           "\"share\":0.500000,\"complete\":false,\"units_partial\":0,\"report\":null,");
    api_get(api, "/api/v1/results.csv?level=leaf");
    assert_string_equal(api->body,
                        "contest,unit,unit_name,level,method,choice,choice_name,party,votes,"
                        "ballots,undervotes,overvotes,units_reporting,units_partial,"
                        "units_total,report,final\n");
    assert_true(api->reply.tells_held);
    assert_int_equal(api->reply.held, 6); /* pres in four leaves, bridge in two */
    assert_null(strstr(api_get(api, "/api/v1/results?level=leaf"), "\"votes\":"));
    expect(api, "/api/v1/accounting", "\"shown\":0,\"held\":15,\"forgotten\":0,\"balanced\":true}");
    expect(api, "/api/v1/shards", "\"ballots\":7,");
}

static void before_the_first_report_no_vote_is_told(void **context)
{
    struct api *api = *context;
    expect_all_held(api);
    expect(api, "/api/v1/units/p1", "\"report\":null,\"report_under_way\":false,");
}

static void turnout_sorts_by_what_is_counted_where_that_is_told(void **context)
{
    struct api *api = *context;
    const bool told = api->definition->turnout == PSP_PUBLICATION_IMMEDIATE;
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=turnout&order=asc", "unit",
                 told ? "p2 p1 p3 cd " : "p1 p2 p3 cd ");
    report(api, 1, false);
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=turnout", "unit",
                 "p1 p2 p3 cd ");
}

static void a_report_that_not_every_shard_has_shows_nothing(void **context)
{
    struct api *api = *context;
    report_in_shard_0(api, 1, false);
    expect_all_held(api);
    expect(api, "/api/v1/units/p1", "\"report\":null,\"report_under_way\":true,");
    expect(api, "/api/v1/units/p2", "\"report\":null,\"report_under_way\":false,");
    expect(api, "/api/v1/turnout", "\"report\":null,\"report_under_way\":true,");
    expect(api, "/api/v1/election", "\"report_under_way\":true,");
}

#define WHOLE(number, final, ms, index_0, index_1)                                                 \
    "\"report\":{\"number\":" #number ",\"final\":" #final ",\"at\":\"2023-11-14T22:13:20." #ms    \
    "Z\",\"shards\":[{\"shard\":0,\"index\":" #index_0 "},{\"shard\":1,\"index\":" #index_1 "}]}"

/* promise 5: what is shown says which report it is of, and nothing else does. */
static void a_report_that_every_shard_has_is_shown(void **context)
{
    struct api *api = *context;
    report(api, 1, false);
    expect(api, "/api/v1/results?contest=pres&unit=p3",
           "\"ballots\":3,\"ballots_counted\":3,\"choices\":[{\"choice\":\"ann-red\",\"votes\":1},"
           "{\"choice\":\"bob\",\"votes\":1}],\"undervotes\":1,\"overvotes\":0,\"valid\":2,"
           "\"candidates\":[{\"candidate\":\"ann\",\"name\":\"Ann \\\"A\\\" "
           "Ash\",\"party\":\"red\",\"votes\":1,\"share\":0.500000,\"choices\":[\"ann-red\"]},{"
           "\"candidate\":\"bob\",\"name\":\"Bob\",\"party\":null,\"votes\":1,\"share\":0.500000,"
           "\"choices\":[\"bob\"]}],\"margin\":0,\"margin_of\":\"first\",\"tied\":true,"
           "\"units_reporting\":0,\"units_partial\":1,\"units_started\":1,\"units_total\":1," WHOLE(
               1, false, 008, 8, 21) "}]");
    expect(api, "/api/v1/units/p3", WHOLE(1, false, 008, 8, 21) ",\"report_under_way\":false");
    expect(api, "/api/v1/turnout?unit=vt", "\"units_partial\":2," WHOLE(1, false, 008, 8, 21));
    expect(api, "/api/v1/results?contest=pres&unit=p2", "\"choices\":null");
    /* above leaves: what is shown, and no report */
    expect(api, "/api/v1/results?contest=pres",
           "\"ballots\":7,\"ballots_counted\":15,\"choices\":[{\"choice\":\"ann-red\",\"votes\":3},"
           "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":2},"
           "{\"choice\":\"blank\",\"votes\":0}],\"undervotes\":1,\"overvotes\":0,\"valid\":6,"
           "\"candidates\":[{\"candidate\":\"ann\",\"name\":\"Ann \\\"A\\\" "
           "Ash\",\"party\":\"red\",\"votes\":4,\"share\":0.666667,\"choices\":[\"ann-red\",\"ann-"
           "blue\"]},{\"candidate\":\"bob\",\"name\":\"Bob\",\"party\":null,\"votes\":2,\"share\":"
           "0.333333,\"choices\":[\"bob\"]}],\"margin\":2,\"margin_of\":\"first\",\"tied\":false,"
           "\"units_reporting\":0,\"units_partial\":2,\"units_started\":2,\"units_total\":4,"
           "\"report\":null}");
    expect(api, "/api/v1/accounting", "\"shown\":7,\"held\":8,");
    expect(api, "/api/v1/candidates/ann?level=leaf", "\"votes\":4,\"choices\":[");
    expect(api, "/api/v1/candidates/ann?level=leaf",
           "\"level\":\"precinct\",\"votes\":3},{\"unit\":\"p2\",\"unit_name\":\"Two\","
           "\"level\":\"precinct\",\"votes\":null},{\"unit\":\"p3\"");
    expect(api, "/api/v1/leaders?contest=pres&unit=vt&level=county",
           "\"leader_votes\":[3,1,null],\"second\":[2,null,null],\"second_votes\":[1,1,null],"
           "\"valid\":[4,2,null]");
    expect(api, "/api/v1/turnout.csv?unit=p1",
           "\np1,One,precinct,4,10,8,0.600000,false,6,1,1,false,false,false,false\n");
    api_get(api, "/api/v1/results.csv?level=leaf");
    assert_int_equal(api->reply.held, 3); /* pres in p2 and cd, bridge in p2 */
    assert_non_null(
        strstr(api->body, "pres,p1,One,precinct,,ann-red,Ann Ash,red,2,4,0,0,0,1,1,1,false\n"));
    assert_null(strstr(api->body, ",p2,"));
}

static void a_row_of_few_ballots_keeps_its_older_report(void **context)
{
    struct api *api = *context;
    report(api, 1, false); /* two ballots by mail in p1: fewer than 3 */
    expect(api, "/api/v1/results?contest=pres&unit=p1&by=method",
           "\"method\":\"booth\",\"ballots\":4,\"ballots_counted\":null,\"choices\":[");
    expect(api, "/api/v1/results?contest=pres&unit=p1&by=method", WHOLE(1, false, 008, 8, 21));
    expect(api, "/api/v1/results?contest=pres&unit=p1&method=mail",
           "\"ballots\":0,\"ballots_counted\":null,\"choices\":null,");
    expect(api, "/api/v1/results?contest=pres&unit=p1&method=mail", "\"report\":null}");
    expect(api, "/api/v1/results?contest=pres&unit=p1",
           "\"report\":{\"number\":1,\"final\":false,\"at\":null,\"shards\":null}}");
    report(api, 2, true); /* a final one shows every row */
    expect(api, "/api/v1/results?contest=pres&unit=p1",
           "\"ballots\":6,\"ballots_counted\":6,\"choices\":[{\"choice\":\"ann-red\",\"votes\":2},"
           "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":3},");
    expect(api, "/api/v1/results?contest=pres&unit=p1", WHOLE(2, true, 009, 9, 22));
    expect(api, "/api/v1/turnout?unit=p1", "\"complete\":true,\"units_partial\":0,");
    expect(api, "/api/v1/results?contest=pres", "\"units_reporting\":1,\"units_partial\":1,");
    expect(api, "/api/v1/units/vt", WHOLE(2, false, 009, 9, 22)); /* the newest below it */
}

static void without_turnout_only_what_is_shown_is_told(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=pres",
           "\"ballots\":0,\"ballots_counted\":null,\"choices\":null,");
    expect(api, "/api/v1/turnout?unit=p1",
           "\"ballots\":0,\"ballots_counted\":null,\"registered\":10,\"ballots_expected\":8,"
           "\"share\":null,");
    expect(api, "/api/v1/turnout.csv?unit=p1",
           "\np1,One,precinct,0,10,8,,false,,0,,false,false,,false\n");
    report(api, 1, false);
    expect(api, "/api/v1/turnout?unit=p1",
           "\"ballots\":4,\"ballots_counted\":null,\"registered\":10,\"ballots_expected\":8,"
           "\"share\":0.400000,");
    expect(api, "/api/v1/turnout.csv?unit=p1",
           "\np1,One,precinct,4,10,8,0.400000,false,,1,1,false,false,false,false\n");
    expect(api, "/api/v1/election", "\"turnout\":\"reports\"");
    expect(api, "/api/v1/election", "\"ballots\":7,\"ballots_counted\":null,");
    expect(api, "/api/v1/accounting", "\"shown\":7,\"held\":8,"); /* the books do tell it */
}

static void the_curve_begins_with_the_first_report(void **context)
{
    struct api *api = *context;
    assert_int_equal(psp_series_create(api->catalog, &api->site.series), PSP_OK);
    psp_series_note(api->site.series, api->view);
    expect(api, "/api/v1/series?contest=pres", "\"publication\":\"reports\",");
    expect(api, "/api/v1/series?contest=pres", "\"points\":[]}");
    report(api, 1, false);
    api->view->time_ms += 5000;
    psp_series_note(api->site.series, api->view);
    expect(api, "/api/v1/series?contest=pres", "\"points\":[{\"at\":\"2023-11-14T22:13:2");
    expect(api, "/api/v1/series?contest=pres", "Z\",\"ballots\":7,\"votes\":[3,1,2,0]}]}");
    psp_series_destroy(&api->site.series);
}

static void an_event_holds_back_the_same(void **context)
{
    struct api *api = *context;
    struct psp_api_request request = {
        .site = &api->site, .view = api->view, .now_ms = FIXTURE_NOW_MS};
    const struct psp_stream_question question = {.contest = 0, .unit = P1, .method = PSP_NONE};
    struct psp_text text = {0};
    psp_stream_event_board(&request, &question, &text);
    psp_text_bytes(&text, "", 1);
    assert_non_null(strstr(text.data, "\"publication\":\"reports\""));
    assert_non_null(strstr(text.data, "\"result\":{\"contest\":\"pres\",\"unit\":\"p1\""));
    assert_non_null(strstr(text.data, "\"ballots\":0,\"ballots_counted\":6,\"choices\":null,"));
    assert_null(strstr(text.data, "\"votes\""));
    psp_text_free(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(before_the_first_report_no_vote_is_told),
        TEST(a_report_that_not_every_shard_has_shows_nothing),
        TEST(a_report_that_every_shard_has_is_shown),
        TEST(a_row_of_few_ballots_keeps_its_older_report),
        cmocka_unit_test_setup_teardown(without_turnout_only_what_is_shown_is_told, set_up_untold,
                                        api_tear_down),
        TEST(turnout_sorts_by_what_is_counted_where_that_is_told),
        cmocka_unit_test_setup_teardown(turnout_sorts_by_what_is_counted_where_that_is_told,
                                        set_up_untold, api_tear_down),
        TEST(the_curve_begins_with_the_first_report),
        TEST(an_event_holds_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
