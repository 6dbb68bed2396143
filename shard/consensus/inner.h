/*
 * inner - what the consensus wrapper is made of, for the files of this room.
 * Each calls those below it:
 *
 *     consensus.c      events
 *     step.c           one step of libraft, and what holds after some
 *     mend.c  configuration.c  appends.c  outbox.c
 *     fields.c         messages as numbers
 *
 * Threads: one owner.
 */
#ifndef PSP_CONSENSUS_INNER_H
#define PSP_CONSENSUS_INNER_H

#include <raft.h>

#include "shard/consensus/appends.h"
#include "shard/consensus/configuration.h"
#include "shard/consensus/mend.h"
#include "shard/consensus/outbox.h"

struct psp_consensus {
    struct raft raft;
    char address[PSP_ADDRESS_BYTES];
    struct raft_buffer first_configuration;
    struct raft_buffer proposed; /* the last configuration proposed here */
    bool joiner;                 /* not a member of the first configuration */
    uint64_t clock_ms;
    char error[RAFT_ERRMSG_BUF_SIZE + 64];

    uint64_t vote_term, voted_for; /* as last handed out to be made durable */
    uint64_t last_index, persisted, commit_index;
    uint64_t snapshot_index, snapshot_term;

    struct psp_appends appends;
    struct psp_configurations configurations;
    struct psp_doubts doubts;

    /* scratch of the actions */
    struct psp_record *records;
    struct raft_entry *entries;
    size_t record_capacity, entry_capacity;
    struct psp_outbox outbox;
};

/* ---- step.c ---- */

/* Of every event: the time, and no actions yet. */
void psp_consensus_begin(struct psp_consensus *consensus, uint64_t now_ms,
                         struct psp_consensus_actions *ret_actions);
/* One step of the library; adds to the actions. */
enum psp_status psp_consensus_step_once(struct psp_consensus *consensus, struct raft_event *event,
                                        const char *name, struct psp_consensus_actions *actions);
/* What holds after one or more steps. */
enum psp_status psp_consensus_finish(struct psp_consensus *consensus, enum psp_status status,
                                     struct psp_consensus_actions *actions);
#endif
