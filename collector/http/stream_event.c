/* Events hold whole counts: whoever missed some lacks nothing. */
#include "collector/http/stream_event.h"

#include <stdio.h>

#include "collector/api/answer.h"
#include "collector/api/row.h"

void psp_stream_event_id(const struct psp_view *view, bool stale, char ret_id[PSP_STREAM_ID_BYTES])
{
    snprintf(ret_id, PSP_STREAM_ID_BYTES, "%s.%d", view->id, stale);
}

static void write_result(struct psp_writer *json, const struct psp_view *view,
                         const struct psp_stream_question *question, uint32_t unit)
{
    if (question->contest == PSP_NONE ||
        !psp_catalog_votes_on(view->catalog, unit, question->contest)) {
        psp_writer_null(json, "result");
        return;
    }
    const struct psp_unit_run leaves = psp_catalog_leaves(view->catalog, unit);
    const struct psp_row_result row = {
        .contest = question->contest,
        .unit = unit,
        .method = question->method,
        .leaf_first = leaves.first,
        .leaf_end = leaves.end,
        .language = question->language,
    };
    psp_row_write_result(json, "result", view, &row);
}

void psp_stream_event_board(struct psp_api_request *request,
                            const struct psp_stream_question *question, struct psp_text *ret_text)
{
    const struct psp_view *view = request->view;
    struct psp_api_reply reply = {0};
    struct psp_writer json;
    char id[PSP_STREAM_ID_BYTES];
    const uint32_t unit = question->unit != PSP_NONE ? question->unit
                          : question->contest != PSP_NONE
                              ? view->definition->contests[question->contest].unit
                              : view->definition->root;
    psp_stream_event_id(view, request->stale, id);
    psp_answer_begin(request, &reply, &json);
    psp_writer_string(&json, "state", psp_election_state_name(view->election_state));
    psp_writer_bool(&json, "balanced", psp_view_balanced(view, PSP_NONE));
    psp_row_write_shards(&json, request);
    write_result(&json, view, question, unit);
    psp_row_write_turnout(&json, "turnout", view, unit, question->language);
    psp_answer_end(&json);
    psp_text_format(ret_text, "id: %s\nevent: board\ndata: ", id);
    psp_text_bytes(ret_text, reply.body.data, reply.body.length);
    psp_text_string(ret_text, "\n\n");
    ret_text->failed |= reply.body.failed;
    psp_api_reply_free(&reply);
}

void psp_stream_event_shards(struct psp_api_request *request, struct psp_text *ret_text)
{
    struct psp_api_reply reply = {0};
    struct psp_writer json;
    psp_answer_begin(request, &reply, &json);
    psp_row_write_shards(&json, request);
    psp_answer_end(&json);
    psp_text_string(ret_text, ": still here\nevent: shards\ndata: ");
    psp_text_bytes(ret_text, reply.body.data, reply.body.length);
    psp_text_string(ret_text, "\n\n");
    ret_text->failed |= reply.body.failed;
    psp_api_reply_free(&reply);
}
