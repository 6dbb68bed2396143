/* The answers lie behind a lock; they are small, and seldom. */
#include "collector/routers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory/grow.h"

struct router {
    bool told;
    uint64_t told_ms;
    int64_t clock_ahead_ms;
    uint8_t *keys;
    size_t bytes, capacity;
};

struct psp_routers {
    pthread_mutex_t lock;
    uint32_t count;
    struct router list[];
};

enum psp_status psp_routers_create(uint32_t count, struct psp_routers **ret_routers)
{
    struct psp_routers *routers = calloc(1, sizeof *routers + count * sizeof *routers->list);
    if (!routers)
        return PSP_ENOMEM;
    if (pthread_mutex_init(&routers->lock, NULL) != 0) {
        free(routers);
        return PSP_ENOMEM;
    }
    routers->count = count;
    *ret_routers = routers;
    return PSP_OK;
}

void psp_routers_destroy(struct psp_routers **routers_at)
{
    struct psp_routers *routers = *routers_at;
    if (!routers)
        return;
    for (uint32_t i = 0; i < routers->count; i++)
        free(routers->list[i].keys);
    pthread_mutex_destroy(&routers->lock);
    free(routers);
    *routers_at = NULL;
}

void psp_routers_take(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                      struct psp_bytes keys, int64_t clock_ahead_ms)
{
    assert(router < routers->count);
    struct router *at = &routers->list[router];
    pthread_mutex_lock(&routers->lock);
    if (PSP_GROW(at->keys, at->capacity, keys.length)) {
        if (keys.length > 0)
            memcpy(at->keys, keys.data, keys.length);
        at->bytes = keys.length;
        at->told_ms = now_ms;
        at->clock_ahead_ms = clock_ahead_ms;
        at->told = true;
    }
    pthread_mutex_unlock(&routers->lock);
}

bool psp_routers_keys(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                      struct psp_bytes *ret_keys)
{
    assert(router < routers->count);
    struct router *at = &routers->list[router];
    uint8_t *copy = NULL;
    pthread_mutex_lock(&routers->lock);
    const size_t bytes = at->bytes;
    if (at->told && now_ms <= at->told_ms + PSP_ROUTERS_SILENT_MS)
        copy = malloc(bytes + 1);
    if (copy && bytes > 0)
        memcpy(copy, at->keys, bytes);
    pthread_mutex_unlock(&routers->lock);
    if (copy)
        *ret_keys = (struct psp_bytes){copy, bytes};
    return copy != NULL;
}

bool psp_routers_clock(struct psp_routers *routers, uint32_t router, uint64_t now_ms,
                       int64_t *ret_ahead_ms)
{
    assert(router < routers->count);
    const struct router *at = &routers->list[router];
    pthread_mutex_lock(&routers->lock);
    const bool told = at->told && now_ms <= at->told_ms + PSP_ROUTERS_SILENT_MS;
    if (told)
        *ret_ahead_ms = at->clock_ahead_ms;
    pthread_mutex_unlock(&routers->lock);
    return told;
}
