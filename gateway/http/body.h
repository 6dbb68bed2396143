/*
 * body - ballots as they come in, a piece at a time.
 *
 * Each whole line is read at once, so that a request holds its ballots and one line, not
 * its text. Nothing is sent before the last line was read: the first fault ends the reading,
 * and the rest is thrown away.
 *
 * Bodies share PSP_GATEWAY_HELD_BYTES_MAX. What does not fit any more is not kept: its
 * lines are counted, and answered as not sent.
 *
 * Ownership: owns its order.   Threads: one owner; `held` any.
 */
#ifndef PSP_GATEWAY_BODY_H
#define PSP_GATEWAY_BODY_H

#include "base/reason.h"
#include "gateway/core/order.h"
#include "gateway/desk/stats.h"

#define PSP_GATEWAY_BODY_MIB_MAX 16
enum {
    PSP_GATEWAY_BODY_BYTES_MAX = PSP_GATEWAY_BODY_MIB_MAX << 20, /* of one request */
    PSP_GATEWAY_HELD_BYTES_MAX = 512 << 20, /* of all requests, their answers included */
};
#define PSP_GATEWAY_LINE_BYTES_MAX 1048576

enum psp_gateway_fault {
    PSP_GATEWAY_GOOD,
    PSP_GATEWAY_BAD_LINE,  /* 400 */
    PSP_GATEWAY_TOO_LARGE, /* 413 */
};

struct psp_gateway_body { /* psp_gateway_body_start; psp_gateway_body_free */
    struct psp_gateway_order order;
    const struct psp_definition *definition;
    struct psp_gateway_stats *stats;
    bool one;  /* the whole body is one object, over as many lines as it likes */
    bool shed; /* the lines are counted only */
    bool line_has_text;
    enum psp_gateway_fault fault;
    uint32_t line, blank_line; /* from 1; of the first blank one, 0 none */
    uint64_t bytes;
    size_t held; /* of the shared bytes */
    char *part;  /* of the line that is not whole yet */
    size_t part_length, part_capacity;
    struct psp_reason reason;
};

/* Empty; `one`: as above. */
void psp_gateway_body_start(struct psp_gateway_body *body, const struct psp_definition *definition,
                            struct psp_gateway_stats *stats, uint32_t station, bool one);
/* The next piece. */
void psp_gateway_body_feed(struct psp_gateway_body *body, const char *bytes, size_t length);
/* No more comes. */
void psp_gateway_body_end(struct psp_gateway_body *body);
void psp_gateway_body_free(struct psp_gateway_body *body);

#endif
