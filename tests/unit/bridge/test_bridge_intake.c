/* When a source may send: before the election is open never, and what a closed verdict does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/intake.h"
#include "election/verdict.h"

static const enum psp_election_state NEW = PSP_ELECTION_NEW, OPEN = PSP_ELECTION_OPEN,
                                     CLOSED = PSP_ELECTION_CLOSED;

static struct psp_bridge_intake running(void)
{
    struct psp_bridge_intake intake = {0};
    psp_bridge_intake_connected(&intake, true, 100);
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 2, 100), PSP_BRIDGE_INTAKE_CHANGED);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_RUNNING);
    return intake;
}

static void nothing_is_sent_before_the_api_says_open(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = {0};
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_false(psp_bridge_intake_ask(&intake, 0)); /* nobody to send to */
    psp_bridge_intake_connected(&intake, true, 1000);
    assert_true(psp_bridge_intake_ask(&intake, 1000));
    assert_int_equal(psp_bridge_intake_answer(&intake, NEW, 2, 1000), PSP_BRIDGE_INTAKE_SAME);
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_false(psp_bridge_intake_ask(&intake, 1499));
    assert_true(psp_bridge_intake_ask(&intake, 1500));
    psp_bridge_intake_no_answer(&intake, 1500);
    assert_false(psp_bridge_intake_ask(&intake, 1999));
    assert_int_equal(psp_bridge_intake_answer(&intake, CLOSED, 2, 2000), PSP_BRIDGE_INTAKE_SAME);
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 2, 2500), PSP_BRIDGE_INTAKE_CHANGED);
    assert_true(psp_bridge_intake_may_take(&intake, 0));
}

static void after_every_connect_it_is_asked_anew(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    assert_int_equal(intake.connects, 1);
    psp_bridge_intake_connected(&intake, true, 200);
    assert_true(psp_bridge_intake_may_take(&intake, 0));
    psp_bridge_intake_connected(&intake, false, 300);
    assert_false(psp_bridge_intake_ask(&intake, 99999));
    psp_bridge_intake_connected(&intake, true, 400);
    assert_int_equal(intake.connects, 2);
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_true(psp_bridge_intake_ask(&intake, 400));
    psp_bridge_intake_answer(&intake, OPEN, 2, 400);
    assert_true(psp_bridge_intake_may_take(&intake, 0));
}

/* What the first verdicts say keeps the rest. */
static void few_are_on_the_way_until_a_verdict_shows_that_it_is_open(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    assert_true(psp_bridge_intake_may_take(&intake, PSP_BRIDGE_INTAKE_PROBE - 1));
    assert_false(psp_bridge_intake_may_take(&intake, PSP_BRIDGE_INTAKE_PROBE));
    assert_false(psp_bridge_intake_verdict(&intake, psp_verdict_replayed(PSP_CLOSED)));
    assert_false(psp_bridge_intake_may_take(&intake, PSP_BRIDGE_INTAKE_PROBE));
    assert_false(psp_bridge_intake_verdict(&intake, PSP_DOUBLE_VOTE));
    assert_true(psp_bridge_intake_may_take(&intake, 60000));
}

static void a_closed_verdict_pauses_while_the_api_says_open(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    psp_bridge_intake_verdict(&intake, PSP_COUNTED);
    assert_false(psp_bridge_intake_verdict(&intake, psp_verdict_replayed(PSP_CLOSED)));
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_RUNNING);
    assert_true(psp_bridge_intake_verdict(&intake, PSP_CLOSED));
    assert_false(psp_bridge_intake_verdict(&intake, PSP_CLOSED)); /* told once */
    assert_int_equal(intake.alarms, 1);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_PAUSED);
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_true(psp_bridge_intake_ask(&intake, 101)); /* at once */
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 2, 101), PSP_BRIDGE_INTAKE_SAME);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_PAUSED);
    psp_bridge_intake_connected(&intake, false, 102);
    psp_bridge_intake_connected(&intake, true, 103);
    psp_bridge_intake_answer(&intake, OPEN, 2, 104);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_PAUSED);
    assert_int_equal(psp_bridge_intake_answer(&intake, NEW, 2, 105), PSP_BRIDGE_INTAKE_CHANGED);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_WAITING);
    psp_bridge_intake_answer(&intake, OPEN, 2, 106);
    assert_true(psp_bridge_intake_may_take(&intake, 0));
}

static void an_election_that_was_closed_goes_on_to_be_told_so(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    assert_true(psp_bridge_intake_verdict(&intake, PSP_CLOSED));
    assert_int_equal(psp_bridge_intake_answer(&intake, CLOSED, 2, 200), PSP_BRIDGE_INTAKE_CHANGED);
    psp_bridge_intake_verdict(&intake, PSP_COUNTED);
    assert_true(psp_bridge_intake_may_take(&intake, 1000));
    assert_false(psp_bridge_intake_verdict(&intake, PSP_CLOSED)); /* as it should be */
    assert_true(psp_bridge_intake_may_take(&intake, 1000));
}

static void other_epochs_are_another_group(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 2, 200), PSP_BRIDGE_INTAKE_SAME);
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 4, 300), PSP_BRIDGE_INTAKE_REJOIN);
    assert_int_equal(psp_bridge_intake_answer(&intake, OPEN, 4, 400), PSP_BRIDGE_INTAKE_SAME);
    assert_int_equal(intake.epochs, 4);
}

static void partitions_are_drained_within_a_bound(void **state)
{
    (void)state;
    struct psp_bridge_intake intake = running();
    psp_bridge_intake_drain(&intake, 1000, PSP_BRIDGE_INTAKE_DRAIN_MS);
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_DRAINING);
    assert_false(psp_bridge_intake_may_take(&intake, 0));
    assert_false(psp_bridge_intake_drained(&intake, 1, 1000 + PSP_BRIDGE_INTAKE_DRAIN_MS - 1));
    assert_true(psp_bridge_intake_drained(&intake, 1, 1000 + PSP_BRIDGE_INTAKE_DRAIN_MS));
    assert_int_equal(psp_bridge_intake_state(&intake), PSP_BRIDGE_INTAKE_RUNNING);
    psp_bridge_intake_drain(&intake, 20000, PSP_BRIDGE_INTAKE_DRAIN_MS);
    psp_bridge_intake_drain(&intake, 20000, PSP_BRIDGE_INTAKE_END_MS); /* the end comes, too */
    assert_false(psp_bridge_intake_drained(&intake, 3, 22999));
    assert_true(psp_bridge_intake_drained(&intake, 0, 22999));
}

/* In any history nothing may go unless the last answer since the last connect was open, or it
 * was open once and closed since. */
static void in_histories_of_chance_nothing_goes_unasked(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct psp_bridge_intake intake = {0};
        bool asked = false, connected = false, opened = false;
        srand(seed);
        for (uint64_t now = 0; now < 500; now++) {
            const int what = rand() % 6;
            const enum psp_election_state election = (enum psp_election_state)(rand() % 3);
            if (what == 0) {
                connected = !connected;
                psp_bridge_intake_connected(&intake, connected, now);
                asked = asked && !connected;
                opened = opened && !connected;
            } else if (what == 1 && connected) {
                psp_bridge_intake_answer(&intake, election, 2, now);
                asked = true;
                opened = opened || election == PSP_ELECTION_OPEN ||
                         intake.gate == PSP_BRIDGE_INTAKE_RUNNING;
            } else if (what == 2) {
                psp_bridge_intake_verdict(&intake,
                                          (uint8_t)(rand() % 2 ? PSP_COUNTED : PSP_CLOSED));
            } else if (what == 3) {
                psp_bridge_intake_drain(&intake, now, 5);
            } else {
                psp_bridge_intake_drained(&intake, (uint64_t)(rand() % 2), now);
            }
            if (psp_bridge_intake_may_take(&intake, 0) && !(asked && opened && !intake.draining))
                fail_msg("seed %u, %d: taken unasked", seed, (int)now);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_before_the_api_says_open),
        cmocka_unit_test(after_every_connect_it_is_asked_anew),
        cmocka_unit_test(few_are_on_the_way_until_a_verdict_shows_that_it_is_open),
        cmocka_unit_test(a_closed_verdict_pauses_while_the_api_says_open),
        cmocka_unit_test(an_election_that_was_closed_goes_on_to_be_told_so),
        cmocka_unit_test(other_epochs_are_another_group),
        cmocka_unit_test(partitions_are_drained_within_a_bound),
        cmocka_unit_test(in_histories_of_chance_nothing_goes_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
