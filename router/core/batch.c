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

static_assert(PSP_STATIONS_MAX < 1 << 21, "a station's number is a varint of 3 bytes");
static_assert(PSP_UNIT_STYLES_MAX < 1 << 21, "likewise a style's place");
static_assert(PSP_BATCH_ROWS_MAX - 1 <= UINT16_MAX, "a row's number has two bytes");
static_assert((int)PSP_MARKS_BYTES_MAX <= (int)PSP_ROUTER_BATCH_MARKS_MAX,
              "a batch takes any ballot");

void psp_router_batch_move(struct psp_router_batch *batch, enum psp_router_batch_state to)
{
    static const uint8_t next[PSP_ROUTER_BATCH_STATES] = {
        [PSP_ROUTER_BATCH_SPARE] = 1 << PSP_ROUTER_BATCH_OPEN,
        [PSP_ROUTER_BATCH_OPEN] = 1 << PSP_ROUTER_BATCH_SENT | 1 << PSP_ROUTER_BATCH_RETIRED |
                                  1 << PSP_ROUTER_BATCH_SPARE,
        [PSP_ROUTER_BATCH_SENT] = 1 << PSP_ROUTER_BATCH_SENT | 1 << PSP_ROUTER_BATCH_WAITING |
                                  1 << PSP_ROUTER_BATCH_RETIRED,
        [PSP_ROUTER_BATCH_WAITING] = 1 << PSP_ROUTER_BATCH_SENT | 1 << PSP_ROUTER_BATCH_RETIRED,
        [PSP_ROUTER_BATCH_RETIRED] = 1 << PSP_ROUTER_BATCH_SPARE,
    };
    assert((next[batch->state] & 1U << to) != 0);
    batch->state = to;
}

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
        assert(pool->spare_count > 0);
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
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_OPEN);
    batch->older = batch->newer = NULL;
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
    assert(batch->state == PSP_ROUTER_BATCH_RETIRED || batch->n == 0);
    psp_router_batch_move(batch, PSP_ROUTER_BATCH_SPARE);
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
        pool->spare_count--;
        batch_free(pool, batch);
    }
    assert(pool->spare_count == 0);
}

static bool affordable(const struct psp_router_pool *pool, size_t more)
{
    assert(pool->memory_bytes <= pool->memory_max);
    return pool->memory_bytes + more <= pool->memory_max;
}

/* The columns move to a larger block; each starts where the one before ends. */
static enum psp_status grow_rows(struct psp_router_pool *pool, struct psp_router_batch *batch)
{
    const size_t old = batch->capacity;
    const size_t wanted = old == 0 ? ROWS_FIRST : old * 4;
    const size_t capacity = wanted < PSP_BATCH_ROWS_MAX ? wanted : PSP_BATCH_ROWS_MAX;
    assert(batch->n == old && capacity > old);
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
    assert(styles + capacity * RUN_BYTES == block + capacity * ROW_BYTES);
    assert(batch->stations.length <= old * RUN_BYTES && batch->styles.length <= old * RUN_BYTES);
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
    assert(needed > batch->marks_capacity && needed <= PSP_ROUTER_BATCH_MARKS_MAX);
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
    assert(batch->span_count < PSP_BATCH_ROWS_MAX); /* a span has a row at least */
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
    assert(batch->state == PSP_ROUTER_BATCH_OPEN);
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

void psp_router_batch_end(struct psp_router_batch *batch)
{
    assert(batch->n > 0 && batch->span_count > 0 && batch->spans[0].first == 0);
    psp_runs_end(&batch->stations);
    psp_runs_end(&batch->styles);
    assert(batch->stations.length > 0 && batch->stations.length <= (size_t)batch->n * RUN_BYTES);
    assert(batch->styles.length > 0 && batch->styles.length <= (size_t)batch->n * RUN_BYTES);
}
