/*
 * stations - who may talk to a router: clients.json, the operators and the gateways.
 *
 * clients.json is read again when it changes, so that a station is added or
 * revoked without a restart. A file that cannot be read leaves the known keys as
 * they are: a slip of an editor must not lock every station out; `fault` says so to
 * whoever asks (a revocation that is in no list that is read). On the wire a
 * station's key has its number as id; by it a message finds what it may hold.
 *
 * Ownership: owns its list; cluster, definition and wire stay the caller's.
 * Threads:   one owner.
 */
#ifndef PSP_ROUTER_STATIONS_H
#define PSP_ROUTER_STATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "cluster/stations.h"
#include "router/core/bounds.h"
#include "wire/socket/socket.h"

enum { PSP_ROUTER_PATH_BYTES = 4096 };

struct psp_router_stations { /* zero-initialise; free with psp_router_stations_free */
    char path[PSP_ROUTER_PATH_BYTES];
    struct timespec modified;
    ino_t inode;
    off_t bytes;
    struct psp_reason fault;         /* of the file as it is now; text "": none */
    uint32_t count;                  /* that may cast: not revoked */
    struct psp_router_station *list; /* [count], by number */
};

/* Reads the file when it is not the one read last, and hands the keys to the
 * wire. PSP_STALE: unchanged. Otherwise reterr_reason says what is wrong. */
enum psp_status psp_router_stations_update(struct psp_router_stations *stations,
                                           const struct psp_cluster *cluster,
                                           const struct psp_definition *definition,
                                           struct psp_wire *wire, struct psp_reason *reterr_reason);

/* The station of this number, until the next update; NULL: it may not cast. */
const struct psp_router_station *psp_router_stations_find(
    const struct psp_router_stations *stations, uint32_t number);

/* It is empty then, and as good as new. */
void psp_router_stations_free(struct psp_router_stations *stations);

#endif
