/* Viewers of one question share one event; a slow one misses versions, never parts of one. */
#include "collector/http/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory/places.h"
#include "base/system/clock.h"
#include "collector/http/stream_event.h"
#include "http/connections.h"

struct event {
    uint32_t references; /* under events_lock */
    struct psp_stream_question question;
    char id[PSP_STREAM_ID_BYTES];
    struct psp_text text;
};

struct viewer {
    struct psp_place place;
    struct viewer *next, *previous;
    struct psp_stream *stream;
    struct MHD_Connection *mhd;
    int fd; /* asked in the connection's own thread: MHD has one answer at a time */
    struct psp_stream_question question;
    char id[PSP_STREAM_ID_BYTES]; /* of the last event begun */
    uint64_t version, beat;       /* as of which it has everything */
    bool suspended;
    struct event *event; /* on its way */
    size_t sent;
    bool waits; /* it is a psp_stream_place: for … */
    uint64_t until_ms;
    bool gone;   /* its client is */
    bool ousted; /* another has its place */
};

struct psp_stream_place {
    struct viewer viewer;
};

struct psp_stream {
    const struct psp_api_site *site;
    struct psp_view_slot *views;
    const struct psp_proxies *proxies;
    pthread_mutex_t lock; /* for the next ten; taken before MHD's own */
    struct psp_places places;
    struct viewer *viewers;
    uint32_t viewer_count;
    uint64_t check, version; /* of the view; raised when there is something new */
    uint64_t beat, beat_ms, peek_ms;
    bool was_stale, stopping;
    pthread_mutex_t events_lock;
    struct event *events[PSP_STREAM_EVENTS_KEPT];
    uint32_t event_next; /* the one to replace */
};

enum psp_status psp_stream_create(const struct psp_api_site *site, struct psp_view_slot *views,
                                  const struct psp_proxies *proxies, struct psp_stream **ret_stream)
{
    struct psp_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return PSP_ENOMEM;
    stream->site = site;
    stream->views = views;
    stream->proxies = proxies;
    stream->version = 1;
    stream->beat_ms = psp_clock_ms();
    pthread_mutex_init(&stream->lock, NULL);
    pthread_mutex_init(&stream->events_lock, NULL);
    *ret_stream = stream;
    return PSP_OK;
}

static void drop_event(struct psp_stream *stream, struct event **event)
{
    if (!*event)
        return;
    pthread_mutex_lock(&stream->events_lock);
    const bool last = --(*event)->references == 0;
    pthread_mutex_unlock(&stream->events_lock);
    if (last) {
        psp_text_free(&(*event)->text);
        free(*event);
    }
    *event = NULL;
}

void psp_stream_destroy(struct psp_stream **stream)
{
    if (!*stream)
        return;
    for (int i = 0; i < PSP_STREAM_EVENTS_KEPT; i++)
        drop_event(*stream, &(*stream)->events[i]);
    pthread_mutex_destroy(&(*stream)->lock);
    pthread_mutex_destroy(&(*stream)->events_lock);
    free(*stream);
    *stream = NULL;
}

/* ---- events ---- */

static bool same_question(const struct psp_stream_question *a, const struct psp_stream_question *b)
{
    return a->contest == b->contest && a->unit == b->unit && a->method == b->method &&
           a->language == b->language;
}

/* With a reference for the caller; NULL: out of memory. */
static struct event *make_event(struct psp_api_request *request,
                                const struct psp_stream_question *question, const char *id)
{
    struct event *event = calloc(1, sizeof *event);
    if (!event)
        return NULL;
    event->references = 1;
    if (question) {
        event->question = *question;
        snprintf(event->id, sizeof event->id, "%s", id);
        psp_stream_event_board(request, question, &event->text);
    } else {
        psp_stream_event_shards(request, &event->text);
    }
    if (event->text.failed) {
        psp_text_free(&event->text);
        free(event);
        return NULL;
    }
    return event;
}

/* Hundreds of viewers look at the same contest: it is added up and written once
 * a version. NULL: out of memory. */
static struct event *shared_event(struct psp_stream *stream, struct psp_api_request *request,
                                  const struct psp_stream_question *question, const char *id)
{
    struct event *found = NULL, *old = NULL;
    pthread_mutex_lock(&stream->events_lock);
    for (int i = 0; i < PSP_STREAM_EVENTS_KEPT && !found; i++) {
        struct event *event = stream->events[i];
        if (event && strcmp(event->id, id) == 0 && same_question(&event->question, question))
            found = event;
    }
    if (!found) {
        found = make_event(request, question, id);
        if (found) {
            old = stream->events[stream->event_next];
            stream->events[stream->event_next] = found;
            stream->event_next = (stream->event_next + 1) % PSP_STREAM_EVENTS_KEPT;
        }
    }
    if (found)
        found->references++;
    pthread_mutex_unlock(&stream->events_lock);
    drop_event(stream, &old);
    return found;
}

enum next { NEXT_NOTHING, NEXT_EVENT, NEXT_FAILED };

/* The newest board event, unless the viewer has it. */
static enum next next_board(struct viewer *viewer, struct psp_api_request *request)
{
    char id[PSP_STREAM_ID_BYTES];
    psp_stream_event_id(request->view, request->stale, id);
    if (strcmp(id, viewer->id) == 0)
        return NEXT_NOTHING;
    viewer->event = shared_event(viewer->stream, request, &viewer->question, id);
    memcpy(viewer->id, id, sizeof id);
    return viewer->event ? NEXT_EVENT : NEXT_FAILED;
}

static enum next next_event(struct viewer *viewer, bool beat)
{
    struct psp_stream *stream = viewer->stream;
    struct psp_view *view = psp_view_slot_take(stream->views);
    if (!view)
        return NEXT_NOTHING;
    struct psp_api_request request = {.site = stream->site, .view = view, .now_ms = psp_clock_ms()};
    request.stale = psp_freshness_any_stale(stream->site->freshness, request.now_ms);
    request.ahead = psp_api_is_ahead(view, psp_clock_wall_ms());
    enum next next = next_board(viewer, &request);
    if (next == NEXT_NOTHING && beat) {
        viewer->event = make_event(&request, NULL, NULL);
        next = viewer->event ? NEXT_EVENT : NEXT_FAILED;
    }
    psp_view_release(&view);
    viewer->sent = 0;
    if (next == NEXT_EVENT)
        psp_stats_count(&stream->site->stats->stream_events);
    return next;
}

/* ---- viewers ---- */

enum turn { TURN_LOOK, TURN_BEAT, TURN_SUSPENDED, TURN_END };

/* Suspends under the lock, so that a wake between looking and suspending is not
 * lost. */
static enum turn take_turn(struct viewer *viewer)
{
    struct psp_stream *stream = viewer->stream;
    enum turn turn = TURN_LOOK;
    pthread_mutex_lock(&stream->lock);
    if (stream->stopping || viewer->ousted || viewer->gone) {
        turn = TURN_END;
    } else if (viewer->version != stream->version) {
        viewer->version = stream->version;
    } else if (viewer->beat != stream->beat) {
        viewer->beat = stream->beat;
        turn = TURN_BEAT;
    } else {
        MHD_suspend_connection(viewer->mhd);
        viewer->suspended = true;
        turn = TURN_SUSPENDED;
    }
    pthread_mutex_unlock(&stream->lock);
    return turn;
}

static ssize_t on_read(void *context, uint64_t position, char *buffer, size_t size)
{
    struct viewer *viewer = context;
    (void)position;
    if (viewer->event && viewer->sent == viewer->event->text.length)
        drop_event(viewer->stream, &viewer->event);
    while (!viewer->event) {
        const enum turn turn = take_turn(viewer);
        if (turn == TURN_END)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (turn == TURN_SUSPENDED)
            return 0;
        if (next_event(viewer, turn == TURN_BEAT) == NEXT_FAILED)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    const struct psp_text *text = &viewer->event->text;
    const size_t rest = text->length - viewer->sent, n = rest < size ? rest : size;
    memcpy(buffer, text->data + viewer->sent, n);
    viewer->sent += n;
    return (ssize_t)n;
}

static void unlink_viewer(struct viewer *viewer)
{
    struct psp_stream *stream = viewer->stream;
    pthread_mutex_lock(&stream->lock);
    if (viewer->previous)
        viewer->previous->next = viewer->next;
    else
        stream->viewers = viewer->next;
    if (viewer->next)
        viewer->next->previous = viewer->previous;
    stream->viewer_count--;
    psp_places_leave(&stream->places, &viewer->place);
    atomic_store(&stream->site->stats->stream_viewers, stream->viewer_count);
    pthread_mutex_unlock(&stream->lock);
}

static void on_free(void *context)
{
    struct viewer *viewer = context;
    unlink_viewer(viewer);
    drop_event(viewer->stream, &viewer->event);
    free(viewer);
}

static void limit_socket(struct MHD_Connection *mhd)
{
    const int bytes = PSP_STREAM_SOCKET_BYTES;
    const int fd = psp_connections_socket(mhd);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* The first thing a viewer is sent, so that headers do not wait for news. */
static bool greet(struct viewer *viewer)
{
    viewer->event = calloc(1, sizeof *viewer->event);
    if (!viewer->event)
        return false;
    viewer->event->references = 1;
    psp_text_format(&viewer->event->text, "retry: %d\n\n", PSP_STREAM_RETRY_MS);
    return !viewer->event->text.failed;
}

static void resume(struct viewer *viewer)
{
    viewer->suspended = false;
    MHD_resume_connection(viewer->mhd);
}

/* One that is not suspended may hang on a client that takes nothing. */
static void oust(struct viewer *viewer)
{
    viewer->ousted = true;
    if (viewer->suspended)
        resume(viewer);
    else if (viewer->fd >= 0)
        shutdown(viewer->fd, SHUT_RDWR);
}

/* PSP_EBUSY: it has none, and nobody has to leave his to it. */
static enum psp_status take_place(struct psp_stream *stream, struct viewer *viewer)
{
    struct psp_source source;
    psp_connections_client(stream->proxies, viewer->mhd, &source);
    const enum psp_status status =
        psp_places_take(&stream->places, &source, false, psp_clock_ms(), &viewer->place);
    if (status != PSP_OK || stream->places.count <= PSP_STREAM_VIEWERS_MAX)
        return status;
    struct psp_place *goes = psp_places_make_room(&stream->places, &viewer->place);
    if (!goes) {
        psp_places_leave(&stream->places, &viewer->place);
        return PSP_EBUSY;
    }
    oust((struct viewer *)((char *)goes - offsetof(struct viewer, place)));
    return PSP_OK;
}

/* PSP_EBUSY: no more places. */
static enum psp_status link_viewer(struct psp_stream *stream, struct viewer *viewer)
{
    pthread_mutex_lock(&stream->lock);
    const enum psp_status status = take_place(stream, viewer);
    if (status == PSP_OK) {
        viewer->beat = stream->beat;
        viewer->next = stream->viewers;
        if (viewer->next)
            viewer->next->previous = viewer;
        stream->viewers = viewer;
        stream->viewer_count++;
        atomic_store(&stream->site->stats->stream_viewers, stream->viewer_count);
    }
    pthread_mutex_unlock(&stream->lock);
    return status;
}

enum psp_status psp_stream_open(struct psp_stream *stream, struct MHD_Connection *mhd,
                                const struct psp_stream_question *question, const char *last_id,
                                struct MHD_Response **ret_response)
{
    struct viewer *viewer = calloc(1, sizeof *viewer);
    if (!viewer)
        return PSP_ENOMEM;
    viewer->stream = stream;
    viewer->mhd = mhd;
    viewer->fd = psp_connections_socket(mhd);
    viewer->question = *question;
    if (last_id && strlen(last_id) < sizeof viewer->id)
        memcpy(viewer->id, last_id, strlen(last_id) + 1);
    enum psp_status status = greet(viewer) ? link_viewer(stream, viewer) : PSP_ENOMEM;
    if (status != PSP_OK) {
        drop_event(stream, &viewer->event);
        free(viewer);
        return status;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, PSP_STREAM_SOCKET_BYTES, on_read, viewer, on_free);
    if (!response) {
        on_free(viewer);
        return PSP_ENOMEM;
    }
    limit_socket(mhd);
    *ret_response = response;
    return PSP_OK;
}

/* ---- places ---- */

enum psp_status psp_stream_place_begin(struct psp_stream *stream, struct MHD_Connection *mhd,
                                       uint64_t until_ms, struct psp_stream_place **ret_place)
{
    struct psp_stream_place *place = calloc(1, sizeof *place);
    if (!place)
        return PSP_ENOMEM;
    place->viewer = (struct viewer){.stream = stream,
                                    .mhd = mhd,
                                    .fd = psp_connections_socket(mhd),
                                    .waits = true,
                                    .until_ms = until_ms};
    const enum psp_status status = link_viewer(stream, &place->viewer);
    if (status != PSP_OK) {
        free(place);
        return status;
    }
    *ret_place = place;
    return PSP_OK;
}

/* Suspends under the lock, for the same reason as take_turn. */
enum psp_stream_turn psp_stream_place_turn(struct psp_stream_place *place)
{
    struct viewer *viewer = &place->viewer;
    struct psp_stream *stream = viewer->stream;
    enum psp_stream_turn turn = PSP_STREAM_LOOK;
    pthread_mutex_lock(&stream->lock);
    if (stream->stopping || viewer->gone || viewer->ousted) {
        turn = PSP_STREAM_GONE;
    } else if (viewer->version != stream->version) {
        viewer->version = stream->version;
    } else {
        MHD_suspend_connection(viewer->mhd);
        viewer->suspended = true;
        turn = PSP_STREAM_SUSPENDED;
    }
    pthread_mutex_unlock(&stream->lock);
    return turn;
}

void psp_stream_place_end(struct psp_stream_place **place)
{
    unlink_viewer(&(*place)->viewer);
    free(*place);
    *place = NULL;
}

/* ---- waking ---- */

static bool hung_up(const struct viewer *viewer)
{
    char byte;
    const ssize_t n = recv(viewer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Nothing is sent while nothing is new, so nothing tells that the client has gone, and its
 * place would be kept until the heartbeat. */
static void resume_waiting(struct psp_stream *stream, uint64_t now_ms)
{
    const bool peek = now_ms >= stream->peek_ms + PSP_STREAM_PEEK_MS;
    if (peek)
        stream->peek_ms = now_ms;
    for (struct viewer *at = stream->viewers; at; at = at->next) {
        if (!at->suspended)
            continue;
        at->gone = peek && hung_up(at);
        if (at->gone || (at->waits && now_ms >= at->until_ms))
            resume(at);
    }
}

static void resume_all(struct psp_stream *stream)
{
    for (struct viewer *at = stream->viewers; at; at = at->next) {
        if (!at->suspended)
            continue;
        resume(at);
    }
}

/* Whether viewers have something to look at. Staleness changes by time alone. */
static bool has_news(struct psp_stream *stream, uint64_t now_ms, uint64_t check)
{
    const bool stale = psp_freshness_any_stale(stream->site->freshness, now_ms);
    bool news = stale != stream->was_stale || check != stream->check;
    stream->was_stale = stale;
    stream->check = check;
    if (news)
        stream->version++;
    if (now_ms >= stream->beat_ms + PSP_STREAM_HEARTBEAT_MS) {
        stream->beat++;
        stream->beat_ms = now_ms;
        news = true;
    }
    return news;
}

void psp_stream_wake(struct psp_stream *stream, uint64_t now_ms)
{
    struct psp_view *view = psp_view_slot_take(stream->views);
    if (!view)
        return;
    const uint64_t check = view->check;
    psp_view_release(&view);
    pthread_mutex_lock(&stream->lock);
    if (has_news(stream, now_ms, check))
        resume_all(stream);
    resume_waiting(stream, now_ms);
    pthread_mutex_unlock(&stream->lock);
}

void psp_stream_stop(struct psp_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->stopping = true;
    resume_all(stream);
    pthread_mutex_unlock(&stream->lock);
}
