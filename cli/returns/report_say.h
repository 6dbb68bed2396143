/*
 * report_say - the report of an import, for people on stderr and for programs.
 *
 * Threads: any.
 */
#ifndef PSP_REPORT_SAY_H
#define PSP_REPORT_SAY_H

#include <jansson.h>

#include "base/reason.h"
#include "election/import/report.h"

/* A group for each kind, faults first, each with its first entries; nothing when the
 * report is empty. `call`: "psephos import". */
void psp_report_say(const char *call, const struct psp_report *report);

/* Of a file whose first fault is the reason: the report when there is more than that, and
 * what to do behind the reason when there is not. */
void psp_report_say_first(const char *path, const struct psp_report *report,
                          struct psp_reason *reason);

/* A list; each `kind`, `fault`, `rows`, `what`, `to_do`, `first` (`file`, `line`, `text`). */
json_t *psp_report_json(const struct psp_report *report);

#endif
