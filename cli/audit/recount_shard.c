/* Replays entries into a count of its own, stops where the store stands, and compares
 * every number there. */
#include "cli/audit/recount_shard.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "count/count.h"
#include "election/roll/file.h"
#include "election/totals.h"
#include "journal/journal.h"

enum { ARENA_BYTES = 64 << 20 };

struct replay {
    struct psp_journal *log;
    struct psp_count *count;
    struct psp_arena *arena;
    struct psp_roll_file roll;
    uint8_t *payload;
    size_t payload_size;
    struct psp_reason *reason;
};

static enum psp_status load_roll(struct replay *replay, const struct psp_local *local,
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
    if (status != PSP_OK)
        psp_reason_set_status(replay->reason, path, status);
    free(path);
    return status;
}

static enum psp_status begin(struct replay *replay, const struct psp_local *local,
                             const struct psp_definition *definition, uint32_t shard,
                             const char *path)
{
    bool has_roll = false;
    enum psp_status status = load_roll(replay, local, shard, &has_roll);
    if (status != PSP_OK)
        return status;
    struct psp_journal_options log_options = {.directory = path, .shard = shard, .read_only = true};
    memcpy(log_options.cluster_id, local->cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    status = psp_journal_open(&log_options, &replay->log, replay->reason);
    if (status != PSP_OK)
        return status;
    const struct psp_roll_part roll = {
        .n = replay->roll.n, .digests = replay->roll.digests, .units = replay->roll.units};
    const struct psp_count_options count_options = {
        .definition = definition, .roll = has_roll ? &roll : NULL, .refused_max = PSP_REFUSED_MAX};
    status = psp_count_create(&count_options, &replay->count);
    if (status == PSP_OK)
        status = psp_arena_create(ARENA_BYTES, &replay->arena);
    if (status != PSP_OK)
        psp_reason_set(replay->reason, "%s", psp_status_text(status));
    return status;
}

static void end(struct replay *replay)
{
    psp_journal_close(&replay->log);
    psp_count_destroy(&replay->count);
    psp_arena_destroy(&replay->arena);
    psp_roll_file_free(&replay->roll);
    free(replay->payload);
}

static enum psp_status apply(struct replay *replay, uint64_t index)
{
    static uint8_t verdicts[PSP_BATCH_ROWS_MAX];
    struct psp_record record;
    struct psp_entry entry;
    enum psp_apply_result result;
    const char *reason = NULL;
    enum psp_status status =
        psp_journal_read(replay->log, index, &replay->payload, &replay->payload_size, &record);
    if (status != PSP_OK) {
        psp_reason_set(replay->reason, "the journal at index %" PRIu64 ": %s", index,
                       psp_status_text(status));
        return status;
    }
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

static void differ(struct psp_recount_result *result, const char *what, uint64_t live,
                   uint64_t again)
{
    if (!result->first_difference[0])
        snprintf(result->first_difference, sizeof result->first_difference,
                 "%s: live %" PRIu64 ", recounted %" PRIu64, what, live, again);
}

static bool books_agree(const struct psp_books *live, const struct psp_books *again,
                        struct psp_recount_result *result)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        if (psp_books_get(live, i) != psp_books_get(again, i))
            differ(result, psp_books_name(i), psp_books_get(live, i), psp_books_get(again, i));
    return psp_books_same(live, again);
}

/* Row by row; the live rows come as the shard sent them. */
static enum psp_status compare_totals(const struct psp_definition *definition,
                                      const struct psp_partial *partial,
                                      const struct psp_totals *again,
                                      struct psp_recount_result *result,
                                      struct psp_reason *reterr_reason)
{
    struct psp_totals *live = NULL;
    enum psp_status status = psp_totals_create(definition, &live);
    if (status == PSP_OK)
        status = psp_totals_replace(live, partial->rows.data, partial->rows.length, partial->index);
    for (uint32_t row = 0; status == PSP_OK && row < live->row_count; row++) {
        const uint64_t first = live->row_first[row], next = live->row_first[row + 1];
        if (!memcmp(live->cells + first, again->cells + first,
                    (next - first) * sizeof *live->cells))
            continue;
        char what[128];
        const uint32_t leaf = row / definition->method_count;
        uint64_t cell = first;
        while (live->cells[cell] == again->cells[cell])
            cell++;
        snprintf(what, sizeof what, "unit %.90s, cell %" PRIu64,
                 definition->units[definition->leaves[leaf]].id, cell - first);
        differ(result, what, live->cells[cell], again->cells[cell]);
        result->rows_differing++;
    }
    result->totals_agree = result->rows_differing == 0;
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "the leader's totals: %s", psp_status_text(status));
    psp_totals_destroy(&live);
    return status;
}

static bool units_agree(const struct psp_partial *partial, const struct psp_count *count)
{
    uint32_t n = 0;
    const uint32_t *units = psp_count_units_complete(count, &n);
    if (partial->units_complete.length != (size_t)n * 4)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (psp_get32(partial->units_complete.data + 4 * (size_t)i) != units[i])
            return false;
    return true;
}

static enum psp_status compare(const struct replay *replay, const struct psp_definition *definition,
                               const struct psp_partial *partial, struct psp_recount_result *result)
{
    const struct psp_books *books = psp_count_books(replay->count);
    const struct psp_totals *totals = psp_count_totals(replay->count);
    uint8_t hash[PSP_HASH_BYTES];
    result->index = psp_count_index(replay->count);
    result->ballots = books->disposed[PSP_COUNTED];
    result->books_agree = books_agree(&partial->books, books, result);
    result->balanced = psp_books_balanced(books) && psp_totals_unbalanced_row(totals) == PSP_NONE;
    const enum psp_status status =
        compare_totals(definition, partial, totals, result, replay->reason);
    result->units_agree = units_agree(partial, replay->count);
    psp_count_state_hash(replay->count, hash);
    result->hash_agrees = !memcmp(hash, partial->state_hash, sizeof hash) &&
                          psp_count_election_state(replay->count) == partial->election_state;
    return status;
}

/* promise 4: the journal from the start, through the code that counted it.
 * The caller ends the replay, also after a failure. */
static enum psp_status replay_to(struct replay *replay, const struct psp_local *local,
                                 const struct psp_definition *definition, uint32_t shard,
                                 const char *path, uint64_t last)
{
    struct psp_progress progress;
    enum psp_status status = begin(replay, local, definition, shard, path);
    if (status == PSP_OK &&
        (psp_journal_first(replay->log) != 1 || psp_journal_last(replay->log) < last)) {
        psp_reason_set(replay->reason,
                       "the journal holds indexes %" PRIu64 " to %" PRIu64
                       ", the recount needs 1 to %" PRIu64,
                       psp_journal_first(replay->log), psp_journal_last(replay->log), last);
        status = PSP_ENOENT;
    }
    psp_progress_start(&progress);
    for (uint64_t index = 1; status == PSP_OK && index <= last; index++) {
        status = apply(replay, index);
        psp_progress_step(&progress, "entries", index, last);
    }
    psp_progress_end(&progress);
    return status;
}

enum psp_status psp_recount_compare(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    uint32_t replica, const struct psp_partial *partial,
                                    struct psp_recount_result *ret_result,
                                    struct psp_reason *reterr_reason)
{
    struct replay replay = {.reason = reterr_reason};
    struct psp_recount_result result = {0};
    char *path = psp_local_path(local, "data/shard-%u-%u/log", shard, replica);
    enum psp_status status = replay_to(&replay, local, definition, shard, path, partial->index);
    if (status == PSP_OK)
        status = compare(&replay, definition, partial, &result);
    end(&replay);
    free(path);
    if (status == PSP_OK)
        *ret_result = result;
    return status;
}

enum psp_status psp_recount_journal(const struct psp_local *local,
                                    const struct psp_definition *definition, uint32_t shard,
                                    const char *path, uint64_t index,
                                    struct psp_recount_state *ret_state,
                                    struct psp_reason *reterr_reason)
{
    struct replay replay = {.reason = reterr_reason};
    const enum psp_status status = replay_to(&replay, local, definition, shard, path, index);
    if (status == PSP_OK) {
        ret_state->books = *psp_count_books(replay.count);
        psp_count_state_hash(replay.count, ret_state->state_hash);
    }
    end(&replay);
    return status;
}
