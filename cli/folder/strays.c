/* Signals whoever of this user runs one of our programs with this folder's cluster.json. */
#include "cli/folder/strays.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/folder/process.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { POLL_MS = 20, NAME_BYTES = 256, STRAYS_MAX = 256 };

/* The path as `up` wrote it: real as far as it is still there, and the rest. */
static char *absolute(const char *directory)
{
    char *whole = realpath(directory, NULL);
    if (whole || !strcmp(directory, ".") || !strcmp(directory, "/"))
        return whole ? whole : psp_memory_copy(directory);
    char *head = psp_memory_copy(directory);
    for (size_t n = strlen(head); n > 1 && head[n - 1] == '/'; n--)
        head[n - 1] = '\0';
    char *slash = strrchr(head, '/');
    const char *name = slash ? slash + 1 : head;
    char *parent = !slash          ? psp_memory_copy(".")
                   : slash == head ? psp_memory_copy("/")
                                   : psp_memory_print("%.*s", (int)(slash - head), head);
    char *above = absolute(parent);
    whole = psp_memory_print("%s/%s", strcmp(above, "/") != 0 ? above : "", name);
    free(above);
    free(parent);
    free(head);
    return whole;
}

static bool is_ours(const char *program)
{
    static const char *const names[] = {"psephos-router", "psephos-shard", "psephos-collector"};
    const size_t bytes = strcspn(program, " "); /* "name (deleted)" */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == bytes && !strncmp(program, names[i], bytes))
            return true;
    return false;
}

static bool is_stray(pid_t pid, const char *cluster_path)
{
    char path[64], program[NAME_BYTES], line[PSP_COMMAND_LINE_BYTES];
    struct stat about;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (stat(path, &about) != 0 || about.st_uid != geteuid() ||
        !psp_process_program(pid, program, sizeof program) || !is_ours(program))
        return false;
    const size_t n = psp_process_arguments(pid, line);
    bool named = false;
    for (size_t at = 0; at < n; at += strnlen(line + at, n - at) + 1) {
        const size_t bytes = strnlen(line + at, n - at);
        if (named)
            return bytes == strlen(cluster_path) && !memcmp(line + at, cluster_path, bytes);
        named = bytes == strlen("--cluster") && !memcmp(line + at, "--cluster", bytes);
    }
    return false;
}

/* Sends the signal to each; how many there are, and the first of them. */
static uint32_t signal_all(const char *cluster_path, int number, pid_t ret_pids[STRAYS_MAX])
{
    DIR *folder = opendir("/proc");
    uint32_t n = 0;
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char *end = NULL;
        const long pid = strtol(entry->d_name, &end, 10);
        if (*end || pid <= 1 || pid > INT_MAX || !is_stray((pid_t)pid, cluster_path))
            continue;
        if (number != 0 && kill((pid_t)pid, number) != 0)
            continue;
        if (n < STRAYS_MAX)
            ret_pids[n] = (pid_t)pid;
        n++;
    }
    if (folder)
        closedir(folder);
    return n;
}

struct psp_strays psp_strays_stop(const char *directory, uint64_t grace_ms)
{
    char *above = absolute(directory);
    char *path = psp_memory_print("%s/cluster.json", above);
    pid_t pids[STRAYS_MAX], rest[STRAYS_MAX];
    struct psp_strays strays = {.found = signal_all(path, SIGTERM, pids)};
    const uint64_t end_ms = psp_progress_clock_ms() + grace_ms;
    strays.left = strays.found;
    while (strays.left && psp_progress_clock_ms() < end_ms + 1000) {
        usleep(POLL_MS * 1000);
        if (!strays.killed && psp_progress_clock_ms() >= end_ms)
            strays.killed = signal_all(path, SIGKILL, rest);
        strays.left = signal_all(path, 0, rest);
    }
    psp_processes_wait(pids, strays.found < STRAYS_MAX ? strays.found : STRAYS_MAX, end_ms + 1000);
    free(path);
    free(above);
    return strays;
}
