/* cluster.json is written beside and read before it takes the old one's place. */
#include "cli/folder/bridges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/system/file.h"
#include "cli/folder/daemon.h"
#include "cli/prepare/servers/postgres.h"
#include "cli/say/memory.h"

static bool is_election(const char *path)
{
    json_t *root = json_load_file(path, 0, NULL);
    const bool is = json_is_array(json_object_get(root, "contests"));
    json_decref(root);
    return is;
}

/* libpq reads a conninfo when the bridge connects; what it does not know then is known now. */
static enum psp_status check_conninfo(const struct psp_bridge_config *config,
                                      struct psp_reason *reterr_reason)
{
    bool has_password;
    struct psp_reason reason = {0};
    if (config->kind != PSP_BRIDGE_POSTGRES)
        return PSP_OK;
    const enum psp_status status =
        psp_postgres_conninfo(config->postgres.conninfo, &has_password, &reason);
    if (status != PSP_OK)
        psp_reason_set_pointer(reterr_reason, "/sink/postgres/conninfo",
                               "is none that libpq knows: %s", reason.text);
    return status;
}

enum psp_status psp_bridges_load(const char *path, struct psp_bridge_config **ret_config,
                                 struct psp_reason *reterr_reason)
{
    enum psp_status status =
        psp_bridge_config_load(path, (struct psp_bridge_places){0}, ret_config, reterr_reason);
    if (status != PSP_OK) {
        if (is_election(path))
            psp_reason_set(reterr_reason, "this is an election.json, and a bridge.json is needed "
                                          "(docs/bridges.md)");
        return status;
    }
    status = check_conninfo(*ret_config, reterr_reason);
    if (status != PSP_OK)
        psp_bridge_config_destroy(ret_config);
    return status;
}

static enum psp_status load(const char *path, struct psp_bridge_config **ret_config,
                            struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_bridges_load(path, ret_config, reterr_reason);
    return status == PSP_OK ? PSP_OK : psp_reason_set_file(reterr_reason, path, status);
}

enum psp_status psp_bridges_check(const char *const *paths, uint32_t n,
                                  struct psp_reason *reterr_reason)
{
    char **names = psp_memory_array(n + 1, sizeof *names);
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < n && status == PSP_OK; i++) {
        struct psp_bridge_config *config = NULL;
        status = load(paths[i], &config, reterr_reason);
        if (status == PSP_OK)
            names[i] = psp_memory_copy(config->name);
        for (uint32_t j = 0; j < i && status == PSP_OK; j++)
            if (strcmp(names[i], names[j]) == 0) {
                psp_reason_set(reterr_reason,
                               "%s and %s have the same name, \"%s\": give each bridge its own",
                               paths[j], paths[i], names[i]);
                status = PSP_EINVAL;
            }
        psp_bridge_config_destroy(&config);
    }
    for (uint32_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return status;
}

static enum psp_status link_file(const struct psp_local *local, const char *path, const char *name,
                                 struct psp_reason *reterr_reason)
{
    char *folder = psp_local_path(local, "bridges");
    char *link_path = psp_local_path(local, "bridges/%s.json", name);
    char *whole = realpath(path, NULL);
    enum psp_status status = psp_file_make_folder(folder, 0700);
    if (status == PSP_OK && whole && strcmp(whole, link_path) != 0) {
        unlink(link_path); /* a link; of another place */
        if (symlink(whole, link_path) != 0)
            status = psp_status_from_errno(errno);
    }
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, link_path, status);
    free(whole);
    free(link_path);
    free(folder);
    return status;
}

/* One that runs keeps the file and the address that it was started with. */
static enum psp_status check_running(const struct psp_local *local, const char *path,
                                     const struct psp_bridge_config *config,
                                     struct psp_reason *reterr_reason)
{
    uint32_t n = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    char *link_path = psp_local_path(local, "bridges/%s.json", config->name);
    char *old = realpath(link_path, NULL), *new = realpath(path, NULL);
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < n && status == PSP_OK; i++) {
        if (!daemons[i].is_bridge || strcmp(daemons[i].id, config->name) != 0 ||
            !psp_daemon_pid(&daemons[i]))
            continue;
        if (!old || !new || strcmp(old, new) != 0)
            psp_reason_set(reterr_reason,
                           "%s: bridge %s runs by another file, %s: psephos down "
                           "--dir %s first, or give this one another name; nothing "
                           "was changed",
                           path, config->name, old ? old : link_path, local->directory);
        else if (strcmp(daemons[i].http_local, config->http_local) != 0)
            psp_reason_set(reterr_reason,
                           "%s: bridge %s runs at %s, and the file now has %s: "
                           "psephos down --dir %s first; nothing was changed",
                           path, config->name, daemons[i].http_local, config->http_local,
                           local->directory);
        else
            continue;
        status = PSP_EEXIST;
    }
    free(new);
    free(old);
    free(link_path);
    psp_daemons_free(&daemons, n);
    return status;
}

/* Only what can be read takes the place of what is there. */
static enum psp_status store(struct psp_local *local, const struct psp_cluster *cluster,
                             struct psp_reason *reterr_reason)
{
    struct psp_cluster *anew = NULL;
    char *path = psp_local_path(local, "cluster.json");
    char *beside = psp_local_path(local, "cluster.json.next");
    enum psp_status status = psp_cluster_store(cluster, beside);
    if (status != PSP_OK) {
        psp_reason_set_status(reterr_reason, beside, status);
    } else {
        status = psp_cluster_load(beside, &anew, reterr_reason);
        if (status != PSP_OK)
            psp_reason_set_file(reterr_reason, "cluster.json with the bridge", status);
    }
    if (status == PSP_OK && (rename(beside, path) != 0 || psp_file_sync_folder(path) != PSP_OK)) {
        status = PSP_EIO;
        psp_reason_set_status(reterr_reason, path, status);
    }
    unlink(beside);
    if (status == PSP_OK) {
        psp_cluster_destroy(&local->cluster);
        local->cluster = anew;
    } else if (anew) {
        psp_cluster_destroy(&anew);
    }
    free(beside);
    free(path);
    return status;
}

/* In the list, or in its place there; whether that is news. */
static bool put(struct psp_cluster_bridge *bridges, uint32_t *count,
                const struct psp_bridge_config *config)
{
    uint32_t at = 0;
    while (at < *count && strcmp(bridges[at].name, config->name) != 0)
        at++;
    const bool is_news = at == *count || strcmp(bridges[at].http_local, config->http_local) != 0;
    bridges[at] =
        (struct psp_cluster_bridge){.name = config->name, .http_local = config->http_local};
    *count += at == *count;
    return is_news;
}

enum psp_status psp_bridges_add(struct psp_local *local, const char *const *paths, uint32_t n,
                                bool here, struct psp_reason *reterr_reason)
{
    struct psp_cluster cluster = *local->cluster;
    struct psp_cluster_bridge *bridges =
        psp_memory_array(cluster.bridge_count + n + 1, sizeof *bridges);
    struct psp_bridge_config **configs = psp_memory_array(n + 1, sizeof *configs);
    enum psp_status status = PSP_OK;
    bool is_news = false;
    if (cluster.bridge_count > 0)
        memcpy(bridges, cluster.bridges, cluster.bridge_count * sizeof *bridges);
    cluster.bridges = bridges;
    for (uint32_t i = 0; i < n && status == PSP_OK; i++) {
        status = load(paths[i], &configs[i], reterr_reason);
        if (status == PSP_OK && here)
            status = check_running(local, paths[i], configs[i], reterr_reason);
        if (status == PSP_OK)
            is_news = put(bridges, &cluster.bridge_count, configs[i]) || is_news;
    }
    if (status == PSP_OK && is_news)
        status = store(local, &cluster, reterr_reason);
    for (uint32_t i = 0; i < n && status == PSP_OK && here; i++)
        status = link_file(local, paths[i], configs[i]->name, reterr_reason);
    for (uint32_t i = 0; i < n; i++)
        psp_bridge_config_destroy(&configs[i]);
    free(configs);
    free(bridges);
    return status;
}

enum psp_status psp_bridges_remove(struct psp_local *local, const char *name,
                                   struct psp_reason *reterr_reason)
{
    struct psp_cluster cluster = *local->cluster;
    struct psp_cluster_bridge *bridges =
        psp_memory_array(cluster.bridge_count + 1, sizeof *bridges);
    char *link_path = psp_local_path(local, "bridges/%s.json", name);
    enum psp_status status = PSP_OK;
    cluster.bridges = bridges;
    cluster.bridge_count = 0;
    for (uint32_t i = 0; i < local->cluster->bridge_count; i++)
        if (strcmp(local->cluster->bridges[i].name, name) != 0)
            bridges[cluster.bridge_count++] = local->cluster->bridges[i];
    if (cluster.bridge_count == local->cluster->bridge_count) {
        psp_reason_set(reterr_reason, "%s/cluster.json names no bridge \"%.31s\"", local->directory,
                       name);
        status = PSP_ENOENT;
    }
    if (status == PSP_OK)
        status = store(local, &cluster, reterr_reason);
    if (status == PSP_OK)
        unlink(link_path);
    free(link_path);
    free(bridges);
    return status;
}
