/* The board: what a partial may change, and what it may not. */
#include "tests/unit/fixture/cells.h"
#include "tests/unit/fixture/collector.h"

#include "base/bytes/bytes.h"

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

/* The sums of the fixture's head comment. */
static void assert_filled(const struct psp_board *board)
{
    const struct psp_totals *merged = psp_board_merged(board);
    static const uint64_t ballots[8] = {4, 2, 1, 0, 3, 0, 5, 0};
    for (uint32_t row = 0; row < 8; row++)
        assert_int_equal(fixture_cell(merged, row, 0), ballots[row]);
    assert_int_equal(fixture_cell(merged, 0, 1), 2);  /* p1 booth ann-red */
    assert_int_equal(fixture_cell(merged, 1, 3), 2);  /* p1 mail bob */
    assert_int_equal(fixture_cell(merged, 2, 4), 1);  /* p2 booth blank */
    assert_int_equal(fixture_cell(merged, 2, 10), 1); /* p2 booth bridge overvote */
    assert_int_equal(fixture_cell(merged, 6, 4), 1);  /* cd booth overvote */
    assert_int_equal(psp_board_shard(board, 0)->ballots, 7);
    assert_int_equal(psp_board_shard(board, 1)->ballots, 8);
}

static void two_shards_add_up(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    assert_filled(state->board);
}

/* Voters of one precinct are in every shard. */
static void shards_add_up_in_one_row(void **context)
{
    struct state *state = *context;
    const struct psp_totals *merged = psp_board_merged(state->board);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
            struct fixture_rows rows = {0};
            const uint64_t n = 3 + s + 10 * (uint64_t)round;
            ROW(&rows, 6, n, n, 0, 0, 0);
            const struct psp_partial partial = fixture_partial(s, 5 + round, &rows);
            assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
        }
        assert_int_equal(fixture_cell(merged, 6, 0), 7 + 20 * (uint64_t)round);
        assert_int_equal(fixture_cell(merged, 6, 1), 7 + 20 * (uint64_t)round);
    }
}

static void the_same_partial_again_changes_nothing(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    const uint64_t changes = psp_board_changes(state->board);
    fixture_rows_0(&state->rows);
    const struct psp_partial again = fixture_partial_0(&state->rows);
    assert_int_equal(psp_board_merge(state->board, &again), PSP_STALE);
    assert_int_equal(psp_board_changes(state->board), changes);
    assert_filled(state->board);
}

static void an_older_partial_changes_nothing(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    const struct psp_partial older = fixture_partial(0, 4, &state->rows);
    assert_int_equal(psp_board_merge(state->board, &older), PSP_STALE);
    assert_filled(state->board);
}

static void changed_rows_replace_and_the_others_stay(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 4, 5, 2, 2, 1, 0); /* p3 booth: 3 -> 5 ballots */
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.index = 6;
    partial.base_index = 5;
    partial.books.received = 11;
    partial.books.disposed[PSP_COUNTED] = 9;
    partial.books.added_ballots = partial.books.voters_counted = 9;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_int_equal(fixture_cell(merged, 4, 0), 5);
    assert_int_equal(fixture_cell(merged, 4, 1), 2);
    assert_int_equal(fixture_cell(merged, 0, 0), 4);
    assert_int_equal(psp_board_shard(state->board, 0)->ballots, 9);
    assert_int_equal(psp_board_shard_totals(state->board, 0)->row_index[4], 6);
    assert_int_equal(psp_board_shard_totals(state->board, 0)->row_index[0], 5);
}

static void a_base_older_than_held_is_good_enough(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.index = 8;
    partial.base_index = 3; /* rows changed since 3 hold those changed since 5 */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_filled(state->board);
}

static void a_gap_asks_for_all(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 4, 9, 9, 0, 0, 0);
    struct psp_partial partial = fixture_partial(0, 9, &state->rows);
    partial.base_index = 8; /* held is 5 */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    partial.epoch = 2;
    partial.base_index = 5; /* of another epoch */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    assert_filled(state->board);
}

static void the_first_partial_must_be_whole(void **context)
{
    struct state *state = *context;
    struct psp_partial partial = fixture_partial(0, 9, &state->rows);
    partial.base_index = 4;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    assert_false(psp_board_shard(state->board, 0)->present);
}

static void expect_divergence(struct state *state, const struct psp_partial *partial,
                              const char *what)
{
    const uint64_t changes = psp_board_changes(state->board);
    assert_int_equal(psp_board_merge(state->board, partial), PSP_EDIVERGED);
    const struct psp_board_divergence *divergence = &psp_board_shard(state->board, 0)->divergence;
    assert_string_equal(divergence->what, what);
    assert_int_equal(divergence->count, 1);
    assert_int_equal(divergence->index, partial->index);
    assert_int_equal(divergence->replica, 2);
    assert_memory_equal(divergence->other_hash, partial->state_hash, PSP_HASH_BYTES);
    assert_true(psp_board_changes(state->board) > changes);
    assert_filled(state->board);
}

static void another_state_hash_is_an_alarm_and_the_old_stays(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    partial.state_hash[3] ^= 1;
    expect_divergence(state, &partial, "state hash");
}

static void other_books_are_an_alarm_and_the_old_stay(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    partial.books.disposed[PSP_REPLAYED]++;
    expect_divergence(state, &partial, "books");
}

static void another_count_is_an_alarm_and_the_old_stays(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    ROW(&state->rows, 0, 4, 3, 0, 1, 0, 0, 0, 3, 1, 0, 0); /* a vote moved to ann-red */
    ROW(&state->rows, 4, 3, 1, 1, 1, 0);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    expect_divergence(state, &partial, "rows");
}

static void a_missing_row_at_the_same_index_is_an_alarm(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    ROW(&state->rows, 0, 4, 2, 1, 1, 0, 0, 0, 3, 1, 0, 0);
    struct psp_partial partial = fixture_partial_0(&state->rows); /* row 4 left out */
    partial.replica = 2;
    expect_divergence(state, &partial, "rows");
}

/* promise 5 */
static void a_count_never_goes_down_within_an_epoch(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    ROW(&state->rows, 0, 4, 2, 1, 1, 0, 0, 0, 3, 1, 0, 0);
    ROW(&state->rows, 4, 2, 1, 1, 0, 0); /* p3: 3 -> 2 ballots */
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    partial.index = 6;
    expect_divergence(state, &partial, "a count went down without a higher revision of its row");
}

/* Of shard 0 at a later index, with p3 booth (held: 3 ballots, 1 1, 1 under, revision 0)
 * counted as `ballots` and `ann`, at `revision`. */
static struct psp_partial recounted(struct state *state, uint64_t index, uint32_t revision,
                                    uint64_t ballots, uint64_t ann)
{
    state->rows = (struct fixture_rows){0};
    REVISED(&state->rows, 4, revision, ballots, ann, 1, ballots - ann - 1, 0);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.replica = 2;
    partial.index = index;
    partial.base_index = 5;
    partial.books.added_ballots = 4 + ballots;
    return partial;
}

/* promise 5 */
static void a_lower_count_of_the_same_revision_is_an_alarm(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = recounted(state, 6, 0, 3, 0); /* ann's vote is gone */
    expect_divergence(state, &partial, "a count went down without a higher revision of its row");
    assert_int_equal(psp_board_shard(state->board, 0)->corrected_rows, 0);
    state->rows = (struct fixture_rows){0};
    partial = fixture_partial_0(&state->rows);
    partial.index = 6;
    partial.base_index = 5;
    partial.books.disposed[PSP_REPLAYED] = 0; /* rows as they were */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_string_equal(psp_board_shard(state->board, 0)->divergence.what, "the books went down");
}

static void a_lower_count_of_a_higher_revision_is_taken(void **context)
{
    struct state *state = *context;
    const struct psp_totals *merged = psp_board_merged(state->board);
    fixture_fill(state->board);
    struct psp_partial partial = recounted(state, 6, 2, 2, 0);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_shard(state->board, 0)->corrected_rows, 1);
    assert_int_equal(psp_board_shard(state->board, 0)->ballots, 6);
    assert_int_equal(psp_board_shard_revisions(state->board, 0)[4], 2);
    assert_int_equal(psp_board_shard_revisions(state->board, 0)[0], 0);
    assert_int_equal(fixture_cell(merged, 4, 0), 2);
    assert_int_equal(fixture_cell(merged, 4, 1), 0);

    partial = recounted(state, 7, 2, 3, 1); /* grows on, as ever */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_shard(state->board, 0)->corrected_rows, 1);
    partial = recounted(state, 8, 2, 3, 0); /* lower again, not corrected again */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_int_equal(fixture_cell(merged, 4, 1), 1);
}

static void a_lower_revision_is_an_alarm_even_with_higher_counts(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = recounted(state, 6, 1, 3, 1); /* only the revision is new */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_shard(state->board, 0)->corrected_rows, 0);
    partial = recounted(state, 7, 0, 9, 1);
    expect_divergence(state, &partial, "a row's revision went down");
    fixture_rows_0(&state->rows);
    partial = fixture_partial_0(&state->rows); /* whole, and of the index held */
    partial.replica = 2;
    partial.index = 6;
    memcpy(partial.state_hash, psp_board_shard(state->board, 0)->state_hash, PSP_HASH_BYTES);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
    assert_string_equal(psp_board_shard(state->board, 0)->divergence.what, "rows");
}

/* A row that is all zero after a correction is still a row that was corrected. */
static void a_corrected_row_may_not_be_left_out_of_a_whole_partial(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = recounted(state, 6, 1, 1, 0);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = (struct fixture_rows){0};
    REVISED(&state->rows, 4, 2, 0, 0, 0, 0, 0);
    partial = fixture_partial_0(&state->rows);
    partial.index = 7;
    partial.base_index = 6;
    partial.books.added_ballots = 4;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 0, 4, 2, 1, 1, 0, 0, 0, 3, 1, 0, 0);
    partial = fixture_partial_0(&state->rows);
    partial.index = 8;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EDIVERGED);
}

static void a_higher_epoch_begins_its_revisions_anew(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    struct psp_partial partial = recounted(state, 6, 3, 3, 1);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    partial = fixture_partial(0, 2, &state->rows);
    partial.epoch = 2;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    assert_int_equal(psp_board_shard_revisions(state->board, 0)[4], 0);
    state->rows = (struct fixture_rows){0};
    ROW(&state->rows, 4, 1, 1, 0, 0, 0);
    partial = fixture_partial(0, 3, &state->rows);
    partial.epoch = 2;
    partial.base_index = 2;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
}

static void a_higher_epoch_replaces_also_by_less(void **context)
{
    struct state *state = *context;
    fixture_fill(state->board);
    ROW(&state->rows, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);
    struct psp_partial restored = fixture_partial(0, 2, &state->rows);
    restored.epoch = 2;
    assert_int_equal(psp_board_merge(state->board, &restored), PSP_OK);
    const struct psp_totals *merged = psp_board_merged(state->board);
    assert_int_equal(fixture_cell(merged, 0, 0), 1);
    assert_int_equal(fixture_cell(merged, 4, 0), 0); /* was shard 0's only */
    assert_int_equal(fixture_cell(merged, 6, 0), 5); /* shard 1's stays */
    assert_int_equal(psp_board_shard(state->board, 0)->ballots, 1);

    fixture_rows_0(&state->rows);
    const struct psp_partial late = fixture_partial_0(&state->rows); /* of epoch 1 */
    assert_int_equal(psp_board_merge(state->board, &late), PSP_STALE);
    assert_int_equal(fixture_cell(merged, 0, 0), 1);
}

static void another_cluster_mode_or_shard_is_refused(void **context)
{
    struct state *state = *context;
    struct psp_partial partial = fixture_partial(0, 5, &state->rows);
    partial.cluster_id[0] ^= 1;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EMISMATCH);
    partial = fixture_partial(2, 5, &state->rows);
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EMISMATCH);
    partial = fixture_partial(0, 5, &state->rows);
    partial.mode = PSP_MODE_TEST;
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EMISMATCH);
    assert_false(psp_board_shard(state->board, 0)->present);
}

static void malformed_rows_change_nothing(void **context)
{
    struct state *state = *context;
    static const struct {
        uint8_t bytes[16];
        size_t length;
    } bad[] = {
        {{0x04, 0, 3, 1, 1, 1}, 6},                          /* a cell short */
        {{0x08, 0, 3, 1, 1, 1, 0}, 7},                       /* row 8 of 8 */
        {{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 3, 1, 1, 1}, 10}, /* row 2^32 - 1 */
        {{0x04}, 1},                                         /* no revision */
        {{0x04, 0x80}, 2},                                   /* a varint without an end */
        {{0x04, 0x80, 0, 3, 1, 1, 1, 0}, 8},                 /* a revision, longer than need be */
        {{0x04, 0x80, 0x80, 0x80, 0x80, 0x10, 3, 1, 1, 1, 0}, 11}, /* revision 2^32 */
        {{0x04, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0, 0, 0, 0}, 16},
    };
    fixture_fill(state->board);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(state->rows.bytes, bad[i].bytes, bad[i].length);
        state->rows.length = bad[i].length;
        const struct psp_partial partial = fixture_partial(0, 6, &state->rows);
        assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    }
    assert_filled(state->board);
}

static void rows_are_taken_when_every_number_is_good(void **context)
{
    struct state *state = *context;
    enum { ROW = 4, CELLS = 5, BEFORE = 2 + CELLS - 1 }; /* gap, revision, all cells but one */
    for (size_t i = 0; i < FIXTURE_CELLS; i++) {
        const struct fixture_cell *cell = &fixture_cells[i];
        memset(state->rows.bytes, 0, BEFORE);
        state->rows.bytes[0] = ROW;
        memcpy(state->rows.bytes + BEFORE, cell->bytes, cell->n);
        state->rows.length = BEFORE + cell->n;
        struct psp_partial partial = fixture_partial(0, 6, &state->rows);
        partial.epoch = i + 1; /* begins anew: counts may be lower */
        assert_int_equal(psp_board_merge(state->board, &partial), cell->good ? PSP_OK : PSP_EINVAL);
        if (cell->good)
            assert_true(fixture_cell(psp_board_merged(state->board), ROW, CELLS - 1) ==
                        cell->value);
    }
}

static void a_roll_of_other_leaves_changes_nothing(void **context)
{
    struct state *state = *context;
    static const uint8_t leaves[8] = {0};
    fixture_fill(state->board);
    fixture_rows_0(&state->rows);
    struct psp_partial partial = fixture_partial_0(&state->rows);
    partial.index = 6;
    partial.registered_leaves = (struct psp_bytes){leaves, 8}; /* 4 leaves need 16 */
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_EINVAL);
    assert_int_equal(psp_board_shard(state->board, 0)->index, 5);
}

static void the_roll_is_kept_when_later_partials_leave_it_out(void **context)
{
    struct state *state = *context;
    static const uint8_t leaves[16] = {7, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0};
    struct psp_partial partial = fixture_partial(0, 1, &state->rows);
    assert_null(psp_board_shard_registered(state->board, 0));
    partial.registered = 265;
    partial.registered_leaves = (struct psp_bytes){leaves, 16};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    partial.index = 2;
    partial.base_index = 1;
    partial.registered_leaves = (struct psp_bytes){0};
    assert_int_equal(psp_board_merge(state->board, &partial), PSP_OK);
    const uint32_t *registered = psp_board_shard_registered(state->board, 0);
    assert_non_null(registered);
    assert_int_equal(registered[0], 7);
    assert_int_equal(registered[1], 256);
    assert_int_equal(registered[3], 2);
}

/* promise 5. A shard that counts 60 ballots, one an index, all of p3 and cd; partials of
 * any index and base arrive in any order, some twice, some never. */
static void any_order_of_partials_ends_in_the_newest(void **context)
{
    struct state *state = *context;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct psp_board *board = fixture_board(state->definition);
        uint64_t shown = 0;
        unsigned random = seed;
        for (int i = 0; i < 200; i++) {
            random = random * 1103515245 + 12345;
            uint64_t index = i == 199 ? 60 : 1 + (random >> 8) % 60;
            const uint64_t held = psp_board_shard(board, 0)->index;
            const bool whole = (random & 0x10000) || i == 199 || index < held;
            struct fixture_rows rows = {0};
            const uint64_t p3 = index / 2, cd = index - index / 2;
            if (p3 > 0 && (whole || p3 != held / 2))
                ROW(&rows, 4, p3, p3, 0, 0, 0);
            if (whole || cd != held - held / 2)
                ROW(&rows, 6, cd, 0, cd, 0, 0);
            struct psp_partial partial = fixture_partial(0, index, &rows);
            partial.base_index = whole ? 0 : held;
            partial.books.received = partial.books.disposed[PSP_COUNTED] = index;
            partial.books.added_ballots = partial.books.voters_counted = index;
            const enum psp_status status = psp_board_merge(board, &partial);
            assert_int_equal(status, index > held ? PSP_OK : PSP_STALE);
            const struct psp_totals *merged = psp_board_merged(board);
            const uint64_t now = fixture_cell(merged, 4, 0) + fixture_cell(merged, 6, 0);
            assert_true(now >= shown);
            shown = now;
        }
        assert_int_equal(shown, 60);
        assert_int_equal(psp_board_shard(board, 0)->divergence.count, 0);
        psp_board_destroy(&board);
    }
}

/* ---- restoring ---- */

/* Puts the fixture's rows of a shard where a store would. */
static struct psp_partial restored_cells(struct state *state, struct psp_board *board,
                                         uint32_t shard)
{
    struct psp_board *filled = fixture_board(state->definition);
    fixture_fill(filled);
    const struct psp_totals *totals = psp_board_shard_totals(filled, shard);
    memcpy(psp_board_restore_rows(board, shard).cells, totals->cells,
           totals->cell_count * sizeof *totals->cells);
    psp_board_destroy(&filled);
    struct psp_partial partial =
        shard == 0 ? fixture_partial_0(&state->rows) : fixture_partial_1(&state->rows);
    partial.rows = (struct psp_bytes){0};
    return partial;
}

static void what_is_restored_counts_as_if_it_had_come(void **context)
{
    struct state *state = *context;
    for (uint32_t shard = 0; shard < FIXTURE_SHARDS; shard++) {
        const struct psp_partial partial = restored_cells(state, state->board, shard);
        const uint64_t changes = psp_board_changes(state->board);
        assert_int_equal(psp_board_restore(state->board, &partial), PSP_OK);
        assert_true(psp_board_changes(state->board) > changes);
    }
    assert_filled(state->board);
    const struct psp_totals *totals = psp_board_shard_totals(state->board, 0);
    assert_int_equal(totals->row_index[0], 5); /* as new as the partial */
    assert_int_equal(totals->row_index[1], 0); /* no count there */
    assert_true(psp_board_merged(state->board)->row_index[6] > 0);
    assert_int_equal(psp_board_merged(state->board)->row_index[3], 0);
    fixture_rows_0(&state->rows);
    const struct psp_partial again = fixture_partial_0(&state->rows);
    assert_int_equal(psp_board_merge(state->board, &again), PSP_STALE);
}

static void rows_and_books_that_disagree_are_not_restored(void **context)
{
    struct state *state = *context;
    struct psp_partial partial = restored_cells(state, state->board, 0);
    partial.books.added_ballots = 8; /* the rows hold 7 */
    assert_int_equal(psp_board_restore(state->board, &partial), PSP_EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(two_shards_add_up),
        TEST(shards_add_up_in_one_row),
        TEST(what_is_restored_counts_as_if_it_had_come),
        TEST(rows_and_books_that_disagree_are_not_restored),
        TEST(the_same_partial_again_changes_nothing),
        TEST(an_older_partial_changes_nothing),
        TEST(changed_rows_replace_and_the_others_stay),
        TEST(a_base_older_than_held_is_good_enough),
        TEST(a_gap_asks_for_all),
        TEST(the_first_partial_must_be_whole),
        TEST(another_state_hash_is_an_alarm_and_the_old_stays),
        TEST(other_books_are_an_alarm_and_the_old_stay),
        TEST(another_count_is_an_alarm_and_the_old_stays),
        TEST(a_missing_row_at_the_same_index_is_an_alarm),
        TEST(a_count_never_goes_down_within_an_epoch),
        TEST(a_lower_count_of_the_same_revision_is_an_alarm),
        TEST(a_lower_count_of_a_higher_revision_is_taken),
        TEST(a_lower_revision_is_an_alarm_even_with_higher_counts),
        TEST(a_corrected_row_may_not_be_left_out_of_a_whole_partial),
        TEST(a_higher_epoch_begins_its_revisions_anew),
        TEST(a_higher_epoch_replaces_also_by_less),
        TEST(another_cluster_mode_or_shard_is_refused),
        TEST(malformed_rows_change_nothing),
        TEST(rows_are_taken_when_every_number_is_good),
        TEST(a_roll_of_other_leaves_changes_nothing),
        TEST(the_roll_is_kept_when_later_partials_leave_it_out),
        TEST(any_order_of_partials_ends_in_the_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
