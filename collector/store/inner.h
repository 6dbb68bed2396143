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
};
enum { PSP_COLLECTOR_TABLES = 6 };

struct psp_collector_position { /* what the store holds of a shard */
    bool present;
    uint64_t epoch, index;
};

struct psp_collector_store {
    struct psp_kv kv;
    uint32_t shard_count;
    struct psp_collector_position *positions; /* [shard_count] */
    uint8_t *chunk;                           /* room for the widest chunk, revisions too */
    uint8_t *head;                            /* room for a head and every unit */
};

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

#endif
