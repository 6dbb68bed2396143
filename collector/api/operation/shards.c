/*
 * /api/v1/stream: the question of an event stream, checked; and /api/v1/shards:
 * how current each shard is.
 */
#include "collector/api/answer.h"
#include "collector/api/parameter.h"
#include "collector/api/row.h"

void psp_api_stream(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct psp_stream_question *question = &reply->question;
    if (!psp_parameter_contest(request, reply, &question->contest) ||
        !psp_parameter_unit(request, reply, "unit", &question->unit) ||
        !psp_parameter_method(request, reply, &question->method))
        return;
    question->language = request->language;
    reply->status = 200;
    reply->content_type = "text/event-stream";
    reply->stream = true;
}

void psp_api_shards(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_row_write_shards(&json, request);
    psp_answer_end(&json);
}
