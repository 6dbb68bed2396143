/* Rows wait for their version, then: claim, rows, sweep, done. */
#include "bridge/opensearch/opensearch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/core/vector.h"
#include "bridge/opensearch/bulk.h"
#include "bridge/opensearch/documents.h"
#include "bridge/opensearch/http.h"
#include "bridge/opensearch/version.h"
#include "bridge/sink/rows.h"

enum { NAME_BYTES = 128, BODY_BYTES = 512, SWEEP_HITS = 1000, CLAIMS = 3 };

struct opensearch {
    const struct psp_bridge_opensearch_config *config;
    const char *name;
    struct psp_bridge_stop *stop;
    struct psp_bridge_stats *stats;
    const struct psp_definition *definition;
    struct psp_search_http *http;
    struct psp_search_bulk bulk;
    struct psp_bridge_rows rows;
    struct psp_text version, source;
    struct psp_bridge_vector known; /* as it was held when this bridge looked or wrote last */
    bool is_whole;
};

static void index_name(const struct opensearch *self, int index, char ret_name[NAME_BYTES])
{
    snprintf(ret_name, NAME_BYTES, "%s-%s", self->config->prefix, psp_search_index_names[index]);
}

static enum psp_status put(struct opensearch *self, const char *path, const struct psp_text *body,
                           const char *fine, struct psp_reason *reterr)
{
    const struct psp_search_request request = {
        .method = "PUT",
        .path = path,
        .body = body ? body->data : "{}",
        .bytes = body ? body->length : 2,
    };
    struct psp_search_answer answer;
    const enum psp_status status = psp_search_http_ask(self->http, &request, &answer, reterr);
    if (status != PSP_OK || answer.code == 200 || (fine && strstr(answer.body, fine)))
        return status;
    psp_reason_set(reterr, "PUT %s: HTTP %ld: %.300s", path, answer.code, answer.body);
    return PSP_EINVAL;
}

/* The indices are made by name: a node may be told to make none by itself. */
static enum psp_status make_ready(struct opensearch *self, struct psp_reason *reterr)
{
    char path[NAME_BYTES + 32], name[NAME_BYTES];
    struct psp_text body = {0};
    psp_search_template(self->config->prefix, &body);
    if (body.failed)
        return PSP_ENOMEM;
    snprintf(path, sizeof path, "/_index_template/%s", self->config->prefix);
    enum psp_status status = put(self, path, &body, NULL, reterr);
    psp_text_free(&body);
    for (int index = 0; index <= PSP_SEARCH_ROWS && status == PSP_OK; index++) {
        if (index < PSP_SEARCH_ROWS)
            index_name(self, index, name);
        else
            snprintf(name, sizeof name, "%s-version", self->config->prefix);
        snprintf(path, sizeof path, "/%s", name);
        status = put(self, path, NULL, "resource_already_exists_exception", reterr);
    }
    return status;
}

static enum psp_status open_target(void *context, const struct psp_definition *definition,
                                   struct psp_reason *reterr)
{
    struct opensearch *self = context;
    self->definition = definition;
    if (!self->http) {
        const enum psp_status status =
            psp_search_http_create(self->config, self->stop, &self->http, reterr);
        if (status != PSP_OK)
            return status;
        psp_search_bulk_start(&self->bulk, self->http, self->stop, self->stats);
    }
    return make_ready(self, reterr);
}

static enum psp_status holds(void *context, struct psp_bridge_vector *ret_held,
                             struct psp_reason *reterr)
{
    struct opensearch *self = context;
    struct psp_search_version version;
    const enum psp_status status =
        psp_search_version_read(self->http, self->config->prefix, &version, reterr);
    if (status == PSP_OK)
        *ret_held = self->known = version.held;
    return status;
}

static enum psp_status begin(void *context, bool whole, struct psp_reason *reterr)
{
    struct opensearch *self = context;
    (void)reterr;
    self->is_whole = whole;
    psp_bridge_rows_clear(&self->rows);
    psp_search_bulk_clear(&self->bulk);
    return PSP_OK;
}

/* Of a row that is not shown nothing is written when all come anew: the sweep finds what
 * there is of it. */
static enum psp_status add_row(struct opensearch *self, int index, const char *key,
                               json_t *document)
{
    enum psp_status status = PSP_OK;
    if (!document && self->is_whole)
        return PSP_OK;
    json_t *value = document ? document : psp_search_held((enum psp_search_index)index, key);
    status = value ? psp_bridge_rows_add(&self->rows, index, key, value) : PSP_ENOMEM;
    json_decref(value);
    return status;
}

static enum psp_status row(void *context, const json_t *line, struct psp_reason *reterr)
{
    struct opensearch *self = context;
    char key[PSP_BRIDGE_ROW_KEY_BYTES];
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *unit = json_string_value(json_object_get(line, "unit"));
    json_t *document = NULL;
    enum psp_status status = PSP_EINVAL;
    if (kind && strcmp(kind, "result") == 0 && psp_bridge_rows_key(line, key)) {
        status = psp_search_result(self->definition, line, &document);
        if (status == PSP_OK)
            status = add_row(self, PSP_SEARCH_RESULTS, key, document);
    } else if (kind && strcmp(kind, "turnout") == 0 && unit) {
        status = psp_search_turnout(self->definition, line, &document);
        if (status == PSP_OK)
            status = add_row(self, PSP_SEARCH_TURNOUT, unit, document);
    } else if (kind && strcmp(kind, "books") == 0) {
        status = PSP_OK;
    }
    if (status == PSP_EINVAL)
        psp_reason_set(reterr, "the collector sent a line of another form than docs/api.md has; "
                               "are bridge and collector of one version?");
    return status;
}

static bool is_level(const struct psp_bridge_vector *one, const struct psp_bridge_vector *other)
{
    const enum psp_bridge_order order = psp_bridge_vector_compare(one, other);
    return order == PSP_BRIDGE_EQUAL || order == PSP_BRIDGE_NEWER;
}

/* Before the first document: whoever claims what is older or apart is told so. A part is of use
 * only where nothing is missing before it: indices that were emptied, or put back out of a
 * snapshot, get everything anew. */
static enum psp_status claim(struct opensearch *self, const json_t *end,
                             struct psp_search_version *ret_version, struct psp_reason *reterr)
{
    struct psp_bridge_vector mine;
    if (!psp_bridge_vector_read(json_object_get(end, "version"), &mine))
        return PSP_EINVAL;
    for (int i = 0; i < CLAIMS; i++) {
        enum psp_status status =
            psp_search_version_read(self->http, self->config->prefix, ret_version, reterr);
        if (status != PSP_OK)
            return status;
        if (!self->is_whole && !is_level(&ret_version->held, &self->known)) {
            psp_reason_set(reterr, "the indices hold less than they did: somebody emptied them, or "
                                   "put older ones back; all is written anew");
            return PSP_EAGAIN;
        }
        if (!is_level(&mine, &ret_version->held)) {
            psp_reason_set(reterr, "another bridge is writing what is newer");
            return ret_version->is_written ? PSP_EBUSY : PSP_EAGAIN;
        }
        status = psp_search_version_write(self->http, self->config->prefix, self->name, end, false,
                                          ret_version, reterr);
        if (status != PSP_STALE)
            return status;
    }
    psp_reason_set(reterr, "other bridges write into the same indices all the time");
    return PSP_EAGAIN;
}

static enum psp_status send_rows(struct opensearch *self, uint64_t number,
                                 struct psp_reason *reterr)
{
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < self->rows.count && status == PSP_OK; i++) {
        const struct psp_bridge_row *one = &self->rows.rows[i];
        char name[NAME_BYTES];
        index_name(self, one->kind, name);
        self->source.length = 0;
        psp_bridge_rows_value(&self->rows, i, &self->version, &self->source);
        status = psp_search_bulk_add(&self->bulk, name, self->rows.text.data + one->key_at,
                                     one->key_bytes, number, &self->source, reterr);
    }
    return status == PSP_OK ? psp_search_bulk_flush(&self->bulk, reterr) : status;
}

static enum psp_status ask_json(struct opensearch *self, const char *path, const char *body,
                                json_t **ret_json, struct psp_reason *reterr)
{
    const struct psp_search_request request = {
        .method = "POST", .path = path, .body = body, .bytes = strlen(body)};
    struct psp_search_answer answer;
    const enum psp_status status = psp_search_http_ask(self->http, &request, &answer, reterr);
    if (status != PSP_OK)
        return status;
    *ret_json = answer.code == 200 ? json_loadb(answer.body, answer.bytes, 0, NULL) : NULL;
    if (*ret_json)
        return PSP_OK;
    psp_reason_set(reterr, "POST %s: HTTP %ld: %.300s", path, answer.code, answer.body);
    return PSP_EUNREACHABLE;
}

static enum psp_status refresh(struct opensearch *self, const char *name, struct psp_reason *reterr)
{
    char path[NAME_BYTES + 32];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/%s/_refresh", name);
    const enum psp_status status = ask_json(self, path, "", &json, reterr);
    json_decref(json);
    return status;
}

static enum psp_status hold_hits(struct opensearch *self, int index, const json_t *hits,
                                 uint64_t number, struct psp_reason *reterr)
{
    enum psp_status status = PSP_OK;
    psp_bridge_rows_clear(&self->rows);
    for (size_t i = 0; i < json_array_size(hits) && status == PSP_OK; i++) {
        const char *id = json_string_value(json_object_get(json_array_get(hits, i), "_id"));
        json_t *held = id ? psp_search_held((enum psp_search_index)index, id) : NULL;
        status = held ? psp_bridge_rows_add(&self->rows, index, id, held) : PSP_ENOMEM;
        json_decref(held);
    }
    return status == PSP_OK ? send_rows(self, number, reterr) : status;
}

/* Rows that are shown there as of an older version, after all that is shown was written. */
static enum psp_status sweep(struct opensearch *self, int index, uint64_t number,
                             struct psp_reason *reterr)
{
    char name[NAME_BYTES], path[NAME_BYTES + 64], body[BODY_BYTES];
    size_t found;
    index_name(self, index, name);
    snprintf(path, sizeof path, "/%s/_search?filter_path=hits.hits._id", name);
    snprintf(body, sizeof body,
             "{\"size\":%d,\"_source\":false,\"query\":{\"bool\":{\"filter\":[{\"term\":{\"held\":"
             "false}},{\"range\":{\"version.number\":{\"lt\":%" PRIu64 "}}}]}}}",
             SWEEP_HITS, number);
    do {
        json_t *json = NULL;
        enum psp_status status = refresh(self, name, reterr);
        if (status == PSP_OK)
            status = ask_json(self, path, body, &json, reterr);
        const json_t *hits = json_object_get(json_object_get(json, "hits"), "hits");
        found = json_array_size(hits);
        if (status == PSP_OK && found > 0)
            status = hold_hits(self, index, hits, number, reterr);
        json_decref(json);
        if (status != PSP_OK)
            return status;
    } while (found > 0 && !psp_bridge_stop_asked(self->stop));
    return found == 0 ? PSP_OK : PSP_EAGAIN;
}

static enum psp_status commit(void *context, const json_t *end, struct psp_reason *reterr)
{
    struct opensearch *self = context;
    struct psp_search_version version;
    enum psp_status status = psp_bridge_rows_version(end, &self->version);
    const uint64_t number =
        (uint64_t)json_integer_value(json_object_get(json_object_get(end, "version"), "number"));
    if (status == PSP_OK)
        status = claim(self, end, &version, reterr);
    if (status == PSP_OK)
        status = send_rows(self, number, reterr);
    for (int index = 0; index < PSP_SEARCH_ROWS && self->is_whole && status == PSP_OK; index++)
        status = sweep(self, index, number, reterr);
    if (status == PSP_OK)
        status = psp_search_version_write(self->http, self->config->prefix, self->name, end, true,
                                          &version, reterr);
    /* Somebody claimed a newer version meanwhile: all of this one is there all the same. */
    if (status == PSP_STALE)
        status = PSP_OK;
    if (status == PSP_OK)
        psp_bridge_vector_read(json_object_get(end, "version"), &self->known);
    psp_bridge_rows_clear(&self->rows);
    psp_search_bulk_clear(&self->bulk);
    return status;
}

static void abandon(void *context)
{
    struct opensearch *self = context;
    psp_bridge_rows_clear(&self->rows);
    psp_search_bulk_clear(&self->bulk);
}

static void close_target(void *context)
{
    struct opensearch *self = context;
    psp_search_bulk_free(&self->bulk);
    psp_search_http_destroy(&self->http);
}

enum psp_status psp_opensearch_create(const struct psp_bridge_config *config,
                                      struct psp_bridge_stop *stop, struct psp_bridge_stats *stats,
                                      struct psp_bridge_target *ret_target)
{
    struct opensearch *self = calloc(1, sizeof *self);
    if (!self)
        return PSP_ENOMEM;
    self->config = &config->opensearch;
    self->name = config->name;
    self->stop = stop;
    self->stats = stats;
    *ret_target = (struct psp_bridge_target){
        .open = open_target,
        .holds = holds,
        .begin = begin,
        .row = row,
        .commit = commit,
        .abandon = abandon,
        .close = close_target,
        .self = self,
    };
    snprintf(ret_target->to_empty, sizeof ret_target->to_empty,
             "DELETE /%s-results,%s-turnout,%s-version", self->config->prefix, self->config->prefix,
             self->config->prefix);
    return PSP_OK;
}

void psp_opensearch_destroy(struct psp_bridge_target *target)
{
    struct opensearch *self = target->self;
    if (!self)
        return;
    close_target(self);
    psp_bridge_rows_free(&self->rows);
    psp_text_free(&self->version);
    psp_text_free(&self->source);
    free(self);
    *target = (struct psp_bridge_target){0};
}
