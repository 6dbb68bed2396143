/* What is so after every event, whatever came: see psp_router_check in inner.h. */
#include <assert.h>

#include "base/checked.h"
#include "router/core/inner.h"

/* Ballots that were decoded: each is answered, once, or open or on the way. */
static void check_ballots(const struct psp_router_core *core)
{
    const struct psp_router_counters *counters = &core->counters;
    const uint64_t answered = counters->judged + counters->busy + counters->unknown +
                              counters->configuration + counters->outside;
    assert(counters->decoded == answered + psp_router_quota_rows(&core->quota));
    assert(counters->forwarded <= counters->decoded);
    assert(counters->judged + counters->unknown + counters->configuration <= counters->forwarded);
    assert(counters->batches_resent <= counters->batches_sent);
}

static void check_lists(const struct psp_router_core *core)
{
    const struct psp_router_batch *oldest = core->oldest, *newest = core->newest;
    assert((oldest == NULL) == (newest == NULL));
    assert(oldest == NULL || (oldest->older == NULL && newest->newer == NULL));
    assert(oldest == NULL || psp_router_quota_rows(&core->quota) > 0);
    assert(core->retired == NULL || core->retired->state == PSP_ROUTER_BATCH_RETIRED);
    assert(core->pool.memory_bytes <= core->pool.memory_max);
    assert(core->pool.spare_count <= PSP_ROUTER_BATCHES_SPARE_MAX);
    assert((core->pool.spare == NULL) == (core->pool.spare_count == 0));
}

struct sums { /* of one line's batches */
    uint32_t batches, rows;
};

/* What the line says of its batches is what they are, and the quota has given out no other
 * rows. */
static void check_place(const struct psp_router_core *core, uint32_t shard,
                        const struct sums on_the_way[PSP_ROUTER_LANES])
{
    const struct psp_router_place *place = &core->places[shard];
    uint32_t rows = 0;
    assert(place->replica < core->cluster->shards[shard].replica_count);
    for (int lane = 0; lane < PSP_ROUTER_LANES; lane++) {
        const struct psp_router_line *line = &place->lines[lane];
        const struct psp_router_batch *open = line->open;
        rows += line->rows;
        assert(line->batches == on_the_way[lane].batches);
        assert(line->rows == on_the_way[lane].rows + (open != NULL ? open->n : 0));
        assert(open != NULL || line->message == 0);
        if (open == NULL)
            continue;
        assert(open->state == PSP_ROUTER_BATCH_OPEN && open->n > 0 && open->span_count > 0);
        assert(open->shard == shard && open->lane == (enum psp_router_lane)lane);
    }
    assert(rows == core->quota.shard_rows[shard]);
}

static void check_all(const struct psp_router_core *core)
{
    struct sums on_the_way[PSP_SHARDS_MAX][PSP_ROUTER_LANES] = {0};
    for (const struct psp_router_batch *batch = core->oldest; batch != NULL; batch = batch->newer) {
        const bool waits = batch->state == PSP_ROUTER_BATCH_WAITING;
        assert(waits || batch->state == PSP_ROUTER_BATCH_SENT);
        assert(waits == (batch->tries == 0));
        assert(batch->n > 0 && batch->shard < core->cluster->shard_count);
        assert(core->table[batch->id & (PSP_ROUTER_INFLIGHT_BATCHES_MAX - 1)] == batch);
        assert(batch->newer != NULL ? batch->newer->older == batch : core->newest == batch);
        on_the_way[batch->shard][batch->lane].batches++;
        on_the_way[batch->shard][batch->lane].rows += batch->n;
    }
    for (uint32_t s = 0; s < core->cluster->shard_count; s++)
        check_place(core, s, on_the_way[s]);
}

void psp_router_check(const struct psp_router_core *core)
{
    check_ballots(core);
    check_lists(core);
    psp_router_quota_check(&core->quota);
    assert(core->action_count <= core->action_capacity);
    assert(core->busy_count + core->outside_count <= PSP_BATCH_ROWS_MAX);
    assert(core->batch_id_next != 0); /* what a message without a batch ID has */
    if (PSP_CHECKED)
        check_all(core);
}
