/*
 * mend - what is put right in messages before libraft reads them and
 * after it wrote them (W1, W3, W4, W9, W11; docs/decisions/0001-raft-step.md), and
 * the leader's doubts about followers.
 *
 * A follower's disk can lose entries that it has acknowledged: damage cut its
 * log, or it was wiped. The library then never sends them again, since what a
 * follower once had in a term is not looked at again in that term. So a leader
 * that keeps being refused at or below what a follower has acknowledged gives
 * its leadership up: the next leader begins without such knowledge. Late
 * refusals look the same but do not go on; taking one for the other costs an
 * election and nothing else, since any replica may raise its term at any time.
 *
 * Like consensus.c, this knows libraft's structures; nothing else does.
 *
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_MEND_H
#define PSP_CONSENSUS_MEND_H

#include <raft.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PSP_DOUBTS_MAX = 8,     /* followers doubted at a time; more wait for their turn */
    PSP_DOUBT_REFUSALS = 3, /* so many, over at least the election timeout */
};

struct psp_doubt {
    uint64_t raft_id, term, since_ms; /* raft_id 0: free */
    uint32_t refusals;
};

/* Zero-initialise. */
struct psp_doubts {
    struct psp_doubt items[PSP_DOUBTS_MAX];
};

/* False: it says that its sender leads in the term in which this replica does. */
bool psp_mend_may_lead(struct raft *raft, const struct raft_message *message);
/* A received message, before the step. False: it must not be stepped at all. */
bool psp_mend_received(struct raft *raft, struct psp_doubts *doubts, uint64_t now_ms,
                       struct raft_message *message);
/* The messages of an update, which came of `event`. */
void psp_mend_replies(struct raft *raft, const struct raft_event *event, uint64_t term_before,
                      const struct raft_update *update);

#endif
