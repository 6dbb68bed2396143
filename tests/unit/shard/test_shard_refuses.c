/* What a shard does not take: another one's log, another one's words, too much at once. */
#include "shard/core/inner.h"
#include "tests/unit/fixture/shard.h"

enum { REQUEST_VOTE = 3, TERM = 90 };

/* Told in place of the bytes that wait for a checkpoint, unless 0. */
static uint64_t told_delta_bytes;

uint64_t __real_psp_count_delta_bytes(const struct psp_count *count);
uint64_t __wrap_psp_count_delta_bytes(const struct psp_count *count);

uint64_t __wrap_psp_count_delta_bytes(const struct psp_count *count)
{
    return told_delta_bytes != 0 ? told_delta_bytes : __real_psp_count_delta_bytes(count);
}

static void is_refused(struct psp_genesis genesis, const char *word)
{
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    stop_node(group, 0);
    group->genesis = genesis;
    start_node(group, 0, fixture_count(group->definition, NULL, 1000), 0);
    run(group, 3000);
    if (strstr(node->stop, word) == NULL)
        print_error("\"%s\" without \"%s\"\n", node->stop, word);
    assert_non_null(strstr(node->stop, word));
    destroy_group(group);
}

static void a_log_of_another_election_is_refused(void **state)
{
    (void)state;
    const struct psp_genesis own = fixture_genesis(false);
    struct psp_genesis other = own;
    other.slot_end--;
    is_refused(other, "slots of the shard");
    other = own;
    other.shard_roll_hash[0] ^= 1;
    is_refused(other, "roll_hash of the shard");
    other = own;
    other.rules++;
    is_refused(other, "rules");
    other = own;
    other.mode = PSP_MODE_TEST;
    is_refused(other, "mode");
    other = own;
    other.report_min++;
    is_refused(other, "publication");
    other = own;
    other.epoch++;
    is_refused(other, "epoch");
}

/* A vote asked for at a later term, which whoever hears it goes to. */
static void ask_vote(struct group *group, uint32_t to, uint32_t sender, uint64_t from_id,
                     uint32_t shard)
{
    const uint64_t fields[] = {2, TERM, from_id, 1000, TERM - 1, true, false};
    struct psp_cluster_message message = {.type = PSP_CLUSTER_RAFT};
    message.raft = (struct psp_raft_message){
        .shard = shard,
        .type = REQUEST_VOTE,
        .from_id = from_id,
        .to_id = psp_raft_id_of(PSP_RAFT_ID_START, to),
        .fields = fields,
        .field_count = sizeof fields / sizeof fields[0],
    };
    tell(group, to, PSP_ROLE_SHARD, sender, &message);
    run(group, 2);
}

static void a_replica_hears_the_others_of_its_shard_in_their_own_name(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group), to = (leader + 1) % 3, from = (leader + 2) % 3;
    const uint32_t shard = group->genesis.shard;
    const uint64_t id = psp_raft_id_of(PSP_RAFT_ID_START, from);
    const uint64_t term = group->nodes[to].term;
    ask_vote(group, to, psp_process_id(shard + 1, from), id, shard);
    assert_int_equal(group->nodes[to].term, term);
    ask_vote(group, to, psp_process_id(shard, from), id, shard + 1);
    assert_int_equal(group->nodes[to].term, term);
    ask_vote(group, to, psp_process_id(shard, leader), id, shard);
    assert_int_equal(group->nodes[to].term, term);
    ask_vote(group, to, psp_process_id(shard, from), id, shard);
    assert_int_equal(group->nodes[to].term, TERM);
    destroy_group(group);
}

static void watch(struct group *group, enum psp_role role, uint64_t id, uint64_t base_epoch)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = id};
    message.watch.base_index = psp_count_index(group->nodes[0].count);
    message.watch.base_epoch = base_epoch;
    tell(group, 0, role, 0, &message);
    run(group, 60);
}

static void nobody_but_collectors_and_operators_may_watch(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    watch(group, PSP_ROLE_ROUTER, 1, 1);
    watch(group, PSP_ROLE_STATION, 2, 1);
    assert_null(answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 1));
    assert_null(answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 2));
    watch(group, PSP_ROLE_OPERATOR, 3, 1);
    assert_non_null(answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 3));
    destroy_group(group);
}

/* Whose indexes are those of another log: it gets all. */
static void a_base_of_another_epoch_is_no_base(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const uint64_t index = psp_count_index(group->nodes[0].count);
    assert_true(index > 0);
    watch(group, PSP_ROLE_COLLECTOR, 1, 1);
    const struct answer *answer = answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 1);
    assert_non_null(answer);
    assert_int_equal(answer->message.partial.base_index, index);
    watch(group, PSP_ROLE_COLLECTOR, 2, 7);
    answer = answer_to(&group->nodes[0], PSP_CLUSTER_PARTIAL, 2);
    assert_non_null(answer);
    assert_int_equal(answer->message.partial.base_index, 0);
    destroy_group(group);
}

static void a_batch_that_fits_no_message_is_no_entry(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 1);
    const uint64_t last = group->nodes[0].log_n;
    uint8_t *marks = calloc(1, PSP_CORE_BATCH_BYTES_MAX + 1);
    assert_non_null(marks);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = 9};
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.columns = batch_entry(&batch, false).ballots.columns;
    message.count_batch.columns.marks = marks;
    message.count_batch.columns.marks_bytes = PSP_CORE_BATCH_BYTES_MAX + 1;
    tell(group, 0, PSP_ROLE_ROUTER, 0, &message);
    const struct answer *answer = answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_REFUSAL, 9);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_UNDECODABLE);
    assert_non_null(strstr(answer->text, "too large"));
    run(group, 20);
    assert_int_equal(group->nodes[0].log_n, last);
    free(marks);
    destroy_group(group);
}

/* After a stall, for one: the loop goes on beside what there is to apply. */
static void what_is_committed_is_applied_in_slices(void **state)
{
    (void)state;
    enum { ROWS = 512, BATCHES = 48 };
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    struct batch batch = {0};
    group->held[0] = true;
    for (uint32_t b = 0; b < BATCHES; b++) {
        batch = ballots(1 + b * ROWS, ROWS);
        send_batch(group, 0, 100 + b, &batch);
        run(group, 1);
    }
    const uint64_t before = psp_count_index(node->count), all = before + BATCHES;
    while (node->queue_n > 0)
        sync_one(group, node);
    assert_int_equal(node->log_n, all);
    tick(group, node);
    const uint64_t slice = psp_count_index(node->count) - before;
    assert_in_range(slice, PSP_CORE_APPLY_ROWS / (ROWS + 1), PSP_CORE_APPLY_ROWS / ROWS);
    assert_true(psp_core_deadline(node->core) <= group->now_ms); /* it goes on at once */
    tick(group, node);
    assert_int_equal(psp_count_index(node->count), all);
    destroy_group(group);
}

/* Memory must not grow with a disk that is slow. */
static void applying_waits_for_a_checkpoint_when_much_has_come_since(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    struct node *node = &group->nodes[0];
    struct psp_count_delta *delta = NULL;
    run(group, 1100);
    assert_non_null(node->delta);
    const struct batch batch = ballots(1, 3);
    const uint64_t before = psp_count_index(node->count);
    told_delta_bytes = PSP_CORE_CHECKPOINT_BYTES_MAX;
    send_batch(group, 0, 7, &batch);
    run(group, 100);
    assert_int_equal(node->log_n, before + 1);
    assert_int_equal(psp_count_index(node->count), before);
    finish_checkpoint(group, node, &delta);
    run(group, 5);
    assert_int_equal(psp_count_index(node->count), before + 1);
    told_delta_bytes = 0;
    psp_count_delta_destroy(&delta);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_of_another_election_is_refused),
        cmocka_unit_test(a_replica_hears_the_others_of_its_shard_in_their_own_name),
        cmocka_unit_test(nobody_but_collectors_and_operators_may_watch),
        cmocka_unit_test(a_base_of_another_epoch_is_no_base),
        cmocka_unit_test(a_batch_that_fits_no_message_is_no_entry),
        cmocka_unit_test(what_is_committed_is_applied_in_slices),
        cmocka_unit_test(applying_waits_for_a_checkpoint_when_much_has_come_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
