/* Reports asked of a shard, and what it tells collectors of an election that publishes by
 * them: nothing of a choice that was not reported. */
#include "shard/core/inner.h"
#include "tests/unit/fixture/reports.h"
#include "tests/unit/fixture/shard.h"

/* A leader serves, the election is open and published by reports. */
static struct group *open_reports_group(uint32_t n, enum psp_publication turnout, size_t part_bytes)
{
    struct group *group = create_group_of(n, reports_genesis(turnout), part_bytes, 0);
    send_operation(group, run_until_serving(group), 1, PSP_OPERATE_OPEN);
    run(group, 200);
    return group;
}

static const struct answer *report(struct group *group, uint64_t id, uint64_t number,
                                   struct psp_bytes leaves, enum psp_report_final final)
{
    const uint32_t leader = serving(group);
    uint8_t bytes[64];
    const struct psp_report wish = {number, leaves, final, false};
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = id};
    message.operate.operation = PSP_OPERATE_REPORT;
    message.operate.report =
        (struct psp_bytes){bytes, psp_report_encode(&wish, bytes, sizeof bytes)};
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &message);
    run(group, 60);
    const struct answer *answer = answer_to(&group->nodes[leader], PSP_CLUSTER_OPERATED, id);
    assert_non_null(answer);
    return answer;
}

/* Asks the leader for all since `base`, and waits for the answer. */
static const struct psp_partial *watch(struct group *group, uint64_t id, uint64_t base)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = id};
    message.watch.base_index = base;
    message.watch.base_epoch = 1;
    message.watch.wait_ms = 10;
    const uint32_t leader = serving(group);
    tell(group, leader, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 100);
    const struct answer *answer = answer_to(&group->nodes[leader], PSP_CLUSTER_PARTIAL, id);
    assert_non_null(answer);
    return &answer->message.partial;
}

static void cast(struct group *group, uint32_t voter, uint32_t n)
{
    const struct batch batch = ballots(voter, n);
    send_batch(group, serving(group), 1000 + voter, &batch);
    run(group, 60);
}

#define expect_kept(kept, length, ...)                                                             \
    do {                                                                                           \
        const uint8_t expected[] = {__VA_ARGS__};                                                  \
        assert_int_equal(length, sizeof expected);                                                 \
        assert_memory_equal(kept, expected, sizeof expected);                                      \
    } while (0)

/* promise 5 */
static void nothing_of_a_choice_leaves_before_it_is_reported(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 0);
    struct node *node = &group->nodes[0];
    cast(group, 1, 3);
    const struct psp_partial *partial = watch(group, 1, 0);
    assert_int_equal(partial->rows.length, 0);
    assert_int_equal(partial->reports.length, 0);
    expect_kept(node->leaf_ballots, partial->leaf_ballots.length, 0, 3);
    assert_int_equal(partial->books.disposed[PSP_COUNTED], 3);

    const struct answer *answer = report(group, 2, 4, LEAF_1, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATED);
    const uint64_t reported = psp_count_index(node->count);
    const uint64_t before = partial->index;
    cast(group, 4, 2);
    partial = watch(group, 3, 0);
    /* Row 0: three for ann, as of the report. */
    expect_kept(node->rows, partial->rows.length, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 6, 0);
    expect_kept(node->leaf_ballots, partial->leaf_ballots.length, 0, 5);
    struct psp_bytes reports = {node->reports, partial->reports.length};
    struct psp_leaf_report leaf;
    uint32_t next = 0, position = 9;
    assert_true(psp_leaf_report_next(&reports, &next, 2, &position, &leaf));
    assert_int_equal(position, 0);
    assert_true(leaf.number == 4 && leaf.index == reported && leaf.final);
    assert_int_equal(reports.length, 0);

    /* Since the report nothing moved that may be told, but how many ballots. */
    partial = watch(group, 4, reported);
    assert_int_equal(partial->base_index, reported);
    assert_int_equal(partial->rows.length, 0);
    assert_int_equal(partial->reports.length, 0);
    expect_kept(node->leaf_ballots, partial->leaf_ballots.length, 0, 5);
    /* Reported again where nothing moved: the leaf is told, the row is not. */
    report(group, 5, 5, LEAF_2, PSP_FINAL_NO);
    partial = watch(group, 6, reported);
    assert_int_equal(partial->rows.length, 0);
    assert_true(partial->reports.length > 0);
    partial = watch(group, 7, before);
    assert_true(partial->rows.length > 0);
    destroy_group(group);
}

static void turnout_is_held_where_it_is_reported(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_REPORTS, 0);
    cast(group, 1, 3);
    const struct psp_partial *partial = watch(group, 1, 0);
    assert_int_equal(partial->rows.length, 0);
    assert_int_equal(partial->leaf_ballots.length, 0);
    report(group, 2, 1, LEAF_1, PSP_FINAL_YES);
    cast(group, 4, 2);
    partial = watch(group, 3, 0);
    assert_true(partial->rows.length > 0);
    assert_int_equal(partial->leaf_ballots.length, 0);
    destroy_group(group);
}

static void an_immediate_election_tells_its_rows_and_what_is_final(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    cast(group, 1, 3);
    report(group, 2, 1, LEAF_1, PSP_FINAL_YES);
    cast(group, 4, 2);
    const struct psp_partial *partial = watch(group, 3, 0);
    expect_kept(node->rows, partial->rows.length, 0, 0, 5, 5, 0, 0, 0, 0, 0, 0, 0, 10, 0);
    assert_true(partial->reports.length > 0);
    assert_int_equal(partial->leaf_ballots.length, 0);
    destroy_group(group);
}

static void rows_reports_and_ballots_are_cut_into_parts_together(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 4);
    struct node *node = &group->nodes[0];
    cast(group, 1, 3);
    report(group, 2, 1, LEAF_1_AND_2, PSP_FINAL_YES);
    const struct psp_partial *partial = watch(group, 3, 0);
    uint8_t rows[64], reports[64];
    const size_t rows_n =
        psp_totals_encode_since(psp_count_reported(node->count), 0, rows, sizeof rows);
    const size_t reports_n = psp_count_leaf_reports_since(node->count, 0, reports, sizeof reports);
    assert_int_equal(rows_n, 13);
    assert_int_equal(node->rows_n, rows_n);
    assert_memory_equal(node->rows, rows, rows_n);
    assert_int_equal(node->reports_n, reports_n);
    assert_memory_equal(node->reports, reports, reports_n);
    assert_int_equal(node->leaf_ballots_n, 2);
    /* Four bytes each, and the stations have their own. */
    assert_int_equal(partial->parts, (rows_n + reports_n + 2 + 3) / 4 + 1);
    for (size_t i = 0; i < node->answer_n; i++) {
        const struct psp_partial *part = &node->answers[i].message.partial;
        if (node->answers[i].message.type == PSP_CLUSTER_PARTIAL)
            assert_in_range(part->rows.length + part->reports.length + part->leaf_ballots.length, 0,
                            4);
    }
    destroy_group(group);
}

static void a_report_is_done_once_and_others_of_its_number_are_refused(void **state)
{
    (void)state;
    struct group *group = open_reports_group(3, PSP_PUBLICATION_IMMEDIATE, 0);
    const struct answer *answer = report(group, 2, 4, LEAF_1, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATED);
    assert_true(answer->message.operated.index > 0);
    answer = report(group, 3, 4, LEAF_1, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATED);
    answer = report(group, 4, 4, LEAF_2, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_REFUSED);
    assert_false(answer->message.operated.temporary);
    assert_non_null(strstr(answer->text, "report 4"));
    answer = report(group, 5, 3, LEAF_1, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_REFUSED);
    assert_non_null(strstr(answer->text, "report 4"));
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(psp_count_report_number(group->nodes[i].count), 4);
        assert_null(psp_count_leaf_report(group->nodes[i].count, 1));
    }
    destroy_group(group);
}

/* Two refusals of one turn, each with the words of its own. */
static void each_refusal_has_its_own_words(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 0);
    report(group, 2, 9, LEAF_1, PSP_FINAL_YES);
    for (uint64_t number = 7; number <= 8; number++) {
        uint8_t bytes[64];
        const struct psp_report wish = {number, LEAF_1, PSP_FINAL_YES, false};
        struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = number};
        message.operate.operation = PSP_OPERATE_REPORT;
        message.operate.report =
            (struct psp_bytes){bytes, psp_report_encode(&wish, bytes, sizeof bytes)};
        tell(group, 0, PSP_ROLE_OPERATOR, 0, &message);
    }
    run(group, 60);
    assert_non_null(strstr(answer_to(&group->nodes[0], PSP_CLUSTER_OPERATED, 7)->text, "and 7"));
    assert_non_null(strstr(answer_to(&group->nodes[0], PSP_CLUSTER_OPERATED, 8)->text, "and 8"));
    destroy_group(group);
}

static void a_report_of_no_such_leaf_never_reaches_the_log(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 0);
    const uint64_t last = psp_core_last(group->nodes[0].core);
    const struct psp_bytes third = LEAVES(2);
    const struct answer *answer = report(group, 2, 1, third, PSP_FINAL_YES);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_REFUSED);
    assert_false(answer->message.operated.temporary);
    assert_int_equal(psp_core_last(group->nodes[0].core), last);
    destroy_group(group);
}

static void ask(struct group *group, uint32_t replica, enum psp_role role, uint64_t id)
{
    const struct psp_cluster_message message = {.type = PSP_CLUSTER_REPORT_REQUEST, .id = id};
    tell(group, replica, role, 0, &message);
}

static void the_last_report_is_told_to_the_operator_by_the_leader(void **state)
{
    (void)state;
    struct group *group = open_reports_group(3, PSP_PUBLICATION_IMMEDIATE, 0);
    const uint32_t leader = serving(group), other = (leader + 1) % 3;
    struct node *node = &group->nodes[leader];
    ask(group, leader, PSP_ROLE_OPERATOR, 2);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_REPORT_REPLY, 2);
    assert_non_null(answer);
    assert_int_equal(answer->message.report_reply.report.length, 0); /* there is none yet */
    report(group, 3, 4, LEAF_1, PSP_FINAL_YES);
    ask(group, leader, PSP_ROLE_OPERATOR, 4);
    answer = answer_to(node, PSP_CLUSTER_REPORT_REPLY, 4);
    assert_non_null(answer);
    uint64_t index;
    const struct psp_bytes bytes = psp_count_report_bytes(node->count, &index);
    assert_int_equal(answer->message.report_reply.index, index);
    assert_int_equal(answer->message.report_reply.epoch, group->genesis.epoch);
    assert_int_equal(answer->message.report_reply.report.length, bytes.length);
    const struct psp_bytes told = answer->message.report_reply.report;
    assert_memory_equal(told.data, bytes.data, bytes.length);
    ask(group, leader, PSP_ROLE_COLLECTOR, 5); /* no answer: not for their keys */
    ask(group, leader, PSP_ROLE_ROUTER, 5);
    assert_null(answer_to(node, PSP_CLUSTER_REPORT_REPLY, 5));
    ask(group, other, PSP_ROLE_OPERATOR, 6); /* who follows may not know the last one */
    answer = answer_to(&group->nodes[other], PSP_CLUSTER_OPERATED, 6);
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, PSP_OPERATE_NOT_LEADER);
    assert_int_equal(answer->message.operated.leader, leader);
    destroy_group(group);
}

static void a_log_of_another_publication_is_refused(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 0);
    stop_node(group, 0);
    group->genesis.publication = PSP_PUBLICATION_IMMEDIATE;
    start_node(group, 0, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 2000);
    assert_non_null(strstr(group->nodes[0].stop, "publication of the election differs"));
    destroy_group(group);
}

static void expect_same_reports(const struct psp_count *a, const struct psp_count *b)
{
    uint8_t bytes[2][2][128], hashes[2][PSP_HASH_BYTES];
    const struct psp_count *const both[] = {a, b};
    size_t n[2][2];
    for (int i = 0; i < 2; i++) {
        n[i][0] = psp_totals_encode_since(psp_count_reported(both[i]), 0, bytes[i][0], 128);
        n[i][1] = psp_count_leaf_reports_since(both[i], 0, bytes[i][1], 128);
        psp_count_state_hash(both[i], hashes[i]);
    }
    for (int k = 0; k < 2; k++) {
        assert_in_range(n[0][k], 1, 128);
        assert_int_equal(n[0][k], n[1][k]);
        assert_memory_equal(bytes[0][k], bytes[1][k], n[0][k]);
    }
    assert_memory_equal(hashes[0], hashes[1], PSP_HASH_BYTES);
    assert_int_equal(psp_count_report_number(a), psp_count_report_number(b));
}

/* promise 4: a newcomer, one that goes on from a checkpoint, and one that never stopped */
static void replicas_hold_the_same_reports_however_they_came_to_them(void **state)
{
    (void)state;
    struct group *group = open_reports_group(3, PSP_PUBLICATION_IMMEDIATE, 0);
    const uint32_t leader = serving(group), second = (leader + 1) % 3, third = (leader + 2) % 3;
    cast(group, 1, 3);
    report(group, 2, 1, LEAF_1, PSP_FINAL_NO);
    run(group, PSP_CORE_CHECKPOINT_MS + 200);
    struct psp_count_delta *delta = NULL;
    finish_checkpoint(group, &group->nodes[second], &delta);
    assert_true(delta->report_bytes > 0);
    struct psp_count *stored = fixture_count(group->definition, NULL, 1000);
    assert_int_equal(psp_count_restore(stored, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(stored), PSP_OK);
    stop_node(group, second);
    stop_node(group, third);
    start_node(group, second, stored, delta->term);
    start_node(group, third, fixture_count(group->definition, NULL, 1000), 0);
    psp_count_delta_destroy(&delta);
    run(group, 2000);
    cast(group, 4, 2);
    report(group, 3, 2, LEAF_1_AND_2, PSP_FINAL_YES);
    cast(group, 6, 2);
    run(group, 500);
    for (uint32_t i = 0; i < 3; i++)
        expect_same_reports(group->nodes[0].count, group->nodes[i].count);
    destroy_group(group);
}

/* As `role`, of a replica. */
static void ask_held(struct group *group, uint32_t replica, enum psp_role role, uint64_t id)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = id};
    message.watch.wait_ms = 5000;
    message.watch.after_index = psp_count_index(group->nodes[replica].count); /* no news */
    message.watch.held = true;
    tell(group, replica, role, 0, &message);
    run(group, 60);
}

static void expect_refused(const struct node *node, uint64_t id, enum psp_operate_status status,
                           bool temporary, const char *text)
{
    const struct answer *answer = answer_to(node, PSP_CLUSTER_OPERATED, id);
    assert_null(answer_to(node, PSP_CLUSTER_PARTIAL, id));
    assert_non_null(answer);
    assert_int_equal(answer->message.operated.status, status);
    assert_int_equal(answer->message.operated.temporary, temporary);
    assert_non_null(strstr(answer->text, text));
}

/* promise 5 */
static void what_is_held_is_told_as_one_hash_once_a_second_and_logged(void **state)
{
    (void)state;
    struct group *group = open_reports_group(3, PSP_PUBLICATION_IMMEDIATE, 0);
    const uint32_t leader = serving(group), other = (leader + 1) % 3;
    struct node *node = &group->nodes[leader];
    cast(group, 1, 3);
    ask_held(group, leader, PSP_ROLE_OPERATOR, 2);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_PARTIAL, 2);
    assert_non_null(answer); /* at once, without news */
    assert_int_equal(answer->message.partial.held_hash.length, PSP_HASH_BYTES);
    assert_int_equal(answer->message.partial.rows.length, 0);
    uint8_t hash[PSP_HASH_BYTES];
    psp_count_held_hash(node->count, hash);
    assert_memory_equal(node->held_hash, hash, sizeof hash);
    assert_int_equal(node->held_told_n, 1);
    assert_int_equal(node->held_told_index, answer->message.partial.index);

    ask_held(group, leader, PSP_ROLE_OPERATOR, 3);
    expect_refused(node, 3, PSP_OPERATE_REFUSED, true, "once a second");
    ask_held(group, other, PSP_ROLE_OPERATOR, 4); /* three replicas are no three questions */
    expect_refused(&group->nodes[other], 4, PSP_OPERATE_NOT_LEADER, false, "another replica");
    run(group, PSP_CORE_HELD_GAP_MS - 3 * 60);
    ask_held(group, leader, PSP_ROLE_OPERATOR, 5);
    assert_non_null(answer_to(node, PSP_CLUSTER_PARTIAL, 5)); /* refused ones put nothing off */
    assert_int_equal(node->held_told_n, 2);
    destroy_group(group);
}

static void what_is_held_is_told_to_nobody_else(void **state)
{
    (void)state;
    struct group *group = open_reports_group(1, PSP_PUBLICATION_IMMEDIATE, 0);
    struct node *node = &group->nodes[0];
    cast(group, 1, 3);
    static const enum psp_role others[] = {PSP_ROLE_COLLECTOR, PSP_ROLE_ROUTER, PSP_ROLE_SHARD};
    for (uint64_t i = 0; i < 3; i++) {
        ask_held(group, 0, others[i], 10 + i);
        assert_null(answer_to(node, PSP_CLUSTER_PARTIAL, 10 + i));
        assert_null(answer_to(node, PSP_CLUSTER_OPERATED, 10 + i));
    }
    assert_int_equal(node->held_told_n, 0);
    ask_held(group, 0, PSP_ROLE_OPERATOR, 20); /* nobody used up the second */
    assert_non_null(answer_to(node, PSP_CLUSTER_PARTIAL, 20));
    assert_int_equal(watch(group, 21, 0)->held_hash.length, 0); /* nor without the question */
    destroy_group(group);
}

static void an_immediate_election_holds_nothing_that_could_be_compared(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    ask_held(group, 0, PSP_ROLE_OPERATOR, 2);
    expect_refused(&group->nodes[0], 2, PSP_OPERATE_REFUSED, false, "nothing is held");
    assert_int_equal(group->nodes[0].held_told_n, 0);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_choice_leaves_before_it_is_reported),
        cmocka_unit_test(turnout_is_held_where_it_is_reported),
        cmocka_unit_test(an_immediate_election_tells_its_rows_and_what_is_final),
        cmocka_unit_test(rows_reports_and_ballots_are_cut_into_parts_together),
        cmocka_unit_test(a_report_is_done_once_and_others_of_its_number_are_refused),
        cmocka_unit_test(each_refusal_has_its_own_words),
        cmocka_unit_test(a_report_of_no_such_leaf_never_reaches_the_log),
        cmocka_unit_test(the_last_report_is_told_to_the_operator_by_the_leader),
        cmocka_unit_test(what_is_held_is_told_as_one_hash_once_a_second_and_logged),
        cmocka_unit_test(what_is_held_is_told_to_nobody_else),
        cmocka_unit_test(an_immediate_election_holds_nothing_that_could_be_compared),
        cmocka_unit_test(a_log_of_another_publication_is_refused),
        cmocka_unit_test(replicas_hold_the_same_reports_however_they_came_to_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
