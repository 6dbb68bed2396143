/* What a bridge asks, writes and waits for, without a socket or a clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/core/sink.h"

#define CLUSTER "07e9e61d11b8a2c55102241df7e47c23"
#define OTHER "17e9e61d11b8a2c55102241df7e47c23"

/* Two shards at these places. */
static struct psp_bridge_vector at(uint64_t epoch, uint64_t index_0, uint64_t index_1)
{
    struct psp_bridge_vector vector = {.cluster = CLUSTER,
                                       .count = 2,
                                       .places = {{.shard = 0, .epoch = epoch, .index = index_0},
                                                  {.shard = 1, .epoch = epoch, .index = index_1}}};
    return vector;
}

static struct psp_bridge_end end_of(const char *id, struct psp_bridge_vector version)
{
    struct psp_bridge_end end = {.version = version, .state = "open"};
    snprintf(end.id, sizeof end.id, "%s", id);
    return end;
}

static struct psp_bridge_turn next(struct psp_bridge_sink *sink, uint64_t now_ms)
{
    struct psp_bridge_turn turn;
    psp_bridge_sink_next(sink, now_ms, &turn);
    return turn;
}

/* Open, with everything written as of that version at the collector 0. */
static struct psp_bridge_sink follows(uint32_t api_count, const char *id,
                                      struct psp_bridge_vector version)
{
    struct psp_bridge_sink sink;
    const struct psp_bridge_vector nothing = {0};
    const struct psp_bridge_end end = end_of(id, version);
    psp_bridge_sink_start(&sink, CLUSTER, api_count, 7);
    assert_int_equal(next(&sink, 0).what, PSP_BRIDGE_DO_OPEN);
    assert_true(psp_bridge_sink_opened(&sink, &nothing));
    const struct psp_bridge_turn turn = next(&sink, 0);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK);
    assert_null(turn.since);
    assert_int_equal(turn.wait_s, 0);
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 3, 0), PSP_BRIDGE_APPLY);
    psp_bridge_sink_applied(&sink, &end, &version);
    return sink;
}

static void an_empty_target_gets_everything_then_what_changes(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    struct psp_bridge_turn turn = next(&sink, 10);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK);
    assert_string_equal(turn.since, "a1.0");
    assert_int_equal(turn.wait_s, PSP_BRIDGE_WAIT_S);
    struct psp_bridge_end end = end_of("a2", at(1, 6, 5));
    end.stale = true;
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 2, 20), PSP_BRIDGE_APPLY);
    psp_bridge_sink_applied(&sink, &end, &end.version);
    assert_string_equal(next(&sink, 20).since, "a2.1");
}

static void what_says_nothing_new_is_not_written(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    struct psp_bridge_end end = end_of("a1", at(1, 5, 5));
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 0, 0), PSP_BRIDGE_NOTHING);
    snprintf(end.state, sizeof end.state, "closed"); /* that it is closed is */
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 0, 0), PSP_BRIDGE_APPLY);
    end = end_of("a1", at(1, 5, 5));
    end.stale = true;
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 0, 0), PSP_BRIDGE_APPLY);
    /* A report shown between two entries: the same vector, another version. */
    end = end_of("a9", at(1, 5, 5));
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 0, 0), PSP_BRIDGE_APPLY);
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 1, 0), PSP_BRIDGE_APPLY);
}

static void what_is_older_or_apart_waits(void **state)
{
    (void)state;
    struct psp_bridge_sink sink;
    const struct psp_bridge_vector held = at(1, 50, 50), old = at(1, 49, 50);
    const struct psp_bridge_end older = end_of("b1", old), apart = end_of("b2", at(1, 60, 49)),
                                level = end_of("b3", at(1, 60, 50));
    psp_bridge_sink_start(&sink, CLUSTER, 1, 7);
    assert_true(psp_bridge_sink_opened(&sink, &held));
    assert_int_equal(psp_bridge_sink_judge(&sink, &older, 900, 1000), PSP_BRIDGE_BEHIND);
    struct psp_bridge_turn turn = next(&sink, 1000);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_WAIT);
    assert_in_range(turn.until_ms, 1001, 1000 + PSP_BRIDGE_BACKOFF_FIRST_MS);
    /* Then its version alone is looked at: everything would only be dropped. */
    turn = next(&sink, turn.until_ms);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_LOOK);
    assert_int_equal(psp_bridge_sink_look(&sink, &apart.version, 2000), PSP_BRIDGE_NOT_LEVEL);
    turn = next(&sink, 2000);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_WAIT);
    assert_int_equal(next(&sink, turn.until_ms).what, PSP_BRIDGE_DO_LOOK);
    assert_int_equal(psp_bridge_sink_look(&sink, &level.version, 3000), PSP_BRIDGE_APPLY);
    turn = next(&sink, 3000);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK);
    assert_null(turn.since);
    assert_int_equal(psp_bridge_sink_judge(&sink, &level, 900, 3000), PSP_BRIDGE_APPLY);
}

static void a_restore_is_followed(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 900, 900));
    psp_bridge_sink_gone(&sink); /* 410 */
    struct psp_bridge_turn turn = next(&sink, 0);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK);
    assert_null(turn.since);
    const struct psp_bridge_end end = end_of("a2", at(2, 3, 4));
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 9, 0), PSP_BRIDGE_APPLY);
    psp_bridge_sink_applied(&sink, &end, &end.version);
    assert_string_equal(next(&sink, 0).since, "a2.0");
}

static void collectors_are_asked_in_turn_and_all_failing_waits(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(3, "a1", at(1, 5, 5));
    psp_bridge_sink_unanswered(&sink, 100);
    struct psp_bridge_turn turn = next(&sink, 100);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK); /* at once */
    assert_int_equal(turn.api, 1);
    assert_null(turn.since); /* "a1" is of the process of collector 0 */
    psp_bridge_sink_unanswered(&sink, 100);
    assert_int_equal(next(&sink, 100).api, 2);
    psp_bridge_sink_unanswered(&sink, 100);
    turn = next(&sink, 100);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_WAIT);
    turn = next(&sink, turn.until_ms);
    assert_int_equal(turn.api, 0);
    assert_string_equal(turn.since, "a1.0"); /* it may know it still */
}

static void a_wait_grows_to_its_bound_and_ends_with_an_answer(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    uint64_t now_ms = 1000, longest = 0;
    for (int i = 0; i < 30; i++) {
        psp_bridge_sink_unanswered(&sink, now_ms);
        const struct psp_bridge_turn turn = next(&sink, now_ms);
        assert_int_equal(turn.what, PSP_BRIDGE_DO_WAIT);
        const uint64_t waits_ms = turn.until_ms - now_ms;
        assert_in_range(waits_ms, 1, PSP_BRIDGE_API_BACKOFF_MS);
        longest = waits_ms > longest ? waits_ms : longest;
        now_ms = turn.until_ms;
    }
    assert_true(longest >= PSP_BRIDGE_API_BACKOFF_MS / 2);
    const struct psp_bridge_end end = end_of("a2", at(1, 6, 5));
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 1, now_ms), PSP_BRIDGE_APPLY);
    psp_bridge_sink_applied(&sink, &end, &end.version);
    psp_bridge_sink_unanswered(&sink, now_ms);
    assert_in_range(next(&sink, now_ms).until_ms - now_ms, PSP_BRIDGE_BACKOFF_FIRST_MS / 2,
                    PSP_BRIDGE_BACKOFF_FIRST_MS);
}

static void waits_differ_between_processes(void **state)
{
    (void)state;
    bool differs = false;
    struct psp_bridge_backoff a = {.seed = 3, .most_ms = 30000}, b = {.seed = 4, .most_ms = 30000};
    for (int i = 0; i < 8; i++)
        differs = psp_bridge_backoff_ms(&a) != psp_bridge_backoff_ms(&b) || differs;
    assert_true(differs);
}

static void a_target_that_is_down_is_asked_for_and_nobody_for_rows(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    uint64_t now_ms = 0;
    psp_bridge_sink_lost(&sink, false, now_ms);
    for (int i = 0; i < 20; i++) {
        struct psp_bridge_turn turn = next(&sink, now_ms);
        assert_int_equal(turn.what, PSP_BRIDGE_DO_WAIT);
        assert_true(turn.until_ms - now_ms <= PSP_BRIDGE_TARGET_BACKOFF_MS);
        now_ms = turn.until_ms;
        assert_int_equal(next(&sink, now_ms).what, PSP_BRIDGE_DO_OPEN);
        psp_bridge_sink_lost(&sink, false, now_ms);
    }
    assert_true(next(&sink, now_ms).until_ms - now_ms >= PSP_BRIDGE_TARGET_BACKOFF_MS / 2);
    /* It holds what it was given: what has changed since is enough. */
    const struct psp_bridge_vector held = at(1, 5, 5);
    assert_true(psp_bridge_sink_opened(&sink, &held));
    assert_string_equal(next(&sink, now_ms).since, "a1.0");
}

static void what_the_target_holds_decides_what_is_asked(void **state)
{
    (void)state;
    /* It lost what it was given, or somebody else wrote to it. */
    const struct psp_bridge_vector others[] = {{.count = 0}, at(1, 4, 5), at(1, 9, 9)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
        psp_bridge_sink_lost(&sink, false, 0);
        assert_true(psp_bridge_sink_opened(&sink, &others[i]));
        assert_null(next(&sink, 0).since);
    }
}

static void a_write_that_ended_without_an_answer_is_made_good_whole(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    const struct psp_bridge_vector held = at(1, 5, 5); /* before it, or after one of the same */
    psp_bridge_sink_lost(&sink, true, 0);
    psp_bridge_sink_lost(&sink, false, 0); /* and a try in vain */
    assert_true(psp_bridge_sink_opened(&sink, &held));
    assert_null(next(&sink, 0).since);
}

static void who_wrote_what_is_newer_is_believed(void **state)
{
    (void)state;
    struct psp_bridge_sink sink = follows(1, "a1", at(1, 5, 5));
    const struct psp_bridge_end mine = end_of("a2", at(1, 6, 5)),
                                next_one = end_of("a3", at(1, 7, 5)),
                                last = end_of("a4", at(1, 8, 8));
    const struct psp_bridge_vector theirs = at(1, 8, 8);
    assert_int_equal(psp_bridge_sink_judge(&sink, &mine, 1, 0), PSP_BRIDGE_APPLY);
    psp_bridge_sink_applied(&sink, &mine, &theirs); /* PSP_EBUSY, and holds */
    assert_int_equal(psp_bridge_sink_judge(&sink, &next_one, 1, 0), PSP_BRIDGE_BEHIND);
    /* What changed since a2 is all that theirs can lack: it is asked, not everything. */
    const struct psp_bridge_turn turn = next(&sink, next(&sink, 0).until_ms);
    assert_int_equal(turn.what, PSP_BRIDGE_DO_ASK);
    assert_string_equal(turn.since, "a2.0");
    assert_int_equal(psp_bridge_sink_judge(&sink, &last, 1, 0), PSP_BRIDGE_APPLY);
}

static void another_cluster_is_never_written_nor_over_written(void **state)
{
    (void)state;
    struct psp_bridge_sink sink;
    struct psp_bridge_vector other = at(1, 1, 1);
    memcpy(other.cluster, OTHER, sizeof other.cluster);
    const struct psp_bridge_end end = end_of("x1", other);
    psp_bridge_sink_start(&sink, CLUSTER, 1, 7);
    assert_false(psp_bridge_sink_opened(&sink, &other));
    const struct psp_bridge_vector nothing = {0};
    assert_true(psp_bridge_sink_opened(&sink, &nothing));
    assert_int_equal(psp_bridge_sink_judge(&sink, &end, 5, 0), PSP_BRIDGE_FOREIGN);
    assert_int_equal(next(&sink, 0).what, PSP_BRIDGE_DO_WAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_target_gets_everything_then_what_changes),
        cmocka_unit_test(what_says_nothing_new_is_not_written),
        cmocka_unit_test(what_is_older_or_apart_waits),
        cmocka_unit_test(a_restore_is_followed),
        cmocka_unit_test(collectors_are_asked_in_turn_and_all_failing_waits),
        cmocka_unit_test(a_wait_grows_to_its_bound_and_ends_with_an_answer),
        cmocka_unit_test(waits_differ_between_processes),
        cmocka_unit_test(a_target_that_is_down_is_asked_for_and_nobody_for_rows),
        cmocka_unit_test(what_the_target_holds_decides_what_is_asked),
        cmocka_unit_test(a_write_that_ended_without_an_answer_is_made_good_whole),
        cmocka_unit_test(who_wrote_what_is_newer_is_believed),
        cmocka_unit_test(another_cluster_is_never_written_nor_over_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
