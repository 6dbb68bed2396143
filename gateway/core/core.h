/*
 * core - what a gateway decides: whose ballots may go, and when an answer is whole.
 *
 *     order (the ballots of one request) -> room? -> one ballot after another to libpsephos
 *              |  no: REFUSED                          | receipts, in any order
 *              v                                       v
 *           done <------ every line final, or 30 s after its last byte
 *
 * An order that was given up leaves its ballots on the way: libpsephos goes on with
 * them, and they count against their station until their receipts are here. Orders
 * go in the order in which they came; each is flushed at its end, so that
 * libpsephos' pool shuffles within one order only.
 *
 * Room: a station has up to PSP_GATEWAY_STATION_MAX ballots on the way, and never more
 * than are left for the others; the same rule as a router's quota.
 *
 * Ownership: an order belongs to its maker; the core refers to it from take to done.
 * Threads:   one owner. No socket, file, clock or random in here.
 * Memory:    16 bytes an order under way or given up, 4 a station.
 */
#ifndef PSP_GATEWAY_CORE_H
#define PSP_GATEWAY_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "client/psephos.h"
#include "gateway/core/order.h"

#define PSP_GATEWAY_STATION_MAX 65536 /* ballots of one station on the way */
enum {
    PSP_GATEWAY_INFLIGHT_MAX = 1 << 20, /* ballots of all stations */
    PSP_GATEWAY_ORDERS_MAX = 1 << 15,   /* under way, or given up and not yet answered */
    PSP_GATEWAY_GIVE_UP_MS = 30000,     /* after the last byte of the request */
};

struct psp_gateway_core;

/* 0: the constants above. PSP_ENOMEM. */
enum psp_status psp_gateway_core_create(uint32_t inflight_max, struct psp_gateway_core **ret_core);
void psp_gateway_core_destroy(struct psp_gateway_core **core);

/* An order whose state is NEW. It is done at once, and says why, when there is no room. */
void psp_gateway_core_take(struct psp_gateway_core *core, struct psp_gateway_order *order);

/* The next ballot to submit; false: none now. *ret_flush: it is its order's last one. Not
 * submitted: say so at once, and it comes again. */
bool psp_gateway_core_next(struct psp_gateway_core *core, struct psp_ballot *ret_ballot,
                           bool *ret_flush);
void psp_gateway_core_unsubmitted(struct psp_gateway_core *core, uint64_t cookie);

/* One for each ballot that was submitted, also of orders given up. */
void psp_gateway_core_receipt(struct psp_gateway_core *core, const struct psp_receipt *receipt);

/* Gives up what is overdue; `why` is kept as the reason of its lines. */
void psp_gateway_core_tick(struct psp_gateway_core *core, uint64_t now_ms, const char *why);
/* Gives up all, before the end. */
void psp_gateway_core_end(struct psp_gateway_core *core, const char *why);

/* An order that is done; NULL: none. It is the maker's again. */
struct psp_gateway_order *psp_gateway_core_done(struct psp_gateway_core *core);

/* Ballots without a receipt, of all stations. */
uint64_t psp_gateway_core_inflight(const struct psp_gateway_core *core);

#endif
