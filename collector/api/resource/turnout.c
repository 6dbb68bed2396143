/*
 * /api/v1/turnout: ballots counted, of how many registered and expected.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/api/reported.h"
#include "collector/api/row.h"
#include "collector/view/progress.h"

struct turnout {
    uint64_t ballots;
    uint64_t counted, registered, expected; /* PSP_UNSTATED: not told, not known */
    uint64_t report;                        /* its number; 0: none */
    uint32_t partial;
    bool complete, final;
};

static struct turnout turnout_of(const struct psp_view *view, uint32_t unit)
{
    struct psp_view_report report = {0};
    uint32_t leaf;
    psp_view_report_of(view, unit, &report, &leaf);
    return (struct turnout){
        .ballots = psp_view_ballots(view, unit),
        .counted = psp_view_counted(view, unit),
        .registered = psp_view_registered(view, unit),
        .expected = psp_catalog_expected(view->catalog, unit),
        .report = report.number,
        .final = report.final,
        .partial = psp_view_partial(view, unit),
        .complete = view->unit_complete[unit],
    };
}

static void write_stated(struct psp_api_reply *reply, uint64_t number)
{
    if (number != PSP_UNSTATED)
        psp_text_number(&reply->body, number);
    psp_text_bytes(&reply->body, ",", 1);
}

static void write_csv(struct psp_api_reply *reply, const struct psp_view *view, uint32_t position,
                      uint32_t language)
{
    const struct psp_unit *unit = &view->definition->units[position];
    const struct turnout turnout = turnout_of(view, position);
    double share;
    psp_answer_field(reply, unit->id, ',');
    psp_answer_field(reply, psp_answer_name(unit->name, unit->names, language), ',');
    psp_answer_field(reply, psp_unit_level_id(view->definition, position), ',');
    psp_text_number(&reply->body, turnout.ballots);
    psp_text_bytes(&reply->body, ",", 1);
    write_stated(reply, turnout.registered);
    write_stated(reply, turnout.expected);
    if (psp_row_turnout(view, position, &share))
        psp_text_format(&reply->body, "%.6f", share);
    psp_text_string(&reply->body, turnout.complete ? ",true," : ",false,");
    write_stated(reply, turnout.counted);
    write_stated(reply, turnout.partial);
    if (turnout.report > 0)
        psp_text_number(&reply->body, turnout.report);
    psp_text_format(&reply->body, ",%s,%s,%s,%s\n",
                    psp_progress_over_registered(view, position) ? "true" : "false",
                    psp_progress_over_expected(view, position) ? "true" : "false",
                    turnout.report == 0 ? ""
                    : turnout.final     ? "true"
                                        : "false",
                    psp_reported_under_way(view, position) ? "true" : "false");
}

static struct psp_unit_run run_of(const struct psp_view *view, const struct psp_level_choice *level,
                                  const uint32_t *scope)
{
    switch (level->scope) {
    case PSP_SCOPE_OWN:
        break;
    case PSP_SCOPE_LEAF:
        return psp_catalog_leaves(view->catalog, *scope);
    case PSP_SCOPE_LEVEL:
        return psp_catalog_level(view->catalog, level->level, *scope);
    }
    return (struct psp_unit_run){.list = scope, .first = 0, .end = 1};
}

void psp_api_turnout(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    struct psp_level_choice level;
    struct psp_writer json;
    struct psp_cursor from, next;
    uint32_t unit, limit;
    bool resumed;
    if (!psp_parameter_unit(request, reply, "unit", &unit) ||
        !psp_parameter_level(request, reply, &level) ||
        !psp_parameter_limit(request, reply, request->csv ? UINT32_MAX : PSP_API_LIMIT_DEFAULT,
                             &limit) ||
        !psp_parameter_cursor(request, reply, &from, &resumed))
        return;
    unit = unit == PSP_NONE ? view->definition->root : unit;
    const struct psp_unit_run run = run_of(view, &level, &unit);
    const uint64_t first = from.position > run.first ? from.position : run.first;
    const uint64_t end = first < run.end && run.end - first > limit ? first + limit : run.end;
    const bool more = end < run.end;
    next = psp_parameter_next(request, 0, end);
    if (request->csv) {
        psp_answer_csv(request, reply,
                       "unit,unit_name,level,ballots,registered,ballots_expected,share,complete,"
                       "ballots_counted,units_partial,report,over_registered,over_expected,"
                       "final,report_under_way");
        for (uint64_t i = first; i < end; i++) {
            psp_answer_line(request, reply);
            write_csv(reply, view, run.list[i], request->language);
        }
        psp_answer_link(request, reply, more ? &next : NULL);
        return;
    }
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_array(&json, "turnout");
    for (uint64_t i = first; i < end; i++)
        psp_row_write_turnout(&json, NULL, view, run.list[i], request->language);
    psp_writer_end_array(&json);
    psp_writer_number(&json, "total", run.end - run.first);
    psp_answer_next(request, reply, &json, more ? &next : NULL);
    psp_answer_end(&json);
}
