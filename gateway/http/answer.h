/*
 * answer - what became of an order, a line of JSON a ballot; and problems.
 *
 * Lines are written as the client takes them, so that an answer holds little beside
 * its order.
 *
 * Ownership: an answer refers to its order.   Threads: one owner.
 */
#ifndef PSP_GATEWAY_ANSWER_H
#define PSP_GATEWAY_ANSWER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/text/text.h"
#include "gateway/core/order.h"
#include "gateway/desk/stats.h"

struct psp_gateway_answer { /* zero-initialise, then set order; free its text */
    const struct psp_gateway_order *order;
    uint32_t line;        /* the next to write */
    struct psp_text text; /* written and not taken */
    size_t taken;
};

/* 200, 503 or 429. */
unsigned psp_gateway_answer_status(const struct psp_gateway_order *order);
/* By what became of each. */
void psp_gateway_answer_count(const struct psp_gateway_order *order,
                              struct psp_gateway_stats *stats);

/* Up to `size` bytes more; 0: that was all. -1: no memory. */
ssize_t psp_gateway_answer_read(struct psp_gateway_answer *answer, char *ret_bytes, size_t size);

/* application/problem+json. */
void psp_gateway_answer_problem(struct psp_text *text, unsigned status, const char *title,
                                const char *detail);

#endif
