/* What a person reads of a status, and which of them stands for errno. */
#include "base/status.h"

#include <errno.h>

const char *psp_status_text(enum psp_status status)
{
    switch (status) {
    case PSP_OK:
        return "done";
    case PSP_EINVAL:
        return "invalid input";
    case PSP_ENOMEM:
        return "out of memory";
    case PSP_EIO:
        return "input or output failed";
    case PSP_ENOSPC:
        return "disk full";
    case PSP_ENOENT:
        return "not found";
    case PSP_EEXIST:
        return "exists already";
    case PSP_ECORRUPT:
        return "stored data is damaged";
    case PSP_EVERSION:
        return "unknown format or protocol version";
    case PSP_EMISMATCH:
        return "belongs to another cluster, election or key";
    case PSP_EACCES:
        return "permission denied";
    case PSP_EPERM:
        return "not allowed";
    case PSP_EBUSY:
        return "busy";
    case PSP_EAGAIN:
        return "nothing to do now";
    case PSP_ETIMEDOUT:
        return "no answer in time";
    case PSP_EUNREACHABLE:
        return "not connected";
    case PSP_ENOTLEADER:
        return "not the leader";
    case PSP_EDIVERGED:
        return "replicas disagree";
    case PSP_STALE:
        return "superseded";
    }
    return "unknown status";
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
