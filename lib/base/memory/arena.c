/* Chunks in a list; what is larger than a chunk gets one of its own. */
#include "base/memory/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, FIRST_CHUNK_BYTES = 64 << 10 };

/* The newest chunk is first; only it has room left. */
struct chunk {
    struct chunk *older;
    size_t size, used; /* of the bytes behind this header */
};

struct psp_arena {
    size_t budget_bytes;
    size_t used_bytes; /* handed out: what the budget bounds, so that a warm and a
                        * cold arena refuse the same messages */
    size_t next_bytes; /* size of the next chunk: grows, so that there are few */
    struct chunk *newest;
};

static_assert(sizeof(struct chunk) <= 2 * ALIGNMENT, "chunk header outgrew its room");
enum { HEADER_BYTES = 2 * ALIGNMENT };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum psp_status psp_arena_create(size_t budget_bytes, struct psp_arena **ret_arena)
{
    struct psp_arena *arena = malloc(sizeof *arena);
    if (!arena)
        return PSP_ENOMEM;
    *arena = (struct psp_arena){
        .budget_bytes = budget_bytes,
        .next_bytes = smaller(FIRST_CHUNK_BYTES, budget_bytes),
    };
    *ret_arena = arena;
    return PSP_OK;
}

static void free_chunks(struct psp_arena *arena)
{
    while (arena->newest) {
        struct chunk *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    arena->newest = NULL;
}

void psp_arena_destroy(struct psp_arena **arena)
{
    if (!*arena)
        return;
    free_chunks(*arena);
    free(*arena);
    *arena = NULL;
}

void psp_arena_reset(struct psp_arena *arena)
{
    if (arena->newest && arena->newest->older) {
        /* One chunk of the size that was needed: the next message of this size
         * takes one allocation, and those after it none. */
        arena->next_bytes = arena->used_bytes;
        free_chunks(arena);
    }
    if (arena->newest)
        arena->newest->used = 0;
    arena->used_bytes = 0;
}

/* What is lost at the end of a chunk is less than the request that did not fit,
 * so that all chunks together stay below twice the budget. */
static struct chunk *add_chunk(struct psp_arena *arena, size_t bytes)
{
    const size_t size = bytes > arena->next_bytes ? bytes : arena->next_bytes;
    struct chunk *chunk = malloc(HEADER_BYTES + size);
    if (!chunk)
        return NULL;
    *chunk = (struct chunk){.older = arena->newest, .size = size};
    arena->newest = chunk;
    arena->next_bytes = smaller(2 * size, arena->budget_bytes);
    return chunk;
}

void *psp_arena_alloc(struct psp_arena *arena, size_t bytes)
{
    if (bytes > arena->budget_bytes - arena->used_bytes)
        return NULL;
    const size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > arena->budget_bytes - arena->used_bytes)
        return NULL;
    struct chunk *chunk = arena->newest;
    if (!chunk || chunk->size - chunk->used < rounded) {
        chunk = add_chunk(arena, rounded);
        if (!chunk)
            return NULL;
    }
    void *at = (uint8_t *)chunk + HEADER_BYTES + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    return at;
}
