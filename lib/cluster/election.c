/* Loaded and compared in one place, so that nobody uses what was not compared. */
#include "cluster/election.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum psp_status psp_cluster_election_check(const struct psp_cluster *cluster,
                                           const struct psp_definition *definition,
                                           const char *path, struct psp_reason *reterr_reason)
{
    if (memcmp(definition->hash, cluster->definition_hash, PSP_HASH_BYTES) == 0)
        return PSP_OK;
    psp_reason_set(reterr_reason,
                   "%s is not the election that cluster.json names; get the file that the cluster "
                   "was made with",
                   path);
    return PSP_EMISMATCH;
}

enum psp_status psp_cluster_election_load(const struct psp_cluster *cluster,
                                          struct psp_definition **ret_definition,
                                          struct psp_reason *reterr_reason)
{
    char path[PATH_MAX];
    const char *election = cluster->election_path;
    const int n = election[0] == '/'
                      ? snprintf(path, sizeof path, "%s", election)
                      : snprintf(path, sizeof path, "%s/%s", cluster->directory, election);
    if (n < 0 || n >= (int)sizeof path) {
        psp_reason_set(reterr_reason, "%s: the path is too long", cluster->directory);
        return PSP_EINVAL;
    }
    struct psp_definition *definition = NULL;
    enum psp_status status = psp_definition_load(path, &definition, reterr_reason);
    if (status != PSP_OK) {
        psp_reason_set_file(reterr_reason, path, status);
        return status;
    }
    status = psp_cluster_election_check(cluster, definition, path, reterr_reason);
    if (status != PSP_OK)
        psp_definition_destroy(&definition);
    *ret_definition = definition;
    return status;
}
