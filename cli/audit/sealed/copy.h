/*
 * copy - one shard's journal into a backup, as far as a replica has applied it.
 *
 * How far is decided first: the replica signs what it has applied. What is applied is committed
 * and never changes, so the chunks may be fetched at leisure afterwards. They come sealed, and
 * each signed: whoever copies them can neither read nor change them.
 *
 * A copy that goes on first has the replica compare the last chunk with its own records. Then
 * it fetches what follows; a last chunk that was open is fetched anew, longer.
 *
 * Ownership: all the caller's.   Threads: one owner.
 */
#ifndef PSP_COPY_H
#define PSP_COPY_H

#include "base/reason.h"
#include "cli/audit/sealed/backup_folder.h"
#include "cli/operate/operate.h"
#include "cluster/cluster.h"

struct psp_copy {
    struct psp_operate *operate;
    const struct psp_cluster *cluster;
    const char *folder;
    struct psp_backup *backup; /* stored now and then, so that a copy cut short goes on */
    uint32_t shard;
};

/* Whatever chunks lie in the shard's folder must be of this cluster, shard and epoch, if the
 * backup does not know them. PSP_EMISMATCH with the reason. */
enum psp_status psp_copy_check_folder(const struct psp_copy *copy,
                                      struct psp_reason *reterr_reason);

/* PSP_OK: the backup has the shard as of *ret_replica's applied index. PSP_ETIMEDOUT: nobody
 * answers, or not in time; what was fetched stays, and the next call goes on. PSP_EMISMATCH:
 * of another history, or not signed; PSP_EIO, PSP_ENOSPC. With the reason. */
enum psp_status psp_copy_shard(const struct psp_copy *copy, uint32_t *ret_replica,
                               struct psp_reason *reterr_reason);

#endif
