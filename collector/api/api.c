/* The table of routes; each names the parameters it knows, so that a misspelt one is refused. */
#include "collector/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes/hash.h"
#include "base/text/utf8.h"
#include "collector/api/answer.h"
#include "collector/api/openapi_text.h"
#include "collector/api/parameter.h"

enum tag { /* what an ETag of the route depends on */
           TAG_NONE,
           TAG_VERSION,    /* the view's ID and staleness */
           TAG_DEFINITION, /* the definition's hash */
           TAG_PROGRAM,    /* this build */
};

struct route {
    const char *path; /* a trailing "/" takes an {id} */
    psp_api_handler *handler;
    enum tag tag;
    bool csv, local_only, on_local;
    const char *parameters; /* names, each followed by a space */
};

static const struct route routes[] = {
    {"/api/v1/election", psp_api_election, TAG_VERSION, false, false, false, "lang version "},
    {"/api/v1/election/definition", psp_api_definition, TAG_DEFINITION, false, false, false, ""},
    {"/api/v1/contests", psp_api_contests, TAG_VERSION, false, false, false,
     "unit group q standing choices lang cursor limit version "},
    {"/api/v1/overview", psp_api_overview, TAG_VERSION, false, false, false, "lang version "},
    {"/api/v1/results", psp_api_results, TAG_VERSION, true, false, false,
     "contest unit level method by sort order lang cursor limit version spreadsheet "},
    {"/api/v1/candidates", psp_api_candidates, TAG_VERSION, false, false, false,
     "q lang cursor limit version "},
    {"/api/v1/candidates/", psp_api_candidate, TAG_VERSION, false, false, false,
     "level lang cursor limit version "},
    {"/api/v1/turnout", psp_api_turnout, TAG_VERSION, true, false, false,
     "unit level lang cursor limit version spreadsheet "},
    {"/api/v1/units", psp_api_units, TAG_VERSION, false, false, false,
     "parent level q lang cursor limit version "},
    {"/api/v1/units/", psp_api_unit, TAG_VERSION, false, false, false, "lang version "},
    {"/api/v1/accounting", psp_api_accounting, TAG_VERSION, false, false, false, "version "},
    {"/api/v1/changes", psp_api_changes, TAG_NONE, false, false, false,
     "since wait contest level kind standing version "},
    {"/api/v1/stream", psp_api_stream, TAG_NONE, false, false, false, "contest unit method lang "},
    {"/api/v1/leaders", psp_api_leaders, TAG_VERSION, false, false, false,
     "contest unit level method choice version "},
    {"/api/v1/series", psp_api_series, TAG_NONE, false, false, false, "contest "},
    {"/api/v1/shards", psp_api_shards, TAG_NONE, false, false, false, "version "},
    {"/openapi.json", psp_api_openapi, TAG_PROGRAM, false, false, true, ""},
    {"/healthz", psp_api_healthz, TAG_NONE, false, false, true, ""},
    {"/readyz", psp_api_readyz, TAG_NONE, false, false, true, ""},
    {"/metrics", psp_api_metrics, TAG_NONE, false, true, true, ""},
    {"/cluster", psp_api_cluster, TAG_NONE, false, true, true, ""},
    {"/stations", psp_api_stations, TAG_NONE, false, true, true, ""},
};

void psp_api_reply_free(struct psp_api_reply *reply)
{
    psp_text_free(&reply->body);
    psp_text_free(&reply->next);
    psp_text_free(&reply->origin);
}

/* Whether the path is the route's; fills *ret_id and *ret_csv. */
static bool path_is(const struct route *route, const char *path, const char **ret_id, bool *ret_csv)
{
    const size_t length = strlen(route->path);
    *ret_id = NULL;
    *ret_csv = false;
    if (strncmp(path, route->path, length) != 0)
        return false;
    const char *rest = path + length;
    if (route->path[length - 1] == '/') {
        *ret_id = rest;
        return *rest && !strchr(rest, '/');
    }
    *ret_csv = route->csv && strcmp(rest, ".csv") == 0;
    return *rest == 0 || *ret_csv;
}

static const struct route *find_route(struct psp_api_request *request)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *route = &routes[i];
        if (request->local ? !route->on_local : route->local_only)
            continue;
        if (path_is(route, request->path, &request->id, &request->csv))
            return route;
    }
    return NULL;
}

/* ---- Accept ---- */

/* The q of a media range at `at` ("type/sub;q=0.5"), in thousandths. */
static unsigned quality(const char *at, size_t length)
{
    for (size_t i = 0; i + 2 < length; i++) {
        if (at[i] != ';')
            continue;
        size_t j = i + 1;
        while (j < length && at[j] == ' ')
            j++;
        if (j + 1 >= length || (at[j] != 'q' && at[j] != 'Q') || at[j + 1] != '=')
            continue;
        char number[8] = {0};
        const size_t rest = length - j - 2;
        memcpy(number, at + j + 2, rest < sizeof number ? rest : sizeof number - 1);
        const double q = strtod(number, NULL);
        return q >= 1 ? 1000 : q > 0 ? (unsigned)(q * 1000) : 0;
    }
    return 1000;
}

/* How much `accept` wants a type, in thousandths; only exact names: a browser's
 * wildcard does not ask for CSV. */
static unsigned wanted(const char *accept, const char *type)
{
    const size_t type_length = strlen(type);
    while (*accept) {
        accept += strspn(accept, ", \t");
        const size_t length = strcspn(accept, ",");
        if (length >= type_length && strncasecmp(accept, type, type_length) == 0 &&
            (length == type_length || strchr("; \t", accept[type_length])))
            return quality(accept, length);
        accept += length;
    }
    return 0;
}

bool psp_api_is_ahead(const struct psp_view *view, uint64_t wall_ms)
{
    return wall_ms > 0 && view->time_ms > wall_ms + PSP_API_AHEAD_MS;
}

/* ---- ETags ---- */

static void write_etag(const struct route *route, const struct psp_api_request *request,
                       char *ret_etag, size_t size)
{
    struct psp_text text = {0};
    const uint8_t *definition = request->view->definition->hash;
    uint64_t question = psp_fnv64_string(PSP_FNV64_START, request->path);
    for (uint32_t i = 0; i < request->parameter_count; i++) {
        question = psp_fnv64_string(question, request->parameters[i].name);
        question = psp_fnv64_string(question, request->parameters[i].value);
    }
    question =
        question * 8 + (uint64_t)request->ahead * 4 + (uint64_t)request->csv * 2 + request->stale;
    ret_etag[0] = 0;
    switch (route->tag) {
    case TAG_NONE:
        break;
    case TAG_VERSION:
        psp_text_format(&text, "%016llx%016llx", (unsigned long long)request->view->check,
                        (unsigned long long)question);
        break;
    case TAG_DEFINITION:
        for (int i = 0; i < 16; i++)
            psp_text_format(&text, "%02x", definition[i]);
        break;
    case TAG_PROGRAM:
        psp_text_format(
            &text, "%016llx",
            (unsigned long long)psp_fnv64(question, psp_openapi_text, psp_openapi_text_bytes));
        break;
    }
    if (text.length > 0 && request->gzip)
        psp_text_string(&text, "-gz");
    if (!text.failed && text.length < size) {
        if (text.length > 0)
            memcpy(ret_etag, text.data, text.length);
        ret_etag[text.length] = 0;
    }
    psp_text_free(&text);
}

bool psp_api_etag_matches(const char *if_none_match, const char *etag)
{
    const size_t length = strlen(etag);
    const char *at = if_none_match;
    if (length == 0)
        return false;
    for (;;) {
        at += strspn(at, ", \t");
        if (*at == '*')
            return true;
        if (at[0] == 'W' && at[1] == '/')
            at += 2;
        if (*at != '"')
            return false;
        const char *end = strchr(++at, '"');
        if (!end)
            return false;
        if ((size_t)(end - at) == length && strncmp(at, etag, length) == 0)
            return true;
        at = end + 1;
    }
}

/* ---- serving ---- */

static bool names_it(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = names; *at; at = strchr(at, ' ') + 1) {
        if (strncmp(at, name, length) == 0 && at[length] == ' ')
            return true;
    }
    return false;
}

static bool parameters_known(const struct route *route, const struct psp_api_request *request,
                             struct psp_api_reply *reply)
{
    for (uint32_t i = 0; i < request->parameter_count; i++) {
        const char *name = request->parameters[i].name;
        const struct psp_shown shown = psp_shown(name, strlen(name));
        if (!names_it(route->parameters, name)) {
            psp_answer_problem(reply, 400, "Unknown parameter",
                               "%s: not a parameter here; known are: %s", shown.text,
                               route->parameters[0] ? route->parameters : "none");
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(request->parameters[j].name, name) == 0) {
                psp_answer_problem(reply, 400, "Bad parameter", "%s: give it once only",
                                   shown.text);
                return false;
            }
        }
        if (strlen(request->parameters[i].value) > PSP_API_VALUE_BYTES_MAX &&
            !names_it("version since ", name)) { /* any that is not one is 410 */
            psp_answer_problem(reply, 400, "Bad parameter", "%s: longer than %d bytes", shown.text,
                               PSP_API_VALUE_BYTES_MAX);
            return false;
        }
    }
    return true;
}

/* Whether the view that version= asks for, if it does, is there; it is the request's then. */
static bool version_kept(struct psp_api_request *request, struct psp_api_reply *reply)
{
    if (!psp_parameter(request, "version"))
        return true;
    if (!request->kept) {
        psp_answer_problem(reply, 410, "Gone",
                           "version: not kept any more, or of another process; begin again with "
                           "the newest: leave it out, and take version.id of that answer");
        return false;
    }
    request->view = request->kept;
    return true;
}

bool psp_api_serve(struct psp_api_request *request, struct psp_api_reply *ret_reply)
{
    const struct route *route = find_route(request);
    if (!route) {
        if (strncmp(request->path, "/api/", 5) != 0)
            return false;
        psp_answer_problem(ret_reply, 404, "No such path",
                           "/openapi.json describes every path there is");
        return true;
    }
    if (!parameters_known(route, request, ret_reply) || !version_kept(request, ret_reply))
        return true;
    request->language = psp_parameter_language(request);
    if (route->csv && !request->csv && request->accept)
        request->csv =
            wanted(request->accept, "text/csv") > wanted(request->accept, "application/json");
    if (!psp_parameter_flag(request, ret_reply, "spreadsheet", "1", &request->spreadsheet))
        return true;
    request->stale = psp_freshness_any_stale(request->site->freshness, request->now_ms);
    request->ahead = psp_api_is_ahead(request->view, request->wall_ms);
    write_etag(route, request, ret_reply->etag, sizeof ret_reply->etag);
    if (route->tag == TAG_VERSION)
        memcpy(ret_reply->version, request->view->id, PSP_VERSION_ID_BYTES);
    if (request->if_none_match && psp_api_etag_matches(request->if_none_match, ret_reply->etag)) {
        ret_reply->status = 304;
        return true;
    }
    route->handler(request, ret_reply);
    if (ret_reply->body.failed || ret_reply->next.failed || ret_reply->origin.failed) {
        const bool too_long = ret_reply->body.too_long;
        psp_api_reply_free(ret_reply);
        if (too_long)
            psp_answer_problem(ret_reply, 400, "Too long",
                               "the answer would be longer than %d MiB; ask for one contest "
                               "(contest=ID), one place (unit=ID) or page by page (limit=%d)",
                               PSP_ANSWER_MIB_MAX, PSP_API_LIMIT_MAX);
        else
            psp_answer_problem(ret_reply, 503, "Out of memory",
                               "the collector has no memory for this answer now; ask again in a "
                               "few seconds, or for less with limit");
    }
    return true;
}
