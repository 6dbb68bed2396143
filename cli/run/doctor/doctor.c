/*
 * psephos doctor - before the night: is this machine fit, and are the others in reach?
 *
 * Of a cluster's folder all that can be seen from this machine; of a list of machines, as
 * `up --hosts` takes it, what can be seen before there is a cluster.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/folder/daemon.h"
#include "cli/folder/hosts.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/run/doctor/disk.h"
#include "cli/run/doctor/findings.h"
#include "cli/run/doctor/keys.h"
#include "cli/run/doctor/machine.h"
#include "cli/run/doctor/processes.h"
#include "cli/run/doctor/reach.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cluster/election.h"

enum { OPTION_DATA = 256 };
enum { REPLICAS = 3 }; /* of a shard on several machines, as `up` makes them */

struct arguments {
    const char *place, *data;
    bool json;
};

static const struct argp_option options[] = {
    {"data", OPTION_DATA, "FOLDER", 0,
     "where the data lies or will lie on this machine; without it DIR/data, or /var/lib/psephos",
     0},
    {0},
};

static const struct argp_child children[] = {{&psp_option_json, 0, NULL, 0}, {0}};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->json;
        return 0;
    case OPTION_DATA:
        arguments->data = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->place)
            argp_error(state, "one DIR or HOSTS at a time");
        arguments->place = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->place)
            argp_error(state, "DIR or HOSTS is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* ---- this machine ---- */

/* What will be here, in replicas and parts of the whole election. */
struct load {
    uint32_t replicas, collectors;
    double share; /* of all ballots: 1 for each copy of all of them */
};

static struct load load_of(const struct psp_local *local, const struct psp_daemon *daemons,
                           const bool *here, uint32_t n)
{
    struct load load = {0};
    for (uint32_t i = 0; i < n; i++) {
        load.collectors += here[i] && daemons[i].role == PSP_ROLE_COLLECTOR;
        if (!here[i] || daemons[i].role != PSP_ROLE_SHARD)
            continue;
        load.replicas++;
        for (uint32_t s = 0; s < local->cluster->shard_count; s++) {
            const struct psp_cluster_shard *shard = &local->cluster->shards[s];
            if (shard->shard == daemons[i].number)
                load.share += (double)(shard->slot_end - shard->slot_first) / PSP_SLOT_COUNT;
        }
    }
    return load;
}

/* Of the election, UINT64_MAX: nobody says. Voters on the roll may all come. */
static uint64_t ballots_expected(const struct psp_definition *definition)
{
    const struct psp_unit *root = &definition->units[definition->root];
    const uint64_t registered = root->registered == PSP_UNSTATED ? 0 : root->registered;
    const uint64_t expected = root->ballots_expected == PSP_UNSTATED ? 0 : root->ballots_expected;
    const uint64_t most = registered > expected ? registered : expected;
    return most > 0 ? most : UINT64_MAX;
}

static uint64_t times(uint64_t number, double share)
{
    return number == UINT64_MAX ? UINT64_MAX : (uint64_t)((double)number * share + 0.5);
}

static void look_at_disk(struct psp_findings *findings, const char *folder, uint64_t ballots,
                         const struct load *load)
{
    struct psp_disk disk = {0};
    struct psp_reason reason = {0};
    if (psp_disk_measure(folder, &disk, &reason) != PSP_OK) {
        psp_findings_add(findings, PSP_VERDICT_FAIL, "fsync", folder,
                         "make the folder, mount the disk, or name another one with --data", "%s",
                         reason.text);
        return;
    }
    psp_disk_judge(findings, folder, &disk);
    psp_disk_judge_space(findings, folder, disk.free_bytes, times(ballots, load->share),
                         (uint64_t)load->collectors * PSP_DOCTOR_COLLECTOR_BYTES);
}

static void look_at_limits(struct psp_findings *findings, const struct psp_daemon *daemons,
                           uint32_t n)
{
    struct psp_limits limits;
    uint32_t running = 0;
    for (uint32_t i = 0; i < n; i++) {
        const pid_t pid = psp_daemon_pid(&daemons[i]);
        if (pid == 0 || !psp_limits_read(pid, &limits))
            continue;
        running++;
        psp_limits_judge(findings, daemons[i].name, daemons[i].role == PSP_ROLE_COLLECTOR, &limits);
    }
    if (running == 0 && psp_limits_read(getpid(), &limits))
        psp_limits_judge(findings, "this shell", false, &limits);
}

static void look_at_machine(struct psp_findings *findings, uint64_t voters, uint32_t replicas,
                            bool alone)
{
    struct psp_vm vm;
    struct psp_time_sync sync;
    if (psp_vm_read(&vm))
        psp_vm_judge(findings, &vm, voters, replicas);
    psp_time_sync_read(&sync);
    psp_time_sync_judge(findings, &sync, alone);
}

/* ---- a cluster's folder ---- */

/* Where its data lies on this machine; the caller frees. */
static char *data_of(const struct psp_local *local, const char *given)
{
    static const char on_hosts[] = "/var/lib/psephos";
    char *own = psp_local_path(local, "data");
    if (!given && is_folder(own))
        return own;
    free(own);
    return psp_memory_copy(given ? given : is_folder(on_hosts) ? on_hosts : local->directory);
}

static void look_at_cluster(struct psp_findings *findings, const struct arguments *arguments,
                            const struct psp_local *local)
{
    struct psp_reason reason = {0};
    struct psp_definition *definition = NULL;
    struct psp_operate *operate = NULL;
    uint32_t n = 0, away = 0;
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    bool *here = psp_memory_array((size_t)n + 1, sizeof *here);
    for (uint32_t i = 0; i < n; i++) {
        here[i] = psp_reach_is_here(daemons[i].address);
        away += !here[i];
    }
    char *key = psp_local_path(local, "keys/operator.key"), *data = data_of(local, arguments->data);
    if (psp_cluster_election_load(local->cluster, &definition, &reason) != PSP_OK)
        psp_findings_add(findings, PSP_VERDICT_FAIL, "election", local->directory,
                         "bring election.json and cluster.json of one cluster", "%s", reason.text);
    else
        psp_findings_add(findings, PSP_VERDICT_OK, "election", local->directory, NULL, "%s",
                         definition->name);
    const struct load load = load_of(local, daemons, here, n);
    const uint64_t ballots = definition ? ballots_expected(definition) : UINT64_MAX;
    if (load.replicas > 0 || load.collectors > 0)
        look_at_disk(findings, data, ballots, &load);
    look_at_limits(findings, daemons, n);
    look_at_machine(findings, times(ballots, load.share), load.replicas, away == 0);
    psp_doctor_keys(findings, local, daemons, here, n);
    if (psp_operate_create(local->cluster, key, &operate, &reason) != PSP_OK)
        psp_findings_add(findings, PSP_VERDICT_WARN, "keys", key,
                         "call it on the control node, too: only with the operator's key can "
                         "processes be asked",
                         "%s", reason.text);
    psp_doctor_processes(findings, daemons, here, n, operate);
    psp_operate_destroy(&operate);
    if (definition)
        psp_definition_destroy(&definition);
    psp_daemons_free(&daemons, n);
    free(data);
    free(key);
    free(here);
}

/* ---- a list of machines ---- */

static void look_at_hosts(struct psp_findings *findings, const struct arguments *arguments,
                          const struct psp_hosts *hosts)
{
    struct psp_reason reason = {0};
    struct psp_host host;
    bool here = false, shards_here = false;
    if (psp_hosts_check(hosts, REPLICAS, &reason) != PSP_OK)
        psp_findings_add(findings, PSP_VERDICT_FAIL, "hosts", arguments->place,
                         "name more machines in the file", "%s", reason.text);
    for (uint32_t i = 0; psp_hosts_at(hosts, i, &host); i++) {
        char *address = psp_memory_print("%s:%u", host.address, PSP_PORT_SHARDS);
        if (psp_reach_is_here(address)) {
            here = true;
            shards_here = shards_here || psp_hosts_has(hosts, i, "shard");
        }
        free(address);
    }
    if (shards_here || arguments->data) {
        const struct load load = {.replicas = 1};
        look_at_disk(findings, arguments->data ? arguments->data : "/var/lib", UINT64_MAX, &load);
    }
    if (here) {
        look_at_limits(findings, NULL, 0);
        look_at_machine(findings, UINT64_MAX, 0, false);
    }
    psp_doctor_hosts(findings, hosts);
}

/* ---- the call ---- */

static int show(const struct psp_findings *findings, bool json)
{
    const uint32_t failed = psp_findings_count(findings, PSP_VERDICT_FAIL);
    const uint32_t warned = psp_findings_count(findings, PSP_VERDICT_WARN);
    if (json)
        psp_json_print(
            json_pack("{s:b, s:o}", "good", failed == 0, "checks", psp_findings_json(findings)));
    else
        psp_findings_print(findings, stdout);
    if (!json && failed == 0 && warned == 0)
        puts("all is well");
    return failed == 0 ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

int psp_cmd_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "DIR|HOSTS",
        "Before the night: measures this machine's disk, looks at its limits, memory, clock and "
        "keys, and at ports, versions and clocks of all processes of the cluster in DIR; of a file "
        "of machines, as `psephos up --hosts` takes it, whether each is in reach and its ports "
        "are free. Each line says what to do; exit code 1 when one fails." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_hosts *hosts = NULL;
    struct psp_reason reason = {0};
    struct psp_findings findings = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    int code = PSP_EXIT_NO;
    const bool folder = is_folder(arguments.place);
    if (folder && psp_local_open(arguments.place, &local, &reason) == PSP_OK)
        look_at_cluster(&findings, &arguments, local);
    else if (!folder && psp_hosts_load(arguments.place, &hosts, &reason) == PSP_OK)
        look_at_hosts(&findings, &arguments, hosts);
    if (local || hosts)
        code = show(&findings, arguments.json);
    else
        psp_fault_say("psephos doctor", &reason);
    psp_findings_free(&findings);
    psp_hosts_destroy(&hosts);
    psp_local_close(&local);
    return code;
}
