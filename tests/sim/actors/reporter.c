/* Operators who report, each call a process of its own that can be killed; two of them at
 * once now and then. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/world/chaos.h"
#include "tests/sim/world/network.h"
#include "wire/message/report.h"

enum {
    AGAIN_US = 300 * SIM_MS,
    GIVES_UP_US = 4000 * SIM_MS,
    PAUSE_US = 1500 * SIM_MS, /* before it is called again */
    TICK_MS = 20,
    EPOCH_REPORTS = 1000000,
    IDS = 4, /* an answer names the shard, too */
};

/* ---- who reports what, and when ---- */

static void plan_order(struct sim_world *world, struct sim_order *order)
{
    const uint64_t end_us = world->plan.faults_until_us;
    order->due_us = sim_between(&world->random, 300 * SIM_MS, end_us + 300 * SIM_MS);
    order->final = sim_below(&world->random, 3) == 0 ? PSP_FINAL_YES : PSP_FINAL_NO;
    order->again = sim_below(&world->random, 8) == 0;
    const uint32_t units = 1 + sim_below(&world->random, (1 << (SIM_UNITS - 1)) - 1);
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
        order->units[unit] = (units >> (unit - 1) & 1) != 0;
    if (order->again)
        order->final = PSP_FINAL_UNCHANGED;
}

void sim_reporters_plan(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.reporters; i++) {
        struct sim_reporter *reporter = &world->reporters[i];
        reporter->order_count = world->plan.reports;
        for (uint32_t k = 0; k < reporter->order_count; k++)
            plan_order(world, &reporter->orders[k]);
    }
}

void sim_reporters_again(struct sim_world *world)
{
    struct sim_reporter *reporter = &world->reporters[0];
    struct sim_order *orders = reporter->orders;
    assert(reporter->order_count < SIM_ORDERS_MAX);
    memmove(&orders[reporter->next + 1], &orders[reporter->next],
            (reporter->order_count - reporter->next) * sizeof(*orders));
    orders[reporter->next] =
        (struct sim_order){.due_us = world->now_us, .final = PSP_FINAL_UNCHANGED, .again = true};
    reporter->order_count++;
}

bool sim_reporters_done(const struct sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.reporters; i++)
        if (world->reporters[i].next < world->reporters[i].order_count)
            return false;
    return true;
}

/* ---- a call ---- */

static uint32_t shard_count(const struct sim_world *world)
{
    return world->plan.election.shards;
}

/* All that any shard was told of; false: nothing. */
static bool reported_leaves(const struct sim_world *world, bool ret_units[SIM_UNITS])
{
    bool any = false;
    for (uint32_t unit = 0; unit < SIM_UNITS; unit++)
        for (uint32_t s = 0; s < shard_count(world); s++) {
            const struct sim_reports *reports = &world->shards[s].judge.reports;
            const bool reported = sim_reports_at(reports, UINT64_MAX)->leaves[unit].number > 0;
            ret_units[unit] = ret_units[unit] || reported;
            any = any || reported;
        }
    return any;
}

static void begin(struct sim_world *world, struct sim_reporter *reporter)
{
    reporter->runs = true;
    reporter->began_us = world->now_us;
    reporter->phase = SIM_REPORT_ASKS;
    reporter->number = 0;
    for (uint32_t s = 0; s < shard_count(world); s++)
        reporter->shards[s] = (struct sim_report_shard){.asked = true};
    SIM_TRACE(world, "%s begins report %u", sim_actor_name(&reporter->actor), reporter->next);
}

static void end(struct sim_world *world, struct sim_reporter *reporter, bool done)
{
    SIM_TRACE(world, "%s ends: %s", sim_actor_name(&reporter->actor), done ? "done" : "not done");
    reporter->runs = false;
    reporter->not_before_us = world->now_us + sim_below(&world->random, PAUSE_US);
    if (!done)
        return;
    reporter->next++;
    for (uint32_t s = 0; s < shard_count(world); s++)
        if (sim_reports_at(&world->shards[s].judge.reports, UINT64_MAX)->number < reporter->number)
            sim_violation(world, "report %" PRIu64 " is said to be done, and shard %u lacks it",
                          reporter->number, s);
}

static void send_to(struct sim_reporter *reporter, uint32_t shard)
{
    reporter->shards[shard].sent = true;
    reporter->shards[shard].again_us = 0;
}

/* Of epochs before this one: not greater. */
static uint64_t lost_numbers(const struct sim_world *world)
{
    return (world->election.cluster.epoch - 1) * EPOCH_REPORTS;
}

/* Another one reports, and shard 0 was asked before it did. */
static bool is_overtaken(const struct sim_world *world, const struct sim_reporter *reporter)
{
    const uint64_t first = reporter->shards[0].held, lost = lost_numbers(world);
    for (uint32_t s = 1; s < shard_count(world); s++)
        if (reporter->shards[s].held > (first > lost ? first : lost))
            return true;
    return false;
}

/* Greater than every number given: also than those that a restore took back. */
static uint64_t new_number(const struct sim_world *world, const struct sim_reporter *reporter)
{
    uint64_t number = lost_numbers(world);
    for (uint32_t s = 0; s < shard_count(world); s++)
        if (reporter->shards[s].held > number)
            number = reporter->shards[s].held;
    return number + 1;
}

/* False: it has nothing to report. */
static bool make_report(struct sim_world *world, struct sim_reporter *reporter)
{
    const struct sim_order *order = &reporter->orders[reporter->next];
    bool units[SIM_UNITS] = {false};
    uint8_t leaves[SIM_UNITS];
    size_t length = 0;
    if (order->again && !reported_leaves(world, units))
        return false;
    if (!order->again)
        memcpy(units, order->units, sizeof(units));
    for (uint32_t unit = 1, next = 0; unit < SIM_UNITS; unit++)
        if (units[unit]) {
            length += psp_leaf_put(next, unit - 1, leaves + length);
            next = unit;
        }
    reporter->number = new_number(world, reporter);
    const struct psp_report report = {
        reporter->number, {leaves, length}, order->final, order->again};
    reporter->length = psp_report_encode(&report, reporter->bytes, sizeof(reporter->bytes));
    assert(reporter->length <= sizeof(reporter->bytes));
    world->faults.counts[SIM_FAULT_REPORT_AGAIN] += order->again;
    return true;
}

static bool all_answered(const struct sim_world *world, const struct sim_reporter *reporter)
{
    for (uint32_t s = 0; s < shard_count(world); s++)
        if (reporter->shards[s].asked || reporter->shards[s].sent)
            return false;
    return true;
}

/* The next step, once every shard has answered the one before. */
static void go_on(struct sim_world *world, struct sim_reporter *reporter)
{
    struct sim_report_shard *shards = reporter->shards;
    bool lacks = false;
    switch (reporter->phase) {
    case SIM_REPORT_ASKS: /* the last one first, wherever it is missing */
        if (is_overtaken(world, reporter)) {
            for (uint32_t s = 0; s < shard_count(world); s++)
                shards[s] = (struct sim_report_shard){.asked = true};
            return;
        }
        reporter->phase = SIM_REPORT_FINISHES;
        memcpy(reporter->bytes, shards[0].bytes, shards[0].length);
        reporter->length = shards[0].length;
        for (uint32_t s = 1; s < shard_count(world); s++)
            if (shards[s].held < shards[0].held) {
                send_to(reporter, s);
                lacks = true;
            }
        if (!lacks)
            go_on(world, reporter);
        return;
    case SIM_REPORT_FINISHES:
        reporter->phase = SIM_REPORT_FIRST;
        if (!make_report(world, reporter)) {
            end(world, reporter, true);
            return;
        }
        send_to(reporter, 0);
        return;
    case SIM_REPORT_FIRST: /* whoever comes first there decides what this number is */
        reporter->phase = SIM_REPORT_OTHERS;
        sim_chaos_reporting(world);
        for (uint32_t s = 1; s < shard_count(world); s++)
            send_to(reporter, s);
        if (shard_count(world) == 1)
            end(world, reporter, true);
        return;
    case SIM_REPORT_OTHERS:
        end(world, reporter, true);
        return;
    }
}

/* ---- messages ---- */

static void send(struct sim_world *world, struct sim_reporter *reporter, uint32_t s)
{
    struct sim_report_shard *shard = &reporter->shards[s];
    const uint32_t r = sim_below(&world->random, world->plan.election.replicas);
    const struct sim_actor *to = &world->shards[s].replicas[r].actor;
    struct psp_cluster_message message = {.type = shard->asked ? PSP_CLUSTER_REPORT_REQUEST
                                                               : PSP_CLUSTER_OPERATE};
    shard->id = ++reporter->ids * IDS + s;
    shard->again_us = world->now_us + AGAIN_US / 4 + sim_below(&world->random, AGAIN_US);
    message.id = shard->id;
    if (!shard->asked) {
        message.operate.operation = PSP_OPERATE_REPORT;
        message.operate.report = (struct psp_bytes){reporter->bytes, reporter->length};
    }
    const enum psp_status status = psp_cluster_message_encode(&message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    sim_send(world, &reporter->actor, to, to->incarnation, &world->buffer, 0);
}

/* Another one was first, or has finished this one: what is there now? */
static void look_again(struct sim_world *world, struct sim_reporter *reporter, uint32_t s)
{
    if (reporter->phase != SIM_REPORT_OTHERS) {
        const uint64_t began_us = reporter->began_us;
        begin(world, reporter);
        reporter->began_us = began_us;
        return;
    }
    reporter->shards[s].asked = true;
    reporter->shards[s].again_us = 0;
}

static void take_report(struct sim_world *world, struct sim_reporter *reporter, uint32_t s,
                        struct psp_bytes bytes)
{
    struct sim_report_shard *shard = &reporter->shards[s];
    struct psp_report report = {0};
    shard->asked = false;
    if (bytes.length > 0 &&
        (bytes.length > sizeof(shard->bytes) || psp_report_decode(bytes, &report) != NULL)) {
        sim_violation(world, "shard %u hands out what is no report", s);
        return;
    }
    shard->held = report.number;
    shard->length = bytes.length;
    if (bytes.length > 0)
        memcpy(shard->bytes, bytes.data, bytes.length);
    if (reporter->phase == SIM_REPORT_OTHERS)
        shard->sent = shard->held < reporter->number;
}

static void take_answer(struct sim_world *world, struct sim_reporter *reporter,
                        const struct sim_event *event)
{
    struct psp_cluster_message message;
    const char *reason = "";
    psp_arena_reset(world->arena);
    if (psp_cluster_message_decode(world->arena, event->bytes, event->length, &message, &reason) !=
        PSP_OK) {
        sim_violation(world, "an operator cannot read a shard's answer: %s", reason);
        return;
    }
    const uint32_t s = (uint32_t)(message.id % IDS);
    if (!reporter->runs || s >= shard_count(world) || message.id != reporter->shards[s].id)
        return; /* of a question that was asked again since, or of an earlier call */
    struct sim_report_shard *shard = &reporter->shards[s];
    if (message.type == PSP_CLUSTER_REPORT_REPLY && shard->asked)
        take_report(world, reporter, s, message.report_reply.report);
    if (message.type == PSP_CLUSTER_OPERATED && shard->sent && !shard->asked) {
        if (message.operated.status == PSP_OPERATED)
            shard->sent = false;
        else if (message.operated.status == PSP_OPERATE_REFUSED && !message.operated.temporary)
            look_again(world, reporter, s);
    }
    if (all_answered(world, reporter))
        go_on(world, reporter);
}

void sim_reporter_stop(struct sim_world *world, struct sim_reporter *reporter)
{
    (void)world;
    reporter->runs = false;
}

void sim_reporter_event(struct sim_world *world, struct sim_reporter *reporter,
                        const struct sim_event *event)
{
    if (event != NULL && event->type == SIM_EVENT_MESSAGE)
        take_answer(world, reporter, event);
    if (reporter->next == reporter->order_count)
        return;
    if (reporter->runs && world->now_us > reporter->began_us + GIVES_UP_US)
        end(world, reporter, false);
    if (!reporter->runs && world->now_us >= reporter->not_before_us &&
        world->now_us >= reporter->orders[reporter->next].due_us)
        begin(world, reporter);
    for (uint32_t s = 0; s < shard_count(world) && reporter->runs; s++)
        if ((reporter->shards[s].asked || reporter->shards[s].sent) &&
            world->now_us >= reporter->shards[s].again_us)
            send(world, reporter, s);
    if (reporter->actor.wake_us == 0)
        sim_wake_at(world, &reporter->actor, sim_time(world, &reporter->actor).steady_ms + TICK_MS);
}
