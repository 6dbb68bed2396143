/* psephos-collector: merges the shards' totals and shows them. */
#include <argp.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes/number.h"
#include "base/system/descriptors.h"
#include "cluster/identity.h"
#include "collector/page/media.h"
#include "collector/shell.h"
#include "process/main.h"
#include "process/notify.h"
#include "process/say.h"

const char *argp_program_version = "psephos-collector " PSP_VERSION;

/* What the daemon holds from start to end. */
struct parts {
    struct psp_identity identity;
    const char *data_path, *page_path;
    unsigned long collector;
    bool has_collector;
    struct psp_page *page;
    struct psp_collector_shell *shell;
    uint32_t position;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct parts *parts = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &parts->identity;
        return 0;
    case 'd':
        parts->data_path = value;
        return 0;
    case 'p':
        parts->page_path = value;
        return 0;
    case 'n':
        parts->collector = psp_number_argument(state, "--collector", value, 0, UINT32_MAX);
        parts->has_collector = true;
        return 0;
    case ARGP_KEY_END:
        if (!parts->data_path || !parts->has_collector)
            argp_error(state, "--cluster, --collector and --data are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"collector", 'n', "N", 0, "Which of its collectors this is", 0},
    {"data", 'd', "DIR", 0, "Folder of the board that was shown last (made when missing)", 0},
    {"page", 'p', "DIR", 0, "Folder of the page's files (page/ beside the program's folder)", 0},
    {0},
};

static const struct argp_child children[] = {{&psp_identity_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .doc = "Merges the shards' totals and shows them over HTTP.\v" PSP_IDENTITY_HELP,
};

static bool find_collector(struct parts *parts)
{
    const struct psp_cluster *cluster = parts->identity.cluster;
    for (uint32_t i = 0; i < cluster->collector_count; i++) {
        if (cluster->collectors[i].collector == parts->collector) {
            parts->position = i;
            return true;
        }
    }
    psp_reason_set(&parts->identity.reason, "cluster.json has no collector %lu", parts->collector);
    return false;
}

static bool load_key(struct parts *parts)
{
    struct psp_identity *identity = &parts->identity;
    char name[64], whom[64];
    snprintf(name, sizeof name, "collector-%lu", parts->collector);
    snprintf(whom, sizeof whom, "collector %lu", parts->collector);
    return psp_identity_load_key(identity, name,
                                 identity->cluster->collectors[parts->position].public_key, whom);
}

/* The folder that holds the program's folder: build/ of build/bin/…, the prefix
 * of an installed one. */
static bool find_prefix(char ret_prefix[PSP_IDENTITY_PATH_BYTES])
{
    const ssize_t length = readlink("/proc/self/exe", ret_prefix, PSP_IDENTITY_PATH_BYTES - 1);
    if (length <= 0)
        return false;
    ret_prefix[length] = 0;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(ret_prefix, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
    return true;
}

/* Without --page a missing page is no fault: the API works without it. */
static bool load_page(struct parts *parts)
{
    static const char *const places[] = {"page", "share/psephos/page"};
    char prefix[PSP_IDENTITY_PATH_BYTES], path[PSP_IDENTITY_PATH_BYTES];
    if (parts->page_path) {
        const enum psp_status status = psp_page_load(parts->page_path, &parts->page);
        if (status != PSP_OK)
            psp_reason_set(&parts->identity.reason, "--page %s: %s", parts->page_path,
                           psp_status_text(status));
        return status == PSP_OK;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places && !parts->page; i++) {
        if (!find_prefix(prefix) || !psp_identity_path(&parts->identity, prefix, places[i], path))
            continue;
        const enum psp_status status = psp_page_load(path, &parts->page);
        if (status != PSP_OK && status != PSP_ENOENT)
            psp_say(PSP_SAY_WARNING, "page", "%s: %s; going on without it", path,
                    psp_status_text(status));
    }
    return true;
}

static void report_media(const char *name, const char *why)
{
    psp_say(PSP_SAY_WARNING, "media", "%s: %s; going on without it", name, why);
}

/* Photos and map of the definition, beside election.json. */
static bool load_media(struct parts *parts)
{
    enum psp_status status = parts->page ? PSP_OK : psp_page_create(&parts->page);
    if (status == PSP_OK)
        status = psp_media_load(parts->page, parts->identity.definition,
                                parts->identity.cluster->directory, report_media);
    if (status != PSP_OK)
        psp_say(PSP_SAY_WARNING, "media", "%s; some photos or the map are not shown",
                psp_status_text(status));
    return true;
}

static bool start(void *context)
{
    struct parts *parts = context;
    struct psp_identity *identity = &parts->identity;
    psp_descriptors_keep();
    if (!psp_identity_load_cluster(identity) || !find_collector(parts) ||
        !psp_identity_load_definition(identity) || !load_key(parts) || !load_page(parts) ||
        !load_media(parts))
        return false;
    const struct psp_collector_shell_options shell = {
        .cluster = identity->cluster,
        .definition = identity->definition,
        .definition_text = identity->definition_text,
        .definition_bytes = identity->definition_bytes,
        .self = &identity->self,
        .page = parts->page,
        .data_directory = parts->data_path,
        .collector = parts->position,
    };
    return psp_collector_shell_create(&shell, &parts->shell, &identity->reason) == PSP_OK;
}

static void name(void *context, char *ret_name)
{
    const struct parts *parts = context;
    sprintf(ret_name, "collector-%lu", parts->collector);
}

static const char *why(void *context)
{
    const struct parts *parts = context;
    return psp_reason_text(&parts->identity.reason, PSP_ENOMEM);
}

static bool run(void *context)
{
    const struct parts *parts = context;
    assert(parts->shell != NULL); /* start was good */
    const struct psp_cluster_collector *self =
        &parts->identity.cluster->collectors[parts->position];
    psp_say(PSP_SAY_INFO, "ready", "http://%s/ shows %s; http://%s/metrics for operators",
            self->http, parts->identity.definition->name, self->http_local);
    psp_notify_ready();
    return psp_collector_shell_run(parts->shell) == PSP_OK;
}

static void end(void *context)
{
    struct parts *parts = context;
    psp_collector_shell_destroy(&parts->shell);
    psp_page_destroy(&parts->page);
    psp_identity_close(&parts->identity);
}

int main(int argc, char **argv)
{
    static struct parts parts;
    const struct psp_main daemon = {&argp, &parts, name, start, why, run, end};
    return psp_main_run(&daemon, argc, argv);
}
