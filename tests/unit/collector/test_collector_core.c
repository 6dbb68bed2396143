/* What the collector asks, when; what is stale, and when it publishes. */
#include "tests/unit/fixture/collector.h"

#include "base/bytes/bytes.h"
#include "cluster/head.h"
#include "collector/core.h"

struct state {
    struct psp_definition *definition;
    struct psp_cluster cluster;
    struct psp_cluster_shard shards[2];
    struct psp_cluster_replica replicas[2][2];
    struct psp_collector_core *core;
    struct fixture_rows rows;
    struct psp_sign_key keys[2];
};

/* As the shard does; in several parts, too. */
static const struct psp_partial *signed_by(const struct state *state, uint32_t shard,
                                           struct psp_partial *partial)
{
    struct psp_head head = {.epoch = partial->epoch, .index = partial->index};
    memcpy(head.state_hash, partial->state_hash, PSP_HASH_BYTES);
    psp_head_sign(&state->keys[shard], state->cluster.cluster_id, shard, &head);
    memcpy(partial->signature, head.signature, PSP_SIGNATURE_BYTES);
    return partial;
}

/* Shard 0 has one replica, shard 1 two. */
static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    state->definition = fixture_definition();
    memset(state->cluster.cluster_id, 0xC1, sizeof state->cluster.cluster_id);
    state->cluster.shard_count = 2;
    state->cluster.shards = state->shards;
    for (uint32_t s = 0; s < 2; s++) {
        state->shards[s] = (struct psp_cluster_shard){
            .shard = s, .replica_count = s + 1, .replicas = state->replicas[s]};
        state->replicas[s][1].replica = 1;
        const uint8_t seed[PSP_SIGN_SEED_BYTES] = {(uint8_t)(s + 1)};
        assert_int_equal(psp_sign_key_of(seed, &state->keys[s]), PSP_OK);
        memcpy(state->shards[s].signing_key, state->keys[s].public_key, PSP_SIGN_PUBLIC_BYTES);
    }
    assert_int_equal(psp_collector_core_create(state->definition, &state->cluster, &state->core),
                     PSP_OK);
    *context = state;
    return 0;
}

static int tear_down(void **context)
{
    struct state *state = *context;
    psp_collector_core_destroy(&state->core);
    psp_definition_destroy(&state->definition);
    free(state);
    return 0;
}

/* Takes every Watch that is due; returns how many. */
static uint32_t take_watches(struct state *state, uint64_t now_ms,
                             struct psp_collector_watch ret_watches[3])
{
    uint32_t n = 0;
    struct psp_collector_watch watch;
    memset(ret_watches, 0, 3 * sizeof *ret_watches);
    while (psp_collector_core_next_watch(state->core, now_ms, &watch)) {
        assert_true(n < 3);
        ret_watches[n++] = watch;
    }
    return n;
}

static enum psp_status answer(struct state *state, uint64_t now_ms,
                              const struct psp_collector_watch *watch, uint64_t index)
{
    struct psp_partial partial = fixture_partial(watch->shard, index, &state->rows);
    partial.base_index = watch->base_index;
    return psp_collector_core_partial(state->core, now_ms, watch->shard, watch->replica_at,
                                      watch->watch_id, signed_by(state, watch->shard, &partial));
}

static void every_replica_is_asked_once_at_the_start(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    assert_int_equal(take_watches(state, 1000, watches), 3);
    assert_int_equal(watches[0].shard, 0);
    assert_int_equal(watches[1].shard, 1);
    assert_int_equal(watches[2].shard, 1);
    assert_int_equal(watches[2].replica_at, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(watches[i].after_index, 0);
        assert_int_equal(watches[i].base_index, 0);
        assert_int_equal(watches[i].wait_ms, 0); /* is it there? */
    }
    assert_true(watches[0].watch_id != watches[1].watch_id);
    assert_int_equal(take_watches(state, 2999, watches), 0);
}

static void an_answer_is_followed_by_the_next_question(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    assert_int_equal(answer(state, 1040, &watches[0], 5), PSP_OK);
    struct psp_collector_watch next[3];
    assert_int_equal(take_watches(state, 1040, next), 1);
    assert_int_equal(next[0].shard, 0);
    assert_int_equal(next[0].after_index, 5);
    assert_int_equal(next[0].base_index, 5);
    assert_int_equal(next[0].base_epoch, 1);
    assert_int_equal(next[0].wait_ms, 1000);
}

static void an_answer_in_parts_counts_when_its_last_part_is_there(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3], next[3];
    struct fixture_rows rows;
    fixture_rows_0(&rows);
    take_watches(state, 1000, watches);
    struct psp_partial part = fixture_partial_0(&rows);
    signed_by(state, 0, &part);
    part.parts = 2;
    part.rows.length = 3;
    const struct psp_bytes rest = {rows.bytes + 3, rows.length - 3};
    assert_int_equal(
        psp_collector_core_partial(state->core, 2900, 0, 0, watches[0].watch_id, &part),
        PSP_EAGAIN);
    const struct psp_board *board = psp_collector_core_board(state->core);
    assert_false(psp_board_shard(board, 0)->present);
    assert_true(psp_collector_core_stale(state->core, 0, 2900));
    assert_int_equal(take_watches(state, 3100, next), 2); /* the two that are silent */
    part.part = 1;
    part.rows = rest;
    assert_int_equal(
        psp_collector_core_partial(state->core, 3200, 0, 0, watches[0].watch_id, &part), PSP_OK);
    assert_int_equal(psp_board_shard(board, 0)->ballots, 7);
    assert_int_equal(take_watches(state, 3200, next), 1);
    assert_int_equal(next[0].base_index, 5);
}

static void a_part_that_is_missing_is_answered_by_asking_for_all(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    struct psp_partial part = fixture_partial(0, 5, &state->rows);
    part.part = 1;
    part.parts = 2;
    assert_int_equal(
        psp_collector_core_partial(state->core, 1010, 0, 0, watches[0].watch_id, &part),
        PSP_EINVAL);
    assert_int_equal(take_watches(state, 1010, watches), 1);
    assert_int_equal(watches[0].base_index, 0);
}

/* What was published of shard 0 last, as a Watch shows it. */
static struct psp_head shown_to_shard_0(struct state *state, uint64_t now_ms)
{
    struct psp_collector_watch watches[3];
    psp_collector_core_published(state->core, now_ms, now_ms, 0);
    assert_true(take_watches(state, now_ms, watches) > 0);
    assert_int_equal(watches[0].shard, 0);
    return watches[0].head;
}

static void what_is_published_goes_back_as_the_shard_signed_it(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    assert_int_equal(watches[0].head.index, 0);
    struct psp_partial partial = fixture_partial(0, 5, &state->rows);
    signed_by(state, 0, &partial);
    assert_int_equal(answer(state, 1010, &watches[0], 5), PSP_OK);
    take_watches(state, 1010, watches);
    assert_int_equal(watches[0].head.index, 0); /* not published yet */
    assert_int_equal(answer(state, 1020, &watches[0], 5), PSP_STALE);
    const struct psp_head head = shown_to_shard_0(state, 1030);
    assert_int_equal(head.epoch, 1);
    assert_int_equal(head.index, 5);
    assert_memory_equal(head.state_hash, partial.state_hash, PSP_HASH_BYTES);
    assert_memory_equal(head.signature, partial.signature, PSP_SIGNATURE_BYTES);
    assert_false(psp_collector_core_unsigned(state->core, 0));
    assert_false(psp_collector_core_unsigned(state->core, 1)); /* nothing is held of it */
}

/* Of another key, epoch, state, or none: told of, and the shard is not bothered with it. */
static void what_the_shard_did_not_sign_is_told_and_never_shown_to_it(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    assert_int_equal(answer(state, 1010, &watches[0], 5), PSP_OK);
    assert_int_equal(shown_to_shard_0(state, 1010).index, 5);
    uint64_t now_ms = 4000;
    for (uint64_t wrong = 0; wrong < 4; wrong++, now_ms += 3000) {
        take_watches(state, now_ms, watches);
        struct psp_partial partial = fixture_partial(0, 6 + 2 * wrong, &state->rows);
        signed_by(state, wrong == 0 ? 1 : 0, &partial);
        partial.index += wrong == 1 ? 1 : 0;
        partial.state_hash[31] ^= wrong == 2;
        partial.signature[63] ^= wrong == 3;
        assert_int_equal(
            psp_collector_core_partial(state->core, now_ms, 0, 0, watches[0].watch_id, &partial),
            PSP_OK);
        assert_int_equal(shown_to_shard_0(state, now_ms).index, 5);
        assert_true(psp_collector_core_unsigned(state->core, 0));
    }
    take_watches(state, now_ms, watches);
    assert_int_equal(answer(state, now_ms, &watches[0], 20), PSP_OK);
    assert_int_equal(shown_to_shard_0(state, now_ms).index, 20);
    assert_false(psp_collector_core_unsigned(state->core, 0));
}

/* From its store, as after a restart. */
static void a_restored_board_shows_the_head_that_was_stored(void **context)
{
    struct state *state = *context;
    struct psp_partial stored = fixture_partial(0, 5, &state->rows);
    signed_by(state, 0, &stored);
    assert_int_equal(psp_board_merge(psp_collector_core_board(state->core), &stored), PSP_OK);
    assert_int_equal(shown_to_shard_0(state, 1000).index, 5);
}

static void silence_is_asked_again_after_two_seconds(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    assert_int_equal(psp_collector_core_wake_ms(state->core, 1500), 3000);
    assert_int_equal(take_watches(state, 3000, watches), 3);
    assert_int_equal(watches[0].wait_ms, 0);
}

static void a_late_answer_does_not_start_a_second_chain(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch first[3], second[3];
    take_watches(state, 1000, first);
    take_watches(state, 3000, second);                           /* silent: asked again */
    assert_int_equal(answer(state, 3010, &first[0], 5), PSP_OK); /* merged all the same */
    assert_int_equal(take_watches(state, 3010, first), 0);
    assert_int_equal(answer(state, 3020, &second[0], 6), PSP_OK);
    assert_int_equal(take_watches(state, 3020, first), 1);
}

static void a_watch_that_was_not_sent_is_tried_again_soon(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    psp_collector_core_unsent(state->core, 1000, &watches[1]);
    assert_int_equal(psp_collector_core_wake_ms(state->core, 1000), 1100);
    assert_int_equal(take_watches(state, 1099, watches), 0);
    assert_int_equal(take_watches(state, 1100, watches), 1);
    assert_int_equal(watches[0].shard, 1);
}

static void a_gap_is_asked_whole_at_once_and_then_with_pauses(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3], next[3];
    take_watches(state, 1000, watches);
    answer(state, 1010, &watches[0], 5);
    take_watches(state, 1010, next);
    next[0].base_index = 9; /* the shard answers as if we held 9 */
    assert_int_equal(answer(state, 1020, &next[0], 12), PSP_EINVAL);
    assert_int_equal(take_watches(state, 1020, next), 1);
    assert_int_equal(next[0].base_index, 0);
    assert_int_equal(next[0].after_index, 0);
    next[0].base_index = 9; /* and again */
    assert_int_equal(answer(state, 1030, &next[0], 12), PSP_EINVAL);
    assert_int_equal(take_watches(state, 1030, next), 0);
    assert_int_equal(take_watches(state, 2030, next), 1);
    assert_int_equal(next[0].base_index, 0);
    assert_int_equal(answer(state, 2040, &next[0], 12), PSP_OK);
    assert_int_equal(take_watches(state, 2040, next), 1);
    assert_int_equal(next[0].base_index, 12);
}

static void a_replica_that_speaks_of_another_shard_is_refused_and_paused(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    const struct psp_partial partial = fixture_partial(1, 5, &state->rows);
    assert_int_equal(
        psp_collector_core_partial(state->core, 1010, 0, 0, watches[0].watch_id, &partial),
        PSP_EMISMATCH);
    assert_int_equal(take_watches(state, 1010, watches), 0);
    assert_int_equal(take_watches(state, 2010, watches), 1);
    assert_false(psp_collector_core_replica(state->core, 0, 0)->answered);
}

static void a_shard_is_stale_until_it_answers_and_three_seconds_after(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    assert_true(psp_collector_core_stale(state->core, 0, 1000));
    take_watches(state, 1000, watches);
    answer(state, 1500, &watches[0], 5);
    psp_collector_core_published(state->core, 1500, 1500, 0);
    assert_false(psp_collector_core_stale(state->core, 0, 1500));
    assert_false(psp_collector_core_stale(state->core, 0, 4500));
    assert_true(psp_collector_core_stale(state->core, 0, 4501));
    assert_true(psp_collector_core_stale(state->core, 1, 1500));
}

static void an_unchanged_answer_keeps_the_shard_fresh(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1500, &watches[0], 5);
    psp_collector_core_published(state->core, 1500, 1500, 0);
    take_watches(state, 1500, watches);
    assert_int_equal(answer(state, 2500, &watches[0], 5), PSP_STALE);
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 0), 2500);
    assert_false(psp_collector_core_stale(state->core, 0, 5500));
}

static void a_restored_board_is_stale_until_the_shards_confirm_it(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    const struct psp_partial stored = fixture_partial(0, 5, &state->rows);
    struct psp_board *board = psp_collector_core_board(state->core);
    assert_int_equal(psp_board_merge(board, &stored), PSP_OK);
    psp_collector_core_published(state->core, 1000, 1000, 0);
    assert_true(psp_collector_core_stale(state->core, 0, 1000));
    take_watches(state, 1000, watches);
    assert_int_equal(watches[0].after_index, 5);
    assert_int_equal(watches[0].base_index, 5);
    assert_int_equal(answer(state, 1010, &watches[0], 5), PSP_STALE);
    assert_false(psp_collector_core_stale(state->core, 0, 1010));
}

static void a_shard_is_not_fresh_before_its_first_answer_is_published(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1010, &watches[1], 5);
    psp_collector_core_published(state->core, 1010, 1010, 0);
    answer(state, 1020, &watches[0], 5);
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 0), 0);
    assert_true(psp_collector_core_stale(state->core, 0, 1020));
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 1), 1010);
    psp_collector_core_published(state->core, 1110, 1112, 2);
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 0), 1020);
    take_watches(state, 1200, watches);
    answer(state, 1300, &watches[0], 9); /* later ones need not wait: 100 ms are not stale */
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 0), 1300);
}

static void a_replica_that_lags_does_not_make_its_shard_fresh(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1010, &watches[1], 9);
    psp_collector_core_published(state->core, 1010, 1010, 0);
    watches[2].base_index = 0;
    assert_int_equal(answer(state, 4500, &watches[2], 4), PSP_STALE);
    assert_int_equal(psp_collector_core_replica(state->core, 1, 1)->index, 4);
    assert_int_equal(psp_collector_core_fresh_ms(state->core, 1), 1010);
    assert_true(psp_collector_core_stale(state->core, 1, 4500));
}

/* promise 5 */
static void only_a_leader_makes_its_shard_fresh(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    for (uint32_t leader = 0; leader < 3; leader += 2) { /* not known; another replica */
        take_watches(state, 1000 + leader * 3000, watches);
        struct psp_partial partial = fixture_partial(0, 0, &state->rows);
        partial.leader = leader;
        assert_int_equal(psp_collector_core_partial(state->core, 1010 + leader * 3000, 0, 0,
                                                    watches[0].watch_id,
                                                    signed_by(state, 0, &partial)),
                         leader == 0 ? PSP_OK : PSP_STALE);
        psp_collector_core_published(state->core, 1010 + leader * 3000, 1010 + leader * 3000, 0);
        assert_int_equal(psp_collector_core_fresh_ms(state->core, 0), 0);
    }
}

static void it_publishes_changes_at_most_every_100_ms(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    assert_false(psp_collector_core_publish_due(state->core, 1000));
    take_watches(state, 1000, watches);
    answer(state, 1010, &watches[0], 5);
    assert_true(psp_collector_core_publish_due(state->core, 1010));
    psp_collector_core_published(state->core, 1010, 1012, 2);
    assert_false(psp_collector_core_publish_due(state->core, 1200)); /* nothing new */
    answer(state, 1020, &watches[1], 5);
    assert_false(psp_collector_core_publish_due(state->core, 1109));
    assert_true(psp_collector_core_publish_due(state->core, 1110));
}

static void publishing_that_takes_long_is_done_less_often(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1000, &watches[0], 5);
    psp_collector_core_published(state->core, 1000, 1050, 50); /* worked 50 ms: rests 200 */
    answer(state, 1060, &watches[1], 5);
    assert_false(psp_collector_core_publish_due(state->core, 1249));
    assert_true(psp_collector_core_publish_due(state->core, 1250));
}

static void a_slow_disk_is_left_alone_as_long_as_it_took(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1000, &watches[0], 5);
    psp_collector_core_published(state->core, 1000, 1300, 2);
    answer(state, 1310, &watches[1], 5);
    assert_false(psp_collector_core_publish_due(state->core, 1599));
    assert_true(psp_collector_core_publish_due(state->core, 1600));
}

static void a_divergence_is_published_as_well(void **context)
{
    struct state *state = *context;
    struct psp_collector_watch watches[3];
    take_watches(state, 1000, watches);
    answer(state, 1010, &watches[1], 5);
    psp_collector_core_published(state->core, 1010, 1010, 0);
    struct psp_partial other = fixture_partial(1, 5, &state->rows);
    other.replica = 1;
    other.state_hash[0] ^= 1;
    assert_int_equal(
        psp_collector_core_partial(state->core, 1020, 1, 1, watches[2].watch_id, &other),
        PSP_EDIVERGED);
    assert_true(psp_collector_core_publish_due(state->core, 1110));
    assert_false(psp_collector_core_replica(state->core, 1, 1)->answered);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_replica_is_asked_once_at_the_start),
        TEST(an_answer_is_followed_by_the_next_question),
        TEST(an_answer_in_parts_counts_when_its_last_part_is_there),
        TEST(what_is_published_goes_back_as_the_shard_signed_it),
        TEST(what_the_shard_did_not_sign_is_told_and_never_shown_to_it),
        TEST(a_restored_board_shows_the_head_that_was_stored),
        TEST(a_part_that_is_missing_is_answered_by_asking_for_all),
        TEST(silence_is_asked_again_after_two_seconds),
        TEST(a_late_answer_does_not_start_a_second_chain),
        TEST(a_watch_that_was_not_sent_is_tried_again_soon),
        TEST(a_gap_is_asked_whole_at_once_and_then_with_pauses),
        TEST(a_replica_that_speaks_of_another_shard_is_refused_and_paused),
        TEST(a_shard_is_stale_until_it_answers_and_three_seconds_after),
        TEST(an_unchanged_answer_keeps_the_shard_fresh),
        TEST(a_restored_board_is_stale_until_the_shards_confirm_it),
        TEST(a_shard_is_not_fresh_before_its_first_answer_is_published),
        TEST(a_replica_that_lags_does_not_make_its_shard_fresh),
        TEST(only_a_leader_makes_its_shard_fresh),
        TEST(it_publishes_changes_at_most_every_100_ms),
        TEST(publishing_that_takes_long_is_done_less_often),
        TEST(a_slow_disk_is_left_alone_as_long_as_it_took),
        TEST(a_divergence_is_published_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
