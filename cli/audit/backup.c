/*
 * psephos backup - copies every shard's journal from a follower, while ballots
 * are counted.
 *
 * What is copied was sealed by the shard for the cluster's auditors: here nobody can read it
 * (cli/audit/sealed/copy.h).
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "base/system/file.h"
#include "base/system/lock.h"
#include "cli/audit/sealed/backup_folder.h"
#include "cli/audit/sealed/copy.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"

struct arguments {
    const char *directory, *out;
    bool json;
};

static const struct argp_option options[] = {
    {"out", 'o', "FOLDER", 0, "where the backup is, or is to be; what is there is added to", 0},
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
    case 'o':
        arguments->out = value;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->out)
            argp_error(state, "--out is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_line(struct psp_table *table, const struct psp_backup_shard *shard, uint32_t from)
{
    char name[16], replica[16], index[PSP_COUNT_TEXT_BYTES], received[PSP_COUNT_TEXT_BYTES],
        counted[PSP_COUNT_TEXT_BYTES];
    snprintf(name, sizeof name, "%u", shard->shard);
    snprintf(replica, sizeof replica, "%u", from);
    const char *const cells[] = {name, replica, psp_count_text(shard->index, index),
                                 psp_count_text(shard->received, received),
                                 psp_count_text(shard->counted, counted)};
    psp_table_add(table, cells);
}

static json_t *line_of(const struct psp_backup_shard *shard, uint32_t from)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "shard", psp_json_count(shard->shard), "replica",
                     psp_json_count(from), "index", psp_json_count(shard->index), "received",
                     psp_json_count(shard->received), "counted", psp_json_count(shard->counted));
}

/* What was copied of this shard before stays when it fails. */
static int back_up_shard(const struct psp_copy *copy, struct psp_table *table, json_t *lines,
                         bool *ret_begun)
{
    struct psp_reason reason = {0};
    uint32_t replica = 0;
    const struct psp_backup_shard *shard = &copy->backup->shards[copy->shard];
    enum psp_status status = psp_copy_check_folder(copy, &reason);
    if (status == PSP_OK)
        status = psp_copy_shard(copy, &replica, &reason);
    *ret_begun |= shard->chunk_count > 0;
    if (status == PSP_OK) {
        add_line(table, shard, replica);
        json_array_append_new(lines, line_of(shard, replica));
        return PSP_EXIT_DONE;
    }
    fprintf(stderr, "psephos backup: shard %" PRIu32 ": %s\n", shard->shard,
            psp_reason_text(&reason, status));
    return status == PSP_ETIMEDOUT ? PSP_EXIT_UNREACHABLE : PSP_EXIT_NO;
}

static bool store(const struct arguments *arguments, const struct psp_backup *backup)
{
    struct psp_reason reason = {0};
    if (psp_backup_store(backup, arguments->out, &reason) == PSP_OK)
        return true;
    psp_fault_say("psephos backup", &reason);
    return false;
}

/* Replaced each time: what was cast since belongs to the entries since. */
static bool carry(const struct arguments *arguments, const struct psp_local *local)
{
    struct psp_reason reason = {0};
    if (psp_backup_carry(local->directory, arguments->out, true, &reason) == PSP_OK)
        return true;
    psp_fault_say("psephos backup", &reason);
    return false;
}

/* One shard's trouble does not keep the others from being copied; `fresh`: this call began
 * the backup, and takes it away again when it copied nothing. */
static int back_up(const struct arguments *arguments, struct psp_operate *operate,
                   const struct psp_local *local, struct psp_backup *backup, bool fresh)
{
    static const char *const headings[] = {"shard", "replica", "index", "received", "counted"};
    bool begun = false;
    if (!store(arguments, backup)) { /* whose journals these are, before the first of them */
        if (fresh)
            psp_backup_undo(backup, arguments->out);
        return PSP_EXIT_NO;
    }
    struct psp_table *table = psp_table_create("llrrr", headings);
    json_t *lines = json_array();
    int code = PSP_EXIT_DONE;
    for (uint32_t s = 0; s < backup->shard_count; s++) {
        const struct psp_copy copy = {.operate = operate,
                                      .cluster = local->cluster,
                                      .folder = arguments->out,
                                      .backup = backup,
                                      .shard = s};
        const int one = back_up_shard(&copy, table, lines, &begun);
        code = one > code ? one : code;
    }
    backup->made_ms = psp_clock_wall_ms();
    if (fresh && !begun)
        psp_backup_undo(backup, arguments->out);
    else if (!carry(arguments, local) || !store(arguments, backup))
        code = PSP_EXIT_NO;
    if (arguments->json)
        psp_json_print(json_pack("{s:s, s:b, s:O}", "folder", arguments->out, "whole",
                                 code == PSP_EXIT_DONE, "shards", lines));
    else
        psp_table_print(table, stdout);
    json_decref(lines);
    psp_table_destroy(&table);
    if (code == PSP_EXIT_DONE && !arguments->json)
        printf("the journals are in %s; to restore them cluster.json, keys and roll of DIR are "
               "needed, too: keep a copy of those elsewhere. Only an auditor's key opens the "
               "journals\n",
               arguments->out);
    return code;
}

/* One backup at a time writes there. PSP_ENOENT: there is no folder yet. */
static enum psp_status lock(const struct arguments *arguments, int *ret_lock,
                            struct psp_reason *reterr_reason)
{
    const enum psp_status status = psp_lock_folder(arguments->out, ret_lock);
    if (status == PSP_EBUSY)
        psp_reason_set(reterr_reason, "%s: another backup is writing there", arguments->out);
    else if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, arguments->out, status);
    return status;
}

/* What is in the folder already must be of this cluster. */
static bool begin(const struct arguments *arguments, const struct psp_local *local,
                  struct psp_backup *ret_backup, bool *ret_fresh, int *ret_lock,
                  struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = local->cluster;
    enum psp_status status = lock(arguments, ret_lock, reterr_reason);
    if (status != PSP_OK && status != PSP_ENOENT)
        return false;
    status = psp_backup_load(arguments->out, ret_backup, reterr_reason);
    if (status == PSP_OK && ret_backup->format != PSP_BACKUP_FORMAT) {
        psp_reason_set(
            reterr_reason,
            "%s holds a backup of Psephos 0.1.0, whose journals anybody can read; choose "
            "another folder",
            arguments->out);
        return false;
    }
    if (status == PSP_OK &&
        (memcmp(ret_backup->cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES) != 0 ||
         ret_backup->mode != cluster->mode || ret_backup->epoch != cluster->epoch ||
         ret_backup->shard_count != cluster->shard_count)) {
        psp_reason_set(
            reterr_reason,
            "%s holds a backup of another cluster or mode, or from before a restore; choose "
            "another folder",
            arguments->out);
        return false;
    }
    *ret_fresh = status == PSP_ENOENT;
    if (status != PSP_ENOENT)
        return status == PSP_OK;
    status = psp_file_make_folder(arguments->out, 0700);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, arguments->out, status);
    else if (*ret_lock == PSP_LOCK_NONE)
        status = lock(arguments, ret_lock, reterr_reason);
    ret_backup->format = PSP_BACKUP_FORMAT;
    memcpy(ret_backup->cluster_id, cluster->cluster_id, PSP_CLUSTER_ID_BYTES);
    ret_backup->mode = cluster->mode;
    ret_backup->epoch = cluster->epoch;
    ret_backup->shard_count = cluster->shard_count;
    ret_backup->shards = psp_memory_array(cluster->shard_count, sizeof *ret_backup->shards);
    for (uint32_t s = 0; s < cluster->shard_count; s++)
        ret_backup->shards[s].shard = s;
    psp_backup_look(ret_backup, arguments->out);
    return status == PSP_OK;
}

int psp_cmd_backup(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Copies every shard's journal into a folder, from a follower, while ballots are counted. "
        "Into the same folder again it fetches what is new. The shards seal it for the auditors "
        "that cluster.json names, and nobody else can read it. Neither keys nor the roll are in "
        "it." PSP_EXIT_HELP,
        children,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct psp_local *local = NULL;
    struct psp_operate *operate = NULL;
    struct psp_backup backup = {0};
    struct psp_reason reason = {0};
    int code = PSP_EXIT_NO;
    int folder = PSP_LOCK_NONE;
    bool fresh = false;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK &&
        begin(&arguments, local, &backup, &fresh, &folder, &reason)) {
        char *key = psp_local_path(local, "keys/operator.key");
        if (psp_operate_create(local->cluster, key, &operate, &reason) == PSP_OK)
            code = back_up(&arguments, operate, local, &backup, fresh);
        else if (fresh)
            psp_backup_undo(&backup, arguments.out);
        free(key);
    }
    if (!operate)
        psp_fault_say("psephos backup", &reason);
    psp_operate_destroy(&operate);
    psp_lock_release(&folder);
    psp_backup_free(&backup);
    psp_local_close(&local);
    return code;
}
