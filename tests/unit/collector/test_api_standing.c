/* Who leads: candidates with all their lines, several seats, lists and answers; and how far
 * the count is, unit by unit. Every figure is worked out by hand below. */
#include "tests/unit/fixture/api.h"

#include "collector/view/standing.h"

/* Bob has two lines in north, one of them in south. */
#define CANDIDATE(id, name) "{\"id\":\"" id "\",\"name\":" name "}"
#define LINE_OF(id, more) "{\"id\":\"" id "\",\"name\":\"" id "\",\"kind\":\"candidate\"," more "}"
#define LINE(id, candidate) LINE_OF(id, "\"candidate\":\"" candidate "\"")
#define OTHER(id, kind) "{\"id\":\"" id "\",\"name\":\"" id "\",\"kind\":\"" kind "\"}"
#define CONTEST(id, more, choices)                                                                 \
    "{\"id\":\"" id "\",\"unit\":\"x\",\"office\":\"" id "\"," more ",\"choices\":[" choices "]}"
#define NAMED(id, name) CANDIDATE(id, "\"" name "\"")
#define CANDIDATES                                                                                 \
    NAMED("ann", "Ann")                                                                            \
    "," CANDIDATE("bob", "{\"en\":\"Bob\",\"es\":\"Roberto\"}") "," NAMED("di", "Di") "," NAMED(   \
        "ed", "Ed") "," NAMED("fay", "Fay") "," CANDIDATE("gus", "\"Gus\",\"party\":\"red\"")
#define MAYOR_LINES                                                                                \
    LINE_OF("ann", "\"candidate\":\"ann\",\"party\":\"red\"")                                      \
    "," LINE_OF("bob-b", "\"candidate\":\"bob\",\"party\":\"blue\"") "," LINE_OF(                  \
        "bob-g",                                                                                   \
        "\"candidate\":\"bob\",\"party\":\"green\"") "," OTHER("write",                            \
                                                               "other") "," OTHER("blank",         \
                                                                                  "blank")
#define COUNCIL_LINES                                                                              \
    LINE("di", "di") "," LINE("ed", "ed") "," LINE("fay", "fay") "," LINE("gus", "gus")
#define LIST_LINES                                                                                 \
    LINE_OF("l-red", "\"party\":\"red\"")                                                          \
    "," LINE_OF("l-blue", "\"party\":\"blue\"") "," OTHER("invalid", "spoiled")
#define CONTESTS                                                                                   \
    CONTEST("mayor", "\"name\":{\"en\":\"Mayor\",\"es\":\"Alcalde\"}", MAYOR_LINES)                \
    "," CONTEST("council", "\"name\":\"Council\",\"votes_allowed\":2", COUNCIL_LINES) "," CONTEST( \
        "bridge", "\"name\":\"Bridge\"",                                                           \
        OTHER("yes", "yes") "," OTHER(                                                             \
            "no", "no")) "," CONTEST("list", "\"name\":\"List\",\"seats\":2", LIST_LINES)
static const char town_json[] =
    "{\"format\":2,\"id\":\"town\",\"name\":\"Town\",\"date\":\"2026-06-02\",\"publication\":"
    "\"immediate\",\"languages\":[\"en\",\"es\"],\"source\":\"Clerk\","
    "\"levels\":[{\"id\":\"city\",\"name\":{\"en\":\"City\",\"es\":\"Ciudad\"},"
    "\"plural\":\"Cities\"},{\"id\":\"ward\",\"name\":\"Ward\","
    "\"plural\":{\"en\":\"Wards\",\"es\":\"Distritos\"}}],"
    "\"methods\":[{\"id\":\"all\",\"name\":{\"en\":\"All\",\"es\":\"Todo\"}}],"
    "\"parties\":[{\"id\":\"red\",\"name\":{\"en\":\"Red\",\"es\":\"Rojo\"},"
    "\"alliance\":\"Left\"},"
    "{\"id\":\"blue\",\"name\":\"Blue\"},{\"id\":\"green\",\"name\":\"Green\"}],"
    "\"candidates\":[" CANDIDATES "],\"units\":[{\"id\":\"x\",\"name\":\"Xtown\","
    "\"level\":\"city\"},{\"id\":\"n\",\"name\":{\"en\":\"North\",\"es\":\"Norte\"},"
    "\"level\":\"ward\",\"parent\":\"x\",\"ballot_styles\":[\"n\"]},"
    "{\"id\":\"s\",\"name\":\"South\",\"level\":\"ward\",\"parent\":\"x\","
    "\"ballot_styles\":[\"s\"]}],\"contests\":[" CONTESTS "],"
    "\"ballot_styles\":[{\"id\":\"n\",\"contests\":[{\"contest\":\"mayor\"},"
    "{\"contest\":\"council\"},{\"contest\":\"bridge\"},{\"contest\":\"list\"}]},"
    "{\"id\":\"s\",\"contests\":[{\"contest\":\"mayor\","
    "\"choices\":[\"ann\",\"bob-g\",\"blank\"]},"
    "{\"contest\":\"council\"},{\"contest\":\"bridge\"},{\"contest\":\"list\"}]}]}";

/*      ballots | ann bob-b bob-g write blank u o | di ed fay gus u o | yes no u o | red blue spoilt
 * north 200: 48 40 12 60 40 0 0 | 100 90 90 20 100 0 | 80 80 40 0 | 150 40 10 0 0
 * south  40: 0     0     40 0 0 | 10 30 12 5 23 0    | 1 39 0 0   | 0 30 10 0 0
 */
static int set_up(void **context)
{
    api_set_up_election(context, town_json);
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 0, 200, 48, 40, 12, 60, 40, 0, 0, 100, 90, 90, 20, 100, 0, 80, 80, 40, 0, 150, 40,
        10, 0, 0);
    ROW(&rows, 1, 40, 0, 0, 40, 0, 0, 10, 30, 12, 5, 23, 0, 1, 39, 0, 0, 0, 30, 10, 0, 0);
    const struct psp_partial partial = fixture_partial(0, 5, &rows);
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    return 0;
}

#define ENTRY(candidate, name, party, votes, share, choices)                                       \
    "{\"candidate\":" candidate ",\"name\":\"" name "\",\"party\":" party ",\"votes\":" #votes     \
    ",\"share\":" share ",\"choices\":[" choices "]}"
#define STANDING(valid, entries, margin, of, tied)                                                 \
    "\"valid\":" #valid ",\"candidates\":[" entries "],\"margin\":" #margin ",\"margin_of\":\"" of \
    "\",\"tied\":" #tied ","

/* Ann has the longest line, and the write-ins a longer one; Bob has the seat. */
static void a_candidate_s_lines_are_one(void **context)
{
    expect(*context, "/api/v1/results?contest=mayor&unit=n",
           STANDING(160,
                    ENTRY("\"bob\"", "Bob", "\"blue\"", 52, "0.325000",
                          "\"bob-b\",\"bob-g\"") "," ENTRY("\"ann\"", "Ann", "\"red\"", 48,
                                                           "0.300000", "\"ann\""),
                    4, "first", false));
    expect(*context, "/api/v1/results?contest=mayor&unit=n",
           "\"choices\":[{\"choice\":\"ann\",\"votes\":48},{\"choice\":\"bob-b\",\"votes\":40},"
           "{\"choice\":\"bob-g\",\"votes\":12},{\"choice\":\"write\",\"votes\":60},"
           "{\"choice\":\"blank\",\"votes\":40}]");
}

static void a_blank_line_leads_nobody(void **context)
{
    expect(*context, "/api/v1/results?contest=mayor&unit=s",
           STANDING(0,
                    ENTRY("\"ann\"", "Ann", "\"red\"", 0, "null", "\"ann\"") "," ENTRY(
                        "\"bob\"", "Bob", "\"blue\"", 0, "null", "\"bob-g\""),
                    null, "first", false));
}

static void with_several_seats_the_last_one_counts(void **context)
{
    expect(*context, "/api/v1/results?contest=council&unit=s",
           STANDING(57,
                    ENTRY("\"ed\"", "Ed", "null", 30, "0.526316", "\"ed\"") "," ENTRY(
                        "\"fay\"", "Fay", "null", 12, "0.210526",
                        "\"fay\"") "," ENTRY("\"di\"", "Di", "null", 10, "0.175439",
                                             "\"di\"") "," ENTRY("\"gus\"", "Gus", "\"red\"", 5,
                                                                 "0.087719", "\"gus\""),
                    2, "last_seat", false));
    expect(*context, "/api/v1/results?contest=council&unit=n",
           "\"margin\":0,\"margin_of\":\"last_seat\",\"tied\":true,");
}

/* Nobody has the second seat yet: 0 is no tie. */
static void without_votes_there_is_no_tie(void **context)
{
    struct fixture_rows rows = {0};
    api_tear_down(context);
    api_set_up_election(context, town_json);
    struct api *api = *context;
    ROW(&rows, 1, 5, 0, 0, 0, 5, 0, 5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 5, 0);
    const struct psp_partial partial = fixture_partial(0, 5, &rows);
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    expect(api, "/api/v1/results?contest=council&unit=s",
           "\"margin\":0,\"margin_of\":\"last_seat\",\"tied\":false,");
}

/* Equal ones stand as the definition has them. */
static void a_referendum_s_answers_stand_like_candidates(void **context)
{
    expect(*context, "/api/v1/results?contest=bridge&unit=n",
           STANDING(160,
                    ENTRY("null", "yes", "null", 80, "0.500000",
                          "\"yes\"") "," ENTRY("null", "no", "null", 80, "0.500000", "\"no\""),
                    0, "first", true));
    expect(*context, "/api/v1/results?contest=bridge",
           "\"margin\":38,\"margin_of\":\"first\",\"tied\":false,");
}

static void with_no_more_lists_than_seats_there_is_no_margin(void **context)
{
    expect(*context, "/api/v1/results?contest=list&unit=n",
           STANDING(190,
                    ENTRY("null", "l-red", "\"red\"", 150, "0.789474", "\"l-red\"") "," ENTRY(
                        "null", "l-blue", "\"blue\"", 40, "0.210526", "\"l-blue\""),
                    null, "last_seat", false));
}

/* A candidate is the position of the first line, whichever lines stand there. */
static void leaders_are_candidates(void **context)
{
    expect(
        *context, "/api/v1/leaders?contest=mayor&choice=bob-g",
        "\"leader\":[1,null],\"leader_votes\":[52,0],\"second\":[0,null],\"second_votes\":[48,0],"
        "\"valid\":[160,0],");
    expect(*context, "/api/v1/leaders?contest=mayor&choice=bob-g", "\"choice_votes\":[52,0]}");
    expect(*context, "/api/v1/leaders?contest=mayor&choice=blank", "\"choice_votes\":[40,40]}");
    expect(*context, "/api/v1/leaders?contest=bridge",
           "\"leader\":[null,1],\"leader_votes\":[80,39],\"second\":[null,0],");
}

/* By line north would come last: 12 for bob-g, south 13. */
static void sorting_by_a_choice_is_by_its_candidate(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 1, 53, 0, 13, 40, 0, 0, 10, 30, 12, 5, 49, 0, 1, 52, 0, 0, 0, 43, 10, 0, 0);
    struct psp_partial partial = fixture_partial(0, 6, &rows);
    partial.base_index = 5;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    expect_pages(api, "/api/v1/results?contest=mayor&level=ward&sort=votes:bob-g", "unit", "n s ");
}

static void csv_has_ballots_under_and_overvotes_last(void **context)
{
    expect(*context, "/api/v1/results.csv?contest=council&unit=s",
           "choice_name,party,votes,ballots,undervotes,overvotes,"
           "units_reporting,units_partial,units_total,report,final\n"
           "council,s,South,ward,,di,di,,10,40,23,0,0,0,1,,\n");
}

static void what_is_held_has_no_standing(void **context)
{
    struct api *api = *context;
    psp_board_destroy(&api->board);
    api->definition->publication = PSP_PUBLICATION_REPORTS;
    api->board = fixture_board(api->definition);
    api_show(api);
    expect(api, "/api/v1/results?contest=council",
           "\"valid\":null,\"candidates\":null,\"margin\":null,\"margin_of\":\"last_seat\","
           "\"tied\":null,");
    expect(api, "/api/v1/leaders?contest=mayor&choice=bob-b",
           "\"leader\":[null,null],\"leader_votes\":[null,null],\"second\":[null,null],"
           "\"second_votes\":[null,null],\"valid\":[null,null],");
}

static void names_are_in_the_language_asked_for(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/results?contest=mayor&unit=n&lang=es", "\"unit_name\":\"Norte\",");
    expect(api, "/api/v1/results?contest=mayor&unit=n&lang=es-MX", "\"name\":\"Roberto\",");
    expect(api, "/api/v1/results?contest=mayor&unit=n&lang=fr", "\"unit_name\":\"North\",");
    expect(api, "/api/v1/results.csv?contest=mayor&unit=n&lang=ES", "\nmayor,n,Norte,");
    expect(api, "/api/v1/turnout?unit=n&lang=es", "\"unit_name\":\"Norte\",");
    expect(api, "/api/v1/units/n?lang=es",
           "\"name\":\"Norte\",\"names\":{\"en\":\"North\",\"es\":\"Norte\"},\"code\"");
    expect(api, "/api/v1/units/s?lang=es", "\"name\":\"South\",\"code\"");
    expect(api, "/api/v1/units?q=norte", "\"units\":[{\"id\":\"n\",\"name\":\"North\",");
    expect(api, "/api/v1/contests?lang=es", "\"name\":\"Alcalde\",\"names\":{\"en\":\"Mayor\",");
    expect(api, "/api/v1/candidates/bob?lang=es", "\"unit_name\":\"Norte\",");
    expect(
        api, "/api/v1/election?lang=es",
        "\"name\":\"Ciudad\",\"names\":{\"en\":\"City\",\"es\":\"Ciudad\"},\"plural\":\"Cities\",");
    expect(api, "/api/v1/election?lang=es", "\"plural\":\"Distritos\",\"plurals\":{\"en\":");
    expect(api, "/api/v1/election",
           "\"name\":\"Red\",\"names\":{\"en\":\"Red\",\"es\":\"Rojo\"},"
           "\"color\":null,\"alliance\":\"Left\"}");
    expect(api, "/api/v1/election",
           "\"time_zone\":null,\"source\":\"Clerk\",\"licence\":null,"
           "\"languages\":[\"en\",\"es\"],");
}

static void contests_say_seats_group_and_party(void **context)
{
    expect(*context, "/api/v1/contests?q=list",
           "\"group\":\"list\",\"party\":null,\"votes_allowed\":1,\"seats\":2,");
    expect(*context, "/api/v1/contests?q=council", "\"votes_allowed\":2,\"seats\":2,");
}

/* ---- how far ---- */

#define MINI(x, north, south)                                                                      \
    "{\"format\":1,\"id\":\"mini\",\"name\":\"Mini\",\"date\":\"2026-11-03\",\"methods\":["        \
    "{\"id\":\"all\",\"name\":\"All\"}],\"parties\":[],\"candidates\":[" CANDIDATE(                \
        "ann",                                                                                     \
        "\"Ann\"") "," CANDIDATE("bob",                                                            \
                                 "\"Bob\"") "],"                                                   \
                                            "\"units\":[{\"id\":\"x\",\"name\":\"Xland\","         \
                                            "\"level\":\"nation\"" x "},"                          \
                                            "{\"id\":\"north\",\"name\":\"North\",\"level\":"      \
                                            "\"precinct\",\"parent\":\"x\","                       \
                                            "\"ballot_style\":\"s\"" north "},"                    \
                                            "{\"id\":\"south\",\"name\":\"South\",\"level\":"      \
                                            "\"precinct\",\"parent\":\"x\","                       \
                                            "\"ballot_style\":\"s\"" south "}],"                   \
                                            "\"contests\":[{\"id\":\"mayor\",\"name\":\"Mayor\","  \
                                            "\"office\":\"Mayor\",\"unit\":\"x\","                 \
                                            "\"choices\":[" LINE("ann", "ann") "," LINE(           \
                                                "bob",                                             \
                                                "bob") "]}],"                                      \
                                                       "\"ballot_styles\":[{\"id\":\"s\","         \
                                                       "\"contests\":[{\"contest\":\"mayor\"}]}]}"
#define SAYS(registered, expected) ",\"registered\":" #registered ",\"ballots_expected\":" #expected
#define EXPECTED(expected) ",\"ballots_expected\":" #expected
#define REGISTERED(registered) ",\"registered\":" #registered

/* So many ballots in each of the two leaves, the last shard's word on the election. */
static void count(void **context, const char *definition, uint64_t north, uint64_t south,
                  enum psp_election_state state)
{
    api_tear_down(context);
    api_set_up_election(context, definition);
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 0, north, north, 0, 0, 0);
    ROW(&rows, 1, south, 0, south, 0, 0);
    struct psp_partial partial = fixture_partial(0, 5, &rows);
    partial.election_state = state;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    rows = (struct fixture_rows){0};
    partial = fixture_partial(1, 7, &rows);
    partial.election_state = state;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
}

#define PROGRESS(counted, expected, out, ceiling, of, over, n)                                     \
    "\"progress\":{\"counted\":" #counted ",\"shown\":" #counted ",\"expected\":" #expected        \
    ",\"out\":" #out ",\"ceiling\":" #ceiling ",\"ceiling_of\":" of ",\"over\":[" over             \
    "],\"units_over\":" #n "}}"

/* 21 of 10 in north do not make up for 0 of 10 in south: not 21 of 20, but 10. */
static void progress_is_clamped_unit_by_unit(void **context)
{
    count(context, MINI(SAYS(20, 20), SAYS(10, 10), SAYS(10, 10)), 21, 0, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout",
           "\"over_registered\":true,\"over_expected\":true," PROGRESS(
               10, 20, 10, 10, "\"estimate\"", "\"north\"", 1));
    expect(*context, "/api/v1/turnout?level=leaf",
           "\"over_registered\":true,\"over_expected\":true," PROGRESS(10, 10, 0, 0, "\"estimate\"",
                                                                       "\"north\"", 1));
    expect(*context, "/api/v1/turnout?level=leaf",
           "\"over_registered\":false,\"over_expected\":false," PROGRESS(0, 10, 10, 10,
                                                                         "\"registered\"", "", 0));
    expect(*context, "/api/v1/turnout.csv?level=leaf", ",21,0,,true,true,,false\n");
    expect(*context, "/api/v1/turnout.csv?level=leaf", ",0,0,,false,false,,false\n");
}

/* The nation's own 20 less 11 would be 9: north's 11 of 10 show that its figures are wrong. */
static void what_is_over_makes_no_room_elsewhere(void **context)
{
    count(context, MINI(SAYS(20, 20), SAYS(10, 10), SAYS(10, 10)), 11, 0, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout", PROGRESS(10, 20, 10, 10, "\"estimate\"", "\"north\"", 1));
}

/* The nation alone says something: 24 ballots of 24. */
static void a_unit_above_is_over_when_none_below_is(void **context)
{
    count(context, MINI(SAYS(20, 22), "", ""), 21, 3, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout", PROGRESS(22, 22, 0, 0, "\"estimate\"", "\"x\"", 1));
    count(context, MINI(SAYS(30, 22), "", ""), 21, 0, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout", PROGRESS(21, 22, 1, 9, "\"registered\"", "", 0));
}

static void no_voters_are_unknown_where_there_are_ballots(void **context)
{
    count(context, MINI("", REGISTERED(0), REGISTERED(10)), 21, 4, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout?level=leaf",
           "\"over_registered\":false,\"over_expected\":false," PROGRESS(21, null, null, null,
                                                                         "null", "", 0));
    /* Of the sum of voters, which lacks north's, the unit above is over. */
    expect(*context, "/api/v1/turnout?level=leaf",
           PROGRESS(4, null, null, 6, "\"registered\"", "", 0));
    count(context, MINI("", REGISTERED(0), REGISTERED(10)), 0, 4, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout?level=leaf",
           "\"ballots\":0,\"ballots_counted\":0,\"registered\":0,\"ballots_expected\":null,"
           "\"share\":null,");
    expect(*context, "/api/v1/turnout", PROGRESS(4, null, null, 6, "\"registered\"", "", 0));
}

/* Closed, nothing more can come; the estimate of what was to come stays. */
static void a_closed_election_has_no_more_ballots(void **context)
{
    count(context, MINI("", SAYS(10, 10), SAYS(10, 10)), 6, 3, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout", PROGRESS(9, 20, 11, 11, "\"registered\"", "", 0));
    count(context, MINI("", SAYS(10, 10), SAYS(10, 10)), 6, 3, PSP_ELECTION_CLOSED);
    expect(*context, "/api/v1/turnout", PROGRESS(9, 20, 11, 0, "\"registered\"", "", 0));
}

/* Nothing comes any more from north, whose report is final: 7 of south are left. */
static void a_final_unit_has_no_more_ballots(void **context)
{
    count(context, MINI("", SAYS(10, 10), SAYS(10, 10)), 6, 3, PSP_ELECTION_OPEN);
    struct api *api = *context;
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
        struct fixture_rows rows = {0}, reports = {0};
        struct psp_partial partial = fixture_partial(s, 9, &rows);
        partial.base_index = 5;
        fixture_report(&reports, 0, 1, 9, 1700000000009, true);
        partial.reports = fixture_list(&reports);
        assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    }
    api_show(api);
    expect(api, "/api/v1/turnout", PROGRESS(9, 20, 11, 7, "\"registered\"", "", 0));
}

/* The nation's 30 are an estimate, as are the 10 and 10 below it. */
static void an_estimate_bounds_no_sum(void **context)
{
    count(context, MINI(EXPECTED(30), EXPECTED(10), EXPECTED(10)), 6, 3, PSP_ELECTION_OPEN);
    expect(*context, "/api/v1/turnout", PROGRESS(9, 30, 21, 11, "\"estimate\"", "", 0));
}

#define MANY_LISTS                                                                                 \
    "\"candidates\":[" CANDIDATE("ann", "\"Ann\"") "],\"contests\":[" CONTEST(                     \
        "mayor", "\"name\":\"Mayor\"", LINE("ann", "ann")) "],"
#define MANY                                                                                       \
    "{\"format\":1,\"id\":\"many\",\"name\":\"Many\",\"date\":\"2026-11-03\",\"methods\":["        \
    "{\"id\":\"all\",\"name\":\"All\"}],\"parties\":[]," MANY_LISTS                                \
    "\"ballot_styles\":[{\"id\":\"s\",\"contests\":[{\"contest\":\"mayor\"}]}],"                   \
    "\"units\":[{\"id\":\"x\",\"name\":\"X\",\"level\":\"nation\"}"

/* 22 precincts of one voter each with two ballots. */
static void the_list_of_units_over_is_bounded(void **context)
{
    enum { UNITS = 22 };
    static char json[8192];
    size_t n = (size_t)snprintf(json, sizeof json, "%s", MANY);
    for (int i = 0; i < UNITS; i++)
        n += (size_t)snprintf(json + n, sizeof json - n,
                              ",{\"id\":\"p%02d\",\"name\":\"P\",\"level\":\"precinct\",\"parent\":"
                              "\"x\",\"registered\":1,\"ballot_style\":\"s\"}",
                              i);
    snprintf(json + n, sizeof json - n, "]}");
    api_tear_down(context);
    api_set_up_election(context, json);
    struct api *api = *context;
    struct fixture_rows rows = {0};
    for (uint32_t i = 0; i < UNITS; i++)
        ROW(&rows, i, 2, 2, 0, 0);
    const struct psp_partial partial = fixture_partial(0, 5, &rows);
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_show(api);
    expect(api, "/api/v1/turnout", "\"ceiling\":0,\"ceiling_of\":\"estimate\",\"over\":[\"p00\",");
    expect(api, "/api/v1/turnout", ",\"p19\"],\"units_over\":22}}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_candidate_s_lines_are_one),
        TEST(a_blank_line_leads_nobody),
        TEST(with_several_seats_the_last_one_counts),
        TEST(without_votes_there_is_no_tie),
        TEST(a_referendum_s_answers_stand_like_candidates),
        TEST(with_no_more_lists_than_seats_there_is_no_margin),
        TEST(leaders_are_candidates),
        TEST(sorting_by_a_choice_is_by_its_candidate),
        TEST(csv_has_ballots_under_and_overvotes_last),
        TEST(what_is_held_has_no_standing),
        TEST(names_are_in_the_language_asked_for),
        TEST(contests_say_seats_group_and_party),
        TEST(progress_is_clamped_unit_by_unit),
        TEST(what_is_over_makes_no_room_elsewhere),
        TEST(a_unit_above_is_over_when_none_below_is),
        TEST(no_voters_are_unknown_where_there_are_ballots),
        TEST(a_closed_election_has_no_more_ballots),
        TEST(a_final_unit_has_no_more_ballots),
        TEST(an_estimate_bounds_no_sum),
        TEST(the_list_of_units_over_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
