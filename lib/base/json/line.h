/*
 * line - the line of a JSON text where a JSON Pointer leads.
 *
 * The JSON library forgets where a value stood; a person who has to mend the
 * file needs the line. Only faults pay for this second look at the text.
 *
 * Threads: any; pure.
 */
#ifndef PSP_JSON_LINE_H
#define PSP_JSON_LINE_H

#include <stddef.h>

/* 1-based line of the value (of a member: of its name). When a part of the
 * pointer is not there, or is a name written with backslash escapes, the line
 * of what contains it. `text` must be well-formed JSON. */
int psp_json_line(const char *text, size_t bytes, const char *pointer);

#endif
