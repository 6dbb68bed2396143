/*
 * chunks - what a backup holds of one shard: whether the shard signed it, and its files.
 *
 * Nothing of a file is believed before its signature is good: anybody can seal something for
 * an auditor.
 *
 * Ownership: points at what others own.   Threads: one owner.   Memory: none.
 */
#ifndef PSP_CHUNKS_H
#define PSP_CHUNKS_H

#include <stdio.h>

#include "base/reason.h"
#include "cli/audit/sealed/backup_folder.h"
#include "cluster/cluster.h"
#include "seal/chunk.h"
#include "wire/socket/socket.h"

struct psp_sealed_shard {
    const char *folder; /* the backup's */
    const struct psp_backup *backup;
    const struct psp_backup_shard *shard;
    const uint8_t *signing_key;        /* that cluster.json names for the shard */
    const struct psp_keypair *auditor; /* NULL: nothing is opened */
};

/* FOLDER/shard-S/FIRST-LAST.sealed; the caller frees. */
char *psp_chunk_path(const char *folder, uint32_t shard, uint64_t first, uint64_t last);
/* False: no chunk's name. */
bool psp_chunk_name_read(const char *name, uint64_t *ret_first, uint64_t *ret_last);

/* Which records a chunk of it must hold. */
struct psp_chunk_range psp_sealed_range(const struct psp_sealed_shard *sealed,
                                        const struct psp_backup_chunk *chunk);

/* That the shard signed what the backup says of its index. PSP_EMISMATCH with the reason. */
enum psp_status psp_sealed_check(const struct psp_sealed_shard *sealed,
                                 struct psp_reason *reterr_reason);
/* Opens a chunk's file (close it) that the shard signed as it is. PSP_EMISMATCH: it did not;
 * PSP_ENOENT, PSP_EIO. With the reason. */
enum psp_status psp_chunk_open(const struct psp_sealed_shard *sealed,
                               const struct psp_backup_chunk *chunk, FILE **ret_file,
                               struct psp_reason *reterr_reason);

#endif
