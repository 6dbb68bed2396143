/* Modes of every file in keys/ and clients/, then the keys of the processes themselves. */
#include "cli/run/doctor/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say/memory.h"
#include "wire/socket/socket.h"

static const char check[] = "keys";

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);
    return length >= tail && !strcmp(name + length - tail, end);
}

/* Is the file as it should be? A public half may be read by everybody. */
static bool judge_file(struct psp_findings *findings, const char *folder, const char *name)
{
    struct stat about;
    char *path = psp_memory_print("%s/%s", folder, name);
    bool good = true;
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && !ends_in(name, ".pub") &&
        (about.st_mode & 077) != 0) {
        char *advice = psp_memory_print("chmod 600 %s, and think of who may have read it", path);
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, path, advice,
                         "mode %04o: others than its owner have rights on it",
                         (unsigned)about.st_mode & 07777);
        free(advice);
        good = false;
    }
    free(path);
    return good;
}

static bool judge_folder(struct psp_findings *findings, const char *folder)
{
    struct stat about;
    if (stat(folder, &about) != 0 || (about.st_mode & 022) == 0)
        return true;
    char *advice = psp_memory_print("chmod 700 %s", folder);
    psp_findings_add(findings, PSP_VERDICT_FAIL, check, folder, advice,
                     "mode %04o: others may put keys of their own there",
                     (unsigned)about.st_mode & 07777);
    free(advice);
    return false;
}

static uint32_t judge_modes(struct psp_findings *findings, const char *folder, bool *good)
{
    uint32_t n = 0;
    DIR *entries = opendir(folder);
    if (!entries)
        return 0;
    *good = judge_folder(findings, folder) && *good;
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_name[0] == '.')
            continue;
        *good = judge_file(findings, folder, entry->d_name) && *good;
        n++;
    }
    closedir(entries);
    return n;
}

/* The public half that cluster.json has for the process; NULL: it has no key. */
static const char *public_key_of(const struct psp_cluster *cluster, const struct psp_daemon *daemon)
{
    for (uint32_t s = 0; daemon->role == PSP_ROLE_SHARD && s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++)
            if (cluster->shards[s].shard == daemon->number &&
                cluster->shards[s].replicas[r].replica == daemon->replica)
                return cluster->shards[s].replicas[r].public_key;
    for (uint32_t i = 0; daemon->role == PSP_ROLE_ROUTER && i < cluster->router_count; i++)
        if (cluster->routers[i].router == daemon->number)
            return cluster->routers[i].public_key;
    for (uint32_t i = 0; daemon->role == PSP_ROLE_COLLECTOR && i < cluster->collector_count; i++)
        if (cluster->collectors[i].collector == daemon->number)
            return cluster->collectors[i].public_key;
    return daemon->role == PSP_ROLE_GATEWAY ? cluster->gateways[daemon->number].public_key : NULL;
}

static bool judge_own(struct psp_findings *findings, const struct psp_local *local,
                      const struct psp_daemon *daemon)
{
    const char *public_key = public_key_of(local->cluster, daemon);
    if (!public_key)
        return true;
    struct psp_keypair pair;
    char *path = psp_local_path(local, "keys/%s.key", daemon->name);
    if (access(path, R_OK) != 0 && errno == EACCES) {
        psp_findings_add(findings, PSP_VERDICT_WARN, check, path, "call it again as root",
                         "this user may not read it, so nobody knows whether it is the right one");
        free(path);
        return false;
    }
    const enum psp_status status = psp_keypair_load(path, &pair);
    const bool wrong = status == PSP_OK && strcmp(pair.public_z85, public_key) != 0;
    explicit_bzero(&pair, sizeof pair);
    if (status == PSP_ENOENT || status == PSP_EINVAL || status == PSP_EIO)
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, path,
                         "bring it from the control node's folder, or from the safe copy of it",
                         "%s cannot start without it: %s", daemon->name, psp_status_text(status));
    else if (wrong)
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, path,
                         "bring key and cluster.json of one cluster",
                         "it is not the key that cluster.json names for %s", daemon->name);
    free(path);
    return (status == PSP_OK || status == PSP_EPERM) && !wrong; /* modes are told above */
}

/* Only a router turns voter IDs into digests. */
static bool judge_digest_key(struct psp_findings *findings, const struct psp_local *local)
{
    struct stat about;
    char *path = psp_local_path(local, "keys/digest.key");
    const bool there = stat(path, &about) == 0;
    if (!there)
        psp_findings_add(findings, PSP_VERDICT_FAIL, check, path,
                         "bring it from the safe copy of the control node's folder: without it no "
                         "ballot can be counted in this election",
                         "%s", strerror(errno));
    free(path);
    return there;
}

void psp_doctor_keys(struct psp_findings *findings, const struct psp_local *local,
                     const struct psp_daemon *daemons, const bool *here, uint32_t n)
{
    char *keys = psp_local_path(local, "keys"), *clients = psp_local_path(local, "clients");
    bool good = true, routes = false;
    uint32_t files = judge_modes(findings, keys, &good);
    files += judge_modes(findings, clients, &good);
    for (uint32_t i = 0; i < n; i++) {
        if (!here[i])
            continue;
        good = judge_own(findings, local, &daemons[i]) && good;
        routes = routes || daemons[i].role == PSP_ROLE_ROUTER;
    }
    if (routes)
        good = judge_digest_key(findings, local) && good;
    if (good)
        psp_findings_add(findings, PSP_VERDICT_OK, check, keys, NULL,
                         "%u files, for their owner only", files);
    free(keys);
    free(clients);
}
