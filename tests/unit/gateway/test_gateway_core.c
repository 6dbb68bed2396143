/* Whose ballots go, when an order is done, and what is still counted against a station. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "election/verdict.h"
#include "gateway/core/core.h"

static const uint8_t blank[] = {0};

static void fill(struct psp_gateway_order *order, uint32_t station, uint32_t n)
{
    *order = (struct psp_gateway_order){.station = station, .deadline_ms = 1000};
    for (uint32_t i = 0; i < n; i++) {
        char voter[16];
        struct psp_ballot ballot = {
            .voter_id = (const uint8_t *)voter, .marks = blank, .marks_bytes = sizeof blank};
        ballot.voter_id_bytes = (size_t)snprintf(voter, sizeof voter, "voter %u", i);
        ballot.ballot_id[0] = (uint8_t)i;
        assert_int_equal(psp_gateway_order_add(order, &ballot, i == 1 ? "unknown unit" : ""),
                         PSP_OK);
    }
}

static struct psp_gateway_core *make(uint32_t inflight_max)
{
    struct psp_gateway_core *core = NULL;
    assert_int_equal(psp_gateway_core_create(inflight_max, &core), PSP_OK);
    return core;
}

/* Submits all that may go; the cookies in order. */
static uint32_t submit(struct psp_gateway_core *core, uint64_t *ret_cookies)
{
    struct psp_ballot ballot;
    bool flush;
    uint32_t n = 0;
    while (psp_gateway_core_next(core, &ballot, &flush))
        ret_cookies[n++] = ballot.cookie;
    return n;
}

static void judge(struct psp_gateway_core *core, uint64_t cookie, uint8_t verdict)
{
    psp_gateway_core_receipt(core, &(struct psp_receipt){.cookie = cookie,
                                                         .outcome = PSP_OUTCOME_VERDICT,
                                                         .verdict = verdict,
                                                         .shard = 2,
                                                         .index = 77});
}

static void not_allowed(struct psp_gateway_core *core, uint64_t cookie, bool resent)
{
    psp_gateway_core_receipt(core, &(struct psp_receipt){.cookie = cookie,
                                                         .outcome = PSP_OUTCOME_NOT_ALLOWED,
                                                         .resent = resent});
}

static void an_order_is_done_when_every_line_is_final(void **state)
{
    (void)state;
    struct psp_gateway_core *core = make(0);
    struct psp_gateway_order order;
    uint64_t cookies[8];
    char text[64];
    fill(&order, 7, 3);
    psp_gateway_core_take(core, &order);
    struct psp_ballot ballot;
    bool flush;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(psp_gateway_core_next(core, &ballot, &flush));
        assert_int_equal(ballot.station, 7);
        assert_true(ballot.resent);
        assert_int_equal(ballot.ballot_id[0], i);
        assert_int_equal(flush, i == 2);
        cookies[i] = ballot.cookie;
    }
    assert_false(psp_gateway_core_next(core, &ballot, &flush));
    judge(core, cookies[2], psp_verdict_replayed(PSP_DOUBLE_VOTE));
    judge(core, cookies[0], PSP_COUNTED);
    assert_null(psp_gateway_core_done(core));
    assert_int_equal(psp_gateway_core_inflight(core), 1);
    judge(core, cookies[1], PSP_INVALID);
    assert_ptr_equal(psp_gateway_core_done(core), &order);
    assert_int_equal(order.state, PSP_GATEWAY_ANSWERED);
    assert_int_equal(psp_gateway_core_inflight(core), 0);
    assert_null(psp_gateway_order_reason(&order, 0, text, sizeof text));
    assert_string_equal(psp_gateway_order_reason(&order, 1, text, sizeof text), "unknown unit");
    assert_int_equal(order.lines[2].shard, 2);
    assert_int_equal(order.lines[2].index, 77);
    assert_int_equal(psp_verdict_first(order.lines[2].verdict), PSP_DOUBLE_VOTE);
    psp_gateway_order_free(&order);
    psp_gateway_core_destroy(&core);
}

static void not_allowed_is_final_only_of_what_was_sent_once(void **state)
{
    (void)state;
    struct psp_gateway_core *core = make(0);
    struct psp_gateway_order first, second;
    uint64_t cookies[8];
    fill(&first, 7, 1);
    fill(&second, 7, 1);
    psp_gateway_core_take(core, &first);
    psp_gateway_core_take(core, &second);
    assert_int_equal(submit(core, cookies), 2);
    not_allowed(core, cookies[0], false);
    not_allowed(core, cookies[1], true);
    assert_ptr_equal(psp_gateway_core_done(core), &first);
    assert_ptr_equal(psp_gateway_core_done(core), &second);
    assert_int_equal(first.state, PSP_GATEWAY_ANSWERED);
    assert_int_equal(first.lines[0].fate, PSP_GATEWAY_NOT_ALLOWED);
    assert_int_equal(second.state, PSP_GATEWAY_GIVEN_UP);
    assert_int_equal(second.lines[0].fate, PSP_GATEWAY_OPEN);
    psp_gateway_order_free(&first);
    psp_gateway_order_free(&second);
    psp_gateway_core_destroy(&core);
}

static void what_was_given_up_counts_until_its_receipts_are_here(void **state)
{
    (void)state;
    struct psp_gateway_core *core = make(0);
    struct psp_gateway_order order, other;
    uint64_t cookies[8];
    fill(&order, 7, 3);
    psp_gateway_core_take(core, &order);
    assert_int_equal(submit(core, cookies), 3);
    judge(core, cookies[1], PSP_COUNTED);
    psp_gateway_core_tick(core, 999, "late");
    assert_null(psp_gateway_core_done(core));
    psp_gateway_core_tick(core, 1000, "late");
    assert_ptr_equal(psp_gateway_core_done(core), &order);
    assert_int_equal(order.state, PSP_GATEWAY_GIVEN_UP);
    assert_string_equal(psp_gateway_order_reason(&order, 0, NULL, 0), "late");
    assert_int_equal(order.lines[1].fate, PSP_GATEWAY_VERDICT);
    psp_gateway_order_free(&order); /* nobody looks at it any more */
    assert_int_equal(psp_gateway_core_inflight(core), 2);
    fill(&other, 8, 1); /* takes another slot */
    psp_gateway_core_take(core, &other);
    judge(core, cookies[0], PSP_COUNTED);
    judge(core, cookies[2], PSP_COUNTED);
    assert_int_equal(psp_gateway_core_inflight(core), 1);
    assert_int_equal(submit(core, cookies), 1);
    judge(core, cookies[0], PSP_COUNTED);
    assert_ptr_equal(psp_gateway_core_done(core), &other);
    psp_gateway_order_free(&other);
    psp_gateway_core_destroy(&core);
}

static void what_was_not_submitted_is_free_when_it_is_given_up(void **state)
{
    (void)state;
    struct psp_gateway_core *core = make(0);
    struct psp_gateway_order first, second;
    struct psp_ballot ballot;
    bool flush;
    fill(&first, 7, 3);
    fill(&second, 7, 1);
    second.deadline_ms = 5000;
    psp_gateway_core_take(core, &first);
    psp_gateway_core_take(core, &second);
    assert_true(psp_gateway_core_next(core, &ballot, &flush));
    const uint64_t cookie = ballot.cookie;
    assert_true(psp_gateway_core_next(core, &ballot, &flush));
    psp_gateway_core_unsubmitted(core, ballot.cookie);
    psp_gateway_core_tick(core, 1000, "late");
    assert_ptr_equal(psp_gateway_core_done(core), &first);
    assert_int_equal(psp_gateway_core_inflight(core), 2); /* one of each */
    assert_true(psp_gateway_core_next(core, &ballot, &flush));
    assert_true(flush);
    /* The last one of an order, not submitted: it comes again. */
    psp_gateway_core_unsubmitted(core, ballot.cookie);
    assert_true(psp_gateway_core_next(core, &ballot, &flush));
    judge(core, ballot.cookie, PSP_COUNTED);
    judge(core, cookie, PSP_COUNTED);
    assert_ptr_equal(psp_gateway_core_done(core), &second);
    assert_int_equal(psp_gateway_core_inflight(core), 0);
    psp_gateway_order_free(&first);
    psp_gateway_order_free(&second);
    psp_gateway_core_destroy(&core);
}

static void a_station_has_its_room_and_leaves_some(void **state)
{
    (void)state;
    struct psp_gateway_core *core = make(0);
    static struct psp_gateway_order orders[3];
    fill(&orders[0], 7, PSP_GATEWAY_STATION_MAX);
    fill(&orders[1], 7, 1);
    fill(&orders[2], 8, 1);
    for (int i = 0; i < 3; i++)
        psp_gateway_core_take(core, &orders[i]);
    assert_ptr_equal(psp_gateway_core_done(core), &orders[1]);
    assert_int_equal(orders[1].state, PSP_GATEWAY_TOO_MANY);
    assert_null(psp_gateway_core_done(core));
    assert_int_equal(psp_gateway_core_inflight(core), PSP_GATEWAY_STATION_MAX + 1);
    psp_gateway_core_end(core, "over");
    assert_int_equal(psp_gateway_core_inflight(core), 0);
    psp_gateway_core_destroy(&core);
    for (int i = 0; i < 3; i++)
        psp_gateway_order_free(&orders[i]);

    core = make(10); /* alone up to half, as at a router */
    fill(&orders[0], 7, 6);
    fill(&orders[1], 7, 3);
    fill(&orders[2], 8, 5);
    psp_gateway_core_take(core, &orders[0]);
    psp_gateway_core_take(core, &orders[1]); /* 6 of its own, and but 1 would be left */
    assert_int_equal(orders[1].state, PSP_GATEWAY_NO_ROOM);
    psp_gateway_core_take(core, &orders[2]);
    assert_int_equal(orders[2].state, PSP_GATEWAY_NO_ROOM); /* 5 of 4 */
    assert_int_equal(psp_gateway_core_inflight(core), 6);
    psp_gateway_core_end(core, "over");
    psp_gateway_core_destroy(&core);
    for (int i = 0; i < 3; i++)
        psp_gateway_order_free(&orders[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_done_when_every_line_is_final),
        cmocka_unit_test(not_allowed_is_final_only_of_what_was_sent_once),
        cmocka_unit_test(what_was_given_up_counts_until_its_receipts_are_here),
        cmocka_unit_test(what_was_not_submitted_is_free_when_it_is_given_up),
        cmocka_unit_test(a_station_has_its_room_and_leaves_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
