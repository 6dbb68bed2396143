/*
 * catalog - the definition arranged for answering questions.
 *
 * The definition says what there is; the catalog says where to look: the units
 * of a level below a unit are one run, as are the children of a unit; names
 * have a rank to sort by; sums that never change are sums of a prefix.
 *
 * Units of a level stand depth first, so every run follows the file's tree.
 *
 * Ownership: does not own the definition.   Threads: immutable after create.
 * Memory:    all at create.
 */
#ifndef PSP_CATALOG_H
#define PSP_CATALOG_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "election/definition/definition.h"

/* A selection of units: positions list[first .. end). */
struct psp_unit_run {
    const uint32_t *list;
    uint32_t first, end;
};

struct psp_catalog {
    const struct psp_definition *definition;
    uint32_t *walk_first, *walk_end; /* [unit]: its subtree in the depth-first walk */
    uint32_t *walk;                  /* unit positions, depth first */
    uint32_t *child_first;           /* [unit + 1]: its children in `children` */
    uint32_t *children;
    uint32_t *level_units[PSP_LEVELS_MAX]; /* units of a level, depth first */
    uint32_t level_count[PSP_LEVELS_MAX];
    uint32_t *name_rank;                             /* [unit]: place by name, then by position */
    uint32_t *contest_leaf_first, *contest_leaf_end; /* leaves outside do not have it */
    uint32_t *choice_contest;  /* [choice]: by position in definition->choices */
    uint32_t *line_first;      /* [choice]: the first line of what it is a line of, a candidate
                                  or itself; within the contest, PSP_NONE: it names nobody */
    uint32_t *line_next;       /* [choice]: the next one, PSP_NONE: there is none */
    uint8_t *choice_used;      /* [choice]: on a ballot of some leaf */
    uint32_t group_count;      /* of contests; by their first one */
    uint32_t *contest_group;   /* [contest]: position */
    uint32_t *group_first;     /* [group + 1]: its contests in `group_contests` */
    uint32_t *group_contests;  /* ascending within a group */
    uint32_t *candidate_first; /* [candidate + 1]: their choices in `candidate_choices` */
    uint32_t *candidate_choices;
    uint64_t *registered_sum, *expected_sum;   /* [leaf + 1]: of leaves before it */
    uint32_t *registered_gaps, *expected_gaps; /* [leaf + 1]: how many do not state it */
};

/* PSP_ENOMEM. */
enum psp_status psp_catalog_create(const struct psp_definition *definition,
                                   struct psp_catalog **ret_catalog);
void psp_catalog_destroy(struct psp_catalog **catalog);

/* Whether `unit` is `above` or lies below it. */
bool psp_catalog_below(const struct psp_catalog *catalog, uint32_t unit, uint32_t above);

/* Units of a level in the subtree of `above` (itself included). */
struct psp_unit_run psp_catalog_level(const struct psp_catalog *catalog, uint32_t level,
                                      uint32_t above);
struct psp_unit_run psp_catalog_leaves(const struct psp_catalog *catalog, uint32_t above);
struct psp_unit_run psp_catalog_children(const struct psp_catalog *catalog, uint32_t unit);
/* The whole subtree, `above` first. */
struct psp_unit_run psp_catalog_subtree(const struct psp_catalog *catalog, uint32_t above);

/* The entry of a contest on one of a leaf's ballot styles (`style`: place among them),
 * NULL when it is not on that one. */
static inline const struct psp_style_contest *psp_catalog_entry(const struct psp_catalog *catalog,
                                                                uint32_t leaf, uint32_t style,
                                                                uint32_t contest)
{
    return psp_style_entry(psp_leaf_style(catalog->definition, leaf, style), contest);
}

/* A group has the name that its contests say. */
static inline const char *psp_catalog_group_name(const struct psp_catalog *catalog, uint32_t group)
{
    assert(group < catalog->group_count);
    const uint32_t first = catalog->group_contests[catalog->group_first[group]];
    return catalog->definition->contests[first].group;
}

/* On how many of the leaf's ballot styles the contest is. */
uint32_t psp_catalog_styles_with(const struct psp_catalog *catalog, uint32_t leaf,
                                 uint32_t contest);

/* Whether the contest is on a ballot in or below the unit. */
bool psp_catalog_votes_on(const struct psp_catalog *catalog, uint32_t unit, uint32_t contest);

/* What the definition says of a unit, or the sum over its leaves when all of
 * them say it; PSP_UNSTATED otherwise. */
uint64_t psp_catalog_registered(const struct psp_catalog *catalog, uint32_t unit);
uint64_t psp_catalog_expected(const struct psp_catalog *catalog, uint32_t unit);

#endif
