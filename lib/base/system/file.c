/* Written beside, synced, renamed, and the folder synced: old or new, never half. */
#include "base/system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/descriptors.h"

/* Reads to the end rather than trusting the size: a pipe has none. */
static enum psp_status read_all(int fd, size_t bytes_max, size_t size, char **ret_data,
                                size_t *ret_bytes)
{
    char *data = NULL;
    size_t used = 0;
    for (size_t room = size;; room = 2 * room) {
        char *larger = realloc(data, room + 1);
        if (larger == NULL)
            goto no_memory;
        data = larger;
        ssize_t n = 1;
        while (used < room && (n = read(fd, data + used, room - used)) > 0)
            used += (size_t)n;
        if (n < 0) {
            free(data);
            return PSP_EIO;
        }
        if (used > bytes_max) {
            errno = EFBIG;
            goto no_memory;
        }
        if (n == 0)
            break;
    }
    data[used] = '\0';
    *ret_data = data;
    *ret_bytes = used;
    return PSP_OK;
no_memory:
    free(data);
    return PSP_ENOMEM;
}

enum psp_status psp_file_read(const char *path, size_t bytes_max, char **ret_data,
                              size_t *ret_bytes)
{
    enum { SIZE_MIN = 4096 };
    const int fd = psp_descriptors_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return psp_status_from_errno(errno);
    struct stat about;
    enum psp_status status = PSP_EIO;
    if (fstat(fd, &about) == 0) {
        /* One byte more than the file has, so that the first pass sees its end. */
        const size_t size = about.st_size > SIZE_MIN ? (size_t)about.st_size + 1 : SIZE_MIN;
        status = read_all(fd, bytes_max, size, ret_data, ret_bytes);
    }
    const int error = errno;
    close(fd);
    errno = error;
    return status;
}

enum psp_status psp_file_find_below(const char *folder, const char *name, char *ret_path)
{
    char real[PATH_MAX], path[PATH_MAX], found[PATH_MAX];
    struct stat about;
    if (!realpath(folder, real) ||
        snprintf(path, sizeof path, "%s/%s", real, name) >= (int)sizeof path ||
        !realpath(path, found) || stat(found, &about) != 0 || !S_ISREG(about.st_mode))
        return PSP_ENOENT;
    const size_t length = strlen(real);
    const bool root = length == 1; /* "/" */
    if (!root && (strncmp(found, real, length) != 0 || found[length] != '/'))
        return PSP_EPERM;
    memcpy(ret_path, found, strlen(found) + 1);
    return PSP_OK;
}

static enum psp_status write_all(int fd, const char *data, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        const ssize_t n = write(fd, data + at, bytes - at);
        if (n < 0)
            return psp_status_from_errno(errno);
        at += (size_t)n;
    }
    return fsync(fd) == 0 ? PSP_OK : psp_status_from_errno(errno);
}

enum psp_status psp_folder_sync(const char *path)
{
    const int folder = psp_descriptors_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (folder < 0)
        return psp_status_from_errno(errno);
    const enum psp_status status = fsync(folder) == 0 ? PSP_OK : psp_status_from_errno(errno);
    close(folder);
    return status;
}

enum psp_status psp_file_sync_folder(const char *path)
{
    size_t bytes = strlen(path);
    while (bytes > 1 && path[bytes - 1] == '/') /* of the name, not between it and the folder */
        bytes--;
    while (bytes > 0 && path[bytes - 1] != '/')
        bytes--;
    char *folder = bytes == 0 ? strdup(".") : strndup(path, bytes);
    if (folder == NULL)
        return PSP_ENOMEM;
    const enum psp_status status = psp_folder_sync(folder);
    free(folder);
    return status;
}

enum psp_status psp_file_write(const char *path, const void *data, size_t bytes, unsigned mode)
{
    char *beside;
    if (asprintf(&beside, "%s.new", path) < 0)
        return PSP_ENOMEM;
    const int fd = psp_descriptors_open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    enum psp_status status = fd < 0 ? psp_status_from_errno(errno) : write_all(fd, data, bytes);
    if (fd >= 0 && close(fd) != 0 && status == PSP_OK)
        status = psp_status_from_errno(errno);
    if (status == PSP_OK && rename(beside, path) != 0)
        status = psp_status_from_errno(errno);
    if (status == PSP_OK)
        status = psp_file_sync_folder(path);
    else if (fd >= 0)
        unlink(beside);
    free(beside);
    return status;
}

enum psp_status psp_file_read_secret(const char *path, char *ret_text, size_t size,
                                     size_t *ret_bytes)
{
    const int fd = psp_descriptors_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return psp_status_from_errno(errno);
    struct stat about;
    enum psp_status status = PSP_EIO;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        goto end;
    status = PSP_EPERM;
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        goto end;
    status = PSP_EINVAL;
    if (about.st_size < 0 || (size_t)about.st_size > size)
        goto end;
    const ssize_t n = read(fd, ret_text, size);
    status = n < 0 ? PSP_EIO : PSP_OK;
    if (n >= 0)
        *ret_bytes = (size_t)n;
end:
    close(fd);
    return status;
}

enum psp_status psp_file_create_secret(const char *path, const char *text, size_t bytes)
{
    const int fd =
        psp_descriptors_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return psp_status_from_errno(errno);
    enum psp_status status = write_all(fd, text, bytes);
    if (close(fd) != 0 && status == PSP_OK)
        status = psp_status_from_errno(errno);
    if (status != PSP_OK) {
        unlink(path);
        return status;
    }
    return psp_file_sync_folder(path);
}

enum psp_status psp_file_make_folder(const char *path, unsigned mode)
{
    char *prefix = strdup(path);
    if (prefix == NULL)
        return PSP_ENOMEM;
    enum psp_status status = PSP_OK;
    for (char *at = prefix; status == PSP_OK && *at != '\0';) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        const char end = *at;
        *at = '\0';
        if (mkdir(prefix, (mode_t)mode) == 0)
            status = psp_file_sync_folder(prefix);
        else if (errno != EEXIST)
            status = psp_status_from_errno(errno);
        *at = end;
    }
    free(prefix);
    struct stat about;
    if (status == PSP_OK && (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)))
        status = PSP_EIO;
    return status;
}
