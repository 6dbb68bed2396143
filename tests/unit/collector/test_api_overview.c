/* The whole night in one answer: seats by party, ties, lists, answers and what is held; and the
 * list of contests with who leads, and its words. Every figure is worked out by hand below.
 * In all JSON here ' stands for ". */
#include "tests/unit/fixture/api.h"

#include "collector/view/overview.h"

static const char valley_json[] =
    "{'format':2,'id':'valley','name':'Valley','date':'2026-06-02','publication':'immediate',"
    "'methods':[{'id':'all','name':'All'}],"
    "'parties':[{'id':'red','name':'Red','alliance':'Left'},{'id':'blue','name':'Blue'},"
    "{'id':'green','name':'Green'}],"
    "'candidates':[{'id':'r1','name':'r1','party':'red'},{'id':'b1','name':'b1','party':'blue'},"
    "{'id':'ann','name':'ann','party':'red'},{'id':'bob','name':'bob'},"
    "{'id':'r2','name':'r2','party':'red'},{'id':'b2','name':'b2','party':'blue'},"
    "{'id':'a','name':'a','party':'red'},{'id':'b','name':'b','party':'green'},"
    "{'id':'c','name':'c','party':'blue'},{'id':'d','name':'d'},{'id':'e','name':'e'},"
    "{'id':'solo','name':'solo'}],"
    "'units':[{'id':'x','name':'Xtown','level':'state'},"
    "{'id':'n','name':'North Ward','level':'county','parent':'x','ballot_styles':['n']},"
    "{'id':'s','name':'South Ward','level':'county','parent':'x','ballot_styles':['s']}],"
    "'contests':["
    "{'id':'seat-n','name':'seat-n','unit':'n','office':'House, North','group':'House',"
    "'district':'5','choices':["
    "{'id':'r1','name':'r1','kind':'candidate','candidate':'r1'},"
    "{'id':'b1','name':'b1','kind':'candidate','candidate':'b1'}]},"
    "{'id':'mayor','name':'mayor','unit':'x','office':'Mayor','choices':["
    "{'id':'ann','name':'ann','kind':'candidate','candidate':'ann'},"
    "{'id':'bob-b','name':'bob','kind':'candidate','candidate':'bob','party':'blue'},"
    "{'id':'bob-g','name':'bob','kind':'candidate','candidate':'bob','party':'green'},"
    "{'id':'write','name':'write','kind':'write_in'},"
    "{'id':'blank','name':'blank','kind':'blank'}]},"
    "{'id':'seat-s','name':'seat-s','unit':'s','office':'House, South','group':'House',"
    "'district':'15','choices':["
    "{'id':'r2','name':'r2','kind':'candidate','candidate':'r2'},"
    "{'id':'b2','name':'b2','kind':'candidate','candidate':'b2'}]},"
    "{'id':'council','name':'council','unit':'x','office':'Council','votes_allowed':3,'choices':["
    "{'id':'a','name':'a','kind':'candidate','candidate':'a'},"
    "{'id':'b','name':'b','kind':'candidate','candidate':'b'},"
    "{'id':'c','name':'c','kind':'candidate','candidate':'c'},"
    "{'id':'d','name':'d','kind':'candidate','candidate':'d'},"
    "{'id':'e','name':'e','kind':'candidate','candidate':'e'}]},"
    "{'id':'bridge','name':'bridge','unit':'x','office':'Bridge','choices':["
    "{'id':'yes','name':'yes','kind':'yes'},{'id':'no','name':'no','kind':'no'}]},"
    "{'id':'list','name':'list','unit':'x','office':'List','seats':2,'choices':["
    "{'id':'l-red','name':'l-red','kind':'candidate','party':'red'},"
    "{'id':'l-blue','name':'l-blue','kind':'candidate','party':'blue'},"
    "{'id':'l-green','name':'l-green','kind':'candidate','party':'green'}]},"
    "{'id':'alone','name':'alone','unit':'x','office':'House, at large','group':'House',"
    "'choices':[{'id':'solo','name':'solo','kind':'candidate','candidate':'solo'}]}],"
    "'ballot_styles':["
    "{'id':'n','contests':[{'contest':'seat-n'},{'contest':'mayor'},{'contest':'council'},"
    "{'contest':'bridge'},{'contest':'list'},{'contest':'alone'}]},"
    "{'id':'s','contests':[{'contest':'mayor'},{'contest':'seat-s'},{'contest':'council'},"
    "{'contest':'bridge'},{'contest':'list'},{'contest':'alone'}]}]}";

/* With " for '; good until the next call. */
static const char *quoted(const char *text)
{
    static char json[8192];
    assert_true(strlen(text) < sizeof json);
    for (size_t i = 0; i <= strlen(text); i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    return json;
}

/* The answer is 200 and holds the words. */
static void says(void **context, const char *url, const char *words)
{
    expect(*context, url, quoted(words));
}

static void count(struct api *api, const struct fixture_rows *rows)
{
    const struct psp_partial partial = fixture_partial(0, 5, rows);
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
}

/* Each with undervotes and overvotes at the end:
 *               seat-n | mayor            | seat-s | council         | bridge | list     | alone
 *               r1 b1  | ann bob-b g w bl | r2 b2  | a b c d e       | yes no | r b g    | solo
 * north 100:    30 50  | 48 30 20 0 2     |        | 60 50 40 40 0   | 50 50  | 60 40 0  | 70
 * south 100:           | 45 5 0 50 0      | 40 40  | 10 10 10 10 0   | 20 30  | 10 90 0  | 5
 */
static int set_up(void **context)
{
    api_set_up_election(context, quoted(valley_json));
    struct fixture_rows rows = {0};
    ROW(&rows, 0, 100, 30, 50, 20, 0, 48, 30, 20, 0, 2, 0, 0, 60, 50, 40, 40, 0, 110, 0, 50, 50, 0,
        0, 60, 40, 0, 0, 0, 70, 30, 0);
    ROW(&rows, 1, 100, 45, 5, 0, 50, 0, 0, 0, 40, 40, 20, 0, 10, 10, 10, 10, 0, 260, 0, 20, 30, 50,
        0, 10, 90, 0, 0, 0, 5, 95, 0);
    count(*context, &rows);
    return 0;
}

static int set_up_empty(void **context)
{
    return api_set_up_election(context, quoted(valley_json));
}

/* North is blue's, South is level, and who stands alone leads, too. */
static void a_group_s_seats_are_led_by_party(void **context)
{
    says(context, "/api/v1/overview",
         "'groups':[{'group':'House','contests_total':3,'contests_started':3,'seats_total':3,"
         "'majority':2,'units_reporting':0,'units_partial':0,'units_started':2,'units_total':2,'"
         "entries':["
         "{'group':'House','party':'blue','alliance':null,'seats_led':1,'seats_total':3},"
         "{'group':'House','party':null,'alliance':null,'seats_led':1,'seats_total':3}],"
         "'undecided':1,'close':[{'contest':'seat-s',");
    says(context, "/api/v1/overview",
         "{'group':'Mayor','party':'red','alliance':'Left','seats_led':1,'seats_total':1}");
}

/* 93 of Ann, 55 on Bob's two lines, of 198; the write-ins and the blanks lead nothing. */
static void a_close_contest_says_who_and_by_how_much(void **context)
{
    says(context, "/api/v1/overview",
         "'undecided':0,'close':[{'contest':'mayor','name':'mayor','unit':'x','ballots':200,"
         "'valid':198,'margin':38,'margin_of':'first','share_margin':0.191919,'tied':false,"
         "'leader':{'choice':'ann','candidate':'ann','name':'ann','party':'red','votes':93,"
         "'share':0.469697},"
         "'second':{'choice':'bob-b','candidate':'bob','name':'bob','party':'blue','votes':55,"
         "'share':0.277778},"
         "'above':{'choice':'ann','candidate':'ann','name':'ann','party':'red','votes':93,"
         "'share':0.469697},"
         "'below':{'choice':'bob-b','candidate':'bob','name':'bob','party':'blue','votes':55,"
         "'share':0.277778},"
         "'units_reporting':0,'units_partial':0,'units_started':2,'units_total':2}],'only':{'"
         "contest':'mayor','name':'mayor','unit':'x',");
}

static void the_head_is_the_first_contest_of_the_whole(void **context)
{
    says(context, "/api/v1/overview", "'head':'mayor','groups':[{'group':'House'");
}

/* c and d have 50 each and one seat between them: it is nobody's. */
static void who_is_level_at_the_last_seat_leads_none(void **context)
{
    says(context, "/api/v1/overview",
         "{'group':'Council','contests_total':1,'contests_started':1,'seats_total':3,"
         "'majority':2,'units_reporting':0,'units_partial':0,'units_started':2,'units_total':2,'"
         "entries':["
         "{'group':'Council','party':'red','alliance':'Left','seats_led':1,'seats_total':3},"
         "{'group':'Council','party':'green','alliance':null,'seats_led':1,'seats_total':3}],"
         "'undecided':1,");
    says(context, "/api/v1/overview",
         "'margin':0,'margin_of':'last_seat','share_margin':0.000000,'tied':true,"
         "'leader':{'choice':'a','candidate':'a','name':'a','party':'red','votes':70,"
         "'share':0.304348},"
         "'second':{'choice':'b','candidate':'b','name':'b','party':'green','votes':60,"
         "'share':0.260870},"
         "'above':{'choice':'c','candidate':'c','name':'c','party':'blue','votes':50,"
         "'share':0.217391},"
         "'below':{'choice':'d','candidate':'d','name':'d','party':null,'votes':50,"
         "'share':0.217391}");
}

/* 70 to 80; it has no seats. */
static void a_referendum_has_no_seats(void **context)
{
    says(context, "/api/v1/overview",
         "{'group':'Bridge','contests_total':1,'contests_started':1,'seats_total':0,"
         "'majority':null,'units_reporting':0,'units_partial':0,'units_started':2,'units_total':2,'"
         "entries':[],"
         "'undecided':0,'close':[{'contest':'bridge',");
    says(context, "/api/v1/overview",
         "'leader':{'choice':'no','candidate':null,'name':'no','party':null,'votes':80,"
         "'share':0.533333}");
}

/* Blue's list has 130 of 200; how that becomes seats the law says. */
static void several_seats_of_lists_are_led_by_nobody(void **context)
{
    says(context, "/api/v1/overview",
         "{'group':'List','contests_total':1,'contests_started':1,'seats_total':2,'majority':2,"
         "'units_reporting':0,'units_partial':0,'units_started':2,'units_total':2,'entries':[],'"
         "undecided':2,");
}

static void close_ones_come_first_and_those_without_a_margin_not(void **context)
{
    struct api *api = *context;
    const struct psp_overview *overview = psp_overview_of(api->view);
    assert_non_null(overview);
    assert_int_equal(overview->groups[4].close_count, 0); /* lists of several seats */
    assert_int_equal(overview->groups[0].close_count, 2); /* alone has no second */
    assert_int_equal(overview->groups[0].close[0], 2);    /* seat-s, level */
    assert_int_equal(overview->groups[0].close[1], 0);    /* seat-n, 20 of 80 */
}

/* A shard gone wrong may tell any votes, and what they add up to may wrap to nothing. */
static void votes_beyond_all_numbers_are_no_close_contest(void **context)
{
    struct fixture_rows rows = {0};
    const uint64_t half = UINT64_C(1) << 63;
    ROW(&rows, 0, 100, 30, 50, 20, 0, 48, 30, 20, 0, 2, 0, 0, 60, 50, 40, 40, 0, 110, 0, half, half,
        0, 0, 60, 40, 0, 0, 0, 70, 30, 0);
    count(*context, &rows);
    const struct psp_overview *overview = psp_overview_of(((struct api *)*context)->view);
    assert_non_null(overview);
    assert_int_equal(overview->contests[4].margin, 0);
    assert_int_equal(overview->contests[4].valid, 0);
    assert_int_equal(overview->groups[3].close_count, 0);
    says(context, "/api/v1/overview", "'share_margin':null,'tied':true,'leader':{'choice':'yes'");
}

static void before_the_first_ballot_nobody_leads(void **context)
{
    says(context, "/api/v1/overview",
         "{'group':'House','contests_total':3,'contests_started':0,'seats_total':3,'majority':2,"
         "'units_reporting':0,'units_partial':0,'units_started':0,'units_total':2,'entries':[],'"
         "undecided':3,"
         "'close':[],'only':null}");
    says(context, "/api/v1/contests?standing=1&q=seat-n",
         "'margin':null,'margin_of':'first','share_margin':null,'tied':false,"
         "'leader':null,'second':null,'above':null,'below':null,");
}

/* The same as of each contest apart, by the way that /results goes. */
static void expect_same_as_results(const struct psp_view *view)
{
    static struct psp_tally tally;
    static struct psp_standing standing;
    const struct psp_overview *overview = psp_overview_of(view);
    assert_non_null(overview);
    assert_ptr_equal(overview, psp_overview_of(view)); /* made once */
    for (uint32_t i = 0; i < view->definition->contest_count; i++) {
        const struct psp_overview_contest *of = &overview->contests[i];
        const struct psp_unit *unit = &view->definition->units[view->definition->contests[i].unit];
        psp_tally_run(view, i, unit->leaf_first, unit->leaf_end, PSP_NONE, &tally);
        psp_standing_rank(view->catalog, i, &tally, &standing);
        assert_int_equal(of->ballots, tally.ballots);
        assert_int_equal(of->held, tally.held);
        assert_int_equal(of->units_total, tally.units_total);
        assert_int_equal(of->units_reporting, tally.units_reporting);
        assert_int_equal(of->units_partial, tally.units_partial);
        assert_int_equal(of->units_started, tally.units_started);
        assert_int_equal(of->valid, standing.valid);
        assert_int_equal(of->margin, standing.margin);
        assert_int_equal(of->tied, standing.tied);
        if (standing.count == 0 || standing.entries[0].votes == 0) {
            assert_int_equal(of->leader.first, PSP_NONE);
            continue;
        }
        assert_int_equal(of->leader.first, standing.entries[0].first);
        assert_int_equal(of->leader.votes, standing.entries[0].votes);
    }
}

static void every_contest_is_as_its_results_say(void **context)
{
    struct api *api = *context;
    expect_same_as_results(api->view);
}

static void a_contest_of_some_ballots_alone_is_as_its_results_say(void **context)
{
    struct api *api = *context;
    expect_same_as_results(api->view);
}

/* Two ballots of north are reported, and then nothing is of south. */
static int set_up_reports(void **context)
{
    api_set_up_election(context, quoted(valley_json));
    struct api *api = *context;
    psp_board_destroy(&api->board);
    api->definition->publication = PSP_PUBLICATION_REPORTS;
    api->definition->report_min = 1;
    api->board = fixture_board(api->definition);
    return 0;
}

static void what_is_held_leads_nothing(void **context)
{
    struct api *api = *context;
    const struct fixture_rows none = {0};
    struct fixture_rows rows = {0}, reports = {0}, ballots = {0};
    fixture_leaf_ballots(&ballots, 0, 2);
    fixture_leaf_ballots(&ballots, 1, 9);
    struct psp_partial partial = fixture_partial(0, 5, &none);
    partial.leaf_ballots = fixture_list(&ballots);
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    says(context, "/api/v1/overview", "'entries':[],'undecided':3,'close':[],'only':null}");
    says(context, "/api/v1/contests?standing=1&q=mayor",
         "'ballots':0,'valid':null,'margin':null,'margin_of':'first',"
         "'share_margin':null,'tied':null,'leader':null,");
    expect_same_as_results(api->view);

    ROW(&rows, 0, 2, 0, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4, 0, 2, 0, 0, 0, 2, 0, 0, 0,
        0, 0, 2, 0);
    fixture_report(&reports, 0, 1, 6, 1700000000006, true);
    for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
        partial = fixture_partial(shard, 6 + shard, shard == 0 ? &rows : &none);
        partial.base_index = psp_board_shard(api->board, shard)->index;
        partial.reports = fixture_list(&reports);
        partial.leaf_ballots = fixture_list(shard == 0 ? &ballots : &none);
        assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    }
    api_show(api);
    says(context, "/api/v1/overview",
         "'contests_started':2,'seats_total':3,'majority':2,'units_reporting':1,"
         "'units_partial':0,'units_started':1,'units_total':2,'entries':["
         "{'group':'House','party':'blue','alliance':null,'seats_led':1,'seats_total':3}],"
         "'undecided':2,");
    expect_same_as_results(api->view);
}

static void contests_of_a_group_say_who_leads(void **context)
{
    expect_pages(*context, "/api/v1/contests?group=House&standing=1&choices=0&limit=2", "id",
                 "seat-n seat-s alone ");
    says(context, "/api/v1/contests?group=House&standing=1&choices=0&q=alone",
         "'choices':[],'ballots':200,'valid':75,'margin':null,'margin_of':'first',"
         "'share_margin':null,'tied':false,'leader':{'choice':'solo','candidate':'solo',"
         "'name':'solo','party':null,'votes':75,'share':1.000000},'second':null,");
    expect_problem(*context, "/api/v1/contests?group=Senate", 404, "/api/v1/overview lists them");
    expect_problem(*context, "/api/v1/contests?standing=yes", 400, "\\\"yes\\\" is not 1");
    expect_problem(*context, "/api/v1/contests?choices=1", 400, "\\\"1\\\" is not 0");
}

/* Without standing=1 the list is what it was. */
static void contests_say_who_leads_only_if_asked(void **context)
{
    const char *body = api_get(*context, "/api/v1/contests");
    assert_null(strstr(body, "\"leader\""));
}

static void words_are_found_in_any_order(void **context)
{
    expect_pages(*context, "/api/v1/contests?q=house 5", "id", "seat-n r1 b1 "); /* not 15 */
    expect_pages(*context, "/api/v1/contests?q=15 HOU", "id", "seat-s r2 b2 ");
    expect_pages(*context, "/api/v1/contests?q=b1 north&choices=0", "id", "seat-n ");
    expect_pages(*context, "/api/v1/contests?q=south north", "id", "");
    expect_pages(*context, "/api/v1/units?q=ward  nor", "id", "n ");
    expect_pages(*context, "/api/v1/units?q=xtown south", "id", "s ");
    expect_pages(*context, "/api/v1/units?q=xtown", "id", "x ");
    expect(*context, "/api/v1/candidates?q=blue b2", "\"candidates\":[{\"id\":\"b2\"");
}

#define TEST(name, up) cmocka_unit_test_setup_teardown(name, up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_s_seats_are_led_by_party, set_up),
        TEST(a_close_contest_says_who_and_by_how_much, set_up),
        TEST(the_head_is_the_first_contest_of_the_whole, set_up),
        TEST(who_is_level_at_the_last_seat_leads_none, set_up),
        TEST(a_referendum_has_no_seats, set_up),
        TEST(several_seats_of_lists_are_led_by_nobody, set_up),
        TEST(close_ones_come_first_and_those_without_a_margin_not, set_up),
        TEST(votes_beyond_all_numbers_are_no_close_contest, set_up_empty),
        TEST(before_the_first_ballot_nobody_leads, set_up_empty),
        TEST(every_contest_is_as_its_results_say, set_up),
        TEST(a_contest_of_some_ballots_alone_is_as_its_results_say, api_set_up),
        TEST(what_is_held_leads_nothing, set_up_reports),
        TEST(contests_of_a_group_say_who_leads, set_up),
        TEST(contests_say_who_leads_only_if_asked, set_up),
        TEST(words_are_found_in_any_order, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
