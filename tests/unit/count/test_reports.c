/* What a report does to a count: which rows may be shown, and that later ballots do not
 * change them. Values are worked out by hand; rows as in the fixture. */
#include "tests/unit/fixture/reports.h"

static struct psp_definition *definition;

static int set_up(void **state)
{
    (void)state;
    definition = fixture_definition();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psp_definition_destroy(&definition);
    return 0;
}

/* One ballot for ann in p1 (row 0), of this voter. */
static void cast(struct psp_count *count, uint32_t voter)
{
    struct batch batch = {0};
    add(&batch, voter, voter, P1, BOOTH, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED));
}

/* promise 5 */
static void a_report_copies_the_rows_as_of_its_entry(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    expect_reported(count, 0, 0, CELLS(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    assert_null(psp_count_leaf_report(count, 0));
    assert_int_equal(take_report(count, 7, LEAF_1_AND_2, PSP_FINAL_NO), PSP_APPLIED);
    const uint64_t index = psp_count_index(count);
    expect_reported(count, 0, index, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    expect_reported(count, 3, 0, CELLS(0, 0, 0, 0, 0)); /* it was zero, and is */
    cast(count, 2);
    expect_reported(count, 0, index, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    expect_row(count, 0, CELLS(2, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0));
    const struct psp_leaf_report *leaf = psp_count_leaf_report(count, 1);
    assert_int_equal(leaf->number, 7);
    assert_int_equal(leaf->index, index);
    assert_int_equal(leaf->time_ms, 1000 + 10 * (index - 1));
    assert_false(leaf->final);
    psp_count_destroy(&count);
}

static void a_report_of_other_leaves_changes_nothing_here(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    assert_int_equal(take_report(count, 1, LEAF_1, PSP_FINAL_YES), PSP_APPLIED);
    const uint64_t first = psp_count_index(count);
    cast(count, 2);
    assert_int_equal(take_report(count, 2, LEAF_2, PSP_FINAL_YES), PSP_APPLIED);
    expect_reported(count, 0, first, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    assert_int_equal(psp_count_leaf_report(count, 0)->number, 1);
    assert_int_equal(psp_count_leaf_report(count, 1)->number, 2);
    psp_count_destroy(&count);
}

/* promise 5 */
static void a_report_of_one_leaf_shows_nothing_of_another(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    struct batch batch = {0};
    add(&batch, 1, 1, P1, BOOTH, ANN);
    add(&batch, 2, 2, P2, MAIL, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_COUNTED));
    assert_int_equal(take_report(count, 1, LEAF_1, PSP_FINAL_YES), PSP_APPLIED);
    expect_reported(count, 3, 0, CELLS(0, 0, 0, 0, 0));
    assert_int_equal(take_report(count, 2, LEAF_2, PSP_FINAL_YES), PSP_APPLIED);
    expect_reported(count, 3, psp_count_index(count), CELLS(1, 1, 0, 0, 0));
    psp_count_destroy(&count);
}

static void a_row_that_did_not_move_keeps_its_index(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    take_report(count, 1, LEAF_1, PSP_FINAL_NO);
    const uint64_t first = psp_count_index(count);
    struct batch batch = {0};
    add(&batch, 2, 2, P1, MAIL, BOB);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED));
    take_report(count, 2, LEAF_1, PSP_FINAL_NO);
    const uint64_t second = psp_count_index(count);
    expect_reported(count, 0, first, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    expect_reported(count, 1, second, CELLS(1, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0));
    assert_int_equal(psp_count_leaf_report(count, 0)->index, second);
    psp_count_destroy(&count);
}

static void the_same_report_again_is_done_already(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    assert_int_equal(take_report(count, 5, LEAF_1, PSP_FINAL_YES), PSP_APPLIED);
    const uint64_t index = psp_count_index(count);
    cast(count, 2);
    assert_int_equal(take_report(count, 5, LEAF_1, PSP_FINAL_YES), PSP_APPLY_NOTHING);
    assert_string_equal(report_text, "this report is done already");
    expect_reported(count, 0, index, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    assert_int_equal(psp_count_leaf_report(count, 0)->index, index);
    uint64_t of = 0;
    psp_count_report_bytes(count, &of);
    assert_int_equal(of, index);
    psp_count_destroy(&count);
}

static void another_report_of_the_number_or_a_lower_one_is_refused(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    assert_int_equal(take_report(count, 5, LEAF_1, PSP_FINAL_YES), PSP_APPLIED);
    cast(count, 2);
    const uint8_t before[] = {0x08, 5, 0x12, 1, 0, 0x18, 1};
    static const struct {
        uint64_t number;
        struct psp_bytes leaves;
        enum psp_report_final final;
    } others[] = {
        {5, {(const uint8_t *)"\1", 1}, PSP_FINAL_YES},
        {5, {(const uint8_t *)"\0", 1}, PSP_FINAL_NO},
        {4, {(const uint8_t *)"\0", 1}, PSP_FINAL_YES},
    };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(take_report(count, others[i].number, others[i].leaves, others[i].final),
                         PSP_APPLY_REFUSED);
        assert_non_null(strstr(report_text, "report 5")); /* names what it holds */
        expect_reported(count, 0, 4, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
        assert_true(psp_count_leaf_report(count, 0)->final);
        assert_null(psp_count_leaf_report(count, 1));
        assert_int_equal(psp_count_report_number(count), 5);
        uint64_t index;
        const struct psp_bytes bytes = psp_count_report_bytes(count, &index);
        assert_int_equal(bytes.length, sizeof before);
        assert_memory_equal(bytes.data, before, sizeof before);
    }
    psp_count_destroy(&count);
}

static void leaves_that_the_election_does_not_have_are_refused(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    const struct psp_bytes wrong[] = {LEAVES(2), LEAVES(0, 1), LEAVES(0, 0, 0), LEAVES(0x80), {0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(take_report(count, 1, wrong[i], PSP_FINAL_YES), PSP_APPLY_REFUSED);
    assert_int_equal(take_report(count, 0, LEAF_1, PSP_FINAL_YES), PSP_APPLY_REFUSED);
    assert_int_equal(psp_count_report_number(count), 0);
    assert_null(psp_count_leaf_report(count, 0));
    psp_count_destroy(&count);
}

static void finality_is_set_taken_back_and_kept(void **state)
{
    (void)state;
    static const struct {
        enum psp_report_final said;
        bool final;
    } steps[] = {
        {PSP_FINAL_UNCHANGED, false}, {PSP_FINAL_YES, true}, {PSP_FINAL_UNCHANGED, true},
        {PSP_FINAL_NO, false},        {PSP_FINAL_YES, true},
    };
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(take_report(count, i + 1, LEAF_1, steps[i].said), PSP_APPLIED);
        assert_int_equal(psp_count_leaf_report(count, 0)->final, steps[i].final);
        assert_int_equal(psp_count_leaf_report(count, 0)->number, i + 1);
    }
    psp_count_destroy(&count);
}

static void with_the_publication_immediate_a_report_says_finality_only(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    cast(count, 1);
    assert_int_equal(take_report(count, 3, LEAF_1, PSP_FINAL_YES), PSP_APPLIED);
    assert_null(psp_count_reported(count));
    assert_true(psp_count_leaf_report(count, 0)->final);
    assert_int_equal(psp_count_report_number(count), 3);
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    assert_int_equal(delta->leaf_report_n, 1);
    assert_int_equal(delta->reported_n, 0);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&count);
}

static void what_changed_since_an_index_is_told_and_nothing_else(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    uint8_t bytes[64];
    assert_int_equal(psp_count_leaf_reports_since(count, 0, bytes, 64), 0);
    cast(count, 1); /* index 3 */
    take_report(count, 1, LEAF_1_AND_2, PSP_FINAL_YES);
    take_report(count, 2, LEAF_2, PSP_FINAL_NO);
    const uint8_t all[] = {0, 1, 4, 0x86, 8, 1, 0, 2, 5, 0x90, 8, 0}; /* at 1,030 and 1,040 ms */
    assert_int_equal(psp_count_leaf_reports_since(count, 0, bytes, 64), sizeof all);
    assert_memory_equal(bytes, all, sizeof all);
    const uint8_t second[] = {1, 2, 5, 0x90, 8, 0};
    assert_int_equal(psp_count_leaf_reports_since(count, 4, bytes, 64), sizeof second);
    assert_memory_equal(bytes, second, sizeof second);
    assert_int_equal(psp_count_leaf_reports_since(count, 5, bytes, 64), 0);

    struct batch batch = {0};
    add(&batch, 2, 2, P1, MAIL, ANN);
    add(&batch, 3, 3, P2, MAIL, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_COUNTED));
    assert_int_equal(psp_count_leaf_ballots_since(count, 0, bytes, 64), 4);
    assert_memory_equal(bytes, ((const uint8_t[]){0, 2, 0, 1}), 4);
    cast(count, 4);
    assert_int_equal(psp_count_leaf_ballots_since(count, 6, bytes, 64), 2);
    assert_memory_equal(bytes, ((const uint8_t[]){0, 3}), 2);
    assert_int_equal(psp_count_leaf_ballots_since(count, 7, bytes, 64), 0);
    psp_count_destroy(&count);
}

/* promise 4 */
static void every_word_of_a_report_is_in_the_state_hash(void **state)
{
    (void)state;
    static const struct psp_report reports[] = {
        {1, {(const uint8_t *)"\0", 1}, PSP_FINAL_YES, false},
        {2, {(const uint8_t *)"\0", 1}, PSP_FINAL_YES, false},
        {1, {(const uint8_t *)"\1", 1}, PSP_FINAL_YES, false},
        {1, {(const uint8_t *)"\0", 1}, PSP_FINAL_NO, false},
        {1, {(const uint8_t *)"\0", 1}, PSP_FINAL_YES, true},
        {1, {(const uint8_t *)"\2", 1}, PSP_FINAL_YES, false}, /* refused, two ways */
        {1, {(const uint8_t *)"\3", 1}, PSP_FINAL_YES, false},
    };
    enum { N = sizeof reports / sizeof *reports };
    uint8_t hashes[N][PSP_HASH_BYTES];
    for (size_t i = 0; i < N; i++) {
        struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
        apply_report(count, &reports[i]);
        psp_count_state_hash(count, hashes[i]);
        psp_count_destroy(&count);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(hashes[i], hashes[k], PSP_HASH_BYTES);
    }
}

/* ---- restored ---- */

/* A delta with a report of both leaves, spoilt. */
static enum psp_status restore_spoilt(void (*spoil)(struct psp_count_delta *))
{
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    cast(count, 1);
    take_report(count, 3, LEAF_1, PSP_FINAL_YES);
    take_report(count, 4, LEAF_2, PSP_FINAL_YES);
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    psp_count_destroy(&count);
    assert_int_equal(delta->leaf_report_n, 2);
    assert_int_equal(delta->reported_n, 1);
    spoil(delta);
    count = fixture_count(definition, NULL, 100);
    enum psp_status status = psp_count_restore(count, delta);
    if (status == PSP_OK)
        status = psp_count_restore_end(count);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&delta);
    return status;
}

static void nothing(struct psp_count_delta *delta)
{
    (void)delta;
}
static void no_such_publication(struct psp_count_delta *delta)
{
    delta->genesis.publication = (enum psp_publication)3;
}
static void not_published_so(struct psp_count_delta *delta)
{
    delta->genesis.publication = PSP_PUBLICATION_IMMEDIATE;
}
static void no_report(struct psp_count_delta *delta)
{
    delta->report_bytes = 0;
}
static void bytes_of_none(struct psp_count_delta *delta)
{
    delta->report[0] = 0x10;
}
static void leaf_of_none(struct psp_count_delta *delta)
{
    delta->report[4] = 2;
}
static void other_leaf(struct psp_count_delta *delta)
{
    delta->report[4] = 0;
}
static void report_of_later(struct psp_count_delta *delta)
{
    delta->report_index = delta->index + 1;
}
static void no_such_leaf(struct psp_count_delta *delta)
{
    delta->leaf_report_leaves[1] = 2;
}
static void a_later_leaf(struct psp_count_delta *delta)
{
    delta->leaf_reports[0].number = 5;
}
static void leaf_index_of_later(struct psp_count_delta *delta)
{
    delta->leaf_reports[0].index = 6;
}
static void leaf_time_of_later(struct psp_count_delta *delta)
{
    delta->leaf_reports[0].time_ms = delta->time_ms + 1;
}
static void a_leaf_less(struct psp_count_delta *delta)
{
    delta->leaf_report_n = 1;
}
static void an_older_leaf_less(struct psp_count_delta *delta)
{
    delta->leaf_report_leaves[0] = 1; /* leaf 1 is missing, and its row */
    delta->leaf_reports[0] = delta->leaf_reports[1];
    delta->reported_n = 0;
}
static void a_row_less(struct psp_count_delta *delta)
{
    delta->reported_n = 0;
}
static void row_without_a_report(struct psp_count_delta *delta)
{
    delta->reported_indexes[0] = 5; /* leaf 1 was reported at 4 */
}
static void no_such_row(struct psp_count_delta *delta)
{
    delta->reported_rows[0] = 4;
}
static void cells_of_another_row(struct psp_count_delta *delta)
{
    delta->reported_rows[0] = 2;
}
static void more_than_was_counted(struct psp_count_delta *delta)
{
    delta->reported_cells[0] = 2; /* and balanced */
    delta->reported_cells[1] = 2;
    delta->reported_cells[9] = 4;
    delta->reported_sum.ballots = 2; /* and of one sum */
}
static void unbalanced(struct psp_count_delta *delta)
{
    delta->reported_cells[1] = 0;
}

static void reports_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    assert_int_equal(restore_spoilt(nothing), PSP_OK);
    void (*const spoilers[])(struct psp_count_delta *) = {
        no_such_publication, not_published_so,      no_report,
        bytes_of_none,       leaf_of_none,          other_leaf,
        report_of_later,     no_such_leaf,          a_later_leaf,
        leaf_index_of_later, leaf_time_of_later,    a_leaf_less,
        no_such_row,         row_without_a_report,  cells_of_another_row,
        unbalanced,          more_than_was_counted, a_row_less,
        an_older_leaf_less};
    for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
        print_message("spoiler %zu\n", i);
        assert_int_equal(restore_spoilt(spoilers[i]), PSP_ECORRUPT);
    }
}

static void a_delta_holds_what_was_reported_since_the_last_and_only_that(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_IMMEDIATE);
    struct psp_count_delta *delta = NULL;
    cast(count, 1);
    take_report(count, 3, LEAF_1_AND_2, PSP_FINAL_YES);
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    assert_int_equal(delta->report_bytes, 8);
    assert_int_equal(delta->report_index, 4);
    assert_int_equal(delta->leaf_report_n, 2);
    assert_int_equal(delta->reported_n, 1);
    assert_int_equal(delta->reported_rows[0], 0);
    assert_int_equal(delta->reported_indexes[0], 4);
    assert_int_equal(delta->reported_row_cells[0], 11);
    assert_int_equal(delta->reported_cells[0], 1);
    psp_count_delta_destroy(&delta);
    cast(count, 2);
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    assert_true(delta->report_bytes == 0 && delta->leaf_report_n == 0 && delta->reported_n == 0);
    psp_count_delta_destroy(&delta);
    take_report(count, 4, LEAF_2, PSP_FINAL_YES);
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    assert_int_equal(delta->leaf_report_n, 1);
    assert_int_equal(delta->leaf_report_leaves[0], 1);
    assert_int_equal(delta->reported_n, 0); /* nothing was counted in leaf 2 */
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&count);
}

/* What Python's hashlib.blake2b gives: 8 bytes a cell, key fixture_digest of a voter. */
static void expect_held_hash(const struct psp_count *count, const char *hex)
{
    uint8_t hash[PSP_HASH_BYTES];
    char text[2 * PSP_HASH_BYTES + 1];
    psp_count_held_hash(count, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, hex);
}

#define HELD_NONE "2e94c8e93ba9ca7870b37530d64a0b64ebe09807a0876d6d095592f78d1b138f"
#define HELD_ONE "bcc2d10953001e67c6e13e0dd587c19dae97829b6780c836342f8918f1f4a2c5"
#define HELD_TWO "b5f785eefd17234b8235e26ec1a45ea7256cb375bc88583fad8ff28e131adf2e"
#define HELD_TWO_OTHER "e41645b053d8b735d4021219d70873cbd4c57235747d4549f518370ec2bb1d23"

static void what_is_held_has_one_hash_keyed_by_the_ballot_counted_last(void **state)
{
    (void)state;
    struct psp_count *count = open_reports(definition, PSP_PUBLICATION_REPORTS);
    expect_held_hash(count, HELD_NONE);
    cast(count, 1);
    expect_held_hash(count, HELD_ONE);
    struct batch batch = {0};
    add(&batch, 2, 2, P1, BOOTH, ANN);
    add(&batch, 1, 99, P1, BOOTH, ANN); /* a second vote: not the last that is counted */
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE));
    expect_held_hash(count, HELD_TWO);
    take_report(count, 1, LEAF_1_AND_2, PSP_FINAL_YES); /* what is reported, is hashed as before */
    expect_held_hash(count, HELD_TWO);
    psp_count_destroy(&count);
    count = open_reports(definition, PSP_PUBLICATION_REPORTS);
    cast(count, 2); /* the same totals, another last one */
    cast(count, 1);
    expect_held_hash(count, HELD_TWO_OTHER);
    psp_count_destroy(&count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_copies_the_rows_as_of_its_entry),
        cmocka_unit_test(a_report_of_other_leaves_changes_nothing_here),
        cmocka_unit_test(a_report_of_one_leaf_shows_nothing_of_another),
        cmocka_unit_test(a_row_that_did_not_move_keeps_its_index),
        cmocka_unit_test(the_same_report_again_is_done_already),
        cmocka_unit_test(another_report_of_the_number_or_a_lower_one_is_refused),
        cmocka_unit_test(leaves_that_the_election_does_not_have_are_refused),
        cmocka_unit_test(finality_is_set_taken_back_and_kept),
        cmocka_unit_test(with_the_publication_immediate_a_report_says_finality_only),
        cmocka_unit_test(what_changed_since_an_index_is_told_and_nothing_else),
        cmocka_unit_test(every_word_of_a_report_is_in_the_state_hash),
        cmocka_unit_test(reports_that_contradict_themselves_are_refused),
        cmocka_unit_test(a_delta_holds_what_was_reported_since_the_last_and_only_that),
        cmocka_unit_test(what_is_held_has_one_hash_keyed_by_the_ballot_counted_last),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
