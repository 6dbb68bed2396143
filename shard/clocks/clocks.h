/*
 * clocks - how far a replica's clock is from those of the others.
 *
 * Every message between replicas carries its sender's clock. What is heard is kept against
 * the steady clock, so that neither a step of one's own clock nor the time since makes it
 * wrong. A message that was long on its way shows a clock that is too early, never one that
 * is too late: of a few seconds the latest counts.
 *
 *     median of own and those heard within PSP_CLOCKS_FORGET_MS
 *
 * Of two clocks the median is the middle between them: nobody can say which is wrong.
 * Nothing is done with what is heard but to compare: no replica ever takes another's time.
 *
 * Ownership: plain data.   Threads: one owner.
 */
#ifndef PSP_CLOCKS_H
#define PSP_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

/* A clock past it, of the year 10889, is taken for this: what is told is never past computing. */
#define PSP_CLOCKS_WALL_MAX_MS (UINT64_C(1) << 48)

enum {
    PSP_CLOCKS_WINDOW_MS = 2000,  /* of this and of the last such time the latest clock counts */
    PSP_CLOCKS_FORGET_MS = 10000, /* of who is silent so long nothing is known */
};

struct psp_clocks_peer {
    uint64_t heard_ms, window_ms;  /* steady; of the last message, of the window's begin */
    int64_t latest, latest_before; /* its clock less our steady one; of the last window */
    bool heard, heard_before;
};

struct psp_clocks {                                 /* zero-initialise */
    struct psp_clocks_peer peers[PSP_REPLICAS_MAX]; /* by replica; one's own stays empty */
};

/* A message of the replica, with its clock; 0: it carries none. */
void psp_clocks_hear(struct psp_clocks *clocks, uint32_t replica, uint64_t steady_ms,
                     uint64_t wall_ms);

/* How far `wall_ms`, one's own clock, is ahead of the median; negative: behind. 0 as long as
 * no other clock is known. */
int64_t psp_clocks_ahead(const struct psp_clocks *clocks, uint64_t steady_ms, uint64_t wall_ms);
/* How far the replica's is; false: not known. */
bool psp_clocks_ahead_of(const struct psp_clocks *clocks, uint32_t replica, uint64_t steady_ms,
                         uint64_t wall_ms, int64_t *ret_ahead_ms);

#endif
