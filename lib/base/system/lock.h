/*
 * lock - a folder or a file that one process at a time may have.
 *
 * flock: the kernel lets go when the process ends, however it ends; nothing has to
 * be cleaned up. It holds between opens, so a process cannot take the same lock
 * twice either. It does not hold over a network file system.
 *
 * Ownership: the caller's until released.   Threads: any.
 */
#ifndef PSP_LOCK_H
#define PSP_LOCK_H

#include "base/status.h"

enum { PSP_LOCK_NONE = -1 };

/* PSP_EBUSY: another has it; PSP_ENOENT, PSP_EIO: it cannot be opened. errno says
 * more. *ret_lock is an open file of the folder, also good for fsync. */
enum psp_status psp_lock_folder(const char *path, int *ret_lock);
/* The same of a file, which is made when it is not there. */
enum psp_status psp_lock_file(const char *path, int *ret_lock);
/* PSP_LOCK_NONE, which *lock is afterwards, is fine. */
void psp_lock_release(int *lock);

#endif
