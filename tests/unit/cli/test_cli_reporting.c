/* One report for all shards: what is asked and told, whatever the shards answer. The shards
 * here take a report as lib/count does; several report at once, in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/operate/reporting.h"

enum { SHARDS = 3, BYTES = 48, TAKEN_MAX = 64 };

struct shard {
    uint64_t index, epoch;
    uint8_t bytes[BYTES]; /* of its last report */
    size_t length;
    uint64_t number;
    uint64_t taken[TAKEN_MAX]; /* all numbers, as they came */
    uint8_t taken_leaf[TAKEN_MAX];
    size_t taken_n;
    char text[64];
};

static const uint8_t leaf_bytes[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* A report of one leaf. */
static struct psp_report report_of(uint8_t leaf)
{
    return (struct psp_report){0, {leaf_bytes + leaf, 1}, PSP_FINAL_YES, false};
}

static struct psp_reporting *begin(uint32_t shard_count, uint8_t leaf)
{
    const struct psp_report report = report_of(leaf);
    return psp_reporting_create(shard_count, &report);
}

static void hold(struct shard *shard, uint64_t number, uint8_t leaf)
{
    struct psp_report report = report_of(leaf);
    report.number = number;
    shard->number = number;
    shard->length = psp_report_encode(&report, shard->bytes, BYTES);
    shard->taken[shard->taken_n] = number;
    shard->taken_leaf[shard->taken_n++] = leaf;
}

/* Shards that all hold this number; 0: none. */
static void set_up(struct shard *shards, uint64_t number)
{
    memset(shards, 0, SHARDS * sizeof *shards);
    for (int s = 0; s < SHARDS; s++) {
        shards[s].epoch = 1;
        if (number > 0)
            hold(&shards[s], number, 7);
    }
}

/* An entry in its log: true when it holds this report after it. */
static bool take(struct shard *shard, struct psp_bytes bytes)
{
    struct psp_report report;
    assert_null(psp_report_decode(bytes, &report));
    shard->index++;
    shard->text[0] = '\0';
    if (report.number > shard->number) {
        hold(shard, report.number, report.leaves.data[0]);
        assert_true(bytes.length <= BYTES);
        memcpy(shard->bytes, bytes.data, bytes.length);
        shard->length = bytes.length;
        return true;
    }
    snprintf(shard->text, sizeof shard->text, "holds %llu already",
             (unsigned long long)shard->number);
    return report.number == shard->number && bytes.length == shard->length &&
           memcmp(bytes.data, shard->bytes, bytes.length) == 0;
}

static void tell_held(struct psp_reporting *reporting, uint32_t s, const struct shard *shard)
{
    psp_reporting_take_held(reporting, s, (struct psp_bytes){shard->bytes, shard->length},
                            shard->index, shard->epoch);
}

/* Carries one question or order to a shard and the answer back; what it was. */
static enum psp_reporting_step carry(struct psp_reporting *reporting, uint32_t s,
                                     struct shard *shard)
{
    struct psp_bytes bytes = {0};
    const enum psp_reporting_step step = psp_reporting_step(reporting, s, &bytes);
    if (step == PSP_REPORTING_ASK)
        tell_held(reporting, s, shard);
    if (step != PSP_REPORTING_TELL)
        return step;
    if (take(shard, bytes))
        psp_reporting_take_done(reporting, s, shard->index, shard->text);
    else
        psp_reporting_take_refused(reporting, s, shard->text);
    return step;
}

/* Until it ends, shard by shard. */
static enum psp_reporting_end carry_all(struct psp_reporting *reporting, uint32_t n,
                                        struct shard *shards)
{
    for (int round = 0; psp_reporting_end(reporting) == PSP_REPORTING_UNDER_WAY; round++) {
        assert_true(round < 1000);
        for (uint32_t s = 0; s < n; s++)
            carry(reporting, s, &shards[s]);
    }
    return psp_reporting_end(reporting);
}

static void expect_steps(const struct psp_reporting *reporting, const char *steps)
{
    char seen[SHARDS + 1] = {0};
    struct psp_bytes bytes;
    for (uint32_t s = 0; s < strlen(steps); s++)
        seen[s] = "-at"[psp_reporting_step(reporting, s, &bytes)];
    assert_string_equal(seen, steps);
}

static void expect_state(const struct psp_reporting *reporting, uint32_t s,
                         enum psp_reporting_state state, uint64_t index, const char *said)
{
    const struct psp_reporting_shard *shard = psp_reporting_shard(reporting, s);
    assert_int_equal(shard->state, state);
    assert_int_equal(shard->index, index);
    assert_string_equal(shard->said.text, said);
}

static void ask_all(struct psp_reporting *reporting, struct shard *shards)
{
    expect_steps(reporting, "aaa");
    for (uint32_t s = 0; s < SHARDS; s++)
        carry(reporting, s, &shards[s]);
}

static void shard_0_is_told_first(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    expect_steps(reporting, "aaa");
    carry(reporting, 1, &shards[1]);
    expect_steps(reporting, "a-a");
    carry(reporting, 0, &shards[0]);
    carry(reporting, 2, &shards[2]);
    expect_steps(reporting, "t--");
    carry(reporting, 0, &shards[0]);
    expect_steps(reporting, "-tt");
    shards[2].index = 20;
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    expect_steps(reporting, "---");
    assert_int_equal(psp_reporting_number(reporting), 5);
    assert_int_equal(psp_reporting_finished(reporting), 0);
    expect_state(reporting, 0, PSP_REPORTING_HAS, 1, "");
    expect_state(reporting, 2, PSP_REPORTING_HAS, 21, "");
    struct psp_report told;
    assert_null(psp_report_decode((struct psp_bytes){shards[2].bytes, shards[2].length}, &told));
    assert_int_equal(told.number, 5);
    assert_int_equal(told.leaves.length, 1);
    assert_int_equal(told.leaves.data[0], 1);
    assert_int_equal(told.final, PSP_FINAL_YES);
    assert_false(told.again);
    psp_reporting_destroy(&reporting);
    psp_reporting_destroy(&reporting);
}

static void one_shard_is_all(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 0);
    const struct psp_report report = {0, {leaf_bytes + 1, 3}, PSP_FINAL_UNCHANGED, true};
    struct psp_reporting *reporting = psp_reporting_create(1, &report);
    assert_int_equal(carry_all(reporting, 1, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 1);
    const uint8_t bytes[] = {0x08, 1, 0x12, 3, 1, 2, 3, 0x18, PSP_FINAL_UNCHANGED, 0x20, 1};
    assert_int_equal(shards[0].length, sizeof bytes);
    assert_memory_equal(shards[0].bytes, bytes, sizeof bytes);
    psp_reporting_destroy(&reporting);
}

static void what_shard_0_has_is_finished_first(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[0], 5, 2);
    hold(&shards[1], 5, 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    expect_steps(reporting, "--t");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_finished(reporting), 5);
    assert_int_equal(psp_reporting_number(reporting), 6);
    for (int s = 0; s < SHARDS; s++) {
        assert_int_equal(shards[s].taken_n, 3);
        assert_int_equal(shards[s].taken[1], 5);
        assert_int_equal(shards[s].taken_leaf[1], 2);
        assert_int_equal(shards[s].taken[2], 6);
        assert_int_equal(shards[s].taken_leaf[2], 1);
    }
    psp_reporting_destroy(&reporting);
}

static void nothing_is_told_while_a_shard_is_silent(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    for (uint32_t silent = 0; silent < SHARDS; silent++) {
        set_up(shards, 4);
        hold(&shards[0], 5, 2);
        struct psp_reporting *reporting = begin(SHARDS, 1);
        psp_reporting_take_silent(reporting, silent, "no replica answers");
        assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_NOT_BEGUN);
        for (uint32_t s = 0; s < SHARDS; s++) {
            expect_state(reporting, s, s == silent ? PSP_REPORTING_SILENT : PSP_REPORTING_UNTOLD, 0,
                         s == silent ? "no replica answers" : "");
            assert_int_equal(shards[s].index, 0);
        }
        assert_int_equal(psp_reporting_number(reporting), 0);
        psp_reporting_destroy(&reporting);
    }
}

static void ours_is_not_begun_unless_the_one_before_is_finished(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[0], 5, 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    expect_steps(reporting, "-tt");
    psp_reporting_take_silent(reporting, 1, "no replica leads");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 1, PSP_REPORTING_SILENT, 0, "no replica leads");
    expect_state(reporting, 2, PSP_REPORTING_UNTOLD, 0, "");
    assert_int_equal(psp_reporting_finished(reporting), 5); /* in shard 2, at least */
    assert_int_equal(shards[2].number, 5);
    assert_int_equal(shards[0].number, 5);
    psp_reporting_destroy(&reporting);
}

static void without_an_answer_of_shard_0_it_is_unknown(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    psp_reporting_take_silent(reporting, 0, "no replica answers");
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_UNKNOWN);
    assert_int_equal(psp_reporting_number(reporting), 5);
    expect_state(reporting, 0, PSP_REPORTING_SILENT, 0, "no replica answers");
    psp_reporting_destroy(&reporting);
}

static void a_silent_shard_leaves_it_unfinished_and_the_next_call_finishes(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    carry(reporting, 0, &shards[0]);
    psp_reporting_take_silent(reporting, 1, "gone");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_UNFINISHED);
    assert_int_equal(psp_reporting_number(reporting), 5);
    expect_state(reporting, 1, PSP_REPORTING_SILENT, 0, "gone");
    expect_state(reporting, 2, PSP_REPORTING_HAS, 1, "");
    psp_reporting_destroy(&reporting);
    reporting = begin(SHARDS, 3);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_finished(reporting), 5);
    assert_int_equal(shards[1].taken[1], 5);
    assert_int_equal(shards[1].taken_leaf[1], 1);
    psp_reporting_destroy(&reporting);
}

static void of_two_the_slower_one_finishes_and_comes_next(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *slow = begin(SHARDS, 1), *fast = begin(SHARDS, 2);
    ask_all(slow, shards);
    ask_all(fast, shards);
    carry(fast, 0, &shards[0]);
    carry(slow, 0, &shards[0]); /* refused: 5 is the other's */
    expect_steps(slow, "aaa");
    assert_int_equal(psp_reporting_number(slow), 0);
    ask_all(slow, shards);
    expect_steps(slow, "-tt");
    assert_int_equal(carry_all(slow, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_finished(slow), 5);
    assert_int_equal(psp_reporting_number(slow), 6);
    /* The fast one finds its own already passed by: refused, so it is there. */
    carry(fast, 1, &shards[1]);
    carry(fast, 2, &shards[2]);
    expect_steps(fast, "-aa");
    assert_int_equal(carry_all(fast, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(fast), 5);
    expect_state(fast, 2, PSP_REPORTING_HAS, 3, "holds 6 already");
    psp_reporting_destroy(&fast);
    psp_reporting_destroy(&slow);
}

/* Were they not asked again, 6 would go over 5, which shard 2 never gets then. */
static void a_report_begun_while_we_ask_is_seen(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    carry(reporting, 0, &shards[0]);
    hold(&shards[0], 5, 2);
    hold(&shards[1], 5, 2);
    carry(reporting, 1, &shards[1]);
    carry(reporting, 2, &shards[2]);
    ask_all(reporting, shards);
    expect_steps(reporting, "--t");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(shards[2].taken[1], 5);
    assert_int_equal(psp_reporting_number(reporting), 6);
    psp_reporting_destroy(&reporting);
}

static void after_a_restore_numbers_are_above_all_that_were_lost(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[2], 9, 2);
    shards[1].epoch = 3;
    struct psp_reporting *reporting = begin(SHARDS, 1);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 2000001);
    assert_int_equal(psp_reporting_finished(reporting), 0);
    psp_reporting_destroy(&reporting);
    reporting = begin(SHARDS, 2);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 2000002);
    psp_reporting_destroy(&reporting);
}

/* What nobody begins in this way, but an operator's own program may. */
static void a_number_is_above_that_of_any_shard(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[2], 9, 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    for (int looks = 0; looks < 32; looks++)
        ask_all(reporting, shards);
    expect_steps(reporting, "t--");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 10);
    psp_reporting_destroy(&reporting);
}

static void numbers_end(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[2], PSP_REPORT_NUMBER_MAX, 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 2, PSP_REPORTING_REFUSED, 0,
                 "it holds the report 9223372036854775807, and there is no greater number");
    expect_state(reporting, 0, PSP_REPORTING_UNTOLD, 0, "");
    psp_reporting_destroy(&reporting);
}

/* As somebody with the operator's key tells them, past shard 0. */
static void other_bytes_under_one_number_are_told(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    for (int s = 0; s < SHARDS; s++)
        hold(&shards[s], 5, s == 1 ? 3 : 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 6);
    assert_int_equal(psp_reporting_other(reporting, 0), 0);
    assert_int_equal(psp_reporting_other(reporting, 1), 5);
    assert_int_equal(psp_reporting_other(reporting, 2), 0);
    psp_reporting_destroy(&reporting);
    reporting = begin(SHARDS, 1);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_other(reporting, 1), 0);
    psp_reporting_destroy(&reporting);
}

static void a_refusal_that_no_number_explains_is_final(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    psp_reporting_take_refused(reporting, 0, "no such leaf");
    ask_all(reporting, shards);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 0, PSP_REPORTING_REFUSED, 0, "no such leaf");
    psp_reporting_destroy(&reporting);

    hold(&shards[0], 5, 2);
    reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    carry(reporting, 1, &shards[1]);
    psp_reporting_take_refused(reporting, 2, "no such unit");
    ask_all(reporting, shards);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 1, PSP_REPORTING_UNTOLD, 0, "");
    expect_state(reporting, 2, PSP_REPORTING_REFUSED, 0, "no such unit");
    psp_reporting_destroy(&reporting);

    reporting = begin(SHARDS, 1); /* who refuses to be asked */
    psp_reporting_take_refused(reporting, 1, "not for you");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 1, PSP_REPORTING_REFUSED, 0, "not for you");
    psp_reporting_destroy(&reporting);
}

static void a_refusal_to_finish_may_come_of_another_who_did(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    hold(&shards[0], 5, 2);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    for (int s = 0; s < SHARDS; s++) { /* meanwhile another has finished and reported */
        if (s > 0)
            hold(&shards[s], 5, 2);
        hold(&shards[s], 6, 3);
    }
    carry(reporting, 1, &shards[1]);
    carry(reporting, 2, &shards[2]);
    expect_steps(reporting, "aaa");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    assert_int_equal(psp_reporting_number(reporting), 7);
    assert_int_equal(psp_reporting_finished(reporting), 0);
    psp_reporting_destroy(&reporting);
}

static void who_always_comes_too_late_gives_up(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    int tries = 0;
    for (; psp_reporting_end(reporting) == PSP_REPORTING_UNDER_WAY; tries++) {
        assert_true(tries < 100);
        ask_all(reporting, shards);
        for (uint64_t s = 0, number = shards[0].number + 1; s < SHARDS; s++) {
            shards[s].taken_n = 0;
            hold(&shards[s], number, 2);
        }
        carry(reporting, 0, &shards[0]);
    }
    assert_int_equal(tries, 32);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 0, PSP_REPORTING_REFUSED, 0, "holds 36 already");
    assert_int_equal(psp_reporting_number(reporting), 0);
    psp_reporting_destroy(&reporting);
}

/* Up to where shard 1 has refused ours, 5. */
static struct psp_reporting *refused_by_shard_1(struct shard *shards)
{
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    ask_all(reporting, shards);
    carry(reporting, 0, &shards[0]);
    carry(reporting, 2, &shards[2]);
    psp_reporting_take_refused(reporting, 1, "I will not");
    expect_steps(reporting, "-a-");
    return reporting;
}

static void who_refuses_ours_is_asked_what_it_holds(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    struct psp_reporting *reporting = refused_by_shard_1(shards);
    carry(reporting, 1, &shards[1]); /* 4 still */
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_UNFINISHED);
    expect_state(reporting, 1, PSP_REPORTING_REFUSED, 0, "I will not");
    psp_reporting_destroy(&reporting);

    reporting = refused_by_shard_1(shards);
    hold(&shards[1], 5, 2); /* another report under our number */
    carry(reporting, 1, &shards[1]);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_UNFINISHED);
    psp_reporting_destroy(&reporting);

    reporting = refused_by_shard_1(shards);
    shards[1].length = shards[0].length - 1; /* and a shorter one */
    memcpy(shards[1].bytes, (const uint8_t[]){0x08, 5, 0x12, 1, 1, 0x18, 1}, 7);
    carry(reporting, 1, &shards[1]);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_UNFINISHED);
    psp_reporting_destroy(&reporting);

    reporting = refused_by_shard_1(shards);
    hold(&shards[1], 5, 1);
    shards[1].index = 12;
    carry(reporting, 1, &shards[1]);
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_DONE);
    expect_state(reporting, 1, PSP_REPORTING_HAS, 12, "I will not");
    psp_reporting_destroy(&reporting);

    reporting = refused_by_shard_1(shards);
    psp_reporting_take_silent(reporting, 1, "gone");
    assert_int_equal(psp_reporting_end(reporting), PSP_REPORTING_UNFINISHED);
    expect_state(reporting, 1, PSP_REPORTING_SILENT, 0, "gone");
    psp_reporting_destroy(&reporting);
}

static void bytes_that_are_no_report_are_refused(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    psp_reporting_take_held(reporting, 1, (struct psp_bytes){leaf_bytes, 3}, 9, 1);
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_NOT_BEGUN);
    expect_state(reporting, 1, PSP_REPORTING_REFUSED, 0, "not the bytes of a report");
    psp_reporting_destroy(&reporting);
}

static void late_answers_are_passed_over(void **state)
{
    (void)state;
    struct shard shards[SHARDS];
    set_up(shards, 4);
    struct psp_reporting *reporting = begin(SHARDS, 1);
    psp_reporting_take_done(reporting, 0, 3, ""); /* to what was never told */
    expect_steps(reporting, "aaa");
    ask_all(reporting, shards);
    tell_held(reporting, 0, &shards[2]);
    tell_held(reporting, 1, &shards[2]);
    psp_reporting_take_refused(reporting, 1, "late");
    psp_reporting_take_silent(reporting, 2, "late");
    psp_reporting_take_done(reporting, 2, 3, "");
    expect_steps(reporting, "t--");
    assert_int_equal(carry_all(reporting, SHARDS, shards), PSP_REPORTING_DONE);
    psp_reporting_take_silent(reporting, 1, "late");
    tell_held(reporting, 1, &shards[2]);
    expect_state(reporting, 1, PSP_REPORTING_HAS, 1, "");
    psp_reporting_destroy(&reporting);
}

/* ---- several at once ---- */

static uint64_t below(uint64_t *random, uint64_t n)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random % n;
}

/* Every shard has taken the same reports, in one order; `spare`: but for the last ones. */
static void expect_one_history(const struct shard *shards, bool spare)
{
    for (int s = 1; s < SHARDS; s++) {
        assert_true(shards[s].taken_n <= shards[0].taken_n);
        assert_true(shards[s].taken_n + (spare ? 1 : 0) >= shards[0].taken_n);
        for (size_t i = 0; i < shards[s].taken_n; i++) {
            assert_int_equal(shards[s].taken[i], shards[0].taken[i]);
            assert_int_equal(shards[s].taken_leaf[i], shards[0].taken_leaf[i]);
        }
    }
}

/* One answers that led the shard before: it has not heard of the last report. */
static void tell_stale(struct psp_reporting *reporting, uint32_t s, const struct shard *shard)
{
    struct psp_bytes bytes = {0};
    struct shard before = {.epoch = shard->epoch};
    if (psp_reporting_step(reporting, s, &bytes) != PSP_REPORTING_ASK)
        return;
    if (shard->taken_n > 1)
        hold(&before, shard->taken[shard->taken_n - 2], shard->taken_leaf[shard->taken_n - 2]);
    tell_held(reporting, s, &before);
}

/* One step of one of them: it may end there, and an answer may get lost. */
static void step_of(uint64_t *random, struct psp_reporting **reporting, struct shard *shards)
{
    const uint32_t s = (uint32_t)below(random, SHARDS);
    struct psp_bytes bytes = {0};
    if (below(random, 40) == 0) { /* killed; called again */
        psp_reporting_destroy(reporting);
        *reporting = begin(SHARDS, (uint8_t)below(random, 8));
    } else if (below(random, 6) == 0) { /* it arrives, the answer is lost */
        if (psp_reporting_step(*reporting, s, &bytes) == PSP_REPORTING_TELL)
            take(&shards[s], bytes);
    } else if (below(random, 30) == 0) {
        psp_reporting_take_silent(*reporting, s, "silent");
    } else if (below(random, 8) == 0) {
        tell_stale(*reporting, s, &shards[s]);
    } else {
        carry(*reporting, s, &shards[s]);
    }
}

static void whatever_happens_there_is_one_report_a_number(void **state)
{
    (void)state;
    enum { REPORTERS = 3, SEEDS = 3000, STEPS = 250 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t random = seed * 0x9E3779B97F4A7C15;
        struct shard shards[SHARDS];
        struct psp_reporting *reporters[REPORTERS];
        set_up(shards, seed % 3);
        for (int r = 0; r < REPORTERS; r++)
            reporters[r] = begin(SHARDS, (uint8_t)r);
        for (int i = 0; i < STEPS && shards[0].taken_n < TAKEN_MAX - REPORTERS - 1; i++) {
            struct psp_reporting **one = &reporters[below(&random, REPORTERS)];
            step_of(&random, one, shards);
            expect_one_history(shards, true);
            if (psp_reporting_end(*one) == PSP_REPORTING_UNDER_WAY)
                continue;
            psp_reporting_destroy(one);
            *one = begin(SHARDS, (uint8_t)below(&random, 8));
        }
        for (int r = 0; r < REPORTERS; r++) {
            carry_all(reporters[r], SHARDS, shards);
            psp_reporting_destroy(&reporters[r]);
        }
        reporters[0] = begin(SHARDS, 7);
        assert_int_equal(carry_all(reporters[0], SHARDS, shards), PSP_REPORTING_DONE);
        psp_reporting_destroy(&reporters[0]);
        expect_one_history(shards, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shard_0_is_told_first),
        cmocka_unit_test(one_shard_is_all),
        cmocka_unit_test(what_shard_0_has_is_finished_first),
        cmocka_unit_test(nothing_is_told_while_a_shard_is_silent),
        cmocka_unit_test(ours_is_not_begun_unless_the_one_before_is_finished),
        cmocka_unit_test(without_an_answer_of_shard_0_it_is_unknown),
        cmocka_unit_test(a_silent_shard_leaves_it_unfinished_and_the_next_call_finishes),
        cmocka_unit_test(of_two_the_slower_one_finishes_and_comes_next),
        cmocka_unit_test(a_report_begun_while_we_ask_is_seen),
        cmocka_unit_test(after_a_restore_numbers_are_above_all_that_were_lost),
        cmocka_unit_test(a_number_is_above_that_of_any_shard),
        cmocka_unit_test(numbers_end),
        cmocka_unit_test(other_bytes_under_one_number_are_told),
        cmocka_unit_test(a_refusal_that_no_number_explains_is_final),
        cmocka_unit_test(a_refusal_to_finish_may_come_of_another_who_did),
        cmocka_unit_test(who_always_comes_too_late_gives_up),
        cmocka_unit_test(who_refuses_ours_is_asked_what_it_holds),
        cmocka_unit_test(bytes_that_are_no_report_are_refused),
        cmocka_unit_test(late_answers_are_passed_over),
        cmocka_unit_test(whatever_happens_there_is_one_report_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
