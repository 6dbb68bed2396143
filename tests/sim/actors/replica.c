/* A replica's shell in the simulated world; its disk and its threads are events. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cluster/raft_id.h"
#include "journal/journal.h"
#include "shard/replica.h"
#include "shard/shell.h"
#include "tests/sim/actors/replica.h"
#include "tests/sim/check/books.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/check/durable.h"
#include "tests/sim/check/reports.h"
#include "tests/sim/mutants.h"
#include "tests/sim/world/network.h"

enum {
    DOWN_US = 800 * SIM_MS,
    SLOW_FACTOR = 60,
    SIM_PART_BYTES = 48, /* so that most partials come in parts */
};

/* The process ends after this event. */
static void fail(struct sim_world *world, struct sim_replica *replica, const char *what)
{
    if (replica->failed)
        return;
    SIM_TRACE(world, "%s fails: %s", sim_actor_name(&replica->actor), what);
    replica->failed = true;
    /* What a kernel keeps of writes that failed is not modelled: the machine goes. */
    if (replica->disk.failed || (replica->disk.dead && sim_below(&world->random, 2) == 0)) {
        replica->power_lost = true;
        world->faults.counts[SIM_FAULT_POWER]++;
    } else if (replica->disk.dead) {
        world->faults.counts[SIM_FAULT_KILL]++;
    }
    replica->down_us = sim_between(&world->random, DOWN_US / 8, 3 * DOWN_US);
}

void sim_replica_fail_storage(struct sim_world *world, struct sim_replica *replica,
                              const char *what, enum psp_status status)
{
    if (status != PSP_EIO && status != PSP_ENOSPC)
        sim_violation(world, "%s: %s: %s", sim_actor_name(&replica->actor), what,
                      psp_status_text(status));
    fail(world, replica, what);
}

static void end_if_failed(struct sim_world *world, struct sim_replica *replica)
{
    if (replica->failed && replica->actor.up)
        sim_actor_down(world, &replica->actor, replica->down_us);
}

uint64_t sim_disk_us(struct sim_world *world, const struct sim_replica *replica)
{
    const uint64_t usual = world->plan.sync_us;
    const uint64_t us = sim_between(&world->random, usual / 8 + 1, usual);
    if (replica->sick && world->now_us < replica->slow_until_us && !world->healed)
        return us + sim_between(&world->random, 1100 * SIM_MS, 2500 * SIM_MS);
    return world->now_us < replica->slow_until_us && !world->healed ? us * SLOW_FACTOR : us;
}

/* ---- the store ---- */

static void store_push(struct sim_store *store, struct psp_count_delta *delta)
{
    if (store->count == store->capacity) {
        store->capacity = store->capacity * 2 + 16;
        store->deltas = realloc(store->deltas, store->capacity * sizeof(struct psp_count_delta *));
        assert(store->deltas != NULL);
    }
    const struct psp_count_delta *last = store->count > 0 ? store->deltas[store->count - 1] : NULL;
    if (SIM_MUTANT(OLD_BOOKS) && last != NULL)
        delta->books = last->books;
    if (SIM_MUTANT(OLD_INDEX) && last != NULL) {
        delta->index = last->index;
        delta->term = last->term;
    }
    store->deltas[store->count++] = delta;
    store->index = delta->index;
    store->term = delta->term;
}

static void store_wipe(struct sim_store *store)
{
    for (uint32_t i = 0; i < store->count; i++)
        psp_count_delta_destroy(&store->deltas[i]);
    store->count = 0;
    store->index = store->term = 0;
}

static void checkpoint_event(struct sim_world *world, struct sim_replica *replica)
{
    sim_event_add(world, SIM_EVENT_CHECKPOINT,
                  world->now_us + sim_disk_us(world, replica) * 4 +
                      sim_below(&world->random, 20000),
                  &replica->actor)
        ->to_incarnation = replica->actor.incarnation;
}

static void checkpoint_begin(struct sim_world *world, struct sim_replica *replica,
                             struct psp_count_delta *delta)
{
    assert(replica->checkpoint == NULL);
    replica->checkpoint = delta;
    replica->checkpoint_durable = false;
    checkpoint_event(world, replica);
}

/* First durable, later told. True: told now. */
static bool checkpoint_step(struct sim_world *world, struct sim_replica *replica)
{
    if (replica->checkpoint_durable)
        return true;
    if (replica->store_fails || replica->disk.full) {
        world->faults.counts[replica->store_fails ? SIM_FAULT_STORE_EIO : SIM_FAULT_ENOSPC]++;
        replica->store_fails = false;
        fail(world, replica, "writing a checkpoint");
        return false;
    }
    replica->checkpoint_index = replica->checkpoint->index;
    replica->checkpoint_term = replica->checkpoint->term;
    store_push(&replica->store, replica->checkpoint);
    replica->checkpoint = NULL;
    replica->checkpoint_durable = true;
    checkpoint_event(world, replica);
    return false;
}

/* ---- carrying out ---- */

static void send_raft(struct sim_world *world, struct sim_replica *replica,
                      const struct psp_core_action *action, uint64_t extra_us)
{
    struct psp_cluster_message message = action->raft.message;
    const bool raft = message.type == PSP_CLUSTER_RAFT;
    if (raft && message.raft.entry_count > 1 && sim_chance(&world->random, world->plan.trimmed)) {
        message.raft.entry_count = 1 + sim_below(&world->random, message.raft.entry_count - 1);
        world->faults.counts[SIM_FAULT_TRIMMED]++;
    }
    const struct sim_actor *to =
        &world->shards[replica->shard].replicas[action->raft.replica].actor;
    if (raft)
        sim_durable_sends(world, replica, &message.raft);
    if (to->up && psp_cluster_message_encode(&message, &world->buffer) == PSP_OK)
        sim_send(world, &replica->actor, to, to->incarnation, &world->buffer, extra_us);
}

static bool is_part(const struct psp_cluster_message *message)
{
    return message->type == PSP_CLUSTER_PARTIAL && message->partial.parts > 1;
}

static void carry_out(struct sim_world *world, struct sim_replica *replica,
                      const struct psp_core_action *action, uint64_t *extra_us)
{
    const struct psp_cluster_message *message = &action->send.message;
    switch (action->type) {
    case PSP_CORE_VOTE: {
        const enum psp_status status =
            psp_journal_set_vote(replica->log, action->vote.term, action->vote.voted_for);
        if (status != PSP_OK)
            sim_replica_fail_storage(world, replica, "writing term and vote", status);
        else
            sim_durable_vote(replica, action->vote.term, action->vote.voted_for);
        *extra_us += sim_disk_us(world, replica);
        return;
    }
    case PSP_CORE_APPEND:
        sim_writer_push(world, replica, action);
        return;
    case PSP_CORE_SEND:
        sim_books_answered(world, replica, &action->send.peer, message);
        if (message->type == PSP_CLUSTER_PARTIAL)
            sim_reports_sent(world, replica, world->actors[action->send.peer.id[1]],
                             &message->partial);
        if (psp_cluster_message_encode(message, &world->buffer) == PSP_OK)
            sim_send_peer(world, &replica->actor, &action->send.peer,
                          &(struct sim_parcel){&world->buffer, *extra_us, is_part(message)});
        return;
    case PSP_CORE_SLOW_DISK:
        sim_disk_was_slow(world, replica, action->slow_disk.to != PSP_NONE);
        return;
    case PSP_CORE_HELD_TOLD:
        return; /* a line in its log */
    case PSP_CORE_CLOCK_OFF:
        world->faults.counts[SIM_FAULT_CLOCK_OFF]++;
        return;
    case PSP_CORE_HEAD_STRANGE:
        world->faults.counts[SIM_FAULT_HEAD_STRANGE]++;
        return;
    case PSP_CORE_SEAL:
        return; /* nobody asks here */
    case PSP_CORE_TOO_LARGE:
        sim_violation(world, "%s has a partial too large", sim_actor_name(&replica->actor));
        return;
    case PSP_CORE_RAFT:
        send_raft(world, replica, action, *extra_us);
        return;
    case PSP_CORE_LOAD:
    case PSP_CORE_READ:
    case PSP_CORE_SCRUB:
    case PSP_CORE_MEND:
        sim_reader_push(world, replica, action);
        return;
    case PSP_CORE_CHECKPOINT:
        checkpoint_begin(world, replica, action->checkpoint);
        return;
    case PSP_CORE_STOP:
        sim_violation(world, "%s stops: %s", sim_actor_name(&replica->actor), action->stop);
        fail(world, replica, "it stops");
        return;
    }
}

void sim_replica_perform(struct sim_world *world, struct sim_replica *replica)
{
    size_t n;
    uint64_t extra_us = 0;
    const struct psp_core_action *actions = psp_core_actions(replica->core, &n);
    for (size_t i = 0; i < n && SIM_MUTANT(SENT_BEFORE_VOTE); i++)
        if (actions[i].type == PSP_CORE_RAFT)
            carry_out(world, replica, &actions[i], &extra_us);
    for (size_t i = 0; i < n; i++) {
        if (SIM_MUTANT(SENT_BEFORE_VOTE) && actions[i].type == PSP_CORE_RAFT)
            continue;
        if (!replica->failed)
            carry_out(world, replica, &actions[i], &extra_us);
        else if (actions[i].type == PSP_CORE_CHECKPOINT)
            psp_count_delta_destroy(&(struct psp_count_delta *){actions[i].checkpoint});
    }
}

/* The end of a turn of the shell's loop. */
static void tick(struct sim_world *world, struct sim_replica *replica)
{
    const struct psp_core_time now = sim_time(world, &replica->actor);
    if (!replica->failed) {
        psp_core_tick(replica->core, now);
        sim_checks_applied(world, replica); /* what it tells is of what it has applied */
        sim_replica_perform(world, replica);
    }
    if (!replica->failed) {
        sim_checks_applied(world, replica);
        sim_durable_leads(world, replica);
        sim_wake_at(world, &replica->actor, psp_core_deadline(replica->core));
    }
}

/* ---- starting ---- */

static enum psp_status restore(struct sim_world *world, struct sim_replica *replica)
{
    enum psp_status status = sim_count_create(&world->election, replica->shard, &replica->count);
    for (uint32_t i = 0; i < replica->store.count && status == PSP_OK; i++)
        status = psp_count_restore(replica->count, replica->store.deltas[i]);
    if (status == PSP_OK && replica->store.count > 0)
        status = psp_count_restore_end(replica->count);
    return status;
}

/* As replica.c: the log must reach the store's index, with its term there. */
static enum psp_status check_log(const struct sim_replica *replica,
                                 struct psp_reason *reterr_reason)
{
    uint64_t term = 0;
    enum psp_record_type type;
    const uint64_t index = replica->store.index;
    const uint64_t first = psp_journal_first(replica->log), last = psp_journal_last(replica->log);
    if (last < index || first > index + 1) {
        psp_reason_set(reterr_reason, "the log ends at %" PRIu64 ", the store is at %" PRIu64, last,
                       index);
        return PSP_ECORRUPT;
    }
    if (index < first)
        return PSP_OK;
    const enum psp_status status = psp_journal_peek(replica->log, index, &term, &type);
    if (status == PSP_ECORRUPT)
        return PSP_OK; /* to be mended */
    if (status == PSP_OK && term == replica->store.term)
        return PSP_OK;
    psp_reason_set(reterr_reason, "log and store have other terms at %" PRIu64, index);
    return status == PSP_OK ? PSP_ECORRUPT : status;
}

enum psp_status sim_replica_open_log(struct sim_world *world, struct sim_replica *replica,
                                     struct psp_reason *reterr_reason)
{
    struct psp_journal_options options = {.directory = "log",
                                          .shard = replica->shard,
                                          .segment_bytes = world->plan.segment_bytes,
                                          .checkpoint_index = replica->store.index,
                                          .mendable = world->plan.election.replicas > 1,
                                          .disk = &replica->disk.table};
    memset(options.cluster_id, 0xC1, sizeof(options.cluster_id));
    const enum psp_status status = psp_journal_open(&options, &replica->log, reterr_reason);
    return status == PSP_OK ? check_log(replica, reterr_reason) : status;
}

static enum psp_status create_core(struct sim_world *world, struct sim_replica *replica)
{
    const struct psp_cluster_shard *shard = &world->election.cluster.shards[replica->shard];
    struct psp_core_options options = {
        .replica = replica->replica,
        .member_count = shard->replica_count,
        .raft_id = shard->replicas[replica->replica].raft_id,
        .definition = world->election.definition,
        .count = replica->count,
        .pid = replica->actor.incarnation,
        .seed = (uint32_t)sim_next(&world->random),
        .part_bytes = SIM_PART_BYTES,
        .signing_key = &world->election.signing_keys[replica->shard],
    };
    psp_replica_genesis(&world->election.cluster, replica->shard, world->election.definition,
                        &options.genesis);
    const enum psp_status status = psp_core_create(&options, &replica->core);
    if (status != PSP_OK || psp_journal_last(replica->log) != 0 || replica->store.index != 0)
        return status;
    struct psp_record first;
    if (!psp_core_bootstrap(replica->core, &first))
        return PSP_OK;
    enum psp_status written = psp_journal_set_vote(replica->log, first.term, 0);
    if (written == PSP_OK)
        sim_durable_vote(replica, first.term, 0);
    if (written == PSP_OK)
        written = psp_journal_append(replica->log, &first, 1);
    return written == PSP_OK ? psp_journal_sync(replica->log) : written;
}

enum psp_status sim_replica_start_core(struct sim_world *world, struct sim_replica *replica)
{
    struct psp_core_start start = {.store_index = replica->store.index,
                                   .store_term = replica->store.term};
    if (replica->store.count > 0) {
        const struct psp_count_delta *newest = replica->store.deltas[replica->store.count - 1];
        start.configuration =
            (struct psp_bytes){newest->configuration, newest->configuration_bytes};
        start.configuration_index = newest->configuration_index;
    }
    psp_journal_vote(replica->log, &start.term, &start.voted_for);
    const bool alone = world->plan.election.replicas == 1;
    start.first_index = alone ? start.store_index + 1 : psp_journal_first(replica->log);
    start.record_count = psp_journal_last(replica->log) + 1 - start.first_index;
    struct psp_record *records = calloc(start.record_count + 1, sizeof(*records));
    uint8_t **buffers = calloc(start.record_count + 1, sizeof(*buffers));
    assert(records != NULL && buffers != NULL);
    enum psp_status status = PSP_OK;
    for (uint64_t i = 0; i < start.record_count && status == PSP_OK; i++) {
        size_t size = 0;
        records[i].index = start.first_index + i;
        status =
            psp_journal_peek(replica->log, records[i].index, &records[i].term, &records[i].type);
        if (status == PSP_OK && records[i].type == PSP_RECORD_CONFIGURATION)
            status =
                psp_journal_read(replica->log, records[i].index, &buffers[i], &size, &records[i]);
    }
    start.records = records;
    if (status == PSP_OK)
        psp_core_start(replica->core, sim_time(world, &replica->actor), &start);
    for (uint64_t i = 0; i < start.record_count; i++)
        free(buffers[i]);
    free(buffers);
    free(records);
    return status;
}

static void refuse(struct sim_world *world, struct sim_replica *replica, enum psp_status status,
                   const char *reason)
{
    SIM_TRACE(world, "%s cannot start: %s: %s", sim_actor_name(&replica->actor),
              psp_status_text(status), reason);
    const bool failing = status == PSP_EIO || status == PSP_ENOSPC;
    if (failing && (replica->disk.dead || replica->disk.failed || replica->disk.full)) {
        fail(world, replica, "opening");
        return;
    }
    replica->failed = true;
    replica->down_us = 0;
    if (!replica->rotten) {
        sim_violation(world, "%s refuses to start on a good disk: %s: %s",
                      sim_actor_name(&replica->actor), psp_status_text(status), reason);
        return;
    }
    world->faults.counts[SIM_FAULT_ROT_REFUSED]++;
    replica->refused = true;
    world->shards[replica->shard].calm = false;
}

static void loaded(struct sim_world *world, const struct sim_replica *replica)
{
    bool forgotten = false;
    for (uint32_t i = 0; i < replica->store.count; i++)
        for (uint32_t k = 0; k < replica->store.deltas[i]->station_n; k++)
            forgotten = forgotten || replica->store.deltas[i]->station_books[k].forgotten > 0;
    world->faults.counts[SIM_FAULT_FORGOTTEN_LOADED] += forgotten;
    sim_books_remembers(world, replica);
    sim_reports_held(world, replica);
}

void sim_replica_start(struct sim_world *world, struct sim_replica *replica)
{
    struct psp_reason reason = {0};
    replica->failed = false;
    replica->started_us = world->now_us;
    replica->disk.full = world->now_us < replica->full_until_us && !world->healed;
    enum psp_status status = restore(world, replica);
    if (status == PSP_OK)
        status = sim_replica_open_log(world, replica, &reason);
    if (status == PSP_OK && psp_journal_note(replica->log)[0] != 0)
        SIM_TRACE(world, "%s: %s", sim_actor_name(&replica->actor), psp_journal_note(replica->log));
    if (status == PSP_OK)
        sim_durable_check_vote(world, replica);
    if (status == PSP_OK)
        status = create_core(world, replica);
    if (status == PSP_OK)
        status = sim_replica_start_core(world, replica);
    struct psp_journal_damage damage;
    replica->waiting = status == PSP_ECORRUPT && replica->core != NULL &&
                       psp_journal_damage(replica->log, &damage);
    if (replica->waiting)
        status = PSP_OK;
    if (status != PSP_OK) {
        refuse(world, replica, status, reason.text);
    } else {
        replica->checked = replica->store.index;
        loaded(world, replica);
        if (!replica->waiting)
            sim_durable_log(replica);
        SIM_TRACE(world, "%s starts at index %" PRIu64 ", log to %" PRIu64,
                  sim_actor_name(&replica->actor), replica->store.index,
                  psp_journal_last(replica->log));
        sim_replica_perform(world, replica);
        sim_reader_look(world, replica);
        tick(world, replica);
    }
    end_if_failed(world, replica);
}

void sim_replica_stop(struct sim_world *world, struct sim_replica *replica)
{
    replica->disk.dead = true; /* closing writes nothing any more */
    psp_core_destroy(&replica->core);
    psp_count_destroy(&replica->count);
    psp_journal_close(&replica->log);
    sim_disk_end_process(&replica->disk);
    sim_writer_stop(replica);
    sim_reader_stop(replica);
    sim_books_stop(replica);
    if (replica->checkpoint != NULL) {
        world->faults.counts[SIM_FAULT_LOST_CHECKPOINT]++;
        psp_count_delta_destroy(&replica->checkpoint);
    }
    replica->checkpoint_durable = false;
    replica->held_told_ms = 0;
    if (replica->power_lost)
        sim_disk_lose_power(&replica->disk);
    replica->power_lost = false;
}

void sim_replica_end_cleanly(struct sim_world *world, struct sim_replica *replica)
{
    /* The writer thread ends first; what it had queued is not written. */
    psp_journal_close(&replica->log);
    world->faults.counts[SIM_FAULT_RESTART]++;
}

/* ---- events ---- */

static void trace_message(struct sim_world *world, const struct sim_replica *replica,
                          const struct sim_actor *from, const struct psp_cluster_message *message)
{
    if (world->trace == NULL)
        return;
    char text[160] = "";
    size_t at = 0;
    for (uint32_t i = 0; message->type == PSP_CLUSTER_RAFT && i < message->raft.field_count; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, " %" PRIu64, message->raft.fields[i]);
    if (message->type == PSP_CLUSTER_RAFT)
        SIM_TRACE(world, "%s <- %s: raft %u:%s, %u entries", sim_actor_name(&replica->actor),
                  sim_actor_name(from), message->raft.type, text, message->raft.entry_count);
    else
        SIM_TRACE(world, "%s <- %s: type %u id %" PRIu64, sim_actor_name(&replica->actor),
                  sim_actor_name(from), message->type, message->id);
}

/* A defect: the leader remembers what it was sent, and says that it has it. */
static bool answer_from_memory(struct sim_world *world, struct sim_replica *replica,
                               const struct psp_core_sender *sender,
                               const struct psp_cluster_message *batch)
{
    if (batch->type != PSP_CLUSTER_COUNT_BATCH ||
        psp_core_state(replica->core) != PSP_STATE_LEADER || batch->count_batch.columns.n != 1)
        return false;
    uint8_t *place = &replica->remembered[batch->count_batch.columns.digests[15]];
    const uint8_t tag = batch->count_batch.columns.tags[0] | 1;
    if (*place != tag) {
        *place = tag;
        return false;
    }
    const uint8_t verdict = psp_verdict_replayed(PSP_COUNTED);
    struct psp_cluster_message answer = {.type = PSP_CLUSTER_COUNT_VERDICTS, .id = batch->id};
    answer.count_verdicts.shard = replica->shard;
    answer.count_verdicts.index = psp_core_applied(replica->core);
    answer.count_verdicts.verdicts = &verdict;
    answer.count_verdicts.n = 1;
    if (psp_cluster_message_encode(&answer, &world->buffer) == PSP_OK)
        sim_send_peer(world, &replica->actor, &sender->peer,
                      &(struct sim_parcel){&world->buffer, 0, false});
    return true;
}

static void take_message(struct sim_world *world, struct sim_replica *replica,
                         const struct sim_event *event)
{
    static const enum psp_role roles[] = {PSP_ROLE_SHARD,     PSP_ROLE_ROUTER,   PSP_ROLE_STATION,
                                          PSP_ROLE_COLLECTOR, PSP_ROLE_OPERATOR, PSP_ROLE_OPERATOR};
    const struct sim_actor *from = world->actors[event->from];
    struct psp_cluster_message message;
    const char *reason = NULL;
    struct psp_core_sender sender = {.peer = sim_peer(world, event), .role = roles[from->kind]};
    sender.id = from->number;
    if (from->kind == SIM_REPLICA)
        sender.id =
            psp_process_id(from->number / SIM_REPLICAS_MAX, from->number % SIM_REPLICAS_MAX);
    psp_arena_reset(world->arena);
    if (psp_cluster_message_decode(world->arena, event->bytes, event->length, &message, &reason) !=
        PSP_OK) {
        sim_violation(world, "%s cannot read a message of %s: %s", sim_actor_name(&replica->actor),
                      sim_actor_name(from), reason);
        return;
    }
    trace_message(world, replica, from, &message);
    sim_books_brought(world, replica, &sender.peer, &message);
    if (SIM_MUTANT(DEDUP_FROM_MEMORY) && answer_from_memory(world, replica, &sender, &message))
        return;
    psp_core_message(replica->core, sim_time(world, &replica->actor), &sender, &message);
}

void sim_replica_event(struct sim_world *world, struct sim_replica *replica,
                       const struct sim_event *event)
{
    bool ends_turn = true;
    replica->disk.full = world->now_us < replica->full_until_us && !world->healed;
    if (event->type == SIM_EVENT_MESSAGE) {
        take_message(world, replica, event);
        if (!world->violated)
            sim_replica_perform(world, replica);
        ends_turn = !sim_chance(&world->random, 1500); /* else more comes first */
    } else if (event->type == SIM_EVENT_WRITER) {
        const bool tells = replica->writer == SIM_WRITER_TELLS;
        sim_writer_event(world, replica);
        ends_turn = tells;
    } else if (event->type == SIM_EVENT_READER) {
        sim_reader_event(world, replica, event->ticket);
    } else if (event->type == SIM_EVENT_CHECKPOINT) {
        ends_turn = checkpoint_step(world, replica);
        if (ends_turn) {
            replica->checkpoint_durable = false;
            psp_core_checkpointed(replica->core, sim_time(world, &replica->actor),
                                  replica->checkpoint_index, replica->checkpoint_term);
            sim_replica_perform(world, replica);
        }
    }
    if (ends_turn)
        tick(world, replica);
    else if (!replica->failed && event->type == SIM_EVENT_MESSAGE)
        sim_wake_at(world, &replica->actor, sim_time(world, &replica->actor).steady_ms + 1);
    end_if_failed(world, replica);
}

uint32_t sim_leader(const struct sim_world *world, uint32_t shard)
{
    uint64_t term = 0;
    uint32_t found = PSP_NONE;
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        const struct sim_replica *replica = &world->shards[shard].replicas[r];
        if (!replica->actor.up || psp_core_state(replica->core) != PSP_STATE_LEADER ||
            psp_core_term(replica->core) < term)
            continue;
        term = psp_core_term(replica->core);
        found = r;
    }
    return found;
}

void sim_shard_init(struct sim_world *world, uint32_t s)
{
    struct sim_shard *shard = &world->shards[s];
    const enum psp_status status = sim_count_create(&world->election, s, &shard->reference);
    assert(status == PSP_OK);
    sim_judge_init(&shard->judge, &world->election, s);
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        struct sim_replica *replica = &shard->replicas[r];
        replica->shard = s;
        replica->replica = r;
        sim_disk_init(&replica->disk, &world->random, &world->faults);
    }
}

void sim_shard_free(struct sim_world *world, uint32_t s)
{
    struct sim_shard *shard = &world->shards[s];
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        struct sim_replica *replica = &shard->replicas[r];
        store_wipe(&replica->store);
        free(replica->store.deltas);
        free(replica->appends);
        free(replica->wishes);
        free(replica->brought);
        sim_disk_free(&replica->disk);
    }
    for (uint64_t i = 0; i < shard->entry_count; i++)
        free(shard->entries[i].payload);
    for (uint64_t i = 0; i < shard->past.entry_count; i++)
        free(shard->past.entries[i].payload);
    free(shard->entries);
    free(shard->past.entries);
    sim_judge_free(&shard->past.judge);
    psp_count_destroy(&shard->reference);
    sim_judge_free(&shard->judge);
    sim_durable_free(shard, world->plan.election.replicas);
}

void sim_replica_empty(struct sim_replica *replica)
{
    sim_disk_wipe(&replica->disk);
    sim_durable_wipe(replica);
    store_wipe(&replica->store);
}

void sim_replica_wipe(struct sim_world *world, struct sim_replica *replica)
{
    /* `psephos replica replace`: the operator asks for the rest, see station.c. */
    if (!SIM_MUTANT(WIPED_KEEPS_ID)) {
        replica->joining = true;
        uint64_t *raft_id = &world->election.replicas[replica->shard][replica->replica].raft_id;
        *raft_id = psp_raft_id_next(*raft_id);
        sim_wake_at(world, &world->operator.actor,
                    sim_time(world, &world->operator.actor).steady_ms + 1);
    }
    sim_replica_empty(replica);
}
