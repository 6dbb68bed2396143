/* The log writer's thread, taken apart into events, so that a crash can come between any two. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "tests/sim/actors/replica.h"
#include "tests/sim/check/durable.h"
#include "tests/sim/mutants.h"

enum { SLOW_US = 1000 * SIM_MS, MINUTE_US = 60000 * SIM_MS };

static void writer_event(struct sim_world *world, struct sim_replica *replica,
                         enum sim_writer_state state, uint64_t us)
{
    replica->writer = state;
    sim_event_add(world, SIM_EVENT_WRITER, world->now_us + us, &replica->actor)->to_incarnation =
        replica->actor.incarnation;
}

static void writer_begin(struct sim_world *world, struct sim_replica *replica)
{
    if (replica->writer != SIM_WRITER_IDLE || replica->append_count == 0)
        return;
    replica->writing = (uint32_t)sim_between(&world->random, 1, replica->append_count);
    writer_event(world, replica, SIM_WRITER_WRITES, sim_disk_us(world, replica) / 4 + 1);
}

void sim_writer_push(struct sim_world *world, struct sim_replica *replica,
                     const struct psp_core_action *action)
{
    if (replica->append_count == replica->append_capacity) {
        replica->append_capacity = replica->append_capacity * 2 + 64;
        replica->appends =
            realloc(replica->appends, replica->append_capacity * sizeof(*replica->appends));
        assert(replica->appends != NULL);
    }
    struct sim_append *append = &replica->appends[replica->append_count++];
    append->number = action->append.number;
    append->n = action->append.n;
    append->records = malloc(append->n * sizeof(*append->records));
    assert(append->records != NULL);
    memcpy(append->records, action->append.records, append->n * sizeof(*append->records));
    writer_begin(world, replica);
}

static void writer_write(struct sim_world *world, struct sim_replica *replica)
{
    enum psp_status status = PSP_OK;
    replica->write_us = world->now_us;
    for (uint32_t i = 0; i < replica->writing && status == PSP_OK; i++) {
        const struct sim_append *append = &replica->appends[i];
        if (append->records[0].index <= psp_journal_last(replica->log)) {
            sim_durable_cut(replica, append->records[0].index);
            status = psp_journal_truncate(replica->log, append->records[0].index);
        }
        if (status == PSP_OK)
            status = psp_journal_append(replica->log, append->records, append->n);
    }
    if (status != PSP_OK)
        sim_replica_fail_storage(world, replica, "writing the log", status);
    else
        writer_event(world, replica, SIM_WRITER_SYNCS, sim_disk_us(world, replica));
}

static void writer_sync(struct sim_world *world, struct sim_replica *replica)
{
    const enum psp_status status = psp_journal_sync(replica->log);
    if (status == PSP_OK)
        sim_durable_log(replica);
    if (status != PSP_OK)
        sim_replica_fail_storage(world, replica, "syncing the log", status);
    else
        writer_event(world, replica, SIM_WRITER_TELLS, sim_between(&world->random, 1, 200));
}

/* Whoever says that its disk is slow had a slow write, or has one, within the last minute, and
 * does not hand over for that more often than once a minute. */
void sim_disk_was_slow(struct sim_world *world, struct sim_replica *replica, bool moved)
{
    const bool waits =
        replica->writer != SIM_WRITER_IDLE && world->now_us - replica->write_us > SLOW_US / 2;
    if (!waits && world->now_us - replica->slow_seen_us > MINUTE_US)
        sim_violation(world, "%s says that its disk is slow, and it is not",
                      sim_actor_name(&replica->actor));
    if (!moved)
        return;
    world->faults.counts[SIM_FAULT_SLOW_MOVED]++;
    if (replica->slow_moved_us != 0 && replica->started_us < replica->slow_moved_us &&
        world->now_us - replica->slow_moved_us < MINUTE_US * 9 / 10)
        sim_violation(world, "%s hands over for its disk again and again",
                      sim_actor_name(&replica->actor));
    replica->slow_moved_us = world->now_us;
}

static uint64_t writer_tell(struct sim_replica *replica)
{
    const uint64_t number = replica->appends[replica->writing - 1].number;
    for (uint32_t i = 0; i < replica->writing; i++)
        free(replica->appends[i].records);
    replica->append_count -= replica->writing;
    memmove(replica->appends, replica->appends + replica->writing,
            replica->append_count * sizeof(*replica->appends));
    replica->writer = SIM_WRITER_IDLE;
    replica->writing = 0;
    return number;
}

void sim_writer_event(struct sim_world *world, struct sim_replica *replica)
{
    switch (replica->writer) {
    case SIM_WRITER_IDLE:
        return;
    case SIM_WRITER_WRITES:
        writer_write(world, replica);
        if (SIM_MUTANT(PERSISTED_BEFORE_SYNC) && !replica->failed) {
            psp_core_persisted(replica->core, sim_time(world, &replica->actor),
                               replica->appends[replica->writing - 1].number);
            sim_replica_perform(world, replica);
        }
        return;
    case SIM_WRITER_SYNCS:
        writer_sync(world, replica);
        return;
    case SIM_WRITER_TELLS: {
        const uint64_t number = writer_tell(replica);
        if (world->now_us - replica->write_us > SLOW_US * 8 / 10) /* its clock may run fast */
            replica->slow_seen_us = world->now_us;
        psp_core_synced(replica->core, sim_time(world, &replica->actor),
                        (world->now_us - replica->write_us) / SIM_MS);
        psp_core_persisted(replica->core, sim_time(world, &replica->actor), number);
        sim_replica_perform(world, replica);
        if (!replica->failed)
            writer_begin(world, replica);
        return;
    }
    }
}

void sim_writer_stop(struct sim_replica *replica)
{
    for (uint32_t i = 0; i < replica->append_count; i++)
        free(replica->appends[i].records);
    replica->append_count = replica->writing = 0;
    replica->writer = SIM_WRITER_IDLE;
}
