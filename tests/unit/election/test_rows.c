/* Counts as bytes: one reader, strict; and what it takes is what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "election/rows.h"
#include "tests/unit/fixture/cells.h"

#define M(...) ((const uint8_t[]){__VA_ARGS__})

/* The bytes stand in memory of exactly their size: reading past them is found. */
static uint8_t *exact_copy(const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n + (n == 0));
    assert_non_null(exact);
    if (n > 0)
        memcpy(exact, bytes, n);
    return exact;
}

static void a_number_is_read_in_its_shortest_form_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIXTURE_CELLS; i++) {
        const struct fixture_cell *cell = &fixture_cells[i];
        uint8_t *exact = exact_copy(cell->bytes, cell->n);
        struct psp_rows rows = {.at = exact, .end = exact + cell->n};
        uint64_t value = 77;
        assert_int_equal(psp_rows_cell(&rows, &value), cell->good);
        assert_true(value == (cell->good ? cell->value : 77));
        assert_true(!cell->good || rows.at == rows.end);
        free(exact);
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIXTURE_CELLS; i++) {
        uint8_t bytes[PSP_CELL_BYTES_MAX];
        if (!fixture_cells[i].good)
            continue;
        assert_ptr_equal(psp_rows_put(bytes, fixture_cells[i].value), bytes + fixture_cells[i].n);
        assert_memory_equal(bytes, fixture_cells[i].bytes, fixture_cells[i].n);
    }
}

static void rows_ascend_and_end_before_the_last(void **state)
{
    (void)state;
    const uint8_t *bytes = M(0, 2, 0, 1);
    struct psp_rows rows = {.at = bytes, .end = bytes + 4};
    static const uint32_t expected[] = {0, 3, 4};
    for (size_t i = 0; i < 3; i++) {
        uint32_t row = 99;
        assert_true(psp_rows_next(&rows, 6, &row));
        assert_int_equal(row, expected[i]);
    }
    uint32_t row = 99;
    assert_false(psp_rows_next(&rows, 6, &row)); /* row 6 of 6 */
    assert_int_equal(row, 99);
    const uint8_t *far[] = {M(6), M(0xFF, 0xFF, 0xFF, 0xFF, 0x0F),
                            M(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1)};
    static const size_t lengths[] = {1, 5, 10};
    for (size_t i = 0; i < 3; i++) {
        rows = (struct psp_rows){.at = far[i], .end = far[i] + lengths[i]};
        assert_false(psp_rows_next(&rows, 6, &row));
    }
    rows = (struct psp_rows){.at = bytes, .end = bytes};
    assert_false(psp_rows_next(&rows, 6, &row));
}

static void a_revision_has_32_bits(void **state)
{
    (void)state;
    const uint8_t *bytes = M(7, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x80, 0x80, 0x80, 0x80, 0x10);
    struct psp_rows rows = {.at = bytes, .end = bytes + 11};
    uint32_t revision = 99;
    assert_true(psp_rows_revision(&rows, &revision));
    assert_int_equal(revision, 7);
    assert_true(psp_rows_revision(&rows, &revision));
    assert_int_equal(revision, UINT32_MAX);
    assert_false(psp_rows_revision(&rows, &revision)); /* 2^32 */
    assert_int_equal(revision, UINT32_MAX);
    rows = (struct psp_rows){.at = bytes, .end = bytes};
    assert_false(psp_rows_revision(&rows, &revision));
}

static void cells_are_as_many_as_asked_and_nothing_behind(void **state)
{
    (void)state;
    uint64_t cells[3];
    assert_true(psp_rows_cells(M(1, 0x80, 0x01, 3), 4, 3, cells));
    assert_int_equal(cells[1], 128);
    assert_false(psp_rows_cells(M(1, 0x80, 0x01, 3), 4, 2, cells)); /* one behind */
    assert_false(psp_rows_cells(M(1, 0x80, 0x01), 3, 3, cells));    /* one short */
    assert_false(psp_rows_cells(M(1, 2, 0x83, 0), 4, 3, cells));
    assert_true(psp_rows_cells(M(0), 0, 0, cells));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_read_in_its_shortest_form_only),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(rows_ascend_and_end_before_the_last),
        cmocka_unit_test(a_revision_has_32_bits),
        cmocka_unit_test(cells_are_as_many_as_asked_and_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
