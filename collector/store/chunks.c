/* Where the chunks of rows lie, and their numbers as bytes. */
#include <assert.h>

#include "collector/store/inner.h"

uint32_t psp_collector_store_chunks(const struct psp_totals *totals)
{
    return (totals->row_count + PSP_COLLECTOR_CHUNK_ROWS - 1) / PSP_COLLECTOR_CHUNK_ROWS;
}

struct psp_collector_chunk psp_collector_store_chunk(const struct psp_totals *totals,
                                                     uint32_t number)
{
    const uint64_t end = ((uint64_t)number + 1) * PSP_COLLECTOR_CHUNK_ROWS;
    struct psp_collector_chunk chunk = {.row = number * PSP_COLLECTOR_CHUNK_ROWS};
    assert(chunk.row < totals->row_count);
    chunk.row_end = end < totals->row_count ? (uint32_t)end : totals->row_count;
    chunk.cell = totals->row_first[chunk.row];
    chunk.cells = totals->row_first[chunk.row_end] - chunk.cell;
    return chunk;
}

bool psp_collector_store_chunk_changed(const struct psp_totals *totals, uint32_t number,
                                       uint64_t after_index)
{
    const struct psp_collector_chunk chunk = psp_collector_store_chunk(totals, number);
    uint64_t newest = 0;
    for (uint32_t row = chunk.row; row < chunk.row_end; row++)
        newest = totals->row_index[row] > newest ? totals->row_index[row] : newest;
    return newest > after_index;
}

size_t psp_collector_store_encode(const uint64_t *cells, uint64_t n, uint8_t *ret_bytes)
{
    uint8_t *at = ret_bytes;
    for (uint64_t i = 0; i < n; i++)
        at = psp_rows_put(at, cells[i]);
    return (size_t)(at - ret_bytes);
}

bool psp_collector_store_decode(const MDB_val *value, uint64_t n, uint64_t *ret_cells)
{
    return psp_rows_cells(value->mv_data, value->mv_size, n, ret_cells);
}
