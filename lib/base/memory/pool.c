/* Blocks in a list, freed together. */
#include "base/memory/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MIN = 64 << 10, BLOCK_BYTES_MAX = 4 << 20, ALIGNMENT = 16 };

struct psp_pool_block {
    struct psp_pool_block *older;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

static int add_block(struct psp_pool *pool, size_t bytes)
{
    size_t size = pool->size == 0 ? BLOCK_BYTES_MIN : 2 * pool->size;
    if (size > BLOCK_BYTES_MAX)
        size = BLOCK_BYTES_MAX;
    if (size < bytes)
        size = bytes;
    if (size > SIZE_MAX - sizeof(struct psp_pool_block))
        return 0;
    struct psp_pool_block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        return 0;
    block->older = pool->newest;
    pool->newest = block;
    pool->used = 0;
    pool->size = size;
    return 1;
}

static void *take(struct psp_pool *pool, size_t bytes, size_t alignment)
{
    pool->used = (pool->used + alignment - 1) / alignment * alignment;
    if (pool->newest == NULL || pool->used > pool->size || pool->size - pool->used < bytes)
        if (!add_block(pool, bytes))
            return NULL;
    void *taken = pool->newest->bytes + pool->used;
    pool->used += bytes;
    return taken;
}

void *psp_pool_alloc(struct psp_pool *pool, size_t n, size_t size)
{
    if (n > SIZE_MAX / 2 / size)
        return NULL;
    return take(pool, n > 0 ? n * size : 1, ALIGNMENT);
}

char *psp_pool_string(struct psp_pool *pool, const char *text, size_t bytes)
{
    char *copy = take(pool, bytes + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

void psp_pool_free(struct psp_pool *pool)
{
    while (pool->newest != NULL) {
        struct psp_pool_block *block = pool->newest;
        pool->newest = block->older;
        free(block);
    }
    pool->used = pool->size = 0;
}
