/*
 * fault - why a call did not do what it was asked, as one line on stderr.
 *
 * Threads: any.
 */
#ifndef PSP_FAULT_H
#define PSP_FAULT_H

#include "base/reason.h"

/* "psephos up: what is wrong and what to do". */
void psp_fault_say(const char *call, const struct psp_reason *reason);

#endif
