/*
 * psephos backup - copies every shard's journal from a follower, while ballots
 * are counted.
 *
 * How far a copy goes is decided first: the index that the replica has applied,
 * with the state hash it has there. What is applied is committed and never
 * changes, so the entries may be fetched at leisure afterwards.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system/clock.h"
#include "base/system/file.h"
#include "cli/audit/backup_folder.h"
#include "cli/command.h"
#include "cli/folder/local.h"
#include "cli/operate/operate.h"
#include "cli/options.h"
#include "cli/say/fault.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/progress.h"
#include "cli/say/table.h"

/* A follower this close to the leader is asked in its place. */
enum { STATUS_MS = 3000, ANSWER_MS = 15000, NEAR_ENTRIES = 10000 };

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

/* One shard's copy. */
struct copy {
    struct psp_operate *operate;
    struct psp_journal *log;
    uint64_t epoch;
    uint32_t process; /* who is asked; PSP_NONE: nobody */
    struct psp_backup_shard to;
    uint64_t voted_term;
    struct psp_reason reason;
};

/* How well it serves: a follower, so that counting is not disturbed; a leader;
 * what else answers, perhaps the last one left: what it has applied is committed. */
static int rank(const struct psp_status_reply *status, uint64_t furthest)
{
    if (status->state == PSP_STATE_FOLLOWER && status->index + NEAR_ENTRIES >= furthest)
        return 3;
    if (status->state == PSP_STATE_LEADER)
        return 2;
    return status->state == PSP_STATE_JOINING ? 0 : 1;
}

static void aim(struct copy *copy, uint32_t process, const struct psp_status_reply *status)
{
    copy->process = process;
    copy->to.index = status->index;
    copy->to.received = status->books.received;
    copy->to.counted = status->books.disposed[PSP_COUNTED];
    memcpy(copy->to.state_hash, status->state_hash, PSP_HASH_BYTES);
}

/* Which replica is asked, and how far its copy will go. */
static void choose(struct copy *copy)
{
    const uint32_t n = psp_operate_count(copy->operate);
    const uint64_t held = psp_journal_last(copy->log);
    uint64_t furthest = 0;
    int best = 0;
    copy->process = PSP_NONE;
    psp_reason_set(&copy->reason, "no replica answers; see `psephos status`");
    psp_operate_ask_shard(copy->operate, copy->to.shard, STATUS_MS);
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_status_reply *status = psp_operate_status(copy->operate, i);
        if (status && status->index > furthest)
            furthest = status->index;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct psp_status_reply *status = psp_operate_status(copy->operate, i);
        const int its = status ? rank(status, furthest) : 0;
        if (its == 0)
            continue;
        if (status->epoch != copy->epoch)
            psp_reason_set(
                &copy->reason,
                "the cluster has epoch %" PRIu64 " and cluster.json here %" PRIu64
                ": it was restored; bring its cluster.json here and begin a new backup in "
                "another folder",
                status->epoch, copy->epoch);
        else if (status->index < held || status->index == 0)
            psp_reason_set(
                &copy->reason,
                "no replica that answers has all that the backup holds; see `psephos status`");
        else if (its > best || (its == best && status->index > copy->to.index)) {
            best = its;
            aim(copy, i, status);
        }
    }
}

/* The entries from `first` on; NULL after a reason. */
static const struct psp_cluster_message *fetch(struct copy *copy, uint64_t first)
{
    const struct psp_cluster_message request = {.type = PSP_CLUSTER_JOURNAL_REQUEST,
                                                .journal_request.first = first};
    psp_operate_ask_one(copy->operate, copy->process, &request, ANSWER_MS);
    const struct psp_cluster_message *answer = psp_operate_answer(copy->operate, copy->process);
    if (answer && answer->type == PSP_CLUSTER_JOURNAL && answer->journal.first == first &&
        answer->journal.entry_count > 0)
        return answer;
    psp_reason_set(&copy->reason,
                   "replica %" PRIu32 " does not send entry %" PRIu64
                   "; call this again: it goes on",
                   psp_operate_process(copy->operate, copy->process)->replica, first);
    return NULL;
}

/* The last entry of a copy that goes on must be the shard's. */
static enum psp_status compare_end(struct copy *copy)
{
    const uint64_t last = psp_journal_last(copy->log);
    uint8_t *buffer = NULL;
    size_t size = 0;
    struct psp_record own;
    if (last == 0)
        return PSP_OK;
    const struct psp_cluster_message *answer = fetch(copy, last);
    if (!answer)
        return PSP_ETIMEDOUT;
    enum psp_status status = psp_journal_read(copy->log, last, &buffer, &size, &own);
    const struct psp_raft_entry *theirs = &answer->journal.entries[0];
    if (status != PSP_OK) {
        psp_reason_set(&copy->reason, "the backup's entry %" PRIu64 ": %s", last,
                       psp_status_text(status));
    } else if (own.term != theirs->term || (uint32_t)own.type != theirs->type ||
               own.payload_bytes != theirs->payload.length ||
               (own.payload_bytes > 0 &&
                memcmp(own.payload, theirs->payload.data, own.payload_bytes) != 0)) {
        psp_reason_set(&copy->reason,
                       "the backup and the shard differ at entry %" PRIu64
                       ": it is of another history; choose another folder",
                       last);
        status = PSP_EMISMATCH;
    }
    free(buffer);
    return status;
}

static enum psp_status append(struct copy *copy, const struct psp_cluster_message *answer)
{
    const uint64_t first = answer->journal.first;
    enum psp_status status = PSP_OK;
    for (uint32_t i = 0; i < answer->journal.entry_count && first + i <= copy->to.index; i++) {
        const struct psp_raft_entry *entry = &answer->journal.entries[i];
        if (entry->term < copy->voted_term || entry->type < PSP_RECORD_COMMAND ||
            entry->type > PSP_RECORD_CONFIGURATION)
            status = PSP_ECORRUPT; /* the log would not open again */
        const struct psp_record record = {.index = first + i,
                                          .term = entry->term,
                                          .type = (enum psp_record_type)entry->type,
                                          .payload = entry->payload.data,
                                          .payload_bytes = (uint32_t)entry->payload.length};
        /* A log's last term may not be higher than that of its vote file. */
        if (status == PSP_OK && entry->term > copy->voted_term) {
            status = psp_journal_set_vote(copy->log, entry->term, 0);
            copy->voted_term = entry->term;
        }
        if (status == PSP_OK)
            status = psp_journal_append(copy->log, &record, 1);
    }
    if (status == PSP_OK)
        status = psp_journal_sync(copy->log);
    if (status != PSP_OK)
        psp_reason_set(&copy->reason, "writing the backup: %s", psp_status_text(status));
    return status;
}

static enum psp_status copy_shard(struct copy *copy)
{
    struct psp_progress progress;
    uint64_t voted_for;
    choose(copy);
    if (copy->process == PSP_NONE)
        return PSP_ETIMEDOUT;
    psp_journal_vote(copy->log, &copy->voted_term, &voted_for);
    enum psp_status status = compare_end(copy);
    psp_progress_start(&progress);
    while (status == PSP_OK && psp_journal_last(copy->log) < copy->to.index) {
        const struct psp_cluster_message *answer = fetch(copy, psp_journal_last(copy->log) + 1);
        status = answer ? append(copy, answer) : PSP_ETIMEDOUT;
        psp_progress_step(&progress, "entries", psp_journal_last(copy->log), copy->to.index);
    }
    psp_progress_end(&progress);
    if (status == PSP_OK)
        status = psp_journal_term(copy->log, copy->to.index, &copy->to.term);
    return status;
}

static void add_line(struct psp_table *table, const struct copy *copy)
{
    char shard[16], replica[16], index[PSP_COUNT_TEXT_BYTES], received[PSP_COUNT_TEXT_BYTES],
        counted[PSP_COUNT_TEXT_BYTES];
    snprintf(shard, sizeof shard, "%u", copy->to.shard);
    snprintf(replica, sizeof replica, "%u",
             psp_operate_process(copy->operate, copy->process)->replica);
    const char *const cells[] = {shard, replica, psp_count_text(copy->to.index, index),
                                 psp_count_text(copy->to.received, received),
                                 psp_count_text(copy->to.counted, counted)};
    psp_table_add(table, cells);
}

static json_t *line_of(const struct copy *copy)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "shard", psp_json_count(copy->to.shard), "replica",
        psp_json_count(psp_operate_process(copy->operate, copy->process)->replica), "index",
        psp_json_count(copy->to.index), "received", psp_json_count(copy->to.received), "counted",
        psp_json_count(copy->to.counted));
}

/* What was copied of this shard before stays when it fails. */
static int back_up_shard(const struct arguments *arguments, struct psp_operate *operate,
                         const struct psp_backup *backup, struct psp_backup_shard *shard,
                         struct psp_table *table, json_t *lines, bool *ret_begun)
{
    struct copy copy = {.operate = operate, .epoch = backup->epoch, .to = {.shard = shard->shard}};
    enum psp_status status =
        psp_backup_journal(arguments->out, backup, shard, &copy.log, &copy.reason);
    if (status == PSP_OK)
        status = copy_shard(&copy);
    *ret_begun |= copy.log != NULL && psp_journal_last(copy.log) > 0;
    psp_journal_close(&copy.log);
    if (status == PSP_OK) {
        *shard = copy.to;
        add_line(table, &copy);
        json_array_append_new(lines, line_of(&copy));
        return PSP_EXIT_DONE;
    }
    fprintf(stderr, "psephos backup: shard %" PRIu32 ": %s\n", shard->shard, copy.reason.text);
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
        const int one =
            back_up_shard(arguments, operate, backup, &backup->shards[s], table, lines, &begun);
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
               "needed, too: keep a copy of those elsewhere\n",
               arguments->out);
    return code;
}

/* What is in the folder already must be of this cluster. */
static bool begin(const struct arguments *arguments, const struct psp_local *local,
                  struct psp_backup *ret_backup, bool *ret_fresh, struct psp_reason *reterr_reason)
{
    const struct psp_cluster *cluster = local->cluster;
    enum psp_status status = psp_backup_load(arguments->out, ret_backup, reterr_reason);
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
        "Into the same folder again it fetches what is new. Neither keys nor the roll are in "
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
    bool fresh = false;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return PSP_EXIT_USAGE;
    if (psp_local_open(arguments.directory, &local, &reason) == PSP_OK &&
        begin(&arguments, local, &backup, &fresh, &reason)) {
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
    psp_backup_free(&backup);
    psp_local_close(&local);
    return code;
}
