/*
 * /cluster: every shard as this collector sees it, loopback address only.
 */
#include "collector/agreement.h"
#include "collector/api/answer.h"

static void write_age(struct psp_writer *json, uint64_t then_ms, uint64_t now_ms)
{
    if (then_ms == 0)
        psp_writer_null(json, "age_ms");
    else
        psp_writer_number(json, "age_ms", now_ms > then_ms ? now_ms - then_ms : 0);
}

static void write_divergence(struct psp_writer *json, const struct psp_board_divergence *divergence)
{
    psp_writer_bool(json, "diverged", divergence->standing);
    if (divergence->count == 0) {
        psp_writer_null(json, "divergence");
        return;
    }
    psp_writer_begin_object(json, "divergence");
    psp_writer_number(json, "count", divergence->count);
    psp_writer_string(json, "what", divergence->what);
    psp_writer_number(json, "replica", divergence->replica);
    psp_writer_number(json, "epoch", divergence->epoch);
    psp_writer_number(json, "index", divergence->index);
    psp_writer_hex(json, "held_hash", divergence->held_hash, PSP_HASH_BYTES);
    psp_writer_hex(json, "other_hash", divergence->other_hash, PSP_HASH_BYTES);
    psp_writer_end_object(json);
}

/* Whether it has what is shown; null: not known. */
static void write_agreement(struct psp_writer *json, uint32_t agreement)
{
    switch ((enum psp_agreement_state)agreement) {
    case PSP_AGREEMENT_UNKNOWN:
        psp_writer_null(json, "agrees");
        return;
    case PSP_AGREEMENT_AGREES:
    case PSP_AGREEMENT_CONTRADICTS:
        psp_writer_bool(json, "agrees", agreement == PSP_AGREEMENT_AGREES);
        return;
    }
}

static void write_replicas(const struct psp_api_request *request, struct psp_writer *json,
                           uint32_t shard)
{
    const struct psp_cluster_shard *known = &request->site->cluster->shards[shard];
    psp_writer_begin_array(json, "replicas");
    for (uint32_t r = 0; r < known->replica_count && r < PSP_REPLICAS_MAX; r++) {
        const struct psp_replica_freshness *seen = &request->site->freshness->replicas[shard][r];
        psp_writer_begin_object(json, NULL);
        psp_writer_number(json, "replica", known->replicas[r].replica);
        psp_writer_string(json, "address", known->replicas[r].address);
        psp_writer_number(json, "epoch", atomic_load(&seen->epoch));
        psp_writer_number(json, "index", atomic_load(&seen->index));
        write_age(json, atomic_load(&seen->last_answer_ms), request->now_ms);
        write_agreement(json, atomic_load(&seen->agreement));
        psp_writer_end_object(json);
    }
    psp_writer_end_array(json);
}

static const char *state_of(const struct psp_board_shard *shard)
{
    return shard->present ? psp_election_state_name(shard->election_state) : "unknown";
}

void psp_api_cluster(const struct psp_api_request *request, struct psp_api_reply *reply)
{
    const struct psp_freshness *freshness = request->site->freshness;
    struct psp_writer json;
    psp_answer_begin(request, reply, &json);
    psp_writer_number(&json, "collector", request->site->collector);
    psp_writer_begin_array(&json, "shards");
    for (uint32_t s = 0; s < request->view->shard_count; s++) {
        const struct psp_board_shard *shard = &request->view->shards[s];
        psp_writer_begin_object(&json, NULL);
        psp_writer_number(&json, "shard", s);
        psp_writer_string(&json, "state", state_of(shard));
        psp_writer_number(&json, "epoch", shard->epoch);
        psp_writer_number(&json, "index", shard->index);
        psp_writer_hex(&json, "state_hash", shard->state_hash, PSP_HASH_BYTES);
        write_age(&json, atomic_load(&freshness->fresh_ms[s]), request->now_ms);
        psp_writer_bool(&json, "stale", psp_freshness_stale(freshness, s, request->now_ms));
        write_divergence(&json, &shard->divergence);
        write_replicas(request, &json, s);
        psp_writer_end_object(&json);
    }
    psp_writer_end_array(&json);
    psp_answer_end(&json);
}
