/* Varints in their shortest form only: equal counts are equal bytes. */
#include "election/rows.h"

#include <assert.h>

bool psp_rows_long_cell(struct psp_rows *rows, uint64_t *ret_value)
{
    const size_t used = psp_varint_read64(rows->at, (size_t)(rows->end - rows->at), ret_value);
    rows->at += used;
    assert(rows->at <= rows->end);
    return used > 0;
}

bool psp_rows_next(struct psp_rows *rows, uint32_t row_count, uint32_t *ret_row)
{
    uint64_t gap;
    assert(rows->row_next <= row_count); /* the same of all calls */
    if (!psp_rows_cell(rows, &gap) || gap >= row_count - rows->row_next)
        return false;
    *ret_row = rows->row_next + (uint32_t)gap;
    rows->row_next = *ret_row + 1;
    assert(*ret_row < row_count);
    return true;
}

bool psp_rows_revision(struct psp_rows *rows, uint32_t *ret_revision)
{
    uint64_t revision;
    if (!psp_rows_cell(rows, &revision) || revision > UINT32_MAX)
        return false;
    *ret_revision = (uint32_t)revision;
    return true;
}

bool psp_rows_cells(const uint8_t *bytes, size_t length, uint64_t n, uint64_t *ret_cells)
{
    struct psp_rows rows = {.at = bytes, .end = bytes + length};
    for (uint64_t i = 0; i < n; i++) {
        if (!psp_rows_cell(&rows, &ret_cells[i]))
            return false;
    }
    return rows.at == rows.end;
}
