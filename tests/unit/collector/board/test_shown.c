/* What is shown of leaves that are reported, through the board as partials come. Leaves p3
 * and cd vote on one paper of five cells: rows 4 and 5 (booth, mail), and 6 and 7. */
#include "tests/unit/fixture/collector.h"

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct fixture_rows rows, reports;
    uint64_t epoch[FIXTURE_SHARDS];
};

enum { LEAF_P3 = 2, LEAF_CD = 3, P3_BOOTH = 4, P3_MAIL = 5, CD_BOOTH = 6 };

static void begin(struct state *state, struct psp_definition *definition)
{
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    state->definition = definition;
    state->board = fixture_board(definition);
    state->epoch[0] = state->epoch[1] = 1;
}

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
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

/* n ballots, all for ann. */
static void row(struct state *state, uint32_t row, uint64_t n)
{
    ROW(&state->rows, row, n, n, 0, 0, 0);
}

static void report(struct state *state, uint32_t leaf, uint64_t number, uint64_t index, bool final)
{
    fixture_report(&state->reports, leaf, number, index, 1000 * number + index, final);
}

/* What was put into `rows` and `reports` comes from a shard. */
static void say(struct state *state, uint32_t shard, uint64_t index, uint64_t base)
{
    struct psp_partial partial = fixture_partial(shard, index, &state->rows);
    partial.epoch = state->epoch[shard];
    partial.base_index = base;
    partial.reports = fixture_list(&state->reports);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = state->reports = (struct fixture_rows){0};
}

static const struct psp_board_shown *shown(const struct state *state)
{
    return psp_board_shown(state->board);
}

static void expect_leaf(const struct state *state, uint32_t leaf, uint64_t number, bool final,
                        bool under_way)
{
    const struct psp_shown_leaf *at = &shown(state)->leaves[leaf];
    assert_int_equal(at->number, number);
    assert_int_equal(at->final, final);
    assert_int_equal(at->under_way, under_way);
}

static void expect_row(const struct state *state, uint32_t row, uint64_t number, uint64_t ballots)
{
    assert_int_equal(shown(state)->row_reports[row], number);
    assert_int_equal(fixture_cell(shown(state)->rows, row, 0), ballots);
    assert_int_equal(fixture_cell(shown(state)->rows, row, 1), ballots); /* ann's */
}

/* Report 1 of p3: 7 by booth in both shards, 5 by mail in shard 1. */
static void report_1(struct state *state)
{
    row(state, P3_BOOTH, 4);
    report(state, LEAF_P3, 1, 5, false);
    say(state, 0, 5, 0);
    row(state, P3_BOOTH, 3);
    row(state, P3_MAIL, 5);
    report(state, LEAF_P3, 1, 7, false);
    say(state, 1, 7, 0);
}

/* promise 5 */
static void nothing_is_shown_until_every_shard_has_the_report(void **context)
{
    struct state *state = *context;
    row(state, P3_BOOTH, 4);
    report(state, LEAF_P3, 1, 5, true);
    say(state, 0, 5, 0);
    expect_leaf(state, LEAF_P3, 0, false, true); /* shard 1 never answered */
    expect_row(state, P3_BOOTH, 0, 0);
    say(state, 1, 6, 0);
    expect_leaf(state, LEAF_P3, 0, false, true); /* and has no report of it */
    expect_leaf(state, LEAF_CD, 0, false, false);
    row(state, P3_BOOTH, 3);
    report(state, LEAF_P3, 1, 7, true);
    say(state, 1, 7, 6);
    expect_leaf(state, LEAF_P3, 1, true, false);
    expect_row(state, P3_BOOTH, 1, 7);
    expect_row(state, P3_MAIL, 1, 0); /* shown: nobody voted by mail */
    expect_row(state, CD_BOOTH, 0, 0);
    const struct psp_shown_source *sources = &shown(state)->sources[LEAF_P3 * FIXTURE_SHARDS];
    assert_int_equal(sources[0].epoch, 1);
    assert_int_equal(sources[0].index, 5);
    assert_int_equal(sources[1].index, 7);
    assert_int_equal(shown(state)->leaves[LEAF_P3].at_ms, 1005); /* shard 0's time */
}

/* promise 5 */
static void a_leaf_whose_shards_differ_goes_on_showing_what_it_showed(void **context)
{
    struct state *state = *context;
    report_1(state);
    row(state, P3_BOOTH, 40);
    report(state, LEAF_P3, 2, 9, true);
    say(state, 1, 9, 7);
    expect_leaf(state, LEAF_P3, 1, false, true);
    expect_row(state, P3_BOOTH, 1, 7);
    assert_int_equal(fixture_cell(psp_board_merged(state->board), P3_BOOTH, 0), 44);
    row(state, P3_BOOTH, 50);
    report(state, LEAF_P3, 3, 8, true);
    say(state, 0, 8, 5);
    expect_leaf(state, LEAF_P3, 1, false, true); /* 3 and 2 */
    expect_row(state, P3_BOOTH, 1, 7);
    row(state, P3_BOOTH, 60);
    report(state, LEAF_P3, 3, 11, true);
    say(state, 1, 11, 9);
    expect_leaf(state, LEAF_P3, 3, true, false); /* 2 was never shown */
    expect_row(state, P3_BOOTH, 3, 110);
}

static void a_leaf_is_final_when_it_is_in_every_shard(void **context)
{
    struct state *state = *context;
    for (unsigned finals = 0; finals < 4; finals++) {
        begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
        report(state, LEAF_P3, 1, 5, finals & 1);
        say(state, 0, 5, 0);
        report(state, LEAF_P3, 1, 5, finals & 2);
        say(state, 1, 5, 0);
        expect_leaf(state, LEAF_P3, 1, finals == 3, false);
    }
}

/* Both shards have report 2 of p3 with these ballots by booth and mail. */
static void report_2(struct state *state, uint64_t booth_0, uint64_t booth_1, uint64_t mail_1,
                     bool final)
{
    row(state, P3_BOOTH, booth_0);
    report(state, LEAF_P3, 2, 9, final);
    say(state, 0, 9, 5);
    row(state, P3_BOOTH, booth_1);
    row(state, P3_MAIL, mail_1);
    report(state, LEAF_P3, 2, 12, final);
    say(state, 1, 12, 7);
}

/* promise 5: each shard's part moved by fewer than 3, the row that is shown by 3. */
static void report_min_is_about_the_row_of_all_shards(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 5, 5, 7, false);
    expect_leaf(state, LEAF_P3, 2, false, false);
    expect_row(state, P3_BOOTH, 2, 10); /* was 7 */
    expect_row(state, P3_MAIL, 1, 5);   /* would be 7: it moved by 2 */
}

static void a_row_that_did_not_move_shows_the_newest_report(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 4, 4, 5, false);
    expect_row(state, P3_BOOTH, 1, 7); /* would be 8 */
    expect_row(state, P3_MAIL, 2, 5);
}

/* What is not shown is not forgotten: the next report is compared with what is shown. */
static void moves_add_up_until_they_are_shown(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 5, 4, 5, false); /* 7 to 9 */
    expect_row(state, P3_BOOTH, 1, 7);
    row(state, P3_BOOTH, 6);
    report(state, LEAF_P3, 3, 20, false);
    say(state, 0, 20, 9);
    report(state, LEAF_P3, 3, 21, false);
    say(state, 1, 21, 12);
    expect_row(state, P3_BOOTH, 3, 10);
}

static void few_ballots_are_not_shown_at_first(void **context)
{
    struct state *state = *context;
    row(state, P3_BOOTH, 2);
    report(state, LEAF_P3, 1, 5, false);
    say(state, 0, 5, 0);
    report(state, LEAF_P3, 1, 5, false);
    say(state, 1, 5, 0);
    expect_leaf(state, LEAF_P3, 1, false, false);
    expect_row(state, P3_BOOTH, 0, 0);
    expect_row(state, P3_MAIL, 1, 0);
}

static void of_a_final_leaf_every_row_is_shown(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 5, 3, 6, true);
    expect_leaf(state, LEAF_P3, 2, true, false);
    expect_row(state, P3_BOOTH, 2, 8);
    expect_row(state, P3_MAIL, 2, 6);
}

static void a_leaf_that_is_not_final_any_more_keeps_its_rows(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 5, 3, 6, true);
    row(state, P3_BOOTH, 7);
    report(state, LEAF_P3, 3, 20, false);
    say(state, 0, 20, 9);
    expect_leaf(state, LEAF_P3, 2, true, true);
    report(state, LEAF_P3, 3, 21, false);
    say(state, 1, 21, 12);
    expect_leaf(state, LEAF_P3, 3, false, false);
    expect_row(state, P3_BOOTH, 2, 8); /* would be 10 */
    expect_row(state, P3_MAIL, 3, 6);
}

/* ---- a restore ---- */

/* The same numbers, from a log that was written again: other indexes, other rows. */
static void a_restored_shard_with_the_same_numbers_is_compared_like_a_report(void **context)
{
    struct state *state = *context;
    for (uint64_t index = 6; index <= 7; index++) { /* 7: where it stood before */
        begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
        report_1(state);
        state->epoch[1] = 2;
        row(state, P3_BOOTH, 1); /* was 3: the row goes from 7 to 5 */
        row(state, P3_MAIL, 1);  /* was 5 */
        report(state, LEAF_P3, 1, index, false);
        say(state, 1, index, 0);
        expect_leaf(state, LEAF_P3, 1, false, false);
        const struct psp_shown_source *sources = &shown(state)->sources[LEAF_P3 * FIXTURE_SHARDS];
        assert_int_equal(sources[0].epoch, 1);
        assert_int_equal(sources[1].epoch, 2);
        assert_int_equal(sources[1].index, index);
        expect_row(state, P3_BOOTH, 1, 7); /* moved by 2 */
        expect_row(state, P3_MAIL, 1, 1);  /* moved by 4 */
        assert_int_equal(shown(state)->corrected.lowered[P3_BOOTH], 0);
        assert_true(shown(state)->corrected.lowered[P3_MAIL] > 0);
    }
}

/* What a board refuses within an epoch, and what is shown does not rely on. */
static void a_report_elsewhere_in_a_log_is_another_one(void **context)
{
    struct state *state = *context;
    struct psp_board_shown *now = NULL;
    struct psp_leaf_report reports[4] = {[LEAF_P3] = {1, 5, 1005, false}};
    const struct psp_shown_shard shards[FIXTURE_SHARDS] = {{true, 1, reports}, {true, 1, reports}};
    const struct psp_shown_counts counts = {psp_board_merged(state->board),
                                            psp_board_corrected(state->board)->revisions};
    assert_int_equal(psp_board_shown_create(state->definition, FIXTURE_SHARDS, &now), PSP_OK);
    for (uint64_t change = 1; change <= 2; change++) { /* nothing new the second time */
        psp_board_shown_review(now, LEAF_P3, shards, &counts, change);
        assert_int_equal(now->leaves[LEAF_P3].change, 1);
    }
    reports[LEAF_P3].index = 6;
    psp_board_shown_review(now, LEAF_P3, shards, &counts, 3);
    assert_int_equal(now->leaves[LEAF_P3].change, 3);
    assert_int_equal(now->sources[LEAF_P3 * FIXTURE_SHARDS + 1].index, 6);
    psp_board_shown_destroy(&now);
}

static void a_restored_shard_without_the_report_leaves_what_is_shown(void **context)
{
    struct state *state = *context;
    report_1(state);
    state->epoch[1] = 2;
    say(state, 1, 3, 0);
    expect_leaf(state, LEAF_P3, 1, false, true);
    expect_row(state, P3_BOOTH, 1, 7);
    expect_row(state, P3_MAIL, 1, 5);
    state->epoch[0] = 2;
    say(state, 0, 2, 0);
    expect_leaf(state, LEAF_P3, 1, false, true); /* none has one any more: it is to be reported */
    expect_row(state, P3_BOOTH, 1, 7);
    row(state, P3_BOOTH, 20);
    report(state, LEAF_P3, 1000001, 9, false);
    say(state, 0, 9, 2);
    report(state, LEAF_P3, 1000001, 9, false);
    say(state, 1, 9, 3);
    expect_row(state, P3_BOOTH, 1000001, 20);
    expect_row(state, P3_MAIL, 1000001, 0);
}

static void a_backup_from_before_shows_its_older_report(void **context)
{
    struct state *state = *context;
    report_1(state);
    report_2(state, 9, 9, 9, false);
    expect_row(state, P3_BOOTH, 2, 18);
    for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
        state->epoch[shard] = 2;
        row(state, P3_BOOTH, 4 - shard);
        report(state, LEAF_P3, 1, 5 + 2 * shard, false);
        say(state, shard, 7, 0);
        if (shard == 0)
            expect_leaf(state, LEAF_P3, 2, false, true);
    }
    expect_leaf(state, LEAF_P3, 1, false, false);
    expect_row(state, P3_BOOTH, 1, 7);
}

/* A correction moves votes and no ballots. */
static void a_row_with_as_many_ballots_shows_other_votes(void **context)
{
    struct state *state = *context;
    report_1(state);
    REVISED(&state->rows, P3_BOOTH, 1, 4, 3, 1, 0, 0);
    report(state, LEAF_P3, 2, 9, false);
    say(state, 0, 9, 5);
    report(state, LEAF_P3, 2, 12, false);
    say(state, 1, 12, 7);
    assert_int_equal(shown(state)->row_reports[P3_BOOTH], 2);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 1), 6);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 2), 1);
}

static void with_publication_immediate_reports_say_what_is_final(void **context)
{
    struct state *state = *context;
    begin(state, fixture_definition());
    row(state, P3_BOOTH, 4);
    say(state, 0, 5, 0);
    report(state, LEAF_P3, 1, 7, true);
    say(state, 1, 7, 0);
    expect_leaf(state, LEAF_P3, 0, false, true);
    report(state, LEAF_P3, 1, 8, true);
    say(state, 0, 8, 5);
    expect_leaf(state, LEAF_P3, 1, true, false);
    assert_null(shown(state)->rows);
    assert_null(shown(state)->row_reports);
}

/* ---- the hash ---- */

/* Another that shows the same, put together at once. */
static uint64_t hash_of_copy(const struct psp_board_shown *from)
{
    struct psp_board_shown *copy = NULL;
    const size_t leaves = from->definition->leaf_count;
    assert_int_equal(psp_board_shown_create(from->definition, from->shard_count, &copy), PSP_OK);
    memcpy(copy->leaves, from->leaves, leaves * sizeof *copy->leaves);
    memcpy(copy->sources, from->sources, leaves * from->shard_count * sizeof *copy->sources);
    memcpy(copy->row_reports, from->row_reports, from->rows->row_count * sizeof *copy->row_reports);
    memcpy(copy->rows->cells, from->rows->cells,
           from->rows->cell_count * sizeof *copy->rows->cells);
    assert_true(psp_board_shown_settle(copy, from->corrected.revisions, 1));
    const uint64_t hash = copy->hash;
    psp_board_shown_destroy(&copy);
    return hash;
}

static void the_hash_is_of_what_is_shown(void **context)
{
    struct state *state = *context;
    assert_int_equal(shown(state)->hash, 0);
    report_1(state);
    const uint64_t first = shown(state)->hash;
    assert_true(first == hash_of_copy(shown(state)));
    report(state, LEAF_P3, 2, 9, false);
    say(state, 0, 9, 5);
    assert_true(shown(state)->hash != first); /* it is under way */
    assert_true(shown(state)->hash == hash_of_copy(shown(state)));
    report(state, LEAF_P3, 2, 9, false);
    say(state, 1, 9, 7);
    assert_true(shown(state)->hash != first);
    assert_true(shown(state)->hash == hash_of_copy(shown(state)));
}

/* ---- restoring ---- */

/* A board with what a store would hold after report 1 of p3, but for one thing. */
static struct psp_board_shown *restored(struct state *state)
{
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
    struct psp_board_shown *now = psp_board_restore_shown(state->board);
    now->leaves[LEAF_P3] = (struct psp_shown_leaf){.number = 1, .at_ms = 1005};
    now->sources[LEAF_P3 * FIXTURE_SHARDS] = (struct psp_shown_source){1, 5};
    now->sources[LEAF_P3 * FIXTURE_SHARDS + 1] = (struct psp_shown_source){1, 7};
    now->row_reports[P3_BOOTH] = 1;
    now->rows->cells[now->rows->row_first[P3_BOOTH]] = 7;
    return now;
}

static void what_was_shown_is_shown_again(void **context)
{
    struct state *state = *context;
    restored(state);
    assert_int_equal(psp_board_restore_end(state->board), PSP_OK);
    expect_leaf(state, LEAF_P3, 1, false, false);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 0), 7);
    report(state, LEAF_P3, 1, 5, false);
    say(state, 0, 5, 0); /* the shards answer one by one */
    expect_leaf(state, LEAF_P3, 1, false, true);
    report(state, LEAF_P3, 1, 7, false);
    say(state, 1, 7, 0);
    expect_leaf(state, LEAF_P3, 1, false, false);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 0), 7); /* the same report */
}

static void what_does_not_fit_together_is_not_shown_again(void **context)
{
    struct state *state = *context;
    restored(state)->leaves[LEAF_P3].final = true; /* then p3 by mail shows report 1, too */
    assert_int_equal(psp_board_restore_end(state->board), PSP_EINVAL);
    struct psp_board_shown *now = restored(state);
    now->leaves[LEAF_P3].final = true;
    now->row_reports[P3_MAIL] = 1;
    assert_int_equal(psp_board_restore_end(state->board), PSP_OK);
    restored(state)->leaves[LEAF_P3].number = 0;
    assert_int_equal(psp_board_restore_end(state->board), PSP_EINVAL);
    restored(state)->row_reports[P3_BOOTH] = 0;
    assert_int_equal(psp_board_restore_end(state->board), PSP_EINVAL);
    restored(state)->leaves[LEAF_CD].final = true;
    assert_int_equal(psp_board_restore_end(state->board), PSP_EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_shown_until_every_shard_has_the_report),
        TEST(a_leaf_whose_shards_differ_goes_on_showing_what_it_showed),
        TEST(a_leaf_is_final_when_it_is_in_every_shard),
        TEST(report_min_is_about_the_row_of_all_shards),
        TEST(a_row_that_did_not_move_shows_the_newest_report),
        TEST(moves_add_up_until_they_are_shown),
        TEST(few_ballots_are_not_shown_at_first),
        TEST(of_a_final_leaf_every_row_is_shown),
        TEST(a_leaf_that_is_not_final_any_more_keeps_its_rows),
        TEST(a_restored_shard_with_the_same_numbers_is_compared_like_a_report),
        TEST(a_report_elsewhere_in_a_log_is_another_one),
        TEST(a_restored_shard_without_the_report_leaves_what_is_shown),
        TEST(a_backup_from_before_shows_its_older_report),
        TEST(a_row_with_as_many_ballots_shows_other_votes),
        TEST(with_publication_immediate_reports_say_what_is_final),
        TEST(the_hash_is_of_what_is_shown),
        TEST(what_was_shown_is_shown_again),
        TEST(what_does_not_fit_together_is_not_shown_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
