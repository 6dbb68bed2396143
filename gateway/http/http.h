/*
 * http - ballots in, verdicts out, on a TCP port.
 *
 *     headers ─▶ token? length? ─▶ body, line by line ─▶ order ─▶ desk
 *        │ 401, 413, …                 │ 400, 413                  │ every line final, or 30 s
 *        ▼                             ▼                           ▼
 *     problem                       problem                     NDJSON
 *
 * While its order is at the desk a connection is suspended. MHD's own timeout is
 * for silence only, so each connection has deadlines of its own, and
 * psp_gateway_http_sweep cuts what is past them: a body must come at
 * PSP_GATEWAY_BODY_BYTES_PER_MS at least.
 *
 * Ownership: borrows all of its options until stop.
 * Threads:   its own; start, sweep, stop from one other, done from the desk's.
 * Memory:    PSP_GATEWAY_CONNECTION_BYTES a connection, and what body.h bounds.
 */
#ifndef PSP_GATEWAY_HTTP_H
#define PSP_GATEWAY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "gateway/desk/desk.h"
#include "gateway/desk/stats.h"
#include "gateway/desk/tokens.h"
#include "gateway/http/tls.h"

enum {
    PSP_GATEWAY_THREADS = 2,
    PSP_GATEWAY_CONNECTIONS_MAX = 1024,
    PSP_GATEWAY_CONNECTIONS_PER_IP_MAX = 600,
    PSP_GATEWAY_REFUSED_MAX = 128, /* more that are open only to be told that there is no room */
    PSP_GATEWAY_REFUSED_MS = 2000,
    PSP_GATEWAY_CONNECTION_BYTES = 32 * 1024, /* request line and headers must fit */
    PSP_GATEWAY_SILENCE_S = 30,
    PSP_GATEWAY_HEADERS_MS = 10000,     /* for the first request's headers to be there */
    PSP_GATEWAY_IDLE_MS = 60000,        /* for the next one's on a kept connection */
    PSP_GATEWAY_BODY_MS = 15000,        /* for a body to be whole, and a ms more … */
    PSP_GATEWAY_BODY_BYTES_PER_MS = 64, /* … for so many bytes of it */
    PSP_GATEWAY_ANSWER_MS = 30000,      /* for an answer to be taken; likewise */
};

struct psp_gateway_http;

struct psp_gateway_http_options {
    const char *address; /* "host:port", "[v6]:port"; port 0: a free one */
    bool local;          /* the loopback address: /metrics instead of ballots */
    const struct psp_definition *definition;
    struct psp_gateway_tokens *tokens;
    struct psp_gateway_stats *stats;
    struct psp_gateway_desk *desk;
    const char *allow_origin;    /* for CORS; NULL: none */
    struct psp_gateway_tls *tls; /* NULL: plain */
};

/* PSP_EINVAL: not an address; PSP_EEXIST: in use; PSP_EIO, PSP_EPERM, PSP_ENOMEM.
 * reterr_reason says what to do. */
enum psp_status psp_gateway_http_start(const struct psp_gateway_http_options *options,
                                       struct psp_gateway_http **ret_http,
                                       struct psp_reason *reterr_reason);
/* After the desk has stopped: no connection is suspended then. */
void psp_gateway_http_stop(struct psp_gateway_http **http);

/* The desk's `done`. */
void psp_gateway_http_done(struct psp_gateway_order *order);

/* Cuts connections past their deadline, and those whose client went away before its request
 * was whole. Call a few times a second. */
void psp_gateway_http_sweep(struct psp_gateway_http *http, uint64_t now_ms);

#endif
