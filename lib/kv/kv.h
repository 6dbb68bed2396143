/*
 * kv - LMDB our way: one folder, one process that writes it, a map that grows.
 *
 * Both stores keep what they may not lose in LMDB and want the same of it, so
 * it stands here once:
 *
 *     open      the folder is locked, its name and its files' names are durable;
 *               tables are opened and the store's own check made in one
 *               transaction, so that a foreign folder is left as it was
 *     write     one transaction; a full map grows with none open, and the
 *               transaction is done again
 *     statuses  one mapping of LMDB's codes. A short write on a full disk is
 *               PSP_ENOSPC, though LMDB says EIO: a person has to act on it.
 *     values    kv/sealed.h: with a checksum
 *
 * No MDB_NOSYNC, MDB_WRITEMAP or DUPSORT. A failed commit is final: the map may
 * hold what the disk does not.
 *
 * Ownership: psp_kv_close frees what psp_kv_open made.
 * Threads:   one writes; readers may be others.
 * Memory:    the map is address space, not memory.
 */
#ifndef PSP_KV_H
#define PSP_KV_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes/bytes.h"
#include "base/reason.h"
#include "base/status.h"

enum { PSP_KV_TABLES_MAX = 10 };

struct psp_kv {
    MDB_env *env;
    MDB_dbi tables[PSP_KV_TABLES_MAX];
    int directory_fd; /* holds the lock; -1: read only */
};
#define PSP_KV_CLOSED ((struct psp_kv){.directory_fd = -1})

struct psp_kv_options {
    const char *directory;
    const char *const *tables; /* [table_count]: their names */
    uint32_t table_count;
    bool make_missing; /* a table that is missing is made; false: only when all are missing */
    bool read_only;    /* no lock, nothing made; PSP_ENOENT when there is nothing */
    uint64_t map_bytes;
    const char *when_damaged; /* what a person does about it, in words */

    /* NULL, or asked when the first table is there and open, before another one is
     * missed: whether it is of a format that is read. As settle. */
    enum psp_status (*recognise)(void *context, const struct psp_kv *kv, MDB_txn *txn);
    /* In the transaction of the opening; `empty`: no table was there. Not PSP_OK:
     * nothing is changed, and it has said why. */
    enum psp_status (*settle)(void *context, const struct psp_kv *kv, MDB_txn *txn, bool empty);
    void *context;
};

/* PSP_EBUSY: another process has the folder; PSP_EVERSION: of another LMDB;
 * PSP_ECORRUPT, PSP_EIO, PSP_ENOSPC, PSP_ENOMEM, PSP_ENOENT, or what settle returned.
 * The reason says what to do. Not PSP_OK: nothing is open. */
enum psp_status psp_kv_open(const struct psp_kv_options *options, struct psp_kv *ret_kv,
                            struct psp_reason *reterr_reason);
void psp_kv_close(struct psp_kv *kv); /* PSP_KV_CLOSED: nothing */

/* The words for a fault of the folder: "store FOLDER: what". Returns `status`. */
enum psp_status psp_kv_refuse(const struct psp_kv_options *options, enum psp_status status,
                              const char *what, struct psp_reason *reterr_reason);
/* The same with our words for LMDB's code. */
enum psp_status psp_kv_refuse_error(const struct psp_kv_options *options, int error,
                                    struct psp_reason *reterr_reason);

/* MDB_NOTFOUND is PSP_ENOENT, an append that does not follow on PSP_ECORRUPT. */
enum psp_status psp_kv_status(int error);
/* The same for a write that failed: looks whether the disk, or what the process
 * may write, is full. */
enum psp_status psp_kv_write_status(const struct psp_kv *kv, int error);

/* ---- transactions: all return an LMDB error ---- */

/* Begins; takes over a map that another process has grown. */
int psp_kv_begin(const struct psp_kv *kv, unsigned flags, MDB_txn **ret_txn);

/* `write` returns an LMDB error: 0 commits, any other aborts. It may be called
 * more than once and begins anew each time. */
int psp_kv_write(const struct psp_kv *kv, int (*write)(void *context, MDB_txn *txn), void *context);

/* ---- keys and values: all return an LMDB error ---- */

/* LMDB's return codes, as everywhere within a transaction. */
int psp_kv_put(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
               struct psp_bytes value);
/* Valid within the transaction. MDB_NOTFOUND. */
int psp_kv_get(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes key,
               MDB_val *ret_value);
/* Deletes from `from` on, as long as keys begin with its first `prefix` bytes
 * (0: to the end of the table). */
int psp_kv_cut(const struct psp_kv *kv, MDB_txn *txn, uint32_t table, struct psp_bytes from,
               size_t prefix);

struct psp_bytes psp_kv_name(const char *name); /* as a key, without its zero */

/* Numbers as keys: big-endian, so that LMDB sorts them. */
void psp_kv_put_key32(uint8_t ret_at[4], uint32_t number);
uint32_t psp_kv_get_key32(const uint8_t at[4]);
void psp_kv_put_key64(uint8_t ret_at[8], uint64_t number);
uint64_t psp_kv_get_key64(const uint8_t at[8]);

#endif
