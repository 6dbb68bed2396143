/*
 * disk - whether a folder's disk keeps what it says it has written, how fast, and
 * whether the night fits on it.
 *
 * Every receipt stands on an fsync. One that returns sooner than any device can write has
 * not written: a library in between, a virtual disk that is told to ignore it, a file
 * system in memory. No program can prove the opposite; a time that is possible is only
 * not suspicious.
 *
 * Threads: one owner.
 */
#ifndef PSP_DOCTOR_DISK_H
#define PSP_DOCTOR_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "cli/run/doctor/findings.h"

enum {
    PSP_DOCTOR_SYNC_FASTEST_US = 10,   /* no device's write is faster: below, nothing was written */
    PSP_DOCTOR_SYNC_TURNING_US = 1000, /* nor that of a disk that turns, unless a cache answers */
    PSP_DOCTOR_SYNC_SLOW_MS = 100,     /* 99th percentile: receipts are late */
    PSP_DOCTOR_SYNC_TOO_SLOW_MS = 1000, /* a leader hands over */
    PSP_DOCTOR_WRITE_SLOW_MB = 20,      /* a second */
    PSP_DOCTOR_WRITE_TOO_SLOW_MB = 2,
    PSP_DOCTOR_BALLOT_BYTES = 70, /* journal and store, a replica: docs/performance.md, "Large" */
    PSP_DOCTOR_COLLECTOR_BYTES = 100 << 20,
};

struct psp_disk {
    char type[32];                           /* of the file system: "ext4" */
    bool in_memory, no_barriers;             /* tmpfs; mounted so that a cache is never flushed */
    bool turns_known, turns;                 /* the kernel says that the disk turns */
    uint32_t syncs;                          /* that were timed */
    double sync_us, sync_99_us, mb_a_second; /* median, 99th percentile; 0 MB: not measured */
    uint64_t free_bytes;                     /* for who is not root */
};

/* Writes into the folder for about 2 s, and removes what it wrote. PSP_ENOENT,
 * PSP_EPERM, PSP_ENOSPC, PSP_EIO. */
enum psp_status psp_disk_measure(const char *folder, struct psp_disk *ret_disk,
                                 struct psp_reason *reterr_reason);

/* Two findings: whether an fsync is true, and how fast the disk is. */
void psp_disk_judge(struct psp_findings *findings, const char *folder, const struct psp_disk *disk);
/* `ballots`: that will be written there, all replicas together; UINT64_MAX: nobody says.
 * `others`: bytes of what is not ballots. */
void psp_disk_judge_space(struct psp_findings *findings, const char *folder, uint64_t free_bytes,
                          uint64_t ballots, uint64_t others);

#endif
