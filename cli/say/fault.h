/*
 * fault - where and why a file was refused, as one line for a person:
 * "path:line: pointer: reason", without what is not known.
 *
 * Threads: any.
 */
#ifndef PSP_FAULT_H
#define PSP_FAULT_H

#include "base/text/csv.h"
#include "election/definition/definition.h"

/* Into PSP_REASON_BYTES; the status speaks when the fault has no reason. */
void psp_fault_definition(char *ret_reason, const char *path,
                          const struct psp_definition_fault *fault, enum psp_status status);
void psp_fault_csv(char *ret_reason, const char *path, const struct psp_csv_fault *fault,
                   enum psp_status status);

#endif
