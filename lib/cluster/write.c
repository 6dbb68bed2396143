/* The other direction of cluster.c: cluster.json written. */
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/at.h"
#include "base/system/file.h"
#include "cluster/cluster.h"

enum { FILE_MODE = 0644 };

json_t *psp_json_of_bytes(const uint8_t *bytes, size_t n, bool null_when_zero)
{
    char text[2 * PSP_SIGNATURE_BYTES + 1];
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
    return json_pack("{s:i, s:[ii], s:o, s:o, s:o}", "shard", (int)shard->shard, "slots",
                     (int)shard->slot_first, (int)shard->slot_end, "roll_hash",
                     psp_json_of_bytes(shard->roll_hash, PSP_HASH_BYTES, true), "signing_key",
                     psp_json_of_bytes(shard->signing_key, PSP_SIGN_PUBLIC_BYTES, false),
                     "replicas", replicas);
}

static json_t *gateways_json(const struct psp_cluster *cluster)
{
    json_t *gateways = json_array();
    for (uint32_t i = 0; i < cluster->gateway_count; i++) {
        const struct psp_cluster_gateway *gateway = &cluster->gateways[i];
        json_array_append_new(gateways,
                              json_pack("{s:s, s:s, s:s*, s:s}", "name", gateway->name, "http",
                                        gateway->http, "http_local", gateway->http_local,
                                        "public_key", gateway->public_key));
    }
    return gateways;
}

static json_t *words_json(const char *words)
{
    json_t *list = json_array();
    while (*words) {
        const size_t length = strcspn(words, " ");
        json_array_append_new(list, json_stringn(words, length));
        words += length + (words[length] == ' ');
    }
    return list;
}

static json_t *bridges_json(const struct psp_cluster *cluster)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < cluster->bridge_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", cluster->bridges[i].name,
                                              "http_local", cluster->bridges[i].http_local));
    return list;
}

static json_t *auditors_json(const struct psp_cluster *cluster)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < cluster->auditor_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", cluster->auditors[i].name,
                                              "public_key", cluster->auditors[i].public_key));
    return list;
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
        json_t *one = json_pack("{s:i, s:s, s:s, s:s, s:s}", "collector", (int)collector->collector,
                                "http", collector->http, "http_local", collector->http_local,
                                "address", collector->address, "public_key", collector->public_key);
        if (collector->embed_origins)
            json_object_set_new(one, "embed_origins", words_json(collector->embed_origins));
        if (collector->trusted_proxies)
            json_object_set_new(one, "trusted_proxies", words_json(collector->trusted_proxies));
        json_array_append_new(collectors, one);
    }
    for (uint32_t i = 0; i < cluster->operator_count; i++)
        json_array_append_new(operators, json_pack("{s:s, s:s}", "name", cluster->operators[i].name,
                                                   "public_key", cluster->operators[i].public_key));
    json_t *root =
        json_pack("{s:i, s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "format",
                  PSP_CLUSTER_FORMAT, "mode", psp_mode_name(cluster->mode), "cluster_id",
                  psp_json_of_bytes(cluster->cluster_id, PSP_CLUSTER_ID_BYTES, false), "epoch",
                  (json_int_t)cluster->epoch, "election", cluster->election_path, "definition_hash",
                  psp_json_of_bytes(cluster->definition_hash, PSP_HASH_BYTES, false), "roll_hash",
                  psp_json_of_bytes(cluster->roll_hash, PSP_HASH_BYTES, true), "digest_key_hash",
                  psp_json_of_bytes(cluster->digest_key_hash, PSP_HASH_BYTES, false), "clients",
                  cluster->clients_path, "routers", routers, "shards", shards, "collectors",
                  collectors, "operators", operators);
    if (cluster->auditor_count > 0)
        json_object_set_new(root, "auditors", auditors_json(cluster));
    if (cluster->gateway_count > 0)
        json_object_set_new(root, "gateways", gateways_json(cluster));
    if (cluster->bridge_count > 0)
        json_object_set_new(root, "bridges", bridges_json(cluster));
    return root;
}

enum psp_status psp_cluster_store(const struct psp_cluster *cluster, const char *path)
{
    json_t *root = cluster_json(cluster);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (!text)
        return PSP_ENOMEM;
    const enum psp_status status = psp_file_write(path, text, strlen(text), FILE_MODE);
    free(text);
    return status;
}
