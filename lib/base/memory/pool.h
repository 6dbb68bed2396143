/*
 * pool - memory that lives and dies with one owner, such as a definition.
 *
 * A national definition has millions of strings and small arrays; one malloc
 * each would cost more than what they hold, and freeing them one by one longer
 * than reading them.
 *
 * Ownership: what it hands out is valid until psp_pool_free.
 * Threads:   one owner.
 * Memory:    zeroed; blocks of 64 KiB up to 4 MiB, larger for larger requests.
 */
#ifndef PSP_POOL_H
#define PSP_POOL_H

#include <stddef.h>

struct psp_pool { /* zero-initialise */
    struct psp_pool_block *newest;
    size_t used, size; /* of the newest block */
};

/* Zeroed and aligned for any type; NULL when memory is exhausted. */
void *psp_pool_alloc(struct psp_pool *pool, size_t n, size_t size);

/* A copy that ends in NUL. */
char *psp_pool_string(struct psp_pool *pool, const char *text, size_t bytes);

/* All at once; the pool is empty then. */
void psp_pool_free(struct psp_pool *pool);

#endif
