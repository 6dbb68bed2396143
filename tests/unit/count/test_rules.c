/* Rules 2: the close and its time, what is remembered and forgotten, books by station,
 * replays without a row; and that a log of rules 1 knows of none of it. Values are worked
 * out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "tests/unit/fixture/count.h"

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

/* Refused in all, by station; closed in all, by station. 0: no limit that matters. */
static struct psp_count *limited(uint64_t refused, uint64_t refused_station, uint64_t closed,
                                 uint64_t closed_station)
{
    struct psp_count *count = NULL;
    const struct psp_count_options options = {
        .definition = definition,
        .refused_max = refused,
        .refused_station_max = refused_station,
        .closed_max = closed,
        .closed_station_max = closed_station,
    };
    assert_int_equal(psp_count_create(&options, &count), PSP_OK);
    apply_genesis(count, false);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    return count;
}

/* One ballot, of this station. */
static void cast_one(struct psp_count *count, uint32_t station, uint32_t voter, uint64_t ballot,
                     uint8_t expected)
{
    struct batch batch = {.station = station};
    add(&batch, voter, ballot, P1, BOOTH, ANN);
    expect(count, &batch, false, VERDICTS(expected));
}

static uint8_t known(const struct psp_count *count, uint32_t voter, uint64_t ballot)
{
    struct batch batch = {0};
    add(&batch, voter, ballot, P1, BOOTH, ANN);
    return psp_count_known(count, batch.digests, batch.tags);
}

/* The station's books as the shard shows them; zeros when it never came. */
static struct psp_station_books books_of(const struct psp_count *count, uint32_t station)
{
    uint8_t bytes[4096];
    struct psp_bytes rest = {bytes, psp_count_stations_since(count, 0, bytes, sizeof bytes)};
    struct psp_station_books books;
    uint32_t number, next = 0;
    assert_in_range(rest.length, 0, sizeof bytes);
    while (rest.length > 0) {
        assert_true(psp_station_books_decode(&rest, &next, PSP_STATIONS_MAX, &number, &books));
        if (number == station)
            return books;
    }
    return (struct psp_station_books){0};
}

/* ---- the close and its time ---- */

static enum psp_apply_result apply_at(struct psp_count *count, struct psp_entry entry,
                                      uint64_t time_ms, uint8_t *ret_verdicts)
{
    enum psp_apply_result result;
    const char *text = NULL;
    entry.time_ms = time_ms;
    assert_int_equal(
        psp_count_apply(count, psp_count_index(count) + 1, &entry, &result, ret_verdicts, &text),
        PSP_OK);
    assert_int_equal(result == PSP_APPLIED, text == NULL);
    return result;
}

static enum psp_apply_result close_at(struct psp_count *count, uint64_t at_ms, uint64_t time_ms)
{
    const struct psp_entry entry = {.type = PSP_ENTRY_CLOSE, .close_at_ms = at_ms};
    uint8_t verdict;
    return apply_at(count, entry, time_ms, &verdict);
}

static enum psp_apply_result open_at(struct psp_count *count, uint64_t time_ms)
{
    uint8_t verdict;
    return apply_at(count, (struct psp_entry){.type = PSP_ENTRY_OPEN}, time_ms, &verdict);
}

static uint8_t cast_at(struct psp_count *count, uint32_t voter, uint64_t time_ms)
{
    struct batch batch = {0};
    uint8_t verdict = 77;
    add(&batch, voter, voter + 1000, P1, BOOTH, ANN);
    assert_int_equal(apply_at(count, batch_entry(&batch, false), time_ms, &verdict), PSP_APPLIED);
    return verdict;
}

static void ballots_before_the_time_count_and_from_it_on_are_closed(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100); /* last at 1010 */
    assert_int_equal(close_at(count, 5000, 3000), PSP_APPLIED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(psp_count_close_at_ms(count), 5000);
    assert_true(psp_count_accepts(count, 4999));
    assert_false(psp_count_accepts(count, 5000));
    assert_int_equal(cast_at(count, 1, 4999), PSP_COUNTED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(cast_at(count, 2, 5000), PSP_CLOSED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
    assert_int_equal(psp_count_close_at_ms(count), 5000);
    assert_int_equal(cast_at(count, 3, 4000), PSP_CLOSED); /* a clock that was set back */
    assert_false(psp_count_accepts(count, 4000));
    psp_count_destroy(&count);
}

static void any_entry_of_the_time_closes_before_it_is_judged(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    uint8_t verdict;
    close_at(count, 5000, 3000);
    const struct psp_entry report = {.type = PSP_ENTRY_REPORT,
                                     .report = {1, {&(const uint8_t){0}, 1}, PSP_FINAL_YES, false}};
    assert_int_equal(apply_at(count, report, 5001, &verdict), PSP_APPLIED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
    psp_count_destroy(&count);

    count = open_count(definition, NULL, 100);
    close_at(count, 5000, 3000);
    assert_int_equal(open_at(count, 4999), PSP_APPLY_NOTHING); /* it is open */
    assert_int_equal(psp_count_close_at_ms(count), 5000);
    assert_int_equal(open_at(count, 5000), PSP_APPLIED); /* closed, and opened again */
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(psp_count_close_at_ms(count), 0);
    assert_int_equal(cast_at(count, 1, 9000), PSP_COUNTED);
    psp_count_destroy(&count);
}

static void who_opens_what_is_about_to_close_is_told_so(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    const struct psp_entry open = {.type = PSP_ENTRY_OPEN, .time_ms = 3000};
    enum psp_apply_result result;
    const char *text = NULL;
    uint8_t verdict;
    psp_count_apply(count, psp_count_index(count) + 1, &open, &result, &verdict, &text);
    assert_string_equal(text, "the election is open already");
    close_at(count, 5000, 3000);
    psp_count_apply(count, psp_count_index(count) + 1, &open, &result, &verdict, &text);
    assert_int_equal(result, PSP_APPLY_NOTHING);
    assert_non_null(strstr(text, "closes at the time it was told"));
    psp_count_destroy(&count);
}

static void the_same_time_again_changes_nothing_and_another_is_refused(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    apply_genesis(count, false);
    assert_int_equal(close_at(count, 5000, 1000), PSP_APPLY_NOTHING); /* never opened */
    assert_int_equal(psp_count_close_at_ms(count), 0);
    open_at(count, 2000);
    assert_int_equal(close_at(count, 5000, 3000), PSP_APPLIED);
    assert_int_equal(close_at(count, 5000, 3500), PSP_APPLIED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(close_at(count, 5001, 3600), PSP_APPLY_NOTHING);
    assert_int_equal(close_at(count, 0, 3700), PSP_APPLY_NOTHING);
    assert_int_equal(psp_count_close_at_ms(count), 5000);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(close_at(count, 5000, 5000), PSP_APPLIED); /* the leader's own, in time */
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
    assert_int_equal(close_at(count, 5000, 6000), PSP_APPLIED);
    assert_int_equal(close_at(count, 5002, 6000), PSP_APPLY_NOTHING);
    assert_int_equal(close_at(count, 0, 6000), PSP_APPLY_NOTHING);
    assert_int_equal(psp_count_close_at_ms(count), 5000);
    psp_count_destroy(&count);
}

static void a_time_that_has_passed_closes_at_once_and_none_does_so_too(void **state)
{
    (void)state;
    for (uint64_t at_ms = 0; at_ms <= 3000; at_ms += 3000) {
        struct psp_count *count = open_count(definition, NULL, 100);
        assert_int_equal(close_at(count, at_ms, 3000), PSP_APPLIED);
        assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
        assert_int_equal(psp_count_close_at_ms(count), at_ms);
        psp_count_destroy(&count);
    }
}

static void rules_1_have_no_times(void **state)
{
    (void)state;
    struct psp_count *count = open_count_rules_1(definition, NULL, 100);
    assert_int_equal(close_at(count, 5000, 3000), PSP_APPLIED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
    assert_int_equal(psp_count_close_at_ms(count), 0);
    psp_count_destroy(&count);
}

/* ---- what is remembered ---- */

static void a_station_past_its_number_forgets_its_own_oldest(void **state)
{
    (void)state;
    struct psp_count *count = limited(0, 2, 0, 0);
    cast_one(count, 5, 1, 10, PSP_COUNTED);
    cast_one(count, 5, 1, 11, PSP_DOUBLE_VOTE);
    cast_one(count, 6, 1, 12, PSP_DOUBLE_VOTE);
    cast_one(count, 5, 1, 13, PSP_DOUBLE_VOTE);
    assert_int_equal(known(count, 1, 11), PSP_DOUBLE_VOTE);
    cast_one(count, 5, 1, 14, PSP_DOUBLE_VOTE);
    assert_int_equal(known(count, 1, 11), 0);
    assert_int_equal(known(count, 1, 12), PSP_DOUBLE_VOTE); /* older, but another's */
    assert_int_equal(known(count, 1, 13), PSP_DOUBLE_VOTE);
    assert_int_equal(known(count, 1, 14), PSP_DOUBLE_VOTE);
    assert_int_equal(known(count, 1, 10), PSP_COUNTED);
    assert_int_equal(books_of(count, 5).forgotten, 1);
    assert_int_equal(books_of(count, 6).forgotten, 0);
    psp_count_destroy(&count);
}

static void past_the_total_the_station_with_most_forgets_ties_to_the_lowest(void **state)
{
    (void)state;
    struct psp_count *count = limited(4, 100, 0, 0);
    cast_one(count, 8, 1, 10, PSP_COUNTED);
    cast_one(count, 9, 1, 11, PSP_DOUBLE_VOTE);
    cast_one(count, 7, 1, 12, PSP_DOUBLE_VOTE);
    cast_one(count, 7, 1, 13, PSP_DOUBLE_VOTE);
    cast_one(count, 9, 1, 14, PSP_DOUBLE_VOTE);
    cast_one(count, 8, 1, 15, PSP_DOUBLE_VOTE); /* the fifth: 7 and 9 have two each */
    assert_int_equal(books_of(count, 7).forgotten, 1);
    assert_int_equal(known(count, 1, 12), 0);
    assert_int_equal(known(count, 1, 11), PSP_DOUBLE_VOTE);
    cast_one(count, 8, 1, 16, PSP_DOUBLE_VOTE); /* 8 and 9 have two each: 8 is the lower */
    assert_int_equal(books_of(count, 8).forgotten, 1);
    assert_int_equal(known(count, 1, 15), 0);
    assert_int_equal(known(count, 1, 11), PSP_DOUBLE_VOTE);
    cast_one(count, 6, 1, 17, PSP_DOUBLE_VOTE); /* 9 alone has two */
    assert_int_equal(books_of(count, 9).forgotten, 1);
    assert_int_equal(known(count, 1, 11), 0);
    psp_count_destroy(&count);
}

/* promise 2 */
static void a_forgotten_ballot_is_judged_anew_and_never_counted(void **state)
{
    (void)state;
    struct psp_count *count = limited(0, 1, 0, 0);
    cast_one(count, 3, 1, 10, PSP_COUNTED);
    cast_one(count, 3, 1, 11, PSP_DOUBLE_VOTE);
    cast_one(count, 3, 1, 11, AGAIN(PSP_DOUBLE_VOTE));
    cast_one(count, 3, 2, 20, PSP_COUNTED);
    cast_one(count, 3, 2, 21, PSP_DOUBLE_VOTE);        /* 11 is forgotten */
    cast_one(count, 3, 1, 11, PSP_DOUBLE_VOTE);        /* received once more; 21 is forgotten */
    cast_one(count, 4, 1, 11, AGAIN(PSP_DOUBLE_VOTE)); /* whoever sends it */
    cast_one(count, 3, 1, 10, AGAIN(PSP_COUNTED));     /* what is counted is never forgotten */
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLIED);
    cast_one(count, 3, 2, 21, PSP_CLOSED); /* what the order gives now */
    const struct psp_books *books = psp_count_books(count);
    assert_int_equal(books->received, 9);
    assert_int_equal(books->disposed[PSP_COUNTED], 2);
    assert_int_equal(books->disposed[PSP_DOUBLE_VOTE], 3);
    assert_int_equal(books->disposed[PSP_REPLAYED], 3);
    assert_int_equal(books->disposed[PSP_CLOSED], 1);
    const struct psp_station_books station = books_of(count, 3);
    assert_int_equal(station.received, 8);
    assert_int_equal(station.disposed[PSP_DOUBLE_VOTE], 3);
    assert_int_equal(station.forgotten, 2);
    psp_count_destroy(&count);
}

static void closed_ballots_have_budgets_of_their_own(void **state)
{
    (void)state;
    struct psp_count *count = limited(0, 1, 3, 2);
    cast_one(count, 1, 1, 10, PSP_COUNTED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLIED);
    struct batch batch = {.station = 1};
    add(&batch, 2, 20, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 3, 30, P1, BOOTH, ANN); /* its third */
    add(&batch, 3, 31, 0, BOOTH, ANN);  /* the others never wait for it */
    add(&batch, 3, 32, 0, BOOTH, ANN);
    add(&batch, 2, 20, P1, BOOTH, ANN);
    assert_true(psp_count_closed_room(count, 1));
    expect(count, &batch, false,
           VERDICTS(PSP_CLOSED, PSP_CLOSED, PSP_NOT_JUDGED, PSP_INVALID, PSP_INVALID,
                    AGAIN(PSP_CLOSED)));
    assert_false(psp_count_closed_room(count, 1));
    assert_true(psp_count_closed_room(count, 2));
    cast_one(count, 2, 3, 30, PSP_CLOSED); /* the shard's third */
    assert_false(psp_count_closed_room(count, 2));
    cast_one(count, 2, 4, 40, PSP_NOT_JUDGED);
    assert_int_equal(psp_count_books(count)->received, 7);
    assert_int_equal(books_of(count, 1).received, 6);
    assert_int_equal(books_of(count, 1).disposed[PSP_CLOSED], 2);
    assert_int_equal(books_of(count, 1).forgotten, 1);
    assert_int_equal(books_of(count, 2).received, 1);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    cast_one(count, 1, 2, 20, AGAIN(PSP_CLOSED)); /* never forgotten */
    cast_one(count, 1, 4, 40, PSP_COUNTED);       /* it was not judged */
    psp_count_destroy(&count);
}

static void rules_1_forget_nothing_and_closed_has_no_budget(void **state)
{
    (void)state;
    struct psp_count *count = NULL;
    const struct psp_count_options options = {.definition = definition,
                                              .refused_max = 4,
                                              .refused_station_max = 1,
                                              .closed_max = 1,
                                              .closed_station_max = 1};
    assert_int_equal(psp_count_create(&options, &count), PSP_OK);
    struct psp_genesis genesis = fixture_genesis(false);
    genesis.rules = 1;
    apply_genesis_of(count, genesis);
    cast_one(count, 1, 1, 10, PSP_CLOSED); /* never opened yet */
    cast_one(count, 1, 1, 11, PSP_CLOSED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    cast_one(count, 1, 1, 12, PSP_COUNTED);
    cast_one(count, 1, 1, 13, PSP_DOUBLE_VOTE);
    cast_one(count, 1, 1, 14, PSP_DOUBLE_VOTE);
    cast_one(count, 1, 1, 15, PSP_NOT_JUDGED);
    cast_one(count, 1, 1, 13, AGAIN(PSP_DOUBLE_VOTE));
    assert_int_equal(psp_count_stations_since(count, 0, NULL, 0), 0); /* no books by station */
    psp_count_destroy(&count);
}

/* ---- stations and replays ---- */

static void each_run_is_booked_for_its_station(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {.station = 4};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P1, BOOTH, ANN);
    batch.station = 2;
    add(&batch, 2, 21, P1, BOOTH, ANN);
    batch.station = 4;
    add(&batch, 1, 10, P1, BOOTH, ANN);
    batch.station = PSP_STATIONS_MAX;
    add(&batch, 3, 30, 0, BOOTH, ANN);
    expect(count, &batch, false,
           VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_DOUBLE_VOTE, AGAIN(PSP_COUNTED), PSP_INVALID));
    uint8_t bytes[64];
    /* numbers 2, 4, 100,000; received, counted, replayed, double_vote, not_eligible,
     * invalid, closed, forgotten */
    static const uint8_t expected[] = {2,    1,    0,    0, 1, 0, 0, 0, 0, /* */
                                       1,    3,    2,    1, 0, 0, 0, 0, 0, /* gap 99,995 */
                                       0x9B, 0x8D, 0x06, 1, 0, 0, 0, 0, 1, 0, 0};
    assert_int_equal(psp_count_stations_since(count, 0, bytes, sizeof bytes), sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(psp_count_stations_since(count, psp_count_index(count), NULL, 0), 0);
    psp_count_destroy(&count);
}

static struct psp_entry with_replays(const struct batch *batch, const uint8_t *replays, size_t n)
{
    struct psp_entry entry = batch_entry(batch, false);
    entry.ballots.replays = (struct psp_bytes){replays, n};
    return entry;
}

/* promise 3 */
static void replays_without_a_row_are_in_the_books(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    static const uint8_t replays[] = {2, 5, 9, 0xAC, 0x02}; /* 5 of station 2, 300 of 9 */
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    struct batch batch = {.station = 2}, nothing = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    struct psp_entry entry = with_replays(&batch, replays, sizeof replays);
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLIED);
    assert_int_equal(verdicts[0], PSP_COUNTED);
    assert_int_equal(psp_count_books(count)->received, 306);
    assert_int_equal(psp_count_books(count)->disposed[PSP_REPLAYED], 305);
    assert_int_equal(books_of(count, 2).received, 6);
    assert_int_equal(books_of(count, 2).disposed[PSP_REPLAYED], 5);
    assert_int_equal(books_of(count, 9).received, 300);
    entry = with_replays(&nothing, replays, 2); /* an entry of nothing else */
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLIED);
    assert_int_equal(psp_count_books(count)->received, 311);
    assert_int_equal(books_of(count, 2).disposed[PSP_REPLAYED], 10);
    assert_true(psp_books_balanced(psp_count_books(count)));
    psp_count_destroy(&count);
}

/* They were answered before: a fence against the rows beside them is none against them. */
static void replays_are_booked_though_the_rows_are_fenced(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    static const uint8_t replays[] = {2, 5};
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    batch.digests[0] = 0x80; /* a slot of another shard */
    struct psp_entry entry = with_replays(&batch, replays, sizeof replays);
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLY_FENCED);
    assert_int_equal(psp_count_books(count)->received, 5);
    assert_int_equal(books_of(count, 2).received, 5);
    psp_count_destroy(&count);
}

/* ---- the state hash ---- */

struct variant {
    uint32_t rules, station;
    uint8_t replays;
    uint64_t close_at_ms;
    enum psp_mode mode;
};

static void hash_of(const struct variant *variant, uint8_t ret_hash[PSP_HASH_BYTES])
{
    struct psp_count *count = fixture_count(definition, NULL, 100);
    struct psp_genesis genesis = fixture_genesis(false);
    genesis.rules = variant->rules;
    genesis.mode = variant->mode;
    apply_genesis_of(count, genesis);
    apply_plain(count, PSP_ENTRY_OPEN, 0);
    struct batch batch = {.station = variant->station};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    const uint8_t replays[] = {2, variant->replays};
    struct psp_entry entry = with_replays(&batch, replays, variant->replays ? 2 : 0);
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    apply_entry(count, &entry, verdicts, &text);
    close_at(count, variant->close_at_ms, 2000);
    psp_count_state_hash(count, ret_hash);
    psp_count_destroy(&count);
}

/* promise 4 */
static void the_state_hash_tells_stations_replays_times_and_mode_under_rules_2_only(void **state)
{
    (void)state;
    const struct variant variants[] = {
        {2, 1, 0, 0, PSP_MODE_LIVE},    {2, 2, 0, 0, PSP_MODE_LIVE}, {2, 1, 3, 0, PSP_MODE_LIVE},
        {2, 1, 0, 1500, PSP_MODE_LIVE}, {2, 1, 0, 0, PSP_MODE_TEST},
    };
    uint8_t first[PSP_HASH_BYTES], hash[PSP_HASH_BYTES];
    hash_of(&variants[0], first);
    for (size_t i = 1; i < sizeof variants / sizeof variants[0]; i++) {
        hash_of(&variants[i], hash);
        assert_memory_not_equal(hash, first, 16);
    }
    struct variant old = variants[0];
    old.rules = 1;
    hash_of(&old, first);
    for (size_t i = 1; i < sizeof variants / sizeof variants[0]; i++) {
        old = variants[i];
        old.rules = 1;
        hash_of(&old, hash);
        assert_memory_equal(hash, first, 16);
    }
}

static void rules_of_a_later_version_are_refused(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    struct psp_entry entry = {.type = PSP_ENTRY_GENESIS, .genesis = fixture_genesis(false)};
    entry.genesis.rules = 3;
    enum psp_apply_result result;
    const char *text = NULL;
    uint8_t verdicts[1];
    assert_int_equal(psp_count_apply(count, 1, &entry, &result, verdicts, &text), PSP_EVERSION);
    psp_count_destroy(&count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ballots_before_the_time_count_and_from_it_on_are_closed),
        cmocka_unit_test(any_entry_of_the_time_closes_before_it_is_judged),
        cmocka_unit_test(who_opens_what_is_about_to_close_is_told_so),
        cmocka_unit_test(the_same_time_again_changes_nothing_and_another_is_refused),
        cmocka_unit_test(a_time_that_has_passed_closes_at_once_and_none_does_so_too),
        cmocka_unit_test(rules_1_have_no_times),
        cmocka_unit_test(a_station_past_its_number_forgets_its_own_oldest),
        cmocka_unit_test(past_the_total_the_station_with_most_forgets_ties_to_the_lowest),
        cmocka_unit_test(a_forgotten_ballot_is_judged_anew_and_never_counted),
        cmocka_unit_test(closed_ballots_have_budgets_of_their_own),
        cmocka_unit_test(rules_1_forget_nothing_and_closed_has_no_budget),
        cmocka_unit_test(each_run_is_booked_for_its_station),
        cmocka_unit_test(replays_without_a_row_are_in_the_books),
        cmocka_unit_test(replays_are_booked_though_the_rows_are_fenced),
        cmocka_unit_test(the_state_hash_tells_stations_replays_times_and_mode_under_rules_2_only),
        cmocka_unit_test(rules_of_a_later_version_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
