/* What is so after every event, whatever came: see psp_client_check in inner.h. */
#include <assert.h>

#include "client/core/inner.h"

/* How much is where: nothing is in two places at once, and nothing has been lost. */
static void check_counts(const struct psp_client_core *core)
{
    const uint32_t waiting = core->ready.count + core->pool.count;
    assert(core->ballots.used <= core->inflight_max);
    assert(waiting <= core->ballots.used);
    assert(core->ready_urgent <= core->ready.count);
    assert(core->ready.first < core->inflight_max);
    assert(core->receipt_first < core->inflight_max);
    /* A ballot that is answered in a list keeps its record until the list gives it out. */
    assert(core->stats.receipts <= core->stats.submitted);
    const uint64_t unanswered = core->stats.submitted - core->stats.receipts;
    assert(unanswered <= core->ballots.used);
    assert(unanswered + core->receipt_count <= core->inflight_max);
    assert(core->receipt_count <= core->stats.receipts);
}

static void check_last(const struct psp_client_core *core)
{
    const struct psp_client_batch *batch = core->last;
    if (batch == NULL)
        return;
    assert(batch->id < core->batch_id_next && batch->id != 0);
    assert(batch->router < core->router_count);
    assert(batch->open <= batch->n && batch->n <= core->batch_rows);
}

#ifdef __SANITIZE_ADDRESS__
/* Every ballot that is in use is in one place: the pool, the ring, the wheel, a batch on the
 * way, or it waits behind another of its voter. */
static void check_places(const struct psp_client_core *core)
{
    uint64_t placed = core->ready.count + core->pool.count;
    for (size_t i = 0; i < PSP_CLIENT_WHEEL_STEPS; i++)
        placed += core->wheel[i].count;
    for (size_t i = 0; i < PSP_CLIENT_BATCHES_MAX; i++) {
        const struct psp_client_batch *batch = &core->batches[i];
        assert(batch->state == PSP_CLIENT_BATCH_FREE || batch->open <= batch->n);
        if (batch->state != PSP_CLIENT_BATCH_ON_THE_WAY)
            continue;
        uint32_t current = 0;
        for (uint32_t row = 0; row < batch->n; row++)
            current += psp_client_row_current(core, &batch->rows[row]);
        placed += current;
        assert(current <= batch->open);
        assert(core->deadline_ms <= batch->deadline_ms);
    }
    assert(placed <= core->ballots.used);
    assert(core->voters.of != NULL || placed == core->ballots.used);
}
#else
static void check_places(const struct psp_client_core *core)
{
    (void)core;
}
#endif

void psp_client_check(const struct psp_client_core *core)
{
    check_counts(core);
    check_last(core);
    check_places(core);
}
