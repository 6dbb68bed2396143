/*
 * inner - what the files of the collector's store share. Not for others.
 *
 * Threads: one owner.
 */
#ifndef PSP_COLLECTOR_STORE_INNER_H
#define PSP_COLLECTOR_STORE_INNER_H

#include "collector/store/store.h"
#include "election/rows.h"
#include "kv/kv.h"

enum psp_collector_table {
    PSP_COLLECTOR_META = 0,
    PSP_COLLECTOR_SHARDS = 1,
    PSP_COLLECTOR_REGISTERED = 2,
    PSP_COLLECTOR_ROWS = 3,
    PSP_COLLECTOR_SERIES = 4,
    PSP_COLLECTOR_STATIONS = 5,
    PSP_COLLECTOR_REPORTS = 6,
    PSP_COLLECTOR_BALLOTS = 7,
    PSP_COLLECTOR_SHOWN = 8,
    PSP_COLLECTOR_SHOWN_LEAVES = 9,
};
enum { PSP_COLLECTOR_TABLES = 10 };

struct psp_collector_position { /* what the store holds of a shard */
    bool present;
    uint64_t epoch, index;
};

struct psp_collector_store {
    struct psp_kv kv;
    uint32_t shard_count;
    struct psp_collector_position *positions; /* [shard_count] */
    uint8_t *chunk;                           /* room for the widest chunk, revisions too */
    uint64_t shown_changes;                   /* of the board, when what is shown was stored */
};

/* ---- chunks.c ---- */

/* Rows of totals that lie together: [row, row_end), and where their cells are. */
struct psp_collector_chunk {
    uint32_t row, row_end;
    uint64_t cell, cells;
};
uint32_t psp_collector_store_chunks(const struct psp_totals *totals);
struct psp_collector_chunk psp_collector_store_chunk(const struct psp_totals *totals,
                                                     uint32_t number);
/* Some row of it changed after an index. */
bool psp_collector_store_chunk_changed(const struct psp_totals *totals, uint32_t number,
                                       uint64_t after_index);

/* As election/rows.h has it. Returns the length; at most PSP_CELL_BYTES_MAX a cell. */
size_t psp_collector_store_encode(const uint64_t *cells, uint64_t n, uint8_t *ret_bytes);
/* False: not exactly `n` cells. */
bool psp_collector_store_decode(const MDB_val *value, uint64_t n, uint64_t *ret_cells);

/* ---- stations.c ---- */

/* Writes the stations of a shard that changed after an index; `anew`: all, and no
 * other stays. An LMDB error. */
int psp_collector_store_put_stations(const struct psp_kv *kv, MDB_txn *txn, uint32_t shard,
                                     const struct psp_board_stations *stations,
                                     uint64_t after_index, bool anew);
/* Restores them into the board. PSP_ECORRUPT: other numbers or lengths. */
enum psp_status psp_collector_store_read_stations(const struct psp_kv *kv, MDB_txn *txn,
                                                  uint32_t shard, struct psp_board *board);

/* ---- leaves.c ---- */

/* Likewise the reports of a shard's leaves, and the ballots counted there. */
int psp_collector_store_put_leaves(const struct psp_collector_store *store, MDB_txn *txn,
                                   uint32_t shard, const struct psp_board_leaves *leaves,
                                   uint64_t after_index, bool anew);
enum psp_status psp_collector_store_read_leaves(const struct psp_collector_store *store,
                                                MDB_txn *txn, uint32_t shard,
                                                struct psp_board *board);

/* ---- shown.c ---- */

/* Writes what is shown anew after a change of the board. An LMDB error. */
int psp_collector_store_put_shown(const struct psp_collector_store *store, MDB_txn *txn,
                                  const struct psp_board_shown *shown, uint64_t after_change);
/* Into a board that shows nothing and holds nothing. PSP_ECORRUPT. */
enum psp_status psp_collector_store_read_shown(const struct psp_collector_store *store,
                                               MDB_txn *txn, struct psp_board *board);

#endif
