/* One document, read and written by its sequence number. */
#include "bridge/opensearch/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256 };

static enum psp_status unexpected(const char *path, const struct psp_search_answer *answer,
                                  struct psp_reason *reterr)
{
    psp_reason_set(reterr, "%s: HTTP %ld: %.300s", path, answer->code, answer->body);
    return PSP_EINVAL;
}

static bool take_place(const json_t *answer, struct psp_search_version *version)
{
    const json_t *sequence = json_object_get(answer, "_seq_no");
    const json_t *term = json_object_get(answer, "_primary_term");
    version->sequence = json_integer_value(sequence);
    version->term = json_integer_value(term);
    return json_is_integer(sequence) && json_is_integer(term);
}

enum psp_status psp_search_version_read(struct psp_search_http *http, const char *prefix,
                                        struct psp_search_version *ret_version,
                                        struct psp_reason *reterr_reason)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/%s-version/_doc/held", prefix);
    const struct psp_search_request request = {.method = "GET", .path = path};
    struct psp_search_answer answer;
    struct psp_search_version version = {0};
    const enum psp_status status = psp_search_http_ask(http, &request, &answer, reterr_reason);
    if (status != PSP_OK)
        return status;
    if (answer.code == 404) { /* no index, or no document in it */
        *ret_version = version;
        return PSP_OK;
    }
    if (answer.code != 200)
        return unexpected(path, &answer, reterr_reason);
    json_t *root = json_loadb(answer.body, answer.bytes, 0, NULL);
    const json_t *source = json_object_get(root, "_source");
    version.is_there = true;
    version.is_written = json_is_true(json_object_get(source, "written"));
    const bool good = take_place(root, &version) && psp_bridge_vector_read(source, &version.held);
    json_decref(root);
    if (!good) {
        psp_reason_set(reterr_reason,
                       "%s: the document is not a bridge's: the index is somebody else's, set "
                       "another \"prefix\"",
                       path);
        return PSP_EINVAL;
    }
    *ret_version = version;
    return PSP_OK;
}

static char *body_of(const char *bridge, const json_t *end, bool written)
{
    const json_t *from = json_object_get(end, "version");
    json_t *body = json_pack(
        "{s:O?, s:O?, s:O?, s:O?, s:b, s:s}", "cluster", json_object_get(from, "cluster"), "shards",
        json_object_get(from, "shards"), "number", json_object_get(from, "number"), "as_of",
        json_object_get(end, "as_of"), "written", (int)written, "bridge", bridge);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

enum psp_status psp_search_version_write(struct psp_search_http *http, const char *prefix,
                                         const char *bridge, const json_t *end, bool written,
                                         struct psp_search_version *version,
                                         struct psp_reason *reterr_reason)
{
    char path[PATH_BYTES];
    if (version->is_there)
        snprintf(path, sizeof path,
                 "/%s-version/_doc/held?if_seq_no=%" PRId64 "&if_primary_term=%" PRId64, prefix,
                 version->sequence, version->term);
    else
        snprintf(path, sizeof path, "/%s-version/_doc/held?op_type=create", prefix);
    char *body = body_of(bridge, end, written);
    if (!body)
        return PSP_ENOMEM;
    const struct psp_search_request request = {
        .method = "PUT", .path = path, .body = body, .bytes = strlen(body)};
    struct psp_search_answer answer;
    enum psp_status status = psp_search_http_ask(http, &request, &answer, reterr_reason);
    free(body);
    if (status != PSP_OK)
        return status;
    if (answer.code == 409)
        return PSP_STALE;
    json_t *root = json_loadb(answer.body, answer.bytes, 0, NULL);
    if ((answer.code != 200 && answer.code != 201) || !take_place(root, version) ||
        !psp_bridge_vector_read(json_object_get(end, "version"), &version->held))
        status = unexpected(path, &answer, reterr_reason);
    json_decref(root);
    version->is_there = true;
    version->is_written = written;
    return status;
}
