/*
 * mode - what is printed of a cluster for trying says so, in itself.
 *
 * A table or a file is passed on without the command that made it: nothing of a
 * test may be taken for an election.
 *
 * Threads: any.
 */
#ifndef PSP_SAY_MODE_H
#define PSP_SAY_MODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A line on top of what people read; nothing unless `test`. */
void psp_mode_say(bool test, FILE *file);

/* In CSV a first column: its heading, and what stands in each line. Unless `test` they
 * are empty. */
const char *psp_mode_csv_heading(bool test);
const char *psp_mode_csv_field(bool test);

/* Whether an answer of the API is of a cluster for trying. */
bool psp_mode_is_test(const json_t *answer);

#endif
