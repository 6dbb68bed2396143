/* Follows the pointer's names from the beginning of the text, counting line ends. */
#include "base/json/line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at, *end;
    int line;
};

static void skip_space(struct cursor *cursor)
{
    for (; cursor->at < cursor->end; cursor->at++) {
        if (*cursor->at == '\n')
            cursor->line++;
        else if (*cursor->at != ' ' && *cursor->at != '\t' && *cursor->at != '\r')
            return;
    }
}

static bool is(const struct cursor *cursor, char character)
{
    return cursor->at < cursor->end && *cursor->at == character;
}

/* From the opening quote to past the closing one. */
static void skip_string(struct cursor *cursor)
{
    for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
        if (*cursor->at == '\\')
            cursor->at++;
    if (cursor->at < cursor->end)
        cursor->at++;
    else
        cursor->at = cursor->end;
}

/* To the comma or bracket after the value. */
static void skip_value(struct cursor *cursor)
{
    size_t depth = 0;
    while (cursor->at < cursor->end) {
        const char character = *cursor->at;
        if (character == '"') {
            skip_string(cursor);
            continue;
        }
        if (depth == 0 && (character == ',' || character == ']' || character == '}'))
            return;
        depth += character == '{' || character == '[';
        depth -= character == '}' || character == ']';
        cursor->line += character == '\n';
        cursor->at++;
    }
}

/* A pointer's token, up to the next slash, as the member's name it stands for. */
static bool token_is(const char *token, size_t token_bytes, const char *name, size_t name_bytes)
{
    size_t at = 0;
    for (size_t i = 0; i < token_bytes; i++, at++) {
        char character = token[i];
        if (character == '~' && i + 1 < token_bytes)
            character = token[++i] == '1' ? '/' : '~';
        if (at >= name_bytes || name[at] != character)
            return false;
    }
    return at == name_bytes;
}

/* Moves from '{' or '[' to the value the token names. */
static bool enter(struct cursor *cursor, const char *token, size_t token_bytes, int *ret_line)
{
    const bool object = is(cursor, '{');
    if (!object && !is(cursor, '['))
        return false;
    unsigned long wanted = strtoul(token, NULL, 10);
    cursor->at++;
    for (;; wanted--) {
        skip_space(cursor);
        bool found = !object && wanted == 0;
        *ret_line = cursor->line;
        if (object && is(cursor, '"')) {
            const char *name = cursor->at + 1;
            skip_string(cursor);
            found = token_is(token, token_bytes, name, (size_t)(cursor->at - name) - 1);
            skip_space(cursor);
            if (is(cursor, ':'))
                cursor->at++;
            skip_space(cursor);
        }
        if (found)
            return true;
        skip_value(cursor);
        if (!is(cursor, ','))
            return false;
        cursor->at++;
    }
}

int psp_json_line(const char *text, size_t bytes, const char *pointer)
{
    struct cursor cursor = {text, text + bytes, 1};
    skip_space(&cursor);
    int line = cursor.line;
    while (*pointer == '/') {
        const char *token = pointer + 1;
        const size_t token_bytes = strcspn(token, "/");
        int found_line = 0;
        if (!enter(&cursor, token, token_bytes, &found_line))
            break;
        line = found_line;
        pointer = token + token_bytes;
    }
    return line;
}
