/*
 * roll - the voter roll on its way into a cluster folder.
 *
 * Names end here: each voter ID becomes its keyed digest, and what a shard
 * gets is digests and units of the voters in its slots.
 *
 * Threads: one owner.   Memory: 20 bytes a voter.
 */
#ifndef PSP_LOCAL_ROLL_H
#define PSP_LOCAL_ROLL_H

#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "cli/folder/local.h"
#include "election/definition/definition.h"

/* Writes roll/shard-N.roll for the cluster's shards and fills in their roll
 * hashes. PSP_EINVAL: reterr_reason has file, line and reason; also for a roll without
 * a voter. PSP_ENOENT,
 * PSP_EIO, PSP_ENOSPC. */
enum psp_status psp_local_roll_make(const struct psp_local *local, const char *roll_path,
                                    const uint8_t secret[PSP_DIGEST_KEY_BYTES],
                                    const struct psp_definition *definition,
                                    const struct psp_cluster *cluster,
                                    struct psp_cluster_shard *ret_shards,
                                    struct psp_reason *reterr_reason);

/* How many voters the cluster's roll has, of all shards; PSP_UNSTATED: it has none, and
 * everybody may vote. PSP_ENOENT, PSP_EINVAL, PSP_EIO, with the file in the reason. */
enum psp_status psp_local_roll_voters(const struct psp_local *local, uint64_t *ret_voters,
                                      struct psp_reason *reterr_reason);

/* PSP_EMISMATCH: the cluster counts another roll, or none. */
enum psp_status psp_local_roll_compare(const struct psp_local *local, const char *roll_path,
                                       struct psp_reason *reterr_reason);

#endif
