/* What was shown, across a restart of the collector: leaves' reports, and the rows that each
 * of them showed. Leaf p3: rows 4 (booth) and 5 (mail), five cells each. */
#include "tests/unit/fixture/collector.h"

#include <lmdb.h>
#include <unistd.h>

#include "collector/store/store.h"

enum { LEAF_P3 = 2, P3_BOOTH = 4, P3_MAIL = 5 };

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct psp_collector_store *store;
    struct fixture_rows rows, reports, ballots;
    uint64_t epoch;
    bool commits; /* after each partial */
    char directory[64];
    struct psp_reason reason;
};

static void open_store(struct state *state)
{
    assert_int_equal(
        psp_collector_store_open(state->directory, state->board, &state->store, &state->reason),
        PSP_OK);
}

/* An election of its own in an empty folder. */
static void begin(struct state *state, struct psp_definition *definition)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", state->directory, files[i]);
        unlink(path);
    }
    state->definition = definition;
    state->epoch = 1;
    if (!definition)
        return;
    state->board = fixture_board(definition);
    open_store(state);
}

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    snprintf(state->directory, sizeof state->directory, "%s", "/tmp/psp-shown-store-XXXXXX");
    assert_non_null(mkdtemp(state->directory));
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    begin(state, NULL);
    rmdir(state->directory);
    free(state);
    return 0;
}

static enum psp_status restart(struct state *state)
{
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    state->board = fixture_board(state->definition);
    open_store(state);
    return psp_collector_store_load(state->store, state->board, &state->reason);
}

static void commit(struct state *state)
{
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
}

/* What was put into the lists comes from a shard, which counted `added` ballots in all. */
static void say(struct state *state, uint32_t shard, uint64_t index, uint64_t base, uint64_t added)
{
    struct psp_partial partial = fixture_partial(shard, index, &state->rows);
    partial.epoch = state->epoch;
    partial.base_index = base;
    partial.reports = fixture_list(&state->reports);
    partial.leaf_ballots = fixture_list(&state->ballots);
    partial.books.received = partial.books.disposed[PSP_COUNTED] = added;
    partial.books.added_ballots = partial.books.voters_counted = added;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = state->reports = state->ballots = (struct fixture_rows){0};
    if (state->commits)
        commit(state);
}

/* Report 1 of p3: 7 by booth, 300 by mail. Report 2: 9 by booth, which stays at report 1,
 * and 310 by mail. Counted, and in no report: 20 more there, 5 in p1. */
static void two_reports(struct state *state)
{
    ROW(&state->rows, P3_BOOTH, 7, 7, 0, 0, 0);
    ROW(&state->rows, P3_MAIL, 300, 0, 300, 0, 0);
    fixture_report(&state->reports, LEAF_P3, 1, 5, 1005, false);
    fixture_leaf_ballots(&state->ballots, LEAF_P3, 307);
    say(state, 0, 5, 0, 307);
    fixture_report(&state->reports, LEAF_P3, 1, 6, 1006, false);
    say(state, 1, 6, 0, 0);
    ROW(&state->rows, P3_BOOTH, 9, 8, 0, 1, 0);
    ROW(&state->rows, P3_MAIL, 310, 0, 310, 0, 0);
    fixture_report(&state->reports, LEAF_P3, 2, 8, 1008, false);
    fixture_leaf_ballots(&state->ballots, 0, 5);
    fixture_leaf_ballots(&state->ballots, LEAF_P3, 339);
    say(state, 0, 9, 5, 344);
    fixture_report(&state->reports, LEAF_P3, 2, 7, 1007, false);
    say(state, 1, 7, 6, 0);
}

static const struct psp_board_shown *shown(const struct state *state)
{
    return psp_board_shown(state->board);
}

static void expect_shown(const struct state *state)
{
    const struct psp_board_shown *now = shown(state);
    assert_int_equal(now->leaves[LEAF_P3].number, 2);
    assert_int_equal(now->leaves[LEAF_P3].at_ms, 1008);
    assert_false(now->leaves[LEAF_P3].final);
    assert_false(now->leaves[LEAF_P3].under_way);
    assert_int_equal(now->leaves[0].number, 0);
    assert_int_equal(now->sources[LEAF_P3 * FIXTURE_SHARDS].epoch, 1);
    assert_int_equal(now->sources[LEAF_P3 * FIXTURE_SHARDS].index, 8);
    assert_int_equal(now->sources[LEAF_P3 * FIXTURE_SHARDS + 1].index, 7);
    assert_int_equal(now->row_reports[P3_BOOTH], 1);
    assert_int_equal(now->row_reports[P3_MAIL], 2);
    assert_int_equal(now->row_reports[0], 0);
    assert_int_equal(fixture_cell(now->rows, P3_BOOTH, 0), 7);
    assert_int_equal(fixture_cell(now->rows, P3_BOOTH, 1), 7);
    assert_int_equal(fixture_cell(now->rows, P3_BOOTH, 3), 0);
    assert_int_equal(fixture_cell(now->rows, P3_MAIL, 2), 310);
}

/* promise 5: what a row showed before it moved by report_min is in no shard any more. */
static void a_restarted_collector_shows_what_it_showed(void **context)
{
    struct state *state = *context;
    two_reports(state);
    commit(state);
    const uint64_t hash = shown(state)->hash;
    for (int times = 0; times < 2; times++) {
        assert_int_equal(restart(state), PSP_OK);
        expect_shown(state);
        assert_true(shown(state)->hash == hash);
        commit(state); /* nothing changed */
    }
    const struct psp_board_leaves *leaves = psp_board_shard_leaves(state->board, 0);
    assert_int_equal(leaves->reports[LEAF_P3].number, 2);
    assert_int_equal(leaves->reports[LEAF_P3].index, 8);
    assert_int_equal(leaves->reports[LEAF_P3].time_ms, 1008);
    assert_int_equal(leaves->ballots[0], 5);
    assert_int_equal(leaves->ballots[LEAF_P3], 339);
    assert_int_equal(psp_board_counted(state->board)[LEAF_P3], 339);
    assert_int_equal(psp_board_shard(state->board, 0)->counted, 344);
    assert_int_equal(fixture_cell(psp_board_merged(state->board), P3_BOOTH, 0), 9);
    fixture_leaf_ballots(&state->ballots, 0, 6);
    say(state, 0, 10, 9, 345); /* news of a shard, and none of reports */
    expect_shown(state);
}

static void each_commit_adds_what_changed(void **context)
{
    struct state *state = *context;
    state->commits = true;
    two_reports(state);
    assert_int_equal(restart(state), PSP_OK);
    expect_shown(state);
    assert_int_equal(psp_board_shard_leaves(state->board, 0)->ballots[0], 5);
}

static void a_collector_that_starts_empty_shows_what_the_shards_have(void **context)
{
    struct state *state = *context;
    two_reports(state);
    commit(state);
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
    assert_int_equal(psp_collector_store_load(state->store, state->board, &state->reason), PSP_OK);
    ROW(&state->rows, P3_BOOTH, 9, 8, 0, 1, 0);
    fixture_report(&state->reports, LEAF_P3, 2, 8, 1008, false);
    say(state, 0, 9, 0, 344);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 0);
    fixture_report(&state->reports, LEAF_P3, 1, 6, 1006, false);
    say(state, 1, 6, 0, 0);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 0); /* they differ */
    fixture_report(&state->reports, LEAF_P3, 2, 7, 1007, false);
    say(state, 1, 7, 6, 0);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 2);
    assert_int_equal(shown(state)->row_reports[P3_BOOTH], 2);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 0), 9);
}

static void what_is_under_way_is_known_again(void **context)
{
    struct state *state = *context;
    two_reports(state);
    fixture_report(&state->reports, LEAF_P3, 3, 10, 1010, true);
    fixture_leaf_ballots(&state->ballots, 0, 5);
    say(state, 0, 10, 9, 344);
    commit(state);
    assert_int_equal(restart(state), PSP_OK);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 2);
    assert_true(shown(state)->leaves[LEAF_P3].under_way);
    fixture_report(&state->reports, LEAF_P3, 3, 9, 1009, true);
    say(state, 1, 9, 7, 0);
    commit(state);
    assert_int_equal(restart(state), PSP_OK);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 3);
    assert_true(shown(state)->leaves[LEAF_P3].final);
    assert_int_equal(shown(state)->row_reports[P3_BOOTH], 3); /* final, so all of it */
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 0), 9);
}

static void a_higher_epoch_leaves_nothing_told_by_the_old_one(void **context)
{
    struct state *state = *context;
    two_reports(state);
    commit(state);
    state->epoch = 2;
    fixture_leaf_ballots(&state->ballots, 0, 1);
    say(state, 0, 3, 0, 1);
    commit(state);
    assert_int_equal(restart(state), PSP_OK);
    const struct psp_board_leaves *leaves = psp_board_shard_leaves(state->board, 0);
    assert_int_equal(leaves->reports[LEAF_P3].number, 0);
    assert_int_equal(leaves->ballots[LEAF_P3], 0);
    assert_int_equal(leaves->ballots[0], 1);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 2); /* it goes on being shown */
    assert_true(shown(state)->leaves[LEAF_P3].under_way);
    assert_int_equal(fixture_cell(shown(state)->rows, P3_MAIL, 0), 310);
    state->epoch = 3;
    say(state, 0, 2, 0, 0); /* nothing counted at all */
    commit(state);
    assert_int_equal(restart(state), PSP_OK);
    assert_int_equal(psp_board_shard(state->board, 0)->counted, 0);
}

static void with_publication_immediate_what_is_final_is_kept(void **context)
{
    struct state *state = *context;
    begin(state, fixture_definition());
    for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
        fixture_report(&state->reports, LEAF_P3, 4, 8, 1008, true);
        say(state, shard, 9, 0, 0);
    }
    commit(state);
    assert_int_equal(restart(state), PSP_OK);
    assert_int_equal(shown(state)->leaves[LEAF_P3].number, 4);
    assert_true(shown(state)->leaves[LEAF_P3].final);
    assert_null(shown(state)->rows);
}

static void with_turnout_by_reports_no_ballots_are_kept(void **context)
{
    struct state *state = *context;
    begin(state, fixture_reported(PSP_PUBLICATION_REPORTS, 3));
    ROW(&state->rows, P3_BOOTH, 7, 7, 0, 0, 0);
    fixture_report(&state->reports, LEAF_P3, 1, 5, 1005, false);
    say(state, 0, 6, 0, 40);
    fixture_report(&state->reports, LEAF_P3, 1, 5, 1005, false);
    say(state, 1, 6, 0, 0);
    commit(state);
    assert_int_equal(restart(state), PSP_OK); /* the rows are not what the books say */
    assert_int_equal(fixture_cell(shown(state)->rows, P3_BOOTH, 0), 7);
    assert_int_equal(psp_board_counted(state->board)[LEAF_P3], 0);
}

/* ---- what cannot be ---- */

/* Writes one value behind the store's back. */
static void tamper(const struct state *state, const char *table, const uint8_t *key,
                   size_t key_bytes, const uint8_t *value, size_t bytes)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {key_bytes, (void *)(uintptr_t)key}, v = {bytes, (void *)(uintptr_t)value};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, state->directory, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

struct wrong {
    const char *table;
    size_t key_bytes, bytes;
    uint8_t key[8], value[52];
};

/* Shard 0's report of p3: number 2, index 8, 1,008 ms, not final. */
#define REPORT(number, index, final)                                                               \
    {                                                                                              \
        [0] = (number), [8] = (index), [16] = 0xF0, [17] = 3, [24] = (final)                       \
    }
/* p3 shows number 2 of 1,008 ms; shard 0: epoch 1, index 8; shard 1: epoch 1, index 7. */
#define SHOWN(number, final)                                                                       \
    {                                                                                              \
        [0] = (number), [8] = 0xF0, [9] = 3, [16] = (final), [17] = 1, [25] = 8, [33] = 1,         \
        [41] = 7                                                                                   \
    }

static void expect_loaded(struct state *state, const struct wrong *wrong, enum psp_status expected)
{
    begin(state, fixture_reported(PSP_PUBLICATION_IMMEDIATE, 3));
    two_reports(state);
    commit(state);
    psp_collector_store_close(&state->store);
    tamper(state, wrong->table, wrong->key, wrong->key_bytes, wrong->value, wrong->bytes);
    assert_int_equal(restart(state), expected);
    if (expected != PSP_OK)
        assert_non_null(strstr(state->reason.text, "cannot be used"));
}

/* What stands there, written as it is written: what follows differs from it in one thing. */
static void a_value_written_by_hand_is_as_good(void **context)
{
    static const struct wrong good[] = {
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(2, 8, 0)},
        {"leaf_ballots", 8, 5, {0}, {5, 0, 0xD3, 0x02, 0}},
        {"shown_leaves", 4, 49, {0, 0, 0, 2}, SHOWN(2, 0)},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect_loaded(*context, &good[i], PSP_OK);
        expect_shown(*context);
    }
}

static void reports_and_ballots_that_cannot_be_are_refused(void **context)
{
    static const struct wrong wrong[] = {
        {"reports", 7, 25, {0, 0, 0, 0, 0, 0, 2}, REPORT(2, 8, 0)},
        {"reports", 8, 24, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(2, 8, 0)},
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 4}, REPORT(2, 8, 0)}, /* no such leaf */
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(0, 8, 0)},
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(2, 0, 0)},
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(2, 10, 0)}, /* the shard's is 9 */
        {"reports", 8, 25, {0, 0, 0, 0, 0, 0, 0, 2}, REPORT(2, 8, 2)},
        {"leaf_ballots", 7, 5, {[6] = 1}, {5, 0, 0xD3, 0x02, 0}},
        {"leaf_ballots", 8, 5, {[7] = 1}, {5, 0, 0xD3, 0x02, 0}}, /* no such chunk */
        {"leaf_ballots", 8, 4, {0}, {5, 0, 0xD3, 0x02}},
        {"leaf_ballots", 8, 6, {0}, {5, 0, 0xD3, 0x02, 0, 0}},
        {"leaf_ballots", 8, 5, {0}, {5, 0, 0xD4, 0x02, 0}}, /* more than the books say */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_loaded(*context, &wrong[i], PSP_ECORRUPT);
}

static void what_cannot_have_been_shown_is_refused(void **context)
{
    static const struct wrong wrong[] = {
        {"shown_leaves", 3, 49, {0, 0, 2}, SHOWN(2, 0)},
        {"shown_leaves", 4, 49, {0, 0, 0, 4}, SHOWN(2, 0)}, /* no such leaf */
        {"shown_leaves", 4, 48, {0, 0, 0, 2}, SHOWN(2, 0)},
        {"shown_leaves", 4, 49, {0, 0, 0, 2}, SHOWN(0, 0)},
        {"shown_leaves", 4, 49, {0, 0, 0, 2}, SHOWN(2, 2)},
        {"shown_leaves", 4, 49, {0, 0, 0, 2}, SHOWN(2, 1)}, /* final, and a row is older */
        {"shown", 4, 1, {0, 0, 0, 1}, {0}},                 /* no such chunk */
        {"shown", 4, 1, {0}, {0x80}},
        {"shown", 4, 12, {0}, {0}}, /* too few cells */
        {"shown", 4, 8, {0}, {1}},  /* a row of a leaf that shows nothing; no cells */
        {"shown", 5, 1, {0}, {0}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_loaded(*context, &wrong[i], PSP_ECORRUPT);
}

static void rows_are_shown_of_elections_by_reports_only(void **context)
{
    struct state *state = *context;
    static const uint8_t key[4] = {0}, chunk[72] = {0};
    begin(state, fixture_definition());
    psp_collector_store_close(&state->store);
    tamper(state, "shown", key, sizeof key, chunk, sizeof chunk);
    assert_int_equal(restart(state), PSP_ECORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_restarted_collector_shows_what_it_showed),
        TEST(each_commit_adds_what_changed),
        TEST(a_collector_that_starts_empty_shows_what_the_shards_have),
        TEST(what_is_under_way_is_known_again),
        TEST(a_higher_epoch_leaves_nothing_told_by_the_old_one),
        TEST(with_publication_immediate_what_is_final_is_kept),
        TEST(with_turnout_by_reports_no_ballots_are_kept),
        TEST(a_value_written_by_hand_is_as_good),
        TEST(reports_and_ballots_that_cannot_be_are_refused),
        TEST(what_cannot_have_been_shown_is_refused),
        TEST(rows_are_shown_of_elections_by_reports_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
