/* A leaf's report is a value of its own: reports are rare. Ballots lie in chunks: on a busy
 * day many leaves count some between two commits. */
#include "base/bytes/bytes.h"
#include "collector/store/inner.h"

enum { KEY_BYTES = 8, REPORT_BYTES = 3 * 8 + 1 };

static struct psp_bytes make_key(uint8_t ret_key[KEY_BYTES], uint32_t shard, uint32_t number)
{
    psp_kv_put_key32(ret_key, shard);
    psp_kv_put_key32(ret_key + 4, number);
    return (struct psp_bytes){ret_key, KEY_BYTES};
}

/* ---- writing ---- */

static int put_reports(const struct psp_kv *kv, MDB_txn *txn, uint32_t shard,
                       const struct psp_board_leaves *leaves, uint64_t after_index)
{
    if (leaves->reports_newest <= after_index)
        return 0; /* mostly */
    for (uint32_t leaf = 0; leaf < leaves->leaf_count; leaf++) {
        const struct psp_leaf_report *report = &leaves->reports[leaf];
        if (report->index <= after_index)
            continue;
        uint8_t key[KEY_BYTES], value[REPORT_BYTES];
        psp_put64(value, report->number);
        psp_put64(value + 8, report->index);
        psp_put64(value + 16, report->time_ms);
        value[24] = report->final;
        const int rc = psp_kv_put(kv, txn, PSP_COLLECTOR_REPORTS, make_key(key, shard, leaf),
                                  (struct psp_bytes){value, sizeof value});
        if (rc)
            return rc;
    }
    return 0;
}

/* Leaves of a chunk: all but the last have as many. */
static uint32_t leaves_in(uint32_t leaf_count, uint32_t first)
{
    const uint32_t left = leaf_count - first;
    return left < PSP_COLLECTOR_CHUNK_LEAVES ? left : PSP_COLLECTOR_CHUNK_LEAVES;
}

static bool ballots_changed(const struct psp_board_leaves *leaves, uint32_t first, uint32_t n,
                            uint64_t after_index)
{
    bool changed = false;
    for (uint32_t i = 0; i < n; i++)
        changed |= leaves->ballots_index[first + i] > after_index;
    return changed;
}

static int put_ballots(const struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                       const struct psp_board_leaves *leaves, uint64_t after_index)
{
    if (leaves->ballots_newest <= after_index)
        return 0;
    for (uint32_t first = 0; first < leaves->leaf_count; first += PSP_COLLECTOR_CHUNK_LEAVES) {
        const uint32_t n = leaves_in(leaves->leaf_count, first);
        if (!ballots_changed(leaves, first, n, after_index))
            continue;
        uint8_t key[KEY_BYTES];
        const size_t length = psp_collector_store_encode(leaves->ballots + first, n, store->chunk);
        const int rc = psp_kv_put(&store->kv, txn, PSP_COLLECTOR_BALLOTS,
                                  make_key(key, shard, first / PSP_COLLECTOR_CHUNK_LEAVES),
                                  (struct psp_bytes){store->chunk, length});
        if (rc)
            return rc;
    }
    return 0;
}

int psp_collector_store_put_leaves(const struct psp_collector_store *store, MDB_txn *txn,
                                   uint32_t shard, const struct psp_board_leaves *leaves,
                                   uint64_t after_index, bool anew)
{
    uint8_t first[KEY_BYTES];
    int rc = 0;
    if (anew)
        rc = psp_kv_cut(&store->kv, txn, PSP_COLLECTOR_REPORTS, make_key(first, shard, 0), 4);
    if (anew && !rc)
        rc = psp_kv_cut(&store->kv, txn, PSP_COLLECTOR_BALLOTS, make_key(first, shard, 0), 4);
    if (!rc)
        rc = put_reports(&store->kv, txn, shard, leaves, after_index);
    return rc ? rc : put_ballots(store, txn, shard, leaves, after_index);
}

/* ---- reading ---- */

static bool read_report(const MDB_val *value, uint32_t leaf, struct psp_board_leaves *leaves)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != REPORT_BYTES || leaf >= leaves->leaf_count || psp_get64(at) == 0 ||
        at[24] > 1)
        return false;
    leaves->reports[leaf] = (struct psp_leaf_report){
        .number = psp_get64(at),
        .index = psp_get64(at + 8),
        .time_ms = psp_get64(at + 16),
        .final = at[24] == 1,
    };
    return true;
}

static bool read_ballots(const MDB_val *value, uint32_t chunk, struct psp_board_leaves *leaves)
{
    const uint64_t first = (uint64_t)chunk * PSP_COLLECTOR_CHUNK_LEAVES;
    return first < leaves->leaf_count &&
           psp_collector_store_decode(value, leaves_in(leaves->leaf_count, (uint32_t)first),
                                      leaves->ballots + first);
}

typedef bool read_one(const MDB_val *value, uint32_t number, struct psp_board_leaves *leaves);

/* All values of a shard in a table. */
static enum psp_status read_all(const struct psp_kv *kv, MDB_txn *txn, uint32_t table,
                                uint32_t shard, read_one *read, struct psp_board_leaves *leaves)
{
    MDB_cursor *cursor;
    uint8_t first[KEY_BYTES];
    make_key(first, shard, 0);
    MDB_val key = {sizeof first, first}, value;
    int rc = mdb_cursor_open(txn, kv->tables[table], &cursor);
    if (rc)
        return psp_kv_status(rc);
    bool right = true;
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); right && rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const uint8_t *at = key.mv_data;
        if (key.mv_size == KEY_BYTES && psp_kv_get_key32(at) > shard)
            break;
        right = key.mv_size == KEY_BYTES && psp_kv_get_key32(at) == shard &&
                read(&value, psp_kv_get_key32(at + 4), leaves);
    }
    mdb_cursor_close(cursor);
    if (!right)
        return PSP_ECORRUPT;
    return rc == 0 || rc == MDB_NOTFOUND ? PSP_OK : psp_kv_status(rc);
}

enum psp_status psp_collector_store_read_leaves(const struct psp_collector_store *store,
                                                MDB_txn *txn, uint32_t shard,
                                                struct psp_board *board)
{
    struct psp_board_leaves *leaves = psp_board_restore_leaves(board, shard);
    const enum psp_status status =
        read_all(&store->kv, txn, PSP_COLLECTOR_REPORTS, shard, read_report, leaves);
    if (status != PSP_OK)
        return status;
    return read_all(&store->kv, txn, PSP_COLLECTOR_BALLOTS, shard, read_ballots, leaves);
}
