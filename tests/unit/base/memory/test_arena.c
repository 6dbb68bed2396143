/* The memory of one decoded message, and its budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory/arena.h"

static void what_is_handed_out_is_aligned_and_apart(void **state)
{
    (void)state;
    struct psp_arena *arena = NULL;
    assert_int_equal(psp_arena_create(1 << 20, &arena), PSP_OK);
    uint8_t *parts[200];
    for (size_t i = 0; i < 200; i++) {
        parts[i] = psp_arena_alloc(arena, i + 1);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % 16, 0);
        memset(parts[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(parts[i][j], i);
    psp_arena_destroy(&arena);
    assert_null(arena);
}

static void budget_is_the_end(void **state)
{
    (void)state;
    struct psp_arena *arena = NULL;
    assert_int_equal(psp_arena_create(1024, &arena), PSP_OK);
    assert_null(psp_arena_alloc(arena, 1025));
    assert_null(psp_arena_alloc(arena, SIZE_MAX));
    assert_non_null(psp_arena_alloc(arena, 1000)); /* counts as 1008 */
    assert_null(psp_arena_alloc(arena, 17));
    assert_non_null(psp_arena_alloc(arena, 16));
    assert_null(psp_arena_alloc(arena, 1));
    psp_arena_destroy(&arena);
}

static void cold_and_warm_arena_hand_out_the_same(void **state)
{
    (void)state;
    enum { BUDGET = 4 << 20, PART = 50000 };
    struct psp_arena *arena = NULL;
    assert_int_equal(psp_arena_create(BUDGET, &arena), PSP_OK);
    for (int round = 0; round < 3; round++) {
        size_t n = 0;
        while (psp_arena_alloc(arena, PART))
            n++;
        assert_int_equal(n, BUDGET / PART); /* 50000 is a multiple of 16 */
        psp_arena_reset(arena);
    }
    psp_arena_destroy(&arena);
}

static void reset_keeps_the_memory(void **state)
{
    (void)state;
    struct psp_arena *arena = NULL;
    assert_int_equal(psp_arena_create(1 << 20, &arena), PSP_OK);
    const void *first = psp_arena_alloc(arena, 1000);
    psp_arena_reset(arena);
    assert_ptr_equal(psp_arena_alloc(arena, 1000), first);
    psp_arena_destroy(&arena);
}

static void nothing_can_be_allocated(void **state)
{
    (void)state;
    struct psp_arena *arena = NULL;
    psp_arena_destroy(&arena);
    assert_int_equal(psp_arena_create(0, &arena), PSP_OK);
    assert_non_null(psp_arena_alloc(arena, 0));
    assert_null(psp_arena_alloc(arena, 1));
    psp_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_handed_out_is_aligned_and_apart),
        cmocka_unit_test(budget_is_the_end),
        cmocka_unit_test(cold_and_warm_arena_hand_out_the_same),
        cmocka_unit_test(reset_keeps_the_memory),
        cmocka_unit_test(nothing_can_be_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
