/* Reads /proc and asks the kernel's clock; every verdict is of plain numbers. */
#include "cli/run/doctor/machine.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

/* ---- limits ---- */

static bool read_limit(const char *line, const char *name, uint64_t *ret_limit)
{
    const size_t length = strlen(name);
    if (strncmp(line, name, length) != 0)
        return false;
    while (line[length] == ' ')
        line++;
    *ret_limit = isdigit((unsigned char)line[length]) ? strtoull(line + length, NULL, 10)
                                                      : UINT64_MAX; /* "unlimited" */
    return true;
}

bool psp_limits_read(pid_t pid, struct psp_limits *ret_limits)
{
    char path[64], line[256];
    struct psp_limits limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    bool seen = false;
    snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        seen |= read_limit(line, "Max open files", &limits.files);
        read_limit(line, "Max file size", &limits.file_bytes);
        read_limit(line, "Max address space", &limits.memory_bytes);
        read_limit(line, "Max processes", &limits.processes);
    }
    if (file)
        fclose(file);
    if (seen)
        *ret_limits = limits;
    return seen;
}

void psp_limits_judge(struct psp_findings *findings, const char *name, bool viewers,
                      const struct psp_limits *limits)
{
    static const char check[] = "limits";
    enum { PROCESSES_MIN = 64 };
    const uint64_t files_min = viewers ? PSP_DOCTOR_FILES_VIEWERS_MIN : PSP_DOCTOR_FILES_MIN;
    bool good = true;
    if (limits->files < files_min) {
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, name,
                         "raise it: LimitNOFILE= of the unit, ulimit -n of a shell",
                         "%" PRIu64 " open files (nofile), %" PRIu64 " are needed", limits->files,
                         files_min);
        good = false;
    }
    if (limits->file_bytes != UINT64_MAX) {
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, name,
                         "lift it (ulimit -f unlimited): at that size the process ends",
                         "files may have %" PRIu64 " bytes (fsize)", limits->file_bytes);
        good = false;
    }
    if (limits->memory_bytes != UINT64_MAX) {
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, name,
                         "lift it (ulimit -v unlimited): the stores are mapped whole",
                         "an address space of %" PRIu64 " bytes (as)", limits->memory_bytes);
        good = false;
    }
    if (limits->processes < PROCESSES_MIN) {
        psp_findings_add(findings, PSP_VERDICT_WARN, check, name, "raise it: ulimit -u",
                         "%" PRIu64 " processes and threads of this user (nproc)",
                         limits->processes);
        good = false;
    }
    if (good && limits->files == UINT64_MAX)
        psp_findings_add(findings, PSP_VERDICT_OK, check, name, NULL, "no limit of open files");
    else if (good)
        psp_findings_add(findings, PSP_VERDICT_OK, check, name, NULL, "%" PRIu64 " open files",
                         limits->files);
}

/* ---- memory ---- */

static bool read_number(const char *path, const char *name, uint64_t *ret_number)
{
    char line[256];
    bool found = false;
    FILE *file = fopen(path, "re");
    while (!found && file && fgets(line, sizeof line, file)) {
        const size_t length = strlen(name);
        found = !strncmp(line, name, length);
        if (found)
            *ret_number = strtoull(line + length, NULL, 10);
    }
    if (file)
        fclose(file);
    return found;
}

bool psp_vm_read(struct psp_vm *ret_vm)
{
    uint64_t available_kb = 0, overcommit = 0, maps = 0;
    if (!read_number("/proc/meminfo", "MemAvailable:", &available_kb))
        return false;
    read_number("/proc/sys/vm/overcommit_memory", "", &overcommit);
    read_number("/proc/sys/vm/max_map_count", "", &maps);
    *ret_vm = (struct psp_vm){available_kb * 1024, (unsigned)overcommit, maps};
    return true;
}

void psp_vm_judge(struct psp_findings *findings, const struct psp_vm *vm, uint64_t voters,
                  uint32_t replicas)
{
    static const char check[] = "memory", subject[] = "this machine";
    enum { STRICT = 2, MAPS_MIN = 1024 };
    const uint64_t base = (uint64_t)replicas * PSP_DOCTOR_REPLICA_BYTES;
    const double mb = 1e6, free_mb = (double)vm->available_bytes / mb;
    const double needed =
        (voters == UINT64_MAX ? 0.0 : (double)voters * PSP_DOCTOR_VOTER_BYTES) + (double)base;
    const double available = (double)vm->available_bytes;
    if (replicas > 0)
        psp_findings_add(findings,
                         available < needed       ? PSP_VERDICT_FAIL
                         : available < 2 * needed ? PSP_VERDICT_WARN
                                                  : PSP_VERDICT_OK,
                         check, subject, "take fewer replicas here, or more memory",
                         "%.0f MB available, %.0f MB needed by %" PRIu32 " replicas%s", free_mb,
                         needed / mb, replicas,
                         voters == UINT64_MAX ? "; nothing says how many voters there are" : "");
    if (vm->overcommit == STRICT)
        psp_findings_add(findings, PSP_VERDICT_WARN, check, subject,
                         "sysctl vm.overcommit_memory=0: room is reserved that is never used",
                         "vm.overcommit_memory is 2");
    if (vm->maps_max > 0 && vm->maps_max < MAPS_MIN)
        psp_findings_add(findings, PSP_VERDICT_WARN, check, subject,
                         "sysctl vm.max_map_count=65530", "vm.max_map_count is %" PRIu64,
                         vm->maps_max);
}

/* ---- time ---- */

/* Who keeps the clock, of those that are known; "": none runs. */
static void find_keeper(char ret_name[32])
{
    static const char *const keepers[] = {"chronyd", "systemd-timesyn", "ntpd", "ptp4l", "phc2sys"};
    DIR *processes = opendir("/proc");
    ret_name[0] = '\0';
    for (const struct dirent *entry; processes && (entry = readdir(processes));) {
        char path[280], name[32] = "";
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        if (fgets(name, sizeof name, file))
            name[strcspn(name, "\n")] = '\0';
        fclose(file);
        for (size_t i = 0; i < sizeof keepers / sizeof *keepers; i++)
            if (!strcmp(name, keepers[i]))
                snprintf(ret_name, 32, "%s", name);
    }
    if (processes)
        closedir(processes);
}

void psp_time_sync_read(struct psp_time_sync *ret_sync)
{
    struct timex kernel = {.modes = 0}; /* asks only */
    const int state = adjtimex(&kernel);
    *ret_sync = (struct psp_time_sync){.told = state >= 0};
    if (state >= 0) {
        ret_sync->synchronised = state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
        ret_sync->error_ms = kernel.maxerror > 0 ? (uint64_t)kernel.maxerror / 1000 : 0;
    }
    find_keeper(ret_sync->keeper);
}

void psp_time_sync_judge(struct psp_findings *findings, const struct psp_time_sync *sync,
                         bool alone)
{
    static const char check[] = "time sync", subject[] = "this machine";
    static const char advice[] = "install chrony, or `timedatectl set-ntp true`, and look again "
                                 "in a few minutes (in a container: on its host)";
    const char *by = sync->keeper[0] ? sync->keeper : "somebody outside of this container";
    if (!sync->told)
        psp_findings_add(findings, PSP_VERDICT_WARN, check, subject, advice,
                         "the kernel does not say whether its clock is kept");
    else if (!sync->synchronised)
        psp_findings_add(findings, alone ? PSP_VERDICT_WARN : PSP_VERDICT_FAIL, check, subject,
                         advice, "nobody keeps the clock%s%s",
                         sync->keeper[0] ? ", though this runs: " : "", sync->keeper);
    else if (sync->error_ms > PSP_DOCTOR_CLOCK_ERROR_MAX_MS)
        psp_findings_add(findings, PSP_VERDICT_WARN, check, subject, advice,
                         "the clock is kept by %s, and may still be wrong by %" PRIu64 " ms", by,
                         sync->error_ms);
    else
        psp_findings_add(findings, PSP_VERDICT_OK, check, subject, NULL,
                         "kept by %s, to within %" PRIu64 " ms", by, sync->error_ms);
}
