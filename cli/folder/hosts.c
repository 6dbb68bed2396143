/* Roles are dealt in turn: replicas of one shard stand on different machines as long as
 * there are enough. */
#include "cli/folder/hosts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/file.h"
#include "cli/say/memory.h"

enum { HOSTS_MAX = 1024, HOSTS_FILE_BYTES_MAX = 1 << 20 };

enum role { ROUTER, SHARD, COLLECTOR, ROLE_COUNT };
static const char *const role_names[ROLE_COUNT] = {"router", "shard", "collector"};

struct host {
    char *name, *address;
    bool has[ROLE_COUNT];
};

struct psp_hosts {
    struct host *hosts;
    uint32_t count;
    uint32_t counts[ROLE_COUNT];
};

static bool add_role(struct psp_hosts *hosts, struct host *host, const char *word)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        if (strcmp(word, role_names[role]) != 0)
            continue;
        hosts->counts[role] += !host->has[role];
        host->has[role] = true;
        return true;
    }
    return false;
}

/* One line without its comment; false, with the reason: it does not say a machine. */
static bool add_line(struct psp_hosts *hosts, char *line, uint32_t number,
                     struct psp_reason *reterr_reason)
{
    static const char space[] = " \t\r";
    struct in_addr parsed;
    char *rest = NULL;
    const char *name = strtok_r(line, space, &rest);
    if (!name)
        return true; /* empty */
    const char *address = strtok_r(NULL, space, &rest);
    if (!address || inet_pton(AF_INET, address, &parsed) != 1 || parsed.s_addr == INADDR_ANY) {
        psp_reason_set_line(reterr_reason, number, 0,
                            "the second word is to be the IPv4 address of %s, as 10.0.0.11", name);
        return false;
    }
    for (uint32_t i = 0; i < hosts->count; i++)
        if (!strcmp(hosts->hosts[i].name, name) || !strcmp(hosts->hosts[i].address, address)) {
            psp_reason_set_line(reterr_reason, number, 0, "%s %s is the same machine as %s %s",
                                name, address, hosts->hosts[i].name, hosts->hosts[i].address);
            return false;
        }
    if (hosts->count == HOSTS_MAX) {
        psp_reason_set_line(reterr_reason, number, 0, "more than %d machines", HOSTS_MAX);
        return false;
    }
    hosts->hosts = psp_memory_resize(hosts->hosts, hosts->count + 1, sizeof *hosts->hosts);
    struct host *host = &hosts->hosts[hosts->count++];
    *host = (struct host){.name = psp_memory_copy(name), .address = psp_memory_copy(address)};
    for (const char *word; (word = strtok_r(NULL, space, &rest));)
        if (!add_role(hosts, host, word)) {
            psp_reason_set_line(reterr_reason, number, 0,
                                "%s: no role; there are router, shard and collector", word);
            return false;
        }
    return true;
}

enum psp_status psp_hosts_load(const char *path, struct psp_hosts **ret_hosts,
                               struct psp_reason *reterr_reason)
{
    char *text = NULL, *rest = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(path, HOSTS_FILE_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK)
        return psp_reason_set_status(reterr_reason, path, status);
    struct psp_hosts *hosts = psp_memory_array(1, sizeof *hosts);
    bool good = true;
    uint32_t number = 1;
    for (char *line = text; line && good; line = rest, number++) {
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = '\0';
        line[strcspn(line, "#")] = '\0';
        good = add_line(hosts, line, number, reterr_reason);
    }
    free(text);
    if (!good) {
        psp_hosts_destroy(&hosts);
        return psp_reason_set_file(reterr_reason, path, PSP_EINVAL);
    }
    *ret_hosts = hosts;
    return PSP_OK;
}

void psp_hosts_destroy(struct psp_hosts **hosts)
{
    if (!*hosts)
        return;
    for (uint32_t i = 0; i < (*hosts)->count; i++) {
        free((*hosts)->hosts[i].name);
        free((*hosts)->hosts[i].address);
    }
    free((*hosts)->hosts);
    free(*hosts);
    *hosts = NULL;
}

bool psp_hosts_at(const struct psp_hosts *hosts, uint32_t n, struct psp_host *ret_host)
{
    if (n >= hosts->count)
        return false;
    *ret_host = (struct psp_host){hosts->hosts[n].name, hosts->hosts[n].address};
    return true;
}

bool psp_hosts_has(const struct psp_hosts *hosts, uint32_t n, const char *role)
{
    assert(n < hosts->count);
    for (size_t r = 0; r < ROLE_COUNT; r++)
        if (!strcmp(role, role_names[r]))
            return hosts->hosts[n].has[r];
    return false;
}

enum psp_status psp_hosts_check(const struct psp_hosts *hosts, uint32_t replicas,
                                struct psp_reason *reterr_reason)
{
    for (size_t role = 0; role < ROLE_COUNT; role++)
        if (!hosts->counts[role]) {
            psp_reason_set(reterr_reason, "no host has the role %s; give it to one",
                           role_names[role]);
            return PSP_EINVAL;
        }
    if (hosts->counts[SHARD] >= replicas)
        return PSP_OK;
    psp_reason_set(
        reterr_reason,
        "%u replicas of a shard need %u hosts with the role shard, and there %s %u: two copies "
        "on one machine are lost together",
        replicas, replicas, hosts->counts[SHARD] == 1 ? "is" : "are", hosts->counts[SHARD]);
    return PSP_EINVAL;
}

/* The address of the n-th host that has the role. */
static const char *nth(const struct psp_hosts *hosts, enum role role, uint32_t n)
{
    for (uint32_t i = 0; i < hosts->count; i++)
        if (hosts->hosts[i].has[role] && n-- == 0)
            return hosts->hosts[i].address;
    return NULL;
}

const char *psp_hosts_router(const struct psp_hosts *hosts, uint32_t router)
{
    return nth(hosts, ROUTER, router % hosts->counts[ROUTER]);
}

const char *psp_hosts_collector(const struct psp_hosts *hosts)
{
    return nth(hosts, COLLECTOR, 0);
}

/* In turn: the replicas of one shard are neighbours, so they differ as long as
 * there are as many hosts as replicas. */
const char *psp_hosts_replica(const struct psp_hosts *hosts, uint32_t shard, uint32_t replicas,
                              uint32_t replica)
{
    return nth(hosts, SHARD, (shard * replicas + replica) % hosts->counts[SHARD]);
}
