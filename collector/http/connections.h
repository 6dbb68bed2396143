/*
 * connections - the deadline of each, and the bytes of the answers under way.
 *
 * libmicrohttpd's own timeout is for silence only, and a client that trickles bytes is
 * never silent; so every connection has a deadline, and a sweep cuts what is past it:
 *
 *     begun ── request ─▶ answer: 30 s and 1 s more a 64 KB ── taken ─▶ next request
 *                            └ a stream has none: it must take bytes now and then
 *
 * Ownership: owns what it keeps of each.   Threads: any; has a lock.
 * Memory:    some 50 bytes a connection.
 */
#ifndef PSP_CONNECTIONS_H
#define PSP_CONNECTIONS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/api/stats.h"

struct psp_connection;

struct psp_connections {
    struct psp_stats *stats;
    pthread_mutex_t lock; /* for the next two */
    struct psp_connection *list;
    uint64_t answer_bytes;
};

/* None; destroy after the daemon has stopped. */
void psp_connections_init(struct psp_connections *connections, struct psp_stats *stats);
void psp_connections_destroy(struct psp_connections *connections);

/* MHD_NotifyConnectionCallback; `context`: the psp_connections. */
void psp_connections_notify(void *context, struct MHD_Connection *mhd, void **ret_connection,
                            enum MHD_ConnectionNotificationCode code);

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
