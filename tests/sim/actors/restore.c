/* All machines of the shards are lost, and their logs are made again from a backup, as
 * cli/audit/restore_log.h makes them; but members keep the raft IDs that they began with: of
 * the old cluster nobody speaks any more. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/raft_id.h"
#include "journal/journal.h"
#include "tests/sim/actors/replica.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/check/durable.h"

enum { DOWN_MS_MAX = 800 };

/* ---- what was on its way ---- */

/* The old cluster's messages are gone; but what it has told collectors they may learn yet. */
static void drop_messages(struct sim_world *world)
{
    for (size_t i = 0; i < world->queue_count; i++) {
        struct sim_event *event = &world->queue[i];
        if (event->type != SIM_EVENT_MESSAGE)
            continue;
        const bool tells = world->actors[event->from]->kind == SIM_REPLICA &&
                           world->actors[event->to]->kind == SIM_COLLECTOR;
        if (!tells || sim_below(&world->random, 3) == 0)
            event->to_incarnation = UINT32_MAX; /* nobody's */
    }
}

static void end_process(struct sim_world *world, struct sim_actor *actor)
{
    const uint64_t down_us = sim_between(&world->random, 1, DOWN_MS_MAX) * SIM_MS;
    if (actor->up) {
        sim_actor_down(world, actor, down_us);
        return;
    }
    actor->restart_us = world->now_us + down_us; /* also one that would not have come up */
    sim_event_add(world, SIM_EVENT_RESTART, actor->restart_us, actor);
}

static void end_processes(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->actor_count; i++) {
        struct sim_actor *actor = world->actors[i];
        if (actor->kind == SIM_OPERATOR ||
            (actor->kind == SIM_COLLECTOR && sim_below(&world->random, 2) == 0))
            continue;
        end_process(world, actor);
    }
}

/* ---- the logs ---- */

/* The genesis of the next epoch, no configuration but the first; the rest as it was. */
static void change(struct sim_world *world, uint64_t index, struct sim_entry *entry)
{
    struct psp_entry decoded;
    const char *reason = "";
    if (entry->type == PSP_RECORD_CONFIGURATION && index > 1) {
        entry->type = PSP_RECORD_BARRIER;
        entry->payload_bytes = 0;
    }
    psp_arena_reset(world->arena);
    if (entry->type != PSP_RECORD_COMMAND ||
        !psp_entry_is_genesis(entry->payload, entry->payload_bytes) ||
        psp_entry_decode(world->arena, entry->payload, entry->payload_bytes, &decoded, &reason) !=
            PSP_OK)
        return;
    decoded.genesis.epoch = world->election.cluster.epoch;
    const enum psp_status status = psp_entry_encode(&decoded, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    free(entry->payload);
    entry->payload = malloc(world->buffer.length);
    assert(entry->payload != NULL);
    memcpy(entry->payload, world->buffer.data, world->buffer.length);
    entry->payload_bytes = (uint32_t)world->buffer.length;
}

static struct sim_entry *backed_up(struct sim_world *world, const struct sim_shard *shard,
                                   uint64_t last)
{
    struct sim_entry *entries = calloc(last + 1, sizeof(*entries));
    assert(entries != NULL);
    for (uint64_t i = 0; i < last; i++) {
        entries[i] = shard->entries[i];
        entries[i].payload = malloc(entries[i].payload_bytes + 1);
        assert(entries[i].payload != NULL);
        memcpy(entries[i].payload, shard->entries[i].payload, entries[i].payload_bytes);
        change(world, i + 1, &entries[i]);
    }
    return entries;
}

static void write_log(struct sim_world *world, struct sim_replica *replica,
                      const struct sim_entry *entries, uint64_t last)
{
    struct psp_reason reason = {0};
    uint64_t term = 0;
    enum psp_status status = sim_replica_open_log(world, replica, &reason);
    for (uint64_t i = 0; i < last && status == PSP_OK; i++) {
        const struct psp_record record = {.index = i + 1,
                                          .term = entries[i].term,
                                          .type = entries[i].type,
                                          .payload = entries[i].payload,
                                          .payload_bytes = entries[i].payload_bytes};
        if (record.term > term) {
            term = record.term;
            status = psp_journal_set_vote(replica->log, term, 0);
        }
        if (status == PSP_OK)
            status = psp_journal_append(replica->log, &record, 1);
    }
    if (status == PSP_OK)
        status = psp_journal_sync(replica->log);
    sim_durable_vote(replica, term, 0);
    psp_journal_close(&replica->log);
    if (status != PSP_OK)
        sim_violation(world, "%s: its log cannot be made again: %s, %s",
                      sim_actor_name(&replica->actor), psp_status_text(status), reason.text);
}

static void restore_replica(struct sim_world *world, struct sim_replica *replica,
                            const struct sim_entry *entries, uint64_t last)
{
    sim_replica_empty(replica);
    sim_disk_end_process(&replica->disk);
    replica->disk.full = replica->disk.failed = false;
    replica->full_until_us = replica->slow_until_us = 0;
    replica->rotten = replica->rotten_old = replica->damaged = replica->joining = replica->refused =
        false;
    replica->failed = replica->store_fails = false;
    world->election.replicas[replica->shard][replica->replica].raft_id =
        psp_raft_id_of(PSP_RAFT_ID_START, replica->replica);
    write_log(world, replica, entries, last);
    sim_disk_end_process(&replica->disk);
}

static void restore_shard(struct sim_world *world, uint32_t s)
{
    struct sim_shard *shard = &world->shards[s];
    /* Copied at a time of its own, while ballots were counted. */
    const uint64_t last =
        sim_between(&world->random, 2 + shard->entry_count / 3, shard->entry_count);
    struct sim_entry *entries = backed_up(world, shard, last);
    SIM_TRACE(world, "shard %u is restored as of %" PRIu64 ", it was at %" PRIu64, s, last,
              shard->entry_count);
    for (uint32_t r = 0; r < world->plan.election.replicas; r++)
        restore_replica(world, &shard->replicas[r], entries, last);
    shard->calm = false;
    sim_durable_forget_leaders(shard);
    sim_checks_restored(world, shard, entries, last);
}

/* ---- and those who live on ---- */

static void cast_again(struct sim_client *client)
{
    for (uint32_t i = 0; i < client->paper_count; i++) {
        client->papers[i].has_receipt = false;
        client->papers[i].receipt = (struct psp_receipt){0};
    }
    client->receipts = 0;
}

static void begin_anew(struct sim_operator *operator_)
{
    memset(operator_->stage, 0, sizeof(operator_->stage));
    memset(operator_->again_us, 0, sizeof(operator_->again_us));
    memset(operator_->moved_us, 0, sizeof(operator_->moved_us));
}

void sim_restore(struct sim_world *world)
{
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        if (world->shards[s].entry_count < 4 || world->shards[s].past.entries != NULL)
            return; /* nothing to lose yet; or it was restored before */
    SIM_TRACE(world, "the shards are restored from a backup");
    world->faults.counts[SIM_FAULT_RESTORE]++;
    end_processes(world);
    drop_messages(world);
    world->election.cluster.epoch++;
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        restore_shard(world, s);
    for (uint32_t i = 0; i < world->plan.clients; i++)
        cast_again(&world->clients[i]);
    begin_anew(&world->operator);
    sim_wake_at(world, &world->operator.actor,
                sim_time(world, &world->operator.actor).steady_ms + 1);
    sim_reporters_again(world);
}
