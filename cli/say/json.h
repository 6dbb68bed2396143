/*
 * json - what a call has to say, for programs.
 *
 * Members are promised in docs/formats.md: they may be added, and keep their
 * meaning. What went wrong stays on stderr.
 *
 * Threads: any.
 */
#ifndef PSP_SAY_JSON_H
#define PSP_SAY_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "election/books.h"

/* To stdout, indented; takes the value. */
void psp_json_print(json_t *value);

/* Every counter under its word of the API, and `balanced`. */
json_t *psp_json_of_books(const struct psp_books *books);

/* Numbers of ours are unsigned, and below 2^63. */
static inline json_t *psp_json_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

#endif
