/* JSON, one object: people read it when a shard has refused to start. */
#include "cluster/begun.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"
#include "base/system/file.h"

enum { BEGUN_FORMAT = 1, FOLDER_MODE = 0755, FILE_MODE = 0644 };

static enum psp_status path_of(const struct psp_cluster *cluster, uint32_t shard, uint32_t replica,
                               char ret_path[PATH_MAX], struct psp_reason *reterr_reason)
{
    const struct psp_cluster_shard *facts = &cluster->shards[shard];
    const int n = snprintf(ret_path, PATH_MAX, "%s/begun/shard-%" PRIu32 "-%" PRIu32,
                           cluster->directory, facts->shard, facts->replicas[replica].replica);
    if (n > 0 && n < PATH_MAX)
        return PSP_OK;
    psp_reason_set(reterr_reason, "%s: the path is too long", cluster->directory);
    return PSP_EINVAL;
}

static bool read_begun(const struct psp_json_at *root, struct psp_begun *begun)
{
    static const char *const names[] = {"format", "cluster_id", "epoch", "raft_id", NULL};
    return psp_json_members(root, names) &&
           psp_json_hex(root, "cluster_id", false, PSP_CLUSTER_ID_BYTES, begun->cluster_id) &&
           psp_json_number(root, "epoch", INT64_MAX, &begun->epoch) &&
           psp_json_number(root, "raft_id", INT64_MAX, &begun->raft_id);
}

/* What this cluster.json cannot have led to. */
static enum psp_status check(const struct psp_cluster *cluster, uint64_t raft_id,
                             const struct psp_begun *begun, const char *path,
                             struct psp_reason *reterr_reason)
{
    if (memcmp(begun->cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES) != 0) {
        char marked[2 * PSP_CLUSTER_ID_BYTES + 1];
        sodium_bin2hex(marked, sizeof marked, begun->cluster_id, PSP_CLUSTER_ID_BYTES);
        psp_reason_set(reterr_reason,
                       "%s is of another cluster, %s; if that one is over, delete the file", path,
                       marked);
        return PSP_EMISMATCH;
    }
    if (begun->epoch > cluster->epoch) {
        psp_reason_set(reterr_reason,
                       "%s is of epoch %" PRIu64 ", cluster.json of epoch %" PRIu64
                       ": the cluster was restored since; bring its newest cluster.json here",
                       path, begun->epoch, cluster->epoch);
        return PSP_EMISMATCH;
    }
    if (begun->epoch == cluster->epoch && begun->raft_id > raft_id) {
        psp_reason_set(reterr_reason,
                       "%s is of raft ID %" PRIu64 ", cluster.json names %" PRIu64
                       ": the replica was replaced since; bring the newest cluster.json here",
                       path, begun->raft_id, raft_id);
        return PSP_EMISMATCH;
    }
    return PSP_OK;
}

enum psp_status psp_begun_load(const struct psp_cluster *cluster, uint32_t shard, uint32_t replica,
                               struct psp_begun *ret_begun, struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    enum psp_status status = path_of(cluster, shard, replica, path, reterr_reason);
    if (status != PSP_OK)
        return status;
    json_t *root = NULL;
    struct psp_reason reason = {0};
    const struct psp_json_format format = {.first = BEGUN_FORMAT, .last = BEGUN_FORMAT};
    status = psp_json_load(path, format, &reason, &root);
    if (status == PSP_ENOENT)
        return status;
    struct psp_begun begun = {.epoch = 0};
    const struct psp_json_at at = {.value = root, .reason = &reason};
    if (status == PSP_OK && !read_begun(&at, &begun))
        status = PSP_EINVAL;
    json_decref(root);
    if (status != PSP_OK) {
        psp_reason_set_file(&reason, path, status);
        *reterr_reason = reason;
        return status;
    }
    status = check(cluster, cluster->shards[shard].replicas[replica].raft_id, &begun, path,
                   reterr_reason);
    if (status == PSP_OK)
        *ret_begun = begun;
    return status;
}

enum psp_status psp_begun_store(const struct psp_cluster *cluster, uint32_t shard, uint32_t replica,
                                struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    enum psp_status status = path_of(cluster, shard, replica, path, reterr_reason);
    if (status != PSP_OK)
        return status;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    status = psp_file_make_folder(path, FOLDER_MODE);
    *slash = '/';
    json_t *root = json_pack("{s:i, s:o, s:I, s:I}", "format", BEGUN_FORMAT, "cluster_id",
                             psp_json_of_bytes(cluster->cluster_id, PSP_CLUSTER_ID_BYTES, false),
                             "epoch", (json_int_t)cluster->epoch, "raft_id",
                             (json_int_t)cluster->shards[shard].replicas[replica].raft_id);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (status == PSP_OK)
        status = text == NULL ? PSP_ENOMEM : psp_file_write(path, text, strlen(text), FILE_MODE);
    free(text);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    return status;
}

bool psp_begun_has_log(const char *data_path)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/log", data_path);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno != ENOENT;
    bool found = false;
    for (const struct dirent *entry = readdir(folder); entry != NULL && !found;
         entry = readdir(folder)) {
        const char *end = strrchr(entry->d_name, '.');
        found = strcmp(entry->d_name, "vote") == 0 || (end != NULL && strcmp(end, ".log") == 0);
    }
    closedir(folder);
    return found;
}

enum psp_status psp_begun_may_be_empty(const struct psp_cluster *cluster, uint32_t shard,
                                       uint32_t replica, const char *data_path,
                                       struct psp_reason *reterr_reason)
{
    const struct psp_cluster_shard *facts = &cluster->shards[shard];
    struct psp_begun begun;
    const enum psp_status status = psp_begun_load(cluster, shard, replica, &begun, reterr_reason);
    if (status != PSP_OK)
        return status == PSP_ENOENT ? PSP_OK : status;
    if (begun.epoch < cluster->epoch || begun.raft_id < facts->replicas[replica].raft_id)
        return PSP_OK;
    psp_reason_set(reterr_reason,
                   "%s/log holds nothing, but %s/begun/shard-%" PRIu32 "-%" PRIu32
                   " says that this replica has counted. Is its disk mounted? Bring its data back; "
                   "if it is lost, %s",
                   data_path, cluster->directory, facts->shard, facts->replicas[replica].replica,
                   facts->replica_count == 1 ? "restore the cluster from a backup"
                                             : "replace the replica (psephos replica replace)");
    return PSP_EMISMATCH;
}
