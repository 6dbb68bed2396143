/* The other resources: what they say, worked out from collector_fixture.h. */
#include "tests/unit/fixture/api.h"

#include "base/bytes/bytes.h"
#include "collector/agreement.h"
#include "collector/routers.h"
#include "wire/message/key_counters.h"
#include "wire/socket/socket.h"

static void the_election_says_how_far_the_count_is(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/election",
           "\"election\":{\"id\":\"town\",\"name\":\"Town\",\"date\":\"2024-11-05\",\"time_zone\":"
           "null,\"source\":null,\"licence\":null,\"languages\":[],"
           "\"state\":\"open\",\"turnout\":\"immediate\",\"report_min\":10,\"definition_hash\":\"");
    expect(
        api, "/api/v1/election",
        "\"root\":\"us\",\"contests\":2,\"candidates\":2,\"units\":8,\"leaves\":4,"
        "\"leaves_reporting\":0,\"units_partial\":0,\"ballots\":15,\"ballots_counted\":15,"
        "\"registered\":null,\"ballots_expected\":null,\"report_under_way\":false,"
        "\"levels\":[{\"level\":\"nation\",\"name\":\"Nation\",\"plural\":\"Nations\",\"units\":1},"
        "{\"level\":\"state\",\"name\":\"State\",\"plural\":\"States\",\"units\":1},"
        "{\"level\":\"county\",\"name\":\"County\",\"plural\":\"Counties\",\"units\":3},"
        "{\"level\":\"precinct\",\"name\":\"Precinct\",\"plural\":\"Precincts\",\"units\":3}],"
        "\"methods\":[{\"id\":\"booth\",\"name\":\"Booth\"},{\"id\":\"mail\",\"name\":\"Mail\"}],"
        "\"parties\":[{\"id\":\"red\",\"name\":\"Red\",\"color\":\"#aa0000\",\"alliance\":null},"
        "{\"id\":\"blue\",\"name\":\"Blue\",\"color\":null,\"alliance\":null}],\"map\":null}");
}

static void before_any_answer_everything_is_zero_and_stale(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/election",
           "\"shards\":[{\"shard\":0,\"epoch\":0,\"index\":0},{\"shard\":1,\"epoch\":0,"
           "\"index\":0}]},\"as_of\":null,\"stale\":true,\"status\":\"unofficial\",\"mode\":"
           "\"live\",\"publication\":"
           "\"immediate\",");
    expect(api, "/api/v1/election", "\"state\":\"new\"");
    expect(api, "/api/v1/results?contest=bridge",
           "\"ballots\":0,\"ballots_counted\":0,\"choices\":[{\"choice\":\"yes\",\"votes\":0},"
           "{\"choice\":\"no\",\"votes\":0}]");
    expect(api, "/api/v1/accounting", "\"balanced\":true");
}

static void every_answer_says_when_counts_are_shown(void **context)
{
    static const char *const paths[] = {"election",   "contests", "results",
                                        "candidates", "turnout",  "units",
                                        "accounting", "shards",   "leaders?contest=pres"};
    struct api *api = *context;
    api->definition->publication = PSP_PUBLICATION_REPORTS;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[64];
        snprintf(path, sizeof path, "/api/v1/%s", paths[i]);
        expect(api, path,
               "\"status\":\"unofficial\",\"mode\":\"live\",\"publication\":\"reports\",");
    }
}

static void a_log_without_an_entry_has_no_time(void **context)
{
    struct api *api = *context;
    api->view->time_ms = 0;
    expect(api, "/api/v1/election", "\"as_of\":null,\"stale\":false,");
}

static void the_state_is_closed_when_every_shard_closed(void **context)
{
    struct api *api = *context;
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
        struct fixture_rows rows = {0};
        struct psp_partial partial = fixture_partial(s, 9, &rows);
        partial.base_index = 5;
        partial.books = psp_board_shard(api->board, s)->books;
        partial.election_state = PSP_ELECTION_CLOSED;
        assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
        api_publish(api);
        expect(api, "/api/v1/election", s == 0 ? "\"state\":\"open\"" : "\"state\":\"closed\"");
    }
}

static void the_definition_comes_byte_for_byte(void **context)
{
    struct api *api = *context;
    api_get(api, "/api/v1/election/definition");
    assert_int_equal(api->reply.status, 200);
    assert_string_equal(api->body, fixture_json);
}

static void contests_list_their_choices(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/contests",
           "\"contests\":[{\"id\":\"pres\",\"name\":\"President\",\"office\":\"President\","
           "\"district\":\"\",\"unit\":\"us\",\"group\":\"President\",\"party\":null,\"votes_"
           "allowed\":1,\"seats\":1,\"choices\":["
           "{\"id\":\"ann-red\",\"name\":\"Ann Ash\",\"kind\":\"candidate\",\"candidate\":\"ann\","
           "\"party\":\"red\"},{\"id\":\"ann-blue\",\"name\":\"Ann Ash\",\"kind\":\"candidate\","
           "\"candidate\":\"ann\",\"party\":\"blue\"},{\"id\":\"bob\",\"name\":\"Bob\","
           "\"kind\":\"candidate\",\"candidate\":\"bob\",\"party\":null},{\"id\":\"blank\","
           "\"name\":\"Blanks\",\"kind\":\"blank\",\"candidate\":null,\"party\":null}]},"
           "{\"id\":\"bridge\",");
}

static void contests_of_a_unit_are_those_on_its_ballots(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/contests?unit=p3", "\"contests\":[{\"id\":\"pres\"");
    assert_null(strstr(api->body, "\"id\":\"bridge\""));
    expect(api, "/api/v1/contests?unit=vt", "\"id\":\"bridge\"");
    expect(api, "/api/v1/contests?q=BRID", "\"contests\":[{\"id\":\"bridge\"");
    expect(api, "/api/v1/contests?q=ann%20ash", "\"contests\":[]"); /* not decoded here */
    expect(api, "/api/v1/contests?q=ann ash", "\"contests\":[{\"id\":\"pres\"");
    assert_int_equal(expect_pages(api, "/api/v1/contests?limit=1", "office", "President Bridge "),
                     2);
}

static void a_candidate_s_choices_are_added_up(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/candidates",
           "\"candidates\":[{\"id\":\"ann\",\"name\":\"Ann \\\"A\\\" Ash\",\"party\":\"red\","
           "\"photo\":null,\"photo_url\":null,\"votes\":6,\"choices\":[{\"contest\":\"pres\","
           "\"choice\":\"ann-red\","
           "\"party\":\"red\",\"votes\":5},{\"contest\":\"pres\",\"choice\":\"ann-blue\","
           "\"party\":\"blue\",\"votes\":1}]},{\"id\":\"bob\",\"name\":\"Bob\",\"party\":null,"
           "\"photo\":null,\"photo_url\":null,\"votes\":6,");
    expect(api, "/api/v1/candidates?q=red", "\"candidates\":[{\"id\":\"ann\"");
    assert_null(strstr(api->body, "\"id\":\"bob\""));
    assert_int_equal(expect_pages(api, "/api/v1/candidates?limit=1", "id", "ann bob "), 2);
}

static void a_candidate_has_votes_somewhere(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/candidates/ann",
           "\"candidate\":{\"id\":\"ann\",\"name\":\"Ann \\\"A\\\" Ash\",\"party\":\"red\","
           "\"photo\":null,\"photo_url\":null,\"biography\":\"Baker\",\"platform\":null,\"votes\":"
           "6,\"choices\":[");
    expect(api, "/api/v1/candidates/ann",
           "\"where\":[{\"unit\":\"ca\",\"unit_name\":\"Zeta\",\"level\":\"county\",\"votes\":3},"
           "{\"unit\":\"cb\",\"unit_name\":\"Beta, \\\"B\\\"\",\"level\":\"county\",\"votes\":1},"
           "{\"unit\":\"cd\",\"unit_name\":\"Delta\",\"level\":\"county\",\"votes\":2}],"
           "\"next_cursor\":null}");
    expect(api, "/api/v1/candidates/bob?level=leaf",
           "\"where\":[{\"unit\":\"p1\",\"unit_name\":\"One\",\"level\":\"precinct\",\"votes\":3},"
           "{\"unit\":\"p2\",\"unit_name\":\"Two\",\"level\":\"precinct\",\"votes\":0},"
           "{\"unit\":\"p3\",\"unit_name\":\"Three\",\"level\":\"precinct\",\"votes\":1},"
           "{\"unit\":\"cd\",\"unit_name\":\"Delta\",\"level\":\"county\",\"votes\":2}]");
    assert_int_equal(expect_pages(api, "/api/v1/candidates/ann?limit=2", "unit", "ca cb cd "), 2);
    expect_problem(api, "/api/v1/candidates/nobody", 404, "no such candidate");
}

static void turnout_has_a_share_where_registrations_are_known(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/turnout",
           "\"turnout\":[{\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":\"nation\","
           "\"ballots\":15,\"ballots_counted\":15,\"registered\":null,"
           "\"ballots_expected\":null,\"share\":null,\"complete\":false,\"units_partial\":0,"
           "\"report\":null,\"report_under_way\":false,\"over_registered\":false,\"over_expected\":"
           "false,\"progress\":{\"counted\":15,\"shown\":15,\"expected\":null,\"out\":null,"
           "\"ceiling\":null,\"ceiling_of\":null,\"over\":[],\"units_over\":0}}],\"total\":1,"
           "\"next_cursor\":null}");
    /* p1 10 registered, p2 4: 7 ballots of 14 */
    expect(api, "/api/v1/turnout?unit=ca",
           "\"ballots\":7,\"ballots_counted\":7,\"registered\":14,\"ballots_expected\":null,"
           "\"share\":0.500000");
    expect(api, "/api/v1/turnout?unit=p1",
           "\"ballots\":6,\"ballots_counted\":6,\"registered\":10,\"ballots_expected\":8,\"share\":"
           "0.600000");
    assert_int_equal(
        expect_pages(api, "/api/v1/turnout?level=leaf&limit=3", "unit", "p1 p2 p3 cd "), 2);
    expect_pages(api, "/api/v1/turnout?level=precinct&unit=ca", "unit", "p1 p2 ");
    expect_pages(api, "/api/v1/turnout?level=leaf&unit=cd&limit=1", "unit", "cd ");
}

static void a_test_says_so_in_every_answer(void **context)
{
    struct api *api = *context;
    api->cluster.mode = PSP_MODE_TEST;
    expect(api, "/api/v1/accounting", "\"status\":\"unofficial\",\"mode\":\"test\",");
    api_get(api, "/api/v1/turnout.csv?level=county");
    assert_string_equal(
        api->body, "mode,unit,unit_name,level,ballots,registered,ballots_expected,share,"
                   "complete,ballots_counted,units_partial,report,over_registered,over_expected,"
                   "final,report_under_way\n"
                   "TEST,ca,Zeta,county,7,14,,0.500000,false,7,0,,false,false,,false\n"
                   "TEST,cb,\"Beta, \"\"B\"\"\",county,3,,,,false,3,0,,false,false,,false\n"
                   "TEST,cd,Delta,county,5,,,,false,5,0,,false,false,,false\n");
}

static void turnout_as_csv(void **context)
{
    struct api *api = *context;
    api_get(api, "/api/v1/turnout.csv?level=county");
    assert_string_equal(api->body,
                        "unit,unit_name,level,ballots,registered,ballots_expected,share,complete,"
                        "ballots_counted,units_partial,report,over_registered,over_expected,"
                        "final,report_under_way\n"
                        "ca,Zeta,county,7,14,,0.500000,false,7,0,,false,false,,false\n"
                        "cb,\"Beta, \"\"B\"\"\",county,3,,,,false,3,0,,false,false,,false\n"
                        "cd,Delta,county,5,,,,false,5,0,,false,false,,false\n");
}

static void a_roll_is_the_denominator_when_every_shard_has_sent_its_part(void **context)
{
    struct api *api = *context;
    static const uint8_t leaves[16] = {6, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 10, 0, 0, 0};
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
        struct fixture_rows rows;
        s == 0 ? fixture_rows_0(&rows) : fixture_rows_1(&rows);
        struct psp_partial partial = fixture_partial(s, 9, &rows);
        partial.books = psp_board_shard(api->board, s)->books;
        partial.registered_leaves = (struct psp_bytes){leaves, 16};
        partial.registered = 21;
        assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
        api_publish(api);
        if (s == 0) /* a part of the roll would be a wrong denominator */
            expect(api, "/api/v1/turnout?unit=p1", "\"registered\":10,");
    }
    expect(api, "/api/v1/turnout?unit=p1", "\"registered\":12,");
    expect(api, "/api/v1/turnout", "\"registered\":42,");
    expect(api, "/api/v1/units/cb", "\"registered\":8,");
}

static void units_form_a_tree(void **context)
{
    struct api *api = *context;
    expect_pages(api, "/api/v1/units?limit=3", "id", "us vt ca p1 p2 cb p3 cd ");
    expect_pages(api, "/api/v1/units?parent=vt", "id", "ca cb cd ");
    expect_pages(api, "/api/v1/units?parent=vt&level=precinct", "id", "p1 p2 p3 ");
    expect_pages(api, "/api/v1/units?level=county", "id", "ca cb cd ");
    expect_pages(api, "/api/v1/units?parent=p1", "id", "");
    expect_pages(api, "/api/v1/units?q=T", "id", "us vt ca p2 cb p3 cd "); /* name or ID */
    expect_pages(api, "/api/v1/units?q=50001", "id", "ca ");
    expect_pages(api, "/api/v1/units?q=0001", "id", ""); /* another number */
    expect_problem(api, "/api/v1/units?parent=nope", 404, "no unit");
}

/* Each word costs a look through every name. */
static void words_are_bounded_and_sought_once(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/units?q=t t T t t t t t t t t t t t t t t t t t ca", "{\"id\":\"ca\"");
    expect_pages(api, "/api/v1/units?q=a b c d e f g h i j k l m n o p", "id", "");
    expect_problem(api, "/api/v1/units?q=a b c d e f g h i j k l m n o p q", 400, "16 words");
    expect_problem(api, "/api/v1/contests?q=a b c d e f g h i j k l m n o p q", 400, "16 words");
    expect_problem(api, "/api/v1/candidates?q=a b c d e f g h i j k l m n o p q", 400, "16 words");
}

static void a_unit_says_where_it_lies(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/units/p1",
           "\"unit\":{\"id\":\"p1\",\"name\":\"One\",\"code\":\"\",\"level\":\"precinct\","
           "\"parent\":\"ca\",\"leaf\":true,\"children\":0,\"leaves\":1,\"leaves_reporting\":0,"
           "\"units_partial\":0,\"ballots\":6,\"ballots_counted\":6,\"registered\":10,"
           "\"ballots_expected\":8,\"complete\":false,\"report\":null,"
           "\"report_under_way\":false,\"path\":["
           "{\"unit\":\"us\",\"unit_name\":\"Nation\",\"level\":\"nation\"},"
           "{\"unit\":\"vt\",\"unit_name\":\"Vermont\",\"level\":\"state\"},"
           "{\"unit\":\"ca\",\"unit_name\":\"Zeta\",\"level\":\"county\"}]}");
    expect(api, "/api/v1/units/us", "\"parent\":null,\"leaf\":false,\"children\":1,\"leaves\":4,");
    expect(api, "/api/v1/units/us", "\"path\":[]");
    expect_problem(api, "/api/v1/units/nope", 404, "no such unit");
}

static void the_books_are_shown_by_shard_and_in_all(void **context)
{
    struct api *api = *context;
    expect(api, "/api/v1/accounting",
           "\"total\":{\"received\":17,\"counted\":15,\"replayed\":1,\"double_vote\":1,"
           "\"not_eligible\":0,\"invalid\":0,\"closed\":0,\"added_ballots\":15,"
           "\"voters_counted\":15,\"shown\":15,\"held\":0,\"forgotten\":0,\"balanced\":true},"
           "\"shards\":[{\"shard\":0,\"received\":9,"
           "\"counted\":7,\"replayed\":1,\"double_vote\":1,\"not_eligible\":0,\"invalid\":0,"
           "\"closed\":0,\"added_ballots\":7,\"voters_counted\":7,\"balanced\":true},"
           "{\"shard\":1,\"received\":8,\"counted\":8,");
}

static void books_that_do_not_balance_are_told(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 5, 1, 1, 0, 0, 0); /* a ballot in the totals that the books lack */
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.index = 6;
    partial.base_index = 5;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
    expect(api, "/api/v1/accounting", "\"forgotten\":0,\"balanced\":false},\"shards\":[");
    expect(api, "/api/v1/accounting", "\"voters_counted\":7,\"balanced\":false},{\"shard\":1");
    expect(api, "/api/v1/accounting", "\"voters_counted\":8,\"balanced\":true}]");
}

static void totals_that_do_not_add_up_are_told(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows = {0};
    ROW(&rows, 5, 1, 2, 0, 0, 0); /* one ballot, two votes */
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.index = 6;
    partial.base_index = 5;
    partial.books.received++;
    partial.books.disposed[PSP_COUNTED]++;
    partial.books.added_ballots = partial.books.voters_counted = 8;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
    expect(api, "/api/v1/accounting",
           "\"voters_counted\":16,\"shown\":16,\"held\":0,\"forgotten\":0,\"balanced\":false},");
}

static void metrics_are_on_the_loopback_address_only(void **context)
{
    struct api *api = *context;
    struct psp_api_request request = {.local = true};
    api->freshness.replicas[0][0].agreement = PSP_AGREEMENT_AGREES;
    api->freshness.replicas[1][0].agreement = PSP_AGREEMENT_CONTRADICTS;
    api->freshness.replicas[0][0].clock_ahead_ms = -1250;
    api->freshness.replicas[0][0].scrubbed_bytes = 64 << 20;
    api->freshness.replicas[0][0].scrub_passed_ms = 1700000000500;
    api->freshness.replicas[0][0].damaged = 2;
    api->freshness.replicas[0][0].mended = 3;
    api->freshness.replicas[0][0].sync_ms = 1500;
    api->freshness.replicas[0][0].last_answer_ms = FIXTURE_NOW_MS - 30;
    api->freshness.replicas[0][2].leader = 2;
    api->freshness.replicas[0][2].last_answer_ms = FIXTURE_NOW_MS - 20;
    assert_true(api_ask(api, "/metrics", &request));
    assert_string_equal(api->reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    static const char *const lines[] = {
        "\npsephos_shard_index{shard=\"1\"} 7\n",
        "\npsephos_shard_stale{shard=\"0\"} 0\n",
        "\npsephos_shard_has_leader{shard=\"0\"} 1\n",
        "\npsephos_shard_has_leader{shard=\"1\"} 0\n",
        "\npsephos_partial_age_seconds{shard=\"0\"} 1.000\n",
        "\npsephos_dispositions_total{disposition=\"double_vote\",shard=\"0\"} 1\n",
        "\npsephos_received_total{shard=\"1\"} 8\n",
        "\npsephos_diverged_total{shard=\"0\"} 0\n",
        "\npsephos_diverged{shard=\"1\"} 0\n",
        "\npsephos_replica_agrees{shard=\"0\",replica=\"0\"} 1\n",
        "\npsephos_replica_agrees{shard=\"1\",replica=\"0\"} 0\n",
        "\npsephos_clock_offset_seconds{process=\"shard-0-0\"} -1.250\n",
        "\npsephos_log_scrubbed_bytes_total{shard=\"0\",replica=\"0\"} 67108864.000\n",
        "\npsephos_log_scrub_timestamp_seconds{shard=\"0\",replica=\"0\"} 1700000000.500\n",
        "\npsephos_log_damaged_records{shard=\"0\",replica=\"0\"} 2.000\n",
        "\npsephos_log_mended_records_total{shard=\"0\",replica=\"0\"} 3.000\n",
        "\npsephos_log_sync_seconds{shard=\"0\",replica=\"0\"} 1.500\n",
        "\npsephos_balanced 1\n",
        "\npsephos_votes_contests_left_out 0\n",
        "\npsephos_stations_balanced 0\n", /* the fixture's ballots came from none */
        "\npsephos_stations_probing 0\n",
        "\npsephos_board_commit_seconds_bucket{le=\"+Inf\"} 0\n",
        "\n# TYPE psephos_key_over_budget_total counter\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_non_null(strstr(api->body, lines[i]));
    request = (struct psp_api_request){.local = true};
    assert_false(api_ask(api, "/api", &request));
    request = (struct psp_api_request){0};
    assert_false(api_ask(api, "/metrics", &request)); /* public: no such path */
}

static void metrics_tell_keys_that_were_over_their_budget(void **context)
{
    struct api *api = *context;
    const struct psp_cluster_router router = {.router = 4};
    const struct psp_cluster cluster = {.router_count = 1, .routers = &router};
    const struct psp_cluster *before = api->site.cluster;
    const struct psp_key_counters key = {
        .role = PSP_ROLE_STATION, .id = 7, .over = 3, .refused = 2, .ended = 1};
    struct psp_api_request request = {.local = true};
    uint8_t bytes[PSP_KEY_COUNTERS_MAX];
    const struct psp_bytes told = {bytes, psp_key_counters_encode(&key, bytes)};
    assert_int_equal(psp_routers_create(1, &api->site.routers), PSP_OK);
    api->site.cluster = &cluster;
    psp_routers_take(api->site.routers, 0, FIXTURE_NOW_MS - PSP_ROUTERS_SILENT_MS, told, 1500);
    assert_true(api_ask(api, "/metrics", &request));
#define KEY "{router=\"4\",role=\"station\",number=\"7\"}"
    assert_non_null(strstr(api->body, "\npsephos_key_over_budget_total" KEY " 3\n"));
    assert_non_null(strstr(api->body, "\npsephos_key_refused_total" KEY " 2\n"));
    assert_non_null(strstr(api->body, "\npsephos_key_ended_total" KEY " 1\n"));
    assert_non_null(
        strstr(api->body, "\npsephos_clock_offset_seconds{process=\"router-4\"} 1.500\n"));
    psp_routers_take(api->site.routers, 0, FIXTURE_NOW_MS - PSP_ROUTERS_SILENT_MS - 1, told, 1500);
    request = (struct psp_api_request){.local = true};
    assert_true(api_ask(api, "/metrics", &request)); /* it has said nothing for long */
    assert_null(strstr(api->body, KEY));
    psp_routers_destroy(&api->site.routers);
    api->site.cluster = before;
}

static void the_commit_histogram_is_cumulative(void **context)
{
    struct api *api = *context;
    psp_stats_commit(&api->stats, 400);     /* le 0.0005 */
    psp_stats_commit(&api->stats, 1500);    /* le 0.002 */
    psp_stats_commit(&api->stats, 9000000); /* over 5 s */
    struct psp_api_request request = {.local = true};
    assert_true(api_ask(api, "/metrics", &request));
    assert_non_null(strstr(api->body, "seconds_bucket{le=\"0.0005\"} 1\n"));
    assert_non_null(strstr(api->body, "seconds_bucket{le=\"0.001\"} 1\n"));
    assert_non_null(strstr(api->body, "seconds_bucket{le=\"0.002\"} 2\n"));
    assert_non_null(strstr(api->body, "seconds_bucket{le=\"5\"} 2\n"));
    assert_non_null(strstr(api->body, "seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(api->body, "seconds_sum 9.001900\n"));
    assert_non_null(strstr(api->body, "seconds_count 3\n"));
}

static void the_cluster_shows_a_divergence(void **context)
{
    struct api *api = *context;
    struct fixture_rows rows;
    fixture_rows_1(&rows);
    struct psp_partial partial = fixture_partial_1(&rows);
    partial.replica = 2;
    partial.state_hash[0] ^= 0xFF; /* 0x17 -> 0xe8 */
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_EDIVERGED);
    api_publish(api);
    api->freshness.replicas[1][0].index = 6;
    api->freshness.replicas[1][0].last_answer_ms = FIXTURE_NOW_MS - 20;
    api->freshness.replicas[1][0].agreement = PSP_AGREEMENT_CONTRADICTS;
    struct psp_api_request request = {.local = true};
    assert_true(api_ask(api, "/cluster", &request));
    assert_non_null(strstr(api->body, "\"collector\":0,\"shards\":[{\"shard\":0,\"state\":\"open\","
                                      "\"epoch\":1,\"index\":5,\"state_hash\":\"05050505"));
    assert_non_null(strstr(api->body, "\"age_ms\":1000,\"stale\":false,\"diverged\":false,"
                                      "\"divergence\":null,\"replicas\":[{\"replica\":0,"
                                      "\"address\":\"tcp://127.0.0.1:1\",\"epoch\":0,\"index\":0,"
                                      "\"age_ms\":null,\"agrees\":null}]}"));
    assert_non_null(strstr(api->body, "\"diverged\":true,\"divergence\":{\"count\":1,"
                                      "\"what\":\"state hash\",\"replica\":2,\"epoch\":1,"
                                      "\"index\":7,\"held_hash\":\"17171717"));
    assert_non_null(strstr(api->body, "\"other_hash\":\"e8171717"));
    assert_non_null(strstr(api->body, "\"index\":6,\"age_ms\":20,\"agrees\":false}"));
}

/* The clocks of who wrote the log were ahead: as_of says so until it is past. */
static void as_of_says_that_it_lies_ahead(void **context)
{
    struct api *api = *context;
    const uint64_t as_of_ms = api->view->time_ms;
    struct psp_api_request request = {.wall_ms = as_of_ms - PSP_API_AHEAD_MS};
    char etag[48];
    assert_true(api_ask(api, "/api/v1/election", &request));
    assert_null(strstr(api->body, "as_of_ahead"));
    memcpy(etag, api->reply.etag, sizeof etag);
    request = (struct psp_api_request){.wall_ms = as_of_ms - PSP_API_AHEAD_MS - 1};
    assert_true(api_ask(api, "/api/v1/election", &request));
    assert_non_null(strstr(api->body, "Z\",\"as_of_ahead\":true,\"stale\":"));
    assert_string_not_equal(etag, api->reply.etag);
    request = (struct psp_api_request){0}; /* nobody knows the time of day */
    assert_true(api_ask(api, "/api/v1/election", &request));
    assert_null(strstr(api->body, "as_of_ahead"));
}

static void a_shard_s_leader_is_the_one_told_by_the_last_answer(void **context)
{
    struct api *api = *context;
    struct psp_replica_freshness *replicas = api->freshness.replicas[0];
    expect(api, "/api/v1/shards", "\"replica\":0,\"leader\":null");
    replicas[0].leader = 1;
    replicas[0].last_answer_ms = FIXTURE_NOW_MS - 900;
    expect(api, "/api/v1/shards", "\"leader\":0,");
    replicas[1].leader = 3;
    replicas[1].last_answer_ms = FIXTURE_NOW_MS - 100;
    expect(api, "/api/v1/shards", "\"leader\":2,");
    replicas[1].leader = 0; /* does not know */
    expect(api, "/api/v1/shards", "\"leader\":0,");
    replicas[0].last_answer_ms = FIXTURE_NOW_MS - 3001;
    expect(api, "/api/v1/shards", "\"leader\":null");
}

/* Indexes of before a restore are those of another log. */
static void a_shard_is_behind_what_was_heard_of_its_epoch(void **context)
{
    struct api *api = *context;
    struct psp_replica_freshness *replica = &api->freshness.replicas[0][0];
    replica->epoch = 1;
    replica->index = 8;
    expect(api, "/api/v1/shards", "\"behind\":3,");
    replica->epoch = 2;
    expect(api, "/api/v1/shards", "\"index\":5,");
    assert_null(strstr(api->body, "\"behind\":3,"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_election_says_how_far_the_count_is),
        cmocka_unit_test_setup_teardown(before_any_answer_everything_is_zero_and_stale,
                                        api_set_up_empty, api_tear_down),
        TEST(every_answer_says_when_counts_are_shown),
        TEST(a_log_without_an_entry_has_no_time),
        TEST(the_state_is_closed_when_every_shard_closed),
        TEST(the_definition_comes_byte_for_byte),
        TEST(contests_list_their_choices),
        TEST(contests_of_a_unit_are_those_on_its_ballots),
        TEST(a_candidate_s_choices_are_added_up),
        TEST(a_candidate_has_votes_somewhere),
        TEST(turnout_has_a_share_where_registrations_are_known),
        TEST(turnout_as_csv),
        TEST(a_test_says_so_in_every_answer),
        TEST(a_roll_is_the_denominator_when_every_shard_has_sent_its_part),
        TEST(units_form_a_tree),
        TEST(words_are_bounded_and_sought_once),
        TEST(a_unit_says_where_it_lies),
        TEST(the_books_are_shown_by_shard_and_in_all),
        TEST(books_that_do_not_balance_are_told),
        TEST(totals_that_do_not_add_up_are_told),
        TEST(metrics_are_on_the_loopback_address_only),
        TEST(metrics_tell_keys_that_were_over_their_budget),
        TEST(the_commit_histogram_is_cumulative),
        TEST(the_cluster_shows_a_divergence),
        TEST(as_of_says_that_it_lies_ahead),
        TEST(a_shard_s_leader_is_the_one_told_by_the_last_answer),
        TEST(a_shard_is_behind_what_was_heard_of_its_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
