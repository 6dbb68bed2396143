/* A row is taken from its shard's share while there is any, then from the common rest. */
#include "router/core/quota.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum { STATIONS_FIRST = 64 };

void psp_router_quota_init(struct psp_router_quota *quota, uint32_t shard_count, uint32_t rows_max)
{
    assert(shard_count > 0 && shard_count <= PSP_SHARDS_MAX);
    *quota = (struct psp_router_quota){.shard_count = shard_count};
    quota->share_rows = rows_max / 2 / shard_count;
    quota->common_rows = rows_max - quota->share_rows * shard_count;
    assert(quota->common_rows >= rows_max / 2);
}

void psp_router_quota_free(struct psp_router_quota *quota)
{
    free(quota->station_rows);
    *quota = (struct psp_router_quota){0};
}

enum psp_status psp_router_quota_know(struct psp_router_quota *quota, uint32_t station)
{
    if (station < quota->station_count)
        return PSP_OK;
    uint64_t count = quota->station_count == 0 ? STATIONS_FIRST : quota->station_count;
    while (count <= station)
        count *= 2;
    if (count > UINT32_MAX)
        return PSP_ENOMEM;
    const size_t row_bytes = quota->shard_count * sizeof *quota->station_rows;
    uint32_t *rows = realloc(quota->station_rows, (size_t)count * row_bytes);
    if (rows == NULL)
        return PSP_ENOMEM;
    memset(rows + (size_t)quota->station_count * quota->shard_count, 0,
           (size_t)(count - quota->station_count) * row_bytes);
    quota->station_rows = rows;
    quota->station_count = (uint32_t)count;
    assert(station < quota->station_count);
    return PSP_OK;
}

static uint32_t *rows_of(struct psp_router_quota *quota, uint32_t shard, uint32_t station)
{
    assert(shard < quota->shard_count);
    assert(station < quota->station_count);
    return &quota->station_rows[(size_t)station * quota->shard_count + shard];
}

bool psp_router_quota_admit(struct psp_router_quota *quota, uint32_t shard, uint32_t station)
{
    uint32_t *mine = rows_of(quota, shard, station), *rows = &quota->shard_rows[shard];
    assert(quota->common_used <= quota->common_rows);
    const uint32_t share_free = *rows < quota->share_rows ? quota->share_rows - *rows : 0;
    if (*mine >= share_free + (quota->common_rows - quota->common_used))
        return false;
    if (share_free == 0)
        quota->common_used++;
    ++*rows;
    ++*mine;
    quota->rows++;
    assert(*mine <= *rows && *rows <= quota->rows);
    return true;
}

void psp_router_quota_release(struct psp_router_quota *quota, uint32_t shard, uint32_t station,
                              uint32_t n)
{
    uint32_t *mine = rows_of(quota, shard, station), *rows = &quota->shard_rows[shard];
    assert(*mine >= n);
    assert(*rows >= *mine && quota->rows >= *rows);
    const uint32_t over = *rows > quota->share_rows ? *rows - quota->share_rows : 0;
    assert(quota->common_used >= over);
    quota->common_used -= n < over ? n : over;
    *rows -= n;
    *mine -= n;
    quota->rows -= n;
}

uint64_t psp_router_quota_rows(const struct psp_router_quota *quota)
{
    return quota->rows;
}

static void check_sums(const struct psp_router_quota *quota)
{
    uint64_t rows = 0, over = 0;
    for (uint32_t s = 0; s < quota->shard_count; s++) {
        const uint32_t of_shard = quota->shard_rows[s];
        rows += of_shard;
        over += of_shard > quota->share_rows ? of_shard - quota->share_rows : 0;
    }
    assert(rows == quota->rows);
    assert(over == quota->common_used);
}

void psp_router_quota_check(const struct psp_router_quota *quota)
{
    assert(quota->common_used <= quota->common_rows);
    assert(quota->common_used <= quota->rows);
    assert(quota->rows <= (uint64_t)quota->share_rows * quota->shard_count + quota->common_rows);
    if (PSP_CHECKED)
        check_sums(quota);
}

uint32_t psp_router_rate_add(struct psp_router_rate *rate, uint32_t rows, uint64_t now_ms)
{
    assert(rows > 0 && rows <= PSP_BATCH_ROWS_MAX);
    const uint32_t second = (uint32_t)(now_ms / 1000);
    if (rate->second != second)
        *rate = (struct psp_router_rate){second, 0, rate->second + 1 == second ? rate->rows : 0};
    rate->rows += rows;
    return rate->rows > rate->before ? rate->rows : rate->before;
}
