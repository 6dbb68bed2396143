/* What libmicrohttpd calls back: a request is answered from one view, which it holds
 * until the last byte. */
#include "collector/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/system/clock.h"
#include "base/system/listen.h"
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/http/feed.h"
#include "collector/http/stream.h"
#include "collector/page/gzip.h"
#include "http/connections.h"
#include "http/framing.h"

enum { PACKED_MAX = 2 };

/* The compressed copy of a body that is the same all the time. */
struct packed {
    const char *of; /* NULL: not made yet */
    struct psp_text text;
};

struct psp_http {
    struct psp_http_options options;
    struct MHD_Daemon *daemon;
    struct psp_stream *stream; /* NULL on the loopback address */
    uint16_t port;
    struct psp_proxies proxies;
    struct psp_connections connections;
    struct psp_feed feed; /* with `stream` only */
    pthread_mutex_t pack_lock;
    struct packed packed[PACKED_MAX];
};

/* ---- time ---- */

void psp_http_sweep(struct psp_http *http, uint64_t now_ms)
{
    psp_connections_sweep(&http->connections, now_ms);
    if (http->stream)
        psp_stream_wake(http->stream, now_ms);
}

void psp_http_publish(struct psp_http *http, uint64_t now_ms)
{
    if (http->stream)
        psp_stream_wake(http->stream, now_ms);
}

/* ---- answers ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void add_common_headers(const struct psp_http *http, struct MHD_Response *response)
{
    /* Problems, files and text say it here only. */
    const struct psp_api_site *site = http->options.site;
    add_header(response, "X-Psephos-Mode", psp_mode_name(site->cluster->mode));
    add_header(response, "X-Psephos-Publication",
               psp_publication_name(site->catalog->definition->publication));
    if (!http->options.local) { /* what is for operators is for no page that they visit */
        add_header(response, "Access-Control-Allow-Origin", "*");
        add_header(response, "Access-Control-Expose-Headers",
                   "ETag, Link, Retry-After, X-Psephos-Mode, X-Psephos-Publication, Psephos-Held, "
                   "Psephos-Version");
        add_header(response, "Cross-Origin-Resource-Policy", "cross-origin");
    }
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
}

static void add_etag(struct MHD_Response *response, const char *etag)
{
    char quoted[64];
    if (!etag[0]) {
        add_header(response, "Cache-Control", "no-store");
        return;
    }
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    add_header(response, "ETag", quoted);
    add_header(response, "Cache-Control", "no-cache");
}

static enum MHD_Result send_response(struct psp_http *http, struct MHD_Connection *mhd,
                                     unsigned status, struct MHD_Response *response)
{
    if (status < PSP_STATS_CODES)
        psp_stats_count(&http->options.site->stats->requests[status]);
    add_common_headers(http, response);
    if (status == 503) /* whoever is refused for want of room keeps no place */
        add_header(response, "Connection", "close");
    psp_connections_whole(&http->connections, mhd);
    const enum MHD_Result queued = MHD_queue_response(mhd, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* A response that owns the text's bytes; NULL: out of memory. */
static struct MHD_Response *response_of_text(struct psp_text *text)
{
    struct MHD_Response *response =
        text->length > 0
            ? MHD_create_response_from_buffer(text->length, text->data, MHD_RESPMEM_MUST_FREE)
            : MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (!response || text->length == 0)
        psp_text_free(text);
    *text = (struct psp_text){0};
    return response;
}

/* The compressed copy of a shared body, made once; NULL: no memory for it. */
static const struct psp_text *packed_copy(struct psp_http *http, const char *bytes, size_t length)
{
    const struct psp_text *found = NULL;
    pthread_mutex_lock(&http->pack_lock);
    for (int i = 0; i < PACKED_MAX && !found; i++) {
        struct packed *packed = &http->packed[i];
        if (!packed->of && psp_gzip(bytes, length, PSP_GZIP_SMALL, &packed->text))
            packed->of = bytes;
        if (packed->of == bytes)
            found = &packed->text;
    }
    pthread_mutex_unlock(&http->pack_lock);
    return found;
}

static struct MHD_Response *response_of_shared(struct psp_http *http, const char *bytes,
                                               size_t length, bool gzip)
{
    const struct psp_text *packed = gzip ? packed_copy(http, bytes, length) : NULL;
    if (gzip && !packed)
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        gzip ? packed->length : length, (void *)(uintptr_t)(gzip ? packed->data : bytes),
        MHD_RESPMEM_PERSISTENT);
    if (response && gzip)
        add_header(response, "Content-Encoding", "gzip");
    return response;
}

static struct MHD_Response *response_of_body(struct psp_text *body, bool gzip)
{
    struct psp_text packed = {0};
    if (!gzip)
        return response_of_text(body);
    const bool done = psp_gzip(body->data, body->length, PSP_GZIP_FAST, &packed);
    psp_text_free(body);
    if (!done) {
        psp_text_free(&packed);
        return NULL;
    }
    struct MHD_Response *response = response_of_text(&packed);
    if (response)
        add_header(response, "Content-Encoding", "gzip");
    return response;
}

static enum MHD_Result send_busy(struct psp_http *http, struct MHD_Connection *mhd)
{
    static const char text[] =
        "{\"type\":\"about:blank\",\"title\":\"Busy\",\"status\":503,\"detail\":\"too many large "
        "answers are on their way; ask again in a few seconds, or for less with limit\"}";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_header(response, "Content-Type", "application/problem+json");
    add_header(response, "Retry-After", "5");
    add_header(response, "Cache-Control", "no-store");
    return send_response(http, mhd, 503, response);
}

static void add_reply_headers(struct MHD_Response *response, const struct psp_api_reply *reply)
{
    if (reply->content_type)
        add_header(response, "Content-Type", reply->content_type);
    if (reply->status == 503)
        add_header(response, "Retry-After", "1");
    if (reply->version[0])
        add_header(response, "Psephos-Version", reply->version);
    if (reply->tells_held) {
        char held[24];
        snprintf(held, sizeof held, "%llu", (unsigned long long)reply->held);
        add_header(response, "Psephos-Held", held);
    }
    if (reply->next.length > 0 || reply->origin.length > 0) {
        struct psp_text link = {0};
        if (reply->next.length > 0)
            psp_text_format(&link, "<%.*s>; rel=\"next\"%s", (int)reply->next.length,
                            reply->next.data, reply->origin.length > 0 ? ", " : "");
        if (reply->origin.length > 0)
            psp_text_bytes(&link, reply->origin.data, reply->origin.length);
        psp_text_bytes(&link, "", 1);
        if (!link.failed)
            add_header(response, "Link", link.data);
        psp_text_free(&link);
    }
    add_etag(response, reply->etag);
}

static enum MHD_Result send_reply(struct psp_http *http, struct MHD_Connection *mhd,
                                  struct psp_api_reply *reply, bool gzip)
{
    gzip = gzip && reply->status == 200;
    if (!psp_connections_begin(&http->connections, mhd, reply->body.length))
        return send_busy(http, mhd);
    struct MHD_Response *response =
        reply->shared ? response_of_shared(http, reply->shared, reply->shared_bytes, gzip)
                      : response_of_body(&reply->body, gzip);
    if (!response)
        return MHD_NO;
    add_reply_headers(response, reply);
    add_header(response, "Vary", "Accept, Accept-Encoding");
    add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    return send_response(http, mhd, reply->status, response);
}

static enum MHD_Result send_problem(struct psp_http *http, struct MHD_Connection *mhd,
                                    unsigned status, const char *title, const char *detail)
{
    struct psp_api_reply reply = {0};
    psp_answer_problem(&reply, status, title, "%s", detail);
    const enum MHD_Result result = send_reply(http, mhd, &reply, false);
    psp_api_reply_free(&reply);
    return result;
}

/* The stream has no deadline; a viewer that takes nothing for 30 s is cut by MHD. */
static enum MHD_Result send_stream(struct psp_http *http, struct MHD_Connection *mhd,
                                   const struct psp_stream_question *question)
{
    struct MHD_Response *response;
    const char *last_id = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Last-Event-ID");
    const enum psp_status status = psp_stream_open(http->stream, mhd, question, last_id, &response);
    if (status != PSP_OK)
        return send_problem(http, mhd, 503, "Too many viewers",
                            "this collector has as many event streams as it serves; ask "
                            "/api/v1/results now and then instead, with If-None-Match");
    psp_connections_stream(&http->connections, mhd);
    add_header(response, "Content-Type", "text/event-stream");
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "X-Accel-Buffering", "no");
    add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    return send_response(http, mhd, 200, response);
}

/* ---- changes ---- */

static enum MHD_Result send_lines(struct psp_http *http, struct MHD_Connection *mhd,
                                  const struct psp_api_request *request,
                                  const struct psp_api_reply *reply)
{
    struct MHD_Response *response;
    if (!psp_connections_begin(&http->connections, mhd, 0) ||
        psp_feed_respond(&http->feed, mhd, request, &reply->changes, &response) != PSP_OK)
        return send_busy(http, mhd);
    add_header(response, "Content-Type", reply->content_type);
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "X-Accel-Buffering", "no");
    add_header(response, "Psephos-Version", request->view->id);
    add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    return send_response(http, mhd, 200, response);
}

/* *ret_again: the request is to be read again, of the newest view. */
static enum MHD_Result serve_lines(struct psp_http *http, struct MHD_Connection *mhd,
                                   const struct psp_api_request *request,
                                   struct psp_api_reply *reply, struct psp_feed_wait **wait,
                                   bool *ret_again)
{
    switch (psp_feed_look(&http->feed, mhd, request, &reply->changes, wait)) {
    case PSP_FEED_ANSWER:
        return send_lines(http, mhd, request, reply);
    case PSP_FEED_AGAIN:
        *ret_again = true;
        return MHD_YES;
    case PSP_FEED_SUSPENDED:
        return MHD_YES;
    case PSP_FEED_GONE:
        return MHD_NO;
    case PSP_FEED_BUSY:
        return send_problem(http, mhd, 503, "Too many viewers",
                            "this collector has as many event streams and waiting requests as it "
                            "serves; leave out wait, and ask now and then");
    case PSP_FEED_NO_MEMORY:
        break;
    }
    return send_busy(http, mhd);
}

static void add_page_headers(const struct psp_http *http, struct MHD_Response *response)
{
    struct psp_text policy = {0};
    psp_text_format(&policy,
                    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors %s",
                    http->options.embed_origins ? http->options.embed_origins : "'none'");
    psp_text_bytes(&policy, "", 1);
    /* Without memory nothing may be shown anywhere. */
    add_header(response, "Content-Security-Policy",
               policy.failed ? "default-src 'none'; frame-ancestors 'none'" : policy.data);
    psp_text_free(&policy);
    add_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    add_header(response, "Permissions-Policy",
               "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    add_header(response, "Vary", "Accept-Encoding");
}

static enum MHD_Result send_fallback(struct psp_http *http, struct MHD_Connection *mhd)
{
    const char *text = psp_page_fallback();
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_header(response, "Content-Type", "text/html; charset=utf-8");
    add_header(response, "Cache-Control", "no-cache");
    add_page_headers(http, response);
    return send_response(http, mhd, 200, response);
}

static enum MHD_Result send_file(struct psp_http *http, struct MHD_Connection *mhd,
                                 const struct psp_page_file *file, bool gzip,
                                 const char *if_none_match)
{
    char etag[48];
    gzip = gzip && file->packed;
    snprintf(etag, sizeof etag, "%s%s", file->etag, gzip ? "-gz" : "");
    const bool same = if_none_match && psp_api_etag_matches(if_none_match, etag);
    const size_t bytes = same ? 0 : gzip ? file->packed_bytes : file->bytes;
    if (!psp_connections_begin(&http->connections, mhd, 0))
        return send_busy(http, mhd);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        bytes, gzip ? file->packed : file->data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_header(response, "Content-Type", file->content_type);
    if (gzip && !same)
        add_header(response, "Content-Encoding", "gzip");
    add_etag(response, etag);
    add_page_headers(http, response);
    return send_response(http, mhd, same ? 304 : 200, response);
}

static enum MHD_Result send_methods(struct psp_http *http, struct MHD_Connection *mhd,
                                    unsigned status)
{
    static const char text[] =
        "{\"type\":\"about:blank\",\"title\":\"Method not allowed\",\"status\":405,\"detail\":"
        "\"this interface only reads: use GET, HEAD or OPTIONS\"}";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        status == 405 ? sizeof text - 1 : 0, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (status == 405)
        add_header(response, "Content-Type", "application/problem+json");
    add_header(response, "Allow", "GET, HEAD, OPTIONS");
    if (!http->options.local) {
        add_header(response, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
        add_header(response, "Access-Control-Allow-Headers", "If-None-Match, Last-Event-ID");
        add_header(response, "Access-Control-Max-Age", "86400");
    }
    return send_response(http, mhd, status, response);
}

/* ---- requests ---- */

struct reading {
    struct psp_api_request *request;
    const char *fault; /* static; NULL: none */
};

static enum MHD_Result read_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                      size_t name_bytes, const char *value, size_t value_bytes)
{
    struct reading *reading = context;
    struct psp_api_request *request = reading->request;
    (void)kind;
    if (memchr(name, 0, name_bytes) || (value && memchr(value, 0, value_bytes))) {
        reading->fault = "the query holds a NUL (%00); leave it out";
        return MHD_NO;
    }
    if (request->parameter_count == PSP_API_PARAMETERS_MAX) {
        reading->fault = "the query has more than " PSP_TEXT(
            PSP_API_PARAMETERS_MAX) " parameters; leave some out";
        return MHD_NO;
    }
    request->parameters[request->parameter_count++] =
        (struct psp_api_parameter){.name = name, .value = value ? value : ""};
    return MHD_YES;
}

/* The view that version= asks for, a reference; NULL: none, or it is not kept. */
static struct psp_view *find_version(struct psp_http *http, const struct psp_api_request *request)
{
    const char *id = psp_parameter(request, "version");
    return id ? psp_view_slot_find(http->options.views, id, request->now_ms) : NULL;
}

static enum MHD_Result serve_api(struct psp_http *http, struct MHD_Connection *mhd,
                                 struct psp_api_request *request, struct psp_feed_wait **wait,
                                 bool *ret_served)
{
    struct psp_api_reply reply = {0};
    struct psp_view *view = psp_view_slot_take(http->options.views);
    enum MHD_Result result = MHD_NO;
    bool again = false;
    *ret_served = true;
    if (!view)
        return send_problem(http, mhd, 503, "Starting", "nothing is published yet; ask again");
    request->view = view;
    request->now_ms = psp_clock_ms();
    request->wall_ms = psp_clock_wall_ms();
    struct psp_view *kept = find_version(http, request);
    request->kept = kept;
    *ret_served = psp_api_serve(request, &reply);
    if (reply.stream)
        result = send_stream(http, mhd, &reply.question);
    else if (reply.lines)
        result = serve_lines(http, mhd, request, &reply, wait, &again);
    else if (*ret_served)
        result = send_reply(http, mhd, &reply, request->gzip);
    psp_api_reply_free(&reply);
    psp_view_release(&kept);
    psp_view_release(&view);
    return again ? serve_api(http, mhd, request, wait, ret_served) : result;
}

/* Photos and the map stand below /api/ but are files of the page. */
static const struct psp_page_file *find_media(const struct psp_http *http, const char *path)
{
    const char *last = strrchr(path, '/');
    if (http->options.local || strncmp(path, "/api/", 5) != 0 ||
        (strcmp(last, "/photo") != 0 && strcmp(last, "/map") != 0))
        return NULL;
    return psp_page_find(http->options.page, path);
}

static enum MHD_Result serve(struct psp_http *http, struct MHD_Connection *mhd, const char *path,
                             bool head, struct psp_feed_wait **wait)
{
    struct psp_api_request request = {
        .site = http->options.site,
        .local = http->options.local,
        .head = head,
        .path = path,
        .accept = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Accept"),
        .if_none_match = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "If-None-Match"),
        .gzip =
            psp_gzip_accepted(MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Accept-Encoding")),
    };
    struct reading reading = {.request = &request};
    bool served;
    const struct psp_page_file *file = find_media(http, path);
    if (file)
        return send_file(http, mhd, file, request.gzip, request.if_none_match);
    MHD_get_connection_values_n(mhd, MHD_GET_ARGUMENT_KIND, read_parameter, &reading);
    if (reading.fault)
        return send_problem(http, mhd, 400, "Bad query", reading.fault);
    const enum MHD_Result result = serve_api(http, mhd, &request, wait, &served);
    if (served)
        return result;
    file = http->options.local ? NULL : psp_page_find(http->options.page, path);
    if (file)
        return send_file(http, mhd, file, request.gzip, request.if_none_match);
    if (strcmp(path, "/") == 0 && !http->options.local)
        return send_fallback(http, mhd);
    return send_problem(http, mhd, 404, "No such path",
                        http->options.local
                            ? "here are /metrics, /cluster, /healthz, /readyz and /openapi.json"
                            : "/openapi.json describes every path there is");
}

/* ---- requests that are none of ours ---- */

/* MHD ends a connection whose body nobody has read. */
static enum MHD_Result refuse_body(struct psp_http *http, struct MHD_Connection *mhd)
{
    static const char text[] =
        "{\"type\":\"about:blank\",\"title\":\"A body, or unclear headers\",\"status\":400,"
        "\"detail\":\"requests here have no body: leave out Content-Length and Transfer-Encoding; "
        "and one Host, no blank in a header's name, no control character in its value\"}";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_header(response, "Content-Type", "application/problem+json");
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "Connection", "close");
    return send_response(http, mhd, 400, response);
}

/* What MHD keeps of a request: NULL at first. */
struct request {
    struct psp_feed_wait *wait;
};

/* Instead of one: its path holds a NUL. */
static char cut_short;

static void on_completed(void *context, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct psp_http *http = context;
    struct request *request = *state;
    (void)code;
    if (request && *state != &cut_short) {
        psp_feed_wait_end(&request->wait);
        free(request);
    }
    *state = NULL;
    psp_connections_completed(&http->connections, mhd);
}

/* MHD decodes the path in place: %00 would end it early. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *mhd)
{
    const char *nul = strstr(uri, "%00");
    (void)context;
    (void)mhd;
    return nul && nul < uri + strcspn(uri, "?") ? &cut_short : NULL;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **state)
{
    struct psp_http *http = context;
    (void)version;
    (void)upload, (void)upload_bytes;
    if (psp_connections_refused(mhd))
        return send_problem(http, mhd, 503, "Too many connections",
                            "this collector has as many as it serves, or as many from your "
                            "address; ask again in a few seconds");
    const bool options = strcmp(method, "OPTIONS") == 0;
    if (!options && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return send_methods(http, mhd, 405);
    if (psp_framing_of(mhd) != PSP_FRAMING_NO_BODY)
        return refuse_body(http, mhd);
    if (*state == &cut_short)
        return send_problem(http, mhd, 404, "No such path", "the path holds a NUL (%00)");
    struct request *request = *state;
    if (!request) { /* the headers are there */
        *state = request = calloc(1, sizeof *request);
        return request ? MHD_YES : MHD_NO;
    }
    return options ? send_methods(http, mhd, 204)
                   : serve(http, mhd, path, strcmp(method, "HEAD") == 0, &request->wait);
}

/* ---- starting ---- */

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char port[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV);
    return (uint16_t)strtoul(port, NULL, 10);
}

static void init_connections(struct psp_http *http, struct psp_stats *stats)
{
    const struct psp_connections_bounds bounds = {
        .max = PSP_HTTP_CONNECTIONS_MAX,
        .of_one = PSP_HTTP_CONNECTIONS_PER_IP_MAX,
        .refused = PSP_HTTP_REFUSED_MAX,
        .answer_bytes = PSP_HTTP_ANSWER_BYTES_MAX,
        .request_ms = PSP_HTTP_REQUEST_MS,
        .idle_ms = PSP_HTTP_IDLE_MS,
        .answer_ms = PSP_HTTP_ANSWER_MS,
        .bytes_per_ms = PSP_HTTP_ANSWER_BYTES_PER_MS,
        .refused_ms = PSP_HTTP_REFUSED_MS,
    };
    const struct psp_connections_counters counters = {
        .open = &stats->connections,
        .cut = &stats->connections_cut,
        .refused = &stats->connections_refused,
        .pushed_out = &stats->connections_pushed_out,
    };
    psp_connections_init(&http->connections, &bounds, &counters, &http->proxies);
}

static struct MHD_Daemon *start_daemon(struct psp_http *http, int fd)
{
    const struct MHD_OptionItem settings[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, PSP_HTTP_THREADS, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, PSP_HTTP_CONNECTIONS_MAX + 2 * PSP_HTTP_REFUSED_MAX, NULL},
        PSP_FRAMING_STRICTEST,
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, PSP_HTTP_CONNECTION_BYTES, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, PSP_HTTP_SILENCE_S, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, http},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)psp_connections_notify, &http->connections},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, http},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            on_request, http, MHD_OPTION_ARRAY, settings, MHD_OPTION_END);
}

enum psp_status psp_http_start(const struct psp_http_options *options, struct psp_http **ret_http,
                               struct psp_reason *reterr_reason)
{
    int fd = -1;
    const enum psp_status status = psp_listen(options->address, &fd, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_http *http = calloc(1, sizeof *http);
    if (!http) {
        psp_reason_set(reterr_reason, "out of memory");
        close(fd);
        return PSP_ENOMEM;
    }
    psp_proxies_read(&http->proxies, options->trusted_proxies);
    init_connections(http, options->site->stats);
    pthread_mutex_init(&http->pack_lock, NULL);
    http->options = *options;
    http->port = port_of(fd);
    if (!options->local &&
        psp_stream_create(options->site, options->views, &http->proxies, &http->stream) != PSP_OK) {
        psp_reason_set(reterr_reason, "out of memory");
        close(fd);
        psp_http_stop(&http);
        return PSP_ENOMEM;
    }
    psp_feed_init(&http->feed, http->stream, &http->connections, options->site->stats);
    http->daemon = start_daemon(http, fd);
    if (!http->daemon) {
        psp_reason_set(reterr_reason, "cannot start the HTTP threads on %s: %s", options->address,
                       strerror(errno));
        close(fd);
        psp_http_stop(&http);
        return PSP_EIO;
    }
    *ret_http = http;
    return PSP_OK;
}

void psp_http_stop(struct psp_http **http)
{
    if (!*http)
        return;
    if ((*http)->stream)
        psp_stream_stop((*http)->stream);
    if ((*http)->daemon)
        MHD_stop_daemon((*http)->daemon);
    psp_stream_destroy(&(*http)->stream);
    for (int i = 0; i < PACKED_MAX; i++)
        psp_text_free(&(*http)->packed[i].text);
    psp_connections_destroy(&(*http)->connections);
    psp_feed_destroy(&(*http)->feed);
    pthread_mutex_destroy(&(*http)->pack_lock);
    free(*http);
    *http = NULL;
}

uint16_t psp_http_port(const struct psp_http *http)
{
    return http->port;
}
