/* Writes the parts that every answer has; a resource writes what lies between. */
#include "collector/api/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text/csv.h"

void psp_answer_problem(struct psp_api_reply *reply, unsigned status, const char *title,
                        const char *detail, ...)
{
    struct psp_writer json;
    va_list arguments;
    char text[1024];
    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    reply->status = status;
    reply->content_type = "application/problem+json";
    reply->etag[0] = 0;
    reply->version[0] = 0;
    reply->body.length = 0;
    reply->next.length = 0;
    reply->origin.length = 0;
    reply->tells_held = false;
    reply->shared = NULL;
    psp_writer_start(&json, &reply->body);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "type", "about:blank");
    psp_writer_string(&json, "title", title);
    psp_writer_number(&json, "status", status);
    psp_writer_string(&json, "detail", text);
    psp_writer_end_object(&json);
}

void psp_answer_version(struct psp_writer *json, const struct psp_view *view)
{
    psp_writer_begin_object(json, "version");
    psp_writer_string(json, "id", view->id);
    psp_writer_number(json, "number", view->number);
    psp_writer_hex(json, "cluster", view->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_writer_begin_array(json, "shards");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        psp_writer_begin_object(json, NULL);
        psp_writer_number(json, "shard", s);
        psp_writer_number(json, "epoch", view->shards[s].epoch);
        psp_writer_number(json, "index", view->shards[s].index);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
    psp_writer_end_object(json);
    if (view->time_ms > 0) /* 0: no shard has answered, or no log has a command yet */
        psp_writer_time(json, "as_of", view->time_ms);
    else
        psp_writer_null(json, "as_of");
}

void psp_answer_begin(const struct psp_api_request *request, struct psp_api_reply *reply,
                      struct psp_writer *ret_json)
{
    reply->status = 200;
    reply->content_type = "application/json";
    psp_writer_start(ret_json, &reply->body);
    psp_writer_begin_object(ret_json, NULL);
    psp_answer_version(ret_json, request->view);
    if (request->ahead)
        psp_writer_bool(ret_json, "as_of_ahead", true);
    psp_writer_bool(ret_json, "stale", request->stale);
    psp_writer_string(ret_json, "status", "unofficial");
    psp_writer_string(ret_json, "mode", psp_mode_name(request->site->cluster->mode));
    psp_writer_string(ret_json, "publication",
                      psp_publication_name(request->view->definition->publication));
}

void psp_answer_end(struct psp_writer *json)
{
    psp_writer_end_object(json);
}

static void append_encoded(struct psp_text *text, const char *value)
{
    for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
        const bool plain = (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
                           (*at >= 'a' && *at <= 'z') || strchr("-._~", *at);
        if (plain)
            psp_text_bytes(text, at, 1);
        else
            psp_text_format(text, "%%%02X", *at);
    }
}

void psp_answer_link(const struct psp_api_request *request, struct psp_api_reply *reply,
                     const struct psp_cursor *next)
{
    char token[PSP_CURSOR_TEXT_BYTES];
    if (!next)
        return;
    psp_cursor_write(next, token);
    psp_text_string(&reply->next, request->path);
    psp_text_format(&reply->next, "?cursor=%s", token);
    for (uint32_t i = 0; i < request->parameter_count; i++) {
        const struct psp_api_parameter *parameter = &request->parameters[i];
        if (strcmp(parameter->name, "cursor") == 0)
            continue;
        psp_text_format(&reply->next, "&%s=", parameter->name);
        append_encoded(&reply->next, parameter->value);
    }
}

void psp_answer_next(const struct psp_api_request *request, struct psp_api_reply *reply,
                     struct psp_writer *json, const struct psp_cursor *next)
{
    char token[PSP_CURSOR_TEXT_BYTES];
    if (!next) {
        psp_writer_null(json, "next_cursor");
        return;
    }
    psp_cursor_write(next, token);
    psp_writer_string(json, "next_cursor", token);
    psp_answer_link(request, reply, next);
}

static bool is_test(const struct psp_api_request *request)
{
    return request->site->cluster->mode == PSP_MODE_TEST;
}

/* Whether it can stand between < and > in a header; else /election has the words. */
static bool is_url(const char *text)
{
    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        return false;
    for (const char *at = text; *at; at++)
        if (*at <= ' ' || *at >= 127 || *at == '<' || *at == '>' || *at == '"')
            return false;
    return true;
}

/* Rows have no room for a file's source and licence: RFC 8288's links do. */
static void link_origin(const struct psp_definition *definition, struct psp_api_reply *reply)
{
    enum { URL_BYTES_MAX = 2048 };
    const struct {
        const char *text, *relation;
    } links[] = {{definition->source, "describedby"}, {definition->licence, "license"}};
    bool in_words = false;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (!links[i].text)
            continue;
        if (!is_url(links[i].text) || strlen(links[i].text) > URL_BYTES_MAX)
            in_words = true;
        else
            psp_text_format(&reply->origin, "%s<%s>; rel=\"%s\"", reply->origin.length ? ", " : "",
                            links[i].text, links[i].relation);
    }
    if (in_words)
        psp_text_format(&reply->origin, "%s</api/v1/election>; rel=\"describedby\"",
                        reply->origin.length ? ", " : "");
}

void psp_answer_csv(const struct psp_api_request *request, struct psp_api_reply *reply,
                    const char *header)
{
    reply->status = 200;
    reply->content_type = "text/csv; charset=utf-8; header=present";
    reply->spreadsheet = request->spreadsheet;
    link_origin(request->view->definition, reply);
    if (is_test(request))
        psp_text_string(&reply->body, "mode,");
    psp_text_string(&reply->body, header);
    psp_text_bytes(&reply->body, "\n", 1);
}

void psp_answer_line(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    if (is_test(request))
        psp_text_string(&reply->body, "TEST,");
}

/* Spreadsheets calculate a cell that begins so; with an apostrophe before it it is text. */
static bool is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;
}

void psp_answer_field(struct psp_api_reply *reply, const char *text, char after)
{
    size_t bytes = text ? strlen(text) : 0;
    char guarded[PSP_NAME_BYTES_MAX + 2];
    if (bytes > 0 && reply->spreadsheet && is_formula(text)) {
        const int n = snprintf(guarded, sizeof guarded, "'%s", text);
        bytes = (size_t)n < sizeof guarded ? (size_t)n : sizeof guarded - 1;
        text = guarded;
    }
    if (!psp_text_reserve(&reply->body, 2 * bytes + 3))
        return;
    char *at = reply->body.data + reply->body.length;
    if (bytes > 0)
        reply->body.length += psp_csv_quote(text, bytes, at, 2 * bytes + 2);
    psp_text_bytes(&reply->body, &after, 1);
}

void psp_answer_names(struct psp_writer *json, const struct psp_definition *definition,
                      const char *key, const char *const *names)
{
    if (!names || definition->language_count < 2)
        return;
    psp_writer_begin_object(json, key);
    for (uint32_t i = 0; i < definition->language_count; i++)
        psp_writer_string(json, definition->languages[i], names[i]);
    psp_writer_end_object(json);
}

const char *psp_answer_party(const struct psp_definition *definition, uint32_t party)
{
    return party == PSP_NONE ? NULL : definition->parties[party].id;
}

const char *psp_answer_candidate(const struct psp_definition *definition, uint32_t candidate)
{
    return candidate == PSP_NONE ? NULL : definition->candidates[candidate].id;
}
