#include "shard/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "election/ballot.h"
#include "shard/store/inner.h"

#define MAP_BYTES_DEFAULT ((uint64_t)16 << 30)
enum { OWNER_BYTES = PSP_CLUSTER_ID_BYTES + 4 };

static const char *const table_names[PSP_STORE_TABLES] = {"meta", "voters", "counted", "refused",
                                                          "totals"};

uint32_t psp_store_row_bytes(enum psp_store_table table)
{
    static const uint32_t bytes[PSP_STORE_TABLES] = {
        [PSP_STORE_VOTERS] = PSP_STORE_VOTER_BYTES,
        [PSP_STORE_COUNTED] = PSP_STORE_COUNTED_BYTES,
        [PSP_STORE_REFUSED] = PSP_STORE_REFUSED_BYTES,
    };
    assert(bytes[table] > 0); /* a table of rows */
    return bytes[table];
}

enum psp_status psp_store_status(int lmdb_error)
{
    switch (lmdb_error) {
    case 0:
        return PSP_OK;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
    case MDB_KEYEXIST: /* an append that does not follow on */
        return PSP_ECORRUPT;
    case MDB_VERSION_MISMATCH:
        return PSP_EVERSION;
    case EFBIG: /* a file size limit or quota is a full disk */
    case EDQUOT:
        return PSP_ENOSPC;
    default:
        return psp_status_from_errno(lmdb_error);
    }
}

int psp_store_begin(const struct psp_store *store, unsigned flags, MDB_txn **ret_txn)
{
    int error = mdb_txn_begin(store->env, NULL, flags, ret_txn);
    if (error != MDB_MAP_RESIZED)
        return error;
    error = mdb_env_set_mapsize(store->env, 0);
    return error ? error : mdb_txn_begin(store->env, NULL, flags, ret_txn);
}

int psp_store_grow_map(const struct psp_store *store)
{
    MDB_envinfo info;
    const int error = mdb_env_info(store->env, &info);
    return error ? error : mdb_env_set_mapsize(store->env, info.me_mapsize * 2);
}

/* ---- open ---- */

struct opening {
    const struct psp_store_options *options;
    struct psp_store *store;
    MDB_txn *txn;
    char *reason;
    size_t size;
};

static enum psp_status refuse(const struct opening *opening, enum psp_status status,
                              const char *what)
{
    snprintf(opening->reason, opening->size, "store %s: %s", opening->options->directory, what);
    return status;
}

static enum psp_status refuse_lmdb(const struct opening *opening, int error)
{
    const enum psp_status status = psp_store_status(error);
    const char *what = mdb_strerror(error); /* the system's words where ours know no better */
    if (status == PSP_EVERSION)
        what = "written by another version of LMDB; use the version that wrote it";
    if (status == PSP_ECORRUPT)
        what = "not a store, or damaged; restore the folder from a backup, or move it away and "
               "let the log be replayed from its start";
    if (status == PSP_ENOSPC)
        what = "the disk is full; make room and start again";
    return refuse(opening, status, what);
}

static enum psp_status lock_directory(const struct opening *opening)
{
    const struct psp_store_options *options = opening->options;
    if (options->read_only)
        return PSP_OK;
    bool made = mkdir(options->directory, 0700) == 0;
    if (!made && errno != EEXIST)
        return refuse(opening, psp_status_from_errno(errno), strerror(errno));
    const int fd = open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refuse(opening, psp_status_from_errno(errno), strerror(errno));
    opening->store->directory_fd = fd;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return refuse(opening, PSP_EBUSY, "another process uses this folder; stop it first");
    if (!made)
        return PSP_OK;
    const int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = parent >= 0 && fsync(parent) == 0;
    if (parent >= 0)
        close(parent);
    return synced ? PSP_OK : refuse(opening, PSP_EIO, "cannot make the folder durable");
}

static enum psp_status open_environment(const struct opening *opening)
{
    const struct psp_store_options *options = opening->options;
    struct psp_store *store = opening->store;
    int error = mdb_env_create(&store->env);
    if (error)
        return refuse_lmdb(opening, error);
    error = mdb_env_set_maxdbs(store->env, PSP_STORE_TABLES);
    if (!error)
        error = mdb_env_set_mapsize(store->env,
                                    options->map_bytes ? options->map_bytes : MAP_BYTES_DEFAULT);
    if (!error)
        error =
            mdb_env_open(store->env, options->directory, options->read_only ? MDB_RDONLY : 0, 0600);
    if (error)
        return refuse_lmdb(opening, error);
    if (options->read_only)
        return PSP_OK;
    int dead;
    error = mdb_reader_check(store->env, &dead);
    if (error)
        return refuse_lmdb(opening, error);
    if (fsync(store->directory_fd) != 0) /* LMDB does not make its files' names durable */
        return refuse(opening, PSP_EIO, strerror(errno));
    return PSP_OK;
}

static void owner_of(const struct psp_store_options *options, uint8_t ret_owner[OWNER_BYTES])
{
    memcpy(ret_owner, options->cluster_id, PSP_CLUSTER_ID_BYTES);
    psp_put32(ret_owner + PSP_CLUSTER_ID_BYTES, options->shard);
}

static enum psp_status write_identity(const struct opening *opening)
{
    uint8_t format[4], owner[OWNER_BYTES];
    psp_put32(format, PSP_STORE_FORMAT);
    owner_of(opening->options, owner);
    int error = psp_store_put(opening->store, opening->txn, "format", format, sizeof format);
    if (!error)
        error = psp_store_put(opening->store, opening->txn, "owner", owner, sizeof owner);
    if (!error)
        error = psp_store_put_position(opening->store, opening->txn, &opening->store->position);
    return error ? refuse_lmdb(opening, error) : PSP_OK;
}

static enum psp_status check_identity(const struct opening *opening)
{
    MDB_val format, owner;
    int error = psp_store_get(opening->store, opening->txn, "format", &format);
    if (!error && format.mv_size != 4)
        error = MDB_CORRUPTED;
    if (error)
        return refuse_lmdb(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error);
    const uint32_t number = psp_get32(format.mv_data);
    if (number != PSP_STORE_FORMAT) {
        char what[128];
        snprintf(what, sizeof what,
                 "format %u, this program reads format %d; use the version that wrote it", number,
                 PSP_STORE_FORMAT);
        return refuse(opening, PSP_EVERSION, what);
    }
    uint8_t expected[OWNER_BYTES];
    owner_of(opening->options, expected);
    error = psp_store_get(opening->store, opening->txn, "owner", &owner);
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
    MDB_cursor *cursor;
    int error = mdb_cursor_open(opening->txn, opening->store->tables[table], &cursor);
    if (error)
        return error;
    uint8_t bytes[8];
    psp_store_key(opening->store->position.rows[table], bytes);
    MDB_val key = {sizeof bytes, bytes}, value;
    error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!error) {
        error = mdb_cursor_del(cursor, 0);
        if (!error)
            error = mdb_cursor_get(cursor, &key, &value, MDB_GET_CURRENT);
        if (error == EINVAL) /* the last one is gone: no current row */
            error = MDB_NOTFOUND;
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

/* Opens the tables, creating them in an empty environment; then identity and
 * position. All in one transaction: a foreign folder is left as it was. */
static enum psp_status open_tables(const struct opening *opening)
{
    struct psp_store *store = opening->store;
    const bool read_only = opening->options->read_only;
    MDB_stat stat;
    int error = mdb_env_stat(store->env, &stat);
    if (error)
        return refuse_lmdb(opening, error);
    const bool empty = stat.ms_entries == 0;
    if (empty && read_only)
        return refuse(opening, PSP_ENOENT, "holds nothing yet");
    for (int table = 0; table < PSP_STORE_TABLES && !error; table++)
        error = mdb_dbi_open(opening->txn, table_names[table], empty ? MDB_CREATE : 0,
                             &store->tables[table]);
    if (error)
        return refuse_lmdb(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error);
    const enum psp_status status = empty ? write_identity(opening) : check_identity(opening);
    if (status != PSP_OK || read_only)
        return status;
    for (enum psp_store_table table = PSP_STORE_VOTERS; table <= PSP_STORE_REFUSED && !error;
         table++)
        error = cut_rows(opening, table);
    return error ? refuse_lmdb(opening, error) : PSP_OK;
}

static enum psp_status open_store(struct opening *opening)
{
    enum psp_status status = lock_directory(opening);
    if (status == PSP_OK)
        status = open_environment(opening);
    if (status != PSP_OK)
        return status;
    int error = psp_store_begin(opening->store, opening->options->read_only ? MDB_RDONLY : 0,
                                &opening->txn);
    if (error)
        return refuse_lmdb(opening, error);
    status = open_tables(opening);
    if (status != PSP_OK) {
        mdb_txn_abort(opening->txn);
        return status;
    }
    error = mdb_txn_commit(opening->txn);
    return error ? refuse_lmdb(opening, error) : PSP_OK;
}

enum psp_status psp_store_open(const struct psp_store_options *options,
                               struct psp_store **ret_store, char *ret_reason, size_t size)
{
    struct psp_store *store = calloc(1, sizeof *store);
    if (!store)
        return PSP_ENOMEM;
    store->directory_fd = -1;
    struct opening opening = {options, store, NULL, ret_reason, size};
    const enum psp_status status = open_store(&opening);
    if (status != PSP_OK) {
        psp_store_close(&store);
        return status;
    }
    *ret_store = store;
    return PSP_OK;
}

void psp_store_close(struct psp_store **store)
{
    if (!*store)
        return;
    if ((*store)->env)
        mdb_env_close((*store)->env);
    if ((*store)->directory_fd >= 0)
        close((*store)->directory_fd); /* and with it the lock */
    free(*store);
    *store = NULL;
}

void psp_store_position(const struct psp_store *store, uint64_t *ret_index, uint64_t *ret_term)
{
    *ret_index = store->position.index;
    *ret_term = store->position.term;
}
