/* The languages that names of a definition are in. */
#include <inttypes.h>
#include <string.h>

#include "election/definition/inner.h"

/* As far as BCP 47 goes for what has no registry: 2 or 3 letters, then parts of 1 to 8 letters
 * and digits. */
static bool is_tag(const char *tag)
{
    size_t part = strspn(tag, "abcdefghijklmnopqrstuvwxyz");
    if (part < 2 || part > 3 || strlen(tag) > PSP_LANGUAGE_BYTES_MAX)
        return false;
    for (tag += part; *tag != '\0'; tag += part) {
        if (*tag++ != '-')
            return false;
        part = strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        if (part < 1 || part > 8)
            return false;
    }
    return true;
}

static bool build_language(struct psp_build *build, const json_t *value, uint32_t position,
                           const char **ret_tag)
{
    const struct psp_pointer at = psp_pointer("/languages/%" PRIu32, position);
    const char *tag = json_string_value(value);
    if (tag == NULL)
        return psp_build_fault(build, at.text, "must be a string");
    if (!is_tag(tag))
        return psp_build_fault(build, at.text,
                               "a language is written as BCP 47 does, as en or pt-BR, not \"%s\"",
                               psp_shown(tag, strlen(tag)).text);
    if (psp_definition_language(build->definition, tag) != PSP_NONE)
        return psp_build_fault(build, at.text, "the language \"%s\" is listed twice", tag);
    *ret_tag = psp_pool_string(build->pool, tag, strlen(tag));
    return *ret_tag != NULL || psp_build_no_memory(build);
}

bool psp_build_languages(struct psp_build *build, const json_t *top)
{
    const json_t *array = json_object_get(top, "languages");
    if (array == NULL)
        return true;
    if (!json_is_array(array))
        return psp_build_fault(build, "/languages", "must be an array");
    if (!psp_build_check_array(build, array, "/languages", 1, PSP_LANGUAGES_MAX))
        return false;
    const char **tags = psp_build_alloc(build, json_array_size(array), sizeof *tags);
    if (tags == NULL)
        return false;
    build->definition->languages = tags;
    for (uint32_t i = 0; i < json_array_size(array); i++) {
        if (!build_language(build, json_array_get(array, i), i, &tags[i]))
            return false;
        build->definition->language_count = i + 1;
    }
    return true;
}
