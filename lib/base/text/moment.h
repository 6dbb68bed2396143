/*
 * moment - a time as files and people write it (RFC 3339), and as ms since 1970.
 *
 * Read: "2026-11-03T20:00:00Z", also with a blank for the T, a fraction of a second,
 * an offset ("+01:00") for the Z. Without either it is UTC where the caller allows
 * that: an hour of which nobody says whose must not decide who may cast.
 *
 * Threads: any.
 */
#ifndef PSP_MOMENT_H
#define PSP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

enum { PSP_MOMENT_BYTES = 32 };

/* False, *ret_ms untouched: no time from 1970 on, or no such day. */
bool psp_moment_read(const char *text, bool zone_needed, uint64_t *ret_ms);

/* "2026-11-03T20:00:00Z", with ".123" before the Z when the ms are not 0. Returns `text`. */
const char *psp_moment_write(uint64_t ms, char text[PSP_MOMENT_BYTES]);

#endif
