/* Operators who report, each call a process of its own that can be killed; two of them at
 * once now and then. What is sent to whom is decided by cli/operate/reporting.h. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cli/operate/reporting.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/world/chaos.h"
#include "tests/sim/world/network.h"
#include "wire/message/report.h"

enum {
    AGAIN_US = 300 * SIM_MS,
    SILENT_US = 3000 * SIM_MS, /* then a shard is given up */
    PAUSE_US = 1500 * SIM_MS,  /* before it is called again */
    TICK_MS = 20,
    IDS = 4, /* an answer names the shard, too */
    CURIOUS = 200,
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
static bool reported_units(const struct sim_world *world, bool ret_units[SIM_UNITS])
{
    bool any = false;
    for (uint32_t unit = 1; unit < SIM_UNITS; unit++)
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
    const struct sim_order *order = &reporter->orders[reporter->next];
    bool units[SIM_UNITS] = {false};
    uint8_t leaves[SIM_UNITS * PSP_VARINT32_BYTES_MAX];
    size_t length = 0;
    if (order->again && !reported_units(world, units)) {
        reporter->next++;
        return;
    }
    if (!order->again)
        memcpy(units, order->units, sizeof(units));
    for (uint32_t unit = 1, next = 0; unit < SIM_UNITS; unit++)
        if (units[unit]) {
            length += psp_leaf_put(next, unit - 1, leaves + length);
            next = unit;
        }
    const struct psp_report report = {
        .leaves = {leaves, length}, .final = order->final, .again = order->again};
    reporter->reporting = psp_reporting_create(shard_count(world), &report);
    memset(reporter->shards, 0, sizeof(reporter->shards));
    world->faults.counts[SIM_FAULT_REPORT_AGAIN] += order->again;
    SIM_TRACE(world, "%s begins report %u", sim_actor_name(&reporter->actor), reporter->next);
}

/* What is said to be done every shard has. */
static void check_done(struct sim_world *world, const struct sim_reporter *reporter)
{
    const uint64_t number = psp_reporting_number(reporter->reporting);
    for (uint32_t s = 0; s < shard_count(world); s++)
        if (sim_reports_at(&world->shards[s].judge.reports, UINT64_MAX)->number < number)
            sim_violation(world, "report %" PRIu64 " is said to be done, and shard %u lacks it",
                          number, s);
}

static void end(struct sim_world *world, struct sim_reporter *reporter)
{
    const enum psp_reporting_end came = psp_reporting_end(reporter->reporting);
    SIM_TRACE(world, "%s ends: %d, report %" PRIu64, sim_actor_name(&reporter->actor), came,
              psp_reporting_number(reporter->reporting));
    world->faults.counts[SIM_FAULT_REPORT_FINISHED] +=
        psp_reporting_finished(reporter->reporting) != 0;
    if (came == PSP_REPORTING_DONE) {
        check_done(world, reporter);
        reporter->next++;
    }
    psp_reporting_destroy(&reporter->reporting);
    reporter->not_before_us = world->now_us + sim_below(&world->random, PAUSE_US);
}

/* ---- messages ---- */

static void send(struct sim_world *world, struct sim_reporter *reporter, uint32_t s,
                 enum psp_reporting_step step, struct psp_bytes report)
{
    struct sim_report_shard *shard = &reporter->shards[s];
    const uint32_t r = sim_below(&world->random, world->plan.election.replicas);
    const struct sim_actor *to = &world->shards[s].replicas[r].actor;
    struct psp_cluster_message message = {
        .type = step == PSP_REPORTING_ASK ? PSP_CLUSTER_REPORT_REQUEST : PSP_CLUSTER_OPERATE};
    shard->id = ++reporter->ids * IDS + s;
    shard->again_us = world->now_us + AGAIN_US / 4 + sim_below(&world->random, AGAIN_US);
    message.id = shard->id;
    if (step == PSP_REPORTING_TELL) {
        message.operate.operation = PSP_OPERATE_REPORT;
        message.operate.report = report;
    }
    const enum psp_status status = psp_cluster_message_encode(&message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    sim_send(world, &reporter->actor, to, to->incarnation, &world->buffer, 0);
}

static void take_operated(struct sim_world *world, struct sim_reporter *reporter, uint32_t s,
                          const struct psp_cluster_message *message)
{
    if (message->operated.status == PSP_OPERATED) {
        if (s == 0)
            sim_chaos_reporting(world);
        psp_reporting_take_done(reporter->reporting, s, message->operated.index,
                                message->operated.text);
    } else if (message->operated.status == PSP_OPERATE_REFUSED && !message->operated.temporary) {
        psp_reporting_take_refused(reporter->reporting, s, message->operated.text);
    } else {
        return; /* another replica is asked, later */
    }
    reporter->shards[s] = (struct sim_report_shard){0};
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
    if (reporter->reporting == NULL || s >= shard_count(world) ||
        message.id != reporter->shards[s].id)
        return; /* to a question that was asked again since, or of an earlier call */
    if (message.type == PSP_CLUSTER_OPERATED) {
        take_operated(world, reporter, s, &message);
    } else if (message.type == PSP_CLUSTER_REPORT_REPLY) {
        psp_reporting_take_held(reporter->reporting, s, message.report_reply.report,
                                message.report_reply.index, message.report_reply.epoch);
        reporter->shards[s] = (struct sim_report_shard){0};
    }
}

/* Whatever is due is asked, and again, until the shard is given up. */
static void go_on(struct sim_world *world, struct sim_reporter *reporter)
{
    for (uint32_t s = 0; s < shard_count(world); s++) {
        struct sim_report_shard *shard = &reporter->shards[s];
        struct psp_bytes report = {0};
        const enum psp_reporting_step step = psp_reporting_step(reporter->reporting, s, &report);
        if (step == PSP_REPORTING_WAIT)
            continue;
        if (shard->since_us == 0)
            shard->since_us = world->now_us;
        if (world->now_us > shard->since_us + SILENT_US) {
            *shard = (struct sim_report_shard){0};
            psp_reporting_take_silent(reporter->reporting, s, "no answer");
        } else if (world->now_us >= shard->again_us) {
            send(world, reporter, s, step, report);
        }
    }
}

/* As a recount does. */
static void ask_held(struct sim_world *world, struct sim_reporter *reporter)
{
    const uint32_t s = sim_below(&world->random, shard_count(world));
    const uint32_t r = sim_below(&world->random, world->plan.election.replicas);
    const struct sim_actor *to = &world->shards[s].replicas[r].actor;
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH,
                                          .id = ++reporter->ids * IDS + s};
    message.watch.held = true;
    if (psp_cluster_message_encode(&message, &world->buffer) == PSP_OK)
        sim_send(world, &reporter->actor, to, to->incarnation, &world->buffer, 0);
}

void sim_reporter_stop(struct sim_world *world, struct sim_reporter *reporter)
{
    (void)world;
    psp_reporting_destroy(&reporter->reporting);
}

void sim_reporter_event(struct sim_world *world, struct sim_reporter *reporter,
                        const struct sim_event *event)
{
    if (event != NULL && event->type == SIM_EVENT_MESSAGE)
        take_answer(world, reporter, event);
    if (reporter->reporting != NULL)
        go_on(world, reporter);
    if (reporter->reporting != NULL &&
        psp_reporting_end(reporter->reporting) != PSP_REPORTING_UNDER_WAY)
        end(world, reporter);
    if (reporter->next == reporter->order_count)
        return;
    if (sim_chance(&world->random, CURIOUS))
        ask_held(world, reporter);
    if (reporter->reporting == NULL && world->now_us >= reporter->not_before_us &&
        world->now_us >= reporter->orders[reporter->next].due_us)
        begin(world, reporter);
    if (reporter->actor.wake_us == 0)
        sim_wake_at(world, &reporter->actor, sim_time(world, &reporter->actor).steady_ms + TICK_MS);
}
