/*
 * /api/v1/leaders: who leads in every unit of a level, as columns.
 *
 * What a map is coloured by, for thousands of units at once: the results list
 * would be ten times as long. The columns stand in the order of
 * /api/v1/units?parent=UNIT&level=LEVEL, which says what they are of.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/view/progress.h"
#include "collector/view/standing.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 13 };
enum column {
    LEADER,
    LEADER_VOTES,
    SECOND,
    SECOND_VOTES,
    VALID,
    BALLOTS,
    COUNTED,
    REPORTING,
    PARTIAL,
    TOTAL,
    SHOWN,
    EXPECTED,
    OVER,
};

static const char *const names[COLUMNS] = {
    "leader",  "leader_votes",    "second",          "second_votes",  "valid",
    "ballots", "ballots_counted", "units_reporting", "units_partial", "units_total",
    "shown",   "expected",        "units_over"};

struct question {
    uint32_t contest, unit, method;
    uint32_t choice; /* PSP_NONE: no column of its own */
    struct psp_level_choice level;
};

/* Leader PSP_UNSTATED: no vote yet, or level; with all votes: held. */
static void fill(const struct psp_tally *tally, const struct psp_standing *standing,
                 uint64_t ret_row[COLUMNS])
{
    const struct psp_standing_entry *entries = standing->entries;
    const uint64_t first = standing->count > 0 ? entries[0].votes : 0;
    const uint64_t second = standing->count > 1 ? entries[1].votes : 0;
    ret_row[LEADER] = first == second ? PSP_UNSTATED : entries[0].first;
    ret_row[LEADER_VOTES] = tally->held ? PSP_UNSTATED : first;
    ret_row[SECOND] = second == 0 || first == second ? PSP_UNSTATED : entries[1].first;
    ret_row[SECOND_VOTES] = tally->held ? PSP_UNSTATED : second;
    ret_row[VALID] = tally->held ? PSP_UNSTATED : standing->valid;
    ret_row[BALLOTS] = tally->ballots;
    ret_row[COUNTED] = tally->counted;
    ret_row[REPORTING] = tally->units_reporting;
    ret_row[PARTIAL] = tally->units_partial;
    ret_row[TOTAL] = tally->units_total;
}

/* The same for every contest: of all ballots in the unit. */
static void fill_progress(const struct psp_view *view, uint32_t unit, uint64_t ret_row[COLUMNS])
{
    struct psp_progress progress;
    psp_progress_of(view, unit, &progress);
    ret_row[SHOWN] = progress.shown;
    ret_row[EXPECTED] = progress.expected;
    ret_row[OVER] = progress.over_count;
}

static void write_column(struct psp_writer *json, const char *name, const uint64_t *cells,
                         uint32_t n, uint32_t stride)
{
    psp_writer_begin_array(json, name);
    for (uint32_t i = 0; i < n; i++)
        psp_writer_stated(json, NULL, cells[(size_t)i * stride]);
    psp_writer_end_array(json);
}

static struct psp_unit_run run_of(const struct psp_view *view, const struct question *question)
{
    switch (question->level.scope) {
    case PSP_SCOPE_OWN:
        break;
    case PSP_SCOPE_LEAF:
        return psp_catalog_leaves(view->catalog, question->unit);
    case PSP_SCOPE_LEVEL:
        return psp_catalog_level(view->catalog, question->level.level, question->unit);
    }
    return psp_catalog_children(view->catalog, question->unit);
}

/* PSP_ENOMEM. */
static enum psp_status write_columns(struct psp_writer *json, const struct psp_view *view,
                                     const struct question *question,
                                     const struct psp_unit_run *run)
{
    const uint32_t n = run->end - run->first;
    uint64_t *cells = calloc((size_t)n * (COLUMNS + 1) + 1, sizeof *cells);
    struct psp_tally tally;
    struct psp_standing standing;
    if (!cells)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *row = cells + (size_t)i * (COLUMNS + 1);
        const struct psp_unit_run leaves =
            psp_catalog_leaves(view->catalog, run->list[run->first + i]);
        psp_tally_run(view, question->contest, leaves.first, leaves.end, question->method, &tally);
        psp_standing_rank(view->catalog, question->contest, &tally, &standing);
        fill(&tally, &standing, row);
        fill_progress(view, run->list[run->first + i], row);
        row[COLUMNS] =
            question->choice == PSP_NONE || tally.held
                ? PSP_UNSTATED
                : psp_standing_votes(view->catalog, question->contest, question->choice, &tally);
    }
    for (uint32_t column = 0; column < COLUMNS; column++)
        write_column(json, names[column], cells + column, n, COLUMNS + 1);
    if (question->choice != PSP_NONE)
        write_column(json, "choice_votes", cells + COLUMNS, n, COLUMNS + 1);
    free(cells);
    return PSP_OK;
}

static bool read_choice(const struct psp_api_request *request, struct psp_api_reply *reply,
                        struct question *question)
{
    const char *value = psp_parameter(request, "choice");
    question->choice = PSP_NONE;
    if (!value)
        return true;
    question->choice =
        psp_definition_choice(request->view->definition, question->contest, value, strlen(value));
    if (question->choice != PSP_NONE)
        return true;
    psp_answer_problem(reply, 404, "No such choice",
                       "choice: the contest has no such choice; /api/v1/contests lists them");
    return false;
}

static bool read_question(const struct psp_api_request *request, struct psp_api_reply *reply,
                          struct question *question)
{
    if (!psp_parameter_contest(request, reply, &question->contest))
        return false;
    if (question->contest == PSP_NONE) {
        psp_answer_problem(reply, 400, "Missing parameter",
                           "contest: say which; /api/v1/contests lists them");
        return false;
    }
    if (!psp_parameter_unit(request, reply, "unit", &question->unit) ||
        !psp_parameter_method(request, reply, &question->method) ||
        !psp_parameter_level(request, reply, &question->level) ||
        !read_choice(request, reply, question))
        return false;
    if (question->unit == PSP_NONE)
        question->unit = request->view->definition->contests[question->contest].unit;
    return true;
}

void psp_api_leaders(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    struct question question;
    struct psp_writer json;
    if (!read_question(request, reply, &question))
        return;
    const struct psp_unit_run run = run_of(request->view, &question);
    if (run.end - run.first > PSP_API_LEADERS_MAX) {
        psp_answer_problem(reply, 400, "Too many units",
                           "%u units of that level are below the unit; at most %d go into one "
                           "answer: ask below a smaller unit",
                           run.end - run.first, PSP_API_LEADERS_MAX);
        return;
    }
    psp_answer_begin(request, reply, &json);
    psp_writer_string(&json, "contest", definition->contests[question.contest].id);
    psp_writer_string(&json, "unit", definition->units[question.unit].id);
    psp_writer_number(&json, "total", run.end - run.first);
    if (write_columns(&json, request->view, &question, &run) != PSP_OK)
        reply->body.failed = true;
    psp_answer_end(&json);
}
