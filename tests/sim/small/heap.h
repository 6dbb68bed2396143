/*
 * heap - the memory of a node's consensus, in one piece that can be saved and
 * put back, so that a search can go back to an earlier state.
 *
 * libraft allocates through its raft_heap, the wrapper through the names below
 * (a compile definition). A node's blocks stay where they are, so pointers into
 * them hold after a restore. Blocks are zeroed: what is not set is the same in
 * every run.
 *
 * Threads: one.
 */
#ifndef SMALL_HEAP_H
#define SMALL_HEAP_H

#include <stddef.h>
#include <stdint.h>

enum { SMALL_NODES = 3, SMALL_HEAP_BYTES = 96 << 10 };

void small_heap_init(void);
/* Whose memory is used from here on. */
void small_heap_of(uint32_t node);
/* Forgets all blocks of a node. */
void small_heap_clear(uint32_t node);
/* `ret_memory`: SMALL_HEAP_BYTES. */
size_t small_heap_save(uint32_t node, uint8_t *ret_memory);
void small_heap_restore(uint32_t node, const uint8_t *memory);
size_t small_heap_size(const void *block);

void *small_malloc(size_t bytes);
void *small_calloc(size_t n, size_t bytes);
void *small_realloc(void *block, size_t bytes);
void small_free(void *block);

#endif
