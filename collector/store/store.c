/* Opening, the layout of rows in chunks, heads, loading, committing. */
#include "collector/store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "collector/store/inner.h"
#include "election/ballot.h"

enum {
    HEAD_BYTES = 4 * 8 + 2 * 4 + PSP_HASH_BYTES + PSP_SIGNATURE_BYTES + PSP_BOOKS_BYTES,
    MAP_BYTES_FIRST = 1 << 30, /* sparse: costs address space only */
};

static const char *const table_names[PSP_COLLECTOR_TABLES] = {
    "meta",     "shards",  "registered",   "rows",  "series",
    "stations", "reports", "leaf_ballots", "shown", "shown_leaves"};

/* ---- the layout of rows in chunks ---- */

static uint64_t widest_chunk(const struct psp_totals *totals)
{
    uint64_t widest = 1;
    for (uint32_t number = 0; number < psp_collector_store_chunks(totals); number++) {
        const uint64_t cells = psp_collector_store_chunk(totals, number).cells;
        widest = cells > widest ? cells : widest;
    }
    return widest;
}

static size_t encode_chunk(const struct psp_totals *totals, const uint32_t *revisions,
                           uint32_t number, uint8_t *ret_bytes)
{
    const struct psp_collector_chunk chunk = psp_collector_store_chunk(totals, number);
    uint8_t *at = ret_bytes;
    for (uint32_t row = chunk.row; row < chunk.row_end; row++)
        at = psp_rows_put(at, revisions[row]);
    at += psp_collector_store_encode(totals->cells + chunk.cell, chunk.cells, at);
    return (size_t)(at - ret_bytes);
}

static bool decode_chunk(const MDB_val *value, const struct psp_totals *totals, uint32_t number,
                         const struct psp_board_rows *ret_rows)
{
    const struct psp_collector_chunk chunk = psp_collector_store_chunk(totals, number);
    const uint8_t *bytes = value->mv_data;
    struct psp_rows rows = {.at = bytes, .end = bytes + value->mv_size};
    for (uint32_t row = chunk.row; row < chunk.row_end; row++) {
        uint32_t revision;
        if (!psp_rows_revision(&rows, &revision))
            return false;
        if (revision != 0) /* or every page of them would be touched */
            ret_rows->revisions[row] = revision;
    }
    return psp_rows_cells(rows.at, (size_t)(rows.end - rows.at), chunk.cells,
                          ret_rows->cells + chunk.cell);
}

/* ---- opening ---- */

struct opening {
    const struct psp_kv_options *kv;
    struct psp_collector_store *store;
    const struct psp_board *board;
    struct psp_reason *reason;
};

static enum psp_status refuse(const struct opening *opening, enum psp_status status,
                              const char *what)
{
    return psp_kv_refuse(opening->kv, status, what, opening->reason);
}

static int write_meta(const struct opening *opening, const struct psp_kv *kv, MDB_txn *txn)
{
    const struct psp_bytes cluster = {psp_board_cluster_id(opening->board), PSP_CLUSTER_ID_BYTES};
    const struct psp_bytes definition = {psp_board_definition(opening->board)->hash,
                                         PSP_HASH_BYTES};
    uint8_t format[4], shards[4], mode[4];
    psp_put32(format, PSP_COLLECTOR_STORE_FORMAT);
    psp_put32(shards, opening->store->shard_count);
    psp_put32(mode, (uint32_t)psp_board_mode(opening->board));
    int rc = psp_kv_put(kv, txn, PSP_COLLECTOR_META, psp_kv_name("format"),
                        (struct psp_bytes){format, 4});
    if (!rc)
        rc = psp_kv_put(kv, txn, PSP_COLLECTOR_META, psp_kv_name("cluster"), cluster);
    if (!rc)
        rc = psp_kv_put(kv, txn, PSP_COLLECTOR_META, psp_kv_name("definition"), definition);
    if (!rc)
        rc = psp_kv_put(kv, txn, PSP_COLLECTOR_META, psp_kv_name("mode"),
                        (struct psp_bytes){mode, 4});
    return rc ? rc
              : psp_kv_put(kv, txn, PSP_COLLECTOR_META, psp_kv_name("shards"),
                           (struct psp_bytes){shards, 4});
}

static bool meta_is(const struct psp_kv *kv, MDB_txn *txn, const char *name,
                    const uint8_t *expected, size_t bytes)
{
    MDB_val value;
    return psp_kv_get(kv, txn, PSP_COLLECTOR_META, psp_kv_name(name), &value) == 0 &&
           value.mv_size == bytes && memcmp(value.mv_data, expected, bytes) == 0;
}

static enum psp_status check_meta(const struct opening *opening, const struct psp_kv *kv,
                                  MDB_txn *txn)
{
    const struct psp_board *board = opening->board;
    uint8_t format[4], shards[4], mode[4];
    psp_put32(format, PSP_COLLECTOR_STORE_FORMAT);
    psp_put32(shards, opening->store->shard_count);
    psp_put32(mode, (uint32_t)psp_board_mode(board));
    if (!meta_is(kv, txn, "format", format, 4)) {
        char what[200];
        snprintf(what, sizeof what,
                 "has a format that this version does not know (it knows %d; Psephos 0.1.0 wrote "
                 "1): run the version that made it, or give --data an empty folder",
                 PSP_COLLECTOR_STORE_FORMAT);
        return refuse(opening, PSP_EVERSION, what);
    }
    if (!meta_is(kv, txn, "cluster", psp_board_cluster_id(board), PSP_CLUSTER_ID_BYTES) ||
        !meta_is(kv, txn, "definition", psp_board_definition(board)->hash, PSP_HASH_BYTES) ||
        !meta_is(kv, txn, "shards", shards, 4))
        return refuse(opening, PSP_EMISMATCH,
                      "belongs to another cluster or election: give --data the folder of this "
                      "cluster, or an empty one (the shards will fill it again)");
    if (!meta_is(kv, txn, "mode", mode, 4))
        return refuse(opening, PSP_EMISMATCH,
                      "was filled in another mode (live or test) than cluster.json has: a cluster "
                      "stays what it was made as; put back the cluster.json that it was made with");
    return PSP_OK;
}

/* Until 0.1.0 the tables were made in a transaction before meta was filled. */
static enum psp_status settle(void *context, const struct psp_kv *kv, MDB_txn *txn, bool empty)
{
    const struct opening *opening = context;
    MDB_stat stat;
    int rc = mdb_stat(txn, kv->tables[PSP_COLLECTOR_META], &stat);
    if (!rc && !empty && stat.ms_entries > 0)
        return check_meta(opening, kv, txn);
    if (!rc)
        rc = write_meta(opening, kv, txn);
    return rc ? psp_kv_refuse_error(opening->kv, rc, opening->reason) : PSP_OK;
}

enum psp_status psp_collector_store_open(const char *directory, const struct psp_board *board,
                                         struct psp_collector_store **ret_store,
                                         struct psp_reason *reterr_reason)
{
    struct psp_collector_store *store = calloc(1, sizeof *store);
    if (!store)
        return PSP_ENOMEM;
    store->kv = PSP_KV_CLOSED;
    store->shard_count = psp_board_shard_count(board);
    store->positions = calloc(store->shard_count, sizeof *store->positions);
    store->chunk = malloc((widest_chunk(psp_board_merged(board)) + PSP_COLLECTOR_CHUNK_ROWS) *
                          PSP_CELL_BYTES_MAX);
    struct opening opening = {.store = store, .board = board, .reason = reterr_reason};
    const struct psp_kv_options kv = {
        .directory = directory,
        .tables = table_names,
        .table_count = PSP_COLLECTOR_TABLES,
        .make_missing = true,
        .map_bytes = MAP_BYTES_FIRST,
        .when_damaged = "move the data folder away and start again; the shards will send their "
                        "totals",
        .settle = settle,
        .context = &opening,
    };
    opening.kv = &kv;
    enum psp_status status = PSP_ENOMEM;
    if (store->positions && store->chunk)
        status = psp_kv_open(&kv, &store->kv, reterr_reason);
    if (status != PSP_OK) {
        psp_collector_store_close(&store);
        return status;
    }
    *ret_store = store;
    return PSP_OK;
}

void psp_collector_store_close(struct psp_collector_store **store)
{
    if (!*store)
        return;
    psp_kv_close(&(*store)->kv);
    free((*store)->positions);
    free((*store)->chunk);
    free(*store);
    *store = NULL;
}

/* ---- heads ---- */

static uint8_t *write64(uint8_t *at, uint64_t value)
{
    psp_put64(at, value);
    return at + 8;
}

static void encode_head(const struct psp_board_shard *head, uint8_t ret_bytes[HEAD_BYTES])
{
    uint8_t *at = write64(ret_bytes, head->epoch);
    at = write64(at, head->index);
    at = write64(at, head->time_ms);
    at = write64(at, head->registered);
    psp_put32(at, head->replica);
    psp_put32(at + 4, (uint32_t)head->election_state);
    memcpy(at + 8, head->state_hash, PSP_HASH_BYTES);
    memcpy(at + 8 + PSP_HASH_BYTES, head->signature, PSP_SIGNATURE_BYTES);
    at += 8 + PSP_HASH_BYTES + PSP_SIGNATURE_BYTES;
    psp_books_pack(&head->books, at);
    assert(at + PSP_BOOKS_BYTES == ret_bytes + HEAD_BYTES);
}

static bool decode_head(const MDB_val *value, struct psp_partial *ret_partial)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size != HEAD_BYTES)
        return false;
    ret_partial->epoch = psp_get64(at);
    ret_partial->index = psp_get64(at + 8);
    ret_partial->time_ms = psp_get64(at + 16);
    ret_partial->registered = psp_get64(at + 24);
    ret_partial->replica = psp_get32(at + 32);
    const uint32_t state = psp_get32(at + 36);
    if (!psp_election_state_known(state))
        return false;
    ret_partial->election_state = (enum psp_election_state)state;
    memcpy(ret_partial->state_hash, at + 40, PSP_HASH_BYTES);
    memcpy(ret_partial->signature, at + 40 + PSP_HASH_BYTES, PSP_SIGNATURE_BYTES);
    at += 40 + PSP_HASH_BYTES + PSP_SIGNATURE_BYTES;
    psp_books_unpack(at, &ret_partial->books);
    return true;
}

/* ---- loading ---- */

/* Reads a shard's chunks into its cells of the board. */
static enum psp_status read_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                                 struct psp_board *board)
{
    const struct psp_totals *totals = psp_board_shard_totals(board, shard);
    const struct psp_board_rows rows = psp_board_restore_rows(board, shard);
    MDB_cursor *cursor;
    uint8_t first[8];
    psp_kv_put_key32(first, shard);
    psp_kv_put_key32(first + 4, 0);
    MDB_val key = {sizeof first, first}, value;
    int rc = mdb_cursor_open(txn, store->kv.tables[PSP_COLLECTOR_ROWS], &cursor);
    if (rc)
        return psp_kv_status(rc);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size != 8)
            break;
        const uint8_t *at = key.mv_data;
        if (psp_kv_get_key32(at) != shard)
            break;
        const uint32_t chunk = psp_kv_get_key32(at + 4);
        if (chunk >= psp_collector_store_chunks(totals) ||
            !decode_chunk(&value, totals, chunk, &rows)) {
            mdb_cursor_close(cursor);
            return PSP_ECORRUPT;
        }
    }
    mdb_cursor_close(cursor);
    return rc == 0 || rc == MDB_NOTFOUND ? PSP_OK : psp_kv_status(rc);
}

static enum psp_status load_shard(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                                  struct psp_board *board)
{
    struct psp_partial partial = {.shard = shard};
    uint8_t key[4];
    MDB_val value;
    psp_kv_put_key32(key, shard);
    enum psp_status status = psp_kv_status(
        psp_kv_get(&store->kv, txn, PSP_COLLECTOR_SHARDS, (struct psp_bytes){key, 4}, &value));
    if (status == PSP_ENOENT)
        return PSP_OK;
    if (status != PSP_OK)
        return status;
    if (!decode_head(&value, &partial))
        return PSP_ECORRUPT;
    if (psp_kv_get(&store->kv, txn, PSP_COLLECTOR_REGISTERED, (struct psp_bytes){key, 4}, &value) ==
        0)
        partial.registered_leaves =
            (struct psp_bytes){.data = value.mv_data, .length = value.mv_size};
    status = read_rows(store, txn, shard, board);
    if (status == PSP_OK)
        status = psp_collector_store_read_stations(&store->kv, txn, shard, board);
    if (status == PSP_OK)
        status = psp_collector_store_read_leaves(store, txn, shard, board);
    if (status != PSP_OK)
        return status;
    if (psp_board_restore(board, &partial) != PSP_OK)
        return PSP_ECORRUPT;
    store->positions[shard] = (struct psp_collector_position){
        .present = true, .epoch = partial.epoch, .index = partial.index};
    return PSP_OK;
}

enum psp_status psp_collector_store_load(struct psp_collector_store *store, struct psp_board *board,
                                         struct psp_reason *reterr_reason)
{
    MDB_txn *txn;
    enum psp_status status = psp_kv_status(psp_kv_begin(&store->kv, MDB_RDONLY, &txn));
    if (status == PSP_OK) {
        status = psp_collector_store_read_shown(store, txn, board);
        for (uint32_t s = 0; s < store->shard_count && status == PSP_OK; s++)
            status = load_shard(store, txn, s, board);
        mdb_txn_abort(txn);
        store->shown_changes = psp_board_changes(board);
        if (status == PSP_OK && psp_board_restore_end(board) != PSP_OK)
            status = PSP_ECORRUPT;
    }
    if (status != PSP_OK)
        psp_reason_set(
            reterr_reason,
            "the stored board cannot be used (%s): move the data folder away and start again; "
            "the shards will send their totals",
            psp_status_text(status));
    return status;
}

/* ---- committing ---- */

/* A new epoch begins with no rows stored. */
static int delete_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard)
{
    uint8_t first[8];
    psp_kv_put_key32(first, shard);
    psp_kv_put_key32(first + 4, 0);
    return psp_kv_cut(&store->kv, txn, PSP_COLLECTOR_ROWS, (struct psp_bytes){first, 8}, 4);
}

static int put_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                    const struct psp_board *board, uint64_t after_index)
{
    const struct psp_totals *totals = psp_board_shard_totals(board, shard);
    const uint32_t *revisions = psp_board_shard_revisions(board, shard);
    for (uint32_t chunk = 0; chunk < psp_collector_store_chunks(totals); chunk++) {
        if (!psp_collector_store_chunk_changed(totals, chunk, after_index))
            continue;
        const size_t length = encode_chunk(totals, revisions, chunk, store->chunk);
        uint8_t key[8];
        psp_kv_put_key32(key, shard);
        psp_kv_put_key32(key + 4, chunk);
        const int rc = psp_kv_put(&store->kv, txn, PSP_COLLECTOR_ROWS, (struct psp_bytes){key, 8},
                                  (struct psp_bytes){store->chunk, length});
        if (rc)
            return rc;
    }
    return 0;
}

static int put_registered(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                          const struct psp_board *board)
{
    const uint32_t *registered = psp_board_shard_registered(board, shard);
    const size_t n = psp_board_definition(board)->leaf_count;
    uint8_t key[4];
    if (!registered)
        return 0;
    psp_kv_put_key32(key, shard);
    const struct psp_bytes name = {key, sizeof key};
    uint8_t *bytes = malloc(n * 4 + 1);
    if (!bytes)
        return ENOMEM;
    for (size_t i = 0; i < n; i++)
        psp_put32(bytes + i * 4, registered[i]);
    MDB_val held;
    int rc = psp_kv_get(&store->kv, txn, PSP_COLLECTOR_REGISTERED, name, &held);
    if (rc || held.mv_size != n * 4 || memcmp(held.mv_data, bytes, n * 4) != 0)
        rc = psp_kv_put(&store->kv, txn, PSP_COLLECTOR_REGISTERED, name,
                        (struct psp_bytes){bytes, n * 4});
    free(bytes);
    return rc;
}

static int put_shard(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                     const struct psp_board *board)
{
    const struct psp_board_shard *head = psp_board_shard(board, shard);
    const struct psp_collector_position *held = &store->positions[shard];
    const bool anew = !held->present || held->epoch != head->epoch;
    uint8_t key[4], bytes[HEAD_BYTES];
    psp_kv_put_key32(key, shard);
    int rc = anew ? delete_rows(store, txn, shard) : 0;
    if (!rc && anew)
        rc = put_registered(store, txn, shard, board);
    if (!rc)
        rc = put_rows(store, txn, shard, board, anew ? 0 : held->index);
    if (!rc)
        rc = psp_collector_store_put_stations(&store->kv, txn, shard,
                                              psp_board_shard_stations(board, shard),
                                              anew ? 0 : held->index, anew);
    if (!rc)
        rc = psp_collector_store_put_leaves(store, txn, shard, psp_board_shard_leaves(board, shard),
                                            anew ? 0 : held->index, anew);
    encode_head(head, bytes);
    if (!rc)
        rc = psp_kv_put(&store->kv, txn, PSP_COLLECTOR_SHARDS, (struct psp_bytes){key, sizeof key},
                        (struct psp_bytes){bytes, sizeof bytes});
    return rc;
}

static bool shard_changed(const struct psp_collector_store *store, const struct psp_board *board,
                          uint32_t shard)
{
    const struct psp_board_shard *head = psp_board_shard(board, shard);
    const struct psp_collector_position *held = &store->positions[shard];
    return head->present &&
           (!held->present || held->epoch != head->epoch || held->index != head->index);
}

struct commit {
    struct psp_collector_store *store;
    const struct psp_board *board;
};

static int put_changed(void *context, MDB_txn *txn)
{
    const struct commit *commit = context;
    int rc = 0;
    for (uint32_t s = 0; s < commit->store->shard_count && rc == 0; s++) {
        if (shard_changed(commit->store, commit->board, s))
            rc = put_shard(commit->store, txn, s, commit->board);
    }
    if (!rc)
        rc = psp_collector_store_put_shown(commit->store, txn, psp_board_shown(commit->board),
                                           commit->store->shown_changes);
    return rc;
}

enum psp_status psp_collector_store_commit(struct psp_collector_store *store,
                                           const struct psp_board *board)
{
    struct commit commit = {store, board};
    const int rc = psp_kv_write(&store->kv, put_changed, &commit);
    if (rc)
        return psp_kv_write_status(&store->kv, rc);
    for (uint32_t s = 0; s < store->shard_count; s++) {
        const struct psp_board_shard *head = psp_board_shard(board, s);
        store->positions[s] = (struct psp_collector_position){
            .present = head->present, .epoch = head->epoch, .index = head->index};
    }
    store->shown_changes = psp_board_changes(board);
    return PSP_OK;
}
