/* CRC32C: the vectors of RFC 3720, appendix B.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes/crc32c.h"

static void sums_are_those_of_the_rfc(void **state)
{
    (void)state;
    uint8_t data[32];
    memset(data, 0, sizeof(data));
    assert_int_equal(psp_crc32c(0, data, 32), 0x8A9136AAU);
    memset(data, 0xFF, sizeof(data));
    assert_int_equal(psp_crc32c(0, data, 32), 0x62A8AB43U);
    for (uint8_t i = 0; i < 32; i++)
        data[i] = i;
    assert_int_equal(psp_crc32c(0, data, 32), 0x46DD794EU);
    assert_int_equal(psp_crc32c_table(0, data, 32), 0x46DD794EU);
    const uint32_t head = psp_crc32c(0, data, 13);
    assert_int_equal(psp_crc32c(head, data + 13, 19), 0x46DD794EU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums_are_those_of_the_rfc)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
