/*
 * /api/v1/election: what is counted, and how far the count is;
 * /api/v1/election/definition: the file itself, byte for byte.
 */
#include "collector/api/answer.h"
#include "collector/api/reported.h"

static void write_methods(struct psp_writer *json, const struct psp_definition *definition)
{
    psp_writer_begin_array(json, "methods");
    for (uint32_t m = 0; m < definition->method_count; m++) {
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "id", definition->methods[m].id);
        psp_writer_string(json, "name", definition->methods[m].name);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

static void write_parties(struct psp_writer *json, const struct psp_definition *definition)
{
    psp_writer_begin_array(json, "parties");
    for (uint32_t p = 0; p < definition->party_count; p++) {
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "id", definition->parties[p].id);
        psp_writer_string(json, "name", definition->parties[p].name);
        psp_writer_string(json, "color", definition->parties[p].color);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

/* How many units there are on each level that has any. */
static void write_levels(struct psp_writer *json, const struct psp_catalog *catalog)
{
    psp_writer_begin_array(json, "levels");
    for (uint32_t i = 0; i < catalog->definition->level_count; i++) {
        const struct psp_level *level = &catalog->definition->levels[i];
        if (catalog->level_count[i] == 0)
            continue;
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "level", level->id);
        psp_writer_string(json, "name", level->name);
        psp_writer_string(json, "plural", level->plural);
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
    psp_writer_string(&json, "name", definition->name);
    psp_writer_string(&json, "date", definition->date);
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
    write_levels(&json, view->catalog);
    write_methods(&json, definition);
    write_parties(&json, definition);
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
