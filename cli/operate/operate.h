/*
 * operate - what an operator asks the processes of a cluster.
 *
 * One connection a process, with the operator's key. A request goes to any set
 * of processes at once and is sent again until answered or the time is over:
 * every request is one that may be repeated (status, watch, open when open).
 *
 * Ownership: an answer's message lives until the next request to its process.
 * Threads:   one owner.
 * Memory:    one arena and one answer a process.
 */
#ifndef PSP_OPERATE_H
#define PSP_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "wire/message/message.h"
#include "wire/socket/socket.h"

struct psp_operate;

struct psp_operate_process {
    enum psp_role role;
    uint32_t number, replica;
    const char *address;
};

/* PSP_ENOENT, PSP_EPERM, PSP_EINVAL, PSP_EIO:
 * about the key. The cluster must outlive it. */
enum psp_status psp_operate_create(const struct psp_cluster *cluster, const char *key_path,
                                   struct psp_operate **ret_operate,
                                   struct psp_reason *reterr_reason);
void psp_operate_destroy(struct psp_operate **operate);

/* Processes in the order of psp_daemons_of. */
uint32_t psp_operate_count(const struct psp_operate *operate);
const struct psp_operate_process *psp_operate_process(const struct psp_operate *operate,
                                                      uint32_t process);

/* Asks the processes chosen in `asked` (psp_operate_count flags) the same
 * thing. True when all of them answered in time. */
bool psp_operate_ask(struct psp_operate *operate, const bool *asked,
                     const struct psp_cluster_message *request, uint64_t timeout_ms);
/* The same of every replica of a shard, for its status; and of one process. */
void psp_operate_ask_shard(struct psp_operate *operate, uint32_t shard, uint64_t timeout_ms);
bool psp_operate_ask_one(struct psp_operate *operate, uint32_t process,
                         const struct psp_cluster_message *request, uint64_t timeout_ms);
/* What an asked process says of itself; NULL: it did not answer. */
const struct psp_status_reply *psp_operate_status(const struct psp_operate *operate,
                                                  uint32_t process);
/* The answer to the last request, NULL when there is none. */
const struct psp_cluster_message *psp_operate_answer(const struct psp_operate *operate,
                                                     uint32_t process);

/* Asks the leader of a shard, following it when it moves; `request` is an
 * OPERATE, a WATCH or a REPORT_REQUEST. PSP_OK: *ret_answer is OPERATED with
 * PSP_OPERATED, PARTIAL or REPORT_REPLY. PSP_EINVAL: the leader refuses for good;
 * PSP_ETIMEDOUT: nobody leads, or whoever does not answer or cannot now. The reason says
 * what was heard last. */
enum psp_status psp_operate_shard(struct psp_operate *operate, uint32_t shard,
                                  const struct psp_cluster_message *request, uint64_t timeout_ms,
                                  const struct psp_cluster_message **ret_answer,
                                  uint32_t *ret_process, struct psp_reason *reterr_reason);

#endif
