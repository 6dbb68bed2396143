/*
 * refusals - the first dispositions of refused ballots, by digest and tag.
 *
 * A resent ballot gets its first verdict again, so a refused ballot can be
 * submitted anew only under a new ballot ID. Counted ballots need no place
 * here: the index keeps their tag.
 *
 * What is remembered is bounded, by station, so that none takes the others'
 * place. A ballot that is `double_vote`, `not_eligible` or `invalid` would be
 * refused again whatever became of its record: past a limit the oldest of a
 * station is forgotten. A `closed` one would not, were the election opened
 * again: it is never forgotten, and counts against limits of its own, past
 * which the ballot is not judged.
 *
 * Under rules 1 (docs/protocol.md) nothing is forgotten, and all of it counts
 * against `max` alone.
 *
 * It only holds: lib/count/ballots.c decides, asking psp_refusals_excess and
 * psp_refusals_closed_room. Which station forgets depends on numbers and order
 * of refusal alone, never on how records happen to lie in memory.
 *
 * Ownership: owns its records.   Threads: one owner.
 * Memory:    32 to 64 bytes a refusal remembered at once, 16 to 32 for its
 *            place in the hash table, 20 to 40 a station up to the highest
 *            number seen. What was forgotten gives its room to the next: with
 *            4 Mi of either kind 384 MiB, however many there were.
 */
#ifndef PSP_REFUSALS_H
#define PSP_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "election/verdict.h"

enum { PSP_REFUSAL_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 1 + 4 };

struct psp_refusal {
    const uint8_t *digest, *tag;
    enum psp_disposition disposition; /* as psp_disposition_is_refusal says */
    uint32_t station;                 /* at most PSP_STATIONS_MAX */
};

/* As checkpoints and stores have it: digest 16, tag 8, disposition 1, station 4. */
void psp_refusal_pack(const struct psp_refusal *refusal, uint8_t ret_bytes[PSP_REFUSAL_BYTES]);
/* Points into the bytes. False: no refusal. */
bool psp_refusal_unpack(const uint8_t bytes[PSP_REFUSAL_BYTES], struct psp_refusal *ret_refusal);

struct psp_refusals_limits {
    uint64_t max, station_max;               /* remembered until forgotten */
    uint64_t closed_max, closed_station_max; /* `closed`, never forgotten */
};

struct psp_refusals;

/* The sum of max and closed_max below 2^31. */
enum psp_status psp_refusals_create(const struct psp_refusals_limits *limits,
                                    struct psp_refusals **ret_refusals);
void psp_refusals_destroy(struct psp_refusals **refusals);

/* How many it holds, of both kinds; and of a station's, those that may be
 * forgotten, and the closed ones. */
uint64_t psp_refusals_count(const struct psp_refusals *refusals);
uint64_t psp_refusals_remembered(const struct psp_refusals *refusals, uint32_t station);
uint64_t psp_refusals_closed(const struct psp_refusals *refusals, uint32_t station);
/* The sums and the station's numbers are within their limits (rules 2). */
bool psp_refusals_within_limits(const struct psp_refusals *refusals, uint32_t station);

/* Whether one more may be added: of any kind, under rules 1; of `closed` by this
 * station, under rules 2. */
bool psp_refusals_room(const struct psp_refusals *refusals);
bool psp_refusals_closed_room(const struct psp_refusals *refusals, uint32_t station);

/* Asks the memory for what psp_refusals_find will read. */
void psp_refusals_prefetch(const struct psp_refusals *refusals,
                           const uint8_t digest[PSP_DIGEST_BYTES],
                           const uint8_t tag[PSP_TAG_BYTES]);
/* The first disposition, 0 when no refusal of the ballot is remembered. */
uint8_t psp_refusals_find(const struct psp_refusals *refusals,
                          const uint8_t digest[PSP_DIGEST_BYTES], const uint8_t tag[PSP_TAG_BYTES]);

/* Adds a ballot that psp_refusals_find does not find. It minds no limit.
 * PSP_ENOMEM: unchanged. */
enum psp_status psp_refusals_add(struct psp_refusals *refusals, const struct psp_refusal *refusal);

/* After a refusal of `station` was added: which station must forget its oldest.
 * Itself past its own number; past the total the one with most, of several the
 * lowest number. PSP_NONE: none. */
uint32_t psp_refusals_excess(const struct psp_refusals *refusals, uint32_t station);
/* Forgets the oldest of a station that has one; never a closed one. */
void psp_refusals_forget(struct psp_refusals *refusals, uint32_t station);

/* Asserts what must hold between two calls: in checked builds (base/checked.h) of every
 * record, too. */
void psp_refusals_check(const struct psp_refusals *refusals);

/* Of records, table and stations. */
uint64_t psp_refusals_memory_bytes(const struct psp_refusals *refusals);

#endif
