/*
 * disk - the file access that the log needs, as a table of functions.
 *
 * The real one is POSIX. The simulator gives another that loses unsynced
 * writes, tears them, corrupts them and fills up. Files are small integers.
 *
 * Every function returns PSP_OK, PSP_ENOENT, PSP_EEXIST, PSP_EBUSY (lock),
 * PSP_ENOSPC or PSP_EIO. A failed write or sync is final: the caller gives up.
 *
 * Threads: as the caller uses it; the POSIX one is stateless.
 */
#ifndef PSP_DISK_H
#define PSP_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum psp_disk_mode {
    PSP_DISK_READ,   /* must exist */
    PSP_DISK_WRITE,  /* must exist; read and write */
    PSP_DISK_CREATE, /* must not exist; read and write, mode 0600 */
};

struct psp_disk_block {
    const void *data;
    size_t bytes;
};

struct psp_disk {
    void *context; /* handed to every function */

    /* Makes the folder unless it exists. */
    enum psp_status (*make_folder)(void *context, const char *path);
    /* Exclusive, until unlock or the process ends. PSP_EBUSY: another has it. */
    enum psp_status (*lock)(void *context, const char *path, int *ret_lock);
    void (*unlock)(void *context, int lock);
    /* Calls visit for every name in the folder, in any order. */
    enum psp_status (*list)(void *context, const char *path,
                            void (*visit)(void *user, const char *name), void *user);
    enum psp_status (*open)(void *context, const char *path, enum psp_disk_mode mode,
                            int *ret_file);
    void (*close)(void *context, int file);
    enum psp_status (*size)(void *context, int file, uint64_t *ret_bytes);
    /* Reads up to `bytes`; fewer only at the end of the file. */
    enum psp_status (*read)(void *context, int file, uint64_t offset, void *ret_data, size_t bytes,
                            size_t *ret_bytes);
    enum psp_status (*write)(void *context, int file, uint64_t offset,
                             const struct psp_disk_block *blocks, size_t n);
    enum psp_status (*sync)(void *context, int file);
    /* A synced file that is hardly read again: it need not stay in memory. */
    void (*forget)(void *context, int file);
    enum psp_status (*truncate)(void *context, int file, uint64_t bytes);
    enum psp_status (*rename)(void *context, const char *from, const char *to);
    enum psp_status (*remove)(void *context, const char *path);
    /* Makes names in the folder (create, rename, remove) durable. */
    enum psp_status (*sync_folder)(void *context, const char *path);
};

/* The real one; static. */
const struct psp_disk *psp_disk_posix(void);

#endif
