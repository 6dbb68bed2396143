/* The time series: buckets, thinning, and that the store gives it back. */
#include "tests/unit/fixture/api.h"

#include <unistd.h>

#include "collector/store/series.h"
#include "collector/view/series.h"

/* A view of the fixture's counts as of another time. */
static void note(struct api *api, struct psp_series *series, uint64_t time_ms)
{
    api->view->time_ms = time_ms;
    api->view->tag = time_ms + 1;
    assert_true(psp_series_note(series, api->view));
}

static struct psp_series *series_of(struct api *api)
{
    struct psp_series *series = NULL;
    assert_int_equal(psp_series_create(api->catalog, &series), PSP_OK);
    return series;
}

/* Choices ann-red, ann-blue, bob, blank, yes, no; contests pres, bridge. */
static void a_point_has_every_choice_and_the_ballots_of_every_contest(void **context)
{
    static const uint64_t expected[] = {5, 1, 6, 1, 4, 1, 15, 7};
    struct psp_series *series = series_of(*context);
    note(*context, series, 5000);
    assert_int_equal(series->row_cells, 8);
    assert_int_equal(series->count, 1);
    assert_memory_equal(series->cells, expected, sizeof expected);
    psp_series_destroy(&series);
}

static void the_newest_count_of_a_bucket_is_its_point(void **context)
{
    struct psp_series *series = series_of(*context);
    note(*context, series, 5000);
    note(*context, series, 5999);
    assert_int_equal(series->count, 1);
    assert_int_equal(series->times_ms[0], 5999);
    note(*context, series, 6000);
    assert_int_equal(series->count, 2);
    psp_series_destroy(&series);
}

static void the_same_version_is_noted_once(void **context)
{
    struct api *api = *context;
    struct psp_series *series = series_of(api);
    note(api, series, 5000);
    assert_false(psp_series_note(series, api->view));
    psp_series_destroy(&series);
}

static void a_clock_that_goes_back_stays_in_the_last_bucket(void **context)
{
    struct psp_series *series = series_of(*context);
    note(*context, series, 9000);
    note(*context, series, 5000);
    assert_int_equal(series->count, 1);
    assert_int_equal(series->times_ms[0], 9000);
    psp_series_destroy(&series);
}

/* 480 seconds fill it; the next second makes buckets of two. Every point has its own count. */
static void a_full_series_is_thinned_and_keeps_its_ends(void **context)
{
    struct api *api = *context;
    struct psp_series *series = series_of(api);
    const uint64_t before = api->view->choice_votes[0];
    for (uint64_t s = 0; s <= PSP_SERIES_POINTS_MAX; s++) {
        api->view->choice_votes[0] = 1000 + s;
        note(api, series, 1000 * (s + 2));
    }
    api->view->choice_votes[0] = before;
    assert_int_equal(series->width_ms, 2 * PSP_SERIES_WIDTH_MS);
    assert_int_equal(series->count, PSP_SERIES_POINTS_MAX / 2 + 1);
    assert_int_equal(series->times_ms[0], 3000); /* the later one of seconds 2 and 3 */
    assert_int_equal(series->times_ms[series->count - 1], 1000 * (PSP_SERIES_POINTS_MAX + 2));
    for (uint32_t i = 0; i + 1 < series->count; i++)
        assert_int_equal(series->cells[(size_t)i * series->row_cells], 1001 + 2 * i);
    assert_int_equal(series->cells[(size_t)(series->count - 1) * series->row_cells],
                     1000 + PSP_SERIES_POINTS_MAX);
    psp_series_destroy(&series);
}

/* Else the page's chart would begin in 1970. */
static void a_board_without_an_entry_is_no_point(void **context)
{
    struct api *api = *context;
    struct psp_series *series = series_of(api);
    api->view->time_ms = 0;
    api->view->tag = 7;
    assert_false(psp_series_note(series, api->view));
    assert_int_equal(series->count, 0);
    psp_series_destroy(&series);
}

static void save_and_reopen(struct api *api, const char *directory, struct psp_series *series,
                            struct psp_series *ret_series)
{
    struct psp_collector_store *store;
    struct psp_reason reason = {0};
    assert_int_equal(psp_collector_store_open(directory, api->board, &store, &reason), PSP_OK);
    assert_int_equal(psp_collector_store_save_series(store, series), PSP_OK);
    psp_collector_store_close(&store);
    assert_int_equal(psp_collector_store_open(directory, api->board, &store, &reason), PSP_OK);
    assert_int_equal(psp_collector_store_load_series(store, ret_series), PSP_OK);
    psp_collector_store_close(&store);
}

static void assert_same(const struct psp_series *a, const struct psp_series *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->width_ms, b->width_ms);
    assert_memory_equal(a->times_ms, b->times_ms, a->count * sizeof *a->times_ms);
    assert_memory_equal(a->cells, b->cells, (size_t)a->count * a->row_cells * sizeof *a->cells);
}

static void remove_store(const char *directory)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    char path[128];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

/* Saved three times: as it begins, with its last point moved on, and thinned. */
static void the_store_gives_back_what_was_saved(void **context)
{
    char directory[] = "/tmp/psp-series-XXXXXX";
    struct api *api = *context;
    struct psp_series *series = series_of(api);
    uint64_t s = 0;
    assert_non_null(mkdtemp(directory));
    for (int round = 0; round < 3; round++) {
        struct psp_series *again = series_of(api);
        const uint64_t end = round == 0 ? 3 : round == 1 ? 5 : PSP_SERIES_POINTS_MAX + 9;
        for (; s < end; s++)
            note(api, series, 1000 * s + 100);
        note(api, series, 1000 * s - 1);
        save_and_reopen(api, directory, series, again);
        assert_same(series, again);
        psp_series_destroy(&again);
    }
    assert_int_equal(series->width_ms, 2 * PSP_SERIES_WIDTH_MS);
    psp_series_destroy(&series);
    remove_store(directory);
}

static void the_api_shows_one_contest(void **context)
{
    struct api *api = *context;
    api->site.series = series_of(api);
    note(api, api->site.series, 1700000000123u);
    expect(api, "/api/v1/series?contest=bridge",
           "\"contest\":\"bridge\",\"unit\":\"ca\",\"choices\":[\"yes\",\"no\"],\"bucket_ms\":1000,"
           "\"points\":[{\"at\":\"2023-11-14T22:13:20.123Z\",\"ballots\":7,\"votes\":[4,1]}]}");
    expect_problem(api, "/api/v1/series", 400, "contest: say which");
    psp_series_destroy(&api->site.series);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_point_has_every_choice_and_the_ballots_of_every_contest),
        TEST(the_newest_count_of_a_bucket_is_its_point),
        TEST(the_same_version_is_noted_once),
        TEST(a_clock_that_goes_back_stays_in_the_last_bucket),
        TEST(a_full_series_is_thinned_and_keeps_its_ends),
        TEST(a_board_without_an_entry_is_no_point),
        TEST(the_store_gives_back_what_was_saved),
        TEST(the_api_shows_one_contest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
