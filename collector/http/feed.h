/*
 * feed - answers of /api/v1/changes: piece by piece, and those that wait for something.
 *
 *     request ─▶ look: anything new? ── yes, or the wait is over ─▶ respond ─▶ pieces
 *                  ▲      └ no: suspended, as a viewer of the stream; headers are not sent yet,
 *                  └── version published, staleness changed, time is up, client gone
 *
 * An answer holds the view it is of until its last byte; views held so are bounded by
 * PSP_HTTP_ANSWER_BYTES_MAX. Beyond that it is 503, as it is when all places of viewers
 * are taken. Whoever takes too long for a piece is cut (connections.h).
 *
 * Ownership: borrows stream and connections.
 * Threads:   any of MHD's.   Memory: one piece an answer.
 */
#ifndef PSP_FEED_H
#define PSP_FEED_H

#include <pthread.h>

#include "collector/api/api.h"
#include "collector/http/stream.h"
#include "http/connections.h"

struct psp_feed {
    struct psp_stream *stream;
    struct psp_connections *connections;
    struct psp_stats *stats;
    pthread_mutex_t lock; /* for the next, and `pins` of views */
    uint64_t pinned_bytes;
};

/* Nothing under way; destroy after the daemon has stopped. */
void psp_feed_init(struct psp_feed *feed, struct psp_stream *stream,
                   struct psp_connections *connections, struct psp_stats *stats);
void psp_feed_destroy(struct psp_feed *feed);

/* What a request holds while it waits, and until it is completed. */
struct psp_feed_wait;
/* Takes NULL, too. Its place is free then. */
void psp_feed_wait_end(struct psp_feed_wait **wait);

enum psp_feed_next {
    PSP_FEED_ANSWER,
    PSP_FEED_AGAIN,     /* ask again of the newest view: it may be another by now */
    PSP_FEED_SUSPENDED, /* the request comes again */
    PSP_FEED_GONE,      /* nobody is there any more, or the collector ends */
    PSP_FEED_BUSY,      /* all places are taken */
    PSP_FEED_NO_MEMORY,
};

/* What to do with a request whose question was read. `*wait`: NULL at first. */
enum psp_feed_next psp_feed_look(struct psp_feed *feed, struct MHD_Connection *mhd,
                                 const struct psp_api_request *request,
                                 const struct psp_changes_question *question,
                                 struct psp_feed_wait **wait);

/* The answer, of the request's view. PSP_EBUSY: too many views are held; PSP_ENOMEM. */
enum psp_status psp_feed_respond(struct psp_feed *feed, struct MHD_Connection *mhd,
                                 const struct psp_api_request *request,
                                 const struct psp_changes_question *question,
                                 struct MHD_Response **ret_response);

#endif
