/* Arrays that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory/grow.h"

static void an_array_keeps_what_it_holds(void **state)
{
    (void)state;
    uint32_t *array = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(PSP_GROW(array, capacity, i + 1));
        array[i] = i * i;
    }
    assert_int_equal(capacity, 1024);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i * i);
    free(array);
}

static void room_that_is_there_is_not_moved(void **state)
{
    (void)state;
    uint64_t *array = NULL;
    size_t capacity = 0;
    assert_true(PSP_GROW(array, capacity, 1));
    assert_int_equal(capacity, PSP_GROW_FIRST);
    const uint64_t *before = array;
    assert_true(PSP_GROW(array, capacity, PSP_GROW_FIRST));
    assert_ptr_equal(array, before);
    assert_true(PSP_GROW(array, capacity, 100));
    assert_int_equal(capacity, 128);
    free(array);
}

static void a_count_that_cannot_be_is_refused(void **state)
{
    (void)state;
    uint64_t *array = NULL;
    size_t capacity = 0;
    assert_true(PSP_GROW(array, capacity, 3));
    array[2] = 7;
    assert_false(PSP_GROW(array, capacity, SIZE_MAX));
    assert_false(PSP_GROW(array, capacity, PSP_GROW_BYTES_MAX / 8 + 1));
    assert_int_equal(capacity, PSP_GROW_FIRST);
    assert_int_equal(array[2], 7);
    free(array);
}

static void capacities_double_up_to_the_limit(void **state)
{
    (void)state;
    const size_t max = PSP_GROW_BYTES_MAX / 3;
    assert_int_equal(psp_grow_capacity(0, 0, 8), 16);
    assert_int_equal(psp_grow_capacity(0, 17, 8), 32);
    assert_int_equal(psp_grow_capacity(48, 49, 8), 96);
    assert_true(psp_grow_capacity(16, max, 3) == max);
    assert_true(psp_grow_capacity(16, max - 1, 3) == max);
    assert_int_equal(psp_grow_capacity(16, max + 1, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_keeps_what_it_holds),
        cmocka_unit_test(room_that_is_there_is_not_moved),
        cmocka_unit_test(a_count_that_cannot_be_is_refused),
        cmocka_unit_test(capacities_double_up_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
