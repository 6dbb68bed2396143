/*
 * store - the shard's LMDB: what the log no longer needs to be replayed for.
 *
 * Append-only tables and one position. Every checkpoint is one transaction, and
 * its position (index, term, books, hash, row counts) says what of the tables
 * holds: tables, books and index never disagree. docs/storage.md has the bytes.
 *
 *     meta     format, owner, genesis, position, last report
 *     voters   first row -> digest, unit ...       MDB_APPEND
 *     counted  first row -> voter number, tag ...  MDB_APPEND
 *     refused  first row -> digest, tag, disposition, station ...
 *     totals   row -> cells
 *     stations number -> books
 *     reports  leaf -> its last report
 *     reported row -> index, cells as of a report
 *
 * Rows of `refused` stay when their ballots are forgotten: a station's first
 * rows that are not closed are the forgotten ones, as many as its books say.
 *
 * A transaction holds at most 16 MiB of appended rows, so that no commit takes
 * long. What is more (a large roll) goes ahead in transactions that leave the
 * position as it is: rows past the position's counts do not count, are not
 * loaded, and are cut off when the store is opened for writing. All other tables,
 * where values replace what was there, are only written together with the position.
 *
 * Every value ends in a CRC32C (kv/sealed.h). kv/kv.h: how the folder is locked
 * and the map grows. A failed commit is final.
 *
 * Ownership: owns its LMDB environment; counts and deltas stay the caller's.
 * Memory:    one chunk of a table at a time.
 * Threads: psp_store_checkpoint on one thread (the checkpointer); load before
 *          it starts.
 */
#ifndef PSP_STORE_H
#define PSP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "count/count.h"

enum { PSP_STORE_FORMAT = 2, PSP_STORE_FORMAT_0_1_0 = 1 };

struct psp_store;

struct psp_store_options {
    const char *directory;
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    uint32_t shard;
    bool read_only;     /* no lock, nothing created or cut; PSP_ENOENT when there is nothing */
    uint64_t map_bytes; /* of address space at first; 0: 16 GiB. Doubled when full. */
};

/* The tables by number, which is part of their values' checksums. NULL: no such number. */
const char *psp_store_table_name(uint32_t number);

/* Creates when empty. PSP_EBUSY: another process has it; PSP_EMISMATCH: of
 * another cluster or shard; PSP_EVERSION: format unknown; PSP_ECORRUPT,
 * PSP_EIO, PSP_ENOSPC. The reason says what to do. */
enum psp_status psp_store_open(const struct psp_store_options *options,
                               struct psp_store **ret_store, struct psp_reason *reterr_reason);
void psp_store_close(struct psp_store **store);

/* Applied index and term of the last checkpoint; 0 when empty. */
void psp_store_position(const struct psp_store *store, uint64_t *ret_index, uint64_t *ret_term);

/* The members of the shard as of that checkpoint, in libraft's encoding, and the
 * index of their entry; *ret_bytes 0: the first ones. The caller frees.
 * PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_store_configuration(struct psp_store *store, uint8_t **ret_configuration,
                                        size_t *ret_bytes, uint64_t *ret_index);

/* Feeds everything stored into an empty count and checks the whole.
 * PSP_ECORRUPT, PSP_ENOMEM; PSP_EMISMATCH: the count has another roll. */
enum psp_status psp_store_load(struct psp_store *store, struct psp_count *count);

/* Durable when it returns PSP_OK. Deltas come in the order they were taken.
 * PSP_EIO, PSP_ENOSPC: final, the store keeps its last position and every later
 * call fails the same way. */
enum psp_status psp_store_checkpoint(struct psp_store *store, const struct psp_count_delta *delta);

#endif
