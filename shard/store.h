/*
 * store - the shard's LMDB: what the log no longer needs to be replayed for.
 *
 * Append-only tables written in one transaction per checkpoint with the applied
 * index, so that tables, books and index never disagree. docs/storage.md has
 * the tables to the byte.
 *
 *     meta     format, cluster, shard, epoch, genesis, index, term, books, hash
 *     voters   chunk number -> digest, unit ...      MDB_APPEND
 *     counted  chunk number -> voter number, tag ... MDB_APPEND
 *     refused  chunk number -> digest, tag, disposition ...
 *     totals   row -> cells
 *
 * No MDB_NOSYNC, MDB_WRITEMAP or DUPSORT. MDB_MAP_FULL grows the map and
 * retries with no transaction open. A failed commit is final.
 *
 * Threads: psp_store_checkpoint on one thread (the checkpointer); load before
 *          it starts.
 */
#ifndef PSP_STORE_H
#define PSP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shard/count.h"

enum { PSP_STORE_FORMAT = 1 };

struct psp_store;

struct psp_store_options {
    const char *directory;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    bool read_only;
};

/* Creates when empty. PSP_EMISMATCH: of another cluster or shard; PSP_EVERSION:
 * format unknown; PSP_ECORRUPT, PSP_EIO, PSP_ENOSPC. `ret_reason` says what to do. */
enum psp_status psp_store_open(const struct psp_store_options *options,
                               struct psp_store **ret_store, char *ret_reason, size_t size);
void psp_store_close(struct psp_store **store);

/* Applied index and term of the last checkpoint; 0 when empty. */
void psp_store_position(const struct psp_store *store, uint64_t *ret_index, uint64_t *ret_term);

/* Feeds everything stored into an empty count. PSP_ECORRUPT, PSP_ENOMEM. */
enum psp_status psp_store_load(struct psp_store *store, struct psp_count *count);

/* Durable when it returns PSP_OK. PSP_EIO, PSP_ENOSPC: final. */
enum psp_status psp_store_checkpoint(struct psp_store *store, const struct psp_count_delta *delta);

uint64_t psp_store_bytes(const struct psp_store *store); /* file size in use */

#endif
