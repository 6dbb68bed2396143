/*
 * roll_source - random ballots of a roll's voters.
 *
 * Reads the roll as it goes, so its size does not matter. Who votes and what
 * is a pure function of seed and line, and the ballot's ID of these and a
 * secret: cast again, nothing counts twice.
 *
 * Ownership: owns the open roll; the definition stays the caller's.
 * Memory:    of one ballot, and what the roll remembers of voters (election/roll/roll.h).
 * Threads: one owner.
 */
#ifndef PSP_ROLL_SOURCE_H
#define PSP_ROLL_SOURCE_H

#include <stdint.h>

#include "base/reason.h"
#include "cli/cast/caster.h"
#include "election/definition/definition.h"

struct psp_roll_source;

/* `secret`: PSP_BALLOT_SECRET_BYTES, of the ballot IDs; used at once. `turnout`:
 * the share of voters that votes, 0 .. 1. PSP_ENOENT, PSP_EINVAL, PSP_EIO. */
enum psp_status psp_roll_source_open(const char *path, const struct psp_definition *definition,
                                     double turnout, uint64_t seed, const uint8_t *secret,
                                     struct psp_roll_source **ret_source,
                                     struct psp_reason *reterr_reason);
void psp_roll_source_close(struct psp_roll_source **source);

/* The caster's view of it. */
struct psp_cast_source psp_roll_source_view(struct psp_roll_source *source);
/* Why it ended before the roll did, or "". */
const char *psp_roll_source_fault(const struct psp_roll_source *source);

#endif
