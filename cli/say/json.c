/* stdout holds the value and nothing else, so that a pipe can read it. */
#include "cli/say/json.h"

#include <stdio.h>

void psp_json_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
}
