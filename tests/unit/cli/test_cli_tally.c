/* What `psephos cast` says became of its ballots, and that it fits the books. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/cast/tally.h"

enum { SENDS_MAX = 3 };

static const struct psp_cast_meaning of_a_voter = {0};
static const struct psp_cast_meaning injected_replay = {.injected_replay = true};

static struct psp_receipt receipt_of(uint8_t verdict, bool resent)
{
    return (struct psp_receipt){
        .outcome = PSP_OUTCOME_VERDICT, .verdict = verdict, .resent = resent, .index = 1};
}

static struct psp_cast_tally tally_of(struct psp_receipt receipt, struct psp_cast_meaning meaning)
{
    struct psp_cast_tally tally = {0};
    psp_cast_tally_add(&tally, &receipt, meaning);
    assert_int_equal(tally.cast, 1);
    return tally;
}

static void replayed_at_its_first_send_was_cast_by_an_earlier_run(void **state)
{
    (void)state;
    const struct psp_cast_tally tally = tally_of(receipt_of(0x12, false), of_a_voter);
    assert_int_equal(tally.disposed[PSP_REPLAYED], 1);
    assert_int_equal(tally.disposed[PSP_COUNTED], 0);
}

static void what_this_run_sent_again_counts_by_its_first_disposition(void **state)
{
    (void)state;
    struct psp_cast_tally tally = tally_of(receipt_of(0x12, true), of_a_voter);
    assert_int_equal(tally.disposed[PSP_REPLAYED], 0);
    assert_int_equal(tally.disposed[PSP_COUNTED], 1);
    tally = tally_of(receipt_of(0x32, true), of_a_voter);
    assert_int_equal(tally.disposed[PSP_DOUBLE_VOTE], 1);
}

static void an_injected_replay_is_one_sent_again_or_not(void **state)
{
    (void)state;
    for (int resent = 0; resent <= 1; resent++) {
        const struct psp_cast_tally tally = tally_of(receipt_of(0x12, resent), injected_replay);
        assert_int_equal(tally.disposed[PSP_REPLAYED], 1);
        assert_int_equal(tally.disposed[PSP_COUNTED], 0);
    }
}

static void not_allowed_stands_beside_the_verdicts(void **state)
{
    (void)state;
    const struct psp_receipt receipt = {.outcome = PSP_OUTCOME_NOT_ALLOWED, .shard = PSP_NONE};
    const struct psp_cast_tally tally =
        tally_of(receipt, (struct psp_cast_meaning){.refused = !psp_cast_counted(&receipt)});
    assert_int_equal(tally.not_allowed, 1);
    assert_int_equal(tally.refused, 1);
    for (int d = 0; d < PSP_DISPOSITIONS_END; d++)
        assert_int_equal(tally.disposed[d], 0);
}

static void only_what_is_counted_now_or_before_is_not_refused(void **state)
{
    (void)state;
    static const uint8_t counted[] = {0x01, 0x12}, refused[] = {0x03, 0x04, 0x05, 0x06, 0x32};
    for (size_t i = 0; i < sizeof counted; i++)
        assert_true(psp_cast_counted(&(struct psp_receipt){.verdict = counted[i]}));
    for (size_t i = 0; i < sizeof refused; i++)
        assert_false(psp_cast_counted(&(struct psp_receipt){.verdict = refused[i]}));
    assert_false(psp_cast_counted(
        &(struct psp_receipt){.outcome = PSP_OUTCOME_NOT_ALLOWED, .verdict = PSP_COUNTED}));
}

static void the_highest_index_of_each_shard_is_kept(void **state)
{
    (void)state;
    struct psp_cast_tally tally = {0};
    static const struct {
        uint32_t shard;
        uint64_t index;
    } receipts[] = {{0, 5}, {3, 9}, {0, 4}, {PSP_SHARDS_MAX, 7}};
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        struct psp_receipt receipt = receipt_of(PSP_COUNTED, false);
        receipt.shard = receipts[i].shard, receipt.index = receipts[i].index;
        psp_cast_tally_add(&tally, &receipt, of_a_voter);
    }
    assert_int_equal(tally.index[0], 5);
    assert_int_equal(tally.index[3], 9);
}

/* Every way in which up to three sends of a ballot arrive, and each of the answers that
 * then come is the one that is heard. `known`: an earlier run cast it. */
static void the_books_replayed_lies_between_replayed_and_that_and_resent(void **state)
{
    (void)state;
    for (unsigned known = 0; known <= 1; known++) {
        for (uint64_t sends = 1; sends <= SENDS_MAX; sends++) {
            for (uint64_t arrived = 1; arrived <= sends; arrived++) {
                for (uint64_t heard = 1; heard <= arrived; heard++) {
                    const uint8_t verdict = known || heard > 1 ? 0x12 : 0x01;
                    const struct psp_cast_tally tally =
                        tally_of(receipt_of(verdict, sends > 1), of_a_voter);
                    const uint64_t books = known ? arrived : arrived - 1;
                    const uint64_t resent = sends - 1;
                    assert_true(tally.disposed[PSP_REPLAYED] <= books);
                    assert_true(books <=
                                tally.disposed[PSP_REPLAYED] + resent + (known && resent > 0));
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replayed_at_its_first_send_was_cast_by_an_earlier_run),
        cmocka_unit_test(what_this_run_sent_again_counts_by_its_first_disposition),
        cmocka_unit_test(an_injected_replay_is_one_sent_again_or_not),
        cmocka_unit_test(not_allowed_stands_beside_the_verdicts),
        cmocka_unit_test(only_what_is_counted_now_or_before_is_not_refused),
        cmocka_unit_test(the_highest_index_of_each_shard_is_kept),
        cmocka_unit_test(the_books_replayed_lies_between_replayed_and_that_and_resent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
