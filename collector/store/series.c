#include "collector/store/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "collector/store/inner.h"
#include "election/ballot.h"

static const char width_key[] = "series_width";

static void store_be64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t load_be64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

/* Absent in a store that has no point yet: then the width stays the first one. */
static enum psp_status load_width(struct psp_collector_store *store, MDB_txn *txn,
                                  struct psp_series *series)
{
    MDB_val value;
    const int rc =
        psp_collector_store_get(txn, store->meta, width_key, sizeof width_key - 1, &value);
    if (rc == MDB_NOTFOUND)
        return PSP_OK;
    if (rc)
        return psp_collector_store_status(rc);
    if (value.mv_size != 8 || psp_get64(value.mv_data) < PSP_SERIES_WIDTH_MS)
        return PSP_ECORRUPT;
    series->width_ms = psp_get64(value.mv_data);
    return PSP_OK;
}

static enum psp_status load_points(struct psp_collector_store *store, MDB_txn *txn,
                                   struct psp_series *series, uint64_t *row)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, store->series, &cursor);
    if (rc)
        return psp_collector_store_status(rc);
    bool right = true;
    while (right && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        right = key.mv_size == 8 && psp_collector_store_decode(&value, series->row_cells, row) &&
                psp_series_restore(series, load_be64(key.mv_data), row);
    mdb_cursor_close(cursor);
    if (!right)
        return PSP_ECORRUPT;
    return rc == MDB_NOTFOUND ? PSP_OK : psp_collector_store_status(rc);
}

enum psp_status psp_collector_store_load_series(struct psp_collector_store *store,
                                                struct psp_series *series)
{
    MDB_txn *txn;
    uint64_t *row = calloc((size_t)series->row_cells + 1, sizeof *row);
    if (!row)
        return PSP_ENOMEM;
    enum psp_status status =
        psp_collector_store_status(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn));
    if (status == PSP_OK) {
        status = load_width(store, txn, series);
        if (status == PSP_OK)
            status = load_points(store, txn, series, row);
        mdb_txn_abort(txn);
    }
    free(row);
    return status;
}

/* A point may have got a later time: what stood at and after the first unsaved
 * one's bucket goes first. */
static int delete_from(struct psp_collector_store *store, MDB_txn *txn, uint64_t from_ms)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint8_t from[8];
    int rc = mdb_cursor_open(txn, store->series, &cursor);
    if (rc)
        return rc;
    store_be64(from, from_ms);
    while (rc == 0) {
        key = (MDB_val){sizeof from, from};
        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (!rc)
            rc = mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int put_points(struct psp_collector_store *store, MDB_txn *txn,
                      const struct psp_series *series, uint8_t *bytes)
{
    const uint32_t first = series->unsaved_from;
    uint8_t width[8];
    psp_put64(width, series->width_ms);
    int rc = psp_collector_store_put(txn, store->meta, width_key, sizeof width_key - 1, width, 8);
    if (!rc && first < series->count)
        rc = delete_from(store, txn,
                         series->thinned || first == 0 ? 0 : series->times_ms[first - 1] + 1);
    for (uint32_t i = first; i < series->count && rc == 0; i++) {
        uint8_t key[8];
        store_be64(key, series->times_ms[i]);
        const size_t length = psp_collector_store_encode(
            series->cells + (size_t)i * series->row_cells, series->row_cells, bytes);
        rc = psp_collector_store_put(txn, store->series, key, sizeof key, bytes, length);
    }
    return rc;
}

static int save_once(struct psp_collector_store *store, const struct psp_series *series,
                     uint8_t *bytes)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = put_points(store, txn, series, bytes);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

enum psp_status psp_collector_store_save_series(struct psp_collector_store *store,
                                                struct psp_series *series)
{
    uint8_t *bytes = malloc((size_t)series->row_cells * PSP_COLLECTOR_VARINT_BYTES_MAX + 1);
    if (!bytes)
        return PSP_ENOMEM;
    int rc = save_once(store, series, bytes);
    while (rc == MDB_MAP_FULL) {
        rc = psp_collector_store_grow(store);
        if (!rc)
            rc = save_once(store, series, bytes);
    }
    free(bytes);
    if (rc)
        return psp_collector_store_status(rc);
    psp_series_saved(series);
    return PSP_OK;
}
