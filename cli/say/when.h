/*
 * when - a time as a person reads it: date, time of day, and which zone's.
 *
 * The API says UTC ("2026-11-03T21:30:00.123Z"); whoever watches a count looks at
 * a clock on the wall. TZ, or the machine's own zone, says which; without either
 * it is UTC.
 *
 * Threads: any, but tzset is the process's.
 */
#ifndef PSP_WHEN_H
#define PSP_WHEN_H

enum { PSP_WHEN_BYTES = 64 };

/* "2026-11-03 16:30:00 EST" of a time of the API; what is none is copied as it is.
 * Returns `text`. */
const char *psp_when_text(const char *time, char text[PSP_WHEN_BYTES]);

#endif
