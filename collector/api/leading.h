/*
 * leading - who leads a contest and by how much, the same in /overview and /contests.
 *
 * Threads: any; pure.
 */
#ifndef PSP_LEADING_H
#define PSP_LEADING_H

#include "base/json/writer.h"
#include "collector/view/overview.h"

/* Members of an object that is begun: ballots, valid, margin, margin_of, share_margin, tied,
 * leader, second, above, below, units_reporting, units_partial, units_started, units_total. */
void psp_leading_write(struct psp_writer *json, const struct psp_view *view,
                       const struct psp_overview *overview, uint32_t contest, uint32_t language);

/* The name of who has a line: the candidate's, else the line's, else its party's (a list may
 * have no name of its own). */
const char *psp_leading_name(const struct psp_definition *definition, const struct psp_choice *line,
                             uint32_t language);

#endif
