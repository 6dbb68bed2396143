/* Parts are taken in order only; anything else begins anew. */
#include "wire/message/partial_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

void psp_partial_parts_clear(struct psp_partial_parts *parts)
{
    free(parts->rows);
    parts->rows = NULL;
    parts->length = parts->capacity = 0;
    parts->next = 0;
}

static bool follows(const struct psp_partial_parts *parts, uint64_t id,
                    const struct psp_partial *part)
{
    return part->part == parts->next && part->parts == parts->parts && id == parts->id &&
           part->epoch == parts->epoch && part->index == parts->index &&
           part->base_index == parts->base_index && part->replica == parts->replica;
}

/* Parts are of one size but for the last: the first one tells how much will come. */
static bool reserve(struct psp_partial_parts *parts, size_t bytes)
{
    if (bytes <= parts->capacity - parts->length)
        return true;
    size_t capacity = parts->length + bytes;
    if (parts->capacity == 0 && bytes <= PSP_MESSAGE_BYTES_MAX)
        capacity = bytes * parts->parts;
    assert(capacity > 0); /* realloc to nothing would free */
    uint8_t *rows = realloc(parts->rows, capacity);
    if (!rows)
        return false;
    parts->rows = rows;
    parts->capacity = capacity;
    return true;
}

enum psp_status psp_partial_parts_take(struct psp_partial_parts *parts, uint64_t id,
                                       const struct psp_partial *part,
                                       struct psp_partial *ret_whole)
{
    if (part->part == 0) {
        psp_partial_parts_clear(parts);
        if (part->parts <= 1) {
            *ret_whole = *part;
            return PSP_OK;
        }
        parts->id = id;
        parts->epoch = part->epoch;
        parts->index = part->index;
        parts->base_index = part->base_index;
        parts->replica = part->replica;
        parts->parts = part->parts;
    } else if (parts->next == 0 || !follows(parts, id, part)) {
        psp_partial_parts_clear(parts);
        return PSP_EINVAL;
    }
    if (!reserve(parts, part->rows.length)) {
        psp_partial_parts_clear(parts);
        return PSP_ENOMEM;
    }
    if (part->rows.length > 0)
        memcpy(parts->rows + parts->length, part->rows.data, part->rows.length);
    parts->length += part->rows.length;
    parts->next++;
    if (parts->next < parts->parts)
        return PSP_EAGAIN;
    parts->next = 0; /* whole: what comes now begins anew */
    *ret_whole = *part;
    ret_whole->part = 0;
    ret_whole->parts = 1;
    ret_whole->rows = (struct psp_bytes){parts->rows, parts->length};
    return PSP_OK;
}
