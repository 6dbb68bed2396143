/* Compares answers pair by pair; a suspicion of two moments is looked at again. */
#include "cli/show/divergence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say/memory.h"

static void tell(json_t *texts, char *text)
{
    json_array_append_new(texts, json_string(text));
    free(text);
}

static const struct psp_status_reply *replica_at(const struct psp_operate *operate,
                                                 uint32_t process, uint32_t shard)
{
    const struct psp_operate_process *at = psp_operate_process(operate, process);
    return at->role == PSP_ROLE_SHARD && at->number == shard ? psp_operate_status(operate, process)
                                                             : NULL;
}

/* The replica that has counted furthest, in the shard's newest epoch. */
struct furthest {
    uint64_t epoch, index;
    uint32_t replica;
};

static struct furthest furthest_of(const struct psp_operate *operate, uint32_t shard)
{
    struct furthest furthest = {0};
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_status_reply *reply = replica_at(operate, i, shard);
        if (!reply || reply->epoch < furthest.epoch ||
            (reply->epoch == furthest.epoch && reply->index <= furthest.index))
            continue;
        furthest = (struct furthest){reply->epoch, reply->index, reply->replica};
    }
    return furthest;
}

/* A leader whose log ends before that. */
static const struct psp_status_reply *short_leader(const struct psp_operate *operate,
                                                   uint32_t shard, const struct furthest *furthest)
{
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_status_reply *reply = replica_at(operate, i, shard);
        if (reply && reply->state == PSP_STATE_LEADER && reply->epoch == furthest->epoch &&
            reply->log_last < furthest->index)
            return reply;
    }
    return NULL;
}

static void compare_states(const struct psp_operate *operate, uint32_t shard, json_t *texts)
{
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_status_reply *one = replica_at(operate, i, shard);
        for (uint32_t j = 0; one && j < i; j++) {
            const struct psp_status_reply *other = replica_at(operate, j, shard);
            if (other && one->epoch == other->epoch && one->index == other->index &&
                one->index > 0 && memcmp(one->state_hash, other->state_hash, PSP_HASH_BYTES) != 0)
                tell(texts, psp_memory_print("shard %" PRIu32 ": replicas %" PRIu32 " and %" PRIu32
                                             " have different states at index %" PRIu64,
                                             shard, other->replica, one->replica, one->index));
        }
    }
}

static void take_collectors(const struct psp_operate *operate, json_t *texts)
{
    for (uint32_t i = 0; i < psp_operate_count(operate); i++) {
        const struct psp_operate_process *at = psp_operate_process(operate, i);
        const struct psp_status_reply *reply = psp_operate_status(operate, i);
        if (at->role == PSP_ROLE_COLLECTOR && reply && reply->divergence && reply->divergence[0])
            tell(texts,
                 psp_memory_print("collector %" PRIu32 ": %s", at->number, reply->divergence));
    }
}

json_t *psp_divergence_ask(struct psp_operate *operate, const struct psp_cluster *cluster,
                           const bool *asked, uint64_t timeout_ms)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    struct furthest *furthest =
        psp_memory_array((size_t)cluster->shard_count + 1, sizeof *furthest);
    json_t *texts = json_array();
    bool suspected = false;
    psp_operate_ask(operate, asked, &request, timeout_ms);
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        furthest[s] = furthest_of(operate, cluster->shards[s].shard);
        suspected |= short_leader(operate, cluster->shards[s].shard, &furthest[s]) != NULL;
    }
    if (suspected)
        psp_operate_ask(operate, asked, &request, timeout_ms);
    take_collectors(operate, texts);
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const uint32_t shard = cluster->shards[s].shard;
        const struct psp_status_reply *leader = short_leader(operate, shard, &furthest[s]);
        if (suspected && leader)
            tell(texts,
                 psp_memory_print("shard %" PRIu32 ": replica %" PRIu32
                                  " leads with a log that ends at %" PRIu64 ", and replica %" PRIu32
                                  " has counted up to index %" PRIu64 ": trust replica %" PRIu32,
                                  shard, leader->replica, leader->log_last, furthest[s].replica,
                                  furthest[s].index, furthest[s].replica));
        compare_states(operate, shard, texts);
    }
    free(furthest);
    return texts;
}

json_t *psp_divergence_ask_all(struct psp_operate *operate, const struct psp_cluster *cluster,
                               uint64_t timeout_ms)
{
    const uint32_t n = psp_operate_count(operate);
    bool *asked = psp_memory_array((size_t)n + 1, sizeof *asked);
    memset(asked, true, n);
    json_t *texts = psp_divergence_ask(operate, cluster, asked, timeout_ms);
    free(asked);
    return texts;
}

void psp_divergence_say(const char *call, const json_t *texts)
{
    const json_t *text;
    size_t i;
    json_array_foreach(texts, i, text)
        fprintf(stderr, "%s: replicas disagree: %s\n", call, json_string_value(text));
}
