/* The one place where a call prints why it failed. */
#include "cli/say/fault.h"

#include <stdio.h>

void psp_fault_say(const char *call, const struct psp_reason *reason)
{
    fprintf(stderr, "%s: %s\n", call, reason->text);
}
