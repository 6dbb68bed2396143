/*
 * /api/v1/series: how one contest was counted over time, in its own unit.
 */
#include "collector/view/series.h"
#include "collector/api/answer.h"
#include "collector/api/parameter.h"

/* Under the series' lock. Where votes are shown by report, the points before the first one
 * hold nothing that was shown: they are not points of a curve. */
static void write_points(struct psp_writer *json, const struct psp_series *series,
                         const struct psp_definition *definition, uint32_t position)
{
    const struct psp_contest *contest = &definition->contests[position];
    psp_writer_number(json, "bucket_ms", series->width_ms);
    psp_writer_begin_array(json, "points");
    for (uint32_t i = 0; i < series->count; i++) {
        const uint64_t *row = series->cells + (size_t)i * series->row_cells;
        if (definition->publication == PSP_PUBLICATION_REPORTS &&
            row[definition->choice_count + position] == 0)
            continue;
        psp_writer_begin_object(json, NULL);
        psp_writer_time(json, "at", series->times_ms[i]);
        psp_writer_number(json, "ballots", row[definition->choice_count + position]);
        psp_writer_begin_array(json, "votes");
        for (uint32_t c = 0; c < contest->choice_count; c++)
            psp_writer_number(json, NULL, row[contest->choice_first + c]);
        psp_writer_end_array(json);
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

void psp_api_series(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_definition *definition = request->view->definition;
    struct psp_series *series = request->site->series;
    struct psp_writer json;
    uint32_t position;
    if (!psp_parameter_contest(request, reply, &position))
        return;
    if (position == PSP_NONE) {
        psp_answer_problem(reply, 400, "Missing parameter",
                           "contest: say which; /api/v1/contests lists them");
        return;
    }
    const struct psp_contest *contest = &definition->contests[position];
    psp_answer_begin(request, reply, &json);
    psp_writer_string(&json, "contest", contest->id);
    psp_writer_string(&json, "unit", definition->units[contest->unit].id);
    psp_writer_begin_array(&json, "choices");
    for (uint32_t c = 0; c < contest->choice_count; c++)
        psp_writer_string(&json, NULL, contest->choices[c].id);
    psp_writer_end_array(&json);
    pthread_mutex_lock(&series->lock);
    write_points(&json, series, definition, position);
    pthread_mutex_unlock(&series->lock);
    psp_answer_end(&json);
}
