/*
 * /api/v1/contests: what is voted on, where, and between whom.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"

static void write_choice(struct psp_writer *json, const struct psp_definition *definition,
                         const struct psp_choice *choice)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", choice->id);
    psp_writer_string(json, "name", choice->name);
    psp_writer_string(json, "kind", psp_choice_kind_name(choice->kind));
    psp_writer_string(json, "candidate", psp_answer_candidate(definition, choice->candidate));
    psp_writer_string(json, "party", psp_answer_party(definition, choice->party));
    psp_writer_end_object(json);
}

static void write_contest(struct psp_writer *json, const struct psp_definition *definition,
                          const struct psp_contest *contest)
{
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "id", contest->id);
    psp_writer_string(json, "name", contest->name);
    psp_writer_string(json, "office", contest->office);
    psp_writer_string(json, "district", contest->district);
    psp_writer_string(json, "unit", definition->units[contest->unit].id);
    psp_writer_number(json, "votes_allowed", contest->votes_allowed);
    psp_writer_begin_array(json, "choices");
    for (uint32_t c = 0; c < contest->choice_count; c++)
        write_choice(json, definition, &contest->choices[c]);
    psp_writer_end_array(json);
    psp_writer_end_object(json);
}

static bool matches(const struct psp_definition *definition, const struct psp_contest *contest,
                    const char *q)
{
    if (psp_parameter_matches(q, contest->name) || psp_parameter_matches(q, contest->id) ||
        psp_parameter_matches(q, contest->office) || psp_parameter_matches(q, contest->district) ||
        psp_parameter_matches(q, definition->units[contest->unit].name))
        return true;
    for (uint32_t c = 0; c < contest->choice_count; c++) {
        if (psp_parameter_matches(q, contest->choices[c].name))
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
        write_contest(&json, definition, &definition->contests[contest]);
    }
    psp_writer_end_array(&json);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
