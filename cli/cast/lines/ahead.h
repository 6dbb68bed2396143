/*
 * ahead - lines of JSON as ballots, read by threads of their own.
 *
 * A line's JSON and the hash that is its ballot ID cost four times what is left to do for it:
 * so they are done beside that, on whatever core is free. One thread at a time cuts lines out of
 * the file, a block, and makes ballots of them while the other cuts; the owner
 * gets the blocks in the order in which they were cut, so lines come in the order of the file.
 *
 * Ownership: owns the file and its threads; `form` is copied, what it points at outlives it.
 * Threads:   one owner.
 * Memory:    PSP_AHEAD_BLOCKS blocks, each of PSP_AHEAD_BYTES and one line more of text and as
 *            much of ballots at most.
 */
#ifndef PSP_CAST_AHEAD_H
#define PSP_CAST_AHEAD_H

#include <stdint.h>

#include "base/status.h"
#include "client/line/ballot_line.h"

enum {
    PSP_AHEAD_THREADS = 2,
    PSP_AHEAD_BLOCKS = 6,
    PSP_AHEAD_LINES = 512, /* of a block */
    PSP_AHEAD_BYTES = 256 * 1024,
};

struct psp_ahead;

struct psp_ahead_line { /* valid until the next call */
    uint64_t number;    /* in the file, from 1 */
    const char *fault;  /* why it is no ballot; NULL: it is one */
    const char *doubt;  /* what the definition says against it, or "" */
    struct psp_ballot ballot;
};

/* "-": standard input. PSP_ENOENT, PSP_EIO, PSP_ENOMEM, PSP_EAGAIN (no thread). */
enum psp_status psp_ahead_open(const char *path, const struct psp_ballot_lines *form,
                               struct psp_ahead **ret_ahead);
void psp_ahead_close(struct psp_ahead **ahead);

/* The next line that is not empty. PSP_EAGAIN: none now. PSP_ENOENT: the end. PSP_EIO and
 * others, with errno: it cannot be read on. */
enum psp_status psp_ahead_next(struct psp_ahead *ahead, struct psp_ahead_line *ret_line);

#endif
