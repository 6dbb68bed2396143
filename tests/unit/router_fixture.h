/* A cluster by hand, a router core, and voters whose shard is known. */
#ifndef PSP_ROUTER_FIXTURE_H
#define PSP_ROUTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election/verdict.h"
#include "router/core/batch.h"
#include "router/core/core.h"

enum { FIXTURE_ROWS_MAX = PSP_BATCH_ROWS_MAX, FIXTURE_ID_BYTES = 12 };

static const char fixture_election[] =
    "{\"format\": 1, \"id\": \"town\", \"name\": \"Town\", \"date\": \"2024-11-05\","
    "\"methods\": [{\"id\": \"booth\", \"name\": \"Booth\"}, {\"id\": \"mail\", \"name\": "
    "\"Mail\"}],"
    "\"parties\": [], \"candidates\": [],"
    "\"units\": [{\"id\": \"us\", \"name\": \"Nation\", \"level\": \"nation\"},"
    " {\"id\": \"p1\", \"name\": \"One\", \"level\": \"precinct\", \"parent\": \"us\","
    "  \"ballot_style\": \"all\"}],"
    "\"contests\": ["
    " {\"id\": \"mayor\", \"name\": \"Mayor\", \"office\": \"Mayor\", \"unit\": \"us\","
    "  \"choices\": [{\"id\": \"yes\", \"name\": \"Yes\", \"kind\": \"yes\"},"
    "   {\"id\": \"no\", \"name\": \"No\", \"kind\": \"no\"}]},"
    " {\"id\": \"bridge\", \"name\": \"Bridge\", \"office\": \"Bridge\", \"unit\": \"us\","
    "  \"choices\": [{\"id\": \"yes\", \"name\": \"Yes\", \"kind\": \"yes\"},"
    "   {\"id\": \"no\", \"name\": \"No\", \"kind\": \"no\"}]}],"
    "\"ballot_styles\": [{\"id\": \"all\", \"contests\": [{\"contest\": \"mayor\"},"
    " {\"contest\": \"bridge\"}]}]}";

struct fixture {
    struct psp_cluster cluster;
    struct psp_cluster_shard shards[4];
    struct psp_cluster_replica replicas[4][3];
    struct psp_definition *definition;
    struct psp_digest_key key;
    struct psp_router_core *core;
    uint32_t voter_next; /* numbers of voters given out */
    uint8_t lengths[FIXTURE_ROWS_MAX], ids[FIXTURE_ROWS_MAX * FIXTURE_ID_BYTES];
    uint8_t ballot_ids[FIXTURE_ROWS_MAX * 16], units[FIXTURE_ROWS_MAX * 4];
    uint8_t methods[FIXTURE_ROWS_MAX], cast[FIXTURE_ROWS_MAX * 8], marks[FIXTURE_ROWS_MAX];
    uint8_t verdicts[FIXTURE_ROWS_MAX];
};

static const struct psp_peer station_a = {{0, 1, 2, 3, 4}, 5};
static const struct psp_peer station_b = {{0, 9, 9, 9, 9}, 5};
static const struct psp_peer stations[] = {
    {{0, 0, 7}, 3}, {{0, 1, 7}, 3}, {{0, 2, 7}, 3}, {{0, 3, 7}, 3}, {{0, 4, 7}, 3}};

/* Shards of equal parts; shard numbers are 10 more than positions, so that
 * mixing them up shows. */
static inline struct fixture *fixture_make(uint32_t shards, uint32_t replicas, uint32_t rows_max,
                                           size_t memory_max)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    memset(f->verdicts, PSP_COUNTED, sizeof f->verdicts);
    const uint8_t secret[PSP_DIGEST_KEY_BYTES] = "sixteen byte key";
    psp_digest_key_init(&f->key, secret);
    struct psp_definition_fault fault;
    assert_int_equal(
        psp_definition_parse(fixture_election, sizeof fixture_election - 1, &f->definition, &fault),
        PSP_OK);
    f->cluster.shard_count = shards;
    f->cluster.shards = f->shards;
    memset(f->cluster.cluster_id, 0xC1, sizeof f->cluster.cluster_id);
    memset(f->cluster.slot_map_hash, 0x51, sizeof f->cluster.slot_map_hash);
    for (uint32_t s = 0; s < shards; s++) {
        f->shards[s] = (struct psp_cluster_shard){.shard = 10 + s,
                                                  .slot_first = s * PSP_SLOT_COUNT / shards,
                                                  .slot_end = (s + 1) * PSP_SLOT_COUNT / shards,
                                                  .replica_count = replicas,
                                                  .replicas = f->replicas[s]};
        for (uint32_t r = 0; r < replicas; r++)
            f->replicas[s][r].replica = r;
    }
    const struct psp_router_options options = {.cluster = &f->cluster,
                                               .definition = f->definition,
                                               .key = &f->key,
                                               .inflight_rows_max = rows_max,
                                               .memory_max = memory_max,
                                               .batch_id_first = 1000};
    assert_int_equal(psp_router_core_create(&options, &f->core), PSP_OK);
    return f;
}

static inline void fixture_end(struct fixture *f)
{
    psp_router_core_destroy(&f->core);
    psp_definition_destroy(&f->definition);
    free(f);
}

/* The next voter ID whose slot lies with the shard. */
static inline void fixture_voter(struct fixture *f, uint32_t shard, char ret_id[FIXTURE_ID_BYTES])
{
    for (;;) {
        uint8_t digest[PSP_DIGEST_BYTES];
        snprintf(ret_id, FIXTURE_ID_BYTES, "v%09u", f->voter_next++);
        psp_digest_voter(&f->key, (const uint8_t *)ret_id, 10, digest);
        const uint32_t slot = psp_digest_slot(digest);
        if (slot >= f->shards[shard].slot_first && slot < f->shards[shard].slot_end)
            return;
    }
}

/* Submits blank ballots: row i of a voter of shard shards[i % pattern]. */
static inline void fixture_submit(struct fixture *f, const struct psp_peer *peer, uint64_t batch_id,
                                  const uint32_t *shards, uint32_t pattern, uint32_t n,
                                  uint64_t now_ms)
{
    for (uint32_t i = 0; i < n; i++) {
        char id[FIXTURE_ID_BYTES];
        fixture_voter(f, shards[i % pattern], id);
        memcpy(f->ids + (size_t)i * 10, id, 10);
        f->lengths[i] = 10;
        psp_store32(f->ballot_ids + (size_t)i * 16, f->voter_next);
        psp_store32(f->units + (size_t)i * 4, 1);
        f->marks[i] = 0; /* no contest marked */
    }
    struct psp_client_message message = {.type = PSP_CLIENT_COLUMNS, .batch_id = batch_id};
    memcpy(message.definition_hash, f->definition->hash, PSP_HASH_BYTES);
    message.columns = (struct psp_client_columns){.n = n,
                                                  .voter_lengths = f->lengths,
                                                  .voter_ids = f->ids,
                                                  .voter_bytes = (size_t)n * 10,
                                                  .ballot_ids = f->ballot_ids,
                                                  .units = f->units,
                                                  .methods = f->methods,
                                                  .cast_at_ms = f->cast,
                                                  .marks = f->marks,
                                                  .marks_bytes = n};
    psp_router_core_client(f->core, peer, peer->id[1], &message, now_ms);
}

/* The actions of the last event: exactly n of them. */
static inline const struct psp_router_action *fixture_actions(const struct fixture *f, size_t n)
{
    size_t count = 0;
    const struct psp_router_action *actions = psp_router_core_actions(f->core, &count);
    assert_int_equal(count, n);
    return actions;
}

/* Flushes; one batch goes out: its ID. */
static inline uint64_t fixture_flush_one(struct fixture *f, uint64_t now_ms)
{
    psp_router_core_flush(f->core, now_ms);
    const struct psp_router_action *action = fixture_actions(f, 1);
    assert_int_equal(action->type, PSP_ROUTER_COUNT);
    return action->batch_id;
}

static inline void fixture_verdicts(struct fixture *f, uint32_t shard, uint32_t replica,
                                    uint64_t batch_id, uint32_t n, uint64_t index, uint64_t now_ms)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_VERDICTS, .id = batch_id};
    message.count_verdicts.shard = f->shards[shard].shard;
    message.count_verdicts.index = index;
    message.count_verdicts.verdicts = f->verdicts;
    message.count_verdicts.n = n;
    psp_router_core_shard(f->core, shard, replica, &message, now_ms);
}

static inline void fixture_refusal(struct fixture *f, uint32_t shard, uint32_t replica,
                                   uint64_t batch_id, enum psp_count_refusal code, uint32_t leader,
                                   uint64_t now_ms)
{
    struct psp_cluster_message message = {.type = PSP_CLUSTER_COUNT_REFUSAL, .id = batch_id};
    message.count_refusal.code = code;
    message.count_refusal.leader = leader;
    psp_router_core_shard(f->core, shard, replica, &message, now_ms);
}

static inline struct psp_router_counters fixture_counters(const struct fixture *f)
{
    struct psp_router_counters counters;
    psp_router_core_counters(f->core, &counters);
    return counters;
}

#endif
