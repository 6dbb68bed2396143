/* No proxy and no redirect: a collector is asked directly. Answers are bounded. */
#include "cli/show/http_client.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/say/memory.h"

struct psp_http_client {
    CURL *curl;
    char *base;
    char *body;
    size_t bytes, size;
    char etag[256];
    char error[CURL_ERROR_SIZE + 256];
    char curl_error[CURL_ERROR_SIZE];
    psp_http_take_line *take_line; /* NULL: the body is kept whole */
    void *take_context;
    enum psp_status taken; /* what it said last */
};

static size_t keep(struct psp_http_client *client, const char *data, size_t more)
{
    if (client->bytes + more > PSP_HTTP_BODY_BYTES_MAX)
        return 0; /* ends the transfer with an error */
    if (client->bytes + more + 1 > client->size) {
        client->size = (client->bytes + more + 1) * 2;
        client->body = psp_memory_resize(client->body, client->size, 1);
    }
    memcpy(client->body + client->bytes, data, more);
    client->bytes += more;
    client->body[client->bytes] = '\0';
    return more;
}

/* Hands on what is a line by now, and keeps the rest. */
static bool take_lines(struct psp_http_client *client, const char *data, size_t n)
{
    const char *end;
    while (client->taken == PSP_OK && (end = memchr(data, '\n', n)) != NULL) {
        const size_t bytes = (size_t)(end - data);
        if (client->bytes == 0) {
            client->taken = client->take_line(client->take_context, data, bytes);
        } else if (keep(client, data, bytes) == bytes) {
            client->taken = client->take_line(client->take_context, client->body, client->bytes);
            client->bytes = 0;
        } else {
            client->taken = PSP_ENOSPC;
        }
        data = end + 1;
        n -= bytes + 1;
    }
    if (client->taken == PSP_OK && n > 0 && keep(client, data, n) != n)
        client->taken = PSP_ENOSPC;
    return client->taken == PSP_OK;
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct psp_http_client *client = context;
    long code = 0;
    if (client->take_line)
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 200)
        return take_lines(client, data, size * n) ? size * n : 0;
    return keep(client, data, size * n);
}

static size_t take_header(char *data, size_t size, size_t n, void *context)
{
    static const char name[] = "etag:";
    struct psp_http_client *client = context;
    size_t bytes = size * n;
    if (bytes > sizeof name && !strncasecmp(data, name, sizeof name - 1)) {
        const char *at = data + sizeof name - 1;
        bytes -= sizeof name - 1;
        while (bytes && *at == ' ')
            at++, bytes--;
        while (bytes && (at[bytes - 1] == '\r' || at[bytes - 1] == '\n'))
            bytes--;
        if (bytes < sizeof client->etag) {
            memcpy(client->etag, at, bytes);
            client->etag[bytes] = '\0';
        }
    }
    return size * n;
}

enum psp_status psp_http_client_create(const char *url, struct psp_http_client **ret_client)
{
    struct psp_http_client *client = psp_memory_array(1, sizeof *client);
    size_t bytes = strlen(url);
    static const char suffix[] = "/api/v1";
    while (bytes && url[bytes - 1] == '/')
        bytes--;
    if (bytes >= sizeof suffix - 1 &&
        !strncmp(url + bytes - (sizeof suffix - 1), suffix, sizeof suffix - 1))
        bytes -= sizeof suffix - 1;
    client->base = psp_memory_print("%s%.*s", strstr(url, "://") ? "" : "http://", (int)bytes, url);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
        client->curl = curl_easy_init();
    if (!client->curl) {
        psp_http_client_destroy(&client);
        return PSP_ENOMEM;
    }
    *ret_client = client;
    return PSP_OK;
}

void psp_http_client_destroy(struct psp_http_client **client)
{
    if (!*client)
        return;
    if ((*client)->curl)
        curl_easy_cleanup((*client)->curl);
    free((*client)->base);
    free((*client)->body);
    free(*client);
    *client = NULL;
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    if (!value || !*value)
        return list;
    char *line = psp_memory_print("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    free(line);
    return longer ? longer : list;
}

/* One request; the caller has set what is its own. */
static enum psp_status perform(struct psp_http_client *client, const char *path,
                               struct curl_slist *headers, struct psp_http_answer *ret_answer)
{
    char *url = psp_memory_print("%s%s", client->base, path);
    client->bytes = 0;
    client->etag[0] = client->error[0] = client->curl_error[0] = '\0';
    if (!client->body)
        client->body = psp_memory_array(client->size = 4096, 1);
    client->body[0] = '\0';
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->curl_error);
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_ACCEPT_ENCODING, "");
    /* A collector is asked directly: a proxy would only make results older. */
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    /* A collector never redirects; what does is something else. */
    curl_easy_setopt(client->curl, CURLOPT_FOLLOWLOCATION, 0L);
    const CURLcode result = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (result != CURLE_OK)
        snprintf(client->error, sizeof client->error, "%.200s: %s", url,
                 client->curl_error[0] ? client->curl_error : curl_easy_strerror(result));
    free(url);
    if (result != CURLE_OK)
        return PSP_EUNREACHABLE;
    *ret_answer = (struct psp_http_answer){.body = client->body, .bytes = client->bytes};
    memcpy(ret_answer->etag, client->etag, sizeof client->etag);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &ret_answer->code);
    return PSP_OK;
}

enum psp_status psp_http_client_get(struct psp_http_client *client, const char *path,
                                    const char *accept, const char *etag, long timeout_ms,
                                    struct psp_http_answer *ret_answer)
{
    client->take_line = NULL;
    curl_easy_reset(client->curl);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    return perform(client, path, header(header(NULL, "Accept", accept), "If-None-Match", etag),
                   ret_answer);
}

enum psp_status psp_http_client_lines(struct psp_http_client *client, const char *path,
                                      long silent_s, psp_http_take_line *take, void *context,
                                      struct psp_http_answer *ret_answer)
{
    client->take_line = take;
    client->take_context = context;
    client->taken = PSP_OK;
    curl_easy_reset(client->curl);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT, silent_s);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, silent_s);
    const enum psp_status status = perform(client, path, NULL, ret_answer);
    client->take_line = NULL;
    return client->taken != PSP_OK ? client->taken : status;
}

const char *psp_http_client_error(const struct psp_http_client *client)
{
    return client->error;
}

char *psp_http_client_escape(const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *escaped = psp_memory_array(strlen(text) * 3 + 1, 1), *at = escaped;
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c)) {
            *at++ = (char)c;
        } else {
            *at++ = '%';
            *at++ = hex[c >> 4];
            *at++ = hex[c & 15];
        }
    }
    return escaped;
}
