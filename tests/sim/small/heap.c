/* Size classes with free lists, all by offsets: a state is saved and put back by
 * copying bytes. */
#include "tests/sim/small/heap.h"

#include <assert.h>
#include <raft.h>
#include <stddef.h>
#include <string.h>

enum { CLASSES = 20, SMALLEST = 16, HEADER = 16 };

/* Offsets count from the start of the heap; 0: none. */
struct heap {
    uint64_t used;
    uint64_t free_of[CLASSES]; /* the first free block of a class, the next one in it */
    _Alignas(16) uint8_t memory[];
};

union heap_memory {
    struct heap heap;
    _Alignas(64) uint8_t bytes[SMALL_HEAP_BYTES];
};

static union heap_memory heaps[SMALL_NODES];
static struct heap *current;

void small_heap_of(uint32_t node)
{
    current = &heaps[node].heap;
}

void small_heap_clear(uint32_t node)
{
    memset(&heaps[node].heap, 0, sizeof(struct heap));
    heaps[node].heap.used = sizeof(struct heap);
}

size_t small_heap_save(uint32_t node, uint8_t *ret_memory)
{
    const size_t bytes = heaps[node].heap.used;
    memcpy(ret_memory, heaps[node].bytes, bytes);
    return bytes;
}

void small_heap_restore(uint32_t node, const uint8_t *memory)
{
    uint64_t bytes = 0; /* kept memory need not be aligned */
    memcpy(&bytes, memory + offsetof(struct heap, used), sizeof bytes);
    memcpy(heaps[node].bytes, memory, bytes);
}

static uint64_t *header_of(const void *block)
{
    return (uint64_t *)(uintptr_t)((const uint8_t *)block - HEADER);
}

size_t small_heap_size(const void *block)
{
    return header_of(block)[1];
}

void *small_malloc(size_t bytes)
{
    uint32_t class = 0;
    while ((size_t)SMALLEST << class < bytes)
        class ++;
    assert(class < CLASSES);
    uint8_t *base = (uint8_t *)current;
    uint64_t at = current->free_of[class];
    if (at != 0) {
        memcpy(&current->free_of[class], base + at, sizeof(uint64_t));
    } else {
        at = current->used + HEADER;
        current->used = at + ((size_t)SMALLEST << class);
        assert(current->used <= SMALL_HEAP_BYTES);
    }
    memset(base + at, 0, (size_t)SMALLEST << class);
    header_of(base + at)[0] = class;
    header_of(base + at)[1] = bytes;
    return base + at;
}

void small_free(void *block)
{
    if (block == NULL)
        return;
    const uint64_t class = header_of(block)[0];
    assert(class < CLASSES);
    memcpy(block, &current->free_of[class], sizeof(uint64_t));
    current->free_of[class] = (uint64_t)((uint8_t *)block - (uint8_t *)current);
}

void *small_calloc(size_t n, size_t bytes)
{
    return small_malloc(n * bytes);
}

void *small_realloc(void *block, size_t bytes)
{
    void *larger = small_malloc(bytes);
    if (block != NULL) {
        const size_t old = small_heap_size(block);
        memcpy(larger, block, old < bytes ? old : bytes);
        small_free(block);
    }
    return larger;
}

/* ---- libraft's ---- */

static void *raft_side_malloc(void *data, size_t bytes)
{
    (void)data;
    return small_malloc(bytes);
}

static void raft_side_free(void *data, void *block)
{
    (void)data;
    small_free(block);
}

static void *raft_side_calloc(void *data, size_t n, size_t bytes)
{
    (void)data;
    return small_calloc(n, bytes);
}

static void *raft_side_realloc(void *data, void *block, size_t bytes)
{
    (void)data;
    return small_realloc(block, bytes);
}

static void *raft_side_aligned(void *data, size_t alignment, size_t bytes)
{
    (void)data;
    assert(alignment <= SMALLEST);
    return small_malloc(bytes);
}

static void raft_side_aligned_free(void *data, size_t alignment, void *block)
{
    (void)data;
    (void)alignment;
    small_free(block);
}

void small_heap_init(void)
{
    static struct raft_heap heap = {.malloc = raft_side_malloc,
                                    .free = raft_side_free,
                                    .calloc = raft_side_calloc,
                                    .realloc = raft_side_realloc,
                                    .aligned_alloc = raft_side_aligned,
                                    .aligned_free = raft_side_aligned_free};
    raft_heap_set(&heap);
    for (uint32_t i = 0; i < SMALL_NODES; i++)
        small_heap_clear(i);
}
