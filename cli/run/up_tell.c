/* Words for people, members for programs. */
#include "cli/run/up_tell.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/folder/daemon.h"
#include "cli/folder/roll.h"
#include "cli/say/exit.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/table.h"
#include "cli/show/rest.h"
#include "election/definition/definition.h"

/* What there is to say of the election besides its cluster. */
struct about {
    enum psp_publication publication;
    uint64_t voters; /* on the roll; PSP_UNSTATED: no roll */
    bool waits;      /* to be opened, some shard at least */
    const struct psp_phase *phase;
};

static json_t *voters_json(uint64_t voters)
{
    return voters == PSP_UNSTATED ? json_null() : psp_json_count(voters);
}

static void tell_voters(uint64_t voters)
{
    char text[PSP_COUNT_TEXT_BYTES];
    if (voters == PSP_UNSTATED)
        puts("roll      none: every voter ID may vote once");
    else
        printf("roll      %s voter%s\n", psp_count_text(voters, text), voters == 1 ? "" : "s");
}

static void tell_json(const struct psp_local *local, struct about about)
{
    const struct psp_cluster *cluster = local->cluster;
    json_t *stations = json_array();
    for (uint32_t i = 0; i < cluster->router_count; i++)
        json_array_append_new(stations, json_string(cluster->routers[i].address));
    json_t *root = json_pack("{s:s, s:s, s:s, s:s?, s:b, s:o, s:o, s:o}", "directory",
                             local->directory, "mode", psp_mode_name(cluster->mode), "publication",
                             psp_publication_name(about.publication), "election",
                             psp_phase_name(psp_phase_of(about.phase)), "waits_for_open",
                             about.waits, "voters", voters_json(about.voters), "shards",
                             psp_json_count(cluster->shard_count), "stations", stations);
    json_object_set_new(root, "gateway",
                        cluster->gateway_count > 0
                            ? json_sprintf("http://%s/api/v1/ballots", cluster->gateways[0].http)
                            : json_null());
    json_t *bridges = json_array();
    for (uint32_t i = 0; i < cluster->bridge_count; i++)
        json_array_append_new(bridges, json_string(cluster->bridges[i].name));
    json_object_set_new(root, "bridges", bridges);
    if (cluster->collector_count > 0) {
        char *url = psp_rest_url(cluster, 0);
        json_object_set_new(root, "page", json_sprintf("%s/", url));
        json_object_set_new(root, "results", json_sprintf("%s/api/v1/results", url));
        json_object_set_new(root, "api", json_sprintf("%s/openapi.json", url));
        json_object_set_new(root, "metrics",
                            json_sprintf("http://%s/metrics", cluster->collectors[0].http_local));
        free(url);
    }
    psp_json_print(root);
}

static const char *headline(const struct psp_phase *phase)
{
    switch (psp_phase_of(phase)) {
    case PSP_PHASE_UNKNOWN:
    case PSP_PHASE_OPEN:
        break;
    case PSP_PHASE_NEW:
        return "not open yet";
    case PSP_PHASE_PARTLY_OPEN:
        return "PARTLY OPEN";
    case PSP_PHASE_PARTLY_CLOSED:
        return "PARTLY CLOSED";
    case PSP_PHASE_CLOSED:
        return "the election is closed, and counts no more";
    }
    return "ready to count";
}

/* A collector without the page's files serves the API alone. */
static bool page_is_there(const char *url)
{
    struct psp_rest *rest = NULL;
    const char *text;
    size_t bytes;
    const bool there = psp_rest_create(url, &rest) == PSP_OK &&
                       psp_rest_text(rest, "/page.js", &text, &bytes) == PSP_OK;
    psp_rest_destroy(&rest);
    return there;
}

static void tell(const struct psp_local *local, struct about about)
{
    const struct psp_cluster *cluster = local->cluster;
    printf("%s: %u shard%s in %s\n", headline(about.phase), cluster->shard_count,
           cluster->shard_count == 1 ? "" : "s", local->directory);
    if (psp_phase_of(about.phase) == PSP_PHASE_NEW)
        printf("open it   psephos open --dir %s; until then every ballot is refused as closed\n",
               local->directory);
    if (cluster->mode == PSP_MODE_TEST)
        puts("mode      test: no vote counted here is a vote");
    tell_voters(about.voters);
    printf("shown     %s: %s\n", psp_publication_name(about.publication),
           about.publication == PSP_PUBLICATION_IMMEDIATE
               ? "counts are shown as they come"
               : "counts are shown as of a unit's report");
    if (cluster->collector_count > 0) {
        char *url = psp_rest_url(cluster, 0);
        if (page_is_there(url))
            printf("page      %s/\n", url);
        else
            printf("page      none: it is not built (./run build makes it); the API is there\n");
        printf("results   %s/api/v1/results\n", url);
        printf("API       %s/openapi.json\n", url);
        printf("metrics   http://%s/metrics\n", cluster->collectors[0].http_local);
        free(url);
    }
    for (uint32_t i = 0; i < cluster->router_count; i++)
        printf("stations  %s\n", cluster->routers[i].address);
    for (uint32_t i = 0; i < cluster->gateway_count; i++)
        printf("gateway   http://%s/api/v1/ballots\n", cluster->gateways[i].http);
    for (uint32_t i = 0; i < cluster->bridge_count; i++)
        printf("bridge    %s, http://%s/metrics\n", cluster->bridges[i].name,
               cluster->bridges[i].http_local);
}

static void warn_partial(const struct psp_local *local, const struct psp_phase *phase)
{
    if (!psp_phase_is_partial(psp_phase_of(phase)))
        return;
    char *text = psp_phase_text(phase, local->directory);
    fprintf(stderr, "psephos up: %s\n", text);
    free(text);
}

int psp_up_tell_ready(const struct psp_local *local, bool json, const struct psp_phase *phase)
{
    struct psp_definition *definition = NULL;
    struct psp_reason reason = {0};
    const enum psp_phase_word of = psp_phase_of(phase);
    struct about about = {.waits = of == PSP_PHASE_NEW || of == PSP_PHASE_PARTLY_OPEN,
                          .phase = phase};
    char *path = psp_local_path(local, "%s", local->cluster->election_path);
    enum psp_status status = psp_definition_load(path, &definition, &reason);
    if (status != PSP_OK)
        psp_reason_set_file(&reason, path, status);
    else
        status = psp_local_roll_voters(local, &about.voters, &reason);
    if (status == PSP_OK) {
        about.publication = definition->publication;
        (json ? tell_json : tell)(local, about);
        warn_partial(local, phase);
    } else {
        psp_fault_say("psephos up", &reason);
    }
    psp_definition_destroy(&definition);
    free(path);
    return status == PSP_OK ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

/* Which process is to be started on which machine. */
int psp_up_tell_layout(const struct psp_local *local, bool json)
{
    uint32_t n = 0;
    uint64_t voters = 0;
    struct psp_reason reason = {0};
    if (psp_local_roll_voters(local, &voters, &reason) != PSP_OK) {
        psp_fault_say("psephos up", &reason);
        return PSP_EXIT_NO;
    }
    struct psp_daemon *daemons = psp_daemons_of(local, &n);
    json_t *processes = json_array();
    if (!json) {
        printf("laid out in %s; nothing was started\n", local->directory);
        tell_voters(voters);
    }
    for (uint32_t i = 0; i < n; i++) {
        json_array_append_new(processes, json_pack("{s:s, s:s}", "name", daemons[i].name, "address",
                                                   daemons[i].address));
        if (!json)
            printf("%-14s %s\n", daemons[i].name, daemons[i].address);
    }
    if (json)
        psp_json_print(json_pack("{s:s, s:o, s:O}", "directory", local->directory, "voters",
                                 voters_json(voters), "processes", processes));
    json_decref(processes);
    psp_daemons_free(&daemons, n);
    return PSP_EXIT_DONE;
}
