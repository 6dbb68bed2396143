/* What is done leaves the front of the bulk; what is refused for now stays in it. */
#include "bridge/opensearch/bulk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/writer.h"
#include "base/memory/grow.h"
#include "bridge/core/backoff.h"
#include "bridge/opensearch/verdict.h"

enum { WAIT_MS_MAX = 5000 };

void psp_search_bulk_start(struct psp_search_bulk *bulk, struct psp_search_http *http,
                           struct psp_bridge_stop *stop, struct psp_bridge_stats *stats)
{
    *bulk = (struct psp_search_bulk){
        .http = http, .stop = stop, .stats = stats, .bytes_max = PSP_SEARCH_BULK_BYTES};
}

void psp_search_bulk_free(struct psp_search_bulk *bulk)
{
    psp_text_free(&bulk->text);
    free(bulk->documents);
    *bulk = (struct psp_search_bulk){0};
}

void psp_search_bulk_clear(struct psp_search_bulk *bulk)
{
    bulk->text.length = 0;
    bulk->count = 0;
}

/* Those of [first, first + n) that are to be sent again close ranks; the others are gone. */
static void keep_again(struct psp_search_bulk *bulk, size_t n, const bool *again)
{
    struct psp_text kept = {0};
    size_t count = 0;
    for (size_t i = 0; i < bulk->count; i++) {
        const struct psp_search_document *document = &bulk->documents[i];
        if (i < n && !again[i])
            continue;
        const size_t at = kept.length;
        psp_text_bytes(&kept, bulk->text.data + document->at, document->bytes);
        bulk->documents[count++] = (struct psp_search_document){.at = at, .bytes = document->bytes};
    }
    psp_text_free(&bulk->text);
    bulk->text = kept;
    bulk->count = count;
}

/* How many of the first documents a request may hold: one at least. */
static size_t fitting(const struct psp_search_bulk *bulk, size_t *ret_bytes)
{
    size_t n = 0, bytes = 0;
    while (n < bulk->count && (n == 0 || bytes + bulk->documents[n].bytes <= bulk->bytes_max))
        bytes += bulk->documents[n++].bytes;
    *ret_bytes = bytes;
    return n;
}

static enum psp_status too_large(struct psp_search_bulk *bulk, size_t n, size_t bytes,
                                 struct psp_reason *reterr)
{
    if (n == 1) {
        psp_reason_set(reterr,
                       "a document of %zu bytes is larger than the node takes in a request (413): "
                       "raise its http.max_content_length, or what stands before it",
                       bytes);
        return PSP_EINVAL;
    }
    bulk->bytes_max = bytes / 2;
    return PSP_OK;
}

/* One request. What is done has left the bulk; PSP_EAGAIN: something is to be sent again. */
static enum psp_status send_once(struct psp_search_bulk *bulk, struct psp_reason *reterr)
{
    size_t bytes, left = 0;
    const size_t n = fitting(bulk, &bytes);
    const struct psp_search_request request = {
        .method = "POST",
        .path = "/_bulk?filter_path=items.*._id,items.*.status,items.*.error",
        .type = "application/x-ndjson",
        .body = bulk->text.data,
        .bytes = bytes,
    };
    struct psp_search_answer answer;
    enum psp_status status = psp_search_http_ask(bulk->http, &request, &answer, reterr);
    if (status != PSP_OK)
        return status;
    if (answer.code == 413)
        return too_large(bulk, n, bytes, reterr);
    if (answer.code != 200) {
        psp_reason_set(reterr, "_bulk: HTTP %ld: %.300s", answer.code, answer.body);
        return PSP_EINVAL;
    }
    bool *again = calloc(n, sizeof *again);
    if (!again)
        return PSP_ENOMEM;
    status = psp_search_read_bulk(answer.body, answer.bytes, n, again, &left, reterr);
    if (status == PSP_OK) {
        keep_again(bulk, n, again);
        status = bulk->text.failed ? PSP_ENOMEM : left > 0 ? PSP_EAGAIN : PSP_OK;
    }
    free(again);
    return status;
}

enum psp_status psp_search_bulk_flush(struct psp_search_bulk *bulk,
                                      struct psp_reason *reterr_reason)
{
    struct psp_bridge_backoff backoff = {.seed = bulk->bytes_max + 1, .most_ms = WAIT_MS_MAX};
    uint32_t tries = 0;
    while (bulk->count > 0) {
        const size_t before = bulk->count;
        const enum psp_status status = send_once(bulk, reterr_reason);
        if (status != PSP_OK && status != PSP_EAGAIN)
            return status;
        if (bulk->count < before) { /* it goes on, if slowly */
            tries = 0;
            psp_bridge_backoff_end(&backoff);
        }
        if (status == PSP_OK)
            continue;
        if (bulk->stats)
            psp_bridge_count(&bulk->stats->retries, 1);
        if (++tries >= PSP_SEARCH_TRIES ||
            !psp_bridge_stop_wait(bulk->stop, psp_bridge_backoff_ms(&backoff)))
            return status;
    }
    psp_search_bulk_clear(bulk);
    return PSP_OK;
}

enum psp_status psp_search_bulk_add(struct psp_search_bulk *bulk, const char *index, const char *id,
                                    size_t id_bytes, uint64_t version,
                                    const struct psp_text *source, struct psp_reason *reterr_reason)
{
    if (!PSP_GROW(bulk->documents, bulk->capacity, bulk->count + 1))
        return PSP_ENOMEM;
    const size_t at = bulk->text.length;
    /* Names of indices and IDs have no character that JSON would escape. */
    psp_text_format(&bulk->text,
                    "{\"index\":{\"_index\":\"%s\",\"_id\":\"%.*s\",\"version\":%" PRIu64
                    ",\"version_type\":\"external_gte\"}}\n",
                    index, (int)id_bytes, id, version);
    psp_text_bytes(&bulk->text, source->data, source->length);
    psp_text_bytes(&bulk->text, "\n", 1);
    if (bulk->text.failed || source->failed)
        return PSP_ENOMEM;
    bulk->documents[bulk->count++] =
        (struct psp_search_document){.at = at, .bytes = bulk->text.length - at};
    if (bulk->text.length < bulk->bytes_max && bulk->count < PSP_SEARCH_BULK_DOCUMENTS)
        return PSP_OK;
    return psp_search_bulk_flush(bulk, reterr_reason);
}
