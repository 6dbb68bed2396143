/* The order of psp_site_publish is what its promise stands on. */
#include "cli/publish/site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/system/lock.h"
#include "cli/say/memory.h"

enum { HASH_BYTES = 16, LATEST_BYTES_MAX = 1 << 20, INDEX_BYTES_MAX = 256 << 20 };
enum { SECOND_PAUSE_MS = 20 };
static const char beside[] = ".new-";

struct psp_site {
    char *path;
    int lock, folder; /* of DIR/.lock; DIR/v */
    json_t *latest;
    json_t *sound;  /* paths that this process knows to be whole */
    json_t *needed; /* by the edition that is being made */
    json_t *shown;  /* by the one that latest.json names */
    struct psp_site_counts counts;
};

static char *within(const struct psp_site *site, const char *name)
{
    return psp_memory_print("%s/%s", site->path, name);
}

/* "DIR/v/HASH.json: disk full", and what that means. */
static enum psp_status blame(const struct psp_site *site, const char *name, enum psp_status status,
                             struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason, "%s/%s: %s%s; what was published before stays as it is",
                   site->path, name, psp_status_text(status),
                   status == PSP_ENOSPC ? " (shorten --keep, or make room)" : "");
    return status;
}

/* ---- opening ---- */

/* Every path of ours in a document: strings that begin with "v/". */
static void collect_paths(const json_t *value, json_t *paths)
{
    const char *name, *text = json_string_value(value);
    json_t *below;
    size_t i;
    if (text && !strncmp(text, "v/", 2))
        json_object_set_new(paths, text, json_true());
    json_object_foreach((json_t *)value, name, below)
    {
        collect_paths(below, paths);
    }
    json_array_foreach(value, i, below)
    {
        collect_paths(below, paths);
    }
}

static json_t *read_json(const struct psp_site *site, const char *name, size_t bytes_max,
                         enum psp_status *ret_status)
{
    char *path = within(site, name), *data = NULL;
    size_t bytes = 0;
    json_t *value = NULL;
    *ret_status = psp_file_read(path, bytes_max, &data, &bytes);
    if (*ret_status == PSP_OK && !(value = json_loadb(data, bytes, 0, NULL)))
        *ret_status = PSP_ECORRUPT;
    free(data);
    free(path);
    return value;
}

/* What the last publisher left: the version that is shown, and what it needs. */
static enum psp_status read_latest(struct psp_site *site, struct psp_reason *reterr_reason)
{
    enum psp_status status;
    site->latest = read_json(site, "latest.json", LATEST_BYTES_MAX, &status);
    if (status == PSP_ENOENT)
        return PSP_OK;
    const char *index = json_string_value(json_object_get(site->latest, "index"));
    if (status != PSP_OK || !index || !json_is_object(json_object_get(site->latest, "version"))) {
        psp_reason_set(reterr_reason,
                       "%s/latest.json was not written by `psephos publish`, or is damaged: name "
                       "another folder, or remove the file to publish here anew",
                       site->path);
        return PSP_ECORRUPT;
    }
    json_object_set_new(site->shown, index, json_true());
    json_t *whole = read_json(site, index, INDEX_BYTES_MAX, &status);
    collect_paths(whole, site->shown);
    json_decref(whole);
    return PSP_OK;
}

static void remove_unfinished(const struct psp_site *site)
{
    DIR *folder = fdopendir(openat(site->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const struct dirent *one; folder && (one = readdir(folder)) != NULL;)
        if (!strncmp(one->d_name, beside, sizeof beside - 1))
            unlinkat(site->folder, one->d_name, 0);
    if (folder)
        closedir(folder);
}

/* Of psp_site_open, of a disk that is mounted there, or of a publisher that was killed early. */
static bool may_be_ours(const char *name)
{
    static const char *const names[] = {".", "..", "v", "latest", ".lock", "lost+found"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* Files lie there, and nothing says that a publisher made the folder: a name in it may be one
 * that is to be written. */
static bool is_foreign(const struct psp_site *site, struct psp_reason *reterr_reason)
{
    char *lock = within(site, ".lock"), *head = within(site, "latest.json");
    DIR *folder = access(lock, F_OK) && access(head, F_OK) ? opendir(site->path) : NULL;
    bool foreign = false;
    for (const struct dirent *one; folder && !foreign && (one = readdir(folder)) != NULL;) {
        foreign = !may_be_ours(one->d_name);
        if (foreign)
            psp_reason_set(reterr_reason,
                           "--to %s: it holds files that `psephos publish` did not write (%.100s): "
                           "name an empty folder, or one that does not exist yet",
                           site->path, one->d_name);
    }
    if (folder)
        closedir(folder);
    free(head);
    free(lock);
    return foreign;
}

static enum psp_status take_folder(struct psp_site *site, struct psp_reason *reterr_reason)
{
    char *versions = within(site, "v"), *csv = within(site, "latest"),
         *lock = within(site, ".lock");
    enum psp_status status = psp_file_make_folder(versions, 0755);
    if (status == PSP_OK)
        status = psp_file_make_folder(csv, 0755);
    if (status == PSP_OK)
        status = psp_lock_file(lock, &site->lock);
    if (status == PSP_OK && (site->folder = open(versions, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        status = psp_status_from_errno(errno);
    if (status == PSP_OK && faccessat(site->folder, ".", W_OK, 0) != 0)
        status = psp_status_from_errno(errno);
    if (status == PSP_EBUSY)
        psp_reason_set(reterr_reason, "%s: another `psephos publish` publishes there already",
                       site->path);
    else if (status != PSP_OK)
        psp_reason_set(reterr_reason, "--to %s: %s (%s)", site->path, psp_status_text(status),
                       strerror(errno));
    free(lock);
    free(csv);
    free(versions);
    return status;
}

enum psp_status psp_site_open(const char *path, struct psp_site **ret_site,
                              struct psp_reason *reterr_reason)
{
    struct psp_site *site = psp_memory_array(1, sizeof *site);
    site->lock = PSP_LOCK_NONE;
    site->folder = -1;
    site->path = psp_memory_copy(path);
    for (size_t n = strlen(site->path); n > 1 && site->path[n - 1] == '/'; n--)
        site->path[n - 1] = '\0';
    site->sound = json_object();
    site->needed = json_object();
    site->shown = json_object();
    enum psp_status status = sodium_init() < 0                 ? PSP_EIO
                             : is_foreign(site, reterr_reason) ? PSP_EEXIST
                                                               : take_folder(site, reterr_reason);
    if (status == PSP_OK)
        status = read_latest(site, reterr_reason);
    if (status != PSP_OK) {
        psp_site_close(&site);
        return status;
    }
    remove_unfinished(site);
    *ret_site = site;
    return PSP_OK;
}

void psp_site_close(struct psp_site **site)
{
    if (!*site)
        return;
    psp_lock_release(&(*site)->lock);
    if ((*site)->folder >= 0)
        close((*site)->folder);
    json_decref((*site)->latest);
    json_decref((*site)->sound);
    json_decref((*site)->needed);
    json_decref((*site)->shown);
    free((*site)->path);
    free(*site);
    *site = NULL;
}

const json_t *psp_site_latest(const struct psp_site *site)
{
    return site->latest;
}

struct psp_site_counts psp_site_counts(const struct psp_site *site)
{
    return site->counts;
}

/* ---- immutable files ---- */

void psp_site_begin(struct psp_site *site)
{
    json_object_clear(site->needed);
    site->counts = (struct psp_site_counts){0};
}

/* Whether the file of that name holds these bytes: one of an earlier process, or of a disk
 * that was full, is not trusted by its name. */
static bool holds(const struct psp_site *site, const char *path, const void *bytes, size_t length)
{
    char *whole = within(site, path), *data = NULL;
    size_t n = 0;
    const bool same = psp_file_read(whole, length + 1, &data, &n) == PSP_OK && n == length &&
                      !memcmp(data, bytes, length);
    free(data);
    free(whole);
    return same;
}

/* Not synced yet: psp_site_publish does that once for all. */
static enum psp_status write_beside(const struct psp_site *site, const char *name,
                                    const void *bytes, size_t length)
{
    char *temporary = psp_memory_print("%s%s", beside, name);
    const char *at = bytes;
    const int file =
        openat(site->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool good = file >= 0;
    while (good && length > 0) {
        const ssize_t n = write(file, at, length);
        good = n > 0 || (n < 0 && errno == EINTR);
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    int error = errno;
    if (file >= 0 && close(file) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && renameat(site->folder, temporary, site->folder, name) != 0) {
        good = false;
        error = errno;
    }
    if (!good && file >= 0)
        unlinkat(site->folder, temporary, 0);
    free(temporary);
    return good ? PSP_OK : psp_status_from_errno(error);
}

enum psp_status psp_site_put(struct psp_site *site, const void *bytes, size_t length,
                             const char *ending, char ret_path[PSP_SITE_PATH_BYTES],
                             struct psp_reason *reterr_reason)
{
    uint8_t hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    enum psp_status status = PSP_OK;
    crypto_generichash(hash, sizeof hash, bytes, length, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(ret_path, PSP_SITE_PATH_BYTES, "v/%s.%.8s", hex, ending);
    if (json_object_get(site->needed, ret_path))
        return PSP_OK;
    if (!json_object_get(site->sound, ret_path) && !holds(site, ret_path, bytes, length)) {
        status = write_beside(site, ret_path + 2, bytes, length);
        if (status != PSP_OK)
            return blame(site, ret_path, status, reterr_reason);
        site->counts.written++;
        site->counts.bytes_written += length;
    }
    json_object_set_new(site->sound, ret_path, json_integer((json_int_t)length));
    psp_site_keep(site, ret_path);
    return PSP_OK;
}

enum psp_status psp_site_put_json(struct psp_site *site, const json_t *value,
                                  char ret_path[PSP_SITE_PATH_BYTES],
                                  struct psp_reason *reterr_reason)
{
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text)
        return psp_reason_set_status(reterr_reason, "JSON", PSP_ENOMEM);
    const enum psp_status status =
        psp_site_put(site, text, strlen(text), "json", ret_path, reterr_reason);
    free(text);
    return status;
}

void psp_site_keep(struct psp_site *site, const char *path)
{
    if (json_object_get(site->needed, path))
        return;
    site->counts.files++;
    site->counts.bytes += (uint64_t)json_integer_value(json_object_get(site->sound, path));
    json_object_set_new(site->needed, path, json_true());
}

/* ---- what moves ---- */

static enum psp_status write_latest(struct psp_site *site, const json_t *latest,
                                    struct psp_reason *reterr_reason)
{
    char *path = within(site, "latest.json"), *text = json_dumps(latest, JSON_COMPACT);
    struct stat old;
    /* Web servers make ETags of size and second: no two within one. */
    while (stat(path, &old) == 0 && old.st_mtime == time(NULL))
        usleep(SECOND_PAUSE_MS * 1000);
    enum psp_status status = text ? psp_file_write(path, text, strlen(text), 0644) : PSP_ENOMEM;
    if (status != PSP_OK) {
        blame(site, "latest.json", status, reterr_reason);
    } else {
        json_t *copy = json_deep_copy(latest);
        json_decref(site->latest);
        site->latest = copy;
    }
    free(text);
    free(path);
    return status;
}

enum psp_status psp_site_touch(struct psp_site *site, const json_t *latest,
                               struct psp_reason *reterr_reason)
{
    return write_latest(site, latest, reterr_reason);
}

/* What the new edition does not need any more was needed until now: its age begins here. */
static void let_go(struct psp_site *site)
{
    const char *path;
    json_t *value;
    json_object_foreach(site->shown, path, value)
    {
        if (!json_object_get(site->needed, path))
            utimensat(site->folder, path + 2, NULL, 0);
    }
}

/* latest/CONTEST.csv becomes another name of the immutable file; where the file system knows
 * no such names, a copy. */
static enum psp_status link_csv(struct psp_site *site, const char *contest, const char *path)
{
    char *from = within(site, path),
         *to = psp_memory_print("%s/latest/%s.csv", site->path, contest);
    char *temporary = psp_memory_print("%s/latest/%scsv", site->path, beside);
    struct stat old = {0}, now;
    enum psp_status status = PSP_OK;
    if (stat(from, &now) != 0) {
        status = psp_status_from_errno(errno);
    } else if (stat(to, &old) != 0 || old.st_ino != now.st_ino || old.st_dev != now.st_dev) {
        /* Web servers make ETags of size and second: another content has another. */
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = old.st_mtime + 1}};
        if (old.st_size == now.st_size && old.st_mtime >= now.st_mtime)
            utimensat(site->folder, path + 2, times, 0);
        unlink(temporary);
        if (link(from, temporary) == 0 && rename(temporary, to) == 0) {
            site->counts.linked++;
        } else {
            char *data = NULL;
            size_t bytes = 0;
            status = psp_file_read(from, INDEX_BYTES_MAX, &data, &bytes);
            if (status == PSP_OK)
                status = psp_file_write(to, data, bytes, 0644);
            site->counts.linked += status == PSP_OK;
            free(data);
        }
    }
    free(temporary);
    free(to);
    free(from);
    return status;
}

enum psp_status psp_site_publish(struct psp_site *site, const json_t *latest, const json_t *csv,
                                 struct psp_reason *reterr_reason)
{
    const char *contest;
    json_t *path;
    if (syncfs(site->folder) != 0)
        return blame(site, "v", psp_status_from_errno(errno), reterr_reason);
    let_go(site);
    json_object_foreach((json_t *)csv, contest, path)
    {
        const enum psp_status status = link_csv(site, contest, json_string_value(path));
        if (status != PSP_OK)
            return blame(site, "latest", status, reterr_reason);
    }
    const enum psp_status status = write_latest(site, latest, reterr_reason);
    if (status != PSP_OK)
        return status;
    json_t *gone = site->shown;
    site->shown = site->needed;
    site->needed = gone;
    json_object_clear(site->needed);
    return PSP_OK;
}

/* Of psp_site_put: other files of that folder are not ours to remove. */
static bool is_ours(const char *name)
{
    return strspn(name, "0123456789abcdef") == (size_t)2 * HASH_BYTES &&
           name[(size_t)2 * HASH_BYTES] == '.';
}

void psp_site_sweep(struct psp_site *site, uint64_t keep_s)
{
    const time_t now = time(NULL);
    DIR *folder = fdopendir(openat(site->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const struct dirent *one; folder && (one = readdir(folder)) != NULL;) {
        char path[PSP_SITE_PATH_BYTES];
        struct stat about;
        if (!is_ours(one->d_name) ||
            snprintf(path, sizeof path, "v/%s", one->d_name) >= (int)sizeof path ||
            json_object_get(site->shown, path) ||
            fstatat(site->folder, one->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(about.st_mode) || now - about.st_mtime < (time_t)keep_s)
            continue;
        if (unlinkat(site->folder, one->d_name, 0) == 0)
            site->counts.removed++;
        json_object_del(site->sound, path);
    }
    if (folder)
        closedir(folder);
}

/* ---- beside all that ---- */

enum psp_status psp_site_write(struct psp_site *site, const char *name, const void *bytes,
                               size_t length, struct psp_reason *reterr_reason)
{
    if (holds(site, name, bytes, length))
        return PSP_OK;
    char *path = within(site, name), *slash = strrchr(path, '/');
    *slash = '\0';
    enum psp_status status = psp_file_make_folder(path, 0755);
    *slash = '/';
    if (status == PSP_OK)
        status = psp_file_write(path, bytes, length, 0644);
    free(path);
    return status == PSP_OK ? PSP_OK : blame(site, name, status, reterr_reason);
}
