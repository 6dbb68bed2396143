/*
 * order - the ballots of one request, and what became of each.
 *
 * Line i of the body is at i - 1. What is long lies in one run of bytes that the lines point
 * into: voter ID, marks, and for some what the definition says against the ballot.
 *
 * Ownership: owns its lines.   Threads: one owner at a time.
 * Memory:    56 bytes a ballot and its bytes; `bytes_held` tells it.
 */
#ifndef PSP_GATEWAY_ORDER_H
#define PSP_GATEWAY_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"
#include "client/psephos.h"

#define PSP_GATEWAY_LINES_MAX 65536 /* ballots of one request */

enum psp_gateway_fate {
    PSP_GATEWAY_OPEN,        /* no final verdict */
    PSP_GATEWAY_VERDICT,     /* judged */
    PSP_GATEWAY_NOT_ALLOWED, /* refused; this request sent it once only */
};

struct psp_gateway_line {
    uint64_t cast_at_ms, index;
    uint8_t ballot_id[PSP_BALLOT_ID_BYTES];
    uint32_t unit, style, shard;
    uint32_t at; /* in the order's bytes: voter ID, marks, doubt */
    uint16_t marks_bytes, doubt_bytes;
    uint8_t voter_bytes, method, verdict, fate;
};

enum psp_gateway_order_state {
    PSP_GATEWAY_NEW,
    PSP_GATEWAY_UNDER_WAY,
    PSP_GATEWAY_ANSWERED, /* every line has its final verdict */
    PSP_GATEWAY_GIVEN_UP, /* some have none */
    PSP_GATEWAY_NO_ROOM,  /* nothing was sent: the gateway has too much on the way */
    PSP_GATEWAY_TOO_MANY, /* nothing was sent: the station has */
};

struct psp_gateway_order { /* zero-initialise; free with psp_gateway_order_free */
    enum psp_gateway_order_state state;
    uint32_t station, n;
    size_t capacity;
    uint64_t deadline_ms;
    struct psp_gateway_line *lines; /* NULL: counted only, there was no room */
    uint8_t *bytes;
    size_t length, bytes_capacity;
    const char *why; /* of those without a verdict; static */
    void *context;   /* its maker's */
    /* The core's. */
    uint32_t slot, submitted, open;
    struct psp_gateway_order *next;
};

/* It is empty then. */
void psp_gateway_order_free(struct psp_gateway_order *order);
/* Of lines and what they point into. */
size_t psp_gateway_order_bytes_held(const struct psp_gateway_order *order);

/* Copies a ballot, the next line's; `doubt` may be "". PSP_ENOMEM. At most
 * PSP_GATEWAY_LINES_MAX. */
enum psp_status psp_gateway_order_add(struct psp_gateway_order *order,
                                      const struct psp_ballot *ballot, const char *doubt);

/* As it goes to libpsephos, but for the cookie. Points into the order. */
void psp_gateway_order_ballot(const struct psp_gateway_order *order, uint32_t line,
                              struct psp_ballot *ret_ballot);

/* Why a line is not counted, or has no verdict; NULL: it is counted. Into `ret_text`,
 * or static. */
const char *psp_gateway_order_reason(const struct psp_gateway_order *order, uint32_t line,
                                     char *ret_text, size_t size);

#endif
