/* Opened from the ground up: lock, store, count, log, core; each must agree with what
 * lies below it. */
#include "shard/replica.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "base/system/file.h"
#include "base/system/lock.h"
#include "cluster/begun.h"

enum {
    /* Older than the store, for followers that lag and replicas that are new: all
     * that a shard has in practice (40 bytes each in the list that it starts
     * from, and 40 in the copy for libraft). */
    TRAILING_RECORDS = 32 << 20,
};
static_assert(sizeof(struct psp_record) == 40, "see TRAILING_RECORDS");

void psp_replica_genesis(const struct psp_cluster *cluster, uint32_t shard,
                         const struct psp_definition *definition, struct psp_genesis *ret_genesis)
{
    const struct psp_cluster_shard *facts = &cluster->shards[shard];
    assert(shard < cluster->shard_count);
    assert(facts->slot_first < facts->slot_end && facts->slot_end <= PSP_SLOT_COUNT);
    *ret_genesis = (struct psp_genesis){.rules = PSP_RULES,
                                        .mode = cluster->mode,
                                        .publication = definition->publication,
                                        .turnout = definition->turnout,
                                        .report_min = definition->report_min,
                                        .shard = facts->shard,
                                        .slot_first = facts->slot_first,
                                        .slot_end = facts->slot_end,
                                        .epoch = cluster->epoch};
    psp_cluster_fence(cluster, &ret_genesis->fence);
    memcpy(ret_genesis->shard_roll_hash, facts->roll_hash, PSP_HASH_BYTES);
}

static bool all_zero(const uint8_t hash[PSP_HASH_BYTES])
{
    static const uint8_t zeros[PSP_HASH_BYTES];
    return memcmp(hash, zeros, PSP_HASH_BYTES) == 0;
}

/* The ballots that the definition expects of this shard's voters; 0 unknown. */
static uint64_t voters_expected(const struct psp_replica_options *options)
{
    const struct psp_definition *definition = options->definition;
    const struct psp_cluster_shard *shard = &options->cluster->shards[options->shard];
    uint64_t sum = 0;
    assert(shard->slot_end <= PSP_SLOT_COUNT);
    for (uint32_t i = 0; i < definition->leaf_count; i++) {
        const uint64_t expected = definition->units[definition->leaves[i]].ballots_expected;
        sum += expected == PSP_UNSTATED ? 0 : expected;
    }
    return sum * (shard->slot_end - shard->slot_first) / PSP_SLOT_COUNT;
}

static enum psp_status create_count(const struct psp_replica_options *options,
                                    struct psp_replica *replica, struct psp_reason *reterr_reason)
{
    const struct psp_cluster_shard *shard = &options->cluster->shards[options->shard];
    struct psp_count_options count = {.definition = options->definition,
                                      .refused_max = PSP_REFUSED_MAX};
    if (all_zero(shard->roll_hash)) {
        count.voters_expected = voters_expected(options);
        const enum psp_status status = psp_count_create(&count, &replica->count);
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "cannot make the count: %s", psp_status_text(status));
        return status;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/roll/shard-%" PRIu32 ".roll", options->cluster->directory,
             shard->shard);
    struct psp_roll_file file;
    enum psp_status status = psp_roll_file_load(path, &file);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason,
                       "%s: %s; cluster.json says that the election has a voter roll", path,
                       psp_status_text(status));
        return status;
    }
    const struct psp_roll_part part = {file.n, file.digests, file.units, file.styles};
    count.roll = &part;
    count.voters_expected = file.n;
    if (memcmp(file.hash, shard->roll_hash, PSP_HASH_BYTES) != 0) {
        status = PSP_EMISMATCH;
        psp_reason_set(
            reterr_reason,
            "%s is not the roll that cluster.json names (roll_hash); restore the file the "
            "cluster was made with",
            path);
    } else {
        status = psp_count_create(&count, &replica->count);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, path, status);
    }
    psp_roll_file_free(&file);
    return status;
}

static enum psp_status open_store(const struct psp_replica_options *options,
                                  struct psp_replica *replica, struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/store", options->data_path);
    struct psp_store_options store = {.directory = path,
                                      .shard = options->cluster->shards[options->shard].shard};
    memcpy(store.cluster_id, options->cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    enum psp_status status = psp_file_make_folder(path, 0700);
    if (status != PSP_OK)
        return psp_reason_set_status(reterr_reason, path, status);
    status = psp_store_open(&store, &replica->store, reterr_reason);
    if (status != PSP_OK)
        return status;
    status = create_count(options, replica, reterr_reason);
    if (status != PSP_OK)
        return status;
    assert(replica->store != NULL && replica->count != NULL);
    status = psp_store_load(replica->store, replica->count);
    if (status == PSP_EMISMATCH)
        psp_reason_set(reterr_reason,
                       "%s was made with another voter roll or election definition; start with the "
                       "cluster.json this folder was made with",
                       path);
    else if (status != PSP_OK)
        psp_reason_set(
            reterr_reason,
            "%s: %s; restore this replica's data folder from a backup, or replace the replica",
            path, psp_status_text(status));
    return status;
}

/* The log must reach the store's index, with the same term there. */
static enum psp_status check_log(const struct psp_replica *replica, const char *path,
                                 struct psp_reason *reterr_reason)
{
    uint64_t index, store_term, term = 0;
    enum psp_record_type type;
    psp_store_position(replica->store, &index, &store_term);
    const uint64_t first = psp_journal_first(replica->log), last = psp_journal_last(replica->log);
    if (last < index || first > index + 1) {
        psp_reason_set(reterr_reason,
                       "%s holds indexes %" PRIu64 " to %" PRIu64
                       " but the store beside it is at %" PRIu64
                       ": records were lost; restore this replica's data folder from a backup, or "
                       "replace the replica",
                       path, first, last, index);
        return PSP_ECORRUPT;
    }
    assert(index == psp_count_index(replica->count)); /* the store's, as it was loaded */
    if (index < first)
        return PSP_OK;
    const enum psp_status status = psp_journal_peek(replica->log, index, &term, &type);
    if (status == PSP_ECORRUPT && !replica->alone)
        return PSP_OK; /* to be mended; it is a majority's then */
    if (status != PSP_OK || term != store_term) {
        psp_reason_set(reterr_reason,
                       "%s and the store beside it do not belong together (index %" PRIu64
                       " is of term "
                       "%" PRIu64 " here, of term %" PRIu64 " there); restore both from one backup",
                       path, index, term, store_term);
        return status == PSP_OK ? PSP_ECORRUPT : status;
    }
    return PSP_OK;
}

static enum psp_status open_log(const struct psp_replica_options *options,
                                struct psp_replica *replica, struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/log", options->data_path);
    struct psp_journal_options log = {.directory = path,
                                      .shard = options->cluster->shards[options->shard].shard,
                                      .mendable = !replica->alone};
    memcpy(log.cluster_id, options->cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    uint64_t store_term;
    psp_store_position(replica->store, &log.checkpoint_index, &store_term);
    assert((log.checkpoint_index == 0) == (store_term == 0));
    enum psp_status status = psp_journal_open(&log, &replica->log, reterr_reason);
    if (status != PSP_OK)
        return status;
    return check_log(replica, path, reterr_reason);
}

static enum psp_status create_core(const struct psp_replica_options *options,
                                   struct psp_replica *replica)
{
    const struct psp_cluster_shard *shard = &options->cluster->shards[options->shard];
    struct psp_core_options core = {
        .replica = shard->replicas[options->replica].replica,
        .member_count = shard->replica_count,
        .raft_id = shard->replicas[options->replica].raft_id,
        .definition = options->definition,
        .count = replica->count,
        .pid = (uint64_t)getpid(),
        .signing_key = options->signing_key,
    };
    if (getrandom(&core.seed, sizeof(core.seed), 0) != (ssize_t)sizeof(core.seed))
        return PSP_EIO;
    assert(options->replica < shard->replica_count);
    assert(replica->alone == (shard->replica_count == 1));
    psp_replica_genesis(options->cluster, options->shard, options->definition, &core.genesis);
    return psp_core_create(&core, &replica->core);
}

/* Only a replica that was never begun: see cluster/begun.h. */
static enum psp_status bootstrap(const struct psp_replica_options *options,
                                 struct psp_replica *replica, struct psp_reason *reterr_reason)
{
    uint64_t index, term;
    psp_store_position(replica->store, &index, &term);
    if (psp_journal_last(replica->log) != 0 || index != 0)
        return PSP_OK;
    enum psp_status status = psp_begun_may_be_empty(
        options->cluster, options->shard, options->replica, options->data_path, reterr_reason);
    struct psp_record first;
    if (status != PSP_OK || !psp_core_bootstrap(replica->core, &first))
        return status; /* a later ID joins: the leader sends everything */
    assert(first.index == 1 && first.term == 1);
    assert(first.type == PSP_RECORD_CONFIGURATION);
    status = psp_journal_set_vote(replica->log, first.term, 0);
    if (status == PSP_OK)
        status = psp_journal_append(replica->log, &first, 1);
    if (status == PSP_OK)
        status = psp_journal_sync(replica->log);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s/log: %s", options->data_path, psp_status_text(status));
    assert(status != PSP_OK || psp_journal_last(replica->log) == first.index);
    return status;
}

/* Nothing is made below a mount that is missing: it would hide what is there. */
static enum psp_status lock_folder(const struct psp_replica_options *options,
                                   struct psp_replica *replica, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    assert(replica->lock == PSP_LOCK_NONE);
    if (!psp_begun_has_log(options->data_path))
        status = psp_begun_may_be_empty(options->cluster, options->shard, options->replica,
                                        options->data_path, reterr_reason);
    if (status != PSP_OK)
        return status;
    status = psp_file_make_folder(options->data_path, 0700);
    if (status == PSP_OK)
        status = psp_lock_folder(options->data_path, &replica->lock);
    if (status == PSP_EBUSY)
        psp_reason_set(
            reterr_reason,
            "%s is in use by another process: is this replica running already? Otherwise "
            "give it its own data folder",
            options->data_path);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, options->data_path, status);
    return status;
}

enum psp_status psp_replica_open(const struct psp_replica_options *options,
                                 struct psp_replica *ret_replica, struct psp_reason *reterr_reason)
{
    struct psp_replica replica = {.lock = PSP_LOCK_NONE,
                                  .alone =
                                      options->cluster->shards[options->shard].replica_count == 1};
    enum psp_status status = lock_folder(options, &replica, reterr_reason);
    if (status == PSP_OK)
        status = open_store(options, &replica, reterr_reason);
    if (status == PSP_OK)
        status = open_log(options, &replica, reterr_reason);
    if (status == PSP_OK) {
        status = create_core(options, &replica);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, options->data_path, status);
        else
            status = bootstrap(options, &replica, reterr_reason);
    }
    if (status != PSP_OK) {
        psp_replica_close(&replica);
        return status;
    }
    assert(replica.lock != PSP_LOCK_NONE);
    assert(psp_core_applied(replica.core) == psp_count_index(replica.count));
    *ret_replica = replica;
    return PSP_OK;
}

void psp_replica_close(struct psp_replica *replica)
{
    psp_core_destroy(&replica->core);
    psp_count_destroy(&replica->count);
    psp_journal_close(&replica->log);
    psp_store_close(&replica->store);
    psp_lock_release(&replica->lock);
}

static enum psp_status read_configuration(const struct psp_journal *log, struct psp_record *record)
{
    uint8_t *buffer = NULL;
    size_t size = 0;
    assert(record->type == PSP_RECORD_CONFIGURATION);
    const enum psp_status status = psp_journal_read(log, record->index, &buffer, &size, record);
    if (status != PSP_OK) {
        free(buffer);
        return status;
    }
    uint8_t *payload = malloc(record->payload_bytes + 1);
    if (payload != NULL)
        memcpy(payload, record->payload, record->payload_bytes);
    free(buffer);
    record->payload = payload;
    return payload == NULL ? PSP_ENOMEM : PSP_OK;
}

/* Up to `checkpoint` only the terms are wanted, for followers that lag: what the
 * records are is in the log when one of them needs it. */
static enum psp_status read_records(const struct psp_journal *log, uint64_t first, uint64_t n,
                                    uint64_t checkpoint, struct psp_record *records)
{
    enum psp_status status = PSP_OK;
    assert(first + n == psp_journal_last(log) + 1);
    for (uint64_t i = 0; i < n && status == PSP_OK; i++) {
        records[i].index = first + i;
        records[i].type = PSP_RECORD_COMMAND;
        if (first + i <= checkpoint) {
            status = psp_journal_term(log, first + i, &records[i].term);
            continue;
        }
        status = psp_journal_peek(log, first + i, &records[i].term, &records[i].type);
        if (status == PSP_OK && records[i].type == PSP_RECORD_CONFIGURATION)
            status = read_configuration(log, &records[i]);
    }
    return status;
}

enum psp_status psp_replica_start(struct psp_replica *replica, struct psp_core_time now)
{
    struct psp_core_start start = {0};
    uint8_t *configuration = NULL;
    size_t configuration_bytes = 0;
    const enum psp_status stored = psp_store_configuration(
        replica->store, &configuration, &configuration_bytes, &start.configuration_index);
    if (stored != PSP_OK)
        return stored;
    psp_store_position(replica->store, &start.store_index, &start.store_term);
    psp_journal_vote(replica->log, &start.term, &start.voted_for);
    const uint64_t first = psp_journal_first(replica->log);
    if (replica->alone || start.store_index < first)
        start.first_index = start.store_index + 1;
    else if (start.store_index - first >= TRAILING_RECORDS)
        start.first_index = start.store_index - TRAILING_RECORDS;
    else
        start.first_index = first;
    assert(start.first_index >= 1 && start.first_index <= start.store_index + 1);
    assert(start.first_index >= first);
    assert(psp_journal_last(replica->log) >= start.store_index);
    start.record_count = psp_journal_last(replica->log) + 1 - start.first_index;
    struct psp_record *records = calloc(start.record_count + 1, sizeof(*records));
    if (records == NULL) {
        free(configuration);
        return PSP_ENOMEM;
    }
    const enum psp_status status = read_records(replica->log, start.first_index, start.record_count,
                                                start.store_index, records);
    start.records = records;
    start.configuration = (struct psp_bytes){configuration, configuration_bytes};
    assert(start.store_index == psp_count_index(replica->count));
    if (status == PSP_OK)
        psp_core_start(replica->core, now, &start);
    free(configuration);
    for (uint64_t i = 0; i < start.record_count; i++)
        if (records[i].payload != NULL)
            free((void *)(uintptr_t)records[i].payload);
    free(records);
    return status;
}
