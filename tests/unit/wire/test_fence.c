/* The fence: what differs, its packed bytes, its hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <sodium.h>
#include <string.h>
#include <cmocka.h>

#include "wire/message/fence.h"

/* Part i is filled with i + 1; the cluster ID is shorter than the rest. */
static struct psp_fence some_fence(void)
{
    struct psp_fence fence = {0};
    for (int part = 0; part < PSP_FENCE_PARTS; part++)
        memset(fence.parts[part], part + 1, part == PSP_FENCE_CLUSTER ? 16 : 32);
    return fence;
}

static void fence_hash_is_blake2b_of_its_parts_in_order(void **state)
{
    (void)state;
    const struct psp_fence fence = some_fence();
    uint8_t parts[16 + 4 * 32], expected[32], got[32];
    memset(parts, 1, 16);
    for (int i = 0; i < 4; i++)
        memset(parts + 16 + 32 * i, i + 2, 32);
    crypto_generichash(expected, sizeof expected, parts, sizeof parts, NULL, 0);
    psp_fence_hash(&fence, got);
    assert_memory_equal(got, expected, 32);
}

static void a_fence_differs_in_the_first_part_that_does(void **state)
{
    (void)state;
    const struct psp_fence fence = some_fence();
    assert_int_equal(psp_fence_difference(&fence, &fence), PSP_FENCE_PARTS);
    struct psp_fence other = fence;
    for (int part = PSP_FENCE_PARTS - 1; part >= 0; part--) {
        other.parts[part][part == PSP_FENCE_CLUSTER ? 15 : 31] ^= 1;
        assert_int_equal(psp_fence_difference(&fence, &other), part);
    }
    assert_string_equal(psp_fence_place(PSP_FENCE_ROLL), "roll_hash of the cluster");
}

static void a_packed_fence_is_its_parts_without_a_gap(void **state)
{
    (void)state;
    const struct psp_fence fence = some_fence();
    uint8_t bytes[PSP_FENCE_BYTES];
    assert_int_equal(sizeof bytes, 16 + 4 * 32);
    psp_fence_pack(&fence, bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], i < 16 ? 1 : 2 + (i - 16) / 32);
    struct psp_fence again;
    psp_fence_unpack(bytes, &again);
    assert_memory_equal(&again, &fence, sizeof fence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fence_hash_is_blake2b_of_its_parts_in_order),
        cmocka_unit_test(a_fence_differs_in_the_first_part_that_does),
        cmocka_unit_test(a_packed_fence_is_its_parts_without_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
