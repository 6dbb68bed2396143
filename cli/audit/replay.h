/*
 * replay - a shard's journal through the code that counted it, from the first
 * entry to one that is named.
 *
 * Ownership: psp_replay_end frees what a run made, also after a failure.
 * Threads:   one owner.   Memory: that of one shard's count.
 */
#ifndef PSP_REPLAY_H
#define PSP_REPLAY_H

#include "base/memory/arena.h"
#include "base/reason.h"
#include "cli/audit/sealed/records.h"
#include "cli/folder/local.h"
#include "count/count.h"
#include "election/definition/definition.h"
#include "election/roll/file.h"

struct psp_replay { /* zero-initialise, with a reason */
    struct psp_records *records;
    struct psp_count *count;
    struct psp_arena *arena;
    struct psp_roll_file roll;
    struct psp_reason *reason;
    const struct psp_sealed_shard *sealed; /* a backup's; NULL: a log's folder */
};

/* `path`: the folder with the segments, where nothing is sealed. PSP_OK: replay->count
 * stands at `last`. PSP_ENOENT: the journal ends before `last`, or begins after 1;
 * PSP_EMISMATCH: of another cluster, election or roll, or not signed; PSP_EPERM: sealed for others;
 * PSP_EVERSION, PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_replay_run(struct psp_replay *replay, const struct psp_local *local,
                               const struct psp_definition *definition, uint32_t shard,
                               const char *path, uint64_t last);
void psp_replay_end(struct psp_replay *replay);

#endif
