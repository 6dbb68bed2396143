/* Paths are built in one place; the lock in run/ keeps two calls of `up` and `down` apart. */
#include "cli/folder/local.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/lock.h"
#include "cli/say/memory.h"

bool psp_local_exists(const char *directory)
{
    char *path = psp_memory_print("%s/cluster.json", directory);
    const bool exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

void psp_local_missing(const char *directory, struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason,
                   "%s holds no cluster; `psephos up --dir %s --election FILE` makes one",
                   directory, directory);
}

typedef enum psp_status cluster_loader(const char *path, struct psp_cluster **ret_cluster,
                                       struct psp_reason *reterr_reason);

static enum psp_status open_with(cluster_loader *load, const char *directory,
                                 struct psp_local **ret_local, struct psp_reason *reterr_reason)
{
    char *absolute = realpath(directory, NULL);
    if (!absolute && errno == ENOENT) {
        psp_local_missing(directory, reterr_reason);
        return PSP_ENOENT;
    }
    if (!absolute) {
        psp_reason_set(reterr_reason, "%s: %s", directory, strerror(errno));
        return psp_status_from_errno(errno);
    }
    struct psp_local *local = psp_memory_array(1, sizeof *local);
    local->directory = absolute;
    local->lock = PSP_LOCK_NONE;
    char *path = psp_local_path(local, "cluster.json");
    const enum psp_status status = load(path, &local->cluster, reterr_reason);
    if (status == PSP_ENOENT)
        psp_local_missing(directory, reterr_reason);
    else if (status != PSP_OK)
        psp_reason_set_file(reterr_reason, path, status);
    free(path);
    if (status != PSP_OK) {
        psp_local_close(&local);
        return status;
    }
    *ret_local = local;
    return PSP_OK;
}

enum psp_status psp_local_open(const char *directory, struct psp_local **ret_local,
                               struct psp_reason *reterr_reason)
{
    return open_with(psp_cluster_load, directory, ret_local, reterr_reason);
}

enum psp_status psp_local_open_any(const char *directory, struct psp_local **ret_local,
                                   struct psp_reason *reterr_reason)
{
    return open_with(psp_cluster_load_any, directory, ret_local, reterr_reason);
}

void psp_local_close(struct psp_local **local)
{
    if (!*local)
        return;
    psp_lock_release(&(*local)->lock);
    if ((*local)->cluster)
        psp_cluster_destroy(&(*local)->cluster);
    free((*local)->directory);
    free(*local);
    *local = NULL;
}

enum psp_status psp_local_lock(struct psp_local *local, struct psp_reason *reterr_reason)
{
    char *path = psp_local_path(local, "run");
    mkdir(path, 0700); /* a copy made by git has none; open says what else is wrong */
    free(path);
    path = psp_local_path(local, "run/lock");
    const enum psp_status status = psp_lock_file(path, &local->lock);
    free(path);
    if (status == PSP_EBUSY)
        psp_reason_set(reterr_reason,
                       "another `psephos up` or `down` is at work in %s; wait until it is done",
                       local->directory);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s/run/lock: %s", local->directory, strerror(errno));
    return status;
}

char *psp_local_path(const struct psp_local *local, const char *format, ...)
{
    char *rest = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&rest, format, arguments);
    va_end(arguments);
    char *path = psp_memory_print("%s/%s", local->directory, length < 0 ? "" : rest);
    free(rest);
    return path;
}
