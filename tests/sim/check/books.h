/*
 * books - what a shard's counters say of its stations, and what they must not.
 *
 * Of every replica, at every index: books by station, state and closing time of the
 * election are those of the reference, which are the judge's. After every load, and
 * now and then, it remembers just what the judge says; the state hash alone would
 * show that only when such a ballot comes again.
 *
 * Conservation: no station has more in its books than batches brought to replicas of
 * the shard, less what they answered was not submitted. A replay that two entries
 * carry, or that nobody sent, breaks that.
 */
#ifndef SIM_BOOKS_H
#define SIM_BOOKS_H

#include "tests/sim/world/world.h"

/* A router's batch arrives at a replica; a replica answers a router. */
void sim_books_brought(struct sim_world *world, struct sim_replica *replica,
                       const struct psp_peer *from, const struct psp_cluster_message *batch);
void sim_books_answered(struct sim_world *world, struct sim_replica *replica,
                        const struct psp_peer *to, const struct psp_cluster_message *answer);
/* The process is gone: whether it took what it did not answer is not known. */
void sim_books_stop(struct sim_replica *replica);
/* The reference has applied the entry, and the judge. */
void sim_books_committed(struct sim_world *world, struct sim_shard *shard, struct sim_entry *entry);
/* A replica has applied the entry. */
void sim_books_applied(struct sim_world *world, struct sim_replica *replica,
                       const struct sim_entry *entry);
/* Books by station that a board shows of a shard, whose judge has come to that index. */
void sim_books_shown(struct sim_world *world, const struct sim_judge *judge,
                     const struct psp_board_stations *shown);
/* What it knows of every ballot that the judge knows of, at its index. */
void sim_books_remembers(struct sim_world *world, const struct sim_replica *replica);

#endif
