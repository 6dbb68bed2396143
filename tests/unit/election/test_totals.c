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

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct psp_reason reason;
    if (psp_definition_parse(text, sizeof text - 1, &fixture->definition, &reason) != PSP_OK ||
        psp_totals_create(fixture->definition, &fixture->totals) != PSP_OK)
        return -1;
    *state = fixture;
    return 0;
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
    const struct psp_totals_ballot ballot = psp_totals_read(fixture->totals, unit, method, marks);
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
    assert_int_equal(psp_totals_row(fixture->totals, 1, 1), 3);
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
    const struct psp_totals_ballot ballot = psp_totals_read(totals, unit, method, marks);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
