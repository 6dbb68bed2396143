/*
 * roll - the voter roll as CSV, one voter after another.
 *
 * Columns by header, in any order: voter_id and unit are required; style, when it is
 * there, is the ballot style that the voter gets, as a party's in a closed primary, and
 * one of the unit's in every line; those that the roll format names besides (voter_name,
 * date_of_birth, ...) are allowed and skipped; any other is refused, because a misspelt
 * "unit" must not pass. A voter listed twice, an unknown unit or one that is not a leaf,
 * and a style that the unit does not have are refused with their lines, all of them when there
 * is a report to hold them.
 *
 * Ownership: does not own the FILE or the definition.
 * Threads:   one owner.
 * Memory:    the CSV reader's buffer, and 16 bytes a slot to know a second
 *            voter of one ID: 24 to 43 bytes a voter.
 */
#ifndef PSP_ROLL_H
#define PSP_ROLL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/reason.h"
#include "base/status.h"
#include "base/text/csv.h"
#include "election/definition/definition.h"
#include "election/import/report.h"

/* The columns of a full roll, in the order `psephos generate` writes them. A roll may
 * have "style" as well, which is made up for nobody. */
enum { PSP_ROLL_COLUMNS = 17 };
extern const char *const psp_roll_columns[PSP_ROLL_COLUMNS];

struct psp_roll_voter {
    const char *voter_id;  /* valid until the next call; ends in NUL */
    size_t voter_id_bytes; /* 1..PSP_VOTER_ID_BYTES_MAX */
    uint32_t unit;         /* position of a leaf unit */
    uint32_t style;        /* place among the unit's ballot styles, from 1; 0: not told */
    uint64_t line;
};

struct psp_roll;

/* Reads the header. PSP_EINVAL, with line and column, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_roll_open(FILE *file, const struct psp_definition *definition,
                              struct psp_roll **ret_roll, struct psp_reason *reterr_reason);
void psp_roll_close(struct psp_roll **roll);

/* From now on a fault goes into the report, and so do all behind it: the file is then
 * read to its end before PSP_EINVAL comes back. Neither is copied. */
void psp_roll_tell(struct psp_roll *roll, struct psp_report *report, const char *path);

/* PSP_OK; PSP_ENOENT: no voter is left; PSP_EINVAL, with line and column of the first
 * fault; PSP_EIO; PSP_ENOMEM. */
enum psp_status psp_roll_next(struct psp_roll *roll, struct psp_roll_voter *ret_voter,
                              struct psp_reason *reterr_reason);

#endif
