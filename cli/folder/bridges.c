/* cluster.json is written beside and read before it takes the old one's place. */
#include "cli/folder/bridges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/system/file.h"
#include "bridge/config/config.h"
#include "cli/say/memory.h"

static enum psp_status load(const char *path, struct psp_bridge_config **ret_config,
                            struct psp_reason *reterr_reason)
{
    const enum psp_status status =
        psp_bridge_config_load(path, (struct psp_bridge_places){0}, ret_config, reterr_reason);
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
