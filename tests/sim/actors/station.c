/* Stations that cast and the operator that opens, moves, replaces and closes. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/actors/actors.h"
#include "tests/sim/check/checks.h"
#include "tests/sim/world/network.h"

enum {
    CLIENT_TICK_MS = 20,
    INFLIGHT_MAX = 1024,
    RESEND_AFTER_MS = 700,
    RECEIPTS = 64,
    OPERATOR_AGAIN_US = 400 * SIM_MS,
    OPERATOR_TICK_MS = 50,
    MOVE_US = 2000 * SIM_MS,
    ORDER_ID = 1 << 20, /* of requests: other than those of the stages */
    OPERATOR_TIMES_MS = 3000,
};

/* ---- who casts what, and when ---- */

static void give(struct sim_world *world, uint32_t client_number, uint32_t ballot)
{
    struct sim_client *client = &world->clients[client_number];
    const uint64_t end_us = world->plan.faults_until_us;
    client->papers[client->paper_count++] = (struct sim_paper){
        .ballot = ballot, .due_us = sim_between(&world->random, 100 * SIM_MS, end_us * 9 / 10)};
}

static int by_due(const void *left, const void *right)
{
    const struct sim_paper *a = left, *b = right;
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us ? -1 : 1;
    return a->ballot < b->ballot ? -1 : a->ballot > b->ballot;
}

void sim_clients_plan(struct sim_world *world)
{
    const struct sim_plan *plan = &world->plan;
    for (uint32_t i = 0; i < plan->clients; i++) {
        world->clients[i].papers = calloc(2 * SIM_BALLOTS_MAX, sizeof(struct sim_paper));
        assert(world->clients[i].papers != NULL);
    }
    for (uint32_t b = 0; b < world->election.ballot_count; b++) {
        give(world, sim_below(&world->random, plan->clients), b);
        if (sim_chance(&world->random, 1000)) /* again, perhaps at another station */
            give(world, sim_below(&world->random, plan->clients), b);
    }
    for (uint32_t i = 0; i < plan->clients; i++)
        qsort(world->clients[i].papers, world->clients[i].paper_count, sizeof(struct sim_paper),
              by_due);
    struct sim_operator *operator_ = &world->operator;
    operator_->stages = plan->recloses  ? SIM_RECLOSE + 1
                        : plan->reopens ? SIM_REOPEN + 1
                        : plan->closes  ? SIM_CLOSE + 1
                                        : SIM_OPEN + 1;
    operator_->stage_us[SIM_OPEN] = sim_between(&world->random, 1, 600) * SIM_MS;
    operator_->stage_us[SIM_CLOSE] =
        sim_between(&world->random, plan->faults_until_us / 2 + 600 * SIM_MS,
                    plan->faults_until_us + 600 * SIM_MS);
    operator_->stage_us[SIM_REOPEN] = operator_->stage_us[SIM_CLOSE] + plan->faults_until_us / 6;
    operator_->stage_us[SIM_RECLOSE] = operator_->stage_us[SIM_REOPEN] + plan->faults_until_us / 6;
    for (uint32_t stage = SIM_CLOSE; stage < SIM_STAGES && plan->close_ahead_ms > 0; stage++)
        operator_->close_at_ms[stage] =
            SIM_WALL_MS + operator_->stage_us[stage] / SIM_MS + plan->close_ahead_ms;
}

void sim_clients_free(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.clients; i++)
        free(world->clients[i].papers);
}

/* ---- a client ---- */

static void client_work(struct sim_world *world, struct sim_client *client);

/* Of its own seed: what a pool draws moves nothing else in the world. */
static void pool_random(void *context, void *ret_bytes, size_t bytes)
{
    uint8_t *at = ret_bytes;
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)sim_next(context);
}

void sim_client_start(struct sim_world *world, struct sim_client *client)
{
    const uint32_t batch_rows = (uint32_t)sim_between(&world->random, 1, 32);
    const uint64_t seed = sim_next(&world->random);
    client->pool_random = (struct sim_random){seed};
    client->ordered = seed % 2 == 0;
    client->patient = seed % 5 < 3;
    client->greedy = world->plan.greedy > 0 && client->actor.number == world->seed % 2;
    struct psp_client_core_options options = {
        .router_count = world->plan.routers,
        .batch_rows = batch_rows,
        .inflight_max = INFLIGHT_MAX,
        .resend_after_ms = RESEND_AFTER_MS,
        .seed = seed,
        .random = pool_random,
        .random_context = &client->pool_random,
        .unordered = !client->ordered,
        .pool = seed % 3 == 0 ? 2 + (uint32_t)(seed >> 8) % 16 : 0,
        .pool_wait_ms = 1 + (uint32_t)(seed >> 16) % 1000,
        .definition = world->plan.rows ? world->election.definition : NULL,
    };
    memcpy(options.definition_hash, world->election.definition->hash, PSP_HASH_BYTES);
    const enum psp_status status = psp_client_core_create(&options, &client->core);
    assert(status == PSP_OK);
    (void)status;
    client->next = 0; /* all of them, also those that have a verdict already */
    client_work(world, client);
}

void sim_client_stop(struct sim_world *world, struct sim_client *client)
{
    (void)world;
    psp_client_core_destroy(&client->core);
}

static bool submit(struct sim_world *world, struct sim_client *client, uint32_t number)
{
    struct sim_paper *paper = &client->papers[number];
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    char id[16];
    struct psp_ballot out = {
        .voter_id = (const uint8_t *)id,
        .voter_id_bytes = sim_voter_id(ballot->voter, id),
        .unit = ballot->unit,
        .style = ballot->style,
        .method = ballot->method,
        .resent = paper->sends > 0,
        .cast_at_ms = ballot->cast_at_ms,
        .marks = ballot->marks,
        .marks_bytes = ballot->marks_bytes,
        .cookie = number,
    };
    memcpy(out.ballot_id, ballot->ballot_id, sizeof(out.ballot_id));
    const enum psp_status status = psp_client_core_submit(client->core, &out);
    assert(status == PSP_OK || status == PSP_EBUSY);
    if (status != PSP_OK)
        return false;
    world->faults.counts[SIM_FAULT_MARKED] += paper->sends > 0 && !paper->has_receipt;
    paper->sends++;
    return true;
}

/* It sends what has its verdict already, now and again. */
static void be_greedy(struct sim_world *world, struct sim_client *client)
{
    while (!world->healed && client->next > 0 && sim_chance(&world->random, world->plan.greedy)) {
        const uint32_t paper = sim_below(&world->random, client->next);
        if (client->papers[paper].has_receipt && submit(world, client, paper))
            world->faults.counts[SIM_FAULT_GREEDY]++;
    }
}

/* A ballot's verdict comes after those of its voter's ballots before it: they had
 * theirs before it left. */
static void check_order(struct sim_world *world, const struct sim_client *client, uint32_t paper)
{
    const struct sim_ballot *ballots = world->election.ballots;
    if (!client->ordered)
        return;
    for (uint32_t i = 0; i < paper; i++)
        if (!client->papers[i].has_receipt &&
            ballots[client->papers[i].ballot].voter == ballots[client->papers[paper].ballot].voter)
            sim_violation(world, "ballot %u overtook ballot %u of the same voter",
                          client->papers[paper].ballot, client->papers[i].ballot);
}

/* The first verdict, again: unless it was refused, and forgotten since. */
static void check_again(struct sim_world *world, const struct sim_paper *paper,
                        const struct psp_receipt *receipt)
{
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    const enum psp_disposition before = psp_verdict_first(paper->receipt.verdict);
    const enum psp_disposition now = psp_verdict_first(receipt->verdict);
    if (before == now || paper->receipt.shard >= world->plan.election.shards)
        return;
    if (before == PSP_COUNTED || now == PSP_COUNTED ||
        !sim_judge_forgot(&world->shards[paper->receipt.shard].judge, ballot->digest, ballot->tag))
        sim_violation(world, "ballot %u: the verdict was %u and is %u now", paper->ballot,
                      paper->receipt.verdict, receipt->verdict);
}

/* What it has a verdict on it sends marked: then it gets that, allowed or not. */
static void check_outside(struct sim_world *world, const struct sim_paper *paper)
{
    const struct sim_ballot *ballot = &world->election.ballots[paper->ballot];
    const struct sim_shard *shard = &world->shards[ballot->shard];
    if (!sim_judge_forgot(&shard->judge, ballot->digest, ballot->tag))
        sim_violation(world, "ballot %u had verdict %u and is not allowed now", paper->ballot,
                      paper->receipt.verdict);
}

static void take_receipt(struct sim_world *world, struct sim_client *client,
                         const struct psp_receipt *receipt)
{
    struct sim_paper *paper = &client->papers[receipt->cookie];
    const bool verdict = receipt->outcome == PSP_OUTCOME_VERDICT;
    const bool had_verdict = paper->has_receipt && paper->receipt.outcome == PSP_OUTCOME_VERDICT;
    if (had_verdict && verdict)
        check_again(world, paper, receipt);
    else if (had_verdict)
        check_outside(world, paper);
    check_order(world, client, (uint32_t)receipt->cookie);
    client->receipts += !paper->has_receipt;
    paper->has_receipt = true;
    if (verdict || !had_verdict)
        paper->receipt = *receipt;
    world->verdicts += verdict;
    world->faults.counts[SIM_FAULT_OUTSIDE] += !verdict;
    if (verdict)
        sim_checks_receipt(world, client, paper);
}

static void take_receipts(struct sim_world *world, struct sim_client *client)
{
    struct psp_receipt receipts[RECEIPTS];
    size_t n;
    while ((n = psp_client_core_receipts(client->core, receipts, RECEIPTS)) > 0)
        for (size_t i = 0; i < n; i++)
            take_receipt(world, client, &receipts[i]);
}

static void client_work(struct sim_world *world, struct sim_client *client)
{
    const uint64_t now_ms = sim_time(world, &client->actor).steady_ms;
    psp_client_core_tick(client->core, now_ms);
    while (client->next < client->paper_count &&
           client->papers[client->next].due_us <= world->now_us &&
           submit(world, client, client->next))
        client->next++;
    if (client->greedy)
        be_greedy(world, client);
    if (sim_below(&world->random, 3) > 0)
        (client->patient ? psp_client_core_push : psp_client_core_flush)(client->core);
    uint32_t router;
    struct psp_client_message message;
    while (psp_client_core_next(client->core, now_ms, &router, &message)) {
        const struct sim_actor *to = &world->routers[router].actor;
        if (!to->up && sim_below(&world->random, 2) == 0) {
            world->faults.counts[SIM_FAULT_UNSENT]++;
            psp_client_core_unsent(client->core, now_ms);
            continue;
        }
        const enum psp_status status = psp_client_message_encode(&message, &world->buffer);
        assert(status == PSP_OK);
        (void)status;
        sim_send(world, &client->actor, to, to->up ? to->incarnation : 0, &world->buffer, 0);
    }
    take_receipts(world, client);
    if (psp_client_core_refused(client->core) != PSP_OK)
        sim_violation(world, "a client is refused for good: %s",
                      psp_client_core_error(client->core));
    if (client->actor.wake_us != 0)
        return;
    struct psp_client_stats stats;
    psp_client_core_stats(client->core, &stats);
    if (stats.unanswered > 0 || client->next < client->paper_count ||
        (client->greedy && !world->healed))
        sim_wake_at(world, &client->actor, now_ms + CLIENT_TICK_MS);
}

void sim_client_event(struct sim_world *world, struct sim_client *client,
                      const struct sim_event *event)
{
    const uint64_t now_ms = sim_time(world, &client->actor).steady_ms;
    const struct sim_actor *from = world->actors[event->from];
    if (event->type == SIM_EVENT_GONE)
        psp_client_core_disconnected(client->core, from->number, now_ms);
    if (event->type == SIM_EVENT_MESSAGE) {
        struct psp_client_message message;
        const char *reason = "";
        psp_arena_reset(world->arena);
        if (psp_client_message_decode(world->arena, event->bytes, event->length, &message,
                                      &reason) != PSP_OK) {
            sim_violation(world, "a client cannot read a router's message: %s", reason);
            return;
        }
        SIM_TRACE(world, "%s <- %s: type %u rows %u code %u", sim_actor_name(&client->actor),
                  sim_actor_name(from), message.type, message.n, message.code);
        psp_client_core_message(client->core, from->number, &message, now_ms);
    }
    client_work(world, client);
}

/* ---- the operator ---- */

static void order(struct sim_world *world, struct sim_operator *operator_, uint32_t shard,
                  uint32_t replica, const struct psp_cluster_message *message)
{
    const struct sim_actor *to = &world->shards[shard].replicas[replica].actor;
    const enum psp_status status = psp_cluster_message_encode(message, &world->buffer);
    assert(status == PSP_OK);
    (void)status;
    sim_send(world, &operator_->actor, to, to->incarnation, &world->buffer, 0);
}

/* Mostly what was said first. */
static uint64_t close_time(struct sim_world *world, const struct sim_operator *operator_,
                           uint32_t stage)
{
    if (!sim_chance(&world->random, world->plan.other_close))
        return operator_->close_at_ms[stage];
    if (sim_below(&world->random, 3) == 0)
        return 0;
    return sim_time(world, &operator_->actor).wall_ms +
           sim_between(&world->random, 0, OPERATOR_TIMES_MS) - OPERATOR_TIMES_MS / 3;
}

static void ask(struct sim_world *world, struct sim_operator *operator_, uint32_t shard)
{
    static const enum psp_operation operations[SIM_STAGES] = {
        [SIM_OPEN] = PSP_OPERATE_OPEN,
        [SIM_CLOSE] = PSP_OPERATE_CLOSE,
        [SIM_REOPEN] = PSP_OPERATE_OPEN,
        [SIM_RECLOSE] = PSP_OPERATE_CLOSE,
    };
    const uint32_t stage = operator_->stage[shard];
    const uint32_t r = sim_below(&world->random, world->plan.election.replicas);
    struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE};
    message.id = stage * SIM_SHARDS_MAX + shard + 1;
    message.operate.operation = operations[stage];
    if (operations[stage] == PSP_OPERATE_CLOSE)
        message.operate.close_at_ms = close_time(world, operator_, stage);
    order(world, operator_, shard, r, &message);
    operator_->again_us[shard] = world->now_us + OPERATOR_AGAIN_US;
    if (operations[stage] != PSP_OPERATE_CLOSE ||
        !sim_chance(&world->random, world->plan.other_close))
        return;
    message.id = ORDER_ID; /* and somebody calls it once more */
    message.operate.close_at_ms = close_time(world, operator_, stage);
    order(world, operator_, shard, r, &message);
}

/* What a stage waits for besides its time. */
static bool is_due(const struct sim_world *world, const struct sim_operator *operator_,
                   uint32_t shard)
{
    const struct sim_judge *judge = &world->shards[shard].judge;
    const uint32_t stage = operator_->stage[shard];
    return stage < operator_->stages && world->now_us >= operator_->stage_us[stage] &&
           world->now_us >= operator_->again_us[shard] &&
           (stage != SIM_REOPEN || judge->state == PSP_ELECTION_CLOSED ||
            judge->events.reopened > 0);
}

/* Replicas that came back under a new ID: whoever leads is asked until they vote. */
static void ask_to_replace(struct sim_world *world, struct sim_operator *operator_, uint32_t shard)
{
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        struct sim_replica *replica = &world->shards[shard].replicas[r];
        if (!replica->joining || replica->core == NULL)
            continue;
        if (psp_core_state(replica->core) != PSP_STATE_JOINING) {
            replica->joining = false;
            world->faults.counts[SIM_FAULT_REPLACED]++;
            continue;
        }
        struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = ORDER_ID};
        message.operate.operation = PSP_OPERATE_REPLACE_REPLICA;
        message.operate.raft_id = world->election.cluster.shards[shard].replicas[r].raft_id;
        order(world, operator_, shard, sim_below(&world->random, world->plan.election.replicas),
              &message);
        operator_->again_us[shard] = world->now_us + OPERATOR_AGAIN_US;
    }
}

void sim_operator_moves(struct sim_world *world)
{
    struct sim_operator *operator_ = &world->operator;
    const uint32_t shard = sim_below(&world->random, world->plan.election.shards);
    const uint32_t to = sim_below(&world->random, world->plan.election.replicas);
    for (uint32_t r = 0; r < world->plan.election.replicas; r++) {
        const struct sim_replica *replica = &world->shards[shard].replicas[r];
        if (r == to || !replica->actor.up || psp_core_state(replica->core) != PSP_STATE_LEADER)
            continue;
        struct psp_cluster_message message = {.type = PSP_CLUSTER_OPERATE, .id = ORDER_ID};
        message.operate.operation = PSP_OPERATE_MOVE_LEADER;
        message.operate.replica = to;
        order(world, operator_, shard, r, &message);
        world->faults.counts[SIM_FAULT_MOVE]++;
        operator_->moved_us[shard] = world->now_us;
        operator_->move_to[shard] = to;
        sim_wake_at(world, &operator_->actor,
                    sim_time(world, &operator_->actor).steady_ms + OPERATOR_TICK_MS);
    }
}

static void watch_move(struct sim_world *world, struct sim_operator *operator_, uint32_t shard)
{
    if (operator_->moved_us[shard] == 0)
        return;
    const struct sim_replica *replica = &world->shards[shard].replicas[operator_->move_to[shard]];
    const bool leads = replica->actor.up && psp_core_state(replica->core) == PSP_STATE_LEADER;
    world->faults.counts[SIM_FAULT_MOVED] += leads;
    if (leads || world->now_us > operator_->moved_us[shard] + MOVE_US)
        operator_->moved_us[shard] = 0;
}

static void take_answer(struct sim_world *world, struct sim_operator *operator_,
                        const struct sim_event *event)
{
    struct psp_cluster_message message;
    const char *reason = "";
    psp_arena_reset(world->arena);
    if (psp_cluster_message_decode(world->arena, event->bytes, event->length, &message, &reason) !=
            PSP_OK ||
        message.type != PSP_CLUSTER_OPERATED || message.operated.status != PSP_OPERATED ||
        message.id == ORDER_ID)
        return;
    const uint32_t shard = (uint32_t)((message.id - 1) % SIM_SHARDS_MAX);
    if ((message.id - 1) / SIM_SHARDS_MAX == operator_->stage[shard]) {
        operator_->stage[shard]++;
        SIM_TRACE(world, "shard %u has done stage %u", shard, operator_->stage[shard]);
    }
}

static bool stages_done(const struct sim_world *world)
{
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        if (world->operator.stage[s]<world->operator.stages)
            return false;
    return true;
}

bool sim_operator_done(const struct sim_world *world)
{
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        for (uint32_t r = 0; r < world->plan.election.replicas; r++)
            if (world->shards[s].replicas[r].joining)
                return false;
    return stages_done(world);
}

void sim_operator_event(struct sim_world *world, struct sim_operator *operator_,
                        const struct sim_event *event)
{
    if (event != NULL && event->type == SIM_EVENT_MESSAGE)
        take_answer(world, operator_, event);
    for (uint32_t s = 0; s < world->plan.election.shards; s++)
        if (is_due(world, operator_, s))
            ask(world, operator_, s);
    bool watching = !sim_operator_done(world);
    for (uint32_t s = 0; s < world->plan.election.shards; s++) {
        if (world->now_us >= operator_->again_us[s])
            ask_to_replace(world, operator_, s);
        watch_move(world, operator_, s);
        watching = watching || operator_->moved_us[s] != 0;
    }
    if (watching && operator_->actor.wake_us == 0)
        sim_wake_at(world, &operator_->actor,
                    sim_time(world, &operator_->actor).steady_ms + OPERATOR_TICK_MS);
}
