/*
 * http - requests to an OpenSearch or Elasticsearch node.
 *
 * One connection is kept. A password is read from its file when the client is made, and a
 * TLS node's certificate is always checked: by the system's authorities, or by ca_file.
 *
 * Ownership: an answer's body lives until the next request.
 * Threads:   one owner; a stop ends a request within a second.
 * Memory:    an answer of at most PSP_SEARCH_ANSWER_BYTES_MAX.
 */
#ifndef PSP_BRIDGE_OPENSEARCH_HTTP_H
#define PSP_BRIDGE_OPENSEARCH_HTTP_H

#include <stddef.h>

#include "base/reason.h"
#include "bridge/config/config.h"
#include "bridge/local/stop.h"

#define PSP_SEARCH_ANSWER_BYTES_MAX ((size_t)64 << 20)

struct psp_search_http;

struct psp_search_request {
    const char *method, *path; /* "PUT", "/psephos-results" */
    const char *type;          /* of the body; NULL: JSON */
    const char *body;          /* NULL: none */
    size_t bytes;
};

struct psp_search_answer {
    long code;
    const char *body; /* ends in a NUL that is not counted */
    size_t bytes;
};

/* PSP_ENOENT, PSP_EPERM, PSP_EIO of the password's file; PSP_ENOMEM. */
enum psp_status psp_search_http_create(const struct psp_bridge_opensearch_config *config,
                                       struct psp_bridge_stop *stop,
                                       struct psp_search_http **ret_http,
                                       struct psp_reason *reterr_reason);
void psp_search_http_destroy(struct psp_search_http **http);

/* Any answer below 500 that is not 401, 403 or 429 is PSP_OK. PSP_EUNREACHABLE: no connection
 * or no whole answer; PSP_EAGAIN: the node has no room now (429, 5xx); PSP_EPERM: it does not
 * take user and password, or they may not do this. */
enum psp_status psp_search_http_ask(struct psp_search_http *http,
                                    const struct psp_search_request *request,
                                    struct psp_search_answer *ret_answer,
                                    struct psp_reason *reterr_reason);

#endif
