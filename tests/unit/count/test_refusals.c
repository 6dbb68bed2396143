/* What is remembered of refused ballots: limits by station and in all, whose oldest is
 * forgotten, and that what was forgotten leaves nothing behind. A list of all of them,
 * searched from the front, says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "count/refusals.h"

struct ballot {
    uint8_t digest[PSP_DIGEST_BYTES], tag[PSP_TAG_BYTES];
};

/* `spread` 0: all in one place of the table. */
static struct ballot ballot_of(uint64_t number, uint64_t spread)
{
    struct ballot ballot = {{0}, {0}};
    psp_put64(ballot.digest, number);
    psp_put64(ballot.digest + 8, number * spread * 0x9E3779B97F4A7C15U);
    psp_put64(ballot.tag, 7);
    return ballot;
}

static struct psp_refusals *make(uint64_t max, uint64_t station_max, uint64_t closed_max,
                                 uint64_t closed_station_max)
{
    const struct psp_refusals_limits limits = {max, station_max, closed_max, closed_station_max};
    struct psp_refusals *refusals = NULL;
    assert_int_equal(psp_refusals_create(&limits, &refusals), PSP_OK);
    return refusals;
}

static void add(struct psp_refusals *refusals, uint64_t number, uint32_t station,
                enum psp_disposition disposition)
{
    const struct ballot ballot = ballot_of(number, 1);
    const struct psp_refusal refusal = {ballot.digest, ballot.tag, disposition, station};
    assert_int_equal(psp_refusals_find(refusals, ballot.digest, ballot.tag), 0);
    assert_int_equal(psp_refusals_add(refusals, &refusal), PSP_OK);
}

static uint8_t find(const struct psp_refusals *refusals, uint64_t number)
{
    const struct ballot ballot = ballot_of(number, 1);
    return psp_refusals_find(refusals, ballot.digest, ballot.tag);
}

static void a_refusal_is_29_bytes_both_ways(void **state)
{
    (void)state;
    const struct ballot ballot = ballot_of(3, 1);
    const struct psp_refusal refusal = {ballot.digest, ballot.tag, PSP_NOT_ELIGIBLE, 99999};
    uint8_t bytes[PSP_REFUSAL_BYTES];
    psp_refusal_pack(&refusal, bytes);
    assert_int_equal(sizeof bytes, 29);
    assert_memory_equal(bytes, ballot.digest, 16);
    assert_memory_equal(bytes + 16, ballot.tag, 8);
    assert_int_equal(bytes[24], 4);
    assert_int_equal(psp_get32(bytes + 25), 99999);
    struct psp_refusal back;
    assert_true(psp_refusal_unpack(bytes, &back));
    assert_int_equal(back.station, 99999);
    assert_int_equal(back.disposition, PSP_NOT_ELIGIBLE);
    assert_ptr_equal(back.tag, bytes + 16);
    for (uint8_t disposition = 0; disposition < 16; disposition++) {
        bytes[24] = disposition;
        assert_int_equal(psp_refusal_unpack(bytes, &back), disposition >= 3 && disposition <= 6);
    }
    bytes[24] = PSP_CLOSED;
    psp_put32(bytes + 25, PSP_STATIONS_MAX);
    assert_true(psp_refusal_unpack(bytes, &back));
    psp_put32(bytes + 25, PSP_STATIONS_MAX + 1);
    assert_false(psp_refusal_unpack(bytes, &back));
}

static void a_station_past_its_number_gives_up_its_own_oldest(void **state)
{
    (void)state;
    struct psp_refusals *refusals = make(100, 2, 100, 100);
    add(refusals, 1, 5, PSP_INVALID);
    add(refusals, 2, 6, PSP_INVALID);
    add(refusals, 3, 5, PSP_DOUBLE_VOTE);
    assert_int_equal(psp_refusals_excess(refusals, 5), PSP_NONE); /* two: just its number */
    add(refusals, 4, 5, PSP_NOT_ELIGIBLE);
    assert_int_equal(psp_refusals_excess(refusals, 6), PSP_NONE);
    assert_int_equal(psp_refusals_excess(refusals, 5), 5);
    psp_refusals_forget(refusals, 5);
    assert_int_equal(find(refusals, 1), 0);
    assert_int_equal(find(refusals, 2), PSP_INVALID);
    assert_int_equal(find(refusals, 3), PSP_DOUBLE_VOTE);
    assert_int_equal(find(refusals, 4), PSP_NOT_ELIGIBLE);
    assert_int_equal(psp_refusals_remembered(refusals, 5), 2);
    psp_refusals_forget(refusals, 5);
    psp_refusals_forget(refusals, 5); /* to the last */
    assert_int_equal(find(refusals, 4), 0);
    assert_int_equal(psp_refusals_remembered(refusals, 5), 0);
    add(refusals, 5, 5, PSP_INVALID); /* and it begins anew */
    psp_refusals_forget(refusals, 5);
    assert_int_equal(find(refusals, 5), 0);
    psp_refusals_destroy(&refusals);
    assert_null(refusals);
}

static void past_the_total_the_station_with_most_gives_up_ties_to_the_lowest_number(void **state)
{
    (void)state;
    struct psp_refusals *refusals = make(6, 5, 100, 100);
    add(refusals, 1, 9, PSP_INVALID);
    add(refusals, 2, 70000, PSP_INVALID); /* far beyond the first stations */
    add(refusals, 3, 70000, PSP_INVALID);
    add(refusals, 4, 3, PSP_INVALID);
    add(refusals, 5, 3, PSP_INVALID);
    add(refusals, 6, 70001, PSP_INVALID);
    assert_int_equal(psp_refusals_excess(refusals, 70001), PSP_NONE); /* six: just fits */
    add(refusals, 7, 9, PSP_INVALID);
    assert_int_equal(psp_refusals_excess(refusals, 9), 3); /* 3, 9, 70000 have two each */
    psp_refusals_forget(refusals, 3);
    assert_int_equal(find(refusals, 4), 0);
    assert_int_equal(find(refusals, 5), PSP_INVALID);
    add(refusals, 8, 70001, PSP_INVALID);
    assert_int_equal(psp_refusals_excess(refusals, 70001), 9);
    psp_refusals_forget(refusals, 9);
    add(refusals, 9, 70001, PSP_INVALID); /* three: more than 70000 */
    assert_int_equal(psp_refusals_excess(refusals, 70001), 70001);
    psp_refusals_destroy(&refusals);
}

static void closed_ones_are_never_forgotten_and_have_their_own_budget(void **state)
{
    (void)state;
    struct psp_refusals *refusals = make(2, 2, 3, 2);
    assert_true(psp_refusals_closed_room(refusals, 1));
    add(refusals, 1, 1, PSP_CLOSED);
    assert_true(psp_refusals_closed_room(refusals, 1));
    add(refusals, 2, 1, PSP_CLOSED);
    assert_false(psp_refusals_closed_room(refusals, 1)); /* its own number */
    assert_true(psp_refusals_closed_room(refusals, 2));
    add(refusals, 3, 2, PSP_CLOSED);
    assert_false(psp_refusals_closed_room(refusals, 2)); /* the total */
    assert_false(psp_refusals_closed_room(refusals, 77777));
    add(refusals, 4, 1, PSP_INVALID);
    add(refusals, 5, 1, PSP_INVALID);
    assert_int_equal(psp_refusals_excess(refusals, 1), PSP_NONE); /* closed ones do not count */
    add(refusals, 6, 1, PSP_INVALID);
    assert_int_equal(psp_refusals_excess(refusals, 1), 1);
    psp_refusals_forget(refusals, 1);
    assert_int_equal(find(refusals, 4), 0);
    assert_int_equal(find(refusals, 1), PSP_CLOSED);
    assert_int_equal(find(refusals, 2), PSP_CLOSED);
    assert_int_equal(psp_refusals_closed(refusals, 1), 2);
    assert_int_equal(psp_refusals_count(refusals), 5);
    assert_true(psp_refusals_within_limits(refusals, 1));
    assert_true(psp_refusals_within_limits(refusals, 77777));
    add(refusals, 7, 2, PSP_CLOSED);
    assert_false(psp_refusals_within_limits(refusals, 2)); /* the total */
    psp_refusals_destroy(&refusals);
}

static void what_churns_takes_no_more_room(void **state)
{
    (void)state;
    struct psp_refusals *refusals = make(1000, 50, 10, 10);
    uint64_t after_first = 0;
    for (uint64_t number = 0; number < 200000; number++) {
        add(refusals, number, 4, PSP_INVALID);
        const uint32_t station = psp_refusals_excess(refusals, 4);
        if (station != PSP_NONE)
            psp_refusals_forget(refusals, station);
        if (number == 60)
            after_first = psp_refusals_memory_bytes(refusals);
    }
    assert_int_equal(psp_refusals_count(refusals), 50);
    assert_int_equal(psp_refusals_memory_bytes(refusals), after_first);
    for (uint64_t number = 0; number < 200000; number++)
        assert_int_equal(find(refusals, number), number < 199950 ? 0 : PSP_INVALID);
    psp_refusals_destroy(&refusals);
}

/* ---- against a list ---- */

enum { LIST = 400, STATIONS = 5 };

struct item {
    uint64_t number;
    uint32_t station;
    enum psp_disposition disposition;
};

static uint64_t random_state;
static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)((random_state >> 33) % n);
}

static void forget_first(struct item *list, uint32_t *n, uint32_t station)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (list[i].station != station || list[i].disposition == PSP_CLOSED)
            continue;
        memmove(list + i, list + i + 1, (*n - i - 1) * sizeof *list);
        (*n)--;
        return;
    }
    fail();
}

/* Ballots that all want one of a few places: what is taken out stands between others. */
static void run_against_a_list(uint64_t seed, uint64_t spread)
{
    random_state = seed;
    struct psp_refusals *refusals = make(30, 12, 20, 8);
    struct item list[LIST] = {{0}};
    uint32_t n = 0;
    for (uint64_t step = 0; step < 5000; step++) {
        const uint64_t number = below(120);
        const struct ballot ballot = ballot_of(number, spread);
        uint8_t expected = 0;
        for (uint32_t i = 0; i < n; i++)
            expected = list[i].number == number ? (uint8_t)list[i].disposition : expected;
        assert_int_equal(psp_refusals_find(refusals, ballot.digest, ballot.tag), expected);
        const struct item item = {number, 1 + below(STATIONS),
                                  (enum psp_disposition)(PSP_DOUBLE_VOTE + below(4))};
        if (expected != 0 ||
            (item.disposition == PSP_CLOSED && !psp_refusals_closed_room(refusals, item.station)))
            continue;
        const struct psp_refusal refusal = {ballot.digest, ballot.tag, item.disposition,
                                            item.station};
        assert_int_equal(psp_refusals_add(refusals, &refusal), PSP_OK);
        list[n++] = item;
        uint32_t numbers[STATIONS + 1] = {0}, total = 0, most = 1;
        for (uint32_t i = 0; i < n; i++) {
            numbers[list[i].station] += list[i].disposition != PSP_CLOSED;
            total += list[i].disposition != PSP_CLOSED;
        }
        for (uint32_t station = 2; station <= STATIONS; station++)
            most = numbers[station] > numbers[most] ? station : most;
        const uint32_t victim =
            numbers[item.station] > 12 ? item.station : (total > 30 ? most : PSP_NONE);
        assert_int_equal(psp_refusals_excess(refusals, item.station), victim);
        if (victim != PSP_NONE) {
            psp_refusals_forget(refusals, victim);
            forget_first(list, &n, victim);
        }
        assert_int_equal(psp_refusals_count(refusals), n);
        psp_refusals_check(refusals);
    }
    psp_refusals_destroy(&refusals);
}

static void it_finds_and_forgets_what_a_list_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        run_against_a_list(seed, seed % 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_29_bytes_both_ways),
        cmocka_unit_test(a_station_past_its_number_gives_up_its_own_oldest),
        cmocka_unit_test(past_the_total_the_station_with_most_gives_up_ties_to_the_lowest_number),
        cmocka_unit_test(closed_ones_are_never_forgotten_and_have_their_own_budget),
        cmocka_unit_test(what_churns_takes_no_more_room),
        cmocka_unit_test(it_finds_and_forgets_what_a_list_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
