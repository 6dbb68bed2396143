/*
 * inner - what the two halves of the import share.
 *
 *     collect.c  rows -> units, contests, choices, candidates, styles
 *     import.c   those -> IDs and election.json
 *
 * Ownership: points at the returns' texts.   Threads: one owner.
 */
#ifndef PSP_IMPORT_INNER_H
#define PSP_IMPORT_INNER_H

#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "election/import/import.h"
#include "election/import/slug.h"

struct psp_import_unit {
    enum psp_known_level level;
    const char *name, *code; /* strings of the returns: equal text, equal pointer */
    uint32_t parent;
    uint32_t style_n;  /* 0: it is no leaf */
    uint32_t *styles;  /* [style_n] */
    uint32_t at_large; /* its precinct without a name, or PSP_NONE */
    bool has_rows, has_units;
    uint64_t ballots_expected, registered; /* registered: PSP_UNSTATED when nobody says */
};

struct psp_import_contest {
    const char *state, *office, *district; /* state "" for President */
    uint32_t unit;
    uint32_t party; /* whose primary it is, or PSP_NONE */
    uint32_t choice_count;
    uint32_t seats;                                       /* and votes that a ballot may have */
    const struct psp_returns_row *overvotes, *undervotes; /* a row each, or NULL */
};

struct psp_import_choice {
    uint32_t contest, position; /* its place among the contest's choices */
    uint32_t candidate, party;  /* or PSP_NONE */
    const char *name;
    enum psp_choice_kind kind;
    uint64_t votes;
};

struct psp_import_candidate {
    uint32_t contest;
    const char *name;
    uint32_t party; /* the one with most votes, or PSP_NONE */
    uint64_t party_votes;
};

struct psp_import_style {
    uint32_t n;              /* choices */
    const uint32_t *choices; /* by contest, then position */
};

struct psp_import_row {
    uint32_t unit, contest, choice; /* PSP_NONE: a figure of the unit, of the contest */
};

/* A growing array; elements do not keep their address. */
struct psp_import_list {
    void *items;
    uint32_t n;
    size_t capacity;
};

struct psp_import {
    const struct psp_returns *returns;
    bool primary;
    const char *last_office; /* looked at; is it the nation's? */
    bool last_national;
    struct psp_pool pool;
    struct psp_id_index unit_index, contest_index, choice_index, candidate_index, party_index,
        style_index;
    struct psp_import_list units, contests, choices, candidates, parties, styles;
    struct psp_import_row *rows;            /* [returns->n] */
    bool method_has_votes[PSP_METHODS_MAX]; /* of the returns; the others are of figures only */
};

/* A list's items as what they are. */
static inline struct psp_import_unit *psp_import_units(const struct psp_import *import)
{
    return import->units.items;
}
static inline struct psp_import_contest *psp_import_contests(const struct psp_import *import)
{
    return import->contests.items;
}
static inline struct psp_import_choice *psp_import_choices(const struct psp_import *import)
{
    return import->choices.items;
}
static inline struct psp_import_candidate *psp_import_candidates(const struct psp_import *import)
{
    return import->candidates.items;
}
static inline struct psp_import_style *psp_import_styles(const struct psp_import *import)
{
    return import->styles.items;
}
static inline const char **psp_import_parties(const struct psp_import *import)
{
    return import->parties.items; /* names */
}

/* Fills everything from the returns but styles and ballots. PSP_ENOMEM. */
enum psp_status psp_import_collect(struct psp_import *import, const struct psp_returns *returns,
                                   const char *root);
/* Those, once the seats of all contests stand. PSP_ENOMEM. */
enum psp_status psp_import_collect_styles(struct psp_import *import);
void psp_import_free(struct psp_import *import);

#endif
