/*
 * gzip - a body made smaller for the way.
 *
 * Threads: any; pure.
 */
#ifndef PSP_GZIP_H
#define PSP_GZIP_H

#include "base/text/text.h"

enum { PSP_GZIP_FAST = 1, PSP_GZIP_SMALL = 9 };

/* Appends the bytes as one gzip member. False: out of memory. */
bool psp_gzip(const void *bytes, size_t length, int level, struct psp_text *ret_text);

/* Whether the value of Accept-Encoding takes gzip. NULL: no. */
bool psp_gzip_accepted(const char *accept_encoding);

#endif
