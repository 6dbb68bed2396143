/* Levels together are every unit once; a method by itself is asked where there are several. */
#include "cli/export/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { READINGS_MAX = 50, READING_PAUSE_MS = 100 };

typedef enum psp_status take_piece(void *context, const json_t *piece,
                                   struct psp_reason *reterr_reason);

struct reading {
    struct psp_rest *rest;
    const struct psp_definition *definition;
    const struct psp_source_taker *taker;
    const json_t *election; /* whose version all must have */
    struct psp_progress progress;
    uint64_t taken;
};

static enum psp_status refused(const struct reading *reading, enum psp_status status,
                               struct psp_reason *reterr_reason)
{
    psp_reason_set(reterr_reason, "%s", psp_rest_error(reading->rest));
    return status;
}

/* PSP_EAGAIN: another version than the election's. */
static enum psp_status same_version(const struct reading *reading, const json_t *answer)
{
    return json_equal(json_object_get(reading->election, "version"),
                      json_object_get(answer, "version"))
               ? PSP_OK
               : PSP_EAGAIN;
}

static enum psp_status read_list(struct reading *reading, const char *path, const char *member,
                                 take_piece *take, struct psp_reason *reterr_reason)
{
    json_t *answer = NULL;
    const json_t *piece;
    size_t i;
    enum psp_status status = psp_rest_list(reading->rest, path, member, &answer);
    if (status != PSP_OK)
        return refused(reading, status, reterr_reason);
    status = same_version(reading, answer);
    json_array_foreach(json_object_get(answer, member), i, piece)
    {
        if (status == PSP_OK)
            status = take(reading->taker->context, piece, reterr_reason);
        psp_progress_step(&reading->progress, "rows read", ++reading->taken, 0);
    }
    json_decref(answer);
    return status;
}

static enum psp_status read_level(struct reading *reading, const char *level,
                                  struct psp_reason *reterr_reason)
{
    const struct psp_source_taker *taker = reading->taker;
    enum psp_status status = PSP_OK;
    for (int by = 0; by < (reading->definition->method_count > 1 ? 2 : 1); by++) {
        char *path = psp_memory_print("/api/v1/results?level=%s%s", level, by ? "&by=method" : "");
        if (status == PSP_OK && taker->result)
            status = read_list(reading, path, "results", taker->result, reterr_reason);
        free(path);
    }
    char *path = psp_memory_print("/api/v1/turnout?level=%s", level);
    if (status == PSP_OK && taker->turnout)
        status = read_list(reading, path, "turnout", taker->turnout, reterr_reason);
    free(path);
    return status;
}

static enum psp_status read_books(struct reading *reading, struct psp_reason *reterr_reason)
{
    json_t *answer = NULL;
    const json_t *shard;
    size_t i;
    enum psp_status status = psp_rest_get(reading->rest, "/api/v1/accounting", &answer);
    if (status != PSP_OK)
        return refused(reading, status, reterr_reason);
    status = same_version(reading, answer);
    const struct psp_source_taker *taker = reading->taker;
    if (status == PSP_OK)
        status = taker->books(taker->context, json_object_get(answer, "total"), reterr_reason);
    json_array_foreach(json_object_get(answer, "shards"), i, shard)
    {
        if (status == PSP_OK)
            status = taker->books(taker->context, shard, reterr_reason);
    }
    json_decref(answer);
    return status;
}

/* Of no version: what is later than it is left to the taker. */
static enum psp_status read_series(struct reading *reading, struct psp_reason *reterr_reason)
{
    const struct psp_definition *definition = reading->definition;
    const char *as_of = json_string_value(json_object_get(reading->election, "as_of"));
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < definition->contest_count && status == PSP_OK; c++) {
        json_t *answer = NULL;
        char *path = psp_memory_print("/api/v1/series?contest=%s", definition->contests[c].id);
        status = psp_rest_get(reading->rest, path, &answer);
        if (status == PSP_OK)
            status = reading->taker->series(reading->taker->context, answer, as_of, reterr_reason);
        else
            refused(reading, status, reterr_reason);
        psp_progress_step(&reading->progress, "series read", c, definition->contest_count);
        json_decref(answer);
        free(path);
    }
    return status;
}

/* All of it once. PSP_EAGAIN: the version moved on. */
static enum psp_status read_once(struct reading *reading, struct psp_reason *reterr_reason)
{
    const struct psp_source_taker *taker = reading->taker;
    reading->taken = 0;
    enum psp_status status = taker->begin(taker->context, reterr_reason);
    for (uint32_t l = 0; l < reading->definition->level_count && status == PSP_OK; l++)
        status = read_level(reading, reading->definition->levels[l].id, reterr_reason);
    if (status == PSP_OK && taker->books)
        status = read_books(reading, reterr_reason);
    if (status == PSP_OK && taker->series)
        status = read_series(reading, reterr_reason);
    return status;
}

enum psp_status psp_source_definition(struct psp_rest *rest, struct psp_definition **ret_definition,
                                      struct psp_reason *reterr_reason)
{
    const char *bytes = NULL;
    size_t n = 0;
    struct psp_reason fault = {0};
    enum psp_status status = psp_rest_text(rest, "/api/v1/election/definition", &bytes, &n);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s", psp_rest_error(rest));
        return status;
    }
    status = psp_definition_parse(bytes, n, ret_definition, &fault);
    if (status != PSP_OK)
        psp_reason_set(reterr_reason, "the collector's election.json: %s: %s", fault.pointer,
                       psp_reason_text(&fault, status));
    return status;
}

enum psp_status psp_source_read(struct psp_rest *rest, const struct psp_definition *definition,
                                const struct psp_source_taker *taker, json_t **ret_election,
                                struct psp_reason *reterr_reason)
{
    struct reading reading = {.rest = rest, .definition = definition, .taker = taker};
    enum psp_status status = PSP_EAGAIN;
    psp_progress_start(&reading.progress);
    for (int i = 0; i < READINGS_MAX && status == PSP_EAGAIN; i++) {
        json_t *election = NULL;
        if (i)
            usleep(READING_PAUSE_MS * 1000);
        status = psp_rest_get(rest, "/api/v1/election", &election);
        reading.election = election;
        if (status == PSP_OK)
            status = read_once(&reading, reterr_reason);
        else
            refused(&reading, status, reterr_reason);
        if (status == PSP_OK)
            *ret_election = json_incref(election);
        json_decref(election);
    }
    psp_progress_end(&reading.progress);
    if (status == PSP_EAGAIN)
        psp_reason_set(reterr_reason, "ballots come in faster than one version can be read: call "
                                      "again, or when fewer come in");
    return status;
}
