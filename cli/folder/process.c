/* What cannot be read of a process is said to be nothing. */
#include "cli/folder/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say/progress.h"

enum { PATH_BYTES = 4096, POLL_MS = 5 };

bool psp_process_program(pid_t pid, char *ret_name, size_t size)
{
    char path[64], exe[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    const ssize_t length = readlink(path, exe, sizeof exe - 1);
    if (length <= 0)
        return false;
    exe[length] = '\0';
    const char *slash = strrchr(exe, '/');
    return slash && snprintf(ret_name, size, "%s", slash + 1) < (int)size;
}

size_t psp_process_arguments(pid_t pid, char ret_line[PSP_COMMAND_LINE_BYTES])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    const ssize_t n = read(file, ret_line, PSP_COMMAND_LINE_BYTES);
    close(file);
    return n > 0 ? (size_t)n : 0;
}

static bool is_gone(pid_t pid)
{
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return true;
    const ssize_t n = read(file, line, sizeof line - 1);
    close(file);
    const char *state = n > 0 ? strrchr(line, ')') : NULL; /* behind the program's name */
    return !state || strncmp(state, ") Z", 3) == 0 || strncmp(state, ") X", 3) == 0;
}

void psp_processes_wait(const pid_t *pids, size_t n, uint64_t end_ms)
{
    for (size_t i = 0; i < n; i++)
        while (!is_gone(pids[i]) && psp_progress_clock_ms() < end_ms)
            usleep(POLL_MS * 1000);
}
