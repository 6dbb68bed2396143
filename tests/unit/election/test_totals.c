/* Totals: what is valid, what is added, and how rows travel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "election/ballot.h"
#include "election/totals.h"
#include "tests/unit/fixture/cells.h"
#include "tests/unit/fixture/primary.h"

#define M(...) ((uint8_t[]){__VA_ARGS__})

/* Two methods; leaf a has contest x (choices p, q, r; one vote) without q, and y
 * (two votes; s, t, u); leaf b has only x, whole. */
static const char text[] =
    "{\"format\":1,\"id\":\"t\",\"name\":\"T\",\"date\":\"2024-11-05\",\"parties\":[],"
    "\"candidates\":[],\"methods\":[{\"id\":\"m\",\"name\":\"M\"},{\"id\":\"n\",\"name\":\"N\"}],"
    "\"units\":[{\"id\":\"root\",\"name\":\"R\",\"level\":\"nation\"},"
    "{\"id\":\"a\",\"name\":\"A\",\"level\":\"county\",\"parent\":\"root\",\"ballot_style\":"
    "\"both\"},"
    "{\"id\":\"b\",\"name\":\"B\",\"level\":\"county\",\"parent\":\"root\",\"ballot_style\":"
    "\"one\"}],"
    "\"contests\":[{\"id\":\"x\",\"name\":\"X\",\"office\":\"X\",\"unit\":\"root\",\"choices\":["
    "{\"id\":\"p\",\"name\":\"P\",\"kind\":\"yes\"},{\"id\":\"q\",\"name\":\"Q\",\"kind\":\"no\"},"
    "{\"id\":\"r\",\"name\":\"R\",\"kind\":\"other\"}]},"
    "{\"id\":\"y\",\"name\":\"Y\",\"office\":\"Y\",\"unit\":\"root\",\"votes_allowed\":2,"
    "\"choices\":["
    "{\"id\":\"s\",\"name\":\"S\",\"kind\":\"yes\"},{\"id\":\"t\",\"name\":\"T\",\"kind\":\"no\"},"
    "{\"id\":\"u\",\"name\":\"U\",\"kind\":\"other\"}]}],"
    "\"ballot_styles\":[{\"id\":\"both\",\"contests\":[{\"contest\":\"y\"},"
    "{\"contest\":\"x\",\"choices\":[\"r\",\"p\"]}]},{\"id\":\"one\",\"contests\":[{\"contest\":"
    "\"x\"}]}]}";

enum { A = 1, B = 2, ROW_A_CELLS = 1 + 4 + 5, ROW_B_CELLS = 1 + 5 };

struct fixture {
    struct psp_definition *definition;
    struct psp_totals *totals;
};

static int make(void **state, const char *election)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct psp_reason reason;
    if (psp_definition_parse(election, strlen(election), &fixture->definition, &reason) != PSP_OK ||
        psp_totals_create(fixture->definition, &fixture->totals) != PSP_OK)
        return -1;
    *state = fixture;
    return 0;
}

static int setup(void **state)
{
    return make(state, text);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    psp_totals_destroy(&fixture->totals);
    psp_totals_destroy(&fixture->totals);
    psp_definition_destroy(&fixture->definition);
    free(fixture);
    return 0;
}

static bool valid(const struct fixture *fixture, uint32_t unit, uint8_t method,
                  const uint8_t *marks, size_t n)
{
    assert_int_equal(psp_marks_length(marks, n), n); /* the shape is canonical */
    const struct psp_totals_ballot ballot =
        psp_totals_read(fixture->totals, unit, 1, method, marks);
    assert_ptr_equal(ballot.end, marks + n); /* valid or not */
    return ballot.valid;
}
#define VALID(unit, method, ...) valid(fixture, unit, method, M(__VA_ARGS__), sizeof M(__VA_ARGS__))

static void rows_are_sized_by_their_styles(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(fixture->totals->row_count, 4);
    assert_int_equal(fixture->totals->cell_count, 2 * ROW_A_CELLS + 2 * ROW_B_CELLS);
    assert_int_equal(fixture->totals->row_first[2], 2 * ROW_A_CELLS);
    assert_int_equal(psp_totals_row(fixture->totals, 1, 0, 1), 3);
}

static void ballots_of_the_style_are_valid(void **state)
{
    const struct fixture *fixture = *state;
    assert_true(VALID(A, 0, 0));
    assert_true(VALID(A, 1, 1, 0, 1, 2));
    assert_true(VALID(A, 0, 2, 0, 2, 0, 2, 1, 3, 0, 1, 2));
    assert_true(VALID(B, 0, 1, 0, 1, 1));
}

static void ballots_outside_the_style_are_not_valid(void **state)
{
    const struct fixture *fixture = *state;
    assert_false(VALID(0, 0, 0)); /* not a leaf */
    assert_false(VALID(3, 0, 0)); /* no such unit */
    assert_false(VALID(PSP_NONE, 0, 0));
    assert_false(VALID(A, 2, 0)); /* no such method */
    assert_false(VALID(A, 255, 0));
    assert_false(VALID(A, 0, 1, 0, 1, 1));                            /* q does not stand in A */
    assert_false(VALID(A, 0, 1, 0, 1, 3));                            /* x has no fourth choice */
    assert_false(VALID(A, 0, 1, 0, 2, 0, 0));                         /* a choice repeated */
    assert_false(VALID(A, 0, 2, 0, 1, 0, 0, 1, 2));                   /* a contest repeated */
    assert_false(VALID(A, 0, 1, 2, 1, 0));                            /* no such contest */
    assert_false(VALID(B, 0, 1, 1, 1, 0));                            /* y is not on B's style */
    assert_false(VALID(A, 0, 1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F)); /* PSP_NONE */
    assert_false(VALID(A, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 0));
    assert_false(VALID(A, 0, 1, 0x80, 0x01, 1, 0)); /* contest 128 */
}

static void add(struct psp_totals *totals, uint32_t unit, uint8_t method, const uint8_t *marks,
                uint64_t index)
{
    const struct psp_totals_ballot ballot = psp_totals_read(totals, unit, 1, method, marks);
    psp_totals_add(totals, &ballot, index);
}

static const uint64_t *row(const struct fixture *fixture, uint32_t number)
{
    return fixture->totals->cells + fixture->totals->row_first[number];
}

static void votes_undervotes_and_overvotes_are_added(void **state)
{
    const struct fixture *fixture = *state;
    struct psp_totals *totals = fixture->totals;
    add(totals, A, 0, M(2, 0, 1, 2, 1, 2, 0, 1), 5);       /* x: r; y: s, t */
    add(totals, A, 0, M(1, 1, 1, 2), 6);                   /* x left out; y: u only */
    add(totals, A, 0, M(2, 0, 2, 0, 2, 1, 3, 0, 1, 2), 7); /* both overvoted */
    add(totals, A, 0, M(0), 8);                            /* nothing marked */
    /* ballots | x: p, r, under, over | y: s, t, u, under, over */
    const uint64_t expected[ROW_A_CELLS] = {4, 0, 1, 2, 1, 1, 1, 1, 1 + 2, 2};
    assert_memory_equal(row(fixture, 0), expected, sizeof expected);
    assert_int_equal(totals->row_index[0], 8);
    assert_int_equal(totals->row_index[1], 0);
    add(totals, B, 1, M(1, 0, 1, 1), 9);
    const uint64_t of_b[ROW_B_CELLS] = {1, 0, 1, 0, 0, 0};
    assert_memory_equal(row(fixture, 3), of_b, sizeof of_b);
    assert_int_equal(psp_totals_unbalanced_row(totals), PSP_NONE);
}

/* promise 3 */
static void a_row_that_does_not_balance_is_found(void **state)
{
    const struct fixture *fixture = *state;
    add(fixture->totals, B, 0, M(0), 1);
    fixture->totals->cells[fixture->totals->row_first[2]]++;
    assert_int_equal(psp_totals_unbalanced_row(fixture->totals), 2);
}

static void changed_rows_travel_and_replace(void **state)
{
    const struct fixture *fixture = *state;
    struct psp_totals *copy = NULL;
    assert_int_equal(psp_totals_create(fixture->definition, &copy), PSP_OK);
    add(fixture->totals, A, 0, M(0), 5);
    for (int i = 0; i < 200; i++)
        add(fixture->totals, B, 0, M(1, 0, 1, 1), 6);
    uint8_t bytes[256];
    /* Row 0: gap 0, revision 0, ten cells; row 2: gap 1, revision 0, 200 twice (two bytes
     * each), four zeros. */
    const size_t all = psp_totals_encode_since(fixture->totals, 0, bytes, sizeof bytes);
    assert_int_equal(all, 2 + 10 + 2 + 2 + 1 + 2 + 3);
    assert_int_equal(psp_totals_replace(copy, bytes, all, 6), PSP_OK);
    assert_memory_equal(copy->cells, fixture->totals->cells, 8 * copy->cell_count);
    assert_int_equal(copy->row_index[0], 6);
    assert_int_equal(copy->row_index[1], 0);
    const size_t since = psp_totals_encode_since(fixture->totals, 5, bytes, sizeof bytes);
    const uint8_t expected[] = {2, 0, 0xC8, 0x01, 0, 0xC8, 0x01, 0, 0, 0};
    assert_int_equal(since, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_int_equal(psp_totals_encode_since(fixture->totals, 6, bytes, sizeof bytes), 0);
    psp_totals_destroy(&copy);
}

static void encoding_writes_no_more_than_there_is_room(void **state)
{
    const struct fixture *fixture = *state;
    add(fixture->totals, A, 0, M(0), 5);
    uint8_t bytes[4] = {9, 9, 9, 9};
    assert_int_equal(psp_totals_encode_since(fixture->totals, 0, bytes, 3), 12);
    assert_memory_equal(bytes, M(0, 0, 1, 9), 4);
    assert_int_equal(psp_totals_encode_since(fixture->totals, 0, NULL, 0), 12);
}

static void broken_encodings_change_nothing(void **state)
{
    const struct fixture *fixture = *state;
    const struct {
        uint8_t bytes[20];
        size_t n;
    } broken[] = {
        {{2, 0, 7, 7, 7, 7, 7}, 7},              /* row 2 without its last cell */
        {{4, 0, 0, 0, 0, 0, 0, 0}, 8},           /* no row 4 */
        {{2, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 11}, /* after row 2: gap 1 leads past row 3 */
        {{2, 0, 0x80, 0, 0, 0, 0, 0, 0}, 9},     /* not the shortest varint */
        {{2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0, 0, 0, 0, 0}, 17},
        {{2, 0x80, 0x80, 0x80, 0x80, 0x10, 7, 7, 7, 7, 7, 7}, 12}, /* revision 2^32 */
        {{2, 0x80, 0, 7, 7, 7, 7, 7, 7}, 9},
        {{0x80}, 1},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        uint8_t *exact = malloc(broken[i].n);
        memcpy(exact, broken[i].bytes, broken[i].n);
        assert_int_equal(psp_totals_replace(fixture->totals, exact, broken[i].n, 3), PSP_EINVAL);
        free(exact);
    }
    for (uint64_t i = 0; i < fixture->totals->cell_count; i++)
        assert_int_equal(fixture->totals->cells[i], 0);
    assert_int_equal(fixture->totals->row_index[2], 0);
    /* The largest 64-bit cell is fine. */
    assert_int_equal(psp_totals_replace(fixture->totals,
                                        M(2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                          0xFF, 1, 0, 0, 0, 0, 0),
                                        17, 3),
                     PSP_OK);
    assert_true(row(fixture, 2)[0] == UINT64_MAX);
}

static void rows_are_taken_when_every_number_is_good(void **state)
{
    const struct fixture *fixture = *state;
    for (size_t i = 0; i < FIXTURE_CELLS; i++) {
        const struct fixture_cell *cell = &fixture_cells[i];
        const size_t before = 1 + ROW_B_CELLS; /* gap, revision, all cells but the last */
        const size_t n = before + cell->n;
        uint8_t *exact = calloc(1, n);
        exact[0] = 2;
        memcpy(exact + before, cell->bytes, cell->n);
        assert_int_equal(psp_totals_replace(fixture->totals, exact, n, 3),
                         cell->good ? PSP_OK : PSP_EINVAL);
        assert_true(!cell->good || row(fixture, 2)[ROW_B_CELLS - 1] == cell->value);
        free(exact);
    }
}

/* ---- units with several ballot styles ---- */

static int setup_primary(void **state)
{
    return make(state, primary_json);
}

static void rows_go_by_leaf_style_and_method(void **state)
{
    const struct fixture *fixture = *state;
    const struct psp_totals *totals = fixture->totals;
    assert_int_equal(totals->row_count, PRIMARY_ROWS);
    const struct {
        uint32_t leaf, style, method, row, paper;
    } rows[PRIMARY_ROWS] = {
        {0, 0, 0, 0, PRIMARY_DEM}, {0, 0, 1, 1, PRIMARY_DEM}, {0, 1, 0, 2, PRIMARY_REP},
        {0, 1, 1, 3, PRIMARY_REP}, {0, 2, 0, 4, PRIMARY_NP},  {0, 2, 1, 5, PRIMARY_NP},
        {1, 0, 0, 6, PRIMARY_REP}, {1, 0, 1, 7, PRIMARY_REP}, {1, 1, 0, 8, PRIMARY_DEM},
        {1, 1, 1, 9, PRIMARY_DEM}, {2, 0, 0, 10, PRIMARY_NP}, {2, 0, 1, 11, PRIMARY_NP},
    };
    uint64_t first = 0;
    for (int i = 0; i < PRIMARY_ROWS; i++) {
        assert_int_equal(psp_totals_row(totals, rows[i].leaf, rows[i].style, rows[i].method),
                         rows[i].row);
        const struct psp_totals_place place = psp_totals_row_place(totals, rows[i].row);
        assert_int_equal(place.leaf, rows[i].leaf);
        assert_int_equal(place.style, rows[i].style);
        assert_int_equal(place.method, rows[i].method);
        assert_ptr_equal(psp_totals_row_style(totals, rows[i].row),
                         &fixture->definition->styles[rows[i].paper]);
        assert_int_equal(totals->row_first[rows[i].row], first);
        first += rows[i].paper == PRIMARY_NP ? PRIMARY_NP_CELLS : PRIMARY_PARTY_CELLS;
    }
    assert_int_equal(totals->cell_count, first);
}

static bool add_style(struct psp_totals *totals, uint32_t unit, uint32_t style, uint8_t method,
                      const uint8_t *marks, uint64_t index)
{
    const struct psp_totals_ballot ballot = psp_totals_read(totals, unit, style, method, marks);
    if (ballot.valid)
        psp_totals_add(totals, &ballot, index);
    return ballot.valid;
}

/* The row has these cells and was changed at `index`. */
static void holds(const struct psp_totals *totals, uint32_t row, uint64_t index,
                  const uint64_t *cells)
{
    const uint64_t n = totals->row_first[row + 1] - totals->row_first[row];
    assert_memory_equal(totals->cells + totals->row_first[row], cells, n * sizeof *cells);
    assert_int_equal(totals->row_index[row], index);
}
#define PRIMARY_CELLS(...) ((const uint64_t[PRIMARY_PARTY_CELLS]){__VA_ARGS__})

/* promise 3. One party's ballot leaves nothing out in the other party's contest. */
static void a_ballot_goes_to_the_row_of_its_paper_alone(void **state)
{
    const struct fixture *fixture = *state;
    struct psp_totals *totals = fixture->totals;
    assert_true(add_style(totals, PRIMARY_X, 1, 0, M(1, 0, 1, 1), 3));          /* dem: bob */
    assert_true(add_style(totals, PRIMARY_X, 2, 0, M(2, 1, 1, 0, 2, 1, 1), 4)); /* rep: cy, no */
    assert_true(add_style(totals, PRIMARY_X, 3, 1, M(1, 2, 1, 0), 5));          /* np: yes */
    assert_true(
        add_style(totals, PRIMARY_Y, 1, 1, M(2, 1, 2, 0, 1, 2, 1, 0), 6)); /* rep: both, yes */
    assert_true(add_style(totals, PRIMARY_Y, 2, 1, M(0), 7));              /* dem: empty */
    assert_true(add_style(totals, PRIMARY_Z, 1, 0, M(0), 8));              /* np: empty */
    /* ballots | the party's: two choices, under, over | bridge: yes, no, under, over */
    holds(totals, 0, 3, PRIMARY_CELLS(1, 0, 1, 0, 0, 0, 0, 1, 0));
    holds(totals, 2, 4, PRIMARY_CELLS(1, 1, 0, 0, 0, 0, 1, 0, 0));
    holds(totals, 5, 5, PRIMARY_CELLS(1, 1, 0, 0, 0));
    holds(totals, 7, 6, PRIMARY_CELLS(1, 0, 0, 0, 1, 1, 0, 0, 0));
    holds(totals, 9, 7, PRIMARY_CELLS(1, 0, 0, 1, 0, 0, 0, 1, 0));
    holds(totals, 10, 8, PRIMARY_CELLS(1, 0, 0, 1, 0));
    const uint32_t untouched[] = {1, 3, 4, 6, 8, 11};
    for (size_t i = 0; i < sizeof untouched / sizeof *untouched; i++)
        holds(totals, untouched[i], 0, PRIMARY_CELLS(0));
    assert_int_equal(psp_totals_unbalanced_row(totals), PSP_NONE);
}

static void a_ballot_of_a_style_that_the_unit_has_not_is_not_valid(void **state)
{
    const struct fixture *fixture = *state;
    struct psp_totals *totals = fixture->totals;
    assert_false(add_style(totals, PRIMARY_X, 0, 0, M(0), 1)); /* none named */
    assert_false(add_style(totals, PRIMARY_X, 4, 0, M(0), 1));
    assert_false(add_style(totals, PRIMARY_Y, 3, 0, M(0), 1)); /* x has a third, y has not */
    assert_false(add_style(totals, PRIMARY_Z, 2, 0, M(0), 1));
    assert_false(add_style(totals, PRIMARY_X, UINT32_MAX, 0, M(0), 1));
    assert_false(add_style(totals, PRIMARY_C, 1, 0, M(0), 1)); /* ballots belong to leaves */
    /* The unit has a paper with this contest, and it is not this one. */
    assert_false(add_style(totals, PRIMARY_X, 1, 0, M(1, 1, 1, 0), 1));
    assert_false(add_style(totals, PRIMARY_X, 3, 0, M(1, 0, 1, 0), 1));
    assert_false(add_style(totals, PRIMARY_X, 1, 0, M(2, 0, 1, 0, 1, 1, 0), 1));
    for (uint64_t i = 0; i < totals->cell_count; i++)
        assert_int_equal(totals->cells[i], 0);
}

static void a_row_of_any_paper_that_does_not_balance_is_found(void **state)
{
    const struct fixture *fixture = *state;
    struct psp_totals *totals = fixture->totals;
    for (uint32_t row = 0; row < PRIMARY_ROWS; row++) {
        uint64_t *last = &totals->cells[totals->row_first[row + 1] - 1];
        *last += 1;
        assert_int_equal(psp_totals_unbalanced_row(totals), row);
        *last -= 1;
    }
    assert_int_equal(psp_totals_unbalanced_row(totals), PSP_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_PRIMARY(name) cmocka_unit_test_setup_teardown(name, setup_primary, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_sized_by_their_styles),
        TEST(ballots_of_the_style_are_valid),
        TEST(ballots_outside_the_style_are_not_valid),
        TEST(votes_undervotes_and_overvotes_are_added),
        TEST(a_row_that_does_not_balance_is_found),
        TEST(changed_rows_travel_and_replace),
        TEST(encoding_writes_no_more_than_there_is_room),
        TEST(broken_encodings_change_nothing),
        TEST(rows_are_taken_when_every_number_is_good),
        TEST_PRIMARY(rows_go_by_leaf_style_and_method),
        TEST_PRIMARY(a_ballot_goes_to_the_row_of_its_paper_alone),
        TEST_PRIMARY(a_ballot_of_a_style_that_the_unit_has_not_is_not_valid),
        TEST_PRIMARY(a_row_of_any_paper_that_does_not_balance_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
