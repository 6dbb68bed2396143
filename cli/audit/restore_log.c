/* Entries stay as they are but for three: the genesis gets the next epoch, the first
 * configuration the new members, and later ones become barriers. */
#include "cli/audit/restore_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/system/file.h"
#include "cli/say/progress.h"
#include "cluster/raft_id.h"
#include "wire/message/message.h"

enum {
    FORMAT = 1,
    VOTER = 1,
    SYNC_BYTES = 8 << 20,
    ARENA_BYTES = 64 << 20, /* at most; taken as needed */
};

size_t psp_restore_configuration(uint64_t first_id, uint32_t replica_count,
                                 uint8_t ret_bytes[PSP_RESTORE_CONFIGURATION_MAX])
{
    memset(ret_bytes, 0, PSP_RESTORE_CONFIGURATION_MAX);
    ret_bytes[0] = FORMAT;
    psp_put64(ret_bytes + 1, replica_count);
    size_t at = 9;
    for (uint32_t r = 0; r < replica_count; r++) {
        const uint64_t id = psp_raft_id_of(first_id, r);
        psp_put64(ret_bytes + at, id);
        at += 8;
        at += (size_t)snprintf((char *)ret_bytes + at, 21, "%" PRIu64, id) + 1;
        ret_bytes[at++] = VOTER;
    }
    return (at + 7) / 8 * 8;
}

struct writing {
    const struct psp_restore_plan *plan;
    struct psp_journal *to;
    struct psp_buffer genesis;
    uint8_t configuration[PSP_RESTORE_CONFIGURATION_MAX];
    uint64_t voted_term;
    size_t unsynced;
};

/* The genesis as it was, but for the epoch; other entries stay as they are. */
static enum psp_status next_epoch(struct writing *writing, struct psp_record *record)
{
    struct psp_arena *arena = NULL;
    struct psp_entry entry;
    const char *reason = NULL;
    enum psp_status status = psp_arena_create(ARENA_BYTES, &arena);
    if (status != PSP_OK)
        return status;
    status = psp_entry_decode(arena, record->payload, record->payload_bytes, &entry, &reason);
    if (status == PSP_OK && entry.type == PSP_ENTRY_GENESIS) {
        entry.genesis.epoch = writing->plan->epoch;
        status = psp_entry_encode(&entry, &writing->genesis);
        record->payload = writing->genesis.data;
        record->payload_bytes = (uint32_t)writing->genesis.length;
    }
    psp_arena_destroy(&arena);
    return status;
}

static enum psp_status change(struct writing *writing, struct psp_record *record)
{
    if (record->index == 1 && record->type != PSP_RECORD_CONFIGURATION)
        return PSP_ECORRUPT;
    if (record->type == PSP_RECORD_CONFIGURATION && record->index > 1) {
        record->type = PSP_RECORD_BARRIER;
        record->payload = NULL;
        record->payload_bytes = 0;
    } else if (record->type == PSP_RECORD_CONFIGURATION) {
        record->payload = writing->configuration;
        record->payload_bytes = (uint32_t)psp_restore_configuration(
            writing->plan->first_id, writing->plan->replica_count, writing->configuration);
    } else if (record->type == PSP_RECORD_COMMAND &&
               psp_entry_is_genesis(record->payload, record->payload_bytes)) {
        return next_epoch(writing, record);
    }
    return PSP_OK;
}

static enum psp_status append(struct writing *writing, const struct psp_record *record)
{
    enum psp_status status = PSP_OK;
    if (record->term > writing->voted_term) {
        status = psp_journal_set_vote(writing->to, record->term, 0);
        writing->voted_term = record->term;
    }
    if (status == PSP_OK)
        status = psp_journal_append(writing->to, record, 1);
    writing->unsynced += record->payload_bytes;
    if (status == PSP_OK &&
        (writing->unsynced > SYNC_BYTES || record->index == writing->plan->index)) {
        writing->unsynced = 0;
        status = psp_journal_sync(writing->to);
    }
    return status;
}

static enum psp_status write_all(struct writing *writing, struct psp_reason *reterr_reason)
{
    const uint64_t last = writing->plan->index;
    struct psp_progress progress;
    enum psp_status status = PSP_OK;
    psp_progress_start(&progress);
    for (uint64_t index = 1; status == PSP_OK && index <= last; index++) {
        struct psp_record record;
        status = psp_records_next(writing->plan->from, &record, reterr_reason);
        if (status != PSP_OK)
            break;
        status = change(writing, &record);
        if (status == PSP_OK)
            status = append(writing, &record);
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "%s, entry %" PRIu64 ": %s", writing->plan->to, index,
                           psp_status_text(status));
        psp_progress_step(&progress, "entries", index, last);
    }
    psp_progress_end(&progress);
    return status;
}

enum psp_status psp_restore_journal(const struct psp_restore_plan *plan,
                                    struct psp_reason *reterr_reason)
{
    struct writing writing = {.plan = plan};
    struct psp_journal_options options = {.directory = plan->to, .shard = plan->shard};
    memcpy(options.cluster_id, plan->cluster_id, PSP_CLUSTER_ID_BYTES);
    enum psp_status status = psp_file_make_folder(plan->to, 0700);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, plan->to, status);
    if (status == PSP_OK)
        status = psp_journal_open(&options, &writing.to, reterr_reason);
    if (status == PSP_OK)
        status = write_all(&writing, reterr_reason);
    psp_journal_close(&writing.to);
    psp_buffer_free(&writing.genesis);
    return status;
}
