/* What is so after every event, whatever came: see psp_router_check in inner.h. */
#include <assert.h>

#include "router/core/inner.h"

#ifdef __SANITIZE_ADDRESS__
/* Rows of the shard's lines are those that the quota has given out, and no more. */
static void check_place(const struct psp_router_core *core, uint32_t shard)
{
    const struct psp_router_place *place = &core->places[shard];
    uint32_t rows = 0;
    for (int lane = 0; lane < PSP_ROUTER_LANES; lane++) {
        const struct psp_router_line *line = &place->lines[lane];
        rows += line->rows;
        assert(line->rows >= line->batches); /* a batch has a row at least */
        if (line->open == NULL)
            continue;
        assert(line->open->state == PSP_ROUTER_BATCH_OPEN && line->open->n > 0);
        assert(line->open->shard == shard && line->open->lane == (enum psp_router_lane)lane);
        assert(line->open->n <= line->rows && line->open->span_count > 0);
    }
    assert(rows == core->quota.shard_rows[shard]);
}

/* The list of batches on the way, the table and the lines speak of the same ones. */
static void check_batches(const struct psp_router_core *core)
{
    uint64_t listed = 0, counted = 0;
    for (const struct psp_router_batch *batch = core->oldest; batch != NULL; batch = batch->newer) {
        listed++;
        assert(batch->state != PSP_ROUTER_BATCH_OPEN && batch->tries > 0);
        assert(core->table[batch->id & (PSP_ROUTER_INFLIGHT_BATCHES_MAX - 1)] == batch);
        assert(batch->newer != NULL ? batch->newer->older == batch : core->newest == batch);
    }
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        for (int lane = 0; lane < PSP_ROUTER_LANES; lane++)
            counted += core->places[s].lines[lane].batches;
    }
    assert(listed == counted);
}

static void check_all(const struct psp_router_core *core)
{
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        check_place(core, s);
    check_batches(core);
}
#else
static void check_all(const struct psp_router_core *core)
{
    (void)core;
}
#endif

void psp_router_check(const struct psp_router_core *core)
{
    assert((core->oldest == NULL) == (core->newest == NULL));
    assert(core->oldest == NULL || core->oldest->older == NULL);
    assert(core->newest == NULL || core->newest->newer == NULL);
    assert(core->action_count <= core->action_capacity);
    assert(core->pool.memory_bytes <= core->pool.memory_max);
    assert(core->pool.spare_count <= PSP_ROUTER_BATCHES_SPARE_MAX);
    assert((core->pool.spare == NULL) == (core->pool.spare_count == 0));
    assert(core->quota.common_used <= core->quota.common_rows);
    assert(core->busy_count <= PSP_BATCH_ROWS_MAX && core->outside_count <= PSP_BATCH_ROWS_MAX);
    assert(core->batch_id_next != 0);
    check_all(core);
}
