/* Committed entries reach the count here, in order and once; what it says goes to
 * whoever asked. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "shard/core/inner.h"

/* ---- genesis ---- */

/* Which part of cluster.json the log contradicts; NULL: none. */
static const char *genesis_difference(const struct psp_genesis *log, const struct psp_genesis *own)
{
    const enum psp_fence_part part = psp_fence_difference(&log->fence, &own->fence);
    if (part != PSP_FENCE_PARTS)
        return psp_fence_place(part);
    if (log->shard != own->shard)
        return "number of the shard";
    if (log->slot_first != own->slot_first || log->slot_end != own->slot_end)
        return "slots of the shard";
    if (memcmp(log->shard_roll_hash, own->shard_roll_hash, PSP_HASH_BYTES) != 0)
        return "roll_hash of the shard";
    if (log->rules != own->rules)
        return "rules by which ballots are judged";
    if (log->mode != own->mode)
        return "mode";
    if (log->publication != own->publication || log->turnout != own->turnout ||
        log->report_min != own->report_min)
        return "publication of the election";
    if (log->epoch != own->epoch)
        return "epoch (the cluster was restored from a backup since)";
    return NULL;
}

void psp_core_check_genesis(struct psp_core *core)
{
    const struct psp_genesis *genesis = psp_count_genesis(core->count);
    if (genesis == NULL)
        return;
    const char *difference = genesis_difference(genesis, &core->genesis);
    if (difference != NULL)
        psp_core_stop(core,
                      "the data folder counts another election: %s differs between its first log "
                      "entry and cluster.json; start with the cluster.json this folder was made "
                      "with, or with an empty data folder for a new election",
                      difference);
}

bool psp_core_genesis_pending(const struct psp_core *core)
{
    return psp_core_serves(core) && psp_count_genesis(core->count) == NULL &&
           core->genesis_term != core->leading_term;
}

void psp_core_propose_genesis(struct psp_core *core)
{
    if (!psp_core_genesis_pending(core) || !psp_core_has_room(core))
        return;
    core->genesis_term = core->leading_term;
    assert(core->genesis_term != 0);
    struct psp_entry entry = {.type = PSP_ENTRY_GENESIS};
    entry.genesis = core->genesis;
    psp_core_propose(core, &entry, &(struct psp_waiting){.kind = PSP_WAITING_NOBODY});
}

/* ---- apply ---- */

static bool apply_command(struct psp_core *core, uint64_t index, uint64_t term,
                          const uint8_t *payload, size_t bytes, bool own, uint32_t *ret_rows)
{
    struct psp_entry entry;
    const char *reason = NULL;
    psp_arena_reset(core->decode);
    enum psp_status status =
        own ? psp_entry_decode_own(core->decode, payload, bytes, &entry, &reason)
            : psp_entry_decode(core->decode, payload, bytes, &entry, &reason);
    if (status != PSP_OK) {
        psp_core_stop(core,
                      "log entry %" PRIu64 " cannot be read: %s; this version may be older than "
                      "the one that wrote it",
                      index, reason);
        return false;
    }
    enum psp_apply_result result = PSP_APPLIED;
    const char *refused_text = "";
    status = psp_count_apply(core->count, index, &entry, &result, core->verdicts, &refused_text);
    if (status != PSP_OK) {
        psp_core_stop(core, "log entry %" PRIu64 " cannot be applied: %s", index,
                      psp_status_text(status));
        return false;
    }
    if (entry.type == PSP_ENTRY_GENESIS)
        psp_core_check_genesis(core);
    if (core->leading && entry.type == PSP_ENTRY_BALLOTS && result == PSP_APPLIED)
        psp_core_watch_stations(core, &entry.ballots.columns, core->verdicts);
    psp_core_answer(core, index, term, &entry, result, refused_text);
    *ret_rows = entry.type == PSP_ENTRY_BALLOTS ? entry.ballots.columns.n + 1 : 1;
    return !core->stopped;
}

void psp_core_remember_hash(struct psp_core *core)
{
    psp_count_state_hash(core->count, core->hashes[psp_count_index(core->count) % PSP_CORE_HASHES]);
}

const uint8_t *psp_core_hash_at(const struct psp_core *core, uint64_t index)
{
    const uint64_t last = psp_count_index(core->count);
    if (index < core->hashes_from || index > last || last - index >= PSP_CORE_HASHES)
        return NULL;
    return core->hashes[index % PSP_CORE_HASHES];
}

static bool apply_one(struct psp_core *core, uint64_t index, uint64_t term,
                      enum psp_record_type type, const uint8_t *payload, size_t bytes, bool own,
                      uint32_t *ret_rows)
{
    assert(index == psp_count_index(core->count) + 1);
    assert(index <= core->commit_index);
    assert(term > 0);
    *ret_rows = 1;
    switch (type) {
    case PSP_RECORD_COMMAND:
        if (!apply_command(core, index, term, payload, bytes, own, ret_rows))
            return false;
        break;
    case PSP_RECORD_BARRIER:
    case PSP_RECORD_CONFIGURATION:
        psp_count_skip(core->count, index);
        break;
    }
    assert(psp_count_index(core->count) == index);
    core->applied_term = term;
    psp_core_remember_hash(core);
    return true;
}

bool psp_core_apply_record(struct psp_core *core, uint64_t index, uint64_t term,
                           enum psp_record_type type, const uint8_t *payload, size_t bytes)
{
    uint32_t rows;
    return apply_one(core, index, term, type, payload, bytes, false, &rows);
}

/* promise 1. Committed, and in our own log: the store must never be ahead of that. */
static uint64_t apply_limit(const struct psp_core *core)
{
    const uint64_t persisted = psp_consensus_persisted_index(core->consensus);
    return core->commit_index < persisted ? core->commit_index : persisted;
}

static bool checkpoint_blocks(const struct psp_core *core)
{
    return core->checkpointing &&
           psp_count_delta_bytes(core->count) >= PSP_CORE_CHECKPOINT_BYTES_MAX;
}

bool psp_core_apply_pending(const struct psp_core *core)
{
    return !core->loading && !core->unreadable &&
           psp_count_index(core->count) < apply_limit(core) && !checkpoint_blocks(core);
}

static void load(struct psp_core *core, uint64_t first)
{
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_LOAD);
    if (action == NULL)
        return;
    uint64_t last = apply_limit(core);
    if (core->window.count > 0 && last >= core->window.first)
        last = core->window.first - 1;
    assert(last >= first);
    assert(!core->loading);
    action->load.first = first;
    action->load.last = last;
    core->loading = true;
}

void psp_core_apply(struct psp_core *core)
{
    uint64_t rows = 0;
    while (!core->stopped && rows < PSP_CORE_APPLY_ROWS && psp_core_apply_pending(core)) {
        const uint64_t index = psp_count_index(core->count) + 1;
        const struct psp_window_entry *entry = psp_window_at(&core->window, index);
        if (entry == NULL) {
            load(core, index);
            return;
        }
        uint32_t n;
        const bool has_bytes = entry->bytes != NULL;
        if (!apply_one(
                core, index, entry->term, entry->type, has_bytes ? entry->bytes->buffer.data : NULL,
                has_bytes ? entry->bytes->buffer.length : 0, has_bytes && entry->bytes->own, &n))
            return;
        rows += n;
    }
}

/* ---- checkpoint ---- */

/* A restart needs the members as of the checkpoint: their entry may lie far back in the log. */
static bool keep_configuration(const struct psp_core *core, struct psp_count_delta *delta)
{
    const struct psp_bytes bytes =
        psp_consensus_configuration(core->consensus, delta->index, &delta->configuration_index);
    assert(delta->configuration_index <= delta->index);
    assert(bytes.length <= UINT32_MAX);
    if (bytes.length == 0)
        return true;
    delta->configuration = malloc(bytes.length);
    if (delta->configuration == NULL)
        return false;
    memcpy(delta->configuration, bytes.data, bytes.length);
    delta->configuration_bytes = (uint32_t)bytes.length;
    return true;
}

void psp_core_take_checkpoint(struct psp_core *core)
{
    const uint64_t index = psp_count_index(core->count);
    if (core->stopped || core->checkpointing || index <= core->checkpoint_index)
        return;
    if (psp_count_delta_bytes(core->count) < PSP_CORE_CHECKPOINT_BYTES &&
        core->now.steady_ms < core->checkpoint_ms + PSP_CORE_CHECKPOINT_MS)
        return;
    struct psp_count_delta *delta = NULL;
    if (psp_count_take_delta(core->count, &delta) != PSP_OK) {
        psp_core_stop(core, "out of memory for a checkpoint");
        return;
    }
    delta->term = core->applied_term;
    if (!keep_configuration(core, delta)) {
        psp_count_delta_destroy(&delta);
        psp_core_stop(core, "out of memory for a checkpoint");
        return;
    }
    struct psp_core_action *action = psp_core_act(core, PSP_CORE_CHECKPOINT);
    if (action == NULL) {
        psp_count_delta_destroy(&delta);
        return;
    }
    assert(delta->index == index);
    assert(delta->index > core->checkpoint_index);
    assert(psp_books_balanced(&delta->books));
    action->checkpoint = delta;
    core->checkpointing = true;
    core->checkpoint_ms = core->now.steady_ms;
}
