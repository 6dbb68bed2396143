/*
 * What the load run says of latency and of the count. Expected values are worked
 * out by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/run.h"

static void an_empty_histogram_says_zero(void **state)
{
    (void)state;
    const struct psp_histogram histogram = {0};
    assert_int_equal(psp_histogram_total(&histogram), 0);
    assert_int_equal(psp_histogram_at(&histogram, 0.99), 0);
}

static void percentiles_are_within_three_percent(void **state)
{
    (void)state;
    static struct psp_histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    for (uint64_t ms = 1; ms <= 1000; ms++)
        psp_histogram_add(&histogram, ms * 1000, 1);
    assert_int_equal(psp_histogram_total(&histogram), 1000);
    assert_in_range(psp_histogram_at(&histogram, 0.5), 500000, 515700);
    assert_in_range(psp_histogram_at(&histogram, 0.9), 900000, 928200);
    assert_in_range(psp_histogram_at(&histogram, 0.999), 999000, 1000000);
    assert_int_equal(psp_histogram_at(&histogram, 1), 1000000);
    assert_int_equal(histogram.max_us, 1000000);
}

static void a_stall_counts_for_every_ballot_that_was_due(void **state)
{
    (void)state;
    static struct psp_histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    /* 1,000 ballots a second for a second at 1 ms, then all stands still for a second
     * and the 1,000 ballots due in it are answered at its end: 0 .. 999 ms late. */
    psp_histogram_add(&histogram, 1000, 1000);
    for (uint64_t late_ms = 0; late_ms < 1000; late_ms++)
        psp_histogram_add(&histogram, late_ms * 1000, 1);
    assert_in_range(psp_histogram_at(&histogram, 0.5), 1000, 1031);
    assert_in_range(psp_histogram_at(&histogram, 0.75), 499000, 516000);
    assert_in_range(psp_histogram_at(&histogram, 0.99), 979000, 999000);
}

static void times_beyond_the_last_bucket_keep_their_maximum(void **state)
{
    (void)state;
    static struct psp_histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    psp_histogram_add(&histogram, UINT64_C(1) << 50, 3);
    assert_int_equal(psp_histogram_total(&histogram), 3);
    assert_int_equal(histogram.max_us, UINT64_C(1) << 50);
}

static void what_came_between_two_looks_is_their_difference(void **state)
{
    (void)state;
    static struct psp_histogram before, now, since;
    memset(&before, 0, sizeof before);
    psp_histogram_add(&before, 90000, 4);
    now = before;
    psp_histogram_add(&now, 20, 5);
    psp_histogram_since(&now, &before, &since);
    assert_int_equal(psp_histogram_total(&since), 5);
    assert_int_equal(psp_histogram_at(&since, 0.5), 20);
    assert_int_equal(since.max_us, 20);
}

/* ---- the check of the count ---- */

static const struct psp_choice choices[] = {{.id = "yes"}, {.id = "no"}};
static const struct psp_definition definition = {.choice_count = 2, .choices = choices};
static uint64_t votes_before[] = {10, 20}, votes_after[] = {13, 24};
static const uint64_t votes_promised[] = {3, 4};

/* Seven counted, two replays sent, one ballot resent and one double vote. */
static void make_right(struct psp_load_result *ret_result)
{
    memset(ret_result, 0, sizeof *ret_result);
    ret_result->counted = 7;
    ret_result->replayed = 2;
    ret_result->resent = 1;
    ret_result->double_votes = 1;
    ret_result->books_before = (struct psp_bench_books){
        .counted = 30, .replayed = 5, .double_vote = 1, .balanced = true, .votes = votes_before};
    ret_result->books_after = (struct psp_bench_books){
        .counted = 37, .replayed = 8, .double_vote = 2, .balanced = true, .votes = votes_after};
}

static struct psp_load_result result;

static void a_right_count_is_right(void **state)
{
    (void)state;
    make_right(&result);
    psp_load_check(&definition, votes_promised, &result);
    assert_string_equal(result.verdict, "");
}

static void a_ballot_more_or_less_in_the_books_is_wrong(void **state)
{
    (void)state;
    for (int by = -1; by <= 1; by += 2) {
        make_right(&result);
        result.books_after.counted += (uint64_t)by;
        psp_load_check(&definition, votes_promised, &result);
        assert_non_null(strstr(result.verdict, "the books say"));
    }
}

static void a_vote_for_the_other_choice_is_wrong(void **state)
{
    (void)state;
    uint64_t votes[] = {14, 23};
    make_right(&result);
    result.books_after.votes = votes;
    psp_load_check(&definition, votes_promised, &result);
    assert_string_equal(result.verdict, "choice yes: 3 votes promised, 4 shown");
}

static void more_replays_than_resends_explain_are_wrong(void **state)
{
    (void)state;
    make_right(&result);
    result.books_after.replayed = 9;
    psp_load_check(&definition, votes_promised, &result);
    assert_string_not_equal(result.verdict, "");
}

static void an_unintended_verdict_is_wrong(void **state)
{
    (void)state;
    make_right(&result);
    result.unintended = 1;
    psp_load_check(&definition, votes_promised, &result);
    assert_string_equal(result.verdict, "1 verdicts are not the intended ones");
}

static void books_that_do_not_balance_are_wrong(void **state)
{
    (void)state;
    make_right(&result);
    result.books_after.balanced = false;
    psp_load_check(&definition, votes_promised, &result);
    assert_string_equal(result.verdict, "the books do not balance");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_says_zero),
        cmocka_unit_test(percentiles_are_within_three_percent),
        cmocka_unit_test(a_stall_counts_for_every_ballot_that_was_due),
        cmocka_unit_test(times_beyond_the_last_bucket_keep_their_maximum),
        cmocka_unit_test(what_came_between_two_looks_is_their_difference),
        cmocka_unit_test(a_right_count_is_right),
        cmocka_unit_test(a_ballot_more_or_less_in_the_books_is_wrong),
        cmocka_unit_test(a_vote_for_the_other_choice_is_wrong),
        cmocka_unit_test(more_replays_than_resends_explain_are_wrong),
        cmocka_unit_test(an_unintended_verdict_is_wrong),
        cmocka_unit_test(books_that_do_not_balance_are_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
