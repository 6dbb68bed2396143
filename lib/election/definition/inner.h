/*
 * inner - what the parts of the definition's parser share.
 *
 *     definition.c  text -> the parts below, lookups
 *     elements.c    arrays, one element at a time
 *     members.c     shape of one JSON object: names, types, limits
 *     things.c      methods, parties, candidates, contests, map
 *     styles.c      ballot styles
 *     publication.c when counts are shown
 *     levels.c      levels of units
 *     languages.c   languages of names
 *     units.c       units and their tree
 *
 * Every function returns false when the definition is refused (the reason is
 * filled), is not well-formed JSON (build->broken) or memory ran out
 * (build->no_memory).
 *
 * Ownership: what is built belongs to the definition's pool; the rest ends with the build.
 * Threads:   one owner.   Memory: the pool's, and one element as a tree.
 */
#ifndef PSP_DEFINITION_INNER_H
#define PSP_DEFINITION_INNER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/json/cut.h"
#include "base/memory/id_index.h"
#include "base/memory/pool.h"
#include "base/reason.h"
#include "base/text/utf8.h"
#include "election/definition/definition.h"

/* What psp_definition_parse allocates; users see `shown`. */
struct psp_definition_whole {
    struct psp_definition shown;
    struct psp_pool pool;
    struct psp_id_index units, contests, methods, candidates, choices;
};

/* The arrays at the top of the file. */
enum psp_array {
    PSP_ARRAY_METHODS,
    PSP_ARRAY_PARTIES,
    PSP_ARRAY_CANDIDATES,
    PSP_ARRAY_UNITS,
    PSP_ARRAY_CONTESTS,
    PSP_ARRAY_BALLOT_STYLES,
};
enum { PSP_ARRAYS = PSP_ARRAY_BALLOT_STYLES + 1 };

struct psp_build {
    struct psp_definition *definition;
    struct psp_definition_whole *whole;
    struct psp_pool *pool;
    struct psp_id_index parties, styles;
    struct psp_reason *reason;
    bool no_memory, broken;
    int format;                              /* of the file */
    struct psp_json_span arrays[PSP_ARRAYS]; /* of the file, by enum psp_array */
    json_t *element;                         /* the one that psp_build_next gave last */
    struct psp_pool scratch;                 /* freed when the definition is built */
    struct psp_unit_reference *references;   /* [unit_count], in scratch */
    struct psp_unit *units;                  /* the definition's own, while they may change */
    uint32_t unit_style_count;               /* of all units together */
    uint32_t *leaves;
};

enum psp_member_type {
    PSP_MEMBER_ID,    /* [a-z0-9._-], 1..PSP_ID_BYTES_MAX */
    PSP_MEMBER_NAME,  /* text of at most PSP_NAME_BYTES_MAX */
    PSP_MEMBER_NAMES, /* that, or one such text for each language */
    PSP_MEMBER_TEXT,  /* text of at most PSP_TEXT_BYTES_MAX */
    PSP_MEMBER_COUNT, /* integer, 0..2^53 - 1 */
    PSP_MEMBER_ARRAY,
    PSP_MEMBER_OBJECT,
};

enum psp_member_need {
    PSP_MEMBER_OPTIONAL = false,
    PSP_MEMBER_REQUIRED = true,
    PSP_MEMBER_FORMAT_2, /* optional, and not in format 1 */
};

struct psp_member {
    const char *name;
    enum psp_member_type type;
    enum psp_member_need need;
};

struct psp_pointer {
    char text[PSP_REASON_POINTER_BYTES];
};
/* Printed as printf does, cut when too long. */
struct psp_pointer psp_pointer(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Records the reason; always false. */
bool psp_build_fault(struct psp_build *build, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool psp_build_no_memory(struct psp_build *build);

/* The value is an object that has the required members, no others than those
 * listed, and each of the right type. */
bool psp_build_check_object(struct psp_build *build, const json_t *object, const char *pointer,
                            const struct psp_member *members, size_t n);

/* min..max elements; the other tells how many it has. */
bool psp_build_check_size(struct psp_build *build, size_t n, const char *pointer, size_t min,
                          size_t max);
bool psp_build_check_array(struct psp_build *build, const json_t *array, const char *pointer,
                           size_t min, size_t max);

/* The element of the array, whose pointer is given, is an ID. */
bool psp_build_check_element_id(struct psp_build *build, const json_t *array, const char *pointer,
                                uint32_t element);

/* Copies a checked text member; `absent` when it is not there. */
bool psp_build_text(struct psp_build *build, const json_t *object, const char *name,
                    const char *absent, const char **ret_text);
/* A checked member of PSP_MEMBER_NAMES: in the first language, and in all of them. */
bool psp_build_names(struct psp_build *build, const json_t *object, const char *name,
                     const char **ret_text, const char *const **ret_texts);
uint64_t psp_build_count(const json_t *object, const char *name, uint64_t absent);

/* Adds the ID to an index; a second one is a fault at pointer/id. */
bool psp_build_add_id(struct psp_build *build, struct psp_id_index *index, uint32_t scope,
                      const char *id, uint32_t position, const char *pointer);

/* The position that an ID leads to, PSP_NONE when it is NULL. Unknown: a fault at
 * pointer/name that says that no `what` ("unit") has this ID. */
bool psp_build_find(struct psp_build *build, const struct psp_id_index *index, const char *id,
                    const char *name, const char *what, const char *pointer,
                    uint32_t *ret_position);
/* The same for the ID that is the object's member `name`, or absent. */
bool psp_build_reference(struct psp_build *build, const struct psp_id_index *index,
                         const json_t *object, const char *name, const char *what,
                         const char *pointer, uint32_t *ret_position);

/* From the definition's pool; NULL: no_memory is set. */
void *psp_build_alloc(struct psp_build *build, size_t n, size_t size);

/* Takes the file apart: *ret_top has its members, each array of enum psp_array
 * left empty there and kept in build->arrays. */
bool psp_build_open(struct psp_build *build, const char *text, size_t bytes, json_t **ret_top);

/* An array of the file, min..max elements. */
struct psp_elements {
    const char *name;
    uint32_t n;
    struct psp_json_cut cut;
};
bool psp_build_elements(struct psp_build *build, enum psp_array array, size_t min, size_t max,
                        struct psp_elements *ret_elements);
/* The next element, valid until the next call; NULL after a failure. To be
 * called at most n times. */
const json_t *psp_build_next(struct psp_build *build, struct psp_elements *elements);

/* The parts, in the order in which they must run. */
bool psp_build_languages(struct psp_build *build, const json_t *top);
bool psp_build_levels(struct psp_build *build, const json_t *top);
bool psp_build_methods(struct psp_build *build);
bool psp_build_parties(struct psp_build *build);
bool psp_build_candidates(struct psp_build *build);
bool psp_build_unit_ids(struct psp_build *build);
bool psp_build_contests(struct psp_build *build);
bool psp_build_map(struct psp_build *build, const json_t *top);
bool psp_build_publication(struct psp_build *build, const json_t *top);
bool psp_build_styles(struct psp_build *build);
bool psp_build_units(struct psp_build *build);

#endif
