/*
 * undervotes - published over- and undervotes beside those that a count will have.
 *
 * A count derives undervotes: what its ballots may mark, and do not. Where returns
 * publish another number (papers that lack a contest, say), both are told; so are
 * overvotes that no ballots give.
 *
 * Ownership: keeps nothing.   Threads: any.
 */
#ifndef PSP_MEANING_UNDERVOTES_H
#define PSP_MEANING_UNDERVOTES_H

#include "election/import/report.h"
#include "election/returns/returns.h"

/* Of every contest of every group of the binding. */
void psp_meaning_undervotes(const struct psp_returns *returns,
                            const struct psp_definition *definition,
                            const struct psp_returns_binding *binding, struct psp_report *report);

#endif
