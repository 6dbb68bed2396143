/* Counts to the left, what they count and where beside them. */
#include "cli/returns/report_say.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/say/json.h"
#include "cli/say/table.h"

static const char *outcome(const struct psp_report *report, enum psp_report_weight weight)
{
    switch (weight) {
    case PSP_REPORT_NOTE:
        return "";
    case PSP_REPORT_FAULT_OF_ROW:
        return report->faulty_dropped ? ": left out" : ": refused";
    case PSP_REPORT_FAULT_OF_FILE:
        return ": refused";
    }
    return "";
}

static void say_entry(const struct psp_report_entry *entry)
{
    fprintf(stderr, "%12s", "");
    if (entry->file[0] != '\0')
        fprintf(stderr, "%s%s", entry->file, entry->line > 0 ? ", " : ": ");
    if (entry->line > 0)
        fprintf(stderr, "line %" PRIu64 ": ", entry->line);
    fprintf(stderr, "%s\n", entry->text);
}

static void say_group(const struct psp_report *report, enum psp_report_kind kind)
{
    const struct psp_report_group *group = &report->groups[kind];
    char count[PSP_COUNT_TEXT_BYTES];
    const char *to_do = psp_report_to_do(kind);
    fprintf(stderr, "%9s  %s%s%s%s\n", psp_count_text(group->n, count), psp_report_what(kind),
            outcome(report, psp_report_weight(kind)), to_do[0] != '\0' ? "; " : "", to_do);
    for (uint32_t i = 0; i < group->first_n; i++)
        say_entry(&group->first[i]);
    if (group->n > group->first_n)
        fprintf(stderr, "%12sand %s more\n", "", psp_count_text(group->n - group->first_n, count));
}

/* Faults of rows, and none that dropping rows would leave. */
static bool rows_only(const struct psp_report *report)
{
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++)
        if (report->groups[i].n > 0 &&
            psp_report_weight((enum psp_report_kind)i) == PSP_REPORT_FAULT_OF_FILE)
            return false;
    return !report->faulty_dropped && !report->nothing_dropped;
}

void psp_report_say(const char *call, const struct psp_report *report)
{
    if (psp_report_empty(report))
        return;
    const bool refused = psp_report_status(report) != PSP_OK;
    fprintf(stderr, "%s: %s\n", call,
            refused ? "these files cannot be taken as they are" : "how these files were read");
    for (int faults = 1; faults >= 0; faults--)
        for (int i = 0; i < PSP_REPORT_KINDS_END; i++) {
            const enum psp_report_kind kind = (enum psp_report_kind)i;
            if (report->groups[i].n > 0 &&
                (psp_report_weight(kind) != PSP_REPORT_NOTE) == (faults == 1))
                say_group(report, kind);
        }
    if (refused)
        fprintf(stderr, "%s: refused%s\n", call,
                rows_only(report) ? "; --faulty drop leaves such rows out" : "");
}

void psp_report_say_first(const char *path, const struct psp_report *report,
                          struct psp_reason *reason)
{
    uint64_t faults = 0;
    const char *to_do = "";
    char count[PSP_COUNT_TEXT_BYTES];
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++) {
        faults += report->groups[i].n;
        if (report->groups[i].n > 0)
            to_do = psp_report_to_do((enum psp_report_kind)i);
    }
    char text[PSP_REASON_TEXT_BYTES];
    snprintf(text, sizeof text, "%s", reason->text);
    if (faults > 1) {
        psp_report_say(path, report);
        psp_reason_set_line(reason, reason->line, reason->column,
                            "%s; this is the first of %s faults, which stand above", text,
                            psp_count_text(faults, count));
    } else if (faults == 1 && to_do[0] != '\0') {
        psp_reason_set_line(reason, reason->line, reason->column, "%s; %s", text, to_do);
    }
}

json_t *psp_report_json(const struct psp_report *report)
{
    json_t *list = json_array();
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++) {
        const enum psp_report_kind kind = (enum psp_report_kind)i;
        const struct psp_report_group *group = &report->groups[i];
        json_t *first = json_array();
        for (uint32_t e = 0; e < group->first_n; e++)
            json_array_append_new(first, json_pack("{s:s, s:I, s:s}", "file", group->first[e].file,
                                                   "line", (json_int_t)group->first[e].line, "text",
                                                   group->first[e].text));
        if (group->n == 0) {
            json_decref(first);
            continue;
        }
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:o, s:s, s:s, s:o}", "kind", psp_report_word(kind),
                            "fault", psp_report_weight(kind) != PSP_REPORT_NOTE, "rows",
                            psp_json_count(group->n), "what", psp_report_what(kind), "to_do",
                            psp_report_to_do(kind), "first", first));
    }
    return list;
}
