/* Ballots that need no row in the log: known ones, and late ones without room. */
#include "election/probes.h"
#include "tests/unit/fixture/shard.h"

static void send_of(struct group *group, uint32_t i, uint64_t batch_id, const struct batch *batch,
                    uint32_t station, bool only_known)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = batch_id};
    uint8_t runs[PSP_RUN_BYTES_MAX];
    struct psp_runs_writer stations = {.bytes = runs};
    psp_runs_add(&stations, station, batch->n);
    message.count_batch.fence = group->genesis.fence;
    message.count_batch.columns = batch_entry(batch, false).ballots.columns;
    message.count_batch.columns.stations = psp_runs_end(&stations);
    message.count_batch.only_known = only_known;
    tell(group, i, PSP_ROLE_ROUTER, 0, &message);
}

static const uint8_t *verdicts_of(const struct group *group, uint32_t i, uint64_t batch_id)
{
    const struct answer *answer = answer_to(&group->nodes[i], PSP_CLUSTER_COUNT_VERDICTS, batch_id);
    return answer != NULL ? answer->verdicts : NULL;
}

static uint64_t index_of(const struct group *group, uint32_t i, uint64_t batch_id)
{
    return answer_to(&group->nodes[i], PSP_CLUSTER_COUNT_VERDICTS, batch_id)
        ->message.count_verdicts.index;
}

/* A group in which station 1 has cast `batch` and sent it again once: it is watched. */
static struct group *watched_group(uint32_t n, const struct batch *batch)
{
    struct group *group = open_group(n);
    const uint32_t leader = serving(group);
    send_batch(group, leader, 100, batch);
    run(group, 30);
    send_batch(group, leader, 101, batch); /* in the log: nobody looked */
    run(group, 30);
    assert_int_equal(verdicts_of(group, leader, 101)[0], AGAIN(PSP_COUNTED));
    return group;
}

static const struct psp_books *books(const struct group *group, uint32_t i)
{
    return psp_count_books(group->nodes[i].count);
}

static void replays_of_a_station_that_resends_take_no_row(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 5);
    struct group *group = watched_group(1, &batch);
    const uint64_t last = psp_core_last(group->nodes[0].core);
    for (uint64_t id = 200; id < 210; id++)
        send_batch(group, 0, id, &batch);
    run(group, PSP_CORE_PARKED_MS - 2);
    assert_null(verdicts_of(group, 0, 200)); /* not before an entry counts them */
    assert_int_equal(psp_core_last(group->nodes[0].core), last);
    run(group, 10);
    assert_int_equal(psp_core_last(group->nodes[0].core), last + 1); /* one for all ten */
    for (uint64_t id = 200; id < 210; id++) {
        assert_int_equal(verdicts_of(group, 0, id)[4], AGAIN(PSP_COUNTED));
        assert_int_equal(index_of(group, 0, id), last + 1);
    }
    assert_int_equal(books(group, 0)->received, 5 + 5 + 50);
    assert_int_equal(books(group, 0)->disposed[PSP_REPLAYED], 55);
    assert_true(psp_books_balanced(books(group, 0)));
    destroy_group(group);
}

static void replays_go_with_the_next_entry_of_others(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 5), other = ballots(50, 2);
    struct group *group = watched_group(1, &batch);
    const uint64_t last = psp_core_last(group->nodes[0].core);
    send_batch(group, 0, 200, &batch);
    send_of(group, 0, 201, &other, 2, false);
    run(group, 5); /* less than they would wait */
    assert_int_equal(index_of(group, 0, 200), last + 1);
    assert_int_equal(index_of(group, 0, 201), last + 1);
    assert_int_equal(verdicts_of(group, 0, 201)[1], PSP_COUNTED);
    assert_int_equal(books(group, 0)->received, 5 + 5 + 5 + 2);
    destroy_group(group);
}

static void of_a_mixed_batch_only_new_rows_are_logged(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 3);
    struct group *group = watched_group(1, &batch);
    struct batch mixed = {0};
    add(&mixed, 2, 1002, P1, BOOTH, ANN);  /* known */
    add(&mixed, 70, 1070, P1, BOOTH, BOB); /* new */
    add(&mixed, 3, 1003, P1, BOOTH, ANN);  /* known */
    add(&mixed, 1, 1999, P1, BOOTH, ANN);  /* another ballot of a counted voter */
    send_batch(group, 0, 200, &mixed);
    run(group, 10);
    const uint8_t *verdicts = verdicts_of(group, 0, 200);
    assert_int_equal(verdicts[0], AGAIN(PSP_COUNTED));
    assert_int_equal(verdicts[1], PSP_COUNTED);
    assert_int_equal(verdicts[2], AGAIN(PSP_COUNTED));
    assert_int_equal(verdicts[3], PSP_DOUBLE_VOTE);
    assert_int_equal(books(group, 0)->received, 3 + 3 + 4);
    assert_int_equal(books(group, 0)->disposed[PSP_REPLAYED], 3 + 2);
    assert_true(psp_books_balanced(books(group, 0)));
    destroy_group(group);
}

static void every_replica_counts_replays_without_a_row(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 5);
    struct group *group = watched_group(3, &batch);
    send_batch(group, serving(group), 200, &batch);
    run(group, 500);
    uint8_t hashes[3][PSP_HASH_BYTES];
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(books(group, i)->received, 15);
        psp_count_state_hash(group->nodes[i].count, hashes[i]);
        assert_memory_equal(hashes[i], hashes[0], PSP_HASH_BYTES);
    }
    destroy_group(group);
}

static void whoever_loses_the_leadership_answers_replays_as_lost(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 5);
    struct group *group = watched_group(3, &batch);
    const uint32_t leader = serving(group);
    for (uint32_t i = 0; i < 3; i++)
        if (i != leader)
            group->cut[i][leader] = group->cut[leader][i] = true;
    send_batch(group, leader, 200, &batch);
    run(group, 1500);
    const struct answer *answer = answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_REFUSAL, 200);
    assert_non_null(answer);
    assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_LOST);
    assert_null(verdicts_of(group, leader, 200));
    const uint32_t next = serving(group);
    assert_int_equal(books(group, next)->received, 10); /* what was not answered is not in them */
    destroy_group(group);
}

static void over_64_batches_of_replays_are_busy(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 2), other = ballots(50, 1);
    struct group *group = watched_group(1, &batch);
    for (uint32_t i = 0; i < PSP_CORE_PARKED_MAX + 2; i++)
        send_batch(group, 0, 200 + i, &batch);
    const struct node *node = &group->nodes[0];
    for (uint32_t i = 0; i < 2; i++) {
        const struct answer *answer =
            answer_to(node, PSP_CLUSTER_COUNT_REFUSAL, 200 + PSP_CORE_PARKED_MAX + i);
        assert_non_null(answer);
        assert_int_equal(answer->message.count_refusal.code, PSP_COUNT_BUSY);
    }
    send_of(group, 0, 500, &other, 2, false); /* others have their room */
    run(group, 10);
    assert_int_equal(verdicts_of(group, 0, 500)[0], PSP_COUNTED);
    assert_int_equal(books(group, 0)->received, 2 + 2 + 2 * PSP_CORE_PARKED_MAX + 1);
    destroy_group(group);
}

static void a_station_is_trusted_again_after_a_while(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 1);
    struct group *group = watched_group(1, &batch);
    for (uint32_t i = 0; i < 64; i++) { /* as many batches as it is watched for */
        const struct batch honest = ballots(1000 + i, 1);
        send_batch(group, 0, 300 + i, &honest);
        run(group, 3);
    }
    const uint64_t last = psp_core_last(group->nodes[0].core);
    send_batch(group, 0, 200, &batch);
    run(group, 3);
    assert_int_equal(psp_core_last(group->nodes[0].core), last + 1); /* logged: nobody looked */
    assert_int_equal(verdicts_of(group, 0, 200)[0], AGAIN(PSP_COUNTED));
    destroy_group(group);
}

static void a_move_of_the_leadership_waits_for_no_entry_of_others(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 5);
    struct group *group = watched_group(3, &batch);
    const uint32_t leader = serving(group), to = (leader + 1) % 3;
    send_batch(group, leader, 200, &batch);
    struct psp_cluster_message move = {.type = PSP_CLUSTER_OPERATE, .id = 9};
    move.operate.operation = PSP_OPERATE_MOVE_LEADER;
    move.operate.replica = to;
    tell(group, leader, PSP_ROLE_OPERATOR, 0, &move);
    run(group, 500);
    assert_int_equal(verdicts_of(group, leader, 200)[0], AGAIN(PSP_COUNTED));
    assert_int_equal(serving(group), to);
    destroy_group(group);
}

/* ---- only what is known ---- */

static void asked_for_known_ones_a_new_ballot_is_not_judged(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 2);
    send_batch(group, 0, 100, &batch);
    run(group, 10);
    struct batch both = ballots(2, 2); /* the first of them is known */
    send_of(group, 0, 200, &both, 7, true);
    run(group, 40);
    assert_int_equal(verdicts_of(group, 0, 200)[0], AGAIN(PSP_COUNTED));
    assert_int_equal(verdicts_of(group, 0, 200)[1], PSP_NOT_KNOWN);
    const struct batch new = ballots(30, 2);
    send_of(group, 0, 201, &new, 7, true);
    run(group, 5);
    assert_int_equal(verdicts_of(group, 0, 201)[0], PSP_NOT_KNOWN);
    assert_int_equal(books(group, 0)->received, 3); /* two and a replay: nothing was learned */
    assert_int_equal(books(group, 0)->disposed[PSP_COUNTED], 2);
    destroy_group(group);
}

static void a_first_copy_on_its_way_is_waited_for(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch batch = ballots(1, 2);
    group->held[0] = true;
    send_batch(group, 0, 100, &batch);
    send_of(group, 0, 200, &batch, 7, true);
    run(group, 100);
    assert_null(verdicts_of(group, 0, 200));
    group->held[0] = false;
    run(group, 40);
    assert_int_equal(verdicts_of(group, 0, 100)[1], PSP_COUNTED);
    assert_int_equal(verdicts_of(group, 0, 200)[1], AGAIN(PSP_COUNTED));
    destroy_group(group);
}

/* Another one may lead by now, and have counted it. */
static void a_leader_that_is_cut_off_calls_nothing_unknown(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    const struct batch batch = ballots(1, 2);
    send_of(group, leader, 199, &batch, 7, true);
    run(group, 60);
    assert_int_equal(verdicts_of(group, leader, 199)[0], PSP_NOT_KNOWN);
    for (uint32_t i = 0; i < 3; i++)
        if (i != leader)
            group->cut[i][leader] = group->cut[leader][i] = true;
    send_of(group, leader, 200, &batch, 7, true);
    run(group, 1500);
    assert_null(verdicts_of(group, leader, 200));
    assert_int_equal(answer_to(&group->nodes[leader], PSP_CLUSTER_COUNT_REFUSAL, 200)
                         ->message.count_refusal.code,
                     PSP_COUNT_LOST);
    const uint32_t next = serving(group);
    assert_int_equal(books(group, next)->received, 0);
    destroy_group(group);
}

static void a_fence_against_a_batch_is_none_against_replays_that_its_entry_carries(void **state)
{
    (void)state;
    const struct batch batch = ballots(1, 2);
    struct group *group = watched_group(1, &batch);
    struct batch strange = ballots(20, 1);
    strange.digests[0] = 0xFF; /* a slot of another shard */
    send_batch(group, 0, 200, &batch);
    send_batch(group, 0, 201, &strange);
    run(group, 10);
    assert_int_equal(
        answer_to(&group->nodes[0], PSP_CLUSTER_COUNT_REFUSAL, 201)->message.count_refusal.code,
        PSP_COUNT_FENCE);
    assert_int_equal(books(group, 0)->disposed[PSP_REPLAYED], 2 + 2);
    assert_non_null(verdicts_of(group, 0, 200));
    destroy_group(group);
}

/* ---- closing ---- */

static void close_at(struct group *group, uint32_t i, uint64_t request_id, uint64_t at_ms)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = request_id};
    message.operate.operation = PSP_OPERATE_CLOSE;
    message.operate.close_at_ms = at_ms;
    tell(group, i, PSP_ROLE_OPERATOR, 0, &message);
}

static void a_close_takes_hold_at_its_time_without_a_ballot(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    const uint64_t at_ms = at(group).wall_ms + 2000;
    close_at(group, leader, 9, at_ms);
    run(group, 100);
    assert_int_equal(
        answer_to(&group->nodes[leader], PSP_CLUSTER_OPERATED, 9)->message.operated.status,
        PSP_OPERATED);
    const struct batch early = ballots(1, 1), late = ballots(2, 1);
    send_batch(group, leader, 100, &early);
    run(group, 50);
    assert_int_equal(verdicts_of(group, leader, 100)[0], PSP_COUNTED);
    assert_int_equal(psp_count_election_state(group->nodes[leader].count), PSP_ELECTION_OPEN);
    run(group, 2000);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(psp_count_election_state(group->nodes[i].count), PSP_ELECTION_CLOSED);
    const uint64_t last = psp_core_last(group->nodes[leader].core);
    send_batch(group, leader, 101, &late);
    run(group, 50);
    assert_int_equal(verdicts_of(group, leader, 101)[0], PSP_CLOSED);
    assert_int_equal(psp_core_last(group->nodes[leader].core), last + 1); /* closed just once */
    destroy_group(group);
}

static void one_that_was_opened_again_closes_again(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    close_at(group, 0, 9, at(group).wall_ms + 1000);
    run(group, 1100);
    assert_int_equal(psp_count_election_state(group->nodes[0].count), PSP_ELECTION_CLOSED);
    send_operation(group, 0, 10, PSP_OPERATE_OPEN);
    run(group, 100);
    assert_int_equal(psp_count_election_state(group->nodes[0].count), PSP_ELECTION_OPEN);
    close_at(group, 0, 11, at(group).wall_ms + 1000);
    run(group, 1100);
    assert_int_equal(psp_count_election_state(group->nodes[0].count), PSP_ELECTION_CLOSED);
    destroy_group(group);
}

static void the_next_leader_closes_too(void **state)
{
    (void)state;
    struct group *group = open_group(3);
    const uint32_t leader = serving(group);
    close_at(group, leader, 9, at(group).wall_ms + 1000);
    run(group, 200);
    for (uint32_t i = 0; i < 3; i++)
        if (i != leader)
            group->cut[i][leader] = group->cut[leader][i] = true;
    run(group, 3000);
    const uint32_t next = serving(group);
    assert_int_not_equal(next, leader);
    assert_int_equal(psp_count_election_state(group->nodes[next].count), PSP_ELECTION_CLOSED);
    destroy_group(group);
}

/* Its time has come, and an entry in the log, not applied yet, closes and opens it again. */
static void a_close_in_time_does_not_undo_an_opening(void **state)
{
    (void)state;
    struct group *group = open_group(1);
    const struct batch late = ballots(1, 1);
    close_at(group, 0, 9, at(group).wall_ms + 1000);
    run(group, 990);
    group->held[0] = true;
    group->now_ms += 20;
    send_batch(group, 0, 100, &late);
    send_operation(group, 0, 10, PSP_OPERATE_OPEN);
    run(group, 100);
    group->held[0] = false;
    run(group, 100);
    assert_int_equal(verdicts_of(group, 0, 100)[0], PSP_CLOSED);
    assert_int_equal(answer_to(&group->nodes[0], PSP_CLUSTER_OPERATED, 10)->message.operated.status,
                     PSP_OPERATED);
    assert_int_equal(psp_count_election_state(group->nodes[0].count), PSP_ELECTION_OPEN);
    destroy_group(group);
}

/* A group of one that remembers two late ballots of a station. */
static struct group *closed_group(void)
{
    struct group *group = calloc(1, sizeof *group);
    assert_non_null(group);
    group->definition = fixture_definition();
    group->n = 1;
    group->now_ms = 1000;
    group->genesis = fixture_genesis(false);
    struct psp_count *count = NULL;
    const struct psp_count_options options = {.definition = group->definition,
                                              .refused_max = 1000,
                                              .refused_station_max = 1000,
                                              .closed_max = 100,
                                              .closed_station_max = 2};
    assert_int_equal(psp_count_create(&options, &count), PSP_OK);
    start_node(group, 0, count, 0);
    run_until_serving(group);
    return group;
}

static void late_ballots_without_room_take_no_row(void **state)
{
    (void)state;
    struct group *group = closed_group();
    const struct batch three = ballots(1, 3), more = ballots(10, 3);
    send_of(group, 0, 100, &three, 1, false);
    run(group, 10);
    assert_int_equal(verdicts_of(group, 0, 100)[1], PSP_CLOSED);
    assert_int_equal(verdicts_of(group, 0, 100)[2], PSP_NOT_JUDGED); /* it was logged: no room */
    const uint64_t last = psp_core_last(group->nodes[0].core);
    send_of(group, 0, 101, &more, 1, false);
    run(group, 10);
    assert_int_equal(verdicts_of(group, 0, 101)[0], PSP_NOT_JUDGED);
    assert_int_equal(psp_core_last(group->nodes[0].core), last);
    send_of(group, 0, 102, &three, 1, false); /* what is remembered gets its verdict */
    run(group, 40);
    assert_int_equal(verdicts_of(group, 0, 102)[0], AGAIN(PSP_CLOSED));
    assert_int_equal(verdicts_of(group, 0, 102)[2], PSP_NOT_JUDGED);
    struct batch invalid = {0};
    add(&invalid, 30, 1030, P1, BOOTH, MARKS(1, 9, 1, 0));
    send_of(group, 0, 103, &invalid, 1, false); /* that needs no room of late ones */
    send_of(group, 0, 104, &more, 2, false);    /* nor does another station wait */
    run(group, 10);
    assert_int_equal(verdicts_of(group, 0, 103)[0], PSP_INVALID);
    assert_int_equal(verdicts_of(group, 0, 104)[1], PSP_CLOSED);
    assert_int_equal(books(group, 0)->received, 2 + 2 + 1 + 2);
    destroy_group(group);
}

/* Second ballots of voter 1, under tags from `tag` on. */
static struct batch second_ballots(uint64_t tag, uint32_t n)
{
    struct batch batch = {0};
    for (uint32_t k = 0; k < n; k++)
        add(&batch, 1, tag + k, P1, BOOTH, ANN);
    return batch;
}

static uint32_t not_judged(const struct group *group, uint64_t batch_id, uint32_t n)
{
    const uint8_t *verdicts = verdicts_of(group, 0, batch_id);
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++)
        found += verdicts[i] == PSP_NOT_JUDGED;
    return found;
}

/* A group in which station 2 has had as many ballots refused as its budget allows. */
static struct group *probed_group(void)
{
    struct group *group = open_group(1);
    const struct batch first = ballots(1, 1);
    send_batch(group, 0, 10, &first);
    for (uint32_t i = 0; i < PSP_PROBES_FREE / 256; i++) {
        const struct batch probes = second_ballots(100000 + 256 * i, 256);
        send_of(group, 0, 100 + i, &probes, 2, false);
        run(group, 20);
        assert_int_equal(not_judged(group, 100 + i, 256), 0);
    }
    assert_int_equal(books(group, 0)->disposed[PSP_DOUBLE_VOTE], PSP_PROBES_FREE);
    assert_int_equal(psp_count_probing(group->nodes[0].count), 1);
    return group;
}

static void past_its_budget_a_station_has_few_more_refused(void **state)
{
    (void)state;
    struct group *group = probed_group();
    const struct batch probes = second_ballots(500000, 100), others = second_ballots(600000, 100);
    run(group, 2000); /* what was free gathers, up to a second's */
    send_of(group, 0, 500, &probes, 2, false);
    run(group, 20);
    assert_int_equal(not_judged(group, 500, 100), 100 - PSP_PROBES_A_SECOND);
    send_of(group, 0, 501, &probes, 2, false); /* at once again: but for those refused before */
    run(group, 30);
    assert_int_equal(not_judged(group, 501, 100), 100 - PSP_PROBES_A_SECOND);
    send_of(group, 0, 502, &others, 3, false); /* another station's budget is its own */
    run(group, 30);
    assert_int_equal(not_judged(group, 502, 100), 0);
    assert_int_equal(books(group, 0)->disposed[PSP_DOUBLE_VOTE],
                     PSP_PROBES_FREE + PSP_PROBES_A_SECOND + 100);
    assert_true(psp_books_balanced(books(group, 0)));
    destroy_group(group);
}

/* promise 1 holds for it as for any other. And each makes room for one that is refused. */
static void past_its_budget_a_station_casts_what_counts(void **state)
{
    (void)state;
    struct group *group = probed_group();
    struct batch mixed = ballots(50, 100);
    add(&mixed, 1, 700000, P1, BOOTH, ANN);
    run(group, 30);
    const uint32_t free = PSP_PROBES_A_SECOND;
    const struct batch empty = second_ballots(800000, free);
    send_of(group, 0, 500, &empty, 2, false); /* takes all that is free now */
    send_of(group, 0, 501, &mixed, 2, false);
    run(group, 30);
    assert_int_equal(verdicts_of(group, 0, 501)[0], PSP_COUNTED);
    assert_int_equal(verdicts_of(group, 0, 501)[99], PSP_COUNTED);
    assert_int_equal(verdicts_of(group, 0, 501)[100], PSP_NOT_JUDGED);
    assert_int_equal(psp_count_probing(group->nodes[0].count), 0);
    const struct batch more = second_ballots(900000, 50);
    send_of(group, 0, 502, &more, 2, false);
    run(group, 30);
    assert_int_equal(not_judged(group, 502, 50), 0);
    destroy_group(group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays_of_a_station_that_resends_take_no_row),
        cmocka_unit_test(replays_go_with_the_next_entry_of_others),
        cmocka_unit_test(of_a_mixed_batch_only_new_rows_are_logged),
        cmocka_unit_test(every_replica_counts_replays_without_a_row),
        cmocka_unit_test(whoever_loses_the_leadership_answers_replays_as_lost),
        cmocka_unit_test(over_64_batches_of_replays_are_busy),
        cmocka_unit_test(a_station_is_trusted_again_after_a_while),
        cmocka_unit_test(a_move_of_the_leadership_waits_for_no_entry_of_others),
        cmocka_unit_test(asked_for_known_ones_a_new_ballot_is_not_judged),
        cmocka_unit_test(a_first_copy_on_its_way_is_waited_for),
        cmocka_unit_test(a_leader_that_is_cut_off_calls_nothing_unknown),
        cmocka_unit_test(a_fence_against_a_batch_is_none_against_replays_that_its_entry_carries),
        cmocka_unit_test(a_close_takes_hold_at_its_time_without_a_ballot),
        cmocka_unit_test(one_that_was_opened_again_closes_again),
        cmocka_unit_test(the_next_leader_closes_too),
        cmocka_unit_test(a_close_in_time_does_not_undo_an_opening),
        cmocka_unit_test(late_ballots_without_room_take_no_row),
        cmocka_unit_test(past_its_budget_a_station_has_few_more_refused),
        cmocka_unit_test(past_its_budget_a_station_casts_what_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
