/* What a view tells of an election by reports, and of one that shows all at once. Leaves p1
 * and p2 (full paper, rows 0 to 3) make county ca, p3 (rows 4, 5) makes cb, cd is one. */
#include "tests/unit/fixture/collector.h"

#include "collector/view/tally.h"

enum { PRES = 0, BRIDGE = 1, ALL = 4, BOOTH = 0, MAIL = 1 };

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct psp_catalog *catalog;
    struct psp_view *view;
    struct fixture_rows rows, reports, ballots;
};

static void begin(struct state *state, struct psp_definition *definition)
{
    psp_view_release(&state->view);
    psp_catalog_destroy(&state->catalog);
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    state->definition = definition;
    if (!definition)
        return;
    state->board = fixture_board(definition);
    assert_int_equal(psp_catalog_create(definition, &state->catalog), PSP_OK);
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
    begin(*context, NULL);
    free(*context);
    return 0;
}

static void show(struct state *state)
{
    psp_view_release(&state->view);
    static const struct psp_version_key key;
    assert_int_equal(psp_view_create(state->board, state->catalog, &key, &state->view), PSP_OK);
}

/* What was put into the lists comes from a shard, which counted `added` ballots in all. */
static void say(struct state *state, uint32_t shard, uint64_t index, uint64_t base, uint64_t added)
{
    struct psp_partial partial = fixture_partial(shard, index, &state->rows);
    partial.base_index = base;
    partial.reports = fixture_list(&state->reports);
    partial.leaf_ballots = fixture_list(&state->ballots);
    partial.books.received = partial.books.disposed[PSP_COUNTED] = added;
    partial.books.added_ballots = partial.books.voters_counted = added;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = state->reports = state->ballots = (struct fixture_rows){0};
}

/* Shard 0 counted 4 ballots in p1, 2 in p3 and 6 in cd. Report 1: p1 and p3, report 2: cd,
 * which is final. Of p3 nothing is shown: 2 are fewer than 3. */
static void two_reports(struct state *state)
{
    ROW(&state->rows, 0, 4, 2, 1, 1, 0, 0, 0, 3, 1, 0, 0);
    ROW(&state->rows, 4, 2, 2, 0, 0, 0);
    ROW(&state->rows, 6, 6, 1, 5, 0, 0);
    fixture_report(&state->reports, 0, 1, 5, 1005, false);
    fixture_report(&state->reports, 2, 1, 5, 1005, false);
    fixture_report(&state->reports, 3, 2, 8, 1008, true);
    if (state->definition->turnout == PSP_PUBLICATION_IMMEDIATE) {
        fixture_leaf_ballots(&state->ballots, 0, 4);
        fixture_leaf_ballots(&state->ballots, 1, 50);
        fixture_leaf_ballots(&state->ballots, 2, 2);
        fixture_leaf_ballots(&state->ballots, 3, 7);
    }
    say(state, 0, 9, 0, 63);
    fixture_report(&state->reports, 0, 1, 6, 1006, false);
    fixture_report(&state->reports, 2, 1, 6, 1006, false);
    fixture_report(&state->reports, 3, 2, 7, 1007, true);
    say(state, 1, 7, 0, 0);
    show(state);
}

/* promise 5 */
static void what_is_shown_is_what_was_reported(void **context)
{
    struct state *state = *context;
    two_reports(state);
    const struct psp_view *view = state->view;
    assert_int_equal(view->publication, PSP_PUBLICATION_REPORTS);
    assert_int_equal(psp_view_ballots(view, US), 10);
    assert_int_equal(view->shown_ballots, 10);
    assert_int_equal(psp_view_ballots(view, CA), 4);
    assert_int_equal(psp_view_ballots(view, P3), 0);
    assert_int_equal(psp_view_counted(view, US), 63);
    assert_int_equal(psp_view_counted(view, CA), 54);
    assert_int_equal(psp_view_counted(view, P3), 2);
    assert_int_equal(psp_view_counted(view, CD), 7);
    assert_int_equal(view->row_reports[0], 1);
    assert_int_equal(view->row_reports[2], 0);
    assert_int_equal(view->row_reports[4], 0);
    assert_int_equal(view->row_reports[6], 2);
    assert_int_equal(fixture_cell(&view->totals, 4, 0), 0);
    assert_int_equal(view->choice_votes[0], 3); /* ann-red */
    assert_true(psp_view_balanced(view, PSP_NONE));
    assert_int_equal(view->shards[0].ballots, 63); /* as its books say, not its rows */
}

static void reports_of_leaves_make_those_of_units(void **context)
{
    struct state *state = *context;
    struct psp_view_report report = {0};
    uint32_t leaf = 9;
    two_reports(state);
    const struct psp_view *view = state->view;
    assert_true(psp_view_report_of(view, US, &report, &leaf));
    assert_int_equal(report.number, 2);
    assert_int_equal(report.at_ms, 1008);
    assert_int_equal(leaf, 3);
    assert_false(report.final); /* p1, p2 and p3 are not */
    assert_false(report.under_way);
    assert_true(psp_view_report_of(view, CD, &report, &leaf));
    assert_true(report.final);
    assert_true(psp_view_report_of(view, CA, &report, &leaf));
    assert_int_equal(report.number, 1);
    assert_int_equal(leaf, 0);
    leaf = 9;
    assert_false(psp_view_report_of(view, P2, &report, &leaf));
    assert_int_equal(leaf, 9);
    assert_int_equal(view->leaf_report_shards[3 * FIXTURE_SHARDS].index, 8);
    assert_int_equal(view->leaf_report_shards[3 * FIXTURE_SHARDS + 1].index, 7);
    assert_int_equal(view->leaf_report_shards[3 * FIXTURE_SHARDS + 1].epoch, 1);
    assert_int_equal(view->complete_sum[4], 1);
    assert_int_equal(view->partial_sum[4], 2);
    assert_true(view->unit_complete[CD]);
    assert_false(view->unit_complete[CA]);
    assert_false(view->unit_complete[US]);
}

static void a_unit_is_complete_when_all_its_leaves_are_final(void **context)
{
    struct state *state = *context;
    static const uint64_t base[FIXTURE_SHARDS] = {9, 7}, added[FIXTURE_SHARDS] = {63, 0};
    struct psp_view_report report = {0};
    uint32_t leaf = 9;
    two_reports(state);
    for (uint32_t final = 1; final <= 2; final++) { /* p1, then p2 */
        for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
            assert_int_equal(state->view->unit_complete[P1], final == 2);
            fixture_report(&state->reports, final - 1, 3, 10 + final, 1012, true);
            say(state, shard, 10 + final, base[shard], added[shard]);
            show(state);
            assert_int_equal(state->view->unit_complete[CA], final == 2 && shard == 1);
        }
        assert_true(psp_view_report_of(state->view, CA, &report, &leaf));
        assert_int_equal(report.final, final == 2);
        assert_int_equal(leaf, 0);
    }
    assert_false(state->view->unit_complete[VT]);
}

static void a_report_under_way_below_is_under_way_above(void **context)
{
    struct state *state = *context;
    struct psp_view_report report = {0};
    uint32_t leaf;
    two_reports(state);
    fixture_report(&state->reports, 1, 3, 12, 1012, true);
    say(state, 0, 12, 9, 63);
    show(state);
    assert_true(psp_view_report_of(state->view, CA, &report, &leaf));
    assert_int_equal(report.number, 1);
    assert_true(report.under_way);
    assert_true(psp_view_report_of(state->view, US, &report, &leaf));
    assert_true(report.under_way);
    assert_true(psp_view_report_of(state->view, CD, &report, &leaf));
    assert_false(report.under_way);
}

static struct psp_tally tally(const struct state *state, uint32_t contest, uint32_t first,
                              uint32_t end, uint32_t method)
{
    struct psp_tally result;
    psp_tally_run(state->view, contest, first, end, method, &result);
    return result;
}

static void a_tally_is_held_until_one_of_its_rows_is_shown(void **context)
{
    struct state *state = *context;
    two_reports(state);
    struct psp_tally all = tally(state, PRES, 0, ALL, PSP_NONE);
    assert_false(all.held);
    assert_int_equal(all.ballots, 10);
    assert_int_equal(all.counted, 63);
    assert_int_equal(all.votes[0], 3);
    assert_int_equal(all.units_total, 4);
    assert_int_equal(all.units_reporting, 1);
    assert_int_equal(all.units_partial, 2);
    assert_int_equal(all.units_started, 2);
    assert_true(tally(state, PRES, 1, 2, PSP_NONE).held); /* p2: no report */
    assert_int_equal(tally(state, PRES, 1, 2, PSP_NONE).counted, 50);
    /* p3: nobody voted by mail, and that is shown */
    assert_false(tally(state, PRES, 2, 3, PSP_NONE).held);
    assert_true(tally(state, PRES, 2, 3, BOOTH).held);
    assert_false(tally(state, PRES, 2, 3, MAIL).held);
    assert_false(tally(state, BRIDGE, 0, ALL, PSP_NONE).held);
    assert_int_equal(tally(state, BRIDGE, 0, ALL, PSP_NONE).counted, 54); /* p1 and p2 */
    assert_false(tally(state, BRIDGE, 2, ALL, PSP_NONE).held);            /* no row at all */
}

/* By leaf is told, by method and by style is not. */
static void what_is_not_told_is_not_made_up(void **context)
{
    struct state *state = *context;
    two_reports(state);
    assert_true(tally(state, PRES, 0, ALL, BOOTH).counted == PSP_UNSTATED);
    begin(state, fixture_reported(PSP_PUBLICATION_REPORTS, 3));
    two_reports(state);
    assert_null(state->view->counted_sum);
    assert_true(psp_view_counted(state->view, US) == PSP_UNSTATED);
    assert_true(tally(state, PRES, 0, ALL, PSP_NONE).counted == PSP_UNSTATED);
    assert_int_equal(psp_view_ballots(state->view, US), 10);
    assert_true(psp_view_balanced(state->view, PSP_NONE));
}

static void immediately_all_that_is_counted_is_shown(void **context)
{
    struct state *state = *context;
    begin(state, fixture_definition());
    fixture_fill(state->board);
    show(state);
    assert_null(state->view->row_reports);
    assert_int_equal(state->view->shown_ballots, 15);
    assert_int_equal(psp_view_counted(state->view, US), 15);
    assert_int_equal(psp_view_counted(state->view, CD), 5);
    assert_int_equal(tally(state, PRES, 0, ALL, MAIL).counted, 2);
    assert_false(tally(state, PRES, 0, 1, PSP_NONE).held);
    struct psp_view_report report;
    uint32_t leaf;
    assert_false(psp_view_report_of(state->view, US, &report, &leaf));
    assert_int_equal(state->view->shards[0].ballots, 7);
}

/* promise 3: ballots that the leaves do not tell of are an alarm. */
static void leaves_that_are_not_what_the_books_say_are_seen(void **context)
{
    struct state *state = *context;
    two_reports(state);
    say(state, 0, 10, 9, 64);
    show(state);
    assert_false(psp_view_balanced(state->view, 0));
    assert_true(psp_view_balanced(state->view, 1));
    assert_false(psp_view_balanced(state->view, PSP_NONE));
}

/* Two collectors whose shards stand at the same entries, one of which saw report 1. */
static void another_past_is_another_version(void **context)
{
    struct state *state = *context;
    uint64_t tags[2];
    for (int sees_first = 0; sees_first < 2; sees_first++) {
        begin(state, fixture_reported(PSP_PUBLICATION_REPORTS, 3));
        for (uint64_t number = 2 - (uint64_t)sees_first; number <= 2; number++) {
            const uint64_t base = sees_first && number == 2 ? 5 : 0;
            for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
                if (shard == 0)
                    ROW(&state->rows, 4, 8 + number, 8 + number, 0, 0, 0);
                fixture_report(&state->reports, 2, number, 4 * number, 1000 * number, false);
                say(state, shard, 5 * number, base, 0);
            }
        }
        show(state);
        assert_int_equal(psp_view_ballots(state->view, US), sees_first ? 9 : 10);
        tags[sees_first] = state->view->tag;
        show(state);
        assert_true(state->view->tag == tags[sees_first]);
    }
    assert_true(tags[0] != tags[1]);
}

/* After a restart the numbers of changes begin anew: an ID of before means nothing. */
static void a_version_of_another_process_is_not_known(void **context)
{
    (void)context;
    const struct psp_version_key key = {.bytes = {1}}, other = {.bytes = {2}};
    enum psp_version_stale stale;
    char id[PSP_VERSION_ID_BYTES];
    uint64_t change = 0;
    psp_version_write(&key, 5, 6, id);
    assert_true(psp_version_read(&key, id, &change, &stale));
    assert_int_equal(change, 5);
    assert_false(psp_version_read(&other, id, &change, &stale));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_shown_is_what_was_reported),
        TEST(reports_of_leaves_make_those_of_units),
        TEST(a_unit_is_complete_when_all_its_leaves_are_final),
        TEST(a_report_under_way_below_is_under_way_above),
        TEST(a_tally_is_held_until_one_of_its_rows_is_shown),
        TEST(what_is_not_told_is_not_made_up),
        TEST(immediately_all_that_is_counted_is_shown),
        TEST(leaves_that_are_not_what_the_books_say_are_seen),
        TEST(another_past_is_another_version),
        TEST(a_version_of_another_process_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
