/* The state machine: every disposition and their order, books, state hash.
 * Values are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "tests/unit/fixture/count.h"

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

/* ---- verdicts ---- */

static void a_ballot_is_counted_in_its_cells(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 11, P1, BOOTH, MARKS(2, 0, 1, 0, 1, 2, 0, 2)); /* ann; x and z */
    add(&batch, 2, 12, P1, BOOTH, MARKS(1, 1, 1, 1));             /* y only */
    add(&batch, 3, 13, P2, MAIL, BLANK);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED));
    expect_row(count, 0, CELLS(2, /* mayor */ 1, 0, 0, 1, 0, /* council */ 1, 1, 1, 1, 0));
    expect_row(count, 1, CELLS(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect_row(count, 2, CELLS(0, 0, 0, 0, 0));
    expect_row(count, 3, CELLS(1, 0, 1, 0, 0));
    const struct psp_books *books = psp_count_books(count);
    assert_int_equal(books->received, 3);
    assert_int_equal(books->disposed[PSP_COUNTED], 3);
    assert_int_equal(books->added_ballots, 3);
    assert_int_equal(books->voters_counted, 3);
    assert_int_equal(psp_count_index(count), 3);
    assert_int_equal(psp_count_time_ms(count), 1020);
    psp_count_destroy(&count);
    assert_null(count);
}

static void overvotes_and_undervotes_have_their_cells(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 11, P1, MAIL, MARKS(2, 0, 2, 0, 1, 1, 3, 0, 1, 2)); /* both overvoted */
    add(&batch, 2, 12, P1, MAIL, NOTHING);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_COUNTED));
    /* Per contest: choices + under + over = 2 ballots x votes allowed (1 and 2). */
    expect_row(count, 1, CELLS(2, 0, 0, 0, 1, 1, 0, 0, 0, 2, 2));
    psp_count_destroy(&count);
}

/* The whole of it; what differs between the rules are three ballots after the close. */
static void expect_order(uint32_t rules)
{
    uint8_t digests[2 * 16], units[2 * 4];
    for (uint32_t voter = 0; voter < 2; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_put32(units + voter * 4, P1);
    }
    const struct psp_roll_part roll = {2, digests, units, NULL};
    struct psp_count *count = rules == 1 ? open_count_rules_1(definition, &roll, 100)
                                         : open_count(definition, &roll, 100);
    const bool first = rules == 1;
    struct batch batch = {0};
    add(&batch, 0, 10, P1, BOOTH, ANN);               /* counted */
    add(&batch, 0, 10, P1, BOOTH, ANN);               /* same ballot again */
    add(&batch, 0, 11, P1, BOOTH, MARKS(1, 7, 1, 0)); /* invalid, and a double vote */
    add(&batch, 0, 12, P2, BOOTH, ANN);               /* wrong unit, and a double vote */
    add(&batch, 9, 13, P1, 9, ANN);                   /* invalid, and not on the roll */
    add(&batch, 9, 14, P1, BOOTH, ANN);               /* not on the roll */
    add(&batch, 0, 15, P1, BOOTH, ANN);               /* double vote */
    expect(count, &batch, true,
           VERDICTS(PSP_COUNTED, AGAIN(PSP_COUNTED), PSP_INVALID, PSP_NOT_ELIGIBLE, PSP_INVALID,
                    PSP_NOT_ELIGIBLE, PSP_DOUBLE_VOTE));
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLIED);
    struct batch late = {0};
    add(&late, 0, 10, P1, BOOTH, ANN); /* replayed comes before closed */
    add(&late, 0, 15, P1, BOOTH, ANN); /* the first disposition of a refusal, too */
    add(&late, 1, 20, P1, 9, ANN);     /* invalid before closed */
    add(&late, 1, 21, P2, BOOTH, ANN); /* not eligible: before closed by rules 1 */
    add(&late, 9, 24, P1, BOOTH, ANN); /* not on the roll: likewise */
    add(&late, 0, 22, P1, BOOTH, ANN); /* double vote: likewise */
    add(&late, 1, 23, P1, BOOTH, ANN); /* closed */
    expect(count, &late, true,
           VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE), PSP_INVALID,
                    first ? PSP_NOT_ELIGIBLE : PSP_CLOSED, first ? PSP_NOT_ELIGIBLE : PSP_CLOSED,
                    first ? PSP_DOUBLE_VOTE : PSP_CLOSED, PSP_CLOSED));
    const struct psp_books *books = psp_count_books(count);
    assert_int_equal(books->received, 14);
    assert_int_equal(books->disposed[PSP_COUNTED], 1);
    assert_int_equal(books->disposed[PSP_REPLAYED], 3);
    assert_int_equal(books->disposed[PSP_INVALID], 3);
    assert_int_equal(books->disposed[PSP_NOT_ELIGIBLE], first ? 4 : 2);
    assert_int_equal(books->disposed[PSP_DOUBLE_VOTE], first ? 2 : 1);
    assert_int_equal(books->disposed[PSP_CLOSED], first ? 1 : 4);
    psp_count_destroy(&count);
}

/* promise 2 */
static void the_first_reason_in_the_order_stands(void **state)
{
    (void)state;
    for (uint32_t rules = 1; rules <= 2; rules++)
        expect_order(rules);
}

static void what_is_invalid(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    uint8_t none[] = {1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    add(&batch, 1, 1, 0, BOOTH, ANN);                         /* not a leaf */
    add(&batch, 1, 2, 77, BOOTH, ANN);                        /* unknown unit */
    add(&batch, 1, 3, UINT32_MAX, BOOTH, ANN);                /* unknown at the router */
    add(&batch, 1, 4, P1, 2, ANN);                            /* unknown method */
    add(&batch, 1, 5, P1, BOOTH, none, sizeof none);          /* unknown choice */
    add(&batch, 1, 6, P2, BOOTH, BOB);                        /* bob does not stand in p2 */
    add(&batch, 1, 7, P2, BOOTH, MARKS(1, 1, 1, 0));          /* p2 has no council */
    add(&batch, 1, 8, P1, BOOTH, MARKS(1, 1, 2, 1, 1));       /* a choice repeated */
    add(&batch, 1, 9, P1, BOOTH, MARKS(2, 0, 1, 0, 0, 1, 1)); /* a contest repeated */
    add(&batch, 1, 10, P1, BOOTH, ANN);
    const uint8_t expected[] = {PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_INVALID,
                                PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_INVALID, PSP_COUNTED};
    expect(count, &batch, false, expected);
    psp_count_destroy(&count);
}

static void a_row_sees_the_earlier_rows_of_its_batch(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 5, 50, P1, BOOTH, ANN);
    add(&batch, 5, 51, P1, BOOTH, BOB);
    add(&batch, 5, 50, P1, BOOTH, ANN);
    add(&batch, 5, 51, P1, BOOTH, BOB);
    add(&batch, 6, 50, P1, BOOTH, ANN); /* another voter with the same tag */
    expect(count, &batch, false,
           VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE),
                    PSP_COUNTED));
    expect_row(count, 0, CELLS(2, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0));
    psp_count_destroy(&count);
}

/* promise 2 */
static void a_refused_ballot_resent_keeps_its_first_disposition(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    apply_genesis(count, false);
    struct batch early = {0};
    add(&early, 1, 10, P1, BOOTH, ANN);
    expect(count, &early, false, VERDICTS(PSP_CLOSED)); /* never opened yet */
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    expect(count, &early, false, VERDICTS(AGAIN(PSP_CLOSED)));
    struct batch anew = {0};
    add(&anew, 1, 11, P1, BOOTH, ANN); /* a new ballot ID, so another tag */
    expect(count, &anew, false, VERDICTS(PSP_COUNTED));
    expect(count, &early, false, VERDICTS(AGAIN(PSP_CLOSED)));
    expect_row(count, 0, CELLS(1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0));
    psp_count_destroy(&count);
}

static void an_empty_batch_changes_nothing_but_the_index(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    expect(count, &batch, false, VERDICTS(0));
    assert_int_equal(psp_count_index(count), 3);
    assert_int_equal(psp_count_books(count)->received, 0);
    psp_count_destroy(&count);
}

/* ---- batches that are not judged ---- */

static void expect_unjudged(struct psp_count *count, struct psp_entry *entry,
                            enum psp_apply_result expected)
{
    const struct psp_books before = *psp_count_books(count);
    uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    const char *text = NULL;
    assert_int_equal(apply_entry(count, entry, verdicts, &text), expected);
    assert_non_null(text);
    assert_memory_equal(&before, psp_count_books(count), sizeof before);
}

/* promise 2 */
static void a_batch_of_another_configuration_is_fenced(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    struct psp_entry entry = batch_entry(&batch, false);
    expect_unjudged(count, &entry, PSP_APPLY_FENCED); /* no genesis yet */
    apply_genesis(count, false);
    apply_plain(count, PSP_ENTRY_OPEN, 0);
    for (int part = 0; part < PSP_FENCE_PARTS; part++) {
        struct psp_genesis other = fixture_genesis(false);
        other.fence.parts[part][3] ^= 1;
        psp_fence_hash(&other.fence, entry.ballots.fence_hash);
        expect_unjudged(count, &entry, PSP_APPLY_FENCED);
    }
    expect(count, &batch, false, VERDICTS(PSP_COUNTED)); /* none of it was remembered */
    psp_count_destroy(&count);
}

static void a_slot_of_another_shard_fences_the_whole_batch(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    for (int i = 0; i < 2; i++) {
        struct batch batch = {0};
        add(&batch, 1, 10, P1, BOOTH, ANN);
        add(&batch, 2, 20, P1, BOOTH, ANN);
        /* slots 1023 and 2048: just below and just past the range */
        batch.digests[16] = i == 0 ? 0x3F : 0x80;
        batch.digests[17] = i == 0 ? 0xF0 : 0x00;
        struct psp_entry entry = batch_entry(&batch, false);
        expect_unjudged(count, &entry, PSP_APPLY_FENCED);
    }
    psp_count_destroy(&count);
}

static void ballots_of_the_first_and_the_last_slot_are_counted(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P1, BOOTH, ANN);
    batch.digests[0] = 0x40; /* slot 1024 */
    batch.digests[1] = 0x00;
    batch.digests[16] = 0x7F; /* slot 2047 */
    batch.digests[17] = 0xF0;
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_COUNTED));
    psp_count_destroy(&count);
}

/* Rules 1. */
static void past_the_bound_only_the_ballots_to_be_refused_are_not_judged(void **state)
{
    (void)state;
    struct psp_count *count = open_count_rules_1(definition, NULL, 3);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 1, 12, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, 0, BOOTH, ANN);
    expect(count, &batch, false, /* three refusals of five rows: just fits */
           VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_DOUBLE_VOTE, AGAIN(PSP_DOUBLE_VOTE),
                    AGAIN(PSP_COUNTED), PSP_INVALID));
    struct batch fourth = {0};
    add(&fourth, 2, 21, 0, BOOTH, ANN);
    add(&fourth, 3, 30, P1, BOOTH, ANN);
    add(&fourth, 3, 31, P1, BOOTH, ANN); /* a double vote, because of the row before */
    add(&fourth, 3, 30, P1, BOOTH, ANN);
    add(&fourth, 1, 12, P1, BOOTH, ANN);
    expect(count, &fourth, false,
           VERDICTS(PSP_NOT_JUDGED, PSP_COUNTED, PSP_NOT_JUDGED, AGAIN(PSP_COUNTED),
                    AGAIN(PSP_DOUBLE_VOTE)));
    assert_int_equal(psp_count_books(count)->received, 9);
    assert_int_equal(psp_count_books(count)->disposed[PSP_COUNTED], 2);
    assert_true(psp_books_balanced(psp_count_books(count)));
    psp_count_destroy(&count);
}

/* ---- the other entries ---- */

static void open_and_close(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    assert_null(psp_count_genesis(count));
    apply_genesis(count, false);
    assert_int_equal(psp_count_genesis(count)->shard, 1);
    assert_int_equal(apply_plain(count, PSP_ENTRY_GENESIS, 0), PSP_APPLY_NOTHING);
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLY_NOTHING);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_NEW);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLY_NOTHING);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_OPEN);
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLIED);
    assert_int_equal(psp_count_election_state(count), PSP_ELECTION_CLOSED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);

    struct psp_entry complete = {.type = PSP_ENTRY_UNIT_COMPLETE, .unit = P2};
    const char *text = NULL;
    uint8_t verdicts[1];
    assert_int_equal(apply_entry(count, &complete, verdicts, &text), PSP_APPLY_NOTHING);
    assert_string_equal(text, "units are reported, not declared complete");
    psp_count_destroy(&count);
}

/* A log of 0.1.0 gives the state that it had then. */
static void units_are_complete_by_rules_1(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    struct psp_genesis genesis = fixture_genesis(false);
    genesis.rules = 1;
    apply_genesis_of(count, genesis);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P2), PSP_APPLIED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P1), PSP_APPLIED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P2), PSP_APPLY_NOTHING);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, 3), PSP_APPLY_NOTHING);
    psp_count_destroy(&count);
}

static void time_never_goes_back_and_skipped_indexes_advance(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    uint8_t verdicts[1];
    const char *text = NULL;
    enum psp_apply_result result;
    struct psp_entry entry = {.type = PSP_ENTRY_CLOSE, .time_ms = 5};
    psp_count_skip(count, 10);
    assert_int_equal(psp_count_index(count), 10);
    assert_int_equal(psp_count_apply(count, 11, &entry, &result, verdicts, &text), PSP_OK);
    assert_int_equal(psp_count_index(count), 11);
    assert_int_equal(psp_count_time_ms(count), 1010); /* of the entry before */
    psp_count_destroy(&count);
}

static void a_roll_gives_registered_voters_per_leaf(void **state)
{
    (void)state;
    uint8_t digests[3 * 16], units[3 * 4];
    for (uint32_t voter = 0; voter < 3; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_put32(units + voter * 4, voter == 1 ? P2 : P1);
    }
    struct psp_roll_part roll = {3, digests, units, NULL};
    struct psp_count *count = open_count(definition, &roll, 100);
    uint32_t n;
    const uint32_t *leaves = psp_count_registered_leaves(count, &n);
    assert_int_equal(psp_count_registered(count), 3);
    assert_int_equal(n, 2);
    assert_int_equal(leaves[0], 2);
    assert_int_equal(leaves[1], 1);
    psp_count_destroy(&count);

    count = open_count(definition, NULL, 100);
    psp_count_registered_leaves(count, &n);
    assert_int_equal(psp_count_registered(count), 0);
    assert_int_equal(n, 0);
    psp_count_destroy(&count);
}

static void a_roll_with_a_voter_twice_or_a_wrong_unit_is_refused(void **state)
{
    (void)state;
    uint8_t digests[2 * 16], units[2 * 4];
    fixture_digest(4, digests);
    fixture_digest(4, digests + 16);
    psp_put32(units, P1);
    psp_put32(units + 4, P1);
    const struct psp_roll_part roll = {2, digests, units, NULL};
    struct psp_count *count = NULL;
    const struct psp_count_options options = {
        .definition = definition, .roll = &roll, .refused_max = 1};
    assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
    fixture_digest(5, digests + 16);
    psp_put32(units + 4, 0); /* not a leaf */
    assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
    psp_put32(units + 4, 3); /* no unit */
    assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
    assert_null(count);
}

static void a_genesis_with_a_roll_needs_the_roll(void **state)
{
    (void)state;
    struct psp_count *count = fixture_count(definition, NULL, 100);
    struct psp_entry entry = {.type = PSP_ENTRY_GENESIS, .genesis = fixture_genesis(true)};
    enum psp_apply_result result;
    const char *text = NULL;
    uint8_t verdicts[1];
    assert_int_equal(psp_count_apply(count, 1, &entry, &result, verdicts, &text), PSP_EMISMATCH);
    psp_count_destroy(&count);
}

/* ---- state hash ---- */

static void hash_after(uint64_t first, uint64_t second, const uint8_t *marks, uint8_t method,
                       uint8_t ret_hash[PSP_HASH_BYTES])
{
    struct psp_count *count = open_count(definition, NULL, 100);
    for (int i = 0; i < 2; i++) {
        struct batch batch = {0};
        add(&batch, 1, i == 0 ? first : second, P1, method, marks, 4);
        expect(count, &batch, false, VERDICTS(i == 0 ? PSP_COUNTED : PSP_DOUBLE_VOTE));
    }
    psp_count_state_hash(count, ret_hash);
    psp_count_destroy(&count);
}

/* promise 4 */
static void the_state_hash_tells_entries_and_their_order(void **state)
{
    (void)state;
    const uint8_t ann[] = {1, 0, 1, 0}, bob[] = {1, 0, 1, 1};
    uint8_t one[PSP_HASH_BYTES], other[PSP_HASH_BYTES];
    hash_after(10, 11, ann, BOOTH, one);
    hash_after(10, 11, ann, BOOTH, other);
    assert_memory_equal(one, other, PSP_HASH_BYTES);
    hash_after(11, 10, ann, BOOTH, other);
    assert_memory_not_equal(one, other, 16);
    hash_after(10, 11, bob, BOOTH, other);
    assert_memory_not_equal(one, other, 16);
    hash_after(10, 11, ann, MAIL, other);
    assert_memory_not_equal(one, other, 16);
}

/* SipHash-2-4-128 by another implementation (Python, from the paper's
 * description), over the parts count.h names, for: index 1, time 1000, OPEN
 * before any genesis. */
static void the_state_hash_is_the_documented_chain(void **state)
{
    (void)state;
    static const uint8_t expected[16] = {0x4E, 0x50, 0x0E, 0xF8, 0xD8, 0x52, 0x21, 0xA6,
                                         0xD8, 0x3F, 0x40, 0xAC, 0xB2, 0x8B, 0x82, 0x1C};
    struct psp_count *count = fixture_count(definition, NULL, 100);
    assert_int_equal(apply_plain(count, PSP_ENTRY_OPEN, 0), PSP_APPLIED);
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_state_hash(count, hash);
    assert_memory_equal(hash, expected, 16);
    static const uint8_t zeros[16];
    assert_memory_equal(hash + 16, zeros, 16);
    psp_count_destroy(&count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ballot_is_counted_in_its_cells),
        cmocka_unit_test(overvotes_and_undervotes_have_their_cells),
        cmocka_unit_test(the_first_reason_in_the_order_stands),
        cmocka_unit_test(what_is_invalid),
        cmocka_unit_test(a_row_sees_the_earlier_rows_of_its_batch),
        cmocka_unit_test(a_refused_ballot_resent_keeps_its_first_disposition),
        cmocka_unit_test(an_empty_batch_changes_nothing_but_the_index),
        cmocka_unit_test(a_batch_of_another_configuration_is_fenced),
        cmocka_unit_test(a_slot_of_another_shard_fences_the_whole_batch),
        cmocka_unit_test(ballots_of_the_first_and_the_last_slot_are_counted),
        cmocka_unit_test(past_the_bound_only_the_ballots_to_be_refused_are_not_judged),
        cmocka_unit_test(open_and_close),
        cmocka_unit_test(units_are_complete_by_rules_1),
        cmocka_unit_test(time_never_goes_back_and_skipped_indexes_advance),
        cmocka_unit_test(a_roll_gives_registered_voters_per_leaf),
        cmocka_unit_test(a_roll_with_a_voter_twice_or_a_wrong_unit_is_refused),
        cmocka_unit_test(a_genesis_with_a_roll_needs_the_roll),
        cmocka_unit_test(the_state_hash_tells_entries_and_their_order),
        cmocka_unit_test(the_state_hash_is_the_documented_chain),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
