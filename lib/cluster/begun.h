/*
 * begun - the marker that a shard's replica was begun: DIR/begun/shard-S-R.
 *
 * An empty log is what a new replica has, and what one has whose disk is not
 * mounted, whose folder was emptied or is gone. The second must neither count
 * from zero nor vote again, and nothing in the data folder can tell the two
 * apart. So it is said somewhere else, beside cluster.json: cluster, epoch and
 * raft ID of a replica that has applied the genesis and votes.
 *
 * A marker is read only when the log is empty, and binds the raft ID in it and
 * those before: a replaced replica has a later one, a restored one a later
 * epoch. The shard only reads it. Whoever has operated it writes it (cli/operate/begun.h).
 *
 * Threads: any.
 */
#ifndef PSP_BEGUN_H
#define PSP_BEGUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"

struct psp_begun {
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint64_t epoch, raft_id;
};

/* `shard` and `replica` are positions in the cluster. PSP_ENOENT: there is none,
 * and no reason; PSP_EMISMATCH: of another cluster, or of an epoch or raft ID that
 * this cluster.json does not know yet; PSP_EINVAL, PSP_EVERSION, PSP_EIO: unreadable.
 * Each but the first has a reason that names the file. */
enum psp_status psp_begun_load(const struct psp_cluster *cluster, uint32_t shard, uint32_t replica,
                               struct psp_begun *ret_begun, struct psp_reason *reterr_reason);

/* Writes it for the raft ID in `cluster`, durably, and makes the folder.
 * PSP_EIO, PSP_ENOSPC, PSP_EACCES, each with a reason. */
enum psp_status psp_begun_store(const struct psp_cluster *cluster, uint32_t shard, uint32_t replica,
                                struct psp_reason *reterr_reason);

/* Is there anything of a log in data_path/log? Also when it cannot be looked at:
 * whoever opens it says why. */
bool psp_begun_has_log(const char *data_path);

/* May this replica begin with an empty log? PSP_EMISMATCH, or a status of
 * psp_begun_load, with a reason: it may not. */
enum psp_status psp_begun_may_be_empty(const struct psp_cluster *cluster, uint32_t shard,
                                       uint32_t replica, const char *data_path,
                                       struct psp_reason *reterr_reason);

#endif
