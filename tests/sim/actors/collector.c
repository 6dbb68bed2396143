/* The collector's shell in the simulated world: board core, store, what is shown. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/mutants.h"
#include "tests/sim/world/network.h"

enum { STRAY_ID = 1 << 30, CURIOUS = 150, LIES = 31, LIE = 1000 };

/* ---- its database: the newest partial of every shard ---- */

static void drop_stored(struct psp_partial *partial)
{
    free((void *)(uintptr_t)partial->rows.data);
    free((void *)(uintptr_t)partial->registered_leaves.data);
    free((void *)(uintptr_t)partial->stations.data);
    free((void *)(uintptr_t)partial->reports.data);
    free((void *)(uintptr_t)partial->leaf_ballots.data);
    *partial = (struct psp_partial){0};
}

static struct psp_bytes numbers(const uint32_t *values, uint32_t n)
{
    uint8_t *bytes = malloc(4 * (size_t)n + 1);
    assert(bytes != NULL);
    for (uint32_t i = 0; i < n; i++)
        psp_put32(bytes + 4 * (size_t)i, values[i]);
    return (struct psp_bytes){bytes, 4 * (size_t)n};
}

static struct psp_bytes stations_of(const struct psp_board *board, uint32_t s)
{
    const struct psp_board_stations *stations = psp_board_shard_stations(board, s);
    uint8_t *bytes = malloc((size_t)stations->end * PSP_STATION_ENCODED_MAX + 1);
    assert(bytes != NULL);
    size_t length = 0;
    uint32_t next = 0;
    for (uint32_t number = 0; number < stations->end; number++) {
        if (stations->list[number].index == 0)
            continue;
        length +=
            psp_station_books_encode(next, number, &stations->list[number].books, bytes + length);
        next = number + 1;
    }
    return (struct psp_bytes){bytes, length};
}

static struct psp_bytes reports_of(const struct psp_board_leaves *leaves)
{
    uint8_t *bytes = malloc((size_t)leaves->leaf_count * PSP_LEAF_REPORT_BYTES_MAX + 1);
    assert(bytes != NULL);
    size_t length = 0;
    for (uint32_t leaf = 0, next = 0; leaf < leaves->leaf_count; leaf++) {
        if (leaves->reports[leaf].number == 0)
            continue;
        length += psp_leaf_report_put(next, leaf, &leaves->reports[leaf], bytes + length);
        next = leaf + 1;
    }
    return (struct psp_bytes){bytes, length};
}

static struct psp_bytes leaf_ballots_of(const struct psp_board_leaves *leaves)
{
    uint8_t *bytes = malloc((size_t)leaves->leaf_count * PSP_LEAF_BALLOTS_BYTES_MAX + 1);
    assert(bytes != NULL);
    size_t length = 0;
    for (uint32_t leaf = 0, next = 0; leaf < leaves->leaf_count; leaf++) {
        if (leaves->ballots[leaf] == 0)
            continue;
        length += psp_leaf_ballots_put(next, leaf, leaves->ballots[leaf], bytes + length);
        next = leaf + 1;
    }
    return (struct psp_bytes){bytes, length};
}

static void store(struct sim_world *world, struct sim_collector *collector, uint32_t s)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    const struct psp_board_shard *shard = psp_board_shard(board, s);
    struct psp_partial *stored = &collector->stored[s];
    if (!shard->present || (collector->has_stored[s] && stored->index == shard->index &&
                            stored->epoch == shard->epoch))
        return;
    drop_stored(stored);
    *stored = (struct psp_partial){.shard = s,
                                   .replica = shard->replica,
                                   .epoch = shard->epoch,
                                   .index = shard->index,
                                   .time_ms = shard->time_ms,
                                   .registered = shard->registered,
                                   .election_state = shard->election_state,
                                   .mode = psp_board_mode(board),
                                   .books = shard->books};
    memcpy(stored->cluster_id, psp_board_cluster_id(board), PSP_CLUSTER_ID_BYTES);
    memcpy(stored->state_hash, shard->state_hash, PSP_HASH_BYTES);
    memcpy(stored->signature, shard->signature, PSP_SIGNATURE_BYTES);
    const struct psp_totals *totals = psp_board_shard_totals(board, s);
    const size_t bytes = psp_totals_encode_since(totals, 0, NULL, 0);
    uint8_t *rows = malloc(bytes + 1);
    assert(rows != NULL);
    psp_totals_encode_since(totals, 0, rows, bytes);
    stored->rows = (struct psp_bytes){rows, bytes};
    stored->stations = stations_of(board, s);
    stored->reports = reports_of(psp_board_shard_leaves(board, s));
    stored->leaf_ballots = leaf_ballots_of(psp_board_shard_leaves(board, s));
    const uint32_t *registered = psp_board_shard_registered(board, s);
    if (registered != NULL)
        stored->registered_leaves = numbers(registered, world->election.definition->leaf_count);
    collector->has_stored[s] = true;
}

/* ---- and what is shown of them ---- */

static void copy_shown(const struct psp_board_shown *from, struct psp_board_shown *to)
{
    const size_t leaves = from->definition->leaf_count;
    memcpy(to->leaves, from->leaves, leaves * sizeof *to->leaves);
    memcpy(to->sources, from->sources, leaves * from->shard_count * sizeof *to->sources);
    if (from->rows == NULL)
        return;
    memcpy(to->rows->cells, from->rows->cells, from->rows->cell_count * sizeof *to->rows->cells);
    memcpy(to->row_reports, from->row_reports, from->rows->row_count * sizeof *to->row_reports);
}

/* A defect: a row has the number of its leaf's report, whichever it shows. */
static void forget_numbers(struct psp_board_shown *shown)
{
    for (uint32_t row = 0; shown->rows != NULL && row < shown->rows->row_count; row++)
        if (shown->row_reports[row] > 0)
            shown->row_reports[row] =
                shown->leaves[psp_totals_row_place(shown->rows, row).leaf].number;
}

static void store_shown(struct sim_collector *collector)
{
    const struct psp_board *board = psp_collector_core_board(collector->core);
    if (collector->stored_shown == NULL) {
        const enum psp_status status = psp_board_shown_create(
            psp_board_definition(board), psp_board_shard_count(board), &collector->stored_shown);
        assert(status == PSP_OK);
    }
    if (!SIM_MUTANT(SHOWN_NOT_STORED))
        copy_shown(psp_board_shown(board), collector->stored_shown);
    if (SIM_MUTANT(SHOWN_NUMBER_LOST))
        forget_numbers(collector->stored_shown);
}

static void restore_shown(struct sim_world *world, struct sim_collector *collector)
{
    struct psp_board *board = psp_collector_core_board(collector->core);
    if (collector->stored_shown == NULL)
        return;
    copy_shown(collector->stored_shown, psp_board_restore_shown(board));
    if (psp_board_restore_end(board) != PSP_OK)
        sim_violation(world, "a collector cannot read back what it showed");
}

/* ---- life ---- */

static void work(struct sim_world *world, struct sim_collector *collector);

void sim_collector_start(struct sim_world *world, struct sim_collector *collector)
{
    enum psp_status status = psp_collector_core_create(world->election.definition,
                                                       &world->election.cluster, &collector->core);
    assert(status == PSP_OK);
    collector->showing = collector->stored_showing;
    restore_shown(world, collector);
    for (uint32_t s = 0; s < world->plan.election.shards; s++) {
        if (collector->shown[s].election == NULL)
            sim_judge_init(&collector->shown[s], &world->election, s);
        if (!collector->has_stored[s])
            continue;
        status = psp_board_merge(psp_collector_core_board(collector->core), &collector->stored[s]);
        if (status != PSP_OK)
            sim_violation(world, "a collector cannot read back shard %u: %s", s,
                          psp_status_text(status));
    }
    work(world, collector);
}

void sim_collector_stop(struct sim_world *world, struct sim_collector *collector)
{
    (void)world;
    psp_collector_core_destroy(&collector->core);
}

void sim_collectors_free(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.collectors; i++) {
        psp_board_shown_destroy(&world->collectors[i].stored_shown);
        psp_catalog_destroy(&world->collectors[i].catalog);
        for (uint32_t s = 0; s < world->plan.election.shards; s++) {
            drop_stored(&world->collectors[i].stored[s]);
            sim_judge_free(&world->collectors[i].shown[s]);
        }
    }
}

/* ---- at work ---- */

static void send_watch(struct sim_world *world, struct sim_collector *collector,
                       const struct psp_collector_watch *watch, uint64_t now_ms)
{
    const struct sim_actor *to = &world->shards[watch->shard].replicas[watch->replica_at].actor;
    if (!to->up && sim_below(&world->random, 2) == 0) {
        world->faults.counts[SIM_FAULT_UNSENT]++;
        psp_collector_core_unsent(collector->core, now_ms, watch);
        return;
    }
    struct psp_cluster_message message = {.type = PSP_CLUSTER_WATCH, .id = watch->watch_id};
    message.watch.after_index = watch->after_index;
    message.watch.base_index = watch->base_index;
    message.watch.base_epoch = watch->base_epoch;
    message.watch.wait_ms = watch->wait_ms;
    message.watch.head = watch->head;
    if (watch->watch_id % LIES == 0) { /* somebody has its key: a head that no shard signed */
        message.watch.head.epoch = world->election.cluster.epoch;
        message.watch.head.index += LIE;
    }
    const enum psp_status status = psp_cluster_message_encode(&message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    sim_send(world, &collector->actor, to, to->incarnation, &world->buffer, 0);
    if (!sim_chance(&world->random, CURIOUS))
        return;
    message.id = STRAY_ID; /* it asks for what is not for it: that is never answered */
    message.watch.held = true;
    if (psp_cluster_message_encode(&message, &world->buffer) == PSP_OK)
        sim_send(world, &collector->actor, to, to->incarnation, &world->buffer, 0);
}

static void work(struct sim_world *world, struct sim_collector *collector)
{
    const uint64_t now_ms = sim_time(world, &collector->actor).steady_ms;
    struct psp_collector_watch watch;
    while (psp_collector_core_next_watch(collector->core, now_ms, &watch))
        send_watch(world, collector, &watch, now_ms);
    if (psp_collector_core_publish_due(collector->core, now_ms)) {
        for (uint32_t s = 0; s < world->plan.election.shards && !SIM_MUTANT(BOARD_NOT_STORED); s++)
            store(world, collector, s);
        if (!SIM_MUTANT(BOARD_NOT_STORED))
            store_shown(collector);
        collector->stored_showing = collector->showing;
        sim_checks_published(world, collector);
        if (!world->violated)
            sim_shown_published(world, collector);
        psp_collector_core_published(collector->core, now_ms, now_ms, 0);
        for (uint32_t s = 0; s < world->plan.election.shards; s++)
            if (psp_collector_core_unsigned(collector->core, s))
                sim_violation(world, "%s shows of shard %u what the shard did not sign",
                              sim_actor_name(&collector->actor), s);
    }
    sim_wake_at(world, &collector->actor, psp_collector_core_wake_ms(collector->core, now_ms));
}

void sim_collector_event(struct sim_world *world, struct sim_collector *collector,
                         const struct sim_event *event)
{
    if (event->type == SIM_EVENT_MESSAGE) {
        const struct sim_actor *from = world->actors[event->from];
        struct psp_cluster_message message;
        const char *reason = "";
        psp_arena_reset(world->arena);
        if (psp_cluster_message_decode(world->arena, event->bytes, event->length, &message,
                                       &reason) != PSP_OK ||
            message.type != PSP_CLUSTER_PARTIAL) {
            sim_violation(world, "a collector cannot read a shard's message: %s", reason);
            return;
        }
        const enum psp_status status = psp_collector_core_partial(
            collector->core, sim_time(world, &collector->actor).steady_ms,
            from->number / SIM_REPLICAS_MAX, from->number % SIM_REPLICAS_MAX, message.id,
            &message.partial);
        SIM_TRACE(world, "%s <- %s: partial at %" PRIu64 ": %s", sim_actor_name(&collector->actor),
                  sim_actor_name(from), message.partial.index, psp_status_text(status));
        if (status == PSP_OK)
            sim_shown_merged(world, collector, message.partial.shard, message.partial.epoch,
                             message.partial.index);
        if (status == PSP_EDIVERGED || status == PSP_EMISMATCH)
            sim_violation(world, "%s says that replicas disagree: %s at index %" PRIu64,
                          sim_actor_name(&collector->actor), psp_status_text(status),
                          message.partial.index);
    }
    work(world, collector);
}
