/*
 * How a cluster folder comes about. Every step may have been done already by
 * an `up` that was interrupted; cluster.json is the last one.
 */
#include "base/system/lock.h"
#include "cli/folder/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/file.h"
#include "base/system/secret.h"
#include "cli/folder/media.h"
#include "cli/folder/port.h"
#include "cli/folder/roll.h"
#include "cli/folder/tree.h"
#include "cli/returns/record.h"
#include "cli/say/memory.h"
#include "cluster/raft_id.h"
#include "cluster/sign.h"
#include "cluster/stations.h"
#include "election/ballot_id.h"
#include "election/definition/definition.h"
#include "election/digest.h"
#include "wire/socket/socket.h"

/* What is being made; every string belongs to `texts`. */
struct making {
    const struct psp_local_plan *plan;
    struct psp_local local; /* the folder, without a cluster yet */
    struct psp_definition *definition;
    uint8_t secret[PSP_DIGEST_KEY_BYTES];
    struct psp_cluster cluster;
    struct psp_cluster_shard *shards; /* cluster.shards, to be filled in */
    struct psp_cluster_auditor *own_auditor;
    char **texts;
    size_t text_count;
    int *ports; /* sockets that hold the free ports until all are chosen */
    size_t port_count;
    struct psp_reason *reason;
    bool absent, empty; /* the folder, before */
};

static const char *keep(struct making *making, char *text)
{
    making->texts = psp_memory_resize(making->texts, making->text_count + 1, sizeof *making->texts);
    making->texts[making->text_count++] = text;
    return text;
}

/* What would go wrong only after the folder is made. */
static enum psp_status check_port(struct making *making, const char *option, const char *address)
{
    const enum psp_status status = address ? psp_port_check(address) : PSP_OK;
    if (status == PSP_EEXIST)
        psp_reason_set(making->reason, "%s %s: another program uses this port; choose another one",
                       option, address);
    else if (status != PSP_OK)
        psp_reason_set(making->reason, "%s %s: not an address of this machine with a port", option,
                       address);
    return status;
}

static enum psp_status check_http(struct making *making)
{
    const struct psp_local_plan *plan = making->plan;
    if (plan->hosts)
        return PSP_OK;
    const enum psp_status status = check_port(making, "--http", plan->http);
    return status == PSP_OK ? check_port(making, "--gateway", plan->gateway) : status;
}

/* Ballots without a cluster.json belong to a cluster that somebody misses:
 * nothing new is made on top of them. */
static enum psp_status check_data(struct making *making)
{
    char *path = psp_local_path(&making->local, "data");
    DIR *folder = opendir(path);
    const struct dirent *entry = NULL;
    while (folder && (entry = readdir(folder)) && entry->d_name[0] == '.')
        continue;
    if (entry)
        psp_reason_set(
            making->reason,
            "%s holds the data of a cluster, but cluster.json is gone: put it back from a "
            "copy, or choose another folder",
            path);
    if (folder)
        closedir(folder);
    free(path);
    return entry ? PSP_EEXIST : PSP_OK;
}

/* What there was before, so that a failure leaves no more behind. */
static enum psp_status look_before(struct making *making)
{
    DIR *folder = opendir(making->plan->directory);
    const struct dirent *entry = NULL;
    making->absent = !folder && errno == ENOENT;
    while (folder && (entry = readdir(folder)) &&
           (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")))
        continue;
    making->empty = folder && !entry;
    if (folder)
        closedir(folder);
    return PSP_OK;
}

/* A folder that nobody had put anything in is as it was. What an interrupted `up`
 * had made stays: the next one goes on with its keys. */
static void undo(const struct making *making)
{
    if (making->absent)
        psp_tree_remove(making->plan->directory);
    else if (making->empty)
        psp_tree_empty(making->plan->directory);
}

enum psp_status psp_local_make_folders(const char *directory, struct psp_reason *reterr_reason)
{
    static const char *const names[] = {"", "/keys", "/clients", "/roll", "/data", "/logs", "/run"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = psp_memory_print("%s%s", directory, names[i]);
        enum psp_status status = PSP_OK;
        if (mkdir(path, 0700) == 0) /* its name lasts before anything in it is relied on */
            status = psp_file_sync_folder(path);
        else if (errno != EEXIST)
            status = psp_status_from_errno(errno);
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "%s: %s", path, strerror(errno));
        free(path);
        if (status != PSP_OK)
            return status;
    }
    return PSP_OK;
}

static enum psp_status make_folders(struct making *making)
{
    const enum psp_status status = psp_local_make_folders(making->plan->directory, making->reason);
    if (status != PSP_OK)
        return status;
    making->local.directory = realpath(making->plan->directory, NULL);
    return making->local.directory ? PSP_OK : PSP_EIO;
}

/* The same file may be there already; another one is not ours to replace. */
static enum psp_status copy_definition(struct making *making, const char *source)
{
    char *path = psp_local_path(&making->local, "election.json");
    char *text = NULL, *there = NULL;
    size_t bytes = 0, there_bytes = 0;
    enum psp_status status = psp_file_read(source, SIZE_MAX, &text, &bytes);
    if (status == PSP_OK && psp_file_read(path, SIZE_MAX, &there, &there_bytes) != PSP_OK)
        status = psp_file_write(path, text, bytes, 0644);
    else if (status == PSP_OK && (bytes != there_bytes || memcmp(text, there, bytes) != 0))
        status = PSP_EEXIST;
    if (status == PSP_EEXIST)
        psp_reason_set(making->reason, "%s is another election than %s; choose another folder",
                       path, source);
    else if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    free(there);
    free(text);
    free(path);
    return status;
}

static enum psp_status make_definition(struct making *making)
{
    const char *source = making->plan->election_path;
    enum psp_status status = psp_definition_load(source, &making->definition, making->reason);
    if (status != PSP_OK)
        return psp_reason_set_file(making->reason, source, status);
    psp_local_copy_media(making->definition, source, making->local.directory);
    status = copy_definition(making, source);
    return status == PSP_OK ? psp_record_carry(source, making->local.directory, making->reason)
                            : status;
}

/* A key file as it is, or a new one. Returns the public key. */
static const char *make_key(struct making *making, char *path)
{
    struct psp_keypair pair = {0};
    enum psp_status status = psp_keypair_load(path, &pair);
    if (status == PSP_ENOENT) {
        status = psp_keypair_generate(&pair);
        if (status == PSP_OK)
            status = psp_keypair_store(path, &pair);
    }
    if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    free(path);
    explicit_bzero(pair.secret_z85, sizeof pair.secret_z85);
    return status == PSP_OK ? keep(making, psp_memory_copy(pair.public_z85)) : NULL;
}

/* Likewise the key that a shard signs with. */
static bool make_signing_key(struct making *making, struct psp_cluster_shard *shard)
{
    char *path = psp_local_path(&making->local, "keys/shard-%u-sign.key", shard->shard);
    struct psp_sign_key key = {0};
    const enum psp_status status = psp_sign_key_make(path, &key);
    if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    memcpy(shard->signing_key, key.public_key, sizeof shard->signing_key);
    explicit_bzero(&key, sizeof key);
    free(path);
    return status == PSP_OK;
}

static enum psp_status make_digest_key(struct making *making)
{
    char *path = psp_local_path(&making->local, "keys/digest.key");
    const enum psp_status status = psp_secret_make(path, making->secret, sizeof making->secret);
    if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    free(path);
    struct psp_digest_key key;
    psp_digest_key_init(&key, making->secret);
    memcpy(making->cluster.digest_key_hash, key.hash, sizeof key.hash);
    return status;
}

/* A free port, held until cluster.json is written: no two processes get the
 * same one. */
static const char *free_address(struct making *making, const char *prefix)
{
    uint16_t port = 0;
    const int held = psp_port_hold(&port);
    if (held < 0) {
        if (errno == EINVAL)
            psp_reason_set(making->reason, "PSEPHOS_PORTS is not FIRST-LAST, such as 20000-20999");
        else
            psp_reason_set(making->reason, "no free port on 127.0.0.1: %s", strerror(errno));
        return NULL;
    }
    making->ports = psp_memory_resize(making->ports, making->port_count + 1, sizeof *making->ports);
    making->ports[making->port_count++] = held;
    return keep(making, psp_memory_print("%s127.0.0.1:%u", prefix, port));
}

/* Where a process listens: at its host's fixed port, or at a free one here. */
static const char *address_at(struct making *making, const char *prefix, const char *host,
                              uint32_t port)
{
    if (!host)
        return free_address(making, prefix);
    return keep(making, psp_memory_print("%s%s:%u", prefix, host, port));
}

static enum psp_status make_shards(struct making *making)
{
    const struct psp_local_plan *plan = making->plan;
    const struct psp_hosts *hosts = plan->hosts;
    struct psp_cluster_shard *shards = psp_memory_array(plan->shards, sizeof *shards);
    making->cluster.shards = making->shards = shards;
    making->cluster.shard_count = plan->shards;
    for (uint32_t s = 0; s < plan->shards; s++) {
        struct psp_cluster_replica *replicas = psp_memory_array(plan->replicas, sizeof *replicas);
        shards[s] = (struct psp_cluster_shard){
            .shard = s,
            .slot_first = (uint32_t)((uint64_t)PSP_SLOT_COUNT * s / plan->shards),
            .slot_end = (uint32_t)((uint64_t)PSP_SLOT_COUNT * (s + 1) / plan->shards),
            .replica_count = plan->replicas,
            .replicas = replicas,
        };
        if (!make_signing_key(making, &shards[s]))
            return PSP_EIO;
        for (uint32_t r = 0; r < plan->replicas; r++) {
            replicas[r].replica = r;
            replicas[r].raft_id = psp_raft_id_of(PSP_RAFT_ID_START, r);
            replicas[r].address = address_at(
                making, "tcp://", hosts ? psp_hosts_replica(hosts, s, plan->replicas, r) : NULL,
                PSP_PORT_SHARDS + s);
            replicas[r].public_key =
                make_key(making, psp_local_path(&making->local, "keys/shard-%u-%u.key", s, r));
            if (!replicas[r].address || !replicas[r].public_key)
                return PSP_EIO;
        }
    }
    return PSP_OK;
}

static enum psp_status make_routers_and_collector(struct making *making)
{
    const struct psp_local_plan *plan = making->plan;
    const struct psp_hosts *hosts = plan->hosts;
    const char *collector_host = hosts ? psp_hosts_collector(hosts) : NULL;
    struct psp_cluster_router *routers = psp_memory_array(plan->routers, sizeof *routers);
    making->cluster.routers = routers;
    making->cluster.router_count = plan->routers;
    for (uint32_t i = 0; i < plan->routers; i++) {
        routers[i].router = i;
        routers[i].address = address_at(making, "tcp://", hosts ? psp_hosts_router(hosts, i) : NULL,
                                        PSP_PORT_ROUTERS + i);
        routers[i].public_key =
            make_key(making, psp_local_path(&making->local, "keys/router-%u.key", i));
        if (!routers[i].address || !routers[i].public_key)
            return PSP_EIO;
    }
    struct psp_cluster_collector *collector = psp_memory_array(1, sizeof *collector);
    making->cluster.collectors = collector;
    making->cluster.collector_count = 1;
    collector->http =
        plan->http ? plan->http : address_at(making, "", collector_host, PSP_PORT_PAGE);
    collector->embed_origins = plan->embed_origins;
    collector->trusted_proxies = plan->trusted_proxies;
    collector->http_local = address_at(making, "", hosts ? "127.0.0.1" : NULL, PSP_PORT_METRICS);
    collector->address = address_at(making, "tcp://", collector_host, PSP_PORT_COLLECTOR);
    collector->public_key =
        make_key(making, psp_local_path(&making->local, "keys/collector-0.key"));
    struct psp_cluster_operator *operator_ = psp_memory_array(1, sizeof *operator_);
    making->cluster.operators = operator_;
    making->cluster.operator_count = 1;
    operator_->name = "operator";
    operator_->public_key = make_key(making, psp_local_path(&making->local, "keys/operator.key"));
    return collector->http && collector->http_local && collector->address &&
                   collector->public_key && operator_->public_key
               ? PSP_OK
               : PSP_EIO;
}

static enum psp_status make_gateway(struct making *making)
{
    const struct psp_local_plan *plan = making->plan;
    if (!plan->gateway)
        return PSP_OK;
    struct psp_cluster_gateway *gateway = psp_memory_array(1, sizeof *gateway);
    making->cluster.gateways = gateway;
    making->cluster.gateway_count = 1;
    gateway->name = "0";
    gateway->http = plan->gateway;
    gateway->http_local =
        address_at(making, "", plan->hosts ? "127.0.0.1" : NULL, PSP_PORT_GATEWAY_METRICS);
    gateway->public_key = make_key(making, psp_local_path(&making->local, "keys/gateway-0.key"));
    return gateway->http_local && gateway->public_key ? PSP_OK : PSP_EIO;
}

/* Whom backups are sealed for. Named by nobody, it is whoever has this folder. */
static enum psp_status make_auditors(struct making *making)
{
    const struct psp_local_plan *plan = making->plan;
    struct psp_cluster_auditor *own = NULL;
    making->cluster.auditors = plan->auditors;
    making->cluster.auditor_count = plan->auditor_count;
    if (plan->auditor_count > 0)
        return PSP_OK;
    own = psp_memory_array(1, sizeof *own);
    own->name = "auditor";
    own->public_key = make_key(making, psp_local_path(&making->local, "keys/auditor.key"));
    making->own_auditor = own;
    making->cluster.auditors = own;
    making->cluster.auditor_count = 1;
    return own->public_key ? PSP_OK : PSP_EIO;
}

/* Whoever casts with --dir, and the station "local" wherever its key is taken to,
 * cast the same file as the same ballots: one secret in both places. */
static enum psp_status make_ballot_secret(struct making *making)
{
    uint8_t secret[PSP_BALLOT_SECRET_BYTES], there[PSP_BALLOT_SECRET_BYTES];
    char *path = psp_local_path(&making->local, "keys/ballot-ids.key");
    enum psp_status status = psp_secret_make(path, secret, sizeof secret);
    if (status == PSP_OK) {
        free(path);
        path = psp_local_path(&making->local, "clients/local.key.ids");
        status = psp_secret_load(path, there, sizeof there);
        if (status == PSP_ENOENT)
            status = psp_secret_store(path, secret, sizeof secret);
    }
    if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    free(path);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(there, sizeof there);
    return status;
}

static enum psp_status make_station(struct making *making)
{
    char *path = psp_local_path(&making->local, "clients.json");
    struct psp_station station = {.number = 1, .name = "local"};
    const struct psp_stations stations = {.count = 1, .list = &station};
    const char *key = make_key(making, psp_local_path(&making->local, "clients/local.key"));
    enum psp_status status = PSP_EIO;
    if (key) {
        snprintf(station.public_key, sizeof station.public_key, "%s", key);
        status = psp_stations_store(path, making->definition, &stations);
        if (status != PSP_OK)
            psp_reason_set_status(making->reason, path, status);
    }
    free(path);
    return status;
}

static enum psp_status make_cluster_file(struct making *making)
{
    struct psp_cluster *cluster = &making->cluster;
    cluster->mode = making->plan->mode ? making->plan->mode : PSP_MODE_LIVE;
    cluster->epoch = 1;
    cluster->election_path = "election.json";
    cluster->clients_path = "clients.json";
    cluster->directory = making->local.directory;
    memcpy(cluster->definition_hash, making->definition->hash, sizeof cluster->definition_hash);
    if (getrandom(cluster->cluster_id, sizeof cluster->cluster_id, 0) != sizeof cluster->cluster_id)
        return PSP_EIO;
    char *path = psp_local_path(&making->local, "cluster.json");
    const enum psp_status status = psp_cluster_store(cluster, path);
    if (status != PSP_OK)
        psp_reason_set_status(making->reason, path, status);
    free(path);
    return status;
}

static enum psp_status make_rolls(struct making *making)
{
    if (!making->plan->roll_path)
        return PSP_OK;
    const enum psp_status status =
        psp_local_roll_make(&making->local, making->plan->roll_path, making->secret,
                            making->definition, &making->cluster, making->shards, making->reason);
    if (status == PSP_OK)
        psp_cluster_hash_rolls(making->shards, making->cluster.shard_count,
                               making->cluster.roll_hash);
    return status;
}

enum psp_status psp_local_make(const struct psp_local_plan *plan, struct psp_reason *reterr_reason)
{
    struct psp_reason reason = {0};
    struct making making = {.plan = plan, .reason = &reason, .local.lock = PSP_LOCK_NONE};
    static enum psp_status (*const steps[])(struct making *) = {
        check_http,      look_before,      make_folders, check_data,
        make_definition, make_digest_key,  make_shards,  make_routers_and_collector,
        make_gateway,    make_auditors,    make_station, make_ballot_secret,
        make_rolls,      make_cluster_file};
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == PSP_OK; i++)
        status = steps[i](&making);
    if (status != PSP_OK && !reason.text[0])
        psp_reason_set_status(&reason, plan->directory, status);
    if (status != PSP_OK) {
        *reterr_reason = reason;
        undo(&making);
    }
    explicit_bzero(making.secret, sizeof making.secret);
    for (size_t i = 0; i < making.port_count; i++)
        close(making.ports[i]);
    for (size_t i = 0; i < making.text_count; i++)
        free(making.texts[i]);
    for (uint32_t i = 0; making.cluster.shards && i < making.cluster.shard_count; i++)
        free((void *)making.cluster.shards[i].replicas);
    free((void *)making.cluster.shards);
    free((void *)making.cluster.routers);
    free((void *)making.cluster.collectors);
    free((void *)making.cluster.operators);
    free((void *)making.cluster.gateways);
    free(making.own_auditor);
    free(making.ports);
    free(making.texts);
    free(making.local.directory);
    if (making.definition)
        psp_definition_destroy(&making.definition);
    return status;
}

/* Would these hosts lead to the addresses that the cluster has? */
static bool same_hosts(const struct psp_cluster *cluster, const struct psp_hosts *hosts)
{
    char address[64];
    struct psp_reason reason = {0};
    const uint32_t replicas = cluster->shards[0].replica_count;
    if (psp_hosts_check(hosts, replicas, &reason) != PSP_OK)
        return false;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count; r++) {
            snprintf(address, sizeof address, "tcp://%s:%u",
                     psp_hosts_replica(hosts, s, replicas, r), PSP_PORT_SHARDS + s);
            if (strcmp(cluster->shards[s].replicas[r].address, address) != 0)
                return false;
        }
    for (uint32_t i = 0; i < cluster->router_count; i++) {
        snprintf(address, sizeof address, "tcp://%s:%u", psp_hosts_router(hosts, i),
                 PSP_PORT_ROUTERS + i);
        if (strcmp(cluster->routers[i].address, address) != 0)
            return false;
    }
    snprintf(address, sizeof address, "tcp://%s:%u", psp_hosts_collector(hosts),
             (unsigned)PSP_PORT_COLLECTOR);
    return strcmp(cluster->collectors[0].address, address) == 0;
}

static bool same_words(const char *has, const char *wanted)
{
    return has != NULL && strcmp(has, wanted) == 0;
}

/* The keys say whom; a name may be given in passing. */
static bool same_auditors(const struct psp_cluster *cluster, const struct psp_local_plan *plan)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < plan->auditor_count; i++)
        for (uint32_t j = 0; j < cluster->auditor_count; j++)
            found += strcmp(plan->auditors[i].public_key, cluster->auditors[j].public_key) == 0;
    return found == plan->auditor_count && found == cluster->auditor_count;
}

static const struct psp_cluster_collector *collector_of(const struct psp_cluster *cluster)
{
    static const struct psp_cluster_collector none;
    return cluster->collector_count > 0 ? &cluster->collectors[0] : &none;
}

enum psp_status psp_local_compare(const struct psp_local *local, const struct psp_local_plan *plan,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = local->cluster;
    const char *differs = NULL;
    /* Who names an election and not --test means to hold it. */
    if (plan->election_path && !plan->mode && cluster->mode == PSP_MODE_TEST) {
        psp_reason_set(reterr_reason,
                       "%s holds a cluster that was made to test, and it stays one: give --test to "
                       "start it, or hold the election in another folder",
                       local->directory);
        return PSP_EMISMATCH;
    }
    if (plan->shards && plan->shards != cluster->shard_count)
        differs = "--shards";
    else if (plan->replicas && plan->replicas != cluster->shards[0].replica_count)
        differs = "--replicas";
    else if (plan->routers && plan->routers != cluster->router_count)
        differs = "--routers";
    else if (plan->mode && plan->mode != cluster->mode)
        differs = "mode (--test)";
    else if (plan->http && (cluster->collector_count == 0 ||
                            strcmp(plan->http, cluster->collectors[0].http) != 0))
        differs = "--http";
    else if (plan->embed_origins &&
             !same_words(collector_of(cluster)->embed_origins, plan->embed_origins))
        differs = "--embed-origins (cluster.json has them; the collector reads it when it starts)";
    else if (plan->trusted_proxies &&
             !same_words(collector_of(cluster)->trusted_proxies, plan->trusted_proxies))
        differs = "--trusted-proxy (cluster.json has them; the collector reads it when it starts)";
    else if (plan->gateway &&
             (cluster->gateway_count == 0 || strcmp(plan->gateway, cluster->gateways[0].http) != 0))
        differs = "--gateway";
    else if (plan->auditor_count > 0 && !same_auditors(cluster, plan))
        differs = "--auditor-key (cluster.json has them; shards read it when they start)";
    else if (plan->hosts && !same_hosts(cluster, plan->hosts))
        differs = "--hosts";
    if (!differs && plan->election_path) {
        struct psp_definition *definition = NULL;
        const enum psp_status status =
            psp_definition_load(plan->election_path, &definition, reterr_reason);
        if (status != PSP_OK)
            return psp_reason_set_file(reterr_reason, plan->election_path, status);
        if (memcmp(definition->hash, cluster->definition_hash, PSP_HASH_BYTES) != 0)
            differs = "--election";
        psp_definition_destroy(&definition);
    }
    if (!differs && plan->roll_path) {
        const enum psp_status status =
            psp_local_roll_compare(local, plan->roll_path, reterr_reason);
        if (status == PSP_EMISMATCH)
            differs = "--roll";
        else if (status != PSP_OK)
            return status;
    }
    if (!differs)
        return PSP_OK;
    psp_reason_set(
        reterr_reason,
        "%s holds a cluster with another %s, and it stays as it was made; leave the option out "
        "to start it, or choose another folder",
        local->directory, differs);
    return PSP_EMISMATCH;
}
