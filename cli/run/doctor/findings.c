/* Lines are kept in the order in which things were looked at. */
#include "cli/run/doctor/findings.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "cli/say/memory.h"
#include "cli/say/table.h"

void psp_findings_add(struct psp_findings *findings, enum psp_verdict verdict, const char *check,
                      const char *subject, const char *advice, const char *format, ...)
{
    char found[512];
    va_list arguments;
    assert(verdict == PSP_VERDICT_OK || advice != NULL);
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    findings->list =
        psp_memory_resize(findings->list, (size_t)findings->n + 1, sizeof *findings->list);
    findings->list[findings->n++] = (struct psp_finding){
        .verdict = verdict,
        .check = check,
        .subject = psp_memory_copy(subject),
        .found = psp_memory_copy(found),
        .advice = verdict == PSP_VERDICT_OK ? NULL : psp_memory_copy(advice),
    };
}

void psp_findings_free(struct psp_findings *findings)
{
    for (uint32_t i = 0; i < findings->n; i++) {
        free(findings->list[i].subject);
        free(findings->list[i].found);
        free(findings->list[i].advice);
    }
    free(findings->list);
    *findings = (struct psp_findings){0};
}

uint32_t psp_findings_count(const struct psp_findings *findings, enum psp_verdict verdict)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < findings->n; i++)
        n += findings->list[i].verdict == verdict;
    return n;
}

static const char *verdict_name(enum psp_verdict verdict)
{
    switch (verdict) {
    case PSP_VERDICT_OK:
        return "ok";
    case PSP_VERDICT_WARN:
        return "warn";
    case PSP_VERDICT_FAIL:
        break;
    }
    return "fail";
}

static void print_advice(const struct psp_findings *findings, enum psp_verdict verdict, FILE *file)
{
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct psp_finding *finding = &findings->list[i];
        if (finding->verdict == verdict)
            fprintf(file, "%s: %s, %s: %s; %s\n", verdict_name(verdict), finding->check,
                    finding->subject, finding->found, finding->advice);
    }
}

void psp_findings_print(const struct psp_findings *findings, FILE *file)
{
    static const char *const headings[] = {"check", "of", "", "found"};
    struct psp_table *table = psp_table_create("llll", headings);
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct psp_finding *finding = &findings->list[i];
        const char *const cells[] = {finding->check, finding->subject,
                                     verdict_name(finding->verdict), finding->found};
        psp_table_add(table, cells);
    }
    psp_table_print(table, file);
    psp_table_destroy(&table);
    print_advice(findings, PSP_VERDICT_FAIL, file);
    print_advice(findings, PSP_VERDICT_WARN, file);
}

json_t *psp_findings_json(const struct psp_findings *findings)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < findings->n; i++) {
        const struct psp_finding *finding = &findings->list[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "check", finding->check,
                                              "subject", finding->subject, "verdict",
                                              verdict_name(finding->verdict), "found",
                                              finding->found, "advice", finding->advice));
    }
    return list;
}
