/* Those who watch a shard: what a partial holds, in how many messages, and when. */
#include "cluster/head.h"
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

/* What a replica was set back by is told from it: agreement.h of the collector. */
static void an_answer_tells_the_hash_at_the_base_and_where_the_log_ends(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    uint8_t before[PSP_HASH_BYTES];
    watch(group, 1, 0, 0);
    run(group, 2);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_PARTIAL, 1);
    assert_non_null(answer);
    const uint64_t index = answer->message.partial.index;
    assert_int_equal(answer->message.partial.base_hash.length, 0); /* nothing was asked from */
    assert_int_equal(answer->message.partial.log_last, node->log_n);
    assert_int_equal(answer->message.partial.raft_id, psp_raft_id_of(PSP_RAFT_ID_START, 0));
    assert_int_equal(answer->message.partial.wall_ms / 1000, at(group).wall_ms / 1000);
    psp_count_state_hash(node->count, before);
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 60);
    watch(group, 2, index, index);
    run(group, 60);
    answer = answer_to(node, PSP_CLUSTER_PARTIAL, 2);
    assert_non_null(answer);
    assert_int_equal(answer->message.partial.index, index + 1);
    assert_int_equal(answer->message.partial.base_hash.length, PSP_HASH_BYTES);
    assert_memory_equal(node->base_hash, before, PSP_HASH_BYTES);
    watch(group, 3, 0, index + 2); /* more than it has */
    run(group, 60);
    answer = answer_to(node, PSP_CLUSTER_PARTIAL, 3);
    assert_true(answer == NULL || answer->message.partial.base_hash.length == 0);
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

/* Every state that is told has a signature that anybody with cluster.json can check. */
static void what_a_shard_tells_is_signed(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    for (uint64_t id = 1; id <= 3; id++) {
        const struct batch batch = ballots(10 * (uint32_t)id, 3);
        send_batch(group, 0, id, &batch);
        run(group, 60);
        watch(group, id, 0, 0);
        run(group, 60);
        const struct psp_partial *partial =
            &answer_to(node, PSP_CLUSTER_PARTIAL, id)->message.partial;
        struct psp_head head = {.epoch = partial->epoch, .index = partial->index};
        assert_int_equal(head.index, psp_count_index(node->count));
        memcpy(head.state_hash, partial->state_hash, PSP_HASH_BYTES);
        memcpy(head.signature, partial->signature, PSP_SIGNATURE_BYTES);
        assert_true(psp_head_verify(group->signing_key.public_key, partial->cluster_id,
                                    partial->shard, &head));
        head.index++;
        assert_false(psp_head_verify(group->signing_key.public_key, partial->cluster_id,
                                     partial->shard, &head));
    }
    destroy_group(group);
}

/* One past the log's end, as the shard would sign it. */
static struct psp_cluster_message later_head(const struct group *group, uint64_t id, uint64_t past)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = id};
    message.watch.head.epoch = group->genesis.epoch;
    message.watch.head.index = psp_core_last(group->nodes[0].core) + past;
    psp_head_sign(&group->signing_key, group->genesis.fence.parts[PSP_FENCE_CLUSTER],
                  group->genesis.shard, &message.watch.head);
    return message;
}

static void a_head_of_its_own_past_the_log_stops_a_lone_replica(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct psp_cluster_message message = later_head(group, 2, 0);
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    assert_string_equal(group->nodes[0].stop, ""); /* the log's last entry is there */
    message = later_head(group, 3, 1);
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    assert_non_null(strstr(group->nodes[0].stop, "acknowledged ballots were lost"));
    assert_null(answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 3));
    assert_int_equal(group->nodes[0].strange_n, 0);
    destroy_group(group);
}

/* Whoever has the collector's key can say anything, and stops nothing. */
static void what_the_shard_did_not_sign_is_told_once_a_minute_and_answered(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const uint64_t last = psp_core_last(node->core);
    uint64_t id = 10;
    watch(group, id++, 0, last + 1); /* no head at all, and a base that never was */
    for (int wrong = 0; wrong < 5; wrong++) {
        struct psp_cluster_message message = later_head(group, id++, 1);
        struct psp_head *head = &message.watch.head;
        head->index += wrong == 0 ? UINT64_MAX / 2 : 0;
        head->state_hash[0] ^= wrong == 1;
        head->signature[10] ^= wrong == 2;
        if (wrong == 3) /* another shard's key, as of the same cluster */
            psp_head_sign(&group->signing_key, group->genesis.fence.parts[PSP_FENCE_CLUSTER],
                          group->genesis.shard + 1, head);
        if (wrong == 4)
            memset(head->signature, 0, sizeof head->signature);
        run(group, 60);
        tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
        run(group, 60);
        assert_string_equal(node->stop, "");
        assert_non_null(answer_to(node, PSP_CLUSTER_PARTIAL, message.id));
        assert_int_equal(node->strange_n, 1);
        assert_true(node->strange_index > last);
    }
    run(group, 60000);
    struct psp_cluster_message message = later_head(group, id, 1);
    message.watch.head.epoch++; /* of an epoch that is not this one: not looked at */
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    assert_int_equal(node->strange_n, 1);
    message = later_head(group, id + 1, 1);
    message.watch.head.signature[0] ^= 1;
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    run(group, 60);
    assert_int_equal(node->strange_n, 2);
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 60);
    assert_non_null(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 7));
    destroy_group(group);
}

/* A signature costs more than a message: a flood of them is not looked at one by one, and
 * keeps no other collector from being heard. */
static void heads_are_looked_at_once_a_gap_for_each_collector(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    struct psp_cluster_message strange = later_head(group, 2, 1);
    const struct psp_cluster_message own = later_head(group, 3, 1);
    strange.watch.head.signature[0] ^= 1;
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &strange);
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &own);
    assert_string_equal(node->stop, "");
    tell(group, 0, PSP_ROLE_COLLECTOR, 1, &own);
    assert_non_null(strstr(node->stop, "collector 1 has seen"));
    destroy_group(group);
}

static void an_operator_cannot_stop_the_replica(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    struct psp_cluster_message message = later_head(group, 2, 1);
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
    const struct psp_cluster_message message = later_head(group, 2, 50);
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
        cmocka_unit_test(an_answer_tells_the_hash_at_the_base_and_where_the_log_ends),
        cmocka_unit_test(a_partial_too_large_for_a_message_comes_in_parts),
        cmocka_unit_test(stations_come_as_they_changed_since_the_base),
        cmocka_unit_test(a_partial_of_more_parts_than_there_may_be_is_told_and_counting_goes_on),
        cmocka_unit_test(a_watcher_without_news_is_answered_when_its_wait_is_over),
        cmocka_unit_test(what_a_shard_tells_is_signed),
        cmocka_unit_test(a_head_of_its_own_past_the_log_stops_a_lone_replica),
        cmocka_unit_test(what_the_shard_did_not_sign_is_told_once_a_minute_and_answered),
        cmocka_unit_test(heads_are_looked_at_once_a_gap_for_each_collector),
        cmocka_unit_test(an_operator_cannot_stop_the_replica),
        cmocka_unit_test(a_leader_that_was_replaced_unawares_is_not_stopped_by_a_collector),
        cmocka_unit_test(a_leader_that_has_not_applied_its_log_does_not_say_that_it_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
