/* Parts are taken in order only; anything else begins anew. */
#include "wire/message/partial_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"

static void drop(struct psp_gathered *gathered)
{
    free(gathered->bytes);
    *gathered = (struct psp_gathered){0};
}

void psp_partial_parts_clear(struct psp_partial_parts *parts)
{
    drop(&parts->rows);
    drop(&parts->reports);
    drop(&parts->leaf_ballots);
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
static bool gather(struct psp_gathered *gathered, struct psp_bytes bytes, uint32_t parts)
{
    assert(parts > 1);
    assert(gathered->length <= gathered->capacity);
    if (bytes.length == 0)
        return true;
    if (bytes.length > gathered->capacity - gathered->length) {
        size_t capacity = gathered->length + bytes.length;
        if (gathered->capacity == 0 && bytes.length <= PSP_MESSAGE_BYTES_MAX)
            capacity = bytes.length * parts;
        uint8_t *larger = realloc(gathered->bytes, capacity);
        if (!larger)
            return false;
        gathered->bytes = larger;
        gathered->capacity = capacity;
    }
    assert(bytes.length <= gathered->capacity - gathered->length);
    memcpy(gathered->bytes + gathered->length, bytes.data, bytes.length);
    gathered->length += bytes.length;
    return true;
}

static struct psp_bytes gathered_bytes(const struct psp_gathered *gathered)
{
    assert((gathered->length == 0) || gathered->bytes != NULL);
    return (struct psp_bytes){gathered->bytes, gathered->length};
}

enum psp_status psp_partial_parts_take(struct psp_partial_parts *parts, uint64_t id,
                                       const struct psp_partial *part,
                                       struct psp_partial *ret_whole)
{
    assert(parts->next == 0 || parts->next < parts->parts);
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
    if (!gather(&parts->rows, part->rows, parts->parts) ||
        !gather(&parts->reports, part->reports, parts->parts) ||
        !gather(&parts->leaf_ballots, part->leaf_ballots, parts->parts)) {
        psp_partial_parts_clear(parts);
        return PSP_ENOMEM;
    }
    assert(parts->next == part->part);
    parts->next++;
    if (parts->next < parts->parts)
        return PSP_EAGAIN;
    parts->next = 0; /* whole: what comes now begins anew */
    *ret_whole = *part;
    ret_whole->part = 0;
    ret_whole->parts = 1;
    ret_whole->rows = gathered_bytes(&parts->rows);
    ret_whole->reports = gathered_bytes(&parts->reports);
    ret_whole->leaf_ballots = gathered_bytes(&parts->leaf_ballots);
    return PSP_OK;
}
