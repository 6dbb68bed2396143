/*
 * results_table - results as people read them: one table a contest and unit.
 *
 * `results` is the API's list; `contests` and `parties` are the API's lists of
 * these, for the names. A result that is held has a title, and no choices.
 *
 * Threads: any.
 */
#ifndef PSP_RESULTS_TABLE_H
#define PSP_RESULTS_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Candidates as they stand, those with several lines with each line below; then lines that
 * name nobody, and the margin. `lines_max`: lines the screen has; the candidates with the
 * fewest votes are then put together in one line a table. 0: all. */
void psp_results_table_print(const json_t *results, const json_t *contests, const json_t *parties,
                             size_t lines_max, FILE *file);

/* The same as CSV: the columns of /api/v1/results.csv; a line a choice. `test`: with a
 * first column `mode`. */
void psp_results_table_csv(const json_t *results, const json_t *contests, bool test, FILE *file);

#endif
