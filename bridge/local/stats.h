/*
 * stats - what a bridge counts of itself, for /metrics, /readyz and `psephos status`.
 *
 * Threads: any; each number by itself, the trouble under its lock.
 */
#ifndef PSP_BRIDGE_STATS_H
#define PSP_BRIDGE_STATS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, word): what the bridge is doing. The word is for people and programs. */
#define PSP_BRIDGE_STATES(X)                                                                       \
    X(STARTING, "starting")                                                                        \
    X(FOLLOWING, "following") /* a sink that holds what is shown, or is about to */                \
    X(TAKING, "taking")       /* a source whose messages are cast */                               \
    X(NO_TARGET, "no target") /* the server that a sink writes to is away or refuses */            \
    X(NO_SOURCE, "no source") /* the server that a source reads from is */                         \
    X(NO_API, "no collector") /* none answers */                                                   \
    X(WAITING, "waiting")     /* target and collector are not level; an election not open */       \
    X(PAUSED, "paused")       /* an alarm that a person must look at */                            \
    X(ENDING, "ending")       /* it cannot go on, and says why */

enum psp_bridge_state {
#define X(NAME, word) PSP_BRIDGE_##NAME,
    PSP_BRIDGE_STATES(X)
#undef X
        PSP_BRIDGE_STATES_END
};

/* X(NAME, word): why a message did not become a ballot, or a row not a document. */
#define PSP_BRIDGE_REJECTIONS(X)                                                                   \
    X(UNREADABLE, "unreadable")   /* no message of the format */                                   \
    X(DOUBLE_VOTE, "double_vote") /* verdicts that did not count it */                             \
    X(NOT_ELIGIBLE, "not_eligible")                                                                \
    X(INVALID, "invalid")                                                                          \
    X(CLOSED, "closed")                                                                            \
    X(NOT_ALLOWED, "not_allowed") /* by the router, for good */                                    \
    X(REFUSED, "refused")         /* by the target, for good */

enum psp_bridge_rejection {
#define X(NAME, word) PSP_BRIDGE_REJECTED_##NAME,
    PSP_BRIDGE_REJECTIONS(X)
#undef X
        PSP_BRIDGE_REJECTIONS_END
};

enum { PSP_BRIDGE_TROUBLE_BYTES = 512 };

struct psp_bridge_stats {          /* psp_bridge_stats_start */
    _Atomic uint64_t state;        /* enum psp_bridge_state */
    _Atomic uint64_t current_ms;   /* psp_clock_ms when all was last known to be done; 0 never */
    _Atomic uint64_t is_current;   /* 1: and a collector is asked to tell what changes */
    _Atomic uint64_t lag_versions; /* log entries that the target lacks, as last known */
    _Atomic uint64_t written_rows, written_versions, written_bytes; /* sinks */
    _Atomic uint64_t wholes;                      /* answers that replaced everything */
    _Atomic uint64_t received, counted, replayed; /* sources: messages */
    _Atomic uint64_t skipped;                     /* sources: tombstones */
    _Atomic uint64_t rejected[PSP_BRIDGE_REJECTIONS_END];
    _Atomic uint64_t letters;         /* dead letters that were acknowledged */
    _Atomic uint64_t errors, retries; /* of target, source or collector */
    _Atomic uint64_t alarms;          /* that a person must look at */
    pthread_mutex_t lock;
    char trouble[PSP_BRIDGE_TROUBLE_BYTES]; /* what is wrong now; "": nothing */
};

/* All zero, and its lock; and its end. */
void psp_bridge_stats_start(struct psp_bridge_stats *stats);
void psp_bridge_stats_end(struct psp_bridge_stats *stats);

/* So many more. */
static inline void psp_bridge_count(_Atomic uint64_t *number, uint64_t more)
{
    atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}
/* From now on. */
static inline void psp_bridge_set(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}
static inline uint64_t psp_bridge_stat(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* What it does now, and what is wrong. Returns true when either is news: then it is worth a
 * line of the log. `format` NULL: nothing is wrong. */
bool psp_bridge_tell(struct psp_bridge_stats *stats, enum psp_bridge_state state,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));
void psp_bridge_trouble(struct psp_bridge_stats *stats, char *ret_text, size_t size);

/* The words; "" for another number. */
const char *psp_bridge_state_name(enum psp_bridge_state state);
const char *psp_bridge_rejection_name(enum psp_bridge_rejection rejection);

#endif
