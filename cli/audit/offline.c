/* One shard after the other: which journal, up to where, counted, compared with what
 * the backup says; then the sum, as table, JSON and CSV. */
#include "cli/audit/offline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/logs.h"
#include "cli/audit/replay.h"
#include "cli/audit/reported.h"
#include "cli/audit/sealed/backup_folder.h"
#include "cli/audit/sealed/chunks.h"
#include "cli/audit/totals_csv.h"
#include "cli/folder/auditor_key.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"

struct recount {
    const struct psp_offline *offline;
    const struct psp_local *local;
    const struct psp_definition *definition;
    struct psp_backup backup;
    struct psp_keypair auditor;
    struct psp_books books;
    struct psp_totals *totals; /* of all shards; with the publication reports, as reported */
    struct psp_reported reported;
    struct psp_table *table;
    json_t *lines;
    bool test; /* cluster.json or a journal says so: neither hides the other */
    bool good;
};

/* Which journal of a shard is counted, and up to where. */
struct source {
    char *path;
    uint64_t index;
    const struct psp_backup_shard *backed_up; /* NULL: not of a backup */
    struct psp_sealed_shard sealed;           /* of a backup that is */
};

__attribute__((format(printf, 3, 4))) static void refuse(struct recount *recount, uint32_t shard,
                                                         const char *format, ...)
{
    char text[PSP_REASON_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "psephos recount: shard %" PRIu32 ": %s\n", shard, text);
    recount->good = false;
}

static bool find_in_backup(struct recount *recount, uint32_t shard, struct source *ret_source)
{
    for (uint32_t i = 0; i < recount->backup.shard_count; i++) {
        const struct psp_backup_shard *one = &recount->backup.shards[i];
        if (one->shard != shard || one->index == 0)
            continue;
        *ret_source = (struct source){
            .path = psp_memory_print("%s/shard-%" PRIu32, recount->offline->backup, shard),
            .index = one->index,
            .backed_up = one,
            .sealed = {.folder = recount->offline->backup,
                       .backup = &recount->backup,
                       .shard = one,
                       .signing_key = recount->local->cluster->shards[shard].signing_key,
                       .auditor = &recount->auditor}};
        return true;
    }
    refuse(recount, shard, "the backup in %s does not hold it whole", recount->offline->backup);
    return false;
}

static bool find_in_logs(struct recount *recount, const struct psp_cluster_shard *shard,
                         struct source *ret_source)
{
    struct psp_logs logs = {0};
    struct psp_reason reason = {0};
    uint64_t index = 0;
    uint32_t reference = 0;
    psp_logs_open(recount->local, shard, &logs);
    const bool found = psp_logs_agreed(&logs, &index, &reference, &reason) == PSP_OK;
    if (!found)
        refuse(recount, shard->shard, "%s", reason.text);
    for (uint32_t r = 0; found && r < shard->replica_count; r++) {
        if (!logs.logs[r]) {
            refuse(recount, shard->shard, "replica %" PRIu32 ": %s", r, logs.unreadable[r]);
            continue;
        }
        const uint64_t differs =
            r == reference ? 0 : psp_logs_difference(&logs, reference, r, index);
        if (differs)
            refuse(recount, shard->shard,
                   "replica %" PRIu32 ": %s holds another entry at index %" PRIu64
                   " than the majority",
                   r, logs.paths[r], differs);
    }
    if (found)
        *ret_source =
            (struct source){.path = psp_memory_copy(logs.paths[reference]), .index = index};
    psp_logs_close(&logs);
    return found;
}

static bool by_reports(const struct recount *recount)
{
    return recount->definition->publication == PSP_PUBLICATION_REPORTS;
}

/* The count against what stands elsewhere: itself, the cluster's file, the backup. */
static void compare(struct recount *recount, uint32_t shard, const struct source *source,
                    const struct psp_count *count)
{
    const struct psp_books *books = psp_count_books(count);
    const struct psp_genesis *genesis = psp_count_genesis(count);
    struct psp_fence fence;
    uint8_t hash[PSP_HASH_BYTES];
    psp_cluster_fence(recount->local->cluster, &fence);
    recount->test |= genesis && genesis->mode == PSP_MODE_TEST;
    if (!genesis) {
        refuse(recount, shard, "the journal in %s holds no genesis", source->path);
    } else {
        const enum psp_fence_part part = psp_fence_difference(&genesis->fence, &fence);
        if (part != PSP_FENCE_PARTS)
            refuse(recount, shard,
                   "the journal was counted with another %s than cluster.json names",
                   psp_fence_place(part));
        else if (genesis->mode != recount->local->cluster->mode)
            refuse(recount, shard, "the journal was counted in mode %s, cluster.json says %s",
                   psp_mode_name(genesis->mode), psp_mode_name(recount->local->cluster->mode));
    }
    if (genesis && by_reports(recount) != (psp_count_reported(count) != NULL))
        refuse(recount, shard, "the journal was counted with another publication than %s",
               psp_publication_name(recount->definition->publication));
    if (!psp_books_balanced(books) ||
        psp_totals_unbalanced_row(psp_count_totals(count)) != PSP_NONE)
        refuse(recount, shard, "the recounted books do not balance");
    if (!source->backed_up)
        return;
    psp_count_state_hash(count, hash);
    if (source->backed_up->received != books->received)
        refuse(recount, shard, "backup.json says %" PRIu64 " received, the journal gives %" PRIu64,
               source->backed_up->received, books->received);
    if (source->backed_up->counted != books->disposed[PSP_COUNTED])
        refuse(recount, shard, "backup.json says %" PRIu64 " counted, the journal gives %" PRIu64,
               source->backed_up->counted, books->disposed[PSP_COUNTED]);
    if (memcmp(hash, source->backed_up->state_hash, sizeof hash) != 0)
        refuse(recount, shard, "the state hash is another one than backup.json has");
}

/* promise 5: what is held is not added, so it cannot be written either */
static void add_up(struct recount *recount, const struct psp_count *count)
{
    const struct psp_totals *reported = psp_count_reported(count);
    const struct psp_totals *totals = reported ? reported : psp_count_totals(count);
    if (by_reports(recount) != (reported != NULL))
        return; /* refused */
    for (uint64_t i = 0; i < totals->cell_count; i++)
        recount->totals->cells[i] += totals->cells[i];
    if (reported)
        psp_reported_add(&recount->reported, count);
}

static void note(struct recount *recount, uint32_t shard, const struct psp_count *count)
{
    uint8_t hash[PSP_HASH_BYTES];
    char hex[2 * PSP_HASH_BYTES + 1];
    const struct psp_books *books = psp_count_books(count);
    psp_count_state_hash(count, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    json_t *line = json_pack("{s:o, s:o}", "shard", psp_json_count(shard), "index",
                             psp_json_count(psp_count_index(count)));
    json_t *counters = psp_json_of_books(books);
    json_object_update(line, counters);
    json_decref(counters);
    json_object_set_new(line, "state_hash", json_string(hex));
    json_array_append_new(recount->lines, line);

    char name[16], index[PSP_COUNT_TEXT_BYTES], received[PSP_COUNT_TEXT_BYTES],
        counted[PSP_COUNT_TEXT_BYTES];
    snprintf(name, sizeof name, "%" PRIu32, shard);
    hex[16] = '\0';
    const char *const cells[] = {name, psp_count_text(psp_count_index(count), index),
                                 psp_count_text(books->received, received),
                                 psp_count_text(books->disposed[PSP_COUNTED], counted), hex};
    psp_table_add(recount->table, cells);
    psp_books_add(&recount->books, books);
    add_up(recount, count);
}

static void recount_shard(struct recount *recount, const struct psp_cluster_shard *shard)
{
    struct psp_reason reason = {0};
    struct psp_replay replay = {.reason = &reason};
    struct source source = {0};
    if (!(recount->offline->backup ? find_in_backup(recount, shard->shard, &source)
                                   : find_in_logs(recount, shard, &source)))
        return;
    if (recount->backup.format == PSP_BACKUP_FORMAT)
        replay.sealed = &source.sealed;
    const enum psp_status status = psp_replay_run(&replay, recount->local, recount->definition,
                                                  shard->shard, source.path, source.index);
    if (status == PSP_OK) {
        compare(recount, shard->shard, &source, replay.count);
        note(recount, shard->shard, replay.count);
    } else {
        refuse(recount, shard->shard, "%s", psp_reason_text(&reason, status));
    }
    psp_replay_end(&replay);
    free(source.path);
}

/* False: they are of some of the shards only, and what is shown is of all. */
static bool all_reported(const struct recount *recount)
{
    if (!by_reports(recount) || recount->reported.shards == recount->local->cluster->shard_count)
        return true;
    fprintf(stderr,
            "psephos recount: %s is not written: with the publication reports it takes all shards "
            "to tell what is shown\n",
            recount->offline->results_path);
    return false;
}

static bool write_results(const struct recount *recount)
{
    const char *path = recount->offline->results_path;
    if (!all_reported(recount))
        return false;
    FILE *file = fopen(path, "w");
    if (file)
        psp_totals_csv_print(recount->totals, recount->reported.left_out, recount->test, file);
    const bool written = file && !ferror(file);
    if ((file && fclose(file) != 0) || !written) {
        fprintf(stderr, "psephos recount: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (recount->reported.left_out_n > 0)
        fprintf(stderr,
                "psephos recount: %s leaves %" PRIu32 " of %" PRIu32 " units out: their last "
                "report is not final, or not in every shard, and what is shown of them only a "
                "collector knows\n",
                path, recount->reported.left_out_n, recount->definition->unit_count);
    return true;
}

static void print(const struct recount *recount)
{
    if (recount->offline->json) {
        const enum psp_mode mode = recount->test ? PSP_MODE_TEST : PSP_MODE_LIVE;
        psp_json_print(json_pack("{s:s, s:s, s:o, s:O}", "mode", psp_mode_name(mode), "publication",
                                 psp_publication_name(recount->definition->publication), "total",
                                 psp_json_of_books(&recount->books), "shards", recount->lines));
        return;
    }
    psp_mode_say(recount->test, stdout);
    psp_table_print(recount->table, stdout);
    if (recount->good)
        puts("the journals give these books; no process was asked");
}

/* What a cluster of this version backed up is signed and sealed; what 0.1.0 did is neither. */
static bool openable(struct recount *recount)
{
    static const uint8_t none[PSP_SIGN_PUBLIC_BYTES];
    const struct psp_cluster *cluster = recount->local->cluster;
    struct psp_reason reason = {0};
    const bool signs = memcmp(cluster->shards[0].signing_key, none, sizeof none) != 0;
    if (signs != (recount->backup.format == PSP_BACKUP_FORMAT)) {
        fprintf(stderr,
                "psephos recount: %s: the backup is of format %d and the cluster of another "
                "version: its backups are %s\n",
                recount->offline->backup, recount->backup.format,
                signs ? "signed and sealed" : "of format 1");
        return false;
    }
    if (!signs ||
        psp_auditor_key_load(cluster, recount->local->directory, recount->offline->auditor_key,
                             &recount->auditor, &reason) == PSP_OK)
        return true;
    fprintf(stderr, "psephos recount: %s\n", reason.text);
    return false;
}

static bool begin(struct recount *recount)
{
    struct psp_reason reason = {0};
    enum psp_status status = psp_totals_create(recount->definition, &recount->totals);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos recount: %s\n", psp_status_text(status));
        return false;
    }
    if (by_reports(recount))
        psp_reported_begin(&recount->reported, recount->definition);
    if (!recount->offline->backup)
        return true;
    status = psp_backup_load(recount->offline->backup, &recount->backup, &reason);
    if (status != PSP_OK) {
        fprintf(stderr, "psephos recount: %s\n", psp_reason_text(&reason, status));
        return false;
    }
    if (memcmp(recount->backup.cluster_id, recount->local->cluster->cluster_id,
               PSP_CLUSTER_ID_BYTES) != 0) {
        fprintf(stderr, "psephos recount: %s: the backup is of another cluster than %s\n",
                recount->offline->backup, recount->local->directory);
        return false;
    }
    return openable(recount);
}

enum psp_exit psp_offline_recount(const struct psp_offline *offline, const struct psp_local *local,
                                  const struct psp_definition *definition)
{
    static const char *const headings[] = {"shard", "index", "received", "counted", "state hash"};
    struct recount recount = {.offline = offline,
                              .local = local,
                              .definition = definition,
                              .table = psp_table_create("lrrrl", headings),
                              .lines = json_array(),
                              .test = local->cluster->mode == PSP_MODE_TEST};
    const bool begun = begin(&recount);
    bool any = false;
    recount.good = begun;
    for (uint32_t s = 0; begun && s < local->cluster->shard_count; s++) {
        const struct psp_cluster_shard *shard = &local->cluster->shards[s];
        if (offline->shard != PSP_NONE && offline->shard != shard->shard)
            continue;
        any = true;
        recount_shard(&recount, shard);
    }
    if (begun && !any) {
        fprintf(stderr, "psephos recount: there is no shard %" PRIu32 "\n", offline->shard);
        recount.good = false;
    }
    if (json_array_size(recount.lines) > 0)
        print(&recount);
    if (offline->results_path && json_array_size(recount.lines) > 0)
        recount.good = write_results(&recount) && recount.good;
    psp_table_destroy(&recount.table);
    json_decref(recount.lines);
    psp_totals_destroy(&recount.totals);
    psp_reported_end(&recount.reported);
    psp_backup_free(&recount.backup);
    explicit_bzero(&recount.auditor, sizeof recount.auditor);
    return recount.good ? PSP_EXIT_DONE : PSP_EXIT_NO;
}
