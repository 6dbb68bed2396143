/*
 * stats - what a gateway counts of itself.
 *
 * Threads: any; each number by itself.
 */
#ifndef PSP_GATEWAY_STATS_H
#define PSP_GATEWAY_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "election/verdict.h"

enum { PSP_GATEWAY_CODES = 600 };

struct psp_gateway_stats {                           /* zero-initialise */
    _Atomic uint64_t requests[PSP_GATEWAY_CODES];    /* answered, by HTTP status */
    _Atomic uint64_t verdicts[PSP_DISPOSITIONS_END]; /* ballots, by disposition */
    _Atomic uint64_t not_allowed;                    /* ballots that a router refused for good */
    _Atomic uint64_t unanswered;                     /* ballots told to be sent again */
    _Atomic uint64_t strangers;                      /* requests without a token that holds */
    _Atomic uint64_t connections, connections_cut, connections_refused, connections_pushed_out;
    _Atomic uint64_t held_bytes; /* of bodies and answers, now */
    _Atomic uint64_t inflight;   /* ballots without a verdict, now */
    _Atomic uint64_t ready;      /* 1: a router has let this gateway in */
};

/* So many more. */
static inline void psp_gateway_count(_Atomic uint64_t *number, uint64_t more)
{
    atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}

/* As it is now. */
static inline uint64_t psp_gateway_stat(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

#endif
