/*
 * backoff - how long to wait before trying again what has failed.
 *
 * Twice as long each time up to a bound, and by chance a part of that: many who lost the
 * same server do not come back to it in one moment.
 *
 * Threads: one owner.
 */
#ifndef PSP_BRIDGE_BACKOFF_H
#define PSP_BRIDGE_BACKOFF_H

#include <stdint.h>

enum { PSP_BRIDGE_BACKOFF_FIRST_MS = 200 };

struct psp_bridge_backoff { /* zero-initialise, then set both */
    uint64_t seed;          /* not 0; another for each process */
    uint64_t most_ms;
    uint32_t failures; /* in a row */
};

/* After a failure: half of the wait of this turn at least, all of it at most. */
uint64_t psp_bridge_backoff_ms(struct psp_bridge_backoff *backoff);
/* It worked. */
void psp_bridge_backoff_end(struct psp_bridge_backoff *backoff);

#endif
