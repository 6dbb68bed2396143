/*
 * offline - the whole count made again from the journals alone, with no process
 * running: of the replicas' folders, or of a backup.
 *
 * Threads: one owner.   Memory: that of the counts of all shards.
 */
#ifndef PSP_OFFLINE_H
#define PSP_OFFLINE_H

#include <stdbool.h>

#include "cli/command.h"
#include "cli/folder/local.h"
#include "election/definition/definition.h"

struct psp_offline {
    const char *backup;       /* folder of `psephos backup`; NULL: the replicas' own logs */
    const char *auditor_key;  /* with a backup; NULL: DIR/keys/auditor.key */
    const char *results_path; /* CSV, all levels; NULL: none */
    uint32_t shard;           /* or PSP_NONE: all */
    bool json;
};

/* Prints what it counted, and every difference on stderr. PSP_EXIT_NO: logs
 * differ, something is missing or damaged, or the backup says otherwise. */
enum psp_exit psp_offline_recount(const struct psp_offline *offline, const struct psp_local *local,
                                  const struct psp_definition *definition);

#endif
