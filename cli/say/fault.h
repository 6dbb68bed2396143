/*
 * fault - where and why a file was refused, as one line for a person:
 * "path:line: pointer: reason", without what is not known.
 *
 * Threads: any.
 */
#ifndef PSP_FAULT_H
#define PSP_FAULT_H

#include "base/reason.h"

/* Into PSP_REASON_BYTES; the status speaks when there is no reason. */
void psp_fault_file(char *ret_reason, const char *path, const struct psp_reason *reason,
                    enum psp_status status);

#endif
