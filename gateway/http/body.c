/* A line that comes in one piece is copied once, to end in NUL. */
#include "gateway/http/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory/grow.h"
#include "client/line/ballot_line.h"

void psp_gateway_body_start(struct psp_gateway_body *body, const struct psp_definition *definition,
                            struct psp_gateway_stats *stats, uint32_t station, bool one)
{
    *body = (struct psp_gateway_body){.definition = definition, .stats = stats, .one = one};
    body->order.station = station;
}

static void hold(struct psp_gateway_body *body, size_t bytes)
{
    if (bytes > body->held)
        psp_gateway_count(&body->stats->held_bytes, bytes - body->held);
    else
        atomic_fetch_sub(&body->stats->held_bytes, body->held - bytes);
    body->held = bytes;
}

static void drop(struct psp_gateway_body *body)
{
    free(body->part);
    body->part = NULL;
    body->part_length = body->part_capacity = 0;
    psp_gateway_order_free(&body->order);
    hold(body, 0);
}

void psp_gateway_body_free(struct psp_gateway_body *body)
{
    drop(body);
}

static void fail(struct psp_gateway_body *body, enum psp_gateway_fault fault)
{
    body->fault = fault;
    drop(body);
}

static void shed(struct psp_gateway_body *body, uint32_t counted)
{
    drop(body);
    body->shed = true;
    body->order.n = counted;
}

/* More than is held already; false: it was too much. */
static bool see_to_bytes(struct psp_gateway_body *body)
{
    const size_t bytes = body->part_capacity + psp_gateway_order_bytes_held(&body->order);
    if (bytes > body->held && psp_gateway_stat(&body->stats->held_bytes) + bytes - body->held >
                                  PSP_GATEWAY_HELD_BYTES_MAX)
        return false;
    if (bytes != body->held)
        hold(body, bytes);
    return true;
}

static void refuse(struct psp_gateway_body *body, uint32_t line, const char *text)
{
    body->line = line;
    psp_reason_set(&body->reason, "%s", text);
    fail(body, PSP_GATEWAY_BAD_LINE);
}

static void count_line(struct psp_gateway_body *body)
{
    if (body->order.n == PSP_GATEWAY_LINES_MAX)
        fail(body, PSP_GATEWAY_TOO_LARGE);
    else
        body->order.n++;
}

static void read_line(struct psp_gateway_body *body)
{
    const struct psp_ballot_lines form = {.definition = body->definition};
    struct psp_ballot_line storage;
    struct psp_ballot ballot;
    if (body->blank_line > 0) {
        refuse(body, body->blank_line, "is empty: a line is a ballot");
        return;
    }
    if (body->order.n == PSP_GATEWAY_LINES_MAX) {
        fail(body, PSP_GATEWAY_TOO_LARGE);
        return;
    }
    if (psp_ballot_line_read(&form, body->part, body->part_length, &storage, &ballot,
                             &body->reason) != PSP_OK) {
        fail(body, PSP_GATEWAY_BAD_LINE);
        return;
    }
    if (psp_gateway_order_add(&body->order, &ballot, storage.doubt) != PSP_OK ||
        !see_to_bytes(body))
        shed(body, body->order.n);
}

static void end_line(struct psp_gateway_body *body)
{
    body->line++;
    if (!body->line_has_text) {
        if (body->blank_line == 0)
            body->blank_line = body->line;
    } else if (body->shed) {
        count_line(body);
    } else {
        if (!body->one && body->part_length > 0 && body->part[body->part_length - 1] == '\r')
            body->part_length--;
        body->part[body->part_length] = '\0';
        read_line(body);
    }
    body->part_length = 0;
    body->line_has_text = false;
}

static bool has_text(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r\n", bytes[i]) || bytes[i] == '\0')
            return true;
    return false;
}

static void add_part(struct psp_gateway_body *body, const char *bytes, size_t length)
{
    body->line_has_text = body->line_has_text || has_text(bytes, length);
    if (body->shed)
        return;
    if (body->part_length + length > PSP_GATEWAY_LINE_BYTES_MAX) {
        refuse(body, body->line + 1,
               "is longer than " PSP_TEXT(PSP_GATEWAY_LINE_BYTES_MAX) " bytes");
        return;
    }
    if (!PSP_GROW(body->part, body->part_capacity, body->part_length + length + 1)) {
        shed(body, body->order.n);
        return;
    }
    if (!see_to_bytes(body)) {
        shed(body, body->order.n);
        return;
    }
    memcpy(body->part + body->part_length, bytes, length);
    body->part_length += length;
}

void psp_gateway_body_feed(struct psp_gateway_body *body, const char *bytes, size_t length)
{
    body->bytes += length;
    if (body->bytes > PSP_GATEWAY_BODY_BYTES_MAX && body->fault != PSP_GATEWAY_TOO_LARGE)
        fail(body, PSP_GATEWAY_TOO_LARGE);
    while (length > 0 && body->fault == PSP_GATEWAY_GOOD) {
        const char *end = body->one ? NULL : memchr(bytes, '\n', length);
        const size_t n = end ? (size_t)(end - bytes) : length;
        add_part(body, bytes, n);
        if (end && body->fault == PSP_GATEWAY_GOOD)
            end_line(body);
        const size_t used = n + (end ? 1 : 0);
        bytes += used;
        length -= used;
    }
}

void psp_gateway_body_end(struct psp_gateway_body *body)
{
    if (body->fault == PSP_GATEWAY_GOOD && (body->line_has_text || body->part_length > 0))
        end_line(body);
    if (body->fault == PSP_GATEWAY_GOOD && body->order.n == 0)
        refuse(body, 1, "holds no ballot: send one as a JSON object, or one a line");
    if (body->fault == PSP_GATEWAY_GOOD && !body->shed) {
        free(body->part);
        body->part = NULL;
        body->part_length = body->part_capacity = 0;
        see_to_bytes(body);
    }
}
