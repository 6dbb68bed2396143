/* A chunk gets its name when it is whole, durable and signed as it lies there. */
#include "cli/audit/sealed/copy.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory/grow.h"
#include "base/system/clock.h"
#include "base/system/file.h"
#include "cli/audit/sealed/chunks.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

/* A follower this close to the leader is asked in its place. */
enum { STATUS_MS = 3000, ANSWER_MS = 15000, STORE_MS = 5000, NEAR_ENTRIES = 10000, TRIES = 3 };

struct copying {
    const struct psp_copy *copy;
    struct psp_backup_shard *shard;
    uint32_t process; /* who is asked; PSP_NONE: nobody */
    struct psp_backup_shard to;
    char *replaced; /* a file that no backup.json names any more, once it is stored; NULL: none */
    uint64_t stored_ms;
    struct psp_reason *reason;
};

static uint32_t replica_of(const struct copying *copying)
{
    return psp_operate_process(copying->copy->operate, copying->process)->replica;
}

static uint64_t held(const struct copying *copying)
{
    const struct psp_backup_shard *shard = copying->shard;
    return shard->chunk_count == 0 ? 0 : shard->chunks[shard->chunk_count - 1].last;
}

/* ---- who is asked, and how far ---- */

/* How well it serves: a follower, so that counting is not disturbed; a leader;
 * what else answers, perhaps the last one left: what it has applied is committed. */
static int rank(const struct psp_status_reply *status, uint64_t furthest)
{
    if (status->state == PSP_STATE_FOLLOWER && status->index + NEAR_ENTRIES >= furthest)
        return 3;
    if (status->state == PSP_STATE_LEADER)
        return 2;
    return status->state == PSP_STATE_JOINING ? 0 : 1;
}

static void choose(struct copying *copying)
{
    struct psp_operate *operate = copying->copy->operate;
    const uint32_t n = psp_operate_count(operate);
    uint64_t furthest = 0, best_index = 0;
    int best = 0;
    copying->process = PSP_NONE;
    psp_reason_set(copying->reason, "no replica answers; see `psephos status`");
    psp_operate_ask_shard(operate, copying->copy->shard, STATUS_MS);
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_status_reply *status = psp_operate_status(operate, i);
        if (status && status->index > furthest)
            furthest = status->index;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_status_reply *status = psp_operate_status(operate, i);
        const int its = status ? rank(status, furthest) : 0;
        if (its == 0)
            continue;
        if (status->epoch != copying->copy->backup->epoch) {
            psp_reason_set(
                copying->reason,
                "the cluster has epoch %" PRIu64 " and cluster.json here %" PRIu64
                ": it was restored; bring its cluster.json here and begin a new backup in "
                "another folder",
                status->epoch, copying->copy->backup->epoch);
        } else if (status->index < held(copying) || status->index == 0) {
            psp_reason_set(
                copying->reason,
                "no replica that answers has all that the backup holds; see `psephos status`");
        } else if (its > best || (its == best && status->index > best_index)) {
            best = its;
            best_index = status->index;
            copying->process = i;
        }
    }
}

/* NULL after a reason: the replica's own words, or that it does not answer. *ret_again: it may
 * answer later. */
static const struct psp_sealed *ask(struct copying *copying, const struct psp_seal_request *request,
                                    const char *what, bool *ret_again)
{
    const struct psp_cluster_message message = {.type = PSP_CLUSTER_SEAL_REQUEST,
                                                .seal_request = *request};
    psp_operate_ask_one(copying->copy->operate, copying->process, &message, ANSWER_MS);
    const struct psp_cluster_message *answer =
        psp_operate_answer(copying->copy->operate, copying->process);
    const bool refused = answer && answer->type == PSP_CLUSTER_OPERATED;
    *ret_again = refused && answer->operated.temporary;
    if (answer && answer->type == PSP_CLUSTER_SEALED && answer->sealed.first == request->first &&
        answer->sealed.last == request->last && answer->sealed.part == request->part)
        return &answer->sealed;
    if (refused)
        psp_reason_set(copying->reason, "replica %" PRIu32 ": %s", replica_of(copying),
                       answer->operated.text);
    else
        psp_reason_set(copying->reason,
                       "replica %" PRIu32 " does not send %s; call this again: it goes on",
                       replica_of(copying), what);
    return NULL;
}

static struct psp_sealed_shard sealed_of(const struct copying *copying,
                                         const struct psp_backup_shard *shard)
{
    const struct psp_copy *copy = copying->copy;
    return (struct psp_sealed_shard){.folder = copy->folder,
                                     .backup = copy->backup,
                                     .shard = shard,
                                     .signing_key = copy->cluster->shards[copy->shard].signing_key};
}

/* What the replica has applied, and what the count is there. */
static enum psp_status ask_position(struct copying *copying)
{
    bool again = false;
    const struct psp_sealed *answer =
        ask(copying, &(struct psp_seal_request){0}, "what it has applied", &again);
    if (!answer)
        return PSP_ETIMEDOUT;
    const struct psp_seal_position *position = &answer->position;
    struct psp_reason reason;
    copying->to = (struct psp_backup_shard){.shard = copying->copy->shard,
                                            .index = position->index,
                                            .term = position->term,
                                            .received = position->received,
                                            .counted = position->counted};
    memcpy(copying->to.state_hash, position->state_hash, PSP_HASH_BYTES);
    memcpy(copying->to.signature, answer->signature.data, PSP_SIGNATURE_BYTES);
    const struct psp_sealed_shard sealed = sealed_of(copying, &copying->to);
    if (position->epoch == copying->copy->backup->epoch &&
        position->mode == copying->copy->backup->mode && position->index >= held(copying) &&
        psp_sealed_check(&sealed, &reason) == PSP_OK)
        return PSP_OK;
    psp_reason_set(copying->reason,
                   "what replica %" PRIu32
                   " says that it has applied does not fit, or is not signed with the shard's key "
                   "(signing_key in cluster.json)",
                   replica_of(copying));
    return PSP_EMISMATCH;
}

/* ---- chunks ---- */

/* The last chunk of a copy that goes on must be of the records that the replica has. */
static enum psp_status compare_end(struct copying *copying)
{
    const struct psp_backup_shard *shard = copying->shard;
    bool again = false;
    if (shard->chunk_count == 0)
        return PSP_OK;
    const struct psp_backup_chunk *last = &shard->chunks[shard->chunk_count - 1];
    const struct psp_seal_request request = {.first = last->first,
                                             .last = last->last,
                                             .records_hash = {last->records_hash, PSP_HASH_BYTES}};
    const struct psp_sealed *answer =
        ask(copying, &request, "whether it has the same entries", &again);
    if (!answer)
        return PSP_ETIMEDOUT;
    if (answer->same)
        return PSP_OK;
    psp_reason_set(copying->reason,
                   "the backup and replica %" PRIu32 " differ in entries %" PRIu64 " to %" PRIu64
                   ": one of them is of another history; choose another folder, and compare the "
                   "replicas (psephos recount --offline)",
                   replica_of(copying), last->first, last->last);
    return PSP_EMISMATCH;
}

static enum psp_status failed_writing(struct copying *copying, const char *path)
{
    const int error = errno;
    psp_reason_set(copying->reason, "%s: %s", path, strerror(error));
    return error == ENOSPC ? PSP_ENOSPC : PSP_EIO;
}

/* All parts of one chunk into the file; what is signed of it into *chunk. PSP_EAGAIN: the
 * replica gave the chunk up, begin it anew. */
static enum psp_status fetch_parts(struct copying *copying, struct psp_backup_chunk *chunk,
                                   const char *path, FILE *file)
{
    struct psp_seal_request request = {.first = chunk->first, .last = chunk->last};
    const struct psp_sealed *answer = NULL;
    bool again = false;
    if (getrandom(&request.session, sizeof request.session, 0) != sizeof request.session)
        return failed_writing(copying, path);
    for (; !answer || !answer->final; request.part++) {
        answer = ask(copying, &request, "its entries", &again);
        if (!answer)
            return again ? PSP_EAGAIN : PSP_ETIMEDOUT;
        if (fwrite(answer->bytes.data, 1, answer->bytes.length, file) != answer->bytes.length)
            return failed_writing(copying, path);
    }
    memcpy(chunk->records_hash, answer->records_hash.data, PSP_HASH_BYTES);
    memcpy(chunk->signature, answer->signature.data, PSP_SIGNATURE_BYTES);
    return PSP_OK;
}

/* The file as it lies on the disk is what the shard signed. */
static enum psp_status check_file(struct copying *copying, const struct psp_backup_chunk *chunk,
                                  const char *path)
{
    const struct psp_sealed_shard sealed = sealed_of(copying, copying->shard);
    FILE *file = NULL;
    const enum psp_status status = psp_chunk_open(&sealed, chunk, &file, copying->reason);
    if (status == PSP_OK)
        fclose(file);
    else
        unlink(path);
    return status;
}

static enum psp_status fetch_file(struct copying *copying, struct psp_backup_chunk *chunk)
{
    char *path =
        psp_chunk_path(copying->copy->folder, copying->copy->shard, chunk->first, chunk->last);
    char *beside = psp_memory_print("%s.new", path);
    enum psp_status status = PSP_EAGAIN;
    for (int tries = 0; status == PSP_EAGAIN && tries < TRIES; tries++) {
        FILE *file = fopen(beside, "wb");
        if (!file) {
            status = failed_writing(copying, beside);
            break;
        }
        status = fetch_parts(copying, chunk, beside, file);
        if (status == PSP_OK && (fflush(file) != 0 || fsync(fileno(file)) != 0))
            status = failed_writing(copying, beside);
        if (fclose(file) != 0 && status == PSP_OK)
            status = failed_writing(copying, beside);
    }
    if (status == PSP_OK && rename(beside, path) != 0)
        status = failed_writing(copying, path);
    if (status == PSP_OK)
        status = psp_file_sync_folder(path);
    if (status == PSP_OK)
        status = check_file(copying, chunk, path);
    else
        unlink(beside);
    free(beside);
    free(path);
    return status == PSP_EAGAIN ? PSP_ETIMEDOUT : status;
}

/* backup.json as it is now; then the file that it does not name any more goes. */
static enum psp_status store(struct copying *copying)
{
    const enum psp_status status =
        psp_backup_store(copying->copy->backup, copying->copy->folder, copying->reason);
    if (status == PSP_OK && copying->replaced)
        unlink(copying->replaced);
    if (status == PSP_OK) {
        free(copying->replaced);
        copying->replaced = NULL;
        copying->stored_ms = psp_clock_ms();
    }
    return status;
}

/* Behind the last one, or in the place of the last one when that was open. */
static enum psp_status next_chunk(struct copying *copying)
{
    struct psp_backup_shard *shard = copying->shard;
    const size_t n = shard->chunk_count;
    const bool open =
        n > 0 && shard->chunks[n - 1].last < psp_chunk_end(shard->chunks[n - 1].first);
    struct psp_backup_chunk chunk = {.first =
                                         open ? shard->chunks[n - 1].first : held(copying) + 1};
    chunk.last = psp_chunk_end(chunk.first);
    if (chunk.last > copying->to.index)
        chunk.last = copying->to.index;
    const enum psp_status status = fetch_file(copying, &chunk);
    if (status != PSP_OK)
        return status;
    if (open)
        copying->replaced =
            psp_chunk_path(copying->copy->folder, copying->copy->shard, chunk.first, held(copying));
    else if (!PSP_GROW(shard->chunks, shard->chunk_capacity, n + 1))
        return PSP_ENOMEM;
    shard->chunks[open ? n - 1 : n] = chunk;
    shard->chunk_count = open ? n : n + 1;
    return open || psp_clock_ms() >= copying->stored_ms + STORE_MS ? store(copying) : PSP_OK;
}

/* ---- the shard ---- */

static enum psp_status check_head(const struct psp_copy *copy, const char *path,
                                  struct psp_reason *reterr_reason)
{
    uint8_t bytes[PSP_CHUNK_HEAD_BYTES_MAX];
    struct psp_chunk_head head;
    FILE *file = fopen(path, "rb");
    const size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    if (psp_chunk_head_decode(bytes, n, &head) == PSP_OK &&
        memcmp(head.range.cluster_id, copy->backup->cluster_id, PSP_CLUSTER_ID_BYTES) == 0 &&
        head.range.shard == copy->shard && head.range.epoch == copy->backup->epoch)
        return PSP_OK;
    psp_reason_set(reterr_reason,
                   "%s is of another cluster, or from before a restore; choose another folder",
                   path);
    return PSP_EMISMATCH;
}

enum psp_status psp_copy_check_folder(const struct psp_copy *copy, struct psp_reason *reterr_reason)
{
    enum psp_status status = PSP_OK;
    uint64_t first, last;
    const struct dirent *entry;
    if (copy->backup->shards[copy->shard].chunk_count > 0)
        return PSP_OK;
    char *folder = psp_memory_print("%s/shard-%" PRIu32, copy->folder, copy->shard);
    DIR *listing = opendir(folder);
    while (listing && status == PSP_OK && (entry = readdir(listing))) {
        const size_t length = strlen(entry->d_name);
        char *path = psp_memory_print("%s/%s", folder, entry->d_name);
        if (psp_chunk_name_read(entry->d_name, &first, &last)) {
            status = check_head(copy, path, reterr_reason);
        } else if (length > 4 && strcmp(entry->d_name + length - 4, ".log") == 0) {
            psp_reason_set(reterr_reason,
                           "%s is of a backup of Psephos 0.1.0; choose another folder", path);
            status = PSP_EVERSION;
        }
        free(path);
    }
    if (listing)
        closedir(listing);
    free(folder);
    return status;
}

static enum psp_status make_folder(const struct psp_copy *copy, struct psp_reason *reterr_reason)
{
    char *folder = psp_memory_print("%s/shard-%" PRIu32, copy->folder, copy->shard);
    const enum psp_status status = psp_file_make_folder(folder, 0700);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, folder, status);
    free(folder);
    return status;
}

static enum psp_status copy_all(struct copying *copying)
{
    struct psp_progress progress;
    choose(copying);
    if (copying->process == PSP_NONE)
        return PSP_ETIMEDOUT;
    enum psp_status status = ask_position(copying);
    if (status == PSP_OK)
        status = compare_end(copying);
    if (status == PSP_OK)
        status = make_folder(copying->copy, copying->reason);
    psp_progress_start(&progress);
    while (status == PSP_OK && held(copying) < copying->to.index) {
        status = next_chunk(copying);
        psp_progress_step(&progress, "entries", held(copying), copying->to.index);
    }
    psp_progress_end(&progress);
    return status;
}

enum psp_status psp_copy_shard(const struct psp_copy *copy, uint32_t *ret_replica,
                               struct psp_reason *reterr_reason)
{
    struct copying copying = {.copy = copy,
                              .shard = &copy->backup->shards[copy->shard],
                              .stored_ms = psp_clock_ms(),
                              .reason = reterr_reason};
    const enum psp_status status = copy_all(&copying);
    if (status == PSP_OK) {
        copying.to.chunks = copying.shard->chunks;
        copying.to.chunk_count = copying.shard->chunk_count;
        copying.to.chunk_capacity = copying.shard->chunk_capacity;
        *copying.shard = copying.to;
        *ret_replica = replica_of(&copying);
    }
    free(copying.replaced);
    return status;
}
