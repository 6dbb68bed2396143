/*
 * normal - what two spellings of one name have in common.
 *
 * "ANN  ABLE " and "Ann Able", "DEM" and "Democratic", "1001" and "01001", "1.0"
 * and "1", "US PRESIDENT" and "President": equal normal forms may be one thing. They need
 * not be: whoever finds two tells, and merges when told to.
 *
 * Ownership: keeps nothing.   Threads: any; pure.
 */
#ifndef PSP_MEANING_NORMAL_H
#define PSP_MEANING_NORMAL_H

#include <stddef.h>

#include "base/limits.h"
#include "election/returns/returns.h"

enum { PSP_NORMAL_BYTES = PSP_NAME_BYTES_MAX + 1 };

/* Returns its bytes. */
size_t psp_normal_of(enum psp_returns_column column, const char *text,
                     char ret_normal[PSP_NORMAL_BYTES]);

#endif
