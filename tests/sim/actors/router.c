/* A router's shell in the simulated world. */
#include <assert.h>
#include <string.h>

#include "tests/sim/actors/actors.h"
#include "tests/sim/world/network.h"

enum { TICK_MS = 20, UNSENT_MAX = 64 };

struct unsent {
    uint32_t shard, replica;
    uint64_t batch_id;
};

struct unsent_list {
    struct unsent items[UNSENT_MAX];
    uint32_t count;
};

static void send_count(struct sim_world *world, struct sim_router *router,
                       const struct psp_router_action *action, struct unsent_list *unsent)
{
    struct psp_cluster_message message;
    const struct sim_actor *to = &world->shards[action->shard].replicas[action->replica].actor;
    if (!to->up && unsent->count < UNSENT_MAX && sim_below(&world->random, 2) == 0) {
        world->faults.counts[SIM_FAULT_UNSENT]++;
        unsent->items[unsent->count++] =
            (struct unsent){action->shard, action->replica, action->batch_id};
        return;
    }
    psp_router_action_count(router->core, action, &message);
    const enum psp_status status = psp_cluster_message_encode(&message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    /* What waits to be sent when a peer goes down may reach the next process there. */
    const uint32_t incarnation = !to->up || sim_below(&world->random, 4) == 0 ? 0 : to->incarnation;
    sim_send(world, &router->actor, to, incarnation, &world->buffer, 0);
}

static void perform_actions(struct sim_world *world, struct sim_router *router,
                            struct unsent_list *unsent)
{
    size_t n = 0;
    const struct psp_router_action *actions = psp_router_core_actions(router->core, &n);
    for (size_t i = 0; i < n; i++) {
        if (actions[i].type == PSP_ROUTER_COUNT) {
            send_count(world, router, &actions[i], unsent);
            continue;
        }
        struct psp_client_message message;
        psp_router_action_answer(router->core, &actions[i], &message);
        if (actions[i].type == PSP_ROUTER_REFUSE && actions[i].code == PSP_REFUSAL_CONFIGURATION)
            world->faults.counts[SIM_FAULT_FENCED]++;
        if (psp_client_message_encode(&message, &world->buffer) == PSP_OK)
            sim_send_peer(world, &router->actor, &actions[i].peer, &world->buffer, 0);
    }
}

static void perform(struct sim_world *world, struct sim_router *router, uint64_t now_ms)
{
    struct unsent_list unsent = {.count = 0};
    perform_actions(world, router, &unsent);
    for (uint32_t i = 0; i < unsent.count; i++) {
        const struct unsent item = unsent.items[i];
        psp_router_core_unsent(router->core, item.shard, item.replica, item.batch_id, true, now_ms);
        perform_actions(world, router, &unsent);
    }
}

void sim_router_start(struct sim_world *world, struct sim_router *router)
{
    const struct sim_election *election = &world->election;
    const struct psp_router_options options = {
        .cluster = router->old_map     ? &election->old_cluster
                   : router->other_key ? &election->key_cluster
                                       : &election->cluster,
        .definition = election->definition,
        .key = router->other_key ? &election->other_key : &election->key,
        .inflight_rows_max = (uint32_t)sim_between(&world->random, 64, 4096),
        .batch_id_first = sim_next(&world->random) >> 8,
    };
    const enum psp_status status = psp_router_core_create(&options, &router->core);
    assert(status == PSP_OK);
    (void)status;
    router->wrong_since_us = world->now_us;
    sim_wake_at(world, &router->actor, sim_time(world, &router->actor).steady_ms + TICK_MS);
}

void sim_router_stop(struct sim_world *world, struct sim_router *router)
{
    psp_router_core_destroy(&router->core);
    for (uint32_t i = 0; i < world->plan.clients; i++) {
        const struct sim_actor *client = &world->clients[i].actor;
        struct sim_event *event =
            sim_event_add(world, SIM_EVENT_GONE,
                          world->now_us + sim_between(&world->random, 1, 400 * SIM_MS), client);
        event->to_incarnation = client->incarnation;
        event->from = router->actor.id;
    }
}

static void take_message(struct sim_world *world, struct sim_router *router,
                         const struct sim_event *event, uint64_t now_ms)
{
    const struct sim_actor *from = world->actors[event->from];
    const char *reason = "";
    psp_arena_reset(world->arena);
    if (from->kind == SIM_REPLICA) {
        struct psp_cluster_message message;
        if (psp_cluster_message_decode(world->arena, event->bytes, event->length, &message,
                                       &reason) != PSP_OK) {
            sim_violation(world, "a router cannot read a shard's message: %s", reason);
            return;
        }
        if (message.type == PSP_CLUSTER_COUNT_VERDICTS || message.type == PSP_CLUSTER_COUNT_REFUSAL)
            psp_router_core_shard(router->core, from->number / SIM_REPLICAS_MAX,
                                  from->number % SIM_REPLICAS_MAX, &message, now_ms);
        SIM_TRACE(world, "%s <- %s: %s %u", sim_actor_name(&router->actor), sim_actor_name(from),
                  message.type == PSP_CLUSTER_COUNT_VERDICTS ? "verdicts" : "refusal",
                  message.type == PSP_CLUSTER_COUNT_VERDICTS ? message.count_verdicts.n
                                                             : message.count_refusal.code);
    } else {
        struct psp_client_message message;
        const struct psp_peer peer = sim_peer(world, event);
        const enum psp_status status =
            psp_client_message_decode(world->arena, event->bytes, event->length, &message, &reason);
        if (status == PSP_OK)
            psp_router_core_client(router->core, &peer,
                                   &(struct psp_router_station){.number = from->number + 1},
                                   &message, now_ms, now_ms);
        else
            sim_violation(world, "a router cannot read a station's message: %s", reason);
        SIM_TRACE(world, "%s <- %s: ballots", sim_actor_name(&router->actor), sim_actor_name(from));
    }
    perform(world, router, now_ms);
}

void sim_router_event(struct sim_world *world, struct sim_router *router,
                      const struct sim_event *event)
{
    const uint64_t now_ms = sim_time(world, &router->actor).steady_ms;
    if (event->type == SIM_EVENT_MESSAGE)
        take_message(world, router, event, now_ms);
    else {
        psp_router_core_tick(router->core, now_ms);
        perform(world, router, now_ms);
    }
    if (event->type != SIM_EVENT_MESSAGE || !sim_chance(&world->random, 3000)) {
        psp_router_core_flush(router->core, now_ms);
        perform(world, router, now_ms);
    }
    if (router->actor.wake_us == 0) {
        const bool busy = psp_router_core_inflight(router->core) > 0;
        sim_wake_at(world, &router->actor,
                    now_ms + (busy ? sim_between(&world->random, 1, TICK_MS) : 4 * TICK_MS));
    }
}
