/* Ballots of units with several ballot styles: judged and counted by the style that the entry
 * gives, and by that of a roll which tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "tests/unit/fixture/count.h"
#include "tests/unit/fixture/primary.h"
#include "tests/unit/fixture/reports.h"

static struct psp_definition *definition;

static int set_up(void **state)
{
    (void)state;
    struct psp_reason reason = {0};
    return psp_definition_parse(primary_json, strlen(primary_json), &definition, &reason) == PSP_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    return 0;
}

/* Applies the batch with the styles, each of one row, and expects these verdicts. */
static void expect_styles(struct psp_count *count, const struct batch *batch, bool with_roll,
                          const uint8_t *styles, const uint8_t *expected)
{
    uint8_t runs[2 * 512], verdicts[512];
    size_t length = 0;
    for (uint32_t i = 0; i < batch->n; i++) {
        if (length > 0 && runs[length - 1] == styles[i]) {
            runs[length - 2]++;
            continue;
        }
        runs[length++] = 1; /* a row, of this value */
        runs[length++] = styles[i];
    }
    const char *text = NULL;
    struct psp_entry entry = batch_entry(batch, with_roll);
    entry.ballots.columns.styles = (struct psp_bytes){runs, length};
    assert_int_equal(apply_entry(count, &entry, verdicts, &text), PSP_APPLIED);
    assert_memory_equal(verdicts, expected, batch->n);
    assert_true(psp_books_balanced(psp_count_books(count)));
    assert_int_equal(psp_totals_unbalanced_row(psp_count_totals(count)), PSP_NONE);
}
#define STYLES VERDICTS

static void a_ballot_is_counted_in_the_row_of_its_style(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 11, PRIMARY_X, 0, MARKS(1, 0, 1, 1));          /* dem: bob */
    add(&batch, 2, 12, PRIMARY_X, 0, MARKS(1, 1, 1, 0));          /* rep: cy */
    add(&batch, 3, 13, PRIMARY_X, 0, MARKS(1, 2, 1, 0));          /* np: yes */
    add(&batch, 4, 14, PRIMARY_Y, 1, MARKS(2, 1, 1, 1, 2, 1, 1)); /* rep: di, no */
    add(&batch, 5, 15, PRIMARY_Z, 0, MARKS(0));                   /* np */
    expect_styles(count, &batch, false, STYLES(1, 2, 3, 1, 1),
                  VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED, PSP_COUNTED, PSP_COUNTED));
    /* ballots | the party's: two choices, under, over | bridge: yes, no, under, over */
    expect_row(count, 0, CELLS(1, 0, 1, 0, 0, 0, 0, 1, 0));
    expect_row(count, 2, CELLS(1, 1, 0, 0, 0, 0, 0, 1, 0));
    expect_row(count, 4, CELLS(1, 1, 0, 0, 0));
    expect_row(count, 7, CELLS(1, 0, 1, 0, 0, 0, 1, 0, 0));
    expect_row(count, 8, CELLS(0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_row(count, 10, CELLS(1, 0, 0, 1, 0));
    psp_count_destroy(&count);
}

static void a_report_of_a_leaf_is_of_all_its_styles_and_methods_and_of_no_other_s(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    struct batch batch = {0};
    add(&batch, 1, 11, PRIMARY_X, 0, MARKS(1, 0, 1, 1)); /* dem: bob */
    add(&batch, 3, 13, PRIMARY_X, 1, MARKS(1, 2, 1, 0)); /* np, by mail: yes */
    add(&batch, 4, 14, PRIMARY_Y, 1, MARKS(0));
    add(&batch, 5, 15, PRIMARY_Z, 0, MARKS(0));
    expect_styles(count, &batch, false, STYLES(1, 3, 1, 1),
                  VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED, PSP_COUNTED));
    uint8_t bytes[64]; /* of all leaves, whatever their styles: one number */
    assert_int_equal(psp_count_leaf_ballots_since(count, 0, bytes, sizeof bytes), 6);
    assert_memory_equal(bytes, ((const uint8_t[]){0, 2, 0, 1, 0, 1}), 6);
    assert_int_equal(take_report(count, 1, LEAF_1, PSP_FINAL_NO), PSP_APPLIED);
    const uint64_t index = psp_count_index(count);
    expect_reported(count, 0, index, CELLS(1, 0, 1, 0, 0, 0, 0, 1, 0));
    expect_reported(count, 5, index, CELLS(1, 1, 0, 0, 0));
    expect_reported(count, 7, 0, CELLS(0, 0, 0, 0, 0, 0, 0, 0, 0)); /* of y */
    expect_reported(count, 10, 0, CELLS(0, 0, 0, 0, 0));
    psp_count_destroy(&count);
}

static void a_style_that_the_unit_has_not_is_invalid(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 11, PRIMARY_X, 0, MARKS(0)); /* none named, and x has three */
    add(&batch, 1, 12, PRIMARY_Y, 0, MARKS(0)); /* x has a third one, y has not */
    add(&batch, 1, 13, PRIMARY_Z, 0, MARKS(0));
    add(&batch, 1, 14, PRIMARY_X, 0, MARKS(1, 1, 1, 0)); /* a dem paper with gov-r */
    add(&batch, 1, 15, PRIMARY_X, 0, MARKS(0));
    expect_styles(count, &batch, false, STYLES(0, 3, 0, 1, 1),
                  VERDICTS(PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_COUNTED));
    psp_count_destroy(&count);
}

/* Voters 0 to 3: x rep, x dem, y rep, z np. */
static void fill_roll(uint8_t digests[4 * 16], uint8_t units[4 * 4], uint8_t styles[4 * 2])
{
    static const uint32_t unit[] = {PRIMARY_X, PRIMARY_X, PRIMARY_Y, PRIMARY_Z};
    static const uint16_t style[] = {2, 1, 1, 1};
    for (uint32_t voter = 0; voter < 4; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_put32(units + voter * 4, unit[voter]);
        psp_put16(styles + voter * 2, style[voter]);
    }
}

static void another_style_than_the_roll_s_is_not_eligible(void **state)
{
    (void)state;
    uint8_t digests[4 * 16], units[4 * 4], styles[4 * 2];
    fill_roll(digests, units, styles);
    const struct psp_roll_part roll = {4, digests, units, styles};
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 0, 10, PRIMARY_X, 0, MARKS(0)); /* rep, and takes the dem paper */
    add(&batch, 0, 11, PRIMARY_X, 0, MARKS(0));
    add(&batch, 1, 12, PRIMARY_X, 0, MARKS(0)); /* dem, and takes the np paper */
    add(&batch, 1, 13, PRIMARY_X, 0, MARKS(0));
    add(&batch, 2, 14, PRIMARY_Y, 0, MARKS(0)); /* rep is the second of x and the first of y */
    add(&batch, 2, 15, PRIMARY_Y, 0, MARKS(0));
    add(&batch, 3, 16, PRIMARY_Z, 0, MARKS(0));
    expect_styles(count, &batch, true, STYLES(1, 2, 3, 1, 2, 1, 1),
                  VERDICTS(PSP_NOT_ELIGIBLE, PSP_COUNTED, PSP_NOT_ELIGIBLE, PSP_COUNTED,
                           PSP_NOT_ELIGIBLE, PSP_COUNTED, PSP_COUNTED));
    psp_count_destroy(&count);
}

static void a_roll_without_styles_lets_a_voter_have_any(void **state)
{
    (void)state;
    uint8_t digests[4 * 16], units[4 * 4], styles[4 * 2];
    fill_roll(digests, units, styles);
    const struct psp_roll_part roll = {4, digests, units, NULL};
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 0, 10, PRIMARY_X, 0, MARKS(0));
    add(&batch, 1, 11, PRIMARY_X, 0, MARKS(0));
    expect_styles(count, &batch, true, STYLES(1, 3), VERDICTS(PSP_COUNTED, PSP_COUNTED));
    const uint64_t without = psp_count_memory_bytes(count);
    psp_count_destroy(&count);
    const struct psp_roll_part told = {4, digests, units, styles};
    count = open_count(definition, &told, 100);
    struct batch same = {0};
    add(&same, 0, 10, PRIMARY_X, 0, MARKS(0));
    add(&same, 1, 11, PRIMARY_X, 0, MARKS(0));
    expect_styles(count, &same, true, STYLES(2, 1), VERDICTS(PSP_COUNTED, PSP_COUNTED));
    assert_int_equal(psp_count_memory_bytes(count), without + 4 * 2);
    psp_count_destroy(&count);
}

static void a_roll_with_a_style_that_its_unit_has_not_is_refused(void **state)
{
    (void)state;
    static const uint16_t wrong[] = {0, 4, UINT16_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t digests[4 * 16], units[4 * 4], styles[4 * 2];
        fill_roll(digests, units, styles);
        psp_put16(styles, wrong[i]);
        const struct psp_roll_part roll = {4, digests, units, styles};
        struct psp_count *count = NULL;
        const struct psp_count_options options = {
            .definition = definition, .roll = &roll, .refused_max = 1};
        assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
        assert_null(count);
    }
}

/* promise 4: what was counted in a unit is found again over the rows of all its styles. */
static void a_restored_count_adds_up_over_styles(void **state)
{
    (void)state;
    struct psp_count *first = open_count(definition, NULL, 100);
    struct psp_count *second = NULL;
    struct batch batch = {0};
    add(&batch, 1, 11, PRIMARY_X, 0, MARKS(1, 0, 1, 1));
    add(&batch, 2, 12, PRIMARY_X, 1, MARKS(1, 1, 1, 0));
    add(&batch, 3, 13, PRIMARY_X, 0, MARKS(1, 2, 1, 0));
    add(&batch, 4, 14, PRIMARY_Y, 0, MARKS(0));
    add(&batch, 5, 15, PRIMARY_Z, 0, MARKS(0));
    expect_styles(first, &batch, false, STYLES(1, 2, 3, 2, 1),
                  VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED, PSP_COUNTED, PSP_COUNTED));
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(first, &delta), PSP_OK);
    second = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(second), PSP_OK);
    const struct psp_totals *totals = psp_count_totals(first);
    assert_memory_equal(psp_count_totals(second)->cells, totals->cells, totals->cell_count * 8);
    psp_count_destroy(&second);
    /* A ballot that moved from x to z: every row balances, and no unit does. */
    assert_int_equal(delta->rows[2], 4);  /* x np booth: ballots, yes, no, under, over */
    assert_int_equal(delta->rows[4], 10); /* z np booth */
    uint64_t *of_x = &delta->cells[9 + 9], *of_z = &delta->cells[9 + 9 + 5 + 9];
    assert_int_equal(of_x[1], 1);
    of_x[0]--, of_x[1]--;
    of_z[0]++, of_z[1]++;
    second = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(second), PSP_ECORRUPT);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&second);
    psp_count_destroy(&first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ballot_is_counted_in_the_row_of_its_style),
        TEST(a_report_of_a_leaf_is_of_all_its_styles_and_methods_and_of_no_other_s),
        TEST(a_style_that_the_unit_has_not_is_invalid),
        TEST(another_style_than_the_roll_s_is_not_eligible),
        TEST(a_roll_without_styles_lets_a_voter_have_any),
        TEST(a_roll_with_a_style_that_its_unit_has_not_is_refused),
        TEST(a_restored_count_adds_up_over_styles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
