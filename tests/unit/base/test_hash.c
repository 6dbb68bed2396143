/* FNV-1a, against the vectors that its authors publish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes/hash.h"

static void the_published_vectors_come_out(void **state)
{
    (void)state;
    assert_int_equal(psp_fnv32(PSP_FNV32_START, "", 0), 0x811C9DC5U);
    assert_int_equal(psp_fnv32(PSP_FNV32_START, "a", 1), 0xE40C292CU);
    assert_int_equal(psp_fnv32(PSP_FNV32_START, "foobar", 6), 0xBF9CF968U);
    assert_true(psp_fnv64(PSP_FNV64_START, "", 0) == UINT64_C(0xCBF29CE484222325));
    assert_true(psp_fnv64(PSP_FNV64_START, "a", 1) == UINT64_C(0xAF63DC4C8601EC8C));
    assert_true(psp_fnv64(PSP_FNV64_START, "foobar", 6) == UINT64_C(0x85944171F73967E8));
}

static void strings_end_where_they_end(void **state)
{
    (void)state;
    const uint64_t one = psp_fnv64_string(psp_fnv64_string(PSP_FNV64_START, "a"), "bc");
    const uint64_t other = psp_fnv64_string(psp_fnv64_string(PSP_FNV64_START, "ab"), "c");
    assert_true(one != other);
    assert_true(psp_fnv64_string(PSP_FNV64_START, "foobar") ==
                psp_fnv64_byte(UINT64_C(0x85944171F73967E8), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_come_out),
        cmocka_unit_test(strings_end_where_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
