/* A copy goes as far as backup.json says; its chunks may hold more. */
#include "cli/audit/sealed/backup_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json/at.h"
#include "base/system/file.h"
#include "cli/folder/tree.h"
#include "cli/returns/cast_record.h"
#include "cli/returns/record.h"
#include "cli/say/memory.h"
#include "seal/chunk.h"

enum { FORMAT_1 = 1, FORMAT = PSP_BACKUP_FORMAT, CHUNKS_MAX = 1 << 20 };

static bool read_chunk(const struct psp_json_at *at, struct psp_backup_chunk *chunk)
{
    static const char *const names[] = {"first", "last", "hash", "signature", NULL};
    return psp_json_members(at, names) && psp_json_number(at, "first", INT64_MAX, &chunk->first) &&
           psp_json_number(at, "last", INT64_MAX, &chunk->last) &&
           psp_json_hex(at, "hash", false, PSP_HASH_BYTES, chunk->records_hash) &&
           psp_json_hex(at, "signature", false, PSP_SIGNATURE_BYTES, chunk->signature);
}

/* Whole from the first record on: only the last one may be open. */
static bool read_chunks(const struct psp_json_at *shard_at, struct psp_backup_shard *shard)
{
    struct psp_json_at list, at;
    size_t n = 0;
    uint64_t next = 1;
    if (!psp_json_list(shard_at, "chunks", CHUNKS_MAX, &list, &n))
        return false;
    shard->chunks = psp_memory_array(n + 1, sizeof *shard->chunks);
    shard->chunk_capacity = n + 1;
    for (size_t i = 0; i < n; i++) {
        struct psp_backup_chunk *chunk = &shard->chunks[i];
        if (!psp_json_element(&list, i, &at) || !read_chunk(&at, chunk))
            return false;
        const bool fits = psp_chunk_range_good(chunk->first, chunk->last) && chunk->first == next &&
                          (chunk->last == psp_chunk_end(chunk->first) || i + 1 == n);
        if (!fits)
            return psp_json_refuse(&at,
                                   "a chunk must begin at %" PRIu64 " here, and end at %" PRIu64
                                   ", but for the last one",
                                   next, psp_chunk_end(next));
        next = chunk->last + 1;
        shard->chunk_count = i + 1;
    }
    return shard->index < next ||
           psp_json_refuse(shard_at, "\"chunks\" end before \"index\", at %" PRIu64, next - 1);
}

static bool read_shard(const struct psp_json_at *at, int format, struct psp_backup_shard *shard)
{
    static const char *const names_1[] = {"shard",   "index",      "term", "received",
                                          "counted", "state_hash", NULL};
    static const char *const names_2[] = {
        "shard", "index", "term", "received", "counted", "state_hash", "signature", "chunks", NULL};
    uint64_t number = 0;
    const bool good = psp_json_members(at, format == FORMAT_1 ? names_1 : names_2) &&
                      psp_json_number(at, "shard", PSP_SHARDS_MAX - 1, &number) &&
                      psp_json_number(at, "index", INT64_MAX, &shard->index) &&
                      psp_json_number(at, "term", INT64_MAX, &shard->term) &&
                      psp_json_number(at, "received", INT64_MAX, &shard->received) &&
                      psp_json_number(at, "counted", INT64_MAX, &shard->counted) &&
                      psp_json_hex(at, "state_hash", false, PSP_HASH_BYTES, shard->state_hash);
    shard->shard = (uint32_t)number;
    if (!good || format == FORMAT_1)
        return good;
    return psp_json_hex(at, "signature", true, PSP_SIGNATURE_BYTES, shard->signature) &&
           read_chunks(at, shard);
}

/* 0.1.0 did not write it, and had live ones only. */
static bool read_mode(const struct psp_json_at *root, struct psp_backup *backup)
{
    char *word = NULL;
    backup->mode = PSP_MODE_LIVE;
    if (!psp_json_has(root, "mode"))
        return true;
    if (!psp_json_text(root, "mode", &word))
        return false;
    if (strcmp(word, psp_mode_name(PSP_MODE_TEST)) == 0)
        backup->mode = PSP_MODE_TEST;
    const bool known = strcmp(word, psp_mode_name(backup->mode)) == 0;
    free(word);
    return known || psp_json_refuse(root, "\"mode\" must be \"live\" or \"test\"");
}

static bool read_backup(const struct psp_json_at *root, struct psp_backup *backup)
{
    static const char *const names[] = {"format",  "cluster_id", "mode", "epoch",
                                        "made_ms", "shards",     NULL};
    struct psp_json_at list, at;
    size_t n = 0;
    backup->format = (int)json_integer_value(json_object_get(root->value, "format"));
    if (!psp_json_members(root, names) ||
        !psp_json_hex(root, "cluster_id", false, PSP_CLUSTER_ID_BYTES, backup->cluster_id) ||
        !read_mode(root, backup) ||
        !psp_json_number(root, "epoch", PSP_EPOCH_MAX, &backup->epoch) ||
        !psp_json_number(root, "made_ms", INT64_MAX, &backup->made_ms) ||
        !psp_json_list(root, "shards", PSP_SHARDS_MAX, &list, &n))
        return false;
    backup->shards = psp_memory_array(n + 1, sizeof *backup->shards);
    backup->shard_count = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        if (!psp_json_element(&list, i, &at) ||
            !read_shard(&at, backup->format, &backup->shards[i]))
            return false;
        if (backup->shards[i].shard != i)
            return psp_json_refuse(&at, "\"shard\" must be %zu here", i);
    }
    return true;
}

enum psp_status psp_backup_load(const char *folder, struct psp_backup *ret_backup,
                                struct psp_reason *reterr_reason)
{
    char *path = psp_memory_print("%s/backup.json", folder);
    json_t *root = NULL;
    *ret_backup = (struct psp_backup){0};
    const struct psp_json_format format = {.first = FORMAT_1, .last = FORMAT};
    enum psp_status status = psp_json_load(path, format, reterr_reason, &root);
    const struct psp_json_at at = {.value = root, .reason = reterr_reason};
    if (status == PSP_OK && !read_backup(&at, ret_backup))
        status = PSP_EINVAL;
    if (status == PSP_ENOENT)
        psp_reason_set(reterr_reason, "%s: there is no backup in this folder", path);
    else if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, path, status);
    if (status != PSP_OK)
        psp_backup_free(ret_backup);
    json_decref(root);
    free(path);
    return status;
}

static json_t *json_of_shard(const struct psp_backup_shard *shard)
{
    json_t *chunks = json_array();
    for (size_t i = 0; i < shard->chunk_count; i++) {
        const struct psp_backup_chunk *chunk = &shard->chunks[i];
        json_array_append_new(
            chunks,
            json_pack("{s:I, s:I, s:o, s:o}", "first", (json_int_t)chunk->first, "last",
                      (json_int_t)chunk->last, "hash",
                      psp_json_of_bytes(chunk->records_hash, PSP_HASH_BYTES, false), "signature",
                      psp_json_of_bytes(chunk->signature, PSP_SIGNATURE_BYTES, false)));
    }
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "shard", (int)shard->shard,
                     "index", (json_int_t)shard->index, "term", (json_int_t)shard->term, "received",
                     (json_int_t)shard->received, "counted", (json_int_t)shard->counted,
                     "state_hash", psp_json_of_bytes(shard->state_hash, PSP_HASH_BYTES, false),
                     "signature", psp_json_of_bytes(shard->signature, PSP_SIGNATURE_BYTES, true),
                     "chunks", chunks);
}

enum psp_status psp_backup_store(const struct psp_backup *backup, const char *folder,
                                 struct psp_reason *reterr_reason)
{
    json_t *shards = json_array();
    for (uint32_t i = 0; i < backup->shard_count; i++)
        json_array_append_new(shards, json_of_shard(&backup->shards[i]));
    json_t *root =
        json_pack("{s:i, s:o, s:s, s:I, s:I, s:o}", "format", FORMAT, "cluster_id",
                  psp_json_of_bytes(backup->cluster_id, PSP_CLUSTER_ID_BYTES, false), "mode",
                  psp_mode_name(backup->mode), "epoch", (json_int_t)backup->epoch, "made_ms",
                  (json_int_t)backup->made_ms, "shards", shards);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    char *path = psp_memory_print("%s/backup.json", folder);
    const enum psp_status status =
        text ? psp_file_write(path, text, strlen(text), 0600) : PSP_ENOMEM;
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    free(path);
    free(text);
    json_decref(root);
    return status;
}

void psp_backup_free(struct psp_backup *backup)
{
    for (uint32_t i = 0; backup->shards && i < backup->shard_count; i++)
        free(backup->shards[i].chunks);
    free(backup->shards);
    *backup = (struct psp_backup){0};
}

enum psp_status psp_backup_carry(const char *from, const char *to, bool replace,
                                 struct psp_reason *reterr_reason)
{
    char *record = psp_memory_print("%s/import.json", from);
    char *there = psp_memory_print("%s/import.json", to);
    char *casts = psp_memory_print("%s/casts", from), *target = psp_memory_print("%s/casts", to);
    enum psp_status status = PSP_OK;
    if (replace || access(there, F_OK) != 0)
        status = psp_record_carry(record, to, reterr_reason);
    if (status == PSP_OK)
        status = psp_cast_record_carry(casts, target, replace, reterr_reason);
    free(target);
    free(casts);
    free(there);
    free(record);
    return status;
}

void psp_backup_look(struct psp_backup *backup, const char *folder)
{
    for (uint32_t s = 0; s < backup->shard_count && !backup->found; s++) {
        char *path = psp_memory_print("%s/shard-%u", folder, backup->shards[s].shard);
        backup->found = access(path, F_OK) == 0 || errno != ENOENT;
        free(path);
    }
}

void psp_backup_undo(const struct psp_backup *backup, const char *folder)
{
    for (uint32_t s = 0; s < backup->shard_count && !backup->found; s++) {
        char *path = psp_memory_print("%s/shard-%u", folder, backup->shards[s].shard);
        psp_tree_remove(path);
        free(path);
    }
    char *path = psp_memory_print("%s/backup.json", folder);
    unlink(path);
    free(path);
    rmdir(folder); /* an empty one only */
}
