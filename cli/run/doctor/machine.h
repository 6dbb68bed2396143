/*
 * machine - what this machine allows its processes, how much memory it has, and whether
 * anybody keeps its clock.
 *
 * Threads: one owner.
 */
#ifndef PSP_DOCTOR_MACHINE_H
#define PSP_DOCTOR_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/run/doctor/findings.h"

enum {
    PSP_DOCTOR_FILES_MIN = 1024,         /* of any process: sockets, segments, store */
    PSP_DOCTOR_FILES_VIEWERS_MIN = 2048, /* a collector's: 1,024 viewers, and the rest */
    PSP_DOCTOR_VOTER_BYTES = 50,         /* of RAM: docs/operations.md, "Sizing" */
    PSP_DOCTOR_REPLICA_BYTES = 30 << 20,
    PSP_DOCTOR_CLOCK_ERROR_MAX_MS = 1000, /* that the kernel thinks possible */
};

struct psp_limits { /* UINT64_MAX: none */
    uint64_t files, file_bytes, memory_bytes, processes;
};
/* Of the process, as /proc tells; false: not to be seen. */
bool psp_limits_read(pid_t pid, struct psp_limits *ret_limits);
/* `name`: of the process, or of who will start them. */
void psp_limits_judge(struct psp_findings *findings, const char *name, bool viewers,
                      const struct psp_limits *limits);

struct psp_vm {
    uint64_t available_bytes; /* of memory */
    unsigned overcommit;      /* vm.overcommit_memory */
    uint64_t maps_max;        /* vm.max_map_count; 0 not known */
};
bool psp_vm_read(struct psp_vm *ret_vm);
/* `voters`: that the replicas here will know together, UINT64_MAX: nobody says how many. */
void psp_vm_judge(struct psp_findings *findings, const struct psp_vm *vm, uint64_t voters,
                  uint32_t replicas);

struct psp_time_sync {
    bool told, synchronised; /* by the kernel */
    uint64_t error_ms;       /* the largest that it thinks possible */
    char keeper[32];         /* "chronyd", or ""; of those that run here */
};
void psp_time_sync_read(struct psp_time_sync *ret_sync);
/* `alone`: there is no other machine to agree with. */
void psp_time_sync_judge(struct psp_findings *findings, const struct psp_time_sync *sync,
                         bool alone);

#endif
