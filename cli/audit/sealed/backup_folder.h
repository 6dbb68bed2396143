/*
 * backup_folder - what `psephos backup` leaves and `psephos restore` reads.
 *
 *     FOLDER/backup.json   how far each shard's copy goes, and what its count is there, as
 *                          the shard signed it; and each chunk
 *     FOLDER/shard-S/      the shard's journal up to there, sealed: FIRST-LAST.sealed
 *                          (lib/seal/chunk.h); of format 1 (0.1.0) in the format of its log
 *     FOLDER/import.json   how returns are read, and which were cast: as in DIR
 *     FOLDER/casts/HASH
 *
 * A copy grows: the next backup into the same folder fetches what is new. A
 * shard whose index is 0 has not been copied whole yet. No key is in it, and no ballot that
 * anybody but an auditor can read; restoring needs the folder of the cluster, or a copy of
 * that, and an auditor's key.
 *
 * Ownership: psp_backup_free frees what psp_backup_load made.   Threads: one owner.
 */
#ifndef PSP_BACKUP_H
#define PSP_BACKUP_H

#include <stdint.h>

#include "base/reason.h"
#include "cli/folder/local.h"
#include "wire/message/codes.h"

enum { PSP_BACKUP_FORMAT = 2 };
enum {
    PSP_EPOCH_MAX = 1 << 14
}; /* as many restores; cli/audit/restore_log.h makes raft IDs of it */

/* Records that are sealed in a file of their own. */
struct psp_backup_chunk {
    uint64_t first, last;
    uint8_t records_hash[PSP_HASH_BYTES];   /* as only the shard's replicas can make it */
    uint8_t signature[PSP_SIGNATURE_BYTES]; /* the shard's, of all of this and of the file */
};

struct psp_backup_shard {
    uint32_t shard;
    uint64_t index, term, received, counted; /* of the entry at which the copy is whole */
    uint8_t state_hash[PSP_HASH_BYTES];      /* there */
    uint8_t signature[PSP_SIGNATURE_BYTES];  /* the shard's, of all of this (seal/position.h) */
    struct psp_backup_chunk *chunks;         /* of 1 and what follows; of format 1: none */
    size_t chunk_count, chunk_capacity;
};

struct psp_backup {
    int format; /* 1: of 0.1.0, journals as they are */
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    enum psp_mode mode;      /* live where the file does not say */
    uint64_t epoch, made_ms; /* ms since 1970 */
    uint32_t shard_count;
    struct psp_backup_shard *shards;
    bool found; /* journals without a backup.json, which are not this call's */
};

/* Of format 1, too. PSP_ENOENT: there is none. PSP_EINVAL, PSP_EVERSION, PSP_EIO. */
enum psp_status psp_backup_load(const char *folder, struct psp_backup *ret_backup,
                                struct psp_reason *reterr_reason);
/* In format 2; replaces the one before, durably. */
enum psp_status psp_backup_store(const struct psp_backup *backup, const char *folder,
                                 struct psp_reason *reterr_reason);
void psp_backup_free(struct psp_backup *backup);

/* Copies what `cast --returns` goes by: DIR/import.json and DIR/casts, where they are. What
 * the target has already is replaced only when `replace`. With a reason. */
enum psp_status psp_backup_carry(const char *from, const char *to, bool replace,
                                 struct psp_reason *reterr_reason);

/* Notes whether FOLDER, which has no backup.json, has a journal of one of its shards. */
void psp_backup_look(struct psp_backup *backup, const char *folder);

/* Takes a backup away again of which nothing was copied: what was made of it, and FOLDER
 * where nothing else is in it. Journals that it found stay. */
void psp_backup_undo(const struct psp_backup *backup, const char *folder);

#endif
