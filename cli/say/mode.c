/* The same words as the collector's in its CSV (collector/api/answer.c). */
#include "cli/say/mode.h"

#include <string.h>

void psp_mode_say(bool test, FILE *file)
{
    if (test)
        fputs("TEST: no vote counted here is a vote\n", file);
}

const char *psp_mode_csv_heading(bool test)
{
    return test ? "mode," : "";
}

const char *psp_mode_csv_field(bool test)
{
    return test ? "TEST," : "";
}

bool psp_mode_is_test(const json_t *answer)
{
    const char *mode = json_string_value(json_object_get(answer, "mode"));
    return mode && strcmp(mode, "test") == 0;
}
