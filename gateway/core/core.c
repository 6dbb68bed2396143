/* Orders wait in a list to be submitted; a slot remembers one until its last receipt. */
#include "gateway/core/core.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"

#define NO_SLOT UINT32_MAX

/* A cookie: generation, slot, line. */
enum { LINE_BITS = 16, SLOT_BITS = 15 };

_Static_assert(PSP_GATEWAY_LINES_MAX == 1 << LINE_BITS, "a line fits the cookie");
_Static_assert(PSP_GATEWAY_ORDERS_MAX == 1 << SLOT_BITS, "a slot fits the cookie");

struct slot {
    struct psp_gateway_order *order; /* NULL: free, or given up */
    uint32_t station, on_the_way;    /* submitted, without a receipt */
    uint32_t generation, next_free;
};

struct list {
    struct psp_gateway_order *first, *last;
};

struct psp_gateway_core {
    uint32_t inflight_max, inflight; /* of orders taken: submitted or to be */
    uint32_t slot_count, free_first;
    struct slot *slots;
    uint32_t *of_station; /* [PSP_STATIONS_MAX + 1] ballots on the way */
    struct list waiting;  /* not all submitted */
    struct list done;
};

enum psp_status psp_gateway_core_create(uint32_t inflight_max, struct psp_gateway_core **ret_core)
{
    struct psp_gateway_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return PSP_ENOMEM;
    core->inflight_max = inflight_max != 0 ? inflight_max : PSP_GATEWAY_INFLIGHT_MAX;
    core->slots = calloc(PSP_GATEWAY_ORDERS_MAX, sizeof *core->slots);
    core->of_station = calloc(PSP_STATIONS_MAX + 1, sizeof *core->of_station);
    if (core->slots == NULL || core->of_station == NULL) {
        psp_gateway_core_destroy(&core);
        return PSP_ENOMEM;
    }
    for (uint32_t i = 0; i < PSP_GATEWAY_ORDERS_MAX; i++)
        core->slots[i].next_free = i + 1 < PSP_GATEWAY_ORDERS_MAX ? i + 1 : NO_SLOT;
    *ret_core = core;
    return PSP_OK;
}

void psp_gateway_core_destroy(struct psp_gateway_core **core)
{
    if (*core == NULL)
        return;
    free((*core)->slots);
    free((*core)->of_station);
    free(*core);
    *core = NULL;
}

static void append(struct list *list, struct psp_gateway_order *order)
{
    order->next = NULL;
    if (list->last != NULL)
        list->last->next = order;
    else
        list->first = order;
    list->last = order;
}

static struct psp_gateway_order *take_first(struct list *list)
{
    struct psp_gateway_order *order = list->first;
    if (order == NULL)
        return NULL;
    list->first = order->next;
    if (list->first == NULL)
        list->last = NULL;
    order->next = NULL;
    return order;
}

static void finish(struct psp_gateway_core *core, struct psp_gateway_order *order,
                   enum psp_gateway_order_state state)
{
    assert(order->state == PSP_GATEWAY_NEW || order->state == PSP_GATEWAY_UNDER_WAY);
    order->state = state;
    append(&core->done, order);
}

static void free_slot(struct psp_gateway_core *core, uint32_t at)
{
    struct slot *slot = &core->slots[at];
    assert(slot->order == NULL && slot->on_the_way == 0);
    slot->generation++;
    slot->next_free = core->free_first;
    core->free_first = at;
}

static void release(struct psp_gateway_core *core, uint32_t station, uint32_t n)
{
    assert(core->of_station[station] >= n && core->inflight >= n);
    core->of_station[station] -= n;
    core->inflight -= n;
}

void psp_gateway_core_take(struct psp_gateway_core *core, struct psp_gateway_order *order)
{
    assert(order->n > 0 && order->n <= PSP_GATEWAY_LINES_MAX);
    assert(order->station > 0 && order->station <= PSP_STATIONS_MAX);
    const uint32_t mine = core->of_station[order->station];
    const uint32_t left = core->inflight_max - core->inflight;
    if (mine + order->n > PSP_GATEWAY_STATION_MAX) {
        order->why = "more than " PSP_TEXT(
            PSP_GATEWAY_STATION_MAX) " ballots of this token are on the way; send all of it "
                                     "again later";
        finish(core, order, PSP_GATEWAY_TOO_MANY);
        return;
    }
    if (core->free_first == NO_SLOT || order->n > left || mine > left - order->n) {
        order->why = "the gateway has too many ballots on the way; send all of it again later";
        finish(core, order, PSP_GATEWAY_NO_ROOM);
        return;
    }
    order->slot = core->free_first;
    struct slot *slot = &core->slots[order->slot];
    core->free_first = slot->next_free;
    slot->order = order;
    slot->station = order->station;
    slot->on_the_way = 0;
    order->state = PSP_GATEWAY_UNDER_WAY;
    order->submitted = 0;
    order->open = order->n;
    core->of_station[order->station] += order->n;
    core->inflight += order->n;
    append(&core->waiting, order);
}

bool psp_gateway_core_next(struct psp_gateway_core *core, struct psp_ballot *ret_ballot,
                           bool *ret_flush)
{
    struct psp_gateway_order *order = core->waiting.first;
    if (order == NULL)
        return false;
    struct slot *slot = &core->slots[order->slot];
    assert(slot->order == order && order->submitted < order->n);
    psp_gateway_order_ballot(order, order->submitted, ret_ballot);
    ret_ballot->cookie =
        ((uint64_t)slot->generation << SLOT_BITS | order->slot) << LINE_BITS | order->submitted;
    slot->on_the_way++;
    order->submitted++;
    *ret_flush = order->submitted == order->n;
    if (*ret_flush)
        take_first(&core->waiting);
    return true;
}

void psp_gateway_core_unsubmitted(struct psp_gateway_core *core, uint64_t cookie)
{
    struct slot *slot = &core->slots[cookie >> LINE_BITS & (PSP_GATEWAY_ORDERS_MAX - 1)];
    struct psp_gateway_order *order = slot->order;
    assert(order != NULL && order->submitted > 0 && slot->on_the_way > 0);
    slot->on_the_way--;
    if (order->submitted-- == order->n) { /* it had left the list, as the first one */
        order->next = core->waiting.first;
        core->waiting.first = order;
        if (core->waiting.last == NULL)
            core->waiting.last = order;
    }
}

static void settle(struct psp_gateway_core *core, struct psp_gateway_order *order, uint32_t at,
                   const struct psp_receipt *receipt)
{
    struct psp_gateway_line *line = &order->lines[at];
    assert(at < order->submitted && line->fate == PSP_GATEWAY_OPEN && order->open > 0);
    if (receipt->outcome == PSP_OUTCOME_VERDICT) {
        line->fate = PSP_GATEWAY_VERDICT;
        line->verdict = receipt->verdict;
        line->shard = receipt->shard;
        line->index = receipt->index;
    } else if (!receipt->resent) {
        line->fate = PSP_GATEWAY_NOT_ALLOWED;
    } else {
        /* An earlier send of it may be counted, or yet arrive and be. */
        order->why = "refused as outside what this token may cast, after an earlier try that may "
                     "be counted; send all of it again";
    }
    if (--order->open > 0)
        return;
    bool whole = true;
    for (uint32_t i = 0; i < order->n && whole; i++)
        whole = order->lines[i].fate != PSP_GATEWAY_OPEN;
    core->slots[order->slot].order = NULL;
    finish(core, order, whole ? PSP_GATEWAY_ANSWERED : PSP_GATEWAY_GIVEN_UP);
}

void psp_gateway_core_receipt(struct psp_gateway_core *core, const struct psp_receipt *receipt)
{
    const uint32_t line = (uint32_t)(receipt->cookie & (PSP_GATEWAY_LINES_MAX - 1));
    const uint32_t at = (uint32_t)(receipt->cookie >> LINE_BITS & (PSP_GATEWAY_ORDERS_MAX - 1));
    struct slot *slot = &core->slots[at];
    assert((receipt->cookie >> (LINE_BITS + SLOT_BITS)) == slot->generation);
    assert(slot->on_the_way > 0);
    slot->on_the_way--;
    release(core, slot->station, 1);
    if (slot->order != NULL)
        settle(core, slot->order, line, receipt);
    if (slot->order == NULL && slot->on_the_way == 0)
        free_slot(core, at);
}

/* ---- giving up ---- */

static void leave_waiting(struct psp_gateway_core *core, const struct psp_gateway_order *order)
{
    struct list kept = {0};
    struct psp_gateway_order *at;
    while ((at = take_first(&core->waiting)) != NULL)
        if (at != order)
            append(&kept, at);
    core->waiting = kept;
}

static void give_up(struct psp_gateway_core *core, uint32_t at, const char *why)
{
    struct slot *slot = &core->slots[at];
    struct psp_gateway_order *order = slot->order;
    assert(order != NULL && order->open > 0);
    if (order->submitted < order->n)
        leave_waiting(core, order);
    release(core, slot->station, order->n - order->submitted);
    if (order->why == NULL)
        order->why = why;
    slot->order = NULL;
    finish(core, order, PSP_GATEWAY_GIVEN_UP);
    if (slot->on_the_way == 0)
        free_slot(core, at);
}

void psp_gateway_core_tick(struct psp_gateway_core *core, uint64_t now_ms, const char *why)
{
    for (uint32_t at = 0; at < PSP_GATEWAY_ORDERS_MAX; at++)
        if (core->slots[at].order != NULL && now_ms >= core->slots[at].order->deadline_ms)
            give_up(core, at, why);
}

void psp_gateway_core_end(struct psp_gateway_core *core, const char *why)
{
    for (uint32_t at = 0; at < PSP_GATEWAY_ORDERS_MAX; at++)
        if (core->slots[at].order != NULL)
            give_up(core, at, why);
}

struct psp_gateway_order *psp_gateway_core_done(struct psp_gateway_core *core)
{
    return take_first(&core->done);
}

uint64_t psp_gateway_core_inflight(const struct psp_gateway_core *core)
{
    return core->inflight;
}
