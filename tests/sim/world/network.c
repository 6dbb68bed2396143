/* Each message gets its own delay and may be lost or come twice; a cut link loses all. Parts of
 * an answer wait for each other: who gathers them may rely on the order of one connection. */
#include "tests/sim/world/network.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_US = 100 * SIM_MS };

/* Between replicas of a shard that must be left in peace. */
static bool is_calm(const struct sim_world *world, const struct sim_actor *from,
                    const struct sim_actor *to)
{
    if (from->kind != SIM_REPLICA || to->kind != SIM_REPLICA)
        return false;
    return world->shards[from->number / SIM_REPLICAS_MAX].calm;
}

static uint64_t latency(struct sim_world *world, bool calm)
{
    const uint64_t usual = world->plan.latency_us;
    uint64_t us = sim_between(&world->random, usual / 4 + 1, usual);
    if (calm || world->healed || !sim_chance(&world->random, world->plan.late))
        return us;
    us = sim_between(&world->random, us, 40 * us + 400 * SIM_MS);
    if (us >= LATE_US)
        world->faults.counts[SIM_FAULT_DELAY]++;
    return us;
}

static void deliver(struct sim_world *world, const struct sim_actor *from,
                    const struct sim_actor *to, uint32_t incarnation,
                    const struct psp_buffer *message, uint64_t at_us)
{
    struct sim_event *event = sim_event_add(world, SIM_EVENT_MESSAGE, at_us, to);
    event->to_incarnation = incarnation;
    event->from = from->id;
    event->from_incarnation = from->incarnation;
    event->bytes = malloc(message->length + 1);
    assert(event->bytes != NULL);
    memcpy(event->bytes, message->data, message->length);
    event->length = message->length;
    if (at_us < world->newest[from->id][to->id])
        world->faults.counts[SIM_FAULT_REORDER]++;
    else
        world->newest[from->id][to->id] = at_us;
}

/* When a part arrives: not before those sent before it on the same connection. */
static uint64_t after_parts(struct sim_world *world, const struct sim_actor *from,
                            const struct sim_actor *to, uint64_t at_us)
{
    struct sim_line *line = &world->lines[from->id][to->id];
    const bool same =
        line->from_incarnation == from->incarnation && line->to_incarnation == to->incarnation;
    if (!same || at_us > line->part_us)
        *line = (struct sim_line){from->incarnation, to->incarnation, at_us};
    return line->part_us;
}

static void carry(struct sim_world *world, const struct sim_actor *from, const struct sim_actor *to,
                  uint32_t incarnation, const struct sim_parcel *parcel)
{
    const bool calm = is_calm(world, from, to);
    if (world->cut[from->id][to->id] > 0) {
        world->faults.counts[SIM_FAULT_CUT]++;
        return;
    }
    if (from == world->silent || to == world->silent)
        return;
    if (!calm && !world->healed && sim_chance(&world->random, world->plan.drop)) {
        world->faults.counts[SIM_FAULT_DROP]++;
        return;
    }
    const uint64_t sent_us = world->now_us + parcel->extra_us;
    uint64_t at_us = sent_us + latency(world, calm);
    if (parcel->part)
        at_us = after_parts(world, from, to, at_us);
    deliver(world, from, to, incarnation, parcel->message, at_us);
    if (!calm && !world->healed && sim_chance(&world->random, world->plan.duplicate)) {
        world->faults.counts[SIM_FAULT_DUPLICATE]++;
        deliver(world, from, to, incarnation, parcel->message, sent_us + latency(world, calm));
    }
}

void sim_send(struct sim_world *world, const struct sim_actor *from, const struct sim_actor *to,
              uint32_t incarnation, const struct psp_buffer *message, uint64_t extra_us)
{
    carry(world, from, to, incarnation, &(struct sim_parcel){message, extra_us, false});
}

struct psp_peer sim_peer(const struct sim_world *world, const struct sim_event *event)
{
    (void)world;
    struct psp_peer peer = {.length = 6};
    peer.id[1] = (uint8_t)event->from;
    peer.id[2] = (uint8_t)event->from_incarnation;
    peer.id[3] = (uint8_t)(event->from_incarnation >> 8);
    peer.id[4] = (uint8_t)(event->from_incarnation >> 16);
    peer.id[5] = (uint8_t)event->to_incarnation; /* a connection is with one process */
    return peer;
}

bool sim_send_peer(struct sim_world *world, const struct sim_actor *from,
                   const struct psp_peer *peer, const struct sim_parcel *parcel)
{
    assert(peer->length == 6 && peer->id[1] < world->actor_count);
    const struct sim_actor *to = world->actors[peer->id[1]];
    const uint32_t incarnation =
        (uint32_t)peer->id[2] | (uint32_t)peer->id[3] << 8 | (uint32_t)peer->id[4] << 16;
    if (!to->up || to->incarnation != incarnation)
        return false;
    carry(world, from, to, incarnation, parcel);
    return true;
}

void sim_cut(struct sim_world *world, uint32_t from, uint32_t to, uint64_t until_us)
{
    if (from == to)
        return;
    world->cut[from][to]++;
    struct sim_event *event = sim_event_add(world, SIM_EVENT_HEAL, until_us, world->actors[to]);
    event->from = from;
}
