/* psephos-collector: merges the shards' totals and shows them. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/media.h"
#include "collector/shell.h"
#include "process/file.h"
#include "process/log_line.h"
#include "process/notify.h"

enum {
    PATH_BYTES = 4096,
    REASON_BYTES = PATH_BYTES + 1024,
    EXIT_RUNTIME = 1,
    EXIT_USAGE = 2,
};

const char *argp_program_version = "psephos-collector " PSP_VERSION;

struct arguments {
    const char *cluster_path, *keys_path, *data_path, *page_path;
    unsigned long collector;
    bool has_collector;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    char *end = NULL;
    switch (key) {
    case 'c':
        arguments->cluster_path = value;
        return 0;
    case 'd':
        arguments->data_path = value;
        return 0;
    case 'k':
        arguments->keys_path = value;
        return 0;
    case 'p':
        arguments->page_path = value;
        return 0;
    case 'n':
        errno = 0;
        arguments->collector = strtoul(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || *value == '-')
            argp_error(state, "--collector wants a number, not '%s'", value);
        arguments->has_collector = true;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->cluster_path || !arguments->data_path || !arguments->has_collector)
            argp_error(state, "--cluster, --collector and --data are needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"cluster", 'c', "FILE", 0, "The cluster's cluster.json", 0},
    {"collector", 'n', "N", 0, "Which of its collectors this is", 0},
    {"data", 'd', "DIR", 0, "Folder of the board that was shown last (made when missing)", 0},
    {"keys", 'k', "DIR", 0, "Folder of collector-N.key (keys/ beside cluster.json)", 0},
    {"page", 'p', "DIR", 0, "Folder of the page's files (page/ beside the program's folder)", 0},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Merges the shards' totals and shows them over HTTP.\v"
           "Exit codes: 0 ended by SIGTERM or SIGINT, 1 could not start or go on, 2 usage.",
};

/* What the daemon holds from start to end. */
struct parts {
    struct psp_cluster *cluster;
    struct psp_definition *definition;
    char *definition_text;
    size_t definition_bytes;
    struct psp_keypair self;
    struct psp_page *page;
    struct psp_collector_shell *shell;
    uint32_t position;
    char reason[REASON_BYTES];
};

static bool join(char ret_path[PATH_BYTES], const char *folder, const char *name)
{
    const int n = snprintf(ret_path, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static bool find_collector(struct parts *parts, unsigned long collector)
{
    for (uint32_t i = 0; i < parts->cluster->collector_count; i++) {
        if (parts->cluster->collectors[i].collector == collector) {
            parts->position = i;
            return true;
        }
    }
    snprintf(parts->reason, REASON_BYTES, "cluster.json has no collector %lu", collector);
    return false;
}

static bool load_definition(struct parts *parts)
{
    char path[PATH_BYTES];
    struct psp_definition_fault fault;
    if (!join(path, parts->cluster->directory, parts->cluster->election_path))
        return false;
    const enum psp_status status =
        psp_file_read(path, (size_t)1 << 30, &parts->definition_text, &parts->definition_bytes);
    if (status != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s", path, psp_status_text(status));
        return false;
    }
    if (psp_definition_parse(parts->definition_text, parts->definition_bytes, &parts->definition,
                             &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", path, fault.pointer, fault.reason);
        return false;
    }
    if (memcmp(parts->definition->hash, parts->cluster->definition_hash, PSP_HASH_BYTES) != 0) {
        snprintf(parts->reason, REASON_BYTES,
                 "%s is not the election that cluster.json names (definition_hash); restore the "
                 "file the cluster was made with",
                 path);
        return false;
    }
    return true;
}

static bool load_key(struct parts *parts, const struct arguments *arguments)
{
    char folder[PATH_BYTES], path[PATH_BYTES], name[64];
    snprintf(name, sizeof name, "collector-%lu.key", arguments->collector);
    if (!join(folder, parts->cluster->directory, "keys") ||
        !join(path, arguments->keys_path ? arguments->keys_path : folder, name))
        return false;
    const enum psp_status status = psp_keypair_load(path, &parts->self);
    if (status != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s%s", path, psp_status_text(status),
                 status == PSP_EPERM ? "; a key file must have mode 0600" : "");
        return false;
    }
    if (strcmp(parts->self.public_z85, parts->cluster->collectors[parts->position].public_key) !=
        0) {
        snprintf(parts->reason, REASON_BYTES,
                 "%s is not the key that cluster.json names for collector %lu", path,
                 arguments->collector);
        return false;
    }
    return true;
}

/* The folder that holds the program's folder: build/ of build/bin/…, the prefix
 * of an installed one. */
static bool find_prefix(char ret_prefix[PATH_BYTES])
{
    const ssize_t length = readlink("/proc/self/exe", ret_prefix, PATH_BYTES - 1);
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
static bool load_page(struct parts *parts, const struct arguments *arguments)
{
    static const char *const places[] = {"page", "share/psephos/page"};
    char prefix[PATH_BYTES], path[PATH_BYTES];
    if (arguments->page_path) {
        const enum psp_status status = psp_page_load(arguments->page_path, &parts->page);
        if (status != PSP_OK)
            snprintf(parts->reason, REASON_BYTES, "--page %s: %s", arguments->page_path,
                     psp_status_text(status));
        return status == PSP_OK;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places && !parts->page; i++) {
        if (!find_prefix(prefix) || !join(path, prefix, places[i]))
            continue;
        const enum psp_status status = psp_page_load(path, &parts->page);
        if (status != PSP_OK && status != PSP_ENOENT)
            psp_log_line(PSP_LOG_WARNING, "page", "%s: %s; going on without it", path,
                         psp_status_text(status));
    }
    return true;
}

static void report_media(const char *name, const char *why)
{
    psp_log_line(PSP_LOG_WARNING, "media", "%s: %s; going on without it", name, why);
}

/* Photos and map of the definition, beside election.json. */
static bool load_media(struct parts *parts)
{
    enum psp_status status = parts->page ? PSP_OK : psp_page_create(&parts->page);
    if (status == PSP_OK)
        status =
            psp_media_load(parts->page, parts->definition, parts->cluster->directory, report_media);
    if (status != PSP_OK)
        psp_log_line(PSP_LOG_WARNING, "media", "%s; some photos or the map are not shown",
                     psp_status_text(status));
    return true;
}

static bool start(struct parts *parts, const struct arguments *arguments)
{
    struct psp_cluster_fault fault;
    if (psp_cluster_load(arguments->cluster_path, &parts->cluster, &fault) != PSP_OK) {
        snprintf(parts->reason, REASON_BYTES, "%s: %s %s", arguments->cluster_path, fault.pointer,
                 fault.reason);
        return false;
    }
    if (!find_collector(parts, arguments->collector) || !load_definition(parts) ||
        !load_key(parts, arguments) || !load_page(parts, arguments) || !load_media(parts))
        return false;
    const struct psp_collector_shell_options shell = {
        .cluster = parts->cluster,
        .definition = parts->definition,
        .definition_text = parts->definition_text,
        .definition_bytes = parts->definition_bytes,
        .self = &parts->self,
        .page = parts->page,
        .data_directory = arguments->data_path,
        .collector = parts->position,
    };
    return psp_collector_shell_create(&shell, &parts->shell, parts->reason, REASON_BYTES) == PSP_OK;
}

/* Viewers are connections: as many as the system lets us have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool run(struct parts *parts)
{
    const struct psp_cluster_collector *self = &parts->cluster->collectors[parts->position];
    psp_log_line(PSP_LOG_INFO, "ready", "http://%s/ shows %s; http://%s/metrics for operators",
                 self->http, parts->definition->name, self->http_local);
    psp_notify_ready();
    const enum psp_status status = psp_collector_shell_run(parts->shell);
    psp_notify_stopping();
    if (status == PSP_OK)
        psp_log_line(PSP_LOG_INFO, "stopped", "ended by a signal");
    return status == PSP_OK;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    char name[64];
    snprintf(name, sizeof name, "collector-%lu", arguments.collector);
    psp_log_name(name);
    raise_file_limit();
    static struct parts parts;
    snprintf(parts.reason, REASON_BYTES, "a path is too long");
    bool done = start(&parts, &arguments);
    if (done)
        done = run(&parts);
    else
        psp_log_line(PSP_LOG_ERROR, "cannot_start", "%s", parts.reason);
    psp_collector_shell_destroy(&parts.shell);
    psp_page_destroy(&parts.page);
    explicit_bzero(&parts.self, sizeof parts.self);
    psp_definition_destroy(&parts.definition);
    free(parts.definition_text);
    psp_cluster_destroy(&parts.cluster);
    return done ? EXIT_SUCCESS : EXIT_RUNTIME;
}
