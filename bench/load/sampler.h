/*
 * sampler - CPU time, memory and written bytes of processes, from /proc.
 *
 * Threads: one owner.   Memory: fixed.
 */
#ifndef PSP_BENCH_SAMPLER_H
#define PSP_BENCH_SAMPLER_H

#include <stdint.h>
#include <sys/types.h>

enum { PSP_SAMPLER_MAX = 320 };

struct psp_sampled {
    char name[32]; /* "shard-0-0" */
    pid_t pid;
};

struct psp_usage {
    double cpu_s;                  /* user and system, all threads */
    uint64_t rss_bytes, hwm_bytes; /* now, and at the most so far */
    uint64_t written_bytes;        /* handed to the disk, or to be */
};

struct psp_sampler {
    uint32_t n;
    struct psp_sampled processes[PSP_SAMPLER_MAX];
};

/* Adds every process that DIR/run/NAME.pid names. */
void psp_sampler_add_cluster(struct psp_sampler *sampler, const char *directory);
void psp_sampler_add(struct psp_sampler *sampler, const char *name, pid_t pid);
/* Zeros for a process that is gone. */
void psp_sampler_look(const struct psp_sampler *sampler, uint32_t process,
                      struct psp_usage *ret_usage);

/* Bytes allocated on disk below a folder. */
uint64_t psp_sampler_disk_bytes(const char *directory);

#endif
