/* No redirect: what redirects is no node. */
#include "bridge/opensearch/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "base/text/text.h"

enum { CONNECT_S = 5, SILENT_S = 30, PASSWORD_BYTES = 1024, SAID_BYTES = 300 };

struct psp_search_http {
    CURL *curl;
    const struct psp_bridge_opensearch_config *config;
    struct psp_bridge_stop *stop;
    char password[PASSWORD_BYTES];
    struct psp_text body;
    char error[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct psp_search_http *http = context;
    if (http->body.length + size * n >= PSP_SEARCH_ANSWER_BYTES_MAX)
        return 0;
    psp_text_bytes(&http->body, data, size * n);
    return http->body.failed ? 0 : size * n;
}

static int look_at_stop(void *context, curl_off_t down, curl_off_t downloaded, curl_off_t up,
                        curl_off_t uploaded)
{
    const struct psp_search_http *http = context;
    (void)down, (void)downloaded, (void)up, (void)uploaded;
    return psp_bridge_stop_asked(http->stop);
}

static enum psp_status read_password(struct psp_search_http *http, struct psp_reason *reterr)
{
    size_t bytes = 0;
    const char *path = http->config->password_file;
    if (!path)
        return PSP_OK;
    const enum psp_status status =
        psp_file_read_secret(path, http->password, sizeof http->password - 1, &bytes);
    if (status != PSP_OK) {
        psp_reason_set(reterr, "password_file: %s: %s%s", path, psp_status_text(status),
                       status == PSP_EPERM ? ": a file with a password must have mode 0600" : "");
        return status == PSP_EPERM ? PSP_EPERM : PSP_EINVAL;
    }
    http->password[bytes] = '\0';
    http->password[strcspn(http->password, "\r\n")] = '\0';
    return PSP_OK;
}

enum psp_status psp_search_http_create(const struct psp_bridge_opensearch_config *config,
                                       struct psp_bridge_stop *stop,
                                       struct psp_search_http **ret_http,
                                       struct psp_reason *reterr_reason)
{
    struct psp_search_http *http = calloc(1, sizeof *http);
    if (!http)
        return PSP_ENOMEM;
    http->config = config;
    http->stop = stop;
    enum psp_status status = read_password(http, reterr_reason);
    if (status == PSP_OK) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
            http->curl = curl_easy_init();
        status = http->curl ? PSP_OK : PSP_ENOMEM;
    }
    if (status != PSP_OK) {
        psp_search_http_destroy(&http);
        return status;
    }
    *ret_http = http;
    return PSP_OK;
}

void psp_search_http_destroy(struct psp_search_http **http)
{
    if (!*http)
        return;
    if ((*http)->curl)
        curl_easy_cleanup((*http)->curl);
    explicit_bzero((*http)->password, sizeof(*http)->password);
    psp_text_free(&(*http)->body);
    free(*http);
    *http = NULL;
}

static void prepare(struct psp_search_http *http, const struct psp_search_request *request,
                    struct curl_slist *headers)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->bytes);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENT_S);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (http->config->user) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, http->config->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, http->password);
    }
    if (http->config->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, http->config->ca_file);
}

static enum psp_status refuse(struct psp_search_http *http, long code, struct psp_reason *reterr)
{
    const char *url = http->config->url;
    const int n = (int)(http->body.length < SAID_BYTES ? http->body.length : SAID_BYTES);
    switch (code) {
    case 401:
        psp_reason_set(reterr,
                       "%s wants a user and a password%s: see \"user\" and \"password_file\"", url,
                       http->config->user ? ", and does not take those of bridge.json" : "");
        return PSP_EPERM;
    case 403:
        psp_reason_set(reterr,
                       "%s does not let this user do that: give it the rights to write indices "
                       "%s-* and their template (it said: %.*s)",
                       url, http->config->prefix, n, http->body.data);
        return PSP_EPERM;
    default:
        psp_reason_set(reterr, "%s has no room now, and is asked again (HTTP %ld: %.*s)", url, code,
                       n, http->body.data);
        return PSP_EAGAIN;
    }
}

enum psp_status psp_search_http_ask(struct psp_search_http *http,
                                    const struct psp_search_request *request,
                                    struct psp_search_answer *ret_answer,
                                    struct psp_reason *reterr_reason)
{
    char type[64];
    size_t bytes = strlen(http->config->url);
    snprintf(type, sizeof type, "Content-Type: %s",
             request->type ? request->type : "application/json");
    /* "Expect:" — a node that answers 413 at once should not be waited for. */
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, type), "Expect:");
    while (bytes > 0 && http->config->url[bytes - 1] == '/')
        bytes--;
    struct psp_text url = {0};
    psp_text_bytes(&url, http->config->url, bytes);
    psp_text_string(&url, request->path);
    psp_text_bytes(&url, "", 1);
    http->body.length = 0;
    http->error[0] = '\0';
    if (!headers || url.failed || !psp_text_reserve(&http->body, 1)) {
        curl_slist_free_all(headers);
        psp_text_free(&url);
        return PSP_ENOMEM;
    }
    prepare(http, request, headers);
    curl_easy_setopt(http->curl, CURLOPT_URL, url.data);
    const CURLcode result = curl_easy_perform(http->curl);
    curl_slist_free_all(headers);
    psp_text_free(&url);
    long code = 0;
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &code);
    /* A node may close the connection on a body that is too large for it. */
    if (result != CURLE_OK && code != 413) {
        psp_reason_set(reterr_reason, "%s does not answer: %s", http->config->url,
                       http->error[0] ? http->error : curl_easy_strerror(result));
        return PSP_EUNREACHABLE;
    }
    psp_text_bytes(&http->body, "", 1);
    if (http->body.failed)
        return PSP_ENOMEM;
    http->body.length--;
    if (code == 401 || code == 403 || code == 429 || code >= 500)
        return refuse(http, code, reterr_reason);
    *ret_answer = (struct psp_search_answer){
        .code = code, .body = http->body.data, .bytes = http->body.length};
    return PSP_OK;
}
