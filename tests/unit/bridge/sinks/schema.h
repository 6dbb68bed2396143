/*
 * Holds a JSON value against a schema: type, const, required, properties, items, oneOf, $ref
 * within the file, and bounds; anything else in a schema is passed over.
 */
#ifndef BRIDGE_SCHEMA_H
#define BRIDGE_SCHEMA_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool schema_is_type(const json_t *value, const char *type)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) ||
           (strcmp(type, "null") == 0 && json_is_null(value));
}

static bool schema_has_type(const json_t *value, const json_t *types)
{
    if (types == NULL)
        return true;
    if (json_is_string(types))
        return schema_is_type(value, json_string_value(types));
    for (size_t i = 0; i < json_array_size(types); i++)
        if (schema_is_type(value, json_string_value(json_array_get(types, i))))
            return true;
    return false;
}

static bool schema_matches(const json_t *value, const json_t *pattern)
{
    regex_t regex;
    if (pattern == NULL || !json_is_string(value))
        return true;
    if (regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    const bool good = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&regex);
    return good;
}

static bool schema_holds(const json_t *root, const json_t *schema, const json_t *value);

static bool schema_members_hold(const json_t *root, const json_t *schema, const json_t *value)
{
    const json_t *required = json_object_get(schema, "required");
    const json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *member;
    for (size_t i = 0; json_is_object(value) && i < json_array_size(required); i++)
        if (!json_object_get(value, json_string_value(json_array_get(required, i))))
            return false;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        const json_t *of = json_object_get(properties, name);
        if (of ? !schema_holds(root, of, member)
               : json_is_false(json_object_get(schema, "additionalProperties")))
            return false;
    }
    return true;
}

static bool schema_holds(const json_t *root, const json_t *schema, const json_t *value)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    if (ref != NULL)
        return schema_holds(
            root, json_object_get(json_object_get(root, "$defs"), ref + strlen("#/$defs/")), value);
    const json_t *one_of = json_object_get(schema, "oneOf"), *is = json_object_get(schema, "const");
    const json_t *least = json_object_get(schema, "minimum");
    const json_t *shortest = json_object_get(schema, "minLength");
    const json_t *items = json_object_get(schema, "items");
    size_t matching = 0;
    for (size_t i = 0; i < json_array_size(one_of); i++)
        matching += schema_holds(root, json_array_get(one_of, i), value);
    for (size_t i = 0; items && json_is_array(value) && i < json_array_size(value); i++)
        if (!schema_holds(root, items, json_array_get(value, i)))
            return false;
    return (one_of == NULL || matching == 1) && (is == NULL || json_equal(is, value)) &&
           (least == NULL || json_integer_value(value) >= json_integer_value(least)) &&
           (shortest == NULL ||
            json_string_length(value) >= (size_t)json_integer_value(shortest)) &&
           schema_has_type(value, json_object_get(schema, "type")) &&
           schema_matches(value, json_object_get(schema, "pattern")) &&
           schema_members_hold(root, schema, value);
}

/* Of a text, by the schema in a file. */
static inline bool schema_file_holds(const char *path, const char *text, size_t bytes)
{
    json_t *schema = json_load_file(path, 0, NULL), *value = json_loadb(text, bytes, 0, NULL);
    const bool good = schema != NULL && value != NULL && schema_holds(schema, schema, value);
    if (!good)
        fprintf(stderr, "%s does not hold: %.*s\n", path, (int)bytes, text);
    json_decref(schema);
    json_decref(value);
    return good;
}

#endif
