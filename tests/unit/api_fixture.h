/*
 * api_fixture - a view of the collector_fixture's election, and requests to it
 * without a socket.
 */
#ifndef PSP_API_FIXTURE_H
#define PSP_API_FIXTURE_H

#include "collector_fixture.h"

#include "collector/api/api.h"

enum { FIXTURE_NOW_MS = 10000 };

struct api {
    struct psp_definition *definition;
    struct psp_board *board;
    struct psp_catalog *catalog;
    struct psp_view *view;
    struct psp_cluster cluster;
    struct psp_cluster_shard shards[FIXTURE_SHARDS];
    struct psp_cluster_replica replicas[FIXTURE_SHARDS];
    struct psp_freshness freshness;
    struct psp_stats stats;
    struct psp_api_site site;
    struct psp_api_reply reply;
    char *body; /* of the last answer, NUL-terminated */
    char query[512];
};

static inline void api_publish(struct api *api)
{
    psp_view_release(&api->view);
    assert_int_equal(psp_view_create(api->board, api->catalog, &api->view), PSP_OK);
}

static inline int api_set_up_empty(void **context)
{
    struct api *api = calloc(1, sizeof *api);
    api->definition = fixture_definition();
    api->board = fixture_board(api->definition);
    assert_int_equal(psp_catalog_create(api->definition, &api->catalog), PSP_OK);
    api->cluster.shard_count = FIXTURE_SHARDS;
    api->cluster.shards = api->shards;
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++) {
        api->replicas[s].address = "tcp://127.0.0.1:1";
        api->shards[s] = (struct psp_cluster_shard){
            .shard = s, .replica_count = 1, .replicas = &api->replicas[s]};
    }
    api->freshness.shard_count = FIXTURE_SHARDS;
    api->freshness.stale_ms = 3000;
    api->site = (struct psp_api_site){
        .catalog = api->catalog,
        .cluster = &api->cluster,
        .freshness = &api->freshness,
        .stats = &api->stats,
        .definition_text = fixture_json,
        .definition_bytes = sizeof fixture_json - 1,
    };
    api_publish(api);
    *context = api;
    return 0;
}

/* Both shards have answered 1 s ago. */
static inline int api_set_up(void **context)
{
    api_set_up_empty(context);
    struct api *api = *context;
    fixture_fill(api->board);
    api_publish(api);
    for (uint32_t s = 0; s < FIXTURE_SHARDS; s++)
        api->freshness.fresh_ms[s] = FIXTURE_NOW_MS - 1000;
    return 0;
}

static inline int api_tear_down(void **context)
{
    struct api *api = *context;
    psp_api_reply_free(&api->reply);
    free(api->body);
    psp_view_release(&api->view);
    psp_catalog_destroy(&api->catalog);
    psp_board_destroy(&api->board);
    psp_definition_destroy(&api->definition);
    free(api);
    return 0;
}

/* "/path?a=b&c=d", values as they are. Fills reply and body; false: no such
 * path. `request` gives headers; its other fields are filled in here. */
static inline bool api_ask(struct api *api, const char *url, struct psp_api_request *request)
{
    snprintf(api->query, sizeof api->query, "%s", url);
    char *at = strchr(api->query, '?');
    request->site = &api->site;
    request->view = api->view;
    if (request->now_ms == 0)
        request->now_ms = FIXTURE_NOW_MS;
    request->path = api->query;
    while (at) {
        *at++ = 0;
        char *equals = strchr(at, '='), *next = strchr(at, '&');
        *equals = 0;
        request->parameters[request->parameter_count++] =
            (struct psp_api_parameter){.name = at, .value = equals + 1};
        at = next;
    }
    psp_api_reply_free(&api->reply);
    memset(&api->reply, 0, sizeof api->reply);
    const bool served = psp_api_serve(request, &api->reply);
    const char *data = api->reply.shared ? api->reply.shared : api->reply.body.data;
    const size_t length = api->reply.shared ? api->reply.shared_bytes : api->reply.body.length;
    free(api->body);
    api->body = calloc(1, length + 1);
    if (length > 0)
        memcpy(api->body, data, length);
    return served;
}

static inline const char *api_get(struct api *api, const char *url)
{
    struct psp_api_request request = {0};
    assert_true(api_ask(api, url, &request));
    return api->body;
}

/* The answer must be 200 and hold the words as they are. */
static inline void expect(struct api *api, const char *url, const char *words)
{
    api_get(api, url);
    if (api->reply.status != 200 || !strstr(api->body, words))
        print_error("%s: %u %s\nwanted: %s\n", url, api->reply.status, api->body, words);
    assert_int_equal(api->reply.status, 200);
    assert_non_null(strstr(api->body, words));
}

/* The answer must be this problem, its detail hold the words. */
static inline void expect_problem(struct api *api, const char *url, unsigned status,
                                  const char *words)
{
    api_get(api, url);
    if (api->reply.status != status || !strstr(api->body, words))
        print_error("%s: %u %s\nwanted: %u %s\n", url, api->reply.status, api->body, status, words);
    assert_int_equal(api->reply.status, status);
    assert_string_equal(api->reply.content_type, "application/problem+json");
    assert_non_null(strstr(api->body, words));
    assert_string_equal(api->reply.etag, "");
}

/* Follows next_cursor from `url` (which has a query) to the end; returns how
 * many pages. Fails unless the values of "member":"…" come in `order`, each
 * followed by a space. */
static inline int expect_pages(struct api *api, const char *url, const char *member,
                               const char *order)
{
    char seen[512] = "", next[512];
    int pages = 0;
    snprintf(next, sizeof next, "%s", url);
    for (;;) {
        char needle[64], cursor[64];
        api_get(api, next);
        assert_int_equal(api->reply.status, 200);
        pages++;
        snprintf(needle, sizeof needle, "\"%s\":\"", member);
        for (const char *at = strstr(api->body, needle); at; at = strstr(at, needle)) {
            at += strlen(needle);
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.*s ",
                     (int)strcspn(at, "\""), at);
        }
        const char *token = strstr(api->body, "\"next_cursor\":\"");
        if (!token)
            break;
        token += strlen("\"next_cursor\":\"");
        snprintf(cursor, sizeof cursor, "%.*s", (int)strcspn(token, "\""), token);
        snprintf(next, sizeof next, "%s&cursor=%s", url, cursor);
        assert_true(pages < 50);
    }
    assert_string_equal(seen, order);
    return pages;
}

#endif
