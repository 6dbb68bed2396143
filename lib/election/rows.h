/*
 * rows - counts as bytes: how rows of totals travel and lie in a store.
 *
 * A number is a LEB128 varint of up to 64 bits in its shortest form. A row of
 * totals is the number of rows left out before it, its revision, then its cells;
 * the rows ascend. All readers use this cursor, so that bytes which one of them
 * takes none refuses: a number in more bytes than it needs is refused by all.
 *
 * Counts only grow, but for a correction: it raises the row's revision by one, and
 * who follows the counts takes a lower one only with that. A revision that is not
 * written anywhere is 0.
 *
 * Ownership: a cursor points into the bytes it reads.   Threads: any.
 */
#ifndef PSP_ROWS_H
#define PSP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/varint.h"

enum { PSP_CELL_BYTES_MAX = PSP_VARINT64_BYTES_MAX };

struct psp_rows {
    const uint8_t *at, *end; /* equal: nothing is left */
    uint32_t row_next;       /* lowest row that may follow */
};

/* A number of any length. False when truncated, over 64 bits or not shortest. */
bool psp_rows_long_cell(struct psp_rows *rows, uint64_t *ret_value);

/* The same; most counts of a leaf are below 2^14. */
static inline bool psp_rows_cell(struct psp_rows *rows, uint64_t *ret_value)
{
    const uint8_t *at = rows->at;
    if (rows->end - at < 2)
        return psp_rows_long_cell(rows, ret_value);
    if (at[0] < 0x80) {
        *ret_value = at[0];
        rows->at = at + 1;
        return true;
    }
    if (at[1] < 0x80 && at[1] != 0) {
        *ret_value = (uint64_t)(at[0] & 0x7F) | (uint64_t)at[1] << 7;
        rows->at = at + 2;
        return true;
    }
    return psp_rows_long_cell(rows, ret_value);
}

/* The number of the next row of `row_count`; its revision follows. False: no such row. */
bool psp_rows_next(struct psp_rows *rows, uint32_t row_count, uint32_t *ret_row);
/* A row's revision; its cells follow. False: not a number, or over 32 bits. */
bool psp_rows_revision(struct psp_rows *rows, uint32_t *ret_revision);

/* Exactly `n` cells and nothing behind them. */
bool psp_rows_cells(const uint8_t *bytes, size_t length, uint64_t n, uint64_t *ret_cells);

/* Writes one number, at most PSP_CELL_BYTES_MAX; returns what is behind it. */
static inline uint8_t *psp_rows_put(uint8_t *at, uint64_t value)
{
    return at + psp_varint_write(at, value);
}

#endif
