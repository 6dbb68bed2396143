/* Four Feistel rounds over the rows and columns of a grid. */
#include "cli/cast/permutation.h"

#include <assert.h>

enum { ROUNDS = 4 };

void psp_permutation_init(struct psp_permutation *ret_permutation, uint64_t n, uint64_t key)
{
    assert(n >= 1 && n <= PSP_PERMUTATION_MAX);
    uint64_t rows = UINT64_C(1);
    for (uint64_t bit = UINT64_C(1) << 30; bit; bit >>= 1)
        if ((rows | bit) * (rows | bit) <= n)
            rows |= bit;
    ret_permutation->n = n;
    ret_permutation->rows = (uint32_t)rows;
    ret_permutation->columns = (uint32_t)((n + rows - 1) / rows);
    ret_permutation->key = key;
}

/* A number below `bound` that depends on half, round and key. */
static uint32_t hash(uint64_t key, unsigned round, uint32_t half, uint32_t bound)
{
    uint64_t x = (key + round * UINT64_C(0xA0761D6478BD642F)) ^ half;
    x *= UINT64_C(0x9E3779B97F4A7C15);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return (uint32_t)(((x >> 32) * bound) >> 32);
}

uint64_t psp_permutation_at(const struct psp_permutation *permutation, uint64_t i)
{
    const uint32_t rows = permutation->rows, columns = permutation->columns;
    assert(i < permutation->n);
    do {
        uint32_t row = (uint32_t)(i / columns), column = (uint32_t)(i % columns);
        for (unsigned round = 0; round < ROUNDS; round += 2) {
            const uint64_t r = (uint64_t)row + hash(permutation->key, round, column, rows);
            row = (uint32_t)(r >= rows ? r - rows : r);
            const uint64_t c = (uint64_t)column + hash(permutation->key, round + 1, row, columns);
            column = (uint32_t)(c >= columns ? c - columns : c);
        }
        i = (uint64_t)row * columns + column;
    } while (i >= permutation->n);
    return i;
}
