/* The checksum covers table and key too, so that a value in the wrong place is found. */
#include "kv/sealed.h"

#include <string.h>

#include "base/bytes/crc32c.h"

static uint32_t checksum(uint32_t table, const void *key, size_t key_bytes, const void *bytes,
                         size_t n)
{
    const uint8_t number = (uint8_t)table;
    uint32_t sum = psp_crc32c(0, &number, 1);
    sum = psp_crc32c(sum, key, key_bytes);
    return psp_crc32c(sum, bytes, n);
}

int psp_kv_sealed_room(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                       size_t n, unsigned flags, uint8_t **ret_at)
{
    MDB_val name = {key.length, (void *)(uintptr_t)key.data};
    MDB_val value = {n + PSP_KV_SEAL_BYTES, NULL};
    const int error = mdb_put(txn, kv->tables[table], &name, &value, flags | MDB_RESERVE);
    if (!error)
        *ret_at = value.mv_data;
    return error;
}

void psp_kv_seal(uint32_t table, struct psp_bytes key, uint8_t *at, size_t n)
{
    psp_put32(at + n, checksum(table, key.data, key.length, at, n));
}

bool psp_kv_seal_is_good(uint32_t table, struct psp_bytes key, struct psp_bytes value)
{
    if (value.length < PSP_KV_SEAL_BYTES)
        return false;
    const size_t n = value.length - PSP_KV_SEAL_BYTES;
    return psp_get32(value.data + n) == checksum(table, key.data, key.length, value.data, n);
}

int psp_kv_sealed_put(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                      struct psp_bytes value)
{
    uint8_t *at;
    const int error = psp_kv_sealed_room(kv, txn, table, key, value.length, 0, &at);
    if (error)
        return error;
    memcpy(at, value.data, value.length);
    psp_kv_seal(table, key, at, value.length);
    return 0;
}

int psp_kv_unseal(uint32_t table, const MDB_val *key, MDB_val *value)
{
    if (!psp_kv_seal_is_good(table, (struct psp_bytes){key->mv_data, key->mv_size},
                             (struct psp_bytes){value->mv_data, value->mv_size}))
        return MDB_CORRUPTED;
    value->mv_size -= PSP_KV_SEAL_BYTES;
    return 0;
}

int psp_kv_sealed_get(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                      MDB_val *ret_value)
{
    MDB_val name = {key.length, (void *)(uintptr_t)key.data}, value;
    int error = mdb_get(txn, kv->tables[table], &name, &value);
    if (!error)
        error = psp_kv_unseal(table, &name, &value);
    if (!error)
        *ret_value = value;
    return error;
}
