#include "cli/say/fault.h"

#include <stdio.h>

#include "cli/folder/local.h"

void psp_fault_file(char *ret_reason, const char *path, const struct psp_reason *reason,
                    enum psp_status status)
{
    struct psp_reason whole = *reason;
    psp_reason_set_file(&whole, path, status);
    snprintf(ret_reason, PSP_REASON_BYTES, "%s", whole.text);
}
