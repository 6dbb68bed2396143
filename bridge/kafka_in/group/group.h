/*
 * group - the name of the group that a source reads as, and reading all of it again by hand.
 *
 * Behind the name of bridge.json stand the cluster's (the first 8 digits of its ID) and the sum
 * of the shards' epochs: psephos-1f0a77c2-3. What a rehearsal, or the cluster before a restore,
 * has read is read anew by the next one.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_GROUP_H
#define PSP_BRIDGE_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "bridge/config/config.h"

enum { PSP_BRIDGE_GROUP_BYTES = 320 };

/* NAME-CLUSTER-EPOCHS. */
void psp_bridge_group_name(const struct psp_bridge_kafka_in_config *config,
                           const uint8_t cluster_id[PSP_CLUSTER_ID_BYTES], uint64_t epochs,
                           char ret_group[PSP_BRIDGE_GROUP_BYTES]);

/* Commits, for the group, the earliest offset of every partition: bridges that start then read
 * all of the topics again. PSP_EBUSY: a bridge of this group runs; PSP_EUNREACHABLE, PSP_ENOENT,
 * PSP_EPERM; statuses of psp_bridge_kafka_make; each with a reason. *ret_partitions: so many. */
enum psp_status psp_bridge_group_reset(const struct psp_bridge_kafka_in_config *config,
                                       const char *group, uint32_t *ret_partitions,
                                       struct psp_reason *reterr_reason);

#endif
