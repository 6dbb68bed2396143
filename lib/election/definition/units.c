/* Units: their IDs first, then parents, the tree in walking order, levels, contests and
 * styles. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/definition/inner.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* What a unit refers to, until all IDs are known. */
struct psp_unit_reference {
    const char *parent; /* or NULL */
    const char *styles; /* style_count IDs, each with its NUL */
};

static bool read_level(struct psp_build *build, const json_t *object, const char *pointer,
                       uint32_t *ret_level)
{
    const struct psp_definition *definition = build->definition;
    const char *id = json_string_value(json_object_get(object, "level"));
    *ret_level = psp_definition_level(definition, id);
    if (*ret_level != PSP_NONE)
        return true;
    char known[256] = "";
    for (uint32_t i = 0; i < definition->level_count; i++) {
        const size_t at = strlen(known);
        snprintf(known + at, sizeof known - at, "%s%s", i > 0 ? ", " : "",
                 definition->levels[i].id);
    }
    return psp_build_fault(build, psp_pointer("%s/level", pointer).text,
                           "must be one of %s, not \"%s\"", known, psp_shown(id, strlen(id)).text);
}

static bool keep_reference(struct psp_build *build, const json_t *object, const char *name,
                           const char **ret_id)
{
    const json_t *value = json_object_get(object, name);
    *ret_id = NULL;
    if (value == NULL)
        return true;
    *ret_id = psp_pool_string(&build->scratch, json_string_value(value), json_string_length(value));
    return *ret_id != NULL || psp_build_no_memory(build);
}

/* Where the unit names a style: an element of a list in format 2. */
static struct psp_pointer style_pointer(const struct psp_build *build, uint32_t unit,
                                        uint32_t style)
{
    if (build->format == 1)
        return psp_pointer("/units/%" PRIu32 "/ballot_style", unit);
    return psp_pointer("/units/%" PRIu32 "/ballot_styles/%" PRIu32, unit, style);
}

/* Format 1 has one ID, format 2 a list: whoever changes the one number only is told. */
static bool check_style_member(struct psp_build *build, const json_t *object, const char *pointer)
{
    const bool first = build->format == 1;
    const char *other = first ? "ballot_styles" : "ballot_style";
    if (json_object_get(object, other) == NULL)
        return true;
    return psp_build_fault(build, psp_pointer("%s/%s", pointer, other).text,
                           first ? "a list of ballot styles is format 2: this file says format 1"
                                 : "in format 2 this is \"ballot_styles\", a list of IDs");
}

/* The list of a unit, each an ID by its shape. */
static bool check_style_list(struct psp_build *build, const json_t *list, uint32_t position)
{
    const struct psp_pointer at = psp_pointer("/units/%" PRIu32 "/ballot_styles", position);
    bool checked = psp_build_check_array(build, list, at.text, 1, PSP_UNIT_STYLES_MAX);
    for (uint32_t i = 0; checked && i < json_array_size(list); i++)
        checked = psp_build_check_element_id(build, list, at.text, i);
    return checked;
}

/* Keeps the IDs behind each other, as they cannot be followed yet. */
static bool keep_styles(struct psp_build *build, const json_t *object, uint32_t position,
                        struct psp_unit *unit)
{
    struct psp_unit_reference *reference = &build->references[position];
    if (build->format == 1) {
        unit->style_count = json_object_get(object, "ballot_style") != NULL;
        build->unit_style_count += unit->style_count;
        return keep_reference(build, object, "ballot_style", &reference->styles);
    }
    const json_t *list = json_object_get(object, "ballot_styles");
    if (list == NULL)
        return true;
    if (!check_style_list(build, list, position))
        return false;
    size_t bytes = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        bytes += json_string_length(json_array_get(list, i)) + 1;
    char *at = psp_pool_alloc(&build->scratch, bytes, 1);
    if (at == NULL)
        return psp_build_no_memory(build);
    reference->styles = at;
    for (size_t i = 0; i < json_array_size(list); i++)
        at = stpcpy(at, json_string_value(json_array_get(list, i))) + 1;
    unit->style_count = (uint32_t)json_array_size(list);
    build->unit_style_count += unit->style_count;
    return true;
}

static bool build_unit(struct psp_build *build, const json_t *object, uint32_t position,
                       struct psp_unit *ret_unit)
{
    /* The last of these belongs to one format each; check_style_member has the other. */
    const struct psp_member members[] = {
        {"id", PSP_MEMBER_ID, true},
        {"name", PSP_MEMBER_NAMES, true},
        {"level", PSP_MEMBER_NAME, true},
        {"parent", PSP_MEMBER_ID, false},
        {"code", PSP_MEMBER_NAME, false},
        {"registered", PSP_MEMBER_COUNT, false},
        {"ballots_expected", PSP_MEMBER_COUNT, false},
        {build->format == 1 ? "ballot_style" : "ballot_styles",
         build->format == 1 ? PSP_MEMBER_ID : PSP_MEMBER_ARRAY, false},
    };
    const struct psp_pointer at = psp_pointer("/units/%" PRIu32, position);
    struct psp_unit_reference *reference = &build->references[position];
    if (object == NULL || !check_style_member(build, object, at.text) ||
        !psp_build_check_object(build, object, at.text, members, COUNT_OF(members)) ||
        !psp_build_text(build, object, "id", NULL, &ret_unit->id) ||
        !psp_build_names(build, object, "name", &ret_unit->name, &ret_unit->names) ||
        !psp_build_text(build, object, "code", "", &ret_unit->code) ||
        !read_level(build, object, at.text, &ret_unit->level) ||
        !keep_reference(build, object, "parent", &reference->parent) ||
        !keep_styles(build, object, position, ret_unit))
        return false;
    ret_unit->registered = psp_build_count(object, "registered", PSP_UNSTATED);
    ret_unit->ballots_expected = psp_build_count(object, "ballots_expected", PSP_UNSTATED);
    return psp_build_add_id(build, &build->whole->units, 0, ret_unit->id, position, at.text);
}

/* Units refer to each other forwards and backwards, and contests to units: all
 * IDs must be known before any reference is followed. */
bool psp_build_unit_ids(struct psp_build *build)
{
    struct psp_elements elements;
    if (!psp_build_elements(build, PSP_ARRAY_UNITS, 1, PSP_UNITS_MAX, &elements))
        return false;
    const uint32_t n = elements.n;
    build->units = psp_build_alloc(build, n, sizeof *build->units);
    build->references = psp_pool_alloc(&build->scratch, n, sizeof *build->references);
    if (build->units == NULL || build->references == NULL)
        return psp_build_no_memory(build);
    for (uint32_t i = 0; i < n; i++)
        if (!build_unit(build, psp_build_next(build, &elements), i, &build->units[i]))
            return false;
    build->definition->units = build->units;
    build->definition->unit_count = n;
    return true;
}

/* The unit's IDs as positions, ret_styles[style_count]. `seen`: [style_count of the file],
 * the unit + 1 that named the style last. */
static bool resolve_styles(struct psp_build *build, uint32_t unit, uint32_t *seen,
                           uint32_t *ret_styles)
{
    const char *id = build->references[unit].styles;
    for (uint32_t i = 0; i < build->units[unit].style_count; i++) {
        ret_styles[i] = psp_id_index_find(&build->styles, 0, id, strlen(id));
        if (ret_styles[i] == PSP_NONE)
            return psp_build_fault(build, style_pointer(build, unit, i).text,
                                   "no ballot style has this ID: \"%s\"", id);
        if (seen[ret_styles[i]] == unit + 1)
            return psp_build_fault(build, style_pointer(build, unit, i).text,
                                   "the ballot style \"%s\" is listed twice", id);
        seen[ret_styles[i]] = unit + 1;
        id += strlen(id) + 1;
    }
    return true;
}

/* The styles are in the order of units until the tree tells that of the leaves. */
static bool resolve(struct psp_build *build)
{
    uint32_t *styles =
        psp_pool_alloc(&build->scratch, (size_t)build->unit_style_count + 1, sizeof *styles);
    uint32_t *seen =
        psp_pool_alloc(&build->scratch, (size_t)build->definition->style_count, sizeof *seen);
    if (styles == NULL || seen == NULL)
        return psp_build_no_memory(build);
    for (uint32_t i = 0; i < build->definition->unit_count; i++) {
        const struct psp_unit_reference *reference = &build->references[i];
        const struct psp_pointer at = psp_pointer("/units/%" PRIu32, i);
        struct psp_unit *unit = &build->units[i];
        if (!psp_build_find(build, &build->whole->units, reference->parent, "parent", "unit",
                            at.text, &unit->parent) ||
            !resolve_styles(build, i, seen, styles))
            return false;
        unit->styles = unit->style_count > 0 ? styles : NULL;
        styles += unit->style_count;
    }
    return true;
}

static bool find_root(struct psp_build *build)
{
    uint32_t root = PSP_NONE;
    for (uint32_t i = 0; i < build->definition->unit_count; i++) {
        if (build->units[i].parent != PSP_NONE)
            continue;
        if (root != PSP_NONE)
            return psp_build_fault(build, psp_pointer("/units/%" PRIu32, i).text,
                                   "a second root: only one unit may have no parent, and \"%s\" "
                                   "has none already",
                                   build->units[root].id);
        root = i;
    }
    build->definition->root = root;
    return true;
}

/* A unit that the root does not reach hangs below a circle: go up from it until
 * a unit comes round again. */
static bool circle_fault(struct psp_build *build, uint32_t unreached)
{
    uint32_t steps = build->definition->unit_count;
    uint32_t unit = unreached;
    while (steps-- > 0)
        unit = build->units[unit].parent;
    const struct psp_unit *in_circle = &build->units[unit];
    return psp_build_fault(build, psp_pointer("/units/%" PRIu32 "/parent", unit).text,
                           "the units form a circle: going up from \"%s\" over \"%s\" leads back "
                           "to it",
                           in_circle->id, build->units[in_circle->parent].id);
}

/* Lists every unit's children in file order: children of u are
 * children[first[u]] to children[first[u + 1] - 1]. */
static void list_children(const struct psp_build *build, uint32_t *ret_first,
                          uint32_t *ret_children)
{
    const uint32_t n = build->definition->unit_count;
    for (uint32_t i = 0; i < n; i++)
        if (build->units[i].parent != PSP_NONE)
            ret_first[build->units[i].parent + 1]++;
    for (uint32_t i = 0; i < n; i++)
        ret_first[i + 1] += ret_first[i];
    for (uint32_t i = n; i-- > 0;)
        if (build->units[i].parent != PSP_NONE)
            ret_children[--ret_first[build->units[i].parent + 1]] = i;
    /* Each first[u + 1] went down to where u's children begin. */
    for (uint32_t i = 0; i < n; i++)
        ret_first[i] = ret_first[i + 1];
    ret_first[n] = build->definition->root == PSP_NONE ? n : n - 1;
}

/* Depth first without recursion: a unit's leaf run is open while the walk is
 * below it. Returns how many units the root reaches. */
static uint32_t walk(struct psp_build *build, const uint32_t *first, const uint32_t *children,
                     uint32_t *next_child, uint32_t *leaf_of_unit)
{
    struct psp_definition *definition = build->definition;
    uint32_t unit = definition->root, reached = 0;
    while (unit != PSP_NONE) {
        struct psp_unit *about = &build->units[unit];
        if (next_child[unit] == 0) {
            reached++;
            about->leaf_first = definition->leaf_count;
            if (first[unit] == first[unit + 1]) {
                leaf_of_unit[unit] = definition->leaf_count;
                build->leaves[definition->leaf_count++] = unit;
            }
        }
        if (first[unit] + next_child[unit] < first[unit + 1]) {
            unit = children[first[unit] + next_child[unit]++];
        } else {
            about->leaf_end = definition->leaf_count;
            unit = about->parent;
        }
    }
    return reached;
}

static bool build_tree(struct psp_build *build)
{
    struct psp_definition *definition = build->definition;
    const uint32_t n = definition->unit_count;
    uint32_t *leaf_of_unit = psp_build_alloc(build, n, sizeof *leaf_of_unit);
    build->leaves = psp_build_alloc(build, n, sizeof *build->leaves);
    uint32_t *first = calloc((size_t)n + 1, sizeof *first);
    uint32_t *children = calloc(n, sizeof *children);
    uint32_t *next_child = calloc(n, sizeof *next_child);
    bool built = false;
    if (leaf_of_unit == NULL || build->leaves == NULL || first == NULL || children == NULL ||
        next_child == NULL) {
        psp_build_no_memory(build);
        goto out;
    }
    for (uint32_t i = 0; i < n; i++)
        leaf_of_unit[i] = PSP_NONE;
    list_children(build, first, children);
    if (walk(build, first, children, next_child, leaf_of_unit) < n) {
        uint32_t unreached = 0;
        while (unreached == definition->root || build->units[unreached].leaf_end > 0)
            unreached++;
        circle_fault(build, unreached);
        goto out;
    }
    definition->leaves = build->leaves;
    definition->leaf_of_unit = leaf_of_unit;
    built = true;
out:
    free(first);
    free(children);
    free(next_child);
    return built;
}

/* Leaf by leaf, as rows of totals are. */
static bool arrange_styles(struct psp_build *build)
{
    struct psp_definition *definition = build->definition;
    const uint32_t n = definition->leaf_count;
    uint32_t *first = psp_build_alloc(build, (size_t)n + 1, sizeof *first);
    uint32_t *styles = psp_build_alloc(build, (size_t)build->unit_style_count + 1, sizeof *styles);
    if (first == NULL || styles == NULL)
        return false;
    for (uint32_t leaf = 0; leaf < n; leaf++) {
        struct psp_unit *unit = &build->units[definition->leaves[leaf]];
        memcpy(styles + first[leaf], unit->styles, unit->style_count * sizeof *styles);
        unit->styles = styles + first[leaf];
        first[leaf + 1] = first[leaf] + unit->style_count;
    }
    definition->leaf_style_first = first;
    definition->leaf_styles = styles;
    if ((uint64_t)first[n] * definition->method_count > PSP_TOTAL_ROWS_MAX)
        return psp_build_fault(build, "/units",
                               "%" PRIu32 " ballot styles of units, times %" PRIu32
                               " methods: more than %d rows of counts",
                               first[n], definition->method_count, PSP_TOTAL_ROWS_MAX);
    return true;
}

static bool check_levels(struct psp_build *build)
{
    for (uint32_t i = 0; i < build->definition->unit_count; i++) {
        const struct psp_unit *unit = &build->units[i];
        if (unit->parent != PSP_NONE && unit->level <= build->units[unit->parent].level)
            return psp_build_fault(build, psp_pointer("/units/%" PRIu32 "/level", i).text,
                                   "a %s cannot lie in a %s",
                                   psp_unit_level_id(build->definition, i),
                                   psp_unit_level_id(build->definition, unit->parent));
    }
    return true;
}

/* Every contest of a style of the leaf must be held in a unit the leaf lies in. */
static bool check_contests_of(struct psp_build *build, uint32_t position, uint32_t number)
{
    const struct psp_definition *definition = build->definition;
    const uint32_t leaf = definition->leaf_of_unit[position];
    const struct psp_style *style = &definition->styles[build->units[position].styles[number]];
    for (uint32_t i = 0; i < style->contest_count; i++) {
        const struct psp_contest *contest = &definition->contests[style->contests[i].contest];
        const struct psp_unit *held_in = &build->units[contest->unit];
        if (leaf < held_in->leaf_first || leaf >= held_in->leaf_end)
            return psp_build_fault(
                build, style_pointer(build, position, number).text,
                "style \"%s\" has contest \"%s\", which is held in \"%s\": this unit does not lie "
                "there",
                style->id, contest->id, held_in->id);
    }
    return true;
}

static bool check_styles_of_units(struct psp_build *build)
{
    const struct psp_definition *definition = build->definition;
    for (uint32_t i = 0; i < definition->unit_count; i++) {
        const bool leaf = definition->leaf_of_unit[i] != PSP_NONE;
        const uint32_t styles = build->units[i].style_count;
        const char *member = build->format == 1 ? "ballot_style" : "ballot_styles";
        if (leaf && styles == 0)
            return psp_build_fault(build, psp_pointer("/units/%" PRIu32, i).text,
                                   "member \"%s\" is missing: no unit lies in this one, so ballots "
                                   "belong to it",
                                   member);
        if (!leaf && styles > 0)
            return psp_build_fault(build, psp_pointer("/units/%" PRIu32 "/%s", i, member).text,
                                   "other units lie in this one: ballots belong to those");
        for (uint32_t number = 0; leaf && number < styles; number++)
            if (!check_contests_of(build, i, number))
                return false;
    }
    return true;
}

bool psp_build_units(struct psp_build *build)
{
    return resolve(build) && find_root(build) && build_tree(build) && check_levels(build) &&
           check_styles_of_units(build) && arrange_styles(build);
}
