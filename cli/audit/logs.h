/*
 * logs - the logs of one shard's replicas, off line: how far they agree, and
 * which of them differ.
 *
 * An entry is known to be committed when a majority of the replicas hold it: it
 * counts up to the highest index that a majority hold with the same term. By
 * Raft's log matching property they then hold the same entries up to there; a
 * log that does not is told, because either it is damaged or it holds what was
 * never committed.
 *
 * Ownership: psp_logs_close frees.   Threads: one owner.
 * Memory:    the index of every log.
 */
#ifndef PSP_LOGS_H
#define PSP_LOGS_H

#include <stdint.h>

#include "base/reason.h"
#include "cli/folder/local.h"
#include "journal/journal.h"

struct psp_logs { /* zero-initialise */
    uint32_t replicas, shard;
    struct psp_journal *logs[PSP_REPLICAS_MAX]; /* NULL: not there, or not readable */
    char *paths[PSP_REPLICAS_MAX];
    char *unreadable[PSP_REPLICAS_MAX]; /* why a log is NULL */
};

/* Opens what can be opened, read only; never fails. */
void psp_logs_open(const struct psp_local *local, const struct psp_cluster_shard *shard,
                   struct psp_logs *ret_logs);
void psp_logs_close(struct psp_logs *logs);

/* The highest index that a majority hold with the same term, and a replica that
 * does. PSP_ENOENT: there is none; the reason names what could not be read. */
enum psp_status psp_logs_agreed(const struct psp_logs *logs, uint64_t *ret_index,
                                uint32_t *ret_replica, struct psp_reason *reterr_reason);

/* The first index up to `index` at which this replica's log holds another record
 * than `reference`'s, 0 for none. Reads both logs whole. */
uint64_t psp_logs_difference(const struct psp_logs *logs, uint32_t reference, uint32_t replica,
                             uint64_t index);

#endif
