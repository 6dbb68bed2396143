/* Which processes take part, and which replica waits to be made a member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/run/readiness.h"

enum { ROUTER, LEADER, FOLLOWER, NEWCOMER, PROCESSES };

struct cluster {
    struct psp_readiness *readiness;
    struct psp_status_reply replies[PROCESSES];
    bool silent[PROCESSES];
};

static int set_up(void **state)
{
    static struct cluster cluster;
    cluster = (struct cluster){
        .readiness = psp_readiness_create(PROCESSES),
        .replies = {
            [ROUTER] = {.role = PSP_PROCESS_ROUTER, .state = PSP_STATE_READY},
            [LEADER] = {.role = PSP_PROCESS_SHARD,
                        .state = PSP_STATE_LEADER,
                        .replica = 0,
                        .log_last = 900},
            [FOLLOWER] = {.role = PSP_PROCESS_SHARD,
                          .state = PSP_STATE_FOLLOWER,
                          .replica = 1,
                          .leader = 1,
                          .log_last = 900},
            [NEWCOMER] = {.role = PSP_PROCESS_SHARD, .state = PSP_STATE_JOINING, .replica = 2},
        }};
    *state = &cluster;
    return 0;
}

static int tear_down(void **state)
{
    struct cluster *cluster = *state;
    psp_readiness_destroy(&cluster->readiness);
    return 0;
}

static void look(struct cluster *cluster, uint64_t now_ms)
{
    const struct psp_status_reply *replies[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        replies[i] = cluster->silent[i] ? NULL : &cluster->replies[i];
    psp_readiness_look(cluster->readiness, now_ms, replies);
}

#define STANDS(process, state)                                                                     \
    assert_int_equal(psp_readiness_of(cluster->readiness, process), PSP_READINESS_##state)

static void a_replica_takes_part_when_it_leads_or_hears_who_does(void **state)
{
    struct cluster *cluster = *state;
    STANDS(LEADER, COMING); /* not asked yet */
    look(cluster, 1000);
    STANDS(ROUTER, READY);
    STANDS(LEADER, READY);
    STANDS(FOLLOWER, READY);
    cluster->replies[FOLLOWER].leader = 0;
    cluster->replies[LEADER].state = PSP_STATE_STARTING;
    look(cluster, 1500);
    STANDS(LEADER, COMING);
    STANDS(FOLLOWER, COMING);
    cluster->replies[FOLLOWER].state = PSP_STATE_CANDIDATE;
    look(cluster, 9000); /* it will lead, or hear who does */
    STANDS(FOLLOWER, COMING);
}

static void a_process_that_does_not_answer_is_still_to_come(void **state)
{
    struct cluster *cluster = *state;
    look(cluster, 1000);
    cluster->silent[ROUTER] = cluster->silent[FOLLOWER] = true;
    look(cluster, 1500);
    STANDS(ROUTER, COMING);
    STANDS(FOLLOWER, COMING);
}

static void a_replica_to_which_no_leader_speaks_waits_to_be_a_member(void **state)
{
    struct cluster *cluster = *state;
    look(cluster, 1000);
    STANDS(NEWCOMER, COMING);
    look(cluster, 5999);
    STANDS(NEWCOMER, COMING);
    look(cluster, 6000);
    STANDS(NEWCOMER, WAITING);
    STANDS(FOLLOWER, READY);
    cluster->replies[NEWCOMER].state = PSP_STATE_FOLLOWER; /* made a member meanwhile */
    cluster->replies[NEWCOMER].leader = 1;
    look(cluster, 6500);
    STANDS(NEWCOMER, READY);
}

static void nobody_waits_for_a_leader_that_is_not_there_yet(void **state)
{
    struct cluster *cluster = *state;
    cluster->replies[LEADER].state = PSP_STATE_CANDIDATE;
    look(cluster, 1000);
    look(cluster, 9000);
    STANDS(NEWCOMER, COMING);
    cluster->replies[LEADER].state = PSP_STATE_LEADER;
    cluster->replies[LEADER].id = 1; /* of another shard */
    look(cluster, 9500);
    look(cluster, 20000);
    STANDS(NEWCOMER, COMING);
}

static void a_member_that_catches_up_does_not_wait(void **state)
{
    struct cluster *cluster = *state;
    cluster->replies[NEWCOMER].leader = 1;
    assert_int_equal(psp_readiness_moved_ms(cluster->readiness), 0);
    for (uint64_t at = 0; at <= 10; at++) {
        cluster->replies[NEWCOMER].log_last = 10 + 80 * at; /* 810: 90 behind */
        look(cluster, 1000 + 1000 * at);
        STANDS(NEWCOMER, COMING);
    }
    assert_int_equal(psp_readiness_moved_ms(cluster->readiness), 11000);
    look(cluster, 12000);
    assert_int_equal(psp_readiness_moved_ms(cluster->readiness), 11000);
}

static void a_level_member_without_a_vote_waits_for_one(void **state)
{
    struct cluster *cluster = *state;
    cluster->replies[NEWCOMER].leader = 1;
    cluster->replies[NEWCOMER].log_last = 899;
    look(cluster, 1000);
    cluster->replies[LEADER].log_last = 940; /* it counts on */
    look(cluster, 6000);
    STANDS(NEWCOMER, WAITING);
}

static void only_waiting_on_end_is_waiting(void **state)
{
    struct cluster *cluster = *state;
    look(cluster, 1000);
    cluster->replies[NEWCOMER].leader = 1; /* the leader speaks to it */
    look(cluster, 5000);
    cluster->replies[NEWCOMER].leader = 0;
    look(cluster, 6000);
    STANDS(NEWCOMER, COMING);
    look(cluster, 10999);
    STANDS(NEWCOMER, COMING);
    look(cluster, 11000);
    STANDS(NEWCOMER, WAITING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_replica_takes_part_when_it_leads_or_hears_who_does),
        TEST(a_process_that_does_not_answer_is_still_to_come),
        TEST(a_replica_to_which_no_leader_speaks_waits_to_be_a_member),
        TEST(nobody_waits_for_a_leader_that_is_not_there_yet),
        TEST(a_member_that_catches_up_does_not_wait),
        TEST(a_level_member_without_a_vote_waits_for_one),
        TEST(only_waiting_on_end_is_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
