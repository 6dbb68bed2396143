/* Answers are small and made at once. */
#include "bridge/local/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "base/system/listen.h"
#include "bridge/local/metrics.h"

struct psp_bridge_http {
    struct psp_bridge_stats *stats;
    bool is_source;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              const struct psp_text *text)
{
    if (text->failed)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text->length, text->data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result serve(struct psp_bridge_http *http, struct MHD_Connection *connection,
                             const char *path, const char *method)
{
    static const char plain[] = "text/plain; charset=utf-8";
    struct psp_text text = {0};
    const char *type = plain;
    unsigned status = 200;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        status = 405;
        psp_text_string(&text, "only GET and HEAD\n");
    } else if (strcmp(path, "/healthz") == 0) {
        psp_text_string(&text, "alive\n");
    } else if (strcmp(path, "/readyz") == 0) {
        type = "application/json";
        status = psp_bridge_readiness(http->stats, psp_clock_ms(), &text) ? 200 : 503;
    } else if (strcmp(path, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        psp_bridge_metrics(http->stats, http->is_source, psp_clock_ms(), &text);
    } else {
        status = 404;
        psp_text_string(&text, "here are /metrics, /healthz and /readyz\n");
    }
    const enum MHD_Result result = answer(connection, status, type, &text);
    psp_text_free(&text);
    return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_bytes, void **state)
{
    static char begun;
    (void)version, (void)upload;
    if (*state == NULL) {
        *state = &begun;
        return MHD_YES;
    }
    if (*upload_bytes > 0) { /* nobody reads it */
        *upload_bytes = 0;
        return MHD_YES;
    }
    return serve(context, connection, path, method);
}

enum psp_status psp_bridge_http_start(const char *address, bool is_source,
                                      struct psp_bridge_stats *stats,
                                      struct psp_bridge_http **ret_http,
                                      struct psp_reason *reterr_reason)
{
    int fd = -1;
    const enum psp_status status = psp_listen(address, &fd, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_bridge_http *http = calloc(1, sizeof *http);
    if (!http) {
        close(fd);
        return PSP_ENOMEM;
    }
    http->stats = stats;
    http->is_source = is_source;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)PSP_BRIDGE_HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PSP_BRIDGE_HTTP_SILENCE_S, MHD_OPTION_END);
    if (!http->daemon) {
        psp_reason_set(reterr_reason, "cannot start the HTTP thread on %s: %s", address,
                       strerror(errno));
        close(fd);
        free(http);
        return PSP_EIO;
    }
    *ret_http = http;
    return PSP_OK;
}

void psp_bridge_http_stop(struct psp_bridge_http **http)
{
    if (!*http)
        return;
    MHD_stop_daemon((*http)->daemon);
    free(*http);
    *http = NULL;
}
