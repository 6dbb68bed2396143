/*
 * returns - published election returns: one row a (unit, contest, choice, method).
 *
 * Written, they are CSV with this header, methods summed:
 *
 *     state,county,county_fips,precinct,office,district,party,candidate,votes
 *
 * The columns but votes are unique together with the method. Rows stay in the order
 * in which they were read. How files are read: election/import/reading.
 *
 * A row belongs to one leaf unit, contest and choice of a definition that was
 * imported from it: psp_returns_columns gives the columns of a (leaf, contest,
 * choice), and psp_returns_bind is its exact inverse.
 *
 * Ownership: the returns own their rows and strings; equal strings of one file
 *            are one pointer.
 * Threads:   immutable after building.
 */
#ifndef PSP_RETURNS_H
#define PSP_RETURNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "election/definition/definition.h"

#define PSP_RETURNS_VOTES_MAX 1000000000000              /* of one row */
#define PSP_RETURNS_TOTAL_MAX UINT64_C(9007199254740991) /* of all rows: 2^53 - 1 */

enum psp_returns_column {
    PSP_COLUMN_STATE,
    PSP_COLUMN_COUNTY,
    PSP_COLUMN_COUNTY_FIPS,
    PSP_COLUMN_PRECINCT,
    PSP_COLUMN_OFFICE,
    PSP_COLUMN_DISTRICT,
    PSP_COLUMN_PARTY,
    PSP_COLUMN_CANDIDATE,
    PSP_COLUMN_VOTES,
};
/* What a definition calls the method "", beside others. */
#define PSP_RETURNS_METHOD_UNSTATED "Not stated"

enum { PSP_RETURNS_TEXTS = PSP_COLUMN_VOTES, PSP_RETURNS_COLUMNS = PSP_COLUMN_VOTES + 1 };

/* "state", "county", ... */
const char *psp_returns_column_name(enum psp_returns_column column);

/* What a row's number is. Only lines are choices; the others are figures of the
 * contest, or of the unit whatever their office. */
enum psp_row_kind {
    PSP_ROW_LINE,
    PSP_ROW_OVERVOTES,
    PSP_ROW_UNDERVOTES,
    PSP_ROW_BALLOTS,    /* cast in the unit */
    PSP_ROW_REGISTERED, /* voters of the unit */
    PSP_ROW_KINDS_END,
};

struct psp_returns_row {
    const char *text[PSP_RETURNS_TEXTS]; /* by enum psp_returns_column; "" when empty */
    uint32_t method;                     /* position in returns->methods */
    uint16_t file;                       /* position in returns->files */
    uint8_t kind;                        /* enum psp_row_kind */
    uint8_t choice_kind;                 /* enum psp_choice_kind, of a line */
    uint64_t votes;
    uint64_t line;
};

/* What a file's column says of the seats of a contest, where it is more than one. */
struct psp_returns_seats {
    const char *state, *office, *district;
    uint32_t n;
};

struct psp_returns {
    size_t n;
    uint32_t seats_n;
    const struct psp_returns_seats *seats; /* [seats_n] */
    const struct psp_returns_row *rows;
    uint32_t method_count, file_count;
    const char *const *methods;     /* names, in order of appearance; "": the file does not say */
    const char *const *files;       /* names */
    char date[sizeof "YYYY-MM-DD"]; /* as the files say, or "" */
};

/* Of the row's contest; 1 where nothing is said. */
uint32_t psp_returns_seats_of(const struct psp_returns *returns, const struct psp_returns_row *row);

/* NULL is fine. */
void psp_returns_destroy(struct psp_returns **returns);

/* Where a row belongs. */
struct psp_returns_place {
    uint32_t leaf;    /* position in definition->leaves */
    uint32_t contest; /* position in definition->contests; PSP_NONE: a figure of the unit */
    uint32_t choice;  /* position within the contest; PSP_NONE: it is no line */
    uint32_t style;   /* the leaf's that has the contest; PSP_NONE: each has it */
    uint32_t method;  /* position in definition->methods; PSP_NONE: a figure of no method */
};

/* Overvoted ballots that give `overvotes`, each as many as votes are allowed; the rest
 * is given by none. 0 where the contest has too few choices in the style. */
uint64_t psp_returns_overvoted(const struct psp_style_contest *entry, uint64_t overvotes);

/* The ballots of one method of a leaf are a group; groups lie leaf by leaf, then by
 * method: leaf * method_count + method. */
struct psp_returns_binding {
    size_t n;                               /* rows */
    const struct psp_returns_place *places; /* [n]: of each row */
    const uint32_t *order;                  /* rows by group, contest, choice */
    const uint32_t *group_first;            /* [groups + 1]: a group's run in `order` */
    const uint64_t *group_ballots; /* [groups]: ballots cast there, or that a contest needs */
    const uint64_t *leaf_ballots;  /* [leaf_count]: of all methods */
    const uint64_t *style_ballots; /* of a group, by psp_returns_style_at */
    uint64_t ballots;              /* their sum */
};

/* Where style_ballots has those of a leaf's style, of a method. */
static inline size_t psp_returns_style_at(const struct psp_definition *definition, uint32_t leaf,
                                          uint32_t style, uint32_t method)
{
    return ((size_t)definition->leaf_style_first[leaf] + style) * definition->method_count + method;
}

/* Finds each row's place. A contest with votes_allowed v needs
 * max(ceil((votes + overvotes + undervotes) / v), its largest choice and its overvoted
 * ballots); a leaf has as many ballots as its files say, and no fewer than needed. Where
 * a leaf has several ballot styles, the contests that one alone has say how many of it.
 * PSP_EINVAL: a row that the definition does not have; *reterr_reason says which
 * and what is missing. PSP_ENOMEM. */
enum psp_status psp_returns_bind(const struct psp_returns *returns,
                                 const struct psp_definition *definition,
                                 struct psp_returns_binding **ret_binding,
                                 struct psp_reason *reterr_reason);
void psp_returns_binding_destroy(struct psp_returns_binding **binding);

/* The first four columns, of a leaf; the others "". */
void psp_returns_unit_columns(const struct psp_definition *definition, uint32_t leaf,
                              struct psp_returns_row *ret_row);

/* The same of any unit, by its position: what is below it is "". */
void psp_returns_place_columns(const struct psp_definition *definition, uint32_t position,
                               struct psp_returns_row *ret_row);

/* What stands under `candidate`: the line's name, and nothing for a party's list that
 * bears the party's. */
const char *psp_returns_candidate(const struct psp_definition *definition,
                                  const struct psp_choice *choice);

/* Those of the contest's overvotes, or undervotes, as its returns printed them. False:
 * they did not. */
bool psp_returns_printed(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                         bool overvotes, struct psp_returns_row *ret_row);

/* The columns of one (leaf, contest, choice) as published, votes given by the
 * caller. The strings are the definition's; `line` is 0. */
void psp_returns_columns(const struct psp_definition *definition, uint32_t leaf, uint32_t contest,
                         uint32_t choice, struct psp_returns_row *ret_row);

#endif
