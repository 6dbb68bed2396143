/*
 * ask - the collectors' word on the election, without waiting for it.
 *
 * A collector that is slow or stopped must not keep ballots from their routers: a thread
 * of its own asks, one question at a time, and the source takes the answer when it is
 * here. A question has a number; an answer to one from before the last connect says
 * nothing about the cluster that was connected to.
 *
 * Ownership: borrows URLs and stop until destroy.
 * Threads:   `ask` and `take` from one, the asking in another.
 * Memory:    one answer of /api/v1/election.
 */
#ifndef PSP_BRIDGE_ASK_H
#define PSP_BRIDGE_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "bridge/local/stop.h"
#include "wire/message/codes.h"

struct psp_bridge_asker;

struct psp_bridge_collectors {
    const char *const *urls; /* as in bridge.json; not owned */
    uint32_t count;          /* 1 or more */
    uint32_t shards;         /* of the cluster */
};

struct psp_bridge_asked {
    uint64_t number;  /* of the question */
    bool is_answered; /* false: no collector answered, and why */
    enum psp_election_state election;
    uint64_t epochs; /* sum over the shards */
    struct psp_reason reason;
};

/* `wake_fd`: an eventfd that is written to with each answer. PSP_ENOMEM, PSP_EIO. */
enum psp_status psp_bridge_asker_create(const struct psp_bridge_collectors *collectors,
                                        struct psp_bridge_stop *stop, int wake_fd,
                                        struct psp_bridge_asker **ret_asker);
/* After the stop was asked for: it ends within a second. */
void psp_bridge_asker_destroy(struct psp_bridge_asker **asker);

/* False: the question before has no answer yet. */
bool psp_bridge_asker_ask(struct psp_bridge_asker *asker, uint64_t number);
/* False: no news. */
bool psp_bridge_asker_take(struct psp_bridge_asker *asker, struct psp_bridge_asked *ret_asked);

/* The same in the caller's thread: each collector once. */
void psp_bridge_ask_now(const struct psp_bridge_collectors *collectors,
                        struct psp_bridge_stop *stop, struct psp_bridge_asked *ret_asked);

#endif
