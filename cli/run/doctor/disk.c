/* Times small writes with fsync as the log makes them, then a long one. */
#include "cli/run/doctor/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/system/clock.h"
#include "cli/say/memory.h"

enum {
    RECORD_BYTES = 4096, /* of an entry with some ballots */
    SYNCS_MAX = 200,
    SYNCS_MS = 1000,
    BLOCK_BYTES = 1 << 20,
    BLOCKS_MAX = 32,
    BLOCKS_MS = 1000,
    MOUNTS_LINE_BYTES = 8192,
};

/* ---- what it lies on ---- */

static bool is_octal(char digit)
{
    return digit >= '0' && digit <= '7';
}

/* A path in /proc/self/mountinfo has its spaces as \040. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static bool is_below(const char *path, const char *mount)
{
    const size_t length = strlen(mount);
    if (!strcmp(mount, "/"))
        return true;
    return !strncmp(path, mount, length) && (path[length] == '/' || path[length] == '\0');
}

struct mount {
    char at[PATH_MAX], type[32], source[PATH_MAX], options[1280];
};

/* One line of mountinfo. False: none. */
static bool read_mount(char *line, struct mount *ret_mount)
{
    char *dash = strstr(line, " - ");
    char at[PATH_MAX], own[512] = "", of_system[512] = "";
    if (!dash || sscanf(line, "%*s %*s %*s %*s %4095s %511s", at, own) != 2)
        return false;
    if (sscanf(dash + 3, "%31s %4095s %511s", ret_mount->type, ret_mount->source, of_system) < 2)
        return false;
    unescape(at);
    snprintf(ret_mount->at, sizeof ret_mount->at, "%s", at);
    snprintf(ret_mount->options, sizeof ret_mount->options, ",%s,%s,", own, of_system);
    return true;
}

/* The mount that the path lies in: the longest one, and of the same the last. */
static bool find_mount(const char *path, struct mount *ret_mount)
{
    static char line[MOUNTS_LINE_BYTES];
    static struct mount mount;
    size_t longest = 0;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (!read_mount(line, &mount) || !is_below(path, mount.at) || strlen(mount.at) < longest)
            continue;
        longest = strlen(mount.at);
        *ret_mount = mount;
    }
    if (file)
        fclose(file);
    return longest > 0;
}

/* As the kernel knows the device; of a partition its disk says. */
static bool read_turns(dev_t device, bool *ret_turns)
{
    static const char *const places[] = {"queue/rotational", "../queue/rotational"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[96];
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s", major(device), minor(device),
                 places[i]);
        FILE *file = fopen(path, "re");
        const int digit = file ? fgetc(file) : EOF;
        if (file)
            fclose(file);
        if (digit == '0' || digit == '1') {
            *ret_turns = digit == '1';
            return true;
        }
    }
    return false;
}

static void find_device(const char *folder, struct psp_disk *disk)
{
    static struct mount mount;
    char path[PATH_MAX];
    struct stat of_folder, of_source;
    if (stat(folder, &of_folder) != 0 || !realpath(folder, path) || !find_mount(path, &mount))
        return;
    snprintf(disk->type, sizeof disk->type, "%s", mount.type);
    disk->in_memory = !strcmp(mount.type, "tmpfs") || !strcmp(mount.type, "ramfs");
    disk->no_barriers =
        strstr(mount.options, ",nobarrier,") || strstr(mount.options, ",barrier=0,");
    /* btrfs and others have a number of their own; the device's is behind its name. */
    dev_t device = of_folder.st_dev;
    if (major(device) == 0 && mount.source[0] == '/' && stat(mount.source, &of_source) == 0 &&
        S_ISBLK(of_source.st_mode))
        device = of_source.st_rdev;
    disk->turns_known = read_turns(device, &disk->turns);
}

/* ---- measuring ---- */

static int by_time(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool time_syncs(int file, const uint8_t *bytes, struct psp_disk *disk)
{
    static double times[SYNCS_MAX];
    const uint64_t end_ms = psp_clock_ms() + SYNCS_MS;
    uint32_t n = 0;
    for (; n < SYNCS_MAX && (n == 0 || psp_clock_ms() < end_ms); n++) {
        if (write(file, bytes, RECORD_BYTES) != RECORD_BYTES)
            return false;
        const uint64_t start_us = psp_clock_us();
        if (fdatasync(file) != 0)
            return false;
        times[n] = (double)(psp_clock_us() - start_us);
    }
    qsort(times, n, sizeof *times, by_time);
    disk->syncs = n;
    disk->sync_us = times[n / 2];
    disk->sync_99_us = times[(n * 99 - 1) / 100];
    return true;
}

static bool time_blocks(int file, const uint8_t *bytes, struct psp_disk *disk)
{
    const uint64_t start_us = psp_clock_us();
    uint32_t n = 0;
    for (; n < BLOCKS_MAX && psp_clock_us() - start_us < BLOCKS_MS * 1000; n++)
        if (write(file, bytes, BLOCK_BYTES) != BLOCK_BYTES)
            return false;
    if (fdatasync(file) != 0)
        return false;
    const uint64_t us = psp_clock_us() - start_us;
    disk->mb_a_second = (double)n * BLOCK_BYTES / (double)(us > 0 ? us : 1);
    return true;
}

enum psp_status psp_disk_measure(const char *folder, struct psp_disk *ret_disk,
                                 struct psp_reason *reterr_reason)
{
    struct psp_disk disk = {0};
    struct statvfs room;
    char *path = psp_memory_print("%s/.psephos-doctor-XXXXXX", folder);
    uint8_t *bytes = psp_memory_array(BLOCK_BYTES, 1);
    memset(bytes, 0x5a, BLOCK_BYTES); /* zeros might be left out */
    const int file = mkostemp(path, O_CLOEXEC);
    bool good = file >= 0;
    if (good) {
        find_device(folder, &disk);
        good = fstatvfs(file, &room) == 0;
        disk.free_bytes = good ? (uint64_t)room.f_bavail * room.f_frsize : 0;
        good = good && time_syncs(file, bytes, &disk);
        if (good && disk.free_bytes > 2 * (uint64_t)BLOCK_BYTES * BLOCKS_MAX)
            good = time_blocks(file, bytes, &disk);
    }
    const int error = errno;
    if (file >= 0) {
        unlink(path);
        close(file);
    }
    free(bytes);
    free(path);
    if (good) {
        *ret_disk = disk;
        return PSP_OK;
    }
    psp_reason_set(reterr_reason, "cannot write there: %s", strerror(error));
    return psp_status_from_errno(error);
}

/* ---- judging ---- */

static void judge_sync(struct psp_findings *findings, const char *folder,
                       const struct psp_disk *disk)
{
    static const char check[] = "fsync";
    const double ms = disk->sync_us / 1000, ms_99 = disk->sync_99_us / 1000;
    if (disk->in_memory)
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, folder, "put the data on a disk",
                         "this is %s, in memory: nothing survives a loss of power", disk->type);
    else if (disk->no_barriers)
        psp_findings_add(
            findings, PSP_VERDICT_FAIL, check, folder, "mount it without nobarrier and barrier=0",
            "the file system is mounted so that fsync does not flush the disk's cache");
    else if (disk->sync_us < PSP_DOCTOR_SYNC_FASTEST_US)
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, folder,
                         "look for libeatmydata, for a virtual disk whose host ignores flushes "
                         "(cache=unsafe), for a file system without fsync; receipts mean nothing "
                         "there",
                         "an fsync takes %.1f us: no device writes so fast, so nothing is written",
                         disk->sync_us);
    else if (disk->turns_known && disk->turns && disk->sync_us < PSP_DOCTOR_SYNC_TURNING_US)
        psp_findings_add(findings, PSP_VERDICT_WARN, check, folder,
                         "find out what answers: a cache with a battery is good, a disk's own "
                         "cache is lost with the power (hdparm -W0 turns it off); a virtual disk "
                         "may only call itself turning",
                         "median %.2f ms of %" PRIu32
                         ", and the kernel says that this disk turns, which takes 4 ms and more",
                         ms, disk->syncs);
    else
        psp_findings_add(findings, PSP_VERDICT_OK, check, folder, NULL,
                         "%s, median %.2f ms, 99 of 100 within %.2f ms", disk->type, ms, ms_99);
}

static void judge_speed(struct psp_findings *findings, const char *folder,
                        const struct psp_disk *disk)
{
    const double ms_99 = disk->sync_99_us / 1000, mb = disk->mb_a_second;
    const bool fails =
        ms_99 > PSP_DOCTOR_SYNC_TOO_SLOW_MS || (mb > 0 && mb < PSP_DOCTOR_WRITE_TOO_SLOW_MB);
    const bool slow = ms_99 > PSP_DOCTOR_SYNC_SLOW_MS || (mb > 0 && mb < PSP_DOCTOR_WRITE_SLOW_MB);
    char speed[32] = "not measured: too little space";
    if (mb > 0)
        snprintf(speed, sizeof speed, "%.0f MB/s", mb);
    psp_findings_add(findings,
                     fails  ? PSP_VERDICT_FAIL
                     : slow ? PSP_VERDICT_WARN
                            : PSP_VERDICT_OK,
                     "disk speed", folder,
                     "a receipt waits for this disk: take another one, or end what else writes to "
                     "it",
                     "%s, 99 of 100 fsyncs within %.1f ms", speed, ms_99);
}

void psp_disk_judge(struct psp_findings *findings, const char *folder, const struct psp_disk *disk)
{
    judge_sync(findings, folder, disk);
    judge_speed(findings, folder, disk);
}

void psp_disk_judge_space(struct psp_findings *findings, const char *folder, uint64_t free_bytes,
                          uint64_t ballots, uint64_t others)
{
    static const char check[] = "space";
    const double gb = 1e9, free_gb = (double)free_bytes / gb;
    if (ballots == UINT64_MAX) {
        const uint64_t left = free_bytes > others ? free_bytes - others : 0;
        psp_findings_add(findings, left > 0 ? PSP_VERDICT_OK : PSP_VERDICT_FAIL, check, folder,
                         "free space, or take another disk",
                         "%.1f GB free: room for %.1f million ballots; nothing says how many to "
                         "expect",
                         free_gb, (double)left / PSP_DOCTOR_BALLOT_BYTES / 1e6);
        return;
    }
    const double needed = (double)ballots * PSP_DOCTOR_BALLOT_BYTES + (double)others;
    const enum psp_verdict verdict = (double)free_bytes < needed       ? PSP_VERDICT_FAIL
                                     : (double)free_bytes < 2 * needed ? PSP_VERDICT_WARN
                                                                       : PSP_VERDICT_OK;
    psp_findings_add(findings, verdict, check, folder,
                     "free space, or take a larger disk: a full one ends the process",
                     "%.1f GB free, %.1f GB needed for %" PRIu64 " copies of ballots", free_gb,
                     needed / gb, ballots);
}
