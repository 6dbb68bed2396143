/* The real disk: POSIX, with what each call owes to power loss. */
#include "journal/disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/system/descriptors.h"
#include "base/system/file.h"
#include "base/system/lock.h"

enum { BLOCKS_A_WRITE = 512 }; /* below IOV_MAX everywhere */

static enum psp_status posix_make_folder(void *context, const char *path)
{
    (void)context;
    if (mkdir(path, 0700) == 0)
        return psp_file_sync_folder(path); /* else a power cut takes the log, folder and all */
    if (errno == EEXIST)
        return PSP_OK;
    return psp_status_from_errno(errno);
}

static enum psp_status posix_lock(void *context, const char *path, int *ret_lock)
{
    (void)context;
    return psp_lock_folder(path, ret_lock);
}

static void posix_close(void *context, int file)
{
    (void)context;
    close(file);
}

static enum psp_status posix_list(void *context, const char *path,
                                  void (*visit)(void *user, const char *name), void *user)
{
    (void)context;
    psp_descriptors_lend();
    DIR *folder = opendir(path);
    psp_descriptors_take_back();
    if (folder == NULL)
        return psp_status_from_errno(errno);
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL; errno = 0)
        visit(user, entry->d_name);
    const int error = errno;
    closedir(folder);
    return error == 0 ? PSP_OK : psp_status_from_errno(error);
}

static enum psp_status posix_open(void *context, const char *path, enum psp_disk_mode mode,
                                  int *ret_file)
{
    (void)context;
    int flags = O_CLOEXEC;
    switch (mode) {
    case PSP_DISK_READ:
        flags |= O_RDONLY;
        break;
    case PSP_DISK_WRITE:
        flags |= O_RDWR;
        break;
    case PSP_DISK_CREATE:
        flags |= O_RDWR | O_CREAT | O_EXCL;
        break;
    }
    const int file = psp_descriptors_open(path, flags, 0600);
    if (file < 0)
        return psp_status_from_errno(errno);
    *ret_file = file;
    return PSP_OK;
}

static enum psp_status posix_size(void *context, int file, uint64_t *ret_bytes)
{
    (void)context;
    struct stat facts;
    if (fstat(file, &facts) != 0)
        return psp_status_from_errno(errno);
    *ret_bytes = (uint64_t)facts.st_size;
    return PSP_OK;
}

static enum psp_status posix_read(void *context, int file, uint64_t offset, void *ret_data,
                                  size_t bytes, size_t *ret_bytes)
{
    (void)context;
    size_t done = 0;
    assert(file >= 0);
    while (done < bytes) {
        const ssize_t n =
            pread(file, (uint8_t *)ret_data + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return psp_status_from_errno(errno);
        if (n == 0)
            break;
        done += (size_t)n;
        assert(done <= bytes);
    }
    *ret_bytes = done;
    return PSP_OK;
}

/* Drops `bytes` from the front of the blocks still to write. */
static struct iovec *skip_written(struct iovec *at, struct iovec *end, size_t bytes)
{
    while (at < end && bytes >= at->iov_len) {
        bytes -= at->iov_len;
        at++;
    }
    if (at < end) {
        assert(bytes < at->iov_len);
        at->iov_base = (uint8_t *)at->iov_base + bytes;
        at->iov_len -= bytes;
    }
    return at;
}

static enum psp_status posix_write(void *context, int file, uint64_t offset,
                                   const struct psp_disk_block *blocks, size_t n)
{
    (void)context;
    struct iovec vectors[BLOCKS_A_WRITE];
    assert(file >= 0);
    assert(blocks != NULL);
    for (size_t first = 0; first < n; first += BLOCKS_A_WRITE) {
        const size_t count = n - first < BLOCKS_A_WRITE ? n - first : BLOCKS_A_WRITE;
        for (size_t i = 0; i < count; i++) {
            memcpy(&vectors[i].iov_base, &blocks[first + i].data, sizeof(void *));
            vectors[i].iov_len = blocks[first + i].bytes;
        }
        struct iovec *at = vectors, *end = vectors + count;
        while ((at = skip_written(at, end, 0)) < end) {
            const ssize_t written = pwritev(file, at, (int)(end - at), (off_t)offset);
            if (written < 0 && errno == EINTR)
                continue;
            if (written < 0)
                return psp_status_from_errno(errno);
            offset += (uint64_t)written;
            at = skip_written(at, end, (size_t)written);
        }
    }
    return PSP_OK;
}

static enum psp_status posix_sync(void *context, int file)
{
    (void)context;
    assert(file >= 0);
    return fdatasync(file) == 0 ? PSP_OK : psp_status_from_errno(errno);
}

/* Pages of the cache that are used anew cost less than ever more of them, and the
 * store's stay in it. */
static void posix_forget(void *context, int file)
{
    (void)context;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); /* a wish */
}

static enum psp_status posix_truncate(void *context, int file, uint64_t bytes)
{
    (void)context;
    return ftruncate(file, (off_t)bytes) == 0 ? PSP_OK : psp_status_from_errno(errno);
}

static enum psp_status posix_rename(void *context, const char *from, const char *to)
{
    (void)context;
    return rename(from, to) == 0 ? PSP_OK : psp_status_from_errno(errno);
}

static enum psp_status posix_remove(void *context, const char *path)
{
    (void)context;
    return unlink(path) == 0 ? PSP_OK : psp_status_from_errno(errno);
}

static enum psp_status posix_sync_folder(void *context, const char *path)
{
    (void)context;
    return psp_folder_sync(path);
}

const struct psp_disk *psp_disk_posix(void)
{
    static const struct psp_disk disk = {
        .make_folder = posix_make_folder,
        .lock = posix_lock,
        .unlock = posix_close,
        .list = posix_list,
        .open = posix_open,
        .close = posix_close,
        .size = posix_size,
        .read = posix_read,
        .write = posix_write,
        .sync = posix_sync,
        .forget = posix_forget,
        .truncate = posix_truncate,
        .rename = posix_rename,
        .remove = posix_remove,
        .sync_folder = posix_sync_folder,
    };
    return &disk;
}
