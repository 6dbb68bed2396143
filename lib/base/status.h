/*
 * status - the one list of outcomes that functions return.
 *
 * PSP_OK is 0. Libraries return a status and never log; the loop's edge or main
 * logs it once, with what a person needs to act. A bad ballot is a result, not
 * a status.
 *
 * Threads: any.
 */
#ifndef PSP_STATUS_H
#define PSP_STATUS_H

/* X(NAME, a short lower-case phrase) */
#define PSP_STATUSES(X)                                                                            \
    X(OK, "done")                                                                                  \
    X(EINVAL, "invalid input")       /* it breaks a documented rule */                             \
    X(ENOMEM, "out of memory")       /* or a configured bound is exhausted */                      \
    X(EIO, "input or output failed") /* read, write, fsync: final, never retried */                \
    X(ENOSPC, "disk full")                                                                         \
    X(ENOENT, "not found")                                                                         \
    X(EEXIST, "exists already")                                                                    \
    X(ECORRUPT, "stored data is damaged") /* or contradicts itself */                              \
    X(EVERSION, "unknown format or protocol version")                                              \
    X(EMISMATCH, "belongs to another cluster, election or key")                                    \
    X(EACCES, "permission denied") /* the file system does not let this process */                 \
    X(EPERM, "not allowed")        /* to this key's role */                                        \
    X(EBUSY, "busy")               /* a bound is reached; definitely not done */                   \
    X(EAGAIN, "nothing to do now")                                                                 \
    X(ETIMEDOUT, "no answer in time") /* whether it was done is unknown */                         \
    X(EUNREACHABLE, "not connected")                                                               \
    X(ENOTLEADER, "not the leader")   /* another replica leads */                                  \
    X(EDIVERGED, "replicas disagree") /* at the same index */                                      \
    X(STALE, "superseded")            /* or identical; not a fault */

enum psp_status {
#define X(NAME, text) PSP_##NAME,
    PSP_STATUSES(X)
#undef X
};

/* The phrase, e.g. "disk full"; "unknown status" for another number. */
const char *psp_status_text(enum psp_status status);

/* PSP_ENOSPC, PSP_ENOMEM, PSP_ENOENT, PSP_EEXIST, PSP_EACCES, else PSP_EIO. */
enum psp_status psp_status_from_errno(int error);

#endif
