/* Names of processes may hold spaces: fields of /proc are counted from behind them. */
#include "bench/load/sampler.h"

#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, LINE_BYTES = 1024 };

void psp_sampler_add(struct psp_sampler *sampler, const char *name, pid_t pid)
{
    if (sampler->n == PSP_SAMPLER_MAX)
        return;
    struct psp_sampled *process = &sampler->processes[sampler->n++];
    process->pid = pid;
    snprintf(process->name, sizeof process->name, "%s", name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct psp_sampled *)a)->name, ((const struct psp_sampled *)b)->name);
}

void psp_sampler_add_cluster(struct psp_sampler *sampler, const char *directory)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/run", directory);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".pid") != 0)
            continue;
        snprintf(path, sizeof path, "%s/run/%s", directory, entry->d_name);
        FILE *file = fopen(path, "re");
        int pid = 0;
        if (file && fscanf(file, "%d", &pid) == 1 && pid > 0) {
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)(dot - entry->d_name), entry->d_name);
            psp_sampler_add(sampler, name, pid);
        }
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    qsort(sampler->processes, sampler->n, sizeof *sampler->processes, by_name);
}

static double cpu_seconds(pid_t pid)
{
    char path[64], line[LINE_BYTES];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    /* The name in parentheses may hold spaces: count from behind it. */
    const char *at = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (at)
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The number behind `key` in a file of "key: number" lines. */
static uint64_t number_in(pid_t pid, const char *file_name, const char *key)
{
    char path[64], line[LINE_BYTES];
    uint64_t value = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file_name);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtoull(line + strlen(key), NULL, 10);
    if (file)
        fclose(file);
    return value;
}

void psp_sampler_look(const struct psp_sampler *sampler, uint32_t process,
                      struct psp_usage *ret_usage)
{
    const pid_t pid = sampler->processes[process].pid;
    *ret_usage = (struct psp_usage){
        .cpu_s = cpu_seconds(pid),
        .rss_bytes = number_in(pid, "status", "VmRSS:") * 1024,
        .hwm_bytes = number_in(pid, "status", "VmHWM:") * 1024,
        .written_bytes = number_in(pid, "io", "write_bytes:"),
    };
}

static uint64_t disk_bytes; /* nftw has no argument to pass on */

static int add_file(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)path, (void)where;
    if (type == FTW_F)
        disk_bytes += (uint64_t)about->st_blocks * 512;
    return 0;
}

uint64_t psp_sampler_disk_bytes(const char *directory)
{
    disk_bytes = 0;
    nftw(directory, add_file, 16, FTW_PHYS);
    return disk_bytes;
}
