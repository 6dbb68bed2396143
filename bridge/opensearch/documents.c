/* Names come from the definition: a document is read without asking for another. */
#include "bridge/opensearch/documents.h"

#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

const char *const psp_search_index_names[PSP_SEARCH_ROWS] = {"results", "turnout"};

/* What is not named is kept and not indexed: lines may get more members. */
static const char mappings[] =
    "\"dynamic\":false,\"properties\":{"
    "\"contest\":{\"type\":\"keyword\"},\"contest_name\":{\"type\":\"keyword\"},"
    "\"unit\":{\"type\":\"keyword\"},\"unit_name\":{\"type\":\"keyword\"},"
    "\"level\":{\"type\":\"keyword\"},\"method\":{\"type\":\"keyword\"},"
    "\"choices\":{\"type\":\"nested\",\"properties\":{"
    "\"choice\":{\"type\":\"keyword\"},\"name\":{\"type\":\"keyword\"},"
    "\"candidate\":{\"type\":\"keyword\"},\"party\":{\"type\":\"keyword\"},"
    "\"votes\":{\"type\":\"long\"}}},"
    "\"ballots\":{\"type\":\"long\"},\"ballots_counted\":{\"type\":\"long\"},"
    "\"ballots_expected\":{\"type\":\"long\"},\"registered\":{\"type\":\"long\"},"
    "\"share\":{\"type\":\"double\"},\"complete\":{\"type\":\"boolean\"},"
    "\"undervotes\":{\"type\":\"long\"},\"overvotes\":{\"type\":\"long\"},"
    "\"revision\":{\"type\":\"long\"},\"held\":{\"type\":\"boolean\"},"
    "\"version\":{\"properties\":{\"id\":{\"type\":\"keyword\"},\"number\":{\"type\":\"long\"}}},"
    "\"as_of\":{\"type\":\"date\"}}";

static uint32_t unit_of(const struct psp_definition *definition, const json_t *line)
{
    const char *id = json_string_value(json_object_get(line, "unit"));
    return id ? psp_definition_unit(definition, id, strlen(id)) : PSP_NONE;
}

/* A copy of the line that says what its unit is. */
static json_t *copy_of(const struct psp_definition *definition, const json_t *line, uint32_t unit)
{
    json_t *document = json_copy((json_t *)(uintptr_t)line);
    json_object_del(document, "kind");
    json_object_del(document, "decreased");
    if (json_object_set_new(document, "unit_name", json_string(definition->units[unit].name)) ||
        json_object_set_new(document, "level", json_string(psp_unit_level_id(definition, unit))) ||
        json_object_set_new(document, "held", json_false())) {
        json_decref(document);
        return NULL;
    }
    return document;
}

static bool put_choice(const struct psp_definition *definition, uint32_t contest, json_t *choices,
                       const json_t *told)
{
    const char *id = json_string_value(json_object_get(told, "choice"));
    json_t *votes = json_object_get(told, "votes");
    const uint32_t at = id ? psp_definition_choice(definition, contest, id, strlen(id)) : PSP_NONE;
    if (at == PSP_NONE || !json_is_integer(votes))
        return false;
    const struct psp_choice *choice = &definition->contests[contest].choices[at];
    json_t *document = json_pack(
        "{s:s, s:s, s:s*, s:s*, s:O}", "choice", id, "name", choice->name, "candidate",
        choice->candidate == PSP_NONE ? NULL : definition->candidates[choice->candidate].id,
        "party", choice->party == PSP_NONE ? NULL : definition->parties[choice->party].id, "votes",
        votes);
    return document && json_array_append_new(choices, document) == 0;
}

enum psp_status psp_search_result(const struct psp_definition *definition, const json_t *line,
                                  json_t **ret_document)
{
    const char *id = json_string_value(json_object_get(line, "contest"));
    const char *method = json_string_value(json_object_get(line, "method"));
    const json_t *told = json_object_get(line, "choices");
    const uint32_t unit = unit_of(definition, line);
    const uint32_t contest = id ? psp_definition_contest(definition, id, strlen(id)) : PSP_NONE;
    if (unit == PSP_NONE || contest == PSP_NONE || !(json_is_array(told) || json_is_null(told)))
        return PSP_EINVAL;
    if (json_is_null(told)) {
        *ret_document = NULL;
        return PSP_OK;
    }
    json_t *document = copy_of(definition, line, unit), *choices = json_array();
    size_t i;
    json_t *choice;
    bool good = document && choices &&
                json_object_set_new(document, "method", json_string(method ? method : "")) == 0 &&
                json_object_set_new(document, "contest_name",
                                    json_string(definition->contests[contest].name)) == 0;
    json_array_foreach(told, i, choice)
    {
        if (good && !put_choice(definition, contest, choices, choice)) {
            json_decref(document);
            json_decref(choices);
            return PSP_EINVAL;
        }
    }
    if (!good || json_object_set(document, "choices", choices) != 0) {
        json_decref(document);
        json_decref(choices);
        return PSP_ENOMEM;
    }
    json_decref(choices);
    *ret_document = document;
    return PSP_OK;
}

enum psp_status psp_search_turnout(const struct psp_definition *definition, const json_t *line,
                                   json_t **ret_document)
{
    const uint32_t unit = unit_of(definition, line);
    if (unit == PSP_NONE || !json_is_integer(json_object_get(line, "ballots")))
        return PSP_EINVAL;
    *ret_document = NULL;
    /* Neither told how many voted, nor shown as of a report. */
    if (json_is_null(json_object_get(line, "ballots_counted")) &&
        json_is_null(json_object_get(line, "report")))
        return PSP_OK;
    *ret_document = copy_of(definition, line, unit);
    return *ret_document ? PSP_OK : PSP_ENOMEM;
}

json_t *psp_search_held(enum psp_search_index index, const char *id)
{
    const char *unit = strchr(id, '/');
    const char *method = unit ? strchr(unit + 1, '/') : NULL;
    if (index == PSP_SEARCH_TURNOUT || !method)
        return json_pack("{s:s, s:b}", "unit", id, "held", 1);
    return json_pack("{s:s%, s:s%, s:s, s:b}", "contest", id, (size_t)(unit - id), "unit", unit + 1,
                     (size_t)(method - unit - 1), "method", method + 1, "held", 1);
}

void psp_search_template(const char *prefix, struct psp_text *body)
{
    psp_text_format(body,
                    "{\"index_patterns\":[\"%s-results\",\"%s-turnout\"],\"priority\":200,"
                    "\"template\":{\"settings\":{\"number_of_shards\":1,"
                    "\"auto_expand_replicas\":\"0-1\"},\"mappings\":{%s}}}",
                    prefix, prefix, mappings);
}
