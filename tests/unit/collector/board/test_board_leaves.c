/* What a shard tells of its leaves: what a partial may change of it, and what not. */
#include "tests/unit/fixture/collector.h"

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct fixture_rows reports, ballots;
};

static void begin(struct state *state, struct psp_definition *definition)
{
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    state->definition = definition;
    state->board = fixture_board(definition);
}

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 1));
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

/* The lists are used up. */
static struct psp_partial partial_of(struct state *state, uint32_t shard, uint64_t index,
                                     uint64_t base)
{
    static const struct fixture_rows none;
    static struct fixture_rows reports, ballots;
    struct psp_partial partial = fixture_partial(shard, index, &none);
    reports = state->reports;
    ballots = state->ballots;
    partial.base_index = base;
    partial.reports = fixture_list(&reports);
    partial.leaf_ballots = fixture_list(&ballots);
    state->reports = state->ballots = (struct fixture_rows){0};
    return partial;
}

static void take(struct state *state, uint32_t shard, uint64_t index, uint64_t base)
{
    const struct psp_partial partial = partial_of(state, shard, index, base);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
}

/* Shard 0 at index 9: p1's report 1 and p3's report 2, which is final; 4 and 6 ballots. */
static void tell(struct state *state)
{
    fixture_report(&state->reports, 0, 1, 5, 1005, false);
    fixture_report(&state->reports, 2, 2, 8, 1008, true);
    fixture_leaf_ballots(&state->ballots, 0, 4);
    fixture_leaf_ballots(&state->ballots, 2, 6);
    take(state, 0, 9, 0);
}

static const struct psp_board_leaves *held(const struct state *state, uint32_t shard)
{
    return psp_board_shard_leaves(state->board, shard);
}

static void what_a_shard_tells_is_kept(void **context)
{
    struct state *state = *context;
    tell(state);
    assert_int_equal(held(state, 0)->reports[0].number, 1);
    assert_int_equal(held(state, 0)->reports[0].index, 5);
    assert_int_equal(held(state, 0)->reports[0].time_ms, 1005);
    assert_false(held(state, 0)->reports[0].final);
    assert_int_equal(held(state, 0)->reports[1].number, 0);
    assert_true(held(state, 0)->reports[2].final);
    assert_int_equal(held(state, 0)->ballots[2], 6);
    assert_int_equal(held(state, 0)->ballots_index[2], 9);
    assert_int_equal(held(state, 0)->counted, 10);
    assert_int_equal(psp_board_shard(state->board, 0)->counted, 10);
    assert_int_equal(held(state, 1)->counted, 0);
}

static void later_partials_tell_what_changed(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_report(&state->reports, 0, 3, 11, 1011, true);
    fixture_leaf_ballots(&state->ballots, 0, 5);
    take(state, 0, 12, 9);
    assert_int_equal(held(state, 0)->reports[0].number, 3);
    assert_true(held(state, 0)->reports[0].final);
    assert_int_equal(held(state, 0)->reports[2].number, 2);
    assert_int_equal(held(state, 0)->counted, 11);
    assert_int_equal(held(state, 0)->ballots_index[0], 12);
    assert_int_equal(held(state, 0)->ballots_index[2], 9);
    assert_int_equal(held(state, 0)->reports_newest, 11);
}

static void ballots_add_up_over_the_shards(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_leaf_ballots(&state->ballots, 2, 300);
    fixture_leaf_ballots(&state->ballots, 3, 1);
    take(state, 1, 4, 0);
    static const uint64_t sums[4] = {4, 0, 306, 1};
    assert_memory_equal(psp_board_counted(state->board), sums, sizeof sums);
}

/* A partial that tells the same again, of the same index. */
static void the_same_again_changes_nothing(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_report(&state->reports, 0, 1, 5, 1005, false);
    fixture_report(&state->reports, 2, 2, 8, 1008, true);
    fixture_leaf_ballots(&state->ballots, 0, 4);
    fixture_leaf_ballots(&state->ballots, 2, 6);
    const struct psp_partial partial = partial_of(state, 0, 9, 0);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_STALE);
}

static void expect_divergence(struct state *state, uint64_t index, uint64_t base, const char *what)
{
    const struct psp_partial partial = partial_of(state, 0, index, base);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_string_equal(psp_board_shard(state->board, 0)->divergence.what, what);
    assert_int_equal(held(state, 0)->reports[0].number, 1);
    assert_int_equal(held(state, 0)->reports[2].index, 8);
    assert_int_equal(held(state, 0)->counted, 10);
    assert_int_equal(psp_board_counted(state->board)[2], 6);
}

static void other_reports_of_the_same_index_are_an_alarm(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_report(&state->reports, 0, 2, 6, 1006, false);
    expect_divergence(state, 9, 5, "reports");
    fixture_report(&state->reports, 0, 1, 5, 1005, false);
    fixture_leaf_ballots(&state->ballots, 0, 4);
    fixture_leaf_ballots(&state->ballots, 2, 6);
    expect_divergence(state, 9, 0, "reports"); /* whole, without p3's */
}

static void other_ballots_of_the_same_index_are_an_alarm(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_leaf_ballots(&state->ballots, 0, 5);
    expect_divergence(state, 9, 5, "ballots by leaf");
    fixture_leaf_ballots(&state->ballots, 3, 1);
    expect_divergence(state, 9, 5, "ballots by leaf");
}

static void a_report_never_goes_back_within_an_epoch(void **context)
{
    struct state *state = *context;
    static const struct psp_leaf_report back[] = {
        {1, 8, 1008, true},  /* an older number */
        {2, 11, 1011, true}, /* the same number, elsewhere in the log */
        {2, 8, 1008, false}, /* the same, not final any more */
        {2, 8, 1007, true},  /* the same, at another time */
        {3, 8, 1008, true},  /* a greater number, where the last one stands */
        {3, 7, 1007, true},  /* and before it */
    };
    tell(state);
    for (size_t i = 0; i < sizeof back / sizeof *back; i++) {
        fixture_report(&state->reports, 2, back[i].number, back[i].index, back[i].time_ms,
                       back[i].final);
        expect_divergence(state, 12, 6, "a report went back");
    }
    fixture_report(&state->reports, 2, 2, 8, 1008, true); /* whole, without p1's, the first */
    fixture_leaf_ballots(&state->ballots, 0, 4);
    fixture_leaf_ballots(&state->ballots, 2, 6);
    expect_divergence(state, 12, 0, "a report went back");
    fixture_report(&state->reports, 0, 1, 5, 1005, false); /* and without p3's, the last */
    fixture_leaf_ballots(&state->ballots, 0, 4);
    fixture_leaf_ballots(&state->ballots, 2, 6);
    expect_divergence(state, 12, 0, "a report went back");
}

static void ballots_of_a_leaf_never_go_down_within_an_epoch(void **context)
{
    struct state *state = *context;
    static const char what[] = "the ballots of a leaf went down";
    tell(state);
    fixture_leaf_ballots(&state->ballots, 2, 5);
    expect_divergence(state, 12, 9, what);
    for (uint32_t without = 0; without < 4; without += 2) {
        fixture_report(&state->reports, 0, 1, 5, 1005, false);
        fixture_report(&state->reports, 2, 2, 8, 1008, true);
        fixture_leaf_ballots(&state->ballots, 2 - without, 9);
        expect_divergence(state, 12, 0, what);
    }
}

static void a_higher_epoch_begins_anew(void **context)
{
    struct state *state = *context;
    tell(state);
    fixture_report(&state->reports, 0, 1, 3, 1003, true);
    fixture_leaf_ballots(&state->ballots, 0, 2);
    struct psp_partial partial = partial_of(state, 0, 4, 0);
    partial.epoch = 2;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(held(state, 0)->reports[0].index, 3);
    assert_int_equal(held(state, 0)->reports[2].number, 0);
    assert_int_equal(held(state, 0)->counted, 2);
    assert_int_equal(psp_board_counted(state->board)[0], 2);
    assert_int_equal(psp_board_counted(state->board)[2], 0);
}

/* A shard gone wrong may tell any number: it must not end the collector. */
static void ballots_beyond_all_numbers_leave_the_sum_as_they_came(void **context)
{
    struct state *state = *context;
    fixture_leaf_ballots(&state->ballots, 0, UINT64_MAX - 1);
    take(state, 0, 9, 0);
    fixture_leaf_ballots(&state->ballots, 0, 5);
    take(state, 1, 9, 0);
    fixture_leaf_ballots(&state->ballots, 0, 2);
    struct psp_partial partial = partial_of(state, 0, 10, 0);
    partial.epoch = 2;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_counted(state->board)[0], 7);
}

static void expect_malformed(struct state *state, struct psp_bytes reports,
                             struct psp_bytes ballots)
{
    struct psp_partial partial = partial_of(state, 0, 12, 0);
    partial.reports = reports;
    partial.leaf_ballots = ballots;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    assert_int_equal(held(state, 0)->counted, 10);
}

static void malformed_lists_change_nothing(void **context)
{
    struct state *state = *context;
    static const uint8_t report[6] = {4, 1, 5, 5, 0, 0}; /* a leaf that is none */
    static const uint8_t late[5] = {3, 3, 13, 13, 0};    /* of an index to come */
    static const uint8_t ballots[3] = {3, 0x80, 0x00};   /* not in the shortest form */
    static const uint8_t beyond[2] = {4, 1};
    const struct psp_bytes none = {0};
    tell(state);
    expect_malformed(state, (struct psp_bytes){report, 5}, none);
    expect_malformed(state, (struct psp_bytes){report, 3}, none);
    expect_malformed(state, (struct psp_bytes){late, 5}, none);
    expect_malformed(state, none, (struct psp_bytes){ballots, 3});
    expect_malformed(state, none, (struct psp_bytes){ballots, 1});
    expect_malformed(state, none, (struct psp_bytes){beyond, 2});
}

static void at_index_0_there_is_nothing_to_tell(void **context)
{
    struct state *state = *context;
    fixture_leaf_ballots(&state->ballots, 0, 1);
    struct psp_partial partial = partial_of(state, 0, 0, 0);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    fixture_report(&state->reports, 0, 1, 1, 1, true);
    partial = partial_of(state, 0, 0, 0);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
}

/* promise 5: with the turnout "reports" nobody is told how many ballots a leaf counted. */
static void ballots_by_leaf_are_taken_only_where_they_are_told(void **context)
{
    struct state *state = *context;
    for (int i = 0; i < 2; i++) {
        begin(state, i == 0 ? fixture_definition() : fixture_reported(PSP_PUBLICATION_REPORTS, 1));
        fixture_leaf_ballots(&state->ballots, 0, 1);
        struct psp_partial partial = partial_of(state, 0, 5, 0);
        assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
        fixture_report(&state->reports, 0, 1, 5, 1005, true);
        take(state, 0, 5, 0);
        assert_int_equal(held(state, 0)->reports[0].number, 1);
    }
}

/* promise 3: with publication reports the rows are older than the books. */
static void what_adds_up_to_the_books_is_what_is_told(void **context)
{
    struct state *state = *context;
    struct psp_board_shard shard = {.ballots = 3, .counted = 5};
    for (uint64_t added = 3; added <= 5; added++) {
        shard.books.added_ballots = added;
        begin(state, fixture_definition());
        assert_true(psp_board_shard_adds_up(state->definition, &shard) == (added == 3));
        begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 1));
        assert_true(psp_board_shard_adds_up(state->definition, &shard) == (added == 5));
        begin(state, fixture_reported(PSP_PUBLICATION_REPORTS, 1));
        assert_true(psp_board_shard_adds_up(state->definition, &shard));
    }
}

/* ---- restoring ---- */

static void what_is_restored_is_as_if_it_had_come(void **context)
{
    struct state *state = *context;
    struct psp_board_leaves *leaves = psp_board_restore_leaves(state->board, 0);
    leaves->reports[2] = (struct psp_leaf_report){2, 8, 1008, true};
    leaves->ballots[2] = 6;
    struct psp_partial partial = partial_of(state, 0, 9, 0);
    partial.books.added_ballots = 6;
    assert_int_equal(psp_board_restore(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_restore_end(state->board), PSP_OK);
    assert_int_equal(held(state, 0)->counted, 6);
    assert_int_equal(held(state, 0)->ballots_index[2], 9);
    assert_int_equal(held(state, 0)->reports_newest, 8);
    assert_int_equal(psp_board_counted(state->board)[2], 6);
    fixture_report(&state->reports, 2, 1, 9, 1009, true);
    partial = partial_of(state, 0, 10, 9);
    partial.books.added_ballots = 6;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
}

static void what_cannot_be_is_not_restored(void **context)
{
    struct state *state = *context;
    static const struct {
        struct psp_leaf_report report;
        uint64_t added;
        bool good;
    } cases[] = {
        {{2, 8, 1008, true}, 6, true},
        {{2, 8, 1008, true}, 7, false},  /* not what the leaves add up to */
        {{2, 10, 1008, true}, 6, false}, /* of an index to come */
        {{2, 0, 1008, true}, 6, false},  /* of no index */
        {{0, 8, 1008, true}, 6, false},  /* of no number */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 1));
        struct psp_board_leaves *leaves = psp_board_restore_leaves(state->board, 0);
        leaves->reports[2] = cases[i].report;
        leaves->ballots[2] = 6;
        struct psp_partial partial = partial_of(state, 0, 9, 0);
        partial.books.added_ballots = cases[i].added;
        assert_int_equal(psp_board_restore(state->board, &partial),
                         cases[i].good ? PSP_OK : PSP_EINVAL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_shard_tells_is_kept),
        TEST(later_partials_tell_what_changed),
        TEST(ballots_add_up_over_the_shards),
        TEST(the_same_again_changes_nothing),
        TEST(other_reports_of_the_same_index_are_an_alarm),
        TEST(other_ballots_of_the_same_index_are_an_alarm),
        TEST(a_report_never_goes_back_within_an_epoch),
        TEST(ballots_of_a_leaf_never_go_down_within_an_epoch),
        TEST(a_higher_epoch_begins_anew),
        TEST(ballots_beyond_all_numbers_leave_the_sum_as_they_came),
        TEST(malformed_lists_change_nothing),
        TEST(at_index_0_there_is_nothing_to_tell),
        TEST(ballots_by_leaf_are_taken_only_where_they_are_told),
        TEST(what_adds_up_to_the_books_is_what_is_told),
        TEST(what_is_restored_is_as_if_it_had_come),
        TEST(what_cannot_be_is_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
