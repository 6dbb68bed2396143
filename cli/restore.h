/*
 * restore - one shard's log, written again from its backed-up journal for a
 * cluster of the next epoch.
 *
 * Threads: any.
 */
#ifndef PSP_RESTORE_H
#define PSP_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/backup.h"
#include "process/cluster.h"

/* A configuration record's payload (docs/storage.md) of so many voters. */
enum { PSP_RESTORE_CONFIGURATION_MAX = 16 + PSP_REPLICAS_MAX * 32 };

/* Each epoch has a range of IDs of its own, past all that replaced replicas got. */
static inline uint64_t psp_restore_raft_id(uint64_t epoch, uint32_t replica)
{
    return ((epoch - 1) << 28) + replica + 1;
}

/* Returns its length. */
size_t psp_restore_configuration(uint64_t epoch, uint32_t replica_count,
                                 uint8_t ret_bytes[PSP_RESTORE_CONFIGURATION_MAX]);

struct psp_restore_plan {
    const char *from, *to; /* the backup's folder; the log's, made */
    const struct psp_backup_shard *shard;
    uint32_t replica_count;
    uint64_t epoch; /* of the new cluster */
    const uint8_t *cluster_id;
};

/* Durable when it returns PSP_OK. PSP_ECORRUPT, PSP_EIO, PSP_ENOSPC, PSP_ENOMEM with
 * `ret_reason` (PSP_REASON_BYTES). */
enum psp_status psp_restore_journal(const struct psp_restore_plan *plan, char *ret_reason);

#endif
