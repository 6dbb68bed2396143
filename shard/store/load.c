/* From LMDB into an empty count: chunk by chunk, in the order that the count restores. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "count/genesis.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

static_assert((int)PSP_DIGEST_BYTES + 4 == (int)PSP_STORE_VOTER_BYTES, "a digest and a unit");

/* Reads the chunks of one table in order, as far as the position says. */
struct reader {
    MDB_cursor *cursor;
    enum psp_store_table table;
    uint64_t next, end; /* rows */
};

struct load {
    const struct psp_store *store;
    struct psp_count *count;
    MDB_txn *txn;
    struct reader readers[PSP_STORE_TABLES];
    uint8_t *digests, *units; /* of one chunk of voters */
};

/* Every delta of a load stands at the same position. */
static struct psp_count_delta delta_at(const struct psp_store_position *position)
{
    struct psp_count_delta delta = {
        .index = position->index,
        .term = position->term,
        .time_ms = position->time_ms,
        .election_state = position->election_state,
        .close_at_ms = position->close_at_ms,
        .books = position->books,
    };
    memcpy(delta.state_hash, position->state_hash, PSP_HASH_BYTES);
    assert(delta.index > 0 && delta.term > 0);
    return delta;
}

/* PSP_ENOENT: all read. The rows are valid within the transaction. */
static enum psp_status read_chunk(struct reader *reader, uint64_t *ret_first, uint64_t *ret_n,
                                  uint8_t **ret_rows)
{
    assert(reader->next <= reader->end);
    if (reader->next == reader->end)
        return PSP_ENOENT;
    MDB_val key, value;
    const int error = mdb_cursor_get(reader->cursor, &key, &value, MDB_NEXT);
    if (error == MDB_NOTFOUND)
        return PSP_ECORRUPT; /* fewer rows than the position says */
    if (error)
        return psp_kv_status(error);
    if (psp_kv_unseal(reader->table, &key, &value) != 0)
        return PSP_ECORRUPT;
    const uint32_t row_bytes = psp_store_row_bytes(reader->table);
    const uint64_t n = value.mv_size / row_bytes;
    if (psp_store_key_row(&key) != reader->next || n == 0 || value.mv_size % row_bytes != 0 ||
        n > reader->end - reader->next || value.mv_size > PSP_STORE_CHUNK_BYTES)
        return PSP_ECORRUPT;
    *ret_first = reader->next;
    *ret_n = n;
    *ret_rows = value.mv_data;
    reader->next += n;
    assert(reader->next <= reader->end);
    return PSP_OK;
}

static enum psp_status load_voters_chunk(struct load *load)
{
    struct psp_count_delta delta = delta_at(&load->store->position);
    uint8_t *rows;
    const enum psp_status status =
        read_chunk(&load->readers[PSP_STORE_VOTERS], &delta.voter_first, &delta.voter_n, &rows);
    if (status != PSP_OK)
        return status;
    assert(delta.voter_n * PSP_STORE_VOTER_BYTES <= PSP_STORE_CHUNK_BYTES); /* so it fits */
    for (uint64_t i = 0; i < delta.voter_n; i++, rows += PSP_STORE_VOTER_BYTES) {
        memcpy(load->digests + i * PSP_DIGEST_BYTES, rows, PSP_DIGEST_BYTES);
        memcpy(load->units + i * 4, rows + PSP_DIGEST_BYTES, 4);
    }
    delta.voter_digests = load->digests;
    delta.voter_units = load->units;
    return psp_count_restore(load->count, &delta);
}

/* Counted records follow the voters they speak of, so voters are read no
 * further ahead than needed; with a roll a record may speak of any voter. */
static enum psp_status load_counted(struct load *load, bool has_roll)
{
    struct reader *voters = &load->readers[PSP_STORE_VOTERS];
    for (;;) {
        struct psp_count_delta delta = delta_at(&load->store->position);
        enum psp_status status = read_chunk(&load->readers[PSP_STORE_COUNTED], &delta.counted_first,
                                            &delta.counted_n, &delta.counted);
        const bool last = status == PSP_ENOENT;
        if (status != PSP_OK && !last)
            return status;
        const uint64_t needed =
            has_roll || last ? voters->end : delta.counted_first + delta.counted_n;
        while (voters->next < needed && voters->next < voters->end) {
            status = load_voters_chunk(load);
            if (status != PSP_OK)
                return status;
        }
        assert(voters->next >= needed || voters->next == voters->end);
        if (last)
            return PSP_OK;
        status = psp_count_restore(load->count, &delta);
        if (status != PSP_OK)
            return status;
    }
}

/* A station at a time: there may be many, and they are small. */
static enum psp_status load_stations(struct load *load)
{
    MDB_cursor *cursor = load->readers[PSP_STORE_STATIONS].cursor;
    for (;;) {
        MDB_val key, value;
        const int error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (error == MDB_NOTFOUND)
            return PSP_OK;
        if (error)
            return psp_kv_status(error);
        if (psp_kv_unseal(PSP_STORE_STATIONS, &key, &value) != 0 || key.mv_size != 4 ||
            value.mv_size != PSP_STATION_BOOKS_BYTES)
            return PSP_ECORRUPT;
        uint32_t number = psp_kv_get_key32(key.mv_data);
        struct psp_station_books books;
        psp_station_books_unpack(value.mv_data, &books);
        struct psp_count_delta delta = delta_at(&load->store->position);
        delta.station_n = 1;
        delta.station_numbers = &number;
        delta.station_books = &books;
        const enum psp_status status = psp_count_restore(load->count, &delta);
        if (status != PSP_OK)
            return status;
    }
}

static enum psp_status load_refused(struct load *load)
{
    enum psp_status status = PSP_OK;
    while (status == PSP_OK) {
        struct psp_count_delta delta = delta_at(&load->store->position);
        status = read_chunk(&load->readers[PSP_STORE_REFUSED], &delta.refused_first,
                            &delta.refused_n, &delta.refused);
        if (status == PSP_OK)
            status = psp_count_restore(load->count, &delta);
    }
    return status == PSP_ENOENT ? PSP_OK : status;
}

/* A row of totals, read: what the delta's members point at. */
struct row {
    uint32_t number, n;
    uint64_t index; /* REPORTED */
    uint64_t *cells;
};

/* PSP_ENOENT: all read. The caller frees the cells. */
static enum psp_status read_row(struct load *load, enum psp_store_table table, struct row *ret_row)
{
    assert(table == PSP_STORE_TOTALS || table == PSP_STORE_REPORTED);
    const size_t head = table == PSP_STORE_REPORTED ? 8 : 0;
    *ret_row = (struct row){0};
    MDB_val key, value;
    const int error = mdb_cursor_get(load->readers[table].cursor, &key, &value, MDB_NEXT);
    if (error == MDB_NOTFOUND)
        return PSP_ENOENT;
    if (error)
        return psp_kv_status(error);
    if (psp_kv_unseal(table, &key, &value) != 0)
        return PSP_ECORRUPT;
    const uint64_t number = psp_store_key_row(&key);
    if (number > UINT32_MAX || value.mv_size < head || (value.mv_size - head) % 8 != 0 ||
        value.mv_size / 8 > UINT32_MAX)
        return PSP_ECORRUPT;
    const uint8_t *bytes = value.mv_data;
    struct row row = {.number = (uint32_t)number, .n = (uint32_t)((value.mv_size - head) / 8)};
    row.cells = malloc(value.mv_size + 1);
    if (!row.cells)
        return PSP_ENOMEM;
    row.index = head > 0 ? psp_get64(bytes) : 0;
    for (uint32_t cell = 0; cell < row.n; cell++)
        row.cells[cell] = psp_get64(bytes + head + (size_t)cell * 8);
    *ret_row = row;
    return PSP_OK;
}

static enum psp_status load_totals(struct load *load)
{
    enum psp_status status;
    struct row row;
    while ((status = read_row(load, PSP_STORE_TOTALS, &row)) == PSP_OK) {
        struct psp_count_delta delta = delta_at(&load->store->position);
        delta.row_n = 1;
        delta.rows = &row.number;
        delta.row_cells = &row.n;
        delta.cells = row.cells;
        status = psp_count_restore(load->count, &delta);
        free(row.cells);
        if (status != PSP_OK)
            return status;
    }
    return status == PSP_ENOENT ? PSP_OK : status;
}

static enum psp_status load_report(struct load *load)
{
    struct psp_count_delta delta = delta_at(&load->store->position);
    MDB_val value;
    const int error = psp_store_get(load->store, load->txn, "report", &value);
    if (error == MDB_NOTFOUND)
        return PSP_OK;
    if (error || value.mv_size <= PSP_STORE_REPORT_HEAD_BYTES)
        return PSP_ECORRUPT;
    uint8_t *bytes = value.mv_data;
    delta.report_index = psp_get64(bytes);
    delta.reported_sum =
        (struct psp_reports_sum){.leaves = psp_get32(bytes + 8), .ballots = psp_get64(bytes + 12)};
    delta.report = bytes + PSP_STORE_REPORT_HEAD_BYTES;
    delta.report_bytes = value.mv_size - PSP_STORE_REPORT_HEAD_BYTES;
    return psp_count_restore(load->count, &delta);
}

static enum psp_status load_leaf_reports(struct load *load)
{
    MDB_cursor *cursor = load->readers[PSP_STORE_REPORTS].cursor;
    for (;;) {
        MDB_val key, value;
        const int error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (error == MDB_NOTFOUND)
            return PSP_OK;
        if (error)
            return psp_kv_status(error);
        if (psp_kv_unseal(PSP_STORE_REPORTS, &key, &value) != 0 || key.mv_size != 4 ||
            value.mv_size != PSP_STORE_REPORT_BYTES)
            return PSP_ECORRUPT;
        const uint8_t *bytes = value.mv_data;
        uint32_t leaf = psp_kv_get_key32(key.mv_data);
        if (bytes[24] > 1)
            return PSP_ECORRUPT;
        struct psp_leaf_report report = {psp_get64(bytes), psp_get64(bytes + 8),
                                         psp_get64(bytes + 16), bytes[24] == 1};
        struct psp_count_delta delta = delta_at(&load->store->position);
        delta.leaf_report_n = 1;
        delta.leaf_report_leaves = &leaf;
        delta.leaf_reports = &report;
        const enum psp_status status = psp_count_restore(load->count, &delta);
        if (status != PSP_OK)
            return status;
    }
}

static enum psp_status load_reported(struct load *load)
{
    enum psp_status status;
    struct row row;
    while ((status = read_row(load, PSP_STORE_REPORTED, &row)) == PSP_OK) {
        struct psp_count_delta delta = delta_at(&load->store->position);
        delta.reported_n = 1;
        delta.reported_rows = &row.number;
        delta.reported_row_cells = &row.n;
        delta.reported_indexes = &row.index;
        delta.reported_cells = row.cells;
        status = psp_count_restore(load->count, &delta);
        free(row.cells);
        if (status != PSP_OK)
            return status;
    }
    return status == PSP_ENOENT ? PSP_OK : status;
}

/* The last report before what it says of leaves, and these before their rows. */
static enum psp_status load_reports(struct load *load)
{
    enum psp_status status = load_report(load);
    if (status == PSP_OK)
        status = load_leaf_reports(load);
    return status == PSP_OK ? load_reported(load) : status;
}

static enum psp_status load_genesis(struct load *load)
{
    struct psp_count_delta delta = delta_at(&load->store->position);
    MDB_val value;
    const int error = psp_store_get(load->store, load->txn, "genesis", &value);
    if (error == MDB_NOTFOUND)
        return psp_count_restore(load->count, &delta); /* nothing but barriers so far */
    if (error || value.mv_size != PSP_GENESIS_BYTES)
        return PSP_ECORRUPT;
    delta.has_genesis = true;
    psp_genesis_unpack(value.mv_data, &delta.genesis);
    return psp_count_restore(load->count, &delta);
}

static enum psp_status load_all(struct load *load)
{
    enum psp_status status = load_genesis(load);
    const struct psp_genesis *genesis = psp_count_genesis(load->count);
    if (status == PSP_OK)
        status = load_counted(load, genesis && psp_genesis_has_roll(genesis));
    if (status == PSP_OK)
        status = load_stations(load); /* they say which refusals are forgotten */
    if (status == PSP_OK)
        status = load_refused(load);
    if (status == PSP_OK)
        status = load_totals(load);
    if (status == PSP_OK)
        status = load_reports(load);
    for (int table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED && status == PSP_OK; table++)
        assert(load->readers[table].next == load->readers[table].end);
    return status == PSP_OK ? psp_count_restore_end(load->count) : status;
}

enum psp_status psp_store_load(struct psp_store *store, struct psp_count *count)
{
    assert(psp_count_index(count) == 0); /* an empty one */
    assert(store->failed == PSP_OK);
    if (store->position.index == 0)
        return PSP_OK;
    struct load load = {.store = store, .count = count};
    enum psp_status status = PSP_ENOMEM;
    int error = psp_kv_begin(&store->kv, MDB_RDONLY, &load.txn);
    if (error)
        return psp_kv_status(error);
    for (int at = PSP_STORE_VOTERS; at < PSP_STORE_TABLES; at++) {
        const enum psp_store_table table = (enum psp_store_table)at;
        struct reader *reader = &load.readers[table];
        *reader = (struct reader){.table = table, .end = store->position.rows[table]};
        error = mdb_cursor_open(load.txn, store->kv.tables[table], &reader->cursor);
        if (error) {
            status = psp_kv_status(error);
            goto close;
        }
    }
    load.digests = malloc(PSP_STORE_CHUNK_BYTES);
    load.units = malloc(PSP_STORE_CHUNK_BYTES);
    if (load.digests && load.units)
        status = load_all(&load);
close:
    free(load.units);
    free(load.digests);
    for (int table = PSP_STORE_TABLES - 1; table >= PSP_STORE_VOTERS; table--)
        if (load.readers[table].cursor)
            mdb_cursor_close(load.readers[table].cursor);
    mdb_txn_abort(load.txn);
    assert(status != PSP_OK || psp_count_index(count) == store->position.index);
    return status;
}

enum psp_status psp_store_configuration(struct psp_store *store, uint8_t **ret_configuration,
                                        size_t *ret_bytes, uint64_t *ret_index)
{
    MDB_txn *txn;
    MDB_val value;
    int error = psp_kv_begin(&store->kv, MDB_RDONLY, &txn);
    if (error)
        return psp_kv_status(error);
    enum psp_status status = PSP_OK;
    error = psp_store_get(store, txn, "configuration", &value);
    if (error == MDB_NOTFOUND) {
        *ret_configuration = NULL;
        *ret_bytes = 0;
        *ret_index = 0;
    } else if (error || value.mv_size <= 8) {
        status = error ? psp_kv_status(error) : PSP_ECORRUPT;
    } else {
        const size_t n = value.mv_size - 8;
        assert(n > 0);
        uint8_t *copy = malloc(n);
        status = copy ? PSP_OK : PSP_ENOMEM;
        if (copy) {
            memcpy(copy, (const uint8_t *)value.mv_data + 8, n);
            *ret_configuration = copy;
            *ret_bytes = n;
            *ret_index = psp_get64(value.mv_data);
        }
    }
    mdb_txn_abort(txn);
    return status;
}
