/* One checkpoint: tables are appended to in parts, and the position is written with the last. */
#include <assert.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "count/genesis.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

/* How many rows of the delta are in the tables. */
struct progress {
    uint64_t done[PSP_STORE_TABLES];
    uint64_t room_bytes; /* left in this transaction */
};

struct source {
    uint64_t first, n;
    const uint8_t *rows;
    const uint8_t *voter_units; /* VOTERS: digest and unit lie apart in the delta */
};

static struct source source_of(const struct psp_count_delta *delta, enum psp_store_table table)
{
    const struct source sources[PSP_STORE_TABLES] = {
        [PSP_STORE_VOTERS] = {delta->voter_first, delta->voter_n, delta->voter_digests,
                              delta->voter_units},
        [PSP_STORE_COUNTED] = {delta->counted_first, delta->counted_n, delta->counted, NULL},
        [PSP_STORE_REFUSED] = {delta->refused_first, delta->refused_n, delta->refused, NULL},
    };
    assert(table >= PSP_STORE_VOTERS && table <= PSP_STORE_REFUSED);
    assert(sources[table].n == 0 || sources[table].rows != NULL);
    return sources[table];
}

static void interleave(const struct source *source, uint64_t from, uint64_t n, uint8_t *ret_rows)
{
    assert(from + n <= source->n);
    for (uint64_t i = from; i < from + n; i++, ret_rows += PSP_STORE_VOTER_BYTES) {
        memcpy(ret_rows, source->rows + i * PSP_DIGEST_BYTES, PSP_DIGEST_BYTES);
        memcpy(ret_rows + PSP_DIGEST_BYTES, source->voter_units + i * 4, 4);
    }
}

/* Appends chunks until all rows are in, or the transaction has its fill. */
static int append_rows(const struct psp_store *store, MDB_txn *txn, enum psp_store_table table,
                       const struct psp_count_delta *delta, struct progress *progress)
{
    const struct source source = source_of(delta, table);
    const uint32_t row_bytes = psp_store_row_bytes(table);
    uint64_t *done = &progress->done[table];
    assert(*done <= source.n);
    while (*done < source.n && progress->room_bytes >= PSP_STORE_CHUNK_BYTES) {
        uint64_t n = PSP_STORE_CHUNK_BYTES / row_bytes;
        if (n > source.n - *done)
            n = source.n - *done;
        assert(n > 0 && n * row_bytes <= PSP_STORE_CHUNK_BYTES); /* as read_chunk wants it */
        uint8_t key[8], *at;
        psp_kv_put_key64(key, source.first + *done);
        const struct psp_bytes name = {key, sizeof key};
        const int error =
            psp_kv_sealed_room(&store->kv, txn, table, name, n * row_bytes, MDB_APPEND, &at);
        if (error)
            return error;
        if (source.voter_units)
            interleave(&source, *done, n, at);
        else
            memcpy(at, source.rows + *done * row_bytes, n * row_bytes);
        psp_kv_seal(table, name, at, n * row_bytes);
        *done += n;
        assert(progress->room_bytes >= n * row_bytes);
        progress->room_bytes -= n * row_bytes;
    }
    assert(*done == source.n || progress->room_bytes < PSP_STORE_CHUNK_BYTES);
    return 0;
}

static bool complete(const struct psp_count_delta *delta, const struct progress *progress)
{
    assert(progress->done[PSP_STORE_VOTERS] <= delta->voter_n);
    assert(progress->done[PSP_STORE_COUNTED] <= delta->counted_n);
    assert(progress->done[PSP_STORE_REFUSED] <= delta->refused_n);
    return progress->done[PSP_STORE_VOTERS] == delta->voter_n &&
           progress->done[PSP_STORE_COUNTED] == delta->counted_n &&
           progress->done[PSP_STORE_REFUSED] == delta->refused_n;
}

/* One row of totals: its cells, and before them `head` bytes that the caller fills. */
static int put_row(const struct psp_store *store, MDB_txn *txn, enum psp_store_table table,
                   uint32_t row, const uint8_t *head, size_t head_bytes, const uint64_t *cells,
                   uint32_t n)
{
    uint8_t key[8], *at;
    assert(table == PSP_STORE_TOTALS || table == PSP_STORE_REPORTED);
    assert(head_bytes == (table == PSP_STORE_REPORTED ? 8 : 0)); /* as read_row wants it */
    assert(n > 0 && cells != NULL);
    psp_kv_put_key64(key, row);
    const struct psp_bytes name = {key, sizeof key};
    const size_t bytes = head_bytes + (size_t)n * 8;
    const int error = psp_kv_sealed_room(&store->kv, txn, table, name, bytes, 0, &at);
    if (error)
        return error;
    if (head_bytes > 0)
        memcpy(at, head, head_bytes);
    for (uint32_t cell = 0; cell < n; cell++)
        psp_put64(at + head_bytes + (size_t)cell * 8, cells[cell]);
    psp_kv_seal(table, name, at, bytes);
    return 0;
}

static int write_totals(const struct psp_store *store, MDB_txn *txn,
                        const struct psp_count_delta *delta)
{
    const uint64_t *cells = delta->cells;
    int error = 0;
    for (uint32_t i = 0; i < delta->row_n && !error; cells += delta->row_cells[i++])
        error = put_row(store, txn, PSP_STORE_TOTALS, delta->rows[i], NULL, 0, cells,
                        delta->row_cells[i]);
    return error;
}

static int write_report(const struct psp_store *store, MDB_txn *txn,
                        const struct psp_count_delta *delta)
{
    const struct psp_bytes name = psp_kv_name("report");
    assert(delta->report != NULL && delta->report_bytes > 0);
    assert(delta->report_index > 0);
    const size_t n = PSP_STORE_REPORT_HEAD_BYTES + delta->report_bytes;
    uint8_t *at;
    const int error = psp_kv_sealed_room(&store->kv, txn, PSP_STORE_META, name, n, 0, &at);
    if (error)
        return error;
    psp_put64(at, delta->report_index);
    psp_put32(at + 8, delta->reported_sum.leaves);
    psp_put64(at + 12, delta->reported_sum.ballots);
    memcpy(at + PSP_STORE_REPORT_HEAD_BYTES, delta->report, delta->report_bytes);
    psp_kv_seal(PSP_STORE_META, name, at, n);
    return 0;
}

static int write_leaf_report(const struct psp_store *store, MDB_txn *txn, uint32_t leaf,
                             const struct psp_leaf_report *report)
{
    uint8_t key[4], bytes[PSP_STORE_REPORT_BYTES];
    assert(report->index > 0);
    psp_kv_put_key32(key, leaf);
    psp_put64(bytes, report->number);
    psp_put64(bytes + 8, report->index);
    psp_put64(bytes + 16, report->time_ms);
    bytes[24] = report->final;
    return psp_kv_sealed_put(&store->kv, txn, PSP_STORE_REPORTS,
                             (struct psp_bytes){key, sizeof key},
                             (struct psp_bytes){bytes, sizeof bytes});
}

static int write_reports(const struct psp_store *store, MDB_txn *txn,
                         const struct psp_count_delta *delta)
{
    if (delta->report_bytes == 0)
        return 0;
    assert(delta->report_index <= delta->index);
    assert(delta->leaf_report_n > 0); /* a report is of some leaves */
    int error = write_report(store, txn, delta);
    for (uint32_t i = 0; i < delta->leaf_report_n && !error; i++)
        error =
            write_leaf_report(store, txn, delta->leaf_report_leaves[i], &delta->leaf_reports[i]);
    const uint64_t *cells = delta->reported_cells;
    for (uint32_t i = 0; i < delta->reported_n && !error; cells += delta->reported_row_cells[i++]) {
        uint8_t index[8];
        assert(delta->reported_indexes[i] <= delta->report_index);
        psp_put64(index, delta->reported_indexes[i]);
        error = put_row(store, txn, PSP_STORE_REPORTED, delta->reported_rows[i], index,
                        sizeof index, cells, delta->reported_row_cells[i]);
    }
    return error;
}

static int write_stations(const struct psp_store *store, MDB_txn *txn,
                          const struct psp_count_delta *delta)
{
    int error = 0;
    for (uint32_t i = 0; i < delta->station_n && !error; i++) {
        uint8_t key[4], bytes[PSP_STATION_BOOKS_BYTES];
        assert(delta->station_numbers[i] <= PSP_STATIONS_MAX);
        assert(psp_station_books_balanced(&delta->station_books[i])); /* promise 3 */
        psp_kv_put_key32(key, delta->station_numbers[i]);
        psp_station_books_pack(&delta->station_books[i], bytes);
        error = psp_kv_sealed_put(&store->kv, txn, PSP_STORE_STATIONS,
                                  (struct psp_bytes){key, sizeof key},
                                  (struct psp_bytes){bytes, sizeof bytes});
    }
    return error;
}

static int write_configuration(const struct psp_store *store, MDB_txn *txn,
                               const struct psp_count_delta *delta)
{
    const struct psp_bytes name = psp_kv_name("configuration");
    assert(delta->configuration_index > 0);
    assert(delta->configuration_index <= delta->index);
    const size_t n = 8 + (size_t)delta->configuration_bytes;
    uint8_t *at;
    const int error = psp_kv_sealed_room(&store->kv, txn, PSP_STORE_META, name, n, 0, &at);
    if (error)
        return error;
    psp_put64(at, delta->configuration_index);
    memcpy(at + 8, delta->configuration, delta->configuration_bytes);
    psp_kv_seal(PSP_STORE_META, name, at, n);
    return 0;
}

static int write_meta(const struct psp_store *store, MDB_txn *txn,
                      const struct psp_count_delta *delta, struct psp_store_position *ret_position)
{
    int error = 0;
    if (delta->has_genesis) {
        uint8_t bytes[PSP_GENESIS_BYTES];
        psp_genesis_pack(&delta->genesis, bytes);
        error = psp_store_put(store, txn, "genesis", bytes, sizeof bytes);
    }
    if (!error && delta->configuration_bytes > 0)
        error = write_configuration(store, txn, delta);
    if (error)
        return error;
    struct psp_store_position position = {
        .index = delta->index,
        .term = delta->term,
        .time_ms = delta->time_ms,
        .election_state = delta->election_state,
        .close_at_ms = delta->close_at_ms,
        .books = delta->books,
    };
    memcpy(position.state_hash, delta->state_hash, PSP_HASH_BYTES);
    for (enum psp_store_table table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED; table++)
        position.rows[table] = store->position.rows[table] + source_of(delta, table).n;
    assert(position.rows[PSP_STORE_COUNTED] == position.books.voters_counted);
    *ret_position = position;
    return psp_store_put_position(store, txn, &position);
}

/* One transaction: rows, and with the last of them all that replaces what was there. */
struct part {
    const struct psp_store *store;
    const struct psp_count_delta *delta;
    struct progress before, after; /* this part */
    struct psp_store_position position;
};

static int write_part(void *context, MDB_txn *txn)
{
    struct part *part = context;
    struct progress *progress = &part->after;
    int error = 0;
    *progress = part->before;
    progress->room_bytes = PSP_STORE_TRANSACTION_BYTES;
    for (enum psp_store_table table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED && !error;
         table++)
        error = append_rows(part->store, txn, table, part->delta, progress);
    if (error || !complete(part->delta, progress)) {
        assert(error || progress->room_bytes < PSP_STORE_CHUNK_BYTES); /* it comes to an end */
        return error;
    }
    error = write_totals(part->store, txn, part->delta);
    if (!error)
        error = write_stations(part->store, txn, part->delta);
    if (!error)
        error = write_reports(part->store, txn, part->delta);
    return error ? error : write_meta(part->store, txn, part->delta, &part->position);
}

enum psp_status psp_store_checkpoint(struct psp_store *store, const struct psp_count_delta *delta)
{
    if (store->failed != PSP_OK)
        return store->failed;
    assert(delta->index >= store->position.index);
    assert(delta->term >= store->position.term);
    assert(delta->time_ms >= store->position.time_ms); /* promise 4 */
    assert(delta->books.received >= store->position.books.received);
    assert(psp_books_balanced(&delta->books)); /* promise 3 */
    for (enum psp_store_table table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED; table++) {
        const struct source source = source_of(delta, table);
        assert(source.n == 0 || source.first == store->position.rows[table]);
    }
    struct part part = {.store = store, .delta = delta};
    do {
        part.before = part.after;
        const int error = psp_kv_write(&store->kv, write_part, &part);
        if (error) {
            store->failed = psp_kv_write_status(&store->kv, error);
            return store->failed;
        }
    } while (!complete(delta, &part.after));
    assert(part.position.index == delta->index);
    store->position = part.position;
    return PSP_OK;
}
