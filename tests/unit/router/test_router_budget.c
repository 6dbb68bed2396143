/* Whose message is next, what does not fit, and who is ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "router/core/budget.h"

enum { MESSAGES = 4096 };

/* A message is its sender's number and a sequence number. */
struct message {
    uint32_t key, number;
};

struct desk {
    struct psp_budget *budget;
    struct message messages[MESSAGES];
    uint32_t used;
    uint64_t spent_us[64]; /* by key */
};

static int make_desk(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    assert_int_equal(psp_budget_create(NULL, &d->budget), PSP_OK);
    *state = d;
    return 0;
}

static int end_desk(void **state)
{
    struct desk *d = *state;
    while (psp_budget_next(d->budget, false) != NULL)
        psp_budget_spent(d->budget, 1, PSP_BUDGET_USED);
    psp_budget_destroy(&d->budget);
    free(d);
    return 0;
}

static enum psp_status put(struct desk *d, uint32_t key, size_t bytes)
{
    struct message *message = &d->messages[d->used++ % MESSAGES];
    *message = (struct message){key, d->used};
    return psp_budget_put(d->budget, PSP_ROLE_STATION, key, message, bytes);
}

/* Serves one message at this cost; whose it was, 0: none waits. */
static uint32_t serve(struct desk *d, uint64_t us)
{
    const struct message *message = psp_budget_next(d->budget, false);
    if (message == NULL)
        return 0;
    psp_budget_spent(d->budget, us, PSP_BUDGET_USED);
    d->spent_us[message->key] += us;
    return message->key;
}

/* As a status tells them; zeros of a key that was within its budget. */
static struct psp_key_counters counters_of(struct desk *d, uint32_t id)
{
    struct psp_bytes told = psp_budget_told(d->budget);
    for (struct psp_key_counters counters; psp_key_counters_decode(&told, &counters);)
        if (counters.id == id)
            return counters;
    return (struct psp_key_counters){.id = 0};
}

static void a_keys_messages_stay_in_order(void **state)
{
    struct desk *d = *state;
    assert_null(psp_budget_next(d->budget, false));
    for (int i = 0; i < 5; i++)
        assert_int_equal(put(d, 7, 100), PSP_OK);
    assert_int_equal(psp_budget_messages(d->budget), 5);
    for (uint32_t i = 1; i <= 5; i++) {
        const struct message *message = psp_budget_next(d->budget, false);
        assert_int_equal(message->number, i);
        psp_budget_spent(d->budget, 5000, PSP_BUDGET_USED);
    }
    assert_null(psp_budget_next(d->budget, false));
    assert_int_equal(counters_of(d, 7).messages, 0); /* nothing to tell of */
}

/* Twenty keys whose messages take 30 ms each: somebody who sends one now and then waits
 * for the one in work and for no other. */
static void a_modest_key_waits_for_the_message_in_work_alone(void **state)
{
    struct desk *d = *state;
    for (int i = 0; i < 10; i++)
        for (uint32_t key = 1; key <= 20; key++)
            assert_int_equal(put(d, key, 200000), PSP_OK);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(put(d, 33, 100), PSP_OK);
        assert_int_equal(serve(d, 50), 33);
        assert_in_range(serve(d, 30000), 1, 20);
    }
}

/* So do those who ask for costly work only now and then: what they owe they wait for. */
static void a_key_pays_for_one_costly_message(void **state)
{
    struct desk *d = *state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(put(d, 1, 100), PSP_OK);
    assert_int_equal(put(d, 2, 100), PSP_OK);
    while (serve(d, 1000) != 2) /* both have a quantum to begin with */
        ;
    assert_int_equal(put(d, 3, 100), PSP_OK);
    assert_int_equal(serve(d, 50000), 3); /* 50 quanta */
    assert_int_equal(put(d, 3, 100), PSP_OK);
    int before = 0;
    while (serve(d, 1000) == 1)
        before++;
    assert_in_range(before, 45, 52);
}

static void keys_that_always_wait_get_the_same_time(void **state)
{
    struct desk *d = *state;
    static const uint64_t costs[] = {0, 100, 900, 7000};
    uint32_t waits[4] = {0};
    for (int i = 0; i < 3000; i++) {
        for (uint32_t key = 1; key <= 3; key++)
            for (; waits[key] < 20; waits[key]++)
                assert_int_equal(put(d, key, 40000), PSP_OK);
        const struct message *message = psp_budget_next(d->budget, false);
        waits[message->key]--;
        psp_budget_spent(d->budget, costs[message->key], PSP_BUDGET_USED);
        d->spent_us[message->key] += costs[message->key];
    }
    const uint64_t least = d->spent_us[1];
    assert_true(least > 100000);
    for (uint32_t key = 2; key <= 3; key++)
        assert_in_range(d->spent_us[key], least - 8000, least + 8000);
}

static void a_pause_saves_up_one_quantum_only(void **state)
{
    struct desk *d = *state;
    assert_int_equal(put(d, 2, 10), PSP_OK);
    assert_int_equal(serve(d, 10), 2);
    for (int i = 0; i < 250; i++)
        assert_int_equal(put(d, 1, 10), PSP_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(serve(d, 1000), 1); /* a hundred rounds */
    for (int i = 0; i < 20; i++)
        assert_int_equal(put(d, 2, 10), PSP_OK);
    uint32_t first = 0;
    while (serve(d, 500) == 2)
        first++;
    assert_in_range(first, 2, 3);
}

static void a_gateway_counts_as_eight_stations(void **state)
{
    struct desk *d = *state;
    struct message gateway = {.key = 60};
    for (int i = 0; i < 9000; i++) {
        while (put(d, 1, 10) == PSP_OK && psp_budget_messages(d->budget) % 32 != 0)
            ;
        psp_budget_put(d->budget, PSP_ROLE_GATEWAY, 1, &gateway, 10);
        serve(d, 250);
    }
    assert_in_range(d->spent_us[60] / d->spent_us[1], 7, 9);
}

static void a_queue_holds_so_many_messages_and_bytes(void **state)
{
    struct desk *d = *state;
    for (int i = 0; i < PSP_BUDGET_KEY_MESSAGES_MAX; i++)
        assert_int_equal(put(d, 1, 10), PSP_OK);
    assert_int_equal(put(d, 1, 10), PSP_EBUSY);
    assert_int_equal(put(d, 2, PSP_BUDGET_KEY_BYTES_MAX), PSP_OK);
    assert_int_equal(put(d, 2, 1), PSP_EBUSY);
    assert_int_equal(put(d, 3, PSP_BUDGET_KEY_BYTES_MAX + 1), PSP_EBUSY);
    assert_int_equal(put(d, 4, 10), PSP_OK);
    assert_int_equal(counters_of(d, 1).over, 1);
    assert_int_equal(counters_of(d, 1).messages, PSP_BUDGET_KEY_MESSAGES_MAX);
    assert_int_equal(counters_of(d, 4).over, 0);
}

/* However many are greedy, who comes then finds as much room as each of them holds. */
static void all_queues_are_bounded_and_leave_room(void **state)
{
    struct desk *d = *state;
    size_t held = 0;
    for (uint32_t key = 1; key <= 60; key++)
        while (put(d, key, 1 << 20) == PSP_OK)
            held += 1 << 20;
    assert_in_range(held, PSP_BUDGET_BYTES_MAX / 2, PSP_BUDGET_BYTES_MAX);
    assert_int_equal(put(d, 61, 100 << 10), PSP_OK);
}

static uint32_t ended(struct desk *d, uint64_t *ret_ms)
{
    enum psp_role role = PSP_ROLE_STATION;
    uint32_t id = 0;
    return psp_budget_next_ended(d->budget, &role, &id, ret_ms) ? id : 0;
}

static void overflow(struct desk *d, uint32_t key)
{
    for (int i = 0; i < PSP_BUDGET_KEY_MESSAGES_MAX + PSP_BUDGET_VAIN_MESSAGES_MAX + 1; i++)
        put(d, key, 10);
}

static void who_does_not_heed_its_budget_is_ended(void **state)
{
    struct desk *d = *state;
    uint64_t now = 1000, ms = 0;
    psp_budget_tick(d->budget, now);
    for (int window = 1; window <= PSP_BUDGET_STRIKES; window++) {
        assert_int_equal(ended(d, &ms), 0);
        overflow(d, 5);
        put(d, 6, 10);
        psp_budget_tick(d->budget, now += 999); /* not yet */
        psp_budget_tick(d->budget, now += 1);
    }
    assert_int_equal(ended(d, &ms), 5);
    assert_int_equal(ms, PSP_BUDGET_END_MS);
    assert_int_equal(ended(d, &ms), 0);
    for (int window = 0; window < PSP_BUDGET_STRIKES; window++) {
        overflow(d, 5);
        psp_budget_tick(d->budget, now += 1000);
    }
    assert_int_equal(ended(d, &ms), 5);
    assert_int_equal(ms, 2 * PSP_BUDGET_END_MS); /* again, longer */
    assert_int_equal(counters_of(d, 5).ended, 2);
    now += PSP_BUDGET_FORGIVEN_MS;
    psp_budget_tick(d->budget, now);
    for (int window = 0; window < PSP_BUDGET_STRIKES; window++) {
        overflow(d, 5);
        psp_budget_tick(d->budget, now += 1000);
    }
    assert_int_equal(ended(d, &ms), 5);
    assert_int_equal(ms, PSP_BUDGET_END_MS);
}

static void who_heeds_it_in_between_is_not(void **state)
{
    struct desk *d = *state;
    uint64_t now = 1, ms = 0;
    psp_budget_tick(d->budget, now);
    for (int window = 0; window < 30; window++) {
        if (window % PSP_BUDGET_STRIKES != 0)
            overflow(d, 5);
        psp_budget_tick(d->budget, now += 1000);
    }
    assert_int_equal(ended(d, &ms), 0);
}

/* A message may be large and cheap to refuse: it is counted all the same. */
static void refusals_count_by_messages_and_bytes(void **state)
{
    struct desk *d = *state;
    uint64_t now = 1, ms = 0;
    psp_budget_tick(d->budget, now);
    for (int window = 0; window < PSP_BUDGET_STRIKES; window++) {
        for (int i = 0; i < 9; i++) {
            assert_int_equal(put(d, 8, 4 << 20), PSP_OK);
            assert_non_null(psp_budget_next(d->budget, false));
            psp_budget_spent(d->budget, 100, PSP_BUDGET_IN_VAIN);
            assert_int_equal(put(d, 9, 4 << 20), PSP_OK);
            assert_non_null(psp_budget_next(d->budget, false));
            psp_budget_spent(d->budget, 100, PSP_BUDGET_USED); /* they were good ones */
        }
        psp_budget_tick(d->budget, now += 1000);
    }
    assert_int_equal(ended(d, &ms), 8);
    assert_int_equal(ended(d, &ms), 0);
    assert_int_equal(counters_of(d, 8).refused, 9 * PSP_BUDGET_STRIKES);
    struct psp_bytes told = psp_budget_told(d->budget);
    struct psp_key_counters one;
    assert_true(psp_key_counters_decode(&told, &one));
    assert_int_equal(told.length, 0); /* of 9 there is nothing to say */
    assert_int_equal(one.role, PSP_ROLE_STATION);
    assert_int_equal(one.id, 8);
    assert_int_equal(one.messages, 9 * PSP_BUDGET_STRIKES);
    assert_int_equal(one.bytes, (uint64_t)9 * PSP_BUDGET_STRIKES * (4 << 20));
    assert_int_equal(one.time_us, 900 * PSP_BUDGET_STRIKES);
    assert_int_equal(one.refused, 9 * PSP_BUDGET_STRIKES);
    assert_int_equal(one.ended, 1);
    assert_false(psp_key_counters_decode(&told, &one));
}

/* While shards are busy with the many ballots of some, the few of others go on. */
static void long_messages_can_be_left_where_they_are(void **state)
{
    struct desk *d = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(put(d, 1, PSP_BUDGET_SHORT_BYTES + 1), PSP_OK);
        assert_int_equal(put(d, 2, PSP_BUDGET_SHORT_BYTES), PSP_OK);
        assert_int_equal(put(d, 3, 10), PSP_OK);
    }
    assert_int_equal(put(d, 2, PSP_BUDGET_SHORT_BYTES + 1), PSP_OK);
    static const uint32_t keys[] = {2, 3, 2, 3, 2, 3};
    for (size_t i = 0; i < 6; i++) { /* in turn */
        const struct message *message = psp_budget_next(d->budget, true);
        assert_non_null(message);
        assert_int_equal(message->key, keys[i]);
        psp_budget_spent(d->budget, 10, PSP_BUDGET_USED);
    }
    assert_null(psp_budget_next(d->budget, true));
    assert_int_equal(psp_budget_messages(d->budget), 4);
    assert_int_equal(put(d, 3, 10), PSP_OK);
    const struct message *message = psp_budget_next(d->budget, true);
    assert_int_equal(message->key, 3);
    psp_budget_spent(d->budget, 10, PSP_BUDGET_USED);
    uint32_t of[4] = {0};
    while (psp_budget_messages(d->budget) > 0)
        of[serve(d, 10)]++;
    assert_int_equal(of[1], 3);
    assert_int_equal(of[2], 1);
}

static void fault(struct desk *d, uint32_t key, size_t bytes)
{
    assert_int_equal(put(d, key, bytes), PSP_OK);
    assert_non_null(psp_budget_next(d->budget, false));
    psp_budget_spent(d->budget, 10, PSP_BUDGET_FAULTY);
}

/* A few small mistakes are nothing; much of what is no ballots ends a key at once. */
static void who_sends_no_ballots_at_all_is_ended_at_once(void **state)
{
    struct desk *d = *state;
    uint64_t ms = 0;
    psp_budget_tick(d->budget, 1000);
    for (int i = 0; i < PSP_BUDGET_FAULTY_MESSAGES_MAX; i++)
        fault(d, 1, 100);
    for (int i = 0; i < 3; i++)
        fault(d, 2, 4 << 20);
    assert_int_equal(ended(d, &ms), 0);
    fault(d, 1, 100);
    assert_int_equal(ended(d, &ms), 1);
    fault(d, 2, 1);
    assert_int_equal(ended(d, &ms), 2);
    assert_int_equal(ms, PSP_BUDGET_END_MS);
    for (int i = 0; i < 9; i++) /* what was on the way still */
        fault(d, 2, 4 << 20);
    assert_int_equal(ended(d, &ms), 0);
    psp_budget_tick(d->budget, 1000 + PSP_BUDGET_END_MS);
    for (int i = 0; i < 4; i++)
        fault(d, 2, 4 << 20);
    assert_int_equal(ended(d, &ms), 2);
    assert_int_equal(ms, 2 * PSP_BUDGET_END_MS);
    psp_budget_tick(d->budget, 1000 + 4 * PSP_BUDGET_END_MS);
    for (int i = 0; i < 3; i++)
        fault(d, 2, 4 << 20);
    psp_budget_tick(d->budget, 2000 + 4 * PSP_BUDGET_END_MS); /* another window */
    fault(d, 2, 4 << 20);
    assert_int_equal(ended(d, &ms), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, make_desk, end_desk)
        AT_DESK(a_keys_messages_stay_in_order),
        AT_DESK(a_modest_key_waits_for_the_message_in_work_alone),
        AT_DESK(a_key_pays_for_one_costly_message),
        AT_DESK(keys_that_always_wait_get_the_same_time),
        AT_DESK(a_pause_saves_up_one_quantum_only),
        AT_DESK(a_gateway_counts_as_eight_stations),
        AT_DESK(a_queue_holds_so_many_messages_and_bytes),
        AT_DESK(all_queues_are_bounded_and_leave_room),
        AT_DESK(long_messages_can_be_left_where_they_are),
        AT_DESK(who_does_not_heed_its_budget_is_ended),
        AT_DESK(who_sends_no_ballots_at_all_is_ended_at_once),
        AT_DESK(who_heeds_it_in_between_is_not),
        AT_DESK(refusals_count_by_messages_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
