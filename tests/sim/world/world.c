/* The queue of events in order of time; ties in order of making. */
#include "tests/sim/world/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/world/chaos.h"

enum {
    ARENA_BYTES = 64 << 20,
    HEAL_LIMIT_US = 180000 * SIM_MS, /* everything must be counted by then */
    EVENTS_MAX = 20000000,
};

void sim_violation(struct sim_world *world, const char *format, ...)
{
    if (world->violated)
        return;
    world->violated = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->violation, sizeof(world->violation), format, arguments);
    va_end(arguments);
    SIM_TRACE(world, "VIOLATION: %s", world->violation);
}

const char *sim_actor_name(const struct sim_actor *actor)
{
    static char names[4][32];
    static uint32_t next;
    static const char *const kinds[] = {"replica",   "router",   "client",
                                        "collector", "operator", "reporter"};
    char *name = names[next++ % 4];
    if (actor->kind == SIM_REPLICA)
        snprintf(name, sizeof(names[0]), "shard-%u-%u", actor->number / SIM_REPLICAS_MAX,
                 actor->number % SIM_REPLICAS_MAX);
    else
        snprintf(name, sizeof(names[0]), "%s-%u", kinds[actor->kind], actor->number);
    return name;
}

/* ---- time ---- */

struct psp_core_time sim_time(const struct sim_world *world, const struct sim_actor *actor)
{
    struct psp_core_time time;
    time.steady_ms = actor->steady_ms + world->now_us * actor->rate / 1024 / SIM_MS;
    time.wall_ms = (uint64_t)((int64_t)(SIM_WALL_MS + world->now_us / SIM_MS) + actor->wall_ms);
    return time;
}

void sim_wake_at(struct sim_world *world, struct sim_actor *actor, uint64_t steady_ms)
{
    if (steady_ms == UINT64_MAX || !actor->up)
        return;
    uint64_t at_us = world->now_us;
    if (steady_ms > actor->steady_ms) {
        const uint64_t own_us = (steady_ms - actor->steady_ms) * SIM_MS;
        at_us = (own_us * 1024 + actor->rate - 1) / actor->rate;
    }
    if (at_us <= world->now_us)
        at_us = world->now_us + 20;
    if (actor->wake_us == at_us)
        return;
    actor->wake_us = at_us;
    struct sim_event *event = sim_event_add(world, SIM_EVENT_WAKE, at_us, actor);
    event->to_incarnation = actor->incarnation;
    event->ticket = ++actor->ticket;
}

/* ---- the queue: a heap by time, then order ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

struct sim_event *sim_event_add(struct sim_world *world, enum sim_event_type type, uint64_t at_us,
                                const struct sim_actor *to)
{
    if (world->queue_count == world->queue_capacity) {
        world->queue_capacity = world->queue_capacity * 2 + 256;
        world->queue = realloc(world->queue, world->queue_capacity * sizeof(*world->queue));
        assert(world->queue != NULL);
    }
    const struct sim_event event = {
        .at_us = at_us, .order = ++world->order, .type = type, .to = to == NULL ? 0 : to->id};
    size_t at = world->queue_count++;
    while (at > 0 && before(&event, &world->queue[(at - 1) / 2])) {
        world->queue[at] = world->queue[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->queue[at] = event;
    return &world->queue[at]; /* valid until the next one is added */
}

static struct sim_event take_event(struct sim_world *world)
{
    const struct sim_event first = world->queue[0];
    const struct sim_event last = world->queue[--world->queue_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->queue_count)
            break;
        if (child + 1 < world->queue_count &&
            before(&world->queue[child + 1], &world->queue[child]))
            child++;
        if (!before(&world->queue[child], &last))
            break;
        world->queue[at] = world->queue[child];
        at = child;
    }
    if (world->queue_count > 0)
        world->queue[at] = last;
    return first;
}

/* ---- events ---- */

void sim_actor_down(struct sim_world *world, struct sim_actor *actor, uint64_t down_us)
{
    assert(actor->up);
    SIM_TRACE(world, "%s down", sim_actor_name(actor));
    actor->up = false;
    actor->wake_us = 0;
    actor->paused_until_us = 0;
    sim_actor_stop(world, actor);
    actor->restart_us = 0;
    if (down_us > 0) {
        actor->restart_us = world->now_us + down_us;
        sim_event_add(world, SIM_EVENT_RESTART, actor->restart_us, actor);
    }
}

static void restart(struct sim_world *world, struct sim_actor *actor)
{
    if (actor->up || actor->restart_us == 0 || actor->restart_us > world->now_us)
        return;
    actor->restart_us = 0;
    actor->up = true;
    actor->incarnation++;
    if (sim_chance(&world->random, 5000)) /* of the machine: its steady clock starts anew */
        actor->steady_ms = sim_between(&world->random, 0, 1000000);
    SIM_TRACE(world, "%s up, incarnation %u", sim_actor_name(actor), actor->incarnation);
    sim_actor_start(world, actor);
}

/* For the process that was meant, when it runs. True: later. */
static bool held_up(struct sim_world *world, const struct sim_actor *actor,
                    const struct sim_event *event)
{
    if (actor->paused_until_us <= world->now_us)
        return false;
    struct sim_event *again = sim_event_add(world, event->type, actor->paused_until_us, actor);
    const uint64_t at_us = again->at_us, order = again->order;
    *again = *event;
    again->at_us = at_us;
    again->order = order;
    return true;
}

static bool is_for(const struct sim_actor *actor, const struct sim_event *event)
{
    if (!actor->up)
        return false;
    if (event->type == SIM_EVENT_WAKE)
        return event->to_incarnation == actor->incarnation && event->ticket == actor->ticket;
    return event->to_incarnation == 0 || event->to_incarnation == actor->incarnation;
}

static void handle(struct sim_world *world, struct sim_event *event)
{
    struct sim_actor *actor = world->actors[event->to];
    switch (event->type) {
    case SIM_EVENT_HEAL:
        if (world->cut[event->from][event->to] > 0)
            world->cut[event->from][event->to]--;
        return;
    case SIM_EVENT_FAULT:
        sim_chaos(world, event);
        return;
    case SIM_EVENT_RESTART:
        restart(world, actor);
        return;
    case SIM_EVENT_MESSAGE:
    case SIM_EVENT_WAKE:
    case SIM_EVENT_WRITER:
    case SIM_EVENT_CHECKPOINT:
    case SIM_EVENT_READER:
    case SIM_EVENT_GONE:
        break;
    }
    if (!is_for(actor, event))
        return;
    if (event->type == SIM_EVENT_MESSAGE && world->cut[event->from][event->to] > 0 &&
        sim_below(&world->random, 2) == 0) { /* on its way when the link was cut */
        world->faults.counts[SIM_FAULT_CUT]++;
        return;
    }
    if (held_up(world, actor, event)) {
        event->bytes = NULL; /* the new one has them */
        return;
    }
    if (event->type == SIM_EVENT_WAKE)
        actor->wake_us = 0;
    event->to_incarnation = actor->incarnation;
    sim_actor_event(world, actor, event);
}

static void note(struct sim_world *world, const struct sim_event *event)
{
    sim_mix(world, event->at_us);
    sim_mix(world, (uint64_t)event->type << 32 | event->from << 8 | event->to);
    for (size_t i = 0; i + 8 <= event->length; i += 8) {
        uint64_t word;
        memcpy(&word, event->bytes + i, 8);
        sim_mix(world, word);
    }
    sim_mix(world, event->length);
}

void sim_world_run(struct sim_world *world)
{
    while (!world->violated && !sim_checks_done(world)) {
        if (world->queue_count == 0 || world->events > EVENTS_MAX) {
            sim_violation(world, "nothing more happens, and not everything is counted");
            break;
        }
        struct sim_event event = take_event(world);
        assert(event.at_us >= world->now_us);
        world->now_us = event.at_us;
        world->events++;
        note(world, &event);
        handle(world, &event);
        free(event.bytes);
        if (!world->healed && world->plan.silent_us > 0 && world->now_us >= world->plan.silent_us)
            sim_chaos_silence(world);
        if (!world->healed && world->now_us >= world->plan.faults_until_us)
            sim_chaos_heal(world);
        if (world->silent != NULL && sim_checks_served(world))
            sim_chaos_hear(world);
        if (world->healed && world->now_us > world->healed_us + HEAL_LIMIT_US)
            sim_checks_explain(world);
    }
    world->ended_us = world->now_us;
    if (!world->violated)
        sim_checks_end(world);
}

/* ---- life ---- */

static void add_actor(struct sim_world *world, struct sim_actor *actor, enum sim_kind kind,
                      uint32_t number)
{
    assert(world->actor_count < SIM_ACTORS_MAX);
    *actor = (struct sim_actor){
        .kind = kind, .id = world->actor_count, .number = number, .rate = 1024, .incarnation = 1};
    actor->steady_ms = sim_between(&world->random, 0, 1000000);
    if (sim_chance(&world->random, world->plan.weights[SIM_FAULT_SKEW])) {
        actor->rate = (uint32_t)sim_between(&world->random, 900, 1150);
        world->faults.counts[SIM_FAULT_SKEW]++;
    }
    actor->wall_ms = (int64_t)sim_between(&world->random, 0, 4000) - 2000;
    world->actors[world->actor_count++] = actor;
}

static void add_actors(struct sim_world *world)
{
    const struct sim_plan *plan = &world->plan;
    for (uint32_t s = 0; s < plan->election.shards; s++) {
        sim_shard_init(world, s);
        for (uint32_t r = 0; r < plan->election.replicas; r++)
            add_actor(world, &world->shards[s].replicas[r].actor, SIM_REPLICA,
                      s * SIM_REPLICAS_MAX + r);
    }
    for (uint32_t i = 0; i < plan->routers; i++)
        add_actor(world, &world->routers[i].actor, SIM_ROUTER, i);
    for (uint32_t i = 0; i < plan->clients; i++)
        add_actor(world, &world->clients[i].actor, SIM_CLIENT, i);
    for (uint32_t i = 0; i < plan->collectors; i++)
        add_actor(world, &world->collectors[i].actor, SIM_COLLECTOR, i);
    add_actor(world, &world->operator.actor, SIM_OPERATOR, 0);
    for (uint32_t i = 0; i < plan->reporters; i++)
        add_actor(world, &world->reporters[i].actor, SIM_REPORTER, i);
}

struct sim_world *sim_world_create(uint64_t seed, FILE *trace)
{
    struct sim_world *world = calloc(1, sizeof(*world));
    assert(world != NULL);
    world->seed = seed;
    world->hash = seed;
    world->trace = trace;
    world->random.state = seed * 0xD1B54A32D192ED03u + 1;
    const enum psp_status status = psp_arena_create(ARENA_BYTES, &world->arena);
    assert(status == PSP_OK);
    (void)status;
    sim_chaos_plan(world);
    sim_election_make(&world->election, &world->plan.election, &world->random);
    add_actors(world);
    sim_clients_plan(world);
    sim_reporters_plan(world);
    sim_chaos_closing(world);
    for (uint32_t i = 0; i < world->actor_count; i++) {
        world->actors[i]->up = true;
        sim_actor_start(world, world->actors[i]);
    }
    sim_chaos_begin(world);
    return world;
}

void sim_world_destroy(struct sim_world **world_at)
{
    struct sim_world *world = *world_at;
    for (uint32_t i = 0; i < world->actor_count; i++)
        if (world->actors[i]->up)
            sim_actor_stop(world, world->actors[i]);
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        sim_shard_free(world, s);
    sim_clients_free(world);
    sim_collectors_free(world);
    for (size_t i = 0; i < world->queue_count; i++)
        free(world->queue[i].bytes);
    free(world->queue);
    psp_buffer_free(&world->buffer);
    psp_arena_destroy(&world->arena);
    sim_election_free(&world->election);
    free(world);
    *world_at = NULL;
}
