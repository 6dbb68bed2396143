/* In which order libpsephos lets ballots go: a pool's chance, a voter's second after the first. */
#include "tests/unit/fixture/client.h"

enum { POOL = 8, POOL_WAIT_MS = 500 };

/* Numbers written here, so that the order that follows is known: always the first of what
 * is left, but for the numbers of the `script`. */
struct chance {
    const uint32_t *script;
    size_t n, next;
    uint32_t draws;
};

static void scripted(void *context, void *ret_bytes, size_t bytes)
{
    struct chance *chance = context;
    if (bytes != 4) { /* the key of the voters' hash */
        memset(ret_bytes, 7, bytes);
        return;
    }
    chance->draws++;
    psp_put32(ret_bytes, chance->next < chance->n ? chance->script[chance->next++] : 0);
}

static struct psp_client_core *make_pooled(struct chance *chance, bool unordered)
{
    const struct psp_client_core_options options = {.router_count = 1,
                                                    .batch_rows = 100,
                                                    .inflight_max = 100,
                                                    .resend_after_ms = 1000,
                                                    .seed = 42,
                                                    .pool = POOL,
                                                    .pool_wait_ms = POOL_WAIT_MS,
                                                    .unordered = unordered,
                                                    .random = scripted,
                                                    .random_context = chance};
    struct psp_client_core *core = NULL;
    assert_int_equal(psp_client_core_create(&options, &core), PSP_OK);
    psp_client_core_tick(core, 0);
    return core;
}

/* Another ballot, `number`, of the voter of ballot `voter`. */
static void submit_of(struct psp_client_core *core, uint32_t voter_number, uint32_t number)
{
    char voter[16];
    struct psp_ballot ballot = {.voter_id = (const uint8_t *)voter,
                                .marks = blank,
                                .marks_bytes = sizeof blank,
                                .cookie = number};
    ballot.voter_id_bytes = (size_t)snprintf(voter, sizeof voter, "voter %u", voter_number);
    psp_put32(ballot.ballot_id, number);
    assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
}

static void assert_rows(const struct psp_client_message *message, const uint32_t *numbers,
                        uint32_t n)
{
    assert_int_equal(message->columns.n, n);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(ballot_of(message, i), numbers[i]);
}

static void a_full_pool_leaves_at_once_in_the_order_that_was_drawn(void **state)
{
    (void)state;
    /* Of 8 the fourth, whose place the last one takes; of 7 the fourth, that last one; of 6
     * the sixth (11 % 6 is 5); then always the first. */
    static const uint32_t script[] = {3, 3, 11};
    struct chance chance = {script, 3, 0, 0};
    struct psp_client_core *core = make_pooled(&chance, false);
    uint32_t router;
    submit_many(core, 10, POOL - 1);
    nothing_to_send(core, 0);
    submit_many(core, 10 + POOL - 1, 1);
    const struct psp_client_message message = next(core, 0, &router);
    assert_rows(&message, (const uint32_t[]){13, 17, 15, 10, 14, 16, 12, 11}, POOL);
    assert_int_equal(chance.draws, POOL);
    psp_client_core_destroy(&core);
}

static void a_draw_that_would_favour_some_is_drawn_again(void **state)
{
    (void)state;
    /* 2^32 is one more than a multiple of 3: the last number would favour the first. */
    static const uint32_t script[] = {UINT32_MAX, UINT32_MAX, 1};
    struct chance chance = {script, 3, 0, 0};
    struct psp_client_core *core = make_pooled(&chance, true);
    uint32_t router;
    submit_many(core, 10, 3);
    psp_client_core_flush(core);
    const struct psp_client_message message = next(core, 0, &router);
    assert_rows(&message, (const uint32_t[]){11, 10, 12}, 3);
    assert_int_equal(chance.draws, 5);
    psp_client_core_destroy(&core);
}

static void an_unfilled_pool_stays_for_a_push_and_leaves_when_its_wait_is_over(void **state)
{
    (void)state;
    struct chance chance = {0};
    struct psp_client_core *core = make_pooled(&chance, false);
    uint32_t router;
    submit_many(core, 10, 2);
    psp_client_core_tick(core, 100); /* here the wait begins */
    submit_many(core, 12, 1);        /* and goes on for who comes later */
    for (uint64_t now_ms = 100; now_ms < 100 + POOL_WAIT_MS; now_ms++) {
        psp_client_core_tick(core, now_ms);
        psp_client_core_push(core);
        nothing_to_send(core, now_ms);
    }
    psp_client_core_tick(core, 100 + POOL_WAIT_MS);
    assert_int_equal(next(core, 100 + POOL_WAIT_MS, &router).columns.n, 3);
    submit_many(core, 20, 1); /* the next pool waits anew */
    psp_client_core_tick(core, 700);
    nothing_to_send(core, 700);
    psp_client_core_tick(core, 700 + POOL_WAIT_MS);
    assert_int_equal(next(core, 700 + POOL_WAIT_MS, &router).columns.n, 1);
    psp_client_core_destroy(&core);
}

static void a_flush_sends_an_unfilled_pool(void **state)
{
    (void)state;
    struct chance chance = {0};
    struct psp_client_core *core = make_pooled(&chance, false);
    uint32_t router;
    submit_many(core, 10, 2);
    psp_client_core_flush(core);
    assert_int_equal(next(core, 0, &router).columns.n, 2);
    psp_client_core_destroy(&core);
}

static void without_a_pool_nothing_is_drawn_and_the_order_stays(void **state)
{
    (void)state;
    struct chance chance = {0};
    const struct psp_client_core_options options = {.router_count = 1,
                                                    .batch_rows = 4,
                                                    .pool = 1,
                                                    .random = scripted,
                                                    .random_context = &chance};
    struct psp_client_core *core = NULL;
    uint32_t router;
    assert_int_equal(psp_client_core_create(&options, &core), PSP_OK);
    submit_many(core, 10, 4);
    const struct psp_client_message message = next(core, 0, &router);
    assert_rows(&message, (const uint32_t[]){10, 11, 12, 13}, 4);
    assert_int_equal(chance.draws, 0);
    psp_client_core_destroy(&core);
}

static void a_voters_second_ballot_leaves_after_the_firsts_verdict(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 100);
    uint32_t router;
    submit_of(core, 1, 10);
    submit_of(core, 1, 11);
    submit_of(core, 2, 20);
    submit_of(core, 1, 12);
    psp_client_core_flush(core);
    const struct psp_client_message first = next(core, 0, &router);
    assert_rows(&first, (const uint32_t[]){10, 20}, 2);
    const uint64_t batch = first.batch_id;
    psp_client_core_flush(core);
    nothing_to_send(core, 0);
    verdicts(core, batch, "\1\0", "\1", 1, 1); /* another voter's: nobody waits for it */
    nothing_to_send(core, 1);
    verdicts(core, batch, "\0\0", "\1", 1, 2);
    const struct psp_client_message second = next(core, 2, &router);
    assert_rows(&second, (const uint32_t[]){11}, 1);
    verdicts(core, second.batch_id, "\0\0", "\3", 1, 3);
    const struct psp_client_message third = next(core, 3, &router);
    assert_rows(&third, (const uint32_t[]){12}, 1);
    verdicts(core, third.batch_id, "\0\0", "\3", 1, 4);
    submit_of(core, 1, 13); /* nothing of this voter is on the way any more */
    psp_client_core_flush(core);
    assert_int_equal(next(core, 5, &router).columns.n, 1);
    psp_client_core_destroy(&core);
}

static void a_second_ballot_waits_while_the_first_is_sent_again(void **state)
{
    (void)state;
    struct psp_client_core *core = make(1, 4, 100);
    uint32_t router;
    submit_of(core, 1, 10);
    submit_of(core, 1, 11);
    psp_client_core_flush(core);
    next(core, 0, &router);
    struct psp_client_message again;
    const uint64_t at_ms = sent_again_at(core, 1, 2000, &again);
    assert_rows(&again, (const uint32_t[]){10}, 1);
    refuse(core, again.batch_id, PSP_REFUSAL_BUSY, NULL, 0, at_ms);
    const uint64_t later_ms = sent_again_at(core, at_ms, at_ms + 1000, &again);
    assert_rows(&again, (const uint32_t[]){10}, 1);
    verdicts(core, again.batch_id, "\0\0", "\1", 1, later_ms);
    const struct psp_client_message second = next(core, later_ms, &router);
    assert_rows(&second, (const uint32_t[]){11}, 1);
    psp_client_core_destroy(&core);
}

static void a_second_ballot_is_pooled_when_its_turn_comes(void **state)
{
    (void)state;
    struct chance chance = {0};
    struct psp_client_core *core = make_pooled(&chance, false);
    uint32_t router;
    submit_of(core, 1, 10);
    submit_of(core, 1, 11);
    psp_client_core_flush(core);
    const struct psp_client_message first = next(core, 0, &router);
    assert_rows(&first, (const uint32_t[]){10}, 1);
    verdicts(core, first.batch_id, "\0\0", "\1", 1, 1);
    psp_client_core_tick(core, 1);
    psp_client_core_push(core);
    nothing_to_send(core, 1);
    psp_client_core_tick(core, 1 + POOL_WAIT_MS);
    const struct psp_client_message second = next(core, 1 + POOL_WAIT_MS, &router);
    assert_rows(&second, (const uint32_t[]){11}, 1);
    psp_client_core_destroy(&core);
}

static void unordered_ballots_of_one_voter_do_not_wait(void **state)
{
    (void)state;
    struct chance chance = {0};
    struct psp_client_core *core = make_pooled(&chance, true);
    uint32_t router;
    submit_of(core, 1, 10);
    submit_of(core, 1, 11);
    psp_client_core_flush(core);
    assert_int_equal(next(core, 0, &router).columns.n, 2);
    psp_client_core_destroy(&core);
}

static void a_pool_over_its_limits_or_without_chance_is_refused(void **state)
{
    (void)state;
    struct chance chance = {0};
    const struct psp_client_core_options good = {.router_count = 1,
                                                 .inflight_max = 100,
                                                 .pool = 100,
                                                 .random = scripted,
                                                 .random_context = &chance};
    struct psp_client_core_options cases[] = {good, good, good, good};
    cases[0].pool = 101; /* it would never be full */
    cases[1].random = NULL;
    cases[2].pool_wait_ms = PSP_CLIENT_POOL_WAIT_MAX_MS + 1;
    cases[3].inflight_max = 0, cases[3].pool = PSP_CLIENT_POOL_MAX + 1;
    struct psp_client_core *core = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(psp_client_core_create(&cases[i], &core), PSP_EINVAL);
    assert_int_equal(psp_client_core_create(&good, &core), PSP_OK);
    psp_client_core_destroy(&core);
}

/* Both ballots of each station keep its number, also when they are sent again. */
static void a_gateways_ballots_name_their_stations(void **state)
{
    (void)state;
    struct psp_client_core_options options = {
        .router_count = 1, .batch_rows = 3, .inflight_max = 8, .seed = 1, .gateway = true};
    struct psp_client_core *core = NULL;
    assert_int_equal(psp_client_core_create(&options, &core), PSP_OK);
    psp_client_core_tick(core, 0);
    static const uint32_t stations[] = {7, 100000, 7};
    for (uint32_t i = 0; i < 3; i++) {
        char voter[16];
        struct psp_ballot ballot = {.voter_id = (const uint8_t *)voter,
                                    .style = PSP_NONE,
                                    .marks = blank,
                                    .marks_bytes = sizeof blank,
                                    .station = stations[i]};
        ballot.voter_id_bytes = (size_t)snprintf(voter, sizeof voter, "voter %u", i);
        assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
    }
    uint32_t router;
    uint64_t now_ms = 0;
    for (int send = 0; send < 2; send++) {
        const struct psp_client_message message = next(core, now_ms, &router);
        assert_int_equal(message.columns.n, 3);
        assert_non_null(message.columns.stations);
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(psp_get32(message.columns.stations + 4 * (size_t)i), stations[i]);
        now_ms += 60000; /* no answer */
        psp_client_core_tick(core, now_ms);
    }
    psp_client_core_destroy(&core);
    core = make(1, 3, 8);
    submit_many(core, 0, 3);
    assert_null(next(core, 0, &router).columns.stations);
    psp_client_core_destroy(&core);
    struct psp_definition definition = {0};
    options.definition = &definition; /* rows have no place for a station */
    assert_int_equal(psp_client_core_create(&options, &core), PSP_EINVAL);
}

/* Each station's in their order; but who casts for a voter of another's keeps nobody waiting. */
static void a_gateways_station_does_not_wait_for_the_ballots_of_another(void **state)
{
    (void)state;
    const struct psp_client_core_options options = {
        .router_count = 1, .batch_rows = 100, .inflight_max = 100, .gateway = true};
    static const uint32_t stations[] = {7, 7, 8, 8};
    struct psp_client_core *core = NULL;
    uint32_t router;
    assert_int_equal(psp_client_core_create(&options, &core), PSP_OK);
    psp_client_core_tick(core, 0);
    for (uint32_t i = 0; i < 4; i++) {
        struct psp_ballot ballot = {.voter_id = (const uint8_t *)"one",
                                    .voter_id_bytes = 3,
                                    .marks = blank,
                                    .marks_bytes = sizeof blank,
                                    .station = stations[i]};
        psp_put32(ballot.ballot_id, 10 + i);
        assert_int_equal(psp_client_core_submit(core, &ballot), PSP_OK);
    }
    psp_client_core_flush(core);
    const struct psp_client_message first = next(core, 0, &router);
    assert_rows(&first, (const uint32_t[]){10, 12}, 2);
    verdicts(core, first.batch_id, "\0\0\1\0", "\1\3", 2, 1);
    psp_client_core_flush(core);
    const struct psp_client_message second = next(core, 1, &router);
    assert_rows(&second, (const uint32_t[]){11, 13}, 2);
    psp_client_core_destroy(&core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_pool_leaves_at_once_in_the_order_that_was_drawn),
        cmocka_unit_test(a_draw_that_would_favour_some_is_drawn_again),
        cmocka_unit_test(an_unfilled_pool_stays_for_a_push_and_leaves_when_its_wait_is_over),
        cmocka_unit_test(a_flush_sends_an_unfilled_pool),
        cmocka_unit_test(without_a_pool_nothing_is_drawn_and_the_order_stays),
        cmocka_unit_test(a_voters_second_ballot_leaves_after_the_firsts_verdict),
        cmocka_unit_test(a_second_ballot_waits_while_the_first_is_sent_again),
        cmocka_unit_test(a_second_ballot_is_pooled_when_its_turn_comes),
        cmocka_unit_test(unordered_ballots_of_one_voter_do_not_wait),
        cmocka_unit_test(a_pool_over_its_limits_or_without_chance_is_refused),
        cmocka_unit_test(a_gateways_ballots_name_their_stations),
        cmocka_unit_test(a_gateways_station_does_not_wait_for_the_ballots_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
