/* As many lines at a time as fill a piece. */
#include "gateway/http/answer.h"

#include <assert.h>
#include <string.h>

#include "base/json/writer.h"
#include "election/verdict.h"

enum { PIECE_BYTES = 16384, REASON_BYTES = 512 };

unsigned psp_gateway_answer_status(const struct psp_gateway_order *order)
{
    switch (order->state) {
    case PSP_GATEWAY_ANSWERED:
        return 200;
    case PSP_GATEWAY_TOO_MANY:
        return 429;
    case PSP_GATEWAY_NEW:
    case PSP_GATEWAY_UNDER_WAY:
    case PSP_GATEWAY_GIVEN_UP:
    case PSP_GATEWAY_NO_ROOM:
        break;
    }
    return 503;
}

void psp_gateway_answer_count(const struct psp_gateway_order *order,
                              struct psp_gateway_stats *stats)
{
    uint64_t fates[PSP_GATEWAY_NOT_ALLOWED + 1] = {0}, verdicts[PSP_DISPOSITIONS_END] = {0};
    for (uint32_t i = 0; i < order->n; i++) {
        const struct psp_gateway_line *line = order->lines != NULL ? &order->lines[i] : NULL;
        fates[line != NULL ? line->fate : PSP_GATEWAY_OPEN]++;
        if (line != NULL && line->fate == PSP_GATEWAY_VERDICT)
            verdicts[psp_verdict_disposition(line->verdict)]++;
    }
    psp_gateway_count(&stats->unanswered, fates[PSP_GATEWAY_OPEN]);
    psp_gateway_count(&stats->not_allowed, fates[PSP_GATEWAY_NOT_ALLOWED]);
    for (int d = PSP_COUNTED; d < PSP_DISPOSITIONS_END; d++)
        psp_gateway_count(&stats->verdicts[d], verdicts[d]);
}

static void put_hex(struct psp_text *text, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * PSP_BALLOT_ID_BYTES];
    assert(2 * n <= sizeof hex);
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    psp_text_bytes(text, hex, 2 * n);
}

static void put_outcome(struct psp_text *text, const char *disposition, const char *first)
{
    psp_text_string(text, ",\"disposition\":\"");
    psp_text_string(text, disposition);
    psp_text_string(text, "\",\"first\":\"");
    psp_text_string(text, first);
    psp_text_string(text, "\"");
}

/* Most lines have nothing to escape: they are put together by hand. */
static void put_reason(struct psp_text *text, const char *reason)
{
    if (reason == NULL) {
        psp_text_string(text, ",\"reason\":null}\n");
        return;
    }
    struct psp_text object = {0};
    struct psp_writer json;
    psp_writer_start(&json, &object);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "reason", reason);
    psp_writer_end_object(&json);
    if (object.failed || object.length < 2) {
        text->failed = true;
    } else {
        psp_text_string(text, ",");
        psp_text_bytes(text, object.data + 1, object.length - 1);
        psp_text_string(text, "\n");
    }
    psp_text_free(&object);
}

static void put_line(struct psp_text *text, const struct psp_gateway_order *order, uint32_t at)
{
    char reason[REASON_BYTES];
    const struct psp_gateway_line *line = order->lines != NULL ? &order->lines[at] : NULL;
    const enum psp_gateway_fate fate =
        line != NULL ? (enum psp_gateway_fate)line->fate : PSP_GATEWAY_OPEN;
    psp_text_string(text, "{\"line\":");
    psp_text_number(text, (uint64_t)at + 1);
    psp_text_string(text, ",\"ballot_id\":");
    if (line != NULL) {
        psp_text_string(text, "\"");
        put_hex(text, line->ballot_id, sizeof line->ballot_id);
        psp_text_string(text, "\"");
    } else {
        psp_text_string(text, "null");
    }
    if (fate == PSP_GATEWAY_VERDICT)
        put_outcome(text, psp_disposition_name(psp_verdict_disposition(line->verdict)),
                    psp_disposition_name(psp_verdict_first(line->verdict)));
    else if (fate == PSP_GATEWAY_NOT_ALLOWED)
        put_outcome(text, "not_allowed", "not_allowed");
    else
        psp_text_string(text, ",\"disposition\":null,\"first\":null");
    if (fate == PSP_GATEWAY_VERDICT) {
        psp_text_string(text, ",\"shard\":");
        psp_text_number(text, line->shard);
        psp_text_string(text, ",\"index\":");
        psp_text_number(text, line->index);
    } else {
        psp_text_string(text, ",\"shard\":null,\"index\":null");
    }
    put_reason(text, line != NULL ? psp_gateway_order_reason(order, at, reason, sizeof reason)
                                  : order->why);
}

ssize_t psp_gateway_answer_read(struct psp_gateway_answer *answer, char *ret_bytes, size_t size)
{
    struct psp_text *text = &answer->text;
    if (answer->taken == text->length) {
        text->length = answer->taken = 0;
        while (answer->line < answer->order->n && text->length < PIECE_BYTES)
            put_line(text, answer->order, answer->line++);
        if (text->failed)
            return -1;
    }
    const size_t left = text->length - answer->taken, n = left < size ? left : size;
    if (n > 0)
        memcpy(ret_bytes, text->data + answer->taken, n);
    answer->taken += n;
    return (ssize_t)n;
}

void psp_gateway_answer_problem(struct psp_text *text, unsigned status, const char *title,
                                const char *detail)
{
    struct psp_writer json;
    psp_writer_start(&json, text);
    psp_writer_begin_object(&json, NULL);
    psp_writer_string(&json, "type", "about:blank");
    psp_writer_string(&json, "title", title);
    psp_writer_number(&json, "status", status);
    psp_writer_string(&json, "detail", detail);
    psp_writer_end_object(&json);
}
