/* A report's leaves and bytes, worked out by hand; and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes/bytes.h"
#include "wire/message/report.h"

#define BYTES(...)                                                                                 \
    (struct psp_bytes)                                                                             \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }

/* Leaves 0, 1, 5 and 300. */
static const uint8_t leaves_bytes[] = {0, 0, 3, 0xA6, 2};
#define LEAVES ((struct psp_bytes){leaves_bytes, sizeof leaves_bytes})

static void leaves_are_gaps_in_ascending_order(void **state)
{
    (void)state;
    static const uint32_t expected[] = {0, 1, 5, 300};
    uint8_t bytes[16];
    size_t n = 0;
    struct psp_bytes leaves = LEAVES;
    uint32_t next = 0, leaf = 0, after = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_true(psp_leaf_next(&leaves, &next, 301, &leaf));
        assert_int_equal(leaf, expected[i]);
        n += psp_leaf_put(after, expected[i], bytes + n);
        after = expected[i] + 1;
    }
    assert_int_equal(leaves.length, 0);
    assert_int_equal(n, sizeof leaves_bytes);
    assert_memory_equal(bytes, leaves_bytes, n);
    assert_false(psp_leaf_next(&leaves, &next, 400, &leaf)); /* none is left */
}

static void expect_no_leaf(struct psp_bytes bytes, uint32_t next, uint32_t leaf_count)
{
    uint32_t leaf = 77, after = next;
    const struct psp_bytes before = bytes;
    assert_false(psp_leaf_next(&bytes, &after, leaf_count, &leaf));
    assert_int_equal(leaf, 77);
    assert_int_equal(after, next);
    assert_ptr_equal(bytes.data, before.data);
    assert_int_equal(bytes.length, before.length);
}

static void a_leaf_that_the_election_does_not_have_is_none(void **state)
{
    (void)state;
    expect_no_leaf(BYTES(3), 0, 3);
    expect_no_leaf(BYTES(0), 3, 3);                            /* after the last one */
    expect_no_leaf(BYTES(0xFF, 0xFF, 0xFF, 0xFF, 0x0F), 2, 9); /* would wrap */
    expect_no_leaf(BYTES(0x81), 0, 1000);                      /* truncated */
    expect_no_leaf(BYTES(0x81, 0x00), 0, 1000);                /* not the shortest */
}

static const struct psp_report some = {.number = 300, .final = PSP_FINAL_NO, .again = true};

static void the_bytes_of_a_report_are_those_of_its_message(void **state)
{
    (void)state;
    const uint8_t expected[] = {0x08, 0xAC, 2, 0x12, 5, 0, 0, 3, 0xA6, 2, 0x18, 2, 0x20, 1};
    struct psp_report report = some, back;
    report.leaves = LEAVES;
    uint8_t bytes[32] = {0};
    assert_int_equal(psp_report_encode(&report, bytes, sizeof expected - 1), sizeof expected);
    assert_int_equal(bytes[0], 0); /* too small: nothing is written */
    assert_int_equal(psp_report_encode(&report, bytes, sizeof bytes), sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_null(psp_report_decode((struct psp_bytes){bytes, sizeof expected}, &back));
    assert_int_equal(back.number, 300);
    assert_int_equal(back.final, PSP_FINAL_NO);
    assert_true(back.again);
    assert_int_equal(back.leaves.length, 5);
    assert_ptr_equal(back.leaves.data, bytes + 5);
    report.again = false;
    assert_int_equal(psp_report_encode(&report, bytes, sizeof bytes), sizeof expected - 2);
    assert_null(psp_report_decode((struct psp_bytes){bytes, sizeof expected - 2}, &back));
    assert_false(back.again);
}

/* What a log entry carries is the same bytes: after its time, in a field of its own. */
static void a_log_entry_carries_the_same_bytes(void **state)
{
    (void)state;
    struct psp_entry entry = {.type = PSP_ENTRY_REPORT, .time_ms = 1, .report = some};
    entry.report.leaves = LEAVES;
    struct psp_buffer buffer = {0};
    assert_int_equal(psp_entry_encode(&entry, &buffer), PSP_OK);
    uint8_t bytes[32];
    const size_t n = psp_report_encode(&entry.report, bytes, sizeof bytes);
    assert_int_equal(buffer.length, 4 + 2 + n);
    assert_memory_equal(buffer.data + 6, bytes, n);
    psp_buffer_free(&buffer);
}

static void other_spellings_are_not_the_bytes_of_a_report(void **state)
{
    (void)state;
    const struct psp_bytes wrong[] = {
        BYTES(0),
        BYTES(0x12, 1, 0, 0x18, 1),                         /* no number */
        BYTES(0x08, 1, 0x18, 1),                            /* no leaves */
        BYTES(0x08, 1, 0x12, 1, 0),                         /* final or not? */
        BYTES(0x08, 0, 0x12, 1, 0, 0x18, 1),                /* a zero written out */
        BYTES(0x08, 0x81, 0, 0x12, 1, 0, 0x18, 1),          /* a longer number than needed */
        BYTES(0x12, 1, 0, 0x08, 1, 0x18, 1),                /* out of order */
        BYTES(0x08, 1, 0x12, 9, 0, 0x18, 1),                /* leaves past the end */
        BYTES(0x08, 1, 0x12, 1, 0, 0x18, 4),                /* an unknown word */
        BYTES(0x08, 1, 0x12, 1, 0, 0x18, 1, 0x20, 2),       /* not yes or no */
        BYTES(0x08, 1, 0x12, 1, 0, 0x18, 1, 0x20, 0),       /* a no written out */
        BYTES(0x08, 1, 0x12, 1, 0, 0x18, 1, 0x28, 1),       /* a field more */
        BYTES(0x08, 1, 0x12, 2, 0x80, 0, 0x18, 1),          /* a gap not the shortest */
        BYTES(0x08, 1, 0x12, 3, 0x80, 0x80, 0x40, 0x18, 1), /* leaf 1,048,576 */
    };
    struct psp_report report = {.number = 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_non_null(psp_report_decode(wrong[i], &report));
        assert_int_equal(report.number, 7);
    }
    assert_non_null(psp_report_decode((struct psp_bytes){0}, &report));
    const struct psp_bytes last = BYTES(0x08, 1, 0x12, 3, 0xFF, 0xFF, 0x3F, 0x18, 1);
    assert_null(psp_report_decode(last, &report));
}

static void a_report_must_fit_the_election(void **state)
{
    (void)state;
    struct psp_report report = some;
    report.leaves = LEAVES;
    assert_null(psp_report_fault(&report, 301));
    assert_non_null(psp_report_fault(&report, 300));
    report.leaves.length = 0;
    assert_non_null(psp_report_fault(&report, 301));
    report.leaves = LEAVES;
    report.number = 0;
    assert_non_null(psp_report_fault(&report, 301));
    report.number = (uint64_t)INT64_MAX; /* what readers of JSON take */
    assert_null(psp_report_fault(&report, 301));
    report.number++;
    assert_non_null(psp_report_fault(&report, 301));
    report.number = 1;
    report.final = (enum psp_report_final)0;
    assert_non_null(psp_report_fault(&report, 301));
}

static void what_is_told_of_leaves_comes_back(void **state)
{
    (void)state;
    const struct psp_leaf_report reports[] = {{3, 40, 1000, true}, {2, 30, 999, false}};
    uint8_t bytes[2 * PSP_LEAF_REPORT_BYTES_MAX];
    size_t n = psp_leaf_report_put(0, 2, &reports[0], bytes);
    n += psp_leaf_report_put(3, 9, &reports[1], bytes + n);
    const uint8_t expected[] = {2, 3, 40, 0xE8, 7, 1, 6, 2, 30, 0xE7, 7, 0};
    assert_int_equal(n, sizeof expected);
    assert_memory_equal(bytes, expected, n);
    struct psp_bytes rest = {bytes, n};
    uint32_t next = 0, leaf;
    struct psp_leaf_report back;
    assert_true(psp_leaf_report_next(&rest, &next, 10, &leaf, &back));
    assert_int_equal(leaf, 2);
    assert_true(back.number == 3 && back.index == 40 && back.time_ms == 1000 && back.final);
    assert_true(psp_leaf_report_next(&rest, &next, 10, &leaf, &back));
    assert_int_equal(leaf, 9);
    assert_true(back.number == 2 && back.index == 30 && back.time_ms == 999 && !back.final);
    assert_int_equal(rest.length, 0);

    n = psp_leaf_ballots_put(0, 2, 300, bytes);
    assert_int_equal(n, 3);
    uint64_t ballots;
    rest = (struct psp_bytes){bytes, n};
    next = 0;
    assert_true(psp_leaf_ballots_next(&rest, &next, 3, &leaf, &ballots));
    assert_int_equal(leaf, 2);
    assert_int_equal(ballots, 300);
    assert_int_equal(next, 3);
}

static void what_lies_about_leaves_is_refused(void **state)
{
    (void)state;
    const struct psp_bytes wrong[] = {
        BYTES(2, 0, 40, 1, 1),
        BYTES(2, 3, 0, 1, 1),
        BYTES(2, 3, 40, 1, 2),
        BYTES(2, 3, 40, 1),
        BYTES(9, 3, 40, 1, 1),
        BYTES(2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 40, 1, 1), /* 2^63 */
    };
    struct psp_leaf_report report;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct psp_bytes rest = wrong[i];
        uint32_t next = 0, leaf = 77;
        assert_false(psp_leaf_report_next(&rest, &next, 9, &leaf, &report));
        assert_true(next == 0 && leaf == 77 && rest.length == wrong[i].length);
    }
    struct psp_bytes rest = BYTES(2);
    uint32_t next = 0, leaf = 77;
    uint64_t ballots;
    assert_false(psp_leaf_ballots_next(&rest, &next, 9, &leaf, &ballots));
    assert_true(next == 0 && leaf == 77 && rest.length == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_are_gaps_in_ascending_order),
        cmocka_unit_test(a_leaf_that_the_election_does_not_have_is_none),
        cmocka_unit_test(the_bytes_of_a_report_are_those_of_its_message),
        cmocka_unit_test(a_log_entry_carries_the_same_bytes),
        cmocka_unit_test(other_spellings_are_not_the_bytes_of_a_report),
        cmocka_unit_test(a_report_must_fit_the_election),
        cmocka_unit_test(what_is_told_of_leaves_comes_back),
        cmocka_unit_test(what_lies_about_leaves_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
