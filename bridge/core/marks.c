/* A ring by sequence: offsets have gaps, sequences have none. */
#include "bridge/core/marks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1024 };

void psp_bridge_marks_start(struct psp_bridge_marks *marks, int64_t offset)
{
    assert(offset >= 0);
    marks->first = marks->end = 0;
    marks->low = marks->position = offset;
}

void psp_bridge_marks_free(struct psp_bridge_marks *marks)
{
    free(marks->offsets);
    free(marks->final);
    *marks = (struct psp_bridge_marks){0};
}

static uint32_t place(const struct psp_bridge_marks *marks, uint64_t sequence)
{
    return (uint32_t)(sequence & (marks->capacity - 1));
}

/* Twice the room; each sequence keeps its number, and so may change its place. */
static enum psp_status grow(struct psp_bridge_marks *marks)
{
    struct psp_bridge_marks larger = {.capacity =
                                          marks->capacity ? marks->capacity * 2 : CAPACITY_FIRST};
    if (larger.capacity > PSP_BRIDGE_MARKS_OPEN_MAX)
        return PSP_EBUSY;
    larger.offsets = malloc(larger.capacity * sizeof *larger.offsets);
    larger.final = malloc(larger.capacity);
    if (!larger.offsets || !larger.final) {
        free(larger.offsets);
        free(larger.final);
        return PSP_ENOMEM;
    }
    for (uint64_t s = marks->first; s < marks->end; s++) {
        larger.offsets[place(&larger, s)] = marks->offsets[place(marks, s)];
        larger.final[place(&larger, s)] = marks->final[place(marks, s)];
    }
    free(marks->offsets);
    free(marks->final);
    marks->offsets = larger.offsets;
    marks->final = larger.final;
    marks->capacity = larger.capacity;
    return PSP_OK;
}

enum psp_status psp_bridge_marks_take(struct psp_bridge_marks *marks, int64_t offset,
                                      uint64_t *ret_sequence)
{
    assert(offset >= marks->position);
    if (psp_bridge_marks_open(marks) == marks->capacity) {
        const enum psp_status status = grow(marks);
        if (status != PSP_OK)
            return status;
    }
    marks->offsets[place(marks, marks->end)] = offset;
    marks->final[place(marks, marks->end)] = false;
    marks->position = offset + 1;
    *ret_sequence = marks->end++;
    return PSP_OK;
}

/* promise 2: the mark passes no message that is not final */
bool psp_bridge_marks_final(struct psp_bridge_marks *marks, uint64_t sequence)
{
    assert(sequence >= marks->first && sequence < marks->end);
    assert(!marks->final[place(marks, sequence)]);
    const int64_t before = marks->low;
    marks->final[place(marks, sequence)] = true;
    while (marks->first < marks->end && marks->final[place(marks, marks->first)])
        marks->low = marks->offsets[place(marks, marks->first++)] + 1;
    assert(marks->low >= before && marks->low <= marks->position);
    return marks->low != before;
}
