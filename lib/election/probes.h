/*
 * probes - when a station has had more ballots refused than an honest one would.
 *
 * A refused ballot leaves its voter's digest in the log, beside a receipt that names the
 * entry: who reads the journal, too, finds the voter's counted ballot by it
 * (docs/security.md). An honest station has few refusals for the ballots that count.
 *
 * Threads: any; pure.
 */
#ifndef PSP_PROBES_H
#define PSP_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "election/station_books.h"

enum {
    PSP_PROBES_FREE = 4096,     /* of a station in a shard, besides one for each that counted */
    PSP_PROBES_A_SECOND = 10,   /* of all stations past that together, in a shard */
    PSP_PROBES_TOLD = 200,      /* refused, before anybody is told */
    PSP_PROBES_TOLD_SHARE = 10, /* and one in so many of those that counted */
};

/* Past its budget: more of it are refused slowly only. */
bool psp_probes_over(const struct psp_station_books *books);
/* So many that a person should look at it. */
bool psp_probes_told(const struct psp_station_books *books);

#endif
