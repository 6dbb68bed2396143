/*
 * connections - the deadline of each, and the bytes of the answers under way.
 *
 * libmicrohttpd's own timeout is for silence only, and a client that trickles bytes is
 * never silent; so every connection has a deadline, and a sweep cuts what is past it:
 *
 *     begun ── request ─▶ answer: answer_ms, and more for its bytes ── taken ─▶ next request
 *                            └ a stream has none: it must take bytes now and then
 *
 * So many of `bounds` are served at once, and no address keeps others out: who comes
 * when all places are taken gets that of an idle one, or of the address that holds most
 * (base/memory/places.h), or, as a connection more than `of_one` of an
 * address is, is refused: its request is answered 503.
 *
 * Ownership: owns what it keeps of each.   Threads: any; has a lock.
 * Memory:    some 50 bytes a connection.
 */
#ifndef PSP_CONNECTIONS_H
#define PSP_CONNECTIONS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory/places.h"
#include "http/proxies.h"

struct psp_connection;

/* Who asks: who is connected or, when that is a proxy of ours, whom it names. */
void psp_connections_client(const struct psp_proxies *proxies, struct MHD_Connection *mhd,
                            struct psp_source *ret_source);

/* Its socket; -1: MHD does not tell. Called in a handler of the connection, and kept: MHD has
 * room for one answer at a time, and no lock. */
int psp_connections_socket(struct MHD_Connection *mhd);

struct psp_connections_bounds {
    uint32_t max, of_one;  /* served at once; of one address */
    uint32_t refused;      /* more that are open only to be told so */
    uint64_t answer_bytes; /* of all answers under way */
    uint64_t request_ms;   /* for the first request to be whole */
    uint64_t idle_ms;      /* for the next one, on a kept connection */
    uint64_t answer_ms;    /* for an answer to be taken, and … */
    uint64_t bytes_per_ms; /* … so many bytes of it a ms more */
    uint64_t refused_ms;   /* for the request of one that is refused */
};
struct psp_connections_counters {
    _Atomic uint64_t *open; /* now, without those that are refused */
    _Atomic uint64_t *cut, *refused, *pushed_out;
};

struct psp_connections {
    struct psp_connections_bounds bounds;
    struct psp_connections_counters counters;
    const struct psp_proxies *proxies;
    pthread_mutex_t lock; /* for the next four */
    struct psp_connection *list;
    struct psp_places places;
    uint32_t refused; /* that are open */
    uint64_t answer_bytes;
};

/* None; destroy after the daemon has stopped. Borrows `proxies`. */
void psp_connections_init(struct psp_connections *connections,
                          const struct psp_connections_bounds *bounds,
                          const struct psp_connections_counters *counters,
                          const struct psp_proxies *proxies);
void psp_connections_destroy(struct psp_connections *connections);

/* MHD_NotifyConnectionCallback; `context`: the psp_connections. */
void psp_connections_notify(void *context, struct MHD_Connection *mhd, void **ret_connection,
                            enum MHD_ConnectionNotificationCode code);

/* Another deadline; `reading`: for a request that is not whole yet, or the next one. */
void psp_connections_deadline(struct psp_connections *connections, struct MHD_Connection *mhd,
                              uint64_t ms, bool reading);
/* It has no place: its requests are to be answered 503. */
bool psp_connections_refused(struct MHD_Connection *mhd);
/* Its request is whole: it is answered, though its client sends no more. */
void psp_connections_whole(struct psp_connections *connections, struct MHD_Connection *mhd);
/* An answer of so many bytes goes out; false: too many are under way. */
bool psp_connections_begin(struct psp_connections *connections, struct MHD_Connection *mhd,
                           uint64_t bytes);
/* So many bytes more of it, which are not held: time to take them. */
void psp_connections_more(struct psp_connections *connections, struct MHD_Connection *mhd,
                          uint64_t bytes);
/* It waits, or is a stream: no deadline until an answer begins, or it is completed. */
void psp_connections_stream(struct psp_connections *connections, struct MHD_Connection *mhd);
/* The answer is taken, or given up. */
void psp_connections_completed(struct psp_connections *connections, struct MHD_Connection *mhd);

/* Cuts those past their deadline, and those whose client went away before its request was
 * whole: at the second look. */
void psp_connections_sweep(struct psp_connections *connections, uint64_t now_ms);

#endif
