/* Arrays are cut and parsed an element at a time: a national definition is never a whole tree. */
#include <inttypes.h>
#include <string.h>

#include "election/definition/inner.h"

static const char *const array_names[PSP_ARRAYS] = {
    [PSP_ARRAY_METHODS] = "methods",       [PSP_ARRAY_PARTIES] = "parties",
    [PSP_ARRAY_CANDIDATES] = "candidates", [PSP_ARRAY_UNITS] = "units",
    [PSP_ARRAY_CONTESTS] = "contests",     [PSP_ARRAY_BALLOT_STYLES] = "ballot_styles",
};

static bool broken(struct psp_build *build)
{
    build->broken = true;
    return false;
}

static json_t *read_value(struct psp_build *build, struct psp_json_span span)
{
    json_error_t error;
    json_t *value =
        json_loadb(span.text, span.bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL && json_error_code(&error) == json_error_out_of_memory)
        build->no_memory = true;
    else if (value == NULL)
        build->broken = true;
    return value;
}

/* The array's place among build->arrays, PSP_ARRAYS for other members. */
static int array_of(const char *name, struct psp_json_span value)
{
    int array = 0;
    while (array < PSP_ARRAYS && strcmp(array_names[array], name) != 0)
        array++;
    return value.text[0] == '[' ? array : PSP_ARRAYS;
}

static bool add_member(struct psp_build *build, json_t *top, struct psp_json_span name_span,
                       struct psp_json_span value_span)
{
    json_t *name = read_value(build, name_span);
    if (name == NULL)
        return false;
    bool added = false;
    const int array = array_of(json_string_value(name), value_span);
    if (json_object_get(top, json_string_value(name)) != NULL) {
        broken(build); /* twice */
    } else {
        json_t *value = array < PSP_ARRAYS ? json_array() : read_value(build, value_span);
        if (array < PSP_ARRAYS)
            build->arrays[array] = value_span;
        added = value != NULL && json_object_set_new(top, json_string_value(name), value) == 0;
        if (!added && !build->broken)
            build->no_memory = true;
    }
    json_decref(name);
    return added;
}

bool psp_build_open(struct psp_build *build, const char *text, size_t bytes, json_t **ret_top)
{
    struct psp_json_cut cut;
    struct psp_json_span name, value;
    const struct psp_json_span whole = {text, bytes};
    if (psp_json_cut_begin(&cut, whole, '{') == PSP_CUT_BROKEN) {
        if (psp_json_cut_begin(&cut, whole, '[') == PSP_CUT_ITEM)
            return psp_build_fault(build, "", "must be an object");
        return broken(build);
    }
    *ret_top = json_object();
    if (*ret_top == NULL)
        return psp_build_no_memory(build);
    enum psp_cut next;
    while ((next = psp_json_cut_next(&cut, &name, &value)) == PSP_CUT_ITEM)
        if (!add_member(build, *ret_top, name, value))
            return false;
    return next == PSP_CUT_END || broken(build);
}

bool psp_build_elements(struct psp_build *build, enum psp_array array, size_t min, size_t max,
                        struct psp_elements *ret_elements)
{
    struct psp_json_span element;
    struct psp_elements elements = {.name = array_names[array]};
    const struct psp_json_span span = build->arrays[array];
    if (psp_json_cut_begin(&elements.cut, span, '[') == PSP_CUT_BROKEN)
        return broken(build);
    struct psp_json_cut counting = elements.cut;
    size_t n = 0;
    enum psp_cut next;
    while ((next = psp_json_cut_next(&counting, NULL, &element)) == PSP_CUT_ITEM)
        n++;
    if (next == PSP_CUT_BROKEN)
        return broken(build);
    const struct psp_pointer pointer = psp_pointer("/%s", elements.name);
    if (!psp_build_check_size(build, n, pointer.text, min, max))
        return false;
    elements.n = (uint32_t)n;
    *ret_elements = elements;
    return true;
}

const json_t *psp_build_next(struct psp_build *build, struct psp_elements *elements)
{
    struct psp_json_span element;
    json_decref(build->element);
    build->element = NULL;
    if (psp_json_cut_next(&elements->cut, NULL, &element) != PSP_CUT_ITEM) {
        broken(build);
        return NULL;
    }
    build->element = read_value(build, element);
    return build->element;
}
