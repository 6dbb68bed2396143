/*
 * returns_source - published returns, ballot by ballot, with the attempts to
 * vote twice that an election night has.
 *
 * Besides the dealt ballots, shares of extra ones: replays (the same ballot
 * again), double votes (another ballot of the same voter) and strangers (voters
 * on no roll). An extra ballot goes out after the receipt of the ballot it
 * belongs to, so that its verdict is certain: replayed, double_vote,
 * not_eligible.
 *
 * Every ballot is a pure function of returns, definition and seed, and its ID of
 * seed, position and a secret: cast again after an interruption, nothing counts twice.
 *
 * Ownership: the dealt ballots and the returns stay the caller's.
 * Threads: one owner.
 */
#ifndef PSP_RETURNS_SOURCE_H
#define PSP_RETURNS_SOURCE_H

#include <stdint.h>

#include "cli/cast/caster.h"
#include "cli/cast/deal.h"
#include "cli/cast/electorate.h"

struct psp_returns_source;

struct psp_returns_source_options {
    const struct psp_definition *definition;
    const struct psp_deal *deal;             /* not owned */
    const struct psp_electorate *electorate; /* not owned */
    uint64_t seed;
    const uint8_t *secret; /* PSP_BALLOT_SECRET_BYTES, of the ballot IDs; used at create */
    double replayed, double_votes, strangers; /* shares of the ballots, 0 .. 1 */
};

/* Never fails: a call without memory ends (cli/say/memory.h). */
struct psp_returns_source *psp_returns_source_create(
    const struct psp_returns_source_options *options);
void psp_returns_source_destroy(struct psp_returns_source **source);

/* The caster's view of it. */
struct psp_cast_source psp_returns_source_view(struct psp_returns_source *source);

#endif
