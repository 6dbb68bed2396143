/*
 * replica - the durable state of one replica: its folder, log and store, and
 * the count restored from them.
 *
 *     DIR/log/    segments and vote
 *     DIR/store/  LMDB
 *
 * The store is never ahead of the log; a store without the log it was made
 * from is refused.
 *
 * Ownership: owns all that it opens.   Threads: one owner.
 */
#ifndef PSP_REPLICA_H
#define PSP_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "cluster/cluster.h"
#include "election/definition/definition.h"
#include "election/roll/file.h"
#include "journal/journal.h"
#include "shard/core/core.h"
#include "shard/store/store.h"

struct psp_replica_options {
    const struct psp_cluster *cluster;
    const struct psp_definition *definition; /* not owned */
    uint32_t shard, replica;                 /* positions in cluster.json */
    const char *data_path;
    const struct psp_sign_key *signing_key; /* of the shard; not owned, as long as the replica */
};

struct psp_replica {
    int lock;
    bool alone; /* the shard has no other replica */
    struct psp_journal *log;
    struct psp_store *store;
    struct psp_count *count;
    struct psp_core *core; /* not started yet */
};

/* What cluster.json says of a shard, and election.json of its publication, as the
 * first log entry says it. */
void psp_replica_genesis(const struct psp_cluster *cluster, uint32_t shard,
                         const struct psp_definition *definition, struct psp_genesis *ret_genesis);

/* Opens and restores; the reason says what is wrong and what to do. On failure
 * nothing stays open. */
enum psp_status psp_replica_open(const struct psp_replica_options *options,
                                 struct psp_replica *ret_replica, struct psp_reason *reterr_reason);
void psp_replica_close(struct psp_replica *replica);

/* Starts the core from what is durable. PSP_ECORRUPT, PSP_EIO, PSP_ENOMEM. */
enum psp_status psp_replica_start(struct psp_replica *replica, struct psp_core_time now);

#endif
