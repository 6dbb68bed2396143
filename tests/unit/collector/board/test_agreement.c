/* Which replica has the history that is shown, and which has another or has lost it. */
#include "tests/unit/fixture/collector.h"

#include "cluster/head.h"
#include "collector/agreement.h"
#include "collector/core.h"

enum { HELD = 200 };

static struct psp_board_shard held_at(uint64_t index)
{
    struct psp_board_shard held = {.present = true, .epoch = 1, .index = index};
    memset(held.state_hash, (int)(index & 0xFF), PSP_HASH_BYTES);
    return held;
}

static uint8_t told[PSP_HASH_BYTES];

/* Of a replica that leads; its log ends at `last`. */
static struct psp_partial says(uint64_t index, uint64_t last, bool leads)
{
    struct psp_partial partial = {.replica = 0,
                                  .epoch = 1,
                                  .index = index,
                                  .raft_id = 1,
                                  .log_last = last,
                                  .leader = leads ? 1 : 2};
    memset(partial.state_hash, (int)(index & 0xFF), PSP_HASH_BYTES);
    return partial;
}

static const char *look(struct psp_agreement *agreement, uint64_t now_ms,
                        const struct psp_partial *partial, const struct psp_board_shard *held)
{
    psp_agreement_ask(agreement, held);
    return psp_agreement_look(agreement, now_ms, partial, held, true);
}

static void a_leader_whose_log_ends_before_what_is_shown_contradicts(void **context)
{
    (void)context;
    struct psp_agreement agreement = {0};
    const struct psp_board_shard held = held_at(HELD);
    const struct psp_partial partial = says(100, 105, true);
    assert_null(look(&agreement, 1000, &partial, &held));
    assert_null(look(&agreement, 2500, &partial, &held));
    assert_null(look(&agreement, 3999, &partial, &held)); /* three, and not yet three seconds */
    const char *what = look(&agreement, 4000, &partial, &held);
    assert_non_null(what);
    assert_string_equal(what, "it leads, and its log ends before what is shown");
    psp_agreement_note(&agreement, &partial, &held, PSP_EDIVERGED);
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_CONTRADICTS);
}

static void who_does_not_lead_or_has_a_longer_log_does_not(void **context)
{
    (void)context;
    struct psp_agreement agreement = {0};
    const struct psp_board_shard held = held_at(HELD);
    const struct psp_partial follower = says(100, 105, false), behind = says(100, HELD, true);
    const struct psp_partial shorter = says(100, HELD - 1, true);
    for (uint64_t now_ms = 1000; now_ms < 20000; now_ms += 1000) {
        assert_null(look(&agreement, now_ms, &follower, &held)); /* it lags */
        assert_null(look(&agreement, now_ms, &behind, &held));   /* it has not applied it yet */
        assert_null(look(&agreement, now_ms, &shorter, &held));  /* not on end */
    }
    struct psp_partial of_before = shorter; /* a restore: another epoch is no evidence */
    of_before.epoch = 2;
    for (uint64_t now_ms = 1000; now_ms < 20000; now_ms += 1000)
        assert_null(look(&agreement, now_ms, &of_before, &held));
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_UNKNOWN);
}

static void another_history_of_the_same_length_is_told_by_its_hash(void **context)
{
    (void)context;
    struct psp_agreement agreement = {0};
    const struct psp_board_shard held = held_at(HELD);
    struct psp_partial partial = says(HELD + 3, HELD + 3, true);
    memcpy(told, held.state_hash, sizeof told);
    partial.base_hash = (struct psp_bytes){told, sizeof told};
    assert_null(look(&agreement, 1000, &partial, &held));
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_AGREES);
    told[15] ^= 1;
    assert_string_equal(look(&agreement, 1010, &partial, &held), "another history before it");
    psp_agreement_ask(&agreement, &held); /* a late answer to another question proves nothing */
    assert_null(psp_agreement_look(&agreement, 1020, &partial, &held, false));
    const struct psp_board_shard nothing = {0};
    assert_null(look(&agreement, 1030, &partial, &nothing));
}

static void what_it_had_is_remembered_until_its_log_has_lost_it(void **context)
{
    (void)context;
    struct psp_agreement agreement = {0};
    const struct psp_board_shard held = held_at(HELD);
    struct psp_partial partial = says(HELD, HELD, false);
    assert_null(look(&agreement, 1000, &partial, &held));
    psp_agreement_note(&agreement, &partial, &held, PSP_STALE);
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_AGREES);
    partial = says(150, HELD, false); /* restarted, not applied again yet */
    assert_null(look(&agreement, 2000, &partial, &held));
    psp_agreement_note(&agreement, &partial, &held, PSP_STALE);
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_AGREES);
    partial = says(100, HELD - 1, false); /* set back */
    assert_null(look(&agreement, 3000, &partial, &held));
    psp_agreement_note(&agreement, &partial, &held, PSP_STALE);
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_CONTRADICTS);
    partial.raft_id = 257; /* replaced: empty on purpose */
    partial.log_last = 1;
    assert_null(look(&agreement, 4000, &partial, &held));
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_UNKNOWN);
    partial = says(HELD, HELD, false);
    partial.raft_id = 257;
    assert_null(look(&agreement, 5000, &partial, &held));
    psp_agreement_note(&agreement, &partial, &held, PSP_STALE);
    assert_int_equal(psp_agreement_of(&agreement, &held), PSP_AGREEMENT_AGREES);
}

static void the_alarm_says_which_to_trust(void **context)
{
    (void)context;
    const uint32_t numbers[] = {0, 1, 2};
    const struct psp_board_shard held = held_at(HELD);
    char text[PSP_TRUST_BYTES];
    struct psp_agreement agreements[3] = {
        {.epoch = 1, .agreed_index = HELD, .contradicts = true},
        {.epoch = 1, .agreed_index = HELD, .set_back = true},
        {.epoch = 1, .agreed_index = HELD},
    };
    psp_agreement_trust(agreements, numbers, 3, &held, text);
    assert_string_equal(text, "trust replica 2: it has all that is shown (index 200)");
    agreements[2].agreed_index = 190;
    psp_agreement_trust(agreements, numbers, 3, &held, text);
    assert_string_equal(text,
                        "trust replica 2: it has what is shown up to index 190, nobody has more");
    agreements[1].set_back = false;
    agreements[1].agreed_index = 190;
    psp_agreement_trust(agreements, numbers, 3, &held, text);
    assert_non_null(strstr(text, "trust replica 1 2:"));
    agreements[1].epoch = agreements[2].epoch = 0; /* not heard since the start */
    psp_agreement_trust(agreements, numbers, 3, &held, text);
    assert_string_equal(text, "no replica was seen to have what is shown (index 200) since this "
                              "collector started: one that is silent may have it");
    agreements[2] = (struct psp_agreement){.epoch = 1, .log_last = HELD};
    psp_agreement_trust(agreements, numbers, 3, &held, text);
    assert_non_null(strstr(text, "may have it; the log of replica 2 reaches so far"));
}

/* ---- in the collector ---- */

struct state {
    struct psp_definition *definition;
    struct psp_cluster cluster;
    struct psp_cluster_shard shard;
    struct psp_cluster_replica replicas[3];
    struct psp_collector_core *core;
    struct psp_sign_key key;
    struct fixture_rows rows;
};

static int set_up(void **context)
{
    struct state *state = calloc(1, sizeof *state);
    state->definition = fixture_definition();
    memset(state->cluster.cluster_id, 0xC1, sizeof state->cluster.cluster_id);
    for (uint32_t r = 0; r < 3; r++)
        state->replicas[r].replica = r;
    state->shard = (struct psp_cluster_shard){.replica_count = 3, .replicas = state->replicas};
    static const uint8_t seed[PSP_SIGN_SEED_BYTES] = {7};
    assert_int_equal(psp_sign_key_of(seed, &state->key), PSP_OK);
    memcpy(state->shard.signing_key, state->key.public_key, PSP_SIGN_PUBLIC_BYTES);
    state->cluster.shard_count = 1;
    state->cluster.shards = &state->shard;
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

/* Asks, and has one replica answer; the others are silent. */
static enum psp_status hear(struct state *state, uint64_t now_ms, uint32_t replica, uint64_t index,
                            uint64_t last, uint8_t base)
{
    struct psp_collector_watch watch, mine = {0};
    while (psp_collector_core_next_watch(state->core, now_ms, &watch))
        if (watch.replica_at == replica)
            mine = watch;
    assert_true(mine.watch_id > 0);
    struct psp_partial partial = fixture_partial(0, index, &state->rows);
    partial.replica = replica;
    partial.leader = 1;
    partial.log_last = last;
    partial.raft_id = replica + 1;
    partial.base_index = index >= mine.base_index ? mine.base_index : 0;
    struct psp_head head = {.epoch = partial.epoch, .index = index};
    memcpy(head.state_hash, partial.state_hash, PSP_HASH_BYTES);
    psp_head_sign(&state->key, state->cluster.cluster_id, 0, &head);
    memcpy(partial.signature, head.signature, PSP_SIGNATURE_BYTES);
    memcpy(told, psp_board_shard(psp_collector_core_board(state->core), 0)->state_hash, 32);
    told[0] ^= base;
    if (mine.base_index > 0 && index >= mine.base_index)
        partial.base_hash = (struct psp_bytes){told, sizeof told};
    return psp_collector_core_partial(state->core, now_ms, 0, replica, mine.watch_id, &partial);
}

static bool standing(const struct state *state)
{
    return psp_board_shard(psp_collector_core_board(state->core), 0)->divergence.standing;
}

/* promise 5: two of three were set back, lead, and count on past what was shown. */
static void what_is_shown_stays_when_a_majority_was_set_back(void **context)
{
    struct state *state = *context;
    const struct psp_board *board = psp_collector_core_board(state->core);
    assert_int_equal(hear(state, 1000, 2, 9, 9, 0), PSP_OK);
    assert_int_equal(hear(state, 4000, 0, 5, 6, 0), PSP_STALE);
    assert_int_equal(hear(state, 7000, 0, 5, 6, 0), PSP_STALE);
    assert_false(standing(state));
    assert_int_equal(hear(state, 10000, 0, 6, 6, 0), PSP_EDIVERGED);
    assert_true(standing(state));
    assert_string_equal(psp_board_shard(board, 0)->divergence.what,
                        "it leads, and its log ends before what is shown");
    assert_int_equal(hear(state, 13000, 0, 12, 12, 1), PSP_EDIVERGED); /* it has grown past it */
    assert_string_equal(psp_board_shard(board, 0)->divergence.what, "another history before it");
    assert_int_equal(psp_board_shard(board, 0)->index, 9);
    char trust[PSP_TRUST_BYTES];
    psp_collector_core_trust(state->core, 0, trust);
    assert_string_equal(trust, "trust replica 2: it has all that is shown (index 9)");
    assert_int_equal(psp_collector_core_agreement(state->core, 0, 0), PSP_AGREEMENT_CONTRADICTS);
    assert_int_equal(psp_collector_core_agreement(state->core, 0, 1), PSP_AGREEMENT_UNKNOWN);
    assert_int_equal(psp_collector_core_agreement(state->core, 0, 2), PSP_AGREEMENT_AGREES);
}

static void it_is_over_when_who_contradicted_agrees(void **context)
{
    struct state *state = *context;
    assert_int_equal(hear(state, 1000, 2, 9, 9, 0), PSP_OK);
    assert_int_equal(hear(state, 4000, 0, 12, 12, 1), PSP_EDIVERGED);
    assert_true(standing(state));
    assert_int_equal(hear(state, 7000, 2, 10, 10, 0), PSP_OK); /* another agrees: it stands */
    assert_true(standing(state));
    const uint64_t changes = psp_board_changes(psp_collector_core_board(state->core));
    assert_int_equal(hear(state, 10000, 0, 10, 10, 0), PSP_STALE);
    assert_false(standing(state));
    assert_true(psp_board_changes(psp_collector_core_board(state->core)) > changes);
    assert_int_equal(psp_board_shard(psp_collector_core_board(state->core), 0)->divergence.count,
                     1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_whose_log_ends_before_what_is_shown_contradicts),
        cmocka_unit_test(who_does_not_lead_or_has_a_longer_log_does_not),
        cmocka_unit_test(another_history_of_the_same_length_is_told_by_its_hash),
        cmocka_unit_test(what_it_had_is_remembered_until_its_log_has_lost_it),
        cmocka_unit_test(the_alarm_says_which_to_trust),
        TEST(what_is_shown_stays_when_a_majority_was_set_back),
        TEST(it_is_over_when_who_contradicted_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
