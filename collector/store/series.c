/* Points from the first unsaved one on are deleted and written again. */
#include "collector/store/series.h"

#include <stdlib.h>

#include "base/bytes/bytes.h"
#include "collector/store/inner.h"
#include "election/ballot.h"

static const char width_name[] = "series_width";

/* Absent in a store that has no point yet: then the width stays the first one. */
static enum psp_status load_width(struct psp_collector_store *store, MDB_txn *txn,
                                  struct psp_series *series)
{
    MDB_val value;
    const int rc = psp_kv_get(&store->kv, txn, PSP_COLLECTOR_META, psp_kv_name(width_name), &value);
    if (rc == MDB_NOTFOUND)
        return PSP_OK;
    if (rc)
        return psp_kv_status(rc);
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
    int rc = mdb_cursor_open(txn, store->kv.tables[PSP_COLLECTOR_SERIES], &cursor);
    if (rc)
        return psp_kv_status(rc);
    bool right = true;
    while (right && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
        right = key.mv_size == 8 && psp_collector_store_decode(&value, series->row_cells, row) &&
                psp_series_restore(series, psp_kv_get_key64(key.mv_data), row);
    mdb_cursor_close(cursor);
    if (!right)
        return PSP_ECORRUPT;
    return rc == MDB_NOTFOUND ? PSP_OK : psp_kv_status(rc);
}

enum psp_status psp_collector_store_load_series(struct psp_collector_store *store,
                                                struct psp_series *series)
{
    MDB_txn *txn;
    uint64_t *row = calloc((size_t)series->row_cells + 1, sizeof *row);
    if (!row)
        return PSP_ENOMEM;
    enum psp_status status = psp_kv_status(psp_kv_begin(&store->kv, MDB_RDONLY, &txn));
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
static int delete_from(const struct psp_kv *kv, MDB_txn *txn, uint64_t from_ms)
{
    uint8_t from[8];
    psp_kv_put_key64(from, from_ms);
    return psp_kv_cut(kv, txn, PSP_COLLECTOR_SERIES, (struct psp_bytes){from, sizeof from}, 0);
}

struct save {
    const struct psp_kv *kv;
    const struct psp_series *series;
    uint8_t *bytes; /* room for a point */
};

static int put_points(void *context, MDB_txn *txn)
{
    const struct save *save = context;
    const struct psp_series *series = save->series;
    const uint32_t first = series->unsaved_from;
    uint8_t width[8];
    psp_put64(width, series->width_ms);
    int rc = psp_kv_put(save->kv, txn, PSP_COLLECTOR_META, psp_kv_name(width_name),
                        (struct psp_bytes){width, sizeof width});
    if (!rc && first < series->count)
        rc = delete_from(save->kv, txn,
                         series->thinned || first == 0 ? 0 : series->times_ms[first - 1] + 1);
    for (uint32_t i = first; i < series->count && rc == 0; i++) {
        uint8_t key[8];
        psp_kv_put_key64(key, series->times_ms[i]);
        const size_t length = psp_collector_store_encode(
            series->cells + (size_t)i * series->row_cells, series->row_cells, save->bytes);
        rc = psp_kv_put(save->kv, txn, PSP_COLLECTOR_SERIES, (struct psp_bytes){key, sizeof key},
                        (struct psp_bytes){save->bytes, length});
    }
    return rc;
}

enum psp_status psp_collector_store_save_series(struct psp_collector_store *store,
                                                struct psp_series *series)
{
    uint8_t *bytes = malloc((size_t)series->row_cells * PSP_CELL_BYTES_MAX + 1);
    if (!bytes)
        return PSP_ENOMEM;
    struct save save = {&store->kv, series, bytes};
    const int rc = psp_kv_write(&store->kv, put_points, &save);
    free(bytes);
    if (rc)
        return psp_kv_write_status(&store->kv, rc);
    psp_series_saved(series);
    return PSP_OK;
}
