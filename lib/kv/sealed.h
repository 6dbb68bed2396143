/*
 * sealed - values that end in a CRC32C of their table, key and bytes.
 *
 * LMDB has no checksums: a flipped bit, or a value under another's key, would
 * be read as a count. The table's number is part of the sum, so it must never
 * change.
 *
 * Ownership: what is read belongs to the transaction.   Threads: the kv's.
 * Memory:    none; values are filled in place.
 */
#ifndef PSP_KV_SEALED_H
#define PSP_KV_SEALED_H

#include "kv/kv.h"

enum { PSP_KV_SEAL_BYTES = 4 };

/* ---- all return an LMDB error ---- */

/* Room for a value of `n` bytes at *ret_at (of no alignment), to be filled
 * before psp_kv_seal adds the checksum. `flags`: 0 or MDB_APPEND. */
int psp_kv_sealed_room(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                       size_t n, unsigned flags, uint8_t **ret_at);
void psp_kv_seal(uint32_t table, struct psp_bytes key, uint8_t *at, size_t n);

/* Whether a value, checksum included, is the one that was put under the key. */
bool psp_kv_seal_is_good(uint32_t table, struct psp_bytes key, struct psp_bytes value);

/* Both, for bytes that are there already. */
int psp_kv_sealed_put(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                      struct psp_bytes value);
/* Without its checksum. MDB_NOTFOUND, MDB_CORRUPTED. */
int psp_kv_sealed_get(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
                      MDB_val *ret_value);
/* Checks and strips the checksum of what a cursor read. MDB_CORRUPTED. */
int psp_kv_unseal(uint32_t table, const MDB_val *key, MDB_val *value);

#endif
