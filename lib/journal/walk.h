/*
 * walk - the records in a segment's bytes, one after another, whatever they are.
 *
 * Where a record should begin and is none, a gap begins; it goes to the next good
 * record that may stand after it, or to the end. A gap's indexes are known where a
 * good record follows. So one bad record hides none of those behind it.
 *
 * Nothing here trusts a byte: the fuzz target is this and what reads a vote file.
 *
 * Ownership: the bytes stay the caller's.   Threads: one at a time.   Memory: none.
 */
#ifndef PSP_JOURNAL_WALK_H
#define PSP_JOURNAL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"

struct psp_walk {
    const uint8_t *bytes;
    size_t length, at;
    uint64_t next; /* index that is to come */
    uint64_t term; /* of the last good record; 0 none yet */
};

/* A good record, or a gap. */
struct psp_walked {
    uint64_t offset, bytes;   /* of the file */
    uint64_t first, last;     /* indexes; the last of a gap at the end: 0, not known */
    const char *fault;        /* NULL: a good record */
    bool durable;             /* of a gap: a record behind it says that it had been durable */
    struct psp_record record; /* when good; the payload lies in the bytes */
    uint64_t synced;
};

/* `bytes`: the whole file, header included; `first`: the first index in it. */
void psp_walk_begin(struct psp_walk *walk, const uint8_t *bytes, size_t length, uint64_t first);
/* False: the end. */
bool psp_walk_next(struct psp_walk *walk, struct psp_walked *ret_walked);

#endif
