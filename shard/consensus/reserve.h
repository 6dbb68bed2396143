/*
 * reserve - room in an array of the consensus wrapper. In a header, because the
 * small-scope search gives this room's files a heap of their own.
 */
#ifndef PSP_CONSENSUS_RESERVE_H
#define PSP_CONSENSUS_RESERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Grows *array to at least n elements; false: out of memory. */
static inline bool psp_reserve(void **array, size_t *capacity, size_t n, size_t element_bytes)
{
    if (n <= *capacity)
        return true;
    size_t grown = *capacity == 0 ? 16 : *capacity;
    while (grown < n)
        grown *= 2;
    void *memory = realloc(*array, grown * element_bytes);
    if (memory == NULL)
        return false;
    *array = memory;
    *capacity = grown;
    return true;
}

#endif
