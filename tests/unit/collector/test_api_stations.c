/* /stations: books by station, and whose they are. */
#include "tests/unit/fixture/api.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "collector/view/names.h"

struct state {
    struct api *api;
    struct psp_names names;
    char folder[64], path[128];
};

/* Station 2: `of_2` counted in shard 0, where the books have 3; station 7: 6 in shard 0
 * (4 counted, a replay, a double vote whose verdict is forgotten) and 8 in shard 1. */
static void send(struct api *api, uint8_t of_2)
{
    const uint8_t of_0[18] = {2, of_2, of_2, 0, 0, 0, 0, 0, 0, 4, 6, 4, 1, 1, 0, 0, 0, 1};
    static const uint8_t of_1[9] = {7, 8, 8};
    struct fixture_rows rows;
    fixture_rows_0(&rows);
    struct psp_partial partial = fixture_partial_0(&rows);
    partial.stations = (struct psp_bytes){of_0, sizeof of_0};
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    fixture_rows_1(&rows);
    partial = fixture_partial_1(&rows);
    partial.stations = (struct psp_bytes){of_1, sizeof of_1};
    assert_int_equal(psp_board_merge(api->board, &partial), PSP_OK);
    api_publish(api);
}

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    void *api = NULL;
    api_set_up_empty(&api);
    state->api = api;
    psp_names_init(&state->names);
    state->api->site.names = &state->names;
    snprintf(state->folder, sizeof state->folder, "/tmp/psp-names-XXXXXX");
    assert_non_null(mkdtemp(state->folder));
    snprintf(state->path, sizeof state->path, "%s/clients.json", state->folder);
    send(state->api, 3);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    void *api = state->api;
    psp_names_clear(&state->names);
    unlink(state->path);
    rmdir(state->folder);
    api_tear_down(&api);
    free(state);
    return 0;
}

static const char *ask(struct state *state)
{
    struct psp_api_request request = {.local = true};
    assert_true(api_ask(state->api, "/stations", &request));
    assert_int_equal(state->api->reply.status, 200);
    return state->api->body;
}

static void expect_stations(struct state *state, const char *words)
{
    if (!strstr(ask(state), words))
        print_error("%s\nwanted: %s\n", state->api->body, words);
    assert_non_null(strstr(state->api->body, words));
}

static enum psp_status update(struct state *state, struct psp_reason *ret_reason)
{
    return psp_names_update(&state->names, state->path, state->api->definition, ret_reason);
}

/* Replaces the file, as `psephos client` does: another inode. */
static void write_clients(struct state *state, const char *clients)
{
    char text[1024], beside[160];
    const int n = snprintf(text, sizeof text, "{\"format\": 2, \"clients\": [%s]}", clients);
    snprintf(beside, sizeof beside, "%s.new", state->path);
    assert_int_equal(psp_file_write(beside, text, (size_t)n, 0644), PSP_OK);
    assert_int_equal(rename(beside, state->path), 0);
}

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static void the_shards_books_by_station_are_added_up(void **context)
{
    expect_stations(*context,
                    "\"stale\":true,\"status\":\"unofficial\",\"mode\":\"live\",\"publication\":"
                    "\"immediate\",\"stations\":["
                    "{\"number\":2,\"name\":null,\"units\":null,\"received\":3,\"counted\":3,"
                    "\"replayed\":0,\"double_vote\":0,\"not_eligible\":0,\"invalid\":0,"
                    "\"closed\":0,\"forgotten\":0},"
                    "{\"number\":7,\"name\":null,\"units\":null,\"received\":14,\"counted\":12,"
                    "\"replayed\":1,\"double_vote\":1,\"not_eligible\":0,\"invalid\":0,"
                    "\"closed\":0,\"forgotten\":1}],\"balanced\":true}");
}

/* One counted ballot of station 2 fewer than the books have. */
static void stations_that_do_not_add_up_to_the_books_are_told(void **context)
{
    struct state *state = *context;
    psp_board_destroy(&state->api->board);
    state->api->board = fixture_board(state->api->definition);
    send(state->api, 2);
    expect_stations(state, "\"number\":2,\"name\":null,\"units\":null,\"received\":2,");
    expect_stations(state, "],\"balanced\":false}");
    expect(state->api, "/api/v1/accounting", "\"balanced\":true},\"shards\""); /* these do */
    struct psp_api_request request = {.local = true};
    assert_true(api_ask(state->api, "/metrics", &request));
    assert_non_null(strstr(state->api->body, "\npsephos_stations_balanced 0\n"));
}

static void stations_are_on_the_loopback_address_only(void **context)
{
    struct state *state = *context;
    struct psp_api_request request = {0};
    assert_false(api_ask(state->api, "/stations", &request)); /* public: no such path */
    expect_problem(state->api, "/api/v1/stations", 404, "/openapi.json");
}

static void before_any_ballot_there_is_no_station(void **context)
{
    struct state *state = *context;
    psp_board_destroy(&state->api->board);
    state->api->board = fixture_board(state->api->definition);
    api_publish(state->api);
    expect_stations(state, "\"stations\":[],\"balanced\":true}");
}

static void names_and_units_come_from_the_file_and_follow_it(void **context)
{
    struct state *state = *context;
    struct psp_reason reason = {0};
    assert_int_equal(update(state, &reason), PSP_ENOENT);
    write_clients(state, "{\"number\": 2, \"name\": \"hall\", \"public_key\": \"" KEY_A "\"}");
    assert_int_equal(update(state, &reason), PSP_OK);
    assert_int_equal(update(state, &reason), PSP_STALE);
    expect_stations(state, "{\"number\":2,\"name\":\"hall\",\"units\":null,");
    expect_stations(state, "{\"number\":7,\"name\":null,\"units\":null,");
    write_clients(state, "{\"number\": 7, \"name\": \"school\", \"public_key\": \"" KEY_A "\", "
                         "\"units\": [\"p2\", \"ca\"]}, "
                         "{\"number\": 2, \"name\": \"hall\", \"public_key\": \"" KEY_B "\", "
                         "\"revoked\": \"2026-11-03T08:00:00Z\"}");
    assert_int_equal(update(state, &reason), PSP_OK);
    expect_stations(state, "{\"number\":7,\"name\":\"school\",\"units\":[\"ca\",\"p2\"],");
    expect_stations(state, "{\"number\":2,\"name\":\"hall\",\"units\":null,"); /* still its books */
}

static void a_file_that_cannot_be_read_leaves_what_was_known(void **context)
{
    struct state *state = *context;
    struct psp_reason reason = {0};
    write_clients(state, "{\"number\": 2, \"name\": \"hall\", \"public_key\": \"" KEY_A "\"}");
    assert_int_equal(update(state, &reason), PSP_OK);
    write_clients(state, "{\"number\": 2}");
    assert_int_equal(update(state, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "clients.json"));
    assert_int_equal(update(state, &reason), PSP_STALE); /* one complaint a change */
    expect_stations(state, "\"name\":\"hall\"");
    assert_int_equal(unlink(state->path), 0);
    assert_int_equal(update(state, &reason), PSP_ENOENT);
    expect_stations(state, "\"name\":\"hall\"");
}

static void a_list_in_use_outlives_the_next_one(void **context)
{
    struct state *state = *context;
    struct psp_reason reason = {0};
    write_clients(state, "{\"number\": 2, \"name\": \"hall\", \"public_key\": \"" KEY_A "\"}");
    assert_int_equal(update(state, &reason), PSP_OK);
    struct psp_names_list *list = psp_names_take(&state->names);
    write_clients(state, "");
    assert_int_equal(update(state, &reason), PSP_OK);
    assert_string_equal(psp_names_find(list, 2)->name, "hall");
    assert_null(psp_names_find(list, 3));
    psp_names_release(&list);
    assert_null(list);
    list = psp_names_take(&state->names);
    assert_non_null(list);
    assert_null(psp_names_find(list, 2));
    psp_names_release(&list);
    assert_null(psp_names_take(NULL));
    assert_null(psp_names_find(NULL, 2));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_shards_books_by_station_are_added_up),
        TEST(stations_that_do_not_add_up_to_the_books_are_told),
        TEST(stations_are_on_the_loopback_address_only),
        TEST(before_any_ballot_there_is_no_station),
        TEST(names_and_units_come_from_the_file_and_follow_it),
        TEST(a_file_that_cannot_be_read_leaves_what_was_known),
        TEST(a_list_in_use_outlives_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
