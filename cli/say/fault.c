#include "cli/say/fault.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/folder/local.h"

static void say(char *ret_reason, const char *path, uint64_t line, const char *pointer,
                const char *reason, enum psp_status status)
{
    char number[32] = "";
    if (line > 0)
        snprintf(number, sizeof number, ":%" PRIu64, line);
    snprintf(ret_reason, PSP_REASON_BYTES, "%s%s: %s%s%s", path, number, pointer,
             *pointer ? ": " : "", *reason ? reason : psp_status_text(status));
}

void psp_fault_definition(char *ret_reason, const char *path,
                          const struct psp_definition_fault *fault, enum psp_status status)
{
    say(ret_reason, path, fault->line > 0 ? (uint64_t)fault->line : 0, fault->pointer,
        fault->reason, status);
}

void psp_fault_csv(char *ret_reason, const char *path, const struct psp_csv_fault *fault,
                   enum psp_status status)
{
    say(ret_reason, path, fault->line, "", fault->reason, status);
}
