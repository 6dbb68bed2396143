/* A cursor carries a hash of the question, so that it cannot be used with another. */
#include "collector/api/parameter.h"

#include <string.h>
#include <strings.h>

#include "base/bytes/hash.h"
#include "base/text/utf8.h"
#include "collector/api/answer.h"

const char *psp_parameter(const struct psp_api_request *request, const char *name)
{
    for (uint32_t i = 0; i < request->parameter_count; i++) {
        if (strcmp(request->parameters[i].name, name) == 0)
            return request->parameters[i].value;
    }
    return NULL;
}

static struct psp_shown shown(const char *value)
{
    return psp_shown(value, strlen(value));
}

bool psp_parameter_unit(const struct psp_api_request *request, struct psp_api_reply *reply,
                        const char *name, uint32_t *ret_unit)
{
    const char *value = psp_parameter(request, name);
    *ret_unit = PSP_NONE;
    if (!value)
        return true;
    *ret_unit = psp_definition_unit(request->view->definition, value, strlen(value));
    if (*ret_unit != PSP_NONE)
        return true;
    psp_answer_problem(reply, 404, "No such unit",
                       "%s: there is no unit \"%s\"; /api/v1/units lists them", name,
                       shown(value).text);
    return false;
}

bool psp_parameter_contest(const struct psp_api_request *request, struct psp_api_reply *reply,
                           uint32_t *ret_contest)
{
    const char *value = psp_parameter(request, "contest");
    *ret_contest = PSP_NONE;
    if (!value)
        return true;
    *ret_contest = psp_definition_contest(request->view->definition, value, strlen(value));
    if (*ret_contest != PSP_NONE)
        return true;
    psp_answer_problem(reply, 404, "No such contest",
                       "contest: there is no contest \"%s\"; /api/v1/contests lists them",
                       shown(value).text);
    return false;
}

bool psp_parameter_method(const struct psp_api_request *request, struct psp_api_reply *reply,
                          uint32_t *ret_method)
{
    const char *value = psp_parameter(request, "method");
    *ret_method = PSP_NONE;
    if (!value)
        return true;
    *ret_method = psp_definition_method(request->view->definition, value, strlen(value));
    if (*ret_method != PSP_NONE)
        return true;
    psp_answer_problem(reply, 404, "No such method",
                       "method: there is no method \"%s\"; /api/v1/election lists them",
                       shown(value).text);
    return false;
}

bool psp_parameter_level(const struct psp_api_request *request, struct psp_api_reply *reply,
                         struct psp_level_choice *ret_level)
{
    const char *value = psp_parameter(request, "level");
    *ret_level = (struct psp_level_choice){.scope = PSP_SCOPE_OWN};
    if (!value)
        return true;
    if (strcmp(value, "leaf") == 0) {
        ret_level->scope = PSP_SCOPE_LEAF;
        return true;
    }
    ret_level->scope = PSP_SCOPE_LEVEL;
    ret_level->level = psp_definition_level(request->view->definition, value);
    if (ret_level->level != PSP_NONE)
        return true;
    psp_answer_problem(reply, 400, "Bad parameter",
                       "level: \"%s\" is neither leaf nor a level of this election; "
                       "/api/v1/election lists them",
                       shown(value).text);
    return false;
}

bool psp_parameter_limit(const struct psp_api_request *request, struct psp_api_reply *reply,
                         uint32_t absent, uint32_t *ret_limit)
{
    const char *value = psp_parameter(request, "limit");
    uint32_t limit = 0;
    *ret_limit = absent;
    if (!value)
        return true;
    const char *at = value;
    for (; *at >= '0' && *at <= '9' && limit <= PSP_API_LIMIT_MAX; at++)
        limit = limit * 10 + (uint32_t)(*at - '0');
    if (*at == 0 && limit >= 1 && limit <= PSP_API_LIMIT_MAX) {
        *ret_limit = limit;
        return true;
    }
    psp_answer_problem(reply, 400, "Bad parameter", "limit: \"%s\" is not a number from 1 to %d",
                       shown(value).text, PSP_API_LIMIT_MAX);
    return false;
}

bool psp_parameter_descending(const struct psp_api_request *request, struct psp_api_reply *reply,
                              bool absent, bool *ret_descending)
{
    const char *value = psp_parameter(request, "order");
    *ret_descending = absent;
    if (!value)
        return true;
    *ret_descending = strcmp(value, "desc") == 0;
    if (*ret_descending || strcmp(value, "asc") == 0)
        return true;
    psp_answer_problem(reply, 400, "Bad parameter", "order: \"%s\" is neither asc nor desc",
                       shown(value).text);
    return false;
}

static uint32_t hash_string(uint32_t hash, const char *string)
{
    /* An end that no UTF-8 text has. */
    return psp_fnv32_byte(psp_fnv32(hash, string, strlen(string)), 0xFF);
}

/* Which page it is and of which version, not what is listed. */
static bool names_page(const char *name)
{
    return strcmp(name, "cursor") == 0 || strcmp(name, "limit") == 0 ||
           strcmp(name, "version") == 0;
}

/* The order in which parameters stand does not matter. */
static uint32_t hash_question(const struct psp_api_request *request)
{
    uint32_t hash = hash_string(PSP_FNV32_START, request->path);
    hash = psp_fnv32(hash, request->view->definition->hash, PSP_HASH_BYTES);
    for (uint32_t i = 0; i < request->parameter_count; i++) {
        const struct psp_api_parameter *parameter = &request->parameters[i];
        if (names_page(parameter->name))
            continue;
        hash ^= hash_string(hash_string(PSP_FNV32_START, parameter->name), parameter->value);
    }
    return hash;
}

bool psp_parameter_cursor(const struct psp_api_request *request, struct psp_api_reply *reply,
                          struct psp_cursor *ret_cursor, bool *ret_given)
{
    const char *value = psp_parameter(request, "cursor");
    *ret_cursor = (struct psp_cursor){0};
    *ret_given = value != NULL;
    if (!value)
        return true;
    if (psp_cursor_read(value, ret_cursor) && ret_cursor->question == hash_question(request))
        return true;
    psp_answer_problem(reply, 400, "Bad cursor",
                       "cursor: \"%s\" was not given for this question; leave it out to begin "
                       "again, and keep the other parameters as they were to go on",
                       shown(value).text);
    return false;
}

struct psp_cursor psp_parameter_next(const struct psp_api_request *request, uint64_t key,
                                     uint64_t position)
{
    return (struct psp_cursor){
        .question = hash_question(request), .key = key, .position = position};
}

uint32_t psp_parameter_language(const struct psp_api_request *request)
{
    const struct psp_definition *definition = request->view->definition;
    const char *value = psp_parameter(request, "lang");
    if (!value)
        return 0;
    for (uint32_t i = 0; i < definition->language_count; i++)
        if (strcasecmp(definition->languages[i], value) == 0)
            return i;
    const size_t primary = strcspn(value, "-");
    for (uint32_t i = 0; i < definition->language_count; i++)
        if (strcspn(definition->languages[i], "-") == primary &&
            strncasecmp(definition->languages[i], value, primary) == 0)
            return i;
    return 0;
}

bool psp_parameter_flag(const struct psp_api_request *request, struct psp_api_reply *reply,
                        const char *name, const char *word, bool *ret_given)
{
    const char *value = psp_parameter(request, name);
    *ret_given = value != NULL;
    if (!value || strcmp(value, word) == 0)
        return true;
    psp_answer_problem(reply, 400, "Bad parameter", "%s: \"%s\" is not %s; leave it out otherwise",
                       name, shown(value).text, word);
    return false;
}

bool psp_parameter_group(const struct psp_api_request *request, struct psp_api_reply *reply,
                         uint32_t *ret_group)
{
    const struct psp_catalog *catalog = request->view->catalog;
    const char *value = psp_parameter(request, "group");
    *ret_group = PSP_NONE;
    if (!value)
        return true;
    for (uint32_t group = 0; group < catalog->group_count; group++) {
        if (strcmp(psp_catalog_group_name(catalog, group), value) == 0) {
            *ret_group = group;
            return true;
        }
    }
    psp_answer_problem(reply, 404, "No such group",
                       "group: there is no group \"%s\"; /api/v1/overview lists them",
                       shown(value).text);
    return false;
}
