/* What a router decides: placing, answering by span, bounds, retries, time. */
#include "tests/unit/fixture/router.h"

#include "election/verdict.h"

static const uint32_t shard_0[] = {0}, shard_1[] = {1}, both[] = {0, 1}, one_two[] = {0, 1, 1};

static void a_batch_is_split_over_the_shards_of_its_voters(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(2, 1, 0, 0);
    fixture_submit(f, &station_a, 7, one_two, 3, 6, 0); /* rows 0 3 | 1 2 4 5 */
    fixture_actions(f, 0);
    psp_router_core_flush(f->core, 0);
    const struct psp_router_action *actions = fixture_actions(f, 2);
    assert_int_equal(actions[0].shard, 0);
    assert_int_equal(actions[0].n, 2);
    assert_memory_equal(actions[0].batch->row_numbers, "\0\0\3\0", 4);
    assert_int_equal(actions[1].shard, 1);
    assert_int_equal(actions[1].n, 4);
    assert_memory_equal(actions[1].batch->row_numbers, "\1\0\2\0\4\0\5\0", 8);

    struct psp_cluster_message message;
    psp_router_action_count(f->core, &actions[1], &message);
    assert_int_equal(message.type, PSP_CLUSTER_COUNT_BATCH);
    assert_int_equal(message.count_batch.columns.n, 4);
    assert_int_equal(message.count_batch.columns.marks_bytes, 4);
    assert_memory_equal(message.count_batch.fence.parts[PSP_FENCE_CLUSTER], f->cluster.cluster_id,
                        16);
    assert_memory_equal(message.count_batch.fence.parts[PSP_FENCE_SLOT_MAP],
                        f->cluster.slot_map_hash, 32);
    assert_memory_equal(message.count_batch.fence.parts[PSP_FENCE_DEFINITION], f->definition->hash,
                        32);
    assert_memory_equal(message.count_batch.fence.parts[PSP_FENCE_DIGEST_KEY], f->key.hash, 32);
    uint8_t digest[PSP_DIGEST_BYTES]; /* row 4 of the station is row 2 of the shard */
    psp_digest_voter(&f->key, f->ids + 40, 10, digest);
    assert_memory_equal(message.count_batch.columns.digests + 32, digest, 16);
    assert_int_equal(psp_router_core_inflight(f->core), 6);
    fixture_end(f);
}

static void one_shards_verdicts_go_back_before_the_other_answers(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(2, 1, 0, 0);
    fixture_submit(f, &station_a, 7, one_two, 3, 6, 0);
    psp_router_core_flush(f->core, 0);
    const uint64_t second = fixture_actions(f, 2)[1].batch_id;
    memcpy(f->verdicts, "\1\1\3\1", 4);
    fixture_verdicts(f, 1, 0, second, 4, 99, 3);
    const struct psp_router_action *action = fixture_actions(f, 1);
    struct psp_client_message message;
    psp_router_action_answer(f->core, action, &message);
    assert_memory_equal(&action->peer, &station_a, sizeof station_a);
    assert_int_equal(message.type, PSP_CLIENT_VERDICTS);
    assert_int_equal(message.batch_id, 7);
    assert_int_equal(message.shard, 11);
    assert_int_equal(message.index, 99);
    assert_int_equal(message.n, 4);
    assert_memory_equal(message.row_numbers, "\1\0\2\0\4\0\5\0", 8);
    assert_memory_equal(message.verdicts, "\1\1\3\1", 4);
    assert_int_equal(psp_router_core_inflight(f->core), 2);
    assert_int_equal(fixture_counters(f).judged, 4);
    fixture_end(f);
}

static void ballots_of_two_stations_share_a_batch_and_part_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    fixture_submit(f, &station_b, 7, shard_0, 1, 3, 0);
    fixture_submit(f, &station_a, 8, shard_0, 1, 1, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    memcpy(f->verdicts, "\1\2\3\4\5\6", 6);
    fixture_verdicts(f, 0, 0, id, 6, 5, 1);
    const struct psp_router_action *actions = fixture_actions(f, 3);
    assert_int_equal(actions[0].n, 2);
    assert_memory_equal(&actions[1].peer, &station_b, sizeof station_b);
    assert_int_equal(actions[1].batch_id, 7);
    assert_int_equal(actions[1].n, 3);
    assert_memory_equal(actions[1].row_numbers, "\0\0\1\0\2\0", 6);
    assert_memory_equal(actions[1].verdicts, "\3\4\5", 3);
    assert_memory_equal(&actions[2].peer, &station_a, sizeof station_a);
    assert_int_equal(actions[2].batch_id, 8);
    assert_memory_equal(actions[2].row_numbers, "\0\0", 2);
    assert_memory_equal(actions[2].verdicts, "\6", 1);
    fixture_end(f);
}

static void a_full_batch_leaves_without_a_flush(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, 8191, 0);
    fixture_actions(f, 0);
    fixture_submit(f, &station_a, 2, shard_0, 1, 3, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_COUNT);
    assert_int_equal(action->n, 8192);
    psp_router_core_flush(f->core, 0);
    assert_int_equal(fixture_actions(f, 1)->n, 2);
    /* The rest of the second message begins a span of its own. */
    const struct psp_router_batch *batch = fixture_actions(f, 1)->batch;
    assert_int_equal(batch->span_count, 1);
    assert_int_equal(batch->spans[0].client_batch_id, 2);
    assert_memory_equal(batch->row_numbers, "\1\0\2\0", 4);
    fixture_end(f);
}

/* Nothing is left over that would make it leave: it is full, and that is enough. */
static void a_batch_that_is_just_full_leaves_without_a_flush(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 1, shard_0, 1, 8190, 0);
    fixture_actions(f, 0);
    fixture_submit(f, &station_a, 2, shard_0, 1, 2, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_COUNT);
    assert_int_equal(action->n, 8192);
    psp_router_core_flush(f->core, 0);
    fixture_actions(f, 0);
    fixture_end(f);
}

/* 512 ballots of 8 KiB of marks are 4 MiB: one more would not fit the message to the shard. */
static void a_batch_of_many_marks_leaves_before_it_is_too_large(void **state)
{
    (void)state;
    enum { FIT = PSP_ROUTER_BATCH_MARKS_MAX / PSP_MARKS_BYTES_MAX, N = FIT + 1 };
    struct fixture *f = fixture_make(1, 1, 0, 0);
    uint8_t *marks = calloc(N, PSP_MARKS_BYTES_MAX);
    assert_non_null(marks);
    struct psp_client_message message = fixture_message(f, 1, shard_0, 1, N);
    for (uint32_t i = 0; i < N; i++)
        f->marks_lengths[i] = PSP_MARKS_BYTES_MAX;
    message.columns.marks = marks;
    message.columns.marks_bytes = (size_t)N * PSP_MARKS_BYTES_MAX;
    fixture_send(f, &station_a, &message, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_COUNT);
    assert_int_equal(action->n, FIT);
    psp_router_core_flush(f->core, 0);
    assert_int_equal(fixture_actions(f, 1)->n, 1);
    free(marks);
    fixture_end(f);
}

/* The first block has room for 64 rows; what was in it moves with every column. */
static void a_batch_that_grows_keeps_what_it_has(void **state)
{
    (void)state;
    enum { EACH = 60, N = 2 * EACH };
    struct fixture *f = fixture_make(1, 1, 0, 0);
    uint8_t voters[N * PSP_DIGEST_BYTES];
    for (uint32_t part = 0; part < 2; part++) {
        struct psp_client_message message = fixture_message(f, 1 + part, shard_0, 1, EACH);
        for (uint32_t i = 0; i < EACH; i++) {
            f->methods[i] = i % 2;
            psp_put32(f->units + (size_t)i * 4, Q2);
            psp_put32(f->styles + (size_t)i * 4, i % 3 == 0 ? HALF : ALL);
            psp_digest_voter(&f->key, f->ids + (size_t)i * 10, 10,
                             voters + (size_t)(part * EACH + i) * PSP_DIGEST_BYTES);
        }
        message.columns.styles = f->styles;
        fixture_send(f, &station_a, &message, 0);
    }
    psp_router_core_flush(f->core, 0);
    const struct psp_router_batch *batch = fixture_actions(f, 1)->batch;
    struct psp_runs_cursor styles =
        psp_runs_begin((struct psp_bytes){batch->styles.bytes, batch->styles.length}, 1);
    struct psp_runs_cursor numbers =
        psp_runs_begin((struct psp_bytes){batch->stations.bytes, batch->stations.length}, 0);
    assert_int_equal(batch->n, N);
    assert_memory_equal(batch->digests, voters, sizeof voters);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(batch->methods[i], i % EACH % 2);
        assert_int_equal(psp_get32(batch->units + (size_t)i * 4), Q2);
        assert_int_equal(batch->row_numbers[2 * (size_t)i], i % EACH);
        assert_int_equal(psp_runs_next(&styles), i % EACH % 3 == 0 ? 1 : 2); /* of the unit's */
        assert_int_equal(psp_runs_next(&numbers), fixture_number(&station_a));
    }
    fixture_end(f);
}

/* Rows of the message that were refused as BUSY at once. */
static uint32_t busy_of(struct fixture *f, const struct psp_peer *peer, const uint32_t *shards,
                        uint32_t n)
{
    fixture_submit(f, peer, 1, shards, 1, n, 0);
    size_t count = 0;
    const struct psp_router_action *actions = psp_router_core_actions(f->core, &count);
    if (count == 0)
        return 0;
    assert_int_equal(count, 1);
    assert_int_equal(actions->type, PSP_ROUTER_REFUSE);
    assert_int_equal(actions->code, PSP_REFUSAL_BUSY);
    return actions->n;
}

static void a_shard_over_its_share_is_busy_at_once_and_the_others_are_not(void **state)
{
    (void)state;
    /* 40 rows: shares of 10 each, 20 for whoever comes first. */
    struct fixture *f = fixture_make(2, 1, 40, 0);
    uint32_t taken = 0;
    for (int i = 0; i < 5; i++)
        taken += 35 - busy_of(f, &stations[i], shard_0, 35);
    assert_int_equal(taken, 30);
    assert_int_equal(busy_of(f, &station_b, shard_0, 1), 1);
    assert_int_equal(busy_of(f, &stations[0], shard_1, 5), 0);
    assert_int_equal(busy_of(f, &stations[1], shard_1, 3), 0);
    assert_int_equal(busy_of(f, &station_b, shard_1, 1), 0);

    /* The answer of shard 0 gives its share and the common rest back. */
    psp_router_core_flush(f->core, 0);
    fixture_verdicts(f, 0, 0, fixture_actions(f, 2)[0].batch_id, 30, 5, 1);
    assert_int_equal(psp_router_core_inflight(f->core), 9);
    assert_int_equal(busy_of(f, &station_b, shard_0, 15), 0);
    assert_int_equal(fixture_counters(f).busy, 5 * 35 - 30 + 1);
    assert_int_equal(fixture_counters(f).decoded, 5 * 35 + 1 + 9 + 15);
    assert_int_equal(fixture_counters(f).forwarded, 30 + 9 + 15);
    fixture_end(f);
}

static void a_station_takes_half_of_the_room_and_each_next_one_half_of_the_rest(void **state)
{
    (void)state;
    /* 30 rows to each shard at the most. */
    struct fixture *f = fixture_make(2, 1, 40, 0);
    fixture_submit(f, &stations[0], 7, shard_0, 1, 20, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->batch_id, 7);
    assert_int_equal(action->n, 5);
    assert_memory_equal(action->row_numbers, "\17\0\20\0\21\0\22\0\23\0", 10); /* 15 to 19 */
    assert_int_equal(busy_of(f, &stations[0], shard_0, 1), 1);
    assert_int_equal(busy_of(f, &stations[1], shard_0, 20), 20 - 8);
    assert_int_equal(busy_of(f, &stations[2], shard_0, 20), 20 - 4);
    assert_int_equal(busy_of(f, &stations[3], shard_0, 20), 20 - 2);
    assert_int_equal(busy_of(f, &stations[4], shard_0, 20), 20 - 1);
    /* What a station holds on its way to one shard does not count at another. */
    assert_int_equal(busy_of(f, &stations[0], shard_1, 5), 0);
    fixture_end(f);
}

static void another_connection_of_a_station_finds_no_more_room(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 40, 0);
    const struct psp_peer other = {{0, 0, 8}, 3, 0}; /* the same station number */
    assert_int_equal(busy_of(f, &stations[0], shard_0, 21), 1);
    assert_int_equal(busy_of(f, &other, shard_0, 1), 1);
    assert_int_equal(busy_of(f, &stations[1], shard_0, 10), 0);
    fixture_end(f);
}

static void a_silent_shard_is_answered_unknown_and_does_not_hold_up_another(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(2, 1, 0, 0);
    fixture_submit(f, &station_a, 7, both, 2, 4, 100);
    psp_router_core_flush(f->core, 100);
    const uint64_t silent = fixture_actions(f, 2)[0].batch_id;
    const uint64_t other = fixture_actions(f, 2)[1].batch_id;
    fixture_verdicts(f, 1, 0, other, 2, 5, 101);
    fixture_actions(f, 1);
    psp_router_core_tick(f->core, 2099);
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 2100);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_UNKNOWN);
    assert_int_equal(action->batch_id, 7);
    assert_int_equal(action->n, 2);
    assert_memory_equal(action->row_numbers, "\0\0\2\0", 4);
    assert_int_equal(psp_router_core_inflight(f->core), 0);

    fixture_verdicts(f, 0, 0, silent, 2, 6, 2200); /* too late: nobody waits for it */
    fixture_actions(f, 0);
    assert_int_equal(fixture_counters(f).late, 1);
    assert_int_equal(fixture_counters(f).unknown, 2);
    fixture_end(f);
}

static void not_leader_sends_the_same_columns_to_the_hinted_leader(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 3, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    assert_int_equal(fixture_actions(f, 1)->replica, 0);
    fixture_refusal(f, 0, 0, id, PSP_COUNT_NOT_LEADER, 2, 5);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_COUNT);
    assert_int_equal(action->replica, 2);
    assert_int_equal(action->batch_id, id);
    assert_int_equal(action->n, 2);
    fixture_refusal(f, 0, 0, id, PSP_COUNT_NOT_LEADER, 1, 6); /* a repeat: not who was asked */
    fixture_actions(f, 0);
    fixture_verdicts(f, 0, 2, id, 2, 9, 7);
    assert_int_equal(fixture_actions(f, 1)->type, PSP_ROUTER_VERDICTS);
    fixture_submit(f, &station_a, 8, shard_0, 1, 1, 8);
    fixture_flush_one(f, 8);
    assert_int_equal(fixture_actions(f, 1)->replica, 2); /* remembered */
    fixture_end(f);
}

static void without_a_leader_it_asks_around_pauses_and_at_last_says_busy(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 3, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    for (uint32_t replica = 0; replica < 2; replica++) {
        fixture_refusal(f, 0, replica, id, PSP_COUNT_NOT_LEADER, PSP_NONE, 1);
        assert_int_equal(fixture_actions(f, 1)->replica, replica + 1);
    }
    fixture_refusal(f, 0, 2, id, PSP_COUNT_NOT_LEADER, PSP_NONE, 1);
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 50);
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 51);
    assert_int_equal(fixture_actions(f, 1)->replica, 0);
    for (uint32_t replica = 0; replica < 3; replica++)
        fixture_refusal(f, 0, replica, id, PSP_COUNT_NOT_LEADER, PSP_NONE, 1990);
    psp_router_core_tick(f->core, 2000);
    assert_int_equal(fixture_actions(f, 1)->type, PSP_ROUTER_REFUSE);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_BUSY); /* nobody ever took it */
    fixture_end(f);
}

static void a_lone_replica_that_does_not_lead_yet_is_asked_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    fixture_refusal(f, 0, 0, id, PSP_COUNT_NOT_LEADER, 0, 1);
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 51);
    assert_int_equal(fixture_actions(f, 1)->batch_id, id);
    assert_int_equal(fixture_counters(f).batches_resent, 1);
    fixture_end(f);
}

static void a_replica_that_is_gone_is_passed_over_at_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 3, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    psp_router_core_unsent(f->core, 0, 0, id, true, 0);
    assert_int_equal(fixture_actions(f, 1)->replica, 1);
    psp_router_core_unsent(f->core, 0, 1, id, false, 0); /* a full queue: the same one, later */
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 50);
    assert_int_equal(fixture_actions(f, 1)->replica, 1);
    fixture_end(f);
}

static void a_shards_refusals_become_the_stations(void **state)
{
    (void)state;
    static const struct {
        enum psp_count_refusal from;
        enum psp_refusal_code to;
    } cases[] = {{PSP_COUNT_BUSY, PSP_REFUSAL_BUSY},
                 {PSP_COUNT_LOST, PSP_REFUSAL_UNKNOWN},
                 {PSP_COUNT_FENCE, PSP_REFUSAL_CONFIGURATION},
                 {PSP_COUNT_UNDECODABLE, PSP_REFUSAL_CONFIGURATION}};
    struct fixture *f = fixture_make(1, 1, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_submit(f, &station_a, i, shard_0, 1, 3, 0);
        fixture_refusal(f, 0, 0, fixture_flush_one(f, 0), cases[i].from, PSP_NONE, 1);
        const struct psp_router_action *action = fixture_actions(f, 1);
        assert_int_equal(action->type, PSP_ROUTER_REFUSE);
        assert_int_equal(action->code, cases[i].to);
        assert_int_equal(action->batch_id, i);
        assert_int_equal(action->n, 3);
    }
    assert_int_equal(psp_router_core_inflight(f->core), 0);
    assert_int_equal(fixture_counters(f).configuration, 6);
    fixture_end(f);
}

static void a_station_is_told_in_the_shards_words(void **state)
{
    (void)state;
    static const struct {
        enum psp_count_refusal code;
        const char *text, *told;
    } cases[] = {
        {PSP_COUNT_BUSY, "the leadership is moving", "the leadership is moving"},
        {PSP_COUNT_FENCE, "the router has another voter roll", "the router has another voter roll"},
        {PSP_COUNT_UNDECODABLE, "the batch is too large for a log entry",
         "the batch is too large for a log entry"},
        {PSP_COUNT_BUSY, "", "the shard has too much to do; send again later"},
    };
    struct fixture *f = fixture_make(1, 1, 0, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_submit(f, &station_a, i, shard_0, 1, 3, 0);
        struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_REFUSAL,
                                              .id = fixture_flush_one(f, 0)};
        message.count_refusal.code = cases[i].code;
        message.count_refusal.leader = PSP_NONE;
        message.count_refusal.text = cases[i].text;
        psp_router_core_shard(f->core, 0, 0, &message, 1);
        assert_string_equal(fixture_actions(f, 1)->text, cases[i].told);
    }
    fixture_end(f);
}

static void behind_a_full_window_rows_wait_in_the_open_batch(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    uint64_t first = 0;
    for (int i = 0; i < PSP_ROUTER_WINDOW_BATCHES; i++) {
        fixture_submit(f, &station_a, 1, shard_0, 1, 1, 0);
        const uint64_t id = fixture_flush_one(f, 0);
        first = i == 0 ? id : first;
    }
    fixture_submit(f, &station_a, 2, shard_0, 1, 5, 1);
    fixture_submit(f, &station_a, 3, shard_0, 1, 5, 1);
    psp_router_core_flush(f->core, 1);
    fixture_actions(f, 0);
    fixture_verdicts(f, 0, 0, first, 1, 4, 2);
    psp_router_core_flush(f->core, 2);
    assert_int_equal(fixture_actions(f, 1)->n, 10);

    /* What never left is BUSY in the end, what left is UNKNOWN. */
    fixture_submit(f, &station_a, 4, shard_0, 1, 2, 3);
    psp_router_core_flush(f->core, 3);
    fixture_actions(f, 0);
    psp_router_core_tick(f->core, 2003);
    fixture_actions(f, PSP_ROUTER_WINDOW_BATCHES - 1 + 2 + 1);
    assert_int_equal(fixture_counters(f).busy, 2);
    assert_int_equal(fixture_counters(f).unknown, PSP_ROUTER_WINDOW_BATCHES - 1 + 10);
    fixture_end(f);
}

static void an_answer_of_the_wrong_shard_or_size_is_not_taken(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(2, 1, 0, 0);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2, 0);
    const uint64_t id = fixture_flush_one(f, 0);
    fixture_verdicts(f, 1, 0, id, 2, 5, 1);
    fixture_actions(f, 0);
    fixture_verdicts(f, 0, 0, id, 1, 5, 1);
    fixture_actions(f, 0);
    fixture_verdicts(f, 0, 0, id + PSP_ROUTER_INFLIGHT_BATCHES_MAX, 2, 5, 1);
    fixture_actions(f, 0);
    assert_int_equal(fixture_counters(f).late, 3);
    fixture_verdicts(f, 0, 0, id, 2, 5, 1);
    fixture_actions(f, 1);
    fixture_verdicts(f, 0, 0, id, 2, 5, 1); /* a duplicate */
    fixture_actions(f, 0);
    fixture_end(f);
}

static void out_of_memory_for_batches_is_busy(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 20000);
    fixture_submit(f, &station_a, 7, shard_0, 1, 2000, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_BUSY);
    assert_int_equal(fixture_counters(f).forwarded + action->n, 2000);
    assert_true(fixture_counters(f).forwarded >= 64);
    assert_int_equal(psp_router_core_inflight(f->core), fixture_counters(f).forwarded);
    fixture_end(f);
}

static void another_election_is_refused_whole(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_client_message message = {.type = PSP_CLIENT_COLUMNS, .batch_id = 3};
    message.definition_hash[0] = (uint8_t)(f->definition->hash[0] ^ 1);
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &message,
                           0, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->code, PSP_REFUSAL_WRONG_ELECTION);
    assert_int_equal(action->batch_id, 3);
    assert_int_equal(action->n, 0);
    assert_int_equal(fixture_counters(f).decoded, 0);
    fixture_end(f);
}

/* Two definitions may differ in one bit of their hashes only, anywhere. */
static void every_byte_of_the_definition_is_compared(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_client_message message = fixture_message(f, 7, shard_0, 1, 1);
    for (uint32_t i = 0; i < PSP_HASH_BYTES; i++) {
        message.definition_hash[i] ^= 1;
        fixture_send(f, &station_a, &message, 0);
        assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_WRONG_ELECTION);
        message.definition_hash[i] ^= 1;
    }
    fixture_send(f, &station_a, &message, 0);
    fixture_actions(f, 0);
    fixture_end(f);
}

static void a_message_has_so_many_ballots_and_not_one_more(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_client_message message = fixture_message(f, 7, shard_0, 1, PSP_BATCH_ROWS_MAX);
    message.columns.n = PSP_BATCH_ROWS_MAX + 1;
    fixture_send(f, &station_a, &message, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNDECODABLE);
    message.columns.n = PSP_BATCH_ROWS_MAX;
    fixture_send(f, &station_a, &message, 0);
    assert_int_equal(fixture_actions(f, 1)->type, PSP_ROUTER_COUNT);
    fixture_end(f);
}

/* One that hangs must not be asked for ever, while another one leads. */
static void after_silence_the_next_replica_is_asked(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 3, 0, 0);
    for (uint32_t i = 0; i < 4; i++) {
        const uint64_t at_ms = 3000 * (uint64_t)i;
        fixture_submit(f, &station_a, 7 + i, shard_0, 1, 2, at_ms);
        psp_router_core_flush(f->core, at_ms);
        assert_int_equal(fixture_actions(f, 1)->replica, i % 3);
        psp_router_core_tick(f->core, at_ms + PSP_ROUTER_INFLIGHT_TIMEOUT_MS);
        assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNKNOWN);
    }
    fixture_end(f);
}

/* One ballot of the station, and what lane it went in. */
static enum psp_router_lane lane_of(struct fixture *f, const struct psp_peer *peer, uint8_t verdict)
{
    fixture_submit(f, peer, 7, shard_0, 1, 1, 0);
    psp_router_core_flush(f->core, 0);
    const struct psp_router_action *action = fixture_actions(f, 1);
    const enum psp_router_lane lane = action->batch->lane;
    f->verdicts[0] = verdict;
    fixture_verdicts(f, 0, 0, action->batch_id, 1, 5, 0);
    fixture_actions(f, 1);
    return lane;
}

static void who_sends_replays_is_kept_apart_for_a_while(void **state)
{
    (void)state;
    const uint8_t replayed = PSP_COUNTED << 4 | PSP_REPLAYED;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    assert_int_equal(lane_of(f, &station_a, replayed), PSP_ROUTER_MODEST);
    assert_int_equal(lane_of(f, &station_b, PSP_COUNTED), PSP_ROUTER_MODEST);
    for (uint32_t i = 0; i < PSP_ROUTER_WATCHED_ANSWERS; i++)
        assert_int_equal(lane_of(f, &station_a, PSP_COUNTED), PSP_ROUTER_REPLAYS);
    assert_int_equal(lane_of(f, &station_a, PSP_COUNTED), PSP_ROUTER_MODEST);
    fixture_end(f);
}

static void what_is_not_a_request_is_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    struct psp_client_message message = {.type = PSP_CLIENT_VERDICTS, .batch_id = 3};
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &message,
                           0, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNDECODABLE);
    message.type = PSP_CLIENT_ROWS; /* no ballot in it */
    memcpy(message.definition_hash, f->definition->hash, PSP_HASH_BYTES);
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &message,
                           0, 0);
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNDECODABLE);

    psp_router_core_undecodable(f->core, &station_a, PSP_EINVAL, 12, "a reason");
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNDECODABLE);
    assert_int_equal(fixture_actions(f, 1)->batch_id, 12);
    assert_string_equal(fixture_actions(f, 1)->text, "a reason");
    psp_router_core_undecodable(f->core, &station_a, PSP_EVERSION, 0, "unknown protocol");
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_UNSUPPORTED_PROTOCOL);
    psp_router_core_undecodable(f->core, &station_a, PSP_EPERM, 0, "operators do not vote");
    assert_int_equal(fixture_actions(f, 1)->code, PSP_REFUSAL_NOT_ALLOWED);
    assert_int_equal(fixture_counters(f).undecodable, 4);
    assert_int_equal(fixture_counters(f).not_allowed, 1);
    fixture_end(f);
}

static void hello_is_welcomed_with_the_limits(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    const struct psp_client_message hello = {.type = PSP_CLIENT_HELLO};
    psp_router_core_client(f->core, &station_a, &(struct psp_router_station){.number = 1}, &hello,
                           0, 0);
    struct psp_client_message message;
    psp_router_action_answer(f->core, fixture_actions(f, 1), &message);
    assert_int_equal(message.type, PSP_CLIENT_WELCOME);
    assert_string_equal(message.welcome.election_id, "town");
    assert_int_equal(message.welcome.batch_rows_max, 8192);
    assert_int_equal(message.welcome.message_bytes_max, (4 << 20) + (64 << 10));
    assert_memory_equal(message.welcome.cluster_id, f->cluster.cluster_id, 16);
    assert_memory_equal(message.definition_hash, f->definition->hash, 32);
    fixture_end(f);
}

static void rows_not_judged_are_busy_and_the_others_have_their_verdicts(void **state)
{
    (void)state;
    struct fixture *f = fixture_make(1, 1, 0, 0);
    const uint32_t shard = 0;
    fixture_submit(f, &station_a, 1, &shard, 1, 2, 1);
    fixture_submit(f, &station_b, 2, &shard, 1, 4, 1);
    const uint64_t id = fixture_flush_one(f, 1);
    memcpy(f->verdicts, "\0\0\1\0\3\0", 6);
    fixture_verdicts(f, 0, 0, id, 6, 5, 2);
    const struct psp_router_action *actions = fixture_actions(f, 3);
    assert_int_equal(actions[0].type, PSP_ROUTER_REFUSE); /* all of station a's */
    assert_int_equal(actions[0].code, PSP_REFUSAL_BUSY);
    assert_int_equal(actions[0].batch_id, 1);
    assert_int_equal(actions[0].n, 2);
    assert_int_equal(actions[1].type, PSP_ROUTER_VERDICTS);
    assert_int_equal(actions[1].n, 2);
    assert_memory_equal(actions[1].verdicts, "\1\3", 2);
    assert_memory_equal(actions[1].row_numbers, "\0\0\2\0", 4);
    assert_int_equal(actions[2].type, PSP_ROUTER_REFUSE);
    assert_int_equal(actions[2].batch_id, 2);
    assert_int_equal(actions[2].n, 2);
    const uint8_t *rows = actions[2].row_numbers;
    assert_int_equal(rows[0] + rows[2], 1 + 3);
    assert_int_equal(fixture_counters(f).judged, 2);
    assert_int_equal(fixture_counters(f).busy, 4);
    fixture_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_split_over_the_shards_of_its_voters),
        cmocka_unit_test(one_shards_verdicts_go_back_before_the_other_answers),
        cmocka_unit_test(rows_not_judged_are_busy_and_the_others_have_their_verdicts),
        cmocka_unit_test(ballots_of_two_stations_share_a_batch_and_part_again),
        cmocka_unit_test(a_full_batch_leaves_without_a_flush),
        cmocka_unit_test(a_batch_that_is_just_full_leaves_without_a_flush),
        cmocka_unit_test(a_batch_of_many_marks_leaves_before_it_is_too_large),
        cmocka_unit_test(a_batch_that_grows_keeps_what_it_has),
        cmocka_unit_test(a_shard_over_its_share_is_busy_at_once_and_the_others_are_not),
        cmocka_unit_test(a_station_takes_half_of_the_room_and_each_next_one_half_of_the_rest),
        cmocka_unit_test(another_connection_of_a_station_finds_no_more_room),
        cmocka_unit_test(a_silent_shard_is_answered_unknown_and_does_not_hold_up_another),
        cmocka_unit_test(not_leader_sends_the_same_columns_to_the_hinted_leader),
        cmocka_unit_test(without_a_leader_it_asks_around_pauses_and_at_last_says_busy),
        cmocka_unit_test(a_lone_replica_that_does_not_lead_yet_is_asked_again),
        cmocka_unit_test(a_replica_that_is_gone_is_passed_over_at_once),
        cmocka_unit_test(a_shards_refusals_become_the_stations),
        cmocka_unit_test(a_station_is_told_in_the_shards_words),
        cmocka_unit_test(behind_a_full_window_rows_wait_in_the_open_batch),
        cmocka_unit_test(an_answer_of_the_wrong_shard_or_size_is_not_taken),
        cmocka_unit_test(out_of_memory_for_batches_is_busy),
        cmocka_unit_test(another_election_is_refused_whole),
        cmocka_unit_test(every_byte_of_the_definition_is_compared),
        cmocka_unit_test(a_message_has_so_many_ballots_and_not_one_more),
        cmocka_unit_test(after_silence_the_next_replica_is_asked),
        cmocka_unit_test(who_sends_replays_is_kept_apart_for_a_while),
        cmocka_unit_test(what_is_not_a_request_is_refused),
        cmocka_unit_test(hello_is_welcomed_with_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
