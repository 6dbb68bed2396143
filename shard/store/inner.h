/*
 * inner - what an open store holds, and its tables; for this room only.
 *
 *     store.c  open, check, cut, close
 *     meta.c   values of meta; how far the tables hold
 *     write.c  checkpoint
 *     load.c   load
 *
 * Threads: as store.h says.
 */
#ifndef PSP_STORE_INNER_H
#define PSP_STORE_INNER_H

#include <assert.h>

#include "count/index.h"
#include "count/refusals.h"
#include "kv/sealed.h"
#include "shard/store/store.h"

/* The tables; the numbers are part of the checksums. */
enum psp_store_table {
    PSP_STORE_META = 0,
    PSP_STORE_VOTERS = 1,
    PSP_STORE_COUNTED = 2,
    PSP_STORE_REFUSED = 3,
    PSP_STORE_TOTALS = 4,
    PSP_STORE_STATIONS = 5,
    PSP_STORE_REPORTS = 6,
    PSP_STORE_REPORTED = 7,
};
enum { PSP_STORE_TABLES = 8 };

enum {
    PSP_STORE_VOTER_BYTES = PSP_DIGEST_BYTES + 4,
    PSP_STORE_COUNTED_BYTES = 4 + PSP_TAG_BYTES,
    PSP_STORE_REFUSED_BYTES = PSP_REFUSAL_BYTES,
    PSP_STORE_REPORT_BYTES = 3 * 8 + 1,      /* of a leaf */
    PSP_STORE_REPORT_HEAD_BYTES = 8 + 4 + 8, /* before the bytes of the last report */
    /* With its checksum and LMDB's page header a chunk fills 16 pages of 4 KiB. */
    PSP_STORE_CHUNK_BYTES = 16 * 4096 - 16 - PSP_KV_SEAL_BYTES,
    PSP_STORE_TRANSACTION_BYTES = 16 << 20,
};

static_assert(PSP_STORE_REPORTED + 1 == PSP_STORE_TABLES, "all of them");
static_assert((int)PSP_STORE_VOTER_BYTES == 20, "docs/storage.md");
static_assert((int)PSP_STORE_COUNTED_BYTES == 12, "docs/storage.md");
static_assert((int)PSP_STORE_REFUSED_BYTES == 29, "docs/storage.md");
static_assert((int)PSP_STORE_REPORT_BYTES == 25, "docs/storage.md");
static_assert((int)PSP_STORE_REPORT_HEAD_BYTES == 20, "docs/storage.md");
static_assert((int)PSP_STORE_CHUNK_BYTES == 65516, "docs/storage.md");
static_assert((int)PSP_STORE_CHUNK_BYTES >= (int)PSP_STORE_REFUSED_BYTES, "a chunk has a row");
static_assert((int)PSP_STORE_TRANSACTION_BYTES >= (int)PSP_STORE_CHUNK_BYTES, "and a part a chunk");

/* How far the tables hold; the value of meta "position". */
struct psp_store_position {
    uint64_t index, term, time_ms;
    enum psp_election_state election_state;
    uint64_t close_at_ms;
    struct psp_books books;
    uint8_t state_hash[PSP_HASH_BYTES];
    uint64_t rows[PSP_STORE_TABLES]; /* of VOTERS, COUNTED, REFUSED */
};

struct psp_store {
    struct psp_kv kv;
    struct psp_store_position position;
    enum psp_status failed; /* PSP_OK until a checkpoint fails */
};

/* Bytes of one row of VOTERS, COUNTED or REFUSED. */
uint32_t psp_store_row_bytes(enum psp_store_table table);

/* ---- meta.c: all return an LMDB error ---- */

/* A value of meta. */
int psp_store_put(const struct psp_store *store, MDB_txn *txn, const char *name,
                  const uint8_t *bytes, size_t n);
int psp_store_get(const struct psp_store *store, MDB_txn *txn, const char *name,
                  MDB_val *ret_value);

/* The row that a key names; UINT64_MAX: not such a key. */
uint64_t psp_store_key_row(const MDB_val *key);

/* The record of meta that says how far the tables hold. LMDB's codes. */
int psp_store_put_position(const struct psp_store *store, MDB_txn *txn,
                           const struct psp_store_position *position);
int psp_store_get_position(const struct psp_store *store, MDB_txn *txn,
                           struct psp_store_position *ret_position);

#endif
