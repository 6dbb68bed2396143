/*
 * tally - what became of the ballots of a cast, in numbers that fit the books.
 *
 * `replayed` is what came back so at its first send of this run: an earlier run cast
 * it, or it was sent to be replayed. What this run sent again counts by its first
 * disposition, for its replay may be our own doing, and stands in `resent`. So what the
 * books' replayed grew by lies between `replayed` and `replayed + resent` (a ballot of an
 * earlier run that this one had to send again may be one more).
 *
 * Ownership: plain data.   Threads: one owner.
 */
#ifndef PSP_CAST_TALLY_H
#define PSP_CAST_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "client/psephos.h"

/* What a receipt means to the ballot's source. All false: as it should be. */
struct psp_cast_meaning {
    bool injected_replay; /* judged before, and sent to be replayed */
    bool refused;         /* a ballot of the voters', and not counted */
    bool unintended;      /* one that we injected, with another verdict than it is there for */
};

struct psp_cast_tally {
    uint64_t cast; /* ballots with an outcome */
    uint64_t disposed[PSP_DISPOSITIONS_END];
    uint64_t not_allowed; /* to this key: of this send only (client/psephos.h) */
    uint64_t refused, unintended;
    uint64_t index[PSP_SHARDS_MAX]; /* highest of the receipts, by shard */
};

/* The ballot is counted, now or by an earlier send. */
static inline bool psp_cast_counted(const struct psp_receipt *receipt)
{
    return receipt->outcome == PSP_OUTCOME_VERDICT &&
           psp_verdict_first(receipt->verdict) == PSP_COUNTED;
}

/* Adds one ballot: each one's receipt comes once. */
void psp_cast_tally_add(struct psp_cast_tally *tally, const struct psp_receipt *receipt,
                        struct psp_cast_meaning meaning);

#endif
