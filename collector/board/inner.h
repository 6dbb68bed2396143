/*
 * inner - what a board holds; for board.c and read.c only.
 *
 * Threads: one owner.
 */
#ifndef PSP_BOARD_INNER_H
#define PSP_BOARD_INNER_H

#include "collector/board/board.h"

struct psp_board_state {
    struct psp_board_shard head;
    struct psp_totals *totals;
    uint32_t *revisions;  /* [row_count]: no page of it is touched before the first correction */
    uint32_t *registered; /* [leaf_count] */
    bool has_registered;
    struct psp_board_stations stations;
    struct psp_board_leaves leaves;
};

struct psp_board {
    struct psp_board_options options;
    uint64_t changes;
    struct psp_board_state *shards;
    struct psp_totals *merged;
    struct psp_board_stations stations; /* of all shards */
    uint64_t *counted;                  /* [leaf_count]: ballots by leaf, of all shards */
    struct psp_board_shown *shown;
    struct psp_shown_shard *says; /* [shard_count]: what it is made of */
    struct psp_board_corrected corrected;
    struct psp_board_news news;
};

#endif
