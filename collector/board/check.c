/* What differences made is added up again. */
#include "collector/board/check.h"

#include <assert.h>

#ifdef __SANITIZE_ADDRESS__

void psp_board_check_cells(const struct psp_totals *merged, const struct psp_totals *const *shards,
                           uint32_t shard_count)
{
    for (uint64_t c = 0; c < merged->cell_count; c++) {
        uint64_t sum = 0;
        for (uint32_t s = 0; s < shard_count; s++)
            sum += shards[s]->cells[c];
        assert(merged->cells[c] == sum);
    }
    for (uint32_t s = 0; s < shard_count; s++) {
        assert(shards[s]->row_count == merged->row_count);
        assert(shards[s]->cell_count == merged->cell_count);
    }
}

void psp_board_check_stations(const struct psp_board_stations *sum,
                              const struct psp_board_stations *const *shards, uint32_t shard_count)
{
    for (uint32_t number = 0; number < sum->end; number++) {
        for (unsigned i = 0; i < PSP_STATION_COUNTERS; i++) {
            uint64_t added = 0;
            for (uint32_t s = 0; s < shard_count; s++)
                added += psp_station_books_get(&shards[s]->list[number].books, i);
            assert(psp_station_books_get(&sum->list[number].books, i) == added);
        }
    }
    for (uint32_t s = 0; s < shard_count; s++)
        assert(shards[s]->end <= sum->end);
}

#else

void psp_board_check_cells(const struct psp_totals *merged, const struct psp_totals *const *shards,
                           uint32_t shard_count)
{
    (void)merged, (void)shards, (void)shard_count;
}

void psp_board_check_stations(const struct psp_board_stations *sum,
                              const struct psp_board_stations *const *shards, uint32_t shard_count)
{
    (void)sum, (void)shards, (void)shard_count;
}

#endif
