/* /api/v1/changes tells every row of one version, line by line, and says at its end which. What
 * it does not tell is asked beside it: what the election is, and the series, which is of no
 * version. */
#include "cli/export/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say/memory.h"
#include "cli/say/progress.h"

enum { READINGS_MAX = 50, READING_PAUSE_MS = 100 };

struct reading {
    struct psp_rest *rest;
    const struct psp_definition *definition;
    const struct psp_source_taker *taker;
    json_t *election; /* of /api/v1/election; then with the version that was read */
    json_t *end;      /* the last line, NULL: it has not come */
    struct psp_progress progress;
    uint64_t taken;
    struct psp_reason *reason;
};

static enum psp_status refused(const struct reading *reading, enum psp_status status)
{
    psp_reason_set(reading->reason, "%s", psp_rest_error(reading->rest));
    return status;
}

/* A kind that is not known tells nothing that is wanted. */
static enum psp_status take_line(void *context, const json_t *line)
{
    struct reading *reading = context;
    const struct psp_source_taker *taker = reading->taker;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    psp_progress_step(&reading->progress, "rows read", ++reading->taken, 0);
    if (!kind) {
        json_decref(reading->end);
        reading->end = json_deep_copy(line);
        return PSP_OK;
    }
    if (!strcmp(kind, "result") && taker->result)
        return taker->result(taker->context, line, reading->reason);
    if (!strcmp(kind, "turnout") && taker->turnout)
        return taker->turnout(taker->context, line, reading->reason);
    if (!strcmp(kind, "books") && taker->books)
        return taker->books(taker->context, line, reading->reason);
    return PSP_OK;
}

/* Of no version: what is later than it is left to the taker. */
static enum psp_status read_series(struct reading *reading)
{
    const struct psp_definition *definition = reading->definition;
    const char *as_of = json_string_value(json_object_get(reading->election, "as_of"));
    enum psp_status status = PSP_OK;
    for (uint32_t c = 0; c < definition->contest_count && status == PSP_OK; c++) {
        json_t *answer = NULL;
        char *path = psp_memory_print("/api/v1/series?contest=%s", definition->contests[c].id);
        status = psp_rest_get(reading->rest, path, &answer);
        if (status == PSP_OK)
            status =
                reading->taker->series(reading->taker->context, answer, as_of, reading->reason);
        else
            refused(reading, status);
        psp_progress_step(&reading->progress, "series read", c, definition->contest_count);
        json_decref(answer);
        free(path);
    }
    return status;
}

/* The election as it stood then. PSP_EAGAIN: the rows were cut short. */
static enum psp_status take_end(struct reading *reading)
{
    static const char *const heads[] = {"version", "as_of", "stale", "publication"};
    json_t *about = json_object_get(reading->election, "election");
    if (!json_is_object(json_object_get(reading->end, "version")))
        return PSP_EAGAIN;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        json_object_set(reading->election, heads[i], json_object_get(reading->end, heads[i]));
    json_object_set(about, "state", json_object_get(reading->end, "state"));
    return PSP_OK;
}

/* All of it once. */
static enum psp_status read_once(struct reading *reading)
{
    const struct psp_source_taker *taker = reading->taker;
    reading->taken = 0;
    enum psp_status status = psp_rest_get(reading->rest, "/api/v1/election", &reading->election);
    if (status != PSP_OK)
        return refused(reading, status);
    status = taker->begin(taker->context, reading->reason);
    if (status != PSP_OK)
        return status;
    const bool results_only = !taker->turnout && !taker->books;
    status = psp_rest_lines(reading->rest,
                            results_only ? "/api/v1/changes?kind=result" : "/api/v1/changes",
                            take_line, reading);
    if (status != PSP_OK && status != PSP_EAGAIN && !reading->reason->text[0])
        refused(reading, status);
    if (status == PSP_OK)
        status = take_end(reading);
    if (status == PSP_OK && taker->series)
        status = read_series(reading);
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
    struct reading reading = {
        .rest = rest, .definition = definition, .taker = taker, .reason = reterr_reason};
    enum psp_status status = PSP_EAGAIN;
    psp_progress_start(&reading.progress);
    for (int i = 0; i < READINGS_MAX && status == PSP_EAGAIN; i++) {
        if (i)
            usleep(READING_PAUSE_MS * 1000);
        status = read_once(&reading);
        if (status == PSP_OK)
            *ret_election = json_incref(reading.election);
        json_decref(reading.election);
        json_decref(reading.end);
        reading.election = reading.end = NULL;
    }
    psp_progress_end(&reading.progress);
    if (status == PSP_EAGAIN)
        psp_reason_set(reterr_reason,
                       "the collector's answers of /api/v1/changes end before they are whole, %d "
                       "times: call again later, and see its log",
                       READINGS_MAX);
    return status;
}
