/* The log's files, as the cores care for them: what is damaged is mended by a majority of the
 * others, or it is said that nobody can; nobody relies on a log that was not read. */
#include "tests/unit/fixture/shard.h"

static uint32_t other_than(uint32_t leader)
{
    return leader == 0 ? 1 : 0;
}

static uint32_t third(uint32_t a, uint32_t b)
{
    return 3 - a - b;
}

/* A scrub found that the record cannot be read. */
static void damage(struct group *group, uint32_t i, uint64_t index)
{
    struct node *node = &group->nodes[i];
    node->damaged_index = index;
    const struct psp_core_damage damage = {
        .known = index == 0 ? 0 : 1, .index = index, .place = "log/1.log at byte 64"};
    psp_core_damage(node->core, at(group), &damage);
    carry_out(group, node);
}

static struct group *counted_group(uint32_t n, uint32_t *ret_leader)
{
    struct group *group = open_group(n);
    *ret_leader = serving(group);
    const struct batch batch = ballots(1, 5);
    send_batch(group, *ret_leader, 7, &batch);
    run(group, 300);
    return group;
}

static void a_damaged_record_is_mended_when_both_others_say_the_same(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    for (uint32_t i = 0; i < 3; i++) { /* of a follower and of the leader */
        struct node *node = &group->nodes[i];
        const uint64_t index = node->log_n - 1;
        const struct psp_record expected = node->log[index - 1].record;
        damage(group, i, index);
        run(group, 100);
        assert_int_equal(node->mended_n, 1);
        assert_int_equal(node->mended.index, index);
        assert_int_equal(node->mended.term, expected.term);
        assert_int_equal(node->mended.type, expected.type);
        assert_int_equal(node->mended.payload_bytes, expected.payload_bytes);
        assert_memory_equal(node->mended_payload, expected.payload,
                            expected.payload_bytes < 64 ? expected.payload_bytes : 64);
        damage(group, i, 0);
        assert_string_equal(node->stop, "");
    }
    assert_int_equal(serving(group), leader); /* nobody noticed */
    destroy_group(group);
}

static void one_that_has_it_is_no_majority(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t hurt = other_than(leader), away = third(leader, hurt);
    stop_node(group, away);
    damage(group, hurt, 2);
    run(group, 3000);
    assert_int_equal(group->nodes[hurt].mended_n, 0);
    assert_string_equal(group->nodes[hurt].stop, ""); /* the other may come back */
    start_node(group, away, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 1500);
    assert_int_equal(group->nodes[hurt].mended_n, 1);
    assert_int_equal(group->nodes[hurt].mended.index, 2);
    destroy_group(group);
}

static void the_same_record_damaged_on_two_is_told_and_nothing_written(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t hurt = other_than(leader), too = third(leader, hurt);
    group->nodes[too].damaged_index = 2;
    damage(group, hurt, 2);
    run(group, 200);
    assert_int_equal(group->nodes[hurt].mended_n, 0);
    assert_non_null(strstr(group->nodes[hurt].stop, "log/1.log at byte 64 is damaged (index 2)"));
    assert_non_null(strstr(group->nodes[hurt].stop, "no majority has it"));
    destroy_group(group);
}

static void two_that_differ_are_asked_again_and_then_it_ends(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t hurt = other_than(leader), other = third(leader, hurt);
    group->nodes[other].log[1].record.term++;
    damage(group, hurt, 2);
    run(group, PSP_CORE_MEND_GAP_MS * 3);
    assert_string_equal(group->nodes[hurt].stop, "");
    run(group, PSP_CORE_MEND_GAP_MS * PSP_CORE_MEND_DIFFERS_MAX);
    assert_int_equal(group->nodes[hurt].mended_n, 0);
    assert_non_null(strstr(group->nodes[hurt].stop, "do not agree"));
    destroy_group(group);
}

static void a_lone_replica_ends_and_names_the_place(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(1, &leader);
    damage(group, 0, 2);
    assert_non_null(strstr(group->nodes[0].stop, "log/1.log at byte 64 is damaged (index 2)"));
    assert_non_null(strstr(group->nodes[0].stop, "no other replica"));
    destroy_group(group);
}

static void another_record_than_was_there_ends_it(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t hurt = other_than(leader);
    group->nodes[hurt].mend_status = PSP_EINVAL;
    damage(group, hurt, 2);
    run(group, 100);
    assert_non_null(strstr(group->nodes[hurt].stop, "another record than was here"));
    destroy_group(group);
}

/* The journal has no such record any more, and says so: nothing is damaged. */
static void what_is_cut_while_it_is_mended_ends_nothing(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    struct node *hurt = &group->nodes[other_than(leader)];
    hurt->mend_status = PSP_EINVAL;
    hurt->cut_while_mending = true;
    damage(group, other_than(leader), 2);
    run(group, 100);
    assert_int_equal(hurt->mended_n, 1);
    assert_string_equal(hurt->stop, "");
    destroy_group(group);
}

/* Damaged where the start needs it: until it is mended nothing but that goes on. */
static void what_the_start_needs_is_mended_before_it(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t hurt = other_than(leader);
    struct node *node = &group->nodes[hurt];
    stop_node(group, hurt);
    node->count = fixture_count(group->definition, NULL, 1000);
    create_core(group, node);
    node->up = true;
    damage(group, hurt, node->log_n);
    assert_int_equal(psp_core_state(node->core), PSP_STATE_STARTING);
    const struct batch batch = ballots(11, 5);
    send_batch(group, leader, 8, &batch);
    run(group, 500);
    assert_int_equal(node->mended_n, 1);
    assert_int_equal(node->mended.index, node->log_n);
    assert_int_equal(psp_core_state(node->core), PSP_STATE_STARTING);
    assert_int_equal(psp_count_books(group->nodes[leader].count)->received, 10);
    psp_core_destroy(&node->core);
    psp_count_destroy(&node->count);
    node->up = false;
    start_node(group, hurt, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 500);
    assert_int_equal(psp_count_books(node->count)->received, 10);
    destroy_group(group);
}

static void an_unreadable_record_waits_until_it_is_mended(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    struct node *node = &group->nodes[leader];
    psp_core_unreadable(node->core, at(group));
    carry_out(group, node);
    const struct batch batch = ballots(11, 5);
    send_batch(group, leader, 8, &batch);
    run(group, 300);
    assert_int_equal(psp_count_books(node->count)->received, 5); /* nothing is applied */
    damage(group, leader, 0);
    run(group, 300);
    assert_int_equal(psp_count_books(node->count)->received, 10);
    destroy_group(group);
}

static const struct answer *ask_to_replace(struct group *group, uint32_t leader, uint64_t id,
                                           uint64_t raft_id)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = id};
    message.operate.operation = PSP_OPERATE_REPLACE_REPLICA;
    message.operate.raft_id = raft_id;
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &message);
    return answer_to(&group->nodes[leader], PSP_CLUSTER_OPERATED, id);
}

static void a_replacement_waits_until_the_others_are_scrubbed(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t gone = other_than(leader), kept = third(leader, gone);
    const uint64_t raft_id = psp_raft_id_next(psp_raft_id_of(PSP_RAFT_ID_START, gone));
    stop_node(group, kept);
    group->nodes[kept].scrubs_wait = true;
    start_node(group, kept, fixture_count(group->definition, NULL, 1000), 0);
    run(group, PSP_CORE_HEALTH_MS + 100);
    stop_node(group, gone);
    const struct answer *answer = ask_to_replace(group, leader, 21, raft_id);
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_REFUSED);
    assert_true(answer->message.operated.temporary);
    assert_non_null(strstr(answer->text, "is being scrubbed since its start"));
    psp_core_scrubbed(group->nodes[kept].core, at(group), 0, 1000);
    carry_out(group, &group->nodes[kept]);
    run(group, 100);
    damage(group, leader, 2); /* and the leader's own, while the other one is away for good */
    answer = ask_to_replace(group, leader, 22, raft_id);
    assert_non_null(strstr(answer->text, "has 1 damaged records"));
    damage(group, leader, 0);
    answer = ask_to_replace(group, leader, 23, raft_id);
    assert_int_equal(answer->message.operated.status, PSP_OPERATED);
    destroy_group(group);
}

static void a_silent_replica_is_not_relied_on(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    const uint32_t gone = other_than(leader), kept = third(leader, gone);
    run(group, PSP_CORE_HEALTH_MS + 100);
    group->cut[kept][leader] = group->cut[leader][kept] = true;
    stop_node(group, gone);
    group->now_ms += PSP_CORE_HEALTH_OLD_MS;
    const struct answer *answer = ask_to_replace(
        group, leader, 21, psp_raft_id_next(psp_raft_id_of(PSP_RAFT_ID_START, gone)));
    assert_non_null(strstr(answer->text, "does not say how its log is"));
    destroy_group(group);
}

static void the_log_is_scrubbed_again_and_again(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(1, &leader);
    assert_int_equal(group->nodes[0].scrubs, 1);
    run(group, 1000);
    assert_int_equal(group->nodes[0].scrubs, 1);
    group->now_ms += PSP_CORE_SCRUB_GAP_MS;
    run(group, 10);
    assert_int_equal(group->nodes[0].scrubs, 2);
    destroy_group(group);
}

/* And of nobody but a replica of this shard. */
static void what_is_durable_is_told_to_replicas_alone(void **state)
{
    (void)state;
    uint32_t leader;
    struct group *group = counted_group(3, &leader);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_JOURNAL_REQUEST, .id = 9};
    message.journal_request.first = 2;
    static const enum psp_role roles[] = {PSP_ROLE_OPERATOR, PSP_ROLE_COLLECTOR, PSP_ROLE_ROUTER};
    const size_t posts = group->post_n;
    for (int i = 0; i < 3; i++) {
        tell(group, 0, roles[i], psp_process_id(group->genesis.shard, 1), &message);
        assert_null(answer_to(&group->nodes[0], PSP_CLUSTER_JOURNAL, 9));
    }
    tell(group, 0, PSP_ROLE_SHARD, psp_process_id(group->genesis.shard + 1, 1), &message);
    assert_int_equal(group->post_n, posts);
    tell(group, 0, PSP_ROLE_SHARD, psp_process_id(group->genesis.shard, 1), &message);
    assert_int_equal(group->post_n, posts + 1);
    assert_int_equal(group->posts[posts].to, 1);
    destroy_group(group);
}

/* Batches at 100 ms, so that every replica writes. */
static void count_on(struct group *group, uint32_t ms, uint32_t *voter)
{
    for (uint32_t at_ms = 0; at_ms < ms; at_ms += 100) {
        const uint32_t leader = serving(group);
        const struct batch batch = ballots(*voter, 2);
        *voter += 2;
        if (leader != NODES_MAX)
            send_batch(group, leader, 1000 + *voter, &batch);
        run(group, 100);
    }
}

static void a_leader_with_a_slow_disk_hands_over_to_the_fastest(void **state)
{
    (void)state;
    uint32_t leader, voter = 101;
    struct group *group = counted_group(3, &leader);
    const uint32_t fast = other_than(leader), slower = third(leader, fast);
    group->nodes[leader].sync_ms = PSP_CORE_SLOW_MS + 500;
    group->nodes[fast].sync_ms = 5;
    group->nodes[slower].sync_ms = 700;
    count_on(group, PSP_CORE_SLOW_LED_MS - 1000, &voter);
    assert_int_equal(serving(group), leader); /* it leads for too short a time */
    count_on(group, 3000, &voter);
    assert_int_equal(group->nodes[leader].slow_told_n, 1);
    assert_int_equal(group->nodes[leader].slow_to, fast);
    assert_int_equal(serving(group), fast);
    count_on(group, 5000, &voter);
    assert_int_equal(serving(group), fast);
    destroy_group(group);
}

static void a_few_slow_syncs_are_a_hiccup(void **state)
{
    (void)state;
    uint32_t leader, voter = 101;
    struct group *group = counted_group(3, &leader);
    for (uint32_t i = 0; i < 3; i++)
        group->nodes[i].sync_ms = 5;
    count_on(group, PSP_CORE_SLOW_LED_MS, &voter);
    for (int i = 0; i < 2; i++)
        psp_core_synced(group->nodes[leader].core, at_node(group, &group->nodes[leader]), 5000);
    count_on(group, 3000, &voter);
    assert_int_equal(group->nodes[leader].slow_told_n, 0);
    assert_int_equal(serving(group), leader);
    destroy_group(group);
}

static void where_all_disks_are_slow_nobody_hands_over(void **state)
{
    (void)state;
    uint32_t leader, voter = 101;
    struct group *group = counted_group(3, &leader);
    for (uint32_t i = 0; i < 3; i++)
        group->nodes[i].sync_ms = PSP_CORE_SLOW_MS + 500;
    count_on(group, PSP_CORE_SLOW_LED_MS + 5000, &voter);
    assert_int_equal(group->nodes[leader].slow_told_n, 1);
    assert_int_equal(group->nodes[leader].slow_to, PSP_NONE);
    assert_int_equal(serving(group), leader);
    destroy_group(group);
}

/* The next leader's disk becomes slow at once, and the first one's is fast again: it goes back, but
 * no more often than a leader's time and the gap allow. */
static void leadership_does_not_go_to_and_fro(void **state)
{
    (void)state;
    uint32_t leader, voter = 101, told = 0;
    struct group *group = counted_group(3, &leader);
    for (uint32_t second = 0; second < 60; second++) {
        const uint32_t leads = serving(group);
        for (uint32_t i = 0; i < 3; i++)
            group->nodes[i].sync_ms = i == leads ? PSP_CORE_SLOW_MS + 500 : 5;
        count_on(group, 1000, &voter);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(group->nodes[i].slow_told_n <= 1);
        told += group->nodes[i].slow_told_n;
    }
    assert_true(told >= 1);
    destroy_group(group);
}

/* No sync comes to an end any more: what waits for it is told that its outcome is unknown. */
static void a_leader_whose_sync_hangs_hands_over(void **state)
{
    (void)state;
    uint32_t leader, voter = 101;
    struct group *group = counted_group(3, &leader);
    for (uint32_t i = 0; i < 3; i++)
        group->nodes[i].sync_ms = 5;
    count_on(group, PSP_CORE_SLOW_LED_MS, &voter);
    group->held[leader] = true;
    const struct batch batch = ballots(voter, 2);
    send_batch(group, leader, 77, &batch);
    run(group, 2 * PSP_CORE_SLOW_PATIENCE_MS + 2000);
    assert_int_equal(group->nodes[leader].slow_told_n, 1);
    assert_int_not_equal(serving(group), leader);
    assert_int_not_equal(serving(group), NODES_MAX);
    const struct answer *lost = answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_REFUSAL, 77);
    assert_non_null(lost);
    assert_int_equal(lost->message.count_refusal.code, PSP_COUNT_LOST);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest facts[] = {
        cmocka_unit_test(a_damaged_record_is_mended_when_both_others_say_the_same),
        cmocka_unit_test(one_that_has_it_is_no_majority),
        cmocka_unit_test(the_same_record_damaged_on_two_is_told_and_nothing_written),
        cmocka_unit_test(two_that_differ_are_asked_again_and_then_it_ends),
        cmocka_unit_test(a_lone_replica_ends_and_names_the_place),
        cmocka_unit_test(another_record_than_was_there_ends_it),
        cmocka_unit_test(what_is_cut_while_it_is_mended_ends_nothing),
        cmocka_unit_test(what_the_start_needs_is_mended_before_it),
        cmocka_unit_test(an_unreadable_record_waits_until_it_is_mended),
        cmocka_unit_test(a_replacement_waits_until_the_others_are_scrubbed),
        cmocka_unit_test(a_silent_replica_is_not_relied_on),
        cmocka_unit_test(the_log_is_scrubbed_again_and_again),
        cmocka_unit_test(what_is_durable_is_told_to_replicas_alone),
        cmocka_unit_test(a_leader_with_a_slow_disk_hands_over_to_the_fastest),
        cmocka_unit_test(a_few_slow_syncs_are_a_hiccup),
        cmocka_unit_test(where_all_disks_are_slow_nobody_hands_over),
        cmocka_unit_test(leadership_does_not_go_to_and_fro),
        cmocka_unit_test(a_leader_whose_sync_hangs_hands_over),
    };
    return cmocka_run_group_tests_name("shard_care", facts, NULL, NULL);
}
