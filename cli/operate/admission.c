/* Whoever has not said no is asked again, a few times a second. */
#include "cli/operate/admission.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/operate/operate.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { ROUND_MS = 1000, PAUSE_MS = 100 };

static void note(const struct psp_operate *operate, uint32_t process, struct psp_admission *one)
{
    const struct psp_status_reply *reply = psp_operate_status(operate, process);
    if (!reply)
        return;
    one->answered = true;
    one->admits = reply->admits;
    snprintf(one->fault, sizeof one->fault, "%s", reply->stations_fault);
}

/* The routers are the last of operate's processes, in the cluster's order. */
static void ask(struct psp_operate *operate, uint32_t station, struct psp_admission *list,
                uint32_t n)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_STATUS_REQUEST,
                                                .status_request = {.station = station}};
    const uint32_t first = psp_operate_count(operate) - n;
    const uint64_t end_ms = psp_progress_clock_ms() + PSP_ADMISSION_WAIT_MS;
    bool *asked = psp_memory_array(psp_operate_count(operate), sizeof *asked);
    for (uint64_t now_ms = 0; psp_admission_open(list, n) > 0; poll(NULL, 0, PAUSE_MS)) {
        now_ms = psp_progress_clock_ms();
        if (now_ms >= end_ms)
            break;
        for (uint32_t i = 0; i < n; i++)
            asked[first + i] = list[i].admits != PSP_ADMITS_NO;
        psp_operate_ask(operate, asked, &request,
                        end_ms - now_ms < ROUND_MS ? end_ms - now_ms : ROUND_MS);
        for (uint32_t i = 0; i < n; i++)
            if (asked[first + i])
                note(operate, first + i, &list[i]);
    }
    free(asked);
}

enum psp_status psp_admission_ask(const struct psp_local *local, uint32_t station,
                                  struct psp_admission **ret_list, uint32_t *ret_n,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = local->cluster;
    struct psp_operate *operate = NULL;
    char *key = psp_local_path(local, "keys/operator.key");
    const enum psp_status status = psp_operate_create(cluster, key, &operate, reterr_reason);
    free(key);
    if (status != PSP_OK)
        return status;
    struct psp_admission *list = psp_memory_array(cluster->router_count, sizeof *list);
    for (uint32_t i = 0; i < cluster->router_count; i++)
        list[i] = (struct psp_admission){.router = cluster->routers[i].router,
                                         .address = cluster->routers[i].address};
    ask(operate, station, list, cluster->router_count);
    psp_operate_destroy(&operate);
    *ret_list = list;
    *ret_n = cluster->router_count;
    return PSP_OK;
}

uint32_t psp_admission_open(const struct psp_admission *list, uint32_t n)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < n; i++)
        open += list[i].admits != PSP_ADMITS_NO;
    return open;
}

static const char *trouble(const struct psp_admission *one)
{
    if (!one->answered)
        return "does not answer; it may still admit it";
    if (one->admits == PSP_ADMITS_NOT_SAID)
        return "cannot say whether it still admits it: it is of another version";
    return one->fault[0] != '\0' ? "still admits it, for it cannot read its list"
                                 : "still admits it, by its own clients.json";
}

void psp_admission_say(const struct psp_local *local, const struct psp_admission *list, uint32_t n,
                       const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].admits == PSP_ADMITS_NO)
            continue;
        fprintf(stderr, "psephos client: router %" PRIu32 " at %s %s%s%s\n", list[i].router,
                list[i].address, trouble(&list[i]), list[i].fault[0] != '\0' ? ": " : "",
                list[i].fault);
    }
    if (psp_admission_open(list, n) > 0)
        fprintf(stderr,
                "psephos client: %s is revoked in %s, but not everywhere. On hosts run "
                "ansible-playbook site.yml, which copies the list; here `psephos up --dir %s` "
                "starts what is down. Then ask again: psephos client --dir %s revoke %s\n",
                name, local->cluster->clients_path, local->directory, local->directory, name);
}

json_t *psp_admission_json(const struct psp_admission *list, uint32_t n)
{
    json_t *routers = json_array();
    for (uint32_t i = 0; i < n; i++) {
        const bool said = list[i].admits != PSP_ADMITS_NOT_SAID;
        json_array_append_new(
            routers, json_pack("{s:o, s:s, s:o, s:s?}", "router", psp_json_count(list[i].router),
                               "address", list[i].address, "admits",
                               said ? json_boolean(list[i].admits == PSP_ADMITS_YES) : json_null(),
                               "fault", list[i].fault[0] != '\0' ? list[i].fault : NULL));
    }
    return routers;
}
