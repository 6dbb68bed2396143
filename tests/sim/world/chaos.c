/* Draws a plan of faults for the run, then carries it out at its times. */
#include "tests/sim/world/chaos.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/world/network.h"

enum {
    CLOCK_FAR_MS = 60000,
    ROT_TAIL_BYTES = 700,
    WRONG_US = 1200 * SIM_MS,
    CLOSING_US = 500 * SIM_MS,
    CLOSING = 1 << 16, /* in a ticket, beside the kind */
    REPORTING = 1 << 17,
};

/* ---- the plan of a run ---- */

static uint32_t maybe(struct sim_random *random, uint32_t max)
{
    return sim_below(random, 2) == 0 ? 0 : (uint32_t)sim_between(random, 1, max);
}

/* Small enough that what is remembered is forgotten, and late ballots find no room. */
static void plan_limits(struct sim_limits *limits, struct sim_random *random)
{
    if (sim_below(random, 2) == 0) {
        limits->refused_station = sim_between(random, 1, 6);
        limits->refused = sim_between(random, 1, 10);
    }
    if (sim_below(random, 3) == 0) {
        limits->closed_station = sim_between(random, 1, 8);
        limits->closed = sim_between(random, 1, 12);
    }
}

/* Often while the station casts, so that some of its ballots have their verdict already. */
static void plan_bounds(struct sim_plan *plan, struct sim_random *random)
{
    struct sim_bounds *bounds = &plan->election.bounds[sim_below(random, SIM_STATIONS)];
    const uint32_t kind = sim_below(random, 8);
    if (kind > 2)
        return;
    bounds->from_us = sim_between(random, 1, plan->faults_until_us);
    if (kind == 0)
        bounds->unit = 1 + sim_below(random, SIM_UNITS - 1);
    if (kind == 1)
        bounds->methods = 1u << sim_below(random, SIM_METHODS);
    if (kind == 2)
        bounds->until_ms = SIM_WALL_MS + bounds->from_us / SIM_MS;
}

/* Of its own chance: what is drawn here moves nothing else in the world. */
static void plan_stations(struct sim_plan *plan, uint64_t seed)
{
    struct sim_random random = {seed * UINT64_C(0xA0761D6478BD642F) + 2};
    uint32_t number = 0;
    for (uint32_t i = 0; i < SIM_STATIONS; i++) {
        number += (uint32_t)sim_between(&random, 1, sim_below(&random, 4) == 0 ? 90 : 2);
        plan->election.stations[SIM_STATIONS - 1 - i] = number;
    }
    if (sim_below(&random, 30) == 0)
        plan->election.stations[0] = PSP_STATIONS_MAX - sim_below(&random, 5000);
    plan_limits(&plan->election.limits, &random);
    plan->election.roll_styles = sim_below(&random, 2) == 0;
    plan->reopens = plan->closes && sim_below(&random, 3) == 0;
    plan->recloses = plan->reopens && sim_below(&random, 2) == 0;
    plan->close_ahead_ms = sim_below(&random, 3) == 0 ? 0 : sim_between(&random, 1, 3000);
    plan->other_close = maybe(&random, 9000);
    plan->known = maybe(&random, 800);
    plan->greedy = maybe(&random, 5000);
    plan_bounds(plan, &random);
}

/* Of its own chance, too. */
static void plan_reports(struct sim_plan *plan, uint64_t seed)
{
    struct sim_random random = {seed * UINT64_C(0xE7037ED1A0B428DB) + 3};
    struct sim_publishing *publishing = &plan->election.publishing;
    *publishing = (struct sim_publishing){.publication = PSP_PUBLICATION_IMMEDIATE,
                                          .turnout = PSP_PUBLICATION_IMMEDIATE};
    if (sim_below(&random, 5) < 3)
        publishing->publication = PSP_PUBLICATION_REPORTS;
    if (publishing->publication == PSP_PUBLICATION_REPORTS && sim_below(&random, 2) == 0)
        publishing->turnout = PSP_PUBLICATION_REPORTS;
    publishing->report_min = sim_between(&random, 1, sim_below(&random, 2) == 0 ? 3 : 12);
    plan->reporters = sim_below(&random, 3) == 0 ? 2 : 1;
    plan->reports = (uint32_t)sim_between(&random, 1, SIM_ORDERS_MAX - 1);
    plan->cut_report = maybe(&random, 9000);
    if (sim_below(&random, 4) == 0)
        plan->restore_us =
            sim_between(&random, plan->faults_until_us / 4, plan->faults_until_us - 200 * SIM_MS);
}

/* Of its own chance, too; faults end earlier then. */
static void plan_silence(struct sim_plan *plan, uint64_t seed)
{
    struct sim_random random = {seed * UINT64_C(0x8EBC6AF09C88C6E3) + 4};
    if (plan->election.replicas == 3 && plan->restore_us == 0 && sim_below(&random, 3) == 0)
        plan->silent_us = sim_between(&random, plan->faults_until_us / 3, plan->faults_until_us);
}

static void plan_weights(struct sim_plan *plan, struct sim_random *random)
{
    static const uint8_t planned[] = {SIM_FAULT_ONE_WAY,         SIM_FAULT_PARTITION,
                                      SIM_FAULT_ISOLATED,        SIM_FAULT_KILL,
                                      SIM_FAULT_POWER,           SIM_FAULT_ALL_DOWN,
                                      SIM_FAULT_MID_WRITE,       SIM_FAULT_EIO,
                                      SIM_FAULT_STORE_EIO,       SIM_FAULT_ENOSPC,
                                      SIM_FAULT_SLOW_DISK,       SIM_FAULT_ROT,
                                      SIM_FAULT_WIPED,           SIM_FAULT_RESTART,
                                      SIM_FAULT_PAUSE,           SIM_FAULT_JUMP,
                                      SIM_FAULT_OLD_MAP,         SIM_FAULT_ROUTER_CRASH,
                                      SIM_FAULT_COLLECTOR_CRASH, SIM_FAULT_OTHER_KEY,
                                      SIM_FAULT_CLIENT_AGAIN,    SIM_FAULT_MOVE,
                                      SIM_FAULT_LEADER_CUT,      SIM_FAULT_REPORT_KILL,
                                      SIM_FAULT_ROT_OLD};
    for (size_t i = 0; i < sizeof(planned); i++)
        plan->weights[planned[i]] = maybe(random, 10);
    plan->weights[SIM_FAULT_SKEW] = maybe(random, 10000);
    if (plan->election.replicas == 1)
        plan->weights[SIM_FAULT_ROT] = plan->weights[SIM_FAULT_ROT_OLD] =
            plan->weights[SIM_FAULT_WIPED] = plan->weights[SIM_FAULT_MOVE] = 0;
}

/* One leader after the other is cut off while ballots come and disks are slow, so
 * that logs part ways and writes are replaced before they are durable. */
static void plan_turmoil(struct sim_plan *plan, struct sim_random *random)
{
    for (uint32_t i = 0; i < SIM_FAULTS; i++)
        if (i != SIM_FAULT_SKEW)
            plan->weights[i] = (plan->weights[i] + 4) / 5;
    plan->weights[SIM_FAULT_LEADER_CUT] = 20;
    plan->election.shards = 1;
    plan->latency_us = sim_between(random, 1000, 40000);
    plan->sync_us = sim_between(random, 1000, 120000);
    plan->segment_bytes = sim_between(random, 700, 2000);
    plan->trimmed = (uint32_t)sim_between(random, 0, 9000);
    plan->cut_new = (uint32_t)sim_between(random, 0, 8000);
    plan->fault_gap_us = sim_between(random, 300, 900) * SIM_MS;
}

void sim_chaos_plan(struct sim_world *world)
{
    struct sim_random *random = &world->random;
    struct sim_plan *plan = &world->plan;
    static const uint8_t shards[] = {1, 1, 2, 2, 3}, replicas[] = {1, 3, 3, 3};
    plan->election.shards = shards[sim_below(random, sizeof(shards))];
    plan->election.replicas = replicas[sim_below(random, sizeof(replicas))];
    plan->election.ballots = (uint32_t)sim_between(random, 30, 140);
    plan->election.roll = sim_below(random, 2) == 0;
    plan->routers = (uint32_t)sim_between(random, 1, SIM_ROUTERS_MAX);
    plan->clients = (uint32_t)sim_between(random, 1, SIM_CLIENTS_MAX);
    plan->collectors = sim_chance(random, 2000) ? 2 : 1;
    plan->rows = sim_chance(random, 3000);
    plan->closes = sim_chance(random, 5000);
    plan->drop = maybe(random, 1000);
    plan->duplicate = maybe(random, 600);
    plan->late = maybe(random, 1500);
    plan->latency_us = sim_between(random, 200, 1000) * sim_between(random, 1, 20);
    plan->sync_us = sim_between(random, 100, 1000) * sim_between(random, 1, 12);
    plan->segment_bytes = sim_between(random, 1, 32) * 1024;
    plan->faults_until_us = sim_between(random, 3000, 9000) * SIM_MS;
    plan->fault_gap_us = sim_between(random, 60, 600) * SIM_MS;
    plan->trimmed = maybe(random, 3000);
    plan_stations(plan, world->seed);
    plan_reports(plan, world->seed);
    plan_silence(plan, world->seed);
    plan_weights(plan, random);
    if (plan->election.replicas == 3 && sim_below(random, 4) == 0)
        plan_turmoil(plan, random);
}

/* ---- whom it hits ---- */

/* A random replica of a shard that is not to be left in peace, often the
 * leader; NULL: none now. */
static struct sim_replica *victim(struct sim_world *world)
{
    const uint32_t s = sim_below(&world->random, world->plan.election.shards);
    struct sim_shard *shard = &world->shards[s];
    uint32_t r = sim_below(&world->random, world->plan.election.replicas);
    const uint32_t leader = sim_leader(world, s);
    if (leader != PSP_NONE && sim_below(&world->random, 3) == 0)
        r = leader;
    return shard->calm || !shard->replicas[r].actor.up ? NULL : &shard->replicas[r];
}

static uint64_t some_us(struct sim_world *world, uint64_t low_ms, uint64_t high_ms)
{
    return sim_between(&world->random, low_ms, high_ms) * SIM_MS;
}

static bool in_peace(const struct sim_world *world, const struct sim_actor *actor)
{
    return actor->kind == SIM_REPLICA && world->shards[actor->number / SIM_REPLICAS_MAX].calm;
}

static void down(struct sim_world *world, struct sim_replica *replica, bool power)
{
    world->faults.counts[power ? SIM_FAULT_POWER : SIM_FAULT_KILL]++;
    if (sim_leader(world, replica->shard) == replica->replica)
        world->faults.counts[SIM_FAULT_LEADER_DOWN]++;
    replica->power_lost = power;
    sim_actor_down(world, &replica->actor, some_us(world, 1, 2500));
}

/* ---- the faults ---- */

static void cut_links(struct sim_world *world, uint32_t kind)
{
    const uint64_t until_us = world->now_us + some_us(world, 50, 3000);
    const uint32_t a = sim_below(&world->random, world->actor_count);
    const uint32_t b = sim_below(&world->random, world->actor_count);
    if (in_peace(world, world->actors[a]) || in_peace(world, world->actors[b]))
        return;
    world->faults.counts[kind]++;
    SIM_TRACE(world, "%s: %s, %s", sim_fault_name(kind), sim_actor_name(world->actors[a]),
              sim_actor_name(world->actors[b]));
    if (kind == SIM_FAULT_ISOLATED) {
        const bool both = sim_below(&world->random, 2) == 0;
        for (uint32_t i = 0; i < world->actor_count; i++) {
            sim_cut(world, a, i, until_us);
            if (both)
                sim_cut(world, i, a, until_us);
        }
        return;
    }
    sim_cut(world, a, b, until_us);
    if (kind == SIM_FAULT_PARTITION)
        sim_cut(world, b, a, until_us);
}

/* From its followers only: ballots still reach it. */
static void cut_leader(struct sim_world *world)
{
    const uint32_t s = sim_below(&world->random, world->plan.election.shards);
    const struct sim_shard *shard = &world->shards[s];
    const uint32_t leader = sim_leader(world, s);
    if (leader == PSP_NONE || shard->calm)
        return;
    world->faults.counts[SIM_FAULT_LEADER_CUT]++;
    const uint32_t from = shard->replicas[leader].actor.id;
    SIM_TRACE(world, "%s: cut off from its followers", sim_actor_name(world->actors[from]));
    const uint64_t until_us = world->now_us + some_us(world, 200, 2000);
    const uint32_t ways = sim_below(&world->random, 4); /* both, to them, from them, both */
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        const uint32_t to = shard->replicas[r].actor.id;
        if (ways != 2)
            sim_cut(world, from, to, until_us);
        if (ways != 1)
            sim_cut(world, to, from, until_us);
    }
}

/* Disk faults in wait for the next operations. */
static void spoil_disk(struct sim_world *world, struct sim_replica *replica, uint32_t kind)
{
    const uint32_t after = 1 + sim_below(&world->random, 12);
    switch (kind) {
    case SIM_FAULT_MID_WRITE:
        replica->disk.dies_after = after;
        return;
    case SIM_FAULT_EIO:
        replica->disk.fails_after = after;
        return;
    case SIM_FAULT_STORE_EIO:
        replica->store_fails = true;
        return;
    case SIM_FAULT_SLOW_DISK:
        replica->slow_until_us = world->now_us + some_us(world, 100, 3000);
        replica->sick = sim_below(&world->random, 4) == 0; /* each write takes seconds */
        if (replica->sick)
            replica->slow_until_us += some_us(world, 3000, 9000);
        world->faults.counts[kind]++;
        return;
    default:
        break;
    }
    replica->full_until_us = world->now_us + some_us(world, 100, 3000);
    for (uint32_t r = 0; r < world->plan.election.replicas; r++)
        if (sim_chance(&world->random, 3000)) /* and other replicas' disks with it */
            world->shards[replica->shard].replicas[r].full_until_us = replica->full_until_us;
}

/* Everybody else in the shard is up and in peace, until this one has caught up. */
static void leave_in_peace(struct sim_world *world, struct sim_shard *shard)
{
    shard->calm = shard->spoilt = true;
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        struct sim_replica *replica = &shard->replicas[r];
        for (uint32_t other = 0; other < world->actor_count; other++)
            world->cut[replica->actor.id][other] = world->cut[other][replica->actor.id] = 0;
        replica->disk.dies_after = replica->disk.fails_after = 0;
        replica->store_fails = false;
        replica->full_until_us = replica->slow_until_us = 0;
        if (replica->actor.up || replica->damaged)
            continue;
        replica->actor.restart_us = world->now_us + 1;
        sim_event_add(world, SIM_EVENT_RESTART, replica->actor.restart_us, &replica->actor);
    }
}

/* A bit of the vote file, in one of its two copies: harmless, so the replica
 * must start, and nothing else needs to keep still. But the clean end writes both:
 * cut short there, the other copy would be spoilt as well. */
static void damage_vote(struct sim_world *world, struct sim_replica *replica)
{
    replica->disk.dies_after = replica->disk.fails_after = 0;
    sim_replica_end_cleanly(world, replica);
    sim_actor_down(world, &replica->actor, some_us(world, 1, 600));
    if (sim_disk_rot(&replica->disk, true, 0)) {
        world->shards[replica->shard].spoilt = true;
        SIM_TRACE(world, "%s: bit rot in the vote file", sim_actor_name(&replica->actor));
    }
}

static void damage(struct sim_world *world, struct sim_replica *replica, uint32_t kind)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    if (shard->spoilt)
        return;
    if (kind == SIM_FAULT_ROT && sim_chance(&world->random, 4000)) {
        damage_vote(world, replica);
        return;
    }
    const uint64_t last = psp_journal_last(replica->log); /* it may have acknowledged so much */
    replica->power_lost = true;
    sim_actor_down(world, &replica->actor, some_us(world, 3000, 6000));
    if (kind == SIM_FAULT_WIPED) {
        sim_replica_wipe(world, replica);
        world->faults.counts[SIM_FAULT_WIPED]++;
    } else if (!sim_disk_rot(&replica->disk, false,
                             sim_chance(&world->random, 6000) ? ROT_TAIL_BYTES : 0)) {
        return;
    } else {
        replica->rotten = true;
    }
    SIM_TRACE(world, "%s: %s", sim_actor_name(&replica->actor), sim_fault_name(kind));
    replica->damaged = true;
    replica->damaged_last = last > shard->entry_count ? last : shard->entry_count;
    shard->spoilt = true;
    if (kind != SIM_FAULT_WIPED) /* a new ID needs no peace */
        leave_in_peace(world, shard);
}

/* One replica's, and one bit: it is found when the log is read after the restart, and mended by
 * the others. */
static void damage_old(struct sim_world *world, struct sim_replica *replica)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    if (shard->spoilt || !sim_disk_rot_old(&replica->disk))
        return;
    SIM_TRACE(world, "%s: bit rot in an old segment", sim_actor_name(&replica->actor));
    shard->spoilt = replica->rotten = replica->rotten_old = true;
    down(world, replica, false);
}

static void all_down(struct sim_world *world)
{
    struct sim_shard *shard =
        &world->shards[sim_below(&world->random, world->plan.election.shards)];
    if (shard->calm)
        return;
    world->faults.counts[SIM_FAULT_ALL_DOWN]++;
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        if (shard->replicas[r].actor.up)
            down(world, &shard->replicas[r], true);
        else
            sim_disk_lose_power(&shard->replicas[r].disk);
    }
}

static void hit_replica(struct sim_world *world, uint32_t kind)
{
    struct sim_replica *replica = victim(world);
    if (replica == NULL)
        return;
    switch (kind) {
    case SIM_FAULT_KILL:
    case SIM_FAULT_POWER:
        down(world, replica, kind == SIM_FAULT_POWER);
        return;
    case SIM_FAULT_RESTART:
        sim_replica_end_cleanly(world, replica);
        sim_actor_down(world, &replica->actor, some_us(world, 1, 600));
        return;
    case SIM_FAULT_ROT_OLD:
        damage_old(world, replica);
        return;
    case SIM_FAULT_ROT:
    case SIM_FAULT_WIPED:
        damage(world, replica, kind);
        return;
    default:
        SIM_TRACE(world, "%s: %s", sim_actor_name(&replica->actor), sim_fault_name(kind));
        spoil_disk(world, replica, kind);
        return;
    }
}

static void hit_router(struct sim_world *world, uint32_t kind)
{
    struct sim_router *router = &world->routers[sim_below(&world->random, world->plan.routers)];
    if (!router->actor.up)
        return;
    world->faults.counts[kind]++;
    router->old_map = kind == SIM_FAULT_OLD_MAP;
    router->other_key = kind == SIM_FAULT_OTHER_KEY;
    sim_actor_down(world, &router->actor, some_us(world, 1, 1500));
}

/* One replica's clock in four jumps by minutes: past what a leader may be off. */
static void jump(struct sim_world *world, struct sim_actor *actor)
{
    const int64_t by_ms = (int64_t)sim_between(&world->random, 0, 20000) - 10000;
    const bool far = actor->kind == SIM_REPLICA && by_ms % 4 == 0;
    actor->wall_ms += far ? 60 * by_ms : by_ms;
}

static void hit_anybody(struct sim_world *world, uint32_t kind)
{
    struct sim_actor *actor = world->actors[sim_below(&world->random, world->actor_count)];
    if (!actor->up || in_peace(world, actor))
        return;
    world->faults.counts[kind]++;
    if (kind == SIM_FAULT_PAUSE)
        actor->paused_until_us = world->now_us + some_us(world, 20, 2500);
    else
        jump(world, actor);
}

static void kill_process(struct sim_world *world, uint32_t kind)
{
    struct sim_random *random = &world->random;
    const struct sim_plan *plan = &world->plan;
    struct sim_reporter *reporter = &world->reporters[sim_below(random, plan->reporters)];
    struct sim_actor *actor = &reporter->actor;
    if (kind == SIM_FAULT_COLLECTOR_CRASH)
        actor = &world->collectors[sim_below(random, plan->collectors)].actor;
    else if (kind == SIM_FAULT_CLIENT_AGAIN)
        actor = &world->clients[sim_below(random, plan->clients)].actor;
    else if (reporter->reporting == NULL)
        return; /* between two calls there is no process */
    if (!actor->up)
        return;
    world->faults.counts[kind]++;
    sim_actor_down(world, actor, some_us(world, 1, 1500));
}

static void hit(struct sim_world *world, uint32_t kind)
{
    switch (kind) {
    case SIM_FAULT_ONE_WAY:
    case SIM_FAULT_PARTITION:
    case SIM_FAULT_ISOLATED:
        cut_links(world, kind);
        return;
    case SIM_FAULT_LEADER_CUT:
        cut_leader(world);
        return;
    case SIM_FAULT_ALL_DOWN:
        all_down(world);
        return;
    case SIM_FAULT_PAUSE:
    case SIM_FAULT_JUMP:
        hit_anybody(world, kind);
        return;
    case SIM_FAULT_ROUTER_CRASH:
    case SIM_FAULT_OLD_MAP:
    case SIM_FAULT_OTHER_KEY:
        hit_router(world, kind);
        return;
    case SIM_FAULT_MOVE:
        sim_operator_moves(world);
        return;
    case SIM_FAULT_RESTORE:
        sim_restore(world);
        return;
    case SIM_FAULT_COLLECTOR_CRASH:
    case SIM_FAULT_CLIENT_AGAIN:
    case SIM_FAULT_REPORT_KILL:
        kill_process(world, kind);
        return;
    default:
        hit_replica(world, kind);
        return;
    }
}

/* Routers with a wrong configuration are noticed and started anew. */
static void mend_routers(struct sim_world *world, uint64_t after_us)
{
    for (uint32_t i = 0; i < world->plan.routers; i++) {
        struct sim_router *router = &world->routers[i];
        if ((!router->old_map && !router->other_key) ||
            world->now_us < router->wrong_since_us + after_us)
            continue;
        router->old_map = router->other_key = false;
        if (router->actor.up)
            sim_actor_down(world, &router->actor, some_us(world, 1, 100));
    }
}

void sim_chaos_begin(struct sim_world *world)
{
    sim_event_add(world, SIM_EVENT_FAULT, world->plan.fault_gap_us, NULL);
    if (world->plan.restore_us > 0)
        sim_event_add(world, SIM_EVENT_FAULT, world->plan.restore_us, NULL)->ticket =
            SIM_FAULT_RESTORE;
}

void sim_chaos_closing(struct sim_world *world)
{
    static const uint8_t kinds[] = {SIM_FAULT_MOVE, SIM_FAULT_LEADER_CUT, SIM_FAULT_KILL};
    const struct sim_plan *plan = &world->plan;
    if (!plan->closes || plan->close_ahead_ms == 0 || sim_below(&world->random, 2) == 0)
        return;
    const uint64_t closes_us = world->operator.stage_us[SIM_CLOSE] + plan->close_ahead_ms * SIM_MS;
    for (uint32_t n = 1 + sim_below(&world->random, 4); n > 0; n--) {
        const uint64_t at_us = closes_us + sim_below(&world->random, 2 * CLOSING_US) - CLOSING_US;
        const uint32_t kind = kinds[sim_below(&world->random, sizeof(kinds))];
        sim_event_add(world, SIM_EVENT_FAULT, at_us, NULL)->ticket = CLOSING | kind;
    }
}

void sim_chaos_reporting(struct sim_world *world)
{
    static const uint8_t kinds[] = {
        SIM_FAULT_REPORT_KILL,     SIM_FAULT_REPORT_KILL, SIM_FAULT_COLLECTOR_CRASH,
        SIM_FAULT_COLLECTOR_CRASH, SIM_FAULT_KILL,        SIM_FAULT_ALL_DOWN};
    if (world->healed || !sim_chance(&world->random, world->plan.cut_report))
        return;
    const uint64_t at_us = world->now_us + sim_below(&world->random, 300 * SIM_MS);
    const uint32_t kind = kinds[sim_below(&world->random, sizeof(kinds))];
    sim_event_add(world, SIM_EVENT_FAULT, at_us, NULL)->ticket = REPORTING | kind;
}

void sim_chaos_elected(struct sim_world *world)
{
    if (world->healed || !sim_chance(&world->random, world->plan.cut_new))
        return;
    const uint64_t at_us = world->now_us + sim_below(&world->random, 200 * SIM_MS);
    sim_event_add(world, SIM_EVENT_FAULT, at_us, NULL)->ticket = SIM_FAULT_LEADER_CUT;
}

void sim_chaos(struct sim_world *world, const struct sim_event *event)
{
    if (world->healed)
        return;
    if (event->ticket != 0) {
        world->faults.counts[SIM_FAULT_CLOSING_FAULT] += (event->ticket & CLOSING) != 0;
        world->faults.counts[SIM_FAULT_REPORT_FAULT] += (event->ticket & REPORTING) != 0;
        hit(world, (uint32_t)event->ticket & (CLOSING - 1));
        return;
    }
    mend_routers(world, WRONG_US);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < SIM_FAULTS; i++)
        sum += i == SIM_FAULT_SKEW ? 0 : world->plan.weights[i];
    if (sum > 0) {
        uint32_t at = sim_below(&world->random, sum), kind = 0;
        for (;; kind++) {
            const uint32_t weight = kind == SIM_FAULT_SKEW ? 0 : world->plan.weights[kind];
            if (at < weight)
                break;
            at -= weight;
        }
        hit(world, kind);
    }
    const uint64_t gap_us = world->plan.fault_gap_us;
    sim_event_add(world, SIM_EVENT_FAULT,
                  world->now_us + sim_between(&world->random, gap_us / 4, 2 * gap_us), NULL);
}

void sim_chaos_heal(struct sim_world *world)
{
    SIM_TRACE(world, "all is mended");
    world->healed = true;
    world->healed_us = world->now_us;
    memset(world->cut, 0, sizeof(world->cut));
    mend_routers(world, 0);
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
            struct sim_replica *replica = &world->shards[s].replicas[r];
            replica->disk.dies_after = replica->disk.fails_after = 0;
            replica->store_fails = false;
            if (llabs(replica->actor.wall_ms) > CLOCK_FAR_MS) /* alone it would not be waited for */
                replica->actor.wall_ms = 0;
        }
}

/* Whether two of its replicas are enough: none was damaged or wiped, or waits to be a member. */
static bool is_whole(const struct sim_shard *shard)
{
    bool whole = !shard->calm;
    for (uint32_t r = 0; r < SIM_REPLICAS_MAX; r++) {
        const struct sim_replica *replica = &shard->replicas[r];
        whole &= !replica->rotten && !replica->damaged && !replica->wiped && !replica->joining &&
                 !replica->refused;
    }
    return whole;
}

void sim_chaos_silence(struct sim_world *world)
{
    assert(world->plan.election.replicas == SIM_REPLICAS_MAX);
    world->plan.silent_us = 0;
    for (uint32_t s = 0; s < world->plan.election.shards && world->silent == NULL; s++) {
        const uint32_t leader = sim_leader(world, s);
        if (is_whole(&world->shards[s]))
            world->silent = &world->shards[s].replicas[leader != PSP_NONE ? leader : 0].actor;
    }
    if (world->silent == NULL)
        return;
    sim_chaos_heal(world);
    world->faults.counts[SIM_FAULT_SILENT]++;
    SIM_TRACE(world, "%s is silent", sim_actor_name(world->silent));
}

void sim_chaos_hear(struct sim_world *world)
{
    SIM_TRACE(world, "%s is heard again", sim_actor_name(world->silent));
    world->silent = NULL;
    world->healed_us = world->now_us;
}
