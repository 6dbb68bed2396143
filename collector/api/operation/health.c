/*
 * /healthz: the process answers; /readyz: what it shows is current.
 */
#include "collector/api/answer.h"

void psp_api_healthz(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    struct psp_writer json;
    (void)request;
    reply->status = 200;
    reply->content_type = "application/json";
    psp_writer_start(&json, &reply->body);
    psp_writer_begin_object(&json, NULL);
    psp_writer_bool(&json, "alive", true);
    psp_writer_end_object(&json);
}

void psp_api_readyz(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_freshness *freshness = request->site->freshness;
    struct psp_text silent = {0};
    struct psp_writer json;
    uint32_t shards = 0;
    for (uint32_t s = 0; s < freshness->shard_count; s++) {
        if (!psp_freshness_stale(freshness, s, request->now_ms))
            continue;
        if (shards++ < 16)
            psp_text_format(&silent, "%s%u", silent.length > 0 ? ", " : "", s);
    }
    if (shards > 0) {
        psp_answer_problem(reply, 503, "Not ready",
                           "%u of %u shards have sent nothing current for %u ms or since the "
                           "start: shard %.*s%s; psephos status shows whether they run",
                           shards, freshness->shard_count, (unsigned)freshness->stale_ms,
                           (int)silent.length, silent.data, shards > 16 ? ", …" : "");
        psp_text_free(&silent);
        return;
    }
    reply->status = 200;
    reply->content_type = "application/json";
    psp_writer_start(&json, &reply->body);
    psp_writer_begin_object(&json, NULL);
    psp_writer_bool(&json, "ready", true);
    psp_writer_number(&json, "shards", freshness->shard_count);
    psp_writer_end_object(&json);
}
