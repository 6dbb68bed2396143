/* Verdict bytes and the books. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "election/books.h"

static void verdict_keeps_the_first_disposition_of_a_replay(void **state)
{
    (void)state;
    assert_int_equal(psp_verdict_disposition(PSP_DOUBLE_VOTE), PSP_DOUBLE_VOTE);
    assert_int_equal(psp_verdict_first(PSP_DOUBLE_VOTE), PSP_DOUBLE_VOTE);
    const uint8_t replay = psp_verdict_replayed(PSP_NOT_ELIGIBLE);
    assert_int_equal(replay, 0x42);
    assert_int_equal(psp_verdict_disposition(replay), PSP_REPLAYED);
    assert_int_equal(psp_verdict_first(replay), PSP_NOT_ELIGIBLE);
}

static void dispositions_have_the_words_of_the_api(void **state)
{
    (void)state;
    static const char *const words[PSP_DISPOSITIONS_END] = {
        NULL, "counted", "replayed", "double_vote", "not_eligible", "invalid", "closed"};
    for (int i = 1; i < PSP_DISPOSITIONS_END; i++)
        assert_string_equal(psp_disposition_name((enum psp_disposition)i), words[i]);
    assert_null(psp_disposition_name((enum psp_disposition)0));
    assert_null(psp_disposition_name((enum psp_disposition)15));
}

static struct psp_books some_books(void)
{
    struct psp_books books = {.received = 21, .added_ballots = 6, .voters_counted = 6};
    for (int i = 1; i < PSP_DISPOSITIONS_END; i++)
        books.disposed[i] = (uint64_t)(7 - i); /* 6 + 5 + 4 + 3 + 2 + 1 = 21 */
    return books;
}

/* promise 3 */
static void books_balance_only_when_all_places_agree(void **state)
{
    (void)state;
    const struct psp_books good = some_books();
    assert_true(psp_books_balanced(&good));
    assert_true(psp_books_balanced(&(struct psp_books){0}));
    struct psp_books books = good;
    books.received++;
    assert_false(psp_books_balanced(&books));
    books = good;
    books.added_ballots++;
    assert_false(psp_books_balanced(&books));
    books = good;
    books.voters_counted--;
    assert_false(psp_books_balanced(&books));
    for (int i = 1; i < PSP_DISPOSITIONS_END; i++) {
        books = good;
        books.disposed[i]++;
        assert_false(psp_books_balanced(&books));
    }
}

static void books_add_field_by_field(void **state)
{
    (void)state;
    struct psp_books sum = some_books();
    const struct psp_books more = some_books();
    psp_books_add(&sum, &more);
    assert_int_equal(sum.received, 42);
    assert_int_equal(sum.disposed[PSP_COUNTED], 12);
    assert_int_equal(sum.disposed[PSP_CLOSED], 2);
    assert_int_equal(sum.added_ballots, 12);
    assert_int_equal(sum.voters_counted, 12);
    assert_true(psp_books_balanced(&sum));
}

/* docs/storage.md: eight bytes each, received, the dispositions, added, voters. */
static void books_lie_in_a_store_in_the_order_of_its_document(void **state)
{
    (void)state;
    static const uint8_t order[] = {21, 6, 5, 4, 3, 2, 1, 7, 8};
    struct psp_books books = some_books();
    books.added_ballots = 7;
    books.voters_counted = 8;
    uint8_t bytes[PSP_BOOKS_BYTES];
    psp_books_pack(&books, bytes);
    assert_int_equal(sizeof bytes, 8 * sizeof order);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], i % 8 == 0 ? order[i / 8] : 0);
    struct psp_books again = {0};
    psp_books_unpack(bytes, &again);
    assert_true(psp_books_same(&books, &again));
}

static void every_counter_has_its_word_and_its_place(void **state)
{
    (void)state;
    static const char *const words[] = {"received",    "counted",       "replayed",
                                        "double_vote", "not_eligible",  "invalid",
                                        "closed",      "added_ballots", "voters_counted"};
    assert_int_equal(PSP_BOOKS_COUNTERS, sizeof words / sizeof *words);
    struct psp_books books = {0};
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++) {
        assert_string_equal(psp_books_name(i), words[i]);
        psp_books_set(&books, i, 100 + i);
    }
    assert_int_equal(books.received, 100);
    assert_int_equal(books.disposed[PSP_COUNTED], 101);
    assert_int_equal(books.disposed[PSP_CLOSED], 106);
    assert_int_equal(books.added_ballots, 107);
    assert_int_equal(books.voters_counted, 108);
    assert_int_equal(psp_books_get(&books, 3), 103);
}

static void one_counter_is_enough_to_differ_or_to_go_down(void **state)
{
    (void)state;
    const struct psp_books before = some_books();
    assert_true(psp_books_same(&before, &before));
    assert_false(psp_books_went_down(&before, &before));
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++) {
        struct psp_books now = before;
        psp_books_set(&now, i, psp_books_get(&before, i) - 1);
        assert_false(psp_books_same(&before, &now));
        assert_true(psp_books_went_down(&before, &now));
        assert_false(psp_books_went_down(&now, &before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_keeps_the_first_disposition_of_a_replay),
        cmocka_unit_test(dispositions_have_the_words_of_the_api),
        cmocka_unit_test(books_balance_only_when_all_places_agree),
        cmocka_unit_test(books_add_field_by_field),
        cmocka_unit_test(books_lie_in_a_store_in_the_order_of_its_document),
        cmocka_unit_test(every_counter_has_its_word_and_its_place),
        cmocka_unit_test(one_counter_is_enough_to_differ_or_to_go_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
