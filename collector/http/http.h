/*
 * http - the API and the page on a TCP port.
 *
 *     connection ─▶ MHD thread ─▶ take the view ─▶ psp_api_serve ─▶ answer
 *                                                  └─ no such path ─▶ page file
 *
 * Read-only: GET, HEAD and OPTIONS, without a body. MHD's own timeout is for silence only, and
 * a client that trickles bytes is never silent; so every connection has a
 * deadline here, and psp_http_sweep cuts what is past it.
 *
 * When a bound is reached: a connection more takes the place of an idle one, or is refused
 * (connections.h); an answer more than
 * fits into PSP_HTTP_ANSWER_BYTES_MAX is 503 with Retry-After.
 *
 * Ownership: borrows site, slot and page until psp_http_stop.
 * Threads:   its own, for answering; start, sweep and stop from one other.
 */
#ifndef PSP_HTTP_H
#define PSP_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "collector/api/api.h"
#include "collector/page/page.h"
#include "collector/view/slot.h"

enum {
    PSP_HTTP_THREADS = 2,
    PSP_HTTP_CONNECTIONS_MAX = 1024,
    PSP_HTTP_REFUSED_MAX = 128, /* more that are open only to be told that there is no room */
    PSP_HTTP_REFUSED_MS = 2000,
    PSP_HTTP_CONNECTIONS_PER_IP_MAX = 600,
    PSP_HTTP_CONNECTION_BYTES = 32 * 1024, /* request line and headers must fit */
    PSP_HTTP_SILENCE_S = 30,
    PSP_HTTP_REQUEST_MS = 10000,       /* for the first request to be whole */
    PSP_HTTP_IDLE_MS = 60000,          /* for the next one on a kept connection */
    PSP_HTTP_ANSWER_MS = 30000,        /* for an answer to be taken, and … */
    PSP_HTTP_ANSWER_BYTES_PER_MS = 64, /* … so many bytes of it a ms more */
};
#define PSP_HTTP_ANSWER_BYTES_MAX ((uint64_t)1 << 30)

struct psp_http;

struct psp_http_options {
    const char *address; /* "host:port", "[v6]:port"; port 0: a free one */
    bool local;          /* the loopback address: /metrics and /cluster instead of the API */
    const struct psp_api_site *site;
    struct psp_view_slot *views;
    const struct psp_page *page; /* NULL: none */
    const char *embed_origins;   /* who may show it in a frame, a space between; NULL: nobody */
    const char *trusted_proxies; /* whose X-Forwarded-For is believed, likewise */
};

/* PSP_EINVAL: not an address; PSP_EEXIST: in use; PSP_EIO, PSP_EPERM,
 * PSP_ENOMEM. reterr_reason says what to do. */
enum psp_status psp_http_start(const struct psp_http_options *options, struct psp_http **ret_http,
                               struct psp_reason *reterr_reason);
/* Ends its threads; requests under way are cut. */
void psp_http_stop(struct psp_http **http);

/* A version was published: event streams go on. */
void psp_http_publish(struct psp_http *http, uint64_t now_ms);

/* The port it listens on, also when 0 was asked for. */
uint16_t psp_http_port(const struct psp_http *http);

/* Cuts connections past their deadline, and those whose client went away before its request
 * was whole; sends heartbeats. Call a few times a second. */
void psp_http_sweep(struct psp_http *http, uint64_t now_ms);

#endif
