/* Never waits: who has it is told apart from who cannot open it. */
#include "base/system/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/system/descriptors.h"

static enum psp_status take(int lock, int *ret_lock)
{
    if (lock < 0)
        return psp_status_from_errno(errno);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        close(lock);
        errno = error;
        return error == EWOULDBLOCK ? PSP_EBUSY : psp_status_from_errno(error);
    }
    *ret_lock = lock;
    return PSP_OK;
}

enum psp_status psp_lock_folder(const char *path, int *ret_lock)
{
    return take(psp_descriptors_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), ret_lock);
}

enum psp_status psp_lock_file(const char *path, int *ret_lock)
{
    return take(psp_descriptors_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), ret_lock);
}

void psp_lock_release(int *lock)
{
    if (*lock >= 0)
        close(*lock);
    *lock = PSP_LOCK_NONE;
}
