/* Every answer is compared with the first: a version is never mixed from two. */
#include "cli/publish/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"
#include "cli/show/http_client.h"

enum { TIMEOUT_MS = 30000, SILENT_S = 30, PAGE_LIMIT = 1000 };
enum { OK = 200, NOT_MODIFIED = 304, BAD_REQUEST = 400, NOT_FOUND = 404, GONE = 410, BUSY = 503 };

struct psp_source {
    struct psp_http_client *http;
    char *url, *id; /* of the version; NULL: it has none */
    json_t *version;
    char etag[256];
    char error[1024];
    uint64_t requests;
};

enum psp_status psp_source_create(const char *url, struct psp_source **ret_source)
{
    struct psp_source *source = psp_memory_array(1, sizeof *source);
    source->url = psp_memory_copy(url);
    const enum psp_status status = psp_http_client_create(url, &source->http);
    if (status != PSP_OK)
        psp_source_destroy(&source);
    else
        *ret_source = source;
    return status;
}

void psp_source_destroy(struct psp_source **source)
{
    if (!*source)
        return;
    psp_http_client_destroy(&(*source)->http);
    json_decref((*source)->version);
    free((*source)->id);
    free((*source)->url);
    free(*source);
    *source = NULL;
}

void psp_source_forget(struct psp_source *source)
{
    source->etag[0] = '\0';
}

/* The collector's own words, when it gave any (RFC 9457). */
static enum psp_status refused(struct psp_source *source, const char *path,
                               const struct psp_http_answer *answer)
{
    json_t *problem = json_loadb(answer->body, answer->bytes, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    snprintf(source->error, sizeof source->error, "%s: HTTP %ld%s%s", path, answer->code,
             detail ? ": " : ": is that a collector of Psephos?", detail ? detail : "");
    json_decref(problem);
    return answer->code == GONE ? PSP_EAGAIN : answer->code == NOT_FOUND ? PSP_ENOENT : PSP_EINVAL;
}

static enum psp_status ask(struct psp_source *source, const char *path, const char *etag,
                           struct psp_http_answer *ret_answer)
{
    source->requests++;
    const enum psp_status status =
        psp_http_client_get(source->http, path, NULL, etag, TIMEOUT_MS, ret_answer);
    if (status != PSP_OK) {
        snprintf(source->error, sizeof source->error,
                 "no collector answers at %.200s: it is down, or that is not its address, which "
                 "`psephos up` prints (%.600s)",
                 source->url, psp_http_client_error(source->http));
        return status;
    }
    if (ret_answer->code == NOT_MODIFIED)
        return PSP_STALE;
    return ret_answer->code == OK ? PSP_OK : refused(source, path, ret_answer);
}

static enum psp_status parse(struct psp_source *source, const char *path,
                             const struct psp_http_answer *answer, json_t **ret_value)
{
    json_error_t error;
    json_t *value = json_loadb(answer->body, answer->bytes, 0, &error);
    if (!json_is_object(value)) {
        snprintf(source->error, sizeof source->error, "%s: not an answer of a collector: %s", path,
                 value ? "no object" : error.text);
        json_decref(value);
        return PSP_EINVAL;
    }
    *ret_value = value;
    return PSP_OK;
}

enum psp_status psp_source_begin(struct psp_source *source, json_t **ret_election)
{
    static const char path[] = "/api/v1/election";
    struct psp_http_answer answer;
    json_t *value = NULL;
    enum psp_status status = ask(source, path, source->etag, &answer);
    if (status == PSP_OK)
        status = parse(source, path, &answer, &value);
    if (status == PSP_ENOENT)
        status = PSP_EINVAL;
    if (status != PSP_OK)
        return status;
    json_t *version = json_object_get(value, "version");
    if (!json_is_string(json_object_get(version, "cluster")) ||
        !json_is_array(json_object_get(version, "shards")) ||
        !json_is_object(json_object_get(value, "election"))) {
        snprintf(source->error, sizeof source->error,
                 "%s%s: the answer has no version and no election: is that a collector of Psephos?",
                 source->url, path);
        json_decref(value);
        return PSP_EINVAL;
    }
    const char *id = json_string_value(json_object_get(version, "id"));
    free(source->id);
    source->id = id ? psp_http_client_escape(id) : NULL;
    json_decref(source->version);
    source->version = json_incref(version);
    snprintf(source->etag, sizeof source->etag, "%s", answer.etag);
    *ret_election = value;
    return PSP_OK;
}

/* The path with the version in it; the caller frees. */
static char *of_version(const struct psp_source *source, const char *path)
{
    return source->id
               ? psp_memory_print("%s%cversion=%s", path, strchr(path, '?') ? '&' : '?', source->id)
               : psp_memory_copy(path);
}

enum psp_status psp_source_get_any(struct psp_source *source, const char *path, json_t **ret_value)
{
    struct psp_http_answer answer;
    const enum psp_status status = ask(source, path, NULL, &answer);
    return status == PSP_OK ? parse(source, path, &answer, ret_value) : status;
}

enum psp_status psp_source_get(struct psp_source *source, const char *path, json_t **ret_value)
{
    json_t *value = NULL;
    char *whole = of_version(source, path);
    enum psp_status status = psp_source_get_any(source, whole, &value);
    free(whole);
    if (status == PSP_OK && !json_equal(json_object_get(value, "version"), source->version)) {
        snprintf(source->error, sizeof source->error,
                 "%s: the count moves on faster than it can be read, and this collector keeps no "
                 "versions: use one of this release, or publish when fewer ballots come in",
                 path);
        status = PSP_EAGAIN;
    }
    if (status == PSP_OK)
        *ret_value = value;
    else
        json_decref(value);
    return status;
}

static enum psp_status visit_page(struct psp_source *source, const char *path, const char *member,
                                  const json_t *page, void (*visit)(void *, json_t *),
                                  void *context)
{
    const json_t *list = json_object_get(page, member);
    json_t *item;
    size_t i;
    if (!json_is_array(list)) {
        snprintf(source->error, sizeof source->error, "%s: the answer has no list \"%s\"", path,
                 member);
        return PSP_EINVAL;
    }
    json_array_foreach(list, i, item)
    {
        visit(context, item);
    }
    return PSP_OK;
}

enum psp_status psp_source_each(struct psp_source *source, const char *path, const char *member,
                                bool pinned, psp_source_visit *visit, void *context)
{
    enum psp_status status = PSP_OK;
    char *cursor = psp_memory_copy("");
    while (cursor && status == PSP_OK) {
        json_t *page = NULL;
        char *escaped = psp_http_client_escape(cursor);
        char *whole = psp_memory_print("%s%climit=%d%s%s", path, strchr(path, '?') ? '&' : '?',
                                       PAGE_LIMIT, *cursor ? "&cursor=" : "", escaped);
        status = pinned ? psp_source_get(source, whole, &page)
                        : psp_source_get_any(source, whole, &page);
        free(whole);
        free(escaped);
        free(cursor);
        const char *next = json_string_value(json_object_get(page, "next_cursor"));
        cursor = status == PSP_OK && next ? psp_memory_copy(next) : NULL;
        if (status == PSP_OK)
            status = visit_page(source, path, member, page, visit, context);
        json_decref(page);
    }
    free(cursor);
    return status;
}

/* ---- all rows ---- */

struct rows {
    struct psp_source *source;
    psp_source_visit *visit;
    void *context;
    bool ended;
};

/* The line without a kind is the last one, and says which version it was. */
static enum psp_status take_row(void *context, const char *line, size_t bytes)
{
    struct rows *rows = context;
    json_t *row = json_loadb(line, bytes, 0, NULL);
    if (json_object_get(row, "kind"))
        rows->visit(rows->context, row);
    else
        rows->ended = json_equal(json_object_get(row, "version"), rows->source->version);
    json_decref(row);
    return PSP_OK;
}

enum psp_status psp_source_rows(struct psp_source *source, psp_source_visit *visit, void *context)
{
    static const char path[] = "/api/v1/changes?standing=1";
    struct rows rows = {source, visit, context, false};
    struct psp_http_answer answer;
    if (!source->id)
        return PSP_ENOENT;
    char *whole = of_version(source, path);
    source->requests++;
    enum psp_status status =
        psp_http_client_lines(source->http, whole, SILENT_S, take_row, &rows, &answer);
    free(whole);
    if (status == PSP_OK && answer.code == BAD_REQUEST)
        return PSP_ENOENT; /* of before */
    if (status == PSP_OK && answer.code != OK) {
        status = refused(source, path, &answer);
        return answer.code == BUSY ? PSP_EAGAIN : status;
    }
    if (status != PSP_OK || !rows.ended) {
        snprintf(source->error, sizeof source->error,
                 "%s: the answer ended before it was whole: see the collector's log (%.600s)", path,
                 status == PSP_OK ? "no last line of this version"
                                  : psp_http_client_error(source->http));
        return PSP_EAGAIN;
    }
    return PSP_OK;
}

enum psp_status psp_source_bytes(struct psp_source *source, const char *path, bool version,
                                 const char **ret_bytes, size_t *ret_length)
{
    struct psp_http_answer answer;
    char *whole = version ? of_version(source, path) : psp_memory_copy(path);
    const enum psp_status status = ask(source, whole, NULL, &answer);
    free(whole);
    if (status == PSP_OK) {
        *ret_bytes = answer.body;
        *ret_length = answer.bytes;
    }
    return status;
}

bool psp_source_is_pinned(const struct psp_source *source)
{
    return source->id != NULL;
}

const char *psp_source_error(const struct psp_source *source)
{
    return source->error;
}

uint64_t psp_source_requests(const struct psp_source *source)
{
    return source->requests;
}
