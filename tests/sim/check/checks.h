/*
 * checks - what must hold, always and at the end.
 *
 * While it runs:
 *   - what a replica applies at an index is what every other one applies there,
 *     and the state hash equals that of a reference count that never stops
 *   - the reference gives the verdicts, books and totals of the judge (judge.h)
 *   - a verdict that a client is given stands in the committed log, at that
 *     index, for that ballot
 *   - a published shard never goes back, and equals the judge's count of the
 *     log up to the published index; time in the log never goes back
 *   - a process refuses to start only on a damaged disk
 * At the end, healed:
 *   - every ballot has a verdict, within bounded time
 *   - the first verdict on each ballot in the log is what its clients hold, and
 *     no voter is counted twice in the cluster, under whichever key
 *   - replicas, boards and logs on disk agree with the judge; books balance
 *   - the counted ballots, added up from what the stations meant, are the totals
 */
#ifndef SIM_CHECKS_H
#define SIM_CHECKS_H

#include "tests/sim/world/world.h"

/* After every event of a replica. */
void sim_checks_applied(struct sim_world *world, struct sim_replica *replica);
void sim_checks_receipt(struct sim_world *world, const struct sim_client *client,
                        const struct sim_paper *paper);
void sim_checks_published(struct sim_world *world, struct sim_collector *collector);
/* Everything is counted, shown, and replicas are level. */
bool sim_checks_done(const struct sim_world *world);
/* Why that is not so, as a violation. */
void sim_checks_explain(struct sim_world *world);
void sim_checks_end(struct sim_world *world);

#endif
