/*
 * refusals - the first disposition of every refused ballot, by digest and tag.
 *
 * A resent ballot must get its first verdict again, whatever has happened
 * since; so a refused ballot can be submitted anew only under a new ballot ID.
 * Counted ballots need no place here: the index keeps their tag.
 *
 * Bounded: psp_refusals_room says how many more fit. A ballot that would need
 * a place when there is none is not judged: its station is told BUSY, and may
 * send it again.
 *
 * Records are kept in order of refusal, 25 bytes each: digest 16, tag 8,
 * disposition 1; the store takes them from here.
 *
 * Ownership: owns its records.   Threads: one owner.
 * Memory:    25 to 38 bytes a refusal, and 16 to 32 for its hash table.
 */
#ifndef PSP_REFUSALS_H
#define PSP_REFUSALS_H

#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "election/verdict.h"

enum { PSP_REFUSAL_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 1 };

struct psp_refusals;

/* `refused_max` below 2^31. */
enum psp_status psp_refusals_create(uint64_t refused_max, struct psp_refusals **ret_refusals);
void psp_refusals_destroy(struct psp_refusals **refusals);

/* How many it holds, and how many more fit. */
uint64_t psp_refusals_count(const struct psp_refusals *refusals);
uint64_t psp_refusals_room(const struct psp_refusals *refusals);

/* The first disposition, 0 when the ballot was never refused. */
uint8_t psp_refusals_find(const struct psp_refusals *refusals,
                          const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t tag[PSP_TAG_BYTES]);

/* Adds a ballot that psp_refusals_find does not find. PSP_ENOMEM: no memory or
 * no room; unchanged. */
enum psp_status psp_refusals_add(struct psp_refusals *refusals,
                                 const uint8_t digest[PSP_DIGEST_BYTES],
                                 const uint8_t tag[PSP_TAG_BYTES],
                                 enum psp_disposition disposition);

/* Records first ... count - 1, 25 bytes each; valid until the next add. */
const uint8_t *psp_refusals_records(const struct psp_refusals *refusals, uint64_t first);

/* Of records and table. */
uint64_t psp_refusals_memory_bytes(const struct psp_refusals *refusals);

#endif
