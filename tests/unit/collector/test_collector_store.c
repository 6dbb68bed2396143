/* The collector's LMDB: what was shown is shown again after a restart. */
#include "tests/unit/fixture/collector.h"

#include <lmdb.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "collector/store/store.h"

struct state {
    struct psp_definition *definition;
    struct psp_board *board;
    struct psp_collector_store *store;
    struct fixture_rows rows;
    char directory[64];
    struct psp_reason reason;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    state->definition = fixture_definition();
    state->board = fixture_board(state->definition);
    snprintf(state->directory, sizeof state->directory, "%s", "/tmp/psp-collector-store-XXXXXX");
    assert_non_null(mkdtemp(state->directory));
    *context = state;
    return 0;
}

static void empty_folder(const struct state *state)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", state->directory, files[i]);
        unlink(path);
    }
}

static int tear_down(void **context)
{
    struct state *state = *context;
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    psp_definition_destroy(&state->definition);
    empty_folder(state);
    rmdir(state->directory);
    free(state);
    return 0;
}

static void open_store(struct state *state)
{
    const enum psp_status status =
        psp_collector_store_open(state->directory, state->board, &state->store, &state->reason);
    if (status != PSP_OK)
        print_error("%s\n", state->reason.text);
    assert_int_equal(status, PSP_OK);
}

/* Ends and begins again with an empty board, as a new process would. */
static void restart(struct state *state)
{
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    state->board = fixture_board(state->definition);
    open_store(state);
}

static enum psp_status load(struct state *state)
{
    return psp_collector_store_load(state->store, state->board, &state->reason);
}

static void an_empty_folder_holds_nothing(void **context)
{
    struct state *state = *context;
    open_store(state);
    assert_int_equal(load(state), PSP_OK);
    assert_false(psp_board_shard(state->board, 0)->present);
}

static void a_restart_restores_the_whole_board(void **context)
{
    struct state *state = *context;
    static const uint8_t leaves[16] = {7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0};
    open_store(state);
    assert_int_equal(load(state), PSP_OK);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    memset(partial.signature, 0x51, sizeof partial.signature);
    partial.registered = 25;
    partial.registered_leaves = (struct psp_bytes){leaves, 16};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    fixture_rows_1(&state->rows);
    partial = fixture_partial_1(&state->rows);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);

    restart(state);
    assert_int_equal(load(state), PSP_OK);
    const struct psp_board_shard *shard = psp_board_shard(state->board, 0);
    assert_true(shard->present);
    assert_int_equal(shard->replica, 2);
    assert_int_equal(shard->epoch, 1);
    assert_int_equal(shard->index, 5);
    assert_int_equal(shard->time_ms, 1700000000005);
    assert_int_equal(shard->registered, 25);
    assert_int_equal(shard->election_state, PSP_ELECTION_OPEN);
    assert_int_equal(shard->books.received, 9);
    assert_int_equal(shard->books.disposed[PSP_DOUBLE_VOTE], 1);
    assert_int_equal(shard->books.voters_counted, 7);
    assert_int_equal(shard->ballots, 7);
    uint8_t hash[PSP_HASH_BYTES] = {0};
    memset(hash, 5, 16);
    assert_memory_equal(shard->state_hash, hash, sizeof hash);
    for (size_t i = 0; i < PSP_SIGNATURE_BYTES; i++)
        assert_int_equal(shard->signature[i], 0x51);
    assert_int_equal(psp_board_shard_registered(state->board, 0)[2], 9);
    assert_int_equal(psp_board_shard(state->board, 1)->index, 7);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_int_equal(fixture_cell(merged, 0, 1), 2);
    assert_int_equal(fixture_cell(merged, 1, 3), 2);
    assert_int_equal(fixture_cell(merged, 4, 3), 1);
    assert_int_equal(fixture_cell(merged, 6, 0), 5);
}

static void later_commits_add_what_changed(void **context)
{
    struct state *state = *context;
    open_store(state);
    fixture_fill(state->board);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    ROW(&state->rows, 7, 1, 0, 1, 0, 0); /* cd mail: a first ballot */
    struct psp_partial partial = fixture_partial_1(&state->rows);
    partial.index = 8;
    partial.base_index = 7;
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 9;
    partial.books.added_ballots = partial.books.voters_counted = 9;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);

    restart(state);
    assert_int_equal(load(state), PSP_OK);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_int_equal(fixture_cell(merged, 7, 2), 1);
    assert_int_equal(fixture_cell(merged, 6, 0), 5);
    assert_int_equal(fixture_cell(merged, 0, 0), 4);
    assert_int_equal(psp_board_shard(state->board, 1)->index, 8);
}

static void a_revision_is_remembered_across_a_restart(void **context)
{
    struct state *state = *context;
    open_store(state);
    fixture_fill(state->board);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    REVISED(&state->rows, 6, 300, 4, 2, 2, 0, 0); /* cd booth: 5 ballots, now 4 */
    struct psp_partial partial = fixture_partial_1(&state->rows);
    partial.index = 8;
    partial.base_index = 7;
    partial.books.added_ballots = 7;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);

    restart(state);
    assert_int_equal(load(state), PSP_OK);
    assert_int_equal(psp_board_shard_revisions(state->board, 1)[6], 300);
    assert_int_equal(psp_board_shard_revisions(state->board, 1)[2], 0);
    assert_int_equal(psp_board_shard_revisions(state->board, 0)[6], 0);
    state->rows = (struct fixture_rows){0};
    REVISED(&state->rows, 6, 300, 3, 2, 1, 0, 0);
    partial = fixture_partial_1(&state->rows);
    partial.index = 9;
    partial.base_index = 8;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_int_equal(fixture_cell(psp_board_merged(state->board), 6, 0), 4);
}

static void stations_are_remembered_across_a_restart(void **context)
{
    struct state *state = *context;
    static const uint8_t first[18] = {2, 3, 3, 0, 0, 0, 0, 0, 0, 4, 6, 4, 1, 1, 0, 0, 0, 1};
    static const uint8_t then[9] = {7, 9, 7, 1, 1, 0, 0, 0, 1};
    open_store(state);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.stations = (struct psp_bytes){first, sizeof first};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    partial.index = 6;
    partial.base_index = 5;
    partial.stations = (struct psp_bytes){then, sizeof then};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);

    restart(state);
    assert_int_equal(load(state), PSP_OK);
    const struct psp_board_stations *held = psp_board_shard_stations(state->board, 0);
    assert_int_equal(held->end, 8);
    assert_int_equal(held->list[2].books.received, 3);
    assert_int_equal(held->list[7].books.disposed[PSP_COUNTED], 7);
    assert_int_equal(held->list[7].books.forgotten, 1);
    assert_int_equal(held->list[2].index, 6); /* as new as the partial */
    assert_int_equal(held->list[3].index, 0);
    assert_int_equal(psp_board_merged_stations(state->board)->list[7].books.received, 9);

    partial = fixture_partial(0, 2, &state->rows); /* a new epoch, with station 2 alone */
    partial.epoch = 2;
    partial.books.added_ballots = 7;
    partial.stations = (struct psp_bytes){first, 9};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    restart(state);
    assert_int_equal(load(state), PSP_OK);
    assert_int_equal(psp_board_merged_stations(state->board)->list[2].books.received, 3);
    assert_int_equal(psp_board_merged_stations(state->board)->list[7].books.received, 0);
}

static void a_row_corrected_to_nothing_is_remembered(void **context)
{
    struct state *state = *context;
    open_store(state);
    REVISED(&state->rows, 6, 1, 0, 0, 0, 0, 0);
    struct psp_partial partial = fixture_partial(0, 3, &state->rows);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    restart(state);
    assert_int_equal(load(state), PSP_OK);
    state->rows = (struct fixture_rows){0};
    partial = fixture_partial(0, 4, &state->rows); /* whole, without that row */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
}

static void a_higher_epoch_leaves_no_row_of_the_old_one(void **context)
{
    struct state *state = *context;
    open_store(state);
    fixture_fill(state->board);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    ROW(&state->rows, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    struct psp_partial partial = fixture_partial(0, 2, &state->rows);
    partial.epoch = 2;
    partial.books.received = partial.books.disposed[PSP_COUNTED] = 1;
    partial.books.added_ballots = partial.books.voters_counted = 1;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);

    restart(state);
    assert_int_equal(load(state), PSP_OK);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_int_equal(fixture_cell(merged, 0, 0), 1);
    assert_int_equal(fixture_cell(merged, 4, 0), 0);
    assert_int_equal(fixture_cell(merged, 6, 0), 5);
    assert_int_equal(psp_board_shard(state->board, 0)->epoch, 2);
}

static void expect_refusal(struct state *state, enum psp_status expected, const char *words)
{
    struct psp_collector_store *store = NULL;
    assert_int_equal(
        psp_collector_store_open(state->directory, state->board, &store, &state->reason), expected);
    assert_null(store);
    assert_non_null(strstr(state->reason.text, words));
    assert_non_null(strstr(state->reason.text, state->directory));
}

static void a_second_process_is_refused(void **context)
{
    struct state *state = *context;
    open_store(state);
    expect_refusal(state, PSP_EBUSY, "another process uses");
}

static void a_folder_of_another_cluster_is_refused(void **context)
{
    struct state *state = *context;
    open_store(state);
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    struct psp_board_options options = {.definition = state->definition, .shard_count = 2};
    assert_int_equal(psp_board_create(&options, &state->board), PSP_OK); /* cluster ID zeros */
    expect_refusal(state, PSP_EMISMATCH, "another cluster");
}

static void a_folder_of_another_mode_is_refused(void **context)
{
    struct state *state = *context;
    open_store(state);
    psp_collector_store_close(&state->store);
    psp_board_destroy(&state->board);
    struct psp_board_options options = {
        .definition = state->definition, .shard_count = 2, .mode = PSP_MODE_TEST};
    memset(options.cluster_id, 0xC1, sizeof options.cluster_id);
    assert_int_equal(psp_board_create(&options, &state->board), PSP_OK);
    expect_refusal(state, PSP_EMISMATCH, "another mode");
}

/* Writes one value behind the store's back. */
static void tamper(const struct state *state, const char *table, const void *key, size_t key_bytes,
                   const void *value, size_t bytes)
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

static void an_unknown_format_is_refused(void **context)
{
    struct state *state = *context;
    static const uint8_t other[2][4] = {{2, 0, 0, 0}, {4, 0, 0, 0}};
    for (int i = 0; i < 2; i++) {
        open_store(state);
        psp_collector_store_close(&state->store);
        tamper(state, "meta", "format", 6, other[i], 4);
        expect_refusal(state, PSP_EVERSION, "a format that this version does not know");
        assert_non_null(strstr(state->reason.text, "Psephos 0.1.0 wrote 1"));
        tamper(state, "meta", "format", 6, "\3\0\0", 4);
    }
}

static void rows_that_contradict_the_books_are_refused(void **context)
{
    struct state *state = *context;
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 0}; /* shard 0, rows 0 to 7 */
    static const uint8_t zeros[72] = {0}; /* 8 revisions; 4 rows of 11, 4 of 5: 64 cells */
    open_store(state);
    fixture_fill(state->board);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    psp_collector_store_close(&state->store);
    tamper(state, "rows", key, sizeof key, zeros, sizeof zeros);
    restart(state);
    assert_int_equal(load(state), PSP_ECORRUPT);
    assert_non_null(strstr(state->reason.text, "cannot be used"));
}

static void rows_of_another_width_are_refused(void **context)
{
    struct state *state = *context;
    static const uint8_t key[8] = {0};
    static const uint8_t zeros[73] = {0};
    static const uint8_t endless[72] = {[71] = 0x80};
    static const uint8_t revision[76] = {0x80, 0x80, 0x80, 0x80, 0x10}; /* 2^32 */
    static const struct {
        const uint8_t *bytes;
        size_t length;
    } bad[] = {{zeros, 7}, {zeros, 71}, {zeros, 73}, {endless, 72}, {revision, 76}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        psp_collector_store_close(&state->store);
        psp_board_destroy(&state->board);
        state->board = fixture_board(state->definition);
        open_store(state);
        fixture_fill(state->board);
        assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
        psp_collector_store_close(&state->store);
        tamper(state, "rows", key, sizeof key, bad[i].bytes, bad[i].length);
        restart(state);
        assert_int_equal(load(state), PSP_ECORRUPT);
    }
}

/* The same counts, once as they are stored and once with a number longer than need be. */
static void rows_must_have_their_numbers_in_the_shortest_form(void **context)
{
    struct state *state = *context;
    static const uint8_t key[8] = {0};
    uint8_t chunk[73] = {0}; /* after 8 revisions */
    for (size_t longer = 0; longer < 2; longer++) {
        psp_collector_store_close(&state->store);
        psp_board_destroy(&state->board);
        state->board = fixture_board(state->definition);
        open_store(state);
        fixture_fill(state->board);
        for (uint64_t c = 0; c < 64; c++)
            chunk[8 + c] = (uint8_t)psp_board_shard_totals(state->board, 0)->cells[c];
        if (longer)
            chunk[71] |= 0x80; /* and a zero behind it */
        assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
        psp_collector_store_close(&state->store);
        tamper(state, "rows", key, sizeof key, chunk, 72 + longer);
        restart(state);
        assert_int_equal(load(state), longer ? PSP_ECORRUPT : PSP_OK);
    }
}

static void stations_that_cannot_be_are_refused(void **context)
{
    struct state *state = *context;
    static const uint8_t keys[3][8] = {
        {0, 0, 0, 0, 0, 1, 0x86, 0xA1}, /* station 100,001 */
        {0, 0, 0, 0, 0, 0, 0, 1},       /* a value too short */
        {0, 0, 0, 0, 0, 0, 1},          /* a key too short */
    };
    static const size_t key_bytes[3] = {8, 8, 7}, bytes[3] = {64, 56, 64};
    static const uint8_t zeros[64] = {0};
    for (size_t i = 0; i < 3; i++) {
        psp_collector_store_close(&state->store);
        psp_board_destroy(&state->board);
        state->board = fixture_board(state->definition);
        open_store(state);
        fixture_fill(state->board);
        assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
        psp_collector_store_close(&state->store);
        tamper(state, "stations", keys[i], key_bytes[i], zeros, bytes[i]);
        restart(state);
        assert_int_equal(load(state), PSP_ECORRUPT);
        psp_collector_store_close(&state->store);
        empty_folder(state);
    }
}

static void large_counts_are_kept(void **context)
{
    struct state *state = *context;
    open_store(state);
    ROW(&state->rows, 6, UINT64_MAX, 1ULL << 63, 128, 127, 0);
    struct psp_partial partial = fixture_partial(0, 3, &state->rows);
    partial.books.added_ballots = UINT64_MAX;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_collector_store_commit(state->store, state->board), PSP_OK);
    restart(state);
    assert_int_equal(load(state), PSP_OK);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_true(fixture_cell(merged, 6, 0) == UINT64_MAX);
    assert_true(fixture_cell(merged, 6, 1) == 1ULL << 63);
    assert_int_equal(fixture_cell(merged, 6, 2), 128);
    assert_int_equal(fixture_cell(merged, 6, 3), 127);
}

static void a_path_that_cannot_be_made_is_refused(void **context)
{
    struct state *state = *context;
    struct psp_collector_store *store = NULL;
    assert_int_equal(
        psp_collector_store_open("/proc/nowhere", state->board, &store, &state->reason),
        PSP_ENOENT);
    assert_non_null(strstr(state->reason.text, "/proc/nowhere"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_folder_holds_nothing),
        TEST(a_restart_restores_the_whole_board),
        TEST(later_commits_add_what_changed),
        TEST(a_revision_is_remembered_across_a_restart),
        TEST(a_row_corrected_to_nothing_is_remembered),
        TEST(stations_are_remembered_across_a_restart),
        TEST(stations_that_cannot_be_are_refused),
        TEST(a_higher_epoch_leaves_no_row_of_the_old_one),
        TEST(a_second_process_is_refused),
        TEST(a_folder_of_another_cluster_is_refused),
        TEST(a_folder_of_another_mode_is_refused),
        TEST(an_unknown_format_is_refused),
        TEST(rows_that_contradict_the_books_are_refused),
        TEST(rows_of_another_width_are_refused),
        TEST(rows_must_have_their_numbers_in_the_shortest_form),
        TEST(large_counts_are_kept),
        TEST(a_path_that_cannot_be_made_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
