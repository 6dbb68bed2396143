/*
 * runs - a column in which neighbours are mostly equal, as runs.
 *
 * Each run is two LEB128 varints of up to 32 bits in their shortest form: how
 * many rows (at least 1), and the value of all of them; the runs cover the n rows
 * of a batch exactly. A run's value differs from that of the one before: equal
 * columns have equal bytes.
 *
 * Ownership: points into bytes of others.   Threads: any; pure.
 */
#ifndef PSP_RUNS_H
#define PSP_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/bytes/varint.h"

enum { PSP_RUN_BYTES_MAX = 2 * PSP_VARINT32_BYTES_MAX };

/* Whether the bytes are runs of exactly n rows with values from `least` to `most`. */
bool psp_runs_check(struct psp_bytes runs, uint32_t n, uint32_t least, uint32_t most);

/* Reads checked runs, row by row. */
struct psp_runs_cursor {
    const uint8_t *at;
    uint32_t left, value;
};

/* Without bytes every row has `value_if_empty`: what a format without the column meant. */
static inline struct psp_runs_cursor psp_runs_begin(struct psp_bytes runs, uint32_t value_if_empty)
{
    struct psp_runs_cursor cursor = {.at = runs.data};
    if (runs.length == 0) {
        cursor.left = UINT32_MAX;
        cursor.value = value_if_empty;
    }
    return cursor;
}

void psp_runs_load(struct psp_runs_cursor *cursor); /* the next run */

/* The value of the next row. */
static inline uint32_t psp_runs_next(struct psp_runs_cursor *cursor)
{
    if (cursor->left == 0)
        psp_runs_load(cursor);
    cursor->left--;
    return cursor->value;
}

/* Writes runs into `bytes`, where each run takes up to PSP_RUN_BYTES_MAX. */
struct psp_runs_writer { /* zero-initialise, then set bytes */
    uint8_t *bytes;
    size_t length;
    uint32_t rows, value; /* of the run that is not written yet */
};

void psp_runs_turn(struct psp_runs_writer *writer, uint32_t value); /* another value follows */

/* More rows of a value, after those before. */
static inline void psp_runs_add(struct psp_runs_writer *writer, uint32_t value, uint32_t rows)
{
    if (value != writer->value)
        psp_runs_turn(writer, value);
    writer->rows += rows;
}
/* Writes the last run; the bytes are whole. */
struct psp_bytes psp_runs_end(struct psp_runs_writer *writer);

#endif
