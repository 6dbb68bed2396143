/* One growing part a shard; what is stored is digests, units and styles, never an ID. */
#include "cli/folder/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes/bytes.h"
#include "base/system/secret.h"
#include "cli/returns/report_say.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "election/digest.h"
#include "election/roll/file.h"
#include "election/roll/roll.h"

enum { VOTERS_FIRST = 4096, UNIT_BYTES = 4, STYLE_BYTES = 2 };

static enum psp_status load_digest_secret(const struct psp_local *local,
                                          uint8_t ret_secret[PSP_DIGEST_KEY_BYTES])
{
    char *path = psp_local_path(local, "keys/digest.key");
    const enum psp_status status = psp_secret_load(path, ret_secret, PSP_DIGEST_KEY_BYTES);
    free(path);
    return status;
}

/* The roll's parts as they grow. */
struct parts {
    uint32_t n;
    struct psp_roll_file *files; /* by shard */
    uint64_t *sizes;             /* voters reserved */
};

static void parts_free(struct parts *parts)
{
    for (uint32_t i = 0; i < parts->n; i++)
        psp_roll_file_free(&parts->files[i]);
    free(parts->files);
    free(parts->sizes);
}

static void parts_add(struct parts *parts, uint32_t shard, const uint8_t *digest,
                      const struct psp_roll_voter *voter)
{
    struct psp_roll_file *file = &parts->files[shard];
    if (file->n == parts->sizes[shard]) {
        parts->sizes[shard] = file->n ? file->n + file->n / 2 : VOTERS_FIRST;
        file->digests = psp_memory_resize(file->digests, parts->sizes[shard], PSP_DIGEST_BYTES);
        file->units = psp_memory_resize(file->units, parts->sizes[shard], UNIT_BYTES);
        if (voter->style != 0) /* then every voter's is told */
            file->styles = psp_memory_resize(file->styles, parts->sizes[shard], STYLE_BYTES);
    }
    memcpy(file->digests + PSP_DIGEST_BYTES * file->n, digest, PSP_DIGEST_BYTES);
    psp_put32(file->units + UNIT_BYTES * file->n, voter->unit);
    if (voter->style != 0)
        psp_put16(file->styles + STYLE_BYTES * file->n, (uint16_t)voter->style);
    file->n++;
}

static uint32_t shard_of_slot(const struct psp_cluster *cluster, uint32_t slot)
{
    uint32_t i = 0;
    while (slot >= cluster->shards[i].slot_end || slot < cluster->shards[i].slot_first)
        i++;
    return i;
}

static enum psp_status read_parts(FILE *file, const char *path, const struct psp_digest_key *key,
                                  const struct psp_definition *definition,
                                  const struct psp_cluster *cluster, struct parts *parts,
                                  struct psp_reason *reterr_reason)
{
    struct psp_roll *roll = NULL;
    struct psp_roll_voter voter;
    struct psp_progress progress;
    struct psp_report report = {0};
    uint64_t voters = 0;
    enum psp_status status = psp_roll_open(file, definition, &roll, reterr_reason);
    if (status == PSP_OK)
        psp_roll_tell(roll, &report, path);
    psp_progress_start(&progress);
    while (status == PSP_OK && (status = psp_roll_next(roll, &voter, reterr_reason)) == PSP_OK) {
        uint8_t digest[PSP_DIGEST_BYTES];
        psp_digest_voter(key, (const uint8_t *)voter.voter_id, voter.voter_id_bytes, digest);
        parts_add(parts, shard_of_slot(cluster, psp_digest_slot(digest)), digest, &voter);
        psp_progress_step(&progress, "voters of the roll", ++voters, 0);
    }
    psp_progress_end(&progress);
    psp_roll_close(&roll);
    if (status == PSP_EINVAL)
        psp_report_say_first(path, &report, reterr_reason);
    psp_report_free(&report);
    if (status != PSP_ENOENT || voters > 0)
        return status == PSP_ENOENT ? PSP_OK : status;
    psp_reason_set(reterr_reason, "a header and no voter: nobody could vote");
    return PSP_EINVAL;
}

/* Turns the roll into one part a shard and stores each under a name of
 * roll/; the hashes are then known. */
static enum psp_status store_parts(const struct psp_local *local, const char *roll_path,
                                   const uint8_t secret[PSP_DIGEST_KEY_BYTES],
                                   const struct psp_definition *definition,
                                   const struct psp_cluster *cluster, const char *name,
                                   struct parts *parts, struct psp_reason *reterr_reason)
{
    struct psp_digest_key key;
    enum psp_status status = PSP_ENOENT;
    FILE *file = fopen(roll_path, "re");
    parts->n = cluster->shard_count;
    parts->files = psp_memory_array(parts->n, sizeof *parts->files);
    parts->sizes = psp_memory_array(parts->n, sizeof *parts->sizes);
    psp_digest_key_init(&key, secret);
    if (file) {
        status = read_parts(file, roll_path, &key, definition, cluster, parts, reterr_reason);
        fclose(file);
    }
    explicit_bzero(&key, sizeof key);
    if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, roll_path, status);
    for (uint32_t i = 0; i < parts->n && status == PSP_OK; i++) {
        char *path = psp_local_path(local, "roll/%s-%u.roll", name, cluster->shards[i].shard);
        status = psp_roll_file_store(path, &parts->files[i]);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, path, status);
        free(path);
    }
    return status;
}

enum psp_status psp_local_roll_make(const struct psp_local *local, const char *roll_path,
                                    const uint8_t secret[PSP_DIGEST_KEY_BYTES],
                                    const struct psp_definition *definition,
                                    const struct psp_cluster *cluster,
                                    struct psp_cluster_shard *ret_shards,
                                    struct psp_reason *reterr_reason)
{
    struct parts parts = {0};
    const enum psp_status status =
        store_parts(local, roll_path, secret, definition, cluster, "shard", &parts, reterr_reason);
    for (uint32_t i = 0; i < parts.n && status == PSP_OK; i++)
        memcpy(ret_shards[i].roll_hash, parts.files[i].hash, PSP_HASH_BYTES);
    parts_free(&parts);
    return status;
}

enum psp_status psp_local_roll_voters(const struct psp_local *local, uint64_t *ret_voters,
                                      struct psp_reason *reterr_reason)
{
    static const uint8_t none[PSP_HASH_BYTES];
    uint64_t voters = 0;
    if (memcmp(local->cluster->roll_hash, none, PSP_HASH_BYTES) == 0)
        voters = PSP_UNSTATED;
    for (uint32_t i = 0; voters != PSP_UNSTATED && i < local->cluster->shard_count; i++) {
        uint64_t n = 0;
        char *path = psp_local_path(local, "roll/shard-%u.roll", local->cluster->shards[i].shard);
        const enum psp_status status = psp_roll_file_count(path, &n);
        if (status != PSP_OK)
            psp_reason_set_status(reterr_reason, path, status);
        free(path);
        if (status != PSP_OK)
            return status;
        voters += n;
    }
    *ret_voters = voters;
    return PSP_OK;
}

enum psp_status psp_local_roll_compare(const struct psp_local *local, const char *roll_path,
                                       struct psp_reason *reterr_reason)
{
    struct parts parts = {0};
    struct psp_definition *definition = NULL;
    uint8_t secret[PSP_DIGEST_KEY_BYTES];
    const struct psp_cluster *cluster = local->cluster;
    char *election = psp_local_path(local, "%s", cluster->election_path);
    enum psp_status status = psp_definition_load(election, &definition, reterr_reason);
    if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, election, status);
    free(election);
    if (status == PSP_OK && (status = load_digest_secret(local, secret)) != PSP_OK)
        psp_reason_set(
            reterr_reason,
            "%s/keys/digest.key: %s; put it back from a copy: without it nobody can vote here",
            local->directory, psp_status_text(status));
    if (status == PSP_OK)
        status = store_parts(local, roll_path, secret, definition, cluster, "check", &parts,
                             reterr_reason);
    for (uint32_t i = 0; i < parts.n; i++) {
        char *path = psp_local_path(local, "roll/check-%u.roll", cluster->shards[i].shard);
        unlink(path);
        free(path);
        if (status == PSP_OK &&
            memcmp(parts.files[i].hash, cluster->shards[i].roll_hash, PSP_HASH_BYTES) != 0)
            status = PSP_EMISMATCH;
    }
    explicit_bzero(secret, sizeof secret);
    parts_free(&parts);
    psp_definition_destroy(&definition);
    return status;
}
