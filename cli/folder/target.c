/* Both ways lead to the same three things: cluster, definition, key. */
#include "cli/folder/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/folder/local.h"
#include "cli/say/memory.h"

static enum psp_status load(struct psp_target *target, const char *directory,
                            struct psp_reason *reterr_reason)
{
    enum psp_status status =
        psp_cluster_load(target->cluster_path, &target->cluster, reterr_reason);
    if (status == PSP_ENOENT && directory) {
        psp_local_missing(directory, reterr_reason);
        return status;
    }
    if (status != PSP_OK) {
        psp_reason_set_file(reterr_reason, target->cluster_path, status);
        return status;
    }
    const char *election = target->cluster->election_path;
    char *path = election[0] == '/'
                     ? psp_memory_copy(election)
                     : psp_memory_print("%s/%s", target->cluster->directory, election);
    status = psp_definition_load(path, &target->definition, reterr_reason);
    if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, path, status);
    free(path);
    return status;
}

enum psp_status psp_target_open(const char *directory, const char *cluster_path,
                                const char *key_path, struct psp_target *ret_target,
                                struct psp_reason *reterr_reason)
{
    struct psp_target target = {0};
    target.cluster_path =
        directory ? psp_memory_print("%s/cluster.json", directory) : psp_memory_copy(cluster_path);
    target.key_path =
        key_path ? psp_memory_copy(key_path) : psp_memory_print("%s/clients/local.key", directory);
    const enum psp_status status = load(&target, directory, reterr_reason);
    if (status == PSP_OK)
        *ret_target = target;
    else
        psp_target_close(&target);
    return status;
}

void psp_target_close(struct psp_target *target)
{
    if (target->definition)
        psp_definition_destroy(&target->definition);
    if (target->cluster)
        psp_cluster_destroy(&target->cluster);
    free(target->cluster_path);
    free(target->key_path);
    *target = (struct psp_target){0};
}
