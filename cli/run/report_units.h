/*
 * report_units - what a report has shown of its units, as a collector tells it, and
 * what deserves a word: few can tell from a number that the wrong unit was reported.
 *
 * Of each leaf: ballots counted, where that is told, ballots shown, and whether its
 * last report is final. Units above are sums of it.
 *
 * Ownership: the definition must outlive it.   Threads: one owner.
 */
#ifndef PSP_REPORT_UNITS_H
#define PSP_REPORT_UNITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/reason.h"
#include "base/status.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"

enum { PSP_REPORT_NAMES_MAX = 8, PSP_REPORT_UNITS_LINES_MAX = 20 };

/* Units of which the same is said; zero-initialise but for `what`. */
struct psp_report_names {
    const char *what;
    uint64_t n; /* the first ones are kept */
    const char *names[PSP_REPORT_NAMES_MAX];
};

/* The name must outlive it. */
void psp_report_names_add(struct psp_report_names *names, const char *name);
/* A line on stderr, in the name of `call`; none when there is no unit. */
void psp_report_names_say(const struct psp_report_names *names, const char *call);

struct psp_report_units;

/* `units`: as given, maybe twice; `marks`: the leaves reported. PSP_EUNREACHABLE,
 * PSP_EINVAL: the collector's answer; the reason has its words. */
enum psp_status psp_report_units_find(const struct psp_cluster *cluster,
                                      const struct psp_definition *definition,
                                      const uint32_t *units, uint32_t unit_n, const bool *marks,
                                      struct psp_report_units **ret_units,
                                      struct psp_reason *reterr_reason);
/* Takes NULL, too. */
void psp_report_units_destroy(struct psp_report_units **units);

/* The units given, then the leaves below them, PSP_REPORT_UNITS_LINES_MAX lines at most. */
void psp_report_units_print(const struct psp_report_units *units, FILE *file);
/* All of them; the caller's. */
json_t *psp_report_units_json(const struct psp_report_units *units);
/* On stderr; of final units with more than is shown also those not in the report, in an
 * election of few leaves. `is_final`: the report made its units so. */
void psp_report_units_warn(const struct psp_report_units *units, bool is_final, const char *call);

#endif
