/* Asks each process for its status, and looks at the ports of those that are silent. */
#include "cli/run/doctor/processes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "cli/folder/port.h"
#include "cli/run/doctor/answers.h"
#include "cli/run/doctor/reach.h"
#include "cli/say/memory.h"
#include "cli/show/gateway.h"

enum { ANSWER_MS = 10000, REACH_MS = 2000, CLOCK_TRIES = 3 };

static const char ports[] = "ports";

/* ---- asking ---- */

/* The clock of one that answers: of several questions the quickest tells most. */
static void ask_clock(struct psp_operate *operate, uint32_t process,
                      struct psp_doctor_answer *answer)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    uint64_t quickest_ms = UINT64_MAX;
    for (int tries = 0; tries < CLOCK_TRIES; tries++) {
        const uint64_t start_ms = psp_clock_ms();
        if (!psp_operate_ask_one(operate, process, &request, ANSWER_MS))
            continue;
        const uint64_t took_ms = psp_clock_ms() - start_ms, wall_ms = psp_clock_wall_ms();
        const struct psp_status_reply *status = psp_operate_status(operate, process);
        if (!status || status->wall_ms == 0 || took_ms >= quickest_ms)
            continue;
        quickest_ms = took_ms;
        answer->has_clock = true;
        answer->uncertain_ms = took_ms / 2 + 1;
        answer->ahead_ms = (int64_t)(status->wall_ms + took_ms / 2) - (int64_t)wall_ms;
    }
}

/* Those that answer, as what they say; `answered` a flag for each daemon. */
static uint32_t ask_all(const struct psp_daemon *daemons, const bool *here, uint32_t n,
                        struct psp_operate *operate, bool *answered,
                        struct psp_doctor_answer *answers)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST};
    const uint32_t asked_n = operate ? psp_operate_count(operate) : 0;
    bool *asked = psp_memory_array((size_t)asked_n + 1, sizeof *asked);
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked_n && i < n; i++) /* nobody answers at a port that is free */
        asked[i] = !here[i] || psp_port_check(daemons[i].address) != PSP_OK;
    if (operate)
        psp_operate_ask(operate, asked, &request, ANSWER_MS);
    for (uint32_t i = 0; i < asked_n && i < n; i++) {
        const struct psp_status_reply *status = psp_operate_status(operate, i);
        answered[i] = status != NULL;
        if (!status)
            continue;
        answers[count] = (struct psp_doctor_answer){.name = daemons[i].name,
                                                    .version = psp_memory_copy(status->version)};
        count++;
    }
    /* Each question forgets the answers before it. */
    for (uint32_t i = 0, at = 0; i < asked_n && i < n; i++)
        if (answered[i])
            ask_clock(operate, i, &answers[at++]);
    free(asked);
    return count;
}

/* ---- ports ---- */

/* One that does not answer and should run, or must not have its port taken. */
static void judge_silent(struct psp_findings *findings, const char *name, const char *address,
                         bool here, bool running, bool has_operator)
{
    if (here) {
        const bool taken = psp_port_check(address) == PSP_EEXIST;
        if (taken && !has_operator)
            psp_findings_add(findings, PSP_VERDICT_OK, ports, address, NULL,
                             "somebody listens for %s; only the operator's key can ask who", name);
        else if (taken)
            psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address,
                             "end what has this port (ss -ltnp), or look at the log of the process",
                             "in use, and it does not answer as %s", name);
        else if (running)
            psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address, "start it: psephos up",
                             "%s is down", name);
        else
            psp_findings_add(findings, PSP_VERDICT_OK, ports, address, NULL, "free for %s", name);
        return;
    }
    switch (psp_reach(address, REACH_MS)) {
    case PSP_REACH_OPEN:
        if (has_operator)
            psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address,
                             "look at the process and at its cluster.json: it takes the "
                             "operator's key of its own cluster only",
                             "somebody listens, and does not answer as %s", name);
        else
            psp_findings_add(findings, PSP_VERDICT_OK, ports, address, NULL, "%s listens", name);
        return;
    case PSP_REACH_CLOSED:
        if (running)
            psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address,
                             "start it on its machine: systemctl start", "%s is down", name);
        else
            psp_findings_add(findings, PSP_VERDICT_OK, ports, address, NULL,
                             "the machine answers, the port of %s is free", name);
        return;
    case PSP_REACH_SILENT:
    case PSP_REACH_NOWHERE:
        break;
    }
    psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address,
                     "look at the machine, at the network, at the firewall between",
                     "%s: no way there", name);
}

/* HTTP of a collector or gateway is free before the process runs. */
static void judge_http(struct psp_findings *findings, const char *name, const char *address)
{
    if (address && psp_port_check(address) == PSP_EEXIST)
        psp_findings_add(findings, PSP_VERDICT_FAIL, ports, address,
                         "end what has this port (ss -ltnp)", "in use, and %s is to listen there",
                         name);
}

static bool gateway_answers(const struct psp_daemon *daemon)
{
    struct psp_reason reason = {0};
    const char *address = daemon->http_local ? daemon->http_local : daemon->address;
    return daemon->role == PSP_ROLE_GATEWAY && psp_gateway_ready(address, &reason) == PSP_OK;
}

static void judge_ports(struct psp_findings *findings, const struct psp_daemon *daemons,
                        const bool *here, const bool *answered, uint32_t n, bool running,
                        bool has_operator)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_daemon *daemon = &daemons[i];
        if (daemon->is_bridge)
            continue; /* `psephos status` shows what it waits for */
        if (answered[i]) {
            psp_findings_add(findings, PSP_VERDICT_OK, ports, daemon->address, NULL, "%s answers",
                             daemon->name);
            continue;
        }
        judge_silent(findings, daemon->name, daemon->address, here[i], running, has_operator);
        /* Whoever has its first port may be it, and then has these, too. */
        if (here[i] && !running && psp_port_check(daemon->address) == PSP_OK) {
            judge_http(findings, daemon->name, daemon->http);
            judge_http(findings, daemon->name, daemon->http_local);
        }
    }
}

bool psp_doctor_processes(struct psp_findings *findings, const struct psp_daemon *daemons,
                          const bool *here, uint32_t n, struct psp_operate *operate)
{
    bool *answered = psp_memory_array((size_t)n + 1, sizeof *answered), running = false;
    struct psp_doctor_answer *answers = psp_memory_array((size_t)n + 1, sizeof *answers);
    const uint32_t count = ask_all(daemons, here, n, operate, answered, answers);
    for (uint32_t i = 0; i < n; i++) {
        answered[i] = answered[i] || gateway_answers(&daemons[i]);
        running = running || answered[i];
    }
    judge_ports(findings, daemons, here, answered, n, running, operate != NULL);
    if (count > 0) {
        psp_versions_judge(findings, PSP_VERSION, answers, count);
        psp_clocks_judge(findings, answers, count);
    }
    for (uint32_t i = 0; i < count; i++)
        free((char *)(uintptr_t)answers[i].version);
    free(answers);
    free(answered);
    return running;
}

void psp_doctor_hosts(struct psp_findings *findings, const struct psp_hosts *hosts)
{
    static const struct {
        const char *role;
        uint16_t port;
    } roles[] = {{"router", PSP_PORT_ROUTERS},
                 {"shard", PSP_PORT_SHARDS},
                 {"collector", PSP_PORT_COLLECTOR},
                 {"collector", PSP_PORT_PAGE}};
    struct psp_host host;
    for (uint32_t i = 0; psp_hosts_at(hosts, i, &host); i++)
        for (size_t r = 0; r < sizeof roles / sizeof *roles; r++) {
            if (!psp_hosts_has(hosts, i, roles[r].role))
                continue;
            char *address = psp_memory_print("%s:%u", host.address, roles[r].port);
            char *name = psp_memory_print("%s of %s", roles[r].role, host.name);
            judge_silent(findings, name, address, psp_reach_is_here(address), false, true);
            free(name);
            free(address);
        }
}
