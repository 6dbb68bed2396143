/* What a viewer of the stream is sent. */
#include "tests/unit/fixture/api.h"

#include "collector/http/stream_event.h"

static void an_event_is_the_whole_answer(void **context)
{
    struct api *api = *context;
    struct psp_api_request request = {
        .site = &api->site, .view = api->view, .now_ms = FIXTURE_NOW_MS};
    const struct psp_stream_question question = {
        .contest = 1, .unit = PSP_NONE, .method = PSP_NONE};
    struct psp_text text = {0};
    snprintf(api->view->id, sizeof api->view->id, "abc");
    psp_stream_event_board(&request, &question, &text);
    psp_text_bytes(&text, "", 1);
    assert_non_null(
        strstr(text.data, "id: abc.0\nevent: board\ndata: {\"version\":{\"id\":\"abc\","));
    assert_non_null(strstr(text.data, "\"age_ms\":1000,\"stale\":false"));
    assert_non_null(strstr(text.data, "\"result\":{\"contest\":\"bridge\",\"unit\":\"ca\""));
    assert_non_null(strstr(text.data, "\"turnout\":{\"unit\":\"ca\""));
    assert_string_equal(text.data + strlen(text.data) - 3, "}\n\n");
    assert_null(strchr(strstr(text.data, "data: "), '\r'));
    psp_text_free(&text);
}

static void a_heartbeat_has_no_id(void **context)
{
    struct api *api = *context;
    struct psp_api_request request = {
        .site = &api->site, .view = api->view, .now_ms = FIXTURE_NOW_MS};
    struct psp_text text = {0};
    psp_stream_event_shards(&request, &text);
    psp_text_bytes(&text, "", 1);
    assert_int_equal(strncmp(text.data, ": still here\nevent: shards\ndata: {", 34), 0);
    assert_null(strstr(text.data, "id: "));
    psp_text_free(&text);
}

static void staleness_is_part_of_the_id(void **context)
{
    struct api *api = *context;
    char fresh[PSP_STREAM_ID_BYTES], stale[PSP_STREAM_ID_BYTES];
    psp_stream_event_id(api->view, false, fresh);
    psp_stream_event_id(api->view, true, stale);
    assert_string_not_equal(fresh, stale);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_the_whole_answer),
        TEST(a_heartbeat_has_no_id),
        TEST(staleness_is_part_of_the_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
