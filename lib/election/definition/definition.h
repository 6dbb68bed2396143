/*
 * definition - contests, choices, candidates, parties, units and ballot styles.
 *
 * One JSON file describes an election (schema: docs/election.schema.json). It is
 * parsed once, checked wholly and never changes while counting; its SHA-256 is
 * part of the configuration fence. Everything else in Psephos speaks of units,
 * contests, choices and methods by their position here.
 *
 * Order: `units` is in file order. `leaves` lists the leaf units depth first,
 * so that the leaves below any unit are one run [leaf_first, leaf_end).
 *
 * A leaf has one or more ballot styles: a primary's parties, say. Counts are kept
 * for each of them (election/totals.h).
 *
 * Ownership: the definition owns every string and array it shows.
 * Threads:   immutable after parse; any number of readers.
 */
#ifndef PSP_DEFINITION_H
#define PSP_DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/reason.h"
#include "base/status.h"

/* The levels of a file that names none. Columns of returns go by them, so a level of
 * such an ID means the same in a file that does name its levels. */
enum psp_known_level { PSP_NATION, PSP_STATE, PSP_COUNTY, PSP_PRECINCT, PSP_OWN_LEVEL };

enum psp_choice_kind {
    PSP_CHOICE_CANDIDATE,
    PSP_CHOICE_YES,
    PSP_CHOICE_NO,
    PSP_CHOICE_BLANK,
    PSP_CHOICE_SPOILED,
    PSP_CHOICE_WRITE_IN,
    PSP_CHOICE_OTHER,
};

/* When what is counted is shown: as it comes, or as of a unit's last report. */
enum psp_publication { PSP_PUBLICATION_IMMEDIATE = 1, PSP_PUBLICATION_REPORTS = 2 };

enum { PSP_REPORT_MIN_DEFAULT = 10 };

#define PSP_COUNT_MAX INT64_C(9007199254740991) /* 2^53 - 1: exact in every JSON reader */

/* A name in the first language, and in all of them: names[language], NULL where one is
 * for all. */
struct psp_level {
    const char *id;
    const char *name, *plural; /* as a title says it: "County", "Counties" */
    const char *const *names, *const *plurals;
    enum psp_known_level known;
};

struct psp_party {
    const char *id, *name, *color; /* color "#rrggbb" or NULL */
    const char *alliance;          /* its name, or NULL */
    const char *const *names;
};

struct psp_candidate {
    const char *id, *name, *photo, *biography, *platform; /* the last three may be NULL */
    uint32_t party;                                       /* or PSP_NONE */
    const char *const *names;
};

struct psp_unit {
    const char *id, *name, *code; /* code: e.g. county FIPS; "" when absent */
    const char *const *names;
    uint32_t level;                        /* position */
    uint32_t parent;                       /* position, PSP_NONE for the root */
    uint32_t leaf_first, leaf_end;         /* run in `leaves` */
    uint32_t style_count;                  /* of a leaf, 1 or more; else 0 */
    const uint32_t *styles;                /* positions, in the file's order; in `leaf_styles` */
    uint64_t registered, ballots_expected; /* or PSP_UNSTATED */
};

/* One line of a contest as published: a (party, candidate), yes/no, or a
 * counted non-candidate line. One of kind candidate without a candidate is a party's
 * list. */
struct psp_choice {
    const char *id, *name;
    const char *const *names;
    enum psp_choice_kind kind;
    uint32_t candidate, party; /* or PSP_NONE */
};

/* How returns call a figure that is no choice here. */
struct psp_printed {
    const char *name, *party; /* NULL, "": not printed */
};

struct psp_contest {
    const char *id, *name, *office, *district; /* district "" when state-wide */
    const char *group;                         /* contests that belong together; the office */
    const char *const *names;
    uint32_t unit;  /* the unit the contest is held in */
    uint32_t party; /* whose primary it is, or PSP_NONE */
    uint32_t votes_allowed, seats;
    struct psp_printed overvotes, undervotes;
    uint32_t choice_count;
    uint32_t choice_first; /* position of its first choice in definition->choices */
    const struct psp_choice *choices;
};

/* A contest of a ballot style, and the choices it has there. Styles that give a
 * contest the same choices share the arrays: real returns have a style for
 * nearly every precinct, so nothing here may grow with the whole election. */
struct psp_style_contest {
    uint32_t contest;
    uint32_t votes_allowed; /* the contest's */
    uint32_t choice_count;
    uint32_t cell;                 /* first cell in the row: choices..., undervotes, overvotes */
    const uint32_t *choices;       /* [choice_count]: positions within the contest, ascending */
    uint32_t slot_count;           /* choices of the contest, here or not */
    const int32_t *slot_of_choice; /* [slot_count]: position in `choices`, -1: not here */
};

struct psp_style {
    const char *id;
    uint32_t contest_count;
    const struct psp_style_contest *contests; /* by contest, ascending */
    uint32_t row_cells;                       /* 1 (ballots counted) + sum of (choices + 2) */
};

/* The contest's entry in the style, NULL when it is not on it. */
static inline const struct psp_style_contest *psp_style_entry(const struct psp_style *style,
                                                              uint32_t contest)
{
    uint32_t low = 0, high = style->contest_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (style->contests[middle].contest < contest)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == style->contest_count || style->contests[low].contest != contest)
        return NULL;
    return &style->contests[low];
}

/* Cell of a choice (position within the contest) in the style's row of the
 * totals, -1 when the style does not have it. */
static inline int64_t psp_style_cell(const struct psp_style *style, uint32_t contest,
                                     uint32_t choice)
{
    const struct psp_style_contest *entry = psp_style_entry(style, contest);
    if (entry == NULL || choice >= entry->slot_count || entry->slot_of_choice[choice] < 0)
        return -1;
    return (int64_t)entry->cell + entry->slot_of_choice[choice];
}

struct psp_method {
    const char *id, *name;
    const char *const *names;
};

struct psp_definition {
    uint8_t hash[PSP_HASH_BYTES]; /* SHA-256 of the file's bytes */
    const char *id, *name, *date; /* date YYYY-MM-DD */
    const char *const *names;
    const char *time_zone;                       /* IANA's name, or NULL */
    const char *source, *licence;                /* of what is published; NULL when not said */
    uint32_t language_count;                     /* 0: names are of no stated language */
    const char *const *languages;                /* BCP 47, the first is what names are in */
    const char *map_file, *map_object, *map_key; /* NULL when there is no map */
    enum psp_publication publication;            /* of choices; of format 1: immediate */
    enum psp_publication turnout; /* of numbers of ballots; reports only if choices are */
    uint64_t report_min;          /* ballots by which a row must move to be shown anew; 1.. */
    uint32_t method_count, party_count, candidate_count, unit_count, leaf_count;
    uint32_t contest_count, choice_count, style_count;
    uint32_t level_count; /* top to bottom */
    uint32_t root;        /* the unit without a parent */
    const struct psp_level *levels;
    const struct psp_method *methods;
    const struct psp_party *parties;
    const struct psp_candidate *candidates;
    const struct psp_unit *units;
    const uint32_t *leaves;       /* leaf -> unit */
    const uint32_t *leaf_of_unit; /* unit -> leaf, PSP_NONE for inner units */
    /* The styles of all leaves, leaf by leaf: those of a leaf are
     * leaf_styles[leaf_style_first[leaf]] and on, until the next leaf's. */
    const uint32_t *leaf_styles;
    const uint32_t *leaf_style_first; /* [leaf_count + 1] */
    const struct psp_contest *contests;
    const struct psp_choice *choices; /* of all contests, contest by contest */
    const struct psp_style *styles;
};

/* How many ballot styles a leaf has. */
static inline uint32_t psp_leaf_style_count(const struct psp_definition *definition, uint32_t leaf)
{
    return definition->leaf_style_first[leaf + 1] - definition->leaf_style_first[leaf];
}

/* The leaf's ballot style at a place, in the file's order. */
static inline const struct psp_style *psp_leaf_style(const struct psp_definition *definition,
                                                     uint32_t leaf, uint32_t style)
{
    return &definition->styles[definition->leaf_styles[definition->leaf_style_first[leaf] + style]];
}

/* PSP_OK; PSP_EINVAL with a reason (pointer and line); PSP_ENOMEM.
 * `text` need not end in NUL and is not kept. */
enum psp_status psp_definition_parse(const char *text, size_t bytes,
                                     struct psp_definition **ret_definition,
                                     struct psp_reason *reterr_reason);

/* Reads and parses; PSP_ENOENT, PSP_EIO as well. */
enum psp_status psp_definition_load(const char *path, struct psp_definition **ret_definition,
                                    struct psp_reason *reterr_reason);

/* NULL is fine. */
void psp_definition_destroy(struct psp_definition **definition);

/* Position by ID, PSP_NONE when unknown. O(1). `bytes` excludes any NUL. */
uint32_t psp_definition_unit(const struct psp_definition *definition, const char *id, size_t bytes);
uint32_t psp_definition_contest(const struct psp_definition *definition, const char *id,
                                size_t bytes);
uint32_t psp_definition_method(const struct psp_definition *definition, const char *id,
                               size_t bytes);
uint32_t psp_definition_candidate(const struct psp_definition *definition, const char *id,
                                  size_t bytes);
/* Position of the choice within the contest. */
uint32_t psp_definition_choice(const struct psp_definition *definition, uint32_t contest,
                               const char *id, size_t bytes);

/* Position by ID, PSP_NONE when no level is called so. */
uint32_t psp_definition_level(const struct psp_definition *definition, const char *id);

/* Position by tag, PSP_NONE when names are not in this language. */
static inline uint32_t psp_definition_language(const struct psp_definition *definition,
                                               const char *tag)
{
    for (uint32_t i = 0; i < definition->language_count; i++)
        if (strcmp(definition->languages[i], tag) == 0)
            return i;
    return PSP_NONE;
}

/* ID of the unit's level. */
static inline const char *psp_unit_level_id(const struct psp_definition *definition, uint32_t unit)
{
    return definition->levels[definition->units[unit].level].id;
}

/* Place among the styles of a unit (any position), PSP_NONE when it has none of this ID. */
uint32_t psp_definition_unit_style(const struct psp_definition *definition, uint32_t unit,
                                   const char *id, size_t bytes);

const char *psp_publication_name(enum psp_publication publication); /* "immediate", ... */
/* False: no such word, *ret_publication as it was. */
bool psp_publication_named(const char *name, enum psp_publication *ret_publication);
const char *psp_known_level_id(enum psp_known_level level);  /* "nation", "state", ... */
const char *psp_choice_kind_name(enum psp_choice_kind kind); /* "candidate", "write_in", ... */

#endif
