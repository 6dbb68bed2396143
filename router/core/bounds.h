/*
 * bounds - what a station may cast, as the router looks at each ballot.
 *
 * A unit of any level means all leaves below it, and those are one run of leaves
 * (election/definition): so the units of a station become a few runs, apart and in
 * order. A ballot of a unit or method that the election does not have is within no
 * bounds; without bounds it is the shard's to judge.
 *
 * Ownership: a station owns its runs.   Threads: one owner.
 * Memory:    8 bytes a run.
 */
#ifndef PSP_ROUTER_BOUNDS_H
#define PSP_ROUTER_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "cluster/stations.h"
#include "election/definition/definition.h"

struct psp_router_leaves {
    uint32_t first, end; /* [first, end) of the definition's leaves */
};

struct psp_router_station { /* zero but for its number: no bounds */
    uint32_t number;        /* of clients.json: goes with each ballot */
    uint32_t methods;       /* a bit for each position; 0: every method */
    uint64_t until_ms;      /* wall time; 0: no end */
    uint32_t run_count;     /* 0: every unit */
    struct psp_router_leaves *runs;
};

/* Of a station in clients.json. PSP_ENOMEM. */
enum psp_status psp_router_station_init(struct psp_router_station *ret_station,
                                        const struct psp_station *station,
                                        const struct psp_definition *definition);
void psp_router_station_free(struct psp_router_station *station);

/* The one of this number in a list by number, ascending; NULL: it is not there. */
const struct psp_router_station *psp_router_station_find(const struct psp_router_station *list,
                                                         uint32_t count, uint32_t number);

/* Its time is over: it may cast nothing. */
static inline bool psp_router_station_ended(const struct psp_router_station *station,
                                            uint64_t wall_ms)
{
    return station->until_ms != 0 && wall_ms >= station->until_ms;
}

/* Whether any ballot has to be looked at. */
static inline bool psp_router_station_is_bounded(const struct psp_router_station *station)
{
    return station->run_count > 0 || station->methods != 0;
}

/* Whether a ballot of this unit (position, or PSP_NONE) and method (position, or
 * none) is within. */
bool psp_router_station_may(const struct psp_router_station *station,
                            const struct psp_definition *definition, uint32_t unit, uint8_t method);

#endif
