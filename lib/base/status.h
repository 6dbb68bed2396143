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

enum psp_status {
    PSP_OK = 0,
    PSP_EINVAL,       /* input breaks a documented rule */
    PSP_ENOMEM,       /* memory or a configured bound is exhausted */
    PSP_EIO,          /* read, write or fsync failed: final, never retried */
    PSP_ENOSPC,       /* the disk is full */
    PSP_ENOENT,       /* no such file, key or entry */
    PSP_EEXIST,       /* it exists already */
    PSP_ECORRUPT,     /* stored data fails its checksum or contradicts itself */
    PSP_EVERSION,     /* unknown format or protocol version */
    PSP_EMISMATCH,    /* belongs to another cluster, election or key */
    PSP_EACCES,       /* the system lets this user not read or write it */
    PSP_EPERM,        /* the key's role does not allow it */
    PSP_EBUSY,        /* a bound is reached; definitely not done */
    PSP_EAGAIN,       /* nothing to do now */
    PSP_ETIMEDOUT,    /* no answer: whether it was done is unknown */
    PSP_EUNREACHABLE, /* no such peer is connected */
    PSP_ENOTLEADER,   /* another replica leads */
    PSP_EDIVERGED,    /* two replicas disagree at the same index */
    PSP_STALE,        /* superseded or identical; not a fault */
};

/* A short lower-case phrase, e.g. "disk full". Never NULL. */
const char *psp_status_text(enum psp_status status);

/* PSP_ENOSPC, PSP_ENOMEM, PSP_ENOENT, PSP_EEXIST, PSP_EACCES, else PSP_EIO. */
enum psp_status psp_status_from_errno(int error);

#endif
