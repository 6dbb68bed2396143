/*
 * group - the name of the group that a source reads as, and reading all of it again by hand.
 *
 * The sum of the shards' epochs stands behind the name of bridge.json: psephos-3.
 *
 * Threads: any.
 */
#ifndef PSP_BRIDGE_GROUP_H
#define PSP_BRIDGE_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/config/config.h"

enum { PSP_BRIDGE_GROUP_BYTES = 320 };

/* NAME-EPOCHS. */
void psp_bridge_group_name(const struct psp_bridge_kafka_in_config *config, uint64_t epochs,
                           char ret_group[PSP_BRIDGE_GROUP_BYTES]);

/* Commits, for the group, the earliest offset of every partition: bridges that start then read
 * all of the topics again. PSP_EBUSY: a bridge of this group runs; PSP_EUNREACHABLE, PSP_ENOENT,
 * PSP_EPERM; statuses of psp_bridge_kafka_make; each with a reason. *ret_partitions: so many. */
enum psp_status psp_bridge_group_reset(const struct psp_bridge_kafka_in_config *config,
                                       const char *group, uint32_t *ret_partitions,
                                       struct psp_reason *reterr_reason);

#endif
