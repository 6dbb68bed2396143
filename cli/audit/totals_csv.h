/*
 * totals_csv - totals as rows of CSV, in the columns of /api/v1/results.csv up to overvotes:
 * every contest, every level, all methods together (`method` empty) and then
 * each method.
 *
 * Threads: one owner.   Memory: votes of every unit in one contest.
 */
#ifndef PSP_TOTALS_CSV_H
#define PSP_TOTALS_CSV_H

#include <stdbool.h>
#include <stdio.h>

#include "election/totals.h"

/* By contest, then method, then unit in the definition's order. Errors of writing
 * are the stream's (ferror). `left_out`: units without a row, [unit_count], or NULL.
 * `test`: with a first column `mode`. */
void psp_totals_csv_print(const struct psp_totals *totals, const bool *left_out, bool test,
                          FILE *file);

#endif
