/*
 * state_names - the names of the American states and territories by their
 * postal codes (USPS, as published returns abbreviate them).
 *
 * Threads: any.
 */
#ifndef PSP_STATE_NAMES_H
#define PSP_STATE_NAMES_H

/* "VT": "Vermont". NULL: no such code; codes are in capitals. */
const char *psp_state_name(const char *code);

#endif
