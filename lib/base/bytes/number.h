/*
 * number - whole numbers as people write them on a command line.
 *
 * Digits and nothing else: strtoul takes a sign, leading space and a number too
 * large for its type without a word.
 *
 * Threads: any.
 */
#ifndef PSP_NUMBER_H
#define PSP_NUMBER_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* False, *ret_number untouched: not a whole number from min to max. */
bool psp_number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number);

/* Of an option; ends the program with a usage message unless it is one. */
uint64_t psp_number_argument(struct argp_state *state, const char *option, const char *text,
                             uint64_t min, uint64_t max);

#endif
