/* A reply says what a process does; that it waits is seen beside its leader's reply,
 * and only after a while. */
#include "cli/run/readiness.h"

#include <stdbool.h>
#include <stdlib.h>

#include "cli/say/memory.h"
#include "shard/core/core.h"

/* A member without a vote that is not given one though it is this level. */
enum { LEVEL_WITHIN = PSP_CORE_UNAPPLIED_MAX };

struct process {
    enum psp_readiness_state state;
    uint64_t waits_since_ms; /* looks like it waits; 0: it does not */
    uint64_t log_last;
};

struct psp_readiness {
    uint32_t n;
    uint64_t moved_ms;
    struct process *processes;
};

struct psp_readiness *psp_readiness_create(uint32_t n)
{
    struct psp_readiness *readiness = psp_memory_array(1, sizeof *readiness);
    readiness->n = n;
    readiness->processes = psp_memory_array(n, sizeof *readiness->processes);
    return readiness;
}

void psp_readiness_destroy(struct psp_readiness **readiness)
{
    if (!*readiness)
        return;
    free((*readiness)->processes);
    free(*readiness);
    *readiness = NULL;
}

static bool takes_part(const struct psp_status_reply *reply)
{
    switch (reply->state) {
    case PSP_STATE_READY:
    case PSP_STATE_STALE:
    case PSP_STATE_LEADER:
        return true;
    case PSP_STATE_FOLLOWER:
        return reply->leader != 0;
    case PSP_STATE_JOINING:
    case PSP_STATE_STARTING:
    case PSP_STATE_CANDIDATE:
    case PSP_STATE_UNKNOWN:
        break;
    }
    return false;
}

static const struct psp_status_reply *leader_of(const struct psp_status_reply *const *replies,
                                                uint32_t n, uint32_t shard)
{
    for (uint32_t i = 0; i < n; i++)
        if (replies[i] && replies[i]->id == shard && replies[i]->state == PSP_STATE_LEADER)
            return replies[i];
    return NULL;
}

/* While a leader is there, and does not speak to it or has nothing more for it. */
static bool looks_waiting(const struct psp_status_reply *reply,
                          const struct psp_status_reply *leader)
{
    return reply->state == PSP_STATE_JOINING && leader &&
           (reply->leader == 0 || reply->log_last + LEVEL_WITHIN >= leader->log_last);
}

void psp_readiness_look(struct psp_readiness *readiness, uint64_t now_ms,
                        const struct psp_status_reply *const *replies)
{
    for (uint32_t i = 0; i < readiness->n; i++) {
        struct process *process = &readiness->processes[i];
        const struct psp_status_reply *reply = replies[i];
        process->state = PSP_READINESS_COMING;
        if (reply && looks_waiting(reply, leader_of(replies, readiness->n, reply->id))) {
            if (process->waits_since_ms == 0)
                process->waits_since_ms = now_ms;
            if (now_ms - process->waits_since_ms >= PSP_READINESS_WAITS_MS)
                process->state = PSP_READINESS_WAITING;
        } else {
            process->waits_since_ms = 0;
            if (reply && takes_part(reply))
                process->state = PSP_READINESS_READY;
        }
        if (reply && reply->state == PSP_STATE_JOINING && reply->log_last > process->log_last)
            readiness->moved_ms = now_ms;
        process->log_last = reply ? reply->log_last : process->log_last;
    }
}

enum psp_readiness_state psp_readiness_of(const struct psp_readiness *readiness, uint32_t process)
{
    return readiness->processes[process].state;
}

uint64_t psp_readiness_moved_ms(const struct psp_readiness *readiness)
{
    return readiness->moved_ms;
}
