/*
 * backup_folder - what `psephos backup` leaves and `psephos restore` reads.
 *
 *     FOLDER/backup.json   how far each shard's copy goes, and what its count is there
 *     FOLDER/shard-S/      the shard's journal up to there, in the format of its log
 *     FOLDER/import.json   how returns are read, and which were cast: as in DIR
 *     FOLDER/casts/HASH
 *
 * A copy grows: the next backup into the same folder fetches what is new. A
 * shard whose index is 0 has not been copied whole yet. No key is in it;
 * restoring needs the folder of the cluster, or a copy of that.
 *
 * Ownership: psp_backup_free frees what psp_backup_load made.   Threads: one owner.
 */
#ifndef PSP_BACKUP_H
#define PSP_BACKUP_H

#include <stdint.h>

#include "base/reason.h"
#include "cli/folder/local.h"
#include "journal/journal.h"
#include "wire/message/codes.h"

enum {
    PSP_EPOCH_MAX = 1 << 14
}; /* as many restores; cli/audit/restore_log.h makes raft IDs of it */

struct psp_backup_shard {
    uint32_t shard;
    uint64_t index, term, received, counted; /* of the entry at which the copy is whole */
    uint8_t state_hash[PSP_HASH_BYTES];      /* there */
};

struct psp_backup {
    uint8_t cluster_id[PSP_CLUSTER_ID_BYTES];
    enum psp_mode mode;      /* live where the file does not say */
    uint64_t epoch, made_ms; /* ms since 1970 */
    uint32_t shard_count;
    struct psp_backup_shard *shards;
    bool found; /* journals without a backup.json, which are not this call's */
};

/* PSP_ENOENT: there is none. PSP_EINVAL, PSP_EVERSION, PSP_EIO. */
enum psp_status psp_backup_load(const char *folder, struct psp_backup *ret_backup,
                                struct psp_reason *reterr_reason);
/* Replaces the one before, durably. */
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

/* A shard's journal in FOLDER/shard-S, made when it is not there. As psp_journal_open;
 * of what lies before `shard->index` the end is looked at only. */
enum psp_status psp_backup_journal(const char *folder, const struct psp_backup *backup,
                                   const struct psp_backup_shard *shard,
                                   struct psp_journal **ret_log, struct psp_reason *reterr_reason);

#endif
