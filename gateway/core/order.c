/* Lines in an array, their bytes in another; both double. */
#include "gateway/core/order.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"
#include "election/verdict.h"

_Static_assert(sizeof(struct psp_gateway_line) == 56, "no gaps in what is kept a ballot");

void psp_gateway_order_free(struct psp_gateway_order *order)
{
    free(order->lines);
    free(order->bytes);
    order->lines = NULL;
    order->bytes = NULL;
    order->n = 0;
    order->capacity = 0;
    order->length = order->bytes_capacity = 0;
}

size_t psp_gateway_order_bytes_held(const struct psp_gateway_order *order)
{
    return order->capacity * sizeof *order->lines + order->bytes_capacity;
}

static void put(struct psp_gateway_order *order, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(order->bytes + order->length, bytes, length);
    order->length += length;
}

enum psp_status psp_gateway_order_add(struct psp_gateway_order *order,
                                      const struct psp_ballot *ballot, const char *doubt)
{
    assert(order->n < PSP_GATEWAY_LINES_MAX);
    const size_t doubt_bytes = strlen(doubt);
    const size_t more = ballot->voter_id_bytes + ballot->marks_bytes + doubt_bytes;
    if (!PSP_GROW(order->lines, order->capacity, order->n + 1) ||
        !PSP_GROW(order->bytes, order->bytes_capacity, order->length + more))
        return PSP_ENOMEM;
    struct psp_gateway_line *line = &order->lines[order->n++];
    *line = (struct psp_gateway_line){.cast_at_ms = ballot->cast_at_ms,
                                      .unit = ballot->unit,
                                      .style = ballot->style,
                                      .at = (uint32_t)order->length,
                                      .marks_bytes = (uint16_t)ballot->marks_bytes,
                                      .doubt_bytes = (uint16_t)doubt_bytes,
                                      .voter_bytes = (uint8_t)ballot->voter_id_bytes,
                                      .method = ballot->method,
                                      .fate = PSP_GATEWAY_OPEN};
    memcpy(line->ballot_id, ballot->ballot_id, sizeof line->ballot_id);
    put(order, ballot->voter_id, ballot->voter_id_bytes);
    put(order, ballot->marks, ballot->marks_bytes);
    put(order, doubt, doubt_bytes);
    return PSP_OK;
}

void psp_gateway_order_ballot(const struct psp_gateway_order *order, uint32_t line,
                              struct psp_ballot *ret_ballot)
{
    assert(line < order->n);
    const struct psp_gateway_line *of = &order->lines[line];
    const uint8_t *at = order->bytes + of->at;
    /* An earlier request may have sent it, which nobody here can know: marked so, it
     * gets the verdict that it had even when its station may no longer cast it. */
    *ret_ballot = (struct psp_ballot){.voter_id = at,
                                      .voter_id_bytes = of->voter_bytes,
                                      .unit = of->unit,
                                      .style = of->style,
                                      .method = of->method,
                                      .resent = true,
                                      .cast_at_ms = of->cast_at_ms,
                                      .marks = at + of->voter_bytes,
                                      .marks_bytes = of->marks_bytes,
                                      .station = order->station};
    memcpy(ret_ballot->ballot_id, of->ballot_id, sizeof of->ballot_id);
}

static const char *reason_of_verdict(const struct psp_gateway_order *order,
                                     const struct psp_gateway_line *line, char *ret_text,
                                     size_t size)
{
    switch (psp_verdict_first(line->verdict)) {
    case PSP_COUNTED:
        return NULL;
    case PSP_DOUBLE_VOTE:
        return "another ballot of this voter has been counted";
    case PSP_NOT_ELIGIBLE:
        return "the voter is not on the roll, or belongs to another unit or ballot style";
    case PSP_INVALID:
        if (line->doubt_bytes == 0)
            return "a contest or choice that is not on this ballot, or stands twice";
        snprintf(ret_text, size, "%.*s", (int)line->doubt_bytes,
                 (const char *)order->bytes + line->at + line->voter_bytes + line->marks_bytes);
        return ret_text;
    case PSP_CLOSED:
        return "the election was not open";
    case PSP_REPLAYED:
        break; /* never a first verdict */
    }
    return "refused";
}

const char *psp_gateway_order_reason(const struct psp_gateway_order *order, uint32_t line,
                                     char *ret_text, size_t size)
{
    assert(line < order->n);
    const struct psp_gateway_line *of = &order->lines[line];
    switch ((enum psp_gateway_fate)of->fate) {
    case PSP_GATEWAY_VERDICT:
        return reason_of_verdict(order, of, ret_text, size);
    case PSP_GATEWAY_NOT_ALLOWED:
        return "outside the units, methods or time that this token may cast for";
    case PSP_GATEWAY_OPEN:
        break;
    }
    return order->why != NULL ? order->why : "no verdict yet: send all of it again";
}
