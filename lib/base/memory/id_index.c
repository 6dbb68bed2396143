/* Linear probing, at most two thirds full; the ID itself is compared last. */
#include "base/memory/id_index.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 16 };

struct psp_id_slot {
    const char *id; /* NULL: free */
    uint32_t bytes, scope, hash, position;
};

/* FNV-1a eight bytes at a time, mixed at the end. The IDs come from the
 * definition, which the operator wrote: no defence against chosen collisions
 * is needed, only speed on the router's path. */
static uint32_t hash_of(uint32_t scope, const char *id, size_t bytes)
{
    const uint64_t prime = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = (scope + UINT64_C(0x100000001)) * prime ^ bytes;
    while (bytes >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, id, sizeof word);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32;
        id += sizeof word, bytes -= sizeof word;
    }
    uint64_t rest = 0;
    for (size_t i = 0; i < bytes; i++)
        rest |= (uint64_t)(unsigned char)id[i] << (8 * i);
    hash = (hash ^ rest) * prime;
    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot that holds the ID, or the free one where it would go. */
static struct psp_id_slot *slot_of(const struct psp_id_index *index, uint32_t scope, const char *id,
                                   size_t bytes, uint32_t hash)
{
    for (uint32_t at = hash & index->mask;; at = (at + 1) & index->mask) {
        struct psp_id_slot *slot = &index->slots[at];
        if (slot->id == NULL || (slot->hash == hash && slot->scope == scope &&
                                 slot->bytes == bytes && memcmp(slot->id, id, bytes) == 0))
            return slot;
    }
}

static enum psp_status grow(struct psp_id_index *index)
{
    const uint32_t size = index->slots == NULL ? SLOTS_MIN : 2 * (index->mask + 1);
    struct psp_id_index larger = {calloc(size, sizeof *larger.slots), index->count, size - 1};
    if (larger.slots == NULL)
        return PSP_ENOMEM;
    for (uint32_t i = 0; index->slots != NULL && i <= index->mask; i++) {
        const struct psp_id_slot *slot = &index->slots[i];
        if (slot->id != NULL)
            *slot_of(&larger, slot->scope, slot->id, slot->bytes, slot->hash) = *slot;
    }
    free(index->slots);
    *index = larger;
    return PSP_OK;
}

enum psp_status psp_id_index_add(struct psp_id_index *index, uint32_t scope, const char *id,
                                 size_t bytes, uint32_t position, uint32_t *ret_position)
{
    if (bytes > UINT32_MAX)
        return PSP_ENOMEM;
    if (index->slots == NULL || index->count >= (index->mask + 1) / 3 * 2)
        if (grow(index) != PSP_OK)
            return PSP_ENOMEM;
    const uint32_t hash = hash_of(scope, id, bytes);
    struct psp_id_slot *slot = slot_of(index, scope, id, bytes, hash);
    if (slot->id != NULL) {
        *ret_position = slot->position;
        return PSP_EEXIST;
    }
    *slot = (struct psp_id_slot){id, (uint32_t)bytes, scope, hash, position};
    index->count++;
    return PSP_OK;
}

uint32_t psp_id_index_find(const struct psp_id_index *index, uint32_t scope, const char *id,
                           size_t bytes)
{
    if (index->slots == NULL)
        return PSP_NONE;
    const struct psp_id_slot *slot = slot_of(index, scope, id, bytes, hash_of(scope, id, bytes));
    return slot->id != NULL ? slot->position : PSP_NONE;
}

void psp_id_index_free(struct psp_id_index *index)
{
    free(index->slots);
    *index = (struct psp_id_index){0};
}
