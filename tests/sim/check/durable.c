/* What a replica may claim, kept from what its disk holds. */
#include "tests/sim/check/durable.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "journal/journal.h"
#include "tests/sim/world/chaos.h"

enum { APPEND_RESULT = 2, VOTE_RESULT = 4 }; /* of raft's messages */
enum { RESULT_TERM = 1, RESULT_REJECTED, RESULT_LAST };
enum { VOTE_TERM = 1, VOTE_GRANTED, VOTE_PRE };

static void *grown(void *memory, uint64_t *capacity, uint64_t wanted, size_t element)
{
    if (wanted <= *capacity)
        return memory;
    *capacity = wanted * 2;
    void *larger = realloc(memory, *capacity * element);
    assert(larger != NULL);
    return larger;
}

/* ---- the log ---- */

void sim_durable_cut(struct sim_replica *replica, uint64_t from)
{
    struct sim_durable *durable = &replica->durable;
    if (from <= durable->last)
        durable->last = from - 1;
}

static uint64_t term_at(const struct sim_replica *replica, uint64_t index)
{
    uint64_t term = 0;
    enum psp_record_type type;
    return psp_journal_peek(replica->log, index, &term, &type) == PSP_OK ? term : 0;
}

void sim_durable_log(struct sim_replica *replica)
{
    struct sim_durable *durable = &replica->durable;
    const uint64_t last = psp_journal_last(replica->log), first = psp_journal_first(replica->log);
    uint64_t same = first > 0 ? first - 1 : 0;
    durable->terms = grown(durable->terms, &durable->capacity, last + 1, sizeof(*durable->terms));
    while (same < durable->last && same < last &&
           durable->terms[same] == term_at(replica, same + 1))
        same++;
    durable->last = same;
    if (!sim_disk_log_is_clean(&replica->disk))
        return;
    for (; durable->last < last; durable->last++)
        durable->terms[durable->last] = term_at(replica, durable->last + 1);
}

static bool has(const struct sim_replica *replica, uint64_t index, uint64_t term)
{
    const struct sim_durable *durable = &replica->durable;
    return index <= replica->store.index ||
           (index <= durable->last && durable->terms[index - 1] == term);
}

/* promise 1 */
void sim_durable_committed(struct sim_world *world, const struct sim_shard *shard, uint64_t index,
                           uint64_t term)
{
    const uint32_t replicas = world->plan.election.replicas;
    uint32_t holders = 0;
    for (uint32_t r = 0; r < replicas; r++) {
        const struct sim_replica *replica = &shard->replicas[r];
        holders += replica->damaged || replica->refused || has(replica, index, term);
    }
    if (index > 1 && 2 * holders <= replicas) /* 1 is what all bootstrap with */
        sim_violation(world,
                      "index %" PRIu64 " of term %" PRIu64 " is committed, and durable on %u "
                      "of %u replicas",
                      index, term, holders, replicas);
}

/* ---- votes ---- */

void sim_durable_vote(struct sim_replica *replica, uint64_t term, uint64_t voted_for)
{
    replica->durable.term = term;
    replica->durable.voted_for = voted_for;
}

void sim_durable_check_vote(struct sim_world *world, const struct sim_replica *replica)
{
    const struct sim_durable *durable = &replica->durable;
    uint64_t term, voted_for;
    psp_journal_vote(replica->log, &term, &voted_for);
    const bool same = durable->voted_for == 0 || durable->voted_for == voted_for;
    if (term < durable->term || (term == durable->term && !same))
        sim_violation(world,
                      "%s starts with term %" PRIu64 " and a vote for %" PRIu64
                      ", durable were %" PRIu64 " and %" PRIu64,
                      sim_actor_name(&replica->actor), term, voted_for, durable->term,
                      durable->voted_for);
}

static void check_vote(struct sim_world *world, struct sim_replica *replica, uint64_t id,
                       uint64_t term)
{
    struct sim_durable *durable = &replica->durable;
    if (durable->term != term || durable->voted_for != id)
        sim_violation(world, "%s votes in term %" PRIu64 " before that is durable",
                      sim_actor_name(&replica->actor), term);
    if (term == durable->granted_term && id != durable->granted_to)
        sim_violation(world, "%s votes twice in term %" PRIu64, sim_actor_name(&replica->actor),
                      term);
    durable->granted_term = term;
    durable->granted_to = id;
}

void sim_durable_sends(struct sim_world *world, struct sim_replica *replica,
                       const struct psp_raft_message *message)
{
    const uint64_t *fields = message->fields;
    const struct sim_durable *durable = &replica->durable;
    if (message->type == VOTE_RESULT && fields[VOTE_GRANTED] != 0 && fields[VOTE_PRE] == 0)
        check_vote(world, replica, message->to_id, fields[VOTE_TERM]);
    if (message->type != APPEND_RESULT || fields[RESULT_REJECTED] != 0)
        return;
    if (fields[RESULT_LAST] > durable->last && fields[RESULT_LAST] > replica->store.index)
        sim_violation(world, "%s acknowledges index %" PRIu64 ", durable is %" PRIu64,
                      sim_actor_name(&replica->actor), fields[RESULT_LAST], durable->last);
}

/* ---- leaders ---- */

void sim_durable_leads(struct sim_world *world, const struct sim_replica *replica)
{
    struct sim_shard *shard = &world->shards[replica->shard];
    const enum psp_process_state state = psp_core_state(replica->core);
    if (state != PSP_STATE_LEADER && state != PSP_STATE_STARTING)
        return;
    const uint64_t term = psp_core_term(replica->core);
    const uint64_t known = shard->leader_capacity;
    shard->leaders =
        grown(shard->leaders, &shard->leader_capacity, term + 1, sizeof(*shard->leaders));
    for (uint64_t i = known; i < shard->leader_capacity; i++)
        shard->leaders[i] = 0;
    uint32_t *leader = &shard->leaders[term];
    if (*leader == replica->replica + 1)
        return;
    if (*leader != 0)
        sim_violation(world, "term %" PRIu64 " of shard %u has two leaders, %u and %u", term,
                      replica->shard, *leader - 1, replica->replica);
    *leader = replica->replica + 1;
    sim_chaos_elected(world);
    uint64_t before_it = shard->entry_count; /* an old term may be won late, by late votes */
    while (before_it > 0 && shard->entries[before_it - 1].seen_term >= term)
        before_it--;
    if (psp_core_last(replica->core) < before_it)
        sim_violation(
            world, "%s leads term %" PRIu64 " with a log to %" PRIu64 ", committed is %" PRIu64,
            sim_actor_name(&replica->actor), term, psp_core_last(replica->core), before_it);
}

/* ---- life ---- */

void sim_durable_wipe(struct sim_replica *replica)
{
    struct sim_durable *durable = &replica->durable;
    durable->last = durable->term = durable->voted_for = 0;
    durable->granted_term = durable->granted_to = 0;
}

void sim_durable_forget_leaders(struct sim_shard *shard)
{
    for (uint64_t i = 0; i < shard->leader_capacity; i++)
        shard->leaders[i] = 0;
}

void sim_durable_free(struct sim_shard *shard, uint32_t replicas)
{
    for (uint32_t r = 0; r < replicas; r++)
        free(shard->replicas[r].durable.terms);
    free(shard->leaders);
}
