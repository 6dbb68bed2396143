#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "base/bytes/crc32c.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

enum { POSITION_BYTES = 3 * 8 + 4 + PSP_BOOKS_BYTES + PSP_HASH_BYTES + 3 * 8 };

static uint32_t checksum(enum psp_store_table table, const void *key, size_t key_bytes,
                         const void *bytes, size_t n)
{
    const uint8_t number = (uint8_t)table;
    uint32_t sum = psp_crc32c(0, &number, 1);
    sum = psp_crc32c(sum, key, key_bytes);
    return psp_crc32c(sum, bytes, n);
}

int psp_store_room(const struct psp_store *store, MDB_txn *txn, enum psp_store_table table,
                   const void *key, size_t key_bytes, size_t n, unsigned flags, uint8_t **ret_at)
{
    MDB_val name = {key_bytes, (void *)(uintptr_t)key};
    MDB_val value = {n + PSP_STORE_CHECKSUM_BYTES, NULL};
    const int error = mdb_put(txn, store->tables[table], &name, &value, flags | MDB_RESERVE);
    if (!error)
        *ret_at = value.mv_data;
    return error;
}

void psp_store_seal(enum psp_store_table table, const void *key, size_t key_bytes, uint8_t *at,
                    size_t n)
{
    psp_put32(at + n, checksum(table, key, key_bytes, at, n));
}

int psp_store_put(const struct psp_store *store, MDB_txn *txn, const char *name,
                  const uint8_t *bytes, size_t n)
{
    uint8_t *at;
    const int error = psp_store_room(store, txn, PSP_STORE_META, name, strlen(name), n, 0, &at);
    if (error)
        return error;
    memcpy(at, bytes, n);
    psp_store_seal(PSP_STORE_META, name, strlen(name), at, n);
    return 0;
}

int psp_store_check(enum psp_store_table table, const MDB_val *key, MDB_val *value)
{
    if (value->mv_size < PSP_STORE_CHECKSUM_BYTES)
        return MDB_CORRUPTED;
    const size_t n = value->mv_size - PSP_STORE_CHECKSUM_BYTES;
    const uint8_t *bytes = value->mv_data;
    if (psp_get32(bytes + n) != checksum(table, key->mv_data, key->mv_size, bytes, n))
        return MDB_CORRUPTED;
    value->mv_size = n;
    return 0;
}

int psp_store_get(const struct psp_store *store, MDB_txn *txn, const char *name, MDB_val *ret_value)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    MDB_val value;
    int error = mdb_get(txn, store->tables[PSP_STORE_META], &key, &value);
    if (!error)
        error = psp_store_check(PSP_STORE_META, &key, &value);
    if (!error)
        *ret_value = value;
    return error;
}

void psp_store_key(uint64_t row, uint8_t ret_key[8])
{
    for (int i = 7; i >= 0; i--, row >>= 8)
        ret_key[i] = (uint8_t)row;
}

uint64_t psp_store_key_row(const MDB_val *key)
{
    if (key->mv_size != 8)
        return UINT64_MAX;
    const uint8_t *bytes = key->mv_data;
    uint64_t row = 0;
    for (int i = 0; i < 8; i++)
        row = row << 8 | bytes[i];
    return row;
}

int psp_store_put_position(const struct psp_store *store, MDB_txn *txn,
                           const struct psp_store_position *position)
{
    uint8_t bytes[POSITION_BYTES], *at = bytes;
    psp_put64(at, position->index);
    psp_put64(at + 8, position->term);
    psp_put64(at + 16, position->time_ms);
    psp_put32(at + 24, (uint32_t)position->election_state);
    at += 28;
    psp_books_pack(&position->books, at), at += PSP_BOOKS_BYTES;
    memcpy(at, position->state_hash, PSP_HASH_BYTES), at += PSP_HASH_BYTES;
    for (int table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED; table++, at += 8)
        psp_put64(at, position->rows[table]);
    assert(at == bytes + POSITION_BYTES);
    return psp_store_put(store, txn, "position", bytes, sizeof bytes);
}

int psp_store_get_position(const struct psp_store *store, MDB_txn *txn,
                           struct psp_store_position *ret_position)
{
    MDB_val value;
    const int error = psp_store_get(store, txn, "position", &value);
    if (error)
        return error;
    if (value.mv_size != POSITION_BYTES)
        return MDB_CORRUPTED;
    const uint8_t *at = value.mv_data;
    struct psp_store_position position = {
        .index = psp_get64(at),
        .term = psp_get64(at + 8),
        .time_ms = psp_get64(at + 16),
        .election_state = (enum psp_election_state)psp_get32(at + 24),
    };
    at += 28;
    psp_books_unpack(at, &position.books), at += PSP_BOOKS_BYTES;
    memcpy(position.state_hash, at, PSP_HASH_BYTES), at += PSP_HASH_BYTES;
    for (int table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED; table++, at += 8)
        position.rows[table] = psp_get64(at);
    *ret_position = position;
    return 0;
}
