/*
 * actors - the processes: what their shells do, on the simulated world.
 *
 *     actors.c      which is which
 *     replica.c     a shard's replica: shell, checkpointer, store
 *     writer.c      and its log writer
 *     router.c      a router
 *     station.c     clients, and the operator who opens and closes the polls
 *     reporter.c    operators who report
 *     restore.c     the operator who restores from a backup
 *     collector.c   a collector and its database
 */
#ifndef SIM_ACTORS_H
#define SIM_ACTORS_H

#include "tests/sim/world/world.h"

/* A process starts on what its machine's disk holds; ends, losing its memory. */
void sim_actor_start(struct sim_world *world, struct sim_actor *actor);
void sim_actor_stop(struct sim_world *world, struct sim_actor *actor);
void sim_actor_event(struct sim_world *world, struct sim_actor *actor,
                     const struct sim_event *event);

void sim_shard_init(struct sim_world *world, uint32_t shard);
void sim_shard_free(struct sim_world *world, uint32_t shard);
void sim_replica_start(struct sim_world *world, struct sim_replica *replica);
void sim_replica_stop(struct sim_world *world, struct sim_replica *replica);
void sim_replica_event(struct sim_world *world, struct sim_replica *replica,
                       const struct sim_event *event);
/* Ends it as SIGTERM does: its log is closed. */
void sim_replica_end_cleanly(struct sim_world *world, struct sim_replica *replica);
/* Its disk is empty; it must be down. */
void sim_replica_wipe(struct sim_world *world, struct sim_replica *replica);
/* The number of the replica that leads a shard, as far as it knows itself; PSP_NONE. */
uint32_t sim_leader(const struct sim_world *world, uint32_t shard);

void sim_router_start(struct sim_world *world, struct sim_router *router);
void sim_router_stop(struct sim_world *world, struct sim_router *router);
void sim_router_event(struct sim_world *world, struct sim_router *router,
                      const struct sim_event *event);

void sim_clients_plan(struct sim_world *world);
void sim_clients_free(struct sim_world *world);
void sim_client_start(struct sim_world *world, struct sim_client *client);
void sim_client_stop(struct sim_world *world, struct sim_client *client);
void sim_client_event(struct sim_world *world, struct sim_client *client,
                      const struct sim_event *event);
void sim_operator_event(struct sim_world *world, struct sim_operator *operator_,
                        const struct sim_event *event);
bool sim_operator_done(const struct sim_world *world);
/* Tells a leader to hand over, if one leads. */
void sim_operator_moves(struct sim_world *world);

/* All machines are lost; from a backup the shards go on in the next epoch. Once in a run. */
void sim_restore(struct sim_world *world);

void sim_reporters_plan(struct sim_world *world);
void sim_reporter_stop(struct sim_world *world, struct sim_reporter *reporter);
/* `event`: NULL when it starts. */
void sim_reporter_event(struct sim_world *world, struct sim_reporter *reporter,
                        const struct sim_event *event);
/* What was reported before a restore is to be reported again. */
void sim_reporters_again(struct sim_world *world);
/* Every report is made. */
bool sim_reporters_done(const struct sim_world *world);

void sim_collectors_free(struct sim_world *world);
void sim_collector_start(struct sim_world *world, struct sim_collector *collector);
void sim_collector_stop(struct sim_world *world, struct sim_collector *collector);
void sim_collector_event(struct sim_world *world, struct sim_collector *collector,
                         const struct sim_event *event);

#endif
