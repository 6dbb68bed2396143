/*
 * inner - what the files of the collector's store share. Not for others.
 */
#ifndef PSP_COLLECTOR_STORE_INNER_H
#define PSP_COLLECTOR_STORE_INNER_H

#include <lmdb.h>

#include "collector/store/store.h"

enum { PSP_COLLECTOR_VARINT_BYTES_MAX = 10 };

struct psp_collector_position { /* what the store holds of a shard */
    bool present;
    uint64_t epoch, index;
};

struct psp_collector_store {
    int lock_fd;
    MDB_env *env;
    MDB_dbi meta, shards, registered, rows, series;
    uint32_t shard_count;
    struct psp_collector_position *positions; /* [shard_count] */
    uint8_t *chunk;                           /* room for the widest chunk */
    uint8_t *head;                            /* room for a head and every unit */
};

enum psp_status psp_collector_store_status(int rc);
/* LMDB's own codes. With no transaction open. */
int psp_collector_store_grow(struct psp_collector_store *store);
int psp_collector_store_put(MDB_txn *txn, MDB_dbi table, const void *key, size_t key_bytes,
                            const void *data, size_t bytes);
int psp_collector_store_get(MDB_txn *txn, MDB_dbi table, const void *key, size_t key_bytes,
                            MDB_val *ret_value);

/* LEB128. Returns the length; at most PSP_COLLECTOR_VARINT_BYTES_MAX a cell. */
size_t psp_collector_store_encode(const uint64_t *cells, uint64_t n, uint8_t *ret_bytes);
/* False: not exactly `n` cells. */
bool psp_collector_store_decode(const MDB_val *value, uint64_t n, uint64_t *ret_cells);

#endif
