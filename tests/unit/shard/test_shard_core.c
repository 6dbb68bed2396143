/* What a shard's replica decides, on an in-memory disk and network. */
#include <inttypes.h>

#include "tests/unit/fixture/shard.h"

static void a_lone_replica_leads_and_writes_its_genesis(void **state)
{
    (void)state;
    struct group *group = create_group(1);
    assert_int_equal(run_until_serving(group), 0);
    const struct psp_genesis *genesis = psp_count_genesis(group->nodes[0].count);
    assert_int_equal(genesis->slot_first, SLOT_FIRST);
    assert_int_equal(group->nodes[0].log_n, 2); /* configuration, genesis */
    assert_int_equal(group->nodes[0].log[1].record.type, PSP_RECORD_COMMAND);
    assert_true(group->now_ms < 1100);
    destroy_group(group);
}

/* promise 1 */
static void verdicts_leave_only_when_the_entry_is_durable(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    group->held[0] = true;
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 2000);
    assert_null(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 7));
    assert_int_equal(psp_count_books(node->count)->received, 0);
    group->held[0] = false;
    run(group, 1);
    const struct answer *answer = answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 7);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_verdicts.n, 3);
    assert_memory_equal(answer->verdicts, VERDICTS(PSP_COUNTED, PSP_COUNTED, PSP_COUNTED), 3);
    assert_int_equal(answer->message.count_verdicts.index, node->log_n);
    assert_int_equal(psp_count_books(node->count)->disposed[PSP_COUNTED], 3);
    destroy_group(group);
}

static void what_was_not_synced_is_not_there_after_a_crash(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch first = ballots(1, 3), second = ballots(10, 2);
    send_batch(group, 0, 7, &first);
    run(group, 10);
    group->held[0] = true;
    send_batch(group, 0, 8, &second);
    run(group, 10);
    const uint64_t term = psp_core_term(group->nodes[0].core);
    stop_node(group, 0);
    group->held[0] = false;
    start_node(group, 0, fixture_count(group->definition, NULL, 1000), 0);
    run_until_serving(group);
    assert_true(psp_core_term(group->nodes[0].core) > term);
    assert_int_equal(psp_count_books(group->nodes[0].count)->received, 3);
    send_batch(group, 0, 9, &first);
    send_batch(group, 0, 10, &second);
    run(group, 10);
    const struct answer *replayed = answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_VERDICTS, 9);
    assert_memory_equal(replayed->verdicts,
                        VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_COUNTED), AGAIN(PSP_COUNTED)), 3);
    const struct answer *counted = answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_VERDICTS, 10);
    assert_memory_equal(counted->verdicts, VERDICTS(PSP_COUNTED, PSP_COUNTED), 2);
    destroy_group(group);
}

static void a_restart_replays_to_the_same_state(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    for (uint32_t i = 0; i < 200; i++) {
        const struct batch batch = ballots(5 * i, 8); /* three of eight are replays */
        send_batch(group, 0, 100 + i, &batch);
        run(group, 2);
    }
    struct node *node = &group->nodes[0];
    uint8_t before[PSP_HASH_BYTES], after[PSP_HASH_BYTES];
    const uint64_t index = psp_count_index(node->count);
    psp_count_state_hash(node->count, before);
    const struct psp_books books = *psp_count_books(node->count);
    assert_int_equal(books.received, 1600);
    assert_int_equal(books.disposed[PSP_COUNTED], 200 * 5 + 3);
    stop_node(group, 0);
    start_node(group, 0, fixture_count(group->definition, NULL, 1000), 0);
    run_until_serving(group);
    assert_int_equal(psp_count_index(node->count), index);
    assert_memory_equal(psp_count_books(node->count), &books, sizeof books);
    psp_count_state_hash(node->count, after);
    assert_memory_equal(before, after, PSP_HASH_BYTES);
    destroy_group(group);
}

static void a_restart_from_a_checkpoint_needs_no_older_log(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const struct batch first = ballots(1, 5);
    send_batch(group, 0, 7, &first);
    run(group, PSP_CORE_CHECKPOINT_MS + 100);
    assert_non_null(node->delta);
    assert_int_equal(node->delta->index, psp_count_index(node->count));
    assert_int_equal(node->delta->term, psp_core_term(node->core));
    assert_int_equal(node->delta->counted_n, 5);
    const struct batch second = ballots(20, 4);
    send_batch(group, 0, 8, &second); /* after the checkpoint */
    run(group, 10);
    struct psp_count_delta *delta = NULL;
    finish_checkpoint(group, node, &delta);
    const uint64_t store_term = delta->term;
    stop_node(group, 0);
    struct psp_count *count = fixture_count(group->definition, NULL, 1000);
    assert_int_equal(psp_count_restore(count, delta), PSP_OK);
    assert_int_equal(psp_count_restore_end(count), PSP_OK);
    psp_count_delta_destroy(&delta);
    start_node(group, 0, count, store_term);
    run_until_serving(group);
    assert_int_equal(psp_count_books(node->count)->disposed[PSP_COUNTED], 9);
    send_batch(group, 0, 9, &first);
    run(group, 10);
    assert_int_equal(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 9)->verdicts[4],
                     AGAIN(PSP_COUNTED));
    destroy_group(group);
}

static void a_router_with_another_configuration_is_refused(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 1);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = 5};
    message.count_batch.columns = batch_entry(&batch, false).ballots.columns;
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.fence.parts[PSP_FENCE_DIGEST_KEY][3] ^= 1;
    tell(group, 0, PSP_ROLE_ROUTER, 0, &message);
    const struct answer *answer = answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_REFUSAL, 5);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_FENCE);
    assert_non_null(strstr(answer->text, "digest key"));
    run(group, 10);
    assert_int_equal(psp_count_books(group->nodes[0].count)->received, 0);
    destroy_group(group);
}

static void a_ballot_of_a_slot_not_owned_is_refused_whole(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct batch batch = ballots(1, 2);
    batch.digests[16] = 0; /* slot 0 to 15: below SLOT_FIRST */
    send_batch(group, 0, 5, &batch);
    run(group, 10);
    const struct answer *answer = answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_REFUSAL, 5);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_FENCE);
    assert_int_equal(psp_count_books(group->nodes[0].count)->received, 0);
    destroy_group(group);
}

static void over_64_waiting_batches_are_busy_and_not_proposed(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    group->held[0] = true;
    const uint64_t last = psp_core_last(group->nodes[0].core);
    for (uint32_t i = 0; i < PSP_CORE_UNAPPLIED_MAX + 3; i++) {
        const struct batch batch = ballots(10 * i, 2);
        send_batch(group, 0, 100 + i, &batch);
    }
    struct node *node = &group->nodes[0];
    assert_int_equal(psp_core_last(node->core), last + PSP_CORE_UNAPPLIED_MAX);
    assert_int_equal(node->answer_n, 1 + 3); /* opened; three refusals */
    for (uint32_t i = 0; i < 3; i++) {
        const struct answer *answer =
            answer_to(node, PSP_CLUSTER_COUNT_REFUSAL, 100 + PSP_CORE_UNAPPLIED_MAX + i);
        assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_BUSY);
    }
    group->held[0] = false;
    run(group, 20);
    assert_int_equal(psp_count_books(node->count)->received, 2 * PSP_CORE_UNAPPLIED_MAX);
    const struct batch again = ballots(90000, 2);
    send_batch(group, 0, 500, &again);
    run(group, 5);
    assert_non_null(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 500));
    destroy_group(group);
}

static void closing_twice_is_answered_twice_and_ballots_are_refused_after(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const struct batch early = ballots(1, 1), late = ballots(2, 1);
    send_batch(group, 0, 7, &early);
    send_operation(group, 0, 2, PSP_OPERATE_CLOSE);
    run(group, 5);
    send_operation(group, 0, 3, PSP_OPERATE_CLOSE);
    send_batch(group, 0, 8, &late);
    send_batch(group, 0, 9, &early);
    run(group, 5);
    assert_int_equal(answer_to(node, PSP_CLUSTER_OPERATED, 2)->message.operated.status,
                     PSP_OPERATED);
    assert_int_equal(answer_to(node, PSP_CLUSTER_OPERATED, 3)->message.operated.status,
                     PSP_OPERATED);
    assert_int_equal(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 8)->verdicts[0], PSP_CLOSED);
    assert_int_equal(answer_to(node, PSP_CLUSTER_COUNT_VERDICTS, 9)->verdicts[0],
                     AGAIN(PSP_COUNTED));
    destroy_group(group);
}

static void a_key_of_another_role_gets_nothing_through(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 1);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = 5};
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.columns = batch_entry(&batch, false).ballots.columns;
    const size_t answers = group->nodes[0].answer_n;
    tell(group, 0, PSP_ROLE_COLLECTOR, 0, &message);
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &message);
    message = (struct psp_cluster_message){.type = PSP_CLUSTER_OPERATE, .id = 6};
    message.operate.operation = PSP_OPERATE_CLOSE;
    tell(group, 0, PSP_ROLE_ROUTER, 0, &message);
    run(group, 20);
    assert_int_equal(group->nodes[0].answer_n, answers);
    assert_int_equal(psp_count_election_state(group->nodes[0].count), PSP_ELECTION_OPEN);
    assert_int_equal(psp_count_books(group->nodes[0].count)->received, 0);
    destroy_group(group);
}

static void what_leaves_the_log_is_applied_and_for_operators_alone(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 5);
    const uint64_t applied = psp_count_index(node->count);
    struct psp_cluster_message request = {.type = PSP_CLUSTER_SEAL_REQUEST, .id = 9};
    const enum psp_role others[] = {PSP_ROLE_STATION, PSP_ROLE_ROUTER, PSP_ROLE_SHARD,
                                    PSP_ROLE_COLLECTOR, PSP_ROLE_GATEWAY};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tell(group, 0, others[i], 0, &request);
    assert_int_equal(node->seal_n, 0);
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &request);
    assert_int_equal(node->seal_n, 1);
    assert_int_equal(node->seal.id, 9);
    assert_int_equal(node->seal.position.index, applied);
    assert_int_equal(node->seal.position.term, psp_core_term(node->core));
    assert_int_equal(node->seal.position.received, 3);
    assert_int_equal(node->seal.position.mode, group->genesis.mode);
    request.seal_request = (struct psp_seal_request){.first = 1, .last = applied};
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &request);
    assert_int_equal(node->seal_n, 2);
    request.id = 10;
    request.seal_request.last++; /* not applied */
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &request);
    assert_true(answer_to(node, PSP_CLUSTER_OPERATED, 10)->message.operated.temporary);
    request.id = 11;
    request.seal_request = (struct psp_seal_request){.first = 2, .last = 2};
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &request);
    assert_non_null(strstr(answer_to(node, PSP_CLUSTER_OPERATED, 11)->text, "no chunk"));
    assert_int_equal(node->seal_n, 2);
    destroy_group(group);
}

static void status_shows_books_and_leader(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 5);
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST, .id = 9};
    tell(group, 0, PSP_ROLE_OPERATOR, 0, &request);
    const struct psp_status_reply *status =
        &answer_to(&group->nodes[0], PSP_CLUSTER_STATUS_REPLY, 9)->message.status;
    assert_int_equal(status->state, PSP_STATE_LEADER);
    assert_int_equal(status->leader, 1);
    assert_int_equal(status->pid, 4711);
    assert_int_equal(status->books.received, 3);
    assert_int_equal(status->index, psp_count_index(group->nodes[0].count));
    assert_int_equal(status->election_state, PSP_ELECTION_OPEN);
    destroy_group(group);
}

/* What an operator reads after a failed assertion. */
static void its_state_is_told_on_a_screen(void **state)
{
    (void)state;
    char text[4096], expected[64];
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 3);
    send_batch(group, 0, 7, &batch);
    run(group, 10);
    const struct node *node = &group->nodes[0];
    psp_core_describe(node->core, text, sizeof text);
    assert_non_null(strstr(text, "leader in term "));
    assert_non_null(strstr(text, "books: received 3, counted 3, voters 3, added 3\n"));
    snprintf(expected, sizeof expected, "applied %" PRIu64 " of term",
             psp_core_applied(node->core));
    assert_non_null(strstr(text, expected));
    size_t lines = 0, longest = 0;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1, lines++)
        longest = strcspn(at, "\n") > longest ? strcspn(at, "\n") : longest;
    assert_in_range(lines, 8, 22);
    assert_true(longest < 160);
    destroy_group(group);
}

static void a_log_of_another_election_stops_the_replica(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    stop_node(group, 0);
    group->genesis.fence.parts[PSP_FENCE_DEFINITION][0] ^= 1;
    start_node(group, 0, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 50);
    assert_non_null(strstr(group->nodes[0].stop, "definition_hash"));
    assert_non_null(strstr(group->nodes[0].stop, "cluster.json"));
    destroy_group(group);
}

/* promise 4 */
static void leader_time_never_goes_back(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    const uint64_t before = psp_count_time_ms(node->count);
    const struct batch batch = ballots(1, 1);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = 5};
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.columns = batch_entry(&batch, false).ballots.columns;
    const struct psp_core_sender sender = {.role = PSP_ROLE_ROUTER};
    const struct psp_core_time earlier = {group->now_ms, 5}; /* somebody set the clock back */
    psp_core_message(node->core, earlier, &sender, &message);
    carry_out(group, node);
    run(group, 5);
    assert_int_equal(psp_count_books(node->count)->received, 1);
    assert_int_equal(psp_count_time_ms(node->count), before);
    destroy_group(group);
}

/* ---- three replicas ---- */

/* promise 4 */
static void three_replicas_count_the_same(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    for (uint32_t i = 0; i < 20; i++) {
        const struct batch batch = ballots(3 * i, 4);
        send_batch(group, leader, 100 + i, &batch);
        run(group, 5);
    }
    run(group, 300);
    uint8_t first[PSP_HASH_BYTES], other[PSP_HASH_BYTES];
    psp_count_state_hash(group->nodes[0].count, first);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(psp_count_books(group->nodes[i].count)->received, 80);
        assert_int_equal(psp_count_books(group->nodes[i].count)->disposed[PSP_COUNTED], 61);
        psp_count_state_hash(group->nodes[i].count, other);
        assert_memory_equal(first, other, PSP_HASH_BYTES);
    }
    const struct batch batch = ballots(5000, 1);
    const uint32_t follower = (leader + 1) % 3;
    send_batch(group, follower, 900, &batch);
    const struct answer *answer =
        answer_to(&group->nodes[follower], PSP_CLUSTER_COUNT_REFUSAL, 900);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_NOT_LEADER);
    assert_int_equal(answer->message.count_refusal.leader, leader);
    destroy_group(group);
}

/* The leader's own entries are not checked again when they count; a peer's are. */
static void marks_from_a_leader_are_checked_before_they_count(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    const struct batch batch = ballots(0, 4);
    send_batch(group, leader, 100, &batch);
    uint32_t spoiled = 0;
    for (size_t i = 0; i < group->post_n; i++) {
        uint8_t *marks =
            memmem(group->posts[i].bytes, group->posts[i].length, batch.marks, batch.marks_bytes);
        if (marks != NULL)
            marks[0] = 0x80, spoiled++; /* a varint that is not the shortest */
    }
    assert_int_equal(spoiled, 2);
    run(group, 300);
    for (uint32_t i = 0; i < 3; i++) {
        const struct node *node = &group->nodes[i];
        assert_int_equal(psp_count_books(node->count)->received, i == leader ? 4 : 0);
        if (i == leader)
            assert_string_equal(node->stop, "");
        else
            assert_non_null(strstr(node->stop, "marks of a ballot are truncated"));
    }
    destroy_group(group);
}

/* promise 1 */
static void a_killed_leader_loses_no_answered_ballot(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t old = serving(group);
    const struct batch batch = ballots(1, 3);
    send_batch(group, old, 7, &batch);
    run(group, 30);
    assert_non_null(answer_to(&group->nodes[old], PSP_CLUSTER_COUNT_VERDICTS, 7));
    stop_node(group, old);
    const uint64_t killed_ms = group->now_ms;
    const uint32_t leader = run_until_serving(group);
    assert_int_not_equal(leader, old);
    assert_true(group->now_ms - killed_ms < 2000);
    send_batch(group, leader, 8, &batch);
    run(group, 50);
    const struct answer *answer = answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 8);
    assert_memory_equal(answer->verdicts,
                        VERDICTS(AGAIN(PSP_COUNTED), AGAIN(PSP_COUNTED), AGAIN(PSP_COUNTED)), 3);
    /* The old one comes back with what it has and catches up. */
    start_node(group, old, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 1000);
    uint8_t one[PSP_HASH_BYTES], two[PSP_HASH_BYTES];
    psp_count_state_hash(group->nodes[leader].count, one);
    psp_count_state_hash(group->nodes[old].count, two);
    assert_memory_equal(one, two, PSP_HASH_BYTES);
    destroy_group(group);
}

static void a_cut_off_leader_answers_lost_and_its_entries_are_replaced(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t old = serving(group);
    for (uint32_t i = 0; i < 3; i++)
        group->cut[old][i] = group->cut[i][old] = i != old;
    const struct batch stranded = ballots(1, 2), other = ballots(50, 2);
    send_batch(group, old, 7, &stranded);
    run(group, 1500);
    const struct answer *answer = answer_to(&group->nodes[old], PSP_CLUSTER_COUNT_REFUSAL, 7);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_LOST);
    const uint32_t leader = run_until_serving(group);
    assert_int_not_equal(leader, old);
    send_batch(group, leader, 8, &other);
    run(group, 100);
    assert_non_null(answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_VERDICTS, 8));
    memset(group->cut, 0, sizeof group->cut);
    run(group, 2000);
    uint8_t one[PSP_HASH_BYTES], two[PSP_HASH_BYTES];
    psp_count_state_hash(group->nodes[leader].count, one);
    psp_count_state_hash(group->nodes[old].count, two);
    assert_memory_equal(one, two, PSP_HASH_BYTES);
    assert_int_equal(psp_count_books(group->nodes[old].count)->received, 2);
    destroy_group(group);
}

/* Everybody that leads has restarted from a checkpoint; the third replica's log
 * ends before that. */
static void a_follower_behind_the_checkpoints_catches_up(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t lagging = (serving(group) + 1) % 3;
    stop_node(group, lagging);
    for (uint32_t i = 0; i < 30; i++) {
        const struct batch batch = ballots(10 * i, 3);
        send_batch(group, serving(group), 100 + i, &batch);
        run(group, 5);
    }
    run(group, PSP_CORE_CHECKPOINT_MS + 200);
    for (uint32_t i = 0; i < 3; i++) {
        if (i == lagging)
            continue;
        struct psp_count_delta *delta = NULL;
        finish_checkpoint(group, &group->nodes[i], &delta);
        stop_node(group, i);
        struct psp_count *count = fixture_count(group->definition, NULL, 1000);
        assert_int_equal(psp_count_restore(count, delta), PSP_OK);
        assert_int_equal(psp_count_restore_end(count), PSP_OK);
        assert_true(delta->index > group->nodes[lagging].log_n);
        start_node(group, i, count, delta->term);
        psp_count_delta_destroy(&delta);
    }
    run_until_serving(group);
    start_node(group, lagging, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 1500);
    assert_string_equal(group->nodes[lagging].stop, "");
    assert_int_equal(psp_count_books(group->nodes[lagging].count)->received, 90);
    uint8_t one[PSP_HASH_BYTES], two[PSP_HASH_BYTES];
    psp_count_state_hash(group->nodes[lagging].count, one);
    psp_count_state_hash(group->nodes[serving(group)].count, two);
    assert_memory_equal(one, two, PSP_HASH_BYTES);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_replica_leads_and_writes_its_genesis),
        cmocka_unit_test(verdicts_leave_only_when_the_entry_is_durable),
        cmocka_unit_test(what_was_not_synced_is_not_there_after_a_crash),
        cmocka_unit_test(a_restart_replays_to_the_same_state),
        cmocka_unit_test(a_restart_from_a_checkpoint_needs_no_older_log),
        cmocka_unit_test(a_router_with_another_configuration_is_refused),
        cmocka_unit_test(a_ballot_of_a_slot_not_owned_is_refused_whole),
        cmocka_unit_test(over_64_waiting_batches_are_busy_and_not_proposed),
        cmocka_unit_test(closing_twice_is_answered_twice_and_ballots_are_refused_after),
        cmocka_unit_test(a_key_of_another_role_gets_nothing_through),
        cmocka_unit_test(what_leaves_the_log_is_applied_and_for_operators_alone),
        cmocka_unit_test(status_shows_books_and_leader),
        cmocka_unit_test(its_state_is_told_on_a_screen),
        cmocka_unit_test(a_log_of_another_election_stops_the_replica),
        cmocka_unit_test(leader_time_never_goes_back),
        cmocka_unit_test(three_replicas_count_the_same),
        cmocka_unit_test(marks_from_a_leader_are_checked_before_they_count),
        cmocka_unit_test(a_killed_leader_loses_no_answered_ballot),
        cmocka_unit_test(a_follower_behind_the_checkpoints_catches_up),
        cmocka_unit_test(a_cut_off_leader_answers_lost_and_its_entries_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
