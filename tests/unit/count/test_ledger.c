/* Books by station: who is booked what, what changed since an index, and their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "count/ledger.h"

static struct psp_station_books books_of(uint64_t received, uint64_t invalid)
{
    struct psp_station_books books = {.received = received};
    books.disposed[PSP_COUNTED] = received - invalid;
    books.disposed[PSP_INVALID] = invalid;
    return books;
}

static void book(struct psp_ledger *stations, uint32_t number, uint64_t index,
                 const struct psp_station_books *add)
{
    assert_int_equal(psp_ledger_reach(stations, number), PSP_OK);
    psp_ledger_book(stations, number, index, add);
}

static struct psp_ledger *three_stations(void)
{
    struct psp_ledger *stations = NULL;
    const struct psp_station_books one = books_of(3, 1), other = books_of(500, 0);
    assert_int_equal(psp_ledger_create(&stations), PSP_OK);
    book(stations, 70, 4, &one);
    book(stations, PSP_STATIONS_MAX, 5, &other);
    book(stations, 1, 6, &one);
    book(stations, 70, 7, &one);
    return stations;
}

static void each_station_has_its_books_and_the_sum_is_theirs(void **state)
{
    (void)state;
    struct psp_ledger *stations = three_stations();
    assert_int_equal(psp_ledger_count(stations), 3);
    assert_int_equal(psp_ledger_of(stations, 70)->received, 6);
    assert_int_equal(psp_ledger_of(stations, 70)->disposed[PSP_INVALID], 2);
    assert_int_equal(psp_ledger_of(stations, 1)->received, 3);
    assert_null(psp_ledger_of(stations, 2));
    assert_null(psp_ledger_of(stations, PSP_STATIONS_MAX + 1));
    assert_int_equal(psp_ledger_sum(stations)->received, 509);
    assert_int_equal(psp_ledger_sum(stations)->disposed[PSP_INVALID], 3);
    uint32_t number;
    psp_ledger_at(stations, 1, &number);
    assert_int_equal(number, PSP_STATIONS_MAX);
    const struct psp_station_books replaced = books_of(10, 0);
    psp_ledger_restore(stations, 70, 9, &replaced);
    assert_int_equal(psp_ledger_of(stations, 70)->received, 10);
    assert_int_equal(psp_ledger_sum(stations)->received, 513);
    assert_int_equal(psp_ledger_sum(stations)->disposed[PSP_INVALID], 1);
    psp_ledger_check(stations);
    psp_ledger_destroy(&stations);
    assert_null(stations);
}

static void what_changed_after_an_index_is_encoded_by_number(void **state)
{
    (void)state;
    struct psp_ledger *stations = three_stations();
    uint8_t bytes[64] = {0};
    /* number 1: gap 1; then number 70: gap 68. Counters: received, counted, replayed,
     * double_vote, not_eligible, invalid, closed, forgotten. */
    static const uint8_t expected[] = {1,  3, 2, 0, 0, 0, 1, 0, 0, /* */
                                       68, 6, 4, 0, 0, 0, 2, 0, 0};
    assert_int_equal(psp_ledger_encode_since(stations, 5, NULL, 0), sizeof expected);
    assert_int_equal(psp_ledger_encode_since(stations, 5, bytes, sizeof bytes), sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(psp_ledger_encode_since(stations, 6, bytes, sizeof bytes), 9);
    assert_int_equal(bytes[0], 70);
    assert_int_equal(psp_ledger_encode_since(stations, 7, bytes, sizeof bytes), 0);
    memset(bytes, 0, sizeof bytes); /* what does not fit is not begun */
    psp_ledger_encode_since(stations, 5, bytes, 10);
    assert_memory_equal(bytes, expected, 9);
    assert_int_equal(bytes[9], 0);
    psp_ledger_destroy(&stations);
}

static void a_change_is_told_once_until_it_is_settled(void **state)
{
    (void)state;
    struct psp_ledger *stations = three_stations();
    uint32_t n;
    const uint32_t *numbers = psp_ledger_changed(stations, &n);
    assert_int_equal(n, 3);
    assert_int_equal(numbers[0], 70);
    assert_int_equal(numbers[1], PSP_STATIONS_MAX);
    assert_int_equal(numbers[2], 1);
    psp_ledger_settle(stations);
    psp_ledger_changed(stations, &n);
    assert_int_equal(n, 0);
    psp_ledger_check(stations);
    const struct psp_station_books one = books_of(1, 0);
    book(stations, 1, 8, &one);
    numbers = psp_ledger_changed(stations, &n);
    assert_int_equal(n, 1);
    assert_int_equal(numbers[0], 1);
    psp_ledger_destroy(&stations);
}

static void many_stations_are_all_there(void **state)
{
    (void)state;
    struct psp_ledger *stations = NULL;
    assert_int_equal(psp_ledger_create(&stations), PSP_OK);
    for (uint32_t i = 0; i < 5000; i++) {
        const struct psp_station_books one = books_of(i, 0);
        book(stations, 1 + i * 7919 % PSP_STATIONS_MAX, i + 1, &one);
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(psp_ledger_of(stations, 1 + i * 7919 % PSP_STATIONS_MAX)->received, i);
    psp_ledger_check(stations);
    assert_in_range(psp_ledger_memory_bytes(stations), 5000 * 80, 5000 * 400);
    psp_ledger_destroy(&stations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_station_has_its_books_and_the_sum_is_theirs),
        cmocka_unit_test(what_changed_after_an_index_is_encoded_by_number),
        cmocka_unit_test(a_change_is_told_once_until_it_is_settled),
        cmocka_unit_test(many_stations_are_all_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
