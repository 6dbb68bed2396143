/*
 * electorate - who casts the ballots that are dealt.
 *
 * Either voters that do not exist, one made-up ID a ballot, or those of a roll,
 * each in the unit where the roll has them.
 *
 * Ownership: owns the IDs.   Threads: immutable after create.
 * Memory:    of a roll: its voter IDs and 8 bytes each.
 */
#ifndef PSP_ELECTORATE_H
#define PSP_ELECTORATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"
#include "election/definition/definition.h"

struct psp_electorate;

/* Made-up voters: IDs of 20 characters, distinct for all numbers of one seed. */
struct psp_electorate *psp_electorate_create(uint64_t seed);
/* The voters of a roll. PSP_ENOENT, PSP_EINVAL, PSP_EIO. */
enum psp_status psp_electorate_load(const char *roll_path, const struct psp_definition *definition,
                                    uint64_t seed, struct psp_electorate **ret_electorate,
                                    struct psp_reason *reterr_reason);
void psp_electorate_destroy(struct psp_electorate **electorate);

/* Voters a leaf has; UINT64_MAX: as many as wanted. */
uint64_t psp_electorate_leaf_voters(const struct psp_electorate *electorate, uint32_t leaf);

/* The voter of a leaf's ballot at `place`, which is ballot `i` of all. Valid until the next
 * call with the same buffer. Returns the ID's bytes. */
size_t psp_electorate_voter(const struct psp_electorate *electorate, uint32_t leaf, uint64_t place,
                            uint64_t i, char buffer[PSP_VOTER_ID_BYTES_MAX + 1],
                            const char **ret_id);

/* One who is on no roll. */
size_t psp_electorate_stranger(uint64_t seed, uint64_t i, char buffer[PSP_VOTER_ID_BYTES_MAX + 1]);

#endif
