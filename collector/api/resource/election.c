/*
 * /api/v1/election: what is counted, and how far the count is;
 * /api/v1/election/definition: the file itself, byte for byte.
 */
#include "collector/api/answer.h"
#include "collector/api/reported.h"

static void write_methods(struct psp_writer *json, const struct psp_definition *definition,
                          uint32_t language)
{
    psp_writer_begin_array(json, "methods");
    for (uint32_t m = 0; m < definition->method_count; m++) {
        const struct psp_method *method = &definition->methods[m];
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "id", method->id);
        psp_writer_string(json, "name", psp_answer_name(method->name, method->names, language));
        psp_answer_names(json, definition, "names", method->names);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

static void write_parties(struct psp_writer *json, const struct psp_definition *definition,
                          uint32_t language)
{
    psp_writer_begin_array(json, "parties");
    for (uint32_t p = 0; p < definition->party_count; p++) {
        const struct psp_party *party = &definition->parties[p];
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "id", party->id);
        psp_writer_string(json, "name", psp_answer_name(party->name, party->names, language));
        psp_answer_names(json, definition, "names", party->names);
        psp_writer_string(json, "color", party->color);
        psp_writer_string(json, "alliance", party->alliance);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

/* How many units there are on each level that has any. */
static void write_levels(struct psp_writer *json, const struct psp_catalog *catalog,
                         uint32_t language)
{
    psp_writer_begin_array(json, "levels");
    for (uint32_t i = 0; i < catalog->definition->level_count; i++) {
        const struct psp_level *level = &catalog->definition->levels[i];
        if (catalog->level_count[i] == 0)
            continue;
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "level", level->id);
        psp_writer_string(json, "name", psp_answer_name(level->name, level->names, language));
        psp_answer_names(json, catalog->definition, "names", level->names);
        psp_writer_string(json, "plural", psp_answer_name(level->plural, level->plurals, language));
        psp_answer_names(json, catalog->definition, "plurals", level->plurals);
        psp_writer_number(json, "units", catalog->level_count[i]);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

static void write_map(struct psp_writer *json, const struct psp_definition *definition)
{
    if (!definition->map_file) {
        psp_writer_null(json, "map");
        return;
    }
    psp_writer_begin_object(json, "map");
    psp_writer_string(json, "file", definition->map_file);
    psp_writer_string(json, "object", definition->map_object);
    psp_writer_string(json, "key", definition->map_key);
    psp_writer_end_object(json);
}

void psp_api_election(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    const struct psp_definition *definition = view->definition;
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_object(&json, "election");
    psp_writer_string(&json, "id", definition->id);
    psp_writer_string(&json, "name",
                      psp_answer_name(definition->name, definition->names, request->language));
    psp_answer_names(&json, definition, "names", definition->names);
    psp_writer_string(&json, "date", definition->date);
    psp_writer_string(&json, "time_zone", definition->time_zone);
    psp_writer_string(&json, "source", definition->source);
    psp_writer_string(&json, "licence", definition->licence);
    psp_writer_begin_array(&json, "languages");
    for (uint32_t i = 0; i < definition->language_count; i++)
        psp_writer_string(&json, NULL, definition->languages[i]);
    psp_writer_end_array(&json);
    psp_writer_string(&json, "state", psp_election_state_name(view->election_state));
    psp_writer_string(&json, "turnout", psp_publication_name(definition->turnout));
    psp_writer_number(&json, "report_min", definition->report_min);
    psp_writer_hex(&json, "definition_hash", definition->hash, PSP_HASH_BYTES);
    psp_writer_string(&json, "root", definition->units[definition->root].id);
    psp_writer_number(&json, "contests", definition->contest_count);
    psp_writer_number(&json, "candidates", definition->candidate_count);
    psp_writer_number(&json, "units", definition->unit_count);
    psp_writer_number(&json, "leaves", definition->leaf_count);
    psp_writer_number(&json, "leaves_reporting", view->complete_sum[definition->leaf_count]);
    psp_writer_number(&json, "units_partial", psp_view_partial(view, definition->root));
    psp_writer_number(&json, "ballots", psp_view_ballots(view, definition->root));
    psp_writer_stated(&json, "ballots_counted", psp_view_counted(view, definition->root));
    psp_writer_stated(&json, "registered", psp_view_registered(view, definition->root));
    psp_writer_stated(&json, "ballots_expected",
                      psp_catalog_expected(view->catalog, definition->root));
    psp_reported_write_under_way(&json, view, definition->root);
    write_levels(&json, view->catalog, request->language);
    write_methods(&json, definition, request->language);
    write_parties(&json, definition, request->language);
    write_map(&json, definition);
    psp_writer_end_object(&json);
    psp_answer_end(&json);
}

void psp_api_definition(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    reply->status = 200;
    reply->content_type = "application/json";
    reply->shared = request->site->definition_text;
    reply->shared_bytes = request->site->definition_bytes;
}
