/* What a replica's clock is worth, and what a leader does whose clock is wrong. */
#include "tests/unit/fixture/shard.h"

#include "shard/clocks/clocks.h"

static void hear(struct psp_clocks *clocks, uint32_t replica, uint64_t steady_ms, int64_t apart)
{
    psp_clocks_hear(clocks, replica, steady_ms, (uint64_t)(1000000 + (int64_t)steady_ms + apart));
}

/* Of a clock that is right: 1,000,000 more than the steady one. */
static int64_t ahead(const struct psp_clocks *clocks, uint64_t steady_ms, int64_t own)
{
    return psp_clocks_ahead(clocks, steady_ms, (uint64_t)(1000000 + (int64_t)steady_ms + own));
}

static void a_clock_is_compared_with_the_median_of_all(void **state)
{
    (void)state;
    struct psp_clocks clocks = {0};
    assert_int_equal(ahead(&clocks, 100, 5000), 0); /* nobody else is known */
    hear(&clocks, 1, 100, 40);
    assert_int_equal(ahead(&clocks, 100, 5000), 2480); /* of two: the middle of 40 and 5000 */
    hear(&clocks, 2, 100, -60);
    assert_int_equal(ahead(&clocks, 100, 5000), 4960); /* -60 40 5000 */
    assert_int_equal(ahead(&clocks, 100, -5000), -4940);
    assert_int_equal(ahead(&clocks, 100, 0), 0);
    int64_t other = 0;
    const uint64_t own = 1000000 + 100 + 5000;
    assert_true(psp_clocks_ahead_of(&clocks, 2, 100, own, &other));
    assert_int_equal(other, -100);
    assert_false(psp_clocks_ahead_of(&clocks, 3, 100, own, &other));
}

static void a_message_that_was_long_on_its_way_makes_no_clock_late(void **state)
{
    (void)state;
    struct psp_clocks clocks = {0};
    hear(&clocks, 1, 100, 0);
    hear(&clocks, 2, 100, 0);
    hear(&clocks, 1, 200, -90000); /* sent 90 s ago */
    hear(&clocks, 2, 200, -90000);
    assert_int_equal(ahead(&clocks, 200, 0), 0);
    hear(&clocks, 1, 2200, -90000); /* the next window: the last one still counts */
    hear(&clocks, 2, 2200, -90000);
    assert_int_equal(ahead(&clocks, 2200, 0), 0);
    hear(&clocks, 1, 4300, -90000); /* a clock that was set back, in the end */
    hear(&clocks, 2, 4300, -90000);
    assert_int_equal(ahead(&clocks, 4300, 0), 90000);
    hear(&clocks, 1, 4310, 0); /* and forward: at once */
    hear(&clocks, 2, 4310, 0);
    assert_int_equal(ahead(&clocks, 4310, 0), 0);
}

static void a_silent_replica_and_one_without_a_clock_say_nothing(void **state)
{
    (void)state;
    struct psp_clocks clocks = {0};
    hear(&clocks, 1, 100, 9000);
    assert_int_equal(ahead(&clocks, 10100, 0), -4500);
    assert_int_equal(ahead(&clocks, 10101, 0), 0);
    psp_clocks_hear(&clocks, 2, 10100, 0);
    assert_int_equal(ahead(&clocks, 10101, 0), 0);
    hear(&clocks, 1, 20000, 9000); /* heard again: nothing of before */
    hear(&clocks, 1, 20001, 1000);
    assert_int_equal(ahead(&clocks, 20001, 0), -4500);
}

static void a_clock_past_all_years_is_one_that_is_ahead(void **state)
{
    (void)state;
    static const uint64_t walls[] = {UINT64_MAX, (uint64_t)INT64_MAX + 1, INT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct psp_clocks clocks = {0};
        int64_t other = 0;
        psp_clocks_hear(&clocks, 1, 100, walls[i]);
        assert_true(ahead(&clocks, 100, 0) < -86400000);
        assert_true(psp_clocks_ahead_of(&clocks, 1, 100, 1000000 + 100, &other));
        assert_true(other > 86400000);
        hear(&clocks, 2, 100, 0);
        assert_int_equal(ahead(&clocks, 100, 0), 0);
    }
}

/* ---- the leader ---- */

static uint64_t log_time(const struct group *group, uint32_t i)
{
    return psp_count_time_ms(group->nodes[i].count);
}

static void count_one(struct group *group, uint32_t leader, uint32_t voter)
{
    const struct batch batch = ballots(voter, 1);
    send_batch(group, leader, 100 + voter, &batch);
    run(group, 200);
}

static void a_leader_whose_clock_is_far_off_hands_over(void **state)
{
    (void)state;
    static const int64_t off[] = {61000, -61000, 86400000};
    for (size_t i = 0; i < 3; i++) {
        struct group *group = open_group(3);
        const uint32_t leader = serving(group);
        run(group, 2500); /* all clocks are known */
        group->nodes[leader].wall_ms = off[i];
        run(group, 1000);
        const uint32_t next = serving(group);
        assert_true(next != NODES_MAX && next != leader);
        assert_int_equal(group->nodes[leader].clock_told_n, 1);
        assert_int_equal(group->nodes[leader].clock_to, next);
        assert_in_range(llabs(group->nodes[leader].clock_ahead_ms - off[i]), 0, 20);
        count_one(group, next, 1);
        assert_int_equal(psp_count_books(group->nodes[leader].count)->disposed[PSP_COUNTED], 1);
        assert_in_range(log_time(group, leader), at(group).wall_ms - 300, at(group).wall_ms);
        destroy_group(group);
    }
}

static void within_a_minute_it_leads_on(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    run(group, 2500);
    group->nodes[leader].wall_ms = 59900;
    run(group, 2000);
    assert_int_equal(serving(group), leader);
    assert_int_equal(group->nodes[leader].clock_told_n, 0);
    count_one(group, leader, 1);
    assert_true(log_time(group, leader) > at(group).wall_ms + 59000);
    destroy_group(group);
}

/* promise 4: what it may propose while it cannot hand over. */
static void no_time_is_proposed_that_is_over_a_minute_past_the_median(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    run(group, 2500);
    group->nodes[leader].wall_ms = 7200000;
    group->nodes[leader].clock_told_n = 0;
    const struct batch batch = ballots(1, 1);
    send_batch(group, leader, 100, &batch); /* before its next turn */
    run(group, 300);
    const uint64_t time_ms = log_time(group, leader);
    assert_in_range(time_ms, at(group).wall_ms + 59000, at(group).wall_ms + 60000);
    destroy_group(group);
}

/* Nobody can say which of two is wrong: it leads on, and proposes at most a minute past the
 * middle between them. */
static void of_two_clocks_neither_is_believed(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), gone = (leader + 1) % 3;
    stop_node(group, gone);
    run(group, 11000); /* it is forgotten */
    group->nodes[leader].wall_ms = 7200000;
    run(group, 3000);
    assert_int_equal(serving(group), leader);
    assert_int_equal(group->nodes[leader].clock_told_n, 1);
    assert_int_equal(group->nodes[leader].clock_to, PSP_NONE);
    count_one(group, leader, 1);
    assert_in_range(log_time(group, leader), at(group).wall_ms + 3600000 + 59000,
                    at(group).wall_ms + 3600000 + 61000);
    run(group, 10000); /* and it is told again, seldom */
    assert_int_equal(group->nodes[leader].clock_told_n, 2);
    destroy_group(group);
}

static void a_follower_takes_every_entry_whatever_its_time(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), follower = (leader + 1) % 3;
    group->nodes[follower].wall_ms = -86400000;
    run(group, 3000);
    assert_int_equal(serving(group), leader);
    count_one(group, leader, 1);
    assert_int_equal(psp_count_books(group->nodes[follower].count)->disposed[PSP_COUNTED], 1);
    assert_int_equal(log_time(group, follower), log_time(group, leader));
    destroy_group(group);
}

/* The log's time was ahead when the clocks were set right: it stands still until they reach it. */
static void a_log_ahead_of_all_clocks_stands_still(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    for (uint32_t i = 0; i < 3; i++)
        group->nodes[i].wall_ms = 5000;
    run(group, 100);
    count_one(group, serving(group), 1);
    const uint64_t ahead_ms = log_time(group, 0);
    assert_true(ahead_ms > at(group).wall_ms + 4000);
    for (uint32_t i = 0; i < 3; i++)
        group->nodes[i].wall_ms = 0;
    count_one(group, serving(group), 2);
    assert_int_equal(log_time(group, 0), ahead_ms);
    run(group, 5000);
    count_one(group, serving(group), 3);
    assert_true(log_time(group, 0) > ahead_ms);
    assert_in_range(log_time(group, 0), at(group).wall_ms - 300, at(group).wall_ms);
    destroy_group(group);
}

/* An election closes at its time, though its leader's clock is far ahead. */
static void a_close_is_not_early_for_a_clock_that_is_ahead(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    run(group, 2500);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = 9};
    message.operate.operation = PSP_OPERATE_CLOSE;
    message.operate.close_at_ms = at(group).wall_ms + 120000;
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &message);
    run(group, 300);
    group->nodes[leader].wall_ms = 7200000;
    run(group, 3000);
    const uint32_t next = serving(group);
    assert_true(next != NODES_MAX);
    assert_int_equal(psp_count_election_state(group->nodes[next].count), PSP_ELECTION_OPEN);
    count_one(group, next, 1);
    assert_int_equal(psp_count_books(group->nodes[next].count)->disposed[PSP_COUNTED], 1);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_compared_with_the_median_of_all),
        cmocka_unit_test(a_message_that_was_long_on_its_way_makes_no_clock_late),
        cmocka_unit_test(a_silent_replica_and_one_without_a_clock_say_nothing),
        cmocka_unit_test(a_clock_past_all_years_is_one_that_is_ahead),
        cmocka_unit_test(a_leader_whose_clock_is_far_off_hands_over),
        cmocka_unit_test(within_a_minute_it_leads_on),
        cmocka_unit_test(no_time_is_proposed_that_is_over_a_minute_past_the_median),
        cmocka_unit_test(of_two_clocks_neither_is_believed),
        cmocka_unit_test(a_follower_takes_every_entry_whatever_its_time),
        cmocka_unit_test(a_log_ahead_of_all_clocks_stands_still),
        cmocka_unit_test(a_close_is_not_early_for_a_clock_that_is_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
