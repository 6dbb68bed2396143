/* Numbers of seven bits a byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes/varint.h"

static void every_length_is_read_as_written(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        /* 2^bits - 1 takes a byte for every seven bits begun. */
        const uint64_t value = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        const size_t length = bits == 0 ? 1 : (bits + 6) / 7;
        uint8_t bytes[PSP_VARINT64_BYTES_MAX];
        uint64_t read = ~value;
        uint32_t small = 0;
        assert_int_equal(psp_varint_write(bytes, value), length);
        assert_int_equal(psp_varint_read64(bytes, length, &read), length);
        assert_true(read == value);
        assert_int_equal(psp_varint_read64(bytes, length - 1, &read), 0);
        assert_int_equal(psp_varint_read(bytes, length, &small), bits <= 32 ? length : 0);
        assert_true(small == (bits <= 32 ? value : 0));
    }
}

static void a_longer_spelling_is_for_protocol_buffers_alone(void **state)
{
    (void)state;
    const uint8_t five[] = {0x85, 0x80, 0x00};
    uint64_t value = 0, untouched = 9;
    uint32_t small = 9;
    assert_int_equal(psp_varint_read_any(five, 3, &value), 3);
    assert_int_equal(value, 5);
    assert_int_equal(psp_varint_read64(five, 3, &untouched), 0);
    assert_int_equal(psp_varint_read(five, 3, &small), 0);
    assert_int_equal(untouched, 9);
    assert_int_equal(small, 9);
}

static void more_bits_than_fit_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x00};
    const uint8_t bits33[] = {0x80, 0x80, 0x80, 0x80, 0x10};
    uint64_t value = 0;
    uint32_t small = 0;
    assert_int_equal(psp_varint_read_any(bytes, sizeof bytes, &value), 0);
    bytes[9] = 0x81;
    assert_int_equal(psp_varint_read_any(bytes, sizeof bytes, &value), 0);
    assert_int_equal(psp_varint_read(bits33, sizeof bits33, &small), 0);
    assert_int_equal(psp_varint_read64(bits33, sizeof bits33, &value), 5);
    assert_true(value == UINT64_C(1) << 32);
    assert_int_equal(psp_varint_read(bits33, 0, &small), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_read_as_written),
        cmocka_unit_test(a_longer_spelling_is_for_protocol_buffers_alone),
        cmocka_unit_test(more_bits_than_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
