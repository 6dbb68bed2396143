/* Returns dealt as ballots: every row comes out exact, whatever the seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/cast/deal.h"
#include "cli/cast/permutation.h"
#include "election/ballot.h"
#include "election/totals.h"
#include "tests/unit/fixture/cli.h"

static void a_permutation_hits_every_number_once(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 300; n++) {
        uint8_t hits[300] = {0};
        struct psp_permutation order;
        psp_permutation_init(&order, n, n * 77);
        for (uint64_t i = 0; i < n; i++) {
            const uint64_t at = psp_permutation_at(&order, i);
            assert_true(at < n);
            hits[at]++;
        }
        for (uint64_t i = 0; i < n; i++)
            assert_int_equal(hits[i], 1);
    }
}

static void a_permutation_of_many_stays_in_range_and_depends_on_the_key(void **state)
{
    (void)state;
    const uint64_t n = UINT64_C(154863739);
    struct psp_permutation one, other;
    unsigned same = 0, below_half = 0;
    psp_permutation_init(&one, n, 1);
    psp_permutation_init(&other, n, 2);
    for (uint64_t i = 0; i < 10000; i++) {
        const uint64_t a = psp_permutation_at(&one, i), b = psp_permutation_at(&other, i);
        assert_true(a < n && b < n);
        same += a == b;
        below_half += a < n / 2;
    }
    assert_true(same < 3);
    assert_in_range(below_half, 4700, 5300); /* six standard deviations of a fair coin */
}

static struct psp_deal *dealt(const struct psp_definition *definition,
                              const struct psp_returns *returns, uint64_t seed)
{
    struct psp_deal *deal = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_deal_create(definition, returns, seed, &deal, &reason), PSP_OK);
    return deal;
}

/* Adds all dealt ballots to totals, checking each is valid. */
static struct psp_totals *totals_of(const struct psp_definition *definition,
                                    const struct psp_deal *deal)
{
    struct psp_totals *totals = NULL;
    assert_int_equal(psp_totals_create(definition, &totals), PSP_OK);
    for (uint64_t i = 0; i < psp_deal_ballots(deal); i++) {
        uint8_t marks[PSP_MARKS_BYTES_MAX];
        size_t bytes = 0;
        uint64_t place = 0;
        const uint32_t leaf = psp_deal_leaf(deal, i, &place);
        assert_int_equal(psp_deal_marks(deal, leaf, place, marks, &bytes), PSP_OK);
        assert_int_equal(psp_marks_length(marks, bytes), bytes);
        const uint32_t unit = definition->leaves[leaf];
        const struct psp_totals_ballot ballot = psp_totals_read(totals, unit, 1, 0, marks);
        assert_true(ballot.valid);
        psp_totals_add(totals, &ballot, i + 1);
    }
    return totals;
}

static uint64_t cell(const struct psp_totals *totals, const char *unit_id, const char *contest_id,
                     const char *choice_id)
{
    const struct psp_definition *definition = totals->definition;
    const uint32_t unit = fixture_unit(definition, unit_id);
    const uint32_t contest = psp_definition_contest(definition, contest_id, strlen(contest_id));
    const uint32_t choice =
        psp_definition_choice(definition, contest, choice_id, strlen(choice_id));
    const struct psp_style *style = &definition->styles[definition->units[unit].styles[0]];
    const int64_t at = psp_style_cell(style, contest, choice);
    assert_true(at > 0);
    const uint32_t row = psp_totals_row(totals, definition->leaf_of_unit[unit], 0, 0);
    return totals->cells[totals->row_first[row] + (uint64_t)at];
}

static void every_row_comes_out_exact_for_any_seed(void **state)
{
    (void)state;
    struct psp_returns *returns = fixture_returns();
    struct psp_definition *definition = fixture_definition(returns);
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct psp_deal *deal = dealt(definition, returns, seed);
        assert_int_equal(psp_deal_ballots(deal), FIXTURE_BALLOTS);
        struct psp_totals *totals = totals_of(definition, deal);
        assert_int_equal(cell(totals, "vt-addison-a", "president", "democratic-joseph-biden"), 5);
        assert_int_equal(cell(totals, "vt-addison-a", "president", "blanks"), 2);
        assert_int_equal(cell(totals, "vt-addison-a", "vt-council-1", "ann"), 6);
        assert_int_equal(cell(totals, "vt-addison-a", "vt-council-1", "bob"), 4);
        assert_int_equal(cell(totals, "vt-addison-a", "vt-council-1", "cid"), 3);
        assert_int_equal(cell(totals, "vt-addison-b", "president", "democratic-joseph-biden"), 0);
        assert_int_equal(cell(totals, "vt-addison-b", "president", "republican-donald-trump"), 3);
        assert_int_equal(psp_totals_unbalanced_row(totals), PSP_NONE);
        psp_totals_destroy(&totals);
        psp_deal_destroy(&deal);
    }
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
}

static void a_contest_short_of_votes_leaves_undervotes(void **state)
{
    (void)state;
    struct psp_returns *returns = fixture_returns();
    struct psp_definition *definition = fixture_definition(returns);
    struct psp_deal *deal = dealt(definition, returns, 9);
    struct psp_totals *totals = totals_of(definition, deal);
    const uint32_t unit = fixture_unit(definition, "vt-addison-a");
    const struct psp_style *style = &definition->styles[definition->units[unit].styles[0]];
    const uint32_t contest = psp_definition_contest(definition, "vt-council-1", 12);
    const struct psp_style_contest *entry = psp_style_entry(style, contest);
    const uint32_t row = psp_totals_row(totals, definition->leaf_of_unit[unit], 0, 0);
    const uint64_t *cells = totals->cells + totals->row_first[row];
    assert_int_equal(cells[0], FIXTURE_BALLOTS_A);
    assert_int_equal(cells[entry->cell + entry->choice_count], 1);     /* 7 x 2 - 13 */
    assert_int_equal(cells[entry->cell + entry->choice_count + 1], 0); /* overvotes */
    psp_totals_destroy(&totals);
    psp_deal_destroy(&deal);
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
}

static struct psp_definition *definition_of(const struct psp_returns *returns)
{
    const struct psp_import_options options = {.id = "t", .name = "T", .date = "2020-11-03"};
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    char *text = NULL;
    size_t bytes = 0;
    assert_int_equal(psp_import(returns, &options, &text, &bytes, &(size_t){0}), PSP_OK);
    assert_int_equal(psp_definition_parse(text, bytes, &definition, &reason), PSP_OK);
    free(text);
    return definition;
}

/* Votes of the only contest's choices, by method: [method][choice]. */
static void by_method(const struct psp_definition *definition, const struct psp_deal *deal,
                      uint64_t ret_votes[2][2])
{
    memset(ret_votes, 0, 4 * sizeof(uint64_t));
    for (uint64_t i = 0; i < psp_deal_ballots(deal); i++) {
        uint8_t marks[PSP_MARKS_BYTES_MAX];
        size_t bytes = 0;
        uint64_t place = 0;
        const uint32_t leaf = psp_deal_leaf(deal, i, &place);
        assert_int_equal(psp_deal_marks(deal, leaf, place, marks, &bytes), PSP_OK);
        struct psp_totals *totals = NULL;
        assert_int_equal(psp_totals_create(definition, &totals), PSP_OK);
        const struct psp_totals_ballot ballot =
            psp_totals_read(totals, definition->leaves[leaf], 1, 0, marks);
        assert_true(ballot.valid);
        psp_totals_add(totals, &ballot, 1);
        for (int choice = 0; choice < 2; choice++)
            ret_votes[psp_deal_method(deal, leaf, place)][choice] +=
                totals->cells[totals->row_first[0] + 1 + (uint64_t)choice];
        psp_totals_destroy(&totals);
    }
}

static const char methods_text[] = "state,office,candidate,votes,election_day,mail\n"
                                   "VT,Mayor,Ann,10,4,6\nVT,Mayor,Bob,11,9,2\n";

/* 13 ballots on election day, 8 by mail; each line of the file exact by method. */
static void methods_are_dealt_apart(void **state)
{
    (void)state;
    struct psp_returns *returns = fixture_read(methods_text, sizeof methods_text - 1);
    struct psp_definition *definition = definition_of(returns);
    struct psp_deal *deal = dealt(definition, returns, 3);
    uint64_t votes[2][2];
    assert_int_equal(psp_deal_ballots(deal), 21);
    by_method(definition, deal, votes);
    assert_int_equal(votes[0][0], 4);
    assert_int_equal(votes[0][1], 9);
    assert_int_equal(votes[1][0], 6);
    assert_int_equal(votes[1][1], 2);
    psp_deal_destroy(&deal);
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
}

/* A definition with one method takes them all: no choice falls twice on a ballot. */
static void methods_of_a_file_are_one_where_the_definition_has_one(void **state)
{
    (void)state;
    static const char text[] = "state,office,candidate,votes\nVT,Mayor,Ann,10\nVT,Mayor,Bob,11\n";
    struct psp_returns *plain = fixture_read(text, sizeof text - 1);
    struct psp_returns *returns = fixture_read(methods_text, sizeof methods_text - 1);
    struct psp_definition *definition = definition_of(plain);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct psp_deal *deal = dealt(definition, returns, seed);
        uint64_t votes[2][2];
        assert_int_equal(psp_deal_ballots(deal), 21);
        by_method(definition, deal, votes);
        assert_int_equal(votes[0][0], 10);
        assert_int_equal(votes[0][1], 11);
        psp_deal_destroy(&deal);
    }
    psp_definition_destroy(&definition);
    definition = definition_of(returns);
    struct psp_deal *deal = NULL;
    struct psp_reason reason = {0};
    assert_int_equal(psp_deal_create(definition, plain, 1, &deal, &reason), PSP_EINVAL);
    assert_non_null(strstr(reason.text, "no method"));
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
    psp_returns_destroy(&plain);
}

/* Two may be marked: 7 ballots are cast, one with three marks. 5 + 3 + 1 votes and 2
 * overvotes are 11 of 14 marks, the rest are undervotes. */
static void overvotes_are_ballots_that_mark_one_too_many(void **state)
{
    (void)state;
    static const char text[] = "office,candidate,votes\nCouncil,Ann,5\nCouncil,Bob,3\n"
                               "Council,Cid,1\nCouncil,Over Votes,3\nBallots Cast,,7\n";
    struct psp_returns *returns = fixture_read_meant(text, sizeof text - 1);
    char *json = NULL;
    size_t bytes = 0;
    const struct psp_import_options options = {.id = "t", .name = "T", .date = "2020-11-03"};
    assert_int_equal(psp_import(returns, &options, &json, &bytes, &(size_t){0}), PSP_OK);
    char *at = strstr(json, "\"office\": ");
    assert_non_null(at);
    char *changed = NULL;
    size_t changed_bytes = 0;
    FILE *file = open_memstream(&changed, &changed_bytes);
    fprintf(file, "%.*s\"votes_allowed\": 2, %s", (int)(at - json), json, at);
    fclose(file);
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    if (psp_definition_parse(changed, changed_bytes, &definition, &reason) != PSP_OK)
        fail_msg("%s %s", reason.pointer, reason.text);
    assert_string_equal(definition->contests[0].overvotes.name, "Over Votes");
    assert_int_equal(definition->units[definition->leaves[0]].ballots_expected, 12);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct psp_deal *deal = dealt(definition, returns, seed);
        assert_int_equal(psp_deal_ballots(deal), 7);
        struct psp_totals *totals = totals_of(definition, deal);
        static const uint64_t expected[] = {7, 5, 3, 1, 3, 2}; /* ..., undervotes, overvotes */
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
            assert_int_equal(totals->cells[totals->row_first[0] + i], expected[i]);
        psp_totals_destroy(&totals);
        psp_deal_destroy(&deal);
    }
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
    free(changed);
    free(json);
}

static void the_same_seed_deals_the_same_ballots(void **state)
{
    (void)state;
    struct psp_returns *returns = fixture_returns();
    struct psp_definition *definition = fixture_definition(returns);
    struct psp_deal *one = dealt(definition, returns, 4), *again = dealt(definition, returns, 4);
    for (uint64_t i = FIXTURE_BALLOTS; i-- > 0;) { /* any order: no state is kept */
        uint8_t a[PSP_MARKS_BYTES_MAX], b[PSP_MARKS_BYTES_MAX];
        size_t a_bytes = 0, b_bytes = 0;
        uint64_t a_place = 0, b_place = 0;
        const uint32_t leaf = psp_deal_leaf(one, i, &a_place);
        assert_int_equal(leaf, psp_deal_leaf(again, i, &b_place));
        assert_int_equal(a_place, b_place);
        assert_int_equal(psp_deal_marks(one, leaf, a_place, a, &a_bytes), PSP_OK);
        assert_int_equal(psp_deal_marks(again, leaf, b_place, b, &b_bytes), PSP_OK);
        assert_int_equal(a_bytes, b_bytes);
        assert_memory_equal(a, b, a_bytes);
    }
    psp_deal_destroy(&one);
    psp_deal_destroy(&again);
    psp_definition_destroy(&definition);
    psp_returns_destroy(&returns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permutation_hits_every_number_once),
        cmocka_unit_test(a_permutation_of_many_stays_in_range_and_depends_on_the_key),
        cmocka_unit_test(every_row_comes_out_exact_for_any_seed),
        cmocka_unit_test(a_contest_short_of_votes_leaves_undervotes),
        cmocka_unit_test(methods_are_dealt_apart),
        cmocka_unit_test(methods_of_a_file_are_one_where_the_definition_has_one),
        cmocka_unit_test(overvotes_are_ballots_that_mark_one_too_many),
        cmocka_unit_test(the_same_seed_deals_the_same_ballots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
