/* What libpsephos says of a ballot beside the ballot itself: which style, whether it was
 * sent before; and the outcome that is no verdict. */
#include "tests/unit/fixture/client.h"

/* The numbers of the message's ballots that are marked as sent before, as bits. */
static uint32_t marked(const struct psp_client_message *message)
{
    uint32_t bits = 0;
    if (message->columns.resent == NULL)
        return 0;
    for (uint32_t i = 0; i < message->columns.n; i++)
        bits |= (uint32_t)(message->columns.resent[i / 8] >> i % 8 & 1) << i;
    return bits;
}

static void submit_as(struct psp_client_core *core, uint32_t number, uint32_t style, bool resent)
{
    char voter[16];
    struct psp_ballot ballot = {.voter_id = (const uint8_t *)voter,
                                .style = style,
                                .resent = resent,
                                .marks = blank,
                                .marks_bytes = sizeof blank,
                                .cookie = number};
    ballot.voter_id_bytes = (size_t)snprintf(voter, sizeof voter, "voter %u", number);
    psp_put32(ballot.ballot_id, number);
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
}

/* ---- the outcome that is no verdict ---- */

static void rows_that_are_not_allowed_end_and_the_rest_goes_on(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 4);
    uint32_t router;
    submit_many(core, 10, 4);
    const struct psp_client_message message = next(core, 0, &router);
    assert_int_equal(message.features, PSP_FEATURE_NOT_ALLOWED_ROWS);
    /* Row 4 is none, row 1 comes twice. */
    refuse(core, message.batch_id, PSP_REFUSAL_NOT_ALLOWED_ROWS, "\1\0\4\0\1\0\3\0", 4, 5);
    struct psp_receipt got = receipt(core);
    assert_int_equal(got.cookie, 11);
    assert_int_equal(got.outcome, PSP_OUTCOME_NOT_ALLOWED);
    assert_int_equal(got.verdict, 0);
    assert_int_equal(got.shard, PSP_NONE);
    assert_int_equal(got.index, 0);
    assert_false(got.resent);
    got = receipt(core);
    assert_int_equal(got.cookie, 13);
    assert_int_equal(got.outcome, PSP_OUTCOME_NOT_ALLOWED);
    assert_no_receipt(core);
    assert_int_equal(psp_client_core_refused(core), PSP_OK);

    verdicts(core, message.batch_id, "\0\0\1\0\2\0", "\1\1\3", 3, 6);
    got = receipt(core);
    assert_int_equal(got.cookie, 10);
    assert_int_equal(got.outcome, PSP_OUTCOME_VERDICT);
    assert_int_equal(receipt(core).cookie, 12);
    assert_no_receipt(core);
    assert_int_equal(stats_of(core).unanswered, 0);
    assert_int_equal(stats_of(core).resent, 0);
    submit_many(core, 20, 4); /* every record is free again */
    assert_int_equal(next(core, 7, &router).columns.n, 4);
    psp_client_core_destroy(&core);
}

static void a_whole_batch_that_is_not_allowed_ends_whole(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    uint32_t router;
    submit_many(core, 10, 4);
    const uint64_t batch = next(core, 0, &router).batch_id;
    next(core, 0, &router);
    refuse(core, batch, PSP_REFUSAL_NOT_ALLOWED_ROWS, NULL, 0, 5);
    assert_int_equal(receipt(core).cookie, 10);
    assert_int_equal(receipt(core).cookie, 11);
    assert_no_receipt(core);
    assert_int_equal(stats_of(core).unanswered, 2);
    psp_client_core_destroy(&core);
}

static void a_key_that_may_not_cast_at_all_stops_the_client(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    uint32_t router;
    submit_many(core, 10, 2);
    refuse(core, next(core, 0, &router).batch_id, PSP_REFUSAL_NOT_ALLOWED, NULL, 0, 5);
    assert_no_receipt(core);
    assert_int_equal(psp_client_core_refused(core), PSP_EPERM);
    psp_client_core_destroy(&core);
}

static void a_voters_second_ballot_leaves_when_the_first_is_not_allowed(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    struct psp_ballot ballot = {.voter_id = (const uint8_t *)"ann",
                                .voter_id_bytes = 3,
                                .style = PSP_NONE,
                                .marks = blank,
                                .marks_bytes = sizeof blank};
    for (uint32_t i = 1; i <= 2; i++) {
        psp_put32(ballot.ballot_id, i);
        assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
    }
    const struct psp_client_message first = next(core, 0, &router);
    assert_int_equal(ballot_of(&first, 0), 1);
    nothing_to_send(core, 0);
    refuse(core, first.batch_id, PSP_REFUSAL_NOT_ALLOWED_ROWS, "\0\0", 1, 5);
    const struct psp_client_message second = next(core, 5, &router);
    assert_int_equal(ballot_of(&second, 0), 2);
    psp_client_core_destroy(&core);
}

static void not_allowed_of_a_batch_given_up_says_nothing(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    const uint64_t batch = next(core, 0, &router).batch_id;
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 1, 2000, &again);
    refuse(core, batch, PSP_REFUSAL_NOT_ALLOWED_ROWS, "\0\0", 1, at_ms + 1);
    assert_no_receipt(core);
    verdicts(core, again.batch_id, "\0\0", "\x12", 1, at_ms + 2);
    assert_int_equal(psp_verdict_first(receipt(core).verdict), PSP_COUNTED);
    psp_client_core_destroy(&core);
}

/* It speaks of that send only, and the receipt says that there was another one. */
static void a_resend_that_is_not_allowed_says_that_it_was_one_and_is_the_end(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    const uint64_t batch = next(core, 0, &router).batch_id;
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 1, 2000, &again);
    refuse(core, again.batch_id, PSP_REFUSAL_NOT_ALLOWED_ROWS, "\0\0", 1, at_ms + 1);
    const struct psp_receipt got = receipt(core);
    assert_int_equal(got.outcome, PSP_OUTCOME_NOT_ALLOWED);
    assert_true(got.resent);
    verdicts(core, batch, "\0\0", "\1", 1, at_ms + 2);
    assert_no_receipt(core);
    submit_many(core, 20, 1); /* in the same record; the old batch is not of it */
    next(core, at_ms + 3, &router);
    verdicts(core, batch, "\0\0", "\1", 1, at_ms + 4);
    assert_no_receipt(core);
    psp_client_core_destroy(&core);
}

/* ---- sent before ---- */

static void what_a_timeout_leaves_unknown_is_marked_when_it_goes_again(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 3, 10);
    uint32_t router;
    submit_many(core, 10, 3);
    const struct psp_client_message first = next(core, 0, &router);
    assert_null(first.columns.resent);
    verdicts(core, first.batch_id, "\1\0", "\1", 1, 5);
    psp_client_core_tick(core, 1500);
    submit_many(core, 20, 1); /* goes with them, for the first time */
    const struct psp_client_message again = next(core, 1500, &router);
    assert_int_equal(ballot_of(&again, 0), 10);
    assert_int_equal(ballot_of(&again, 1), 12);
    assert_int_equal(ballot_of(&again, 2), 20);
    assert_int_equal(marked(&again), 3);
    psp_client_core_destroy(&core);
}

static void what_a_refusal_leaves_unknown_is_marked_too(void **state)
{
    (void)state;
    static const enum psp_refusal_code codes[] = {PSP_REFUSAL_UNKNOWN, PSP_REFUSAL_CONFIGURATION};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct psp_client_core *core = make(1, 2, 10);
        uint32_t router;
        submit_many(core, 10, 2);
        refuse(core, next(core, 0, &router).batch_id, codes[i], "\1\0", 1, 5);
        struct psp_client_message again;
        sent_again_at(core, 6, 500, &again);
        assert_int_equal(ballot_of(&again, 0), 11);
        assert_int_equal(marked(&again), 1);
        psp_client_core_destroy(&core);
    }
}

/* BUSY is sure of its own send, and of no other. */
static void after_busy_only_what_was_sent_before_that_is_marked(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    refuse(core, next(core, 0, &router).batch_id, PSP_REFUSAL_BUSY, NULL, 0, 0);
    struct psp_client_message message;
    uint64_t at_ms = sent_again_at(core, 1, 100, &message);
    assert_int_equal(marked(&message), 0);

    at_ms = sent_again_at(core, at_ms + 1, at_ms + 2000, &message); /* after no answer */
    assert_int_equal(marked(&message), 1);
    refuse(core, message.batch_id, PSP_REFUSAL_BUSY, NULL, 0, at_ms);
    sent_again_at(core, at_ms + 1, at_ms + 200, &message);
    assert_int_equal(marked(&message), 1);
    psp_client_core_destroy(&core);
}

static void what_the_socket_did_not_take_was_not_sent(void **state)
{
    (void)state;
    struct psp_client_core *core = make(2, 1, 10);
    uint32_t router;
    submit_many(core, 10, 1);
    next(core, 0, &router);
    psp_client_core_unsent(core, 0);
    const struct psp_client_message message = next(core, 0, &router);
    assert_null(message.columns.resent);
    psp_client_core_destroy(&core);
}

static void what_the_caller_says_was_sent_before_is_marked_in_its_place(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 10, 100);
    uint32_t router;
    for (uint32_t i = 0; i < 10; i++)
        submit_as(core, 10 + i, PSP_NONE, i == 0 || i == 3 || i == 9);
    const struct psp_client_message ten = next(core, 0, &router);
    assert_memory_equal(ten.columns.resent, "\x09\x02", 2);
    verdicts(core, ten.batch_id, "\0\0", "\x12", 1, 5);
    assert_false(receipt(core).resent); /* not by this client */
    for (uint32_t i = 0; i < 10; i++)   /* the marks of the last message do not stay */
        submit_as(core, 20 + i, PSP_NONE, i == 8);
    assert_memory_equal(next(core, 6, &router).columns.resent, "\x00\x01", 2);
    submit_many(core, 30, 10);
    assert_null(next(core, 7, &router).columns.resent);
    psp_client_core_destroy(&core);
}

/* ---- style ---- */

static void a_style_goes_where_one_is_named(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 2, 10);
    uint32_t router;
    submit_as(core, 10, PSP_NONE, false);
    submit_as(core, 11, 258, false);
    assert_memory_equal(next(core, 0, &router).columns.styles, "\xff\xff\xff\xff\x02\x01\0\0", 8);
    submit_as(core, 12, PSP_NONE, false);
    submit_as(core, 13, PSP_NONE, false);
    assert_null(next(core, 0, &router).columns.styles);
    psp_client_core_destroy(&core);
}

static void assert_id(struct psp_bytes bytes, const char *id)
{
    assert_int_equal(bytes.length, strlen(id));
    if (*id)
        assert_memory_equal(bytes.data, id, bytes.length);
}

static void rows_say_the_same_in_words(void **state)
{
    (void)state;
    static const struct psp_unit units[] = {{.id = "north"}};
    static const struct psp_method methods[] = {{.id = "booth"}};
    static const struct psp_style styles[] = {{.id = "paper"}, {.id = "red"}};
    static const struct psp_definition definition = {.unit_count = 1,
                                                     .units = units,
                                                     .method_count = 1,
                                                     .methods = methods,
                                                     .style_count = 2,
                                                     .styles = styles};
    const struct psp_client_core_options options = {
        .router_count = 1, .batch_rows = 3, .definition = &definition};
    struct psp_client_core *core = NULL;
    struct psp_client_message message;
    uint32_t router;
    assert_int_equal(psp_client_core_create(&options, &core), PSP_OK);
    submit_as(core, 10, PSP_NONE, false);
    submit_as(core, 11, 1, true);
    submit_as(core, 12, 2, false);
    assert_true(psp_client_core_next(core, 0, &router, &message));
    assert_int_equal(message.type, PSP_CLIENT_ROWS);
    assert_int_equal(message.features, PSP_FEATURE_NOT_ALLOWED_ROWS);
    assert_id(message.rows[0].style, "");
    assert_id(message.rows[1].style, "red");
    assert_id(message.rows[2].style, "?"); /* there is none at that position */
    assert_false(message.rows[0].resent);
    assert_true(message.rows[1].resent);
    assert_false(message.rows[2].resent);
    psp_client_core_destroy(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_are_not_allowed_end_and_the_rest_goes_on),
        cmocka_unit_test(a_whole_batch_that_is_not_allowed_ends_whole),
        cmocka_unit_test(a_key_that_may_not_cast_at_all_stops_the_client),
        cmocka_unit_test(a_voters_second_ballot_leaves_when_the_first_is_not_allowed),
        cmocka_unit_test(not_allowed_of_a_batch_given_up_says_nothing),
        cmocka_unit_test(a_resend_that_is_not_allowed_says_that_it_was_one_and_is_the_end),
        cmocka_unit_test(what_a_timeout_leaves_unknown_is_marked_when_it_goes_again),
        cmocka_unit_test(what_a_refusal_leaves_unknown_is_marked_too),
        cmocka_unit_test(after_busy_only_what_was_sent_before_that_is_marked),
        cmocka_unit_test(what_the_socket_did_not_take_was_not_sent),
        cmocka_unit_test(what_the_caller_says_was_sent_before_is_marked_in_its_place),
        cmocka_unit_test(a_style_goes_where_one_is_named),
        cmocka_unit_test(rows_say_the_same_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
