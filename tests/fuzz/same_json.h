/*
 * same_json - does the fast reader of lines say what jansson says of the same bytes?
 *
 * For the fuzz target, and for the unit test that changes lines by chance.
 */
#ifndef PSP_SAME_JSON_H
#define PSP_SAME_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "client/line/nodes.h"

static bool same_text(const struct psp_line_node *node, const json_t *value)
{
    return json_string_length(value) == node->text_bytes && node->text[node->text_bytes] == '\0' &&
           memcmp(json_string_value(value), node->text, node->text_bytes) == 0;
}

/* Of one value; what is in it is counted only. */
static bool same_value(const struct psp_line_node *node, const json_t *value)
{
    switch (node->kind) {
    case PSP_LINE_NULL:
        return json_is_null(value);
    case PSP_LINE_BOOLEAN:
        return json_is_boolean(value) && json_is_true(value) == (node->integer == 1);
    case PSP_LINE_INTEGER:
        return json_is_integer(value) && json_integer_value(value) == node->integer;
    case PSP_LINE_REAL:
        return json_is_real(value);
    case PSP_LINE_STRING:
        return json_is_string(value) && same_text(node, value);
    case PSP_LINE_LIST:
        return json_is_array(value);
    case PSP_LINE_OBJECT:
        return json_is_object(value);
    }
    return false;
}

static bool same_tree(const struct psp_line_node *nodes, uint32_t at, json_t *value)
{
    const uint32_t end = nodes[at].end;
    if (!same_value(&nodes[at], value))
        return false;
    uint32_t child = at + 1;
    size_t i;
    const char *name;
    json_t *item;
    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            if (child >= end || nodes[child].name || !same_tree(nodes, child, item))
                return false;
            child = nodes[child].end;
        }
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, item)
        {
            if (child >= end || strlen(name) != nodes[child].name_bytes ||
                strcmp(name, nodes[child].name) != 0 || !same_tree(nodes, child, item))
                return false;
            child = nodes[child].end;
        }
    }
    return child == end;
}

/* Both take it, with the same values in the same order, or neither does. A NUL byte is not taken,
 * whatever jansson does. */
static bool same_json(const char *text, size_t bytes)
{
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
    const struct psp_line_node *nodes = psp_line_nodes(text, bytes);
    const bool same = json_is_object(root) && !memchr(text, '\0', bytes)
                          ? nodes != NULL && same_tree(nodes, 0, root)
                          : nodes == NULL;
    json_decref(root);
    return same;
}

#endif
