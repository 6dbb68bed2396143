/*
 * failing_writes - a disk that fails when it is told to: preloaded into a daemon by
 * test_failing_writes.py.
 *
 * While the file PSP_FAIL_WHEN is there, a write or sync of a file whose path has one of the
 * texts of PSP_FAIL_AT (a colon between two) fails with EIO, after PSP_FAIL_AFTER_MS milliseconds.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_meant(const char *path, const char *list)
{
    char texts[PATH_MAX], *rest = texts;
    snprintf(texts, sizeof texts, "%s", list);
    for (const char *text = strsep(&rest, ":"); text != NULL; text = strsep(&rest, ":"))
        if (strstr(path, text) != NULL)
            return true;
    return false;
}

static bool fails(int file)
{
    const char *at = getenv("PSP_FAIL_AT"), *when = getenv("PSP_FAIL_WHEN");
    const char *after = getenv("PSP_FAIL_AFTER_MS");
    char name[64], path[PATH_MAX];
    if (at == NULL || when == NULL || access(when, F_OK) != 0)
        return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    const ssize_t n = readlink(name, path, sizeof path - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    if (!is_meant(path, at))
        return false;
    if (after != NULL)
        usleep((useconds_t)strtoul(after, NULL, 10) * 1000);
    errno = EIO;
    return true;
}

#define REAL(name, type) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))

ssize_t pwrite64(int file, const void *bytes, size_t n, off64_t offset)
{
    return fails(file) ? -1
                       : REAL("pwrite64", ssize_t(*)(int, const void *, size_t, off64_t))(
                             file, bytes, n, offset);
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t offset)
{
    return pwrite64(file, bytes, n, offset);
}

ssize_t pwritev64(int file, const struct iovec *blocks, int n, off64_t offset)
{
    return fails(file) ? -1
                       : REAL("pwritev64", ssize_t(*)(int, const struct iovec *, int, off64_t))(
                             file, blocks, n, offset);
}

ssize_t pwritev(int file, const struct iovec *blocks, int n, off_t offset)
{
    return pwritev64(file, blocks, n, offset);
}

int fdatasync(int file)
{
    return fails(file) ? -1 : REAL("fdatasync", int (*)(int))(file);
}

int fsync(int file)
{
    return fails(file) ? -1 : REAL("fsync", int (*)(int))(file);
}
