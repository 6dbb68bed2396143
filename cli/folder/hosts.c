#include "cli/folder/hosts.h"

#include <arpa/inet.h>
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

/* One line without its comment. Writes what is wrong with it, or nothing. */
static void add_line(struct psp_hosts *hosts, char *line, char *ret_fault, size_t size)
{
    static const char space[] = " \t\r";
    struct in_addr parsed;
    char *rest = NULL;
    const char *name = strtok_r(line, space, &rest);
    if (!name)
        return; /* an empty line */
    const char *address = strtok_r(NULL, space, &rest);
    if (!address || inet_pton(AF_INET, address, &parsed) != 1 || parsed.s_addr == INADDR_ANY) {
        snprintf(ret_fault, size, "the second word is to be the IPv4 address of %s, as 10.0.0.11",
                 name);
        return;
    }
    for (uint32_t i = 0; i < hosts->count; i++)
        if (!strcmp(hosts->hosts[i].name, name) || !strcmp(hosts->hosts[i].address, address)) {
            snprintf(ret_fault, size, "%s %s is the same machine as %s %s", name, address,
                     hosts->hosts[i].name, hosts->hosts[i].address);
            return;
        }
    if (hosts->count == HOSTS_MAX) {
        snprintf(ret_fault, size, "more than %d machines", HOSTS_MAX);
        return;
    }
    hosts->hosts = psp_memory_resize(hosts->hosts, hosts->count + 1, sizeof *hosts->hosts);
    struct host *host = &hosts->hosts[hosts->count++];
    *host = (struct host){.name = psp_memory_copy(name), .address = psp_memory_copy(address)};
    for (const char *word; (word = strtok_r(NULL, space, &rest));)
        if (!add_role(hosts, host, word)) {
            snprintf(ret_fault, size, "%s: no role; there are router, shard and collector", word);
            return;
        }
}

enum psp_status psp_hosts_load(const char *path, struct psp_hosts **ret_hosts, char *ret_reason,
                               size_t size)
{
    char *text = NULL, fault[512] = "", *rest = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(path, HOSTS_FILE_BYTES_MAX, &text, &bytes);
    if (status != PSP_OK) {
        snprintf(ret_reason, size, "%s: %s", path, psp_status_text(status));
        return status;
    }
    struct psp_hosts *hosts = psp_memory_array(1, sizeof *hosts);
    unsigned number = 1;
    for (char *line = text; line && !fault[0]; line = rest, number++) {
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = '\0';
        line[strcspn(line, "#")] = '\0';
        add_line(hosts, line, fault, sizeof fault);
        if (fault[0])
            snprintf(ret_reason, size, "%s:%u: %s", path, number, fault);
    }
    free(text);
    if (fault[0]) {
        psp_hosts_destroy(&hosts);
        return PSP_EINVAL;
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

enum psp_status psp_hosts_check(const struct psp_hosts *hosts, uint32_t replicas, char *ret_reason,
                                size_t size)
{
    for (size_t role = 0; role < ROLE_COUNT; role++)
        if (!hosts->counts[role]) {
            snprintf(ret_reason, size, "no host has the role %s; give it to one", role_names[role]);
            return PSP_EINVAL;
        }
    if (hosts->counts[SHARD] >= replicas)
        return PSP_OK;
    snprintf(
        ret_reason, size,
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
