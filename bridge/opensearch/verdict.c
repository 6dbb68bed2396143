/* One verdict a document, in the order in which they were sent. */
#include "bridge/opensearch/verdict.h"

#include <jansson.h>
#include <string.h>

enum verdict { DONE = 1, AGAIN, REFUSED };

static enum verdict judge(long status)
{
    if ((status >= 200 && status < 300) || status == 409)
        return DONE;
    /* 403: cluster_block_exception, of a node whose disk is nearly full; it passes. */
    return status == 429 || status == 403 || status >= 500 ? AGAIN : REFUSED;
}

static void say_why(const json_t *item, long status, struct psp_reason *reterr)
{
    const json_t *error = json_object_get(item, "error");
    const char *type = json_string_value(json_object_get(error, "type"));
    const char *why = json_string_value(json_object_get(error, "reason"));
    const char *id = json_string_value(json_object_get(item, "_id"));
    psp_reason_set(reterr, "the document %.200s: %s: %.500s (status %ld)", id ? id : "",
                   type ? type : "refused", why ? why : "without a reason", status);
}

enum psp_status psp_search_read_bulk(const char *body, size_t bytes, size_t count, bool *again,
                                     size_t *ret_again, struct psp_reason *reterr_reason)
{
    json_t *root = json_loadb(body, bytes, 0, NULL);
    const json_t *items = json_object_get(root, "items");
    enum psp_status status = PSP_OK;
    size_t n = 0;
    if (json_array_size(items) != count) {
        psp_reason_set(reterr_reason, "the answer to _bulk has %zu items for %zu documents",
                       json_array_size(items), count);
        status = PSP_EUNREACHABLE;
    }
    for (size_t i = 0; i < count && status == PSP_OK; i++) {
        const json_t *item = json_object_get(json_array_get(items, i), "index");
        const json_t *number = json_object_get(item, "status");
        const long code = json_is_integer(number) ? (long)json_integer_value(number) : 500;
        const enum verdict verdict = judge(code);
        again[i] = verdict == AGAIN;
        n += again[i];
        if (verdict != DONE)
            say_why(item, code, reterr_reason);
        if (verdict == REFUSED)
            status = PSP_EINVAL;
    }
    json_decref(root);
    if (status == PSP_OK)
        *ret_again = n;
    return status;
}
