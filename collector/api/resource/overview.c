/*
 * /api/v1/overview: the whole night in one answer: of each group of contests who leads how
 * many seats, which contests are close, and how much is reported.
 */
#include "collector/api/answer.h"
#include "collector/api/leading.h"

static void write_lines(struct psp_writer *json, const struct psp_definition *definition,
                        const struct psp_overview *overview, uint32_t position, const char *name)
{
    const struct psp_overview_group *group = &overview->groups[position];
    psp_writer_begin_array(json, "entries");
    for (uint32_t i = group->line_first; i < group->line_end; i++) {
        const struct psp_overview_line *line = &overview->lines[i];
        psp_writer_begin_object(json, NULL);
        psp_writer_string(json, "group", name);
        psp_writer_string(json, "party", psp_answer_party(definition, line->party));
        psp_writer_string(json, "alliance",
                          line->party == PSP_NONE ? NULL
                                                  : definition->parties[line->party].alliance);
        psp_writer_number(json, "seats_led", line->seats_led);
        psp_writer_number(json, "seats_total", group->seats_total);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

static void write_contest(struct psp_writer *json, const char *key,
                          const struct psp_api_request *request,
                          const struct psp_overview *overview, uint32_t position)
{
    const struct psp_definition *definition = request->view->definition;
    const struct psp_contest *contest = &definition->contests[position];
    psp_writer_begin_object(json, key);
    psp_writer_string(json, "contest", contest->id);
    psp_writer_string(json, "name",
                      psp_answer_name(contest->name, contest->names, request->language));
    psp_writer_string(json, "unit", definition->units[contest->unit].id);
    psp_leading_write(json, request->view, overview, position, request->language);
    psp_writer_end_object(json);
}

/* The close ones, and who is alone in its group. */
static void write_contests(struct psp_writer *json, const struct psp_api_request *request,
                           const struct psp_overview *overview, uint32_t position)
{
    const struct psp_overview_group *group = &overview->groups[position];
    const struct psp_catalog *catalog = request->view->catalog;
    psp_writer_begin_array(json, "close");
    for (uint32_t i = 0; i < group->close_count; i++)
        write_contest(json, NULL, request, overview, group->close[i]);
    psp_writer_end_array(json);
    if (group->contests_total == 1)
        write_contest(json, "only", request, overview,
                      catalog->group_contests[catalog->group_first[position]]);
    else
        psp_writer_null(json, "only");
}

static void write_group(struct psp_writer *json, const struct psp_api_request *request,
                        const struct psp_overview *overview, uint32_t position)
{
    const struct psp_overview_group *group = &overview->groups[position];
    const char *name = psp_catalog_group_name(request->view->catalog, position);
    psp_writer_begin_object(json, NULL);
    psp_writer_string(json, "group", name);
    psp_writer_number(json, "contests_total", group->contests_total);
    psp_writer_number(json, "contests_started", group->contests_started);
    psp_writer_number(json, "seats_total", group->seats_total);
    psp_writer_stated(json, "majority",
                      group->seats_total == 0 ? PSP_UNSTATED : group->seats_total / 2 + 1);
    psp_writer_number(json, "units_reporting", group->units_reporting);
    psp_writer_number(json, "units_partial", group->units_partial);
    psp_writer_number(json, "units_started", group->units_started);
    psp_writer_number(json, "units_total", group->units_total);
    write_lines(json, request->view->definition, overview, position, name);
    psp_writer_number(json, "undecided", group->undecided);
    write_contests(json, request, overview, position);
    psp_writer_end_object(json);
}

void psp_api_overview(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    const struct psp_overview *overview = psp_overview_of(request->view);
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    if (!overview) {
        reply->body.failed = true;
        return;
    }
    psp_writer_string(&json, "head",
                      definition->contest_count > 0 ? definition->contests[overview->head].id
                                                    : NULL);
    psp_writer_begin_array(&json, "groups");
    for (uint32_t i = 0; i < request->view->catalog->group_count; i++)
        write_group(&json, request, overview, i);
    psp_writer_end_array(&json);
    psp_answer_end(&json);
}
