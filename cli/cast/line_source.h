/*
 * line_source - ballots from lines of JSON, as they come.
 *
 * A line that is no ballot is reported (the first ones on stderr, all of them
 * in the number), and the others are cast: a stream should not stop for it.
 *
 * Ownership: owns the lines; definition and client outlive it.
 * Memory:    of the lines that are read ahead (cli/cast/lines/ahead.h).
 * Threads: one owner.
 */
#ifndef PSP_LINE_SOURCE_H
#define PSP_LINE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cast/caster.h"
#include "cli/cast/verdicts.h"
#include "client/line/ballot_line.h"

struct psp_line_source;

/* Keeps a copy of `form`. `path`: "-" is standard input. `verdicts`: not owned, gets what
 * becomes of each line. What psp_ahead_open returns. */
enum psp_status psp_line_source_open(const char *path, const struct psp_ballot_lines *form,
                                     struct psp_verdicts *verdicts,
                                     struct psp_line_source **ret_source);
void psp_line_source_close(struct psp_line_source **source);

/* It has ended, and not one line had anything in it. */
bool psp_line_source_empty(const struct psp_line_source *source);
/* Why it ended early, or "". */
const char *psp_line_source_fault(const struct psp_line_source *source);

/* The caster's view of it, and how many lines were no ballot. */
struct psp_cast_source psp_line_source_view(struct psp_line_source *source);
uint64_t psp_line_source_unreadable(const struct psp_line_source *source);

#endif
