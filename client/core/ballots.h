/*
 * ballots - the submitted ballots that have no verdict yet.
 *
 * A fixed number of records in one allocation. Voter ID and marks lie in the
 * record when they are short, as they mostly are; otherwise in a block of the
 * next power of two, kept and reused. Records are reused oldest first, so that
 * ballots submitted together stay together in memory.
 *
 * A record's generation changes when it is freed: (index, generation) names
 * one ballot for good.
 *
 * Ownership: copies what it keeps.
 * Threads: one owner.
 * Memory:  `max` records, and at most PSP_CLIENT_LONG_BYTES_MAX in blocks.
 */
#ifndef PSP_CLIENT_BALLOTS_H
#define PSP_CLIENT_BALLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/psephos.h"

enum {
    PSP_CLIENT_SHORT_BYTES = 72,
    PSP_CLIENT_LONG_BYTES_MAX = 64 << 20,
    PSP_CLIENT_LONG_CLASSES = 8, /* blocks of 128 << class bytes */
};
#define PSP_CLIENT_NO_BALLOT UINT32_MAX

struct psp_client_ballot {
    uint64_t cookie, cast_at_ms;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    uint32_t unit, generation;
    uint32_t next; /* among those that pause until the same time */
    uint16_t marks_bytes;
    uint8_t voter_bytes, method;
    uint8_t timeouts, busies; /* so far; they set the backoff */
    bool listed : 1;          /* ready or paused; else not sent yet, or in a batch on the way */
    bool resolved : 1;        /* has its receipt, but is still in a list */
    bool sent : 1;            /* before, and that send may have arrived */
    uint8_t class;            /* of the block, plus 1; 0: short */
    uint32_t style;
    union {
        uint8_t bytes[PSP_CLIENT_SHORT_BYTES]; /* voter ID, then marks */
        uint8_t *block;
    };
};

struct psp_client_ballots {
    struct psp_client_ballot *records;
    uint32_t max, used;
    uint32_t *stations; /* [max] of a gateway's ballots; NULL: the key's own */
    uint32_t *free;     /* ring of max: the free records, oldest first */
    uint32_t free_first;
    size_t block_bytes;
    void *free_blocks[PSP_CLIENT_LONG_CLASSES];
};

/* `stations`: each ballot's is kept. PSP_ENOMEM. */
enum psp_status psp_client_ballots_init(struct psp_client_ballots *ret_ballots, uint32_t max,
                                        bool stations);
void psp_client_ballots_free(struct psp_client_ballots *ballots);

/* Copies. PSP_EBUSY: full, or no memory for a long one. */
enum psp_status psp_client_ballots_add(struct psp_client_ballots *ballots,
                                       const struct psp_ballot *ballot, uint32_t *ret_index);
void psp_client_ballots_remove(struct psp_client_ballots *ballots, uint32_t index);

/* Records are cold when they are met again: asked for a few ballots ahead, both
 * cache lines are here in time. */
enum { PSP_CLIENT_PREFETCH_AHEAD = 16 };
static inline void psp_client_ballot_prefetch(const struct psp_client_ballot *ballot)
{
    __builtin_prefetch(ballot, 1);
    __builtin_prefetch((const uint8_t *)ballot + 64, 1);
}

/* Voter ID, then marks. */
static inline const uint8_t *psp_client_ballot_bytes(const struct psp_client_ballot *ballot)
{
    return ballot->class != 0 ? ballot->block : ballot->bytes;
}

#endif
