/* One answer of the collector, of one moment, for the whole election where it is small;
 * else for each unit given. */
#include "cli/run/report_units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/csv.h"
#include "cli/say/json.h"
#include "cli/say/memory.h"
#include "cli/say/table.h"
#include "cli/show/http_client.h"
#include "cli/show/rest.h"

enum { WHOLE_LEAVES_MAX = 10000 };

struct leaf {
    uint64_t counted, shown; /* counted: PSP_UNSTATED: not told */
    uint64_t report;         /* number; 0: none */
    bool final;
};

struct psp_report_units {
    const struct psp_definition *definition;
    struct leaf *leaves; /* [leaf_count] */
    uint32_t *lines;     /* units, those given first, none twice */
    uint32_t line_n;
    bool *marks; /* [leaf_count] */
};

void psp_report_names_add(struct psp_report_names *names, const char *name)
{
    if (names->n < PSP_REPORT_NAMES_MAX)
        names->names[names->n] = name;
    names->n++;
}

void psp_report_names_say(const struct psp_report_names *names, const char *call)
{
    if (names->n == 0)
        return;
    fprintf(stderr, "%s: %s: ", call, names->what);
    for (uint64_t i = 0; i < names->n && i < PSP_REPORT_NAMES_MAX; i++)
        fprintf(stderr, "%s%s", i > 0 ? ", " : "", names->names[i]);
    if (names->n > PSP_REPORT_NAMES_MAX)
        fprintf(stderr, " and %" PRIu64 " more units", names->n - PSP_REPORT_NAMES_MAX);
    fputc('\n', stderr);
}

/* ---- the collector's figures ---- */

enum column { UNIT, SHOWN, COUNTED, FINAL, REPORT, COLUMNS };

/* False: a column is missing. */
static bool find_columns(const struct psp_csv_record *head, uint32_t *ret_columns)
{
    static const char *const names[COLUMNS] = {"unit", "ballots", "ballots_counted", "complete",
                                               "report"};
    for (uint32_t c = 0; c < COLUMNS; c++) {
        ret_columns[c] = PSP_NONE;
        for (uint32_t f = 0; f < head->field_count; f++)
            if (!strcmp(head->fields[f].text, names[c]))
                ret_columns[c] = f;
        if (ret_columns[c] == PSP_NONE)
            return false;
    }
    return true;
}

static bool take_line(struct psp_report_units *units, const struct psp_csv_record *record,
                      const uint32_t *columns)
{
    for (uint32_t c = 0; c < COLUMNS; c++)
        if (columns[c] >= record->field_count)
            return false;
    const struct psp_csv_field *fields = record->fields;
    const uint32_t unit = psp_definition_unit(units->definition, fields[columns[UNIT]].text,
                                              fields[columns[UNIT]].bytes);
    const uint32_t leaf = unit == PSP_NONE ? PSP_NONE : units->definition->leaf_of_unit[unit];
    if (leaf == PSP_NONE)
        return false;
    units->leaves[leaf] = (struct leaf){
        .shown = strtoull(fields[columns[SHOWN]].text, NULL, 10),
        .counted = fields[columns[COUNTED]].bytes > 0
                       ? strtoull(fields[columns[COUNTED]].text, NULL, 10)
                       : PSP_UNSTATED,
        .final = !strcmp(fields[columns[FINAL]].text, "true"),
        .report = strtoull(fields[columns[REPORT]].text, NULL, 10),
    };
    return true;
}

static enum psp_status take_csv(struct psp_report_units *units, const char *text, size_t bytes)
{
    struct psp_csv *csv = NULL;
    struct psp_csv_record record;
    struct psp_reason reason;
    uint32_t columns[COLUMNS];
    enum psp_status status = psp_csv_open_memory(text, bytes, &csv);
    if (status != PSP_OK)
        return status;
    status = psp_csv_next(csv, &record, &reason);
    if (status == PSP_OK && !find_columns(&record, columns))
        status = PSP_EINVAL;
    while (status == PSP_OK) {
        status = psp_csv_next(csv, &record, &reason);
        if (status == PSP_OK && !take_line(units, &record, columns))
            status = PSP_EINVAL;
    }
    psp_csv_close(&csv);
    return status == PSP_ENOENT ? PSP_OK : PSP_EINVAL;
}

static enum psp_status ask(struct psp_report_units *units, struct psp_rest *rest, uint32_t unit,
                           struct psp_reason *reterr_reason)
{
    const char *text;
    size_t bytes;
    char *id = psp_http_client_escape(units->definition->units[unit].id);
    char *path = psp_memory_print("/api/v1/turnout.csv?level=leaf&unit=%s", id);
    enum psp_status status = psp_rest_text(rest, path, &text, &bytes);
    if (status != PSP_OK) {
        psp_reason_set(reterr_reason, "%s", psp_rest_error(rest));
    } else {
        status = take_csv(units, text, bytes);
        if (status != PSP_OK)
            psp_reason_set(reterr_reason, "%s: not what is expected there", path);
    }
    free(path);
    free(id);
    return status;
}

/* Those given, in their order, then the leaves. */
static void lay_out(struct psp_report_units *units, const uint32_t *given, uint32_t given_n)
{
    const struct psp_definition *definition = units->definition;
    bool *seen = psp_memory_array(definition->unit_count, sizeof *seen);
    for (uint32_t i = 0; i < given_n; i++) {
        if (!seen[given[i]])
            units->lines[units->line_n++] = given[i];
        seen[given[i]] = true;
    }
    for (uint32_t leaf = 0; leaf < definition->leaf_count; leaf++)
        if (units->marks[leaf] && !seen[definition->leaves[leaf]])
            units->lines[units->line_n++] = definition->leaves[leaf];
    free(seen);
}

enum psp_status psp_report_units_find(const struct psp_cluster *cluster,
                                      const struct psp_definition *definition,
                                      const uint32_t *units, uint32_t unit_n, const bool *marks,
                                      struct psp_report_units **ret_units,
                                      struct psp_reason *reterr_reason)
{
    struct psp_rest *rest = NULL;
    struct psp_report_units *found = psp_memory_array(1, sizeof *found);
    char *url = psp_rest_url(cluster, 0);
    found->definition = definition;
    found->leaves = psp_memory_array(definition->leaf_count, sizeof *found->leaves);
    found->lines = psp_memory_array(definition->unit_count, sizeof *found->lines);
    found->marks = psp_memory_array(definition->leaf_count, sizeof *found->marks);
    memcpy(found->marks, marks, definition->leaf_count * sizeof *marks);
    lay_out(found, units, unit_n);
    enum psp_status status = psp_rest_create(url, &rest);
    if (status != PSP_OK)
        psp_reason_set_status(reterr_reason, url, status);
    const bool whole = unit_n == 0 || definition->leaf_count <= WHOLE_LEAVES_MAX;
    if (status == PSP_OK && whole)
        status = ask(found, rest, definition->root, reterr_reason);
    for (uint32_t i = 0; status == PSP_OK && !whole && i < unit_n; i++)
        status = ask(found, rest, units[i], reterr_reason);
    if (status == PSP_OK)
        *ret_units = found;
    else
        psp_report_units_destroy(&found);
    psp_rest_destroy(&rest);
    free(url);
    return status;
}

void psp_report_units_destroy(struct psp_report_units **units)
{
    if (!*units)
        return;
    free((*units)->leaves);
    free((*units)->lines);
    free((*units)->marks);
    free(*units);
    *units = NULL;
}

/* ---- saying it ---- */

/* Final when all leaves are; of its reports the newest. */
static struct leaf sum_of(const struct psp_report_units *units, uint32_t unit, bool *ret_some_final)
{
    const struct psp_unit *at = &units->definition->units[unit];
    struct leaf sum = {.final = true};
    *ret_some_final = false;
    for (uint32_t i = at->leaf_first; i < at->leaf_end; i++) {
        const struct leaf *leaf = &units->leaves[i];
        sum.counted = sum.counted == PSP_UNSTATED || leaf->counted == PSP_UNSTATED
                          ? PSP_UNSTATED
                          : sum.counted + leaf->counted;
        sum.shown += leaf->shown;
        sum.report = leaf->report > sum.report ? leaf->report : sum.report;
        sum.final = sum.final && leaf->final;
        *ret_some_final = *ret_some_final || leaf->final;
    }
    return sum;
}

void psp_report_units_print(const struct psp_report_units *units, FILE *file)
{
    static const char *const headings[] = {"unit", "counted", "shown", ""};
    struct psp_table *table = psp_table_create("lrrl", headings);
    const uint32_t n =
        units->line_n < PSP_REPORT_UNITS_LINES_MAX ? units->line_n : PSP_REPORT_UNITS_LINES_MAX;
    for (uint32_t i = 0; i < n; i++) {
        char counted[PSP_COUNT_TEXT_BYTES], shown[PSP_COUNT_TEXT_BYTES];
        bool some;
        const struct leaf sum = sum_of(units, units->lines[i], &some);
        const char *const cells[] = {
            units->definition->units[units->lines[i]].id,
            sum.counted == PSP_UNSTATED ? "not told" : psp_count_text(sum.counted, counted),
            psp_count_text(sum.shown, shown),
            sum.final ? "final"
            : some    ? "partial, some final"
                      : "partial"};
        psp_table_add(table, cells);
    }
    psp_table_print(table, file);
    psp_table_destroy(&table);
    if (n < units->line_n)
        fprintf(file, "and %" PRIu32 " more units\n", units->line_n - n);
}

json_t *psp_report_units_json(const struct psp_report_units *units)
{
    json_t *lines = json_array();
    for (uint32_t i = 0; i < units->line_n; i++) {
        bool some;
        const struct leaf sum = sum_of(units, units->lines[i], &some);
        json_array_append_new(
            lines,
            json_pack("{s:s, s:o, s:o, s:o, s:b}", "unit",
                      units->definition->units[units->lines[i]].id, "report",
                      sum.report > 0 ? psp_json_count(sum.report) : json_null(), "ballots_counted",
                      sum.counted == PSP_UNSTATED ? json_null() : psp_json_count(sum.counted),
                      "ballots", psp_json_count(sum.shown), "final", sum.final));
    }
    return lines;
}

void psp_report_units_warn(const struct psp_report_units *units, bool is_final, const char *call)
{
    const struct psp_definition *definition = units->definition;
    char few[160];
    snprintf(few, sizeof few,
             "more is counted than shown: too few to show (a row that moved by fewer than %" PRIu64
             " ballots waits for more, or for --final), or counted since the report",
             definition->report_min);
    struct psp_report_names empty = {.what = "made final without any ballot"};
    struct psp_report_names held = {.what = few};
    struct psp_report_names since = {.what = "final, and more is counted than shown, since their "
                                             "report: report again"};
    for (uint32_t i = 0; i < definition->leaf_count; i++) {
        const struct leaf *leaf = &units->leaves[i];
        const char *name = definition->units[definition->leaves[i]].id;
        const bool more = leaf->counted != PSP_UNSTATED && leaf->counted > leaf->shown;
        if (more && leaf->final)
            psp_report_names_add(&since, name);
        if (more && !leaf->final && units->marks[i])
            psp_report_names_add(&held, name);
        if (is_final && units->marks[i] &&
            (leaf->counted == PSP_UNSTATED ? leaf->shown : leaf->counted) == 0)
            psp_report_names_add(&empty, name);
    }
    psp_report_names_say(&empty, call);
    psp_report_names_say(&held, call);
    psp_report_names_say(&since, call);
}
