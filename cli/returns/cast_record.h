/*
 * cast_record - which returns were cast into which units: a file a cast of returns.
 *
 *     DIR/casts/HASH, or KEYFILE.casts/HASH beside a station's key
 *
 * HASH is of all that the ballots follow from: the bytes of the files and how they are
 * read, the seed, and the roll. So the same cast, begun again after an interruption,
 * finds its own record, and another one, of corrected or later returns say, finds a
 * record that is not its own. Written before the first ballot.
 *
 * A record is never deleted here. A unit leaves it when another cast takes the unit
 * before a ballot of this one was counted there.
 *
 * Ownership: psp_cast_record_free frees what is loaded.   Threads: one owner.
 * Memory:    the file, and a byte a leaf.
 */
#ifndef PSP_CAST_RECORD_H
#define PSP_CAST_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/reason.h"
#include "cli/returns/record.h"
#include "election/definition/definition.h"
#include "election/returns/returns.h"

enum { PSP_CAST_NAME_BYTES = 2 * PSP_HASH_BYTES + 1 };

/* What the name is made of. */
struct psp_cast_origin {
    const struct psp_returns *returns;
    const struct psp_returns_options *options; /* by which they were read */
    uint64_t seed;
    const char *roll_path; /* NULL: voters are made up */
};

struct psp_cast_record {
    char name[PSP_CAST_NAME_BYTES];
    json_t *root;
    bool *leaves; /* [leaf_count]: the units in it */
};

/* A new one, not stored yet. `leaves`: copied. PSP_EIO, PSP_ENOENT, with a reason. */
enum psp_status psp_cast_record_make(const struct psp_cast_origin *origin,
                                     const struct psp_definition *definition, const bool *leaves,
                                     uint64_t ballots, struct psp_cast_record *ret_record,
                                     struct psp_reason *reterr_reason);

/* FOLDER/name. PSP_ENOENT: there is none; PSP_EINVAL, PSP_EVERSION, PSP_EIO, with a reason. */
enum psp_status psp_cast_record_load(const char *folder, const char *name,
                                     const struct psp_definition *definition,
                                     struct psp_cast_record *ret_record,
                                     struct psp_reason *reterr_reason);
/* With the units that `leaves` has now, durably. PSP_EIO, PSP_ENOSPC, ... */
enum psp_status psp_cast_record_store(struct psp_cast_record *record, const char *folder,
                                      const struct psp_definition *definition,
                                      struct psp_reason *reterr_reason);
void psp_cast_record_free(struct psp_cast_record *record);

/* "FOLDER/HASH, begun 2026-11-03T20:00:00Z, of snapshot1.csv"; the caller frees. */
char *psp_cast_record_told(const struct psp_cast_record *record, const char *folder);

/* The names of the records in a folder, sorted; none where it is not there. Free each, and
 * the list. PSP_EIO, PSP_EPERM, with a reason. */
enum psp_status psp_cast_record_list(const char *folder, char ***ret_names, size_t *ret_n,
                                     struct psp_reason *reterr_reason);

/* Copies the records of one folder into another, which is made; `replace`: also those that
 * are there. With a reason. */
enum psp_status psp_cast_record_carry(const char *from, const char *to, bool replace,
                                      struct psp_reason *reterr_reason);

#endif
