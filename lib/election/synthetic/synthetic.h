/*
 * synthetic - elections and voters that do not exist, from a seed.
 *
 * The same seed gives the same bytes on every machine. A voter depends on seed
 * and number only, so that rolls of any size are written without keeping
 * anything. Voter IDs look like UUIDs and never repeat within a seed.
 *
 * Ownership: the caller frees the text.
 * Threads: any; pure.
 */
#ifndef PSP_SYNTHETIC_H
#define PSP_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text/csv.h"
#include "election/definition/definition.h"
#include "election/definition/text.h"
#include "election/roll/roll.h"

enum { PSP_SYNTHETIC_FIELD_BYTES = 64 };

/* A voter's row of the roll; fields point into `text` or at the unit. */
struct psp_synthetic_voter {
    struct psp_csv_field fields[PSP_ROLL_COLUMNS];
    char text[PSP_ROLL_COLUMNS][PSP_SYNTHETIC_FIELD_BYTES];
};

/* Where a leaf's voters live; valid as long as the definition. */
struct psp_synthetic_place {
    const char *unit, *city, *state, *country;
    uint32_t postcode;
};
struct psp_synthetic_place psp_synthetic_place(const struct psp_definition *definition,
                                               uint32_t leaf);

/* The voter of that number, at a place of the election of the same seed. */
void psp_synthetic_voter(uint64_t seed, uint64_t number, const struct psp_synthetic_place *place,
                         struct psp_synthetic_voter *ret_voter);

/* election.json of a small nation whose units have `voters` registered in all:
 * one precinct for some 1,500 voters. malloc'ed, ends in a NUL that is not
 * counted. PSP_ENOMEM. */
enum psp_status psp_synthetic_election(uint64_t seed, uint64_t voters,
                                       const struct psp_publication_plan *publication,
                                       char **ret_text, size_t *ret_bytes);

#endif
