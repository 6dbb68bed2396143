/* Inode, size and time of clients.json tell whether to read it again. */
#include "router/stations.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void known_key(struct psp_known_key *ret_key, enum psp_role role, const char *public_key,
                      uint32_t id)
{
    memset(ret_key, 0, sizeof *ret_key);
    snprintf(ret_key->public_z85, sizeof ret_key->public_z85, "%s", public_key);
    ret_key->role = role;
    ret_key->id = id;
}

/* A key's id is its station's number: it stays the same when others come and go. */
static enum psp_status set_keys(const struct psp_cluster *cluster,
                                const struct psp_stations *stations, struct psp_wire *wire)
{
    struct psp_known_key *keys = calloc((size_t)stations->count + cluster->operator_count +
                                            cluster->gateway_count + cluster->collector_count + 1,
                                        sizeof *keys);
    if (keys == NULL)
        return PSP_ENOMEM;
    size_t n = 0;
    for (uint32_t i = 0; i < stations->count; i++) {
        const struct psp_station *station = &stations->list[i];
        if (station->revoked_ms == 0 && station->public_key[0] != '\0')
            known_key(&keys[n++], PSP_ROLE_STATION, station->public_key, station->number);
    }
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        known_key(&keys[n++], PSP_ROLE_OPERATOR, cluster->operators[i].public_key, i);
    for (uint32_t i = 0; i < cluster->gateway_count; i++)
        known_key(&keys[n++], PSP_ROLE_GATEWAY, cluster->gateways[i].public_key, i);
    for (uint32_t i = 0; i < cluster->collector_count; i++)
        known_key(&keys[n++], PSP_ROLE_COLLECTOR, cluster->collectors[i].public_key,
                  cluster->collectors[i].collector);
    const enum psp_status status = psp_wire_set_keys(wire, keys, n);
    free(keys);
    return status;
}

static void free_list(struct psp_router_station *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        psp_router_station_free(&list[i]);
    free(list);
}

/* Those that may cast; the file's order is by number. */
static enum psp_status make_list(const struct psp_stations *stations,
                                 const struct psp_definition *definition,
                                 struct psp_router_station **ret_list, uint32_t *ret_count)
{
    struct psp_router_station *list = calloc((size_t)stations->count + 1, sizeof *list);
    uint32_t n = 0;
    if (list == NULL)
        return PSP_ENOMEM;
    for (uint32_t i = 0; i < stations->count; i++) {
        if (stations->list[i].revoked_ms != 0)
            continue;
        if (psp_router_station_init(&list[n], &stations->list[i], definition) != PSP_OK) {
            free_list(list, n);
            return PSP_ENOMEM;
        }
        n++;
    }
    *ret_list = list;
    *ret_count = n;
    return PSP_OK;
}

void psp_router_stations_free(struct psp_router_stations *stations)
{
    free_list(stations->list, stations->count);
    *stations = (struct psp_router_stations){0};
}

const struct psp_router_station *psp_router_stations_find(
    const struct psp_router_stations *stations, uint32_t number)
{
    return psp_router_station_find(stations->list, stations->count, number);
}

/* Keys and bounds change together or not at all. */
static enum psp_status take(struct psp_router_stations *stations, const struct psp_cluster *cluster,
                            const struct psp_stations *read,
                            const struct psp_definition *definition, struct psp_wire *wire)
{
    struct psp_router_station *list = NULL;
    uint32_t count = 0;
    enum psp_status status = make_list(read, definition, &list, &count);
    if (status == PSP_OK)
        status = set_keys(cluster, read, wire);
    if (status != PSP_OK) {
        free_list(list, count);
        return status;
    }
    free_list(stations->list, stations->count);
    stations->list = list;
    stations->count = count;
    return PSP_OK;
}

static enum psp_status update(struct psp_router_stations *stations,
                              const struct psp_cluster *cluster,
                              const struct psp_definition *definition, struct psp_wire *wire,
                              struct psp_reason *reterr_reason)
{
    if (stations->path[0] == '\0') {
        const int n = snprintf(stations->path, sizeof stations->path, "%s/%s", cluster->directory,
                               cluster->clients_path);
        assert(n > 0 && (size_t)n < sizeof stations->path);
    }
    struct stat now;
    if (stat(stations->path, &now) != 0) {
        psp_reason_set(reterr_reason, "%s: %s", stations->path, strerror(errno));
        return psp_status_from_errno(errno);
    }
    if (now.st_ino == stations->inode && now.st_size == stations->bytes &&
        now.st_mtim.tv_sec == stations->modified.tv_sec &&
        now.st_mtim.tv_nsec == stations->modified.tv_nsec)
        return PSP_STALE;
    /* Remembered also when it turns out to be unreadable: one complaint a change. */
    stations->modified = now.st_mtim;
    stations->inode = now.st_ino;
    stations->bytes = now.st_size;

    struct psp_stations list = {0};
    enum psp_status status = psp_stations_load(stations->path, definition, &list, reterr_reason);
    if (status != PSP_OK)
        return psp_reason_set_file(reterr_reason, stations->path, status);
    status = take(stations, cluster, &list, definition, wire);
    psp_stations_free(&list);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s: %s", stations->path,
                       status == PSP_EINVAL ? "a public key is not a key, or stands twice"
                                            : psp_status_text(status));
    return status;
}

enum psp_status psp_router_stations_update(struct psp_router_stations *stations,
                                           const struct psp_cluster *cluster,
                                           const struct psp_definition *definition,
                                           struct psp_wire *wire, struct psp_reason *reterr_reason)
{
    struct psp_reason reason = {0};
    const enum psp_status status = update(stations, cluster, definition, wire, &reason);
    if (status == PSP_OK)
        stations->fault = (struct psp_reason){0};
    if (status == PSP_OK || status == PSP_STALE)
        return status;
    psp_reason_set(&stations->fault, "%s", psp_reason_text(&reason, status));
    *reterr_reason = reason;
    return status;
}
