/*
 * budget - what each key may take of this router, and whose message is next.
 *
 *     what came, undecoded -> the key's queue --\
 *                             the key's queue ----> whose turn it is -> decoded, forwarded
 *                             the key's queue --/
 *
 * A turn is paid for in microseconds of the router's time, which the shell measures
 * (the simulator makes them up): what a message will cost is not known before. Deficit
 * round robin: each round gives every key that waits a quantum; a key that has spent
 * more than it has waits for further rounds. A key that was idle, and has enough left for
 * what a message of this length may cost, comes before those that wait in the round: so
 * beside any number of greedy keys the few short messages of a modest one wait for the
 * message in work and no other.
 *
 * A queue is bounded, in messages and bytes, and so are all together: like rows on their
 * way (quota.h) a key may hold as much as there is left. Over that a message is not
 * taken; the sender is told BUSY. A key that is over its bound all the time, second after
 * second, is ended: its connections are shut down and it is not let in for a while, longer
 * each time. So is one at once that sends much which is no ballots at all: large messages
 * cost libzmq's thread, where no key has a share, more than they cost here.
 *
 * A gateway is one key with many stations: it has the budget of eight, whatever it
 * names. What each of its stations has on the way is bounded by its own quota, so one
 * station cannot use up the others' part of it in the shards; in the gateway it is its
 * core's to share out.
 *
 * Ownership: messages are the caller's, and only held; none is freed here.
 * Threads:   one owner. No clock in here.
 * Memory:    what the bounds say; 128 bytes a key that ever came.
 */
#ifndef PSP_ROUTER_BUDGET_H
#define PSP_ROUTER_BUDGET_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "wire/message/key_counters.h"
#include "wire/socket/socket.h"

enum {
    PSP_BUDGET_QUANTUM_US = 1000,
    PSP_BUDGET_BYTES_A_US = 100,      /* of a message that may cost more than most */
    PSP_BUDGET_DEBT_ROUNDS_MAX = 200, /* what is owed beyond is forgiven */
    PSP_BUDGET_SHORT_BYTES = 16 << 10,
    PSP_BUDGET_KEY_MESSAGES_MAX = 256,
    PSP_BUDGET_KEY_BYTES_MAX = 9 << 20, /* two of the largest messages */
    PSP_BUDGET_MESSAGES_MAX = 16384,    /* of all */
    PSP_BUDGET_BYTES_MAX = 96 << 20,    /* likewise */
    PSP_BUDGET_GATEWAY_KEYS = 8,        /* as many as one gateway's counts for */
    PSP_BUDGET_TOLD_MAX = 1000,
    PSP_BUDGET_WINDOW_MS = 1000,
    /* A window with more than this in vain, of messages or of bytes, is a strike. */
    PSP_BUDGET_VAIN_MESSAGES_MAX = 256,
    PSP_BUDGET_VAIN_BYTES_MAX = 32 << 20,
    PSP_BUDGET_STRIKES = 3, /* one window after the other: ended */
    /* More than this of messages that are refused whatever they hold: ended at once. */
    PSP_BUDGET_FAULTY_MESSAGES_MAX = 256,
    PSP_BUDGET_FAULTY_BYTES_MAX = 12 << 20,
    PSP_BUDGET_END_MS = 15000,
    PSP_BUDGET_END_MAX_MS = 320000,
    PSP_BUDGET_FORGIVEN_MS = 600000, /* without being ended: the next time is the first */
};

static_assert(PSP_BUDGET_KEY_MESSAGES_MAX * PSP_BUDGET_GATEWAY_KEYS <= PSP_BUDGET_MESSAGES_MAX,
              "a gateway may have all that its weight gives it");
static_assert((uint64_t)PSP_BUDGET_KEY_BYTES_MAX * PSP_BUDGET_GATEWAY_KEYS <= PSP_BUDGET_BYTES_MAX,
              "likewise of bytes");
static_assert(PSP_BUDGET_KEY_BYTES_MAX >= 2 * PSP_INGEST_BYTES_MAX, "two of the largest messages");
static_assert(PSP_BUDGET_FAULTY_BYTES_MAX < PSP_BUDGET_VAIN_BYTES_MAX,
              "who sends no ballots is ended sooner than who sends too many");
static_assert(PSP_BUDGET_END_MS <= PSP_BUDGET_END_MAX_MS, "the first end is the shortest");
static_assert(PSP_BUDGET_END_MAX_MS < PSP_BUDGET_FORGIVEN_MS,
              "nobody is forgiven who is not let in yet");

struct psp_budget_limits { /* 0: the constants above */
    uint32_t key_messages_max, messages_max;
    size_t key_bytes_max, bytes_max;
};

struct psp_budget;

/* PSP_ENOMEM. */
enum psp_status psp_budget_create(const struct psp_budget_limits *limits,
                                  struct psp_budget **ret_budget);
/* Its queues must be empty: psp_budget_next. */
void psp_budget_destroy(struct psp_budget **budget);

/* PSP_EBUSY: over a bound. PSP_ENOMEM. In both cases the message is not held. */
enum psp_status psp_budget_put(struct psp_budget *budget, enum psp_role role, uint32_t id,
                               void *message, size_t bytes);
/* The message whose turn it is; NULL: none waits. `short_only`: of keys whose first one is
 * at most PSP_BUDGET_SHORT_BYTES; the others stay where they are. */
void *psp_budget_next(struct psp_budget *budget, bool short_only);
enum psp_budget_outcome {
    PSP_BUDGET_USED,    /* by its ballots, most of them */
    PSP_BUDGET_IN_VAIN, /* most of them are to come again */
    PSP_BUDGET_FAULTY,  /* refused as a whole, for good */
};
/* What the message that `next` gave last took, and what became of it. */
void psp_budget_spent(struct psp_budget *budget, uint64_t us, enum psp_budget_outcome outcome);
/* Time passes; the first call begins a window. */
void psp_budget_tick(struct psp_budget *budget, uint64_t now_ms);
/* A key whose connections are to be shut down now, and for how long it is not let in;
 * false: no further one. */
bool psp_budget_next_ended(struct psp_budget *budget, enum psp_role *ret_role, uint32_t *ret_id,
                           uint64_t *ret_ms);

/* Waiting now. */
uint32_t psp_budget_messages(const struct psp_budget *budget);
/* Of those that went over their budget or were refused, at most PSP_BUDGET_TOLD_MAX, as
 * bytes for a status; until the next call. */
struct psp_bytes psp_budget_told(struct psp_budget *budget);

#endif
