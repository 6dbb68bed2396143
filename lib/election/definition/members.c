/* One member at a time: found, of the right type, within its limit; else the fault with
 * its pointer. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "election/definition/inner.h"

struct psp_pointer psp_pointer(const char *format, ...)
{
    struct psp_pointer pointer;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(pointer.text, sizeof pointer.text, format, arguments);
    va_end(arguments);
    return pointer;
}

bool psp_build_fault(struct psp_build *build, const char *pointer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    psp_reason_vset_pointer(build->reason, pointer, format, arguments);
    va_end(arguments);
    return false;
}

bool psp_build_no_memory(struct psp_build *build)
{
    build->no_memory = true;
    return false;
}

void *psp_build_alloc(struct psp_build *build, size_t n, size_t size)
{
    void *memory = psp_pool_alloc(build->pool, n, size);
    if (memory == NULL)
        build->no_memory = true;
    return memory;
}

/* A member's pointer; its name is a stranger's text and may need escapes. A
 * name that does not fit is cut, at a character's boundary. */
static struct psp_pointer member_pointer(const char *pointer, const char *name)
{
    struct psp_pointer member = psp_pointer("%s/", pointer);
    size_t out = strlen(member.text);
    const size_t bytes = strlen(name);
    for (size_t at = 0; at < bytes;) {
        const size_t length = psp_utf8_length(name + at, bytes - at);
        if (length == 0 || out + (length > 1 ? length : 2) >= sizeof member.text)
            break;
        if (name[at] == '~' || name[at] == '/') {
            member.text[out++] = '~';
            member.text[out++] = name[at] == '/' ? '1' : '0';
        } else {
            memcpy(member.text + out, name + at, length);
            out += length;
        }
        at += length;
    }
    member.text[out] = '\0';
    return member;
}

/* A member, whose pointer is written out only for a fault: a national
 * definition has millions of members. */
struct place {
    const char *parent, *name;
};

static struct psp_pointer place_text(struct place place)
{
    return member_pointer(place.parent, place.name);
}

static bool check_id(struct psp_build *build, const char *id, size_t bytes, struct place place)
{
    if (bytes == 0)
        return psp_build_fault(build, place_text(place).text, "an ID must not be empty");
    if (bytes > PSP_ID_BYTES_MAX)
        return psp_build_fault(build, place_text(place).text,
                               "an ID of %zu bytes: at most %d are allowed", bytes,
                               PSP_ID_BYTES_MAX);
    for (size_t i = 0; i < bytes; i++) {
        const char c = id[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-')
            return psp_build_fault(build, place_text(place).text,
                                   "an ID may hold a-z, 0-9, '.', '_' and '-' only: \"%s\"",
                                   psp_shown(id, bytes).text);
    }
    return true;
}

static bool check_text(struct psp_build *build, const json_t *value, size_t bytes_max,
                       struct place place)
{
    if (!json_is_string(value))
        return psp_build_fault(build, place_text(place).text, "must be a string");
    if (json_string_length(value) > bytes_max)
        return psp_build_fault(build, place_text(place).text,
                               "a text of %zu bytes: at most %zu are allowed",
                               json_string_length(value), bytes_max);
    return true;
}

static bool check_count(struct psp_build *build, const json_t *value, struct place place)
{
    if (!json_is_integer(value))
        return psp_build_fault(build, place_text(place).text, "must be a whole number");
    if (json_integer_value(value) < 0 || json_integer_value(value) > PSP_COUNT_MAX)
        return psp_build_fault(build, place_text(place).text, "must be 0 to %" PRId64,
                               PSP_COUNT_MAX);
    return true;
}

/* A name in each language of the file, and in no other. */
static bool check_names(struct psp_build *build, const json_t *value, const char *pointer)
{
    const struct psp_definition *definition = build->definition;
    const char *tag;
    json_t *text;
    if (definition->language_count == 0)
        return psp_build_fault(build, pointer,
                               "names in several languages need \"languages\" at the top, which "
                               "gives their order");
    json_object_foreach((json_t *)value, tag, text)
    {
        if (psp_definition_language(definition, tag) == PSP_NONE)
            return psp_build_fault(build, pointer, "\"%s\" is none of the file's languages",
                                   psp_shown(tag, strlen(tag)).text);
        if (!json_is_string(text))
            return psp_build_fault(build, pointer, "the name in \"%s\" must be a string", tag);
        if (json_string_length(text) > PSP_NAME_BYTES_MAX)
            return psp_build_fault(build, pointer, "a text of %zu bytes: at most %d are allowed",
                                   json_string_length(text), PSP_NAME_BYTES_MAX);
    }
    if (json_object_get(value, definition->languages[0]) == NULL)
        return psp_build_fault(build, pointer, "the name in \"%s\", the first language, is missing",
                               definition->languages[0]);
    return true;
}

static bool check_type(struct psp_build *build, const json_t *value, enum psp_member_type type,
                       struct place place)
{
    switch (type) {
    case PSP_MEMBER_ID:
        return check_text(build, value, PSP_TEXT_BYTES_MAX, place) &&
               check_id(build, json_string_value(value), json_string_length(value), place);
    case PSP_MEMBER_NAME:
        return check_text(build, value, PSP_NAME_BYTES_MAX, place);
    case PSP_MEMBER_NAMES:
        return json_is_object(value) ? check_names(build, value, place_text(place).text)
                                     : check_text(build, value, PSP_NAME_BYTES_MAX, place);
    case PSP_MEMBER_TEXT:
        return check_text(build, value, PSP_TEXT_BYTES_MAX, place);
    case PSP_MEMBER_COUNT:
        return check_count(build, value, place);
    case PSP_MEMBER_ARRAY:
        return json_is_array(value) ||
               psp_build_fault(build, place_text(place).text, "must be an array");
    case PSP_MEMBER_OBJECT:
        return json_is_object(value) ||
               psp_build_fault(build, place_text(place).text, "must be an object");
    }
    return false;
}

bool psp_build_check_element_id(struct psp_build *build, const json_t *array, const char *pointer,
                                uint32_t element)
{
    char name[16];
    snprintf(name, sizeof name, "%" PRIu32, element);
    return check_type(build, json_array_get(array, element), PSP_MEMBER_ID,
                      (struct place){pointer, name});
}

static const struct psp_member *find_member(const struct psp_member *members, size_t n,
                                            const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

bool psp_build_check_object(struct psp_build *build, const json_t *object, const char *pointer,
                            const struct psp_member *members, size_t n)
{
    if (!json_is_object(object))
        return psp_build_fault(build, pointer, "must be an object");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const struct psp_member *member = find_member(members, n, name);
        if (member == NULL)
            return psp_build_fault(build, member_pointer(pointer, name).text,
                                   "no member of this name is known here");
        if (member->need == PSP_MEMBER_FORMAT_2 && build->format == 1)
            return psp_build_fault(build, member_pointer(pointer, name).text,
                                   "this member is format 2: this file says format 1");
        if (!check_type(build, value, member->type, (struct place){pointer, name}))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (members[i].need == PSP_MEMBER_REQUIRED &&
            json_object_get(object, members[i].name) == NULL)
            return psp_build_fault(build, pointer, "member \"%s\" is missing", members[i].name);
    return true;
}

bool psp_build_check_array(struct psp_build *build, const json_t *array, const char *pointer,
                           size_t min, size_t max)
{
    return psp_build_check_size(build, json_array_size(array), pointer, min, max);
}

bool psp_build_check_size(struct psp_build *build, size_t n, const char *pointer, size_t min,
                          size_t max)
{
    if (n < min)
        return psp_build_fault(build, pointer, "must not be empty");
    if (n > max)
        return psp_build_fault(build, pointer, "%zu elements: at most %zu are allowed", n, max);
    return true;
}

bool psp_build_text(struct psp_build *build, const json_t *object, const char *name,
                    const char *absent, const char **ret_text)
{
    const json_t *value = json_object_get(object, name);
    if (value == NULL) {
        *ret_text = absent;
        return true;
    }
    *ret_text = psp_pool_string(build->pool, json_string_value(value), json_string_length(value));
    return *ret_text != NULL || psp_build_no_memory(build);
}

bool psp_build_names(struct psp_build *build, const json_t *object, const char *name,
                     const char **ret_text, const char *const **ret_texts)
{
    const struct psp_definition *definition = build->definition;
    const json_t *value = json_object_get(object, name);
    *ret_texts = NULL;
    if (!json_is_object(value))
        return psp_build_text(build, object, name, NULL, ret_text);
    const char **texts = psp_build_alloc(build, definition->language_count, sizeof *texts);
    for (uint32_t i = 0; texts != NULL && i < definition->language_count; i++) {
        const json_t *text = json_object_get(value, definition->languages[i]);
        texts[i] = text == NULL ? texts[0]
                                : psp_pool_string(build->pool, json_string_value(text),
                                                  json_string_length(text));
        if (texts[i] == NULL)
            return psp_build_no_memory(build);
    }
    if (texts == NULL)
        return false;
    *ret_text = texts[0];
    *ret_texts = texts;
    return true;
}

uint64_t psp_build_count(const json_t *object, const char *name, uint64_t absent)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL ? (uint64_t)json_integer_value(value) : absent;
}

bool psp_build_add_id(struct psp_build *build, struct psp_id_index *index, uint32_t scope,
                      const char *id, uint32_t position, const char *pointer)
{
    uint32_t first;
    const enum psp_status status = psp_id_index_add(index, scope, id, strlen(id), position, &first);
    if (status == PSP_EEXIST)
        return psp_build_fault(build, psp_pointer("%s/id", pointer).text,
                               "this ID is taken already, by element %" PRIu32 ": \"%s\"", first,
                               id);
    return status == PSP_OK || psp_build_no_memory(build);
}

bool psp_build_find(struct psp_build *build, const struct psp_id_index *index, const char *id,
                    const char *name, const char *what, const char *pointer, uint32_t *ret_position)
{
    *ret_position = PSP_NONE;
    if (id == NULL)
        return true;
    *ret_position = psp_id_index_find(index, 0, id, strlen(id));
    if (*ret_position == PSP_NONE)
        return psp_build_fault(build, psp_pointer("%s/%s", pointer, name).text,
                               "no %s has this ID: \"%s\"", what, id);
    return true;
}

bool psp_build_reference(struct psp_build *build, const struct psp_id_index *index,
                         const json_t *object, const char *name, const char *what,
                         const char *pointer, uint32_t *ret_position)
{
    return psp_build_find(build, index, json_string_value(json_object_get(object, name)), name,
                          what, pointer, ret_position);
}
