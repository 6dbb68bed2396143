/* How many views answers of /changes may hold. */
#include "tests/unit/fixture/api.h"

#include <microhttpd.h>

#include "collector/http/feed.h"
#include "collector/http/http.h"

static enum psp_status respond(struct api *api, struct psp_feed *feed, const struct psp_view *view,
                               struct MHD_Response **ret_response)
{
    static const struct psp_changes_question everything = {
        .contest = PSP_NONE, .level = PSP_NONE, .results = true};
    const struct psp_api_request request = {.site = &api->site, .view = view};
    return psp_feed_respond(feed, NULL, &request, &everything, ret_response);
}

static void views_held_by_answers_are_bounded_but_for_one(void **context)
{
    struct api *api = *context;
    struct psp_feed feed;
    struct psp_view *large, *other;
    struct MHD_Response *responses[3], *refused = NULL;
    psp_feed_init(&feed, NULL, NULL, &api->stats);
    assert_int_equal(psp_view_create(api->board, api->catalog, &api->key, &large), PSP_OK);
    assert_int_equal(psp_view_create(api->board, api->catalog, &api->key, &other), PSP_OK);
    large->bytes = PSP_HTTP_ANSWER_BYTES_MAX + 1;
    for (int i = 0; i < 3; i++) /* all of one view: it is held once */
        assert_int_equal(respond(api, &feed, large, &responses[i]), PSP_OK);
    assert_true(feed.pinned_bytes == large->bytes);
    assert_int_equal(large->references, 4);
    assert_int_equal(respond(api, &feed, other, &refused), PSP_EBUSY);
    assert_null(refused);
    assert_int_equal(other->references, 1);
    for (int i = 0; i < 3; i++)
        MHD_destroy_response(responses[i]);
    assert_int_equal(large->references, 1);
    assert_int_equal(feed.pinned_bytes, 0);
    assert_int_equal(respond(api, &feed, other, &responses[0]), PSP_OK);
    assert_int_equal(respond(api, &feed, large, &refused), PSP_EBUSY);
    MHD_destroy_response(responses[0]);
    assert_int_equal(psp_stats_read(&api->stats.changes_answers), 4);
    psp_view_release(&large);
    psp_view_release(&other);
    psp_feed_destroy(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_held_by_answers_are_bounded_but_for_one, api_set_up,
                                        api_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
