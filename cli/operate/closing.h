/*
 * closing - one time for all shards: told to all at once, then waited for.
 *
 * The time is in each shard's log before it has come, so that no shard counts what
 * another one refuses only because it was told later. Which time it is, the shards
 * know: whoever asks again, after a shard was down or this program was, sends the
 * same one.
 *
 * Threads: one owner.
 */
#ifndef PSP_CLOSING_H
#define PSP_CLOSING_H

#include "cli/operate/operate.h"

enum psp_closing_state {
    PSP_CLOSING_UNHEARD, /* nobody of the shard took it; `said`: why, as far as known */
    PSP_CLOSING_REFUSED, /* for good; `said`: why */
    PSP_CLOSING_TOLD,    /* it is in the log; `said`: what the shard added, or "" */
    PSP_CLOSING_CLOSED,
    PSP_CLOSING_NEVER_OPEN, /* nothing to close */
};

struct psp_closing { /* of a shard; zero-initialise */
    enum psp_closing_state state;
    uint64_t index;      /* of the entry, of those that were told */
    uint64_t seen_index; /* at which it was seen CLOSED, or NEVER_OPEN */
    uint64_t to_come_ms; /* TOLD: how far its leader's clock is from the time; 0: not known */
    struct psp_reason said;
};

/* The time at which some shard closes or has closed, 0: none has one. Of a shard's
 * replicas the furthest is believed, of two times the later one. *ret_never_open: every
 * shard says that it was never opened. False, untouched: nobody answers. */
bool psp_closing_time(struct psp_operate *operate, uint32_t shard_count, uint64_t *ret_at_ms,
                      bool *ret_never_open);

/* Tells those of the shards that are UNHEARD. */
void psp_closing_tell(struct psp_operate *operate, uint64_t at_ms, uint64_t timeout_ms,
                      uint32_t shard_count, struct psp_closing *shards);
/* Waits until those that were TOLD are CLOSED, or turn out NEVER_OPEN. */
void psp_closing_wait(struct psp_operate *operate, uint64_t timeout_ms, struct psp_closing *shards);

#endif
