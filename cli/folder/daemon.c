/* A start is believed when exec closes the pipe to the child; routers, gateways and bridges are
 * stopped first, so that nothing new comes in. */
#include "cli/folder/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/folder/port.h"
#include "cli/folder/process.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { CONFIG_ARGUMENT = 4 }; /* of a bridge: what follows --config */
enum { PATH_BYTES = 4096, POLL_MS = 20, PORT_WAIT_MS = 3000 };

char *psp_daemon_program(const char *name)
{
    char self[PATH_BYTES];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    return psp_memory_print("%s/%s", self, name);
}

enum psp_status psp_daemon_programs_check(bool gateway, bool bridge,
                                          struct psp_reason *reterr_reason)
{
    static const char *const names[] = {"psephos-router", "psephos-shard", "psephos-collector",
                                        "psephos-gateway", "psephos-bridge"};
    const bool needed[] = {true, true, true, gateway, bridge};
    const size_t n = sizeof names / sizeof *names;
    char *missing = psp_memory_copy(""), *files = psp_memory_copy("");
    for (size_t i = 0; i < n; i++) {
        char *path = psp_daemon_program(names[i]);
        if (needed[i] && access(path, X_OK) != 0) {
            char *more = psp_memory_print("%s %s", missing, names[i]);
            char *more_files = psp_memory_print("%s ./%s_*.deb", files, names[i]);
            free(missing);
            free(files);
            missing = more;
            files = more_files;
        }
        free(path);
    }
    const bool whole = !*missing;
    if (!whole) {
        char *folder = psp_daemon_program("");
        psp_reason_set(reterr_reason,
                       "not in %.*s:%s. Install the packages of these names, from where that of "
                       "this command came: apt-get install%s",
                       (int)strlen(folder) - 1, folder, missing, files);
        free(folder);
    }
    free(files);
    free(missing);
    return whole ? PSP_OK : PSP_ENOENT;
}

static void argument(struct psp_daemon *daemon, size_t *at, char *text)
{
    daemon->arguments[(*at)++] = text;
}

static void describe(const struct psp_local *local, struct psp_daemon *daemon, const char *kind)
{
    size_t at = 0;
    char *program = psp_memory_print("psephos-%s", kind);
    daemon->program = psp_daemon_program(program);
    argument(daemon, &at, program);
    argument(daemon, &at, psp_memory_copy("--cluster"));
    argument(daemon, &at, psp_local_path(local, "cluster.json"));
    argument(daemon, &at, psp_memory_print("--%s", kind));
    argument(daemon, &at,
             daemon->id ? psp_memory_copy(daemon->id) : psp_memory_print("%u", daemon->number));
    if (daemon->role == PSP_ROLE_SHARD) {
        daemon->name = psp_memory_print("shard-%u-%u", daemon->number, daemon->replica);
        argument(daemon, &at, psp_memory_copy("--replica"));
        argument(daemon, &at, psp_memory_print("%u", daemon->replica));
    } else {
        daemon->name = psp_memory_print("%s-%s", kind, daemon->arguments[at - 1]);
    }
    if (daemon->role != PSP_ROLE_ROUTER && daemon->role != PSP_ROLE_GATEWAY) {
        argument(daemon, &at, psp_memory_copy("--data"));
        argument(daemon, &at, psp_local_path(local, "data/%s", daemon->name));
    }
    daemon->pid_path = psp_local_path(local, "run/%s.pid", daemon->name);
    daemon->log_path = psp_local_path(local, "logs/%s.log", daemon->name);
}

/* It has its own file, and is not asked by the cluster who it is. */
static void describe_bridge(const struct psp_local *local, struct psp_daemon *daemon)
{
    size_t at = 0;
    daemon->name = psp_memory_print("bridge-%s", daemon->id);
    daemon->program = psp_daemon_program("psephos-bridge");
    argument(daemon, &at, psp_memory_copy("psephos-bridge"));
    argument(daemon, &at, psp_memory_copy("--cluster"));
    argument(daemon, &at, psp_local_path(local, "cluster.json"));
    argument(daemon, &at, psp_memory_copy("--config"));
    argument(daemon, &at, psp_local_path(local, "bridges/%s.json", daemon->id));
    daemon->pid_path = psp_local_path(local, "run/%s.pid", daemon->name);
    daemon->log_path = psp_local_path(local, "logs/%s.log", daemon->name);
}

struct psp_daemon *psp_daemons_of(const struct psp_local *local, uint32_t *ret_n)
{
    const struct psp_cluster *cluster = local->cluster;
    uint32_t n = cluster->router_count + cluster->collector_count + cluster->gateway_count +
                 cluster->bridge_count;
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        n += cluster->shards[i].replica_count;
    struct psp_daemon *daemons = psp_memory_array(n, sizeof *daemons);
    struct psp_daemon *at = daemons;
    for (uint32_t i = 0; i < cluster->shard_count; i++) {
        const struct psp_cluster_shard *shard = &cluster->shards[i];
        for (uint32_t r = 0; r < shard->replica_count; r++, at++) {
            *at = (struct psp_daemon){.role = PSP_ROLE_SHARD,
                                      .number = shard->shard,
                                      .replica = shard->replicas[r].replica,
                                      .address = shard->replicas[r].address};
            describe(local, at, "shard");
        }
    }
    for (uint32_t i = 0; i < cluster->collector_count; i++, at++) {
        const struct psp_cluster_collector *collector = &cluster->collectors[i];
        *at = (struct psp_daemon){.role = PSP_ROLE_COLLECTOR,
                                  .number = collector->collector,
                                  .address = collector->address,
                                  .http = collector->http,
                                  .http_local = collector->http_local};
        describe(local, at, "collector");
    }
    for (uint32_t i = 0; i < cluster->router_count; i++, at++) {
        *at = (struct psp_daemon){.role = PSP_ROLE_ROUTER,
                                  .number = cluster->routers[i].router,
                                  .address = cluster->routers[i].address};
        describe(local, at, "router");
    }
    for (uint32_t i = 0; i < cluster->gateway_count; i++, at++) {
        *at = (struct psp_daemon){.role = PSP_ROLE_GATEWAY,
                                  .number = i,
                                  .id = cluster->gateways[i].name,
                                  .address = cluster->gateways[i].http,
                                  .http_local = cluster->gateways[i].http_local};
        describe(local, at, "gateway");
    }
    for (uint32_t i = 0; i < cluster->bridge_count; i++, at++) {
        *at = (struct psp_daemon){.is_bridge = true,
                                  .number = i,
                                  .id = cluster->bridges[i].name,
                                  .address = cluster->bridges[i].http_local,
                                  .http_local = cluster->bridges[i].http_local};
        describe_bridge(local, at);
    }
    *ret_n = n;
    return daemons;
}

void psp_daemons_free(struct psp_daemon **daemons, uint32_t n)
{
    for (uint32_t i = 0; *daemons && i < n; i++) {
        struct psp_daemon *daemon = &(*daemons)[i];
        for (size_t a = 0; daemon->arguments[a]; a++)
            free(daemon->arguments[a]);
        free(daemon->program);
        free(daemon->name);
        free(daemon->pid_path);
        free(daemon->log_path);
    }
    free(*daemons);
    *daemons = NULL;
}

bool psp_daemon_has_file(const struct psp_daemon *daemon)
{
    return !daemon->is_bridge || access(daemon->arguments[CONFIG_ARGUMENT], R_OK) == 0;
}

/* Does process `pid` run this daemon's command line? */
static bool runs(const struct psp_daemon *daemon, pid_t pid)
{
    char program[PATH_BYTES], line[PSP_COMMAND_LINE_BYTES];
    if (!psp_process_program(pid, program, sizeof program) ||
        strncmp(program, daemon->arguments[0], strlen(daemon->arguments[0])) != 0)
        return false;
    const size_t n = psp_process_arguments(pid, line);
    /* The program's name may have been given in another way: exe told. */
    size_t at = n > 0 ? strnlen(line, n) + 1 : 0;
    for (size_t i = 1; daemon->arguments[i]; i++) {
        const size_t bytes = strlen(daemon->arguments[i]) + 1;
        if (at + bytes > n || memcmp(line + at, daemon->arguments[i], bytes) != 0)
            return false;
        at += bytes;
    }
    return n > 0 && at == n;
}

pid_t psp_daemon_pid(const struct psp_daemon *daemon)
{
    FILE *file = fopen(daemon->pid_path, "re");
    if (!file)
        return 0;
    char text[32] = "";
    const char *line = fgets(text, sizeof text, file);
    fclose(file);
    const long pid = line ? strtol(line, NULL, 10) : 0;
    return pid > 0 && pid <= INT_MAX && runs(daemon, (pid_t)pid) ? (pid_t)pid : 0;
}

/* In the child: from here on only exec or _exit. */
static void become(const struct psp_daemon *daemon, int log, int errors)
{
    setsid();
    signal(SIGPIPE, SIG_DFL);
    const int nothing = open("/dev/null", O_RDONLY);
    const int pid_file = open(daemon->pid_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char pid[16];
    const int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (nothing >= 0 && pid_file >= 0 && write(pid_file, pid, (size_t)n) == n &&
        dup2(nothing, STDIN_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0 &&
        dup2(log, STDERR_FILENO) >= 0) {
        /* A lock or pipe that our caller left open would otherwise be held for
         * as long as the daemon runs. Only a kernel before 5.11 refuses this. */
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        execv(daemon->program, daemon->arguments);
    }
    const int error = errno;
    const ssize_t written = write(errors, &error, sizeof error);
    _exit(written == sizeof error ? 126 : 127);
}

/* A process that was just killed holds its port until the system has taken it apart, which
 * takes a while where it held much memory. */
static bool port_is_taken(const char *address)
{
    for (unsigned waited_ms = 0; psp_port_check(address) == PSP_EEXIST; waited_ms += POLL_MS) {
        if (waited_ms >= PORT_WAIT_MS)
            return true;
        usleep(POLL_MS * 1000);
    }
    return false;
}

enum psp_status psp_daemon_start(const struct psp_daemon *daemon, struct psp_reason *reterr_reason)
{
    const char *const addresses[] = {daemon->address, daemon->http, daemon->http_local};
    for (size_t i = daemon->is_bridge ? 1 : 0; i < sizeof addresses / sizeof *addresses; i++)
        if (addresses[i] && port_is_taken(addresses[i])) {
            psp_reason_set(reterr_reason,
                           "%s cannot start: another program uses its port %s; stop that program",
                           daemon->name, addresses[i]);
            return PSP_EEXIST;
        }
    const int log = open(daemon->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int errors[2] = {-1, -1};
    if (log < 0 || pipe2(errors, O_CLOEXEC) != 0) {
        psp_reason_set(reterr_reason, "%s: %s", daemon->log_path, strerror(errno));
        if (log >= 0)
            close(log);
        return PSP_EIO;
    }
    const pid_t child = fork();
    if (child == 0)
        become(daemon, log, errors[1]);
    close(log);
    close(errors[1]);
    int error = child < 0 ? errno : 0;
    /* The pipe closes by itself when exec worked. */
    if (child > 0 && read(errors[0], &error, sizeof error) != sizeof error)
        error = 0;
    close(errors[0]);
    if (error) {
        psp_reason_set(reterr_reason, "cannot start %s: %s", daemon->program, strerror(error));
        return psp_status_from_errno(error);
    }
    return PSP_OK;
}

uint32_t psp_daemons_stop(const struct psp_daemon *daemons, uint32_t n, uint64_t grace_ms,
                          uint32_t *ret_stopped)
{
    uint32_t ran = 0, killed = 0;
    pid_t *pids = psp_memory_array(n + 1, sizeof *pids);
    for (uint32_t i = n; i-- > 0;) { /* routers first: nothing new comes in */
        const pid_t pid = psp_daemon_pid(&daemons[i]);
        if (pid && kill(pid, SIGTERM) == 0)
            pids[ran++] = pid;
    }
    const uint64_t end_ms = psp_progress_clock_ms() + grace_ms;
    for (bool late = false;;) {
        uint32_t left = 0;
        const bool kill_now = !late && psp_progress_clock_ms() >= end_ms;
        late = late || kill_now;
        pid_t ended; /* of those that we started ourselves; -1: no more */
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        for (uint32_t i = 0; i < n; i++) {
            const pid_t pid = psp_daemon_pid(&daemons[i]);
            if (!pid)
                continue;
            left++;
            if (kill_now && kill(pid, SIGKILL) == 0)
                killed++;
        }
        /* A process that is about to end has no command line any more. */
        if ((!left && ended < 0) || psp_progress_clock_ms() >= end_ms + 1000)
            break;
        usleep(POLL_MS * 1000);
    }
    psp_processes_wait(pids, ran, end_ms + 1000);
    free(pids);
    for (uint32_t i = 0; i < n; i++)
        if (!psp_daemon_pid(&daemons[i]))
            unlink(daemons[i].pid_path);
    *ret_stopped = ran;
    return killed;
}

long psp_daemon_log_bytes(const struct psp_daemon *daemon)
{
    struct stat about;
    return stat(daemon->log_path, &about) == 0 ? (long)about.st_size : 0;
}

void psp_daemon_log_tail(const struct psp_daemon *daemon, unsigned lines, long from, FILE *file)
{
    FILE *log = fopen(daemon->log_path, "re");
    if (!log)
        return;
    enum { TAIL_BYTES = 4096 };
    char tail[TAIL_BYTES + 1];
    fseek(log, 0, SEEK_END);
    const long size = ftell(log);
    fseek(log, size - from > TAIL_BYTES ? size - TAIL_BYTES : from, SEEK_SET);
    const size_t n = fread(tail, 1, TAIL_BYTES, log);
    fclose(log);
    tail[n] = '\0';
    size_t at = n;
    unsigned seen = 0;
    while (at > 0 && (tail[at - 1] != '\n' || at == n || ++seen < lines))
        at--;
    fprintf(file, "the end of %s:\n", daemon->log_path);
    for (char *line = tail + at, *end; *line; line = end) {
        end = strchrnul(line, '\n');
        fprintf(file, "  %.*s\n", (int)(end - line), line);
        end += *end == '\n';
    }
}
