/* A request that waits comes again whenever it is resumed, and is answered as if it were new:
 * of the newest view, or that what it knows is gone. */
#include "collector/http/feed.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api/changes.h"
#include "collector/http/http.h"

struct psp_feed_wait {
    struct psp_stream_place *place;
    struct psp_stats *stats;
    uint64_t until_ms;
    bool stale; /* as its client knows it */
};

struct answer {
    struct psp_feed *feed;
    struct MHD_Connection *mhd;
    struct psp_view *view;
    struct psp_changes *changes;
    struct psp_text piece;
    size_t sent; /* of it */
};

void psp_feed_init(struct psp_feed *feed, struct psp_stream *stream,
                   struct psp_connections *connections, struct psp_stats *stats)
{
    *feed = (struct psp_feed){.stream = stream, .connections = connections, .stats = stats};
    pthread_mutex_init(&feed->lock, NULL);
}

void psp_feed_destroy(struct psp_feed *feed)
{
    pthread_mutex_destroy(&feed->lock);
}

/* ---- waiting ---- */

void psp_feed_wait_end(struct psp_feed_wait **wait)
{
    if (!*wait)
        return;
    psp_stream_place_end(&(*wait)->place);
    atomic_fetch_sub(&(*wait)->stats->changes_waiting, 1);
    free(*wait);
    *wait = NULL;
}

/* Who does not say what it knows of staleness knows it soon, and not at once again and again. */
static uint64_t end_of_wait(const struct psp_api_request *request,
                            const struct psp_changes_question *question)
{
    const bool soon = question->told == PSP_VERSION_UNTOLD && request->stale &&
                      question->wait_ms > PSP_CHANGES_STALE_MS;
    return request->now_ms + (soon ? PSP_CHANGES_STALE_MS : question->wait_ms);
}

static enum psp_feed_next begin_wait(struct psp_feed *feed, struct MHD_Connection *mhd,
                                     const struct psp_api_request *request,
                                     const struct psp_changes_question *question,
                                     struct psp_feed_wait **ret_wait)
{
    struct psp_feed_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return PSP_FEED_NO_MEMORY;
    wait->stats = feed->stats;
    wait->until_ms = end_of_wait(request, question);
    wait->stale =
        question->told == PSP_VERSION_UNTOLD ? request->stale : question->told == PSP_VERSION_STALE;
    const enum psp_status status =
        psp_stream_place_begin(feed->stream, mhd, wait->until_ms, &wait->place);
    if (status != PSP_OK) {
        free(wait);
        return status == PSP_EBUSY ? PSP_FEED_BUSY : PSP_FEED_NO_MEMORY;
    }
    atomic_fetch_add(&feed->stats->changes_waiting, 1);
    psp_connections_stream(feed->connections, mhd);
    *ret_wait = wait;
    return PSP_FEED_AGAIN;
}

/* PSP_FEED_AGAIN: nothing to tell. */
static enum psp_feed_next look_for_news(const struct psp_api_request *request,
                                        const struct psp_changes_question *question)
{
    struct psp_changes *changes;
    if (psp_changes_create(request->view, question, request->stale, &changes) != PSP_OK)
        return PSP_FEED_NO_MEMORY;
    const bool any = psp_changes_any(changes);
    psp_changes_destroy(&changes);
    return any ? PSP_FEED_ANSWER : PSP_FEED_AGAIN;
}

enum psp_feed_next psp_feed_look(struct psp_feed *feed, struct MHD_Connection *mhd,
                                 const struct psp_api_request *request,
                                 const struct psp_changes_question *question,
                                 struct psp_feed_wait **wait)
{
    if (question->wait_ms == 0 || !question->resumed)
        return PSP_FEED_ANSWER;
    const enum psp_feed_next next = look_for_news(request, question);
    if (next != PSP_FEED_AGAIN)
        return next;
    if (!*wait)
        return begin_wait(feed, mhd, request, question, wait);
    if (request->stale != (*wait)->stale || request->now_ms >= (*wait)->until_ms)
        return PSP_FEED_ANSWER;
    switch (psp_stream_place_turn((*wait)->place)) {
    case PSP_STREAM_LOOK:
        return PSP_FEED_AGAIN;
    case PSP_STREAM_SUSPENDED:
        return PSP_FEED_SUSPENDED;
    case PSP_STREAM_GONE:
        break;
    }
    return PSP_FEED_GONE;
}

/* ---- answering ---- */

/* One view is always held, however large. */
static bool pin(struct psp_feed *feed, struct psp_view *view)
{
    pthread_mutex_lock(&feed->lock);
    const bool fits = view->pins > 0 || feed->pinned_bytes == 0 ||
                      feed->pinned_bytes + view->bytes <= PSP_HTTP_ANSWER_BYTES_MAX;
    if (fits && view->pins++ == 0)
        feed->pinned_bytes += view->bytes;
    pthread_mutex_unlock(&feed->lock);
    return fits;
}

static void unpin(struct psp_feed *feed, struct psp_view *view)
{
    pthread_mutex_lock(&feed->lock);
    if (--view->pins == 0)
        feed->pinned_bytes -= view->bytes;
    pthread_mutex_unlock(&feed->lock);
}

static ssize_t on_read(void *context, uint64_t position, char *buffer, size_t size)
{
    struct answer *answer = context;
    (void)position;
    if (answer->sent == answer->piece.length) {
        answer->piece.length = answer->sent = 0;
        if (!psp_changes_write(answer->changes, &answer->piece))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (answer->piece.failed)
            return MHD_CONTENT_READER_END_WITH_ERROR; /* no last line: it is void */
        psp_connections_more(answer->feed->connections, answer->mhd, answer->piece.length);
    }
    const size_t rest = answer->piece.length - answer->sent, n = rest < size ? rest : size;
    memcpy(buffer, answer->piece.data + answer->sent, n);
    answer->sent += n;
    return (ssize_t)n;
}

static void on_free(void *context)
{
    struct answer *answer = context;
    unpin(answer->feed, answer->view);
    psp_changes_destroy(&answer->changes);
    psp_text_free(&answer->piece);
    psp_view_release(&answer->view);
    free(answer);
}

enum psp_status psp_feed_respond(struct psp_feed *feed, struct MHD_Connection *mhd,
                                 const struct psp_api_request *request,
                                 const struct psp_changes_question *question,
                                 struct MHD_Response **ret_response)
{
    struct answer *answer = calloc(1, sizeof *answer);
    struct psp_view *view = psp_view_hold(request->view);
    if (!answer || !pin(feed, view)) {
        psp_view_release(&view);
        const bool busy = answer != NULL;
        free(answer);
        return busy ? PSP_EBUSY : PSP_ENOMEM;
    }
    *answer = (struct answer){.feed = feed, .mhd = mhd, .view = view};
    struct MHD_Response *response = NULL;
    if (psp_changes_create(view, question, request->stale, &answer->changes) == PSP_OK)
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PSP_CHANGES_PIECE_BYTES,
                                                     on_read, answer, on_free);
    if (!response) {
        on_free(answer);
        return PSP_ENOMEM;
    }
    psp_stats_count(&feed->stats->changes_answers);
    *ret_response = response;
    return PSP_OK;
}
