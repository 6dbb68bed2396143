#include "collector/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "collector/store/inner.h"
#include "election/ballot.h"

enum {
    HEAD_BYTES = 4 * 8 + 2 * 4 + PSP_HASH_BYTES + PSP_BOOKS_BYTES,
    MAP_BYTES_FIRST = 1 << 30, /* sparse: costs address space only */
    TABLES = 5,
};

__attribute__((format(printf, 3, 4))) static void explain(char *ret_reason, size_t size,
                                                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_reason, size, format, arguments);
    va_end(arguments);
}

enum psp_status psp_collector_store_status(int rc)
{
    switch (rc) {
    case 0:
        return PSP_OK;
    case MDB_NOTFOUND:
        return PSP_ENOENT;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
        return PSP_ECORRUPT;
    default:
        return rc > 0 ? psp_status_from_errno(rc) : PSP_EIO;
    }
}

/* ---- the layout of rows in chunks ---- */

static uint64_t chunk_first_cell(const struct psp_totals *totals, uint32_t chunk)
{
    const uint64_t row = (uint64_t)chunk * PSP_COLLECTOR_CHUNK_ROWS;
    return totals->row_first[row < totals->row_count ? row : totals->row_count];
}

static uint32_t chunk_count(const struct psp_totals *totals)
{
    return (totals->row_count + PSP_COLLECTOR_CHUNK_ROWS - 1) / PSP_COLLECTOR_CHUNK_ROWS;
}

static uint64_t chunk_cells(const struct psp_totals *totals, uint32_t chunk)
{
    return chunk_first_cell(totals, chunk + 1) - chunk_first_cell(totals, chunk);
}

static uint64_t widest_chunk(const struct psp_totals *totals)
{
    uint64_t widest = 1;
    for (uint32_t chunk = 0; chunk < chunk_count(totals); chunk++) {
        const uint64_t cells = chunk_cells(totals, chunk);
        widest = cells > widest ? cells : widest;
    }
    return widest;
}

size_t psp_collector_store_encode(const uint64_t *cells, uint64_t n, uint8_t *ret_bytes)
{
    uint8_t *at = ret_bytes;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t value = cells[i];
        for (; value > 0x7F; value >>= 7)
            *at++ = (uint8_t)(value | 0x80);
        *at++ = (uint8_t)value;
    }
    return (size_t)(at - ret_bytes);
}

bool psp_collector_store_decode(const MDB_val *value, uint64_t n, uint64_t *ret_cells)
{
    const uint8_t *at = value->mv_data, *end = at + value->mv_size;
    for (uint64_t i = 0; i < n; i++) {
        unsigned shift = 0;
        ret_cells[i] = 0;
        do {
            if (at == end || shift > 63 || (shift == 63 && *at > 1))
                return false;
            ret_cells[i] |= (uint64_t)(*at & 0x7F) << shift;
            shift += 7;
        } while (*at++ >= 0x80);
    }
    return at == end;
}

static void store_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24), at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8), at[3] = (uint8_t)value;
}

static uint32_t load_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- opening ---- */

static enum psp_status lock_folder(const char *directory, int *ret_fd, char *ret_reason,
                                   size_t size)
{
    char path[4096];
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        explain(ret_reason, size, "cannot make the data folder %s: %s", directory, strerror(errno));
        return psp_status_from_errno(errno);
    }
    snprintf(path, sizeof path, "%s/lock", directory);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        explain(ret_reason, size, "cannot open %s: %s", path, strerror(errno));
        return psp_status_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        explain(ret_reason, size,
                "another process uses the data folder %s: stop it first, or give --data another "
                "folder",
                directory);
        close(fd);
        return PSP_EBUSY;
    }
    *ret_fd = fd;
    return PSP_OK;
}

static int open_tables(struct psp_collector_store *store)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &store->meta);
    if (!rc)
        rc = mdb_dbi_open(txn, "shards", MDB_CREATE, &store->shards);
    if (!rc)
        rc = mdb_dbi_open(txn, "registered", MDB_CREATE, &store->registered);
    if (!rc)
        rc = mdb_dbi_open(txn, "rows", MDB_CREATE, &store->rows);
    if (!rc)
        rc = mdb_dbi_open(txn, "series", MDB_CREATE, &store->series);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static int open_env(struct psp_collector_store *store, const char *directory)
{
    int dead;
    int rc = mdb_env_create(&store->env);
    if (!rc)
        rc = mdb_env_set_mapsize(store->env, MAP_BYTES_FIRST);
    if (!rc)
        rc = mdb_env_set_maxdbs(store->env, TABLES);
    if (!rc)
        rc = mdb_env_open(store->env, directory, 0, 0600);
    if (!rc)
        rc = mdb_reader_check(store->env, &dead);
    return rc ? rc : open_tables(store);
}

int psp_collector_store_put(MDB_txn *txn, MDB_dbi table, const void *key, size_t key_bytes,
                            const void *data, size_t bytes)
{
    MDB_val k = {key_bytes, (void *)(uintptr_t)key}, v = {bytes, (void *)(uintptr_t)data};
    return mdb_put(txn, table, &k, &v, 0);
}

int psp_collector_store_get(MDB_txn *txn, MDB_dbi table, const void *key, size_t key_bytes,
                            MDB_val *ret_value)
{
    MDB_val k = {key_bytes, (void *)(uintptr_t)key};
    return mdb_get(txn, table, &k, ret_value);
}

static int write_meta(const struct psp_collector_store *store, MDB_txn *txn,
                      const struct psp_board *board)
{
    uint8_t format[4], shards[4];
    psp_put32(format, PSP_COLLECTOR_STORE_FORMAT);
    psp_put32(shards, store->shard_count);
    int rc = psp_collector_store_put(txn, store->meta, "format", 6, format, 4);
    if (!rc)
        rc = psp_collector_store_put(txn, store->meta, "cluster", 7, psp_board_cluster_id(board),
                                     PSP_CLUSTER_ID_BYTES);
    if (!rc)
        rc = psp_collector_store_put(txn, store->meta, "definition", 10,
                                     psp_board_definition(board)->hash, PSP_HASH_BYTES);
    return rc ? rc : psp_collector_store_put(txn, store->meta, "shards", 6, shards, 4);
}

static bool meta_is(const struct psp_collector_store *store, MDB_txn *txn, const char *key,
                    const uint8_t *expected, size_t bytes)
{
    MDB_val value;
    return psp_collector_store_get(txn, store->meta, key, strlen(key), &value) == 0 &&
           value.mv_size == bytes && memcmp(value.mv_data, expected, bytes) == 0;
}

static enum psp_status check_meta(const struct psp_collector_store *store, MDB_txn *txn,
                                  const struct psp_board *board, const char *directory,
                                  char *ret_reason, size_t size)
{
    uint8_t format[4], shards[4];
    psp_put32(format, PSP_COLLECTOR_STORE_FORMAT);
    psp_put32(shards, store->shard_count);
    if (!meta_is(store, txn, "format", format, 4)) {
        explain(ret_reason, size,
                "the data folder %s has a format that this version does not know (it knows %d): "
                "run the version that made it, or give --data an empty folder",
                directory, PSP_COLLECTOR_STORE_FORMAT);
        return PSP_EVERSION;
    }
    if (!meta_is(store, txn, "cluster", psp_board_cluster_id(board), PSP_CLUSTER_ID_BYTES) ||
        !meta_is(store, txn, "definition", psp_board_definition(board)->hash, PSP_HASH_BYTES) ||
        !meta_is(store, txn, "shards", shards, 4)) {
        explain(ret_reason, size,
                "the data folder %s belongs to another cluster or election: give --data the folder "
                "of this cluster, or an empty one (the shards will fill it again)",
                directory);
        return PSP_EMISMATCH;
    }
    return PSP_OK;
}

static enum psp_status settle_meta(struct psp_collector_store *store, const struct psp_board *board,
                                   const char *directory, char *ret_reason, size_t size)
{
    MDB_txn *txn;
    MDB_stat stat;
    enum psp_status status = psp_collector_store_status(mdb_txn_begin(store->env, NULL, 0, &txn));
    if (status != PSP_OK)
        return status;
    status = psp_collector_store_status(mdb_stat(txn, store->meta, &stat));
    if (status == PSP_OK && stat.ms_entries > 0)
        status = check_meta(store, txn, board, directory, ret_reason, size);
    else if (status == PSP_OK)
        status = psp_collector_store_status(write_meta(store, txn, board));
    if (status != PSP_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return psp_collector_store_status(mdb_txn_commit(txn));
}

static enum psp_status sync_folder(const char *directory)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return PSP_EIO;
    const int rc = fsync(fd);
    close(fd);
    return rc == 0 ? PSP_OK : PSP_EIO;
}

enum psp_status psp_collector_store_open(const char *directory, const struct psp_board *board,
                                         struct psp_collector_store **ret_store, char *ret_reason,
                                         size_t size)
{
    struct psp_collector_store *store = calloc(1, sizeof *store);
    if (!store)
        return PSP_ENOMEM;
    store->lock_fd = -1;
    store->shard_count = psp_board_shard_count(board);
    store->positions = calloc(store->shard_count, sizeof *store->positions);
    store->chunk = malloc(widest_chunk(psp_board_merged(board)) * PSP_COLLECTOR_VARINT_BYTES_MAX);
    store->head = malloc(HEAD_BYTES + (size_t)psp_board_definition(board)->unit_count * 4);
    enum psp_status status = PSP_ENOMEM;
    explain(ret_reason, size, "out of memory");
    if (store->positions && store->chunk && store->head)
        status = lock_folder(directory, &store->lock_fd, ret_reason, size);
    if (status == PSP_OK) {
        const int rc = open_env(store, directory);
        status = psp_collector_store_status(rc);
        if (rc)
            explain(ret_reason, size, "cannot open the store in %s: %s", directory,
                    mdb_strerror(rc));
    }
    if (status == PSP_OK) {
        explain(ret_reason, size, "cannot read or write the store in %s", directory);
        status = settle_meta(store, board, directory, ret_reason, size);
    }
    if (status == PSP_OK)
        status = sync_folder(directory);
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
    if ((*store)->env)
        mdb_env_close((*store)->env);
    if ((*store)->lock_fd >= 0)
        close((*store)->lock_fd);
    free((*store)->positions);
    free((*store)->chunk);
    free((*store)->head);
    free(*store);
    *store = NULL;
}

/* ---- heads ---- */

static uint8_t *write64(uint8_t *at, uint64_t value)
{
    psp_put64(at, value);
    return at + 8;
}

static size_t encode_head(const struct psp_board *board, uint32_t shard, uint8_t *ret_bytes)
{
    const struct psp_board_shard *head = psp_board_shard(board, shard);
    uint32_t complete_n;
    const uint32_t *complete = psp_board_shard_complete(board, shard, &complete_n);
    uint8_t *at = write64(ret_bytes, head->epoch);
    at = write64(at, head->index);
    at = write64(at, head->time_ms);
    at = write64(at, head->registered);
    psp_put32(at, head->replica);
    psp_put32(at + 4, (uint32_t)head->election_state);
    memcpy(at + 8, head->state_hash, PSP_HASH_BYTES);
    at += 8 + PSP_HASH_BYTES;
    psp_books_pack(&head->books, at);
    at += PSP_BOOKS_BYTES;
    assert(at == ret_bytes + HEAD_BYTES);
    for (uint32_t i = 0; i < complete_n; i++)
        psp_put32(at + (size_t)i * 4, complete[i]);
    return HEAD_BYTES + (size_t)complete_n * 4;
}

static bool decode_head(const MDB_val *value, struct psp_partial *ret_partial)
{
    const uint8_t *at = value->mv_data;
    if (value->mv_size < HEAD_BYTES || (value->mv_size - HEAD_BYTES) % 4 != 0)
        return false;
    ret_partial->epoch = psp_get64(at);
    ret_partial->index = psp_get64(at + 8);
    ret_partial->time_ms = psp_get64(at + 16);
    ret_partial->registered = psp_get64(at + 24);
    ret_partial->replica = psp_get32(at + 32);
    const uint32_t state = psp_get32(at + 36);
    if (state > PSP_ELECTION_CLOSED)
        return false;
    ret_partial->election_state = (enum psp_election_state)state;
    memcpy(ret_partial->state_hash, at + 40, PSP_HASH_BYTES);
    at += 40 + PSP_HASH_BYTES;
    psp_books_unpack(at, &ret_partial->books);
    ret_partial->units_complete =
        (struct psp_bytes){.data = at + PSP_BOOKS_BYTES, .length = value->mv_size - HEAD_BYTES};
    return true;
}

/* ---- loading ---- */

/* Reads a shard's chunks into `totals`, which is zero. */
static enum psp_status read_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                                 struct psp_totals *totals)
{
    MDB_cursor *cursor;
    uint8_t first[8];
    store_be32(first, shard);
    store_be32(first + 4, 0);
    MDB_val key = {sizeof first, first}, value;
    int rc = mdb_cursor_open(txn, store->rows, &cursor);
    if (rc)
        return psp_collector_store_status(rc);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size != 8)
            break;
        const uint8_t *at = key.mv_data;
        if (load_be32(at) != shard)
            break;
        const uint32_t chunk = load_be32(at + 4);
        if (chunk >= chunk_count(totals) ||
            !psp_collector_store_decode(&value, chunk_cells(totals, chunk),
                                        totals->cells + chunk_first_cell(totals, chunk))) {
            mdb_cursor_close(cursor);
            return PSP_ECORRUPT;
        }
    }
    mdb_cursor_close(cursor);
    return rc == 0 || rc == MDB_NOTFOUND ? PSP_OK : psp_collector_store_status(rc);
}

/* Marks rows with counts as changed, so that they are encoded. */
static void mark_rows(struct psp_totals *totals)
{
    for (uint32_t row = 0; row < totals->row_count; row++) {
        totals->row_index[row] = 0;
        for (uint64_t c = totals->row_first[row]; c < totals->row_first[row + 1]; c++)
            totals->row_index[row] |= totals->cells[c] != 0;
    }
}

static enum psp_status merge_stored(struct psp_board *board, const struct psp_totals *totals,
                                    struct psp_partial *partial)
{
    const size_t length = psp_totals_encode_since(totals, 0, NULL, 0);
    uint8_t *bytes = malloc(length + 1);
    if (!bytes)
        return PSP_ENOMEM;
    psp_totals_encode_since(totals, 0, bytes, length);
    partial->rows = (struct psp_bytes){.data = bytes, .length = length};
    const enum psp_status merged = psp_board_merge(board, partial);
    free(bytes);
    const struct psp_board_shard *head = psp_board_shard(board, partial->shard);
    return merged == PSP_OK && head->ballots == head->books.added_ballots ? PSP_OK : PSP_ECORRUPT;
}

static enum psp_status load_shard(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                                  struct psp_board *board, struct psp_totals *totals)
{
    struct psp_partial partial = {.shard = shard};
    uint8_t key[4];
    MDB_val value;
    store_be32(key, shard);
    enum psp_status status =
        psp_collector_store_status(psp_collector_store_get(txn, store->shards, key, 4, &value));
    if (status == PSP_ENOENT)
        return PSP_OK;
    if (status != PSP_OK)
        return status;
    if (!decode_head(&value, &partial))
        return PSP_ECORRUPT;
    memcpy(partial.cluster_id, psp_board_cluster_id(board), PSP_CLUSTER_ID_BYTES);
    if (psp_collector_store_get(txn, store->registered, key, 4, &value) == 0)
        partial.registered_leaves =
            (struct psp_bytes){.data = value.mv_data, .length = value.mv_size};
    memset(totals->cells, 0, totals->cell_count * sizeof *totals->cells);
    status = read_rows(store, txn, shard, totals);
    if (status != PSP_OK)
        return status;
    mark_rows(totals);
    store->positions[shard] = (struct psp_collector_position){
        .present = true, .epoch = partial.epoch, .index = partial.index};
    return merge_stored(board, totals, &partial);
}

enum psp_status psp_collector_store_load(struct psp_collector_store *store, struct psp_board *board,
                                         char *ret_reason, size_t size)
{
    struct psp_totals *totals;
    MDB_txn *txn;
    enum psp_status status = psp_totals_create(psp_board_definition(board), &totals);
    if (status != PSP_OK) {
        explain(ret_reason, size, "out of memory");
        return status;
    }
    status = psp_collector_store_status(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn));
    if (status == PSP_OK) {
        for (uint32_t s = 0; s < store->shard_count && status == PSP_OK; s++)
            status = load_shard(store, txn, s, board, totals);
        mdb_txn_abort(txn);
    }
    if (status != PSP_OK)
        explain(ret_reason, size,
                "the stored board cannot be used (%s): move the data folder away and start again; "
                "the shards will send their totals",
                psp_status_text(status));
    psp_totals_destroy(&totals);
    return status;
}

/* ---- committing ---- */

/* A new epoch begins with no rows stored. */
static int delete_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard)
{
    MDB_cursor *cursor;
    uint8_t first[8];
    store_be32(first, shard);
    store_be32(first + 4, 0);
    MDB_val key = {sizeof first, first}, value;
    int rc = mdb_cursor_open(txn, store->rows, &cursor);
    if (rc)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && key.mv_size == 8 && load_be32(key.mv_data) == shard) {
        rc = mdb_cursor_del(cursor, 0);
        if (!rc)
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static bool chunk_changed(const struct psp_totals *totals, uint32_t chunk, uint64_t after_index)
{
    const uint64_t first = (uint64_t)chunk * PSP_COLLECTOR_CHUNK_ROWS;
    uint64_t end = first + PSP_COLLECTOR_CHUNK_ROWS;
    end = end < totals->row_count ? end : totals->row_count;
    uint64_t newest = 0;
    for (uint64_t row = first; row < end; row++)
        newest = totals->row_index[row] > newest ? totals->row_index[row] : newest;
    return newest > after_index;
}

static int put_rows(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                    const struct psp_totals *totals, uint64_t after_index)
{
    for (uint32_t chunk = 0; chunk < chunk_count(totals); chunk++) {
        if (!chunk_changed(totals, chunk, after_index))
            continue;
        const size_t length =
            psp_collector_store_encode(totals->cells + chunk_first_cell(totals, chunk),
                                       chunk_cells(totals, chunk), store->chunk);
        uint8_t key[8];
        store_be32(key, shard);
        store_be32(key + 4, chunk);
        const int rc =
            psp_collector_store_put(txn, store->rows, key, sizeof key, store->chunk, length);
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
    store_be32(key, shard);
    if (!registered)
        return 0;
    uint8_t *bytes = malloc(n * 4 + 1);
    if (!bytes)
        return ENOMEM;
    for (size_t i = 0; i < n; i++)
        psp_put32(bytes + i * 4, registered[i]);
    MDB_val held;
    int rc = psp_collector_store_get(txn, store->registered, key, 4, &held);
    if (rc || held.mv_size != n * 4 || memcmp(held.mv_data, bytes, n * 4) != 0)
        rc = psp_collector_store_put(txn, store->registered, key, 4, bytes, n * 4);
    free(bytes);
    return rc;
}

static int put_shard(struct psp_collector_store *store, MDB_txn *txn, uint32_t shard,
                     const struct psp_board *board)
{
    const struct psp_board_shard *head = psp_board_shard(board, shard);
    const struct psp_collector_position *held = &store->positions[shard];
    const bool anew = !held->present || held->epoch != head->epoch;
    uint8_t key[4];
    store_be32(key, shard);
    int rc = anew ? delete_rows(store, txn, shard) : 0;
    if (!rc && anew)
        rc = put_registered(store, txn, shard, board);
    if (!rc)
        rc = put_rows(store, txn, shard, psp_board_shard_totals(board, shard),
                      anew ? 0 : held->index);
    if (!rc)
        rc = psp_collector_store_put(txn, store->shards, key, 4, store->head,
                                     encode_head(board, shard, store->head));
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

static int commit_once(struct psp_collector_store *store, const struct psp_board *board)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return rc;
    for (uint32_t s = 0; s < store->shard_count && rc == 0; s++) {
        if (shard_changed(store, board, s))
            rc = put_shard(store, txn, s, board);
    }
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

int psp_collector_store_grow(struct psp_collector_store *store)
{
    MDB_envinfo info;
    const int rc = mdb_env_info(store->env, &info);
    return rc ? rc : mdb_env_set_mapsize(store->env, info.me_mapsize * 2);
}

enum psp_status psp_collector_store_commit(struct psp_collector_store *store,
                                           const struct psp_board *board)
{
    int rc = commit_once(store, board);
    while (rc == MDB_MAP_FULL) {
        rc = psp_collector_store_grow(store);
        if (!rc)
            rc = commit_once(store, board);
    }
    if (rc)
        return psp_collector_store_status(rc);
    for (uint32_t s = 0; s < store->shard_count; s++) {
        const struct psp_board_shard *head = psp_board_shard(board, s);
        store->positions[s] = (struct psp_collector_position){
            .present = head->present, .epoch = head->epoch, .index = head->index};
    }
    return PSP_OK;
}
