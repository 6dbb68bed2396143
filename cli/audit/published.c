/* All rows of one version first, into a file; then the journals, up to that version. */
#include "cli/audit/published.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit/logs.h"
#include "cli/audit/published/lines.h"
#include "cli/audit/published/recounted.h"
#include "cli/audit/replay.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/mode.h"
#include "cli/say/table.h"
#include "cli/show/rest.h"
#include "wire/message/fence.h"

static const char call[] = "psephos recount";

struct work {
    const struct psp_local *local;
    const struct psp_definition *definition;
    FILE *rows;   /* the lines as they came, but the last */
    json_t *last; /* NULL: it did not come */
    json_t *shards;
    struct psp_recounted recounted;
    struct psp_lines lines;
    bool differs; /* said on stderr already */
};

/* ---- what is published ---- */

static enum psp_status keep(void *context, const json_t *line)
{
    struct work *work = context;
    if (!json_object_get(line, "kind")) {
        work->last = json_deep_copy(line);
        return PSP_OK;
    }
    if (json_dumpf(line, work->rows, JSON_COMPACT) != 0 || putc('\n', work->rows) == EOF)
        return PSP_EIO;
    return PSP_OK;
}

static bool fetch(struct work *work, struct psp_rest *rest)
{
    work->rows = tmpfile();
    const enum psp_status status =
        work->rows ? psp_rest_lines(rest, "/api/v1/changes", keep, work) : PSP_EIO;
    if (status == PSP_EIO)
        fprintf(stderr, "%s: cannot keep the rows in a temporary file: %s\n", call,
                psp_status_text(status));
    else if (status != PSP_OK)
        fprintf(stderr, "%s: %s\n", call, psp_rest_error(rest));
    else if (!work->last)
        fprintf(stderr, "%s: the collector's answer was cut short; call again\n", call);
    return status == PSP_OK && work->last;
}

__attribute__((format(printf, 2, 3))) static void refuse(struct work *work, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", call);
    vfprintf(stderr, format, arguments);
    putc('\n', stderr);
    va_end(arguments);
    work->differs = true;
}

/* What a collector itself knows of replicas that disagree. */
static void look_for_divergence(struct work *work, struct psp_rest *rest)
{
    json_t *answer = NULL;
    const json_t *shard;
    size_t i;
    if (psp_rest_get(rest, "/api/v1/shards", &answer) != PSP_OK)
        refuse(work, "%s", psp_rest_error(rest));
    json_array_foreach(json_object_get(answer, "shards"), i, shard)
    {
        if (json_is_true(json_object_get(shard, "diverged")))
            refuse(work, "shard %zu: the collector knows of replicas that disagree", i);
    }
    json_decref(answer);
}

/* ---- what the journals give ---- */

/* The log of a replica that holds the index, with a majority where there is one; NULL, said
 * why: none does. The caller frees. */
static char *find_log(struct work *work, const struct psp_cluster_shard *shard, uint64_t index)
{
    struct psp_logs logs = {0};
    struct psp_reason reason = {0};
    uint64_t agreed = 0, furthest = 0;
    uint32_t replica = 0;
    char *path = NULL;
    psp_logs_open(work->local, shard, &logs);
    if (psp_logs_agreed(&logs, &agreed, &replica, &reason) == PSP_OK && agreed >= index)
        path = psp_memory_copy(logs.paths[replica]);
    for (uint32_t r = 0; r < shard->replica_count; r++)
        if (logs.logs[r] && psp_journal_last(logs.logs[r]) > furthest)
            furthest = psp_journal_last(logs.logs[r]);
    if (!path && furthest > 0)
        refuse(work,
               "shard %" PRIu32 ": index %" PRIu64 " is published, and a majority of the logs in "
               "%s hold no more than %" PRIu64 " (the longest: %" PRIu64 ")",
               shard->shard, index, work->local->directory, agreed, furthest);
    else if (!path)
        refuse(work, "shard %" PRIu32 ": %s", shard->shard,
               reason.text[0] ? reason.text : "its log is not in this folder");
    psp_logs_close(&logs);
    return path;
}

static bool is_ours(struct work *work, uint32_t shard, const struct psp_count *count)
{
    const struct psp_genesis *genesis = psp_count_genesis(count);
    struct psp_fence fence;
    psp_cluster_fence(work->local->cluster, &fence);
    if (!genesis)
        return true; /* nothing was counted */
    const enum psp_fence_part part = psp_fence_difference(&genesis->fence, &fence);
    if (part != PSP_FENCE_PARTS)
        refuse(work,
               "shard %" PRIu32 ": the journal was counted with another %s than cluster.json names",
               shard, psp_fence_place(part));
    return part == PSP_FENCE_PARTS;
}

static bool recount_shard(struct work *work, const struct psp_cluster_shard *shard, uint64_t index)
{
    struct psp_reason reason = {0};
    struct psp_replay replay = {.reason = &reason};
    char *path = find_log(work, shard, index);
    if (!path)
        return false;
    const enum psp_status status =
        psp_replay_run(&replay, work->local, work->definition, shard->shard, path, index);
    if (status != PSP_OK)
        refuse(work, "shard %" PRIu32 ": %s", shard->shard, psp_reason_text(&reason, status));
    const bool good = status == PSP_OK && is_ours(work, shard->shard, replay.count);
    if (good) {
        psp_recounted_add(&work->recounted, replay.count);
        json_array_append_new(
            work->shards,
            json_pack("{s:I, s:I, s:I}", "shard", (json_int_t)shard->shard, "index",
                      (json_int_t)index, "counted",
                      (json_int_t)psp_count_books(replay.count)->disposed[PSP_COUNTED]));
    }
    psp_replay_end(&replay);
    free(path);
    return good;
}

static bool same_cluster(struct work *work, const json_t *version)
{
    char hex[2 * PSP_CLUSTER_ID_BYTES + 1];
    const char *told = json_string_value(json_object_get(version, "cluster"));
    for (size_t i = 0; i < PSP_CLUSTER_ID_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", work->local->cluster->cluster_id[i]);
    if (told && !strcmp(told, hex))
        return true;
    refuse(work, "the collector shows cluster %.40s, %s is of %s", told ? told : "null",
           work->local->directory, hex);
    return false;
}

/* False: it cannot be compared, and why was said. */
static bool recount_all(struct work *work)
{
    const struct psp_cluster *cluster = work->local->cluster;
    const json_t *version = json_object_get(work->last, "version");
    const json_t *shards = json_object_get(version, "shards");
    if (!same_cluster(work, version))
        return false;
    if (json_array_size(shards) != cluster->shard_count) {
        refuse(work, "the collector shows %zu shards, cluster.json has %" PRIu32,
               json_array_size(shards), cluster->shard_count);
        return false;
    }
    if (psp_recounted_begin(&work->recounted, work->definition, cluster->epoch > 1) != PSP_OK) {
        refuse(work, "%s", psp_status_text(PSP_ENOMEM));
        return false;
    }
    bool good = true;
    for (uint32_t s = 0; s < cluster->shard_count; s++) {
        const json_t *told = json_array_get(shards, s);
        const json_int_t epoch = json_integer_value(json_object_get(told, "epoch"));
        const json_int_t index = json_integer_value(json_object_get(told, "index"));
        if (epoch != (json_int_t)cluster->epoch && index > 0)
            refuse(work,
                   "shard %" PRIu32 ": epoch %" JSON_INTEGER_FORMAT
                   " is published, cluster.json says %" PRIu64,
                   cluster->shards[s].shard, epoch, cluster->epoch);
        good = recount_shard(work, &cluster->shards[s], (uint64_t)index) && good;
    }
    return good;
}

/* ---- the one against the other ---- */

static bool compare(struct work *work)
{
    char *text = NULL;
    size_t size = 0;
    bool good = psp_lines_begin(&work->lines, &work->recounted) == PSP_OK;
    rewind(work->rows);
    for (ssize_t n; good && (n = getline(&text, &size, work->rows)) > 0;) {
        json_t *line = json_loadb(text, (size_t)n, 0, NULL);
        good = line != NULL;
        if (good)
            psp_lines_take(&work->lines, line);
        json_decref(line);
    }
    good = good && !ferror(work->rows);
    if (good)
        psp_lines_take_last(&work->lines, work->last);
    else
        refuse(work, "the rows that were kept cannot be read again");
    free(text);
    return good;
}

static void tell_differences(const struct work *work)
{
    const json_t *text;
    size_t i;
    json_array_foreach(work->lines.differences, i, text)
        fprintf(stderr, "%s: %s\n", call, json_string_value(text));
    if (work->lines.differing > PSP_LINES_TOLD_MAX)
        fprintf(stderr, "%s: and %" PRIu64 " differences more\n", call,
                work->lines.differing - PSP_LINES_TOLD_MAX);
}

static void print(const struct work *work, bool agrees)
{
    static const char *const headings[] = {"shard", "index", "counted"};
    struct psp_table *table = psp_table_create("lrr", headings);
    const json_t *shard;
    size_t i;
    json_array_foreach(work->shards, i, shard)
    {
        char name[24], index[PSP_COUNT_TEXT_BYTES], counted[PSP_COUNT_TEXT_BYTES];
        snprintf(name, sizeof name, "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(shard, "shard")));
        const char *const cells[] = {
            name,
            psp_count_text((uint64_t)json_integer_value(json_object_get(shard, "index")), index),
            psp_count_text((uint64_t)json_integer_value(json_object_get(shard, "counted")),
                           counted)};
        psp_table_add(table, cells);
    }
    psp_mode_say(work->local->cluster->mode == PSP_MODE_TEST, stdout);
    psp_table_print(table, stdout);
    psp_table_destroy(&table);
    printf("%" PRIu64 " rows of the collector compared", work->lines.compared);
    if (work->lines.passed_over > 0)
        printf(", %" PRIu64 " passed over: their report is not final, and what is shown of them "
               "only a collector knows",
               work->lines.passed_over);
    putchar('\n');
    if (agrees)
        puts("what is published is what the journals, replayed from the start, give");
}

static enum psp_exit show(const struct work *work, bool json)
{
    const bool agrees = !work->differs && work->lines.differing == 0;
    tell_differences(work);
    if (json)
        psp_json_print(json_pack("{s:b, s:s, s:s, s:O?, s:o, s:o, s:o, s:O, s:O}", "agrees", agrees,
                                 "mode", psp_mode_name(work->local->cluster->mode), "publication",
                                 psp_publication_name(work->definition->publication), "version",
                                 json_object_get(work->last, "version"), "compared",
                                 psp_json_count(work->lines.compared), "passed_over",
                                 psp_json_count(work->lines.passed_over), "differing",
                                 psp_json_count(work->lines.differing), "differences",
                                 work->lines.differences, "shards", work->shards));
    else
        print(work, agrees);
    return agrees ? PSP_EXIT_DONE : PSP_EXIT_NO;
}

enum psp_exit psp_published_recount(const char *url, bool json, const struct psp_local *local,
                                    const struct psp_definition *definition)
{
    struct work work = {.local = local, .definition = definition, .shards = json_array()};
    struct psp_rest *rest = NULL;
    enum psp_exit code = PSP_EXIT_NO;
    if (psp_rest_open(call, url, NULL, &rest)) {
        if (!fetch(&work, rest)) {
            code = PSP_EXIT_UNREACHABLE;
        } else {
            look_for_divergence(&work, rest);
            if (recount_all(&work) && compare(&work))
                code = show(&work, json);
        }
    }
    if (work.lines.definition)
        psp_lines_end(&work.lines);
    psp_recounted_end(&work.recounted);
    psp_rest_destroy(&rest);
    if (work.rows)
        fclose(work.rows);
    json_decref(work.last);
    json_decref(work.shards);
    return code;
}
