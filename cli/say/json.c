/* stdout holds the value and nothing else, so that a pipe can read it. */
#include "cli/say/json.h"

#include <stdio.h>

void psp_json_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
}

json_t *psp_json_of_books(const struct psp_books *books)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        json_object_set_new(object, psp_books_name(i), psp_json_count(psp_books_get(books, i)));
    json_object_set_new(object, "balanced", json_boolean(psp_books_balanced(books)));
    return object;
}
