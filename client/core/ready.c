/* Ready ballots lie in a ring; those that pause, in a wheel by the time when they are
 * ready again. */
#include <assert.h>

#include "client/core/inner.h"

enum { DOUBLINGS_MAX = 16 };

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t psp_client_jitter(struct psp_client_core *core)
{
    uint64_t z = core->jitter += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t psp_client_backoff_ms(struct psp_client_core *core, uint64_t first, unsigned times,
                               uint64_t max)
{
    assert(first > 0 && first <= max);
    uint64_t ms = first << (times < DOUBLINGS_MAX ? times : DOUBLINGS_MAX);
    if (ms > max)
        ms = max;
    return ms + ms / 8 + psp_client_jitter(core) % (ms / 4 + 1);
}

static uint32_t ready_at(const struct psp_client_core *core, uint32_t i)
{
    assert(i < core->ready.count);
    const uint32_t at = core->ready.first + i;
    return core->ready.ballots[at < core->inflight_max ? at : at - core->inflight_max];
}

static void ready_add(struct psp_client_core *core, uint32_t ballot)
{
    assert(core->ready.count < core->inflight_max);
    assert(!core->ballots.records[ballot].listed); /* it is in one list only */
    const uint32_t at = core->ready.first + core->ready.count++;
    core->ready.ballots[at < core->inflight_max ? at : at - core->inflight_max] = ballot;
    core->ballots.records[ballot].listed = true;
}

uint32_t psp_client_ready_first(const struct psp_client_core *core)
{
    assert(core->ready.count > 0);
    return ready_at(core, 0);
}

uint32_t psp_client_ready_take(struct psp_client_core *core)
{
    assert(core->ready.count > 0);
    const uint32_t ballot = ready_at(core, 0);
    assert(core->ballots.records[ballot].listed);
    if (++core->ready.first == core->inflight_max)
        core->ready.first = 0;
    core->ready.count--;
    if (core->ready_urgent > 0)
        core->ready_urgent--;
    if (core->ready.count > PSP_CLIENT_PREFETCH_AHEAD)
        psp_client_ballot_prefetch(
            &core->ballots.records[ready_at(core, PSP_CLIENT_PREFETCH_AHEAD)]);
    core->ballots.records[ballot].listed = false;
    return ballot;
}

void psp_client_ready_again(struct psp_client_core *core, uint32_t ballot)
{
    ready_add(core, ballot);
    core->ready_urgent = core->ready.count;
}

static void list_add(struct psp_client_core *core, struct psp_client_list *list, uint32_t ballot)
{
    assert(!core->ballots.records[ballot].listed);
    core->ballots.records[ballot].next = PSP_CLIENT_NO_BALLOT;
    core->ballots.records[ballot].listed = true;
    if (list->count++ == 0)
        list->first = ballot;
    else
        core->ballots.records[list->last].next = ballot;
    list->last = ballot;
}

static uint32_t list_take(struct psp_client_core *core, struct psp_client_list *list)
{
    assert(list->count > 0);
    const uint32_t ballot = list->first;
    assert(core->ballots.records[ballot].listed);
    list->first = core->ballots.records[ballot].next;
    list->count--;
    assert((list->count == 0) == (list->first == PSP_CLIENT_NO_BALLOT));
    core->ballots.records[ballot].listed = false;
    return ballot;
}

void psp_client_pause(struct psp_client_core *core, uint32_t ballot, uint64_t until_ms)
{
    const uint64_t step = until_ms / PSP_CLIENT_WHEEL_STEP_MS + 1;
    assert(step >= core->wheel_step && step - core->wheel_step < PSP_CLIENT_WHEEL_STEPS);
    list_add(core, &core->wheel[step % PSP_CLIENT_WHEEL_STEPS], ballot);
}

void psp_client_empty_pool(struct psp_client_core *core)
{
    while (core->pool.count > 0)
        psp_client_ready_again(core, psp_client_pool_draw(&core->pool));
}

void psp_client_enter(struct psp_client_core *core, uint32_t ballot, bool urgent)
{
    if (core->pool.ballots == NULL && urgent)
        psp_client_ready_again(core, ballot);
    else if (core->pool.ballots == NULL)
        ready_add(core, ballot);
    else if (psp_client_pool_add(&core->pool, ballot))
        psp_client_empty_pool(core);
}

void psp_client_turn_wheel(struct psp_client_core *core, uint64_t now_ms)
{
    const uint64_t step = now_ms / PSP_CLIENT_WHEEL_STEP_MS;
    uint64_t first = core->wheel_step;
    if (step >= first + PSP_CLIENT_WHEEL_STEPS)
        first = step - PSP_CLIENT_WHEEL_STEPS + 1;
    for (; first <= step; first++) {
        struct psp_client_list *list = &core->wheel[first % PSP_CLIENT_WHEEL_STEPS];
        while (list->count > 0)
            psp_client_ready_again(core, list_take(core, list));
    }
    core->wheel_step = first;
}
