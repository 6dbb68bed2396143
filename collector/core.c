/* One state a replica: what is outstanding, and when it is asked next. */
#include "collector/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/head.h"
#include "wire/message/partial_parts.h"

struct replica_state {
    struct psp_collector_replica seen;
    uint32_t shard, replica_at;
    uint64_t due_ms;                /* ask then: not before, or again when silent */
    uint64_t watch_id;              /* of the outstanding Watch */
    bool ask_all;                   /* its base was not what the board holds */
    bool answered;                  /* the last Watch: the next one may wait for news */
    struct psp_agreement agreement; /* with what is held */
    struct psp_partial_parts parts; /* of an answer that takes several messages */
};

struct psp_collector_core {
    struct psp_board *board;
    const struct psp_cluster *cluster;
    uint32_t replica_count;
    struct replica_state *replicas; /* of all shards, shard by shard */
    uint32_t *replica_first;        /* [shard_count] */
    uint64_t *fresh_ms;             /* [shard_count]: of what the board holds */
    bool *shown;                    /* [shard_count]: that, or later, is published */
    struct psp_head *heads;         /* [shard_count]: published last of those that it signed */
    bool *is_unsigned;              /* [shard_count]: it did not sign what was published last */
    uint64_t watch_id;
    uint64_t published_changes, publish_next_ms;
};

void psp_collector_core_destroy(struct psp_collector_core **core)
{
    if (!*core)
        return;
    psp_board_destroy(&(*core)->board);
    for (uint32_t i = 0; (*core)->replicas && i < (*core)->replica_count; i++)
        psp_partial_parts_clear(&(*core)->replicas[i].parts);
    free((*core)->replicas);
    free((*core)->replica_first);
    free((*core)->fresh_ms);
    free((*core)->shown);
    free((*core)->heads);
    free((*core)->is_unsigned);
    free(*core);
    *core = NULL;
}

static enum psp_status create_board(const struct psp_definition *definition,
                                    const struct psp_cluster *cluster, struct psp_board **ret_board)
{
    struct psp_board_options options = {
        .definition = definition, .shard_count = cluster->shard_count, .mode = cluster->mode};
    memcpy(options.cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    return psp_board_create(&options, ret_board);
}

static void list_replicas(struct psp_collector_core *core)
{
    uint32_t at = 0;
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        core->replica_first[s] = at;
        for (uint32_t r = 0; r < core->cluster->shards[s].replica_count; r++, at++) {
            core->replicas[at].shard = s;
            core->replicas[at].replica_at = r;
        }
    }
    assert(at == core->replica_count);
}

enum psp_status psp_collector_core_create(const struct psp_definition *definition,
                                          const struct psp_cluster *cluster,
                                          struct psp_collector_core **ret_core)
{
    struct psp_collector_core *core = calloc(1, sizeof *core);
    if (!core)
        return PSP_ENOMEM;
    core->cluster = cluster;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        core->replica_count += cluster->shards[s].replica_count;
    core->replicas = calloc(core->replica_count + 1, sizeof *core->replicas);
    core->replica_first = calloc(cluster->shard_count + 1, sizeof *core->replica_first);
    core->fresh_ms = calloc(cluster->shard_count + 1, sizeof *core->fresh_ms);
    core->shown = calloc(cluster->shard_count + 1, sizeof *core->shown);
    core->heads = calloc(cluster->shard_count + 1, sizeof *core->heads);
    core->is_unsigned = calloc(cluster->shard_count + 1, sizeof *core->is_unsigned);
    if (!core->replicas || !core->replica_first || !core->fresh_ms || !core->shown ||
        !core->heads || !core->is_unsigned ||
        create_board(definition, cluster, &core->board) != PSP_OK) {
        psp_collector_core_destroy(&core);
        return PSP_ENOMEM;
    }
    list_replicas(core);
    *ret_core = core;
    return PSP_OK;
}

struct psp_board *psp_collector_core_board(struct psp_collector_core *core)
{
    return core->board;
}

/* What the board holds of a shard is published: its head, when the shard signed it, is what
 * the shard is shown from now on. */
static void keep_head(struct psp_collector_core *core, uint32_t shard)
{
    const struct psp_board_shard *held = psp_board_shard(core->board, shard);
    struct psp_head *kept = &core->heads[shard];
    if (!held->present || (kept->epoch == held->epoch && kept->index == held->index))
        return;
    struct psp_head head = {.epoch = held->epoch, .index = held->index};
    memcpy(head.state_hash, held->state_hash, PSP_HASH_BYTES);
    memcpy(head.signature, held->signature, PSP_SIGNATURE_BYTES);
    core->is_unsigned[shard] =
        !psp_head_verify(core->cluster->shards[shard].signing_key, core->cluster->cluster_id,
                         core->cluster->shards[shard].shard, &head);
    if (!core->is_unsigned[shard])
        *kept = head;
}

static struct replica_state *replica_state(const struct psp_collector_core *core, uint32_t shard,
                                           uint32_t replica_at)
{
    assert(shard < core->cluster->shard_count);
    assert(replica_at < core->cluster->shards[shard].replica_count);
    return &core->replicas[core->replica_first[shard] + replica_at];
}

bool psp_collector_core_next_watch(struct psp_collector_core *core, uint64_t now_ms,
                                   struct psp_collector_watch *ret_watch)
{
    static const struct psp_board_shard nothing;
    for (uint32_t i = 0; i < core->replica_count; i++) {
        struct replica_state *state = &core->replicas[i];
        if (now_ms < state->due_ms)
            continue;
        const struct psp_board_shard *held = psp_board_shard(core->board, state->shard);
        state->watch_id = ++core->watch_id;
        state->due_ms = now_ms + PSP_WATCH_SILENCE_MS;
        *ret_watch = (struct psp_collector_watch){
            .shard = state->shard,
            .replica_at = state->replica_at,
            .watch_id = state->watch_id,
            .wait_ms = state->answered ? PSP_WATCH_WAIT_MS : 0,
            .head = core->heads[state->shard],
        };
        state->answered = false;
        if (!state->ask_all) {
            ret_watch->after_index = held->index;
            ret_watch->base_index = held->index;
            ret_watch->base_epoch = held->epoch;
        }
        psp_agreement_ask(&state->agreement, state->ask_all ? &nothing : held);
        return true;
    }
    return false;
}

void psp_collector_core_unsent(struct psp_collector_core *core, uint64_t now_ms,
                               const struct psp_collector_watch *watch)
{
    struct replica_state *state = replica_state(core, watch->shard, watch->replica_at);
    if (state->watch_id == watch->watch_id)
        state->due_ms = now_ms + PSP_WATCH_UNSENT_PAUSE_MS;
}

/* When the replica is asked next, after an answer that merged like this. */
static void plan_next(struct replica_state *state, uint64_t now_ms, enum psp_status merged)
{
    const bool gap = merged == PSP_EINVAL && !state->ask_all;
    const bool usable = merged == PSP_OK || merged == PSP_STALE;
    state->ask_all = merged == PSP_EINVAL;
    state->due_ms = usable || gap ? now_ms : now_ms + PSP_WATCH_FAULT_PAUSE_MS;
}

static bool all_published(const struct psp_collector_core *core)
{
    return psp_board_changes(core->board) == core->published_changes;
}

/* promise 5: what follows on another history than the one that is shown is not merged, though
 * its counts may fit. */
static enum psp_status merge_agreeing(struct psp_collector_core *core, uint64_t now_ms,
                                      struct replica_state *state,
                                      const struct psp_partial *partial, bool asked)
{
    const struct psp_board_shard *held = psp_board_shard(core->board, partial->shard);
    const char *what = partial->epoch < held->epoch
                           ? NULL
                           : psp_agreement_look(&state->agreement, now_ms, partial, held, asked);
    enum psp_status status = PSP_EDIVERGED;
    if (what)
        psp_board_diverge(core->board, partial, what);
    else
        status = psp_board_merge(core->board, partial);
    psp_agreement_note(&state->agreement, partial, held, status);
    bool contradicted = false;
    for (uint32_t i = 0; i < core->replica_count; i++)
        contradicted |=
            core->replicas[i].shard == partial->shard && core->replicas[i].agreement.contradicts;
    if (held->divergence.standing && !contradicted)
        psp_board_settle(core->board, partial->shard);
    return status;
}

static bool is_of_us(const struct psp_collector_core *core, uint32_t shard,
                     const struct psp_partial *partial)
{
    return partial->shard == shard && partial->mode == core->cluster->mode &&
           memcmp(partial->cluster_id, core->cluster->cluster_id, PSP_CLUSTER_ID_BYTES) == 0;
}

static enum psp_status merge(struct psp_collector_core *core, uint64_t now_ms, uint32_t shard,
                             struct replica_state *state, const struct psp_partial *partial,
                             bool asked)
{
    const enum psp_status status = is_of_us(core, shard, partial)
                                       ? merge_agreeing(core, now_ms, state, partial, asked)
                                       : PSP_EMISMATCH;
    const struct psp_board_shard *held = psp_board_shard(core->board, shard);
    if (status == PSP_OK || status == PSP_STALE) {
        state->seen.answered = true;
        state->seen.last_answer_ms = now_ms;
        state->seen.epoch = partial->epoch;
        state->seen.index = partial->index;
        state->seen.leader = partial->leader;
        /* promise 5: only the leader knows what is committed; a follower, or a leader that
         * has not applied its log yet, would prove a state from before as current. */
        if (partial->leader == partial->replica + 1 && partial->epoch == held->epoch &&
            partial->index == held->index)
            core->fresh_ms[shard] = now_ms > 0 ? now_ms : 1;
        if (core->fresh_ms[shard] > 0 && all_published(core))
            core->shown[shard] = true;
    }
    return status;
}

enum psp_status psp_collector_core_partial(struct psp_collector_core *core, uint64_t now_ms,
                                           uint32_t shard, uint32_t replica_at, uint64_t watch_id,
                                           const struct psp_partial *partial)
{
    struct replica_state *state = replica_state(core, shard, replica_at);
    /* A late answer to an older Watch must not start a second chain of them. */
    const bool asked = watch_id == state->watch_id;
    struct psp_partial whole;
    enum psp_status status = psp_partial_parts_take(&state->parts, watch_id, partial, &whole);
    if (status == PSP_EAGAIN) {
        if (asked)
            state->due_ms = now_ms + PSP_WATCH_SILENCE_MS; /* it is being answered */
        return status;
    }
    if (status == PSP_OK)
        status = merge(core, now_ms, shard, state, &whole, asked);
    psp_partial_parts_clear(&state->parts);
    if (asked) {
        state->answered = true;
        plan_next(state, now_ms, status);
    }
    return status;
}

bool psp_collector_core_publish_due(const struct psp_collector_core *core, uint64_t now_ms)
{
    return !all_published(core) && now_ms >= core->publish_next_ms;
}

void psp_collector_core_published(struct psp_collector_core *core, uint64_t start_ms,
                                  uint64_t end_ms, uint64_t cpu_ms)
{
    const uint64_t for_cpu_ms = cpu_ms * PSP_PUBLISH_SHARE, for_disk_ms = end_ms - start_ms;
    const uint64_t pause_ms = for_cpu_ms > for_disk_ms ? for_cpu_ms : for_disk_ms;
    const uint64_t by_interval = start_ms + PSP_PUBLISH_INTERVAL_MS;
    const uint64_t by_share = end_ms + pause_ms;
    core->published_changes = psp_board_changes(core->board);
    for (uint32_t s = 0; s < core->cluster->shard_count; s++) {
        core->shown[s] = core->fresh_ms[s] > 0;
        keep_head(core, s);
    }
    core->publish_next_ms = by_interval > by_share ? by_interval : by_share;
}

uint64_t psp_collector_core_wake_ms(const struct psp_collector_core *core, uint64_t now_ms)
{
    uint64_t wake_ms = now_ms + PSP_WATCH_SILENCE_MS;
    for (uint32_t i = 0; i < core->replica_count; i++) {
        if (core->replicas[i].due_ms < wake_ms)
            wake_ms = core->replicas[i].due_ms;
    }
    if (!all_published(core) && core->publish_next_ms < wake_ms)
        wake_ms = core->publish_next_ms;
    return wake_ms > now_ms ? wake_ms : now_ms;
}

bool psp_collector_core_unsigned(const struct psp_collector_core *core, uint32_t shard)
{
    assert(shard < core->cluster->shard_count);
    return core->is_unsigned[shard];
}

bool psp_collector_core_stale(const struct psp_collector_core *core, uint32_t shard,
                              uint64_t now_ms)
{
    const uint64_t fresh_ms = psp_collector_core_fresh_ms(core, shard);
    return fresh_ms == 0 || now_ms > fresh_ms + PSP_STALE_MS;
}

uint64_t psp_collector_core_fresh_ms(const struct psp_collector_core *core, uint32_t shard)
{
    return core->shown[shard] ? core->fresh_ms[shard] : 0;
}

const struct psp_collector_replica *psp_collector_core_replica(
    const struct psp_collector_core *core, uint32_t shard, uint32_t replica_at)
{
    return &replica_state(core, shard, replica_at)->seen;
}

enum psp_agreement_state psp_collector_core_agreement(const struct psp_collector_core *core,
                                                      uint32_t shard, uint32_t replica_at)
{
    return psp_agreement_of(&replica_state(core, shard, replica_at)->agreement,
                            psp_board_shard(core->board, shard));
}

void psp_collector_core_trust(const struct psp_collector_core *core, uint32_t shard,
                              char ret_text[PSP_TRUST_BYTES])
{
    struct psp_agreement agreements[PSP_REPLICAS_MAX];
    uint32_t numbers[PSP_REPLICAS_MAX], n = 0;
    const struct psp_cluster_shard *known = &core->cluster->shards[shard];
    for (; n < known->replica_count && n < PSP_REPLICAS_MAX; n++) {
        agreements[n] = replica_state(core, shard, n)->agreement;
        numbers[n] = known->replicas[n].replica;
    }
    psp_agreement_trust(agreements, numbers, n, psp_board_shard(core->board, shard), ret_text);
}
