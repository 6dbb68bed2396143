/* Followers apply the genesis a moment after their leader: they are asked again. */
#include "cli/operate/begun.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cluster/begun.h"

enum { ROUND_MS = 500, PAUSE_MS = 20 };

/* The state hash is a chain that the genesis begins; before, it is zero. */
static bool has_begun(const struct psp_status_reply *reply)
{
    static const uint8_t none[PSP_HASH_BYTES];
    return reply && (reply->state == PSP_STATE_LEADER || reply->state == PSP_STATE_FOLLOWER) &&
           memcmp(reply->state_hash, none, sizeof none) != 0;
}

/* PSP_ENOENT: none, or of before a restore. */
static enum psp_status marked(const struct psp_cluster *cluster,
                              const struct psp_operate_process *process,
                              struct psp_reason *reterr_reason)
{
    struct psp_begun begun = {.epoch = 0};
    const enum psp_status status =
        psp_begun_load(cluster, process->number, process->replica, &begun, reterr_reason);
    return status == PSP_OK && begun.epoch < cluster->epoch ? PSP_ENOENT : status;
}

/* Which replicas have no marker; the number of them in ret_begun. */
static enum psp_status look(const struct psp_local *local, const struct psp_operate *operate,
                            bool *wanted, struct psp_operate_begun *begun,
                            struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < psp_operate_count(operate) && status == PSP_OK; i++) {
        const struct psp_operate_process *process = psp_operate_process(operate, i);
        if (process->role != PSP_ROLE_SHARD)
            continue;
        begun->replicas++;
        status = marked(local->cluster, process, reterr_reason);
        wanted[i] = status == PSP_ENOENT;
        begun->missing += wanted[i];
        status = wanted[i] ? PSP_OK : status;
    }
    return status;
}

static enum psp_status write_round(const struct psp_local *local, struct psp_operate *operate,
                                   bool *wanted, struct psp_operate_begun *begun,
                                   struct psp_reason *reterr_reason)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    enum psp_status status = PSP_OK;
    psp_operate_ask(operate, wanted, &request, ROUND_MS);
    for (uint32_t i = 0; i < psp_operate_count(operate) && status == PSP_OK; i++) {
        const struct psp_operate_process *process = psp_operate_process(operate, i);
        if (!wanted[i] || !has_begun(psp_operate_status(operate, i)))
            continue;
        status = psp_begun_store(local->cluster, process->number, process->replica, reterr_reason);
        wanted[i] = status != PSP_OK;
        begun->written += status == PSP_OK;
        begun->missing -= status == PSP_OK;
    }
    return status;
}

static void tell_missing(const struct psp_operate *operate, const bool *wanted,
                         struct psp_reason *reterr_reason)
{
    uint32_t i = 0;
    while (!wanted[i])
        i++;
    const struct psp_operate_process *process = psp_operate_process(operate, i);
    psp_reason_set(reterr_reason,
                   "shard-%" PRIu32 "-%" PRIu32
                   " does not say yet that it votes and has the election; see `psephos status`, "
                   "then call `psephos replica begun`",
                   process->number, process->replica);
}

enum psp_status psp_operate_begun(const struct psp_local *local, struct psp_operate *operate,
                                  uint64_t timeout_ms, struct psp_operate_begun *ret_begun,
                                  struct psp_reason *reterr_reason)
{
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    struct psp_operate_begun begun = {.replicas = 0};
    bool *wanted = psp_memory_array(psp_operate_count(operate), sizeof *wanted);
    enum psp_status status = look(local, operate, wanted, &begun, reterr_reason);
    while (status == PSP_OK && begun.missing > 0) {
        status = write_round(local, operate, wanted, &begun, reterr_reason);
        if (status != PSP_OK || begun.missing == 0)
            break;
        if (psp_progress_clock_ms() >= end_ms) {
            tell_missing(operate, wanted, reterr_reason);
            status = PSP_ETIMEDOUT;
            break;
        }
        poll(NULL, 0, PAUSE_MS);
    }
    free(wanted);
    *ret_begun = begun;
    return status;
}
