/* A walk over the pages of a list begins anew when the version changes under way. */
#include "cli/show/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/address.h"
#include "cli/folder/local.h"
#include "cli/say/fault.h"
#include "cli/say/memory.h"

enum { TIMEOUT_MS = 30000, WALKS_MAX = 50, WALK_PAUSE_MS = 100, PAGE_LIMIT = 1000, SILENT_S = 30 };

struct psp_rest {
    struct psp_http_client *http;
    char *url, *directory; /* of the cluster that it was found in; NULL: by its address */
    char error[1024];
};

enum psp_status psp_rest_create(const char *url, struct psp_rest **ret_rest)
{
    struct psp_rest *rest = psp_memory_array(1, sizeof *rest);
    const enum psp_status status = psp_http_client_create(url, &rest->http);
    if (status != PSP_OK) {
        free(rest);
        return status;
    }
    rest->url = psp_memory_copy(url);
    for (size_t n = strlen(rest->url); n > 0 && rest->url[n - 1] == '/'; n--)
        rest->url[n - 1] = '\0';
    *ret_rest = rest;
    return PSP_OK;
}

const char *psp_rest_address(const struct psp_rest *rest)
{
    return rest->url;
}

void psp_rest_destroy(struct psp_rest **rest)
{
    if (!*rest)
        return;
    psp_http_client_destroy(&(*rest)->http);
    free((*rest)->url);
    free((*rest)->directory);
    free(*rest);
    *rest = NULL;
}

/* An address that means "all interfaces" is asked on this host. */
static char *url_of(const char *address)
{
    struct psp_address parts;
    if (psp_address_split(address, &parts) &&
        (!strcmp(parts.host, "0.0.0.0") || !strcmp(parts.host, "::") || !strcmp(parts.host, "*")))
        return psp_memory_print("http://127.0.0.1:%s", parts.port);
    return psp_memory_print("http://%s", address);
}

static bool open_first(const char *directory, bool local_address, struct psp_rest **ret_rest,
                       struct psp_reason *reterr_reason)
{
    struct psp_local *local = NULL;
    if (psp_local_open(directory, &local, reterr_reason) != PSP_OK)
        return false;
    enum psp_status status = PSP_ENOENT;
    if (local->cluster->collector_count > 0) {
        const struct psp_cluster_collector *first = &local->cluster->collectors[0];
        char *url = url_of(local_address ? first->http_local : first->http);
        status = psp_rest_create(url, ret_rest);
        if (status == PSP_OK)
            (*ret_rest)->directory = psp_memory_copy(directory);
        free(url);
    }
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s",
                       status == PSP_ENOENT
                           ? "cluster.json has no collector; name one with --api URL"
                           : psp_status_text(status));
    psp_local_close(&local);
    return status == PSP_OK;
}

static bool open_either(const char *call, const char *url, const char *directory,
                        bool local_address, struct psp_rest **ret_rest)
{
    struct psp_reason reason = {0};
    if (directory) {
        if (open_first(directory, local_address, ret_rest, &reason))
            return true;
    } else if (!*url || (strstr(url, "://") && strncmp(url, "http://", 7) != 0 &&
                         strncmp(url, "https://", 8) != 0)) {
        psp_reason_set(&reason, "--api: http://HOST:PORT, not \"%s\"", url);
    } else {
        const enum psp_status status = psp_rest_create(url, ret_rest);
        if (status == PSP_OK)
            return true;
        psp_reason_set_status(&reason, url, status);
    }
    psp_fault_say(call, &reason);
    return false;
}

bool psp_rest_open(const char *call, const char *url, const char *directory,
                   struct psp_rest **ret_rest)
{
    return open_either(call, url, directory, false, ret_rest);
}

bool psp_rest_open_local(const char *call, const char *url, const char *directory,
                         struct psp_rest **ret_rest)
{
    return open_either(call, url, directory, true, ret_rest);
}

char *psp_rest_url(const struct psp_cluster *cluster, uint32_t collector)
{
    return url_of(cluster->collectors[collector].http);
}

const char *psp_rest_error(const struct psp_rest *rest)
{
    return rest->error;
}

/* What a person does about it: libcurl's words alone do not say. */
static void unreachable(struct psp_rest *rest)
{
    if (rest->directory)
        snprintf(
            rest->error, sizeof rest->error,
            "the collector of %.200s does not answer: `psephos up --dir %.200s` starts what is "
            "down, `psephos status --dir %.200s` shows it (%.300s)",
            rest->directory, rest->directory, rest->directory, psp_http_client_error(rest->http));
    else
        snprintf(rest->error, sizeof rest->error,
                 "no collector answers at %.200s: it is down, or that is not its address, which "
                 "`psephos up` prints (%.600s)",
                 rest->url, psp_http_client_error(rest->http));
}

/* The collector's own words, when it gave any (RFC 9457). */
static enum psp_status refused(struct psp_rest *rest, const char *path,
                               const struct psp_http_answer *answer)
{
    json_t *problem = json_loadb(answer->body, answer->bytes, 0, NULL);
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    snprintf(rest->error, sizeof rest->error, "%s: HTTP %ld%s%s%s%s", path, answer->code,
             title ? ": " : "", title ? title : "", detail ? ": " : "", detail ? detail : "");
    json_decref(problem);
    return PSP_EINVAL;
}

static enum psp_status fetch(struct psp_rest *rest, const char *path, char *etag,
                             json_t **ret_value)
{
    struct psp_http_answer answer;
    json_error_t error;
    const enum psp_status status =
        psp_http_client_get(rest->http, path, "application/json", etag, TIMEOUT_MS, &answer);
    if (status != PSP_OK) {
        unreachable(rest);
        return status;
    }
    if (answer.code == 304)
        return PSP_STALE;
    if (answer.code != 200)
        return refused(rest, path, &answer);
    json_t *value = json_loadb(answer.body, answer.bytes, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        snprintf(rest->error, sizeof rest->error, "%s: not JSON: %s", path, error.text);
        return PSP_EINVAL;
    }
    if (etag)
        snprintf(etag, sizeof answer.etag, "%s", answer.etag);
    *ret_value = value;
    return PSP_OK;
}

enum psp_status psp_rest_get(struct psp_rest *rest, const char *path, json_t **ret_value)
{
    return fetch(rest, path, NULL, ret_value);
}

enum psp_status psp_rest_get_newer(struct psp_rest *rest, const char *path, char *etag,
                                   json_t **ret_value)
{
    return fetch(rest, path, etag, ret_value);
}

enum psp_status psp_rest_text(struct psp_rest *rest, const char *path, const char **ret_text,
                              size_t *ret_bytes)
{
    struct psp_http_answer answer;
    const enum psp_status status =
        psp_http_client_get(rest->http, path, NULL, NULL, TIMEOUT_MS, &answer);
    if (status != PSP_OK) {
        unreachable(rest);
        return status;
    }
    if (answer.code != 200)
        return refused(rest, path, &answer);
    *ret_text = answer.body;
    *ret_bytes = answer.bytes;
    return PSP_OK;
}

struct taking {
    struct psp_rest *rest;
    const char *path;
    psp_rest_take *take;
    void *context;
};

static enum psp_status take_line(void *context, const char *line, size_t bytes)
{
    const struct taking *taking = context;
    json_error_t error;
    json_t *value = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        snprintf(taking->rest->error, sizeof taking->rest->error, "%s: a line is not JSON: %s",
                 taking->path, error.text);
        return PSP_EINVAL;
    }
    const enum psp_status status = taking->take(taking->context, value);
    json_decref(value);
    return status;
}

enum psp_status psp_rest_lines(struct psp_rest *rest, const char *path, psp_rest_take *take,
                               void *context)
{
    struct taking taking = {rest, path, take, context};
    struct psp_http_answer answer;
    const enum psp_status status =
        psp_http_client_lines(rest->http, path, SILENT_S, take_line, &taking, &answer);
    if (status == PSP_EUNREACHABLE)
        unreachable(rest);
    if (status != PSP_OK || answer.code == 200)
        return status;
    return answer.code == 410 ? PSP_EAGAIN : refused(rest, path, &answer);
}

/* One walk over all pages. PSP_EAGAIN: the version changed under way. */
static enum psp_status walk(struct psp_rest *rest, const char *path, const char *member,
                            json_t **ret_value)
{
    json_t *all = NULL;
    char *cursor = NULL;
    enum psp_status status = PSP_OK;
    for (bool more = true; more && status == PSP_OK;) {
        json_t *page = NULL;
        char *escaped = psp_http_client_escape(cursor ? cursor : "");
        char *url = psp_memory_print("%s%climit=%d%s%s", path, strchr(path, '?') ? '&' : '?',
                                     PAGE_LIMIT, cursor ? "&cursor=" : "", escaped);
        free(escaped);
        free(cursor);
        cursor = NULL;
        status = fetch(rest, url, NULL, &page);
        free(url);
        if (status != PSP_OK)
            break;
        const char *next = json_string_value(json_object_get(page, "next_cursor"));
        cursor = next ? psp_memory_copy(next) : NULL;
        more = next != NULL;
        if (!all)
            all = json_incref(page);
        else if (!json_equal(json_object_get(all, "version"), json_object_get(page, "version")))
            status = PSP_EAGAIN;
        else
            json_array_extend(json_object_get(all, member), json_object_get(page, member));
        json_decref(page);
    }
    free(cursor);
    if (status == PSP_OK && !json_is_array(json_object_get(all, member))) {
        snprintf(rest->error, sizeof rest->error, "%s: the answer has no list \"%s\"", path,
                 member);
        status = PSP_EINVAL;
    }
    if (status != PSP_OK) {
        json_decref(all);
        return status;
    }
    json_object_set_new(all, "next_cursor", json_null());
    *ret_value = all;
    return PSP_OK;
}

enum psp_status psp_rest_list(struct psp_rest *rest, const char *path, const char *member,
                              json_t **ret_value)
{
    enum psp_status status = PSP_EAGAIN;
    for (int i = 0; i < WALKS_MAX && status == PSP_EAGAIN; i++) {
        if (i)
            usleep(WALK_PAUSE_MS * 1000);
        status = walk(rest, path, member, ret_value);
    }
    if (status == PSP_EAGAIN)
        snprintf(rest->error, sizeof rest->error,
                 "%s: ballots come in faster than the pages can be read; ask for less (--contest, "
                 "--level), or again later",
                 path);
    return status;
}
