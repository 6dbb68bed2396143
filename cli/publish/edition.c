/* What the definition fixes is read once; the rest of a version each time. */
#include "cli/publish/edition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json/writer.h"
#include "base/system/clock.h"
#include "base/text/text.h"
#include "cli/publish/tables.h"
#include "cli/say/memory.h"

enum { FORMAT = 1, CONFIRM_S_MIN = 30, SERIES_MS = 60000 };

struct psp_edition {
    struct psp_source *source;
    struct psp_site *site;
    uint64_t every_s, confirmed_ms;
    char hash[72];    /* of the definition that `fixed` is of */
    json_t *fixed;    /* members of the index that it fixes */
    json_t *paths;    /* every path that these need */
    json_t *series;   /* contest -> {"path", "of": its files, "ms"} */
    bool no_overview; /* the collector has none */
};

struct psp_edition *psp_edition_create(struct psp_source *source, struct psp_site *site,
                                       uint64_t every_s)
{
    struct psp_edition *edition = psp_memory_array(1, sizeof *edition);
    edition->source = source;
    edition->site = site;
    edition->every_s = every_s;
    edition->series = json_object();
    return edition;
}

static void forget_fixed(struct psp_edition *edition)
{
    json_decref(edition->fixed);
    json_decref(edition->paths);
    edition->fixed = edition->paths = NULL;
    edition->hash[0] = '\0';
}

void psp_edition_destroy(struct psp_edition **edition)
{
    if (!*edition)
        return;
    forget_fixed(*edition);
    json_decref((*edition)->series);
    free(*edition);
    *edition = NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static enum psp_status of_source(const struct psp_edition *edition, enum psp_status status,
                                 struct psp_reason *reterr_reason)
{
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "%s", psp_source_error(edition->source));
    return status;
}

static void append(void *list, json_t *item)
{
    json_array_append(list, item);
}

/* Puts the value and notes its path under `name`; takes it. */
static enum psp_status put(struct psp_edition *edition, json_t *index, const char *name,
                           json_t *value, struct psp_reason *reterr_reason)
{
    char path[PSP_SITE_PATH_BYTES];
    const enum psp_status status = psp_site_put_json(edition->site, value, path, reterr_reason);
    json_decref(value);
    if (status == PSP_OK)
        json_object_set_new(index, name, json_string(path));
    return status;
}

/* ---- what the definition fixes ---- */

/* A body as it is, under its own ending. PSP_OK with an empty path: there is none. */
static enum psp_status put_bytes(struct psp_edition *edition, const char *from, const char *ending,
                                 char ret_path[PSP_SITE_PATH_BYTES],
                                 struct psp_reason *reterr_reason)
{
    const char *bytes;
    size_t length;
    ret_path[0] = '\0';
    const enum psp_status status = psp_source_bytes(edition->source, from, false, &bytes, &length);
    if (status == PSP_ENOENT)
        return PSP_OK;
    if (status != PSP_OK)
        return of_source(edition, status, reterr_reason);
    return psp_site_put(edition->site, bytes, length, ending, ret_path, reterr_reason);
}

/* The photo under a name of ours, and biography and platform, which only the candidate's own
 * answer has. */
static enum psp_status complete(struct psp_edition *edition, json_t *candidate,
                                struct psp_reason *reterr_reason)
{
    static const char *const own[] = {"biography", "platform"};
    const char *photo = json_string_value(json_object_get(candidate, "photo_url"));
    const char *file = text_of(candidate, "photo"), *dot = strrchr(file, '.');
    char path[PSP_SITE_PATH_BYTES], *from;
    json_t *one = NULL, *choice;
    size_t i;
    from = psp_memory_print("/api/v1/candidates/%s?limit=1", text_of(candidate, "id"));
    enum psp_status status =
        of_source(edition, psp_source_get_any(edition->source, from, &one), reterr_reason);
    free(from);
    for (i = 0; status == PSP_OK && i < 2; i++)
        json_object_set(candidate, own[i],
                        json_object_get(json_object_get(one, "candidate"), own[i]));
    json_decref(one);
    json_object_del(candidate, "votes");
    json_array_foreach(json_object_get(candidate, "choices"), i, choice)
        json_object_del(choice, "votes");
    if (status != PSP_OK || !photo)
        return status;
    from = psp_memory_copy(photo);
    status = put_bytes(edition, from, dot ? dot + 1 : "jpg", path, reterr_reason);
    free(from);
    json_object_set_new(candidate, "photo_url", *path ? json_string(path) : json_null());
    if (*path)
        json_array_append_new(edition->paths, json_string(path));
    return status;
}

static enum psp_status put_candidates(struct psp_edition *edition, struct psp_reason *reterr_reason)
{
    json_t *list = json_array(), *candidate;
    size_t i;
    enum psp_status status = of_source(
        edition,
        psp_source_each(edition->source, "/api/v1/candidates", "candidates", false, append, list),
        reterr_reason);
    json_array_foreach(list, i, candidate)
    {
        if (status == PSP_OK)
            status = complete(edition, candidate, reterr_reason);
    }
    if (status != PSP_OK) {
        json_decref(list);
        return status;
    }
    return put(edition, edition->fixed, "candidates", json_pack("{s:o}", "candidates", list),
               reterr_reason);
}

static enum psp_status put_contests(struct psp_edition *edition, struct psp_reason *reterr_reason)
{
    json_t *list = json_array();
    const enum psp_status status = of_source(
        edition,
        psp_source_each(edition->source, "/api/v1/contests", "contests", false, append, list),
        reterr_reason);
    if (status != PSP_OK) {
        json_decref(list);
        return status;
    }
    return put(edition, edition->fixed, "contests", json_pack("{s:o}", "contests", list),
               reterr_reason);
}

static enum psp_status put_fixed(struct psp_edition *edition, const json_t *election,
                                 struct psp_reason *reterr_reason)
{
    static const struct {
        const char *name, *from;
    } files[] = {{"definition", "/api/v1/election/definition"}, {"map", "/api/v1/map"}};
    const char *hash = text_of(election, "definition_hash"), *name;
    json_t *path;
    size_t i;
    if (edition->fixed && !strcmp(edition->hash, hash)) {
        json_array_foreach(edition->paths, i, path)
            psp_site_keep(edition->site, json_string_value(path));
        return PSP_OK;
    }
    forget_fixed(edition);
    edition->fixed = json_object();
    edition->paths = json_array();
    enum psp_status status = put_contests(edition, reterr_reason);
    if (status == PSP_OK)
        status = put_candidates(edition, reterr_reason);
    for (i = 0; i < 2 && status == PSP_OK; i++) {
        char to[PSP_SITE_PATH_BYTES];
        status = put_bytes(edition, files[i].from, "json", to, reterr_reason);
        if (status == PSP_OK)
            json_object_set_new(edition->fixed, files[i].name, *to ? json_string(to) : json_null());
    }
    if (status != PSP_OK) {
        forget_fixed(edition);
        return status;
    }
    json_object_foreach(edition->fixed, name, path)
    {
        if (json_is_string(path))
            json_array_append(edition->paths, path);
    }
    snprintf(edition->hash, sizeof edition->hash, "%s", hash);
    return PSP_OK;
}

/* ---- what moves ---- */

/* In every language of the election; the first one under "". */
static enum psp_status put_overview(struct psp_edition *edition, const json_t *election,
                                    json_t *index, struct psp_reason *reterr_reason)
{
    const json_t *languages = json_object_get(election, "languages");
    const size_t n = json_array_size(languages) > 1 ? json_array_size(languages) : 1;
    json_t *paths = json_object();
    enum psp_status status = PSP_OK;
    for (size_t i = 0; i < n && status == PSP_OK && !edition->no_overview; i++) {
        const char *language = i ? json_string_value(json_array_get(languages, i)) : "";
        json_t *all = NULL;
        char *path = psp_memory_print("/api/v1/overview%s%s", i ? "?lang=" : "", language);
        status = psp_source_get(edition->source, path, &all);
        free(path);
        if (status == PSP_ENOENT) { /* of before */
            edition->no_overview = true;
            status = PSP_OK;
        } else if (of_source(edition, status, reterr_reason) == PSP_OK) {
            status = put(edition, paths, language,
                         json_pack("{s:O, s:O}", "head", json_object_get(all, "head"), "groups",
                                   json_object_get(all, "groups")),
                         reterr_reason);
            json_decref(all);
        }
    }
    json_object_set_new(index, "overview", paths);
    return status;
}

/* Who leads each contest, in the order of the contests; what the definition fixes is left out. */
static void take_standing(void *context, json_t *contest)
{
    static const char *const fixed[] = {"name",  "names", "office",        "district", "unit",
                                        "group", "party", "votes_allowed", "seats",    "choices"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        json_object_del(contest, fixed[i]);
    json_array_append(context, contest);
}

static enum psp_status put_standings(struct psp_edition *edition, json_t *index,
                                     struct psp_reason *reterr_reason)
{
    json_t *list = json_array();
    enum psp_status status = PSP_OK;
    if (!edition->no_overview)
        status = of_source(edition,
                           psp_source_each(edition->source, "/api/v1/contests?standing=1",
                                           "contests", true, take_standing, list),
                           reterr_reason);
    if (status != PSP_OK) {
        json_decref(list);
        return status;
    }
    return put(edition, index, "standings", json_pack("{s:o}", "contests", list), reterr_reason);
}

static enum psp_status put_books(struct psp_edition *edition, json_t *index,
                                 struct psp_reason *reterr_reason)
{
    json_t *books = NULL;
    const enum psp_status status = of_source(
        edition, psp_source_get(edition->source, "/api/v1/accounting", &books), reterr_reason);
    if (status != PSP_OK)
        return status;
    json_t *kept = json_pack("{s:O, s:O}", "total", json_object_get(books, "total"), "shards",
                             json_object_get(books, "shards"));
    json_decref(books);
    return put(edition, index, "accounting", kept, reterr_reason);
}

/* Of one contest, up to what the version shows: the series itself has none. */
static enum psp_status put_series(struct psp_edition *edition, const char *contest,
                                  const char *as_of, json_t *into, struct psp_reason *reterr_reason)
{
    json_t *series = NULL, *points;
    char *path = psp_memory_print("/api/v1/series?contest=%s", contest);
    const enum psp_status status =
        of_source(edition, psp_source_get_any(edition->source, path, &series), reterr_reason);
    free(path);
    if (status != PSP_OK)
        return status;
    points = json_object_get(series, "points");
    for (size_t n = json_array_size(points);
         n > 0 && strcmp(text_of(json_array_get(points, n - 1), "at"), as_of) > 0; n--)
        json_array_remove(points, n - 1);
    json_t *kept = json_pack(
        "{s:O, s:O, s:O, s:O, s:O}", "contest", json_object_get(series, "contest"), "unit",
        json_object_get(series, "unit"), "choices", json_object_get(series, "choices"), "bucket_ms",
        json_object_get(series, "bucket_ms"), "points", points);
    json_decref(series);
    return put(edition, into, "series", kept, reterr_reason);
}

/* A contest that did not change has the series it had; one that did, after a minute: its page
 * adds the newest point, which the results have. */
static enum psp_status put_all_series(struct psp_edition *edition, const char *as_of,
                                      json_t *results, struct psp_reason *reterr_reason)
{
    const char *contest;
    json_t *one;
    enum psp_status status = PSP_OK;
    const uint64_t now_ms = psp_clock_ms();
    json_object_foreach(results, contest, one)
    {
        json_t *before = json_object_get(edition->series, contest);
        const json_t *files = json_object_get(one, "files");
        const uint64_t made_ms = (uint64_t)json_integer_value(json_object_get(before, "ms"));
        if (status != PSP_OK)
            return status;
        if (before &&
            (now_ms < made_ms + SERIES_MS || json_equal(json_object_get(before, "of"), files))) {
            json_object_set(one, "series", json_object_get(before, "path"));
            psp_site_keep(edition->site, text_of(before, "path"));
            continue;
        }
        status = put_series(edition, contest, as_of, one, reterr_reason);
        if (status == PSP_OK)
            json_object_set_new(edition->series, contest,
                                json_pack("{s:O, s:O, s:I}", "path", json_object_get(one, "series"),
                                          "of", files, "ms", (json_int_t)now_ms));
    }
    return status;
}

/* ---- CSV ---- */

/* The contest's ID in a line: the first field, of a cluster for trying the second. IDs are
 * never quoted. */
static const char *contest_of(const char *line, const char *end, bool test, size_t *ret_length)
{
    if (test) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        line = comma ? comma + 1 : line;
    }
    const char *comma = memchr(line, ',', (size_t)(end - line));
    *ret_length = comma ? (size_t)(comma - line) : 0;
    return line;
}

static enum psp_status put_csv(struct psp_edition *edition, const struct psp_text *text,
                               const char *contest, json_t *results, json_t *csv,
                               struct psp_reason *reterr_reason)
{
    char path[PSP_SITE_PATH_BYTES];
    const enum psp_status status =
        text->failed
            ? psp_reason_set_status(reterr_reason, "CSV", PSP_ENOMEM)
            : psp_site_put(edition->site, text->data, text->length, "csv", path, reterr_reason);
    if (status != PSP_OK)
        return status;
    json_object_set_new(json_object_get(results, contest), "csv", json_string(path));
    json_object_set_new(csv, contest, json_string(path));
    return PSP_OK;
}

/* Cuts the list of all leaves into contests, whose lines stand together; one of which nothing
 * is shown has the heading alone. */
static enum psp_status cut_csv(struct psp_edition *edition, const char *bytes, size_t length,
                               bool test, json_t *results, json_t *csv,
                               struct psp_reason *reterr_reason)
{
    const char *end = bytes + length, *at = memchr(bytes, '\n', length), *contest;
    const size_t heading = at ? (size_t)(at + 1 - bytes) : 0;
    json_t *one;
    struct psp_text text = {0};
    enum psp_status status = PSP_OK;
    for (at = bytes + heading; at < end && status == PSP_OK;) {
        size_t n, other;
        const char *id = contest_of(at, end, test, &n), *first = at;
        while (at < end) {
            const char *next = contest_of(at, end, test, &other);
            const char *line = memchr(at, '\n', (size_t)(end - at));
            if (other != n || memcmp(next, id, n) != 0)
                break;
            at = line ? line + 1 : end;
        }
        char *name = psp_memory_print("%.*s", (int)n, id);
        psp_text_bytes(&text, bytes, heading);
        psp_text_bytes(&text, first, (size_t)(at - first));
        status = put_csv(edition, &text, name, results, csv, reterr_reason);
        psp_text_free(&text);
        free(name);
    }
    json_object_foreach(results, contest, one)
    {
        if (json_object_get(one, "csv") || status != PSP_OK)
            continue;
        psp_text_bytes(&text, bytes, heading);
        status = put_csv(edition, &text, contest, results, csv, reterr_reason);
        psp_text_free(&text);
    }
    return status;
}

static enum psp_status read_csv(struct psp_edition *edition, struct psp_text *csv,
                                struct psp_reason *reterr_reason)
{
    const char *bytes;
    size_t length;
    const enum psp_status status = of_source(
        edition,
        psp_source_bytes(edition->source, "/api/v1/results.csv?level=leaf", true, &bytes, &length),
        reterr_reason);
    if (status == PSP_OK)
        psp_text_bytes(csv, bytes, length);
    return csv->failed ? psp_reason_set_status(reterr_reason, "CSV", PSP_ENOMEM) : status;
}

/* ---- the whole ---- */

/* All that is of the version, as it is asked for. */
struct reading {
    struct psp_text csv; /* of all leaves */
    struct psp_tables *tables;
};

/* A collector keeps a version for some seconds, so it is asked for what is small first and for
 * all rows last: that is one answer, of the version however long it takes. Nothing that takes
 * time is done before. */
static enum psp_status read_version(struct psp_edition *edition, const json_t *election,
                                    json_t *index, struct reading *reading,
                                    struct psp_reason *reterr_reason)
{
    enum psp_status status = read_csv(edition, &reading->csv, reterr_reason);
    if (status == PSP_OK)
        status = psp_tables_units(edition->source, &reading->tables, reterr_reason);
    if (status == PSP_OK)
        status = put_standings(edition, index, reterr_reason);
    if (status == PSP_OK)
        status = put_overview(edition, election, index, reterr_reason);
    if (status == PSP_OK)
        status = put_books(edition, index, reterr_reason);
    if (status == PSP_OK)
        status =
            psp_tables_rows(reading->tables, edition->source, json_object_get(election, "levels"),
                            json_object_get(election, "methods"), reterr_reason);
    return status;
}

static enum psp_status put_tables(struct psp_edition *edition, const json_t *election,
                                  const struct reading *reading, json_t *index, json_t *results,
                                  struct psp_reason *reterr_reason)
{
    json_t *units = NULL, *state = NULL, *contests = NULL, *files;
    const char *contest;
    const enum psp_status status =
        psp_tables_write(reading->tables, edition->site, json_object_get(election, "levels"),
                         &units, &state, &contests, reterr_reason);
    json_object_set_new(index, "units", units);
    json_object_set_new(index, "state", state);
    json_object_foreach(contests, contest, files)
    {
        json_object_set_new(results, contest, json_pack("{s:O}", "files", files));
    }
    json_decref(contests);
    return status;
}

static enum psp_status put_version(struct psp_edition *edition, const json_t *answer, json_t *index,
                                   json_t *csv, struct psp_reason *reterr_reason)
{
    json_t *election = json_object_get(answer, "election"), *results = json_object();
    const bool test = !strcmp(text_of(answer, "mode"), "test");
    struct reading reading = {0};
    json_object_set_new(index, "results", results);
    enum psp_status status = read_version(edition, election, index, &reading, reterr_reason);
    if (status == PSP_OK)
        status = put_tables(edition, election, &reading, index, results, reterr_reason);
    if (status == PSP_OK)
        status = cut_csv(edition, reading.csv.data, reading.csv.length, test, results, csv,
                         reterr_reason);
    psp_text_free(&reading.csv);
    psp_tables_destroy(&reading.tables);
    if (status == PSP_OK)
        status = put_all_series(edition, text_of(answer, "as_of"), results, reterr_reason);
    if (status == PSP_OK)
        status = put(edition, index, "election", json_pack("{s:O}", "election", election),
                     reterr_reason);
    if (status == PSP_OK)
        json_object_update(index, edition->fixed);
    return status;
}

/* Of a collector that gives versions no ID: whether the board stood still all the while. */
static enum psp_status still_the_same(struct psp_edition *edition, struct psp_reason *reterr_reason)
{
    json_t *answer = NULL;
    if (psp_source_is_pinned(edition->source))
        return PSP_OK;
    const enum psp_status status = psp_source_begin(edition->source, &answer);
    json_decref(answer);
    if (status == PSP_STALE)
        return PSP_OK;
    psp_source_forget(edition->source);
    if (status != PSP_OK)
        return of_source(edition, status, reterr_reason);
    psp_reason_set(reterr_reason,
                   "the count moves on faster than it can be read, and this collector keeps no "
                   "versions: use one of this release, or publish when fewer ballots come in");
    return PSP_EAGAIN;
}

/* Whether `version` has a shard that is older than in `shown`, within one epoch; or of an
 * epoch that is over. */
static bool is_behind(const json_t *version, const json_t *shown)
{
    const json_t *shard;
    size_t i;
    json_array_foreach(json_object_get(shown, "shards"), i, shard)
    {
        const json_t *now = json_array_get(json_object_get(version, "shards"), i);
        const json_int_t epoch = json_integer_value(json_object_get(now, "epoch"));
        const json_int_t before = json_integer_value(json_object_get(shard, "epoch"));
        if (epoch < before ||
            (epoch == before && json_integer_value(json_object_get(now, "index")) <
                                    json_integer_value(json_object_get(shard, "index"))))
            return true;
    }
    return false;
}

static enum psp_status may_follow(const struct psp_edition *edition, const json_t *answer,
                                  struct psp_reason *reterr_reason)
{
    const json_t *version = json_object_get(answer, "version");
    const json_t *shown = json_object_get(psp_site_latest(edition->site), "version");
    if (!shown)
        return PSP_OK;
    if (strcmp(text_of(version, "cluster"), text_of(shown, "cluster")) != 0) {
        psp_reason_set(reterr_reason,
                       "the folder has what the cluster %.32s counted, and this collector is of "
                       "the cluster %.32s: name another folder",
                       text_of(shown, "cluster"), text_of(version, "cluster"));
        return PSP_EMISMATCH;
    }
    if (is_behind(version, shown)) {
        psp_reason_set(reterr_reason,
                       "the collector is behind what is published already; waiting until it has "
                       "caught up");
        return PSP_EAGAIN;
    }
    return PSP_OK;
}

/* "2026-11-03T21:30:00.123Z" */
static json_t *now_text(void)
{
    struct psp_text text = {0};
    struct psp_writer json;
    psp_writer_start(&json, &text);
    psp_writer_time(&json, NULL, psp_clock_wall_ms());
    json_t *value =
        text.length > 2 ? json_stringn(text.data + 1, text.length - 2) : json_string("");
    psp_text_free(&text);
    return value;
}

static uint64_t confirm_s(const struct psp_edition *edition)
{
    return edition->every_s > CONFIRM_S_MIN ? edition->every_s : CONFIRM_S_MIN;
}

/* The small file: which version it is, and where all of it stands. */
static json_t *latest_of(struct psp_edition *edition, const json_t *answer, const char *index)
{
    json_t *shards = NULL, *latest = json_object();
    static const char *const names[] = {"version", "as_of", "stale",
                                        "status",  "mode",  "publication"};
    json_object_set_new(latest, "format", json_integer(FORMAT));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set(latest, names[i], json_object_get(answer, names[i]));
    json_object_set(latest, "state", json_object_get(json_object_get(answer, "election"), "state"));
    json_object_set_new(latest, "published", now_text());
    json_object_set_new(latest, "every", json_integer((json_int_t)confirm_s(edition)));
    json_object_set_new(latest, "index", json_string(index));
    if (psp_source_get_any(edition->source, "/api/v1/shards", &shards) == PSP_OK)
        json_object_set(latest, "shards", json_object_get(shards, "shards"));
    json_decref(shards);
    return latest;
}

static enum psp_status put_edition(struct psp_edition *edition, const json_t *answer,
                                   struct psp_reason *reterr_reason)
{
    static const char *const names[] = {"version", "as_of", "status", "mode", "publication"};
    char path[PSP_SITE_PATH_BYTES];
    json_t *index = json_object(), *csv = json_object();
    json_object_set_new(index, "format", json_integer(FORMAT));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set(index, names[i], json_object_get(answer, names[i]));
    enum psp_status status = put_version(edition, answer, index, csv, reterr_reason);
    if (status == PSP_OK)
        status = still_the_same(edition, reterr_reason);
    if (status == PSP_OK)
        status = psp_site_put_json(edition->site, index, path, reterr_reason);
    if (status == PSP_OK) {
        json_t *latest = latest_of(edition, answer, path);
        status = psp_site_publish(edition->site, latest, csv, reterr_reason);
        json_decref(latest);
    }
    json_decref(csv);
    json_decref(index);
    return status;
}

/* What the definition fixes is the same in every version, and asked for before: it may take
 * longer than a version is kept. So the newest is begun again behind it. */
static enum psp_status begin(struct psp_edition *edition, json_t **ret_answer,
                             struct psp_reason *reterr_reason)
{
    enum psp_status status = psp_source_begin(edition->source, ret_answer);
    if (status == PSP_STALE)
        return status;
    if (status != PSP_OK)
        return of_source(edition, status, reterr_reason);
    const json_t *election = json_object_get(*ret_answer, "election");
    const bool known =
        edition->fixed && !strcmp(edition->hash, text_of(election, "definition_hash"));
    status = may_follow(edition, *ret_answer, reterr_reason);
    if (status == PSP_OK) {
        psp_site_begin(edition->site);
        status = put_fixed(edition, election, reterr_reason);
    }
    if (status != PSP_OK || known)
        return status;
    json_decref(*ret_answer);
    *ret_answer = NULL;
    psp_source_forget(edition->source);
    status = of_source(edition, psp_source_begin(edition->source, ret_answer), reterr_reason);
    if (status == PSP_OK && strcmp(edition->hash, text_of(json_object_get(*ret_answer, "election"),
                                                          "definition_hash")) != 0)
        status = psp_reason_set_status(reterr_reason, "another definition than before", PSP_EAGAIN);
    return status == PSP_OK ? may_follow(edition, *ret_answer, reterr_reason) : status;
}

enum psp_status psp_edition_publish(struct psp_edition *edition, struct psp_reason *reterr_reason)
{
    json_t *answer = NULL;
    enum psp_status status = begin(edition, &answer, reterr_reason);
    if (status == PSP_STALE)
        return status;
    if (status == PSP_OK)
        status = put_edition(edition, answer, reterr_reason);
    if (status == PSP_OK)
        edition->confirmed_ms = psp_clock_ms();
    else
        psp_source_forget(edition->source);
    if (status == PSP_ENOENT) /* of a path that every collector has */
        status = PSP_EINVAL;
    json_decref(answer);
    return status;
}

enum psp_status psp_edition_confirm(struct psp_edition *edition, bool away,
                                    struct psp_reason *reterr_reason)
{
    const json_t *shown = psp_site_latest(edition->site);
    const uint64_t now_ms = psp_clock_ms();
    if (!shown)
        return PSP_OK;
    const bool told = json_is_true(json_object_get(shown, "stale"));
    if (edition->confirmed_ms && now_ms < edition->confirmed_ms + confirm_s(edition) * 1000 &&
        (!away || told))
        return PSP_OK;
    json_t *latest = json_deep_copy(shown);
    json_object_set_new(latest, "published", now_text());
    json_object_set_new(latest, "every", json_integer((json_int_t)confirm_s(edition)));
    if (away)
        json_object_set_new(latest, "stale", json_true());
    const enum psp_status status = psp_site_touch(edition->site, latest, reterr_reason);
    json_decref(latest);
    if (status == PSP_OK)
        edition->confirmed_ms = now_ms;
    return status;
}
