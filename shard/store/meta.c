/* Small values by name, and the position. */
#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

enum { POSITION_BYTES = 3 * 8 + 4 + 8 + PSP_BOOKS_BYTES + PSP_HASH_BYTES + 3 * 8 };

static_assert(POSITION_BYTES == 164, "docs/storage.md");
static_assert(PSP_ELECTION_CLOSED == 2, "docs/storage.md");

int psp_store_put(const struct psp_store *store, MDB_txn *txn, const char *name,
                  const uint8_t *bytes, size_t n)
{
    assert(n > 0);
    return psp_kv_sealed_put(&store->kv, txn, PSP_STORE_META, psp_kv_name(name),
                             (struct psp_bytes){bytes, n});
}

int psp_store_get(const struct psp_store *store, MDB_txn *txn, const char *name, MDB_val *ret_value)
{
    return psp_kv_sealed_get(&store->kv, txn, PSP_STORE_META, psp_kv_name(name), ret_value);
}

uint64_t psp_store_key_row(const MDB_val *key)
{
    return key->mv_size == 8 ? psp_kv_get_key64(key->mv_data) : UINT64_MAX;
}

/* What is written, and looked for in what is read. */
static bool position_holds(const struct psp_store_position *position)
{
    return (position->index == 0) == (position->term == 0) &&
           psp_election_state_known(position->election_state);
}

int psp_store_put_position(const struct psp_store *store, MDB_txn *txn,
                           const struct psp_store_position *position)
{
    uint8_t bytes[POSITION_BYTES], *at = bytes;
    assert(position_holds(position));
    psp_put64(at, position->index);
    psp_put64(at + 8, position->term);
    psp_put64(at + 16, position->time_ms);
    psp_put32(at + 24, (uint32_t)position->election_state);
    psp_put64(at + 28, position->close_at_ms);
    at += 36;
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
        .close_at_ms = psp_get64(at + 28),
    };
    at += 36;
    psp_books_unpack(at, &position.books), at += PSP_BOOKS_BYTES;
    memcpy(position.state_hash, at, PSP_HASH_BYTES), at += PSP_HASH_BYTES;
    for (int table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED; table++, at += 8)
        position.rows[table] = psp_get64(at);
    assert(at == (const uint8_t *)value.mv_data + POSITION_BYTES);
    if (!position_holds(&position))
        return MDB_CORRUPTED;
    *ret_position = position;
    return 0;
}
