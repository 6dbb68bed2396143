/* One table gives every kind its word, its weight and its sentences. */
#include "election/import/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/utf8.h"

static const struct {
    const char *word;
    enum psp_report_weight weight;
    const char *what, *to_do;
} kinds[PSP_REPORT_KINDS_END] = {
#define PSP_REPORT_ROW(name, word, weight, what, to_do)                                            \
    [PSP_REPORT_##name] = {word, PSP_REPORT_##weight, what, to_do},
    PSP_REPORT_KINDS(PSP_REPORT_ROW)
#undef PSP_REPORT_ROW
};

void psp_report_free(struct psp_report *report)
{
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++)
        free(report->groups[i].first);
    *report = (struct psp_report){0};
}

/* The name without its folders, and its end when it is long. */
static void set_file(struct psp_report_entry *entry, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    const size_t bytes = psp_utf8_cut(name, strlen(name), sizeof entry->file - 1);
    memcpy(entry->file, name, bytes);
    entry->file[bytes] = '\0';
}

void psp_report_add(struct psp_report *report, enum psp_report_kind kind, const char *file,
                    uint64_t line, const char *format, ...)
{
    struct psp_report_group *group = &report->groups[kind];
    group->n++;
    if (group->first_n == PSP_REPORT_FIRST)
        return;
    if (group->first == NULL)
        group->first = calloc(PSP_REPORT_FIRST, sizeof *group->first);
    if (group->first == NULL) {
        report->out_of_memory = true;
        return;
    }
    struct psp_report_entry *entry = &group->first[group->first_n++];
    set_file(entry, file);
    entry->line = line;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(entry->text, sizeof entry->text, format, arguments);
    va_end(arguments);
    entry->text[psp_utf8_cut(entry->text, strlen(entry->text), sizeof entry->text - 1)] = '\0';
}

enum psp_status psp_report_status(const struct psp_report *report)
{
    if (report->out_of_memory)
        return PSP_ENOMEM;
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++) {
        const enum psp_report_weight weight = kinds[i].weight;
        if (report->groups[i].n > 0 &&
            (weight == PSP_REPORT_FAULT_OF_FILE ||
             (weight == PSP_REPORT_FAULT_OF_ROW && !report->faulty_dropped)))
            return PSP_EINVAL;
    }
    return PSP_OK;
}

bool psp_report_empty(const struct psp_report *report)
{
    for (int i = 0; i < PSP_REPORT_KINDS_END; i++)
        if (report->groups[i].n > 0)
            return false;
    return true;
}

const char *psp_report_word(enum psp_report_kind kind)
{
    return kinds[kind].word;
}

enum psp_report_weight psp_report_weight(enum psp_report_kind kind)
{
    return kinds[kind].weight;
}

const char *psp_report_what(enum psp_report_kind kind)
{
    return kinds[kind].what;
}

const char *psp_report_to_do(enum psp_report_kind kind)
{
    return kinds[kind].to_do;
}
