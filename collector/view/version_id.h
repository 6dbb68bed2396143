/*
 * version_id - the name of a view: version.id in answers, asked for by version= and since=.
 *
 *     CHANGE-TAG-CHECK      hexadecimal: the board's change number, what is shown
 *                           (psp_view.tag), and a hash of both under the process's key
 *
 * Without a list of the IDs that were given, an ID says when it was and whether this
 * process gave it: another one has another key, and so another check. Two states with one
 * number are of two changes, so they have two IDs. Readers take it as it is.
 *
 * Whether a view is stale changes while it stays the same, so that is not in its ID; the
 * event stream's IDs have it behind a point: ID.0 fresh, ID.1 stale.
 *
 * Ownership: plain data of the caller.   Threads: any; pure.
 */
#ifndef PSP_VERSION_ID_H
#define PSP_VERSION_ID_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PSP_VERSION_KEY_BYTES = 16,
    PSP_VERSION_ID_BYTES = 56, /* 50 characters of 0-9, a-f and -, and NUL, rounded up */
};

struct psp_version_key { /* random, of this process */
    uint8_t bytes[PSP_VERSION_KEY_BYTES];
};

enum psp_version_stale { PSP_VERSION_UNTOLD, PSP_VERSION_FRESH, PSP_VERSION_STALE };

/* What tells a view from all others of the process: the last part of its ID. */
uint64_t psp_version_check(const struct psp_version_key *key, uint64_t change, uint64_t tag);

/* The ID of a view. */
void psp_version_write(const struct psp_version_key *key, uint64_t change, uint64_t tag,
                       char ret_id[PSP_VERSION_ID_BYTES]);

/* An ID, or an event's. False: not one that a process with this key gave. */
bool psp_version_read(const struct psp_version_key *key, const char *text, uint64_t *ret_change,
                      enum psp_version_stale *ret_stale);

#endif
