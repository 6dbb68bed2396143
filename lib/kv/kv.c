/* Folder, lock, environment and tables in one order; a full map grows and the write is
 * done again. */
#include "kv/kv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/system/lock.h"

enum { FULL_BELOW_BYTES = 1 << 20 };

/* ---- faults ---- */

enum psp_status psp_kv_status(int error)
{
    switch (error) {
    case 0:
        return PSP_OK;
    case MDB_NOTFOUND:
        return PSP_ENOENT;
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
        return psp_status_from_errno(error);
    }
}

/* LMDB tells EIO of a write that came out short, which is how a disk fills up
 * in the middle of one. Nothing is retried for knowing better; it is the
 * person who has to act that must be told the right thing. */
enum psp_status psp_kv_write_status(const struct psp_kv *kv, int error)
{
    const enum psp_status status = psp_kv_status(error);
    struct statvfs disk;
    struct stat file;
    struct rlimit limit;
    if (status != PSP_EIO || fstatvfs(kv->directory_fd, &disk) != 0 ||
        fstatat(kv->directory_fd, "data.mdb", &file, 0) != 0 ||
        getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return status;
    const bool disk_full = (uint64_t)disk.f_bavail * disk.f_frsize < FULL_BELOW_BYTES;
    const bool file_full = limit.rlim_cur != RLIM_INFINITY &&
                           (uint64_t)file.st_size + FULL_BELOW_BYTES > limit.rlim_cur;
    return disk_full || file_full ? PSP_ENOSPC : PSP_EIO;
}

enum psp_status psp_kv_refuse(const struct psp_kv_options *options, enum psp_status status,
                              const char *what, struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason, "store %s: %s", options->directory, what);
    return status;
}

enum psp_status psp_kv_refuse_error(const struct psp_kv_options *options, int error,
                                    struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_kv_status(error);
    if (status == PSP_ECORRUPT) {
        psp_reason_set(reterr_reason, "store %s: not a store, or damaged; %s", options->directory,
                       options->when_damaged);
        return status;
    }
    const char *what = mdb_strerror(error); /* the system's words where ours know no better */
    if (status == PSP_EVERSION)
        what = "written by another version of LMDB; use the version that wrote it";
    if (status == PSP_ENOSPC)
        what = "the disk is full; make room and start again";
    return psp_kv_refuse(options, status, what, reterr_reason);
}

/* ---- open ---- */

struct opening {
    const struct psp_kv_options *options;
    struct psp_kv *kv;
    struct psp_reason *reason;
};

static enum psp_status refuse(const struct opening *opening, enum psp_status status,
                              const char *what)
{
    return psp_kv_refuse(opening->options, status, what, opening->reason);
}

static enum psp_status refuse_error(const struct opening *opening, int error)
{
    return psp_kv_refuse_error(opening->options, error, opening->reason);
}

static enum psp_status lock_directory(const struct opening *opening)
{
    const struct psp_kv_options *options = opening->options;
    if (options->read_only)
        return PSP_OK;
    const bool made = mkdir(options->directory, 0700) == 0;
    if (!made && errno != EEXIST)
        return refuse(opening, psp_status_from_errno(errno), strerror(errno));
    const enum psp_status status = psp_lock_folder(options->directory, &opening->kv->directory_fd);
    if (status == PSP_EBUSY)
        return refuse(opening, PSP_EBUSY, "another process uses this folder; stop it first");
    if (status != PSP_OK)
        return refuse(opening, status, strerror(errno));
    if (!made || psp_file_sync_folder(options->directory) == PSP_OK)
        return PSP_OK;
    return refuse(opening, PSP_EIO, "cannot make the folder durable");
}

static enum psp_status open_environment(const struct opening *opening)
{
    const struct psp_kv_options *options = opening->options;
    struct psp_kv *kv = opening->kv;
    int dead;
    int error = mdb_env_create(&kv->env);
    if (!error)
        error = mdb_env_set_maxdbs(kv->env, options->table_count);
    if (!error)
        error = mdb_env_set_mapsize(kv->env, options->map_bytes);
    if (!error)
        error =
            mdb_env_open(kv->env, options->directory, options->read_only ? MDB_RDONLY : 0, 0600);
    if (!error && !options->read_only)
        error = mdb_reader_check(kv->env, &dead);
    if (error)
        return refuse_error(opening, error);
    /* LMDB does not make its files' names durable. */
    if (!options->read_only && fsync(kv->directory_fd) != 0)
        return refuse(opening, PSP_EIO, strerror(errno));
    return PSP_OK;
}

static enum psp_status open_tables(const struct opening *opening, MDB_txn *txn)
{
    const struct psp_kv_options *options = opening->options;
    struct psp_kv *kv = opening->kv;
    MDB_stat stat;
    int error = mdb_env_stat(kv->env, &stat);
    if (error)
        return refuse_error(opening, error);
    const bool empty = stat.ms_entries == 0;
    if (empty && options->read_only)
        return refuse(opening, PSP_ENOENT, "holds nothing yet");
    const bool make = !options->read_only && (empty || options->make_missing);
    for (uint32_t table = 0; table < options->table_count && !error; table++) {
        error =
            mdb_dbi_open(txn, options->tables[table], make ? MDB_CREATE : 0, &kv->tables[table]);
        if (error || table > 0 || empty || !options->recognise)
            continue;
        const enum psp_status status = options->recognise(options->context, kv, txn);
        if (status != PSP_OK)
            return status;
    }
    if (error)
        return refuse_error(opening, error == MDB_NOTFOUND ? MDB_CORRUPTED : error);
    return options->settle(options->context, kv, txn, empty);
}

static enum psp_status open_all(const struct opening *opening)
{
    enum psp_status status = lock_directory(opening);
    if (status == PSP_OK)
        status = open_environment(opening);
    if (status != PSP_OK)
        return status;
    MDB_txn *txn;
    int error = psp_kv_begin(opening->kv, opening->options->read_only ? MDB_RDONLY : 0, &txn);
    if (error)
        return refuse_error(opening, error);
    status = open_tables(opening, txn);
    if (status != PSP_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    error = mdb_txn_commit(txn);
    return error ? refuse_error(opening, error) : PSP_OK;
}

enum psp_status psp_kv_open(const struct psp_kv_options *options, struct psp_kv *ret_kv,
                            struct psp_reason *reterr_reason)
{
    assert(options->table_count > 0 && options->table_count <= PSP_KV_TABLES_MAX);
    struct psp_kv kv = PSP_KV_CLOSED;
    const struct opening opening = {options, &kv, reterr_reason};
    const enum psp_status status = open_all(&opening);
    if (status == PSP_OK)
        *ret_kv = kv;
    else
        psp_kv_close(&kv);
    return status;
}

void psp_kv_close(struct psp_kv *kv)
{
    if (kv->env)
        mdb_env_close(kv->env);
    if (kv->directory_fd >= 0)
        close(kv->directory_fd); /* and with it the lock */
    *kv = PSP_KV_CLOSED;
}

/* ---- transactions ---- */

int psp_kv_begin(const struct psp_kv *kv, unsigned flags, MDB_txn **ret_txn)
{
    int error = mdb_txn_begin(kv->env, NULL, flags, ret_txn);
    if (error != MDB_MAP_RESIZED)
        return error;
    error = mdb_env_set_mapsize(kv->env, 0);
    return error ? error : mdb_txn_begin(kv->env, NULL, flags, ret_txn);
}

static int write_once(const struct psp_kv *kv, int (*write)(void *context, MDB_txn *txn),
                      void *context)
{
    MDB_txn *txn;
    int error = psp_kv_begin(kv, 0, &txn);
    if (error)
        return error;
    error = write(context, txn);
    if (error) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn); /* frees the transaction either way */
}

/* No transaction may be open. */
static int grow_map(const struct psp_kv *kv)
{
    MDB_envinfo info;
    const int error = mdb_env_info(kv->env, &info);
    return error ? error : mdb_env_set_mapsize(kv->env, info.me_mapsize * 2);
}

int psp_kv_write(const struct psp_kv *kv, int (*write)(void *context, MDB_txn *txn), void *context)
{
    assert(kv->directory_fd >= 0); /* not read_only */
    int error = write_once(kv, write, context);
    while (error == MDB_MAP_FULL) {
        error = grow_map(kv);
        if (!error)
            error = write_once(kv, write, context);
    }
    return error;
}

/* ---- keys and values ---- */

int psp_kv_put(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
               struct psp_bytes value)
{
    MDB_val k = {key.length, (void *)(uintptr_t)key.data};
    MDB_val v = {value.length, (void *)(uintptr_t)value.data};
    return mdb_put(txn, kv->tables[table], &k, &v, 0);
}

int psp_kv_get(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
               MDB_val *ret_value)
{
    MDB_val k = {key.length, (void *)(uintptr_t)key.data};
    return mdb_get(txn, kv->tables[table], &k, ret_value);
}

int psp_kv_cut(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes from,
               size_t prefix)
{
    assert(prefix <= from.length);
    MDB_cursor *cursor;
    int error = mdb_cursor_open(txn, kv->tables[table], &cursor);
    if (error)
        return error;
    while (!error) {
        MDB_val key = {from.length, (void *)(uintptr_t)from.data}, value;
        error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (!error && (key.mv_size < prefix || memcmp(key.mv_data, from.data, prefix) != 0))
            error = MDB_NOTFOUND;
        if (!error)
            error = mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

struct psp_bytes psp_kv_name(const char *name)
{
    return (struct psp_bytes){(const uint8_t *)name, strlen(name)};
}

void psp_kv_put_key32(uint8_t ret_at[4], uint32_t number)
{
    for (int i = 3; i >= 0; i--, number >>= 8)
        ret_at[i] = (uint8_t)number;
}

uint32_t psp_kv_get_key32(const uint8_t at[4])
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++)
        number = number << 8 | at[i];
    return number;
}

void psp_kv_put_key64(uint8_t ret_at[8], uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        ret_at[i] = (uint8_t)number;
}

uint64_t psp_kv_get_key64(const uint8_t at[8])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | at[i];
    return number;
}
