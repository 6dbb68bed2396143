/*
 * report - a load run's figures: for people, as JSON, and as one HTML page with
 * plots that needs nothing else.
 */
#ifndef PSP_BENCH_REPORT_H
#define PSP_BENCH_REPORT_H

#include <stdio.h>

#include "bench/load/run.h"

void psp_report_print(const struct psp_load_options *options, const struct psp_load_result *result,
                      FILE *out);
/* PSP_EIO. `path` "-": stdout. */
enum psp_status psp_report_json(const struct psp_load_options *options,
                                const struct psp_load_result *result, const char *path);
enum psp_status psp_report_html(const struct psp_load_options *options,
                                const struct psp_load_result *result, const char *path);

#endif
