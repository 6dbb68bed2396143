/*
 * durable - what is really durable of a replica, and what it has said of it.
 *
 * Kept beside the replica and asked of the simulated disk, not of the log: a
 * sync that was left out, or a tail that a killed process left unsynced, shows
 * here at once, and not only when a crash happens to take it.
 *
 * Checked:
 *   - what is committed is durable on a majority (a replica whose disk was
 *     damaged since may have had it)
 *   - a replica acknowledges only what is durable, votes only with a durable
 *     vote, votes once in a term, and starts with no older vote than it gave
 *   - a term has one leader, and its log holds what was committed before
 */
#ifndef SIM_DURABLE_H
#define SIM_DURABLE_H

#include "tests/sim/world/world.h"

/* The log was opened, or synced. */
void sim_durable_log(struct sim_replica *replica);
/* The log is to be cut at `from`. */
void sim_durable_cut(struct sim_replica *replica, uint64_t from);
/* A vote was made durable: so the log says. */
void sim_durable_vote(struct sim_replica *replica, uint64_t term, uint64_t voted_for);
/* The log was opened: is the vote there? */
void sim_durable_check_vote(struct sim_world *world, const struct sim_replica *replica);
/* The disk is gone. */
void sim_durable_wipe(struct sim_replica *replica);
/* The terms of an older epoch are done. */
void sim_durable_forget_leaders(struct sim_shard *shard);
void sim_durable_free(struct sim_shard *shard, uint32_t replicas);

/* It sends this to the replica `to` of its shard. */
void sim_durable_sends(struct sim_world *world, struct sim_replica *replica,
                       const struct psp_raft_message *message);
/* It leads, perhaps. */
void sim_durable_leads(struct sim_world *world, const struct sim_replica *replica);
/* This was found to be committed. */
void sim_durable_committed(struct sim_world *world, const struct sim_shard *shard, uint64_t index,
                           uint64_t term);

#endif
