/*
 * when - a time as a person reads it: date, time of day, and which zone's.
 *
 * The API says UTC ("2026-11-03T21:30:00.123Z"); whoever watches a count looks at
 * a clock on the wall: that of the election, where its definition has a `time_zone`,
 * with the zone's name behind the time. Else TZ, or the machine's own zone, says which;
 * without either it is UTC. A zone that this machine's tz database does not have (tzdata
 * is not installed, say) is told so, and the time is UTC.
 *
 * Threads: one owner; the zone is the process's (TZ is set).
 */
#ifndef PSP_WHEN_H
#define PSP_WHEN_H

#include <stddef.h>

enum { PSP_WHEN_BYTES = 192 };

/* The zone of all times from here on; NULL, or what is no name of a zone: stays as it is. */
void psp_when_zone(const char *name);
/* The same, as the definition says (election.json, whole and valid); without a word of it,
 * nothing. It is looked for, the rest is not read. */
void psp_when_zone_in(const char *election, size_t bytes);

/* "2026-11-03 16:30:00 EST" of a time of the API, "… EST (America/New_York)" with the
 * election's zone; what is none is copied as it is. Returns `text`. */
const char *psp_when_text(const char *time, char text[PSP_WHEN_BYTES]);

#endif
