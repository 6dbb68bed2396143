/*
 * /api/v1/accounting: the books, and whether they balance.
 */
#include "collector/api/answer.h"

static void write_books(struct psp_writer *json, const struct psp_books *books)
{
    for (unsigned i = 0; i < PSP_BOOKS_COUNTERS; i++)
        psp_writer_number(json, psp_books_name(i), psp_books_get(books, i));
}

static void write_shown(struct psp_writer *json, const struct psp_view *view)
{
    const uint64_t counted = view->books.disposed[PSP_COUNTED];
    psp_writer_number(json, "shown", view->shown_ballots);
    /* After a restore rows may show more than is counted, until they are reported anew. */
    psp_writer_number(json, "held",
                      counted > view->shown_ballots ? counted - view->shown_ballots : 0);
    psp_writer_number(json, "forgotten", view->forgotten);
}

void psp_api_accounting(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_view *view = request->view;
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_writer_begin_object(&json, "total");
    write_books(&json, &view->books);
    write_shown(&json, view);
    psp_writer_bool(&json, "balanced", psp_view_balanced(view, PSP_NONE));
    psp_writer_end_object(&json);
    psp_writer_begin_array(&json, "shards");
    for (uint32_t s = 0; s < view->shard_count; s++) {
        psp_writer_begin_object(&json, NULL);
        psp_writer_number(&json, "shard", s);
        write_books(&json, &view->shards[s].books);
        psp_writer_bool(&json, "balanced", psp_view_balanced(view, s));
        psp_writer_end_object(&json);
    }
    psp_writer_end_array(&json);
    psp_answer_end(&json);
}
