/* A draw takes a ballot from anywhere and fills its place with the last one. */
#include "client/core/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

enum psp_status psp_client_pool_init(struct psp_client_pool *ret_pool, uint32_t size,
                                     uint32_t wait_ms, psp_client_random *random,
                                     void *random_context)
{
    if (size > PSP_CLIENT_POOL_MAX || wait_ms > PSP_CLIENT_POOL_WAIT_MAX_MS ||
        (size > 1 && random == NULL))
        return PSP_EINVAL;
    assert(ret_pool != NULL);
    *ret_pool =
        (struct psp_client_pool){.size = size,
                                 .wait_ms = wait_ms != 0 ? wait_ms : PSP_CLIENT_POOL_WAIT_MS,
                                 .due_ms = UINT64_MAX,
                                 .random = random,
                                 .random_context = random_context};
    if (size <= 1)
        return PSP_OK;
    ret_pool->ballots = malloc(size * sizeof *ret_pool->ballots);
    return ret_pool->ballots != NULL ? PSP_OK : PSP_ENOMEM;
}

void psp_client_pool_free(struct psp_client_pool *pool)
{
    free(pool->ballots);
    memset(pool, 0, sizeof *pool);
}

bool psp_client_pool_add(struct psp_client_pool *pool, uint32_t ballot)
{
    assert(pool->count < pool->size);
    assert(pool->ballots != NULL);
    pool->ballots[pool->count++] = ballot;
    return pool->count == pool->size;
}

bool psp_client_pool_due(struct psp_client_pool *pool, uint64_t now_ms)
{
    assert(pool->count < pool->size || pool->count == 0);
    if (pool->count == 0)
        return false;
    if (pool->due_ms == UINT64_MAX)
        pool->due_ms = now_ms + pool->wait_ms;
    assert(pool->due_ms - now_ms <= pool->wait_ms || now_ms >= pool->due_ms);
    return now_ms >= pool->due_ms;
}

/* 0 .. n-1 without favour: what does not fill a whole turn of n is drawn again. */
static uint32_t below(struct psp_client_pool *pool, uint32_t n)
{
    uint8_t bytes[4];
    uint32_t number;
    assert(n > 0);
    do {
        pool->random(pool->random_context, bytes, sizeof bytes);
        number = psp_get32(bytes);
    } while (number >= UINT32_MAX - UINT32_MAX % n);
    return number % n;
}

uint32_t psp_client_pool_draw(struct psp_client_pool *pool)
{
    assert(pool->count > 0 && pool->count <= pool->size);
    const uint32_t at = below(pool, pool->count);
    assert(at < pool->count);
    const uint32_t ballot = pool->ballots[at];
    pool->ballots[at] = pool->ballots[--pool->count];
    if (pool->count == 0)
        pool->due_ms = UINT64_MAX;
    return ballot;
}
