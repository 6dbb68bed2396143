/*
 * chaos - what goes wrong, and when, from the seed.
 *
 * A run has some kinds of fault and not others: rare combinations come up more
 * often than if every run had a little of everything. At a time from the seed
 * all is mended, and then everything must be counted.
 *
 * Disks that rot or are wiped: one a shard of three replicas, and until that
 * replica has caught up the shard has no other fault. Two at once, a damaged
 * disk and a second machine gone, are more than is promised (docs/guarantees.md).
 */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include "tests/sim/world/world.h"

void sim_chaos_plan(struct sim_world *world);
/* The first faults. */
void sim_chaos_begin(struct sim_world *world);
/* In some runs leaders do not last while an election closes at its time. */
void sim_chaos_closing(struct sim_world *world);
/* Something goes wrong now. */
void sim_chaos(struct sim_world *world, const struct sim_event *event);
/* A shard has a new leader. */
void sim_chaos_elected(struct sim_world *world);
/* Shard 0 has a report, the others have not. */
void sim_chaos_reporting(struct sim_world *world);
void sim_chaos_heal(struct sim_world *world);
/* All is mended but for one replica, the leader where there is one: it hears nobody and nobody
 * hears it, though no connection breaks. Without it every ballot must get its verdict; then it
 * is heard again. */
void sim_chaos_silence(struct sim_world *world);
void sim_chaos_hear(struct sim_world *world);

#endif
