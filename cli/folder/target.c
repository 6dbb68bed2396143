/* Both ways lead to the same four things: cluster, definition, key, secret of the ballot IDs. */
#include "cli/folder/target.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/secret.h"
#include "cli/folder/local.h"
#include "cli/folder/station_key.h"
#include "cli/say/memory.h"
#include "cluster/election.h"

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
    return psp_cluster_election_load(target->cluster, &target->definition, reterr_reason);
}

/* What to do where it is missing: nobody but a person knows whether it was lost. */
static void say_missing(const char *path, const char *directory, struct psp_reason *reterr_reason)
{
    if (directory)
        psp_reason_set(
            reterr_reason,
            "%s is missing: put it back from a copy of the folder; under another secret all that "
            "was cast before would come back as double votes",
            path);
    else
        psp_reason_set(
            reterr_reason,
            "%s is missing: it belongs beside the key, copy it from where `psephos client add` "
            "or `station keygen` made both, or from a backup; under another secret all that was "
            "cast before would come back as double votes",
            path);
}

static enum psp_status load_secret(struct psp_target *target, const char *directory,
                                   struct psp_reason *reterr_reason)
{
    char *path = directory ? psp_memory_print("%s/keys/ballot-ids.key", directory)
                           : psp_memory_print("%s.ids", target->key_path);
    const enum psp_status status =
        psp_secret_load(path, target->ballot_secret, sizeof target->ballot_secret);
    if (status == PSP_ENOENT)
        say_missing(path, directory, reterr_reason);
    else if (status == PSP_EPERM)
        psp_reason_set(reterr_reason, "%s: %s: a secret must have mode 0600", path,
                       psp_status_text(status));
    else if (status == PSP_EINVAL)
        psp_reason_set(reterr_reason, "%s: not one line of %d hex digits", path,
                       2 * PSP_BALLOT_SECRET_BYTES);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, path, status);
    free(path);
    return status;
}

enum psp_status psp_target_open(const char *directory, const char *cluster_path,
                                const char *key_path, struct psp_target *ret_target,
                                struct psp_reason *reterr_reason)
{
    struct psp_target target = {0};
    assert(directory != NULL || (cluster_path != NULL && key_path != NULL));
    target.cluster_path =
        directory ? psp_memory_print("%s/cluster.json", directory) : psp_memory_copy(cluster_path);
    target.key_path =
        key_path ? psp_memory_copy(key_path) : psp_memory_print("%s/clients/local.key", directory);
    target.casts_path = directory ? psp_memory_print("%s/casts", directory)
                                  : psp_memory_print("%s.casts", key_path);
    enum psp_status status = load(&target, directory, reterr_reason);
    if (status == PSP_OK) /* before what lies beside it: that is named after it */
        status = psp_station_key_check(target.key_path, reterr_reason);
    if (status == PSP_OK)
        status = load_secret(&target, directory, reterr_reason);
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
    free(target->casts_path);
    explicit_bzero(target, sizeof *target);
}
