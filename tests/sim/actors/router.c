/* A router's shell in the simulated world. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "election/runs.h"
#include "router/core/budget.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/world/network.h"

enum { TICK_MS = 20, UNSENT_MAX = 64, BOUNDS_US = 5000 * SIM_MS };
#define ASK_ID (UINT64_C(1) << 63) /* no batch of the core has such a one */

struct unsent {
    uint32_t shard, replica;
    uint64_t batch_id;
};

struct unsent_list {
    struct unsent items[UNSENT_MAX];
    uint32_t count;
};

/* ---- only what is known ---- */

/* Who leads; rather one that says so and leads no more, which a router cannot tell. */
static uint32_t asked_replica(const struct sim_world *world, uint32_t s)
{
    const uint32_t leader = sim_leader(world, s);
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        const struct sim_replica *replica = &world->shards[s].replicas[r];
        if (r != leader && replica->actor.up && psp_core_state(replica->core) == PSP_STATE_LEADER)
            return r;
    }
    return leader != PSP_NONE ? leader : 0;
}

/* To whoever leads, as a router does that may not have them judged. */
static void ask_known(struct sim_world *world, struct sim_router *router)
{
    const uint32_t s = sim_below(&world->random, world->plan.election.shards);
    const struct sim_shard *shard = &world->shards[s];
    const struct sim_actor *to = &shard->replicas[asked_replica(world, s)].actor;
    const uint64_t number = router->asked++;
    struct sim_ask *ask = &router->asks[number % SIM_ASKS_MAX];
    *ask = (struct sim_ask){.id = ASK_ID | number, .shard = s, .committed = shard->entry_count};
    ask->station = world->election.stations[sim_below(&world->random, world->plan.clients)];
    uint8_t digests[SIM_ASK_MAX * PSP_DIGEST_BYTES], tags[SIM_ASK_MAX * PSP_TAG_BYTES];
    uint8_t units[SIM_ASK_MAX * 4], methods[SIM_ASK_MAX], marks[SIM_ASK_MAX * 64];
    uint8_t stations[SIM_ASK_MAX * PSP_RUN_BYTES_MAX], styles[SIM_ASK_MAX * PSP_RUN_BYTES_MAX];
    struct psp_runs_writer numbers = {.bytes = stations}, places = {.bytes = styles};
    size_t marks_bytes = 0;
    for (uint32_t tries = sim_below(&world->random, 4 * SIM_ASK_MAX); tries > 0; tries--) {
        const uint32_t b = sim_below(&world->random, world->election.ballot_count);
        const struct sim_ballot *ballot = &world->election.ballots[b];
        if (ballot->shard != s || ask->n == SIM_ASK_MAX)
            continue;
        memcpy(digests + ask->n * PSP_DIGEST_BYTES, ballot->digest, PSP_DIGEST_BYTES);
        memcpy(tags + ask->n * PSP_TAG_BYTES, ballot->tag, PSP_TAG_BYTES);
        psp_put32(units + ask->n * 4, ballot->unit);
        methods[ask->n] = ballot->method;
        memcpy(marks + marks_bytes, ballot->marks, ballot->marks_bytes);
        marks_bytes += ballot->marks_bytes;
        psp_runs_add(&numbers, ask->station, 1);
        psp_runs_add(&places, sim_style_place(ballot->unit, ballot->paper), 1);
        ask->ballots[ask->n++] = b;
    }
    if (ask->n == 0)
        return;
    world->faults.counts[SIM_FAULT_ONLY_KNOWN] += ask->n;
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_BATCH, .id = ask->id};
    psp_cluster_fence(&world->election.cluster, &message.count_batch.fence);
    message.count_batch.only_known = true;
    message.count_batch.columns = (struct psp_count_columns){.n = ask->n,
                                                             .digests = digests,
                                                             .tags = tags,
                                                             .units = units,
                                                             .methods = methods,
                                                             .marks = marks,
                                                             .marks_bytes = marks_bytes,
                                                             .stations = psp_runs_end(&numbers),
                                                             .styles = psp_runs_end(&places)};
    const enum psp_status status = psp_cluster_message_encode(&message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    sim_send(world, &router->actor, to, to->incarnation, &world->buffer, 0);
}

static void take_known(struct sim_world *world, const struct sim_router *router,
                       const struct psp_cluster_message *message)
{
    const struct sim_ask *ask = &router->asks[message->id % SIM_ASKS_MAX];
    if (ask->id == message->id && message->type == PSP_CLUSTER_COUNT_VERDICTS)
        sim_checks_known(world, ask, message);
}

/* ---- the core's actions ---- */

/* ---- what stations may cast ---- */

static bool is_bounded(const struct sim_world *world, uint32_t station, uint64_t after_us)
{
    const struct sim_bounds *bounds = &world->election.bounds[station];
    return bounds->from_us != 0 && world->now_us >= bounds->from_us + after_us;
}

static void take_ballots(struct sim_world *world, struct sim_router *router,
                         const struct psp_peer *peer, uint32_t client,
                         const struct psp_client_message *message)
{
    const struct psp_core_time now = sim_time(world, &router->actor);
    const struct sim_bounds *bounds = &world->election.bounds[client];
    struct psp_station listed = {.number = world->election.stations[client]};
    struct psp_router_station station;
    uint32_t unit = bounds->unit;
    if (is_bounded(world, client, 0)) {
        listed.unit_count = unit != 0;
        listed.units = &unit;
        listed.methods = bounds->methods;
        listed.until_ms = bounds->until_ms;
    }
    const enum psp_status status =
        psp_router_station_init(&station, &listed, world->election.definition);
    assert(status == PSP_OK);
    (void)status;
    psp_router_core_client(router->core, peer, &station, message, now.steady_ms, now.wall_ms);
    psp_router_station_free(&station);
}

/* What is outside goes to a shard only to be asked for, once what waited when the bounds
 * were set has gone out. */
static void check_bounds(struct sim_world *world, const struct psp_cluster_message *message)
{
    const struct psp_count_columns *columns = &message->count_batch.columns;
    struct psp_runs_cursor numbers = psp_runs_begin(columns->stations, 0);
    for (uint32_t row = 0; row < columns->n; row++) {
        const uint32_t number = psp_runs_next(&numbers), unit = psp_get32(columns->units + 4 * row);
        for (uint32_t i = 0; i < world->plan.clients; i++) {
            const struct sim_bounds *bounds = &world->election.bounds[i];
            const bool within =
                (bounds->unit == 0 || bounds->unit == unit) &&
                (bounds->methods == 0 || (columns->methods[row] < SIM_METHODS &&
                                          (bounds->methods >> columns->methods[row] & 1) != 0));
            if (world->election.stations[i] != number || within || !is_bounded(world, i, BOUNDS_US))
                continue;
            world->faults.counts[SIM_FAULT_OUTSIDE_KNOWN]++;
            if (!message->count_batch.only_known)
                sim_violation(world, "a ballot that station %u may not cast goes to a shard",
                              number);
        }
    }
}

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
    check_bounds(world, &message);
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
            sim_send_peer(world, &router->actor, &actions[i].peer,
                          &(struct sim_parcel){&world->buffer, 0, false});
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

/* ---- what waits ---- */

struct waiting { /* a station's message, as it came */
    struct psp_peer peer;
    uint32_t client;
    size_t length;
    uint8_t bytes[];
};

static void check_queue(struct sim_world *world, const struct sim_router *router)
{
    if (psp_budget_messages(router->budget) != router->waiting)
        sim_violation(world, "%u messages of stations wait in a router, and it knows of %u",
                      router->waiting, psp_budget_messages(router->budget));
}

static void queue_message(struct sim_world *world, struct sim_router *router,
                          const struct sim_event *event, uint64_t now_ms)
{
    const uint32_t client = world->actors[event->from]->number;
    struct waiting *waiting = malloc(sizeof *waiting + event->length);
    assert(waiting != NULL);
    *waiting = (struct waiting){sim_peer(world, event), client, event->length};
    memcpy(waiting->bytes, event->bytes, event->length);
    const enum psp_status status = psp_budget_put(
        router->budget, PSP_ROLE_STATION, world->election.stations[client], waiting, event->length);
    router->waiting += status == PSP_OK;
    if (status != PSP_OK) {
        world->faults.counts[SIM_FAULT_OVER_BUDGET]++;
        psp_router_core_over(router->core, &waiting->peer,
                             psp_client_message_batch_id(waiting->bytes, waiting->length));
        free(waiting);
        perform(world, router, now_ms);
    }
    check_queue(world, router);
}

/* A byte is a microsecond. Now and then some are left for later. */
static void serve(struct sim_world *world, struct sim_router *router, uint64_t now_ms)
{
    struct waiting *waiting;
    while (!sim_chance(&world->random, 1000) &&
           (waiting = psp_budget_next(router->budget,
                                      psp_router_core_bulk_waits(router->core, now_ms))) != NULL) {
        struct psp_client_message message;
        const char *reason = "";
        router->waiting--;
        psp_arena_reset(world->arena);
        if (psp_client_message_decode(world->arena, waiting->bytes, waiting->length, &message,
                                      &reason) == PSP_OK)
            take_ballots(world, router, &waiting->peer, waiting->client, &message);
        else
            sim_violation(world, "a router cannot read a station's message: %s", reason);
        psp_budget_spent(router->budget, waiting->length, PSP_BUDGET_USED);
        SIM_TRACE(world, "%s takes ballots of station %u", sim_actor_name(&router->actor),
                  waiting->client);
        free(waiting);
        perform(world, router, now_ms);
    }
    check_queue(world, router);
}

static void drop_queue(struct sim_router *router)
{
    for (void *waiting; (waiting = psp_budget_next(router->budget, false)) != NULL;)
        free(waiting);
    router->waiting = 0;
    psp_budget_destroy(&router->budget);
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
    const struct psp_budget_limits limits = {
        .key_messages_max = (uint32_t)sim_between(&world->random, 1, 8),
        .messages_max = (uint32_t)sim_between(&world->random, 4, 64),
    };
    enum psp_status status = psp_router_core_create(&options, &router->core);
    if (status == PSP_OK)
        status = psp_budget_create(&limits, &router->budget);
    assert(status == PSP_OK);
    (void)status;
    router->wrong_since_us = world->now_us;
    sim_wake_at(world, &router->actor, sim_time(world, &router->actor).steady_ms + TICK_MS);
}

void sim_router_stop(struct sim_world *world, struct sim_router *router)
{
    psp_router_core_destroy(&router->core);
    drop_queue(router);
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
        if ((message.id & ASK_ID) != 0) {
            take_known(world, router, &message);
            return; /* the core was not asked: it has no new actions */
        }
        if (message.type == PSP_CLUSTER_COUNT_VERDICTS || message.type == PSP_CLUSTER_COUNT_REFUSAL)
            psp_router_core_shard(router->core, from->number / SIM_REPLICAS_MAX,
                                  from->number % SIM_REPLICAS_MAX, &message, now_ms);
        SIM_TRACE(world, "%s <- %s: %s %u", sim_actor_name(&router->actor), sim_actor_name(from),
                  message.type == PSP_CLUSTER_COUNT_VERDICTS ? "verdicts" : "refusal",
                  message.type == PSP_CLUSTER_COUNT_VERDICTS ? message.count_verdicts.n
                                                             : message.count_refusal.code);
        perform(world, router, now_ms);
        return;
    }
    queue_message(world, router, event, now_ms);
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
        if (!world->healed && sim_chance(&world->random, world->plan.known))
            ask_known(world, router);
    }
    serve(world, router, now_ms);
    if (event->type != SIM_EVENT_MESSAGE || !sim_chance(&world->random, 3000)) {
        psp_router_core_flush(router->core, now_ms);
        perform(world, router, now_ms);
    }
    if (router->actor.wake_us == 0) {
        const bool busy = psp_router_core_inflight(router->core) > 0 || router->waiting > 0;
        sim_wake_at(world, &router->actor,
                    now_ms + (busy ? sim_between(&world->random, 1, TICK_MS) : 4 * TICK_MS));
    }
}
