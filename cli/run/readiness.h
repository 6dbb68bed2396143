/*
 * readiness - which processes of a cluster take part, as far as their status
 * replies tell.
 *
 * A replica takes part when it leads its shard, or votes and hears the leader.
 * One that answers but is no member hears nobody, however long one waits: a leader
 * speaks to members only. One that is a member without a vote keeps none until
 * its leader is asked again (shard/core_replace.c). Both wait for `psephos replica
 * replace`. Every newcomer looks like that for a moment, so only one that does for
 * PSP_READINESS_WAITS_MS on end is called waiting.
 *
 * Ownership: keeps nothing of the replies.   Threads: one owner.
 * Memory:    all at create.
 */
#ifndef PSP_READINESS_H
#define PSP_READINESS_H

#include <stdint.h>

#include "wire/message/message.h"

enum { PSP_READINESS_WAITS_MS = 5000 };

struct psp_readiness;

enum psp_readiness_state {
    PSP_READINESS_COMING, /* not heard of, starting, electing, catching up */
    PSP_READINESS_READY,
    PSP_READINESS_WAITING, /* to be made a member that votes */
};

/* Of `n` processes, all coming. Never NULL. */
struct psp_readiness *psp_readiness_create(uint32_t n);
void psp_readiness_destroy(struct psp_readiness **readiness);

/* One round of replies, replies[n]; NULL: that process did not answer. */
void psp_readiness_look(struct psp_readiness *readiness, uint64_t now_ms,
                        const struct psp_status_reply *const *replies);

/* As of the last look. */
enum psp_readiness_state psp_readiness_of(const struct psp_readiness *readiness, uint32_t process);
/* When the log of a replica that joins last grew; 0: never. */
uint64_t psp_readiness_moved_ms(const struct psp_readiness *readiness);

#endif
