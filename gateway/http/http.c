/* What libmicrohttpd calls back: headers first, then the body piece by piece, then the end
 * of it; and once more when the desk is done with its ballots. */
#include "gateway/http/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/system/clock.h"
#include "base/system/listen.h"
#include "gateway/desk/metrics.h"
#include "gateway/http/answer.h"
#include "gateway/http/body.h"
#include "gateway/http/openapi_text.h"
#include "http/connections.h"
#include "http/framing.h"

enum { TROUBLE_BYTES = 320 };

struct psp_gateway_http {
    struct psp_gateway_http_options options;
    struct MHD_Daemon *daemon;
    struct psp_proxies proxies;
    struct psp_connections connections;
};

/* One request for ballots, from its headers on. */
struct request {
    struct psp_gateway_http *http;
    struct MHD_Connection *mhd;
    struct psp_gateway_body body;
    struct psp_gateway_answer answer;
    bool handed; /* to the desk */
};

/* ---- connections ---- */

static void set_deadline(struct psp_gateway_http *http, struct MHD_Connection *mhd, uint64_t ms,
                         bool reading)
{
    psp_connections_deadline(&http->connections, mhd, ms, reading);
}

void psp_gateway_http_sweep(struct psp_gateway_http *http, uint64_t now_ms)
{
    psp_connections_sweep(&http->connections, now_ms);
}

static void init_connections(struct psp_gateway_http *http, struct psp_gateway_stats *stats)
{
    const struct psp_connections_bounds bounds = {
        .max = PSP_GATEWAY_CONNECTIONS_MAX,
        .of_one = PSP_GATEWAY_CONNECTIONS_PER_IP_MAX,
        .refused = PSP_GATEWAY_REFUSED_MAX,
        .request_ms = PSP_GATEWAY_HEADERS_MS,
        .idle_ms = PSP_GATEWAY_IDLE_MS,
        .answer_ms = PSP_GATEWAY_ANSWER_MS,
        .bytes_per_ms = PSP_GATEWAY_BODY_BYTES_PER_MS,
        .refused_ms = PSP_GATEWAY_REFUSED_MS,
    };
    const struct psp_connections_counters counters = {
        .open = &stats->connections,
        .cut = &stats->connections_cut,
        .refused = &stats->connections_refused,
        .pushed_out = &stats->connections_pushed_out,
    };
    psp_connections_init(&http->connections, &bounds, &counters, &http->proxies);
}

/* ---- answers ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* Only to the origin that was allowed, or to every one. */
static void add_cors(const struct psp_gateway_http *http, struct MHD_Connection *mhd,
                     struct MHD_Response *response)
{
    const char *allowed = http->options.allow_origin;
    if (!allowed || http->options.local)
        return;
    const char *origin = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Origin");
    add_header(response, "Vary", "Origin");
    if (strcmp(allowed, "*") != 0 && (!origin || strcmp(origin, allowed) != 0))
        return;
    add_header(response, "Access-Control-Allow-Origin", allowed);
    add_header(response, "Access-Control-Expose-Headers", "Retry-After");
}

static enum MHD_Result send_response(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                     unsigned status, struct MHD_Response *response)
{
    psp_gateway_count(&http->options.stats->requests[status], 1);
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    add_cors(http, mhd, response);
    const enum MHD_Result queued = MHD_queue_response(mhd, status, response);
    MHD_destroy_response(response);
    return queued;
}

static struct MHD_Response *response_of(struct psp_text *text)
{
    struct MHD_Response *response = NULL;
    if (!text->failed && text->length > 0)
        response = MHD_create_response_from_buffer(text->length, text->data, MHD_RESPMEM_MUST_COPY);
    psp_text_free(text);
    return response;
}

static enum MHD_Result send_problem(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                    unsigned status, const char *title, const char *detail)
{
    struct psp_text text = {0};
    psp_gateway_answer_problem(&text, status, title, detail);
    struct MHD_Response *response = response_of(&text);
    if (!response)
        return MHD_NO;
    set_deadline(http, mhd, PSP_GATEWAY_ANSWER_MS, false);
    add_header(response, "Content-Type", "application/problem+json");
    if (status == 401)
        add_header(response, "WWW-Authenticate", "Bearer");
    if (status == 405)
        add_header(response, "Allow",
                   strcmp(title, "Only POST") == 0 ? "POST, OPTIONS" : "GET, HEAD");
    return send_response(http, mhd, status, response);
}

static enum MHD_Result send_text(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                 unsigned status, const char *type, const char *bytes,
                                 size_t length)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    set_deadline(http, mhd, PSP_GATEWAY_ANSWER_MS, false);
    add_header(response, "Content-Type", type);
    return send_response(http, mhd, status, response);
}

/* The connection, too, is of no more use. */
static enum MHD_Result send_last(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                 unsigned status, const char *title, const char *detail)
{
    struct psp_text text = {0};
    psp_gateway_answer_problem(&text, status, title, detail);
    struct MHD_Response *response = response_of(&text);
    if (!response)
        return MHD_NO;
    set_deadline(http, mhd, PSP_GATEWAY_ANSWER_MS, false);
    add_header(response, "Content-Type", "application/problem+json");
    add_header(response, "Connection", "close");
    if (status == 503)
        add_header(response, "Retry-After", "1");
    return send_response(http, mhd, status, response);
}

static ssize_t read_answer(void *context, uint64_t position, char *ret_bytes, size_t size)
{
    struct request *request = context;
    (void)position;
    const ssize_t n = psp_gateway_answer_read(&request->answer, ret_bytes, size);
    return n > 0    ? n
           : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                    : MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result send_verdicts(struct request *request)
{
    enum { PIECE_BYTES = 32768, LINE_BYTES = 200 };
    struct psp_gateway_http *http = request->http;
    const struct psp_gateway_order *order = &request->body.order;
    const unsigned status = psp_gateway_answer_status(order);
    request->answer.order = order;
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                                      read_answer, request, NULL);
    if (!response)
        return MHD_NO;
    set_deadline(http, request->mhd,
                 PSP_GATEWAY_ANSWER_MS +
                     (uint64_t)order->n * LINE_BYTES / PSP_GATEWAY_BODY_BYTES_PER_MS,
                 false);
    psp_gateway_answer_count(order, http->options.stats);
    add_header(response, "Content-Type", "application/x-ndjson");
    if (status != 200)
        add_header(response, "Retry-After", "1");
    return send_response(http, request->mhd, status, response);
}

static enum MHD_Result send_preflight(struct psp_gateway_http *http, struct MHD_Connection *mhd)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    add_header(response, "Allow", "POST, OPTIONS");
    if (http->options.allow_origin) {
        add_header(response, "Access-Control-Allow-Methods", "POST");
        add_header(response, "Access-Control-Allow-Headers", "Authorization, Content-Type");
        add_header(response, "Access-Control-Max-Age", "600");
    }
    return send_response(http, mhd, 204, response);
}

/* ---- requests ---- */

static enum MHD_Result serve_ready(struct psp_gateway_http *http, struct MHD_Connection *mhd)
{
    char trouble[TROUBLE_BYTES];
    static const char ready[] = "ready\n";
    psp_gateway_desk_trouble(http->options.desk, trouble, sizeof trouble);
    if (trouble[0] != '\0')
        return send_problem(http, mhd, 503, "Not ready", trouble);
    return send_text(http, mhd, 200, "text/plain; charset=utf-8", ready, sizeof ready - 1);
}

static enum MHD_Result serve_metrics(struct psp_gateway_http *http, struct MHD_Connection *mhd)
{
    struct psp_text text = {0};
    psp_gateway_metrics(http->options.stats, &text);
    const enum MHD_Result result =
        text.failed ? MHD_NO
                    : send_text(http, mhd, 200, "text/plain; version=0.0.4; charset=utf-8",
                                text.data, text.length);
    psp_text_free(&text);
    return result;
}

static enum MHD_Result serve_get(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                 const char *path, bool reads)
{
    static const char alive[] = "alive\n";
    static const char *const paths[] = {"/healthz", "/readyz", "/openapi.json", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths && !reads; i++)
        if (!strcmp(path, paths[i]))
            return send_problem(http, mhd, 405, "Only GET", "this path is read, with GET or HEAD");
    if (!strcmp(path, "/healthz"))
        return send_text(http, mhd, 200, "text/plain; charset=utf-8", alive, sizeof alive - 1);
    if (!strcmp(path, "/readyz"))
        return serve_ready(http, mhd);
    if (!strcmp(path, "/openapi.json") && !http->options.local)
        return send_text(http, mhd, 200, "application/json", psp_gateway_openapi_text,
                         psp_gateway_openapi_text_bytes);
    if (!strcmp(path, "/metrics") && http->options.local)
        return serve_metrics(http, mhd);
    return send_problem(http, mhd, 404, "No such path",
                        http->options.local ? "here are /metrics, /healthz and /readyz"
                                            : "/openapi.json describes every path there is");
}

static bool is_one_object(struct MHD_Connection *mhd)
{
    const char *type = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Type");
    static const char json[] = "application/json";
    const size_t n = sizeof json - 1;
    return type && !strncasecmp(type, json, n) && strchr("; \t", type[n]) != NULL;
}

/* The headers of a POST: what can be refused by them is, before its body is read. */
static enum MHD_Result begin_ballots(struct psp_gateway_http *http, struct MHD_Connection *mhd,
                                     void **state)
{
    const char *length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
    const uint64_t bytes = length ? strtoull(length, NULL, 10) : PSP_GATEWAY_BODY_BYTES_MAX;
    const uint32_t station = psp_gateway_tokens_check(
        http->options.tokens, MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Authorization"));
    if (station == 0) {
        psp_gateway_count(&http->options.stats->strangers, 1);
        return send_problem(http, mhd, 401, "No token that holds",
                            "send the header Authorization: Bearer TOKEN, with a token that "
                            "`psephos client add NAME --http` made and nobody revoked");
    }
    if (bytes > PSP_GATEWAY_BODY_BYTES_MAX)
        return send_problem(
            http, mhd, 413, "Too large",
            "a request has up to " PSP_TEXT(PSP_GATEWAY_BODY_MIB_MAX) " MiB and " PSP_TEXT(
                PSP_GATEWAY_LINES_MAX) " lines; nothing of it was read: send "
                                       "it in parts");
    struct request *request = calloc(1, sizeof *request);
    if (!request)
        return MHD_NO;
    request->http = http;
    request->mhd = mhd;
    psp_gateway_body_start(&request->body, http->options.definition, http->options.stats, station,
                           is_one_object(mhd));
    *state = request;
    set_deadline(http, mhd, PSP_GATEWAY_BODY_MS + bytes / PSP_GATEWAY_BODY_BYTES_PER_MS, true);
    return MHD_YES;
}

/* The body is whole. */
static enum MHD_Result end_ballots(struct request *request)
{
    enum { TEXT_BYTES = 1280 };
    char text[TEXT_BYTES];
    struct psp_gateway_http *http = request->http;
    struct psp_gateway_body *body = &request->body;
    psp_gateway_body_end(body);
    if (body->fault == PSP_GATEWAY_TOO_LARGE)
        return send_problem(
            http, request->mhd, 413, "Too large",
            "a request has up to " PSP_TEXT(PSP_GATEWAY_BODY_MIB_MAX) " MiB and " PSP_TEXT(
                PSP_GATEWAY_LINES_MAX) " lines; nothing of it was counted: "
                                       "send it in parts");
    if (body->fault == PSP_GATEWAY_BAD_LINE) {
        snprintf(text, sizeof text, "line %u: %s; nothing of the request was sent", body->line,
                 body->reason.text);
        return send_problem(http, request->mhd, 400, "Not a ballot", text);
    }
    if (body->shed) {
        body->order.state = PSP_GATEWAY_NO_ROOM;
        body->order.why = "the gateway has too much in hand; send all of it again later";
        return send_verdicts(request);
    }
    body->order.context = request;
    body->order.deadline_ms = psp_clock_ms() + PSP_GATEWAY_GIVE_UP_MS;
    request->handed = true;
    set_deadline(http, request->mhd, PSP_GATEWAY_GIVE_UP_MS + PSP_GATEWAY_ANSWER_MS, false);
    MHD_suspend_connection(request->mhd);
    psp_gateway_desk_hand(http->options.desk, &body->order);
    return MHD_YES;
}

void psp_gateway_http_done(struct psp_gateway_order *order)
{
    const struct request *request = order->context;
    MHD_resume_connection(request->mhd);
}

/* State of a request without ballots whose body, if any, nobody reads; of one whose path holds
 * a NUL. */
static char begun, cut_short;

/* MHD decodes the path in place: %00 would end it early. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *mhd)
{
    const char *nul = strstr(uri, "%00");
    (void)context;
    (void)mhd;
    return nul && nul < uri + strcspn(uri, "?") ? &cut_short : NULL;
}

static bool has_none(const char *method)
{
    return !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **state)
{
    struct psp_gateway_http *http = context;
    const bool ballots = !http->options.local && !strcmp(path, "/api/v1/ballots");
    const bool post = ballots && !strcmp(method, "POST");
    (void)version;
    if (psp_connections_refused(mhd))
        return send_last(http, mhd, 503, "Too many connections",
                         "this gateway has as many as it serves, or as many from your address; "
                         "nothing was read: send again in a few seconds");
    if (!*state || *state == &cut_short) {
        const enum psp_framing framing = psp_framing_of(mhd);
        if (framing == PSP_FRAMING_UNCLEAR || (framing == PSP_FRAMING_BODY && has_none(method)))
            return send_last(http, mhd, 400, "A body, or unclear headers",
                             "only a POST has a body: with one Content-Length, or in chunks; and "
                             "one Host, no blank in a header's name, no control character in "
                             "its value");
    }
    if (*state == &cut_short)
        return send_problem(http, mhd, 404, "No such path", "the path holds a NUL (%00)");
    if (!*state && post)
        return begin_ballots(http, mhd, state);
    if (!*state) {
        *state = &begun;
        return MHD_YES;
    }
    if (*state != &begun) {
        struct request *request = *state;
        if (request->handed)
            return send_verdicts(request);
        if (*upload_bytes == 0)
            return end_ballots(request);
        psp_gateway_body_feed(&request->body, upload, *upload_bytes);
        *upload_bytes = 0;
        /* Without a length in its header a body could go on for ever. */
        return request->body.bytes > 2 * (uint64_t)PSP_GATEWAY_BODY_BYTES_MAX ? MHD_NO : MHD_YES;
    }
    if (*upload_bytes > 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (ballots && !strcmp(method, "OPTIONS"))
        return send_preflight(http, mhd);
    if (ballots)
        return send_problem(http, mhd, 405, "Only POST", "ballots are cast here, with POST");
    return serve_get(http, mhd, path, !strcmp(method, "GET") || !strcmp(method, "HEAD"));
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct psp_gateway_http *http = context;
    (void)code;
    if (*state && *state != &begun && *state != &cut_short) {
        struct request *request = *state;
        psp_text_free(&request->answer.text);
        psp_gateway_body_free(&request->body);
        free(request);
    }
    *state = NULL;
    set_deadline(http, mhd, PSP_GATEWAY_IDLE_MS, true);
}

/* ---- starting ---- */

static struct MHD_Daemon *start_daemon(struct psp_gateway_http *http, int fd)
{
    const struct MHD_OptionItem settings[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, PSP_GATEWAY_THREADS, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, PSP_GATEWAY_CONNECTIONS_MAX + 2 * PSP_GATEWAY_REFUSED_MAX,
         NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, PSP_GATEWAY_CONNECTION_BYTES, NULL},
        PSP_FRAMING_STRICTEST,
        {MHD_OPTION_CONNECTION_TIMEOUT, PSP_GATEWAY_SILENCE_S, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, http},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)psp_connections_notify, &http->connections},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, http},
        {MHD_OPTION_END, 0, NULL},
    };
    static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (http->options.tls == NULL)
        return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_ARRAY, settings,
                                MHD_OPTION_END);
    psp_gateway_tls_serve(http->options.tls);
    return MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, on_request, http, MHD_OPTION_ARRAY,
                            settings, MHD_OPTION_HTTPS_PRIORITIES, priorities,
                            MHD_OPTION_HTTPS_CERT_CALLBACK, psp_gateway_tls_callback(),
                            MHD_OPTION_END);
}

enum psp_status psp_gateway_http_start(const struct psp_gateway_http_options *options,
                                       struct psp_gateway_http **ret_http,
                                       struct psp_reason *reterr_reason)
{
    int fd = -1;
    const enum psp_status status = psp_listen(options->address, &fd, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_gateway_http *http = calloc(1, sizeof *http);
    if (!http) {
        psp_reason_set(reterr_reason, "out of memory");
        close(fd);
        return PSP_ENOMEM;
    }
    http->options = *options;
    init_connections(http, options->stats);
    http->daemon = start_daemon(http, fd);
    if (!http->daemon) {
        psp_reason_set(reterr_reason, "cannot start the HTTP threads on %s: %s", options->address,
                       strerror(errno));
        close(fd);
        psp_gateway_http_stop(&http);
        return PSP_EIO;
    }
    *ret_http = http;
    return PSP_OK;
}

void psp_gateway_http_stop(struct psp_gateway_http **http)
{
    if (!*http)
        return;
    if ((*http)->daemon)
        MHD_stop_daemon((*http)->daemon);
    if ((*http)->options.tls)
        psp_gateway_tls_serve(NULL);
    psp_connections_destroy(&(*http)->connections);
    free(*http);
    *http = NULL;
}
