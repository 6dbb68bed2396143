/* A line goes to the spool when the next one has come: the last is the end. */
#include "bridge/feed/feed.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

enum { URL_BYTES = 2048, BODY_OF_ERROR_BYTES = 400 };

struct psp_bridge_feed {
    CURL *curl;
    struct psp_bridge_stop *stop;
    char **urls; /* without a slash or /api/v1 at the end */
    uint32_t n, api;
    char *body; /* a line under way; another answer than /changes: all of it */
    size_t bytes, capacity;
    char *held; /* the newest whole line */
    size_t held_bytes, held_capacity;
    bool has_held;
    struct psp_bridge_spool *spool; /* NULL: the body is kept whole */
    enum psp_status taken;          /* what went wrong while it came */
    struct psp_reason *reason;
};

static char *base_of(const char *url)
{
    static const char suffix[] = "/api/v1";
    const size_t suffix_bytes = sizeof suffix - 1;
    size_t bytes = strlen(url);
    while (bytes && url[bytes - 1] == '/')
        bytes--;
    if (bytes >= suffix_bytes && !strncmp(url + bytes - suffix_bytes, suffix, suffix_bytes))
        bytes -= suffix_bytes;
    return strndup(url, bytes);
}

enum psp_status psp_bridge_feed_create(const char *const *urls, uint32_t n,
                                       struct psp_bridge_stop *stop,
                                       struct psp_bridge_feed **ret_feed)
{
    assert(n > 0);
    struct psp_bridge_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return PSP_ENOMEM;
    feed->stop = stop;
    feed->n = n;
    feed->urls = calloc(n, sizeof *feed->urls);
    bool good = feed->urls && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    for (uint32_t i = 0; good && i < n; i++)
        good = (feed->urls[i] = base_of(urls[i])) != NULL;
    if (good)
        feed->curl = curl_easy_init();
    if (!feed->curl) {
        psp_bridge_feed_destroy(&feed);
        return PSP_ENOMEM;
    }
    *ret_feed = feed;
    return PSP_OK;
}

void psp_bridge_feed_destroy(struct psp_bridge_feed **feed)
{
    if (!*feed)
        return;
    if ((*feed)->curl)
        curl_easy_cleanup((*feed)->curl);
    for (uint32_t i = 0; (*feed)->urls && i < (*feed)->n; i++)
        free((*feed)->urls[i]);
    free((*feed)->urls);
    free((*feed)->body);
    free((*feed)->held);
    free(*feed);
    *feed = NULL;
}

void psp_bridge_feed_turn(struct psp_bridge_feed *feed, uint32_t api)
{
    assert(api < feed->n);
    feed->api = api;
}

const char *psp_bridge_feed_url(const struct psp_bridge_feed *feed)
{
    return feed->urls[feed->api];
}

/* ---- what comes ---- */

static bool keep(struct psp_bridge_feed *feed, const char *data, size_t n)
{
    if (feed->bytes + n > PSP_BRIDGE_ANSWER_BYTES_MAX ||
        !PSP_GROW(feed->body, feed->capacity, feed->bytes + n + 1))
        return false;
    memcpy(feed->body + feed->bytes, data, n);
    feed->bytes += n;
    feed->body[feed->bytes] = '\0';
    return true;
}

/* A whole line stands in the body: it is held, and the one before goes on. */
static bool end_line(struct psp_bridge_feed *feed)
{
    if (feed->has_held)
        feed->taken = psp_bridge_spool_add(feed->spool, feed->held, feed->held_bytes, feed->reason);
    if (feed->taken != PSP_OK)
        return false;
    if (!PSP_GROW(feed->held, feed->held_capacity, feed->bytes + 1)) {
        feed->taken = PSP_ENOMEM;
        return false;
    }
    if (feed->bytes > 0)
        memcpy(feed->held, feed->body, feed->bytes);
    feed->held_bytes = feed->bytes;
    feed->has_held = true;
    feed->bytes = 0;
    return true;
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
    struct psp_bridge_feed *feed = context;
    const size_t all = size * n;
    long code = 0;
    curl_easy_getinfo(feed->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 || !feed->spool)
        return keep(feed, data, all) ? all : 0;
    for (size_t left = all; left > 0;) {
        const char *end = memchr(data, '\n', left);
        const size_t bytes = end ? (size_t)(end - data) : left;
        if (!keep(feed, data, bytes) || (end && !end_line(feed)))
            return 0;
        data += bytes + (end ? 1 : 0);
        left -= bytes + (end ? 1 : 0);
    }
    return all;
}

static int look_at_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct psp_bridge_feed *feed = context;
    (void)a, (void)b, (void)c, (void)d;
    return psp_bridge_stop_asked(feed->stop) ? 1 : 0;
}

/* ---- requests ---- */

/* A collector's problem says in `detail` what is wrong. */
static void refuse(const struct psp_bridge_feed *feed, const char *url, long code,
                   struct psp_reason *reterr_reason)
{
    json_t *problem = json_loadb(feed->body ? feed->body : "", feed->bytes, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    psp_reason_set(reterr_reason, "%s answers %ld: %.*s%s", url, code, BODY_OF_ERROR_BYTES,
                   detail ? detail : "no collector's answer",
                   code == 404 && !detail ? "; is a collector of this version there?" : "");
    json_decref(problem);
}

static enum psp_status status_of(long code)
{
    switch (code) {
    case 200:
        return PSP_OK;
    case 404:
    case 410:
        return PSP_ENOENT;
    case 429:
    case 503:
        return PSP_EAGAIN;
    default:
        return PSP_EUNREACHABLE;
    }
}

static enum psp_status ask(struct psp_bridge_feed *feed, const char *url, uint32_t wait_s,
                           long *ret_code, struct psp_reason *reterr_reason)
{
    char error[CURL_ERROR_SIZE] = "";
    feed->bytes = 0;
    feed->has_held = false;
    feed->taken = PSP_OK;
    feed->reason = reterr_reason;
    curl_easy_reset(feed->curl);
    curl_easy_setopt(feed->curl, CURLOPT_URL, url);
    curl_easy_setopt(feed->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(feed->curl, CURLOPT_WRITEDATA, feed);
    curl_easy_setopt(feed->curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(feed->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(feed->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(feed->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(feed->curl, CURLOPT_USERAGENT, "psephos-bridge/" PSP_VERSION);
    curl_easy_setopt(feed->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(feed->curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
    curl_easy_setopt(feed->curl, CURLOPT_XFERINFODATA, feed);
    curl_easy_setopt(feed->curl, CURLOPT_CONNECTTIMEOUT, (long)PSP_BRIDGE_FEED_CONNECT_S);
    curl_easy_setopt(feed->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(feed->curl, CURLOPT_LOW_SPEED_TIME, (long)(wait_s + PSP_BRIDGE_FEED_SILENT_S));
    const CURLcode result = curl_easy_perform(feed->curl);
    *ret_code = 0;
    curl_easy_getinfo(feed->curl, CURLINFO_RESPONSE_CODE, ret_code);
    if (feed->taken != PSP_OK)
        return feed->taken;
    if (result == CURLE_OK)
        return PSP_OK;
    psp_reason_set(reterr_reason, "%s: %s", url, error[0] ? error : curl_easy_strerror(result));
    return PSP_EUNREACHABLE;
}

/* Unless it names the version, what has come is not the whole. */
static enum psp_status take_end(const struct psp_bridge_feed *feed, const char *url,
                                json_t **ret_end, struct psp_reason *reterr_reason)
{
    json_t *end = feed->has_held && feed->bytes == 0
                      ? json_loadb(feed->held, feed->held_bytes, 0, NULL)
                      : NULL;
    if (!json_is_object(json_object_get(end, "version"))) {
        json_decref(end);
        psp_reason_set(reterr_reason, "%s: the answer was cut short: its last line is missing",
                       url);
        return PSP_EUNREACHABLE;
    }
    *ret_end = end;
    return PSP_OK;
}

enum psp_status psp_bridge_feed_changes(struct psp_bridge_feed *feed, const char *since,
                                        uint32_t wait_s, bool standing,
                                        struct psp_bridge_spool *spool, json_t **ret_end,
                                        struct psp_reason *reterr_reason)
{
    char url[URL_BYTES];
    long code;
    snprintf(url, sizeof url, "%.1024s/api/v1/changes?wait=%u%s%s%s", feed->urls[feed->api], wait_s,
             standing ? "&standing=1" : "", since ? "&since=" : "", since ? since : "");
    psp_bridge_spool_clear(spool);
    feed->spool = spool;
    enum psp_status status = ask(feed, url, wait_s, &code, reterr_reason);
    feed->spool = NULL;
    if (status != PSP_OK)
        return status;
    if (code == 200)
        return take_end(feed, url, ret_end, reterr_reason);
    refuse(feed, url, code, reterr_reason);
    status = status_of(code);
    /* 410 only is of `since`; a path that is not there is no collector's. */
    return status == PSP_ENOENT && (code != 410 || !since) ? PSP_EUNREACHABLE : status;
}

enum psp_status psp_bridge_feed_get(struct psp_bridge_feed *feed, const char *path,
                                    json_t **ret_json, struct psp_reason *reterr_reason)
{
    char url[URL_BYTES];
    long code;
    snprintf(url, sizeof url, "%.1024s%.1000s", feed->urls[feed->api], path);
    const enum psp_status status = ask(feed, url, 0, &code, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (code != 200) {
        refuse(feed, url, code, reterr_reason);
        return status_of(code);
    }
    json_t *json = json_loadb(feed->body ? feed->body : "", feed->bytes, 0, NULL);
    if (!json) {
        psp_reason_set(reterr_reason, "%s: the answer is no JSON", url);
        return PSP_EUNREACHABLE;
    }
    *ret_json = json;
    return PSP_OK;
}
