/*
 * restore_log - one shard's log, written again from its backed-up journal for a
 * cluster of the next epoch.
 *
 * Threads: any.
 */
#ifndef PSP_RESTORE_H
#define PSP_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "cli/audit/sealed/records.h"
#include "cluster/cluster.h"

/* A configuration record's payload (docs/storage.md) of so many voters. */
enum { PSP_RESTORE_CONFIGURATION_MAX = 16 + PSP_REPLICAS_MAX * 32 };

/* Of replicas first_id, first_id + 1, ...; returns its length. */
size_t psp_restore_configuration(uint64_t first_id, uint32_t replica_count,
                                 uint8_t ret_bytes[PSP_RESTORE_CONFIGURATION_MAX]);

struct psp_restore_plan {
    struct psp_records *from; /* none of which was read yet */
    const char *to;           /* the log's folder, made */
    uint32_t shard;
    uint64_t index; /* up to which */
    uint32_t replica_count;
    uint64_t epoch, first_id; /* of the new cluster */
    const uint8_t *cluster_id;
};

/* Durable when it returns PSP_OK. PSP_ECORRUPT, PSP_EIO, PSP_ENOSPC, PSP_ENOMEM. */
enum psp_status psp_restore_journal(const struct psp_restore_plan *plan,
                                    struct psp_reason *reterr_reason);

#endif
