/*
 * id_index - positions by ID, in O(1).
 *
 * An open-addressing table over strings that it does not copy. A scope tells
 * equal IDs apart that belong to different things: the choice "yes" of one
 * contest from the choice "yes" of another.
 *
 * Ownership: the strings must outlive the index.
 * Threads:   after the last add, any number of readers.
 * Memory:    24 bytes a slot, at most two thirds of them in use.
 */
#ifndef PSP_ID_INDEX_H
#define PSP_ID_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/status.h"

struct psp_id_slot;

struct psp_id_index { /* zero-initialise */
    struct psp_id_slot *slots;
    uint32_t count, mask;
};

/* PSP_OK; PSP_EEXIST with *ret_position the position that has the ID already;
 * PSP_ENOMEM. */
enum psp_status psp_id_index_add(struct psp_id_index *index, uint32_t scope, const char *id,
                                 size_t bytes, uint32_t position, uint32_t *ret_position);

/* PSP_NONE when there is no such ID. */
uint32_t psp_id_index_find(const struct psp_id_index *index, uint32_t scope, const char *id,
                           size_t bytes);

/* The IDs stay the caller's. */
void psp_id_index_free(struct psp_id_index *index);

#endif
