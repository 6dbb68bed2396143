/* Those who watch a shard: what a partial holds, in how many messages, and when. */
#include "shard/core/inner.h"
#include "tests/unit/fixture/shard.h"

static void watch(struct group *group, uint64_t id, uint64_t after, uint64_t base)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = id};
    message.watch.after_index = after;
    message.watch.base_index = base;
    message.watch.base_epoch = base == 0 ? 0 : 1;
    message.watch.wait_ms = 1000;
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
}

static void a_watcher_hears_of_news_at_most_every_50_ms(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    watch(group, 1, 0, 0);
    run(group, 2);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_PARTIAL, 1);
    assert_non_null(answer);
    const uint64_t index = answer->message.partial.index;
    assert_int_equal(index, psp_count_index(node->count));
    assert_int_equal(answer->message.partial.base_index, 0);
    assert_int_equal(answer->message.partial.rows.length, 0); /* nothing counted */
    watch(group, 2, index, index);
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 40);
    assert_int_equal(psp_count_index(node->count), index + 1);
    assert_null(answer_to(node, PSP_CLUSTER_PARTIAL, 2));
    run(group, 15);
    answer = answer_to(node, PSP_CLUSTER_PARTIAL, 2);
    assert_non_null(answer);
    assert_int_equal(answer->message.partial.index, index + 1);
    assert_int_equal(answer->message.partial.base_index, index);
    assert_true(answer->message.partial.rows.length > 0);
    assert_int_equal(answer->message.partial.books.disposed[PSP_COUNTED], 3);
    destroy_group(group);
}

static void a_partial_too_large_for_a_message_comes_in_parts(void **state)
{
    (void)state;
    struct group *group = open_group_cut(1, 4, 0);
    struct node *node = &group->nodes[0];
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 60);
    watch(group, 1, 0, 0);
    run(group, 60);
    uint8_t expected[256];
    const size_t length = psp_totals_encode_since(psp_count_totals(node->count), 0, expected, 256);
    const uint32_t parts = (uint32_t)(length + 3) / 4 + 1; /* the stations have their own */
    assert_true(parts > 3 && length <= sizeof expected);
    uint32_t n = 0;
    for (size_t i = 0; i < node->answer_n; i++) {
        const struct psp_cluster_message *message = &node->answers[i].message;
        if (message->type != PSP_CLUSTER_PARTIAL)
            continue;
        assert_int_equal(message->id, 1);
        assert_int_equal(message->partial.part, n++);
        assert_int_equal(message->partial.parts, parts);
        assert_int_equal(message->partial.index, psp_count_index(node->count));
        assert_true(message->partial.rows.length <= 4);
        assert_true((message->partial.stations.length > 0) == (n == parts));
    }
    assert_int_equal(n, parts);
    assert_int_equal(node->rows_n, length);
    assert_memory_equal(node->rows, expected, length);
    destroy_group(group);
}

static void stations_come_as_they_changed_since_the_base(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const struct batch first = ballots(1, 3);
    struct batch second = {.station = 2};
    for (uint32_t voter = 1; voter <= 5; voter++) /* of whom three have voted */
        add(&second, voter, 1000 + voter, P1, BOOTH, ANN);
    send_batch(group, 0, 7, &first);
    run(group, 60);
    watch(group, 1, 0, 0);
    run(group, 60);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_PARTIAL, 1);
    assert_non_null(answer);
    const uint64_t index = answer->message.partial.index;
    /* The station's number, then received, counted; the rest is zero. */
    static const uint8_t once[9] = {1, 3, 3};
    assert_int_equal(answer->message.partial.stations.length, sizeof once);
    assert_memory_equal(node->stations, once, sizeof once);
    send_batch(group, 0, 8, &second);
    run(group, 60);
    watch(group, 2, index, index);
    run(group, 60);
    answer = answer_to(node, PSP_CLUSTER_PARTIAL, 2);
    assert_non_null(answer);
    static const uint8_t other[9] = {2, 5, 2, 3};
    assert_int_equal(answer->message.partial.base_index, index);
    assert_int_equal(answer->message.partial.stations.length, sizeof other);
    assert_memory_equal(node->stations, other, sizeof other);
    const uint64_t later = answer->message.partial.index;
    watch(group, 3, later, later);
    run(group, 1100); /* no news: answered when its wait is over */
    answer = answer_to(node, PSP_CLUSTER_PARTIAL, 3);
    assert_non_null(answer);
    assert_int_equal(answer->message.partial.stations.length, 0);
    destroy_group(group);
}

static void a_partial_of_more_parts_than_there_may_be_is_told_and_counting_goes_on(void **state)
{
    (void)state;
    struct group *group = open_group_cut(1, 4, 2);
    struct node *node = &group->nodes[0];
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 60);
    watch(group, 1, 0, 0);
    run(group, 60);
    assert_true(node->too_large_bytes > 8);
    assert_null(answer_to(node, PSP_CLUSTER_PARTIAL, 1));
    assert_string_equal(node->stop, "");
    const struct batch more = ballots(20, 2);
    send_batch(group, 0, 8, &more);
    run(group, 60);
    assert_non_null(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 8));
    destroy_group(group);
}

static void a_watcher_without_news_is_answered_when_its_wait_is_over(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const uint64_t index = psp_count_index(node->count);
    watch(group, 1, index, index);
    run(group, 990);
    assert_null(answer_to(node, PSP_CLUSTER_PARTIAL, 1));
    run(group, 20);
    assert_int_equal(answer_to(node, PSP_CLUSTER_PARTIAL, 1)->message.partial.index, index);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = 2};
    message.watch.base_index = index + 5; /* of an epoch that this shard never had */
    message.watch.base_epoch = 7;
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    assert_int_equal(answer_to(node, PSP_CLUSTER_PARTIAL, 2)->message.partial.base_index, 0);
    destroy_group(group);
}

static void a_collector_that_has_seen_more_than_the_log_stops_the_replica(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    watch(group, 2, 0, psp_core_last(group->nodes[0].core) + 1);
    run(group, 60);
    assert_non_null(strstr(group->nodes[0].stop, "acknowledged ballots were lost"));
    assert_null(answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 2));
    destroy_group(group);
}

static void an_operator_cannot_stop_the_replica(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = 2};
    message.watch.base_index = psp_core_last(node->core) + 1;
    message.watch.base_epoch = 1;
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &message);
    run(group, 60);
    assert_string_equal(node->stop, "");
    assert_int_equal(answer_to(node, PSP_CLUSTER_PARTIAL, 2)->message.partial.base_index, 0);
    destroy_group(group);
}

static void a_leader_that_was_replaced_unawares_is_not_stopped_by_a_collector(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t old = serving(group);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = 2};
    message.watch.base_index = psp_core_last(group->nodes[old].core) + 50;
    message.watch.base_epoch = 1;
    tell(group, old, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 100);
    assert_string_equal(group->nodes[old].stop, "");
    destroy_group(group);
}

/* promise 5: until a leader has applied what its log held, its count is of the past. */
static void a_leader_that_has_not_applied_its_log_does_not_say_that_it_leads(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const struct batch batch = ballots(1, 3);
    send_batch(group, serving(group), 7, &batch);
    run(group, 200);
    const uint64_t counted_at = psp_count_index(group->nodes[serving(group)].count);
    for (uint32_t i = 0; i < 3; i++)
        stop_node(group, i);
    for (uint32_t i = 0; i < 3; i++)
        start_node(group, i, fixture_count(group->definition, NULL, 1000), 0);
    uint32_t elected = NODES_MAX;
    for (int ms = 0; ms < 5000 && elected == NODES_MAX; ms++) {
        step(group);
        for (uint32_t i = 0; i < 3; i++)
            if (psp_core_leader(group->nodes[i].core) == i)
                elected = i;
    }
    assert_int_not_equal(elected, NODES_MAX);
    const struct node *node = &group->nodes[elected];
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = 1};
    tell(group, elected, PSP_ROLE_COLLECTOR, 0, &message);
    step(group);
    const struct answer *early = answer_to(node, PSP_CLUSTER_PARTIAL, 1);
    assert_non_null(early);
    assert_true(early->message.partial.index < counted_at); /* nothing committed in its term */
    assert_int_equal(early->message.partial.leader, 0);
    run(group, 200);
    message.id = 2;
    tell(group, elected, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    const struct psp_partial *partial = &answer_to(node, PSP_CLUSTER_PARTIAL, 2)->message.partial;
    assert_int_equal(partial->leader, elected + 1);
    assert_true(partial->index >= counted_at);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watcher_hears_of_news_at_most_every_50_ms),
        cmocka_unit_test(a_partial_too_large_for_a_message_comes_in_parts),
        cmocka_unit_test(stations_come_as_they_changed_since_the_base),
        cmocka_unit_test(a_partial_of_more_parts_than_there_may_be_is_told_and_counting_goes_on),
        cmocka_unit_test(a_watcher_without_news_is_answered_when_its_wait_is_over),
        cmocka_unit_test(a_collector_that_has_seen_more_than_the_log_stops_the_replica),
        cmocka_unit_test(an_operator_cannot_stop_the_replica),
        cmocka_unit_test(a_leader_that_was_replaced_unawares_is_not_stopped_by_a_collector),
        cmocka_unit_test(a_leader_that_has_not_applied_its_log_does_not_say_that_it_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
