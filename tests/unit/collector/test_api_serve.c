/* What all resources share: routes, parameters, ETags, staleness, JSON text. */
#include "tests/unit/fixture/api.h"

#include "base/json/writer.h"
#include "collector/api/cursor.h"
#include "collector/page/gzip.h"
#include "collector/page/page.h"

#include <sys/stat.h>
#include <unistd.h>

static void an_unknown_path_of_the_api_is_a_problem(void **context)
{
    struct api *api = *context;
    expect_problem(api, "/api/v1/nothing", 404, "/openapi.json");
    expect_problem(api, "/api/v1/results/pres", 404, "No such path");
    expect_problem(api, "/api/v1/candidates/", 404, "No such path");
    expect_problem(api, "/api/v1/candidates/a/b", 404, "No such path");
    expect_problem(api, "/api/v1/units.csv", 404, "No such path"); /* no CSV of it */
    struct psp_api_request request = {0};
    assert_false(api_ask(api, "/index.html", &request)); /* a page file's turn */
}

static void an_unknown_parameter_is_named(void **context)
{
    struct api *api = *context;
    expect_problem(api, "/api/v1/results?contets=pres", 400, "contets: not a parameter here");
    expect_problem(api, "/api/v1/results?contets=pres", 400, "contest unit level method by sort");
    expect_problem(api, "/api/v1/election?unit=us", 400, "known are: lang");
    expect_problem(api, "/api/v1/results?unit=us&unit=vt", 400, "unit: give it once only");
    expect_problem(api, "/api/v1/units?=x", 400, "not a parameter");
    expect_problem(api, "/api/v1/units?q\xFF=x", 400, "not a parameter");
}

static void a_value_that_is_too_long_is_refused(void **context)
{
    struct api *api = *context;
    char url[400] = "/api/v1/units?q=";
    memset(url + strlen(url), 'x', 257);
    expect_problem(api, url, 400, "q: longer than 256 bytes");
}

static const char *etag_of(struct api *api, const char *url, bool gzip)
{
    static char etag[48];
    struct psp_api_request request = {.gzip = gzip};
    assert_true(api_ask(api, url, &request));
    snprintf(etag, sizeof etag, "%s", api->reply.etag);
    return etag;
}

static void an_etag_names_version_and_question(void **context)
{
    struct api *api = *context;
    char first[48], other[64];
    snprintf(first, sizeof first, "%s", etag_of(api, "/api/v1/results", false));
    assert_true(strlen(first) == 32);
    assert_string_equal(etag_of(api, "/api/v1/results", false), first);
    snprintf(other, sizeof other, "%s", etag_of(api, "/api/v1/results?level=leaf", false));
    assert_string_not_equal(other, first);
    assert_string_not_equal(etag_of(api, "/api/v1/results.csv", false), first);
    snprintf(other, sizeof other, "%s-gz", first);
    assert_string_equal(etag_of(api, "/api/v1/results", true), other);

    struct fixture_rows rows = {0};
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.index = 6;
    partial.base_index = 5;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
    assert_string_not_equal(etag_of(api, "/api/v1/results", false), first);
}

/* Shard 1 goes on by an entry; what was shown before is kept. */
static void go_on(struct api *api)
{
    struct fixture_rows rows = {0};
    struct psp_partial partial = fixture_partial(1, 8, &rows);
    partial.base_index = 7;
    partial.books = psp_board_shard(api->board, 1)->books;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    psp_view_release(&api->kept);
    api->kept = api->view;
    api->view = NULL;
    api_publish(api);
}

static void a_version_is_answered_as_long_as_it_is_kept(void **context)
{
    static const char *const paths[] = {"election",   "contests",       "results", "results.csv",
                                        "candidates", "candidates/ann", "turnout", "units",
                                        "units/p1",   "accounting",     "shards",  "turnout.csv",
                                        "leaders"};
    struct api *api = *context;
    go_on(api);
    const char *newest = api->view->id, *kept = api->kept->id;
    assert_string_not_equal(newest, kept);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *more = strcmp(paths[i], "leaders") == 0 ? "contest=pres&" : "";
        const bool csv = strstr(paths[i], "csv") != NULL, etag = strcmp(paths[i], "shards") != 0;
        char url[160], etags[2][48];
        for (int k = 0; k < 2; k++) {
            snprintf(url, sizeof url, "/api/v1/%s?%sversion=%s", paths[i], more, k ? kept : newest);
            expect(api, url, csv ? "," : k ? "\"epoch\":1,\"index\":7}]" : "\"index\":8}]");
            assert_string_equal(api->reply.version, etag ? k ? kept : newest : "");
            assert_true(csv || strstr(api->body, k ? kept : newest));
            snprintf(etags[k], sizeof etags[k], "%s", api->reply.etag);
        }
        assert_true(!etag || strcmp(etags[0], etags[1]) != 0);
        snprintf(url, sizeof url, "/api/v1/%s?%sversion=%.*s", paths[i], more,
                 (int)strlen(kept) - 1, kept);
        expect_problem(api, url, 410, "begin again with the newest");
        assert_string_equal(api->reply.version, "");
    }
}

static void what_is_no_version_is_gone_and_never_a_bad_parameter(void **context)
{
    struct api *api = *context;
    char url[400];
    expect_problem(api, "/api/v1/results?version=", 410, "version");
    expect_problem(api, "/api/v1/results?version=nonsense", 410, "version");
    snprintf(url, sizeof url, "/api/v1/results?version=%0300d", 0);
    expect_problem(api, url, 410, "version");
    expect_problem(api, "/api/v1/series?contest=pres&version=x", 400, "version");
    expect_problem(api, "/api/v1/stream?version=x", 400, "version");
}

static void staleness_is_that_of_now_in_every_version(void **context)
{
    struct api *api = *context;
    char url[160];
    go_on(api);
    snprintf(url, sizeof url, "/api/v1/results?version=%s", api->kept->id);
    expect(api, url, "\"stale\":false");
    api->freshness.fresh_ms[0] = 1;
    expect(api, url, "\"stale\":true");
}

static void a_cursor_goes_on_in_another_version(void **context)
{
    struct api *api = *context;
    char url[200];
    go_on(api);
    snprintf(url, sizeof url, "/api/v1/units?limit=2&version=%s", api->kept->id);
    api_get(api, url);
    const char *token = strstr(api->body, "\"next_cursor\":\"") + strlen("\"next_cursor\":\"");
    snprintf(url, sizeof url, "/api/v1/units?limit=2&version=%s&cursor=%.*s", api->view->id,
             (int)strcspn(token, "\""), token);
    expect(api, url, "\"units\":[{\"id\":\"ca\"");
    psp_text_bytes(&api->reply.next, "", 1);
    assert_non_null(strstr(api->reply.next.data, api->view->id)); /* Link stays with it */
}

static void an_etag_changes_when_the_shards_fall_silent(void **context)
{
    struct api *api = *context;
    char fresh[48];
    snprintf(fresh, sizeof fresh, "%s", etag_of(api, "/api/v1/results", false));
    struct psp_api_request late = {.now_ms = FIXTURE_NOW_MS + 3000};
    assert_true(api_ask(api, "/api/v1/results", &late));
    assert_string_not_equal(api->reply.etag, fresh);
    assert_non_null(strstr(api->body, "\"stale\":true"));
}

static void the_same_version_is_not_sent_twice(void **context)
{
    struct api *api = *context;
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", etag_of(api, "/api/v1/results", false));
    struct psp_api_request request = {.if_none_match = quoted};
    assert_true(api_ask(api, "/api/v1/results", &request));
    assert_int_equal(api->reply.status, 304);
    assert_int_equal(api->reply.body.length, 0);
    request = (struct psp_api_request){.if_none_match = "\"other\""};
    assert_true(api_ask(api, "/api/v1/results", &request));
    assert_int_equal(api->reply.status, 200);
    request = (struct psp_api_request){.if_none_match = quoted};
    assert_true(api_ask(api, "/api/v1/results?nope=1", &request));
    assert_int_equal(api->reply.status, 400);
}

static void if_none_match_is_a_list(void **context)
{
    (void)context;
    assert_true(psp_api_etag_matches("\"abc\"", "abc"));
    assert_true(psp_api_etag_matches("\"x\", \"abc\"", "abc"));
    assert_true(psp_api_etag_matches("W/\"abc\"", "abc"));
    assert_true(psp_api_etag_matches("*", "abc"));
    assert_false(psp_api_etag_matches("\"ab\"", "abc"));
    assert_false(psp_api_etag_matches("\"abcd\"", "abc"));
    assert_false(psp_api_etag_matches("abc", "abc"));
    assert_false(psp_api_etag_matches("\"abc", "abc"));
    assert_false(psp_api_etag_matches("", "abc"));
    assert_false(psp_api_etag_matches("*", "")); /* an answer without one */
}

/* promise 5 */
static void every_answer_of_one_request_is_of_one_version(void **context)
{
    struct api *api = *context;
    struct psp_view *held = api->view;
    atomic_fetch_add(&held->references, 1);
    struct fixture_rows rows = {0};
    ROW(&rows, 0, 5, 3, 1, 1, 0, 0, 0, 4, 1, 0, 0);
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.index = 6;
    partial.base_index = 5;
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
    assert_int_equal(psp_view_ballots(held, US), 15);
    assert_int_equal(held->shards[0].index, 5);
    assert_int_equal(psp_view_ballots(api->view, US), 16);
    psp_view_release(&held);
    assert_null(held);
}

static void alive_is_not_ready(void **context)
{
    struct api *api = *context;
    expect(api, "/healthz", "{\"alive\":true}");
    expect(api, "/readyz", "{\"ready\":true,\"shards\":2}");
    struct psp_api_request late = {.now_ms = FIXTURE_NOW_MS + 2001};
    api->freshness.fresh_ms[0] = FIXTURE_NOW_MS + 2000;
    assert_true(api_ask(api, "/readyz", &late));
    assert_int_equal(api->reply.status, 503);
    assert_non_null(strstr(api->body, "1 of 2 shards"));
    assert_non_null(strstr(api->body, "shard 1;"));
    api->freshness.fresh_ms[0] = 0;
    expect_problem(api, "/readyz", 503, "1 of 2 shards");
}

static void openapi_describes_the_api(void **context)
{
    struct api *api = *context;
    expect(api, "/openapi.json", "\"openapi\": \"3.1.0\"");
    assert_true(strlen(api->reply.etag) > 0);
}

static void cursors_survive_the_way(void **context)
{
    (void)context;
    const struct psp_cursor cursor = {
        .question = 0xFFFEFDFC, .key = UINT64_MAX - 1, .position = 0x0123456789ABCDEF};
    struct psp_cursor back = {0};
    char text[PSP_CURSOR_TEXT_BYTES];
    psp_cursor_write(&cursor, text);
    assert_int_equal(strlen(text), 28);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_"),
                     28);
    assert_true(psp_cursor_read(text, &back));
    assert_int_equal(back.question, cursor.question);
    assert_int_equal(back.key, cursor.key);
    assert_int_equal(back.position, cursor.position);
    text[0] = 'Z'; /* another form */
    assert_false(psp_cursor_read(text, &back));
    text[0] = '+';
    assert_false(psp_cursor_read(text, &back));
    assert_false(psp_cursor_read("", &back));
}

static void any_bytes_become_valid_json(void **context)
{
    (void)context;
    struct psp_text text = {0};
    struct psp_writer json;
    psp_writer_start(&json, &text);
    psp_writer_begin_array(&json, NULL);
    psp_writer_string(&json, NULL, "a\"b\\c\n\t\x01");
    psp_writer_string(&json, NULL, "\xC3\xA9\xE2\x82\xAC"); /* é€ stay */
    psp_writer_string(&json, NULL, "x\xFFy\xC0\xAF");
    psp_writer_string(&json, NULL, "\xE2\x82"); /* cut off */
    psp_writer_number(&json, NULL, UINT64_MAX);
    psp_writer_real(&json, NULL, 0.5);
    psp_writer_time(&json, NULL, 0);
    psp_writer_stated(&json, NULL, PSP_UNSTATED);
    psp_writer_end_array(&json);
    static const char expected[] =
        "[\"a\\\"b\\\\c\\n\\t\\u0001\",\"\xC3\xA9\xE2\x82\xAC\","
        "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD\",\"\xEF\xBF\xBD\xEF\xBF\xBD\","
        "18446744073709551615,0.500000,\"1970-01-01T00:00:00.000Z\",null]";
    assert_int_equal(text.length, sizeof expected - 1);
    assert_memory_equal(text.data, expected, sizeof expected - 1);
    psp_text_free(&text);
}

/* On both sides of what is written without printf: 0 to 1,000. */
static void shares_have_six_decimals(void **context)
{
    (void)context;
    static const double numbers[] = {0,           1,         1.0 / 3,     2.0 / 3,
                                     0.0000004,   0.0000006, 0.999999499, 0.999999501,
                                     999.9999996, 1000,      1234.5,      -0.25};
    static const char expected[] =
        "[0.000000,1.000000,0.333333,0.666667,0.000000,0.000001,0.999999,1.000000,1000.000000,"
        "1000.000000,1234.500000,-0.250000]";
    struct psp_text text = {0};
    struct psp_writer json;
    psp_writer_start(&json, &text);
    psp_writer_begin_array(&json, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        psp_writer_real(&json, NULL, numbers[i]);
    psp_writer_end_array(&json);
    psp_text_bytes(&text, "", 1);
    assert_string_equal(text.data, expected);
    psp_text_free(&text);
}

static void an_answer_over_the_limit_is_told_from_a_lack_of_memory(void **context)
{
    (void)context;
    struct psp_text text = {0};
    psp_text_string(&text, "x");
    assert_true(psp_text_reserve(&text, 4096));
    assert_false(psp_text_reserve(&text, PSP_ANSWER_BYTES_MAX));
    assert_true(text.failed);
    assert_true(text.too_long);
    assert_int_equal(text.length, 1);
    psp_text_free(&text);
}

static void gzip_is_used_when_it_is_accepted(void **context)
{
    (void)context;
    assert_true(psp_gzip_accepted("gzip"));
    assert_true(psp_gzip_accepted("deflate, gzip;q=0.8, br"));
    assert_false(psp_gzip_accepted("gzip;q=0"));
    assert_false(psp_gzip_accepted("gzip;q=0.0, br"));
    assert_false(psp_gzip_accepted("deflate"));
    assert_false(psp_gzip_accepted("xgzip"));
    assert_false(psp_gzip_accepted(""));
    assert_false(psp_gzip_accepted(NULL));
}

static void write_file(const char *directory, const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void a_page_is_what_the_folder_held_at_the_start(void **context)
{
    (void)context;
    char directory[] = "/tmp/psp-page-XXXXXX", path[256];
    struct psp_page *page = NULL;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/assets", directory);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(directory, "index.html", "<p>hello hello hello hello hello hello hello</p>");
    write_file(directory, "assets/app.js", "x()");
    write_file(directory, ".hidden", "secret");
    snprintf(path, sizeof path, "%s/out", directory);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(psp_page_load(directory, &page), PSP_OK);
    const struct psp_page_file *index = psp_page_find(page, "/");
    assert_non_null(index);
    assert_string_equal(index->content_type, "text/html; charset=utf-8");
    assert_int_equal(index->bytes, 48);
    assert_true(index->packed_bytes > 0 && index->packed_bytes < 48);
    assert_ptr_equal(psp_page_find(page, "/index.html"), index);
    const struct psp_page_file *script = psp_page_find(page, "/assets/app.js");
    assert_non_null(script);
    assert_null(script->packed); /* three bytes do not get smaller */
    assert_null(psp_page_find(page, "/.hidden"));
    assert_null(psp_page_find(page, "/out"));
    assert_null(psp_page_find(page, "/assets/../.hidden"));
    assert_null(psp_page_find(page, "/assets"));
    assert_null(psp_page_find(NULL, "/"));
    psp_page_destroy(&page);
    assert_int_equal(psp_page_load("/nowhere", &page), PSP_ENOENT);
    static const char *const names[] = {"index.html", "assets/app.js", ".hidden", "out"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/assets", directory);
    rmdir(path);
    rmdir(directory);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_path_of_the_api_is_a_problem),
        TEST(an_unknown_parameter_is_named),
        TEST(a_value_that_is_too_long_is_refused),
        TEST(an_etag_names_version_and_question),
        TEST(a_version_is_answered_as_long_as_it_is_kept),
        TEST(what_is_no_version_is_gone_and_never_a_bad_parameter),
        TEST(staleness_is_that_of_now_in_every_version),
        TEST(a_cursor_goes_on_in_another_version),
        TEST(an_etag_changes_when_the_shards_fall_silent),
        TEST(the_same_version_is_not_sent_twice),
        cmocka_unit_test(if_none_match_is_a_list),
        TEST(every_answer_of_one_request_is_of_one_version),
        TEST(alive_is_not_ready),
        TEST(openapi_describes_the_api),
        cmocka_unit_test(cursors_survive_the_way),
        cmocka_unit_test(any_bytes_become_valid_json),
        cmocka_unit_test(shares_have_six_decimals),
        cmocka_unit_test(an_answer_over_the_limit_is_told_from_a_lack_of_memory),
        cmocka_unit_test(gzip_is_used_when_it_is_accepted),
        cmocka_unit_test(a_page_is_what_the_folder_held_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
