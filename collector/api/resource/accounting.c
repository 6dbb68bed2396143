/*
 * /api/v1/accounting: the books, and whether they balance.
 */
#include "collector/api/answer.h"
#include "collector/api/row.h"

void psp_api_accounting(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_object(&json, "total");
    psp_row_write_books(&json, view, PSP_NONE);
    psp_writer_end_object(&json);
    psp_writer_begin_array(&json, "shards");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        psp_writer_begin_object(&json, NULL);
        psp_writer_number(&json, "shard", s);
        psp_row_write_books(&json, view, s);
        psp_writer_end_object(&json);
    }
    psp_writer_end_array(&json);
    psp_answer_end(&json);
}
