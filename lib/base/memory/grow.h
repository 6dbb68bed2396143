/*
 * grow - room in an array that takes one element more, again and again.
 *
 * Doubling: each element is moved once on average. Arrays that hold most of a
 * process's memory grow by less, and say so where they stand. In a header, because
 * the small-scope search gives the consensus wrapper a heap of its own.
 *
 * Ownership: the array is the caller's, from malloc; free it.   Threads: none.
 */
#ifndef PSP_GROW_H
#define PSP_GROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { PSP_GROW_FIRST = 16 };                /* elements */
#define PSP_GROW_BYTES_MAX ((size_t)1 << 40) /* of one array: more is a wrong count */

/* The capacity to grow to, so that at least n fit; 0: over PSP_GROW_BYTES_MAX. */
static inline size_t psp_grow_capacity(size_t capacity, size_t n, size_t element_bytes)
{
    const size_t max = PSP_GROW_BYTES_MAX / element_bytes;
    if (n > max)
        return 0;
    size_t grown = capacity == 0 ? PSP_GROW_FIRST : capacity;
    while (grown < n)
        grown *= 2; /* below 2 * max: no overflow */
    return grown < max ? grown : max;
}

/* `array_at`: where the array's pointer stands. */
static inline bool psp_grow_bytes(void *array_at, size_t *capacity, size_t n, size_t element_bytes)
{
    if (n <= *capacity)
        return true;
    const size_t grown = psp_grow_capacity(*capacity, n, element_bytes);
    void *array;
    memcpy(&array, array_at, sizeof array);
    void *larger = grown == 0 ? NULL : realloc(array, grown * element_bytes);
    if (larger == NULL)
        return false;
    memcpy(array_at, &larger, sizeof larger);
    *capacity = grown;
    return true;
}

/* Room for at least n elements: `array` is a pointer, `capacity` a size_t, both
 * lvalues, NULL and 0 at first. False, nothing changed: out of memory. */
#define PSP_GROW(array, capacity, n) psp_grow_bytes(&(array), &(capacity), n, sizeof *(array))

#endif
