/* A station a row, and only those that changed: a national election has many. */
#include "collector/store/inner.h"

enum { KEY_BYTES = 8 };

static void put_key(uint8_t ret_key[KEY_BYTES], uint32_t shard, uint32_t number)
{
    psp_kv_put_key32(ret_key, shard);
    psp_kv_put_key32(ret_key + 4, number);
}

int psp_collector_store_put_stations(const struct psp_kv *kv, MDB_txn *txn, uint32_t shard,
                                     const struct psp_board_stations *stations,
                                     uint64_t after_index, bool anew)
{
    uint8_t key[KEY_BYTES], value[PSP_STATION_BOOKS_BYTES];
    put_key(key, shard, 0);
    int rc =
        anew ? psp_kv_cut(kv, txn, PSP_COLLECTOR_STATIONS, (struct psp_bytes){key, KEY_BYTES}, 4)
             : 0;
    for (uint32_t number = 0; number < stations->end && rc == 0; number++) {
        const struct psp_board_station *station = &stations->list[number];
        if (station->index <= after_index)
            continue;
        put_key(key, shard, number);
        psp_station_books_pack(&station->books, value);
        rc = psp_kv_put(kv, txn, PSP_COLLECTOR_STATIONS, (struct psp_bytes){key, KEY_BYTES},
                        (struct psp_bytes){value, sizeof value});
    }
    return rc;
}

static bool read_station(const MDB_val *key, const MDB_val *value, uint32_t shard,
                         struct psp_board *board)
{
    const uint32_t number = psp_kv_get_key32((const uint8_t *)key->mv_data + 4);
    struct psp_station_books books;
    if (number > PSP_STATIONS_MAX || value->mv_size != PSP_STATION_BOOKS_BYTES)
        return false;
    psp_station_books_unpack(value->mv_data, &books);
    psp_board_restore_station(board, shard, number, &books);
    return true;
}

enum psp_status psp_collector_store_read_stations(const struct psp_kv *kv, MDB_txn *txn,
                                                  uint32_t shard, struct psp_board *board)
{
    MDB_cursor *cursor;
    uint8_t first[KEY_BYTES];
    put_key(first, shard, 0);
    MDB_val key = {sizeof first, first}, value;
    int rc = mdb_cursor_open(txn, kv->tables[PSP_COLLECTOR_STATIONS], &cursor);
    if (rc)
        return psp_kv_status(rc);
    bool right = true;
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); right && rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size == KEY_BYTES && psp_kv_get_key32(key.mv_data) > shard)
            break;
        right = key.mv_size == KEY_BYTES && psp_kv_get_key32(key.mv_data) == shard &&
                read_station(&key, &value, shard, board);
    }
    mdb_cursor_close(cursor);
    if (!right)
        return PSP_ECORRUPT;
    return rc == 0 || rc == MDB_NOTFOUND ? PSP_OK : psp_kv_status(rc);
}
