/* Running out of memory is kept in `failed`: writers go on, whoever sends the text looks. */
#include "base/text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

enum { FIRST_BYTES = 1024 };

void psp_text_free(struct psp_text *text)
{
    free(text->data);
    *text = (struct psp_text){0};
}

bool psp_text_reserve(struct psp_text *text, size_t more)
{
    if (text->failed)
        return false;
    if (text->capacity - text->length >= more)
        return true;
    if (more > PSP_ANSWER_BYTES_MAX - text->length) {
        text->failed = text->too_long = true;
        return false;
    }
    const size_t needed = text->length + more;
    text->failed =
        !PSP_GROW(text->data, text->capacity, needed < FIRST_BYTES ? FIRST_BYTES : needed);
    return !text->failed;
}

void psp_text_bytes(struct psp_text *text, const void *bytes, size_t length)
{
    if (length == 0 || !psp_text_reserve(text, length))
        return;
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
}

void psp_text_string(struct psp_text *text, const char *string)
{
    psp_text_bytes(text, string, strlen(string));
}

void psp_text_number(struct psp_text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    psp_text_bytes(text, digits + at, sizeof digits - at);
}

void psp_text_format(struct psp_text *text, const char *format, ...)
{
    va_list arguments;
    char line[1024];
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if ((size_t)length < sizeof line) {
        psp_text_bytes(text, line, (size_t)length);
        return;
    }
    if (!psp_text_reserve(text, (size_t)length + 1))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}
