/* Marks in their canonical form, and the checks of columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"
#include "election/ballot.h"

#define M(...) ((uint8_t[]){__VA_ARGS__})

/* Exactly as long as it says, so that a read past the end is seen. */
static size_t length_of(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n > 0 ? n : 1);
    memcpy(exact, bytes, n);
    const size_t length = psp_marks_length(exact, n);
    free(exact);
    return length;
}

static void marks_are_written_in_order_whatever_order_they_come_in(void **state)
{
    (void)state;
    struct psp_mark marks[] = {{5, 2}, {1, 300}, {5, 0}};
    uint8_t bytes[64];
    size_t length = 0;
    assert_int_equal(psp_marks_encode(marks, 3, bytes, sizeof bytes, &length), PSP_OK);
    /* Two contests: 1 with choice 300 (0xAC 0x02), 5 with choices 0 and 2. */
    const uint8_t expected[] = {2, 1, 1, 0xAC, 0x02, 5, 2, 0, 2};
    assert_int_equal(length, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(length_of(bytes, length), length);
}

static void many_marks_are_sorted_as_few_are(void **state)
{
    (void)state;
    struct psp_mark marks[100];
    uint8_t bytes[512];
    size_t length = 0;
    for (uint32_t i = 0; i < 100; i++)
        marks[i] = (struct psp_mark){(99 - i) / 2, (99 - i) % 2};
    assert_int_equal(psp_marks_encode(marks, 100, bytes, sizeof bytes, &length), PSP_OK);
    /* 50 contests of two choices: one byte, then (contest, 2, 0, 1) each. */
    assert_int_equal(length, 1 + 50 * 4);
    for (uint8_t i = 0; i < 50; i++)
        assert_memory_equal(bytes + 1 + 4 * i, M(i, 2, 0, 1), 4);
}

static void repeats_and_strangers_are_kept(void **state)
{
    (void)state;
    struct psp_mark marks[] = {{PSP_NONE, PSP_NONE}, {0, 1}, {0, 1}};
    uint8_t bytes[64];
    size_t length = 0;
    assert_int_equal(psp_marks_encode(marks, 3, bytes, sizeof bytes, &length), PSP_OK);
    const uint8_t expected[] = {2,    0,    2, 1,    1,    0xFF, 0xFF, 0xFF,
                                0xFF, 0x0F, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    assert_int_equal(length, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(length_of(bytes, length), length);
}

static void a_ballot_without_marks_is_one_byte(void **state)
{
    (void)state;
    uint8_t bytes[1];
    size_t length = 0;
    assert_int_equal(psp_marks_encode(NULL, 0, bytes, 1, &length), PSP_OK);
    assert_int_equal(length, 1);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(psp_marks_encode(NULL, 0, bytes, 0, &length), PSP_EINVAL);
}

static void limits_of_marks_are_kept(void **state)
{
    (void)state;
    static struct psp_mark marks[PSP_MARKED_CONTESTS_MAX + 1];
    static uint8_t bytes[2 * PSP_MARKS_BYTES_MAX];
    size_t length = 77;
    for (uint32_t i = 0; i <= PSP_MARKED_CONTESTS_MAX; i++)
        marks[i] = (struct psp_mark){i, 0};
    assert_int_equal(
        psp_marks_encode(marks, PSP_MARKED_CONTESTS_MAX + 1, bytes, sizeof bytes, &length),
        PSP_EINVAL);
    assert_int_equal(length, 77);
    assert_int_equal(psp_marks_encode(marks, PSP_MARKED_CONTESTS_MAX, bytes, sizeof bytes, &length),
                     PSP_OK);
    for (uint32_t i = 0; i <= PSP_MARKED_CHOICES_MAX; i++)
        marks[i] = (struct psp_mark){0, i};
    assert_int_equal(
        psp_marks_encode(marks, PSP_MARKED_CHOICES_MAX + 1, bytes, sizeof bytes, &length),
        PSP_EINVAL);
    assert_int_equal(psp_marks_encode(marks, PSP_MARKED_CHOICES_MAX, bytes, sizeof bytes, &length),
                     PSP_OK);
    assert_int_equal(psp_marks_encode(marks, 3, bytes, 4, &length), PSP_EINVAL);
    /* 1,024 contests of three five-byte choices: 1,024 * (2 + 1 + 15) is over 8,192. */
    static struct psp_mark large[PSP_MARKED_CONTESTS_MAX * 3];
    for (uint32_t i = 0; i < PSP_MARKED_CONTESTS_MAX * 3; i++)
        large[i] = (struct psp_mark){i / 3, PSP_NONE};
    assert_int_equal(
        psp_marks_encode(large, PSP_MARKED_CONTESTS_MAX * 3, bytes, sizeof bytes, &length),
        PSP_EINVAL);
}

static void marks_that_are_not_canonical_have_no_length(void **state)
{
    (void)state;
    assert_int_equal(length_of(M(0), 1), 1);
    assert_int_equal(length_of(M(1, 4, 2, 0, 0), 5), 5);       /* a repeated choice has the shape */
    assert_int_equal(length_of(M(2, 4, 1, 0, 4, 1, 0), 7), 7); /* so has a repeated contest */
    assert_int_equal(length_of(M(1, 4, 1, 0, 9, 9), 6), 4);    /* what follows is the next ballot */
    assert_int_equal(length_of(M(0), 0), 0);
    assert_int_equal(length_of(M(1), 1), 0);
    assert_int_equal(length_of(M(1, 4), 2), 0);
    assert_int_equal(length_of(M(1, 4, 2, 0), 4), 0);
    assert_int_equal(length_of(M(1, 4, 0), 3), 0);             /* a contest without choices */
    assert_int_equal(length_of(M(1, 4, 2, 1, 0), 5), 0);       /* choices descending */
    assert_int_equal(length_of(M(2, 4, 1, 0, 3, 1, 0), 7), 0); /* contests descending */
    assert_int_equal(length_of(M(0x81, 0, 4, 1, 0), 5), 0);    /* not the shortest varint */
    assert_int_equal(length_of(M(1, 4, 1, 0x80, 0), 5), 0);
    assert_int_equal(length_of(M(1, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 1, 0), 8), 0); /* 33 bits */
    assert_int_equal(length_of(M(0x81, 0x08), 2), 0);       /* 1,025 contests */
    assert_int_equal(length_of(M(1, 0, 0x81, 0x02), 4), 0); /* 257 choices */
}

static void client_columns_are_checked(void **state)
{
    (void)state;
    const char *reason = NULL;
    struct psp_client_columns columns = {.n = 2,
                                         .voter_lengths = M(3, 1),
                                         .voter_ids = M('a', 'b', 'c', 'd'),
                                         .voter_bytes = 4,
                                         .marks = M(0, 1, 4, 1, 0),
                                         .marks_bytes = 5};
    uint16_t lengths[2] = {0};
    assert_int_equal(psp_client_columns_check(&columns, lengths, &reason), PSP_OK);
    assert_int_equal(lengths[0], 1);
    assert_int_equal(lengths[1], 4);
    columns.voter_bytes = 5;
    assert_int_equal(psp_client_columns_check(&columns, lengths, &reason), PSP_EINVAL);
    assert_string_equal(reason, "the voter IDs' lengths do not add up to their bytes");
    columns.voter_bytes = 4;
    columns.voter_lengths = M(4, 0);
    assert_int_equal(psp_client_columns_check(&columns, lengths, &reason), PSP_EINVAL);
    assert_string_equal(reason, "a voter ID is empty");
    columns.voter_lengths = M(3, 1);
    columns.marks_bytes = 4;
    assert_int_equal(psp_client_columns_check(&columns, lengths, &reason), PSP_EINVAL);
    columns.n = PSP_BATCH_ROWS_MAX + 1;
    assert_int_equal(psp_client_columns_check(&columns, lengths, &reason), PSP_EINVAL);
    assert_string_equal(reason, "more than 8192 ballots in one batch");
}

static void count_columns_are_checked(void **state)
{
    (void)state;
    const char *reason = NULL;
    struct psp_count_columns columns = {.n = 2, .marks = M(0, 1, 4, 1, 0), .marks_bytes = 5};
    assert_int_equal(psp_count_columns_check(&columns, &reason), PSP_OK);
    columns.n = 1;
    assert_int_equal(psp_count_columns_check(&columns, &reason), PSP_EINVAL);
    assert_string_equal(reason, "marks go on after the last ballot");
    columns.n = 3;
    assert_int_equal(psp_count_columns_check(&columns, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason, "truncated"));
    columns.n = PSP_BATCH_ROWS_MAX + 1;
    assert_int_equal(psp_count_columns_check(&columns, &reason), PSP_EINVAL);
}

static void integers_are_little_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];
    psp_put64(bytes, UINT64_C(0x0807060504030201));
    assert_memory_equal(bytes, M(1, 2, 3, 4, 5, 6, 7, 8), 8);
    assert_true(psp_get64(bytes) == UINT64_C(0x0807060504030201));
    psp_put32(bytes, 0xFFFFFFFE);
    assert_int_equal(psp_get32(bytes), 0xFFFFFFFE);
    uint32_t value = 0;
    assert_int_equal(psp_varint_write(bytes, PSP_NONE), 5);
    assert_int_equal(psp_varint_read(bytes, 5, &value), 5);
    assert_int_equal(value, PSP_NONE);
    assert_int_equal(psp_varint_read(bytes, 4, &value), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_written_in_order_whatever_order_they_come_in),
        cmocka_unit_test(many_marks_are_sorted_as_few_are),
        cmocka_unit_test(repeats_and_strangers_are_kept),
        cmocka_unit_test(a_ballot_without_marks_is_one_byte),
        cmocka_unit_test(limits_of_marks_are_kept),
        cmocka_unit_test(marks_that_are_not_canonical_have_no_length),
        cmocka_unit_test(client_columns_are_checked),
        cmocka_unit_test(count_columns_are_checked),
        cmocka_unit_test(integers_are_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
