/*
 * stream - viewers that wait for the next version (GET /api/v1/stream).
 *
 *     publish ─▶ wake: resume all ─▶ MHD asks each for bytes ─▶ newest event,
 *                                       ▲                        nothing new: suspend
 *                                       └── every 12 s: heartbeat
 *
 * A viewer holds at most one event, the one on its way; when that has been
 * taken it gets the newest one there is then. So a slow reader skips versions
 * and nobody waits for it. Its socket buffer is kept small for the same reason.
 *
 * A suspended connection neither times out nor notices that its client is gone:
 * the heartbeat resumes all of them, and so does stopping, before the daemon
 * stops.
 *
 * When the bound is reached a viewer more takes the place of the oldest one of the address
 * that has most, or is refused (503): base/memory/places.h.
 *
 * Ownership: borrows site and views.
 * Threads:   wake and stop from the loop's; the rest from MHD's.
 * Memory:    an event for each question in use; viewers that ask the same share it.
 */
#ifndef PSP_STREAM_H
#define PSP_STREAM_H

#include "base/status.h"
#include "collector/api/api.h"
#include "collector/view/slot.h"
#include "http/proxies.h"

struct MHD_Connection;
struct MHD_Response;

enum {
    PSP_STREAM_VIEWERS_MAX = 800, /* leaves connections for requests; see http.h */
    PSP_STREAM_HEARTBEAT_MS = 12000,
    PSP_STREAM_RETRY_MS = 2000,         /* when the viewer should come back */
    PSP_STREAM_SOCKET_BYTES = 16 << 10, /* of events the kernel may hold for a viewer */
    PSP_STREAM_EVENTS_KEPT = 64,        /* questions whose newest event is kept */
    PSP_STREAM_PEEK_MS = 1000,          /* between two looks whether who waits is still there */
};

struct psp_stream;

/* PSP_ENOMEM. Borrows `proxies`, too. */
enum psp_status psp_stream_create(const struct psp_api_site *site, struct psp_view_slot *views,
                                  const struct psp_proxies *proxies,
                                  struct psp_stream **ret_stream);
/* After the daemon has stopped. */
void psp_stream_destroy(struct psp_stream **stream);

/* Sends what is new. Call after each publication and about once a second. */
void psp_stream_wake(struct psp_stream *stream, uint64_t now_ms);

/* Ends every stream, also those that come later. Before the daemon is stopped. */
void psp_stream_stop(struct psp_stream *stream);

/* Somebody who waits for news without being sent events (feed.h): takes the place of a
 * viewer, and is resumed as one; also when the time is up, and when the client is gone. */
struct psp_stream_place;
enum psp_stream_turn {
    PSP_STREAM_LOOK,      /* there may be something new */
    PSP_STREAM_SUSPENDED, /* the connection is, until then */
    PSP_STREAM_GONE,      /* nobody waits there any more */
};

/* PSP_EBUSY: too many viewers; PSP_ENOMEM. */
enum psp_status psp_stream_place_begin(struct psp_stream *stream, struct MHD_Connection *mhd,
                                       uint64_t until_ms, struct psp_stream_place **ret_place);
enum psp_stream_turn psp_stream_place_turn(struct psp_stream_place *place);
void psp_stream_place_end(struct psp_stream_place **place);

/* A response for one viewer. `last_id`: value of Last-Event-ID or NULL.
 * PSP_EBUSY: too many viewers; PSP_ENOMEM. */
enum psp_status psp_stream_open(struct psp_stream *stream, struct MHD_Connection *mhd,
                                const struct psp_stream_question *question, const char *last_id,
                                struct MHD_Response **ret_response);

#endif
