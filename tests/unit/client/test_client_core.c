/* What libpsephos decides: batching, resending, backing off, one receipt a ballot. */
#include "tests/unit/fixture/client.h"

#include "base/bytes/varint.h"

static void a_full_batch_goes_at_once_and_the_rest_waits_for_a_flush(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 100);
    uint32_t router;
    submit_many(core, 10, 5);
    struct psp_client_message message = next(core, 0, &router);
    assert_int_equal(message.columns.n, 4);
    assert_memory_equal(message.columns.voter_lengths, "\10\10\10\10", 4);
    assert_memory_equal(message.columns.voter_ids, "voter 10voter 11voter 12voter 13", 32);
    assert_int_equal(psp_get32(message.columns.units + 4), 11);
    assert_int_equal(message.columns.marks_bytes, 4);
    uint8_t hash[PSP_HASH_BYTES];
    memset(hash, 0xDE, sizeof hash);
    assert_memory_equal(message.definition_hash, hash, sizeof hash);
    nothing_to_send(core, 0);
    psp_client_core_flush(core);
    const struct psp_client_message rest = next(core, 0, &router);
    assert_int_equal(rest.columns.n, 1);
    assert_int_not_equal(rest.batch_id, message.batch_id);
    psp_client_core_destroy(&core);
}

static void partial_verdicts_are_receipts_of_their_rows(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 100);
    uint32_t router;
    submit_many(core, 10, 4);
    const uint64_t batch = next(core, 0, &router).batch_id;
    verdicts(core, batch, "\3\0\1\0", "\1\3", 2, 5);
    assert_int_equal(receipt(core).cookie, 13);
    const struct psp_receipt second = receipt(core);
    assert_int_equal(second.cookie, 11);
    assert_int_equal(second.verdict, PSP_DOUBLE_VOTE);
    assert_int_equal(second.shard, 3);
    assert_int_equal(second.index, 77);
    assert_false(second.resent);
    assert_no_receipt(core);
    verdicts(core, batch, "\0\0\1\0\2\0", "\1\1\1", 3, 6); /* row 1 twice */
    assert_int_equal(receipt(core).cookie, 10);
    assert_int_equal(receipt(core).cookie, 12);
    assert_no_receipt(core);
    assert_int_equal(stats_of(core).receipts, 4);
    assert_int_equal(stats_of(core).unanswered, 0);
    psp_client_core_destroy(&core);
}

/* promise 2 */
static void only_unanswered_ballots_are_resent_with_their_ids_in_a_new_batch(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 100);
    uint32_t router;
    submit_many(core, 10, 4);
    const uint64_t batch = next(core, 0, &router).batch_id;
    verdicts(core, batch, "\0\0\2\0", "\1\1", 2, 5);
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 6, 2000, &again);
    assert_in_range(at_ms, 1125, 1375); /* 1000 and 1/8 to 3/8 more */
    assert_int_not_equal(again.batch_id, batch);
    assert_int_equal(again.columns.n, 2);
    assert_int_equal(ballot_of(&again, 0), 11);
    assert_int_equal(ballot_of(&again, 1), 13);
    assert_memory_equal(again.columns.voter_ids, "voter 11voter 13", 16);
    assert_int_equal(stats_of(core).resent, 2);

    verdicts(core, again.batch_id, "\0\0\1\0", "\1\x12", 2, at_ms + 3); /* replayed, was counted */
    receipt(core), receipt(core);
    const struct psp_receipt third = receipt(core);
    assert_int_equal(third.cookie, 11);
    assert_true(third.resent);
    assert_int_equal(psp_verdict_first(receipt(core).verdict), PSP_COUNTED);
    psp_client_core_destroy(&core);
}

static void a_late_verdict_still_counts_and_the_second_one_is_ignored(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 100);
    uint32_t router;
    submit_many(core, 10, 2);
    const uint64_t batch = next(core, 0, &router).batch_id;
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 1, 2000, &again);
    verdicts(core, batch, "\0\0", "\1", 1, at_ms + 1); /* of the old batch */
    assert_int_equal(receipt(core).cookie, 10);
    verdicts(core, again.batch_id, "\0\0\1\0", "\x12\x12", 2, at_ms + 2);
    assert_int_equal(receipt(core).cookie, 11);
    assert_no_receipt(core);
    verdicts(core, batch, "\0\0\1\0", "\1\1", 2, at_ms + 3);
    assert_no_receipt(core);
    /* The records are free again, and new ballots are not taken for old ones. */
    submit_many(core, 20, 2);
    next(core, at_ms + 4, &router);
    verdicts(core, batch, "\0\0\1\0", "\1\1", 2, at_ms + 5);
    assert_no_receipt(core);
    assert_int_equal(stats_of(core).receipts, 2);
    psp_client_core_destroy(&core);
}

static void a_verdict_for_a_ballot_that_waits_to_be_resent_stops_the_resend(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 3);
    uint32_t router;
    submit_many(core, 10, 2);
    const uint64_t batch = next(core, 0, &router).batch_id;
    psp_client_core_tick(core, 1500); /* past the deadline: ready again, not yet sent */
    verdicts(core, batch, "\0\0\1\0", "\1\1", 2, 1500);
    assert_int_equal(receipt(core).cookie, 10);
    assert_int_equal(receipt(core).cookie, 11);
    nothing_to_send(core, 1500);
    submit_many(core, 20, 3); /* all three records are free */
    psp_client_core_flush(core);
    assert_int_equal(next(core, 1501, &router).columns.n, 2);
    psp_client_core_destroy(&core);
}

static void the_timeout_doubles_with_every_resend(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    next(core, 0, &router);
    uint64_t sent_ms = 0;
    for (uint64_t wait_ms = 1000; wait_ms <= 8000; wait_ms *= 2) {
        struct psp_client_message again;
        const uint64_t at_ms = sent_again_at(core, sent_ms + 1, sent_ms + 60000, &again);
        assert_in_range(at_ms - sent_ms, wait_ms * 9 / 8, wait_ms * 11 / 8);
        assert_int_equal(ballot_of(&again, 0), 10);
        sent_ms = at_ms;
    }
    psp_client_core_destroy(&core);
}

static void busy_rows_go_again_later_and_later_and_are_not_called_resent(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    uint32_t router;
    submit_many(core, 10, 2);
    struct psp_client_message message = next(core, 0, &router);
    verdicts(core, message.batch_id, "\0\0", "\1", 1, 0);
    uint64_t now_ms = 0;
    const char *rows = "\1\0";
    for (uint64_t pause_ms = 20; pause_ms <= 1280; pause_ms *= 2) {
        refuse(core, message.batch_id, PSP_REFUSAL_BUSY, rows, 1, now_ms);
        const uint64_t at_ms = sent_again_at(core, now_ms, now_ms + 5000, &message);
        /* The wheel rounds up by a step or two. */
        assert_in_range(at_ms - now_ms, pause_ms * 9 / 8, pause_ms * 11 / 8 + 32);
        assert_int_equal(message.columns.n, 1);
        assert_int_equal(ballot_of(&message, 0), 11);
        now_ms = at_ms, rows = "\0\0";
    }
    verdicts(core, message.batch_id, "\0\0", "\1", 1, now_ms);
    receipt(core);
    assert_false(receipt(core).resent);
    assert_int_equal(stats_of(core).busy, 7);
    assert_int_equal(stats_of(core).resent, 0);
    psp_client_core_destroy(&core);
}

static void a_whole_batch_refused_as_busy_goes_again_whole(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 3, 10);
    uint32_t router;
    submit_many(core, 10, 3);
    refuse(core, next(core, 0, &router).batch_id, PSP_REFUSAL_BUSY, NULL, 0, 0);
    struct psp_client_message again;
    sent_again_at(core, 1, 100, &again);
    assert_int_equal(again.columns.n, 3);
    psp_client_core_destroy(&core);
}

static void unknown_rows_are_resent_and_say_so(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    uint32_t router;
    submit_many(core, 10, 2);
    refuse(core, next(core, 0, &router).batch_id, PSP_REFUSAL_UNKNOWN, "\0\0", 1, 10);
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 11, 200, &again);
    assert_in_range(at_ms, 10 + 56, 10 + 69 + 32);
    assert_int_equal(again.columns.n, 1);
    assert_int_equal(ballot_of(&again, 0), 10);
    verdicts(core, again.batch_id, "\0\0", "\x12", 1, at_ms);
    assert_true(receipt(core).resent);
    assert_int_equal(stats_of(core).resent, 1);
    psp_client_core_destroy(&core);
}

static void batches_take_turns_over_the_routers_and_avoid_a_silent_one(void **state)
{
    (void)state;
    struct psp_client_core *core = make(2, 1, 10);
    uint32_t first, second, third;
    submit_many(core, 10, 2);
    const uint64_t batch_1 = next(core, 10, &first).batch_id;
    const uint64_t batch_2 = next(core, 10, &second).batch_id;
    assert_int_equal(first + second, 1);
    /* Only router 0 answers; the ballot of router 1 goes to router 0, as do
     * all others for a second. */
    verdicts(core, first == 0 ? batch_1 : batch_2, "\0\0", "\1", 1, 900);
    receipt(core);
    for (uint64_t now_ms = 901; now_ms <= 1385; now_ms++)
        psp_client_core_tick(core, now_ms);
    submit_many(core, 20, 3);
    for (uint32_t i = 0; i < 4; i++) {
        next(core, 1385, &third);
        assert_int_equal(third, 0);
    }
    assert_int_equal(stats_of(core).resent, 1);
    submit_many(core, 30, 2);
    next(core, 2386, &first);
    next(core, 2386, &second);
    assert_int_equal(first + second, 1);
    psp_client_core_destroy(&core);
}

static void what_a_socket_does_not_take_goes_to_the_next_router(void **state)
{
    (void)state;
    struct psp_client_core *core = make(2, 2, 10);
    uint32_t first, second;
    submit_many(core, 10, 2);
    next(core, 0, &first);
    psp_client_core_unsent(core, 0);
    const struct psp_client_message message = next(core, 0, &second);
    assert_int_equal(first + second, 1);
    assert_int_equal(message.columns.n, 2);
    psp_client_core_unsent(core, 0);
    nothing_to_send(core, 19);
    assert_int_equal(next(core, 20, &first).columns.n, 2);
    assert_int_equal(stats_of(core).resent, 0);
    psp_client_core_destroy(&core);
}

static void a_broken_connection_brings_the_resend_forward(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    next(core, 0, &router);
    psp_client_core_disconnected(core, 0, 100);
    struct psp_client_message again;
    assert_in_range(sent_again_at(core, 100, 300, &again), 156, 169);
    psp_client_core_destroy(&core);
}

static void submissions_are_bounded_by_what_is_unanswered_or_not_taken(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 2);
    uint32_t router;
    submit_many(core, 10, 2);
    assert_int_equal(submit(core, 12), PSP_EBUSY);
    verdicts(core, next(core, 0, &router).batch_id, "\0\0\1\0", "\1\1", 2, 1);
    assert_int_equal(submit(core, 12), PSP_EBUSY);
    receipt(core);
    assert_int_equal(submit(core, 12), PSP_OK);
    assert_int_equal(submit(core, 13), PSP_EBUSY);
    psp_client_core_destroy(&core);
}

static void ballots_over_a_limit_are_not_taken(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    static const uint8_t id[256];
    static const uint8_t open_ended[] = {1, 0};
    struct psp_ballot ballot = {
        .voter_id = id, .voter_id_bytes = 256, .marks = blank, .marks_bytes = 1};
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_EINVAL);
    ballot.voter_id_bytes = 0;
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_EINVAL);
    ballot.voter_id_bytes = 255;
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
    ballot.marks = open_ended, ballot.marks_bytes = 2;
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_EINVAL);
    ballot.marks_bytes = 0;
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_EINVAL);
    psp_client_core_destroy(&core);
}

static void long_ballots_keep_every_byte(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 3, 10);
    uint8_t id[255], marks[3 + 256 * 2];
    uint32_t router;
    memset(id, 'v', sizeof id);
    marks[0] = 1, marks[1] = 0; /* 1 contest, contest 0 */
    size_t length = 2 + psp_varint_write(marks + 2, 250);
    for (int i = 0; i < 250; i++)
        marks[length++] = 1;
    const struct psp_ballot ballot = {
        .voter_id = id, .voter_id_bytes = 255, .marks = marks, .marks_bytes = length};
    for (uint8_t i = 0; i < 3; i++) {
        id[254] = i; /* another voter: one and the same would wait */
        assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
    }
    const struct psp_client_message message = next(core, 0, &router);
    assert_int_equal(message.columns.voter_bytes, 3 * 255);
    assert_int_equal(message.columns.marks_bytes, 3 * length);
    assert_memory_equal(message.columns.voter_ids + 510, id, 255);
    assert_memory_equal(message.columns.marks + 2 * length, marks, length);
    psp_client_core_destroy(&core);
}

static void refusals_for_good_stop_the_client(void **state)
{
    (void)state;
    static const struct {
        enum psp_refusal_code code;
        enum psp_status status;
    } cases[] = {{PSP_REFUSAL_WRONG_ELECTION, PSP_EMISMATCH},
                 {PSP_REFUSAL_NOT_ALLOWED, PSP_EPERM},
                 {PSP_REFUSAL_UNSUPPORTED_PROTOCOL, PSP_EVERSION},
                 {PSP_REFUSAL_UNDECODABLE, PSP_EINVAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct psp_client_core *core = make(1, 1, 10);
        uint32_t router;
        submit_many(core, 10, 2);
        refuse(core, next(core, 0, &router).batch_id, cases[i].code, NULL, 0, 1);
        assert_int_equal(psp_client_core_refused(core), cases[i].status);
        assert_string_equal(psp_client_core_error(core), "a text");
        nothing_to_send(core, 2);
        psp_client_core_destroy(&core);
    }
}

/* promise 2: whose positions mean other choices gets no ballot. */
static void the_welcome_of_another_election_stops_the_client(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    submit_many(core, 10, 1);
    struct psp_client_message welcome = {.type = PSP_CLIENT_WELCOME};
    memset(welcome.definition_hash, 0xDE, sizeof welcome.definition_hash);
    psp_client_core_message(core, 0, &welcome, 1);
    assert_int_equal(psp_client_core_refused(core), PSP_OK);
    welcome.definition_hash[PSP_HASH_BYTES - 1] ^= 1;
    psp_client_core_message(core, 0, &welcome, 1);
    assert_int_equal(psp_client_core_refused(core), PSP_EMISMATCH);
    nothing_to_send(core, 2);
    psp_client_core_destroy(&core);
}

static void configuration_refusals_are_tried_again(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    refuse(core, next(core, 0, &router).batch_id, PSP_REFUSAL_CONFIGURATION, "\0\0", 1, 1);
    assert_int_equal(psp_client_core_refused(core), PSP_OK);
    assert_string_equal(psp_client_core_error(core), "a text");
    struct psp_client_message again;
    sent_again_at(core, 2, 200, &again);
    psp_client_core_destroy(&core);
}

static void nonsense_from_a_router_changes_nothing(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    const uint64_t batch = next(core, 0, &router).batch_id;
    verdicts(core, batch + 1, "\0\0", "\1", 1, 1);
    verdicts(core, batch, "\1\0", "\1", 1, 1);   /* no such row */
    verdicts(core, batch, "\0\0", "\x0F", 1, 1); /* no such verdict */
    verdicts(core, batch, "\0\0", "\xF2", 1, 1); /* replay of no such verdict */
    refuse(core, batch, PSP_REFUSAL_BUSY, "\377\377", 1, 1);
    assert_no_receipt(core);
    assert_int_equal(stats_of(core).busy, 0);
    verdicts(core, batch, "\0\0", "\1", 1, 1);
    assert_int_equal(receipt(core).cookie, 10);
    psp_client_core_destroy(&core);
}

/* promise 1 */
static void every_ballot_gets_one_receipt_whatever_the_network_does(void **state)
{
    (void)state;
    enum { BALLOTS = 3000 };
    struct psp_client_core *core = make(3, 64, 500);
    static uint8_t receipts[BALLOTS];
    memset(receipts, 0, sizeof receipts);
    uint64_t random = 7;
    uint32_t submitted = 0, received = 0;
    for (uint64_t now_ms = 1; received < BALLOTS; now_ms++) {
        assert_true(now_ms < 10000000);
        psp_client_core_tick(core, now_ms);
        for (int i = 0; i < 40 && submitted < BALLOTS; i++)
            submitted += submit(core, submitted) == PSP_OK;
        psp_client_core_flush(core);
        struct psp_client_message message;
        uint32_t router;
        while (psp_client_core_next(core, now_ms, &router, &message)) {
            const uint64_t batch = message.batch_id;
            const uint32_t n = message.columns.n;
            random = random * 6364136223846793005u + 1442695040888963407u;
            const unsigned chance = (unsigned)(random >> 60);
            uint8_t rows[128], values[64];
            for (uint32_t i = 0; i < n; i++)
                rows[2 * i] = (uint8_t)i, rows[2 * i + 1] = 0, values[i] = PSP_COUNTED;
            if (chance < 4)
                psp_client_core_unsent(core, now_ms);
            else if (chance < 6)
                continue; /* lost */
            else if (chance < 8)
                refuse(core, batch, PSP_REFUSAL_BUSY, (const char *)rows, n / 2 + 1, now_ms);
            else if (chance < 9)
                refuse(core, batch, PSP_REFUSAL_UNKNOWN, (const char *)rows, n, now_ms);
            else if (chance < 10)
                refuse(core, batch, PSP_REFUSAL_NOT_ALLOWED_ROWS, (const char *)rows, n / 2 + 1,
                       now_ms);
            if (chance >= 6)
                verdicts(core, batch, (const char *)rows, (const char *)values,
                         chance == 15 ? n / 3 : n, now_ms);
            if (chance == 14)
                psp_client_core_disconnected(core, router, now_ms);
        }
        struct psp_receipt receipt;
        while (psp_client_core_receipts(core, &receipt, 1) == 1) {
            receipts[receipt.cookie]++;
            received++;
        }
    }
    for (uint32_t i = 0; i < BALLOTS; i++)
        assert_int_equal(receipts[i], 1);
    assert_int_equal(stats_of(core).unanswered, 0);
    psp_client_core_destroy(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_batch_goes_at_once_and_the_rest_waits_for_a_flush),
        cmocka_unit_test(partial_verdicts_are_receipts_of_their_rows),
        cmocka_unit_test(only_unanswered_ballots_are_resent_with_their_ids_in_a_new_batch),
        cmocka_unit_test(a_late_verdict_still_counts_and_the_second_one_is_ignored),
        cmocka_unit_test(a_verdict_for_a_ballot_that_waits_to_be_resent_stops_the_resend),
        cmocka_unit_test(the_timeout_doubles_with_every_resend),
        cmocka_unit_test(busy_rows_go_again_later_and_later_and_are_not_called_resent),
        cmocka_unit_test(a_whole_batch_refused_as_busy_goes_again_whole),
        cmocka_unit_test(unknown_rows_are_resent_and_say_so),
        cmocka_unit_test(batches_take_turns_over_the_routers_and_avoid_a_silent_one),
        cmocka_unit_test(what_a_socket_does_not_take_goes_to_the_next_router),
        cmocka_unit_test(a_broken_connection_brings_the_resend_forward),
        cmocka_unit_test(submissions_are_bounded_by_what_is_unanswered_or_not_taken),
        cmocka_unit_test(ballots_over_a_limit_are_not_taken),
        cmocka_unit_test(long_ballots_keep_every_byte),
        cmocka_unit_test(refusals_for_good_stop_the_client),
        cmocka_unit_test(the_welcome_of_another_election_stops_the_client),
        cmocka_unit_test(configuration_refusals_are_tried_again),
        cmocka_unit_test(nonsense_from_a_router_changes_nothing),
        cmocka_unit_test(every_ballot_gets_one_receipt_whatever_the_network_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
