/*
 * state_names - the names of the American states and territories by their
 * postal codes (USPS, as published returns abbreviate them).
 *
 * Threads: any.
 */
#ifndef PSP_STATE_NAMES_H
#define PSP_STATE_NAMES_H

#include <stdbool.h>

/* "VT": "Vermont". NULL: no such code; codes are in capitals. */
const char *psp_state_name(const char *code);

/* Whether it is a code or a name of one, in any case. */
bool psp_state_known(const char *text);

#endif
