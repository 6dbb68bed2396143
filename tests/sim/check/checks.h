/*
 * checks - what must hold, always and at the end.
 *
 * While it runs:
 *   - what a replica applies at an index is what every other one applies there,
 *     and the state hash equals that of a reference count that never stops
 *   - the reference gives the verdicts, books and totals of the judge (judge.h)
 *   - books by station, closing time, what is remembered, and that no station has
 *     more in its books than batches brought: books.h
 *   - a verdict that a client is given stands in the committed log, at that
 *     index, for that ballot and station; or it is a replay of one that the
 *     leader knew, and the log carries it there
 *   - a second verdict is the first again, unless that was a refusal and forgotten
 *   - asked for what is known, a shard says just that; what a key may not cast
 *     goes to a shard in no other way
 *   - a published shard never goes back, and equals the judge's count of the
 *     log up to the published index; time in the log never goes back
 *   - reports, what a replica holds of them, and what leaves it: reports.h
 *   - what a collector shows of them: shown.h
 *   - a process refuses to start only on a damaged disk
 * At the end, healed:
 *   - every ballot has a verdict, within bounded time: but those that its key may
 *     not cast, and late ones for which a shard has no room
 *   - an election that was told to close at a time is closed
 *   - all shards have the same reports last, leaf by leaf
 *   - no voter is counted twice in the cluster, under whichever key
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
/* A shard's verdicts on ballots that it was asked for if known. */
void sim_checks_known(struct sim_world *world, const struct sim_ask *ask,
                      const struct psp_cluster_message *answer);
void sim_checks_published(struct sim_world *world, struct sim_collector *collector);
/* The shard was restored to the first `count` entries, which it owns from now on. */
void sim_checks_restored(struct sim_world *world, struct sim_shard *shard,
                         struct sim_entry *entries, uint64_t count);
/* Every ballot has the verdict that it can have. */
bool sim_checks_served(const struct sim_world *world);
/* Everything is counted, shown, and replicas are level. */
bool sim_checks_done(const struct sim_world *world);
/* Why that is not so, as a violation. */
void sim_checks_explain(struct sim_world *world);
void sim_checks_end(struct sim_world *world);

#endif
