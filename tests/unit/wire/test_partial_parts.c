/* A partial put together from its parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes/bytes.h"
#include "wire/message/partial_parts.h"

static const uint8_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Bytes [first, end) of the rows as part `part` of `parts`. */
static struct psp_partial part_of(uint32_t part, uint32_t parts, size_t first, size_t end)
{
    return (struct psp_partial){.shard = 2,
                                .epoch = 1,
                                .index = 40,
                                .part = part,
                                .parts = parts,
                                .rows = {rows + first, end - first}};
}

static void one_that_fits_is_passed_on_as_it_is(void **state)
{
    (void)state;
    struct psp_partial_parts parts = {0};
    struct psp_partial whole, part = part_of(0, 0, 0, 10);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_OK);
    assert_ptr_equal(whole.rows.data, rows);
    part = part_of(0, 1, 0, 0);
    assert_int_equal(psp_partial_parts_take(&parts, 8, &part, &whole), PSP_OK);
    assert_int_equal(whole.rows.length, 0);
    psp_partial_parts_clear(&parts);
}

static void the_last_part_makes_it_whole(void **state)
{
    (void)state;
    static const uint8_t leaves[] = {9, 0, 0, 0};
    struct psp_partial_parts parts = {0};
    struct psp_partial whole = {.index = 1}, part = part_of(0, 3, 0, 4);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EAGAIN);
    part = part_of(1, 3, 4, 10);
    part.reports = (struct psp_bytes){rows, 2}; /* where the rows end the rest begins */
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EAGAIN);
    assert_int_equal(whole.index, 1); /* untouched so far */
    part = part_of(2, 3, 10, 10);
    part.reports = (struct psp_bytes){rows + 2, 5};
    part.leaf_ballots = (struct psp_bytes){rows + 1, 1};
    part.registered_leaves = (struct psp_bytes){leaves, sizeof leaves};
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_OK);
    assert_int_equal(whole.index, 40);
    assert_int_equal(whole.rows.length, sizeof rows);
    assert_memory_equal(whole.rows.data, rows, sizeof rows);
    assert_ptr_equal(whole.registered_leaves.data, leaves);
    assert_int_equal(whole.reports.length, 7);
    assert_memory_equal(whole.reports.data, rows, 7);
    assert_int_equal(whole.leaf_ballots.length, 1);
    assert_int_equal(whole.leaf_ballots.data[0], 1);
    psp_partial_parts_clear(&parts);
}

static void a_missing_part_drops_what_was_begun(void **state)
{
    (void)state;
    struct psp_partial_parts parts = {0};
    struct psp_partial whole, part = part_of(0, 3, 0, 4);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EAGAIN);
    part = part_of(2, 3, 8, 10);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EINVAL);
    part = part_of(1, 3, 4, 8);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EINVAL);
    psp_partial_parts_clear(&parts);
}

static void parts_of_two_states_are_never_mixed(void **state)
{
    (void)state;
    struct psp_partial_parts parts = {0};
    struct psp_partial whole;
    for (int what = 0; what < 5; what++) {
        struct psp_partial part = part_of(0, 2, 0, 4);
        assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EAGAIN);
        part = part_of(1, 2, 4, 10);
        part.index += what == 0;
        part.epoch += what == 1;
        part.base_index += what == 2;
        part.replica += what == 3;
        assert_int_equal(psp_partial_parts_take(&parts, what == 4 ? 8 : 7, &part, &whole),
                         PSP_EINVAL);
    }
    psp_partial_parts_clear(&parts);
}

static void a_first_part_begins_anew(void **state)
{
    (void)state;
    struct psp_partial_parts parts = {0};
    struct psp_partial whole, part = part_of(0, 2, 5, 10);
    assert_int_equal(psp_partial_parts_take(&parts, 7, &part, &whole), PSP_EAGAIN);
    part = part_of(0, 2, 0, 4);
    assert_int_equal(psp_partial_parts_take(&parts, 8, &part, &whole), PSP_EAGAIN);
    part = part_of(1, 2, 4, 10);
    assert_int_equal(psp_partial_parts_take(&parts, 8, &part, &whole), PSP_OK);
    assert_memory_equal(whole.rows.data, rows, sizeof rows);
    psp_partial_parts_clear(&parts);
}

static void a_part_without_a_beginning_is_refused(void **state)
{
    (void)state;
    struct psp_partial_parts parts = {0};
    struct psp_partial whole, part = part_of(1, 2, 4, 10);
    assert_int_equal(psp_partial_parts_take(&parts, 0, &part, &whole), PSP_EINVAL);
    psp_partial_parts_clear(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_fits_is_passed_on_as_it_is),
        cmocka_unit_test(the_last_part_makes_it_whole),
        cmocka_unit_test(a_missing_part_drops_what_was_begun),
        cmocka_unit_test(parts_of_two_states_are_never_mixed),
        cmocka_unit_test(a_first_part_begins_anew),
        cmocka_unit_test(a_part_without_a_beginning_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
