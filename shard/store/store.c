/* Opening: whose store it is, how far it goes, and what a checkpoint cut short left behind. */
#include "shard/store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

#define MAP_BYTES_DEFAULT ((uint64_t)16 << 30)
enum { OWNER_BYTES = PSP_CLUSTER_ID_BYTES + 4 };

static_assert(OWNER_BYTES == 20, "docs/storage.md");
static_assert((int)PSP_STORE_FORMAT != (int)PSP_STORE_FORMAT_0_1_0, "each refuses the other's");

static const char *const table_names[PSP_STORE_TABLES] = {
    "meta", "voters", "counted", "refused", "totals", "stations", "reports", "reported"};

const char *psp_store_table_name(uint32_t number)
{
    return number < PSP_STORE_TABLES ? table_names[number] : NULL;
}

uint32_t psp_store_row_bytes(enum psp_store_table table)
{
    static const uint32_t bytes[PSP_STORE_TABLES] = {
        [PSP_STORE_VOTERS] = PSP_STORE_VOTER_BYTES,
        [PSP_STORE_COUNTED] = PSP_STORE_COUNTED_BYTES,
        [PSP_STORE_REFUSED] = PSP_STORE_REFUSED_BYTES,
    };
    assert((int)table < (int)PSP_STORE_TABLES);
    assert(bytes[table] > 0); /* a table of rows */
    return bytes[table];
}

/* ---- open ---- */

struct opening {
    const struct psp_store_options *options;
    const struct psp_kv_options *kv;
    struct psp_store *store;
    MDB_txn *txn;
    struct psp_reason *reason;
};

static enum psp_status refuse(const struct opening *opening, enum psp_status status,
                              const char *what)
{
    assert(status != PSP_OK);
    return psp_kv_refuse(opening->kv, status, what, opening->reason);
}

static enum psp_status refuse_lmdb(const struct opening *opening, int error)
{
    assert(error != 0);
    return psp_kv_refuse_error(opening->kv, error, opening->reason);
}

static void owner_of(const struct psp_store_options *options, uint8_t ret_owner[OWNER_BYTES])
{
    memcpy(ret_owner, options->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put32(ret_owner + PSP_CLUSTER_ID_BYTES, options->shard);
}

static enum psp_status write_identity(const struct opening *opening)
{
    uint8_t format[4], owner[OWNER_BYTES];
    assert(!opening->options->read_only);
    assert(opening->store->position.index == 0);
    psp_put32(format, PSP_STORE_FORMAT);
    owner_of(opening->options, owner);
    int error = psp_store_put(opening->store, opening->txn, "format", format, sizeof format);
    if (!error)
        error = psp_store_put(opening->store, opening->txn, "owner", owner, sizeof owner);
    if (!error)
        error = psp_store_put_position(opening->store, opening->txn, &opening->store->position);
    return error ? refuse_lmdb(opening, error) : PSP_OK;
}

/* Before the tables are looked for: each format has its own. */
static enum psp_status check_format(void *context, const struct psp_kv *kv, MDB_txn *txn)
{
    struct opening *opening = context;
    opening->store->kv = *kv;
    opening->txn = txn;
    MDB_val format;
    int error = psp_store_get(opening->store, opening->txn, "format", &format);
    if (!error && format.mv_size != 4)
        error = MDB_CORRUPTED;
    if (error)
        return refuse_lmdb(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error);
    const uint32_t number = psp_get32(format.mv_data);
    if (number == PSP_STORE_FORMAT_0_1_0)
        return refuse(opening, PSP_EVERSION,
                      "was written by Psephos 0.1.0 (format 1): only that version counts on with "
                      "it; `psephos recount --offline` of this one counts its journal");
    if (number != PSP_STORE_FORMAT) {
        char what[128];
        snprintf(what, sizeof what,
                 "format %u, this program reads format %d; use the version that wrote it", number,
                 PSP_STORE_FORMAT);
        return refuse(opening, PSP_EVERSION, what);
    }
    return PSP_OK;
}

static enum psp_status check_identity(const struct opening *opening)
{
    MDB_val owner;
    uint8_t expected[OWNER_BYTES];
    owner_of(opening->options, expected);
    int error = psp_store_get(opening->store, opening->txn, "owner", &owner);
    if (!error && owner.mv_size != OWNER_BYTES)
        error = MDB_CORRUPTED;
    if (error)
        return refuse_lmdb(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error);
    if (memcmp(owner.mv_data, expected, PSP_CLUSTER_ID_BYTES) != 0)
        return refuse(opening, PSP_EMISMATCH,
                      "belongs to another cluster; check the data folder given");
    if (memcmp(owner.mv_data, expected, OWNER_BYTES) != 0)
        return refuse(opening, PSP_EMISMATCH,
                      "belongs to another shard; check the data folder given");
    error = psp_store_get_position(opening->store, opening->txn, &opening->store->position);
    return error ? refuse_lmdb(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error) : PSP_OK;
}

/* Removes what a split checkpoint left behind when it did not come to its end. */
static int cut_rows(const struct opening *opening, enum psp_store_table table)
{
    uint8_t key[8];
    assert(!opening->options->read_only);
    assert(table >= PSP_STORE_VOTERS && table <= PSP_STORE_REFUSED);
    psp_kv_put_key64(key, opening->store->position.rows[table]);
    return psp_kv_cut(&opening->store->kv, opening->txn, table, (struct psp_bytes){key, 8}, 0);
}

static enum psp_status settle(void *context, const struct psp_kv *kv, MDB_txn *txn, bool empty)
{
    struct opening *opening = context;
    opening->store->kv = *kv;
    opening->txn = txn;
    const enum psp_status status = empty ? write_identity(opening) : check_identity(opening);
    if (status != PSP_OK || opening->options->read_only)
        return status;
    int error = 0;
    for (enum psp_store_table table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED && !error;
         table++)
        error = cut_rows(opening, table);
    return error ? refuse_lmdb(opening, error) : PSP_OK;
}

enum psp_status psp_store_open(const struct psp_store_options *options,
                               struct psp_store **ret_store, struct psp_reason *reterr_reason)
{
    struct psp_store *store = calloc(1, sizeof *store);
    if (!store)
        return PSP_ENOMEM;
    struct opening opening = {.options = options, .store = store, .reason = reterr_reason};
    const struct psp_kv_options kv = {
        .directory = options->directory,
        .tables = table_names,
        .table_count = PSP_STORE_TABLES,
        .read_only = options->read_only,
        .map_bytes = options->map_bytes ? options->map_bytes : MAP_BYTES_DEFAULT,
        .when_damaged = "restore the folder from a backup, or move it away and let the log be "
                        "replayed from its start",
        .recognise = check_format,
        .settle = settle,
        .context = &opening,
    };
    opening.kv = &kv;
    const enum psp_status status = psp_kv_open(&kv, &store->kv, reterr_reason);
    if (status != PSP_OK) {
        free(store);
        return status;
    }
    assert((store->position.index == 0) == (store->position.term == 0));
    *ret_store = store;
    return PSP_OK;
}

void psp_store_close(struct psp_store **store)
{
    if (!*store)
        return;
    psp_kv_close(&(*store)->kv);
    free(*store);
    *store = NULL;
}

void psp_store_position(const struct psp_store *store, uint64_t *ret_index, uint64_t *ret_term)
{
    *ret_index = store->position.index;
    *ret_term = store->position.term;
}
