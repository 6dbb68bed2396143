/* Times with and without zone, fraction and sense; written and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text/moment.h"

static uint64_t read_good(const char *text, bool zone_needed)
{
    uint64_t ms = 1;
    if (!psp_moment_read(text, zone_needed, &ms))
        fail_msg("\"%s\" is not read", text);
    return ms;
}

static void a_time_is_read_in_its_zone(void **state)
{
    (void)state;
    assert_int_equal(read_good("1970-01-01T00:00:00Z", true), 0);
    assert_int_equal(read_good("2026-11-03T20:00:00Z", true), UINT64_C(1793736000000));
    assert_int_equal(read_good("2026-11-03t20:00:00z", true), UINT64_C(1793736000000));
    assert_int_equal(read_good("2026-11-03 15:00:00-05:00", true), UINT64_C(1793736000000));
    assert_int_equal(read_good("2026-11-04T01:30:00+05:30", true), UINT64_C(1793736000000));
    assert_int_equal(read_good("2026-11-03T20:00:00.25Z", true), UINT64_C(1793736000250));
    assert_int_equal(read_good("2026-11-03T20:00:00.1239Z", true), UINT64_C(1793736000123));
    assert_int_equal(read_good("2026-11-03T20:00:00", false), UINT64_C(1793736000000));
    assert_int_equal(read_good("2016-12-31T23:59:60Z", true), UINT64_C(1483228800000));
    assert_int_equal(read_good("2024-02-29T00:00:00Z", true), UINT64_C(1709164800000));
}

/* libc's calendar writes it. */
static void every_day_of_a_calendar_is_read(void **state)
{
    (void)state;
    char text[PSP_MOMENT_BYTES];
    for (uint64_t day = 0; day < 160000; day++) {
        const uint64_t ms = (day * 86400 + day * 7919 % 86400) * 1000;
        assert_int_equal(read_good(psp_moment_write(ms, text), true), ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "2026-11-03",
                                        "20:00:00Z",
                                        "2026-11-03T20:00Z",
                                        "2026-11-03T20:00:00Zebra",
                                        "2026-11-03T20:00:00+1:00",
                                        "2026-11-03T20:00:00+0100",
                                        "2026-11-03T25:00:00Z",
                                        "2026-13-03T20:00:00Z",
                                        "2026-02-30T20:00:00Z",
                                        "2025-02-29T00:00:00Z",
                                        "1969-12-31T23:59:59Z",
                                        "1970-01-01T00:00:00+01:00"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t ms = 7;
        if (psp_moment_read(texts[i], false, &ms))
            fail_msg("\"%s\" is read", texts[i]);
        assert_int_equal(ms, 7);
    }
}

static void without_a_zone_it_is_no_time_where_one_is_needed(void **state)
{
    (void)state;
    uint64_t ms = 7;
    assert_false(psp_moment_read("2026-11-03T20:00:00", true, &ms));
    assert_false(psp_moment_read("2026-11-03T20:00:00.5", true, &ms));
    assert_int_equal(ms, 7);
}

static void what_is_written_is_read_as_the_same(void **state)
{
    (void)state;
    char text[PSP_MOMENT_BYTES];
    assert_string_equal(psp_moment_write(UINT64_C(1793736000000), text), "2026-11-03T20:00:00Z");
    assert_string_equal(psp_moment_write(UINT64_C(1793736000007), text),
                        "2026-11-03T20:00:00.007Z");
    assert_int_equal(read_good(text, true), UINT64_C(1793736000007));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_read_in_its_zone),
        cmocka_unit_test(every_day_of_a_calendar_is_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(without_a_zone_it_is_no_time_where_one_is_needed),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
