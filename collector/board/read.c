/* What others read of a board. */
#include <assert.h>

#include "collector/board/inner.h"

uint64_t psp_board_changes(const struct psp_board *board)
{
    return board->changes;
}

const struct psp_board_news *psp_board_news(const struct psp_board *board)
{
    return &board->news;
}

const struct psp_board_corrected *psp_board_corrected(const struct psp_board *board)
{
    return &board->corrected;
}

const struct psp_definition *psp_board_definition(const struct psp_board *board)
{
    return board->options.definition;
}

const uint8_t *psp_board_cluster_id(const struct psp_board *board)
{
    return board->options.cluster_id;
}

enum psp_mode psp_board_mode(const struct psp_board *board)
{
    return board->options.mode;
}

uint32_t psp_board_shard_count(const struct psp_board *board)
{
    return board->options.shard_count;
}

const struct psp_board_shard *psp_board_shard(const struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return &board->shards[shard].head;
}

const struct psp_totals *psp_board_shard_totals(const struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return board->shards[shard].totals;
}

const uint32_t *psp_board_shard_revisions(const struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return board->shards[shard].revisions;
}

const struct psp_board_stations *psp_board_shard_stations(const struct psp_board *board,
                                                          uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return &board->shards[shard].stations;
}

const struct psp_board_stations *psp_board_merged_stations(const struct psp_board *board)
{
    return &board->stations;
}

const struct psp_totals *psp_board_merged(const struct psp_board *board)
{
    return board->merged;
}

const struct psp_board_leaves *psp_board_shard_leaves(const struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return &board->shards[shard].leaves;
}

const uint64_t *psp_board_counted(const struct psp_board *board)
{
    return board->counted;
}

const struct psp_board_shown *psp_board_shown(const struct psp_board *board)
{
    return board->shown;
}

const uint32_t *psp_board_shard_registered(const struct psp_board *board, uint32_t shard)
{
    assert(shard < board->options.shard_count);
    return board->shards[shard].has_registered ? board->shards[shard].registered : NULL;
}
