/*
 * marks - how far a partition is done: the contiguous low-water mark of its offsets.
 *
 * Messages are taken in the order of their offsets and become final in any order: a
 * verdict is here, a dead letter is acknowledged, there was nothing to do. What may
 * be stored as the group's offset is the one behind the last message before which
 * none is open. Stored higher, a message that is still on the way would be read by
 * nobody after a crash; stored lower costs a replay.
 *
 *     offsets   10 11 12  -  15 16        (13 and 14 are not there: compacted)
 *     final      x  x  .     x  .         low: 12
 *
 * Ownership: owns its ring.   Threads: one owner; pure.
 * Memory:    9 bytes a message taken and not behind the mark, at most
 *            PSP_BRIDGE_MARKS_OPEN_MAX of them; past that nothing is taken.
 */
#ifndef PSP_BRIDGE_MARKS_H
#define PSP_BRIDGE_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Messages of a partition between the mark and the newest one taken; a power of two. */
enum { PSP_BRIDGE_MARKS_OPEN_MAX = 1 << 17 };

struct psp_bridge_marks { /* zero-initialise; free with psp_bridge_marks_free */
    int64_t *offsets;     /* of sequence s at s % capacity */
    uint8_t *final;
    uint32_t capacity;
    uint64_t first, end; /* sequences: the first one not behind the mark, the next one */
    int64_t low;         /* offset to be read next by whoever begins anew */
    int64_t position;    /* offset behind the newest one taken */
};

/* Forgets all, and begins at `offset`, which is the mark then. */
void psp_bridge_marks_start(struct psp_bridge_marks *marks, int64_t offset);
void psp_bridge_marks_free(struct psp_bridge_marks *marks);

/* A message is taken: `ret_sequence` names it. Its offset is not below `position`.
 * PSP_EBUSY: PSP_BRIDGE_MARKS_OPEN_MAX; PSP_ENOMEM. */
enum psp_status psp_bridge_marks_take(struct psp_bridge_marks *marks, int64_t offset,
                                      uint64_t *ret_sequence);

/* It is final, once. True: the mark moved. */
bool psp_bridge_marks_final(struct psp_bridge_marks *marks, uint64_t sequence);

/* Messages taken that are not final, or lie behind one that is not. */
static inline uint64_t psp_bridge_marks_open(const struct psp_bridge_marks *marks)
{
    return marks->end - marks->first;
}

#endif
