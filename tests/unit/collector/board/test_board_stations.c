/* The board's books by station: what a partial may change of them, and what not. */
#include "tests/unit/fixture/collector.h"

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct fixture_rows rows;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    state->definition = fixture_definition();
    state->board = fixture_board(state->definition);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    free(state);
    return 0;
}

/* The encoding of election/station_books.h, by hand: gap, received, counted, replayed,
 * double vote, not eligible, invalid, closed, forgotten. */
static struct psp_partial with_stations(struct state *state, uint64_t index, uint64_t base,
                                        const uint8_t *bytes, size_t length)
{
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    partial.index = index;
    partial.base_index = base;
    partial.rows = (struct psp_bytes){0};
    if (base == 0) {
        fixture_rows_0(&state->rows);
        partial.rows = (struct psp_bytes){state->rows.bytes, state->rows.length};
    }
    partial.stations = (struct psp_bytes){bytes, length};
    return partial;
}

/* Station 2 sent 3 and station 7 sent 6, one of them a replay and one a double vote that
 * is forgotten. */
static const uint8_t two_stations[18] = {2, 3, 3, 0, 0, 0, 0, 0, 0, 4, 6, 4, 1, 1, 0, 0, 0, 1};

static uint64_t received(const struct psp_board_stations *stations, uint32_t number)
{
    return stations->list[number].books.received;
}

static void stations_add_up_over_the_shards(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = with_stations(state, 6, 5, two_stations, 18);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    static const uint8_t seven[9] = {7, 200, 1, 200, 1, 0, 0, 0, 0}; /* cut: malformed */
    static const uint8_t seven_whole[11] = {7, 200, 1, 200, 1, 0, 0, 0, 0, 0, 0};
    fixture_rows_1(&state->rows);
    struct psp_partial other = fixture_partial_1(&state->rows);
    other.index = 8;
    other.stations = (struct psp_bytes){seven, 9};
    assert_int_equal(psp_board_merge(state->board, &other), PSP_EINVAL);
    other.stations = (struct psp_bytes){seven_whole, 11};
    assert_int_equal(psp_board_merge(state->board, &other), PSP_OK);
    const struct psp_board_stations *sum = psp_board_merged_stations(state->board);
    assert_int_equal(sum->end, 8);
    assert_int_equal(received(sum, 2), 3);
    assert_int_equal(received(sum, 7), 206);
    assert_int_equal(sum->list[7].books.disposed[PSP_COUNTED], 204);
    assert_int_equal(sum->list[7].books.disposed[PSP_DOUBLE_VOTE], 1);
    assert_int_equal(sum->list[7].books.forgotten, 1);
    assert_int_equal(received(psp_board_shard_stations(state->board, 0), 7), 6);
    assert_int_equal(received(psp_board_shard_stations(state->board, 1), 7), 200);
}

static void changed_stations_replace_and_the_others_stay(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = with_stations(state, 6, 5, two_stations, 18);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    static const uint8_t two[9] = {2, 5, 4, 1};
    partial = with_stations(state, 7, 6, two, 9);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    const struct psp_board_stations *held = psp_board_shard_stations(state->board, 0);
    assert_int_equal(received(held, 2), 5);
    assert_int_equal(held->list[2].index, 7);
    assert_int_equal(received(held, 7), 6);
    assert_int_equal(held->list[7].index, 6);
    assert_int_equal(received(psp_board_merged_stations(state->board), 2), 5);
}

static void a_station_s_books_that_go_down_are_an_alarm(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = with_stations(state, 6, 5, two_stations, 18);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    static const uint8_t two[9] = {2, 4, 2, 2};
    partial = with_stations(state, 7, 6, two, 9);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    const struct psp_board_divergence *divergence = &psp_board_shard(state->board, 0)->divergence;
    assert_string_equal(divergence->what, "the books of a station went down");
    partial = with_stations(state, 7, 0, two_stations, 9); /* whole, without station 7 */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    partial = with_stations(state, 6, 0, two_stations, 9);
    memcpy(partial.state_hash, psp_board_shard(state->board, 0)->state_hash, PSP_HASH_BYTES);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_string_equal(divergence->what, "books by station");
    assert_int_equal(received(psp_board_merged_stations(state->board), 2), 3);
}

static void stations_of_an_older_epoch_are_forgotten(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = with_stations(state, 6, 5, two_stations, 18);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    static const uint8_t seven[9] = {7, 2, 2};
    partial = with_stations(state, 2, 0, seven, 9);
    partial.epoch = 2;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    const struct psp_board_stations *sum = psp_board_merged_stations(state->board);
    assert_int_equal(received(sum, 2), 0);
    assert_int_equal(received(sum, 7), 2);
    assert_int_equal(sum->list[7].books.forgotten, 0);
}

static void malformed_stations_change_nothing(void **context)
{
    struct state *state = *context;
    static const struct {
        uint8_t bytes[24];
        size_t length;
    } bad[] = {
        {{2, 3, 3, 0, 0, 0, 0, 0}, 8},                       /* a counter short */
        {{0xA1, 0x8D, 0x06, 1, 1, 0, 0, 0, 0, 0, 0}, 11},    /* station 100,001 */
        {{2, 0x83, 0, 3, 0, 0, 0, 0, 0, 0}, 10},             /* longer than need be */
        {{0xA0, 0x8D, 0x06, 1, 1, 0, 0, 0, 0, 0, 0, 0}, 12}, /* one behind, which is none */
    };
    fixture_fill(state->board);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct psp_partial partial = with_stations(state, 6, 5, bad[i].bytes, bad[i].length);
        assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    }
    const struct psp_partial last = with_stations(state, 6, 5, bad[3].bytes, 11); /* 100,000 */
    assert_int_equal(psp_board_merge(state->board, &last), PSP_OK);
    assert_int_equal(psp_board_merged_stations(state->board)->end, 100001);
    struct psp_partial nothing = fixture_partial(1, 0, &state->rows);
    nothing.epoch = 2;
    nothing.rows = (struct psp_bytes){0};
    nothing.stations = (struct psp_bytes){two_stations, 18}; /* of a log without an entry */
    assert_int_equal(psp_board_merge(state->board, &nothing), PSP_EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(stations_add_up_over_the_shards),
        TEST(changed_stations_replace_and_the_others_stay),
        TEST(a_station_s_books_that_go_down_are_an_alarm),
        TEST(stations_of_an_older_epoch_are_forgotten),
        TEST(malformed_stations_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
