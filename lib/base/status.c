/* What a person reads of a status, and which of them stands for errno. */
#include "base/status.h"

#include <errno.h>
#include <stddef.h>

const char *psp_status_text(enum psp_status status)
{
    static const char *const texts[] = {
#define X(NAME, text) [PSP_##NAME] = text,
        PSP_STATUSES(X)
#undef X
    };
    return (size_t)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}

enum psp_status psp_status_from_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return PSP_ENOSPC;
    case ENOMEM:
        return PSP_ENOMEM;
    case ENOENT:
        return PSP_ENOENT;
    case EEXIST:
        return PSP_EEXIST;
    case EACCES:
    case EPERM:
    case EROFS:
        return PSP_EACCES;
    default:
        return PSP_EIO;
    }
}
