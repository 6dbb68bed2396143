/* One answer has all leaves, of one version; a collector that is not ready may lack ballots. */
#include "cli/show/counted_units.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text/csv.h"
#include "cli/folder/local.h"
#include "cli/say/progress.h"
#include "cli/show/rest.h"

enum { POLL_MS = 50 };
enum column { COLUMN_UNIT, COLUMN_BALLOTS, COLUMN_COUNTED, COLUMNS };

/* Where the header has our columns. */
static bool find(const struct psp_csv_record *header, uint32_t place[COLUMNS])
{
    static const char *const names[COLUMNS] = {"unit", "ballots", "ballots_counted"};
    for (int c = 0; c < COLUMNS; c++) {
        for (place[c] = 0; place[c] < header->field_count; place[c]++)
            if (strcmp(header->fields[place[c]].text, names[c]) == 0)
                break;
        if (place[c] == header->field_count)
            return false;
    }
    return true;
}

/* "": not told. */
static bool may_hold(const struct psp_csv_record *line, const uint32_t place[COLUMNS])
{
    const char *shown = line->fields[place[COLUMN_BALLOTS]].text;
    const char *counted = line->fields[place[COLUMN_COUNTED]].text;
    return strcmp(shown, "0") != 0 || strcmp(counted, "0") != 0;
}

static enum psp_status read_lines(struct psp_csv *csv, const struct psp_definition *definition,
                                  bool *leaves, struct psp_reason *reterr_reason)
{
    struct psp_csv_record line;
    uint32_t place[COLUMNS], read = 0;
    enum psp_status status = psp_csv_next(csv, &line, reterr_reason);
    if (status != PSP_OK || !find(&line, place)) {
        psp_reason_set(reterr_reason, "turnout.csv lacks a column; is this the collector of "
                                      "another version?");
        return PSP_EINVAL;
    }
    while ((status = psp_csv_next(csv, &line, reterr_reason)) == PSP_OK) {
        uint32_t last = 0;
        for (int c = 0; c < COLUMNS; c++)
            last = place[c] > last ? place[c] : last;
        if (line.field_count <= last)
            continue;
        const struct psp_csv_field *id = &line.fields[place[COLUMN_UNIT]];
        const uint32_t unit = psp_definition_unit(definition, id->text, id->bytes);
        if (unit == PSP_NONE || definition->leaf_of_unit[unit] == PSP_NONE)
            continue;
        leaves[definition->leaf_of_unit[unit]] = may_hold(&line, place);
        read++;
    }
    if (status == PSP_ENOENT && read == definition->leaf_count)
        return PSP_OK;
    psp_reason_set(reterr_reason, "turnout.csv does not have every unit of this election");
    return PSP_EINVAL;
}

static enum psp_status ask(struct psp_rest *rest, const struct psp_definition *definition,
                           bool *leaves, struct psp_reason *reterr_reason)
{
    const char *text;
    size_t bytes;
    json_t *ready = NULL;
    struct psp_csv *csv = NULL;
    enum psp_status status = psp_rest_get(rest, "/readyz", &ready);
    json_decref(ready);
    if (status == PSP_OK)
        status = psp_rest_text(rest, "/api/v1/turnout.csv?level=leaf", &text, &bytes);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s", psp_rest_error(rest));
        return status;
    }
    status = psp_csv_open_memory(text, bytes, &csv);
    if (status == PSP_OK)
        status = read_lines(csv, definition, leaves, reterr_reason);
    psp_csv_close(&csv);
    return status;
}

enum psp_status psp_counted_units(const struct psp_cluster *cluster,
                                  const struct psp_definition *definition, uint64_t timeout_ms,
                                  bool *ret_leaves, struct psp_reason *reterr_reason)
{
    const uint64_t end_ms = psp_progress_clock_ms() + timeout_ms;
    enum psp_status status = PSP_EUNREACHABLE;
    psp_reason_set(reterr_reason, "cluster.json has no collector");
    for (;;) {
        for (uint32_t c = 0; c < cluster->collector_count && status != PSP_OK; c++) {
            struct psp_rest *rest = NULL;
            char *url = psp_rest_url(cluster, c);
            status = psp_rest_create(url, &rest);
            if (status == PSP_OK)
                status = ask(rest, definition, ret_leaves, reterr_reason);
            psp_rest_destroy(&rest);
            free(url);
        }
        if (status == PSP_OK || psp_progress_clock_ms() >= end_ms)
            return status;
        usleep(POLL_MS * 1000);
    }
}
