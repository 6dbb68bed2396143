/*
 * results_returns - a whole result in the form of published returns.
 *
 * Every contest of every leaf with exactly the choices of its ballot style,
 * zeros included, in the definition's order: what `cast --returns` read comes
 * out again, row by row. Of a test cluster a first column `mode` says so, and nothing
 * that reads published returns takes it. What the collector holds back, because it was
 * not reported yet, is left out.
 *
 * Threads: any.
 */
#ifndef PSP_RESULTS_RETURNS_H
#define PSP_RESULTS_RETURNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/reason.h"
#include "base/status.h"
#include "election/definition/definition.h"

/* `results`: the API's list at leaf level, whole. PSP_EINVAL: it does not
 * have every row once; reterr_reason names the first. */
enum psp_status psp_results_returns_print(const json_t *results,
                                          const struct psp_definition *definition, bool test,
                                          FILE *file, struct psp_reason *reterr_reason);

#endif
