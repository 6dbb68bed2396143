/* The other direction of cluster.c: cluster.json and clients.json written. */
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"
#include "base/system/file.h"
#include "cluster/cluster.h"

enum { STATIONS_FORMAT = 1, STATIONS_MAX = 100000, FILE_MODE = 0644 };

json_t *psp_json_of_bytes(const uint8_t *bytes, size_t n, bool null_when_zero)
{
    char text[2 * PSP_HASH_BYTES + 1];
    if (null_when_zero && sodium_is_zero(bytes, n))
        return json_null();
    return json_string(sodium_bin2hex(text, sizeof text, bytes, n));
}

static json_t *shard_json(const struct psp_cluster_shard *shard)
{
    json_t *replicas = json_array();
    for (uint32_t i = 0; i < shard->replica_count; i++) {
        const struct psp_cluster_replica *replica = &shard->replicas[i];
        json_array_append_new(replicas,
                              json_pack("{s:i, s:I, s:s, s:s}", "replica", (int)replica->replica,
                                        "raft_id", (json_int_t)replica->raft_id, "address",
                                        replica->address, "public_key", replica->public_key));
    }
    return json_pack("{s:i, s:[ii], s:o, s:o}", "shard", (int)shard->shard, "slots",
                     (int)shard->slot_first, (int)shard->slot_end, "roll_hash",
                     psp_json_of_bytes(shard->roll_hash, PSP_HASH_BYTES, true), "replicas",
                     replicas);
}

static json_t *cluster_json(const struct psp_cluster *cluster)
{
    json_t *routers = json_array(), *shards = json_array();
    json_t *collectors = json_array(), *operators = json_array();
    for (uint32_t i = 0; i < cluster->router_count; i++)
        json_array_append_new(routers, json_pack("{s:i, s:s, s:s}", "router",
                                                 (int)cluster->routers[i].router, "address",
                                                 cluster->routers[i].address, "public_key",
                                                 cluster->routers[i].public_key));
    for (uint32_t i = 0; i < cluster->shard_count; i++)
        json_array_append_new(shards, shard_json(&cluster->shards[i]));
    for (uint32_t i = 0; i < cluster->collector_count; i++) {
        const struct psp_cluster_collector *collector = &cluster->collectors[i];
        json_array_append_new(collectors,
                              json_pack("{s:i, s:s, s:s, s:s, s:s}", "collector",
                                        (int)collector->collector, "http", collector->http,
                                        "http_local", collector->http_local, "address",
                                        collector->address, "public_key", collector->public_key));
    }
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        json_array_append_new(operators, json_pack("{s:s, s:s}", "name", cluster->operators[i].name,
                                                   "public_key", cluster->operators[i].public_key));
    return json_pack(
        "{s:i, s:o, s:I, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "format",
        PSP_CLUSTER_FORMAT, "cluster_id",
        psp_json_of_bytes(cluster->cluster_id, PSP_CLUSTER_ID_BYTES, false), "epoch",
        (json_int_t)cluster->epoch, "election", cluster->election_path, "definition_hash",
        psp_json_of_bytes(cluster->definition_hash, PSP_HASH_BYTES, false), "roll_hash",
        psp_json_of_bytes(cluster->roll_hash, PSP_HASH_BYTES, true), "digest_key_hash",
        psp_json_of_bytes(cluster->digest_key_hash, PSP_HASH_BYTES, false), "clients",
        cluster->clients_path, "routers", routers, "shards", shards, "collectors", collectors,
        "operators", operators);
}

/* Takes the reference. */
static enum psp_status store(json_t *root, const char *path)
{
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (!text)
        return PSP_ENOMEM;
    const enum psp_status status = psp_file_write(path, text, strlen(text), FILE_MODE);
    free(text);
    return status;
}

enum psp_status psp_cluster_store(const struct psp_cluster *cluster, const char *path)
{
    return store(cluster_json(cluster), path);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct psp_station *)a)->name, ((const struct psp_station *)b)->name);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct psp_station *)a)->public_key,
                  ((const struct psp_station *)b)->public_key);
}

/* A name twice could be revoked by half; a key twice would have two names.
 * Sorts the stations; they end up by name. */
static bool stations_differ(const struct psp_json_at *list, struct psp_station *stations, size_t n)
{
    qsort(stations, n, sizeof *stations, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (compare_keys(&stations[i - 1], &stations[i]) == 0)
            return psp_json_refuse(list, "\"%s\" and \"%s\" have the same public key",
                                   stations[i - 1].name, stations[i].name);
    qsort(stations, n, sizeof *stations, compare_names);
    for (size_t i = 1; i < n; i++)
        if (compare_names(&stations[i - 1], &stations[i]) == 0)
            return psp_json_refuse(list, "the name \"%s\" stands twice", stations[i].name);
    return true;
}

static bool read_stations(const struct psp_json_at *root, struct psp_station **ret_stations,
                          uint32_t *ret_count)
{
    static const char *const root_names[] = {"format", "clients", NULL};
    static const char *const names[] = {"name", "public_key", NULL};
    struct psp_json_at list, at;
    size_t n;
    if (!psp_json_members(root, root_names) ||
        !psp_json_list(root, "clients", STATIONS_MAX, &list, &n))
        return false;
    struct psp_station *stations = calloc(n + 1, sizeof *stations);
    if (!stations)
        return psp_json_refuse(&list, "out of memory");
    bool good = true;
    for (size_t i = 0; good && i < n; i++) {
        char *name = NULL, *key = NULL;
        good = psp_json_element(&list, i, &at) && psp_json_members(&at, names) &&
               psp_json_text(&at, "name", &name) && psp_json_key(&at, "public_key", &key);
        if (good && strlen(name) >= sizeof stations[i].name)
            good = psp_json_refuse(&at, "\"name\" is longer than %zu bytes",
                                   sizeof stations[i].name - 1);
        if (good) {
            memcpy(stations[i].name, name, strlen(name) + 1);
            memcpy(stations[i].public_key, key, sizeof stations[i].public_key);
        }
        free(name);
        free(key);
    }
    if (!good || !stations_differ(&list, stations, n)) {
        free(stations);
        return false;
    }
    *ret_stations = stations;
    *ret_count = (uint32_t)n;
    return true;
}

enum psp_status psp_stations_load(const char *path, struct psp_station **ret_stations,
                                  uint32_t *ret_count, struct psp_reason *reterr_reason)
{
    json_t *root;
    const enum psp_status status = psp_json_load(path, STATIONS_FORMAT, reterr_reason, &root);
    if (status != PSP_OK)
        return status;
    const struct psp_json_at at = {.value = root, .reason = reterr_reason};
    const bool good = read_stations(&at, ret_stations, ret_count);
    json_decref(root);
    return good ? PSP_OK : PSP_EINVAL;
}

enum psp_status psp_stations_store(const char *path, const struct psp_station *stations,
                                   uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", stations[i].name, "public_key",
                                              stations[i].public_key));
    return store(json_pack("{s:i, s:o}", "format", STATIONS_FORMAT, "clients", list), path);
}
