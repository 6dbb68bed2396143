/*
 * begun - writes DIR/begun/shard-S-R (cluster/begun.h) for replicas that have
 * applied the genesis and vote, as far as they say so themselves.
 *
 * A status does not name a raft ID, and after `replica new-id` the process of the
 * old one may still answer. So a marker of this epoch is left as it is: only
 * `replica replace`, which has seen the new ID vote, writes a later one.
 *
 * Threads: one owner.
 */
#ifndef PSP_OPERATE_BEGUN_H
#define PSP_OPERATE_BEGUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"

struct psp_operate_begun {
    uint32_t replicas, written, missing; /* of the cluster; now; still without one */
};

/* Asks until each replica has its marker or the time is over. PSP_ETIMEDOUT: some
 * are missing, the reason names one; what psp_begun_load and _store return. */
enum psp_status psp_operate_begun(const struct psp_local *local, struct psp_operate *operate,
                                  uint64_t timeout_ms, struct psp_operate_begun *ret_begun,
                                  struct psp_reason *reterr_reason);

#endif
