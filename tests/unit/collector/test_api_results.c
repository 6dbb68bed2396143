/* /api/v1/results: numbers, levels, methods, order and pages. */
#include "tests/unit/fixture/api.h"

#include "base/bytes/bytes.h"

#define HEAD                                                                                       \
    "\"number\":2199023255564,\"cluster\":\"c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1\",\"shards\":["       \
    "{\"shard\":0,\"epoch\":1,\"index\":5},{\"shard\":1,\"epoch\":1,\"index\":7}]},"               \
    "\"as_of\":\"2023-11-14T22:13:20.007Z\",\"stale\":false,\"status\":\"unofficial\",\"mode\":"   \
    "\"live\","                                                                                    \
    "\"publication\":\"immediate\","

static void without_parameters_every_contest_in_its_own_unit(void **context)
{
    struct api *api = *context;
    api_get(api, "/api/v1/results");
    assert_int_equal(api->reply.status, 200);
    assert_string_equal(api->reply.content_type, "application/json");
    char id[80];
    snprintf(id, sizeof id, "{\"version\":{\"id\":\"%s\",", api->view->id);
    assert_int_equal(strncmp(api->body, id, strlen(id)), 0);
    assert_string_equal(
        api->body + strlen(id), HEAD
        "\"results\":["
        "{\"contest\":\"pres\",\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":\"nation\","
        "\"method\":null,\"ballots\":15,\"ballots_counted\":15,"
        "\"choices\":[{\"choice\":\"ann-red\",\"votes\":5},"
        "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":6},"
        "{\"choice\":\"blank\",\"votes\":1}],\"undervotes\":1,\"overvotes\":1,"
        "\"valid\":12,\"candidates\":[{\"candidate\":\"ann\",\"name\":\"Ann \\\"A\\\" "
        "Ash\",\"party\":\"red\",\"votes\":6,\"share\":0.500000,\"choices\":[\"ann-red\",\"ann-"
        "blue\"]},{\"candidate\":\"bob\",\"name\":\"Bob\",\"party\":null,\"votes\":6,\"share\":0."
        "500000,\"choices\":[\"bob\"]}],\"margin\":0,\"margin_of\":\"first\",\"tied\":true,"
        "\"units_reporting\":0,\"units_partial\":0,\"units_started\":4,\"units_total\":4,"
        "\"report\":null},"
        "{\"contest\":\"bridge\",\"unit\":\"ca\",\"unit_name\":\"Zeta\",\"level\":\"county\","
        "\"method\":null,\"ballots\":7,\"ballots_counted\":7,"
        "\"choices\":[{\"choice\":\"yes\",\"votes\":4},"
        "{\"choice\":\"no\",\"votes\":1}],\"undervotes\":1,\"overvotes\":1,"
        "\"valid\":5,\"candidates\":[{\"candidate\":null,\"name\":\"Yes\",\"party\":null,\"votes\":"
        "4,\"share\":0.800000,\"choices\":[\"yes\"]},{\"candidate\":null,\"name\":\"No\",\"party\":"
        "null,\"votes\":1,\"share\":0.200000,\"choices\":[\"no\"]}],\"margin\":3,\"margin_of\":"
        "\"first\",\"tied\":false,"
        "\"units_reporting\":0,\"units_partial\":0,\"units_started\":2,\"units_total\":2,"
        "\"report\":null}],"
        "\"total\":2,\"next_cursor\":null}");
}

static void a_leaf_shows_exactly_the_choices_of_its_style(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=pres&unit=p3&level=leaf",
           "\"results\":[{\"contest\":\"pres\",\"unit\":\"p3\",\"unit_name\":\"Three\","
           "\"level\":\"precinct\",\"method\":null,\"ballots\":3,\"ballots_counted\":3,"
           "\"choices\":[{\"choice\":\"ann-red\",\"votes\":1},{\"choice\":\"bob\",\"votes\":1}],"
           "\"undervotes\":1,\"overvotes\":0,"
           "\"valid\":2,\"candidates\":[{\"candidate\":\"ann\",\"name\":\"Ann \\\"A\\\" "
           "Ash\",\"party\":\"red\",\"votes\":1,\"share\":0.500000,\"choices\":[\"ann-red\"]},{"
           "\"candidate\":\"bob\",\"name\":\"Bob\",\"party\":null,\"votes\":1,\"share\":0.500000,"
           "\"choices\":[\"bob\"]}],\"margin\":0,\"margin_of\":\"first\",\"tied\":true,\"units_"
           "reporting\":0,\"units_partial\":0,"
           "\"units_started\":1,\"units_total\":1,\"report\":null}],\"total\":1,\"next_cursor\":"
           "null}");
}

static void zeros_are_shown_where_a_choice_stands(void **context)
{
    struct api *api = *context;
    expect(
        api, "/api/v1/results?contest=pres&unit=p2",
        "\"choices\":[{\"choice\":\"ann-red\",\"votes\":0},{\"choice\":\"ann-blue\",\"votes\":0},"
        "{\"choice\":\"bob\",\"votes\":0},{\"choice\":\"blank\",\"votes\":1}]");
}

static void an_inner_unit_shows_the_choices_of_all_leaves_below(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=pres&unit=ca",
           "\"ballots\":7,\"ballots_counted\":7,\"choices\":[{\"choice\":\"ann-red\",\"votes\":2},"
           "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":3},"
           "{\"choice\":\"blank\",\"votes\":1}],\"undervotes\":0,\"overvotes\":0");
    expect(api, "/api/v1/results?contest=pres&unit=cb",
           "\"ballots\":3,\"ballots_counted\":3,\"choices\":[{\"choice\":\"ann-red\",\"votes\":1},"
           "{\"choice\":\"bob\",\"votes\":1}],\"undervotes\":1");
}

static void a_unit_without_the_contest_has_no_result(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=bridge&unit=p3",
           "\"results\":[],\"total\":0,\"next_cursor\":null");
    expect(api, "/api/v1/results?contest=bridge&unit=cb", "\"results\":[],");
}

static void a_unit_above_the_contest_shows_the_contest_s_own(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=bridge&unit=vt", "\"unit\":\"ca\"");
}

static void levels_list_the_units_that_vote_on_the_contest(void **context)
{
    struct api *api = *context;
    assert_int_equal(
        expect_pages(api, "/api/v1/results?contest=pres&level=leaf", "unit", "p1 p2 p3 cd "), 1);
    expect_pages(api, "/api/v1/results?contest=pres&level=precinct", "unit", "p1 p2 p3 ");
    expect_pages(api, "/api/v1/results?contest=pres&level=county", "unit", "ca cb cd ");
    expect_pages(api, "/api/v1/results?contest=pres&level=state", "unit", "vt ");
    expect_pages(api, "/api/v1/results?contest=bridge&level=county", "unit", "ca ");
    expect_pages(api, "/api/v1/results?contest=bridge&level=state", "unit", "vt ");
    expect_pages(api, "/api/v1/results?level=precinct&unit=ca", "unit", "p1 p2 p1 p2 ");
    expect_pages(api, "/api/v1/results?level=state&unit=ca", "unit", "");
}

static void methods_can_be_shown_apart(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=pres&unit=p1&by=method",
           "\"method\":\"booth\",\"ballots\":4,\"ballots_counted\":4,\"choices\":[{\"choice\":"
           "\"ann-red\",\"votes\":2},"
           "{\"choice\":\"ann-blue\",\"votes\":1},{\"choice\":\"bob\",\"votes\":1},");
    expect(api, "/api/v1/results?contest=pres&unit=p1&by=method",
           "\"method\":\"mail\",\"ballots\":2,\"ballots_counted\":2,\"choices\":[{\"choice\":\"ann-"
           "red\",\"votes\":0},"
           "{\"choice\":\"ann-blue\",\"votes\":0},{\"choice\":\"bob\",\"votes\":2},");
    expect(api, "/api/v1/results?contest=pres&method=mail",
           "\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":\"nation\",\"method\":\"mail\","
           "\"ballots\":2,");
    expect_pages(api, "/api/v1/results?level=leaf&by=method&method=mail&contest=pres", "method",
                 "mail mail mail mail ");
}

static void pages_go_on_where_the_last_one_ended(void **context)
{
    struct api *api = *context;
    /* pres in 4 leaves, bridge in 2, two methods each: 12 items */
    assert_int_equal(expect_pages(api, "/api/v1/results?level=leaf&by=method&limit=5", "unit",
                                  "p1 p1 p2 p2 p3 p3 cd cd p1 p1 p2 p2 "),
                     3);
    assert_int_equal(expect_pages(api, "/api/v1/results?level=leaf&by=method&limit=1", "method",
                                  "booth mail booth mail booth mail booth mail booth mail "
                                  "booth mail "),
                     12);
    assert_int_equal(expect_pages(api, "/api/v1/results?level=leaf&by=method&limit=12", "unit",
                                  "p1 p1 p2 p2 p3 p3 cd cd p1 p1 p2 p2 "),
                     1);
}

static void units_sort_by_name_ballots_votes_and_turnout(void **context)
{
    struct api *api = *context;
    /* One, Two, Three, Delta */
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=unit", "unit", "cd p1 p3 p2 ");
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=unit&order=desc", "unit",
                 "p2 p3 p1 cd ");
    /* p1 6, cd 5, p3 3, p2 1 */
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=ballots", "unit",
                 "p1 cd p3 p2 ");
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=ballots&order=asc", "unit",
                 "p2 p3 cd p1 ");
    /* ann-red: p1 2, cd 2, p3 1, p2 0: equal ones in the definition's order */
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=votes:ann-red", "unit",
                 "p1 cd p3 p2 ");
    /* p1 6 of 10, p2 1 of 4; the others state no number: last either way */
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=turnout", "unit",
                 "p1 p2 p3 cd ");
    expect_pages(api, "/api/v1/results?contest=pres&level=leaf&sort=turnout&order=asc", "unit",
                 "p2 p1 p3 cd ");
}

static void sorted_lists_have_pages_too(void **context)
{
    struct api *api = *context;
    assert_int_equal(expect_pages(api,
                                  "/api/v1/results?contest=pres&level=leaf&sort=votes:ann-red&"
                                  "limit=1",
                                  "unit", "p1 cd p3 p2 "),
                     4);
    assert_int_equal(expect_pages(api,
                                  "/api/v1/results?contest=pres&level=leaf&sort=turnout&limit=3",
                                  "unit", "p1 p2 p3 cd "),
                     2);
}

static void a_cursor_outlives_an_update(void **context)
{
    struct api *api = *context;
    char url[256];
    api_get(api, "/api/v1/results?contest=pres&level=leaf&limit=2");
    const char *token = strstr(api->body, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    snprintf(url, sizeof url, "/api/v1/results?contest=pres&level=leaf&limit=2&cursor=%.28s",
             token);
    struct fixture_rows rows = {0};
    ROW(&rows, 0, 5, 3, 1, 1, 0, 0, 0, 4, 1, 0, 0);
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.index = 6;
    partial.base_index = 5;
    partial.books.received++;
    partial.books.disposed[PSP_COUNTED]++;
    partial.books.added_ballots = partial.books.voters_counted = 8;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
    expect_pages(api, url, "unit", "p3 cd ");
    expect(api, url, "\"index\":6");
}

static void a_cursor_of_another_question_is_refused(void **context)
{
    struct api *api = *context;
    char url[256];
    api_get(api, "/api/v1/results?contest=pres&level=leaf&limit=2");
    const char *token = strstr(api->body, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    char cursor[32];
    snprintf(cursor, sizeof cursor, "%.28s", token);
    snprintf(url, sizeof url, "/api/v1/results?contest=bridge&level=leaf&cursor=%s", cursor);
    expect_problem(api, url, 400, "was not given for this question");
    snprintf(url, sizeof url, "/api/v1/results?level=leaf&contest=pres&limit=1&cursor=%s", cursor);
    expect(api, url, "\"unit\":\"p3\""); /* order of parameters and limit do not matter */
    expect_problem(api, "/api/v1/results?cursor=abc", 400, "abc");
    expect_problem(api, "/api/v1/results?cursor=", 400, "cursor");
    expect_problem(api, "/api/v1/results?cursor=!!!!!!!!!!!!!!!!!!!!!!!!!!!!", 400, "cursor");
}

static void leaves_with_a_final_report_are_reporting(void **context)
{
    struct api *api = *context;
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
        struct fixture_rows rows = {0};
        struct psp_partial partial = fixture_partial(s, 9, &rows);
        partial.base_index = s == 0 ? 5 : 7;
        partial.books = psp_board_shard(api->board, s)->books;
        struct fixture_rows reports = {0};
        fixture_report(&reports, 0, 1, 9, 1700000000009, true);
        fixture_report(&reports, 1, 1, 9, 1700000000009, false);
        fixture_report(&reports, 2, 1, 9, 1700000000009, true);
        partial.reports = fixture_list(&reports);
        assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    }
    api_publish(api);
    /* p1 and p3 are final, p2 is not */
    expect(api, "/api/v1/results?contest=pres",
           "\"units_reporting\":2,\"units_partial\":1,\"units_started\":4,"
           "\"units_total\":4");
    expect(api, "/api/v1/results?contest=pres&unit=p3", "\"units_reporting\":1");
    expect(api, "/api/v1/results?contest=bridge", "\"units_reporting\":1");
}

static void csv_has_a_line_for_every_choice(void **context)
{
    struct api *api = *context;
    api_get(api, "/api/v1/results.csv?contest=pres&level=county");
    assert_int_equal(api->reply.status, 200);
    assert_string_equal(api->reply.content_type, "text/csv; charset=utf-8; header=present");
    assert_string_equal(api->body,
                        "contest,unit,unit_name,level,method,choice,choice_name,party,votes,"
                        "ballots,undervotes,overvotes,units_reporting,units_partial,"
                        "units_total,report,final\n"
                        "pres,ca,Zeta,county,,ann-red,Ann Ash,red,2,7,0,0,0,0,2,,\n"
                        "pres,ca,Zeta,county,,ann-blue,Ann Ash,blue,1,7,0,0,0,0,2,,\n"
                        "pres,ca,Zeta,county,,bob,Bob,,3,7,0,0,0,0,2,,\n"
                        "pres,ca,Zeta,county,,blank,Blanks,,1,7,0,0,0,0,2,,\n"
                        "pres,cb,\"Beta, \"\"B\"\"\",county,,ann-red,Ann Ash,red,1,3,1,0,0,0,1,,\n"
                        "pres,cb,\"Beta, \"\"B\"\"\",county,,bob,Bob,,1,3,1,0,0,0,1,,\n"
                        "pres,cd,Delta,county,,ann-red,Ann Ash,red,2,5,0,1,0,0,1,,\n"
                        "pres,cd,Delta,county,,bob,Bob,,2,5,0,1,0,0,1,,\n");
    assert_int_equal(api->reply.next.length, 0);
}

static void csv_of_a_test_says_so_in_every_line(void **context)
{
    struct api *api = *context;
    api->cluster.mode = PSP_MODE_TEST;
    api_get(api, "/api/v1/results.csv?contest=bridge&level=leaf");
    assert_int_equal(api->reply.status, 200);
    size_t lines = 0;
    for (const char *line = api->body; *line; line = strchr(line, '\n') + 1, lines++)
        assert_int_equal(strncmp(line, lines == 0 ? "mode,contest,unit," : "TEST,bridge,", 12), 0);
    assert_true(lines > 2);
}

static void csv_with_a_limit_links_to_the_next_page(void **context)
{
    struct api *api = *context;
    api_get(api, "/api/v1/results.csv?contest=pres&level=county&limit=2");
    char next[256];
    snprintf(next, sizeof next, "%.*s", (int)api->reply.next.length, api->reply.next.data);
    assert_int_equal(strncmp(next, "/api/v1/results.csv?cursor=", 27), 0);
    assert_non_null(strstr(next, "&contest=pres&level=county&limit=2"));
    api_get(api, next);
    assert_string_equal(api->body,
                        "contest,unit,unit_name,level,method,choice,choice_name,party,votes,"
                        "ballots,undervotes,overvotes,units_reporting,units_partial,"
                        "units_total,report,final\n"
                        "pres,cd,Delta,county,,ann-red,Ann Ash,red,2,5,0,1,0,0,1,,\n"
                        "pres,cd,Delta,county,,bob,Bob,,2,5,0,1,0,0,1,,\n");
}

static void accept_asks_for_csv(void **context)
{
    struct api *api = *context;
    static const struct {
        const char *accept;
        bool csv;
    } cases[] = {
        {"text/csv", true},
        {"application/json;q=0.5, text/csv;q=0.9", true},
        {"text/csv;q=0.5, application/json", false},
        {"text/csv;q=0", false},
        {"*/*", false},
        {"text/html,application/xhtml+xml,*/*;q=0.8", false},
        {"text/csvx", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct psp_api_request request = {.accept = cases[i].accept};
        assert_true(api_ask(api, "/api/v1/results", &request));
        assert_int_equal(strncmp(api->reply.content_type, "text/csv", 8) == 0, cases[i].csv);
    }
}

static void wrong_values_say_what_would_be_right(void **context)
{
    struct api *api = *context;
    expect_problem(api, "/api/v1/results?contest=nope", 404, "no contest \\\"nope\\\"");
    expect_problem(api, "/api/v1/results?unit=nope", 404, "no unit \\\"nope\\\"");
    expect_problem(api, "/api/v1/results?method=nope", 404, "no method \\\"nope\\\"");
    expect_problem(api, "/api/v1/results?level=town", 400, "level of this election");
    expect_problem(api, "/api/v1/results?by=age", 400, "by=method");
    expect_problem(api, "/api/v1/results?limit=0", 400, "a number from 1 to 1000");
    expect_problem(api, "/api/v1/results?limit=1001", 400, "limit");
    expect_problem(api, "/api/v1/results?limit=-1", 400, "limit");
    expect_problem(api, "/api/v1/results?limit=99999999999999999999", 400, "limit");
    expect_problem(api, "/api/v1/results?limit=", 400, "limit");
    expect_problem(api, "/api/v1/results?sort=ballots", 400, "add contest=ID");
    expect_problem(api, "/api/v1/results?contest=pres&sort=age", 400, "votes:CHOICE");
    expect_problem(api, "/api/v1/results?contest=pres&sort=votes:nope", 404, "no such choice");
    expect_problem(api, "/api/v1/results?contest=pres&sort=unit&order=up", 400, "asc nor desc");
    expect_problem(api, "/api/v1/results?order=asc", 400, "without sort");
}

/* Counties in order: Zeta (p1, p2), Beta (p3), Delta. In Zeta ann-red and
 * ann-blue and bob have 2, 1 and 3 votes, so Ann and Bob 3; in Beta 1 to 1; in Delta 2 to
 * 2. */
static void leaders_are_columns_over_units(void **context)
{
    expect(*context, "/api/v1/leaders?contest=pres&unit=vt&level=county&choice=ann-red",
           "\"total\":3,\"leader\":[null,null,null],\"leader_votes\":[3,1,2],\"second\":[null,null,"
           "null],\"second_votes\":[3,1,2],"
           "\"valid\":[6,2,4],\"ballots\":[7,3,5],\"ballots_counted\":[7,3,5],"
           "\"units_reporting\":[0,0,0],\"units_partial\":[0,0,0],\"units_total\":[2,1,1],"
           "\"shown\":[7,3,5],\"expected\":[null,null,null],\"units_over\":[0,0,0],\"choice_"
           "votes\":[3,1,2]}");
    expect_problem(*context, "/api/v1/leaders", 400, "contest: say which");
    expect_problem(*context, "/api/v1/leaders?contest=pres&choice=nobody", 404, "choice");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_parameters_every_contest_in_its_own_unit),
        TEST(a_leaf_shows_exactly_the_choices_of_its_style),
        TEST(zeros_are_shown_where_a_choice_stands),
        TEST(an_inner_unit_shows_the_choices_of_all_leaves_below),
        TEST(a_unit_without_the_contest_has_no_result),
        TEST(leaders_are_columns_over_units),
        TEST(a_unit_above_the_contest_shows_the_contest_s_own),
        TEST(levels_list_the_units_that_vote_on_the_contest),
        TEST(methods_can_be_shown_apart),
        TEST(pages_go_on_where_the_last_one_ended),
        TEST(units_sort_by_name_ballots_votes_and_turnout),
        TEST(sorted_lists_have_pages_too),
        TEST(a_cursor_outlives_an_update),
        TEST(a_cursor_of_another_question_is_refused),
        TEST(leaves_with_a_final_report_are_reporting),
        TEST(csv_has_a_line_for_every_choice),
        TEST(csv_of_a_test_says_so_in_every_line),
        TEST(csv_with_a_limit_links_to_the_next_page),
        TEST(accept_asks_for_csv),
        TEST(wrong_values_say_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
