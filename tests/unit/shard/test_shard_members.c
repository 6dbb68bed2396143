/* Who leads a shard and who is a member of it, changed on purpose. */
#include "tests/unit/fixture/shard.h"

static uint32_t other_than(uint32_t leader)
{
    return leader == 0 ? 1 : 0;
}

static void move(struct group *group, uint32_t leader, uint64_t request_id, uint32_t to)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = request_id};
    message.operate.operation = PSP_OPERATE_MOVE_LEADER;
    message.operate.replica = to;
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &message);
}

static void leadership_moves_after_what_waits_is_answered(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), to = other_than(leader);
    const struct batch before = ballots(1, 3), during = ballots(11, 3);
    send_batch(group, leader, 7, &before);
    move(group, leader, 8, to);
    send_batch(group, leader, 9, &during);
    const struct answer *busy = answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_REFUSAL, 9);
    assert_non_null(busy);
    assert_int_equal(busy->message.count_refusal.code, PSP_COUNT_BUSY);
    run(group, 300);
    assert_int_equal(serving(group), to);
    const struct answer *counted = answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 7);
    assert_non_null(counted);
    assert_memory_equal(counted->verdicts, VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED), 3);
    send_batch(group, to, 10, &during);
    run(group, 200);
    assert_non_null(answer_to(&group->nodes[to], PSP_CLUSTER_COUNT_VERDICTS, 10));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(psp_count_books(group->nodes[i].count)->received, 6);
    destroy_group(group);
}

static void a_move_to_a_replica_that_is_away_lapses(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), to = other_than(leader);
    for (uint32_t i = 0; i < 3; i++)
        group->cut[i][to] = group->cut[to][i] = true;
    const struct batch batch = ballots(1, 3);
    send_batch(group, leader, 6, &batch); /* which that replica then lacks */
    run(group, 100);
    move(group, leader, 7, to);
    run(group, PSP_CORE_MOVE_MS - 200);
    assert_int_equal(serving(group), leader);
    run(group, 400);
    const struct batch more = ballots(11, 2);
    send_batch(group, leader, 8, &more);
    run(group, 200);
    assert_non_null(answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 8));
    destroy_group(group);
}

static void is_refused(const struct group *group, uint32_t i, uint64_t request_id, bool temporary,
                       const char *text)
{
    const struct answer *answer = answer_to(&group->nodes[i], PSP_CLUSTER_OPERATED, request_id);
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_REFUSED);
    assert_int_equal(answer->message.operated.temporary, temporary);
    assert_string_equal(answer->text, text);
}

static void is_told(const struct group *group, uint32_t i, uint64_t request_id,
                    enum psp_operate_status status, const char *text)
{
    const struct answer *answer = answer_to(&group->nodes[i], PSP_CLUSTER_OPERATED, request_id);
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, status);
    assert_string_equal(answer->text, text);
}

static void leadership_does_not_move_to_a_replica_that_is_not_there(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), other = other_than(leader);
    move(group, leader, 7, 3);
    run(group, 10);
    is_refused(group, leader, 7, false, "the shard has no such replica that votes");
    move(group, other, 8, leader);
    run(group, 10);
    is_told(group, other, 8, PSP_OPERATE_NOT_LEADER, "another replica leads this shard");
    assert_int_equal(
        answer_to(&group->nodes[other], PSP_CLUSTER_OPERATED, 8)->message.operated.leader, leader);
    move(group, leader, 9, leader); /* it leads already */
    run(group, 1000);
    assert_int_equal(serving(group), leader);
    destroy_group(group);
}

static void an_operation_is_told_why_it_waits_or_does_nothing(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), away = other_than(leader);
    send_operation(group, leader, 7, PSP_OPERATE_OPEN);
    send_operation(group, leader, 8, PSP_OPERATE_REPORT);
    run(group, 100);
    is_told(group, leader, 7, PSP_OPERATED, "the election is open already");
    is_refused(group, leader, 8, false, "not the bytes of a report");
    for (uint32_t i = 0; i < 3; i++)
        group->cut[i][away] = group->cut[away][i] = true;
    move(group, leader, 9, away);
    send_operation(group, leader, 10, PSP_OPERATE_CLOSE);
    is_refused(group, leader, 10, true, "the leadership is moving");
    destroy_group(group);
}

static void a_replica_whose_next_entries_nobody_has_stops_and_says_so(void **state)
{
    (void)state;
    enum { INSTALL = 5 };
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), behind = other_than(leader);
    struct node *node = &group->nodes[behind];
    const uint64_t fields[] = {0, psp_core_term(node->core), 1000, 1, 1};
    struct psp_cluster_message message = {.type = PSP_CLUSTER_RAFT};
    message.raft = (struct psp_raft_message){.shard = group->genesis.shard,
                                             .from_id = leader + 1,
                                             .to_id = behind + 1,
                                             .type = INSTALL,
                                             .fields = fields,
                                             .field_count = 5};
    const struct psp_core_sender sender = {.role = PSP_ROLE_SHARD,
                                           .id = psp_process_id(group->genesis.shard, leader)};
    psp_core_message(node->core, at(group), &sender, &message);
    size_t n;
    assert_int_equal(psp_core_actions(node->core, &n)[0].type, PSP_CORE_STOP);
    assert_int_equal(n, 1); /* neither an answer nor a vote */
    carry_out(group, node);
    assert_non_null(strstr(node->stop, "too old"));
    assert_non_null(strstr(node->stop, "replace the replica"));
    assert_true(psp_core_deadline(node->core) == UINT64_MAX);
    destroy_group(group);
}

/* Its disk is gone: an empty one, and a new ID. */
static void come_back_empty(struct group *group, uint32_t i)
{
    struct node *node = &group->nodes[i];
    stop_node(group, i);
    for (uint64_t k = 0; k < node->log_n; k++)
        free(node->log[k].payload);
    node->log_n = 0;
    node->term = node->voted_for = 0;
    node->raft_id = i + 1 + PSP_RAFT_GENERATION;
    start_node(group, i, fixture_count(group->definition, NULL, 1000), 0);
}

static void ask_to_replace(struct group *group, uint32_t leader, uint64_t request_id,
                           uint64_t raft_id)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = request_id};
    message.operate.operation = PSP_OPERATE_REPLACE_REPLICA;
    message.operate.raft_id = raft_id;
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &message);
}

static void a_replaced_replica_joins_without_a_vote_and_votes_when_it_is_level(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), gone = other_than(leader), third = 3 - leader - gone;
    const struct batch before = ballots(1, 3);
    send_batch(group, leader, 7, &before);
    run(group, 200);
    come_back_empty(group, gone);
    run(group, 1000);
    assert_int_equal(psp_core_state(group->nodes[gone].core), PSP_STATE_JOINING);
    assert_int_equal(psp_core_applied(group->nodes[gone].core), 0); /* nobody knows it yet */
    ask_to_replace(group, leader, 8, gone + 1 + PSP_RAFT_GENERATION);
    run(group, 1000);
    assert_int_equal(psp_core_state(group->nodes[gone].core), PSP_STATE_FOLLOWER);
    assert_int_equal(psp_count_books(group->nodes[gone].count)->received, 3);
    /* With it two of three are a majority, though the third is away. */
    stop_node(group, third);
    const struct batch after = ballots(11, 2);
    send_batch(group, leader, 9, &after);
    run(group, 300);
    assert_non_null(answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 9));
    assert_int_equal(psp_count_books(group->nodes[gone].count)->received, 5);
    destroy_group(group);
}

static void a_replica_under_its_replaced_id_is_not_heard(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), gone = other_than(leader), third = 3 - leader - gone;
    come_back_empty(group, gone);
    ask_to_replace(group, leader, 8, gone + 1 + PSP_RAFT_GENERATION);
    run(group, 1000);
    assert_int_equal(psp_core_state(group->nodes[gone].core), PSP_STATE_FOLLOWER);
    stop_node(group, gone);
    group->nodes[gone].raft_id = 0; /* the old machine is switched on again */
    start_node(group, gone, fixture_count(group->definition, NULL, 1000), 0);
    stop_node(group, third);
    const struct batch batch = ballots(1, 2);
    send_batch(group, leader, 9, &batch);
    run(group, 300);
    assert_null(answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 9));
    destroy_group(group);
}

static void replacements_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), gone = other_than(leader), third = 3 - leader - gone;
    ask_to_replace(group, leader, 7, leader + 1 + PSP_RAFT_GENERATION); /* who leads */
    ask_to_replace(group, leader, 8, 4 + PSP_RAFT_GENERATION);          /* nobody */
    ask_to_replace(group, leader, 9, 0);
    come_back_empty(group, gone);
    group->held[gone] = true; /* so that it is never level */
    ask_to_replace(group, leader, 10, gone + 1 + PSP_RAFT_GENERATION);
    run(group, 500);
    ask_to_replace(group, leader, 11, third + 1 + PSP_RAFT_GENERATION); /* a second one */
    run(group, 10);
    is_refused(group, leader, 7, false, "that replica leads the shard: move the leadership first");
    is_refused(group, leader, 8, false, "the shard has no such replica");
    is_refused(group, leader, 9, false, "the shard has no such replica");
    is_told(group, leader, 10, PSP_OPERATED, "");
    is_refused(group, leader, 11, true, "another replica is being replaced");
    group->held[gone] = false;
    run(group, 1000);
    assert_int_equal(psp_core_state(group->nodes[gone].core), PSP_STATE_FOLLOWER);
    ask_to_replace(group, leader, 12, third + 1 + PSP_RAFT_GENERATION); /* now it may */
    is_told(group, leader, 12, PSP_OPERATED, "");
    ask_to_replace(group, leader, 13, gone + 1);
    is_refused(group, leader, 13, false, "the replica was replaced again since");
    destroy_group(group);
}

static void a_lone_replica_is_not_replaced(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    ask_to_replace(group, 0, 7, 1 + PSP_RAFT_GENERATION);
    is_refused(group, 0, 7, false,
               "the shard has one replica: there is nobody to take its state from");
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leadership_moves_after_what_waits_is_answered),
        cmocka_unit_test(a_move_to_a_replica_that_is_away_lapses),
        cmocka_unit_test(leadership_does_not_move_to_a_replica_that_is_not_there),
        cmocka_unit_test(an_operation_is_told_why_it_waits_or_does_nothing),
        cmocka_unit_test(a_lone_replica_is_not_replaced),
        cmocka_unit_test(a_replica_whose_next_entries_nobody_has_stops_and_says_so),
        cmocka_unit_test(a_replaced_replica_joins_without_a_vote_and_votes_when_it_is_level),
        cmocka_unit_test(a_replica_under_its_replaced_id_is_not_heard),
        cmocka_unit_test(replacements_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
