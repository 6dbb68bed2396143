/*
 * findings - what was looked at before the night, how it is, and what to do.
 *
 * A finding is a line: what was looked at ("fsync"), of what (a folder, a process, a
 * file), the verdict, what was found, and, unless all is well, what a person does now.
 *
 * Ownership: copies all texts.   Threads: one owner.
 */
#ifndef PSP_FINDINGS_H
#define PSP_FINDINGS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum psp_verdict {
    PSP_VERDICT_OK,
    PSP_VERDICT_WARN, /* the election can be counted, but look at it */
    PSP_VERDICT_FAIL, /* mend it before the first ballot */
};

struct psp_finding {
    enum psp_verdict verdict;
    const char *check; /* static */
    char *subject, *found, *advice;
};

struct psp_findings { /* zero-initialise */
    struct psp_finding *list;
    uint32_t n;
};

/* `advice` is left out where the verdict is ok. */
__attribute__((format(printf, 6, 7))) void psp_findings_add(struct psp_findings *findings,
                                                            enum psp_verdict verdict,
                                                            const char *check, const char *subject,
                                                            const char *advice, const char *format,
                                                            ...);
void psp_findings_free(struct psp_findings *findings);

/* How many have the verdict. */
uint32_t psp_findings_count(const struct psp_findings *findings, enum psp_verdict verdict);
/* A table, below it a line of advice for each that is not ok, the failed ones first. */
void psp_findings_print(const struct psp_findings *findings, FILE *file);
/* A list of `check`, `subject`, `verdict`, `found`, `advice` (null: ok). */
json_t *psp_findings_json(const struct psp_findings *findings);

#endif
