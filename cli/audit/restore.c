/*
 * psephos restore - the shards' logs made again from a backup, for machines that
 * have lost theirs.
 *
 * Each backed-up journal must be signed by its shard, is opened with an auditor's key and
 * replayed first, and must give the state hash that the shard had there. Its entries are then
 * written as they are, at the indexes and terms they had, but for three: the first
 * configuration names the replicas under new IDs, later ones are left empty, and the genesis
 * carries the next epoch. So nobody takes what is older for newer: collectors show the new
 * epoch, and no replica of the old cluster is a member of this one.
 *
 * The logs are written beside, then cluster.json with the new epoch, then the logs
 * get their name: cut short anywhere, it is done again from the start.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/system/address.h"
#include "base/system/file.h"
#include "cli/audit/recount_shard.h"
#include "cli/audit/restore_log.h"
#include "cli/audit/sealed/backup_folder.h"
#include "cli/audit/sealed/chunks.h"
#include "cli/command.h"
#include "cli/folder/auditor_key.h"
#include "cli/folder/hosts.h"
#include "cli/folder/local.h"
#include "cli/folder/tree.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"
#include "cluster/begun.h"
#include "cluster/raft_id.h"

#define LOOPBACK "tcp://127."

enum { OPTION_RECOUNTED = 256, OPTION_GATEWAY, OPTION_AUDITOR_KEY };
enum { STATUS_MS = 1500, CLUSTER_BYTES_MAX = 16 << 20 };

struct arguments {
    const char *directory, *backup, *hosts, *gateway, *auditor_key;
    bool recounted, json;
};

struct restoring {
    const struct arguments *arguments;
    struct psp_local *local;
    struct psp_definition *definition;
    struct psp_backup backup;
    struct psp_keypair auditor;
    bool reported;     /* a shard holds a report */
    bool here;         /* the replicas run on this machine, in DIR/data */
    uint64_t first_id; /* raft ID of replica 0 */
    struct psp_reason reason;
};

static const struct argp_option options[] = {
    {"backup", 'b', "FOLDER", 0, "what `psephos backup` made", 0},
    {"auditor-key", OPTION_AUDITOR_KEY, "FILE", 0,
     "the secret key of an auditor, who alone can open the backup; default DIR/keys/auditor.key",
     0},
    {"hosts", 'H', "FILE", 0, "the new machines, when they have other addresses", 0},
    {"gateway", OPTION_GATEWAY, "HOST:PORT", 0, "where its gateway takes ballots by HTTP now", 0},
    {"as-recounted", OPTION_RECOUNTED, NULL, 0,
     "take what the journals give, also where it is not what backup.json says", 0},
    {0},
};

static const struct argp_child children[] = {
    {&psp_option_dir, 0, NULL, 0}, {&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->directory;
        state->child_inputs[1] = &arguments->json;
        return 0;
    case 'b':
        arguments->backup = value;
        return 0;
    case 'H':
        arguments->hosts = value;
        return 0;
    case OPTION_GATEWAY:
        if (!psp_address_good(value, 1))
            argp_error(state, "--gateway: HOST:PORT, for example 10.0.0.11:8090");
        arguments->gateway = value;
        return 0;
    case OPTION_AUDITOR_KEY:
        arguments->auditor_key = value;
        return 0;
    case OPTION_RECOUNTED:
        arguments->recounted = true;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->backup)
            argp_error(state, "--backup is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct restoring *restoring,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    psp_reason_vset_pointer(&restoring->reason, "", format, arguments);
    va_end(arguments);
    return false;
}

/* ---- before anything is written ---- */

/* Never a live cluster of what was a test, nor the other way round. */
static bool mode_fits(struct restoring *restoring, enum psp_mode mode, const char *where)
{
    const enum psp_mode own = restoring->local->cluster->mode;
    return mode == own ||
           refuse(restoring, "%s is of a cluster of mode %s (%s), cluster.json in %s says %s",
                  restoring->arguments->backup, psp_mode_name(mode), where,
                  restoring->local->directory, psp_mode_name(own));
}

static bool load(struct restoring *restoring)
{
    const struct psp_cluster *cluster = restoring->local->cluster;
    if (psp_backup_load(restoring->arguments->backup, &restoring->backup, &restoring->reason) !=
        PSP_OK)
        return false;
    if (memcmp(restoring->backup.cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES) != 0 ||
        restoring->backup.shard_count != cluster->shard_count)
        return refuse(restoring, "%s is the backup of another cluster than %s",
                      restoring->arguments->backup, restoring->local->directory);
    if (restoring->backup.format != PSP_BACKUP_FORMAT)
        return refuse(restoring,
                      "%s is a backup of Psephos 0.1.0, which alone restores it; this version "
                      "counts it again: psephos recount --offline --backup",
                      restoring->arguments->backup);
    if (!mode_fits(restoring, restoring->backup.mode, "backup.json") ||
        psp_auditor_key_load(cluster, restoring->local->directory,
                             restoring->arguments->auditor_key, &restoring->auditor,
                             &restoring->reason) != PSP_OK)
        return false;
    char *path = psp_local_path(restoring->local, "%s", cluster->election_path);
    const enum psp_status status =
        psp_definition_load(path, &restoring->definition, &restoring->reason);
    if (status != PSP_OK)
        psp_reason_set_file(&restoring->reason, path, status);
    free(path);
    return status == PSP_OK;
}

/* Two clusters that count the same election would count voters twice. */
static bool nobody_answers(struct restoring *restoring)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    struct psp_operate *operate = NULL;
    char *key = psp_local_path(restoring->local, "keys/operator.key");
    bool alone =
        psp_operate_create(restoring->local->cluster, key, &operate, &restoring->reason) == PSP_OK;
    const uint32_t n = alone ? psp_operate_count(operate) : 0;
    bool *asked = psp_memory_array(n + 1, sizeof *asked);
    for (uint32_t i = 0; i < n; i++)
        asked[i] = true;
    if (n > 0)
        psp_operate_ask(operate, asked, &request, STATUS_MS);
    for (uint32_t i = 0; alone && i < n; i++)
        if (psp_operate_answer(operate, i))
            alone = refuse(restoring,
                           "the process at %s still runs; stop all of the old cluster first "
                           "(`psephos down`, `systemctl disable --now`), and for good",
                           psp_operate_process(operate, i)->address);
    free(asked);
    free(key);
    psp_operate_destroy(&operate);
    return alone;
}

/* What an interrupted restore left goes; ballots stay where they are. */
static bool nothing_is_there(struct restoring *restoring)
{
    struct stat about;
    char *left = psp_local_path(restoring->local, "data.restoring");
    char *restored = psp_local_path(restoring->local, "restored");
    char *data = psp_local_path(restoring->local, "data");
    bool good = psp_tree_remove(left) == PSP_OK;
    if (!good)
        refuse(restoring, "%s: %s", left, strerror(errno));
    else if (stat(restored, &about) == 0)
        good = refuse(restoring,
                      "%s is there, of an earlier restore: bring it to the hosts (restore.yml), or "
                      "delete it and call this again",
                      restored);
    else if (rmdir(data) != 0 && errno != ENOENT) /* only an empty one */
        good = refuse(restoring, "%s is there; move it away (mv %s %s.old) and call this again",
                      data, data, data);
    free(data);
    free(restored);
    free(left);
    return good;
}

/* Damaged or changed since, or copied from a replica with a damaged memory. */
static bool differs(struct restoring *restoring, struct psp_backup_shard *shard,
                    const struct psp_recount_state *state)
{
    const uint64_t counted = state->books.disposed[PSP_COUNTED];
    if (memcmp(state->state_hash, shard->state_hash, PSP_HASH_BYTES) == 0 &&
        counted == shard->counted)
        return false;
    if (!restoring->arguments->recounted) {
        refuse(restoring,
               "the backup of shard %u, counted again, is not what the shard had: it gives %" PRIu64
               " counted and another state hash, backup.json says %" PRIu64
               ". Take another backup; or what the journal gives, with --as-recounted",
               shard->shard, counted, shard->counted);
        return true;
    }
    fprintf(stderr,
            "psephos restore: shard %u: backup.json says %" PRIu64
            " counted with another state hash; taken as recounted\n",
            shard->shard, shard->counted);
    shard->received = state->books.received;
    shard->counted = counted;
    return false;
}

static struct psp_sealed_shard sealed_shard(const struct restoring *restoring, uint32_t shard)
{
    return (struct psp_sealed_shard){.folder = restoring->arguments->backup,
                                     .backup = &restoring->backup,
                                     .shard = &restoring->backup.shards[shard],
                                     .signing_key =
                                         restoring->local->cluster->shards[shard].signing_key,
                                     .auditor = &restoring->auditor};
}

static bool verify(struct restoring *restoring)
{
    for (uint32_t s = 0; s < restoring->backup.shard_count; s++) {
        struct psp_backup_shard *shard = &restoring->backup.shards[s];
        struct psp_recount_state state;
        if (shard->index == 0)
            return refuse(restoring, "shard %u was never copied whole to %s; take another backup",
                          s, restoring->arguments->backup);
        const struct psp_sealed_shard sealed = sealed_shard(restoring, s);
        const struct psp_recount_from from = {.sealed = &sealed};
        struct psp_reason reason = {0};
        const enum psp_status status = psp_recount_journal(restoring->local, restoring->definition,
                                                           s, &from, shard->index, &state, &reason);
        if (status == PSP_ENOENT || status == PSP_EPERM) /* no other backup helps */
            refuse(restoring, "%s", psp_reason_text(&reason, status));
        else if (status != PSP_OK)
            refuse(restoring, "%s; take another backup", psp_reason_text(&reason, status));
        if (status != PSP_OK ||
            (state.mode != 0 && !mode_fits(restoring, state.mode, "its journal")) ||
            differs(restoring, shard, &state))
            return false;
        restoring->reported |= state.report > 0;
    }
    return true;
}

/* ---- writing ---- */

/* A table that the cluster owns, and may be changed here. */
#define OWNED(type, pointer) ((type *)(uintptr_t)(pointer))

static void set_text(const char **text, char *value)
{
    free(OWNED(void, *text));
    *text = value;
}

/* After the collector has its new address: two processes at one would make cluster.json bad. */
static bool renew_gateway(struct restoring *restoring)
{
    const struct psp_cluster *cluster = restoring->local->cluster;
    const char *http = restoring->arguments->gateway;
    if (!http)
        return true;
    if (strcmp(http, cluster->collectors[0].http) == 0)
        return refuse(restoring, "--gateway %s is where the collector serves the page", http);
    set_text(&OWNED(struct psp_cluster_gateway, &cluster->gateways[0])->http,
             psp_memory_copy(http));
    return true;
}

/* In memory only; stored later. */
static bool renew(struct restoring *restoring, const struct psp_hosts *hosts)
{
    struct psp_cluster *cluster = restoring->local->cluster;
    const uint64_t older =
        cluster->epoch > restoring->backup.epoch ? cluster->epoch : restoring->backup.epoch;
    uint32_t chance = 0;
    if (older >= PSP_EPOCH_MAX)
        return refuse(restoring, "epoch %" PRIu64 " is the last one", older);
    if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
        return refuse(restoring, "no random number: %s", strerror(errno));
    cluster->epoch = older + 1;
    restoring->first_id = psp_raft_id_restored(cluster->epoch, chance);
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const struct psp_cluster_shard *shard = &cluster->shards[s];
        for (uint32_t r = 0; r < shard->replica_count; r++) {
            struct psp_cluster_replica *replica =
                OWNED(struct psp_cluster_replica, &shard->replicas[r]);
            replica->raft_id = psp_raft_id_of(restoring->first_id, r);
            if (hosts)
                set_text(&replica->address,
                         psp_memory_print("tcp://%s:%u",
                                          psp_hosts_replica(hosts, s, shard->replica_count, r),
                                          PSP_PORT_SHARDS + s));
        }
    }
    restoring->here =
        strncmp(cluster->shards[0].replicas[0].address, LOOPBACK, sizeof LOOPBACK - 1) == 0;
    for (uint32_t i = 0; hosts && i < cluster->router_count; i++)
        set_text(&OWNED(struct psp_cluster_router, &cluster->routers[i])->address,
                 psp_memory_print("tcp://%s:%u", psp_hosts_router(hosts, i), PSP_PORT_ROUTERS + i));
    if (!hosts)
        return renew_gateway(restoring);
    struct psp_cluster_collector *collector =
        OWNED(struct psp_cluster_collector, &cluster->collectors[0]);
    const char *host = psp_hosts_collector(hosts);
    set_text(&collector->address,
             psp_memory_print("tcp://%s:%u", host, (unsigned)PSP_PORT_COLLECTOR));
    set_text(&collector->http, psp_memory_print("%s:%u", host, (unsigned)PSP_PORT_PAGE));
    return renew_gateway(restoring);
}

static bool write_log(struct restoring *restoring, uint32_t s, const char *folder)
{
    const struct psp_cluster *cluster = restoring->local->cluster;
    const struct psp_sealed_shard sealed = sealed_shard(restoring, s);
    struct psp_restore_plan plan = {.to = folder,
                                    .shard = s,
                                    .index = restoring->backup.shards[s].index,
                                    .replica_count = cluster->shards[s].replica_count,
                                    .epoch = cluster->epoch,
                                    .first_id = restoring->first_id,
                                    .cluster_id = cluster->cluster_id};
    const bool good = psp_records_of_sealed(&sealed, &plan.from, &restoring->reason) == PSP_OK &&
                      psp_restore_journal(&plan, &restoring->reason) == PSP_OK;
    psp_records_close(&plan.from);
    return good;
}

/* Here: each replica's own log. For other hosts: one a shard, to be copied. */
static bool write_logs(struct restoring *restoring)
{
    const struct psp_cluster *cluster = restoring->local->cluster;
    bool good = true;
    for (uint32_t s = 0; good && s < cluster->shard_count; s++)
        for (uint32_t r = 0; good && r < (restoring->here ? cluster->shards[s].replica_count : 1);
             r++) {
            char *folder =
                restoring->here
                    ? psp_local_path(restoring->local, "data.restoring/shard-%u-%u/log", s, r)
                    : psp_local_path(restoring->local, "data.restoring/shard-%u/log", s);
            good = write_log(restoring, s, folder);
            free(folder);
        }
    return good;
}

/* The one before stays beside it, for whoever restored by mistake. */
static bool store_cluster(struct restoring *restoring)
{
    char *path = psp_local_path(restoring->local, "cluster.json");
    char *kept = psp_local_path(restoring->local, "cluster.json.before-epoch-%" PRIu64,
                                restoring->local->cluster->epoch);
    char *text = NULL;
    size_t bytes = 0;
    enum psp_status status = psp_file_read(path, CLUSTER_BYTES_MAX, &text, &bytes);
    if (status == PSP_OK)
        status = psp_file_write(kept, text, bytes, 0644);
    if (status == PSP_OK)
        status = psp_cluster_store(restoring->local->cluster, path);
    if (status != PSP_OK)
        refuse(restoring, "%s: %s", path, psp_status_text(status));
    free(text);
    free(kept);
    free(path);
    return status == PSP_OK;
}

static bool put_in_place(struct restoring *restoring)
{
    char *from = psp_local_path(restoring->local, "data.restoring");
    char *to = psp_local_path(restoring->local, restoring->here ? "data" : "restored");
    bool good = store_cluster(restoring);
    if (good && (rename(from, to) != 0 || psp_file_sync_folder(to) != PSP_OK))
        good = refuse(restoring, "%s: %s", to, strerror(errno));
    free(to);
    free(from);
    return good;
}

/* The restored logs have the election: from here on an empty one is refused. */
static bool renew_markers(struct restoring *restoring)
{
    const struct psp_cluster *cluster = restoring->local->cluster;
    enum psp_status status = PSP_OK;
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        for (uint32_t r = 0; r < cluster->shards[s].replica_count && status == PSP_OK; r++)
            status = psp_begun_store(cluster, s, r, &restoring->reason);
    return status == PSP_OK;
}

/* What DIR has of its own is newer. */
static bool carry_back(struct restoring *restoring)
{
    return psp_backup_carry(restoring->arguments->backup, restoring->local->directory, false,
                            &restoring->reason) == PSP_OK;
}

static void tell_json(const struct restoring *restoring)
{
    json_t *shards = json_array();
    for (uint32_t s = 0; s < restoring->backup.shard_count; s++) {
        const struct psp_backup_shard *shard = &restoring->backup.shards[s];
        json_array_append_new(shards, json_pack("{s:o, s:o, s:o, s:o}", "shard", psp_json_count(s),
                                                "index", psp_json_count(shard->index), "received",
                                                psp_json_count(shard->received), "counted",
                                                psp_json_count(shard->counted)));
    }
    psp_json_print(json_pack(
        "{s:s, s:o, s:o, s:b, s:o}", "directory", restoring->local->directory, "epoch",
        psp_json_count(restoring->local->cluster->epoch), "logs",
        json_sprintf("%s/%s", restoring->local->directory, restoring->here ? "data" : "restored"),
        "report_again", restoring->reported, "shards", shards));
}

static void tell(const struct restoring *restoring)
{
    static const char *const headings[] = {"shard", "index", "received", "counted"};
    struct psp_table *table = psp_table_create("lrrr", headings);
    for (uint32_t s = 0; s < restoring->backup.shard_count; s++) {
        const struct psp_backup_shard *shard = &restoring->backup.shards[s];
        char name[16], index[PSP_COUNT_TEXT_BYTES], received[PSP_COUNT_TEXT_BYTES],
            counted[PSP_COUNT_TEXT_BYTES];
        snprintf(name, sizeof name, "%u", s);
        const char *const cells[] = {name, psp_count_text(shard->index, index),
                                     psp_count_text(shard->received, received),
                                     psp_count_text(shard->counted, counted)};
        psp_table_add(table, cells);
    }
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    printf("restored as of this, epoch %" PRIu64 ". ", restoring->local->cluster->epoch);
    if (restoring->here)
        printf("Start it: psephos up --dir %s\n", restoring->local->directory);
    else
        printf("Copy %s/restored/shard-S/log to the folder of each replica of shard S "
               "(/var/lib/psephos/shard-S-R/log), and cluster.json to every host; or run "
               "restore.yml\n",
               restoring->local->directory);
    puts("Then cast again what the stations still have: what was counted is recognised");
    if (restoring->reported) /* their backups were not taken at one moment */
        printf("Then report anew what was reported, since the shards may hold different reports: "
               "psephos report --again --dir %s\n",
               restoring->local->directory);
}

static bool restore(struct restoring *restoring)
{
    struct psp_hosts *hosts = NULL;
    const struct psp_cluster *cluster = restoring->local->cluster;
    if (restoring->arguments->gateway && cluster->gateway_count == 0)
        return refuse(restoring, "--gateway: the cluster in %s has none",
                      restoring->local->directory);
    if (restoring->arguments->hosts &&
        (psp_hosts_load(restoring->arguments->hosts, &hosts, &restoring->reason) != PSP_OK ||
         psp_hosts_check(hosts, cluster->shards[0].replica_count, &restoring->reason) != PSP_OK)) {
        psp_hosts_destroy(&hosts);
        return false;
    }
    const bool good = load(restoring) && nobody_answers(restoring) && nothing_is_there(restoring) &&
                      verify(restoring) && carry_back(restoring) && renew(restoring, hosts) &&
                      write_logs(restoring) && put_in_place(restoring) && renew_markers(restoring);
    psp_hosts_destroy(&hosts);
    return good;
}

int psp_cmd_restore(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Makes the shards' logs again from a backup, after their machines are lost, and raises "
        "the cluster's epoch. DIR holds cluster.json, keys and roll. The backup must be signed by "
        "the "
        "shards, and is opened with an auditor's key. Refuses while any process of "
        "the cluster answers." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct restoring restoring = {.arguments = &arguments};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    const bool done =
        psp_local_open(arguments.directory, &restoring.local, &restoring.reason) == PSP_OK &&
        psp_local_lock(restoring.local, &restoring.reason) == PSP_OK && restore(&restoring);
    if (done)
        (arguments.json ? tell_json : tell)(&restoring);
    else
        psp_fault_say("psephos restore", &restoring.reason);
    psp_backup_free(&restoring.backup);
    explicit_bzero(&restoring.auditor, sizeof restoring.auditor);
    if (restoring.definition)
        psp_definition_destroy(&restoring.definition);
    psp_local_close(&restoring.local);
    return done ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
