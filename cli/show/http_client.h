/*
 * http_client - GET from a collector.
 *
 * The only file that includes libcurl. One connection is kept for all requests
 * of one client.
 *
 * Ownership: an answer's body lives until the next request.
 * Threads:   one owner.   Memory: an answer of at most PSP_HTTP_BODY_BYTES_MAX.
 */
#ifndef PSP_HTTP_CLIENT_H
#define PSP_HTTP_CLIENT_H

#include <stddef.h>

#include "base/status.h"

#define PSP_HTTP_BODY_BYTES_MAX ((size_t)256 << 20)

struct psp_http_client;

struct psp_http_answer {
    long code;
    const char *body; /* ends in a NUL that is not counted */
    size_t bytes;
    char etag[256];
};

/* `url`: "http://host:port", with or without "/api/v1" behind. */
enum psp_status psp_http_client_create(const char *url, struct psp_http_client **ret_client);
void psp_http_client_destroy(struct psp_http_client **client);

/* `path` begins with '/'. `accept` and `etag` (If-None-Match) may be NULL.
 * PSP_EUNREACHABLE: no connection or no whole answer in `timeout_ms`. Any HTTP
 * code is PSP_OK. */
enum psp_status psp_http_client_get(struct psp_http_client *client, const char *path,
                                    const char *accept, const char *etag, long timeout_ms,
                                    struct psp_http_answer *ret_answer);

/* The same, of an answer that may be larger than memory: each line of a body of code 200 goes
 * to `take`, without its end, as it comes; what has no end is no line. Another code's body is
 * in *ret_answer. What `take` answers, unless it is PSP_OK, ends it and comes back.
 * PSP_EUNREACHABLE: also when nothing has come for `silent_s`; PSP_ENOSPC: a line over
 * PSP_HTTP_BODY_BYTES_MAX. */
typedef enum psp_status psp_http_take_line(void *context, const char *line, size_t bytes);
enum psp_status psp_http_client_lines(struct psp_http_client *client, const char *path,
                                      long silent_s, psp_http_take_line *take, void *context,
                                      struct psp_http_answer *ret_answer);

/* What went wrong in the last request, for a person. */
const char *psp_http_client_error(const struct psp_http_client *client);

/* Percent-encodes a query value; the caller frees. */
char *psp_http_client_escape(const char *text);

#endif
