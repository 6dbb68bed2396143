/* A column as runs: written, checked and read; no other bytes are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "election/runs.h"

enum { ROWS_MAX = 8192, MOST = 100000 };

static struct psp_bytes write_all(uint8_t *bytes, const uint32_t *values, uint32_t n)
{
    struct psp_runs_writer writer = {.bytes = bytes};
    for (uint32_t i = 0; i < n; i++)
        psp_runs_add(&writer, values[i], 1);
    return psp_runs_end(&writer);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static uint32_t values[ROWS_MAX];
    static uint8_t bytes[ROWS_MAX * PSP_RUN_BYTES_MAX];
    uint32_t random = 7;
    for (unsigned kind = 0; kind < 64; kind++) {
        const uint32_t n = 1 + (kind * 131) % ROWS_MAX;
        for (uint32_t i = 0; i < n; i++) {
            random = random * 1664525 + 1013904223;
            const bool turn = i == 0 || random >> 16 < kind << 10;
            values[i] = turn ? (random >> 8) % (MOST + 1) : values[i - 1];
        }
        const struct psp_bytes runs = write_all(bytes, values, n);
        uint8_t *exact = malloc(runs.length);
        assert_non_null(exact);
        memcpy(exact, runs.data, runs.length);
        const struct psp_bytes copy = {exact, runs.length};
        assert_true(psp_runs_check(copy, n, 0, MOST));
        assert_false(psp_runs_check(copy, n + 1, 0, MOST));
        assert_false(psp_runs_check(copy, n - 1, 0, MOST));
        assert_false(psp_runs_check((struct psp_bytes){exact, runs.length - 1}, n, 0, MOST));
        struct psp_runs_cursor cursor = psp_runs_begin(copy, 99);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(psp_runs_next(&cursor), values[i]);
        free(exact);
    }
}

static void rows_of_one_value_are_one_run(void **state)
{
    (void)state;
    uint8_t bytes[2 * PSP_RUN_BYTES_MAX];
    struct psp_runs_writer writer = {.bytes = bytes};
    psp_runs_add(&writer, 3, 8000);
    psp_runs_add(&writer, 3, 192);
    const struct psp_bytes runs = psp_runs_end(&writer);
    assert_int_equal(runs.length, 3);
    assert_memory_equal(runs.data, ((const uint8_t[]){0x80, 0x40, 3}), 3);
}

static void a_column_that_is_not_there_has_its_meaning(void **state)
{
    (void)state;
    struct psp_runs_cursor cursor = psp_runs_begin((struct psp_bytes){0}, 5);
    for (uint32_t i = 0; i < ROWS_MAX; i++)
        assert_int_equal(psp_runs_next(&cursor), 5);
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        uint8_t bytes[8];
    } bad[] = {
        {0, {0}},                                     /* nothing, for four rows */
        {1, {4}},                                     /* no value */
        {2, {3, 7}},                                  /* too few */
        {2, {5, 7}},                                  /* too many */
        {4, {4, 7, 0, 8}},                            /* a run of none */
        {4, {0, 7, 4, 8}},                            /* likewise in front */
        {4, {2, 7, 2, 7}},                            /* two runs of one value */
        {2, {4, 0}},                                  /* below the least */
        {2, {4, 11}},                                 /* above the most */
        {3, {0x84, 0, 7}},                            /* a number in more bytes than it needs */
        {3, {4, 0x87, 0}},                            /* likewise the value */
        {7, {0x84, 0x80, 0x80, 0x80, 0x80, 0x01, 7}}, /* over 32 bits */
        {6, {2, 7, 0xFF, 0xFF, 0xFF, 0xFF}},          /* cut short */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t *exact = malloc(bad[i].length + (bad[i].length == 0));
        assert_non_null(exact);
        memcpy(exact, bad[i].bytes, bad[i].length);
        assert_false(psp_runs_check((struct psp_bytes){exact, bad[i].length}, 4, 1, 10));
        free(exact);
    }
    assert_true(psp_runs_check((struct psp_bytes){(const uint8_t[]){1, 1, 3, 10}, 4}, 4, 1, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(rows_of_one_value_are_one_run),
        cmocka_unit_test(a_column_that_is_not_there_has_its_meaning),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
