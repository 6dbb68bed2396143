/*
 * voters - which ballots wait for an earlier one of their voter.
 *
 * Of two ballots of one voter the first one is meant to count. So the second
 * leaves only when the first has its verdict: on the way nothing keeps their
 * order, not batches, not routers, not resends. Nobody waits for another voter, nor, where
 * the ballots are of several stations (a gateway), for another station's ballot of the voter.
 *
 * A hash table of the ballots that may leave, by voter ID; behind each of them
 * those that wait, oldest first.
 *
 * Ownership: numbers of ballots only.
 * Threads:   one owner.
 * Memory:    24 to 32 bytes a ballot, reserved at init.
 */
#ifndef PSP_CLIENT_VOTERS_H
#define PSP_CLIENT_VOTERS_H

#include <stdbool.h>

#include "client/core/ballots.h"
#include "client/core/pool.h"
#include "election/digest.h"

struct psp_client_voter {
    uint32_t bucket, chain; /* chain: the next ballot in the bucket */
    uint32_t behind;        /* the next ballot of this voter */
    uint32_t last;          /* of this voter; kept by the one that may leave */
};

struct psp_client_voters {
    uint32_t *buckets;
    uint32_t mask;
    struct psp_client_voter *of; /* by ballot; NULL: there is no order to keep */
    struct psp_digest_key key;   /* so that nobody chooses voter IDs of one bucket */
};

/* `random` gives the key of the hash; NULL: none is needed. PSP_ENOMEM. */
enum psp_status psp_client_voters_init(struct psp_client_voters *ret_voters, uint32_t max,
                                       psp_client_random *random, void *random_context);
void psp_client_voters_free(struct psp_client_voters *voters);

/* True: the ballot may leave; false: it waits. */
bool psp_client_voters_join(struct psp_client_voters *voters,
                            const struct psp_client_ballots *ballots, uint32_t ballot);
/* The ballot, which may leave, has its verdict. Returns the one that may leave now, or
 * PSP_CLIENT_NO_BALLOT. */
uint32_t psp_client_voters_leave(struct psp_client_voters *voters, uint32_t ballot);

#endif
