/*
 * checkpointer - the thread that writes checkpoints into the store, one at a
 * time, while the shard goes on counting.
 *
 * Ownership: owns a delta from push on.
 * Threads:   push, done and failure from one thread; wake is called on its own.
 * Memory:    none but the delta's.
 */
#ifndef PSP_CHECKPOINTER_H
#define PSP_CHECKPOINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "shard/store/store.h"

struct psp_checkpointer;

/* Starts the thread. PSP_ENOMEM. */
enum psp_status psp_checkpointer_create(struct psp_store *store, void (*wake)(void *context),
                                        void *context, struct psp_checkpointer **ret_checkpointer);
/* Waits for the checkpoint under way. */
void psp_checkpointer_destroy(struct psp_checkpointer **checkpointer);

/* Only when none is under way. */
void psp_checkpointer_push(struct psp_checkpointer *checkpointer, struct psp_count_delta *delta);
/* True once for every checkpoint that has become durable. */
bool psp_checkpointer_done(struct psp_checkpointer *checkpointer, uint64_t *ret_index,
                           uint64_t *ret_term);
/* PSP_OK, or why it has ended. */
enum psp_status psp_checkpointer_failure(struct psp_checkpointer *checkpointer);

#endif
