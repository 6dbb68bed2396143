/* The threads that read, scrub and mend the log: each wish is an event, so that anything can
 * come between it and its answer. As shard/keeping.c. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "tests/sim/actors/replica.h"
#include "tests/sim/check/durable.h"

enum { RECORDS_MAX = 256 };

/* Payloads are copied: the log may be cut before it is done. */
struct sim_wish {
    uint64_t number; /* of the event */
    struct psp_core_action action;
    uint8_t *payload; /* of MEND */
};

void sim_reader_push(struct sim_world *world, struct sim_replica *replica,
                     const struct psp_core_action *action)
{
    if (replica->wish_count == replica->wish_capacity) {
        replica->wish_capacity = replica->wish_capacity * 2 + 16;
        replica->wishes =
            realloc(replica->wishes, replica->wish_capacity * sizeof *replica->wishes);
        assert(replica->wishes != NULL);
    }
    struct sim_wish *wish = &replica->wishes[replica->wish_count++];
    *wish = (struct sim_wish){.number = ++replica->wish_number, .action = *action};
    if (action->type == PSP_CORE_MEND) {
        wish->payload = malloc(action->mend.record.payload_bytes + 1);
        assert(wish->payload != NULL);
        if (action->mend.record.payload_bytes > 0)
            memcpy(wish->payload, action->mend.record.payload, action->mend.record.payload_bytes);
        wish->action.mend.record.payload = wish->payload;
    }
    struct sim_event *event =
        sim_event_add(world, SIM_EVENT_READER, world->now_us + sim_disk_us(world, replica) / 2 + 1,
                      &replica->actor);
    event->to_incarnation = replica->actor.incarnation;
    event->ticket = wish->number;
}

static bool take(struct sim_replica *replica, uint64_t number, struct sim_wish *ret_wish)
{
    for (uint32_t i = 0; i < replica->wish_count; i++) {
        if (replica->wishes[i].number != number)
            continue;
        *ret_wish = replica->wishes[i];
        memmove(&replica->wishes[i], &replica->wishes[i + 1],
                (--replica->wish_count - i) * sizeof *replica->wishes);
        return true;
    }
    return false;
}

void sim_reader_look(struct sim_world *world, struct sim_replica *replica)
{
    struct psp_journal_damage damage = {.index = 0};
    if (psp_journal_damage(replica->log, &damage))
        SIM_TRACE(world, "%s has %" PRIu64 " damaged records, the first %" PRIu64,
                  sim_actor_name(&replica->actor), damage.known, damage.index);
    psp_core_damage(replica->core, sim_time(world, &replica->actor),
                    &(struct psp_core_damage){damage.known, damage.index, damage.path});
    sim_replica_perform(world, replica);
}

/* ---- each wish ---- */

static void read_records(struct sim_world *world, struct sim_replica *replica,
                         const struct sim_wish *wish)
{
    const bool load = wish->action.type == PSP_CORE_LOAD;
    const uint64_t first = load ? wish->action.load.first : wish->action.read.first;
    const uint64_t last = load ? wish->action.load.last : wish->action.read.last;
    const uint32_t max = (uint32_t)sim_between(&world->random, 1, RECORDS_MAX);
    struct psp_record records[RECORDS_MAX];
    uint8_t *buffers[RECORDS_MAX] = {NULL};
    enum psp_status status = PSP_OK;
    uint32_t n = 0;
    while (n < max && first + n <= last) {
        size_t size = 0;
        status = psp_journal_read(replica->log, first + n, &buffers[n], &size, &records[n]);
        if (status != PSP_OK)
            break;
        n++;
    }
    const bool known =
        status == PSP_ECORRUPT && psp_journal_examine(replica->log, first + n) == PSP_OK;
    const struct psp_core_time now = sim_time(world, &replica->actor);
    if (load && n == 0 && !known) {
        sim_replica_fail_storage(world, replica, "reading the log back", status);
    } else {
        if (load && n == 0)
            psp_core_unreadable(replica->core, now);
        else if (load)
            psp_core_loaded(replica->core, now, records, n);
        else
            psp_core_read(replica->core, now, wish->action.read.number, records, n, status);
        sim_replica_perform(world, replica);
        if (known && !replica->failed)
            sim_reader_look(world, replica);
    }
    for (uint32_t i = 0; i < RECORDS_MAX; i++)
        free(buffers[i]);
}

static bool at_once(void *context, size_t bytes)
{
    *(uint64_t *)context += bytes;
    return true;
}

static void scrub(struct sim_world *world, struct sim_replica *replica, uint64_t index)
{
    struct psp_journal_checked checked;
    uint64_t bytes = 0;
    const enum psp_status status =
        psp_journal_check(replica->log, index, at_once, &bytes, &checked);
    if (status != PSP_OK && status != PSP_ENOENT) {
        sim_replica_fail_storage(world, replica, "scrubbing the log", status);
        return;
    }
    psp_core_scrubbed(replica->core, sim_time(world, &replica->actor), checked.next, bytes);
    sim_replica_perform(world, replica);
    if (checked.damaged && !replica->failed)
        sim_reader_look(world, replica);
}

static enum psp_status mend_or_cut(struct sim_replica *replica, const struct psp_record *record,
                                   bool may_cut)
{
    const enum psp_status status = psp_journal_mend(replica->log, record);
    if (status != PSP_EINVAL || !may_cut)
        return status;
    sim_durable_cut(replica, record->index);
    return psp_journal_truncate(replica->log, record->index);
}

static void mend(struct sim_world *world, struct sim_replica *replica,
                 const struct psp_record *record, bool may_cut)
{
    const enum psp_status status = mend_or_cut(replica, record, may_cut);
    if (status != PSP_OK && status != PSP_EINVAL) {
        sim_replica_fail_storage(world, replica, "mending the log", status);
        return;
    }
    SIM_TRACE(world, "%s mends index %" PRIu64 ": %s", sim_actor_name(&replica->actor),
              record->index, psp_status_text(status));
    world->faults.counts[SIM_FAULT_ROT_MENDED] += status == PSP_OK;
    psp_core_mended(replica->core, sim_time(world, &replica->actor), status);
    sim_replica_perform(world, replica);
    if (!replica->failed)
        sim_reader_look(world, replica);
    if (replica->failed || !replica->waiting)
        return;
    const enum psp_status started = sim_replica_start_core(world, replica);
    replica->waiting = started == PSP_ECORRUPT;
    if (started == PSP_OK) {
        sim_durable_log(replica);
        sim_replica_perform(world, replica);
    } else if (!replica->waiting) {
        sim_replica_fail_storage(world, replica, "reading the log", started);
    }
}

void sim_reader_event(struct sim_world *world, struct sim_replica *replica, uint64_t ticket)
{
    struct sim_wish wish;
    if (!take(replica, ticket, &wish))
        return;
    if (wish.action.type == PSP_CORE_SCRUB)
        scrub(world, replica, wish.action.scrub.index);
    else if (wish.action.type == PSP_CORE_MEND)
        mend(world, replica, &wish.action.mend.record, wish.action.mend.may_cut);
    else
        read_records(world, replica, &wish);
    free(wish.payload);
}

void sim_reader_stop(struct sim_replica *replica)
{
    for (uint32_t i = 0; i < replica->wish_count; i++)
        free(replica->wishes[i].payload);
    replica->wish_count = 0;
    replica->waiting = false;
}
