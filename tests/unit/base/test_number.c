/* Whole numbers of the command line: digits, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes/number.h"

static void digits_within_the_bounds_are_a_number(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_true(psp_number_read("0", 0, 9, &number));
    assert_int_equal(number, 0);
    assert_true(psp_number_read("0042", 1, 42, &number));
    assert_int_equal(number, 42);
    assert_true(psp_number_read("18446744073709551615", 0, UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "1e3",
                                      "one",
                                      "18446744073709551616",
                                      "99999999999999999999999",
                                      "\xd9\xa1"};
    uint64_t number = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (psp_number_read(bad[i], 0, UINT64_MAX, &number))
            fail_msg("\"%s\" was taken for %llu", bad[i], (unsigned long long)number);
    assert_int_equal(number, 7);
}

static void a_number_out_of_bounds_is_none(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_false(psp_number_read("0", 1, 3, &number));
    assert_false(psp_number_read("4", 1, 3, &number));
    assert_int_equal(number, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_within_the_bounds_are_a_number),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(a_number_out_of_bounds_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
