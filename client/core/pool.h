/*
 * pool - ballots that wait for each other, so that they leave in another order.
 *
 * A station submits in the order in which people voted; whoever saw them come
 * and go, and sees the order in which ballots arrive, would know whose is whose.
 * So ballots gather until there are `size` of them, or the first has waited long
 * enough, and are drawn from the pool by chance.
 *
 * Ownership: numbers of ballots only; `random_context` is the caller's.
 * Threads:   one owner. The chance comes from outside.
 * Memory:    reserved at init.
 */
#ifndef PSP_CLIENT_POOL_H
#define PSP_CLIENT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    PSP_CLIENT_POOL_MAX = 8192,
    PSP_CLIENT_POOL_WAIT_MS = 2000,       /* unless asked otherwise, */
    PSP_CLIENT_POOL_WAIT_MAX_MS = 600000, /* up to this */
};

/* Fills in `bytes` bytes (at most 256) that nobody can foresee. */
typedef void psp_client_random(void *context, void *ret_bytes, size_t bytes);

_Static_assert(PSP_CLIENT_POOL_WAIT_MS <= PSP_CLIENT_POOL_WAIT_MAX_MS, "what is usual is allowed");

struct psp_client_pool {
    uint32_t *ballots; /* NULL: there is no pool */
    uint32_t size, count;
    uint64_t wait_ms, due_ms; /* due_ms UINT64_MAX: not known before the next tick */
    psp_client_random *random;
    void *random_context;
};

/* A size of 0 or 1 is no pool; wait_ms 0 is PSP_CLIENT_POOL_WAIT_MS. PSP_EINVAL: over a
 * limit, or no `random` for a pool. PSP_ENOMEM. */
enum psp_status psp_client_pool_init(struct psp_client_pool *ret_pool, uint32_t size,
                                     uint32_t wait_ms, psp_client_random *random,
                                     void *random_context);
void psp_client_pool_free(struct psp_client_pool *pool);

/* True: the pool is full now. */
bool psp_client_pool_add(struct psp_client_pool *pool, uint32_t ballot);
/* True: the ballots have waited long enough. */
bool psp_client_pool_due(struct psp_client_pool *pool, uint64_t now_ms);
/* Takes one of those that are there, each with the same chance. */
uint32_t psp_client_pool_draw(struct psp_client_pool *pool);

#endif
