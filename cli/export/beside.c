/* The lock is on FILE.new itself: once renamed, it is of no file that anybody opens anew. */
#include "cli/export/beside.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/system/lock.h"
#include "cli/say/memory.h"

/* What a signal removes; a signal handler may read nothing else. */
static char pending[4096];
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static void end(int number)
{
    unlink(pending);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(const char *name)
{
    snprintf(pending, sizeof pending, "%s", name);
    signal(SIGXFSZ, SIG_IGN); /* files may not be so large: the write then says so */
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (signal(ending[i], end) == SIG_IGN)
            signal(ending[i], SIG_IGN); /* as nohup wants it */
}

static void watch_no_more(void)
{
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (signal(ending[i], SIG_DFL) == SIG_IGN)
            signal(ending[i], SIG_IGN);
    pending[0] = '\0';
}

enum psp_status psp_beside_refuse(const char *path, int error, struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_status_from_errno(error);
    if (status == PSP_ENOSPC || error == EFBIG)
        psp_reason_set(reterr_reason,
                       "%s: the disk is full, or files may not be so large; nothing was written: "
                       "make room, or name a file elsewhere",
                       path);
    else if (status == PSP_ENOENT)
        psp_reason_set(reterr_reason, "%s: there is no such folder; make it first", path);
    else
        psp_reason_set(reterr_reason, "%s: cannot be written: %s", path, strerror(error));
    return status;
}

static enum psp_status check_path(const char *path, struct psp_reason *reterr_reason)
{
    struct stat about;
    if (path[0] == '\0' || strlen(path) + sizeof ".new" > sizeof pending) {
        psp_reason_set(reterr_reason, "a file's name is needed, of at most %zu bytes",
                       sizeof pending - sizeof ".new");
        return PSP_EINVAL;
    }
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        psp_reason_set(reterr_reason, "%s is %s; name a file", path,
                       S_ISDIR(about.st_mode) ? "a folder" : "no regular file");
        return PSP_EINVAL;
    }
    return PSP_OK;
}

/* Between its opening and its lock another call may have renamed it. */
static enum psp_status make_empty(const struct psp_beside *beside, struct psp_reason *reterr_reason)
{
    struct stat locked, named;
    const mode_t mask = umask(0);
    umask(mask);
    if (fstat(beside->lock, &locked) != 0 || stat(beside->name, &named) != 0 ||
        locked.st_ino != named.st_ino || locked.st_dev != named.st_dev) {
        psp_reason_set(reterr_reason, "%s: another call has just written it; call again",
                       beside->path);
        return PSP_EBUSY;
    }
    if (ftruncate(beside->lock, 0) != 0 || fchmod(beside->lock, 0666 & ~mask) != 0)
        return psp_beside_refuse(beside->path, errno, reterr_reason);
    return PSP_OK;
}

enum psp_status psp_beside_open(const char *path, struct psp_beside *ret_beside,
                                struct psp_reason *reterr_reason)
{
    assert(pending[0] == '\0'); /* one at a time */
    enum psp_status status = check_path(path, reterr_reason);
    if (status != PSP_OK)
        return status;
    struct psp_beside beside = {psp_memory_copy(path), psp_memory_print("%s.new", path),
                                PSP_LOCK_NONE};
    status = psp_lock_file(beside.name, &beside.lock);
    if (status == PSP_EBUSY)
        psp_reason_set(reterr_reason, "%s: another call is writing it just now", beside.name);
    else if (status != PSP_OK)
        psp_beside_refuse(path, errno, reterr_reason);
    else
        status = make_empty(&beside, reterr_reason);
    if (status != PSP_OK) {
        psp_lock_release(&beside.lock);
        free(beside.path);
        free(beside.name);
        return status;
    }
    watch(beside.name);
    *ret_beside = beside;
    return PSP_OK;
}

enum psp_status psp_beside_finish(struct psp_beside *beside, struct psp_reason *reterr_reason)
{
    assert(beside->name);
    if (fsync(beside->lock) != 0 || rename(beside->name, beside->path) != 0)
        return psp_beside_refuse(beside->path, errno, reterr_reason);
    watch_no_more();
    const enum psp_status status = psp_file_sync_folder(beside->path);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, beside->path, status);
    free(beside->name);
    beside->name = NULL;
    return status;
}

void psp_beside_close(struct psp_beside *beside)
{
    if (beside->name) {
        unlink(beside->name);
        watch_no_more();
    }
    if (beside->path)
        psp_lock_release(&beside->lock);
    free(beside->name);
    free(beside->path);
    *beside = (struct psp_beside){.lock = PSP_LOCK_NONE};
}
