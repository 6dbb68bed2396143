/* Reads a journal record by record and hands each entry to the count, as a shard
 * does with what is committed. */
#include "cli/audit/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/progress.h"
#include "election/roll/file.h"

enum { ARENA_BYTES = 64 << 20, DELTA_BYTES = 64 << 20 };

static enum psp_status load_roll(struct psp_replay *replay, const struct psp_local *local,
                                 uint32_t shard, bool *ret_has_roll)
{
    static const uint8_t none[PSP_HASH_BYTES];
    const struct psp_cluster_shard *part = &local->cluster->shards[0];
    while (part->shard != shard)
        part++; /* the caller has the number from this list */
    *ret_has_roll = memcmp(part->roll_hash, none, sizeof none) != 0;
    if (!*ret_has_roll)
        return PSP_OK;
    char *path = psp_local_path(local, "roll/shard-%u.roll", shard);
    enum psp_status status = psp_roll_file_load(path, &replay->roll);
    if (status == PSP_OK && memcmp(replay->roll.hash, part->roll_hash, PSP_HASH_BYTES) != 0)
        status = PSP_EMISMATCH;
    if (status == PSP_ENOENT)
        psp_reason_set(replay->reason,
                       "%s is missing: the folder of the cluster must hold cluster.json, keys and "
                       "roll; bring roll from a copy of it",
                       path);
    else if (status != PSP_OK)
        psp_reason_set_status(replay->reason, path, status);
    free(path);
    return status;
}

static enum psp_status begin(struct psp_replay *replay, const struct psp_local *local,
                             const struct psp_definition *definition, uint32_t shard,
                             const char *path)
{
    bool has_roll = false;
    enum psp_status status = load_roll(replay, local, shard, &has_roll);
    if (status != PSP_OK)
        return status;
    struct psp_journal_options log_options = {
        .directory = path, .shard = shard, .read_only = true, .format_1_too = true};
    memcpy(log_options.cluster_id, local->cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    if (replay->sealed)
        status = psp_sealed_check(replay->sealed, replay->reason);
    if (status != PSP_OK)
        return status;
    status = replay->sealed
                 ? psp_records_of_sealed(replay->sealed, &replay->records, replay->reason)
                 : psp_records_of_log(&log_options, &replay->records, replay->reason);
    if (status != PSP_OK)
        return status;
    const struct psp_roll_part roll = {.n = replay->roll.n,
                                       .digests = replay->roll.digests,
                                       .units = replay->roll.units,
                                       .styles = replay->roll.styles};
    const struct psp_count_options count_options = {
        .definition = definition, .roll = has_roll ? &roll : NULL, .refused_max = PSP_REFUSED_MAX};
    status = psp_count_create(&count_options, &replay->count);
    if (status == PSP_OK)
        status = psp_arena_create(ARENA_BYTES, &replay->arena);
    if (status != PSP_OK)
        psp_reason_set(replay->reason, "%s", psp_status_text(status));
    return status;
}

void psp_replay_end(struct psp_replay *replay)
{
    psp_records_close(&replay->records);
    psp_count_destroy(&replay->count);
    psp_arena_destroy(&replay->arena);
    psp_roll_file_free(&replay->roll);
}

static enum psp_status apply(struct psp_replay *replay, uint64_t index)
{
    static uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    struct psp_record record;
    struct psp_entry entry;
    enum psp_apply_result result;
    const char *reason = NULL;
    enum psp_status status = psp_records_next(replay->records, &record, replay->reason);
    if (status != PSP_OK)
        return status;
    if (record.type != PSP_RECORD_COMMAND) {
        psp_count_skip(replay->count, index);
        return PSP_OK;
    }
    psp_arena_reset(replay->arena);
    status = psp_entry_decode(replay->arena, record.payload, record.payload_bytes, &entry, &reason);
    if (status == PSP_OK)
        status = psp_count_apply(replay->count, index, &entry, &result, verdicts, &reason);
    if (status != PSP_OK)
        psp_reason_set(replay->reason, "the journal at index %" PRIu64 ": %s", index,
                       reason ? reason : psp_status_text(status));
    return status == PSP_EINVAL ? PSP_ECORRUPT : status;
}

/* Nothing is stored here: what a count gathers for a checkpoint is thrown away, or a
 * long journal would take memory for every ballot there ever was. */
static enum psp_status drop_delta(struct psp_count *count)
{
    struct psp_count_delta *delta = NULL;
    if (psp_count_delta_bytes(count) < DELTA_BYTES)
        return PSP_OK;
    const enum psp_status status = psp_count_take_delta(count, &delta);
    psp_count_delta_destroy(&delta);
    return status;
}

/* promise 4: the journal from the start, through the code that counted it. */
enum psp_status psp_replay_run(struct psp_replay *replay, const struct psp_local *local,
                               const struct psp_definition *definition, uint32_t shard,
                               const char *path, uint64_t last)
{
    struct psp_progress progress;
    enum psp_status status = begin(replay, local, definition, shard, path);
    if (status == PSP_OK &&
        (psp_records_first(replay->records) != 1 || psp_records_last(replay->records) < last)) {
        psp_reason_set(replay->reason,
                       "the journal holds indexes %" PRIu64 " to %" PRIu64
                       ", the recount needs 1 to %" PRIu64,
                       psp_records_first(replay->records), psp_records_last(replay->records), last);
        status = PSP_ENOENT;
    }
    psp_progress_start(&progress);
    for (uint64_t index = 1; status == PSP_OK && index <= last; index++) {
        status = apply(replay, index);
        if (status == PSP_OK)
            status = drop_delta(replay->count);
        psp_progress_step(&progress, "entries", index, last);
    }
    psp_progress_end(&progress);
    return status;
}
