/* A station's counters: what balances, and both ways of writing them down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "election/station_books.h"

/* Counters 1 to 8 are 1, 2, ... 8, but received is their sum. */
static struct psp_station_books some_books(void)
{
    struct psp_station_books books = {.received = 27, .forgotten = 8};
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        books.disposed[i] = (uint64_t)i + 1; /* 2 + 3 + 4 + 5 + 6 + 7 */
    return books;
}

/* promise 3 */
static void a_station_balances_only_when_all_places_agree(void **state)
{
    (void)state;
    struct psp_station_books books = some_books();
    assert_true(psp_station_books_balanced(&books));
    assert_int_equal(psp_station_books_forgettable(&books), 4 + 5 + 6); /* closed is not */
    books.forgotten = 15;
    assert_true(psp_station_books_balanced(&books));
    books.forgotten = 16;
    assert_false(psp_station_books_balanced(&books));
    for (unsigned counter = 0; counter < PSP_STATION_COUNTERS - 1; counter++) {
        books = some_books();
        psp_station_books_set(&books, counter, psp_station_books_get(&books, counter) + 1);
        assert_false(psp_station_books_balanced(&books));
    }
}

static void a_sum_agrees_with_the_shards_books_whatever_is_forgotten(void **state)
{
    (void)state;
    struct psp_station_books sum = some_books();
    struct psp_station_books one = {.received = 1, .forgotten = 1};
    one.disposed[PSP_CLOSED] = 1;
    psp_station_books_add(&sum, &one);
    assert_int_equal(sum.forgotten, 9);
    struct psp_books books = {.received = 28, .added_ballots = 2, .voters_counted = 2};
    for (int i = PSP_COUNTED; i < PSP_DISPOSITIONS_END; i++)
        books.disposed[i] = (uint64_t)i + 1;
    assert_false(psp_station_books_agree(&sum, &books));
    books.disposed[PSP_CLOSED]++;
    assert_true(psp_station_books_agree(&sum, &books));
    books.received++;
    assert_false(psp_station_books_agree(&sum, &books));
}

static void the_store_keeps_64_bytes_in_the_order_of_the_table(void **state)
{
    (void)state;
    const struct psp_station_books books = some_books();
    uint8_t bytes[PSP_STATION_BOOKS_BYTES];
    assert_int_equal(sizeof bytes, 64);
    psp_station_books_pack(&books, bytes);
    static const uint8_t expected[8] = {27, 2, 3, 4, 5, 6, 7, 8};
    for (int i = 0; i < 8; i++)
        assert_int_equal(psp_get64(bytes + 8 * i), expected[i]);
    struct psp_station_books back;
    psp_station_books_unpack(bytes, &back);
    assert_memory_equal(&back, &books, sizeof books);
}

static void stations_are_encoded_by_gaps_and_read_back(void **state)
{
    (void)state;
    struct psp_station_books books = some_books(), back;
    books.received = UINT64_MAX;
    uint8_t bytes[3 * PSP_STATION_ENCODED_MAX];
    size_t length = psp_station_books_encode(0, 0, &books, bytes);
    assert_int_equal(bytes[0], 0);
    const size_t first = length;
    length += psp_station_books_encode(1, 1, &books, bytes + length);
    assert_int_equal(bytes[first], 0); /* the very next */
    length += psp_station_books_encode(2, 100000, &books, bytes + length);
    struct psp_bytes rest = {bytes, length};
    uint32_t next = 0, number = 77;
    static const uint32_t numbers[] = {0, 1, 100000};
    for (int i = 0; i < 3; i++) {
        assert_true(psp_station_books_decode(&rest, &next, 100000, &number, &back));
        assert_int_equal(number, numbers[i]);
        assert_memory_equal(&back, &books, sizeof books);
    }
    assert_int_equal(rest.length, 0);
    assert_false(psp_station_books_decode(&rest, &next, 100000, &number, &back));
    rest = (struct psp_bytes){bytes, length}; /* one too high, and every length cut short */
    next = 0;
    assert_true(psp_station_books_decode(&rest, &next, 99999, &number, &back));
    assert_true(psp_station_books_decode(&rest, &next, 99999, &number, &back));
    assert_false(psp_station_books_decode(&rest, &next, 99999, &number, &back));
    for (size_t cut = 0; cut < first; cut++) {
        rest = (struct psp_bytes){bytes, cut};
        next = 0;
        assert_false(psp_station_books_decode(&rest, &next, 100000, &number, &back));
        assert_int_equal(next, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_station_balances_only_when_all_places_agree),
        cmocka_unit_test(a_sum_agrees_with_the_shards_books_whatever_is_forgotten),
        cmocka_unit_test(the_store_keeps_64_bytes_in_the_order_of_the_table),
        cmocka_unit_test(stations_are_encoded_by_gaps_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
