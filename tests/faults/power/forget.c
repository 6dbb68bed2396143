/*
 * forget - loaded before a process's own libraries (LD_PRELOAD), keeps what a power cut would
 * take: of every write its bytes as they were, of every new, moved or removed name the old one.
 * cut.py puts them back, as far as no fsync came after them.
 *
 * FORGET_ROOT: files below this folder are watched. FORGET_RECORDS: a folder on the same file
 * system; each process makes a file PID-TIME of events there (host's byte order, below), and
 * hard links of files whose name goes. FORGET_LIES=1: no fsync is recorded, as on a disk that
 * lies about them: for showing that a lost write is noticed. FORGET_END_AT=N: the process is
 * killed at its event N, before that is done.
 *
 * An event is published before its call is made, and marked done after it: what was killed in
 * between may or may not have happened, and putting it back is right both ways. A write counts as
 * synced when it was done before an fsync of its file began; a name, of its folder.
 * Of writes through mmap nothing is known: LMDB's data is not written so (its lock file is, and
 * need not last).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { WRITE = 1, SIZE, CREATE, RENAME, UNLINK, SYNC };

enum { DESCRIPTORS = 65536, EVENTS_BYTES = 1 << 30, ALIGNED = 8 };

struct event {
    uint32_t bytes; /* of all of it, a multiple of 8; written last: 0 ends the file */
    uint32_t kind;
    uint64_t begun, done;          /* ns, CLOCK_MONOTONIC; done 0: not done */
    uint64_t inode, folder;        /* of the file; of the folder that has the name */
    uint64_t offset, length;       /* of a write; a SIZE's offset is the new size */
    uint64_t size_before;          /* the file's */
    uint64_t before, link;         /* bytes kept of before; number of the kept hard link, or 0 */
    uint32_t path_bytes, to_bytes; /* the paths behind the event, with their NULs */
};

static char root[PATH_MAX], records[PATH_MAX];
static size_t root_bytes;
static int lies;
static uint64_t events_left; /* 0: as many as there are */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *events;
static uint64_t *events_used; /* at the file's begin: shared with a forked child */
static uint8_t watched[DESCRIPTORS];

enum { WATCHED = 1, SYNCED_WRITES = 2 };

/* The C library's own function of that name. */
static void *real(const char *name, void **kept)
{
    if (*kept == NULL)
        *kept = dlsym(RTLD_NEXT, name);
    return *kept;
}
#define REAL(type, name)                                                                           \
    ({                                                                                             \
        static void *kept;                                                                         \
        (type) real(name, &kept);                                                                  \
    })

static uint64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

static void stop(const char *what)
{
    fprintf(stderr, "forget: %s\n", what);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    const char *where = getenv("FORGET_ROOT"), *to = getenv("FORGET_RECORDS");
    if (where == NULL || to == NULL)
        return;
    snprintf(root, sizeof root, "%s", where);
    snprintf(records, sizeof records, "%s", to);
    const char *lie = getenv("FORGET_LIES");
    lies = lie != NULL && *lie == '1';
    const char *end_at = getenv("FORGET_END_AT");
    events_left = end_at == NULL ? 0 : strtoull(end_at, NULL, 10);
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%ld-%llu", records, (long)getpid(), (unsigned long long)now());
    int (*open_it)(const char *, int, ...) = REAL(int (*)(const char *, int, ...), "open");
    int (*size_it)(int, off_t) = REAL(int (*)(int, off_t), "ftruncate");
    const int file = open_it(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || size_it(file, EVENTS_BYTES) != 0)
        stop("cannot make the file of events");
    uint8_t *map = mmap(NULL, EVENTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED)
        stop("cannot map the file of events");
    close(file);
    events_used = (uint64_t *)(void *)map;
    *events_used = sizeof *events_used;
    events = map;
    root_bytes = strlen(root);
}

/* An absolute path without links, if it is the root or below; its last part need not exist. */
static int below_root(int folder, const char *path, char *ret_path)
{
    if (events == NULL)
        return 0;
    char whole[PATH_MAX * 2], parent[PATH_MAX];
    if (path[0] == '/' || folder == AT_FDCWD) {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        char link[64], base[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        const ssize_t n = readlink(link, base, sizeof base - 1);
        if (n < 0)
            return 0;
        base[n] = 0;
        snprintf(whole, sizeof whole, "%s/%s", base, path);
    }
    size_t end = strlen(whole);
    while (end > 1 && whole[end - 1] == '/')
        whole[--end] = 0;
    char *slash = strrchr(whole, '/');
    const char *name = slash == NULL ? whole : slash + 1;
    if (slash != NULL)
        *slash = 0;
    if (realpath(slash == NULL ? "." : slash == whole ? "/" : whole, parent) == NULL)
        return 0;
    if (snprintf(ret_path, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX)
        return 0;
    return strncmp(ret_path, root, root_bytes) == 0 &&
           (ret_path[root_bytes] == 0 || ret_path[root_bytes] == '/');
}

static uint64_t inode_of_folder(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    struct stat about;
    return stat(folder, &about) == 0 ? about.st_ino : 0;
}

static uint64_t inode_of(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0 ? about.st_ino : 0;
}

/* With the mutex held. The event, published; `data` (may be NULL) are its kept bytes. */
static struct event *tell(const struct event *what, const char *path, const char *to,
                          const uint8_t *data)
{
    struct event event = *what;
    event.begun = now();
    event.path_bytes = path == NULL ? 0 : (uint32_t)strlen(path) + 1;
    event.to_bytes = to == NULL ? 0 : (uint32_t)strlen(to) + 1;
    size_t bytes = sizeof event + event.path_bytes + event.to_bytes + event.before;
    bytes = (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
    if (*events_used + bytes + sizeof event > EVENTS_BYTES)
        stop("the file of events is full");
    uint8_t *at = events + *events_used;
    memcpy(at, &event, sizeof event);
    uint8_t *behind = at + sizeof event;
    if (path != NULL)
        memcpy(behind, path, event.path_bytes);
    if (to != NULL)
        memcpy(behind + event.path_bytes, to, event.to_bytes);
    if (data != NULL)
        memcpy(behind + event.path_bytes + event.to_bytes, data, event.before);
    struct event *told = (struct event *)(void *)at;
    *events_used += bytes;
    atomic_thread_fence(memory_order_release);
    told->bytes = (uint32_t)bytes;
    if (events_left > 0 && --events_left == 0)
        kill(getpid(), SIGKILL);
    return told;
}

static void done(struct event *event)
{
    event->done = now();
}

/* A descriptor that was closed may be anything now. */
static int is_watched(int file)
{
    if (events == NULL || file < 0 || file >= DESCRIPTORS || !watched[file])
        return 0;
    struct stat about;
    return fstat(file, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
}

/* Before `bytes` are written at `offset`, or the size becomes it: with the mutex held. */
static struct event *before_change(int file, enum kind kind, uint64_t offset, uint64_t bytes)
{
    struct stat about;
    if (fstat(file, &about) != 0)
        stop("fstat");
    const uint64_t size = (uint64_t)about.st_size;
    struct event event = {.kind = kind,
                          .inode = about.st_ino,
                          .offset = offset,
                          .length = bytes,
                          .size_before = size};
    uint64_t kept = 0;
    if (kind == WRITE)
        kept = offset >= size ? 0 : size - offset < bytes ? size - offset : bytes;
    else
        kept = offset < size ? size - offset : 0;
    uint8_t *data = kept == 0 ? NULL : malloc(kept);
    if (kept > 0) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        const int again = REAL(int (*)(const char *, int, ...), "open")(link, O_RDONLY | O_CLOEXEC);
        if (data == NULL || again < 0 || pread(again, data, kept, (off_t)offset) != (ssize_t)kept)
            stop("cannot read what is about to be written over");
        close(again);
    }
    event.before = kept;
    struct event *told = tell(&event, NULL, NULL, data);
    free(data);
    return told;
}

/* With the mutex held. */
static void tell_sync(uint64_t inode, uint64_t begun)
{
    if (lies)
        return;
    /* `begun` counts, so it must stand before the event is published: length carries it. */
    const struct event event = {.kind = SYNC, .inode = inode, .length = begun};
    done(tell(&event, NULL, NULL, NULL));
}

static void after_change(int file, struct event *event)
{
    done(event);
    if ((watched[file] & SYNCED_WRITES) != 0)
        tell_sync(event->inode, now());
}

/* ---- names ---- */

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    int (*open_it)(int, const char *, int, ...) =
        REAL(int (*)(int, const char *, int, ...), "openat");
    char whole[PATH_MAX];
    if (!below_root(folder, path, whole)) {
        const int file = open_it(folder, path, flags, mode);
        if (file >= 0 && file < DESCRIPTORS)
            watched[file] = 0;
        return file;
    }
    pthread_mutex_lock(&mutex);
    struct event *event = NULL;
    struct stat about;
    const int existed = lstat(whole, &about) == 0;
    if (!existed && (flags & O_CREAT) != 0) {
        const struct event what = {.kind = CREATE, .folder = inode_of_folder(whole)};
        event = tell(&what, whole, NULL, NULL);
    } else if (existed && S_ISREG(about.st_mode) && (flags & O_TRUNC) != 0 && about.st_size > 0) {
        const int file = open_it(folder, path, O_RDWR | O_CLOEXEC);
        if (file >= 0) {
            done(before_change(file, SIZE, 0, 0));
            close(file);
        }
    }
    const int file = open_it(folder, path, flags, mode);
    const int error = errno;
    if (file >= 0 && file < DESCRIPTORS)
        watched[file] = (flags & O_DSYNC) != 0 ? WATCHED | SYNCED_WRITES : WATCHED;
    if (event != NULL) {
        event->inode = inode_of(whole);
        done(event);
    }
    pthread_mutex_unlock(&mutex);
    errno = error;
    return file;
}

#define OPEN(name, at_arguments, at)                                                               \
    __attribute__((visibility("default"))) int name at_arguments                                   \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                                \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, mode_t);                                                           \
            va_end(more);                                                                          \
        }                                                                                          \
        return open_at(at, path, flags, mode);                                                     \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder)

/* A hard link of the file, so that its bytes outlive its name; its number. */
static uint64_t keep(const char *path)
{
    static atomic_uint_least64_t next = 1;
    struct stat about;
    if (lstat(path, &about) != 0 || S_ISDIR(about.st_mode))
        return 0;
    const uint64_t number = (uint64_t)getpid() << 32 | atomic_fetch_add(&next, 1);
    char to[PATH_MAX + 64];
    snprintf(to, sizeof to, "%s/kept-%llu", records, (unsigned long long)number);
    if (link(path, to) != 0)
        stop("cannot keep a file whose name goes");
    return number;
}

__attribute__((visibility("default"))) int renameat(int from_at, const char *from, int to_at,
                                                    const char *to)
{
    int (*rename_it)(int, const char *, int, const char *) =
        REAL(int (*)(int, const char *, int, const char *), "renameat");
    char old[PATH_MAX], new[PATH_MAX];
    if (!below_root(from_at, from, old) || !below_root(to_at, to, new))
        return rename_it(from_at, from, to_at, to);
    pthread_mutex_lock(&mutex);
    const struct event what = {
        .kind = RENAME, .inode = inode_of(old), .folder = inode_of_folder(new), .link = keep(new)};
    struct event *event = tell(&what, old, new, NULL);
    const int failed = rename_it(from_at, from, to_at, to);
    const int error = errno;
    if (failed == 0)
        done(event);
    else
        event->kind = SYNC, event->inode = 0; /* nothing happened */
    pthread_mutex_unlock(&mutex);
    errno = error;
    return failed;
}

__attribute__((visibility("default"))) int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

__attribute__((visibility("default"))) int unlinkat(int folder, const char *path, int flags)
{
    int (*unlink_it)(int, const char *, int) = REAL(int (*)(int, const char *, int), "unlinkat");
    char whole[PATH_MAX];
    if (!below_root(folder, path, whole) || (flags & AT_REMOVEDIR) != 0 || inode_of(whole) == 0)
        return unlink_it(folder, path, flags);
    pthread_mutex_lock(&mutex);
    const struct event what = {.kind = UNLINK,
                               .inode = inode_of(whole),
                               .folder = inode_of_folder(whole),
                               .link = keep(whole)};
    struct event *event = tell(&what, whole, NULL, NULL);
    const int failed = unlink_it(folder, path, flags);
    const int error = errno;
    done(event);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return failed;
}

__attribute__((visibility("default"))) int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

__attribute__((visibility("default"))) int mkdir(const char *path, mode_t mode)
{
    int (*mkdir_it)(const char *, mode_t) = REAL(int (*)(const char *, mode_t), "mkdir");
    char whole[PATH_MAX];
    if (!below_root(AT_FDCWD, path, whole) || inode_of(whole) != 0)
        return mkdir_it(path, mode);
    pthread_mutex_lock(&mutex);
    const struct event what = {.kind = CREATE, .folder = inode_of_folder(whole)};
    struct event *event = tell(&what, whole, NULL, NULL);
    const int failed = mkdir_it(path, mode);
    const int error = errno;
    event->inode = inode_of(whole);
    done(event);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return failed;
}

/* ---- bytes ---- */

static ssize_t write_at(int file, const struct iovec *parts, int n, int64_t offset)
{
    ssize_t (*writev_it)(int, const struct iovec *, int) =
        REAL(ssize_t(*)(int, const struct iovec *, int), "writev");
    ssize_t (*pwritev_it)(int, const struct iovec *, int, off_t) =
        REAL(ssize_t(*)(int, const struct iovec *, int, off_t), "pwritev");
    if (!is_watched(file))
        return offset < 0 ? writev_it(file, parts, n) : pwritev_it(file, parts, n, offset);
    pthread_mutex_lock(&mutex);
    uint64_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += parts[i].iov_len;
    off_t at = offset;
    if (offset < 0)
        at = (fcntl(file, F_GETFL) & O_APPEND) != 0 ? lseek(file, 0, SEEK_END)
                                                    : lseek(file, 0, SEEK_CUR);
    struct event *event = at < 0 ? NULL : before_change(file, WRITE, (uint64_t)at, bytes);
    const ssize_t written =
        offset < 0 ? writev_it(file, parts, n) : pwritev_it(file, parts, n, offset);
    const int error = errno;
    if (event != NULL)
        after_change(file, event);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return written;
}

__attribute__((visibility("default"))) ssize_t pwritev(int file, const struct iovec *parts, int n,
                                                       off_t offset)
{
    return write_at(file, parts, n, offset);
}

__attribute__((visibility("default"))) ssize_t pwritev64(int file, const struct iovec *parts, int n,
                                                         off_t offset)
{
    return write_at(file, parts, n, offset);
}

__attribute__((visibility("default"))) ssize_t writev(int file, const struct iovec *parts, int n)
{
    return write_at(file, parts, n, -1);
}

__attribute__((visibility("default"))) ssize_t pwrite(int file, const void *data, size_t bytes,
                                                      off_t offset)
{
    const struct iovec part = {(void *)(uintptr_t)data, bytes};
    return write_at(file, &part, 1, offset);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int file, const void *data, size_t bytes,
                                                        off_t offset)
{
    return pwrite(file, data, bytes, offset);
}

__attribute__((visibility("default"))) ssize_t write(int file, const void *data, size_t bytes)
{
    const struct iovec part = {(void *)(uintptr_t)data, bytes};
    return write_at(file, &part, 1, -1);
}

__attribute__((visibility("default"))) int ftruncate(int file, off_t bytes)
{
    int (*size_it)(int, off_t) = REAL(int (*)(int, off_t), "ftruncate");
    if (!is_watched(file))
        return size_it(file, bytes);
    pthread_mutex_lock(&mutex);
    struct event *event = before_change(file, SIZE, (uint64_t)bytes, 0);
    const int failed = size_it(file, bytes);
    const int error = errno;
    after_change(file, event);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return failed;
}

__attribute__((visibility("default"))) int ftruncate64(int file, off_t bytes)
{
    return ftruncate(file, bytes);
}

/* ---- syncs ---- */

static int sync_it(int file, const char *name)
{
    int (*real_sync)(int) =
        name[1] == 's' ? REAL(int (*)(int), "fsync") : REAL(int (*)(int), "fdatasync");
    const uint64_t begun = now();
    const int failed = real_sync(file);
    const int error = errno;
    struct stat about;
    if (failed == 0 && is_watched(file) && fstat(file, &about) == 0) {
        pthread_mutex_lock(&mutex);
        tell_sync(about.st_ino, begun);
        pthread_mutex_unlock(&mutex);
    }
    errno = error;
    return failed;
}

__attribute__((visibility("default"))) int fsync(int file)
{
    return sync_it(file, "fsync");
}

__attribute__((visibility("default"))) int fdatasync(int file)
{
    return sync_it(file, "fdatasync");
}
