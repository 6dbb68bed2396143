/* It is written with the counts that it was taken from: of the two neither is ever older
 * than the other. */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes/bytes.h"
#include "collector/store/inner.h"

enum { LEAF_BYTES = 2 * 8 + 1, SOURCE_BYTES = 2 * 8 };

/* ---- writing ---- */

static void encode_leaf(const struct psp_board_shown *shown, uint32_t leaf, uint8_t *ret_bytes)
{
    const struct psp_shown_leaf *at = &shown->leaves[leaf];
    const struct psp_shown_source *sources = shown->sources + (size_t)leaf * shown->shard_count;
    psp_put64(ret_bytes, at->number);
    psp_put64(ret_bytes + 8, at->at_ms);
    ret_bytes[16] = at->final;
    for (uint32_t s = 0; s < shown->shard_count; s++) {
        uint8_t *to = ret_bytes + LEAF_BYTES + (size_t)s * SOURCE_BYTES;
        psp_put64(to, sources[s].epoch);
        psp_put64(to + 8, sources[s].index);
    }
}

static int put_leaves(const struct psp_kv *kv, MDB_txn *txn, const struct psp_board_shown *shown,
                      uint64_t after_change)
{
    const size_t length = LEAF_BYTES + (size_t)shown->shard_count * SOURCE_BYTES;
    uint8_t *bytes = malloc(length);
    if (!bytes)
        return ENOMEM;
    int rc = 0;
    for (uint32_t leaf = 0; leaf < shown->definition->leaf_count && rc == 0; leaf++) {
        if (shown->leaves[leaf].change <= after_change)
            continue;
        uint8_t key[4];
        psp_kv_put_key32(key, leaf);
        encode_leaf(shown, leaf, bytes);
        rc = psp_kv_put(kv, txn, PSP_COLLECTOR_SHOWN_LEAVES, (struct psp_bytes){key, sizeof key},
                        (struct psp_bytes){bytes, length});
    }
    free(bytes);
    return rc;
}

static int put_rows(const struct psp_collector_store *store, MDB_txn *txn,
                    const struct psp_board_shown *shown, uint64_t after_change)
{
    const struct psp_totals *rows = shown->rows;
    for (uint32_t number = 0; number < psp_collector_store_chunks(rows); number++) {
        if (!psp_collector_store_chunk_changed(rows, number, after_change))
            continue;
        const struct psp_collector_chunk chunk = psp_collector_store_chunk(rows, number);
        size_t length = psp_collector_store_encode(shown->row_reports + chunk.row,
                                                   chunk.row_end - chunk.row, store->chunk);
        length += psp_collector_store_encode(rows->cells + chunk.cell, chunk.cells,
                                             store->chunk + length);
        uint8_t key[4];
        psp_kv_put_key32(key, number);
        const int rc =
            psp_kv_put(&store->kv, txn, PSP_COLLECTOR_SHOWN, (struct psp_bytes){key, sizeof key},
                       (struct psp_bytes){store->chunk, length});
        if (rc)
            return rc;
    }
    return 0;
}

int psp_collector_store_put_shown(const struct psp_collector_store *store, MDB_txn *txn,
                                  const struct psp_board_shown *shown, uint64_t after_change)
{
    if (shown->newest <= after_change)
        return 0; /* mostly */
    const int rc = put_leaves(&store->kv, txn, shown, after_change);
    return rc || !shown->rows ? rc : put_rows(store, txn, shown, after_change);
}

/* ---- reading ---- */

static bool read_leaf(const MDB_val *value, uint32_t leaf, struct psp_board_shown *shown)
{
    const uint8_t *at = value->mv_data;
    if (leaf >= shown->definition->leaf_count ||
        value->mv_size != LEAF_BYTES + (size_t)shown->shard_count * SOURCE_BYTES ||
        psp_get64(at) == 0 || at[16] > 1)
        return false;
    struct psp_shown_source *sources = shown->sources + (size_t)leaf * shown->shard_count;
    shown->leaves[leaf] = (struct psp_shown_leaf){
        .number = psp_get64(at), .at_ms = psp_get64(at + 8), .final = at[16] == 1};
    for (uint32_t s = 0; s < shown->shard_count; s++) {
        const uint8_t *from = at + LEAF_BYTES + (size_t)s * SOURCE_BYTES;
        sources[s] = (struct psp_shown_source){psp_get64(from), psp_get64(from + 8)};
    }
    return true;
}

static bool read_chunk(const MDB_val *value, uint32_t number, struct psp_board_shown *shown)
{
    const struct psp_totals *totals = shown->rows;
    if (!totals || number >= psp_collector_store_chunks(totals))
        return false;
    const struct psp_collector_chunk chunk = psp_collector_store_chunk(totals, number);
    const uint8_t *bytes = value->mv_data;
    struct psp_rows rows = {.at = bytes, .end = bytes + value->mv_size};
    for (uint32_t row = chunk.row; row < chunk.row_end; row++) {
        if (!psp_rows_cell(&rows, &shown->row_reports[row]))
            return false;
    }
    return psp_rows_cells(rows.at, (size_t)(rows.end - rows.at), chunk.cells,
                          totals->cells + chunk.cell);
}

typedef bool read_one(const MDB_val *value, uint32_t number, struct psp_board_shown *shown);

static enum psp_status read_all(const struct psp_kv *kv, MDB_txn *txn, uint32_t table,
                                read_one *read, struct psp_board_shown *shown)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, kv->tables[table], &cursor);
    if (rc)
        return psp_kv_status(rc);
    bool right = true;
    while (right && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        right = key.mv_size == 4 && read(&value, psp_kv_get_key32(key.mv_data), shown);
    mdb_cursor_close(cursor);
    if (!right)
        return PSP_ECORRUPT;
    return rc == MDB_NOTFOUND ? PSP_OK : psp_kv_status(rc);
}

enum psp_status psp_collector_store_read_shown(const struct psp_collector_store *store,
                                               MDB_txn *txn, struct psp_board *board)
{
    struct psp_board_shown *shown = psp_board_restore_shown(board);
    const enum psp_status status =
        read_all(&store->kv, txn, PSP_COLLECTOR_SHOWN_LEAVES, read_leaf, shown);
    if (status != PSP_OK)
        return status;
    return read_all(&store->kv, txn, PSP_COLLECTOR_SHOWN, read_chunk, shown);
}
