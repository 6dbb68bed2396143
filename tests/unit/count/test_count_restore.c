/* Deltas hold what is new, and a count restored from them goes on like the
 * first; what contradicts itself is refused. Values are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "tests/unit/fixture/history.h"

static struct psp_definition *definition;

static int set_up(void **state)
{
    (void)state;
    definition = fixture_definition();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    return 0;
}

static struct psp_count_delta *take(struct psp_count *count)
{
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    return delta;
}

static void a_delta_holds_what_is_new_and_only_that(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_COUNTED));
    assert_int_equal(psp_count_delta_bytes(count), 2 * 20 + 2 * 12 + 29);
    struct psp_count_delta *delta = take(count);
    assert_int_equal(psp_count_delta_bytes(count), 0);
    assert_true(delta->has_genesis);
    assert_int_equal(delta->index, 3);
    assert_int_equal(delta->voter_first, 0);
    assert_int_equal(delta->voter_n, 2);
    assert_memory_equal(delta->voter_digests, batch.digests, 16);
    assert_memory_equal(delta->voter_digests + 16, batch.digests + 32, 16);
    assert_int_equal(psp_get32(delta->voter_units + 4), P2);
    assert_int_equal(delta->counted_n, 2);
    assert_int_equal(psp_get32(delta->counted + 12), 1); /* the second voter */
    assert_int_equal(psp_get64(delta->counted + 16), 20);
    assert_int_equal(delta->refused_n, 1);
    assert_int_equal(psp_get64(delta->refused + 16), 11);
    assert_int_equal(delta->refused[24], PSP_DOUBLE_VOTE);
    assert_int_equal(psp_get32(delta->refused + 25), 1); /* the station */
    assert_int_equal(delta->station_n, 1);
    assert_int_equal(delta->station_numbers[0], 1);
    assert_int_equal(delta->station_books[0].received, 3);
    assert_int_equal(delta->row_n, 2);
    assert_int_equal(delta->rows[0], 0);
    assert_int_equal(delta->row_cells[0], 11);
    assert_int_equal(delta->rows[1], 3);
    assert_int_equal(delta->row_cells[1], 5);
    assert_int_equal(delta->cells[11], 1); /* the second row's ballots */
    psp_count_delta_destroy(&delta);
    assert_null(delta);

    struct batch next = {0};
    add(&next, 3, 30, P2, MAIL, ANN);
    expect(count, &next, false, VERDICTS(PSP_COUNTED));
    delta = take(count);
    assert_false(delta->has_genesis);
    assert_int_equal(delta->voter_first, 2);
    assert_int_equal(delta->voter_n, 1);
    assert_int_equal(delta->counted_first, 2);
    assert_int_equal(delta->counted_n, 1);
    assert_int_equal(delta->refused_first, 1);
    assert_int_equal(delta->refused_n, 0);
    assert_int_equal(delta->station_n, 1);
    assert_int_equal(delta->station_books[0].received, 4);
    assert_int_equal(delta->row_n, 1);
    assert_int_equal(delta->cells[0], 2);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&count);
}

/* The same totals, and the same ballot counted last. */
static void expect_same_held(const struct psp_count *a, const struct psp_count *b)
{
    uint8_t hashes[2][PSP_HASH_BYTES];
    psp_count_held_hash(a, hashes[0]);
    psp_count_held_hash(b, hashes[1]);
    assert_memory_equal(hashes[0], hashes[1], PSP_HASH_BYTES);
}

/* promise 4 */
static void a_restored_count_goes_on_like_the_first(void **state)
{
    (void)state;
    struct psp_count *first = open_count(definition, NULL, 100);
    struct psp_count *second = fixture_count(definition, NULL, 100);
    struct batch batch = {0}, next = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, ANN);
    add(&next, 2, 20, P2, MAIL, ANN);
    add(&next, 1, 11, P1, BOOTH, ANN);
    add(&next, 1, 12, P1, BOOTH, ANN);
    add(&next, 3, 30, P1, BOOTH, BOB);
    expect(first, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_COUNTED));
    struct psp_count_delta *delta = take(first);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    apply_plain(first, PSP_ENTRY_OPEN, 0);
    delta = take(first);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    assert_int_equal(psp_count_restore_end(second), PSP_OK);
    expect_same_held(first, second);

    struct psp_count *const both[] = {first, second};
    uint8_t hashes[2][PSP_HASH_BYTES];
    for (int i = 0; i < 2; i++) {
        expect(both[i], &next, false,
               VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE), PSP_DOUBLE_VOTE, PSP_COUNTED));
        expect_row(both[i], 0, CELLS(2, 1, 1, 0, 0, 0, 0, 0, 0, 4, 0));
        psp_count_state_hash(both[i], hashes[i]);
    }
    assert_memory_equal(hashes[0], hashes[1], PSP_HASH_BYTES);
    assert_memory_equal(psp_count_books(first), psp_count_books(second), sizeof(struct psp_books));
    delta = take(second); /* nothing of what was restored comes again */
    assert_false(delta->has_genesis);
    assert_int_equal(delta->voter_first, 2);
    assert_int_equal(delta->voter_n, 1);
    assert_int_equal(delta->counted_first, 2);
    assert_int_equal(delta->counted_n, 1);
    assert_int_equal(delta->refused_first, 1);
    assert_int_equal(delta->refused_n, 1);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&first);
    psp_count_destroy(&second);
}

/* Restores a delta after `spoil` has had its hands on it. */
static enum psp_status restore_spoiled(void (*spoil)(struct psp_count_delta *))
{
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P1, BOOTH, ANN);
    add(&batch, 2, 21, P1, BOOTH, ANN);
    add(&batch, 2, 22, P1, BOOTH, ANN);
    expect(count, &batch, false,
           VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_DOUBLE_VOTE));
    struct psp_count_delta *delta = take(count);
    psp_count_destroy(&count);
    spoil(delta);
    count = fixture_count(definition, NULL, 100);
    enum psp_status status = psp_count_restore(count, delta);
    if (status == PSP_OK)
        status = psp_count_restore_end(count);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&delta);
    return status;
}

static void spoil_nothing(struct psp_count_delta *delta)
{
    (void)delta;
}
static void spoil_voter_gap(struct psp_count_delta *delta)
{
    delta->voter_first = 1;
}
static void spoil_voter_twice(struct psp_count_delta *delta)
{
    memcpy(delta->voter_digests + 16, delta->voter_digests, 16);
}
static void spoil_voter_missing(struct psp_count_delta *delta)
{
    delta->voter_n = 1;
}
static void spoil_voter_slot(struct psp_count_delta *delta)
{
    delta->voter_digests[0] = 0;
}
static void spoil_voter_unit(struct psp_count_delta *delta)
{
    psp_put32(delta->voter_units, P2); /* a leaf, but not where the ballot is */
}
static void spoil_voter_no_leaf(struct psp_count_delta *delta)
{
    psp_put32(delta->voter_units, 0);
}
static void spoil_counted_gap(struct psp_count_delta *delta)
{
    delta->counted_first = 1;
}
static void spoil_counted_number(struct psp_count_delta *delta)
{
    psp_put32(delta->counted, 1);
}
static void spoil_counted_missing(struct psp_count_delta *delta)
{
    delta->counted_n = 1;
}
static void spoil_refused_gap(struct psp_count_delta *delta)
{
    delta->refused_first = 1;
}
static void spoil_refused_twice(struct psp_count_delta *delta)
{
    memcpy(delta->refused + 29, delta->refused, 29);
}
static void spoil_refused_disposition(struct psp_count_delta *delta)
{
    delta->refused[24] = PSP_COUNTED;
}
static void spoil_refused_missing(struct psp_count_delta *delta)
{
    delta->refused_n = 1;
}
static void spoil_row_number(struct psp_count_delta *delta)
{
    delta->rows[0] = 4;
}
static void spoil_row_size(struct psp_count_delta *delta)
{
    delta->row_cells[0] = 5;
}
static void spoil_cell(struct psp_count_delta *delta)
{
    delta->cells[1]++;
}
static void spoil_books(struct psp_count_delta *delta)
{
    delta->books.received++;
}
static void spoil_books_all(struct psp_count_delta *delta)
{
    delta->books.received++; /* balanced, but not what the records say */
    delta->books.disposed[PSP_COUNTED]++;
    delta->books.added_ballots++;
    delta->books.voters_counted++;
}
static void spoil_genesis(struct psp_count_delta *delta)
{
    delta->has_genesis = false;
}
static void spoil_slots(struct psp_count_delta *delta)
{
    delta->genesis.slot_end = PSP_SLOT_COUNT + 1;
}
static void spoil_state(struct psp_count_delta *delta)
{
    delta->election_state = (enum psp_election_state)7;
}

static void spoil_open_past_its_time(struct psp_count_delta *delta)
{
    delta->close_at_ms = delta->time_ms;
}
static void spoil_closing_never_opened(struct psp_count_delta *delta)
{
    delta->close_at_ms = delta->time_ms + 1;
    delta->election_state = PSP_ELECTION_NEW;
}
static void spoil_mode(struct psp_count_delta *delta)
{
    delta->genesis.mode = (enum psp_mode)3;
}
static void spoil_no_stations(struct psp_count_delta *delta)
{
    delta->station_n = 0;
}
static void spoil_station_number(struct psp_count_delta *delta)
{
    delta->station_numbers[0] = PSP_STATIONS_MAX + 1;
}
static void spoil_station_books(struct psp_count_delta *delta)
{
    delta->station_books[0].received++; /* balanced, but not as the shard's */
    delta->station_books[0].disposed[PSP_REPLAYED]++;
}
static void spoil_station_balance(struct psp_count_delta *delta)
{
    delta->station_books[0].received++;
}
static void spoil_station_kinds(struct psp_count_delta *delta)
{
    delta->refused[24] = PSP_CLOSED; /* the station's books know of none */
}
static void spoil_refused_station(struct psp_count_delta *delta)
{
    psp_put32(delta->refused + 25, 2); /* whose books know of no refusal */
}
static void spoil_forgotten(struct psp_count_delta *delta)
{
    delta->station_books[0].forgotten = 3; /* of two */
}
static void spoil_rules_1(struct psp_count_delta *delta)
{
    delta->genesis.rules = 1; /* they have no stations */
}

static void restore_refuses_what_contradicts_itself(void **state)
{
    (void)state;
    void (*const spoils[])(struct psp_count_delta *) = {
        spoil_voter_gap,
        spoil_voter_twice,
        spoil_voter_missing,
        spoil_voter_slot,
        spoil_voter_unit,
        spoil_voter_no_leaf,
        spoil_counted_gap,
        spoil_counted_number,
        spoil_counted_missing,
        spoil_refused_gap,
        spoil_refused_twice,
        spoil_refused_disposition,
        spoil_refused_missing,
        spoil_row_number,
        spoil_row_size,
        spoil_cell,
        spoil_books,
        spoil_books_all,
        spoil_genesis,
        spoil_slots,
        spoil_state,
        spoil_open_past_its_time,
        spoil_closing_never_opened,
        spoil_mode,
        spoil_no_stations,
        spoil_station_number,
        spoil_station_books,
        spoil_station_balance,
        spoil_station_kinds,
        spoil_refused_station,
        spoil_forgotten,
        spoil_rules_1,
    };
    assert_int_equal(restore_spoiled(spoil_nothing), PSP_OK);
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        const enum psp_status status = restore_spoiled(spoils[i]);
        if (status != PSP_ECORRUPT)
            print_error("spoil %zu: %s\n", i, psp_status_text(status));
        assert_int_equal(status, PSP_ECORRUPT);
    }
}

static void deltas_out_of_order_are_refused(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct psp_count_delta *first = take(count);
    apply_plain(count, PSP_ENTRY_CLOSE, 0);
    struct psp_count_delta *second = take(count);
    psp_count_destroy(&count);
    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(count, second), PSP_OK);
    assert_int_equal(psp_count_restore(count, first), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&first);
    psp_count_delta_destroy(&second);
}

/* ---- the roll and deltas ---- */

static void the_first_delta_holds_the_whole_roll_and_restore_wants_the_same(void **state)
{
    (void)state;
    uint8_t digests[3 * 16], units[3 * 4];
    for (uint32_t voter = 0; voter < 3; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_put32(units + voter * 4, P1);
    }
    const struct psp_roll_part roll = {3, digests, units, NULL};
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 2, 20, P1, BOOTH, ANN);
    expect(count, &batch, true, VERDICTS(PSP_COUNTED));
    struct psp_count_delta *delta = take(count);
    assert_int_equal(delta->voter_n, 3);
    assert_memory_equal(delta->voter_digests, digests, sizeof digests);
    assert_memory_equal(delta->voter_units, units, sizeof units);
    assert_int_equal(psp_get32(delta->counted), 2);

    struct psp_count *first = count;
    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(count), PSP_OK);
    expect_same_held(first, count);
    psp_count_destroy(&first);
    struct batch next = {0};
    add(&next, 2, 20, P1, BOOTH, ANN);
    add(&next, 1, 10, P1, BOOTH, ANN);
    add(&next, 7, 70, P1, BOOTH, ANN);
    expect(count, &next, true, VERDICTS(AGAIN(PSP_COUNTED), PSP_COUNTED, PSP_NOT_ELIGIBLE));
    struct psp_count_delta *later = take(count);
    assert_int_equal(later->voter_n, 0);
    assert_int_equal(later->counted_n, 1);
    assert_int_equal(psp_get32(later->counted), 1);
    psp_count_delta_destroy(&later);
    psp_count_destroy(&count);

    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_EMISMATCH); /* no roll given */
    psp_count_destroy(&count);
    psp_put32(units, P2);
    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_EMISMATCH); /* another roll */
    psp_count_destroy(&count);
    psp_put32(units, P1);
    psp_put32(delta->counted, 3); /* no such voter */
    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&delta);
}

/* ---- forgetting ---- */

/* Restored from deltas that were taken `every` so many entries, and at the end. */
static struct psp_count *restored_at(struct history *history, uint32_t end, uint32_t every)
{
    struct psp_count *first = history_count(history), *second = history_count(history);
    for (uint32_t i = 0; i < end; i++) {
        history_apply(history, first, i, false);
        if ((i + 1) % every != 0 && i + 1 != end)
            continue;
        struct psp_count_delta *delta = take(first);
        assert_int_equal(psp_count_restore(second, delta), PSP_OK);
        psp_count_delta_destroy(&delta);
    }
    assert_int_equal(psp_count_restore_end(second), PSP_OK);
    psp_count_destroy(&first);
    return second;
}

/* promise 4 */
static void a_count_restored_at_any_index_forgets_what_the_first_does(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 4; seed++) { /* every index of the first, some of the others */
        struct history *history = history_make(definition, seed);
        for (uint32_t end = seed; end <= HISTORY_ENTRIES; end += 2 * seed - 1) {
            struct psp_count *count = restored_at(history, end, 1 + end * seed % 13);
            for (uint32_t i = end; i < HISTORY_ENTRIES; i++)
                history_apply(history, count, i, false);
            psp_count_destroy(&count);
        }
        free(history);
    }
}

/* ---- whatever a store holds ---- */

struct region {
    void *at;
    size_t bytes;
};

/* Of the delta, what a store may hold otherwise; lengths stay within what is there. */
static uint32_t regions_of(struct psp_count_delta *delta, struct region *ret_regions)
{
    const struct region regions[] = {
        {&delta->index, 8},
        {&delta->time_ms, 8},
        {&delta->close_at_ms, 8},
        {&delta->election_state, sizeof delta->election_state},
        {&delta->books, sizeof delta->books},
        {&delta->genesis.slot_first, 4},
        {&delta->genesis.slot_end, 4},
        {&delta->genesis.rules, 4},
        {&delta->genesis.mode, sizeof delta->genesis.mode},
        {&delta->genesis.publication, sizeof delta->genesis.publication},
        {&delta->genesis.turnout, sizeof delta->genesis.turnout},
        {&delta->voter_first, 8},
        {&delta->counted_first, 8},
        {&delta->refused_first, 8},
        {&delta->report_index, 8},
        {&delta->reported_sum.leaves, 4},
        {&delta->reported_sum.ballots, 8},
        {delta->voter_digests, delta->voter_n * 16},
        {delta->voter_units, delta->voter_n * 4},
        {delta->counted, delta->counted_n * 12},
        {delta->refused, delta->refused_n * 29},
        {delta->station_numbers, delta->station_n * sizeof *delta->station_numbers},
        {delta->station_books, delta->station_n * sizeof *delta->station_books},
        {delta->rows, delta->row_n * sizeof *delta->rows},
        {delta->cells, delta->row_n * 5 * sizeof *delta->cells},
        {delta->report, delta->report_bytes},
        {delta->leaf_report_leaves, delta->leaf_report_n * sizeof *delta->leaf_report_leaves},
        {delta->leaf_reports, delta->leaf_report_n > 0 ? 3 * sizeof(uint64_t) : 0},
        {delta->reported_rows, delta->reported_n * sizeof *delta->reported_rows},
        {delta->reported_indexes, delta->reported_n * sizeof *delta->reported_indexes},
        {delta->reported_cells, delta->reported_n * 5 * sizeof *delta->reported_cells},
    };
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        if (regions[i].bytes > 0)
            ret_regions[n++] = regions[i];
    return n;
}

/* One byte another; returns where, and what it was. */
static uint8_t *spoil_a_byte(struct history *history, struct psp_count_delta *delta,
                             uint8_t *ret_old)
{
    struct region regions[40];
    const struct region *region = &regions[history_below(history, regions_of(delta, regions))];
    uint8_t *at = (uint8_t *)region->at + history_below(history, (uint32_t)region->bytes);
    *ret_old = *at;
    switch (history_below(history, 4)) {
    case 0:
        *at = (uint8_t)history_below(history, 256);
        break;
    case 1:
        *at = (uint8_t)(*at - 1);
        break;
    default:
        *at = (uint8_t)(*at + 1);
        break;
    }
    return at;
}

/* Goes on from there for a while, and shows all it has. */
static void go_on(struct history *history, struct psp_count *count, uint32_t end)
{
    uint8_t verdicts[PSP_BATCH_ROWS_MAX], hash[PSP_HASH_BYTES];
    for (uint32_t i = end; i < HISTORY_ENTRIES && i < end + 12; i++) {
        enum psp_apply_result result;
        const char *text = NULL;
        assert_int_equal(psp_count_apply(count, psp_count_index(count) + 1,
                                         &history->entries[i].entry, &result, verdicts, &text),
                         PSP_OK);
    }
    psp_count_held_hash(count, hash);
    psp_count_stations_since(count, 0, NULL, 0);
    psp_count_leaf_reports_since(count, 0, NULL, 0);
    psp_count_leaf_ballots_since(count, 0, NULL, 0);
    struct psp_count_delta *delta = take(count);
    psp_count_delta_destroy(&delta);
}

/* No assertion speaks of what came from a store: it is refused, or the count goes on. */
static void what_a_store_holds_is_refused_or_goes_on(void **state)
{
    (void)state;
    uint32_t taken = 0, refused = 0;
    struct history *history = history_make(definition, 11);
    for (uint32_t end = 20; end < HISTORY_ENTRIES; end += 10) {
        struct psp_count *count = history_count(history);
        for (uint32_t i = 0; i < end; i++)
            history_apply(history, count, i, false);
        struct psp_count_delta *delta = take(count);
        psp_count_destroy(&count);
        for (uint32_t trial = 0; trial < 150; trial++) {
            uint8_t old[2], *at[2];
            const uint32_t n = 1 + trial % 2;
            for (uint32_t i = 0; i < n; i++)
                at[i] = spoil_a_byte(history, delta, &old[i]);
            count = history_count(history);
            enum psp_status status = psp_count_restore(count, delta);
            if (status == PSP_OK)
                status = psp_count_restore_end(count);
            if (status == PSP_OK)
                go_on(history, count, end);
            taken += status == PSP_OK;
            refused += status == PSP_ECORRUPT || status == PSP_EVERSION;
            psp_count_destroy(&count);
            for (uint32_t i = n; i > 0; i--)
                *at[i - 1] = old[i - 1];
        }
        psp_count_delta_destroy(&delta);
    }
    free(history);
    assert_int_equal(taken + refused, 13 * 150);
    assert_in_range(taken, 100, 1800); /* or it shows nothing */
    print_message("%u went on, %u were refused\n", taken, refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_holds_what_is_new_and_only_that),
        cmocka_unit_test(a_restored_count_goes_on_like_the_first),
        cmocka_unit_test(restore_refuses_what_contradicts_itself),
        cmocka_unit_test(deltas_out_of_order_are_refused),
        cmocka_unit_test(a_count_restored_at_any_index_forgets_what_the_first_does),
        cmocka_unit_test(what_a_store_holds_is_refused_or_goes_on),
        cmocka_unit_test(the_first_delta_holds_the_whole_roll_and_restore_wants_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
