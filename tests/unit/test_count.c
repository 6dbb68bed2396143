/* The state machine: every disposition and their order, books, state hash,
 * deltas and what is restored from them. Values are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "count_fixture.h"

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

static void the_first_reason_in_the_order_stands(void **state)
{
    (void)state;
    uint8_t digests[2 * 16], units[2 * 4];
    for (uint32_t voter = 0; voter < 2; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_store32(units + voter * 4, P1);
    }
    const struct psp_roll_part roll = {2, digests, units};
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 0, 10, P1, BOOTH, ANN);                     /* counted */
    add(&batch, 0, 10, P1, BOOTH, ANN);                     /* same ballot again */
    add(&batch, 0, 11, P1, BOOTH, MARKS(1, 7, 1, 0));       /* invalid, and a double vote */
    add(&batch, 0, 12, P2, BOOTH, ANN);                     /* wrong unit, and a double vote */
    add(&batch, 9, 13, P1, 9, ANN);                        /* invalid, and not on the roll */
    add(&batch, 9, 14, P1, BOOTH, ANN);                     /* not on the roll */
    add(&batch, 0, 15, P1, BOOTH, ANN);                     /* double vote */
    expect(count, &batch, true,
           VERDICTS(PSP_COUNTED, AGAIN(PSP_COUNTED), PSP_INVALID, PSP_NOT_ELIGIBLE, PSP_INVALID,
                    PSP_NOT_ELIGIBLE, PSP_DOUBLE_VOTE));
    assert_int_equal(apply_plain(count, PSP_ENTRY_CLOSE, 0), PSP_APPLIED);
    struct batch late = {0};
    add(&late, 0, 10, P1, BOOTH, ANN); /* replayed comes before closed */
    add(&late, 0, 15, P1, BOOTH, ANN); /* the first disposition of a refusal, too */
    add(&late, 1, 20, P1, 9, ANN);     /* invalid before closed */
    add(&late, 1, 21, P2, BOOTH, ANN); /* not eligible before closed */
    add(&late, 0, 22, P1, BOOTH, ANN); /* double vote before closed */
    add(&late, 1, 23, P1, BOOTH, ANN); /* closed */
    expect(count, &late, true,
           VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE), PSP_INVALID, PSP_NOT_ELIGIBLE,
                    PSP_DOUBLE_VOTE, PSP_CLOSED));
    const struct psp_books *books = psp_count_books(count);
    assert_int_equal(books->received, 13);
    assert_int_equal(books->disposed[PSP_COUNTED], 1);
    assert_int_equal(books->disposed[PSP_REPLAYED], 3);
    assert_int_equal(books->disposed[PSP_INVALID], 3);
    assert_int_equal(books->disposed[PSP_NOT_ELIGIBLE], 3);
    assert_int_equal(books->disposed[PSP_DOUBLE_VOTE], 2);
    assert_int_equal(books->disposed[PSP_CLOSED], 1);
    psp_count_destroy(&count);
}

static void what_is_invalid(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    uint8_t none[] = {1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    add(&batch, 1, 1, 0, BOOTH, ANN);                       /* not a leaf */
    add(&batch, 1, 2, 77, BOOTH, ANN);                      /* unknown unit */
    add(&batch, 1, 3, UINT32_MAX, BOOTH, ANN);              /* unknown at the router */
    add(&batch, 1, 4, P1, 2, ANN);                          /* unknown method */
    add(&batch, 1, 5, P1, BOOTH, none, sizeof none);        /* unknown choice */
    add(&batch, 1, 6, P2, BOOTH, BOB);                      /* bob does not stand in p2 */
    add(&batch, 1, 7, P2, BOOTH, MARKS(1, 1, 1, 0));        /* p2 has no council */
    add(&batch, 1, 8, P1, BOOTH, MARKS(1, 1, 2, 1, 1));     /* a choice repeated */
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
    for (int part = 0; part < 5; part++) {
        struct psp_genesis other = fixture_genesis(false);
        uint8_t *const parts[] = {other.fence.cluster_id, other.fence.definition_hash,
                                  other.fence.roll_hash, other.fence.slot_map_hash,
                                  other.fence.digest_key_hash};
        parts[part][3] ^= 1;
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

static void refusals_are_bounded_and_the_batch_is_refused_whole(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 3);
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
    add(&fourth, 3, 30, P1, BOOTH, ANN);
    add(&fourth, 3, 31, P1, BOOTH, ANN); /* a double vote, because of the row before */
    struct psp_entry entry = batch_entry(&fourth, false);
    expect_unjudged(count, &entry, PSP_APPLY_FULL);
    /* Ballots that need no refusal are still counted. */
    struct batch good = {0};
    add(&good, 3, 30, P1, BOOTH, ANN);
    add(&good, 3, 30, P1, BOOTH, ANN);
    add(&good, 1, 12, P1, BOOTH, ANN);
    expect(count, &good, false,
           VERDICTS(PSP_COUNTED, AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE)));
    assert_int_equal(psp_count_books(count)->received, 9);
    psp_count_destroy(&count);
}

/* ---- the other entries ---- */

static void open_and_close_and_unit_complete(void **state)
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

    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P2), PSP_APPLIED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P1), PSP_APPLIED);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P2), PSP_APPLY_NOTHING);
    assert_int_equal(apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, 3), PSP_APPLY_NOTHING);
    uint32_t n;
    const uint32_t *units = psp_count_units_complete(count, &n);
    assert_int_equal(n, 2);
    assert_int_equal(units[0], P1);
    assert_int_equal(units[1], P2);
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
        psp_store32(units + voter * 4, voter == 1 ? P2 : P1);
    }
    struct psp_roll_part roll = {3, digests, units};
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
    psp_store32(units, P1);
    psp_store32(units + 4, P1);
    const struct psp_roll_part roll = {2, digests, units};
    struct psp_count *count = NULL;
    const struct psp_count_options options = {
        .definition = definition, .roll = &roll, .refused_max = 1};
    assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
    fixture_digest(5, digests + 16);
    psp_store32(units + 4, 0); /* not a leaf */
    assert_int_equal(psp_count_create(&options, &count), PSP_EINVAL);
    psp_store32(units + 4, 3); /* no unit */
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

/* ---- deltas ---- */

static struct psp_count_delta *take(struct psp_count *count)
{
    struct psp_count_delta *delta = NULL;
    assert_int_equal(psp_count_take_delta(count, &delta), PSP_OK);
    return delta;
}

static void a_delta_holds_what_is_new_and_only_that(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, ANN);
    expect(count, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_COUNTED));
    assert_int_equal(psp_count_delta_bytes(count), 2 * 20 + 2 * 12 + 25);
    struct psp_count_delta *delta = take(count);
    assert_int_equal(psp_count_delta_bytes(count), 0);
    assert_true(delta->has_genesis);
    assert_int_equal(delta->index, 3);
    assert_int_equal(delta->voter_first, 0);
    assert_int_equal(delta->voter_n, 2);
    assert_memory_equal(delta->voter_digests, batch.digests, 16);
    assert_memory_equal(delta->voter_digests + 16, batch.digests + 32, 16);
    assert_int_equal(psp_load32(delta->voter_units + 4), P2);
    assert_int_equal(delta->counted_n, 2);
    assert_int_equal(psp_load32(delta->counted + 12), 1); /* the second voter */
    assert_int_equal(psp_load64(delta->counted + 16), 20);
    assert_int_equal(delta->refused_n, 1);
    assert_int_equal(psp_load64(delta->refused + 16), 11);
    assert_int_equal(delta->refused[24], PSP_DOUBLE_VOTE);
    assert_int_equal(delta->row_n, 2);
    assert_int_equal(delta->rows[0], 0);
    assert_int_equal(delta->row_cells[0], 11);
    assert_int_equal(delta->rows[1], 3);
    assert_int_equal(delta->row_cells[1], 5);
    assert_int_equal(delta->cells[11], 1); /* the second row's ballots */
    psp_count_delta_destroy(&delta);
    assert_null(delta);

    struct batch next = {0};
    add(&next, 3, 30, P2, MAIL, ANN);
    expect(count, &next, false, VERDICTS(PSP_COUNTED));
    delta = take(count);
    assert_false(delta->has_genesis);
    assert_int_equal(delta->voter_first, 2);
    assert_int_equal(delta->voter_n, 1);
    assert_int_equal(delta->counted_first, 2);
    assert_int_equal(delta->counted_n, 1);
    assert_int_equal(delta->refused_first, 1);
    assert_int_equal(delta->refused_n, 0);
    assert_int_equal(delta->row_n, 1);
    assert_int_equal(delta->cells[0], 2);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&count);
}

static void a_restored_count_goes_on_like_the_first(void **state)
{
    (void)state;
    struct psp_count *first = open_count(definition, NULL, 100);
    struct psp_count *second = fixture_count(definition, NULL, 100);
    struct batch batch = {0}, next = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 1, 11, P1, BOOTH, ANN);
    add(&batch, 2, 20, P2, MAIL, ANN);
    add(&next, 2, 20, P2, MAIL, ANN);
    add(&next, 1, 11, P1, BOOTH, ANN);
    add(&next, 1, 12, P1, BOOTH, ANN);
    add(&next, 3, 30, P1, BOOTH, BOB);
    expect(first, &batch, false, VERDICTS(PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_COUNTED));
    struct psp_count_delta *delta = take(first);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    apply_plain(first, PSP_ENTRY_UNIT_COMPLETE, P2);
    delta = take(first);
    assert_int_equal(psp_count_restore(second, delta), PSP_OK);
    psp_count_delta_destroy(&delta);
    assert_int_equal(psp_count_restore_end(second), PSP_OK);

    struct psp_count *const both[] = {first, second};
    uint8_t hashes[2][PSP_HASH_BYTES];
    for (int i = 0; i < 2; i++) {
        expect(both[i], &next, false,
               VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_DOUBLE_VOTE), PSP_DOUBLE_VOTE,
                        PSP_COUNTED));
        expect_row(both[i], 0, CELLS(2, 1, 1, 0, 0, 0, 0, 0, 0, 4, 0));
        psp_count_state_hash(both[i], hashes[i]);
        uint32_t n;
        assert_int_equal(psp_count_units_complete(both[i], &n)[0], P2);
        assert_int_equal(n, 1);
    }
    assert_memory_equal(hashes[0], hashes[1], PSP_HASH_BYTES);
    assert_memory_equal(psp_count_books(first), psp_count_books(second), sizeof(struct psp_books));
    delta = take(second); /* nothing of what was restored comes again */
    assert_false(delta->has_genesis);
    assert_int_equal(delta->voter_first, 2);
    assert_int_equal(delta->voter_n, 1);
    assert_int_equal(delta->counted_first, 2);
    assert_int_equal(delta->counted_n, 1);
    assert_int_equal(delta->refused_first, 1);
    assert_int_equal(delta->refused_n, 1);
    psp_count_delta_destroy(&delta);
    psp_count_destroy(&first);
    psp_count_destroy(&second);
}

/* Restores a delta after `spoil` has had its hands on it. */
static enum psp_status restore_spoiled(void (*spoil)(struct psp_count_delta *))
{
    struct psp_count *count = open_count(definition, NULL, 100);
    struct batch batch = {0};
    add(&batch, 1, 10, P1, BOOTH, ANN);
    add(&batch, 2, 20, P1, BOOTH, ANN);
    add(&batch, 2, 21, P1, BOOTH, ANN);
    add(&batch, 2, 22, P1, BOOTH, ANN);
    expect(count, &batch, false,
           VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_DOUBLE_VOTE, PSP_DOUBLE_VOTE));
    apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P1);
    apply_plain(count, PSP_ENTRY_UNIT_COMPLETE, P2);
    struct psp_count_delta *delta = take(count);
    psp_count_destroy(&count);
    spoil(delta);
    count = fixture_count(definition, NULL, 100);
    enum psp_status status = psp_count_restore(count, delta);
    if (status == PSP_OK)
        status = psp_count_restore_end(count);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&delta);
    return status;
}

static void spoil_nothing(struct psp_count_delta *delta)
{
    (void)delta;
}
static void spoil_voter_gap(struct psp_count_delta *delta)
{
    delta->voter_first = 1;
}
static void spoil_voter_twice(struct psp_count_delta *delta)
{
    memcpy(delta->voter_digests + 16, delta->voter_digests, 16);
}
static void spoil_voter_missing(struct psp_count_delta *delta)
{
    delta->voter_n = 1;
}
static void spoil_voter_slot(struct psp_count_delta *delta)
{
    delta->voter_digests[0] = 0;
}
static void spoil_voter_unit(struct psp_count_delta *delta)
{
    psp_store32(delta->voter_units, P2); /* a leaf, but not where the ballot is */
}
static void spoil_voter_no_leaf(struct psp_count_delta *delta)
{
    psp_store32(delta->voter_units, 0);
}
static void spoil_counted_gap(struct psp_count_delta *delta)
{
    delta->counted_first = 1;
}
static void spoil_counted_number(struct psp_count_delta *delta)
{
    psp_store32(delta->counted, 1);
}
static void spoil_counted_missing(struct psp_count_delta *delta)
{
    delta->counted_n = 1;
}
static void spoil_refused_gap(struct psp_count_delta *delta)
{
    delta->refused_first = 1;
}
static void spoil_refused_twice(struct psp_count_delta *delta)
{
    memcpy(delta->refused + 25, delta->refused, 25);
}
static void spoil_refused_disposition(struct psp_count_delta *delta)
{
    delta->refused[24] = PSP_COUNTED;
}
static void spoil_refused_missing(struct psp_count_delta *delta)
{
    delta->refused_n = 1;
}
static void spoil_row_number(struct psp_count_delta *delta)
{
    delta->rows[0] = 4;
}
static void spoil_row_size(struct psp_count_delta *delta)
{
    delta->row_cells[0] = 5;
}
static void spoil_cell(struct psp_count_delta *delta)
{
    delta->cells[1]++;
}
static void spoil_books(struct psp_count_delta *delta)
{
    delta->books.received++;
}
static void spoil_books_all(struct psp_count_delta *delta)
{
    delta->books.received++; /* balanced, but not what the records say */
    delta->books.disposed[PSP_COUNTED]++;
    delta->books.added_ballots++;
    delta->books.voters_counted++;
}
static void spoil_units_order(struct psp_count_delta *delta)
{
    delta->units_complete[0] = P2;
}
static void spoil_genesis(struct psp_count_delta *delta)
{
    delta->has_genesis = false;
}
static void spoil_slots(struct psp_count_delta *delta)
{
    delta->genesis.slot_end = PSP_SLOT_COUNT + 1;
}
static void spoil_state(struct psp_count_delta *delta)
{
    delta->election_state = (enum psp_election_state)7;
}

static void restore_refuses_what_contradicts_itself(void **state)
{
    (void)state;
    void (*const spoils[])(struct psp_count_delta *) = {
        spoil_voter_gap,       spoil_voter_twice,     spoil_voter_missing,
        spoil_voter_slot,      spoil_voter_unit,      spoil_voter_no_leaf,
        spoil_counted_gap,     spoil_counted_number,  spoil_counted_missing,
        spoil_refused_gap,     spoil_refused_twice,   spoil_refused_disposition,
        spoil_refused_missing, spoil_row_number,      spoil_row_size,
        spoil_cell,            spoil_books,           spoil_books_all,
        spoil_units_order,     spoil_genesis,         spoil_slots,
        spoil_state,
    };
    assert_int_equal(restore_spoiled(spoil_nothing), PSP_OK);
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        const enum psp_status status = restore_spoiled(spoils[i]);
        if (status != PSP_ECORRUPT)
            print_error("spoil %zu: %s\n", i, psp_status_text(status));
        assert_int_equal(status, PSP_ECORRUPT);
    }
}

static void deltas_out_of_order_are_refused(void **state)
{
    (void)state;
    struct psp_count *count = open_count(definition, NULL, 100);
    struct psp_count_delta *first = take(count);
    apply_plain(count, PSP_ENTRY_CLOSE, 0);
    struct psp_count_delta *second = take(count);
    psp_count_destroy(&count);
    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(count, second), PSP_OK);
    assert_int_equal(psp_count_restore(count, first), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&first);
    psp_count_delta_destroy(&second);
}

/* ---- the roll and deltas ---- */

static void the_first_delta_holds_the_whole_roll_and_restore_wants_the_same(void **state)
{
    (void)state;
    uint8_t digests[3 * 16], units[3 * 4];
    for (uint32_t voter = 0; voter < 3; voter++) {
        fixture_digest(voter, digests + voter * 16);
        psp_store32(units + voter * 4, P1);
    }
    const struct psp_roll_part roll = {3, digests, units};
    struct psp_count *count = open_count(definition, &roll, 100);
    struct batch batch = {0};
    add(&batch, 2, 20, P1, BOOTH, ANN);
    expect(count, &batch, true, VERDICTS(PSP_COUNTED));
    struct psp_count_delta *delta = take(count);
    assert_int_equal(delta->voter_n, 3);
    assert_memory_equal(delta->voter_digests, digests, sizeof digests);
    assert_memory_equal(delta->voter_units, units, sizeof units);
    assert_int_equal(psp_load32(delta->counted), 2);
    psp_count_destroy(&count);

    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(count), PSP_OK);
    struct batch next = {0};
    add(&next, 2, 20, P1, BOOTH, ANN);
    add(&next, 1, 10, P1, BOOTH, ANN);
    add(&next, 7, 70, P1, BOOTH, ANN);
    expect(count, &next, true, VERDICTS(AGAIN(PSP_COUNTED), PSP_COUNTED, PSP_NOT_ELIGIBLE));
    struct psp_count_delta *later = take(count);
    assert_int_equal(later->voter_n, 0);
    assert_int_equal(later->counted_n, 1);
    assert_int_equal(psp_load32(later->counted), 1);
    psp_count_delta_destroy(&later);
    psp_count_destroy(&count);

    count = fixture_count(definition, NULL, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_EMISMATCH); /* no roll given */
    psp_count_destroy(&count);
    psp_store32(units, P2);
    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_EMISMATCH); /* another roll */
    psp_count_destroy(&count);
    psp_store32(units, P1);
    psp_store32(delta->counted, 3); /* no such voter */
    count = fixture_count(definition, &roll, 100);
    assert_int_equal(psp_count_restore(count, delta), PSP_ECORRUPT);
    psp_count_destroy(&count);
    psp_count_delta_destroy(&delta);
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
        cmocka_unit_test(refusals_are_bounded_and_the_batch_is_refused_whole),
        cmocka_unit_test(open_and_close_and_unit_complete),
        cmocka_unit_test(time_never_goes_back_and_skipped_indexes_advance),
        cmocka_unit_test(a_roll_gives_registered_voters_per_leaf),
        cmocka_unit_test(a_roll_with_a_voter_twice_or_a_wrong_unit_is_refused),
        cmocka_unit_test(a_genesis_with_a_roll_needs_the_roll),
        cmocka_unit_test(the_state_hash_tells_entries_and_their_order),
        cmocka_unit_test(the_state_hash_is_the_documented_chain),
        cmocka_unit_test(a_delta_holds_what_is_new_and_only_that),
        cmocka_unit_test(a_restored_count_goes_on_like_the_first),
        cmocka_unit_test(restore_refuses_what_contradicts_itself),
        cmocka_unit_test(deltas_out_of_order_are_refused),
        cmocka_unit_test(the_first_delta_holds_the_whole_roll_and_restore_wants_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
