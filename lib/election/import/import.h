/*
 * import - published returns become an election definition.
 *
 * Contest: (state unless the office is "President" in any words, office, district).
 * Units: the nation "us", its states, their counties (county and code; none
 * when both columns are empty), their precincts. A row without precinct belongs
 * to the county itself, or to the state; when that has units in it as well, to
 * one more precinct with an empty name in it. Choices: the distinct (party,
 * candidate) lines; figures that are no lines stand with their contest or unit. A
 * ballot style has exactly the contests and choices that the unit has rows for; in a
 * primary a unit has one for each party, with its contests and those of none;
 * `ballots_expected` is what is told, or the unit's largest contest.
 *
 * Exact: psp_returns_bind finds a place for every row in the result, and
 * psp_returns_columns gives the row's text back from there.
 *
 * IDs depend on names only, never on the order of the rows.
 *
 * Ownership: the caller frees the text.
 * Threads: any; pure.
 */
#ifndef PSP_IMPORT_H
#define PSP_IMPORT_H

#include <stddef.h>

#include "base/status.h"
#include "election/definition/definition.h"
#include "election/definition/text.h"
#include "election/returns/returns.h"

struct psp_import_seats {
    char contest[PSP_NAME_BYTES_MAX + 1]; /* its ID, "office" or "office/district" */
    uint32_t n;                           /* seats, and votes on a ballot */
};

struct psp_import_options {
    bool primary;     /* a contest for each party that has lines, styles by party */
    const char *root; /* name of the unit that all others lie in; NULL: the United States */
    size_t seats_n;
    const struct psp_import_seats *seats; /* [seats_n] */
    const char *id, *name, *date;         /* of the election */
    const char *map_file, *map_object;    /* or NULL; the key is the unit's code */
    struct psp_publication_plan publication;
};

/* *ret_text: election.json, malloc'ed, ends in a NUL that is not counted.
 * PSP_EINVAL: no contest is called as one of `seats`, *ret_unknown is its position there.
 * PSP_ENOMEM. The text may still break a limit of the definition: parse it. */
enum psp_status psp_import(const struct psp_returns *returns,
                           const struct psp_import_options *options, char **ret_text,
                           size_t *ret_bytes, size_t *ret_unknown);

#endif
