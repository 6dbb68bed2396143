/* Columns share one block that grows; spare batches are kept, few of them, and none
 * while memory is short. */
#include "router/core/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_FIRST = 64,
    MARKS_FIRST = 1024,
    SPANS_FIRST = 4,
    RUN_BYTES = 4, /* a row of a column of runs: at worst a count of 1 and a value of 3 bytes */
    ROW_BYTES = PSP_DIGEST_BYTES + PSP_TAG_BYTES + 4 + 2 + 1 + 2 * RUN_BYTES,
};

static size_t batch_memory(const struct psp_router_batch *batch)
{
    return sizeof *batch + (size_t)batch->capacity * ROW_BYTES + batch->marks_capacity +
           (size_t)batch->span_capacity * sizeof *batch->spans;
}

static void batch_free(struct psp_router_pool *pool, struct psp_router_batch *batch)
{
    assert(pool->memory_bytes >= batch_memory(batch));
    pool->memory_bytes -= batch_memory(batch);
    free(batch->block);
    free(batch->marks);
    free(batch->spans);
    free(batch);
}

enum psp_status psp_router_pool_take(struct psp_router_pool *pool,
                                     struct psp_router_batch **ret_batch)
{
    struct psp_router_batch *batch = pool->spare;
    if (batch != NULL) {
        pool->spare = batch->newer;
        pool->spare_count--;
    } else {
        if (pool->memory_bytes + sizeof *batch > pool->memory_max)
            return PSP_ENOMEM;
        batch = calloc(1, sizeof *batch);
        if (batch == NULL)
            return PSP_ENOMEM;
        pool->memory_bytes += sizeof *batch;
    }
    batch->older = batch->newer = NULL;
    batch->state = PSP_ROUTER_BATCH_OPEN;
    batch->id = 0;
    batch->tries = batch->n = batch->span_count = 0;
    batch->marks_bytes = 0;
    batch->stations = (struct psp_runs_writer){.bytes = batch->stations.bytes};
    batch->styles = (struct psp_runs_writer){.bytes = batch->styles.bytes};
    *ret_batch = batch;
    return PSP_OK;
}

void psp_router_pool_give(struct psp_router_pool *pool, struct psp_router_batch *batch)
{
    /* Spare batches may be large: keep few, and none while memory is short. */
    if (pool->spare_count >= PSP_ROUTER_BATCHES_SPARE_MAX ||
        pool->memory_bytes > pool->memory_max / 2) {
        batch_free(pool, batch);
        return;
    }
    batch->newer = pool->spare;
    pool->spare = batch;
    pool->spare_count++;
}

void psp_router_pool_free(struct psp_router_pool *pool)
{
    while (pool->spare != NULL) {
        struct psp_router_batch *batch = pool->spare;
        pool->spare = batch->newer;
        batch_free(pool, batch);
    }
    pool->spare_count = 0;
}

static bool affordable(const struct psp_router_pool *pool, size_t more)
{
    return pool->memory_bytes + more <= pool->memory_max;
}

/* The columns move to a larger block; each starts where the one before ends. */
static enum psp_status grow_rows(struct psp_router_pool *pool, struct psp_router_batch *batch)
{
    const size_t old = batch->capacity;
    const size_t wanted = old == 0 ? ROWS_FIRST : old * 4;
    const size_t capacity = wanted < PSP_BATCH_ROWS_MAX ? wanted : PSP_BATCH_ROWS_MAX;
    if (!affordable(pool, (capacity - old) * ROW_BYTES))
        return PSP_ENOMEM;
    uint8_t *block = malloc(capacity * ROW_BYTES);
    if (block == NULL)
        return PSP_ENOMEM;

    uint8_t *digests = block;
    uint8_t *tags = digests + capacity * PSP_DIGEST_BYTES;
    uint8_t *units = tags + capacity * PSP_TAG_BYTES;
    uint8_t *row_numbers = units + capacity * 4;
    uint8_t *methods = row_numbers + capacity * 2;
    uint8_t *stations = methods + capacity;
    uint8_t *styles = stations + capacity * RUN_BYTES;
    if (batch->n > 0) {
        memcpy(digests, batch->digests, (size_t)batch->n * PSP_DIGEST_BYTES);
        memcpy(tags, batch->tags, (size_t)batch->n * PSP_TAG_BYTES);
        memcpy(units, batch->units, (size_t)batch->n * 4);
        memcpy(row_numbers, batch->row_numbers, (size_t)batch->n * 2);
        memcpy(methods, batch->methods, batch->n);
        memcpy(stations, batch->stations.bytes, batch->stations.length);
        memcpy(styles, batch->styles.bytes, batch->styles.length);
    }
    free(batch->block);
    batch->block = block;
    batch->digests = digests, batch->tags = tags, batch->units = units;
    batch->row_numbers = row_numbers, batch->methods = methods;
    batch->stations.bytes = stations, batch->styles.bytes = styles;
    batch->capacity = (uint32_t)capacity;
    pool->memory_bytes += (capacity - old) * ROW_BYTES;
    return PSP_OK;
}

static enum psp_status grow_marks(struct psp_router_pool *pool, struct psp_router_batch *batch,
                                  size_t needed)
{
    size_t capacity = batch->marks_capacity == 0 ? MARKS_FIRST : batch->marks_capacity;
    while (capacity < needed)
        capacity *= 2;
    const size_t more = capacity - batch->marks_capacity;
    if (!affordable(pool, more))
        return PSP_ENOMEM;
    uint8_t *marks = realloc(batch->marks, capacity);
    if (marks == NULL)
        return PSP_ENOMEM;
    batch->marks = marks;
    batch->marks_capacity = capacity;
    pool->memory_bytes += more;
    return PSP_OK;
}

static enum psp_status grow_spans(struct psp_router_pool *pool, struct psp_router_batch *batch)
{
    const uint32_t capacity = batch->span_capacity == 0 ? SPANS_FIRST : batch->span_capacity * 2;
    const size_t more = (size_t)(capacity - batch->span_capacity) * sizeof *batch->spans;
    if (!affordable(pool, more))
        return PSP_ENOMEM;
    struct psp_router_span *spans = realloc(batch->spans, capacity * sizeof *spans);
    if (spans == NULL)
        return PSP_ENOMEM;
    batch->spans = spans;
    batch->span_capacity = capacity;
    pool->memory_bytes += more;
    return PSP_OK;
}

enum psp_status psp_router_batch_reserve(struct psp_router_pool *pool,
                                         struct psp_router_batch *batch, size_t marks_bytes)
{
    assert(marks_bytes <= PSP_MARKS_BYTES_MAX);
    if (batch->n == PSP_BATCH_ROWS_MAX ||
        batch->marks_bytes + marks_bytes > PSP_ROUTER_BATCH_MARKS_MAX)
        return PSP_EBUSY;
    enum psp_status status = PSP_OK;
    if (batch->n == batch->capacity)
        status = grow_rows(pool, batch);
    if (status == PSP_OK && batch->marks_bytes + marks_bytes > batch->marks_capacity)
        status = grow_marks(pool, batch, batch->marks_bytes + marks_bytes);
    if (status == PSP_OK && batch->span_count == batch->span_capacity)
        status = grow_spans(pool, batch);
    return status;
}
