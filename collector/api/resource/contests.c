/*
 * /api/v1/contests: what is voted on, where, and between whom.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"

static void write_choice(struct psp_writer *json, const struct psp_definition *definition,
                         const struct psp_choice *choice, uint32_t language)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", choice->id);
    psp_writer_string(json, "name", psp_answer_name(choice->name, choice->names, language));
    psp_answer_names(json, definition, "names", choice->names);
    psp_writer_string(json, "kind", psp_choice_kind_name(choice->kind));
    psp_writer_string(json, "candidate", psp_answer_candidate(definition, choice->candidate));
    psp_writer_string(json, "party", psp_answer_party(definition, choice->party));
    psp_writer_end_object(json);
}

static void write_contest(struct psp_writer *json, const struct psp_definition *definition,
                          const struct psp_contest *contest, uint32_t language)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", contest->id);
    psp_writer_string(json, "name", psp_answer_name(contest->name, contest->names, language));
    psp_answer_names(json, definition, "names", contest->names);
    psp_writer_string(json, "office", contest->office);
    psp_writer_string(json, "district", contest->district);
    psp_writer_string(json, "unit", definition->units[contest->unit].id);
    psp_writer_string(json, "group", contest->group);
    psp_writer_string(json, "party", psp_answer_party(definition, contest->party));
    psp_writer_number(json, "votes_allowed", contest->votes_allowed);
    psp_writer_number(json, "seats", contest->seats);
    psp_writer_begin_array(json, "choices");
    for (uint32_t c = 0; c < contest->choice_count; c++)
        write_choice(json, definition, &contest->choices[c], language);
    psp_writer_end_array(json);
    psp_writer_end_object(json);
}

static bool matches(const struct psp_definition *definition, const struct psp_contest *contest,
                    const char *q)
{
    const struct psp_unit *unit = &definition->units[contest->unit];
    if (psp_parameter_matches_name(definition, q, contest->name, contest->names) ||
        psp_parameter_matches(q, contest->id) || psp_parameter_matches(q, contest->office) ||
        psp_parameter_matches(q, contest->district) ||
        psp_parameter_matches_name(definition, q, unit->name, unit->names))
        return true;
    for (uint32_t c = 0; c < contest->choice_count; c++) {
        const struct psp_choice *choice = &contest->choices[c];
        if (psp_parameter_matches_name(definition, q, choice->name, choice->names))
            return true;
    }
    return false;
}

void psp_api_contests(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    const char *q = psp_parameter(request, "q");
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t unit, limit, written = 0;
    bool resumed, more = false;
    if (!psp_parameter_unit(request, reply, "unit", &unit) ||
        !psp_parameter_limit(request, reply, PSP_API_LIMIT_DEFAULT, &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed))
        return;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "contests");
    for (uint64_t i = from.position; i < definition->contest_count; i++) {
        const uint32_t contest = (uint32_t)i;
        if ((unit != PSP_NONE && !psp_catalog_votes_on(request->view->catalog, unit, contest)) ||
            !matches(definition, &definition->contests[contest], q))
            continue;
        if (written++ == limit) {
            more = true;
            next = psp_parameter_next(request, 0, i);
            break;
        }
        write_contest(&json, definition, &definition->contests[contest], request->language);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
