/*
 * file - whole files in and out, secrets and folders.
 *
 * Ownership: the caller frees what is read.
 * Threads: any.
 */
#ifndef PSP_FILE_H
#define PSP_FILE_H

#include <stddef.h>

#include "base/status.h"

/* Reads the whole file; *ret_data is malloc'ed and ends in a NUL that is not
 * counted. PSP_ENOENT, PSP_EIO (also a folder), PSP_ENOMEM (also a file over
 * `bytes_max`); errno says more. */
enum psp_status psp_file_read(const char *path, size_t bytes_max, char **ret_data,
                              size_t *ret_bytes);

/* The real path, PATH_MAX bytes, of a plain file in the folder or below it, links followed.
 * PSP_ENOENT; PSP_EPERM: a link on the way leads out of the folder. */
enum psp_status psp_file_find_below(const char *folder, const char *name, char *ret_path);

/* Writes beside, syncs and renames, then syncs the folder: after a crash the
 * path has the old content or the new one. `mode` as of open(2).
 * PSP_EIO, PSP_ENOSPC, PSP_ENOENT (no such folder), PSP_ENOMEM. */
enum psp_status psp_file_write(const char *path, const void *data, size_t bytes, unsigned mode);

/* fsync of a folder. PSP_ENOENT, PSP_EIO. */
enum psp_status psp_folder_sync(const char *path);
/* Of the folder that holds `path`: makes a creation or rename durable. */
enum psp_status psp_file_sync_folder(const char *path);

/* Reads a small secret into the caller's memory (no NUL is added). PSP_EPERM:
 * group or others have any right on it; PSP_EINVAL: over `size`; PSP_ENOENT,
 * PSP_EIO (also not a regular file). */
enum psp_status psp_file_read_secret(const char *path, char *ret_text, size_t size,
                                     size_t *ret_bytes);
/* Creates it with mode 0600, durable. PSP_EEXIST: never overwritten. */
enum psp_status psp_file_create_secret(const char *path, const char *text, size_t bytes);

/* mkdir -p; what it makes is durable. */
enum psp_status psp_file_make_folder(const char *path, unsigned mode);

#endif
