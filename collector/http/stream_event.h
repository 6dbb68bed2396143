/*
 * stream_event - what a viewer of the stream is sent, as text/event-stream.
 *
 *     id: 2f-3f5c…-81d0….0                   : comment
 *     event: board                           event: shards
 *     data: {"version":…,"result":{…},…}     data: {"as_of":…,"shards":[…]}
 *
 * A board event is the whole of what was asked for, never a difference: a
 * viewer that missed some events is right again with the next one, so a slow
 * one needs no queue. The row of one contest is about 1 KB.
 *
 * Threads: any; pure.
 */
#ifndef PSP_STREAM_EVENT_H
#define PSP_STREAM_EVENT_H

#include "collector/api/api.h"

enum { PSP_STREAM_ID_BYTES = PSP_VERSION_ID_BYTES + 2 };

/* The ID of the newest state: the view's and whether it is stale (view/version_id.h). */
void psp_stream_event_id(const struct psp_view *view, bool stale, char ret_id[PSP_STREAM_ID_BYTES]);

/* Uses the request's site, view and time; its `stale` says what the ID says. */
void psp_stream_event_board(struct psp_api_request *request,
                            const struct psp_stream_question *question, struct psp_text *ret_text);

/* The heartbeat: without an ID, so it does not count as a state seen. */
void psp_stream_event_shards(struct psp_api_request *request, struct psp_text *ret_text);

#endif
